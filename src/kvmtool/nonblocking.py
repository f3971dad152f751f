"""Descriptors that keep nobody waiting."""

from __future__ import annotations

import fcntl
import os


def never_block(fd: int) -> None:
    """Have all use of `fd` fail rather than wait. Raises OSError.

    os.set_blocking does it by an ioctl that a device's process may not use.
    """
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_NONBLOCK)
