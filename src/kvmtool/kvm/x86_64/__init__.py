"""The ioctls that only x86-64 has."""

from __future__ import annotations

from kvmtool.kvm.x86_64.msrs import MsrRefused
from kvmtool.kvm.x86_64.system import KvmIoctls
from kvmtool.kvm.x86_64.vcpu import VcpuIoctls
from kvmtool.kvm.x86_64.vm import VmIoctls

__all__ = ["KvmIoctls", "MsrRefused", "VcpuIoctls", "VmIoctls"]
