"""Real-time clock with 128 bytes of CMOS RAM (Motorola MC146818A data sheet; IBM AT usage).

The time is the host's plus an offset that the guest changes by setting the clock. Alarm and
update-ended interrupts (IRQ 8) are there if the host gives a timer; the periodic interrupt and
the square wave are not: PIE is stored, and PF is never set.
"""

from __future__ import annotations

import time

from kvmtool.bus.registers import Register, RegisterBank

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_SECONDS, _MINUTES, _HOURS, _WEEKDAY, _DAY, _MONTH, _YEAR = 0, 2, 4, 6, 7, 8, 9
_CENTURY = 0x32
_TIME = (_SECONDS, _MINUTES, _HOURS, _WEEKDAY, _DAY, _MONTH, _YEAR, _CENTURY)
_ALARMS = ((1, _SECONDS), (3, _MINUTES), (5, _HOURS))
_ALARM_ANY = 0xC0

_A, _B, _C, _D = 10, 11, 12, 13
_A_UIP, _A_DIVIDER, _A_DIVIDER_RESET, _A_32768_HZ_1024_HZ = 0x80, 0x70, 0x60, 0x26
_B_SET, _B_BINARY, _B_24_HOURS = 0x80, 0x04, 0x02
_UPDATE, _ALARM = 0x10, 0x20  # the same bits in B (enabled) and in C (happened)
_INTERRUPTS, _B_SQUARE_WAVE, _C_IRQ = 0x70, 0x08, 0x80
_D_VALID = 0x80
_PM = 0x80

# UIP comes 244 us before an update, which takes 1984 us with a 32768 Hz crystal. Here the update
# happens at the end of both: who sees UIP clear has all of that time to read a consistent set.
_UPDATE_S = 0.002228

_SECONDS_PER_DAY = 86400
# How late a timer may be without an alarm being missed.
_LATEST_TICK_S = 5

_KIB, _MIB = 1 << 10, 1 << 20
_BASE_MEMORY_KIB = 640


