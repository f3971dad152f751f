"""Regions that a front-end shares."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from kvmtool.vhost.user.channel import MalformedMessage
from kvmtool.vhost.user.memory import SharedMemory, SharedRegion
from unit.vhost.served import descriptors

PAGE = 4096


@pytest.fixture
def fd() -> Iterator[int]:
    fd = os.memfd_create("ram")
    os.ftruncate(fd, 16 * PAGE)
    os.pwrite(fd, b"first", 0)
    os.pwrite(fd, b"ninth", 8 * PAGE)
    yield fd
    os.close(fd)


def region(fd: int, gpa: int, size: int, user_address: int, offset: int) -> SharedRegion:
    return SharedRegion(gpa, size, user_address, os.dup(fd), offset)


def test_each_region_shows_its_part_of_the_file(fd: int) -> None:
    low = region(fd, 0, 8 * PAGE, 1 << 40, 0)
    high = region(fd, 1 << 32, 8 * PAGE, 1 << 41, 8 * PAGE)
    memory = SharedMemory([high, low])
    assert bytes(memory.map.view(0, 5)) == b"first"
    assert bytes(memory.map.view(1 << 32, 5)) == b"ninth"
    memory.map.view(PAGE, 5)[:] = b"there"
    assert os.pread(fd, 5, PAGE) == b"there"
    memory.close()


def test_user_addresses_are_translated_up_to_the_last_byte(fd: int) -> None:
    memory = SharedMemory([region(fd, 1 << 32, 8 * PAGE, 1 << 40, 0)])
    assert memory.gpa(1 << 40) == 1 << 32
    assert memory.gpa((1 << 40) + 8 * PAGE - 1) == (1 << 32) + 8 * PAGE - 1
    for outside in (0, (1 << 40) - 1, (1 << 40) + 8 * PAGE, 1 << 64):
        with pytest.raises(MalformedMessage, match="is in no region"):
            memory.gpa(outside)
    memory.close()


def test_mapping_lasts_as_long_as_its_last_user_and_the_file_does_not(fd: int) -> None:
    before = descriptors()
    memory = SharedMemory([region(fd, 0, 8 * PAGE, 0, 0)])
    view = memory.map.view(0, 5)
    memory.close()
    del memory
    assert bytes(view) == b"first"
    del view
    assert descriptors() == before


def test_no_region_is_no_memory() -> None:
    memory = SharedMemory()
    with pytest.raises(MalformedMessage):
        memory.gpa(0)
    memory.close()


@pytest.mark.parametrize("access", [os.O_RDONLY, os.O_RDWR])
def test_region_is_writable_as_its_descriptor_is(fd: int, access: int) -> None:
    other = os.open(f"/proc/self/fd/{fd}", access)
    memory = SharedMemory(
        [region(other, 0, 2 * PAGE, 0, 0), region(fd, PAGE * 2, PAGE, PAGE * 2, 0)]
    )
    os.close(other)
    view = memory.map.view(0, 5)
    assert bytes(view) == b"first"
    assert view.readonly is (access == os.O_RDONLY)
    assert not memory.map.view(2 * PAGE, 5).readonly
    memory.close()


def test_region_that_can_only_be_written_is_refused(fd: int) -> None:
    other = os.open(f"/proc/self/fd/{fd}", os.O_WRONLY)
    with pytest.raises(MalformedMessage, match=r"cannot be mapped: .*Permission denied"):
        region(other, 0, PAGE, 0, 0)
    os.close(other)
