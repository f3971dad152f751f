"""System calls that Python has no function for, by number (syscall(2))."""

from __future__ import annotations

import ctypes
import os

from kvmtool.uapi import unistd

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

NUMBERS: dict[str, int] = {
    name.removeprefix("__NR_"): number
    for name, number in vars(unistd).items()
    if name.startswith("__NR_")
}
"""The numbers of this architecture's system calls, by name."""

_LAST_FD = 0xFFFFFFFF

_syscall = ctypes.CDLL(None, use_errno=True).syscall
_syscall.restype = ctypes.c_long
_syscall.argtypes = [ctypes.c_long] * 6


def syscall(number: int, *arguments: int) -> int:
    """Make a system call with up to five integers or addresses; OSError if it fails."""
    padded = arguments + (0,) * (5 - len(arguments))
    result: int = _syscall(number, *padded)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def prctl(option: int, *arguments: int) -> int:
    """Call prctl(2) with up to four arguments; OSError if it fails."""
    return syscall(unistd.__NR_prctl, option, *arguments)


def close_all_but(fds: Iterable[int]) -> None:
    """Close every descriptor that is not in `fds` (close_range(2), Linux 5.9)."""
    first = 0
    for fd in sorted({fd for fd in fds if fd >= 0}):
        if fd > first:
            syscall(unistd.__NR_close_range, first, fd - 1, 0)
        first = fd + 1
    syscall(unistd.__NR_close_range, first, _LAST_FD, 0)


def offset(record: Any, member: str) -> int:
    """Return where `member` is in a structure of the bindings, in bytes."""
    position: int = getattr(record, member).offset
    return position
