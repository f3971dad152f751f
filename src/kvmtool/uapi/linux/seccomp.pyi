"""linux/seccomp.h. Made by `lkvm uapi generate`; edits are lost."""

from ctypes import Array, Structure, c_uint64
from typing import Final

SECCOMP_MODE_DISABLED: Final = 0
SECCOMP_MODE_STRICT: Final = 1
SECCOMP_MODE_FILTER: Final = 2
SECCOMP_SET_MODE_STRICT: Final = 0
SECCOMP_SET_MODE_FILTER: Final = 1
SECCOMP_GET_ACTION_AVAIL: Final = 2
SECCOMP_GET_NOTIF_SIZES: Final = 3
SECCOMP_FILTER_FLAG_TSYNC: Final = 1
SECCOMP_FILTER_FLAG_LOG: Final = 2
SECCOMP_FILTER_FLAG_SPEC_ALLOW: Final = 4
SECCOMP_FILTER_FLAG_NEW_LISTENER: Final = 8
SECCOMP_FILTER_FLAG_TSYNC_ESRCH: Final = 16
SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: Final = 32
SECCOMP_RET_KILL_PROCESS: Final = 0x80000000
SECCOMP_RET_KILL_THREAD: Final = 0
SECCOMP_RET_KILL: Final = 0
SECCOMP_RET_TRAP: Final = 0x30000
SECCOMP_RET_ERRNO: Final = 0x50000
SECCOMP_RET_USER_NOTIF: Final = 0x7FC00000
SECCOMP_RET_TRACE: Final = 0x7FF00000
SECCOMP_RET_LOG: Final = 0x7FFC0000
SECCOMP_RET_ALLOW: Final = 0x7FFF0000
SECCOMP_RET_ACTION_FULL: Final = 0xFFFF0000
SECCOMP_RET_ACTION: Final = 0x7FFF0000
SECCOMP_RET_DATA: Final = 0xFFFF
SECCOMP_USER_NOTIF_FLAG_CONTINUE: Final = 1
SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP: Final = 1
SECCOMP_ADDFD_FLAG_SETFD: Final = 1
SECCOMP_ADDFD_FLAG_SEND: Final = 2
SECCOMP_IOC_MAGIC: Final = 33
SECCOMP_IOCTL_NOTIF_RECV: Final = 0xC0502100
SECCOMP_IOCTL_NOTIF_SEND: Final = 0xC0182101
SECCOMP_IOCTL_NOTIF_ID_VALID: Final = 0x40082102
SECCOMP_IOCTL_NOTIF_ADDFD: Final = 0x40182103
SECCOMP_IOCTL_NOTIF_SET_FLAGS: Final = 0x40082104

class seccomp_data(Structure):
    nr: int
    arch: int
    instruction_pointer: int
    args: Array[c_uint64]

class seccomp_notif_sizes(Structure):
    seccomp_notif: int
    seccomp_notif_resp: int
    seccomp_data: int

class seccomp_notif(Structure):
    id: int
    pid: int
    flags: int
    data: seccomp_data

class seccomp_notif_resp(Structure):
    id: int
    val: int
    error: int
    flags: int

class seccomp_notif_addfd(Structure):
    id: int
    flags: int
    srcfd: int
    newfd: int
    newfd_flags: int
