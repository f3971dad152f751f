"""Where RAM is in the guest's address space, and the map that each kind of image is told."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmtool.arch.x86_64 import board, low_ram
from kvmtool.arch.x86_64.memory_map import RAM, RESERVED, memory_map, ram_layout

MIB = 1 << 20
GIB = 1 << 30
PAGE = 4096

sizes = st.integers(MIB // PAGE, 64 * GIB // PAGE).map(lambda pages: pages * PAGE)


@pytest.mark.parametrize(
    ("size", "layout"),
    [
        (MIB, [(0, MIB)]),
        (512 * MIB, [(0, 512 * MIB)]),
        (3 * GIB - PAGE, [(0, 3 * GIB - PAGE)]),
        (3 * GIB, [(0, 3 * GIB)]),
        (3 * GIB + PAGE, [(0, 3 * GIB), (4 * GIB, PAGE)]),
        (4 * GIB, [(0, 3 * GIB), (4 * GIB, GIB)]),
        (16 * GIB, [(0, 3 * GIB), (4 * GIB, 13 * GIB)]),
    ],
)
def test_ram_leaves_the_gib_below_four_free(size: int, layout: list[tuple[int, int]]) -> None:
    assert ram_layout(size) == layout


@given(sizes)
def test_layout_has_all_of_the_ram_and_none_where_devices_are(size: int) -> None:
    layout = ram_layout(size)
    assert sum(length for _, length in layout) == size
    devices = [
        (board.PCI_MMIO32, board.PCI_MMIO32_SIZE),
        (board.ECAM, board.ECAM_SIZE),
        (board.IOAPIC, PAGE),
        (board.LAPIC, PAGE),
        (board.IDENTITY_MAP, PAGE),
        (board.TSS, 3 * PAGE),
    ]
    for gpa, length in layout:
        assert gpa % PAGE == length % PAGE == 0
        for first, extent in devices:
            assert gpa + length <= first or first + extent <= gpa
    assert board.high_ram_end(size) >= layout[-1][0] + layout[-1][1]


@given(sizes)
def test_map_is_sorted_without_overlaps_or_empty_entries(size: int) -> None:
    end = 0
    for gpa, length, kind in memory_map(size):
        assert gpa >= end
        assert length > 0
        assert kind in (RAM, RESERVED)
        end = gpa + length


@given(sizes)
def test_ram_of_the_map_is_ram_of_the_layout(size: int) -> None:
    layout = ram_layout(size)
    for gpa, length, kind in memory_map(size):
        if kind == RAM:
            assert any(first <= gpa and gpa + length <= first + extent for first, extent in layout)


@given(sizes)
def test_all_ram_but_the_hole_below_one_mib_is_told(size: int) -> None:
    told = sum(length for _, length, kind in memory_map(size) if kind == RAM)
    assert size - told == MIB - low_ram.CONVENTIONAL_END


@pytest.mark.parametrize(
    ("gpa", "extent"),
    [
        (board.ACPI_TABLES, board.ACPI_TABLES_SIZE),
        (board.ECAM, board.ECAM_SIZE),
        # PCI Firmware 3.2, 4.1.2: the window of the MCFG table has to be reserved.
        (low_ram.CONVENTIONAL_END, 0xA0000 - low_ram.CONVENTIONAL_END),
    ],
)
def test_what_the_guest_must_not_use_as_ram_is_reserved(gpa: int, extent: int) -> None:
    assert (gpa, extent, RESERVED) in memory_map(512 * MIB)


def test_what_the_loader_puts_into_low_ram_does_not_overlap() -> None:
    page_tables = 6 * PAGE
    places = sorted(
        [
            (low_ram.GDT, 0x30),
            (low_ram.WARM_BOOT_FLAG, 2),
            (low_ram.PVH_START_INFO, PAGE),
            (low_ram.ZERO_PAGE, PAGE),
            (low_ram.BOOT_STACK - 0xF00, 0xF00),
            (low_ram.PAGE_TABLES, page_tables),
            (low_ram.SETUP_DATA, PAGE),
            (low_ram.COMMAND_LINE, 0x10000),
        ]
    )
    for (gpa, extent), (following, _) in pairwise(places):
        assert gpa + extent <= following
    last, extent = places[-1]
    assert last + extent <= low_ram.CONVENTIONAL_END
