"""What the drivers of split and packed virtqueues have in common (virtio 1.3, 2.6)."""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from driver.ram import GuestRam
from kvmtool.core.virtqueue import GuestMap, Virtqueue

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

NEXT = 1
WRITE = 2
INDIRECT = 4


class RingFull(Exception):
    """There are not enough free descriptors."""


class Descriptor(NamedTuple):
    """One descriptor. `extra` is `next` in a split ring and the buffer id in a packed one."""

    addr: int
    len: int
    flags: int = 0
    extra: int = 0


class Buffers(NamedTuple):
    """The (gpa, size) pairs of what the device reads, of what it writes, and the table."""

    readable: list[tuple[int, int]]
    writable: list[tuple[int, int]]
    table: tuple[int, int] | None


class DriverQueue(ABC):
    """The driver's side of one queue, its three areas allocated in `ram`.

    A token names a chain from `add` to `release`. What is written to memory is the driver's to
    get wrong: tests of attacks use `add_raw`, and `ram` at `descriptors`, `driver` and `device`.
    """

    packed: bool

    def __init__(
        self,
        ram: GuestRam,
        size: int,
        *,
        event_idx: bool = False,
        indirect: bool = True,
        in_order: bool = False,
    ) -> None:
        self.ram = ram
        self.size = size
        self.event_idx = event_idx
        self.indirect = indirect
        self.in_order = in_order
        sizes = self._area_sizes()
        self.descriptors, self.driver, self.device = (ram.allocate(n, 4096) for n in sizes)
        for gpa, count in zip(self.areas, sizes, strict=True):
            ram.write(gpa, bytes(count))
        self._tokens = 0
        self._buffers: dict[int, Buffers] = {}

    @property
    def areas(self) -> tuple[int, int, int]:
        """The gpas of the descriptor, driver and device areas."""
        return self.descriptors, self.driver, self.device

    def virtqueue(
        self,
        *,
        memory: GuestMap | None = None,
        base: int | None = None,
        inflight: WriteableBuffer | None = None,
    ) -> Virtqueue:
        """The device's side of this queue, with the same features."""
        return Virtqueue(
            memory or self.ram.map,
            size=self.size,
            descriptors=self.descriptors,
            driver=self.driver,
            device=self.device,
            packed=self.packed,
            event_idx=self.event_idx,
            indirect=self.indirect,
            in_order=self.in_order,
            base=base,
            inflight=inflight,
        )

    def add(
        self, readable: Sequence[bytes] = (), writable: Sequence[int] = (), indirect: bool = False
    ) -> int:
        """Make a chain available: copies of `readable`, then room for `writable` bytes each.

        `indirect` puts all of its descriptors into a table. Raises RingFull.
        """
        if self.free_descriptors < (1 if indirect else len(readable) + len(writable)):
            raise RingFull
        buffers = Buffers([], [], None)
        for data in readable:
            gpa = self.ram.allocate(len(data))
            self.ram.write(gpa, data)
            buffers.readable.append((gpa, len(data)))
        for size in writable:
            gpa = self.ram.allocate(size)
            self.ram.write(gpa, bytes(size))
            buffers.writable.append((gpa, size))
        descriptors = [Descriptor(gpa, size) for gpa, size in buffers.readable]
        descriptors += [Descriptor(gpa, size, WRITE) for gpa, size in buffers.writable]
        if indirect:
            table = self.write_table(descriptors)
            buffers = buffers._replace(table=table)
            descriptors = [Descriptor(*table, INDIRECT)]
        token = self.add_raw(descriptors)
        self._buffers[token] = buffers
        return token

    def write_table(self, descriptors: Sequence[Descriptor]) -> tuple[int, int]:
        """Write a well linked indirect table; return its gpa and size in bytes."""
        packed = b""
        for index, descriptor in enumerate(descriptors):
            flags, extra = descriptor.flags, 0
            if index + 1 < len(descriptors) and not self.packed:
                flags, extra = flags | NEXT, index + 1
            packed += self.encode(descriptor._replace(flags=flags, extra=extra))
        gpa = self.ram.allocate(len(packed))
        self.ram.write(gpa, packed)
        return gpa, len(packed)

    def encode(self, descriptor: Descriptor) -> bytes:
        """The 16 bytes of a descriptor."""
        addr, size, flags, extra = descriptor
        order = (extra, flags) if self.packed else (flags, extra)
        return struct.pack("<QIHH", addr, size, *order)

    def poke_descriptor(self, index: int, descriptor: Descriptor) -> None:
        """Write entry `index` of the descriptor area as it is."""
        self.ram.write(self.descriptors + 16 * index, self.encode(descriptor))

    def contents(self, token: int) -> bytes:
        """What is in the writable buffers of a chain now."""
        return b"".join(self.ram.read(*place) for place in self._buffers[token].writable)

    def release(self, token: int) -> None:
        """Free the memory of a chain that was collected."""
        buffers = self._buffers.pop(token)
        for gpa, size in buffers.readable + buffers.writable:
            self.ram.free(gpa, size)
        if buffers.table:
            self.ram.free(*buffers.table)

    @property
    def added(self) -> int:
        """How many chains were made available by `add` and `add_raw`."""
        return self._tokens

    def _new_token(self) -> int:
        self._tokens += 1
        return self._tokens

    @property
    @abstractmethod
    def free_descriptors(self) -> int:
        """How many descriptors a chain may take now."""

    @abstractmethod
    def add_raw(self, descriptors: Sequence[Descriptor]) -> int:
        """Make a chain of these available, linked with NEXT. Other flags are taken as given."""

    @abstractmethod
    def kick_needed(self) -> bool:
        """Whether the device wants to hear of what was added since the last call."""

    @abstractmethod
    def collect(self) -> list[tuple[int, int]]:
        """Take the used chains: (token, bytes written), oldest first."""

    @abstractmethod
    def want_calls(self, wanted: bool = True) -> None:
        """Ask the device to notify when it uses the next chain, or not to."""

    @abstractmethod
    def _area_sizes(self) -> tuple[int, int, int]: ...
