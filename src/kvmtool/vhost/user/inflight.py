"""The shared area in which a back-end notes what it has in flight, for its successor.

vhost-user, "Inflight I/O tracking". The queues' parts follow each other at even distances, as
libvhost-user lays them out; what is in a part is the business of `kvmtool.core.virtqueue`.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import stat

from kvmtool.core.virtqueue import LARGEST_QUEUE, inflight_size
from kvmtool.vhost.user.channel import MalformedMessage


class InflightArea:
    """`size` bytes at `offset` of the file `fd`, which it owns, for `queues` queues.

    A front-end keeps it from one back-end to the next. It does not map what a back-end gave: that
    could end it by making the file shorter.
    """

    def __init__(
        self, fd: int, size: int, offset: int, queues: int, queue_size: int, packed: bool
    ) -> None:
        self.fd = fd
        self.size = size
        self.offset = offset
        self.queues = queues
        self.queue_size = queue_size
        self.packed = packed

    @property
    def stride(self) -> int:
        """Bytes from one queue's part to the next one's."""
        return self.size // self.queues

    def clear(self, index: int) -> None:
        """Forget what the queue `index` had in flight. Raises MalformedMessage if that fails."""
        size = min(self.stride, inflight_size(self.queue_size, self.packed))
        try:
            cleared = os.pwrite(self.fd, bytes(size), self.offset + index * self.stride)
        except (OSError, OverflowError) as error:
            raise MalformedMessage(f"what is in flight cannot be cleared: {error}") from None
        if cleared != size:
            raise MalformedMessage("the area of what is in flight passes the end of its file")

    def close(self) -> None:
        """Close the file."""
        os.close(self.fd)


class MappedArea(InflightArea):
    """An area as a back-end uses it, mapped.

    Raises MalformedMessage, and closes `fd`, where it is too small or not all there.
    """

    def __init__(
        self, fd: int, size: int, offset: int, queues: int, queue_size: int, packed: bool
    ) -> None:
        super().__init__(fd, size, offset, queues, queue_size, packed)
        try:
            _check_numbers(queues, queue_size)
            if size < queues * inflight_size(queue_size, packed):
                raise MalformedMessage(
                    f"{size:#x} bytes in flight are too few for {queues} queues of {queue_size}"
                )
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode) or offset + size > status.st_size:
                raise MalformedMessage("the area of what is in flight passes the end of its file")
            self._view = memoryview(mmap.mmap(fd, size, mmap.MAP_SHARED, offset=offset))
        except MalformedMessage:
            os.close(fd)
            raise
        except (OSError, ValueError, OverflowError) as error:
            os.close(fd)
            raise MalformedMessage(
                f"the area of what is in flight cannot be mapped: {error}"
            ) from None

    def part(self, index: int, size: int) -> memoryview | None:
        """What belongs to the queue `index` of `size` descriptors; None if it has no part.

        The mapping lasts as long as the parts.
        """
        if index >= self.queues or inflight_size(size, self.packed) > self.stride:
            return None
        start = index * self.stride
        return self._view[start : start + inflight_size(size, self.packed)]


def create_area(queues: int, queue_size: int, packed: bool) -> InflightArea:
    """Make a fresh area. Raises MalformedMessage for numbers that are out of range, and OSError."""
    _check_numbers(queues, queue_size)
    size = queues * inflight_size(queue_size, packed)
    fd = os.memfd_create("vhost-user-inflight", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(fd, size)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
    except OSError:  # a device's process may make files of a bounded size only
        os.close(fd)
        raise
    return InflightArea(fd, size, 0, queues, queue_size, packed)


def _check_numbers(queues: int, queue_size: int) -> None:
    if not 0 < queues <= 256 or not 0 < queue_size <= LARGEST_QUEUE:
        raise MalformedMessage(
            f"what is in flight is noted for 1 to 256 queues of 1 to {LARGEST_QUEUE},"
            f" not {queues} of {queue_size}"
        )
