"""mmap(2) at addresses of one's choice, and what goes with it, which Python's mmap lacks."""

from __future__ import annotations

import ctypes
import mmap
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MAP_FIXED = 0x10  # the same on every architecture that KVM has
_FAILED = ctypes.c_void_p(-1).value

_libc = ctypes.CDLL(None, use_errno=True)
_mmap = _libc.mmap
_mmap.restype = ctypes.c_void_p
_mmap.argtypes = (
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_int64,
)
_munmap = _libc.munmap
_munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
_madvise = _libc.madvise
_madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


def map_at(hva: int, size: int, protection: int, flags: int, fd: int, file_offset: int = 0) -> int:
    """Map `size` bytes of the file `fd` (-1: of none) and return where. Raises OSError.

    That is `hva` with MAP_FIXED, in place of what was there; 0 is anywhere.
    """
    address = _mmap(hva or None, size, protection, flags, fd, file_offset)
    if address is None or address == _FAILED:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(address)


def unmap(hva: int, size: int) -> None:
    """Unmap a range."""
    _munmap(hva, size)


def mappable_size(fd: int) -> int | None:
    """Bytes of a regular file or block device, None for what is neither. Raises OSError."""
    status = os.fstat(fd)
    if stat.S_ISREG(status.st_mode):
        return status.st_size
    # Not by an ioctl, which a device's sandbox forbids.
    return os.lseek(fd, 0, os.SEEK_END) if stat.S_ISBLK(status.st_mode) else None


class SharedMapping:
    """`size` bytes of the file `fd` at `hva`, shared, until the last reference to this goes.

    Also read-only ones, of which Python's mmap does not tell the address. Raises OSError.
    """

    def __init__(self, fd: int, size: int, file_offset: int, *, writable: bool) -> None:
        protection = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
        self.size = 0  # for a destructor without a mapping
        self.hva = map_at(0, size, protection, mmap.MAP_SHARED, fd, file_offset)
        self.size = size

    def __del__(self, unmap: Callable[[int, int], None] = unmap) -> None:
        if self.size:
            unmap(self.hva, self.size)


def replace_by_nothing(mapping: mmap.mmap) -> None:
    """Have nothing, for good, where `mapping` is; its object may be kept and not be used."""
    hva = ctypes.addressof(ctypes.c_char.from_buffer(mapping))
    map_at(hva, len(mapping), 0, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_FIXED, -1)


def keep_from_children(hva: int, size: int) -> None:
    """Have no process that is forked from this one see the range. Raises OSError."""
    if _madvise(hva, size, mmap.MADV_DONTFORK):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
