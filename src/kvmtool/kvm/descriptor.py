"""What Kvm, Vm, Vcpu and KvmDevice have in common: a file descriptor of KVM's."""

from __future__ import annotations

import ctypes
import os
from errno import EBADF

from kvmtool.errors import CapabilityMissing
from kvmtool.kvm.ioctl import IoctlError, ioctl
from kvmtool.uapi import kvm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _ctypes import _CData
    from typing import Self, TypeVar

    Value = TypeVar("Value", bound=_CData)


class Descriptor:
    """Owns `fd`, which is closed by `close` or at the end of a `with` block."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def fileno(self) -> int:
        """Return the descriptor's number, for select and its like."""
        return self.fd

    def close(self) -> None:
        """Close the descriptor; a second call does nothing."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def check_extension(self, capability: str | int) -> int:
        """Return the value of a capability, 0 if it is absent (KVM_CHECK_EXTENSION)."""
        raise NotImplementedError

    def _ioctl(self, name: str, argument: int | _CData = 0, *, needs: str = "") -> int:
        """Make the ioctl called `name`; CapabilityMissing if KVM lacks what it `needs`."""
        request = getattr(kvm, name)
        try:
            return ioctl(self.fd, request, argument, name)
        except IoctlError as error:
            if not needs or error.errno == EBADF or self.check_extension(needs):
                raise
        method = name.removeprefix("KVM_").lower()
        raise CapabilityMissing(f"this host's KVM lacks {needs}, which {method} needs")


class DeviceAttributes(Descriptor):
    """The ioctls for attributes: a group, a number in it, and a value of the group's own type."""

    # Which capability says that this kind of descriptor has attributes.
    _attributes_need = ""

    def set_device_attr(self, group: int, attribute: int, value: _CData | None = None) -> None:
        """Set an attribute to `value`, or trigger it if it has none (KVM_SET_DEVICE_ATTR)."""
        self._attribute("KVM_SET_DEVICE_ATTR", group, attribute, value)

    def get_device_attr(self, group: int, attribute: int, value: Value) -> Value:
        """Read an attribute into `value`, which is returned (KVM_GET_DEVICE_ATTR)."""
        self._attribute("KVM_GET_DEVICE_ATTR", group, attribute, value)
        return value

    def has_device_attr(self, group: int, attribute: int) -> bool:
        """Tell whether there is such an attribute (KVM_HAS_DEVICE_ATTR)."""
        try:
            self._attribute("KVM_HAS_DEVICE_ATTR", group, attribute, None)
        except (IoctlError, CapabilityMissing):
            return False
        return True

    def _attribute(self, name: str, group: int, attribute: int, value: _CData | None) -> None:
        address = 0 if value is None else ctypes.addressof(value)
        argument = kvm.kvm_device_attr(group=group, attr=attribute, addr=address)
        self._ioctl(name, argument, needs=self._attributes_need)
