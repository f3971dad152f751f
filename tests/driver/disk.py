"""A block device's requests as a driver makes them (virtio 1.3, 5.2.6)."""

from __future__ import annotations

import os
import select
import struct
from collections.abc import Sequence
from typing import NamedTuple

from driver.queue import WRITE, Descriptor
from driver.rig import Rig, Started
from kvmtool.backends.disk import DiskOptions, open_disk
from kvmtool.virtio.blk import Blk

SECTOR = 512
IN, OUT, FLUSH, GET_ID, DISCARD, WRITE_ZEROES = 0, 1, 4, 8, 11, 13
OK, IOERR, UNSUPP = 0, 1, 2
_NOT_WRITTEN = 0xEE
_Place = tuple[int, int]


class Answer(NamedTuple):
    """The status of a request, and what it read."""

    status: int
    data: bytes


def header(kind: int, sector: int = 0) -> bytes:
    """struct virtio_blk_outhdr."""
    return struct.pack("<IIQ", kind, 0, sector)


def segment(sector: int, sectors: int, flags: int = 0) -> bytes:
    """struct virtio_blk_discard_write_zeroes."""
    return struct.pack("<QII", sector, sectors, flags)


class Disk:
    """The block device of an option text with its driver. One request at a time, or several."""

    def __init__(
        self,
        option: str,
        *,
        io_uring: bool = True,
        packed: bool = False,
        withhold: int = 0,
        queue_size: int = 64,
    ) -> None:
        options = DiskOptions.parse(option)
        self.device = Blk(open_disk(options), options)
        self.device._io_uring = io_uring
        self._places: dict[tuple[int, int], tuple[list[_Place], list[_Place]]] = {}
        self.rig = Rig(self.device, ((0x10000, 16 << 20),))
        self.rig.negotiate(packed=packed, withhold=withhold)
        for index in range(len(self.device.queue_sizes)):
            self.rig.start(index, queue_size)
        self._first_free = self.rig.ram._next

    def started(self, index: int = 0) -> Started:
        return self.rig.started[index]

    def submit(
        self, kind: int, sector: int = 0, data: bytes | Sequence[bytes] = b"", *, room: int = 0
    ) -> int:
        """Make a request available; its token."""
        pieces = [data] if isinstance(data, bytes) else list(data)
        return self.submit_raw(
            [header(kind, sector), *filter(None, pieces)], [room, 1] if room else [1]
        )

    def submit_raw(self, readable: Sequence[bytes], writable: Sequence[int], index: int = 0) -> int:
        """Make a chain available; all that the device may write is NOT_WRITTEN before."""
        ram = self.rig.ram
        places = []
        for data in readable:
            places.append((ram.allocate(len(data)), len(data)))
            ram.write(places[-1][0], data)
        room = [(ram.allocate(size), size) for size in writable]
        for gpa, size in room:
            ram.write(gpa, bytes([_NOT_WRITTEN]) * size)
        token = self.started(index).driver.add_raw(
            [Descriptor(*place) for place in places] + [Descriptor(*place, WRITE) for place in room]
        )
        self._places[index, token] = places, room
        return token

    def wait(self, count: int = 1, index: int = 0, timeout_s: float = 20) -> dict[int, int]:
        """Kick, and wait until so many requests are used; {token: bytes written}."""
        started = self.started(index)
        found: dict[int, int] = {}
        started.kick()
        while True:
            # Calls are asked for before it is looked whether there is anything.
            started.driver.want_calls()
            collected = started.driver.collect()
            found.update(collected)
            if collected and len(found) < count:
                continue
            if len(found) >= count or started.queue.broken:
                return found
            ready = select.select([started.queue.call_fd, started.queue.err_fd], [], [], timeout_s)[
                0
            ]
            assert ready, f"{len(found)} of {count} requests came back"
            for fd in ready:
                os.eventfd_read(fd)

    def answer(self, token: int, index: int = 0) -> Answer:
        """What a used request has in its writable buffers."""
        places, room = self._places.pop((index, token))
        contents = b"".join(self.rig.ram.read(*place) for place in room)
        for place in places + room:
            self.rig.ram.free(*place)
        return Answer(contents[-1], contents[:-1])

    def request(
        self, kind: int, sector: int = 0, data: bytes | Sequence[bytes] = b"", *, room: int = 0
    ) -> Answer:
        """One request, from start to end."""
        token = self.submit(kind, sector, data, room=room)
        assert self.wait() == {token: room + 1}
        return self.answer(token)

    def read(self, sector: int, size: int) -> Answer:
        return self.request(IN, sector, room=size)

    def write(self, sector: int, data: bytes) -> Answer:
        return self.request(OUT, sector, data)

    def wait_until_broken(self, index: int = 0) -> None:
        """Kick, and wait for the device to find the queue broken."""
        started = self.started(index)
        started.kick()
        assert select.select([started.queue.err_fd], [], [], 20)[0], "the queue is sound"
        assert started.queue.broken

    def add_raw(self, descriptors: Sequence[Descriptor]) -> int:
        return self.started().driver.add_raw(descriptors)

    def restart(self, *, packed: bool = False, queue_size: int = 64) -> None:
        """Reset the device and start its first queue anew, with all memory free."""
        self.rig.reset()
        self.rig.ram._next = self.rig.ram.regions[0].gpa
        self.rig.negotiate(packed=packed)
        self.rig.ram._free.clear()
        self.rig.start(0, queue_size)
        self._first_free = self.rig.ram._next

    def forget_buffers(self) -> None:
        """Use the memory of all requests again. None is in flight."""
        self._places.clear()
        self.rig.ram._free.clear()
        self.rig.ram._next = self._first_free

    def close(self) -> None:
        self.rig.close()
        self.device.close()
