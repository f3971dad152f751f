"""The driver's side of virtqueues in plain Python, and guest RAM for it to work in.

`driver_queue` makes a SplitDriver or a PackedDriver, which have the same methods.
"""

from driver.packed import PackedDriver
from driver.queue import Descriptor, DriverQueue, RingFull
from driver.ram import GuestRam, RamRange
from driver.split import SplitDriver

__all__ = [
    "Descriptor",
    "DriverQueue",
    "GuestRam",
    "PackedDriver",
    "RamRange",
    "RingFull",
    "SplitDriver",
    "driver_queue",
]


def driver_queue(
    ram: GuestRam,
    size: int,
    *,
    packed: bool = False,
    event_idx: bool = False,
    indirect: bool = True,
    in_order: bool = False,
) -> DriverQueue:
    """Make a queue in `ram`, its areas allocated there and zeroed."""
    kind = PackedDriver if packed else SplitDriver
    return kind(ram, size, event_idx=event_idx, indirect=indirect, in_order=in_order)
