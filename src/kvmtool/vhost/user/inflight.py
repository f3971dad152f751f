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
    """The area of `size` bytes at `offset` of the file `fd`, which it owns, mapped here.

    Raises MalformedMessage, and closes `fd`, where it is too small or not all there.
    """

    def __init__(
        self, fd: int, size: int, offset: int, queues: int, queue_size: int, packed: bool
    ) -> None:
        self.fd = fd
        self.size = size
        self.offset = offset
        self._packed = packed
        self._queues = queues
        self._queue_size = queue_size
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
        """What belongs to the queue `index` of `size` descriptors; None if it has no part."""
        stride = self.size // self._queues
        if index >= self._queues or inflight_size(size, self._packed) > stride:
            return None
        start = index * stride
        return self._view[start : start + inflight_size(size, self._packed)]

    def close(self) -> None:
        """Close the file; the mapping goes with the last queue that uses it."""
        os.close(self.fd)


def create_area(queues: int, queue_size: int, packed: bool) -> InflightArea:
    """Make a fresh area. Raises MalformedMessage for numbers that are out of range, and OSError."""
    _check_numbers(queues, queue_size)
    stride = inflight_size(queue_size, packed)
    fd = os.memfd_create("vhost-user-inflight", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, queues * stride)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
    return InflightArea(fd, queues * stride, 0, queues, queue_size, packed)


def _check_numbers(queues: int, queue_size: int) -> None:
    if not 0 < queues <= 256 or not 0 < queue_size <= LARGEST_QUEUE:
        raise MalformedMessage(
            f"what is in flight is noted for 1 to 256 queues of 1 to {LARGEST_QUEUE},"
            f" not {queues} of {queue_size}"
        )
