"""A device behind `VhostDevice` that does nothing but remember, and a KVM that only counts."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from kvmtool.errors import KvmtoolError
from kvmtool.kvm import IoctlError
from kvmtool.uapi import kvm
from kvmtool.vhost.device import QueueSetup

VERSION_1 = 1 << 32
RING_PACKED = 1 << 34
RING_RESET = 1 << 40


def take(eventfd: int) -> int:
    """How often an eventfd was signalled since the last look."""
    try:
        return os.eventfd_read(eventfd)
    except BlockingIOError:
        return 0


class FakeDevice:
    """Keeps each call in `calls`; `during_start` runs inside `start`.

    The kicks that a start finds are `first_kicks`, by queue.
    """

    def __init__(
        self,
        *,
        device_id: int = 2,
        features: int = VERSION_1 | RING_PACKED | RING_RESET | 0x21,
        queue_sizes: tuple[int, ...] = (256, 64),
        config: bytes = bytes(range(1, 25)),
    ) -> None:
        self.name = "fake0"
        self.device_id = device_id
        self.features = features
        self.queue_sizes = queue_sizes
        self.config = bytearray(config)
        self.config_size = len(config)
        self.on_config_change: Callable[[], None] = lambda: None
        self.on_broken: Callable[[], None] = lambda: None
        self.during_start: Callable[[], None] = lambda: None
        self.calls: list[str] = []
        self.first_kicks: dict[int, int] = {}
        self.accepted = 0
        self.queues: dict[int, QueueSetup] = {}
        self.refuses_state = False

    def read_config(self, offset: int, size: int) -> bytes:
        return bytes(self.config[offset : offset + size]).ljust(size, b"\0")

    def write_config(self, offset: int, data: bytes) -> None:
        room = self.config[offset : offset + len(data)]
        self.config[offset : offset + len(room)] = data[: len(room)]

    def start(self, features: int, queues: dict[int, QueueSetup]) -> None:
        self.calls.append("start")
        self.accepted = features
        self.queues = dict(queues)
        self.first_kicks = {index: take(queue.kick_fd) for index, queue in queues.items()}
        self.during_start()

    def start_queue(self, index: int, queue: QueueSetup) -> None:
        self.calls.append(f"start_queue {index}")
        self.queues[index] = queue

    def stop_queue(self, index: int) -> None:
        self.calls.append(f"stop_queue {index}")
        del self.queues[index]

    def stop(self) -> None:
        self.calls.append("stop")
        self.queues.clear()

    def save(self) -> bytes:
        return b"its state"

    def restore(self, state: bytes, features: int, queues: dict[int, QueueSetup]) -> None:
        if state != b"its state":
            raise KvmtoolError("not a state of fake0")
        self.calls.append("restore")
        self.accepted = features
        self.queues = dict(queues)

    def close(self) -> None:
        self.calls.append("close")


class FakeVm:
    """Knows which eventfd is whose, and refuses what KVM would refuse."""

    def __init__(self, any_length: int = 1) -> None:
        self.any_length = any_length
        self.irqfds: dict[int, int] = {}
        self.bells: dict[tuple[int, int, int | None], int] = {}
        self.routes: list[kvm.kvm_irq_routing_entry] = []
        self.routings = 0
        self.refused_addresses: set[int] = set()
        self.sent: list[int] = []

    def check_extension(self, capability: str) -> int:
        assert capability == "KVM_CAP_IOEVENTFD_ANY_LENGTH"
        return self.any_length

    def irqfd(self, fd: int, gsi: int, *, deassign: bool = False) -> None:
        if deassign:
            assert self.irqfds.get(fd) == gsi, "an irqfd is given up that is not there"
            self._inject(fd)
            del self.irqfds[fd]
        else:
            if fd in self.irqfds:
                raise IoctlError("KVM_IRQFD", 16)
            self.irqfds[fd] = gsi

    def ioeventfd(
        self,
        fd: int,
        address: int,
        length: int,
        *,
        datamatch: int | None = None,
        deassign: bool = False,
    ) -> None:
        key = address, length, datamatch
        if deassign:
            assert self.bells.get(key) == fd, "an ioeventfd is given up that is not there"
            del self.bells[key]
        elif key in self.bells:
            raise IoctlError("KVM_IOEVENTFD", 17)
        else:
            self.bells[key] = fd

    def set_gsi_routing(self, entries: Sequence[kvm.kvm_irq_routing_entry]) -> None:
        if {entry.u.msi.address_lo for entry in entries if entry.type == 2} & (
            self.refused_addresses
        ):
            raise IoctlError("KVM_SET_GSI_ROUTING", 22)
        self.routes = list(entries)
        self.routings += 1

    def messages(self) -> list[tuple[int, int]]:
        """Address and data of the MSIs that signalled irqfds send, since the last look."""
        self.sent = []
        for fd in list(self.irqfds):
            self._inject(fd)
        by_gsi = {
            entry.gsi: (entry.u.msi.address_hi << 32 | entry.u.msi.address_lo, entry.u.msi.data)
            for entry in self.routes
            if entry.type == kvm.KVM_IRQ_ROUTING_MSI
        }
        return sorted(by_gsi[gsi] for gsi in self.sent if gsi in by_gsi)

    def interrupts(self) -> list[int]:
        """The GSIs that signalled irqfds raise, since the last look."""
        self.sent = []
        for fd in list(self.irqfds):
            self._inject(fd)
        return self.sent

    def _inject(self, fd: int) -> None:
        if take(fd):
            self.sent.append(self.irqfds[fd])
