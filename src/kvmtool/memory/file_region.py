"""A file mapped for a memory slot: the guest's loads and stores are the file's bytes."""

from __future__ import annotations

import ctypes
import mmap
import os

from kvmtool.errors import BadInput
from kvmtool.memory.mapping import MAP_FIXED, keep_from_children, map_at, mappable_size, unmap

_ALIGNMENT = 2 << 20  # of a section of memory that Linux makes a DAX device of
_MAP_NORESERVE = getattr(mmap, "MAP_NORESERVE", 0x4000)


class FileRegion:
    """The file `path` mapped at `hva`, shared with whoever else has it open.

    `slot_size` is `file_size` rounded up to 2 MiB, `size` rounded down to pages: what devices can
    have. What is behind the file's last page reads as zeros and is kept nowhere. With `read_only`
    the mapping is not writable, which is what a memory slot of the kind KVM_MEM_READONLY wants.
    Raises BadInput for what is no file or is empty.
    The file must not be made shorter while a guest has it.
    """

    file_offset = 0
    gpa = 0
    """Where the guest has it, once that is known."""

    def __init__(self, path: str, *, read_only: bool) -> None:
        self.path = path
        self.read_only = read_only
        flags = os.O_RDONLY if read_only else os.O_RDWR
        try:
            # A FIFO without a writer would keep us waiting.
            self.fd = os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise BadInput(f"cannot open {path}: {error.strerror}") from None
        try:
            self.file_size = _size(self.fd, path)
            self.size = self.file_size // mmap.PAGESIZE * mmap.PAGESIZE
            self.slot_size = -(-self.file_size // _ALIGNMENT) * _ALIGNMENT
            self.hva = self._map()
            self._mapped_by = os.getpid()
        except OSError as error:
            os.close(self.fd)
            raise BadInput(f"cannot map {path}: {error.strerror}") from None
        except BadInput:
            os.close(self.fd)
            raise

    def _map(self) -> int:
        protection = mmap.PROT_READ | (0 if self.read_only else mmap.PROT_WRITE)
        anonymous = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_NORESERVE
        hva = map_at(0, self.slot_size, protection, anonymous, -1)
        try:
            map_at(hva, self.file_size, protection, mmap.MAP_SHARED | MAP_FIXED, self.fd)
        except OSError:
            unmap(hva, self.slot_size)
            raise
        # A device's process has it only where it is shared, and only to put data there.
        keep_from_children(hva, self.slot_size)
        return hva

    def view(self, offset: int, size: int) -> memoryview:
        """Return `size` bytes at `offset`, both already checked; writable if the region is."""
        array = (ctypes.c_char * size).from_address(self.hva + offset)
        view = memoryview(array).cast("B")
        return view.toreadonly() if self.read_only else view

    def close(self) -> None:
        """Unmap the file and close it. No guest has it any more."""
        if self.fd >= 0:
            # In a process that was forked since then, something else may be there.
            if self._mapped_by == os.getpid():
                unmap(self.hva, self.slot_size)
            os.close(self.fd)
            self.fd = -1


def _size(fd: int, path: str) -> int:
    """Bytes of the file or block device `fd`. Raises BadInput."""
    size = mappable_size(fd)
    if size is None:
        raise BadInput(f"{path} must be a regular file or a block device")
    if not size:
        raise BadInput(f"{path} is empty, and there is no memory of 0 bytes")
    return size
