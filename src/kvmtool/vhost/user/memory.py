"""Guest memory that a front-end shares with a back-end.

vhost-user, "Memory access": each region has a guest address, which descriptors use, and a user
address, which the messages about vrings use.
"""

from __future__ import annotations

import fcntl
import mmap
import os

from kvmtool.core.virtqueue import GuestMap
from kvmtool.memory.mapping import SharedMapping, mappable_size
from kvmtool.vhost.user.channel import MalformedMessage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_REGIONS = 256
"""Each takes two descriptors, of the 1024 that a process has as a rule."""

_ADDRESSES_END = 1 << 64


class SharedRegion:
    """One region, mapped here at `hva`: `size` bytes at `fd_offset` of the file `fd` that it owns.

    It is `writable` if `fd` is open for that. Raises MalformedMessage, and closes `fd`, for what
    cannot be mapped or would not last: a region that the file does not hold would end this process
    on its first access.
    """

    def __init__(self, gpa: int, size: int, user_address: int, fd: int, fd_offset: int) -> None:
        self.gpa = gpa
        self.size = size
        self.user_address = user_address
        self.fd = fd
        self.fd_offset = fd_offset
        try:
            self._check()
            self.hva = self._map()
        except MalformedMessage:
            os.close(fd)
            raise
        except (OSError, ValueError, OverflowError) as error:
            os.close(fd)
            raise MalformedMessage(f"{self} cannot be mapped: {error}") from None

    def __str__(self) -> str:
        return f"a region of {self.size:#x} bytes at {self.gpa:#x}"

    def _check(self) -> None:
        if not self.size:
            raise MalformedMessage(f"{self} is empty")
        if (self.gpa | self.size | self.user_address | self.fd_offset) % mmap.PAGESIZE:
            raise MalformedMessage(f"{self} is not whole pages")
        if max(self.gpa, self.user_address, self.fd_offset) + self.size > _ADDRESSES_END:
            raise MalformedMessage(f"{self} passes the end of the address space")
        end = mappable_size(self.fd)
        if end is None:
            raise MalformedMessage(f"{self} is not in a file of memory")
        if self.fd_offset + self.size > end:
            raise MalformedMessage(f"{self} passes the end of its file of {end:#x} bytes")

    def _map(self) -> int:
        # Huge pages (hugetlbfs tells their size so) are mapped and unmapped as wholes only.
        page = max(mmap.PAGESIZE, os.fstat(self.fd).st_blksize)
        start = self.fd_offset // page * page
        end = -(-(self.fd_offset + self.size) // page) * page
        access = fcntl.fcntl(self.fd, fcntl.F_GETFL) & os.O_ACCMODE
        self.writable = access == os.O_RDWR
        mapping = SharedMapping(self.fd, end - start, start, writable=self.writable)
        self.mapping: SharedMapping | None = mapping
        return mapping.hva + self.fd_offset - start

    def close(self) -> None:
        """Close the file; the mapping goes with its last user."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)
        self.mapping = None


class SharedMemory:
    """All regions, and `map`, through which the devices use guest addresses.

    Raises MalformedMessage where regions overlap or are too many.
    """

    def __init__(self, regions: Iterable[SharedRegion] = ()) -> None:
        self.regions = list(regions)
        if len(self.regions) > MOST_REGIONS:
            raise MalformedMessage(
                f"regions must be at most {MOST_REGIONS}, not {len(self.regions)}"
            )
        self._check_apart()
        self.map = GuestMap(
            [(region.gpa, region.size, region.hva, region.writable) for region in self.regions],
            keep=[region.mapping for region in self.regions],
        )

    def _check_apart(self) -> None:
        for key in ("gpa", "user_address"):
            end = 0
            for region in sorted(self.regions, key=lambda region: int(getattr(region, key))):
                if getattr(region, key) < end:
                    raise MalformedMessage(f"{region} overlaps another one")
                end = getattr(region, key) + region.size

    def gpa(self, user_address: int) -> int:
        """The guest address of a user address. Raises MalformedMessage."""
        for region in self.regions:
            if region.user_address <= user_address < region.user_address + region.size:
                return region.gpa + user_address - region.user_address
        raise MalformedMessage(f"user address {user_address:#x} is in no region")

    def close(self) -> None:
        """Close the regions' files; the mappings go with their last users."""
        for region in self.regions:
            region.close()
