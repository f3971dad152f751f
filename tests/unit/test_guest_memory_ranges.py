"""The checked accessor of guest RAM: what it gives, and every range that it refuses."""

import array
import gc
import mmap
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmtool.errors import BadInput
from kvmtool.memory import GuestMemory, MemoryRangeError
from kvmtool.memory.file_region import FileRegion

PAGE = mmap.PAGESIZE
LOW = (0, 16 * PAGE)
HIGH = (64 * PAGE, 4 * PAGE)
HIGH_END = HIGH[0] + HIGH[1]


@pytest.fixture(scope="module")
def memory() -> GuestMemory:
    return GuestMemory([LOW, HIGH])


@pytest.mark.parametrize(
    ("gpa", "size"),
    [
        (-1, 1),
        (-1, 2),
        (0, -1),
        (0, LOW[1] + 1),
        (LOW[1], 1),
        (LOW[1] - 1, 2),
        (LOW[1] - 1, HIGH[0]),  # from one region through the hole
        (HIGH[0] - 1, 1),
        (HIGH[0] - 1, 2),
        (HIGH_END, 1),
        (HIGH_END - 1, 2),
        (HIGH_END, -1),
        (1 << 64, 1),
        ((1 << 64) - 1, 1),
        ((1 << 64) - 1, 2),
        (0, 1 << 64),
        (1, (1 << 64) - 1),
        (-(1 << 64), 1),
    ],
)
def test_range_that_is_not_in_one_region_is_refused(
    memory: GuestMemory, gpa: int, size: int
) -> None:
    with pytest.raises(MemoryRangeError, match="are not guest RAM"):
        memory.view(gpa, size)
    with pytest.raises(MemoryRangeError):
        memory.read(gpa, size)


@pytest.mark.parametrize(
    ("gpa", "size"),
    [
        (0, LOW[1]),
        (0, 0),
        (LOW[1] - 1, 1),
        (LOW[1], 0),
        (HIGH[0], HIGH[1]),
        (HIGH_END - 8, 8),
        (HIGH_END, 0),
    ],
)
def test_range_in_one_region_is_given_whole(memory: GuestMemory, gpa: int, size: int) -> None:
    assert len(memory.view(gpa, size)) == size


@given(st.integers(-PAGE, HIGH_END + PAGE), st.integers(-2, HIGH_END + PAGE))
def test_a_range_is_ram_exactly_if_one_region_has_all_of_it(gpa: int, size: int) -> None:
    regions = [(0, 4 * PAGE), (4 * PAGE, PAGE), (64 * PAGE, PAGE)]
    made = _three_regions()
    within = size >= 0 and any(
        first <= gpa and gpa + size <= first + length for first, length in regions
    )
    if within:
        assert len(made.view(gpa, size)) == size
    else:
        with pytest.raises(MemoryRangeError):
            made.view(gpa, size)


_made: list[GuestMemory] = []


def _three_regions() -> GuestMemory:
    if not _made:
        _made.append(GuestMemory([(4 * PAGE, PAGE), (0, 4 * PAGE), (64 * PAGE, PAGE)]))
    return _made[0]


def test_write_is_read_back_and_leaves_its_neighbours(memory: GuestMemory) -> None:
    memory.write(0x100, b"\0" * 10)
    memory.write(0x102, b"abcd")
    assert memory.read(0x100, 8) == b"\0\0abcd\0\0"


@pytest.mark.parametrize("gpa", [LOW[1] - 3, HIGH_END - 3])
def test_refused_write_writes_nothing(memory: GuestMemory, gpa: int) -> None:
    memory.write(gpa, b"\0\0\0")
    with pytest.raises(MemoryRangeError):
        memory.write(gpa, b"abcd")
    assert memory.read(gpa, 3) == b"\0\0\0"


def test_write_takes_any_buffer(memory: GuestMemory) -> None:
    memory.write(0, array.array("H", [0x1122, 0x3344]))
    assert memory.read(0, 4) == b"\x22\x11\x44\x33"
    memory.write(8, memoryview(bytearray(b"view")))
    memory.write(12, b"")
    assert memory.read(8, 4) == b"view"


def test_read_is_a_copy_and_view_is_not(memory: GuestMemory) -> None:
    memory.write(0x200, b"old")
    copy, view = memory.read(0x200, 3), memory.view(0x200, 3)
    view[:] = b"new"
    assert (copy, memory.read(0x200, 3)) == (b"old", b"new")


