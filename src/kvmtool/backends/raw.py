"""Raw images: a file or a block device whose bytes are the disk's."""

from __future__ import annotations

import os

from kvmtool import log
from kvmtool.backends import host_file
from kvmtool.backends.disk import DATA, ZERO, WritePlan, check_range
from kvmtool.backends.image_lock import lock_image
from kvmtool.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array

    from kvmtool.backends.disk import Extent
    from kvmtool.backends.disk_options import DiskOptions


class RawImage:
    """A raw image on the descriptor `fd`, which it owns once this returns. See DiskImage.

    The last bytes of a backing file that are not a whole block belong to it, with zeros behind.
    """

    cluster_bits = 0
    table_bits = 0
    quarantined = 0

    def __init__(
        self, path: str, fd: int, options: DiskOptions, *, is_backing: bool = False
    ) -> None:
        self.path = path
        self.read_only = options.read_only
        lock_image(fd, path, options.read_only)
        try:
            size = self._file_size = host_file.size_of(fd)
            logical, physical, optimal = host_file.block_sizes(fd)
            self._is_block_device = host_file.is_block_device(fd)
        except OSError as error:
            raise BadInput(f"cannot use disk image {path}: {error.strerror}") from None
        self.alignment = 1
        self._fd = self.data_fd = fd
        if options.direct:
            self.data_fd, self.alignment = host_file.open_direct(fd, path, options.read_only)
        self.block_size = max(logical, self.alignment, 512)
        self.physical_block_size = max(physical, self.block_size)
        self.optimal_io_size = optimal
        self.discard_granularity = self.physical_block_size
        self.can_discard = options.discard and not options.read_only
        self.size = size - size % self.block_size
        if is_backing:
            self.size = -(-size // self.block_size) * self.block_size
        try:
            if self.block_size not in (512, 4096):
                raise BadInput(
                    f"disk image {path} has blocks of {self.block_size} bytes; 512 and 4096 work"
                )
            if self.size == 0 and not is_backing:
                raise BadInput(
                    f"disk image {path} has {size} bytes, less than a block of {self.block_size}"
                )
        except BadInput:
            if self.data_fd != fd:
                os.close(self.data_fd)
            raise
        if self.size < size:
            log.warning(
                f"disk image {path}: the last {size - self.size} bytes are not a whole block of "
                f"{self.block_size} and are left out"
            )

    def start(self) -> None:
        """Nothing to read."""

    def l2_table(self, index: int) -> array[int] | None:
        """There are no tables."""
        return None

    def map_read(self, offset: int, length: int) -> list[Extent]:
        """The same offset."""
        check_range(offset, length, self.size)
        there = max(0, min(length, self._file_size - offset))
        extents = [(there, DATA, self.data_fd, offset)] if there else []
        return [*extents, (length - there, ZERO, -1, 0)] if there < length else extents

    def map_write(self, offset: int, length: int) -> WritePlan:
        """The same offset."""
        check_range(offset, length, self.size)
        return WritePlan([(length, offset)] if length else [], None)

    def read_slow(self, offset: int, length: int) -> bytes:
        """The bytes at `offset`."""
        check_range(offset, length, self.size)
        there = max(0, min(length, self._file_size - offset))
        return host_file.read_exactly(self._fd, there, offset).ljust(length, b"\0")

    def discard(self, offset: int, length: int) -> None:
        """A hole in the file, or BLKDISCARD; nothing where there is neither."""
        check_range(offset, length, self.size)
        if length and self._is_block_device:
            host_file.discard_blocks(self._fd, offset, length)
        elif length:
            host_file.punch_hole(self._fd, offset, length)

    def write_zeroes(self, offset: int, length: int, unmap: bool) -> None:
        """By fallocate where that works."""
        check_range(offset, length, self.size)
        if length:
            host_file.zero(self._fd, offset, length, unmap)

    def flush(self) -> None:
        """fdatasync."""
        os.fdatasync(self._fd)

    def begin_flush(self) -> int:
        """Nothing to note."""
        return 0

    def end_flush(self, ticket: int) -> None:
        """Nothing was noted."""

    def seal_quarantine(self) -> int:
        """Nothing ever waits."""
        return 0

    def release_quarantine(self, ticket: int | None = None) -> None:
        """Nothing ever waits."""

    def descriptors(self) -> set[int]:
        """See DiskImage."""
        return {self._fd, self.data_fd}

    def close(self) -> None:
        """Close the descriptors."""
        if self._fd >= 0:
            if self.data_fd != self._fd:
                os.close(self.data_fd)
            os.close(self._fd)
            self._fd = self.data_fd = -1
