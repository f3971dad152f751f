"""16550A serial port (National Semiconductor PC16550D data sheet, 1995, section 8).

The line is a byte stream to the host: bytes go out at once, so the transmitter is always empty,
and line settings (baud rate, word length, parity) are stored without effect. The modem at the
other end is always there: CTS, DSR and DCD are on. Four character times are no time at all here:
the receive time-out is pending as soon as fewer bytes than the trigger level wait.
"""

from __future__ import annotations

from kvmtool.bus.registers import Register, RegisterBank

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

FIFO_SIZE = 16
_TRIGGER_LEVELS = (1, 4, 8, 14)

_IER_RDA, _IER_THRE, _IER_RLS, _IER_MS = 0x01, 0x02, 0x04, 0x08

_IIR_MS, _IIR_NONE, _IIR_THRE, _IIR_RDA, _IIR_RLS, _IIR_TIMEOUT = 0x00, 0x01, 0x02, 0x04, 0x06, 0x0C
_IIR_FIFOS = 0xC0

_FCR_ENABLE, _FCR_CLEAR_RX = 0x01, 0x02

_LCR_BREAK, _LCR_DLAB = 0x40, 0x80

_MCR_DTR, _MCR_RTS, _MCR_OUT1, _MCR_OUT2, _MCR_LOOP = 0x01, 0x02, 0x04, 0x08, 0x10

_LSR_DR, _LSR_OE, _LSR_BI, _LSR_THRE, _LSR_TEMT, _LSR_FIFO = 0x01, 0x02, 0x10, 0x20, 0x40, 0x80
_LSR_ERRORS = 0x1E
# Above the register's eight bits, which is all that a guest sees: the host has more to send.
_LSR_HOST_WAITS = 0x100
_LSR_SLOW = _LSR_ERRORS | _LSR_HOST_WAITS

_MSR_TERI, _MSR_DELTAS = 0x04, 0x0F
_MSR_CTS, _MSR_DSR, _MSR_RI, _MSR_DCD = 0x10, 0x20, 0x40, 0x80

# A transmitter looks at the line status about once for each byte; one that looks this often
# without sending anything waits for input.
_POLLS_OF_A_READER = 64


