"""Operations on an image's file or block device that the os module lacks or leaves half done.

Block devices take fallocate(2) as files do since Linux 4.9.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import stat

from kvmtool.errors import BadInput
from kvmtool.uapi.linux import fs

# fallocate(2), linux/falloc.h.
_KEEP_SIZE, _PUNCH_HOLE, _ZERO_RANGE = 0x01, 0x02, 0x10
_UNSUPPORTED = (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.ENODEV)

_BLKGETSIZE64 = 0x80081272  # the header's _IOR(0x12, 114, size_t) needs a type to be evaluated

_ZEROS = bytes(1 << 16)

FILE_ENDED = 0
"""The error number of what the kernel does not call an error: reading behind the end of a file."""

_fallocate = ctypes.CDLL(None, use_errno=True).fallocate
_fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_longlong, ctypes.c_longlong)


def open_image(path: str, read_only: bool, what: str = "disk image") -> int:
    """A descriptor of a regular file or block device. BadInput if it is neither, or not there."""
    access = os.O_RDONLY if read_only else os.O_RDWR
    fd = -1
    try:
        # Without O_NONBLOCK a FIFO would hold us here.
        fd = os.open(path, access | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        mode = os.fstat(fd).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISBLK(mode)):
            kind = "directory" if stat.S_ISDIR(mode) else "special file"
            raise BadInput(f"{what} {path} is a {kind}, not a file or block device")
        # io_uring fails requests on a descriptor with O_NONBLOCK rather than wait for them.
        fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) & ~os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        if fd >= 0:
            os.close(fd)
        reason = getattr(error, "strerror", None) or str(error)
        if getattr(error, "errno", 0) in (errno.EACCES, errno.EPERM, errno.EROFS):
            hint = "" if read_only else "; add ,ro to use it read-only"
            reason += hint
        raise BadInput(f"cannot open {what} {path}: {reason}") from None
    except BadInput:
        os.close(fd)
        raise
    return fd


def is_block_device(fd: int) -> bool:
    """Whether `fd` is a block device rather than a file."""
    return stat.S_ISBLK(os.fstat(fd).st_mode)


def size_of(fd: int) -> int:
    """Bytes in the file or block device. Raises OSError."""
    if is_block_device(fd):
        return int.from_bytes(fcntl.ioctl(fd, _BLKGETSIZE64, bytes(8)), "little")
    return os.fstat(fd).st_size


def block_sizes(fd: int) -> tuple[int, int, int]:
    """Logical and physical block size and optimal I/O size in bytes (0: none named)."""
    if not is_block_device(fd):
        return 512, min(max(os.fstat(fd).st_blksize, 512), 4096), 0
    logical, physical, optimal = (
        int.from_bytes(fcntl.ioctl(fd, request, bytes(4)), "little")
        for request in (fs.BLKSSZGET, fs.BLKPBSZGET, fs.BLKIOOPT)
    )
    return logical, physical, optimal


def open_direct(fd: int, path: str, read_only: bool) -> tuple[int, int]:
    """Another descriptor of the file of `fd`, for direct I/O, and the alignment that it needs.

    BadInput if the file system has no direct I/O.
    """
    access = os.O_RDONLY if read_only else os.O_RDWR
    try:
        direct = os.open(f"/proc/self/fd/{fd}", access | os.O_DIRECT | os.O_CLOEXEC)
    except OSError as error:
        raise BadInput(f"disk {path}: direct I/O is not possible: {error.strerror}") from None
    return direct, _direct_alignment(direct)


# struct statx (linux/stat.h): stx_mask at 0, stx_dio_mem_align at 152, stx_dio_offset_align at 156.
_STATX_DIOALIGN, _STATX_SIZE, _AT_EMPTY_PATH = 0x2000, 256, 0x1000


def _direct_alignment(fd: int) -> int:
    buffer = ctypes.create_string_buffer(_STATX_SIZE)
    statx = getattr(ctypes.CDLL(None, use_errno=True), "statx", None)
    if statx and statx(fd, b"", _AT_EMPTY_PATH, _STATX_DIOALIGN, buffer) == 0:
        mask = int.from_bytes(buffer.raw[:4], "little")
        memory = int.from_bytes(buffer.raw[152:156], "little")
        offset = int.from_bytes(buffer.raw[156:160], "little")
        if mask & _STATX_DIOALIGN and offset:
            return max(memory, offset)
    # Older than Linux 6.1, or a file system that does not say: what a block device says, or the
    # most that any wants.
    return block_sizes(fd)[0] if is_block_device(fd) else 4096


def read_up_to(fd: int, length: int, offset: int) -> bytes:
    """`length` bytes, fewer where the file ends."""
    data = os.pread(fd, length, offset)
    while len(data) < length:
        more = os.pread(fd, length - len(data), offset + len(data))
        if not more:
            break
        data += more
    return data


def read_padded(fd: int, length: int, offset: int) -> bytes:
    """`length` bytes; what lies behind the end of the file is zeros."""
    return read_up_to(fd, length, offset).ljust(length, b"\0")


def read_exactly(fd: int, length: int, offset: int) -> bytes:
    """`length` bytes. OSError FILE_ENDED where somebody has made the file shorter."""
    data = read_up_to(fd, length, offset)
    if len(data) < length:
        raise OSError(FILE_ENDED, "the image ends before")
    return data


def write_all(fd: int, data: bytes | memoryview, offset: int) -> None:
    """Write all of `data`. OSError if that is not possible."""
    written = os.pwrite(fd, data, offset)
    while written < len(data):
        more = os.pwrite(fd, memoryview(data)[written:], offset + written)
        if more == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written += more


def _allocate(fd: int, mode: int, offset: int, length: int) -> bool:
    """fallocate(2). False if the file cannot do that; OSError for other failures."""
    while _fallocate(fd, mode, offset, length) != 0:
        number = ctypes.get_errno()
        if number in _UNSUPPORTED:
            return False
        if number != errno.EINTR:
            raise OSError(number, os.strerror(number))
    return True


def punch_hole(fd: int, offset: int, length: int) -> bool:
    """Give the space of a range back; it reads as zeros then. False if that is not possible."""
    return _allocate(fd, _PUNCH_HOLE | _KEEP_SIZE, offset, length)


def discard_blocks(fd: int, offset: int, length: int) -> bool:
    """BLKDISCARD on a block device; False if that is not possible.

    What the range reads as is then up to the device.
    """
    blocks = offset.to_bytes(8, "little") + length.to_bytes(8, "little")
    try:
        fcntl.ioctl(fd, fs.BLKDISCARD, blocks)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        return False
    return True


def zero(fd: int, offset: int, length: int, unmap: bool) -> None:
    """Make a range read as zeros, with `unmap` without its space if possible."""
    if unmap and punch_hole(fd, offset, length):
        return
    if _allocate(fd, _ZERO_RANGE | _KEEP_SIZE, offset, length):
        return
    zeros = memoryview(_ZEROS)
    end = offset + length
    while offset < end:
        step = min(len(zeros), end - offset)
        write_all(fd, zeros[:step], offset)
        offset += step
