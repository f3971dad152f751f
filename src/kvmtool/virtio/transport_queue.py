"""A virtqueue as a driver configures it through a transport (virtio 1.3, 2.6 to 2.8)."""

from __future__ import annotations

import os

from kvmtool import eventfd
from kvmtool.uapi.linux.virtio_config import VIRTIO_F_RING_PACKED
from kvmtool.vhost.device import QueueSetup

DESCRIPTORS, DRIVER_AREA, DEVICE_AREA = range(3)
# Of each area: name, alignment, fixed bytes and bytes for each descriptor (2.7 split, 2.8 packed).
_SPLIT_AREAS = (("descriptor table", 16, 0, 16), ("driver", 2, 6, 2), ("device", 4, 6, 8))
_PACKED_AREAS = (("descriptor ring", 16, 0, 16), ("driver", 4, 4, 0), ("device", 4, 4, 0))

_LARGEST_SIZE = 32768
_RING_PACKED = 1 << VIRTIO_F_RING_PACKED


class TransportQueue:
    """One queue as the driver configures it; its eventfds live as long as the transport."""

    __slots__ = ("areas", "call_fd", "enabled", "index", "kick_fd", "largest", "size")

    def __init__(self, index: int, largest: int) -> None:
        self.index = index
        self.largest = min(largest, _LARGEST_SIZE)
        self.kick_fd = eventfd.eventfd()
        self.call_fd = eventfd.eventfd()
        self.reset()

    def reset(self) -> None:
        """Forget the driver's configuration, and the signals that nobody took."""
        self.size = self.largest
        self.areas = [0, 0, 0]
        self.enabled = False
        eventfd.take(self.kick_fd)
        eventfd.take(self.call_fd)

    def setup(self) -> QueueSetup:
        """What the device is told."""
        descriptors, driver, device = self.areas
        return QueueSetup(
            size=self.size,
            descriptors=descriptors,
            driver=driver,
            device=device,
            kick_fd=self.kick_fd,
            call_fd=self.call_fd,
        )

    def fault(self, features: int) -> str:
        """The rule that the configuration breaks with the accepted features, or nothing."""
        return queue_fault(self.size, self.largest, self.areas, features)

    def close(self) -> None:
        """Give the descriptors back."""
        os.close(self.kick_fd)
        os.close(self.call_fd)


def queue_fault(size: int, largest: int, areas: list[int], features: int) -> str:
    """The rule that a queue of `size` with its three areas' gpas breaks, or an empty string."""
    packed = bool(features & _RING_PACKED)
    if not 1 <= size <= largest or (not packed and size & (size - 1)):
        kind = "at least 1 and" if packed else "a power of two"
        return f"queue size must be {kind} up to {largest}, not {size}"
    for (name, alignment, fixed, each), gpa in zip(
        _PACKED_AREAS if packed else _SPLIT_AREAS, areas, strict=True
    ):
        if gpa == 0 or gpa % alignment or gpa + fixed + each * size > 1 << 64:
            return (
                f"{name} area must be at a multiple of {alignment} above 0 and end "
                f"within 64 bits, not at {gpa:#x}"
            )
    return ""
