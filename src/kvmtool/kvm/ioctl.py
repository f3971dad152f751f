"""The one place that calls ioctl(2) on a KVM descriptor, and the error that it raises.

libc's function is called directly: fcntl.ioctl copies buffers up to 1024 bytes and takes no
integer above 2**31 (KVM_SET_TSS_ADDR is usually given one).
"""

from __future__ import annotations

import ctypes
import os
from errno import EINTR, errorcode

from kvmtool.errors import KvmFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _ctypes import _CData

_libc_ioctl = ctypes.CDLL(None, use_errno=True).ioctl
_libc_ioctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p)
_libc_ioctl.restype = ctypes.c_int


class IoctlError(KvmFailure):
    """KVM refused an ioctl: `ioctl` is its name, `errno` the reason."""

    def __init__(self, ioctl: str, errno: int) -> None:
        symbol = errorcode.get(errno, str(errno))
        super().__init__(f"{ioctl}: {os.strerror(errno)} ({symbol})")
        self.ioctl = ioctl
        self.errno = errno


def ioctl(fd: int, request: int, argument: int | _CData, name: str) -> int:
    """Make one ioctl and return its result; `name` is for the IoctlError that may be raised.

    `argument` is passed by value if it is an integer, else by reference, and is then written to by
    the ioctls that return something. Repeated if a signal interrupts it.
    """
    value = argument if isinstance(argument, int) else ctypes.addressof(argument)
    while True:
        result: int = _libc_ioctl(fd, request, value)
        if result >= 0:
            return result
        errno = ctypes.get_errno()
        if errno != EINTR:
            raise IoctlError(name, errno)
