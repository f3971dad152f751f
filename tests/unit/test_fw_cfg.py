"""The firmware configuration items that bare-metal images read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvmtool.bus.space import port_space
from kvmtool.core.runloop import ClaimTable
from kvmtool.devices.fw_cfg import FwCfg


@pytest.fixture
def table() -> ClaimTable:
    space = port_space()
    FwCfg(5 << 30, 258).attach(space, 0x510)
    return space.table


def read_item(table: ClaimTable, selector: int, size: int) -> bytes:
    table.write(0x510, selector, 2)
    return bytes(table.read(0x511, 1) for _ in range(size))


@pytest.mark.parametrize(
    ("selector", "content"),
    [
        (0x03, bytes.fromhex("0000004001000000")),
        (0x05, bytes.fromhex("0201")),
        (0x11, bytes(8)),
        (0x19, bytes(4)),
    ],
)
def test_item_is_little_endian(table: ClaimTable, selector: int, content: bytes) -> None:
    assert read_item(table, selector, len(content)) == content


def test_selecting_again_starts_over(table: ClaimTable) -> None:
    assert read_item(table, 0x05, 1) == b"\x02"
    assert read_item(table, 0x05, 2) == b"\x02\x01"


def test_reads_beyond_an_item_are_zero(table: ClaimTable) -> None:
    assert read_item(table, 0x05, 5) == b"\x02\x01\0\0\0"


def test_byte_writes_do_not_select(table: ClaimTable) -> None:
    table.write(0x510, 0x05, 2)
    table.write(0x510, 0x03, 1)
    table.write(0x511, 0x03, 1)
    assert table.read(0x511, 1) == 0x02


def test_nothing_is_selected_at_start_and_after_a_reset() -> None:
    space = port_space()
    device = FwCfg(1 << 20, 255)
    device.attach(space, 0x510)
    assert space.table.read(0x511, 1) == 0
    space.table.write(0x510, 0x05, 2)
    device.reset()
    assert space.table.read(0x511, 1) == 0


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.integers(0x50E, 0x513),
            st.integers(0, (1 << 32) - 1),
            st.sampled_from([1, 2, 4]),
        )
    )
)
def test_no_sequence_of_accesses_raises(accesses: list[tuple[bool, int, int, int]]) -> None:
    space = port_space()
    FwCfg(1 << 63, 4).attach(space, 0x510)
    for writes, address, value, size in accesses:
        if writes:
            space.table.write(address, value & ((1 << 8 * size) - 1), size)
        else:
            assert space.table.read(address, size) < 1 << 8 * size
