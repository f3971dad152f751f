"""MSI-X: the table of messages that a PCI function's interrupts are (PCI Local Bus 3.0, 6.8.2)."""

from __future__ import annotations

import select
import struct

from kvmtool import eventfd

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from kvmtool.bus.msi_routes import MsiRoutes
    from kvmtool.bus.pci_function import PciFunction
    from kvmtool.bus.space import AddressSpace

    class IrqfdVm(Protocol):
        """What is needed of `kvmtool.kvm.Vm`."""

        def irqfd(self, fd: int, gsi: int, *, deassign: bool = False) -> None: ...


CAPABILITY_MSIX = 0x11
LARGEST_TABLE = 2048
NO_VECTOR = 0xFFFF

_CONTROL = 2  # Message Control, from the start of the capability
_CONTROL_FUNCTION_MASK, _CONTROL_ENABLE = 1 << 14, 1 << 15
_ENTRY_SIZE = 16
_MASKED = 1  # bit 0 of an entry's Vector Control


class Msix:
    """The MSI-X capability, table and pending bits of one function.

    A *source* is an eventfd that something signals in order to interrupt: a virtqueue's call_fd.
    `connect` gives it a vector. It is an irqfd of KVM's for the GSI of its vector while that
    vector is unmasked, and nobody listens to it otherwise.

    There is one eventfd for each source, and not for each vector, because a driver may change a
    source's vector at any moment: who signals the eventfd never has to learn of it. Several
    sources may have one vector, as KVM takes any number of irqfds for a GSI. An eventfd's
    counter is the pending bit of a masked vector: reading the PBA polls it, and on unmasking KVM
    finds it readable while it takes the irqfd, and sends the message at once.

    Methods are called with the function's lock held. `on_switch` is told when MSI-X has been
    enabled or disabled.
    """

    def __init__(
        self,
        function: PciFunction,
        vm: IrqfdVm,
        routes: MsiRoutes,
        *,
        vectors: int,
        bar: int,
        table_at: int,
        pba_at: int,
        on_switch: Callable[[], None] = lambda: None,
    ) -> None:
        if not 1 <= vectors <= LARGEST_TABLE:
            raise ValueError(f"an MSI-X table must have 1 to {LARGEST_TABLE} entries: {vectors}")
        self.vectors = vectors
        self.enabled = False
        self._function = function
        self._vm = vm
        self._routes = routes
        self._on_switch = on_switch
        self._function_masked = False
        self._table = bytearray(struct.pack("<QII", 0, 0, _MASKED) * vectors)
        self._table_at, self._pba_at = table_at, pba_at
        self._gsis: list[int] = []
        self._sources: dict[int, int] = {}  # eventfd: vector
        self._irqfds: dict[int, int] = {}  # eventfd: GSI that KVM has it for
        for _ in range(vectors):
            self._gsis.append(routes.allocate())
        self._control_at = _CONTROL + function.add_capability(
            CAPABILITY_MSIX,
            struct.pack("<HII", vectors - 1, table_at | bar, pba_at | bar),
            struct.pack("<H", _CONTROL_FUNCTION_MASK | _CONTROL_ENABLE),
        )
        function.after_write(self._control_at, 2, self._control_written)

    def attach(self, space: AddressSpace) -> None:
        """Claim table and PBA in what is behind the BAR."""
        space.claim_region(
            self._table_at,
            len(self._table),
            name="msix.table",
            read=self._read_table,
            write=self._write_table,
        )
        space.claim_region(
            self._pba_at, _pba_size(self.vectors), name="msix.pba", read=self._read_pba
        )

    def connect(self, source: int, vector: int) -> int:
        """Give the eventfd `source` a vector, or NO_VECTOR; return which one it has now.

        That is NO_VECTOR for one that the table does not have.
        """
        if vector >= self.vectors:
            vector = NO_VECTOR
        if vector == self._sources.get(source, NO_VECTOR):
            return vector
        if source not in self._sources:
            eventfd.take(source)  # what nobody was to hear
        self._silence(source)
        if vector == NO_VECTOR:
            self._sources.pop(source, None)
        else:
            self._sources[source] = vector
            self._update(vector)
        return vector

    def reset(self) -> None:
        """Disable MSI-X and mask every vector; sources lose theirs."""
        for source in list(self._sources):
            self.connect(source, NO_VECTOR)
        self._table[:] = struct.pack("<QII", 0, 0, _MASKED) * self.vectors
        self._function.put(self._control_at, self.vectors - 1, 2)
        self._control_written()

    def close(self) -> None:
        """Give the GSIs back."""
        for source in list(self._sources):
            self.connect(source, NO_VECTOR)
        for gsi in self._gsis:
            self._routes.free(gsi)
        self._gsis = []

    def save(self) -> bytes:
        """The table; Message Control is in the configuration space."""
        return bytes(self._table)

    def restore(self, table: bytes) -> None:
        """Take a saved table and what the configuration space says. ValueError for a bad one."""
        if len(table) != len(self._table):
            raise ValueError(
                f"a saved MSI-X table must have {len(self._table)} bytes, not {len(table)}"
            )
        self._table[:] = table
        self._control_written()

    # What decides whether a source is KVM's

    def _control_written(self) -> None:
        control = self._function.get(self._control_at, 2)
        was_enabled = self.enabled
        self.enabled = bool(control & _CONTROL_ENABLE)
        self._function_masked = bool(control & _CONTROL_FUNCTION_MASK)
        for vector in set(self._sources.values()):
            self._update(vector)
        if self.enabled != was_enabled:
            self._on_switch()

    def _update(self, vector: int) -> None:
        """Make KVM's irqfds and route of a vector agree with the table."""
        address, data, control = struct.unpack_from("<QII", self._table, vector * _ENTRY_SIZE)
        sources = [source for source, its in self._sources.items() if its == vector]
        if not self.enabled or self._function_masked or control & _MASKED:
            for source in sources:
                self._silence(source)
        elif sources:
            gsi = self._gsis[vector]
            self._routes.set(gsi, address, data)
            for source in sources:
                if source not in self._irqfds:
                    self._irqfds[source] = gsi
                    self._vm.irqfd(source, gsi)

    def _silence(self, source: int) -> None:
        gsi = self._irqfds.pop(source, None)
        if gsi is not None:
            self._vm.irqfd(source, gsi, deassign=True)

    # Registers

    def _read_table(self, offset: int, size: int) -> int:
        if not _is_access(offset, size):
            return -1
        return int.from_bytes(self._table[offset : offset + size], "little")

    def _write_table(self, offset: int, value: int, size: int) -> None:
        if not _is_access(offset, size):
            return
        self._table[offset : offset + size] = value.to_bytes(size, "little")
        self._update(offset // _ENTRY_SIZE)

    def _read_pba(self, offset: int, size: int) -> int:
        if not _is_access(offset, size):
            return -1
        poll = select.poll()
        for source in self._sources:
            if source not in self._irqfds:
                poll.register(source, select.POLLIN)
        pending = 0
        for source, _ in poll.poll(0):
            pending |= 1 << self._sources[source]
        return pending >> 8 * offset & (1 << 8 * size) - 1


def _is_access(offset: int, size: int) -> bool:
    """Doublewords and quadwords, aligned: other accesses are undefined (6.8.2)."""
    return size in (4, 8) and offset % size == 0


def _pba_size(vectors: int) -> int:
    """Whole quadwords with a bit for each vector."""
    return -(-vectors // 64) * 8
