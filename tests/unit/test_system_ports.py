"""Ports 0x92 and 0x80."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from kvmtool.bus.space import port_space
from kvmtool.core.runloop import ClaimTable
from kvmtool.devices.system_ports import PostCode, SystemControlA


def ports(resets: list[str], post_code: PostCode | None = None) -> ClaimTable:
    space = port_space()
    SystemControlA(lambda: resets.append("reset")).attach(space, 0x92)
    (post_code or PostCode()).attach(space, 0x80)
    return space.table


def test_a20_starts_open_and_is_kept() -> None:
    table = ports([])
    assert table.read(0x92, 1) == 0x02
    table.write(0x92, 0x00, 1)
    assert table.read(0x92, 1) == 0x00


def test_fast_reset_bit_resets_and_reads_zero() -> None:
    resets: list[str] = []
    table = ports(resets)
    table.write(0x92, 0x02, 1)
    assert resets == []
    table.write(0x92, 0x03, 1)
    assert resets == ["reset"]
    assert table.read(0x92, 1) == 0x02


def test_post_code_is_the_last_byte_written_and_forgotten_by_a_reset() -> None:
    post_code = PostCode()
    table = ports([], post_code)
    table.write(0x80, 0x12, 1)
    table.write(0x80, 0xA5, 1)
    assert table.read(0x80, 1) == post_code.code == 0xA5
    post_code.reset()
    assert post_code.code == 0


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.sampled_from([0x80, 0x92]),
            st.integers(0, (1 << 32) - 1),
            st.sampled_from([1, 2, 4]),
        )
    )
)
def test_no_sequence_of_accesses_raises(accesses: list[tuple[bool, int, int, int]]) -> None:
    table = ports([])
    for writes, address, value, size in accesses:
        if writes:
            table.write(address, value & ((1 << 8 * size) - 1), size)
        else:
            assert table.read(address, size) < 1 << 8 * size
