"""KVM's ioctls: one thin method for each, named as the ioctl is, without `KVM_`, in lower case.

    with Kvm() as kvm, kvm.create_vm() as vm, vm.create_vcpu(0) as vcpu:
        regs = vcpu.get_regs()

Structures are those of `kvmtool.uapi.kvm`. What KVM refuses raises IoctlError, which names the
ioctl and the reason; where the host's KVM lacks a capability it is CapabilityMissing.
"""

from __future__ import annotations

from kvmtool.kvm.capabilities import capabilities, capability_number
from kvmtool.kvm.device import KvmDevice
from kvmtool.kvm.ioctl import IoctlError
from kvmtool.kvm.system import Kvm
from kvmtool.kvm.vcpu import Vcpu
from kvmtool.kvm.vm import Vm

__all__ = ["IoctlError", "Kvm", "KvmDevice", "Vcpu", "Vm", "capabilities", "capability_number"]