def test_regions_are_sorted_and_follow_each_other_in_the_file() -> None:
    made = GuestMemory([HIGH, LOW])
    assert [(region.gpa, region.size, region.file_offset) for region in made.regions] == [
        (*LOW, 0),
        (*HIGH, LOW[1]),
    ]
    assert made.size == LOW[1] + HIGH[1]
    made.write(HIGH[0], b"here")
    assert os.pread(made.fd, 4, LOW[1]) == b"here"


def test_new_ram_is_zero_and_takes_no_room_until_it_is_touched() -> None:
    made = GuestMemory([(0, 64 << 20)])
    assert os.fstat(made.fd).st_blocks == 0
    assert made.read((64 << 20) - 16, 16) == bytes(16)


@pytest.mark.parametrize(
    "layout", [[(0, 2 * PAGE), (PAGE, PAGE)], [(0, PAGE), (0, PAGE)]], ids=["partly", "same"]
)
def test_overlapping_regions_are_refused(layout: list[tuple[int, int]]) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(ValueError, match="overlaps the RAM that ends at"):
        GuestMemory(layout)
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before


def test_more_ram_than_the_host_has_is_refused_with_both_sizes() -> None:
    host = os.sysconf("SC_PHYS_PAGES") * PAGE
    with pytest.raises(BadInput, match=r"\d+ MiB of guest RAM are more than the host's \d+ MiB"):
        GuestMemory([(0, host + (1 << 20))])
    with pytest.raises(BadInput, match="give a smaller -m"):
        GuestMemory([(0, 1 << 70)])


@pytest.mark.parametrize("page_size", [3 << 20, 1 << 50])
def test_huge_pages_that_there_are_none_of_are_refused(page_size: int) -> None:
    with pytest.raises(BadInput):
        GuestMemory([(0, 6 << 20)], page_size)


def test_fill_copies_from_a_file_and_says_how_much_it_had(
    memory: GuestMemory, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(200)) * 50)
    region = memory.regions[-1]
    with path.open("rb") as file:
        assert memory.fill(region.gpa + 3, 5000, file.fileno(), 7) == 5000
        assert memory.read(region.gpa, 5003) == bytes(3) + path.read_bytes()[7:5007]
        assert memory.fill(region.gpa, 100, file.fileno(), 9950) == 50
        with pytest.raises(MemoryRangeError):
            memory.fill(region.gpa + region.size - 10, 11, file.fileno(), 0)


def test_drop_keeps_contents_and_refuses_parts_of_pages(memory: GuestMemory) -> None:
    memory.write(PAGE, b"kept")
    memory.drop(PAGE, PAGE)
    assert memory.read(PAGE, 4) == b"kept"
    for gpa, size in ((1, PAGE), (0, 1), (PAGE, PAGE + 1)):
        with pytest.raises(MemoryRangeError, match="are not whole pages"):
            memory.drop(gpa, size)
    for gpa in (LOW[1], HIGH_END, -PAGE, 1 << 64):
        with pytest.raises(MemoryRangeError):
            memory.drop(gpa, PAGE)


def test_closed_memory_gives_descriptors_and_mappings_back() -> None:
    files = len(os.listdir("/proc/self/fd"))
    made = GuestMemory([LOW, HIGH])
    made.close()
    assert len(os.listdir("/proc/self/fd")) == files


def test_view_outlives_the_memory_that_was_closed() -> None:
    made = GuestMemory([LOW])
    made.write(0, b"kept")
    view = made.view(0, 4)
    made.close()
    assert bytes(view) == b"kept"


@pytest.mark.parametrize("read_only", [True, False])
def test_files_are_guest_memory_too(tmp_path: Path, read_only: bool) -> None:
    (tmp_path / "file").write_bytes(b"abcd" * 2048 + b"end")
    memory = GuestMemory([(0, 1 << 20)])
    region = FileRegion(str(tmp_path / "file"), read_only=read_only)
    memory.add_file(1 << 32, region)
    assert memory.read((1 << 32) + 4098, 4) == b"cdab"
    with pytest.raises(MemoryRangeError):
        memory.read((1 << 32) + 8190, 4)  # the last page is not whole
    if read_only:
        with pytest.raises(TypeError, match="read-only"):
            memory.write(1 << 32, b"x")
    else:
        memory.write(1 << 32, b"x")
        assert (tmp_path / "file").read_bytes()[:4] == b"xbcd"
    memory.close()
    region.close()
