"""The parts that a machine of any architecture is built of."""

from __future__ import annotations

from kvmtool.bus.interrupts import InterruptLines
from kvmtool.bus.pci import PciHost
from kvmtool.bus.space import mmio_space, port_space

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.event_loop import EventLoop
    from kvmtool.kvm import Kvm, Vm
    from kvmtool.memory import GuestMemory
    from kvmtool.vhost.device import VhostDevice


class Parts:
    """A VM with its RAM in place, empty address spaces and a PCI host that nobody attached yet.

    `loop` is the main thread's. `virtio` are the devices that the board is to give a transport,
    and `free_memory` the first gpa, on a GiB, that is neither RAM nor another device's memory.
    """

    def __init__(
        self, kvm: Kvm, vm: Vm, memory: GuestMemory, loop: EventLoop, free_memory: int
    ) -> None:
        self.kvm = kvm
        self.vm = vm
        self.memory = memory
        self.loop = loop
        self.free_memory = free_memory
        self.virtio: list[VhostDevice] = []
        self.ports = port_space()
        self.mmio = mmio_space()
        self.pci = PciHost()
        self.lines = InterruptLines(vm.irq_line)
