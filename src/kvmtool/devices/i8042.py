"""Keyboard controller 8042 (IBM PS/2 Technical Reference, "Keyboard and Auxiliary Device
Controller"), with no keyboard at its port and without an auxiliary (mouse) port.

A byte sent to the keyboard is answered as that controller does when nothing is connected: 0xFE
with the time-out bit set. The two commands by which drivers look for an auxiliary port are
answered at once, so that none waits for a time-out: Linux tries 0xD3, whose byte comes back as
the keyboard's, then 0xA9, which reports a dead line, and goes on without a mouse port.
"""

from __future__ import annotations

from kvmtool.bus.registers import Register, RegisterBank

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_STATUS_OUTPUT_FULL = 0x01
_STATUS_SYSTEM = 0x04
_STATUS_COMMAND = 0x08
_STATUS_NOT_LOCKED = 0x10
_STATUS_TIMEOUT = 0x40

_MODE_INTERRUPT, _MODE_SYSTEM, _MODE_DISABLE_KEYBOARD = 0x01, 0x04, 0x10
_MODE_DISABLE_AUX, _MODE_TRANSLATE = 0x20, 0x40

_OUTPUT_NO_RESET, _OUTPUT_A20 = 0x01, 0x02

_READ_RAM, _WRITE_RAM, _RAM_SIZE = 0x20, 0x60, 0x20
_TEST_PASSWORD, _TEST_AUX, _SELF_TEST, _TEST_KEYBOARD = 0xA4, 0xA9, 0xAA, 0xAB
_DISABLE_KEYBOARD, _ENABLE_KEYBOARD = 0xAD, 0xAE
_READ_INPUT_PORT, _READ_OUTPUT_PORT, _WRITE_OUTPUT_PORT = 0xC0, 0xD0, 0xD1
_WRITE_KEYBOARD_BUFFER, _WRITE_AUX_BUFFER, _WRITE_AUX = 0xD2, 0xD3, 0xD4
_DISABLE_A20, _ENABLE_A20, _READ_TEST_INPUTS, _PULSE_OUTPUT = 0xDD, 0xDF, 0xE0, 0xF0

_NO_PASSWORD = 0xF1
_SELF_TEST_PASSED = 0x55
_KEYBOARD_LINE_GOOD = 0x00
_AUX_CLOCK_STUCK_LOW = 0x01
_KEYBOARD_NOT_INHIBITED = 0x80
_NO_ANSWER = 0xFE

_RAM_AS_FIRMWARE_LEAVES_IT = bytes(
    [_MODE_INTERRUPT | _MODE_SYSTEM | _MODE_DISABLE_AUX | _MODE_TRANSLATE]
).ljust(_RAM_SIZE, b"\0")


class I8042(RegisterBank, name="i8042"):
    """The controller at ports 0x60 and 0x64.

    `irq` is called with 1 or 0 as the keyboard interrupt (IRQ 1) changes. `on_reset` is called
    when the guest pulses the processor's reset line, on its vCPU thread, with the device locked.
    """

    data = Register(0, doc="output buffer when read; data or a command's parameter when written")
    command = Register(4, doc="status when read, command when written")

    def __init__(self, irq: Callable[[int], None], on_reset: Callable[[], None]) -> None:
        super().__init__()
        self._irq = irq
        self._on_reset = on_reset
        self._level = 0
        self._power_up()

    def _power_up(self) -> None:
        self._ram = bytearray(_RAM_AS_FIRMWARE_LEAVES_IT)
        self._output_port = _OUTPUT_NO_RESET | _OUTPUT_A20
        self._status = _STATUS_SYSTEM | _STATUS_NOT_LOCKED
        self._awaits_parameter: int | None = None

    def reset(self) -> None:
        """Bring the controller to the state in which firmware hands it over."""
        with self.lock:
            super().reset()
            self._power_up()
            self._update()

    def _answer(self, value: int, status: int = 0) -> None:
        """Put a byte into the output buffer, which holds one."""
        self.data = value
        self._status = self._status & ~_STATUS_TIMEOUT | status | _STATUS_OUTPUT_FULL
        # Edge triggered: a byte over an unread one has to be heard as well.
        self._drive(0)
        self._update()

    def _update(self) -> None:
        full = self._status & _STATUS_OUTPUT_FULL
        self._drive(1 if full and self._ram[0] & _MODE_INTERRUPT else 0)

    def _drive(self, level: int) -> None:
        if level != self._level:
            self._level = level
            self._irq(level)

    @data.on_read
    def _read_data(self) -> int:
        self._status &= ~(_STATUS_OUTPUT_FULL | _STATUS_TIMEOUT)
        self._update()
        return self.data

    @command.on_read
    def _read_status(self) -> int:
        return self._status

    @command.on_write
    def _write_command(self, value: int) -> None:
        self._status |= _STATUS_COMMAND
        self._awaits_parameter = None
        if value in _ANSWERS:
            self._answer(_ANSWERS[value])
            if value == _SELF_TEST:
                self._status |= _STATUS_SYSTEM
        elif _READ_RAM <= value < _READ_RAM + _RAM_SIZE:
            self._answer(self._ram[value - _READ_RAM])
        elif _WRITE_RAM <= value < _WRITE_RAM + _RAM_SIZE or value in _WITH_PARAMETER:
            self._awaits_parameter = value
        elif value == _DISABLE_KEYBOARD:
            self._ram[0] |= _MODE_DISABLE_KEYBOARD
        elif value == _ENABLE_KEYBOARD:
            self._ram[0] &= ~_MODE_DISABLE_KEYBOARD
        elif value == _READ_OUTPUT_PORT:
            self._answer(self._output_port)
        elif value == _DISABLE_A20:
            self._set_output_port(self._output_port & ~_OUTPUT_A20)
        elif value == _ENABLE_A20:
            self._set_output_port(self._output_port | _OUTPUT_A20)
        elif value >= _PULSE_OUTPUT and not value & _OUTPUT_NO_RESET:
            # The low bits name the lines that stay high; bit 0 is the processor's reset.
            self._on_reset()

    @data.on_write
    def _write_data(self, value: int) -> None:
        self._status &= ~_STATUS_COMMAND
        command, self._awaits_parameter = self._awaits_parameter, None
        if command is None or command == _WRITE_AUX:
            self._answer(_NO_ANSWER, _STATUS_TIMEOUT)
        elif command < _WRITE_RAM + _RAM_SIZE:
            self._ram[command - _WRITE_RAM] = value
            self._update()
        elif command == _WRITE_OUTPUT_PORT:
            self._set_output_port(value)
        else:
            self._answer(value)

    def _set_output_port(self, value: int) -> None:
        self._output_port = value
        if not value & _OUTPUT_NO_RESET:
            self._output_port |= _OUTPUT_NO_RESET
            self._on_reset()


_ANSWERS = {
    _TEST_PASSWORD: _NO_PASSWORD,
    _TEST_AUX: _AUX_CLOCK_STUCK_LOW,
    _SELF_TEST: _SELF_TEST_PASSED,
    _TEST_KEYBOARD: _KEYBOARD_LINE_GOOD,
    _READ_INPUT_PORT: _KEYBOARD_NOT_INHIBITED,
    _READ_TEST_INPUTS: 0,
}
_WITH_PARAMETER = {_WRITE_OUTPUT_PORT, _WRITE_KEYBOARD_BUFFER, _WRITE_AUX_BUFFER, _WRITE_AUX}
