"""Flat binaries: no header, loaded at 64 KiB and entered in real mode at 1000:0000.

That is where kvmtool's C program puts what has no bzImage header.
"""

from __future__ import annotations

from kvmtool.boot.image import ImageFile, Segment, load
from kvmtool.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.boot.image import Memory

SEGMENT = 0x1000
LOAD_ADDRESS = SEGMENT << 4


class Flat:
    """A flat binary: all of the file goes to `start`, and `cs`:`ip` is its entry in real mode."""

    kind = "flat"
    start = LOAD_ADDRESS
    cs = SEGMENT
    ip = 0

    def __init__(self, file: ImageFile) -> None:
        if not file.size:
            raise BadInput(f"{file.name} is empty")
        self.file = file
        self.segments = [Segment(0, LOAD_ADDRESS, file.size, file.size)]

    @property
    def end(self) -> int:
        """The first gpa after the binary."""
        return self.start + self.file.size

    def load(self, memory: Memory) -> None:
        """Load the binary. Raises BadInput if RAM ends before it does."""
        load(self.file, self.segments, memory)

    def close(self) -> None:
        """Close the file."""
        self.file.close()
