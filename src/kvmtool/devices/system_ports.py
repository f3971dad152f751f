"""The PC's system control port A (0x92) and the POST code port (0x80).

IBM PS/2 Technical Reference, "System Control Port A". Port B (0x61: timer 2 gate and output,
speaker) belongs to the timer, which is KVM's; a PIT made with KVM_PIT_SPEAKER_DUMMY answers it.
"""

from __future__ import annotations

from kvmtool.bus.registers import Register, RegisterBank

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kvmtool.bus.space import AddressSpace

_A_FAST_RESET, _A_A20 = 0x01, 0x02


class SystemControlA(RegisterBank, name="system-control-a"):
    """Port 0x92: the A20 gate, stored without effect, and fast reset, which calls `on_reset`."""

    control = Register(0, reset=_A_A20, doc="bit 1 A20 gate, bit 0 fast reset")

    def __init__(self, on_reset: Callable[[], None]) -> None:
        super().__init__()
        self._on_reset = on_reset

    @control.on_write
    def _write(self, value: int) -> None:
        self.control = value & ~_A_FAST_RESET
        if value & _A_FAST_RESET:
            self._on_reset()


class PostCode:
    """Port 0x80 keeps the last byte written; drivers write here to pass time: no Python runs."""

    name = "post-code"

    def __init__(self) -> None:
        self._memory = bytearray(1)

    def attach(self, ports: AddressSpace, base: int) -> None:
        """Claim the port at `base`."""
        ports.claim_bytes(base, self._memory, name=self.name)

    @property
    def code(self) -> int:
        """The last byte that the guest wrote."""
        return self._memory[0]

    def reset(self) -> None:
        """Forget the code."""
        self._memory[0] = 0
