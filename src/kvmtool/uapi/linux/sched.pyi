"""linux/sched.h. Made by `lkvm uapi generate`; edits are lost."""

from ctypes import Structure
from typing import Final

CSIGNAL: Final = 255
CLONE_VM: Final = 256
CLONE_FS: Final = 512
CLONE_FILES: Final = 1024
CLONE_SIGHAND: Final = 2048
CLONE_PIDFD: Final = 0x1000
CLONE_PTRACE: Final = 0x2000
CLONE_VFORK: Final = 0x4000
CLONE_PARENT: Final = 0x8000
CLONE_THREAD: Final = 0x10000
CLONE_NEWNS: Final = 0x20000
CLONE_SYSVSEM: Final = 0x40000
CLONE_SETTLS: Final = 0x80000
CLONE_PARENT_SETTID: Final = 0x100000
CLONE_CHILD_CLEARTID: Final = 0x200000
CLONE_DETACHED: Final = 0x400000
CLONE_UNTRACED: Final = 0x800000
CLONE_CHILD_SETTID: Final = 0x1000000
CLONE_NEWCGROUP: Final = 0x2000000
CLONE_NEWUTS: Final = 0x4000000
CLONE_NEWIPC: Final = 0x8000000
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWPID: Final = 0x20000000
CLONE_NEWNET: Final = 0x40000000
CLONE_IO: Final = 0x80000000
CLONE_CLEAR_SIGHAND: Final = 0x100000000
CLONE_INTO_CGROUP: Final = 0x200000000
CLONE_NEWTIME: Final = 128
CLONE_ARGS_SIZE_VER0: Final = 64
CLONE_ARGS_SIZE_VER1: Final = 80
CLONE_ARGS_SIZE_VER2: Final = 88
SCHED_NORMAL: Final = 0
SCHED_FIFO: Final = 1
SCHED_RR: Final = 2
SCHED_BATCH: Final = 3
SCHED_IDLE: Final = 5
SCHED_DEADLINE: Final = 6
SCHED_EXT: Final = 7
SCHED_RESET_ON_FORK: Final = 0x40000000
SCHED_FLAG_RESET_ON_FORK: Final = 1
SCHED_FLAG_RECLAIM: Final = 2
SCHED_FLAG_DL_OVERRUN: Final = 4
SCHED_FLAG_KEEP_POLICY: Final = 8
SCHED_FLAG_KEEP_PARAMS: Final = 16
SCHED_FLAG_UTIL_CLAMP_MIN: Final = 32
SCHED_FLAG_UTIL_CLAMP_MAX: Final = 64
SCHED_FLAG_KEEP_ALL: Final = 24
SCHED_FLAG_UTIL_CLAMP: Final = 96
SCHED_FLAG_ALL: Final = 127

class clone_args(Structure):
    flags: int
    pidfd: int
    child_tid: int
    parent_tid: int
    exit_signal: int
    stack: int
    stack_size: int
    tls: int
    set_tid: int
    set_tid_size: int
    cgroup: int
