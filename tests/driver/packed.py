"""The driver of a packed virtqueue (virtio 1.3, 2.8)."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from driver.queue import NEXT, Descriptor, DriverQueue, RingFull
from driver.ram import GuestRam

AVAIL = 1 << 7
USED = 1 << 15
EVENTS_ENABLED, EVENTS_DISABLED, EVENTS_AT_DESCRIPTOR = 0, 1, 2


class PackedDriver(DriverQueue):
    """See DriverQueue. `driver` and `device` are the event suppression structures."""

    packed = True

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
        self.next_avail = 0
        self.avail_wrap = 1
        self.next_used = 0
        self.used_wrap = 1
        self._added = 0
        self._left = size
        self._ids = deque(range(size))
        self._chains: dict[int, tuple[int, int]] = {}
        self._calls = True

    def _area_sizes(self) -> tuple[int, int, int]:
        return 16 * self.size, 4, 4

    @property
    def free_descriptors(self) -> int:
        return self._left

    def available_flags(self, wrap: int) -> int:
        """The AVAIL and USED bits of an available descriptor."""
        return AVAIL if wrap else USED

    def add_raw(self, descriptors: Sequence[Descriptor], buffer_id: int | None = None) -> int:
        """See DriverQueue; `buffer_id` replaces a free one."""
        if len(descriptors) > self._left:
            raise RingFull
        if buffer_id is None:
            buffer_id = self._ids.popleft()
        start, start_wrap, start_flags = self.next_avail, self.avail_wrap, 0
        for place, descriptor in enumerate(descriptors):
            flags = descriptor.flags
            if place + 1 < len(descriptors):
                flags |= NEXT
            if place == 0:
                # It is shown last. Until then its flags are those of a used descriptor.
                start_flags = flags
                flags |= 0 if self.avail_wrap else AVAIL | USED
            else:
                flags |= self.available_flags(self.avail_wrap)
            self.poke_descriptor(self.next_avail, descriptor._replace(flags=flags, extra=buffer_id))
            self.next_avail += 1
            if self.next_avail == self.size:
                self.next_avail = 0
                self.avail_wrap ^= 1
        self._left -= len(descriptors)
        self._added += len(descriptors)
        token = self._new_token()
        self._chains[buffer_id] = token, len(descriptors)
        self.poke_flags(start, start_flags | self.available_flags(start_wrap))
        return token

    def poke_flags(self, place: int, flags: int) -> None:
        """Set the flags of one descriptor, right or wrong."""
        self.ram.write_int(self.descriptors + 16 * place + 14, 2, flags)

    def flags_at(self, place: int) -> int:
        """The flags of one descriptor."""
        return self.ram.read_int(self.descriptors + 16 * place + 14, 2)

    def kick_needed(self) -> bool:
        added, self._added = self._added, 0
        event = self.ram.read_int(self.device, 4)
        if event >> 16 != EVENTS_AT_DESCRIPTOR:
            return event >> 16 == EVENTS_ENABLED
        place = event & 0x7FFF
        if event >> 15 & 1 != self.avail_wrap:
            place -= self.size
        return (self.next_avail - place - 1) & 0xFFFF < added

    def collect(self) -> list[tuple[int, int]]:
        found = []
        used = AVAIL | USED
        while self.flags_at(self.next_used) & used == (used if self.used_wrap else 0):
            place = self.descriptors + 16 * self.next_used
            buffer_id = self.ram.read_int(place + 12, 2)
            written = self.ram.read_int(place + 8, 4)
            token, count = self._chains.pop(buffer_id)
            self._ids.append(buffer_id)
            self._left += count
            found.append((token, written))
            self.next_used += count
            if self.next_used >= self.size:
                self.next_used -= self.size
                self.used_wrap ^= 1
        self.want_calls(self._calls)
        return found

    def want_calls(self, wanted: bool = True) -> None:
        self._calls = wanted
        if not wanted:
            event = EVENTS_DISABLED << 16
        elif self.event_idx:
            event = EVENTS_AT_DESCRIPTOR << 16 | self.used_wrap << 15 | self.next_used
        else:
            event = EVENTS_ENABLED << 16
        self.ram.write_int(self.driver, 4, event)
