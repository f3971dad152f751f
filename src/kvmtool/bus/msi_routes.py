"""The machine's GSI routing table: the interrupt controllers' pins, and MSIs (KVM_SET_GSI_ROUTING).

KVM replaces the whole table at once; that costs a wait for all vCPUs' readers, so a route that
says nothing new is not set.
"""

from __future__ import annotations

import threading

from kvmtool.errors import BadInput, KvmFailure
from kvmtool.uapi import kvm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    class RoutingVm(Protocol):
        """What is needed of `kvmtool.kvm.Vm`."""

        def set_gsi_routing(self, entries: Sequence[kvm.kvm_irq_routing_entry]) -> None: ...


_LARGEST_GSI_COUNT = 4096  # KVM_MAX_IRQ_ROUTES, include/linux/kvm_host.h


class MsiRoutes:
    """Gives out the GSIs after the interrupt controller's, and keeps the MSIs that they stand for.

    `fixed` are the routes of the controllers' pins; GSIs from `first_gsi` on are free.
    """

    def __init__(
        self, vm: RoutingVm, fixed: Sequence[kvm.kvm_irq_routing_entry], first_gsi: int
    ) -> None:
        self._vm = vm
        self._fixed = list(fixed)
        self._next_gsi = first_gsi
        self._free: list[int] = []
        self._messages: dict[int, tuple[int, int]] = {}
        self._entries: dict[int, kvm.kvm_irq_routing_entry] = {}
        self._lock = threading.Lock()

    def allocate(self) -> int:
        """A GSI for one MSI. Raises BadInput where there is none left."""
        with self._lock:
            if self._free:
                return self._free.pop()
            if self._next_gsi >= _LARGEST_GSI_COUNT:
                raise BadInput(f"a machine has {_LARGEST_GSI_COUNT} interrupts; none is left")
            self._next_gsi += 1
            return self._next_gsi - 1

    def free(self, gsi: int) -> None:
        """Take a GSI back, which no irqfd uses any more."""
        with self._lock:
            # The entry goes with the next change of the table; until then nobody signals it.
            self._messages.pop(gsi, None)
            self._entries.pop(gsi, None)
            self._free.append(gsi)

    def set(self, gsi: int, address: int, data: int) -> None:
        """Have `gsi` send the message `data` to `address`.

        Where KVM takes no such message, the GSI sends none.
        """
        with self._lock:
            if self._messages.get(gsi) == (address, data):
                return
            self._messages[gsi] = (address, data)
            self._entries[gsi] = _message(gsi, address, data)
            try:
                self._commit()
            except KvmFailure:
                # It is the guest that chooses address and data.
                del self._entries[gsi]
                self._commit()

    def _commit(self) -> None:
        self._vm.set_gsi_routing([*self._fixed, *self._entries.values()])


def _message(gsi: int, address: int, data: int) -> kvm.kvm_irq_routing_entry:
    entry = kvm.kvm_irq_routing_entry()
    entry.gsi = gsi
    entry.type = kvm.KVM_IRQ_ROUTING_MSI
    entry.u.msi.address_lo = address & 0xFFFF_FFFF
    entry.u.msi.address_hi = address >> 32
    entry.u.msi.data = data
    return entry
