"""Initial RAM disks: several files one after the other, below the kernel's limit."""

from __future__ import annotations

from kvmtool.boot.image import ImageFile, guest_range
from kvmtool.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from kvmtool.boot.image import Memory

_PAGE = 4096
_ALIGN = 4  # the kernel looks for the next archive at the next 4-byte boundary
_MIB = 1 << 20


class Initrd:
    """Archives to be concatenated: each a path, or bytes for a built-in one.

    `size` is in bytes, with each part padded to 4. Raises BadInput for a file that cannot be
    read or is empty.
    """

    def __init__(self, parts: Iterable[str | bytes]) -> None:
        self._parts: list[ImageFile | bytes] = []
        self.size = 0
        try:
            for part in parts:
                opened = part if isinstance(part, bytes) else ImageFile(part)
                self._parts.append(opened)
                size = len(opened) if isinstance(opened, bytes) else opened.size
                if not size and isinstance(opened, ImageFile):
                    raise BadInput(f"initrd {opened.name} is empty")
                self.size += -(-size // _ALIGN) * _ALIGN
        except BaseException:
            self.close()
            raise
        names = [part.name for part in self._parts if isinstance(part, ImageFile)]
        self.name = " + ".join(names) or "built-in"

    def place(self, ram_end: int, *, addr_max: int, floor: int) -> int:
        """Return the highest page-aligned gpa for it.

        `ram_end` is the end of the RAM that starts at 0, `addr_max` the kernel's
        initrd_addr_max (the highest address that a byte of it may have), `floor` the first gpa
        that the kernel does not need. Raises BadInput, with both sizes, where it does not fit.
        """
        if self.size > ram_end:
            raise BadInput(
                f"initrd {self.name} ({_amount(self.size)}) is larger than"
                f" the guest's RAM ({_amount(ram_end)}); give a larger -m"
            )
        gpa = (min(ram_end, addr_max + 1) - self.size) // _PAGE * _PAGE
        if gpa < floor:
            room = max(0, min(ram_end, addr_max + 1) - floor)
            raise BadInput(
                f"initrd {self.name} ({_amount(self.size)}) is larger than what the kernel leaves"
                f" of the guest's RAM ({_amount(room)}); give a larger -m"
            )
        return gpa

    def load(self, memory: Memory, gpa: int) -> None:
        """Read all parts to `gpa`, into RAM that is zero. Raises BadInput where there is no RAM."""
        target = guest_range(memory, gpa, self.size, f"initrd {self.name}")
        offset = 0
        for part in self._parts:
            if isinstance(part, bytes):
                size = len(part)
                target[offset : offset + size] = part
            else:
                size = part.size
                part.load(0, memory, gpa + offset, size)
            offset += -(-size // _ALIGN) * _ALIGN

    def close(self) -> None:
        """Close the files."""
        for part in self._parts:
            if isinstance(part, ImageFile):
                part.close()


def _amount(size: int) -> str:
    return f"{size / _MIB:.1f} MiB" if size >= _MIB else f"{size} bytes"
