"""Devices that KVM itself emulates (Documentation/virt/kvm/devices)."""

from __future__ import annotations

from kvmtool.kvm.descriptor import DeviceAttributes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.kvm.vm import Vm


class KvmDevice(DeviceAttributes):
    """A device made by `Vm.create_device`: an interrupt controller, VFIO's group list, …

    Everything it can do is an attribute.
    """

    def __init__(self, vm: Vm, fd: int, device_type: int) -> None:
        super().__init__(fd)
        self.vm = vm
        self.type = device_type

    def check_extension(self, capability: str | int) -> int:
        """Return the value of a capability of this device's machine, 0 if it is absent."""
        return self.vm.check_extension(capability)
