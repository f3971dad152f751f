"""Locks that keep an image from two writers, QEMU's tools among them.

QEMU (block/file-posix.c) takes shared OFD locks on bytes of the image: 100 + n while it uses
permission n, 200 + n while nobody else may. It then looks whether others hold the opposite byte.
Permissions: 0 consistent read, 1 write, 3 resize.
"""

from __future__ import annotations

import errno
import fcntl
import struct

from kvmtool.errors import BadInput

_USED, _NOT_SHARED = 100, 200
_READ, _WRITE, _RESIZE = 0, 1, 3

# linux/fcntl.h; Python 3.11 has neither. struct flock: type, whence, start, length, pid.
_F_OFD_GETLK, _F_OFD_SETLK = 36, 37
_FLOCK = struct.Struct("hhqqi4x")


def lock_image(fd: int, path: str, read_only: bool) -> None:
    """Lock the file of `fd` for as long as any duplicate of the descriptor is open.

    Any number of readers, or one writer. BadInput if somebody else has it. A file system without
    locks is used without.
    """
    uses = (_READ,) if read_only else (_READ, _WRITE, _RESIZE)
    not_shared = (_WRITE, _RESIZE)
    try:
        for byte in [_USED + n for n in uses] + [_NOT_SHARED + n for n in not_shared]:
            _lock(fd, byte)
        for byte in [_NOT_SHARED + n for n in uses] + [_USED + n for n in not_shared]:
            if _is_locked(fd, byte):
                raise _in_use(path, read_only)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            raise _in_use(path, read_only) from None
        if error.errno not in (errno.EINVAL, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):
            raise BadInput(f"cannot lock image {path}: {error.strerror}") from None


def _in_use(path: str, read_only: bool) -> BadInput:
    rule = "is written to" if read_only else "is used"
    return BadInput(
        f"image {path} {rule} by another program, or by another device of this machine;"
        " close that, or use a copy or an overlay"
    )


def _lock(fd: int, byte: int) -> None:
    fcntl.fcntl(fd, _F_OFD_SETLK, _FLOCK.pack(fcntl.F_RDLCK, 0, byte, 1, 0))


def _is_locked(fd: int, byte: int) -> bool:
    """Whether another open file holds a lock on the byte."""
    answer = fcntl.fcntl(fd, _F_OFD_GETLK, _FLOCK.pack(fcntl.F_WRLCK, 0, byte, 1, 0))
    return bool(_FLOCK.unpack(answer)[0] != fcntl.F_UNLCK)
