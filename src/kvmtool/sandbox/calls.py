"""The system calls of every device process: an event loop, memory, and descriptors that it has.

What Python and the C library do by themselves was taken from strace; what is not here and not in
a device's policy kills the process. Arguments are held to what is safe: no executable memory, no
process but itself to signal, no new sockets, no files by name.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import termios

from kvmtool.errors import BadInput
from kvmtool.sandbox.kernel import NUMBERS
from kvmtool.uapi.linux import prctl, sched

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.sandbox.policy import Policy


class Check:
    """A condition on the low 32 bits of argument `index`, or with `zero` on all 64.

    It must be one of `values`, if there are any; have all bits of `has`; and none of `lacks`. One
    that has none of the bits of `when`, if there are any, passes; so does any if `only`, the index
    and the value of another argument, is not met.
    """

    __slots__ = ("has", "index", "lacks", "only", "values", "when", "zero")

    def __init__(
        self,
        index: int,
        values: tuple[int, ...] = (),
        *,
        has: int = 0,
        lacks: int = 0,
        when: int = 0,
        only: tuple[int, int] | None = None,
        zero: bool = False,
    ) -> None:
        self.index = index
        self.values = values
        self.has = has
        self.lacks = lacks
        self.when = when
        self.only = only
        self.zero = zero


class Call:
    """When a system call is allowed: if it passes all `checks`.

    One that does not fails with the error number `refusal`, or kills the process if that is 0.
    """

    __slots__ = ("allowed", "checks", "refusal")

    def __init__(self, *checks: Check, allowed: bool = True, refusal: int = 0) -> None:
        self.checks = checks
        self.allowed = allowed
        self.refusal = refusal


_ALWAYS = Call()

# Some are of one architecture only: epoll_wait and poll are x86-64's.
# fmt: off
_PLAIN = (
    "brk", "munmap", "mremap", "madvise",
    "futex", "set_robust_list", "rseq", "sched_yield", "sched_getaffinity", "exit",
    "exit_group", "restart_syscall",
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack",
    "getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getrandom",
    "getrusage", "sysinfo", "uname",
    "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time",
    "timerfd_create", "timerfd_settime", "timerfd_gettime", "eventfd2", "pipe2",
    "poll", "ppoll", "select", "pselect6", "epoll_create1", "epoll_ctl", "epoll_wait",
    "epoll_pwait", "epoll_pwait2",
    "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2",
    "pwritev2", "lseek", "close", "fstat", "dup", "dup3",
    "recvmsg", "sendmsg", "recvfrom", "sendto", "shutdown", "getsockname", "getpeername",
    "getsockopt", "setsockopt",
)

# Libraries look for files in passing (a time zone, a module, a line of source): they are told
# that there is none rather than killed, so that the device can say what it lacked.
_BY_NAME = (
    "open", "openat", "openat2", "stat", "lstat", "statx", "access", "faccessat",
    "faccessat2", "readlink", "readlinkat", "getcwd",
)
# fmt: on

# F_SETOWN and F_SETSIG are not among these: they would signal any process of this user.
_FCNTLS = (
    fcntl.F_DUPFD,
    fcntl.F_DUPFD_CLOEXEC,
    fcntl.F_GETFD,
    fcntl.F_SETFD,
    fcntl.F_GETFL,
    fcntl.F_SETFL,
    fcntl.F_ADD_SEALS,
    fcntl.F_GET_SEALS,
)
# An eventfd that blocks would do so for the VMM too, which has the same one; what FIONBIO sets is
# in memory, out of a filter's sight.
_NEVER_BLOCKS = Check(2, has=os.O_NONBLOCK, only=(1, fcntl.F_SETFL))
_IOCTLS = (termios.TCGETS, termios.FIONREAD, termios.FIOCLEX, termios.FIONCLEX)
_PRCTLS = (prctl.PR_SET_NAME, prctl.PR_GET_NAME, prctl.PR_SET_VMA)

# What C libraries pass for a thread; CLONE_DETACHED is musl's.
_THREAD = (
    sched.CLONE_VM
    | sched.CLONE_FS
    | sched.CLONE_FILES
    | sched.CLONE_SIGHAND
    | sched.CLONE_THREAD
    | sched.CLONE_SYSVSEM
    | sched.CLONE_SETTLS
    | sched.CLONE_PARENT_SETTID
    | sched.CLONE_CHILD_CLEARTID
    | sched.CLONE_DETACHED
)
_BITS = 0xFFFFFFFF
# linux/fcntl.h; a name that is not empty is looked up all the same, in a root that has none.
_AT_EMPTY_PATH = 0x1000


def allowed(policy: Policy, pid: int) -> dict[str, Call]:
    """Return when each system call is allowed to the process `pid` under `policy`, by name.

    Raises BadInput if the policy names a call that this architecture has not, or one of those
    whose arguments are held to what is safe.
    """
    rules = dict.fromkeys(_PLAIN, _ALWAYS)
    by_name = _ALWAYS if policy.opens_files else Call(allowed=False, refusal=errno.EACCES)
    rules |= dict.fromkeys(_BY_NAME, by_name)
    not_executable = Call(Check(2, lacks=mmap.PROT_EXEC))
    # Anonymous memory that is shared no limit of a process counts, as it is a file.
    limited = Check(3, lacks=mmap.MAP_SHARED, when=mmap.MAP_ANONYMOUS)
    itself = Call(Check(0, (pid,)))
    rules |= {
        "newfstatat": Call(Check(3, has=_AT_EMPTY_PATH), refusal=errno.EACCES),
        "mmap": Call(*not_executable.checks, limited),
        "mprotect": not_executable,
        "fcntl": Call(Check(1, _FCNTLS), _NEVER_BLOCKS),
        "ioctl": Call(Check(1, _IOCTLS + policy.ioctls)),
        "prctl": Call(Check(0, _PRCTLS)),
        "kill": itself,
        "tgkill": itself,
        # Reading one's own limits, as the C library does for a thread's stack.
        "prlimit64": Call(Check(0, (0,)), Check(2, zero=True)),
        # Its flags are in memory, out of a filter's sight; C libraries fall back to clone.
        "clone3": Call(allowed=False, refusal=errno.ENOSYS),
    }
    if policy.opens_files:
        rules["newfstatat"] = _ALWAYS
    if policy.threads:
        rules["clone"] = Call(Check(0, has=sched.CLONE_THREAD, lacks=_BITS & ~_THREAD))
    if policy.io_uring:
        rules |= dict.fromkeys(("io_uring_setup", "io_uring_enter", "io_uring_register"), _ALWAYS)
    for name in policy.syscalls:
        if name not in NUMBERS:
            raise BadInput(f"a sandbox's policy names {name!r}, which is no system call here")
        if name in rules and rules[name] is not _ALWAYS:
            raise BadInput(f"a sandbox's policy cannot lift what holds the arguments of {name}")
        rules[name] = _ALWAYS
    return {name: call for name, call in rules.items() if name in NUMBERS}
