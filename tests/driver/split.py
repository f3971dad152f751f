"""The driver of a split virtqueue (virtio 1.3, 2.7)."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from driver.queue import NEXT, Descriptor, DriverQueue, RingFull
from driver.ram import GuestRam


class SplitDriver(DriverQueue):
    """See DriverQueue. `driver` is the available ring, `device` the used ring."""

    packed = False

    def __init__(
        self,
        ram: GuestRam,
        size: int,
        *,
        event_idx: bool = False,
        indirect: bool = True,
        in_order: bool = False,
    ) -> None:
        super().__init__(ram, size, event_idx=event_idx, indirect=indirect, in_order=in_order)
        self.avail_idx = 0
        self.last_used = 0
        self._kicked = 0
        self._free = deque(range(size))
        self._heads: dict[int, tuple[int, list[int]]] = {}
        self._calls = True

    def _area_sizes(self) -> tuple[int, int, int]:
        return 16 * self.size, 6 + 2 * self.size, 6 + 8 * self.size

    @property
    def free_descriptors(self) -> int:
        return len(self._free)

    def add_raw(self, descriptors: Sequence[Descriptor]) -> int:
        if len(descriptors) > len(self._free):
            raise RingFull
        # Used in order, they come back in order: then `next` is always the one after.
        indices = [self._free.popleft() for _ in descriptors]
        for place, descriptor in enumerate(descriptors):
            if place + 1 < len(indices):
                flags = descriptor.flags | NEXT
                descriptor = descriptor._replace(flags=flags, extra=indices[place + 1])
            self.poke_descriptor(indices[place], descriptor)
        token = self._new_token()
        self._heads[indices[0]] = token, indices
        self.offer(indices[0])
        return token

    def offer(self, head: int) -> None:
        """Put any head into the available ring and show it."""
        self.ram.write_int(self.driver + 4 + 2 * (self.avail_idx % self.size), 2, head)
        self.poke_avail_idx(self.avail_idx + 1)

    def poke_avail_idx(self, idx: int) -> None:
        """Set the available index, right or wrong."""
        self.avail_idx = idx & 0xFFFF
        self.ram.write_int(self.driver + 2, 2, self.avail_idx)

    def kick_needed(self) -> bool:
        old, self._kicked = self._kicked, self.avail_idx
        if self.event_idx:
            event = self.ram.read_int(self.device + 4 + 8 * self.size, 2)
            return (self.avail_idx - event - 1) & 0xFFFF < (self.avail_idx - old) & 0xFFFF
        return not self.ram.read_int(self.device, 2) & 1

    @property
    def used_idx(self) -> int:
        """The used index as the device shows it."""
        return self.ram.read_int(self.device + 2, 2)

    def used_entry(self, idx: int) -> tuple[int, int]:
        """The (head, bytes written) that the used ring has at `idx`."""
        entry = self.device + 4 + 8 * (idx % self.size)
        return self.ram.read_int(entry, 4), self.ram.read_int(entry + 4, 4)

    def collect(self) -> list[tuple[int, int]]:
        found = []
        while self.last_used != self.used_idx:
            head, written = self.used_entry(self.last_used)
            token, indices = self._heads.pop(head)
            self._free.extend(indices)
            found.append((token, written))
            self.last_used = (self.last_used + 1) & 0xFFFF
        self.want_calls(self._calls)
        return found

    def want_calls(self, wanted: bool = True) -> None:
        self._calls = wanted
        if self.event_idx:
            event = self.last_used if wanted else self.last_used - 1
            self.ram.write_int(self.driver + 4 + 2 * self.size, 2, event & 0xFFFF)
        else:
            self.ram.write_int(self.driver, 2, not wanted)
