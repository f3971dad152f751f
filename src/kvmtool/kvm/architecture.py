"""The ioctls that only the host's architecture has, as bases of Kvm, Vm and Vcpu.

A type checker sees those of every architecture; at run time only the host's are there.
"""

from __future__ import annotations

from kvmtool.uapi import host_architecture

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.kvm import arm64, x86_64

    class KvmIoctls(x86_64.KvmIoctls):
        """Ioctls of /dev/kvm."""

    class VmIoctls(x86_64.VmIoctls, arm64.VmIoctls):
        """Ioctls of a virtual machine."""

    class VcpuIoctls(x86_64.VcpuIoctls, arm64.VcpuIoctls):
        """Ioctls of a vCPU."""

elif host_architecture() == "x86_64":
    from kvmtool.kvm.x86_64 import KvmIoctls, VcpuIoctls, VmIoctls
else:
    from kvmtool.kvm.descriptor import Descriptor as KvmIoctls

    if host_architecture() == "arm64":
        from kvmtool.kvm.arm64 import VcpuIoctls, VmIoctls
    else:
        VcpuIoctls = VmIoctls = KvmIoctls

__all__ = ["KvmIoctls", "VcpuIoctls", "VmIoctls"]
