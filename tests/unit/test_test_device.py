"""The test device of bare-metal images."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvmtool.bus.space import mmio_space, port_space
from kvmtool.devices.test_device import TestDevice

MMIO = 0xFF00_0000


class Board:
    def __init__(self) -> None:
        self.exits: list[int] = []
        self.unmapped: list[int] = []
        self.irqs: list[tuple[int, int]] = []
        self.device = TestDevice(
            self.exits.append,
            self.unmapped.append,
            lambda line, level: self.irqs.append((line, level)),
        )
        ports, mmio = port_space(), mmio_space()
        self.device.attach(ports, mmio)
        self.ports, self.mmio = ports.table, mmio.table


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize(("value", "status"), [(0, 1), (1, 3), (38, 77), (63, 127), (0xFF, 0xFF)])
def test_debug_exit_status_is_odd_and_in_a_byte(
    board: Board, size: int, value: int, status: int
) -> None:
    board.ports.write(0xF4, value, size)
    assert board.exits == [status]


def test_debug_exit_answers_at_each_of_its_ports(board: Board) -> None:
    for port in range(0xF4, 0xF8):
        board.ports.write(port, 0, 1)
    board.ports.write(0xF3, 0, 1)
    board.ports.write(0xF8, 0, 1)
    assert board.exits == [1, 1, 1, 1]


def test_scratch_register_keeps_bytes_words_and_double_words(board: Board) -> None:
    board.ports.write(0xE0, 0x11223344, 4)
    assert board.ports.read(0xE0, 4) == 0x11223344
    assert board.ports.read(0xE2, 2) == 0x1122
    board.ports.write(0xE1, 0x99, 1)
    assert board.ports.read(0xE0, 4) == 0x11229944


def test_scratch_register_is_seen_by_bytes_at_its_second_place(board: Board) -> None:
    board.ports.write(0xE0, 0x11223344, 4)
    assert [board.ports.read(0xE8 + i, 1) for i in range(4)] == [0x44, 0x33, 0x22, 0x11]
    board.ports.write(0xEB, 0x55, 1)
    assert board.ports.read(0xE0, 4) == 0x55223344


def test_unmap_gets_the_page_of_a_four_byte_write_only(board: Board) -> None:
    board.ports.write(0xE4, 0x12345678, 4)
    board.ports.write(0xE4, 0x1000, 2)
    board.ports.write(0xE5, 0x10, 1)
    assert board.unmapped == [0x12345000]


def test_irq_ports_set_their_line(board: Board) -> None:
    board.ports.write(0x2000, 1, 1)
    board.ports.write(0x2017, 0x80, 1)
    board.ports.write(0x200B, 0, 4)
    board.ports.write(0x2018, 1, 1)
    assert board.irqs == [(0, 1), (23, 1), (11, 0)]


def test_mmio_scratch_keeps_64_kib(board: Board) -> None:
    board.mmio.write(MMIO, 0x1122334455667788, 8)
    board.mmio.write(MMIO + 0xFFFF, 0xA5, 1)
    board.mmio.write(MMIO + 0x10000, 0xA5, 1)
    assert board.mmio.read(MMIO + 4, 4) == 0x11223344
    assert board.mmio.read(MMIO + 0xFFFF, 1) == 0xA5
    assert board.mmio.read(MMIO + 0x10000, 1) == 0xFF


def test_reset_zeroes_the_scratch_memory(board: Board) -> None:
    board.ports.write(0xE0, 0xFFFFFFFF, 4)
    board.mmio.write(MMIO, 0xFF, 1)
    board.device.reset()
    assert board.ports.read(0xE0, 4) == 0
    assert board.mmio.read(MMIO, 1) == 0


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.one_of(st.integers(0xDE, 0xFA), st.integers(0x1FFE, 0x201A)),
            st.integers(0, (1 << 32) - 1),
            st.sampled_from([1, 2, 4]),
        )
    )
)
def test_no_sequence_of_accesses_raises(accesses: list[tuple[bool, int, int, int]]) -> None:
    board = Board()
    for writes, address, value, size in accesses:
        if writes:
            board.ports.write(address, value & ((1 << 8 * size) - 1), size)
        else:
            assert board.ports.read(address, size) < 1 << 8 * size
    assert all(0 <= line <= 23 and level in (0, 1) for line, level in board.irqs)
    assert all(status & 1 and status <= 0xFF for status in board.exits)
