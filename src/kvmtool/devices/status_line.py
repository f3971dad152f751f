"""The listener on a serial port by which a guest says how its command ended."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST = 3
_HIGHEST_STATUS = 255


class StatusLine:
    """Calls `on_status` with the number, 0 to 255, on the first line that holds one.

    `put` takes a byte that the guest sent. Lines that are no such number are passed over.
    """

    def __init__(self, on_status: Callable[[int], None]) -> None:
        self._on_status = on_status
        self._line = bytearray()

    def put(self, byte: int) -> None:
        """Take one byte from the guest."""
        if byte == ord("\r"):
            return
        if byte != ord("\n"):
            if len(self._line) <= _LONGEST:
                self._line.append(byte)
            return
        line, self._line = bytes(self._line), bytearray()
        if line.isdigit() and len(line) <= _LONGEST and int(line) <= _HIGHEST_STATUS:
            self._on_status(int(line))
