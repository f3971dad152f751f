"""Guest RAM in one memfd, mapped once, and the checked accessor for guest physical addresses."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap
import os

from kvmtool.errors import BadInput, KvmtoolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed import ReadableBuffer

    from kvmtool.memory.file_region import FileRegion

_KIB = 1024
_HUGE_PAGE_SHIFT = 26  # MFD_HUGE_SHIFT: memfd_create(2) takes log2 of the page size from here up

_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL


class MemoryRangeError(KvmtoolError):
    """An address range that is not wholly inside one region of guest RAM."""


class RamRegion:
    """A contiguous range of guest RAM.

    `gpa` and `size` in bytes; `file_offset` is its place in the memfd `fd`; `hva` is its address in
    this process.
    """

    __slots__ = ("_map", "_view", "fd", "file_offset", "gpa", "hva", "size")
    read_only = False

    def __init__(self, gpa: int, size: int, fd: int, file_offset: int) -> None:
        self.gpa = gpa
        self.size = size
        self.fd = fd
        self.file_offset = file_offset
        self._map = mmap.mmap(fd, size, offset=file_offset)
        # Where the host lets shared memory have huge pages, a guest faults 512 times less.
        self._map.madvise(mmap.MADV_HUGEPAGE)
        self._view = memoryview(self._map)
        self.hva = ctypes.addressof(ctypes.c_char.from_buffer(self._map))

    def view(self, offset: int, size: int) -> memoryview:
        """Return `size` writable bytes at `offset`, both already checked."""
        return self._view[offset : offset + size]

    def close(self) -> None:
        """Unmap the region, once nothing else has a view of it."""
        self._view.release()
        try:
            self._map.close()
        except BufferError:
            # In use: then the map goes with its last user.
            return


class GuestMemory:
    """The memory of a machine: `ram`, and in `regions` that and the files that are memory too.

    `layout` lists the RAM as (gpa, size in bytes), page aligned; they must not overlap.
    `page_size` other than 0 asks for huge pages of that many bytes. Memory is given by the host
    as the guest touches it. Raises BadInput where the host cannot give so much.
    """

    def __init__(self, layout: Iterable[tuple[int, int]], page_size: int = 0) -> None:
        layout = sorted(layout)
        self._page_size = page_size or mmap.PAGESIZE
        _check_apart(layout)
        total = sum(size for _, size in layout)
        check_host_has(total, page_size)
        flags = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
        if page_size:
            flags |= os.MFD_HUGETLB | (page_size.bit_length() - 1) << _HUGE_PAGE_SHIFT
        try:
            self.fd = os.memfd_create("guest-ram", flags)
        except OSError as error:
            raise BadInput(f"no huge pages of {page_size // _KIB} KiB: {error.strerror}") from None
        try:
            os.ftruncate(self.fd, total)
            # Device processes have it too: none may take the memory away from under the others.
            fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, _SEALS)
            self.ram = self._map(layout)
        except OSError as error:
            os.close(self.fd)
            raise BadInput(
                f"the host cannot map {total // _KIB} KiB of guest RAM: {error.strerror}"
            ) from None
        self.regions: list[RamRegion | FileRegion] = [*self.ram]
        self.size = total

    def _map(self, layout: list[tuple[int, int]]) -> list[RamRegion]:
        regions: list[RamRegion] = []
        file_offset = 0
        for gpa, size in layout:
            regions.append(RamRegion(gpa, size, self.fd, file_offset))
            file_offset += size
        return regions

    def add_file(self, gpa: int, region: FileRegion) -> None:
        """Have devices find buffers in `region`, at `gpa`, too. It stays its maker's to close."""
        region.gpa = gpa
        if region.size:
            self.regions.append(region)

    def view(self, gpa: int, size: int) -> memoryview:
        """Return the `size` bytes of guest memory at `gpa`, not copied, writable if it is.

        Raises MemoryRangeError unless they lie inside one region. The guest can change them at
        any moment: copy first what is looked at twice.
        """
        for region in self.regions:
            offset = gpa - region.gpa
            if 0 <= offset <= region.size and 0 <= size <= region.size - offset:
                return region.view(offset, size)
        raise MemoryRangeError(f"{size:#x} bytes at {gpa:#x} are not guest RAM")

    def read(self, gpa: int, size: int) -> bytes:
        """Copy `size` bytes out of guest RAM. Raises MemoryRangeError."""
        return bytes(self.view(gpa, size))

    def write(self, gpa: int, data: ReadableBuffer) -> None:
        """Copy `data` into guest RAM at `gpa`. Raises MemoryRangeError; then nothing is written."""
        source = memoryview(data).cast("B")
        self.view(gpa, len(source))[:] = source

    def fill(self, gpa: int, size: int, fd: int, offset: int) -> int:
        """Copy `size` bytes at `offset` of the file `fd` into guest RAM; return how many it had.

        The kernel copies from file to memfd, which spares a page fault for each page. Raises
        MemoryRangeError, and OSError where the file cannot be read. One thread at a time.
        """
        view = self.view(gpa, size)
        region = next(region for region in self.ram if 0 <= gpa - region.gpa <= region.size)
        done = 0
        os.lseek(self.fd, region.file_offset + gpa - region.gpa, os.SEEK_SET)
        while done < size:
            try:
                count = os.sendfile(self.fd, fd, offset + done, size - done)
            except OSError as error:
                # Huge pages take no writes through the descriptor.
                if error.errno != errno.EINVAL:
                    raise
                count = os.preadv(fd, [view[done:]], offset + done)
            if not count:
                break
            done += count
        return done

    def drop(self, gpa: int, size: int) -> None:
        """Make the host forget its mapping of whole pages and find them again on the next access.

        The contents stay; second-level translations of the range are gone. Raises
        MemoryRangeError, also for a range that is not page aligned.
        """
        if (gpa | size) % self._page_size:
            raise MemoryRangeError(f"{size:#x} bytes at {gpa:#x} are not whole pages")
        self.view(gpa, size)
        for region in self.ram:
            if region.gpa <= gpa < region.gpa + region.size:
                region._map.madvise(mmap.MADV_DONTNEED, gpa - region.gpa, size)

    def close(self) -> None:
        """Give the RAM back; what somebody still has a view of goes with the last view."""
        for region in self.ram:
            region.close()
        os.close(self.fd)


def _check_apart(layout: list[tuple[int, int]]) -> None:
    end = 0
    for gpa, size in layout:
        if gpa < end:
            raise ValueError(f"RAM at {gpa:#x} overlaps the RAM that ends at {end:#x}")
        end = gpa + size


def check_host_has(total: int, page_size: int = 0) -> None:
    """Raise BadInput if `total` bytes of guest RAM, in such pages, are more than the host's."""
    available = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if total > available:
        raise BadInput(
            f"{total >> 20} MiB of guest RAM are more than the host's {available >> 20} MiB;"
            " give a smaller -m"
        )
    if page_size and total % page_size:
        raise BadInput(
            f"{total >> 20} MiB of guest RAM are not whole huge pages of {page_size >> 20} MiB"
        )
