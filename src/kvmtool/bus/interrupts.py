"""Interrupt lines: what a device raises, without knowing which controller hears it."""

from __future__ import annotations

import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class InterruptLines:
    """The numbered input lines (GSIs) of a machine's interrupt controller.

    `set_level(gsi, level)` tells the controller. Devices may share a line: it is high while at
    least one of them holds it high.
    """

    def __init__(self, set_level: Callable[[int, int], None]) -> None:
        self._set_level = set_level
        self._held: dict[int, set[int]] = {}
        self._next_source = 0
        self._lock = threading.Lock()

    def line(self, gsi: int) -> Callable[[int], None]:
        """Return a new device's end of line `gsi`: call it with the level 1 or 0."""
        with self._lock:
            source = self._next_source
            self._next_source += 1
        held = self._held.setdefault(gsi, set())

        def drive(level: int) -> None:
            with self._lock:
                was_high = bool(held)
                if level:
                    held.add(source)
                else:
                    held.discard(source)
                if bool(held) != was_high:
                    self._set_level(gsi, 1 if level else 0)

        return drive
