"""/dev/kvm itself: what this host's KVM offers, and the making of virtual machines."""

from __future__ import annotations

import os

from kvmtool.errors import NoUsableKvm
from kvmtool.kvm.architecture import KvmIoctls
from kvmtool.kvm.capabilities import capability_number
from kvmtool.kvm.descriptor import DeviceAttributes
from kvmtool.kvm.vm import Vm
from kvmtool.uapi import kvm


class Kvm(KvmIoctls, DeviceAttributes):
    """An open /dev/kvm (Documentation/virt/kvm/api.rst, "system ioctls")."""

    _attributes_need = "KVM_CAP_SYS_ATTRIBUTES"

    def __init__(self, path: str = "/dev/kvm") -> None:
        """Open `path`; NoUsableKvm, with what to do, if that is no KVM that can be used."""
        try:
            fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise NoUsableKvm(_why_not_opened(path, error)) from None
        super().__init__(fd)
        try:
            version = self.get_api_version()
        except Exception:
            self.close()
            raise NoUsableKvm(f"{path} is not KVM's device") from None
        if version != kvm.KVM_API_VERSION:
            self.close()
            raise NoUsableKvm(
                f"{path} speaks version {version} of KVM's interface,"
                f" and kvmtool needs {kvm.KVM_API_VERSION} (Linux 2.6.22 and later)"
            )

    def get_api_version(self) -> int:
        """Return the interface's version, 12 since Linux 2.6.22 (KVM_GET_API_VERSION)."""
        return self._ioctl("KVM_GET_API_VERSION")

    def check_extension(self, capability: str | int) -> int:
        """Return the value of a capability, given by name or number, 0 if it is absent."""
        return self._ioctl("KVM_CHECK_EXTENSION", capability_number(capability))

    def get_vcpu_mmap_size(self) -> int:
        """Return the bytes that each vCPU shares with us (KVM_GET_VCPU_MMAP_SIZE)."""
        return self._ioctl("KVM_GET_VCPU_MMAP_SIZE")

    def create_vm(self, machine_type: int = 0) -> Vm:
        """Make a virtual machine without memory or vCPUs (KVM_CREATE_VM).

        `machine_type` is 0 for the usual kind; on arm64 its low byte may be the number of bits
        of a guest physical address, on x86-64 it may be one of KVM_CAP_VM_TYPES.
        """
        return Vm(self, self._ioctl("KVM_CREATE_VM", machine_type))


def _why_not_opened(path: str, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"{path} is missing: {_how_to_load()}"
    if isinstance(error, PermissionError):
        return f"no permission on {path}: become a member of its group ({_group(path)}), or root"
    return f"{path} cannot be opened: {error.strerror}; {_how_to_load()}"


def _how_to_load() -> str:
    if os.uname().machine == "x86_64":
        return "enable virtualization in the firmware, then modprobe kvm-intel or kvm-amd"
    return "the host must run a kernel with KVM, on a CPU that it can use"


def _group(path: str) -> str:
    from grp import getgrgid

    try:
        return getgrgid(os.stat(path).st_gid).gr_name
    except (OSError, KeyError):
        return "kvm"
