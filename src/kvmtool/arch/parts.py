"""The parts that a machine of any architecture is built of."""

from __future__ import annotations

from kvmtool.bus.interrupts import InterruptLines
from kvmtool.bus.pci import PciHost
from kvmtool.bus.space import mmio_space, port_space

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kvmtool.kvm import Kvm, Vm
    from kvmtool.memory import GuestMemory


class Parts:
    """A VM with its RAM in place, empty address spaces and a PCI host that nobody attached yet.

    `after(seconds, callback)` has `callback` called once, later, on the main thread.
    """

    def __init__(
        self,
        kvm: Kvm,
        vm: Vm,
        memory: GuestMemory,
        after: Callable[[float, Callable[[], None]], None],
    ) -> None:
        self.kvm = kvm
        self.vm = vm
        self.memory = memory
        self.after = after
        self.ports = port_space()
        self.mmio = mmio_space()
        self.pci = PciHost()
        self.lines = InterruptLines(vm.irq_line)
