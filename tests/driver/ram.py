"""Guest RAM for tests: regions of one memfd, with an allocator for buffers."""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Sequence

from kvmtool.core.virtqueue import GuestMap


class RamRange:
    """A region: `gpa`, `size`, its `file_offset` in the memfd `fd`, its `hva` here, and `bytes`."""

    read_only = False

    def __init__(self, gpa: int, size: int, fd: int, file_offset: int) -> None:
        self.gpa = gpa
        self.size = size
        self.fd = fd
        self.file_offset = file_offset
        self.bytes = mmap.mmap(fd, size, offset=file_offset)
        self.hva = ctypes.addressof(ctypes.c_char.from_buffer(self.bytes))


class GuestRam:
    """Guest memory with `regions` of (gpa, size in bytes); `map` is what a device gets of it.

    Sizes are multiples of the page size. `fd` is the memfd behind all regions. Buffers are
    allocated in the first region.
    """

    def __init__(self, regions: Sequence[tuple[int, int]] = ((0x10000, 1 << 20),)) -> None:
        self.fd = os.memfd_create("guest-ram")
        os.ftruncate(self.fd, sum(size for _, size in regions))
        self.regions: list[RamRange] = []
        offset = 0
        for gpa, size in regions:
            self.regions.append(RamRange(gpa, size, self.fd, offset))
            offset += size
        self.map = self.new_map()
        self._next = self.regions[0].gpa
        self._free: dict[int, list[int]] = {}

    def new_map(self) -> GuestMap:
        """Another GuestMap of the same memory."""
        return GuestMap(
            [(region.gpa, region.size, region.hva) for region in self.regions],
            keep=[region.bytes for region in self.regions],
        )

    def close(self) -> None:
        """Close the memfd; the mappings go with their last user."""
        os.close(self.fd)

    def allocate(self, size: int, align: int = 16) -> int:
        """The gpa of `size` bytes, not zeroed if they were in use before. MemoryError when full."""
        rounded = max(size, 1) + 15 & ~15
        free = self._free.get(rounded)
        if free and align <= 16:
            return free.pop()
        gpa = (self._next + align - 1) // align * align
        if gpa + rounded > self.regions[0].gpa + self.regions[0].size:
            raise MemoryError(f"no {size} bytes left in the guest's RAM")
        self._next = gpa + rounded
        return gpa

    def free(self, gpa: int, size: int) -> None:
        """Give back what `allocate(size)` returned."""
        self._free.setdefault(max(size, 1) + 15 & ~15, []).append(gpa)

    def read(self, gpa: int, size: int) -> bytes:
        """Copy `size` bytes from one region."""
        region = self._region(gpa, size)
        offset = gpa - region.gpa
        return region.bytes[offset : offset + size]

    def write(self, gpa: int, data: bytes) -> None:
        """Copy `data` to one region."""
        region = self._region(gpa, len(data))
        offset = gpa - region.gpa
        region.bytes[offset : offset + len(data)] = data

    def read_int(self, gpa: int, size: int) -> int:
        """Read a little-endian number of `size` bytes."""
        return int.from_bytes(self.read(gpa, size), "little")

    def write_int(self, gpa: int, size: int, value: int) -> None:
        """Write a little-endian number of `size` bytes."""
        self.write(gpa, value.to_bytes(size, "little"))

    def _region(self, gpa: int, size: int) -> RamRange:
        for region in self.regions:
            if region.gpa <= gpa and gpa + size <= region.gpa + region.size:
                return region
        raise ValueError(f"no guest RAM at {gpa:#x} for {size} bytes")
