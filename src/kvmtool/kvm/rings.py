"""Rings that KVM fills in memory shared with us: coalesced writes, and dirty pages.

See api.rst, "KVM_REGISTER_COALESCED_MMIO" and "KVM_CAP_DIRTY_LOG_RING".
"""

from __future__ import annotations

import ctypes
import mmap

from kvmtool.uapi import kvm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class CoalescedWrite:
    """A guest's write that was gathered: `data` at `address`, a port if `pio`."""

    __slots__ = ("address", "data", "pio")

    def __init__(self, address: int, data: bytes, *, pio: bool) -> None:
        self.address = address
        self.data = data
        self.pio = pio


def take_coalesced_writes(run: mmap.mmap, page: int) -> list[CoalescedWrite]:
    """Take what is in the ring at page `page` of a vCPU's shared memory, oldest first."""
    if not page:
        return []
    offset = page * mmap.PAGESIZE
    ring = kvm.kvm_coalesced_mmio_ring.from_buffer(run, offset)
    entry = ctypes.sizeof(kvm.kvm_coalesced_mmio)
    header = ctypes.sizeof(kvm.kvm_coalesced_mmio_ring)
    capacity = (mmap.PAGESIZE - header) // entry
    taken = []
    while ring.first != ring.last:
        write = kvm.kvm_coalesced_mmio.from_buffer(run, offset + header + ring.first * entry)
        data = bytes(write.data[: write.len])
        taken.append(CoalescedWrite(write.phys_addr, data, pio=bool(write.pio)))
        ring.first = (ring.first + 1) % capacity
    return taken


class DirtyRing:
    """One vCPU's ring of the pages that its guest wrote to."""

    def __init__(self, fd: int, size: int) -> None:
        offset = kvm.KVM_DIRTY_LOG_PAGE_OFFSET * mmap.PAGESIZE
        self._memory = mmap.mmap(fd, size, mmap.MAP_SHARED, offset=offset)
        self._capacity = size // ctypes.sizeof(kvm.kvm_dirty_gfn)
        self._entries = (kvm.kvm_dirty_gfn * self._capacity).from_buffer(self._memory)
        self._next = 0

    def harvest(self) -> Iterator[tuple[int, int]]:
        """Yield (slot, page in the slot) for each page written since the last harvest.

        The pages are watched again after `Vm.reset_dirty_rings`.
        """
        for _ in range(self._capacity):
            entry = self._entries[self._next]
            if not entry.flags & kvm.KVM_DIRTY_GFN_F_DIRTY:
                return
            yield entry.slot, entry.offset
            entry.flags = kvm.KVM_DIRTY_GFN_F_RESET
            self._next = (self._next + 1) % self._capacity
