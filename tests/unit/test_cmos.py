"""The clock against the MC146818A data sheet; calendar values from Python's datetime."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvmtool.bus.space import port_space
from kvmtool.devices.cmos import Cmos

UTC = datetime.UTC
GIB = 1 << 30


class Clock:
    """A CMOS at a settable host time, with the timers that it asked for."""

    def __init__(self, moment: str = "2024-02-29T13:58:07", timers: bool = True) -> None:
        self.now = datetime.datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()
        self.edges: list[int] = []
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.device = Cmos(
            lambda: self.now,
            self.edges.append,
            ram_below_4g=3 * GIB,
            ram_above_4g=5 * GIB,
            after=self.after if timers else None,
        )
        space = port_space()
        self.device.attach(space, 0x70)
        self.table = space.table

    def after(self, seconds: float, callback: Callable[[], None]) -> None:
        assert 0 <= seconds <= 1
        self.timers.append((self.now + seconds, callback))

    def pass_time(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now = float(int(self.now) + 1)
            due = [timer for timer in self.timers if timer[0] <= self.now]
            self.timers = [timer for timer in self.timers if timer[0] > self.now]
            for _moment, callback in due:
                callback()

    def __getitem__(self, index: int) -> int:
        self.table.write(0x70, index, 1)
        return self.table.read(0x71, 1)

    def __setitem__(self, index: int, value: int) -> None:
        self.table.write(0x70, index, 1)
        self.table.write(0x71, value, 1)

    def time(self) -> list[int]:
        return [self[index] for index in (0x32, 9, 8, 7, 4, 2, 0)]


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_time_is_utc_in_bcd_and_24_hours(clock: Clock) -> None:
    assert clock.time() == [0x20, 0x24, 0x02, 0x29, 0x13, 0x58, 0x07]
    assert clock[6] == 5  # a Thursday, Sunday being 1


def test_binary_format(clock: Clock) -> None:
    clock[0x0B] = 0x06
    assert clock.time() == [20, 24, 2, 29, 13, 58, 7]


@pytest.mark.parametrize(
    ("hour", "bcd", "binary"),
    [(0, 0x12, 12), (1, 0x01, 1), (11, 0x11, 11), (12, 0x92, 0x8C), (13, 0x81, 0x81)],
)
def test_12_hour_format_marks_the_afternoon(hour: int, bcd: int, binary: int) -> None:
    clock = Clock(f"2024-02-29T{hour:02}:00:00")
    clock[0x0B] = 0x00
    assert clock[4] == bcd
    clock[0x0B] = 0x04
    assert clock[4] == binary


def test_status_registers_at_start(clock: Clock) -> None:
    assert [clock[index] for index in (0x0A, 0x0B, 0x0C, 0x0D)] == [0x26, 0x02, 0x00, 0x80]


def test_status_c_and_d_cannot_be_written(clock: Clock) -> None:
    clock[0x0C] = 0xFF
    clock[0x0D] = 0x00
    assert (clock[0x0C], clock[0x0D]) == (0x00, 0x80)


def test_update_in_progress_covers_the_last_2228_microseconds_of_a_second(clock: Clock) -> None:
    second = int(clock.now)
    seen = {}
    for fraction in (0.0, 0.5, 0.997, 0.998, 0.9999):
        clock.now = second + fraction
        seen[fraction] = clock[0x0A] & 0x80
    assert seen == {0.0: 0, 0.5: 0, 0.997: 0, 0.998: 0x80, 0.9999: 0x80}


def test_set_bit_stops_the_time_and_the_updates(clock: Clock) -> None:
    clock[0x0B] = 0x82
    before = clock.time()
    clock.now += 100.999
    assert clock.time() == before
    assert not clock[0x0A] & 0x80


def test_time_that_the_guest_sets_goes_on_from_there(clock: Clock) -> None:
    clock[0x0B] = 0x82
    for index, value in ((0, 0x58), (2, 0x59), (4, 0x23), (7, 0x31), (8, 0x12)):
        clock[index] = value
    clock[9], clock[0x32] = 0x99, 0x19
    clock[0x0B] = 0x02
    assert clock.time() == [0x19, 0x99, 0x12, 0x31, 0x23, 0x59, 0x58]
    assert clock[6] == 6  # a Friday
    clock.now += 2
    assert clock.time() == [0x20, 0x00, 0x01, 0x01, 0x00, 0x00, 0x00]


def test_first_update_after_a_divider_reset_comes_half_a_second_later(clock: Clock) -> None:
    clock.now += 0.125
    clock[0x0B] = 0x82
    clock[0x0A] = 0x76
    clock[0] = 0x30
    clock[0x0B] = 0x02
    clock[0x0A] = 0x26
    clock.now += 0.484375
    assert clock[0] == 0x30
    clock.now += 0.03125
    assert clock[0] == 0x31


def test_one_field_written_without_the_set_bit_changes_only_it(clock: Clock) -> None:
    clock[4] = 0x03
    assert clock.time() == [0x20, 0x24, 0x02, 0x29, 0x03, 0x58, 0x07]


@settings(deadline=None)
@given(st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(9998, 12, 31)))
def test_any_date_set_reads_back(moment: datetime.datetime) -> None:
    clock = Clock()
    clock[0x0B] = 0x86
    fields = [
        moment.year // 100,
        moment.year % 100,
        moment.month,
        moment.day,
        moment.hour,
        moment.minute,
        moment.second,
    ]
    for index, value in zip((0x32, 9, 8, 7, 4, 2, 0), fields, strict=True):
        clock[index] = value
    clock[0x0B] = 0x06
    assert clock.time() == fields
    assert clock[6] == moment.isoweekday() % 7 + 1


def test_memory_sizes_are_where_firmware_keeps_them(clock: Clock) -> None:
    def number(*indices: int) -> int:
        return sum(clock[index] << 8 * i for i, index in enumerate(indices))

    assert number(0x15, 0x16) == 640
    assert number(0x17, 0x18) == number(0x30, 0x31) == 0xFFFF
    assert number(0x34, 0x35) == (3 * GIB - (16 << 20)) >> 16
    assert number(0x5B, 0x5C, 0x5D) == 5 * GIB >> 16


def test_ram_bytes_and_shutdown_byte_are_kept_over_a_reset(clock: Clock) -> None:
    clock[0x0F] = 0x0A
    clock[0x7F] = 0x5A
    clock.device.reset()
    assert (clock[0x0F], clock[0x7F]) == (0x0A, 0x5A)


def test_nmi_mask_bit_of_the_index_is_ignored(clock: Clock) -> None:
    assert clock[0x8D] == 0x80


# --- interrupts ----------------------------------------------------------------------------


def test_update_interrupt_comes_each_second_until_acknowledged(clock: Clock) -> None:
    clock[0x0B] = 0x12
    clock.pass_time(1)
    assert clock.edges == [1]
    assert clock[0x0C] == 0x90
    assert clock.edges == [1, 0]
    assert clock[0x0C] == 0x00
    clock.pass_time(1)
    assert clock.edges == [1, 0, 1]


def test_alarm_interrupt_comes_at_its_second_only(clock: Clock) -> None:
    clock[5], clock[3], clock[1] = 0x13, 0x58, 0x10
    clock[0x0B] = 0x22
    clock.pass_time(2)
    assert clock.edges == []
    clock.pass_time(1)
    assert clock.edges == [1]
    assert clock[0x0C] == 0xB0


def test_alarm_bytes_with_both_top_bits_match_any_value(clock: Clock) -> None:
    clock[5], clock[3], clock[1] = 0xFF, 0xC0, 0x09
    clock[0x0B] = 0x22
    clock.pass_time(2)
    assert clock.edges == [1]


def test_alarm_for_a_second_that_has_passed_does_not_come(clock: Clock) -> None:
    clock.now += 3
    clock[5], clock[3], clock[1] = 0x13, 0x58, 0x08
    clock[0x0B] = 0x22
    clock.pass_time(5)
    assert clock.edges == []


def test_no_timer_runs_while_no_interrupt_is_enabled(clock: Clock) -> None:
    clock[0x0B] = 0x12
    clock[0x0B] = 0x02
    clock.pass_time(2)
    assert clock.timers == []
    assert clock.edges == []


def test_flags_tell_of_updates_without_interrupts(clock: Clock) -> None:
    assert clock[0x0C] & 0x10 == 0
    clock.now += 1
    assert clock[0x0C] & 0x90 == 0x10


def test_reset_disables_interrupts_and_keeps_the_time(clock: Clock) -> None:
    clock[4] = 0x20
    clock[0x0B] = 0x12
    clock.pass_time(1)
    clock.device.reset()
    assert clock.edges == [1, 0]
    assert clock[0x0B] == 0x02
    assert clock[4] == 0x20


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["read", "write", "pass"]),
            st.sampled_from([*range(16), 0x32, 0x7F, 0xFF]),
            st.integers(0, 255),
        ),
        max_size=60,
    )
)
def test_no_sequence_of_accesses_raises(accesses: list[tuple[str, int, int]]) -> None:
    clock = Clock()
    for what, index, value in accesses:
        if what == "read":
            _ = clock[index]
        elif what == "write":
            clock[index] = value
        else:
            clock.pass_time(value % 3)
        clock.time()
        assert len(clock.timers) <= 1
