"""What a device process writes to its stderr, on its way to the user."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

_PIECE = 4096
_LONGEST_LINE = 1024
MOST_OUTPUT = 64 << 10


class Output:
    """Passes lines of one process from `fd` to `stream`: printable characters only, `most` bytes.

    `fd` is the reading end of a pipe, and `fd` and `stream` may be used until `close`.
    """

    def __init__(self, name: str, fd: int, stream: TextIO, most: int = MOST_OUTPUT) -> None:
        os.set_blocking(fd, False)
        self.fd = fd
        self._name = name
        self._stream = stream
        self._begun = b""
        self._left = most

    def pass_on(self) -> bool:
        """Write what has come, a piece at most; False if nothing more will come."""
        try:
            piece = os.read(self.fd, _PIECE)
        except BlockingIOError:
            return True
        *lines, self._begun = (self._begun + piece).split(b"\n")
        for line in lines:
            self._write(line)
        if len(self._begun) > _LONGEST_LINE or (self._begun and not piece):
            self._write(self._begun)
            self._begun = b""
        return bool(piece)

    def close(self) -> None:
        """Write what is in the pipe yet, and close it. The process has ended."""
        for _ in range(MOST_OUTPUT // _PIECE):
            if not self.pass_on():
                break
        os.close(self.fd)

    def _write(self, line: bytes) -> None:
        if self._left <= 0:
            return
        self._left -= len(line) + 1
        text = line.decode(errors="replace")
        if self._left <= 0:
            text = f"lkvm: {self._name}: says too much; no more of it is shown"
        try:
            self._stream.write("".join(c if c.isprintable() else "?" for c in text) + "\n")
            self._stream.flush()
        except OSError:
            return  # its disk is full or its reader has left; the devices go on
