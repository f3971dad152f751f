"""The 16550A against its data sheet (PC16550D, section 8), and against what Linux probes for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvmtool.bus.space import port_space
from kvmtool.devices.serial import FIFO_SIZE, Serial

BASE = 0x3F8


class Port:
    """A port seen from both ends: registers by their offset, bytes sent, interrupt edges."""

    def __init__(self) -> None:
        self.sent = bytearray()
        self.edges: list[int] = []
        self.rooms = 0
        self.device = Serial(self.edges.append, self.sent.append, name="com1")
        self.device.on_room = self.count_room
        space = port_space()
        self.device.attach(space, BASE)
        self.table = space.table

    def count_room(self) -> None:
        self.rooms += 1

    def read(self, offset: int) -> int:
        return self.table.read(BASE + offset, 1)

    def write(self, offset: int, value: int) -> None:
        self.table.write(BASE + offset, value, 1)

    @property
    def line(self) -> int:
        return self.edges[-1] if self.edges else 0


@pytest.fixture
def port() -> Port:
    return Port()


@pytest.fixture
def listening(port: Port) -> Port:
    """As a driver leaves it: FIFOs on with trigger level 8, OUT2, receive interrupts."""
    port.write(4, 0x0B)
    port.write(2, 0x81)
    port.write(1, 0x05)
    return port


def test_reset_values_are_those_of_the_data_sheet(port: Port) -> None:
    assert [port.read(offset) for offset in (1, 2, 3, 4, 5)] == [0x00, 0x01, 0x00, 0x00, 0x60]
    assert port.read(6) & 0x0F == 0


def test_byte_written_to_the_holding_register_is_sent_and_the_transmitter_stays_empty(
    port: Port,
) -> None:
    for byte in b"hello":
        assert port.read(5) & 0x20
        port.write(0, byte)
    assert port.sent == b"hello"
    assert port.read(5) == 0x60


def test_dlab_shows_the_divisor_and_hides_data_and_interrupt_enable(port: Port) -> None:
    port.write(1, 0x0F)
    port.write(3, 0x83)
    port.write(0, 0x0C)
    port.write(1, 0x34)
    assert (port.read(0), port.read(1)) == (0x0C, 0x34)
    port.write(3, 0x03)
    assert (port.read(0), port.read(1)) == (0x00, 0x0F)
    assert port.sent == b""


def test_scratch_register_keeps_any_byte(port: Port) -> None:
    for value in (0x5A, 0xA5):
        port.write(7, value)
        assert port.read(7) == value


def test_upper_bits_of_interrupt_enable_read_zero(port: Port) -> None:
    port.write(1, 0xFF)
    assert port.read(1) == 0x0F


# --- FIFO control ----------------------------------------------------------------------------


def test_enabled_fifos_show_in_interrupt_identification(port: Port) -> None:
    assert port.read(2) == 0x01
    port.write(2, 0x01)
    assert port.read(2) == 0xC1
    port.write(2, 0x00)
    assert port.read(2) == 0x01


def test_fifo_bits_without_the_enable_bit_do_nothing(listening: Port) -> None:
    listening.write(2, 0x00)
    listening.device.receive(b"a")
    listening.write(2, 0xC6)
    assert listening.read(2) == 0x04
    assert listening.read(0) == ord("a")


@pytest.mark.parametrize(("fcr", "level"), [(0x01, 1), (0x41, 4), (0x81, 8), (0xC1, 14)])
def test_receive_interrupt_is_a_time_out_below_the_trigger_level_and_data_from_it_on(
    listening: Port, fcr: int, level: int
) -> None:
    listening.write(2, fcr)
    for count in range(1, FIFO_SIZE + 1):
        assert listening.device.receive(b"x") == 1
        assert listening.read(2) == (0xC4 if count >= level else 0xCC)
        assert listening.line == 1


def test_clearing_the_receive_fifo_drops_its_bytes_and_the_interrupt(listening: Port) -> None:
    listening.device.receive(b"abc")
    assert listening.line == 1
    listening.write(2, 0x83)
    assert listening.read(5) == 0x60
    assert listening.line == 0


def test_received_bytes_come_in_order_until_data_ready_falls(listening: Port) -> None:
    assert listening.device.receive(bytes(range(16))) == 16
    got = []
    while listening.read(5) & 0x01:
        got.append(listening.read(0))
    assert got == list(range(16))
    assert listening.edges == [1, 0]


def test_without_fifos_one_byte_fits(listening: Port) -> None:
    listening.write(2, 0x00)
    assert listening.device.receive(b"ab") == 1
    assert listening.read(2) == 0x04
    assert listening.read(0) == ord("a")
    assert listening.read(2) == 0x01


# --- what the host sees ------------------------------------------------------------------------


def test_host_bytes_beyond_the_fifo_wait_until_the_guest_has_drained_it(listening: Port) -> None:
    assert listening.device.receive(bytes(20)) == FIFO_SIZE
    assert listening.device.receive(b"x") == 0
    for _ in range(FIFO_SIZE - 1):
        listening.read(0)
        assert listening.rooms == 0
    listening.read(0)
    assert listening.rooms == 1
    assert listening.read(5) == 0x60


def test_host_that_was_never_refused_is_not_called_back(listening: Port) -> None:
    listening.device.receive(b"a")
    listening.read(0)
    assert listening.rooms == 0


def test_input_before_the_driver_listens_is_not_taken_and_so_not_lost(port: Port) -> None:
    assert port.device.receive(b"early") == 0
    for fcr in (0x01, 0x07, 0x00):  # Linux clears the FIFOs this way when it opens a port
        port.write(2, fcr)
    port.read(0)
    assert port.rooms == 0
    port.write(1, 0x0F)  # long before, Linux tries whether the enable bits hold
    port.write(1, 0x00)
    assert port.rooms == 0
    port.write(4, 0x08)
    assert port.rooms == 0
    port.write(1, 0x05)
    assert port.rooms == 1
    assert port.device.receive(b"early") == 1
    port.write(2, 0x01)
    port.write(2, 0x81)
    assert port.read(0) == ord("e")
    assert port.device.receive(b"arly") == 4


def test_guest_that_polls_for_input_gets_it(port: Port) -> None:
    port.write(2, 0x01)
    assert port.device.receive(b"polled") == 0
    for _ in range(200):
        port.read(5)
    assert port.rooms == 1
    assert port.device.receive(b"polled") == 6


def test_guest_that_polls_between_sent_bytes_is_not_taken_for_a_reader(port: Port) -> None:
    port.device.receive(b"x")
    for _ in range(200):
        port.read(5)
        port.write(0, 0x2E)
    assert port.rooms == 0


def test_host_gets_no_byte_into_a_looped_port_and_is_called_back_after(listening: Port) -> None:
    listening.write(4, 0x1B)
    assert listening.device.receive(b"a") == 0
    listening.write(4, 0x0B)
    assert listening.rooms == 1


def test_break_arrives_as_a_zero_byte_with_its_status_and_before_the_next_key(
    listening: Port,
) -> None:
    assert listening.device.send_break()
    assert listening.device.receive(b"h") == 1
    assert listening.read(2) == 0xC6
    assert listening.read(5) == 0x60 | 0x80 | 0x10 | 0x01
    assert listening.read(5) == 0x61
    assert (listening.read(0), listening.read(0)) == (0, ord("h"))


def test_break_behind_other_bytes_shows_when_it_is_at_the_top(listening: Port) -> None:
    listening.device.receive(b"a")
    listening.device.send_break()
    assert listening.read(5) == 0x60 | 0x80 | 0x01
    assert listening.read(5) == 0x60 | 0x80 | 0x01
    listening.read(0)
    assert listening.read(5) == 0x60 | 0x80 | 0x10 | 0x01
    assert listening.read(5) == 0x61


def test_break_into_a_full_fifo_is_refused(listening: Port) -> None:
    listening.device.receive(bytes(16))
    assert not listening.device.send_break()


# --- interrupts --------------------------------------------------------------------------------


def test_transmit_interrupt_is_cleared_by_reading_its_identification(port: Port) -> None:
    port.write(4, 0x08)
    port.write(1, 0x02)
    assert port.line == 1
    assert port.read(2) == 0x02
    assert port.line == 0
    assert port.read(2) == 0x01
    port.write(0, 0x41)
    assert port.line == 1
    assert port.read(2) == 0x02


def test_transmit_interrupt_comes_again_when_enabled_again(port: Port) -> None:
    """Linux 8250 startup: a port that fails this gets the THRE work-around and a timer."""
    for _ in range(2):
        port.write(1, 0x02)
        assert port.read(2) == 0x02
        port.write(1, 0x00)
        assert port.read(2) == 0x01


def test_sixteen_bytes_written_in_one_go_make_one_edge(port: Port) -> None:
    port.write(4, 0x08)
    port.write(1, 0x02)
    port.read(2)
    port.edges.clear()
    for _ in range(16):
        port.write(0, 0x2A)
    assert port.edges == [1]


def test_interrupt_priorities_are_line_data_transmitter_modem(listening: Port) -> None:
    listening.write(2, 0x01)
    listening.device.send_break()
    listening.write(4, 0x18)  # in the loop, RTS and DTR off turn CTS and DSR off
    listening.write(4, 0x0B)
    listening.write(1, 0x0F)
    assert listening.read(2) == 0xC6
    listening.read(5)
    assert listening.read(2) == 0xC4
    listening.read(0)
    assert listening.read(2) == 0xC2
    assert listening.read(2) == 0xC0
    assert listening.read(6) & 0x0F
    assert listening.read(2) == 0xC1
    assert listening.line == 0


def test_out2_gates_the_interrupt_line_but_not_its_identification(port: Port) -> None:
    port.write(1, 0x02)
    assert port.edges == []
    port.write(4, 0x08)
    assert port.edges == [1]
    port.write(4, 0x00)
    assert port.edges == [1, 0]
    assert port.read(2) == 0x02


# --- loopback and modem ------------------------------------------------------------------------


def test_loop_returns_sent_bytes_and_sends_nothing(port: Port) -> None:
    port.write(2, 0x01)
    port.write(4, 0x10)
    for byte in b"loop":
        port.write(0, byte)
    assert bytes(port.read(0) for _ in range(4)) == b"loop"
    assert port.sent == b""


def test_linux_fifo_size_probe_counts_sixteen_and_leaves_an_overrun(port: Port) -> None:
    port.write(2, 0x07)
    port.write(4, 0x10)
    for value in range(256):
        port.write(0, value)
    assert port.read(5) & 0x03 == 0x03
    count = 0
    while port.read(5) & 0x01 and count < 256:
        assert port.read(0) == count
        count += 1
    assert count == FIFO_SIZE


def test_overrun_without_fifos_replaces_the_unread_byte(port: Port) -> None:
    port.write(4, 0x10)
    port.write(0, 0x11)
    port.write(0, 0x22)
    assert port.read(5) == 0x63
    assert port.read(5) == 0x61
    assert port.read(0) == 0x22


@pytest.mark.parametrize(
    ("mcr", "lines"),
    [(0x11, 0x20), (0x12, 0x10), (0x14, 0x40), (0x18, 0x80), (0x1A, 0x90), (0x1F, 0xF0)],
)
def test_loop_connects_modem_outputs_to_inputs(port: Port, mcr: int, lines: int) -> None:
    port.write(4, mcr)
    assert port.read(6) & 0xF0 == lines


def test_modem_deltas_are_set_by_a_change_and_cleared_by_reading(port: Port) -> None:
    port.write(4, 0x10)
    port.read(6)
    port.write(4, 0x13)
    assert port.read(6) == 0x33
    assert port.read(6) == 0x30
    port.write(4, 0x14)
    assert port.read(6) == 0x43  # ring begins: no TERI
    port.write(4, 0x10)
    assert port.read(6) == 0x04  # ring ends: TERI


def test_break_in_the_loop_is_received(port: Port) -> None:
    port.write(4, 0x10)
    port.write(3, 0x43)
    assert port.read(5) & 0x11 == 0x11


def test_linux_autoconfig_finds_a_16550a(port: Port) -> None:
    """The reads that drivers/tty/serial/8250 decides by, in its order."""
    port.write(1, 0x00)
    assert port.read(1) & 0x0F == 0x00
    port.write(1, 0x0F)
    assert port.read(1) & 0x0F == 0x0F
    port.write(1, 0x00)
    port.write(4, 0x1A)
    assert port.read(6) & 0xF0 == 0x90  # a port is there
    port.write(4, 0x00)
    port.write(3, 0xBF)
    port.write(2, 0x00)
    port.write(3, 0x00)
    port.write(2, 0x01)
    assert port.read(2) >> 6 == 3  # 16550A or better
    port.write(3, 0x80)
    assert port.read(2) != 0  # no EFR: not a 16650
    port.write(3, 0xBF)
    assert port.read(2) != 0  # not a 16650V2 or later
    port.write(3, 0x00)
    before = port.read(4)
    port.write(3, 0xE0)
    assert not (port.read(2) ^ before) & 0x10
    port.write(3, 0x00)
    port.write(4, before ^ 0x10)
    port.write(3, 0xE0)
    assert not (port.read(2) ^ before) & 0x10  # bank does not switch: not a National SuperIO
    port.write(3, 0x00)
    port.write(4, before)
    port.write(2, 0x01)
    assert port.read(2) >> 5 == 6
    port.write(3, 0x80)
    port.write(2, 0x21)
    assert port.read(2) >> 5 == 6  # no 64-byte mode: not a 16750
    port.write(3, 0x00)
    port.write(1, 0x40)
    assert not port.read(1) & 0x40  # not an XScale


def test_reset_restores_registers_drops_the_line_and_keeps_the_host_waiting(
    listening: Port,
) -> None:
    listening.device.receive(bytes(20))
    listening.device.reset()
    assert listening.line == 0
    assert [listening.read(offset) for offset in (1, 2, 3, 4, 5)] == [0, 1, 0, 0, 0x60]
    listening.write(1, 0x01)
    assert listening.rooms == 0
    listening.write(4, 0x08)
    assert listening.rooms == 1


ACCESSES = st.lists(
    st.tuples(
        st.sampled_from(["read", "write", "receive", "break", "reset"]),
        st.integers(0, 7),
        st.integers(0, 255),
        st.sampled_from([1, 2, 4]),
    ),
    max_size=60,
)


@settings(deadline=None)
@given(ACCESSES)
def test_no_sequence_of_accesses_raises_or_keeps_more_than_a_fifo(
    accesses: list[tuple[str, int, int, int]],
) -> None:
    port = Port()
    for what, offset, value, size in accesses:
        if what == "read":
            port.table.read(BASE + offset, size)
        elif what == "write":
            port.table.write(BASE + offset, value * 0x01010101 & ((1 << 8 * size) - 1), size)
        elif what == "receive":
            assert port.device.receive(bytes(value)) <= FIFO_SIZE
        elif what == "break":
            port.device.send_break()
        else:
            port.device.reset()
        assert len(port.device._received) <= FIFO_SIZE
        assert port.edges == [(i + 1) % 2 for i in range(len(port.edges))]
        assert bool(port.device.lsr & 0x01) == bool(port.device._received)
