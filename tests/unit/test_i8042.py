"""The keyboard controller, mostly by what Linux's i8042 and atkbd drivers ask of it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvmtool.bus.space import port_space
from kvmtool.devices.i8042 import I8042

OUTPUT_FULL, INPUT_FULL, NOT_LOCKED, AUX_DATA, TIMEOUT = 0x01, 0x02, 0x10, 0x20, 0x40


class Controller:
    def __init__(self) -> None:
        self.edges: list[int] = []
        self.resets = 0
        self.device = I8042(self.edges.append, self.count_reset)
        space = port_space()
        self.device.attach(space, 0x60)
        self.table = space.table

    def count_reset(self) -> None:
        self.resets += 1

    @property
    def status(self) -> int:
        return self.table.read(0x64, 1)

    def command(self, value: int, *parameters: int) -> None:
        self.table.write(0x64, value, 1)
        for parameter in parameters:
            self.table.write(0x60, parameter, 1)

    def answer(self) -> int:
        assert self.status & OUTPUT_FULL
        value = self.table.read(0x60, 1)
        assert not self.status & OUTPUT_FULL
        return value


@pytest.fixture
def controller() -> Controller:
    return Controller()


def test_idle_controller_is_empty_ready_and_not_locked(controller: Controller) -> None:
    assert controller.status & (OUTPUT_FULL | INPUT_FULL | NOT_LOCKED) == NOT_LOCKED


def test_other_ports_of_the_range_stay_unclaimed(controller: Controller) -> None:
    assert [claim.first for claim in controller.table.claims()] == [0x60, 0x64]


@pytest.mark.parametrize(
    ("command", "answer"), [(0xAA, 0x55), (0xAB, 0x00), (0xA4, 0xF1), (0xD0, 0x03), (0x20, 0x65)]
)
def test_query_is_answered_at_once(controller: Controller, command: int, answer: int) -> None:
    controller.command(command)
    assert controller.answer() == answer


def test_command_byte_reads_back_as_written(controller: Controller) -> None:
    controller.command(0x60, 0x74)
    controller.command(0x20)
    assert controller.answer() == 0x74


def test_keyboard_disable_and_enable_show_in_the_command_byte(controller: Controller) -> None:
    controller.command(0xAD)
    controller.command(0x20)
    assert controller.answer() & 0x10
    controller.command(0xAE)
    controller.command(0x20)
    assert not controller.answer() & 0x10


def test_linux_finds_no_auxiliary_port_without_waiting(controller: Controller) -> None:
    """i8042_check_aux: the loop's byte is not marked as the port's, and the line test fails."""
    controller.command(0x60, 0x74)
    controller.command(0xD3, 0x5A)
    assert controller.status & OUTPUT_FULL
    assert not controller.status & AUX_DATA
    controller.command(0xA9)
    assert controller.answer() not in (0x00, 0xFA, 0xFF)
    assert not controller.status & OUTPUT_FULL


def test_byte_to_the_absent_keyboard_times_out_at_once_with_an_interrupt(
    controller: Controller,
) -> None:
    controller.command(0x60, 0x65)
    controller.table.write(0x60, 0xF2, 1)
    assert controller.edges == [1]
    assert controller.status & TIMEOUT
    assert controller.answer() == 0xFE
    assert controller.edges == [1, 0]
    assert not controller.status & TIMEOUT


def test_interrupt_waits_for_its_enable_bit(controller: Controller) -> None:
    controller.command(0x60, 0x64)
    controller.command(0xD2, 0x1C)
    assert controller.edges == []
    controller.command(0x60, 0x65)
    assert controller.edges == [1]
    assert controller.answer() == 0x1C
    assert controller.edges == [1, 0]


def test_a20_line_follows_the_output_port_commands(controller: Controller) -> None:
    for command, port in ((0xDD, 0x01), (0xDF, 0x03)):
        controller.command(command)
        controller.command(0xD0)
        assert controller.answer() == port
    controller.command(0xD1, 0x01)
    controller.command(0xD0)
    assert controller.answer() == 0x01
    assert controller.resets == 0


def test_pulse_of_the_reset_line_resets(controller: Controller) -> None:
    controller.command(0xFE)
    assert controller.resets == 1


@pytest.mark.parametrize("command", [0xFF, 0xF1, 0xFD])
def test_pulse_of_other_lines_does_not_reset(controller: Controller, command: int) -> None:
    controller.command(command)
    assert controller.resets == 0


def test_reset_bit_cleared_in_the_output_port_resets(controller: Controller) -> None:
    controller.command(0xD1, 0xDE)
    assert controller.resets == 1


def test_reset_returns_to_the_initial_state(controller: Controller) -> None:
    controller.command(0x60, 0x01)
    controller.command(0xAA)
    controller.device.reset()
    assert controller.edges == [1, 0]
    assert not controller.status & OUTPUT_FULL
    controller.command(0x20)
    assert controller.answer() == 0x65


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.sampled_from([0x60, 0x64]), st.integers(0, 255))))
def test_no_sequence_of_accesses_raises(accesses: list[tuple[bool, int, int]]) -> None:
    controller = Controller()
    for writes, address, value in accesses:
        if writes:
            controller.table.write(address, value, 1)
        else:
            controller.table.read(address, 1)
        assert controller.edges == [(i + 1) % 2 for i in range(len(controller.edges))]
