"""Panic notification port (QEMU, docs/specs/pvpanic.rst)."""

from __future__ import annotations

from kvmtool.bus.registers import Register, RegisterBank

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

PANICKED = 1
"""The guest has panicked; it is the host's to deal with."""
CRASH_LOADED = 2
"""The guest has panicked and deals with it itself (kdump); the host should only report it."""
_SUPPORTED = PANICKED | CRASH_LOADED


class Pvpanic(RegisterBank, name="pvpanic"):
    """Calls `on_panic` with the events, `PANICKED` or `CRASH_LOADED` or both, that a guest tells.

    It is called on the vCPU's thread, with the device locked.
    """

    events = Register(0, reset=_SUPPORTED, doc="supported events when read, an event when written")

    def __init__(self, on_panic: Callable[[int], None]) -> None:
        super().__init__()
        self._on_panic = on_panic

    @events.on_write
    def _write_events(self, value: int) -> None:
        known = value & _SUPPORTED
        if known:
            self._on_panic(known)