class Cmos(RegisterBank, name="cmos"):
    """The clock and its RAM behind an index and a data port.

    `clock` returns UTC in seconds since 1970; `irq` is called with 1 or 0 as IRQ 8 changes.
    `after(seconds, callback)` has `callback` called once, later, from any thread, and is used
    only while a guest has alarm or update interrupts enabled; without it none are raised.
    `ram_below_4g` and `ram_above_4g` are bytes, for the memory sizes that old firmware kept.
    """

    index = Register(0, doc="selects a CMOS byte; bit 7 (NMI mask) has no effect")
    data = Register(1, doc="the selected byte")

    def __init__(
        self,
        clock: Callable[[], float],
        irq: Callable[[int], None],
        *,
        ram_below_4g: int = 0,
        ram_above_4g: int = 0,
        after: Callable[[float, Callable[[], None]], object] | None = None,
    ) -> None:
        super().__init__()
        self._clock = clock
        self._irq = irq
        self._after = after
        self._offset = 0.0
        self._flags = 0
        self._level = 0
        self._timer_runs = False
        self._ram = bytearray(128)
        self._ram[_A] = _A_32768_HZ_1024_HZ
        self._ram[_B] = _B_24_HOURS
        self._accounted = int(self._now())
        self._store_memory_sizes(ram_below_4g, ram_above_4g)

    def reset(self) -> None:
        """What the RESET pin does: interrupts off. Time and RAM go on, as on a battery."""
        with self.lock:
            super().reset()
            self._ram[_B] &= ~(_INTERRUPTS | _B_SQUARE_WAVE)
            self._flags = 0
            self._update_irq()

    def _store_memory_sizes(self, below_4g: int, above_4g: int) -> None:
        extended_kib = max(0, below_4g - _MIB) // _KIB
        for first, size, value in (
            (0x15, 2, min(below_4g // _KIB, _BASE_MEMORY_KIB)),
            (0x17, 2, extended_kib),
            (0x30, 2, extended_kib),
            (0x34, 2, max(0, below_4g - 16 * _MIB) // (64 * _KIB)),
            (0x5B, 3, above_4g // (64 * _KIB)),
        ):
            limited = max(0, min(value, (1 << 8 * size) - 1))
            self._ram[first : first + size] = limited.to_bytes(size, "little")

    # --- ports -----------------------------------------------------------------------------

    @data.on_read
    def _read(self) -> int:
        index = self.index & 0x7F
        if index in _TIME and not self._ram[_B] & _B_SET:
            return self._encode(index, time.gmtime(int(self._now())))
        if index == _A:
            return self._ram[_A] | (_A_UIP if self._updating() else 0)
        if index == _C:
            return self._read_flags()
        if index == _D:
            return _D_VALID
        return self._ram[index]

    @data.on_write
    def _write(self, value: int) -> None:
        index = self.index & 0x7F
        if index in _TIME:
            halted = self._ram[_B] & _B_SET
            if not halted:
                self._halt()
            self._ram[index] = value
            if not halted:
                self._set_time()
        elif index == _A:
            self._ram[_A] = value & ~_A_UIP
        elif index == _B:
            self._write_b(value)
        elif index not in (_C, _D):
            # An alarm that is set now does not hit the seconds before.
            self._account()
            self._ram[index] = value

    def _write_b(self, value: int) -> None:
        self._account()
        was_halted = self._ram[_B] & _B_SET
        if value & _B_SET:
            # The update-ended enable falls with SET (data sheet, "Register B").
            value &= ~_UPDATE
            if not was_halted:
                self._halt()
        self._ram[_B] = value
        if was_halted and not value & _B_SET:
            self._set_time()
        self._update_irq()
        self._start_timer()

    # --- time ------------------------------------------------------------------------------

    def _now(self) -> float:
        return self._clock() + self._offset

    def _updating(self) -> bool:
        return not self._ram[_B] & _B_SET and self._now() % 1 >= 1 - _UPDATE_S

    def _halt(self) -> None:
        """Leave the present time in the RAM, where the guest may change it."""
        now = time.gmtime(int(self._now()))
        for index in _TIME:
            self._ram[index] = self._encode(index, now)

    def _set_time(self) -> None:
        """Go on from the time that the RAM holds, whatever it holds."""
        value = self._decode
        year = value(_CENTURY) * 100 + value(_YEAR)
        month = min(max(value(_MONTH), 1), 12)
        days = _days_since_1970(year, month) + value(_DAY) - 1
        seconds = days * _SECONDS_PER_DAY
        seconds += self._decode_hours() * 3600 + value(_MINUTES) * 60 + value(_SECONDS)
        # A divider that was held in reset has its first update half a second later.
        held = self._ram[_A] & _A_DIVIDER >= _A_DIVIDER_RESET
        fraction = 0.5 if held else self._now() % 1
        self._offset = seconds + fraction - self._clock()
        self._accounted = int(self._now())

    def _encode(self, index: int, now: time.struct_time) -> int:
        if index == _HOURS:
            return self._encode_hours(now.tm_hour)
        value = {
            _SECONDS: now.tm_sec,
            _MINUTES: now.tm_min,
            _WEEKDAY: (now.tm_wday + 1) % 7 + 1,
            _DAY: now.tm_mday,
            _MONTH: now.tm_mon,
            _YEAR: now.tm_year % 100,
            _CENTURY: now.tm_year // 100 % 100,
        }[index]
        return self._to_format(value)

    def _encode_hours(self, hour: int) -> int:
        if self._ram[_B] & _B_24_HOURS:
            return self._to_format(hour)
        return self._to_format(hour % 12 or 12) | (_PM if hour >= 12 else 0)

    def _to_format(self, value: int) -> int:
        if self._ram[_B] & _B_BINARY:
            return value
        return value // 10 << 4 | value % 10

    def _decode(self, index: int) -> int:
        return self._from_format(self._ram[index])

    def _decode_hours(self) -> int:
        raw = self._ram[_HOURS]
        if self._ram[_B] & _B_24_HOURS:
            return self._from_format(raw)
        return self._from_format(raw & ~_PM) % 12 + (12 if raw & _PM else 0)

    def _from_format(self, raw: int) -> int:
        if self._ram[_B] & _B_BINARY:
            return raw
        return (raw >> 4) * 10 + (raw & 0x0F)

    # --- interrupts ------------------------------------------------------------------------

    def _read_flags(self) -> int:
        self._account()
        happened = self._flags | (_C_IRQ if self._flags & self._ram[_B] else 0)
        self._flags = 0
        self._update_irq()
        return happened

    def _account(self) -> None:
        """Set the flags for the updates since the last look."""
        now = int(self._now())
        if now <= self._accounted or self._ram[_B] & _B_SET:
            return
        self._flags |= _UPDATE
        for second in range(max(self._accounted + 1, now - _LATEST_TICK_S), now + 1):
            if self._alarm_is_at(time.gmtime(second)):
                self._flags |= _ALARM
        self._accounted = now

    def _alarm_is_at(self, now: time.struct_time) -> bool:
        return all(
            self._ram[alarm] & _ALARM_ANY == _ALARM_ANY
            or self._ram[alarm] == self._encode(index, now)
            for alarm, index in _ALARMS
        )

    def _update_irq(self) -> None:
        level = 1 if self._flags & self._ram[_B] & _INTERRUPTS else 0
        if level != self._level:
            self._level = level
            self._irq(level)

    def _start_timer(self) -> None:
        wanted = self._ram[_B] & (_UPDATE | _ALARM) and not self._ram[_B] & _B_SET
        if self._after is not None and wanted and not self._timer_runs:
            self._timer_runs = True
            self._after(1 - self._now() % 1, self._tick)

    def _tick(self) -> None:
        with self.lock:
            self._timer_runs = False
            self._account()
            self._update_irq()
            self._start_timer()


def _days_since_1970(year: int, month: int) -> int:
    """Days from 1970-01-01 to the first of a month, in the Gregorian calendar."""
    # Years that begin in March have the leap day at their end; month lengths then follow 153/5.
    year -= month <= 2
    days_in_year = (153 * ((month - 3) % 12) + 2) // 5
    return 365 * year + year // 4 - year // 100 + year // 400 + days_in_year - 719468
