"""Where initrds go, how several become one, and which do not fit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmtool.boot.initrd import Initrd
from kvmtool.errors import BadInput, KvmtoolError

MIB = 1 << 20


class Ram:
    def __init__(self, size: int) -> None:
        self.content = bytearray(size)

    def view(self, gpa: int, size: int) -> memoryview:
        if gpa + size > len(self.content):
            raise KvmtoolError("not RAM")
        return memoryview(self.content)[gpa : gpa + size]

    def fill(self, gpa: int, size: int, fd: int, offset: int) -> int:
        return os.preadv(fd, [self.view(gpa, size)], offset)

    def write(self, gpa: int, data: bytes | memoryview) -> None:
        self.view(gpa, len(data))[:] = data


def test_several_initrds_are_each_padded_to_four_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_bytes(b"12345")
    second.write_bytes(b"678")
    initrd = Initrd([str(first), b"built-in", str(second)])
    assert initrd.size == 8 + 8 + 4
    ram = Ram(0x2000)
    initrd.load(ram, 0x1000)
    assert bytes(ram.content[0x1000:0x1014]) == b"12345\0\0\0built-in678\0"
    initrd.close()


def test_initrd_is_as_high_as_ram_allows_and_page_aligned() -> None:
    initrd = Initrd([bytes(5000)])
    assert initrd.place(64 * MIB, addr_max=0x7FFFFFFF, floor=MIB) == 64 * MIB - 8192


def test_initrd_stays_below_the_kernels_limit() -> None:
    initrd = Initrd([bytes(4096)])
    assert initrd.place(3 << 30, addr_max=0x37FFFFFF, floor=MIB) == 0x38000000 - 4096


def test_initrd_larger_than_ram_is_refused_with_both_sizes(tmp_path: Path) -> None:
    path = tmp_path / "big.img"
    with path.open("wb") as file:
        file.truncate(300 * MIB)
    initrd = Initrd([str(path)])
    with pytest.raises(BadInput) as caught:
        initrd.place(256 * MIB, addr_max=0x7FFFFFFF, floor=16 * MIB)
    assert str(caught.value) == (
        f"initrd {path} (300.0 MiB) is larger than the guest's RAM (256.0 MiB); give a larger -m"
    )
    initrd.close()


def test_initrd_that_would_overlap_the_kernel_is_refused_with_both_sizes() -> None:
    initrd = Initrd([bytes(8 * MIB)])
    with pytest.raises(BadInput, match=r"\(8.0 MiB\) is larger than what the kernel leaves.*4.0"):
        initrd.place(64 * MIB, addr_max=0x7FFFFFFF, floor=60 * MIB)


def test_initrd_that_exactly_fits_is_placed() -> None:
    initrd = Initrd([bytes(4 * MIB)])
    assert initrd.place(64 * MIB, addr_max=0x7FFFFFFF, floor=60 * MIB) == 60 * MIB


@pytest.mark.parametrize("content", [None, b""])
def test_missing_or_empty_initrd_is_refused_by_name(tmp_path: Path, content: bytes | None) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_bytes(b"1")
    if content is not None:
        bad.write_bytes(content)
    with pytest.raises(BadInput, match=str(bad)):
        Initrd([str(good), str(bad)])


def test_initrd_where_there_is_no_ram_is_refused() -> None:
    with pytest.raises(BadInput, match="initrd built-in needs RAM from 0x1000 to 0x3000"):
        Initrd([bytes(0x2000)]).load(Ram(0x2000), 0x1000)


@given(
    size=st.integers(1, 40_000),
    ram_end=st.integers(1, 64).map(lambda pages: pages * 4096),
    addr_max=st.integers(0, 200_000),
    floor=st.integers(0, 200_000),
)
def test_placed_initrd_is_inside_every_limit(
    size: int, ram_end: int, addr_max: int, floor: int
) -> None:
    initrd = Initrd([bytes(size)])
    try:
        gpa = initrd.place(ram_end, addr_max=addr_max, floor=floor)
    except BadInput:
        return
    assert gpa % 4096 == 0
    assert floor <= gpa
    assert gpa + initrd.size <= min(ram_end, addr_max + 1)