class Serial(RegisterBank, name="serial"):
    """A port whose transmitted bytes go to `output`, and whose input comes through `receive`.

    `irq` is called with 1 or 0 when the interrupt output changes. `output` gets one byte at a
    time on a vCPU thread, with the port locked: it must not block for long. `on_room`, if set,
    is called the same way when a `receive` that took less than it was given is worth repeating.
    """

    data = Register(0, doc="receive buffer, transmit holding; with DLAB divisor low byte")
    ier = Register(1, doc="interrupt enable; with DLAB divisor high byte")
    iir = Register(2, doc="interrupt identification when read, FIFO control when written")
    lcr = Register(3, doc="line control; bit 7 (DLAB) shows the divisor at offsets 0 and 1")
    mcr = Register(4, doc="modem control")
    lsr = Register(5, access="r", reset=_LSR_THRE | _LSR_TEMT, doc="line status")
    msr = Register(6, access="r", reset=_MSR_CTS | _MSR_DSR | _MSR_DCD, doc="modem status")
    scr = Register(7, doc="scratch, without effect")

    def __init__(
        self, irq: Callable[[int], None], output: Callable[[int], None], *, name: str = "serial"
    ) -> None:
        super().__init__()
        self.name = name
        self.on_room: Callable[[], None] | None = None
        self._irq = irq
        self._output = output
        self._level = 0
        self._power_up()

    def _power_up(self) -> None:
        self._divisor = [0, 0]
        self._fifos = False
        self._trigger = 1
        # Each received byte, with its line status errors in bits 8-15.
        self._received: list[int] = []
        self._thre_pending = False
        self._identification = _IIR_NONE
        self._direct = True
        self._polls = 0

    def reset(self) -> None:
        """Master reset (data sheet, table III), which also drops the bytes not read yet."""
        with self.lock:
            host_waits = self.lsr & _LSR_HOST_WAITS
            super().reset()
            self._power_up()
            self.lsr |= host_waits
            self._update()

    # --- the host's side -------------------------------------------------------------------

    def receive(self, data: bytes) -> int:
        """Take as many bytes of `data` as there is room for; return how many.

        None are taken while no guest listens (receive interrupts off and not polled) or the port
        loops back, so input that is there before the guest's driver is not lost.
        """
        with self.lock:
            taken = data[: self._room()]
            if len(taken) < len(data):
                self.lsr |= _LSR_HOST_WAITS
            else:
                self.lsr &= ~_LSR_HOST_WAITS
            if taken:
                self._received += taken
                self._arrived()
            return len(taken)

    def send_break(self) -> bool:
        """Receive a break condition, as before a SysRq key; False if the port has no room."""
        with self.lock:
            if self.mcr & _MCR_LOOP or len(self._received) >= self._depth():
                return False
            self._shift_in(_LSR_BI << 8)
            return True

    def _depth(self) -> int:
        return FIFO_SIZE if self._fifos else 1

    def _listening(self) -> bool:
        # Linux tries whether the enable bits hold long before it opens the port: then OUT2 is low.
        interrupts = self.ier & _IER_RDA and self.mcr & _MCR_OUT2
        return bool(interrupts) or self._polls >= _POLLS_OF_A_READER

    def _room(self) -> int:
        if self.mcr & _MCR_LOOP or not self._listening():
            return 0
        return max(0, self._depth() - len(self._received))

    def _offer_room(self) -> None:
        if self.lsr & _LSR_HOST_WAITS and self._room():
            self.lsr &= ~_LSR_HOST_WAITS
            if self.on_room is not None:
                self.on_room()

    # --- receiver --------------------------------------------------------------------------

    def _shift_in(self, entry: int) -> None:
        """Move one entry from the shift register on, as a line or the loop delivers it."""
        if len(self._received) < self._depth():
            self._received.append(entry)
        else:
            self.lsr |= _LSR_OE
            if not self._fifos:
                self._received[0] = entry
        self._arrived()

    def _arrived(self) -> None:
        self._show_top()
        self._update()

    def _show_top(self) -> None:
        """Let DR, the top entry's errors and the FIFO error bit follow the receiver."""
        received = self._received
        if received:
            self.lsr |= _LSR_DR | received[0] >> 8
            if self._fifos and max(received) > 0xFF:
                self.lsr |= _LSR_FIFO
        else:
            self.lsr &= ~_LSR_DR

    def _clear_received(self) -> None:
        self._received = []
        self.lsr &= ~(_LSR_DR | _LSR_FIFO)

    @data.on_read
    def _read_data(self) -> int:
        if self.lcr & _LCR_DLAB:
            return self._divisor[0]
        if not self._received:
            return 0
        value = self._received.pop(0)
        self._show_top()
        self._update()
        if not self._received:
            self._offer_room()
        return value

    # --- transmitter -----------------------------------------------------------------------

    @data.on_write
    def _write_data(self, value: int) -> None:
        if self._direct:
            self._polls = 0
            self._output(value)
        elif self.lcr & _LCR_DLAB:
            self._divisor[0] = value
            return
        else:
            self._shift_in(value)
        # The byte empties the holding register and is gone from it before the guest runs again.
        if not self._thre_pending:
            self._thre_pending = True
            if self.ier & _IER_THRE:
                self._update()

    # --- interrupts ------------------------------------------------------------------------

    def _update(self) -> None:
        """Find the pending interrupt of highest priority and drive the line."""
        ier, lsr = self.ier, self.lsr
        if ier & _IER_RLS and lsr & _LSR_ERRORS:
            pending = _IIR_RLS
        elif ier & _IER_RDA and lsr & _LSR_DR:
            full = not self._fifos or len(self._received) >= self._trigger
            pending = _IIR_RDA if full else _IIR_TIMEOUT
        elif ier & _IER_THRE and self._thre_pending:
            pending = _IIR_THRE
        elif ier & _IER_MS and self.msr & _MSR_DELTAS:
            pending = _IIR_MS
        else:
            pending = _IIR_NONE
        self._identification = pending
        # OUT2 gates the interrupt on a PC; the loop forces that pin off (data sheet, 8.6.7).
        connected = self.mcr & (_MCR_OUT2 | _MCR_LOOP) == _MCR_OUT2
        level = 1 if connected and pending != _IIR_NONE else 0
        if level != self._level:
            self._level = level
            self._irq(level)

    @ier.on_read
    def _read_ier(self) -> int:
        return self._divisor[1] if self.lcr & _LCR_DLAB else self.ier

    @ier.on_write
    def _write_ier(self, value: int) -> None:
        if self.lcr & _LCR_DLAB:
            self._divisor[1] = value
            return
        # Enabling the interrupt while the holding register is empty raises it again: drivers
        # test for this, and start transmitting by it.
        if value & ~self.ier & _IER_THRE:
            self._thre_pending = True
        self.ier = value & 0x0F
        self._polls = 0
        self._update()
        self._offer_room()

    @iir.on_read
    def _read_iir(self) -> int:
        value = self._identification
        if value == _IIR_THRE:
            self._thre_pending = False
            self._update()
        return value | _IIR_FIFOS if self._fifos else value

    @iir.on_write
    def _write_fcr(self, value: int) -> None:
        fifos = bool(value & _FCR_ENABLE)
        # The other bits count only together with the enable bit (data sheet, 8.6.4).
        if fifos and value & _FCR_CLEAR_RX:
            self._clear_received()
        elif fifos != self._fifos:
            # Changing the mode clears too. Linux enables receive interrupts before the FIFOs: a
            # byte that the host sent into the moment between arrives again.
            arrive_again = self._received if fifos and not self.mcr & _MCR_LOOP else []
            self._clear_received()
            self._received = arrive_again[:1]
        self._fifos = fifos
        self._trigger = _TRIGGER_LEVELS[value >> 6] if fifos else 1
        self._arrived()
        self._offer_room()

    # --- line and modem --------------------------------------------------------------------

    @lcr.on_write
    def _write_lcr(self, value: int) -> None:
        started = value & ~self.lcr & _LCR_BREAK
        self.lcr = value
        self._route()
        if started and self.mcr & _MCR_LOOP:
            self._shift_in(_LSR_BI << 8)

    @mcr.on_write
    def _write_mcr(self, value: int) -> None:
        self.mcr = value & 0x1F
        self._route()
        self._set_modem_lines()
        self._update()
        self._offer_room()

    def _route(self) -> None:
        """Note whether a byte written at offset 0 goes straight to the line."""
        self._direct = not (self.lcr & _LCR_DLAB or self.mcr & _MCR_LOOP)

    def _set_modem_lines(self) -> None:
        mcr = self.mcr
        if mcr & _MCR_LOOP:
            lines = (
                (_MSR_CTS if mcr & _MCR_RTS else 0)
                | (_MSR_DSR if mcr & _MCR_DTR else 0)
                | (_MSR_RI if mcr & _MCR_OUT1 else 0)
                | (_MSR_DCD if mcr & _MCR_OUT2 else 0)
            )
        else:
            lines = _MSR_CTS | _MSR_DSR | _MSR_DCD
        # Each delta lies four bits below its line; the ring indicator's marks only its end.
        deltas = (lines ^ self.msr) >> 4 & _MSR_DELTAS
        if lines & _MSR_RI:
            deltas &= ~_MSR_TERI
        self.msr = lines | self.msr & _MSR_DELTAS | deltas

    @lsr.on_read
    def _read_lsr(self) -> int:
        value = self.lsr
        if value & _LSR_SLOW:
            self._line_status_read(value)
        return value

    def _line_status_read(self, value: int) -> None:
        if value & _LSR_ERRORS:
            received = self._received
            if received:
                received[0] &= 0xFF
            self.lsr &= ~(_LSR_ERRORS | _LSR_FIFO)
            self._show_top()
            self._update()
        if value & _LSR_HOST_WAITS and self._polls < _POLLS_OF_A_READER:
            self._polls += 1
            self._offer_room()

    @msr.on_read
    def _read_msr(self) -> int:
        value = self.msr
        if value & _MSR_DELTAS:
            self.msr = value & ~_MSR_DELTAS
            self._update()
        return value
