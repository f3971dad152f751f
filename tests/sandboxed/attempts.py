"""What a device process must not be able to do, tried from inside a sandbox.

`attempts(policy)` tries everything that `ATTEMPTS` names, each in a process of its own that is
held to `policy`, and says what came of it; `expected(policy)` says what should. A test of a device
compares the two for the policy that the device declares.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap
import os
import shutil
import signal
import socket
import tempfile
import termios
from collections.abc import Callable, Iterable
from functools import partial

from kvmtool.sandbox import Policy
from kvmtool.sandbox.enter import enter
from kvmtool.sandbox.kernel import NUMBERS, syscall

DONE = "done"
"""What is said of an attempt that worked."""
KILLED = "SIGSYS"
"""What is said of an attempt for which the filter of system calls killed the process."""

Hold = Callable[[Policy, Iterable[int], int], None]

_AT_EMPTY_PATH = 0x1000
_AT_FDCWD = -100
_X32 = 0x40000000
# None of these is an address of anything.
_NOWHERE = -1


class Scene:
    """What an attacker has in hand: a parent, a directory left open, a file open for reading."""

    def __init__(self, directory: str) -> None:
        self.victim_pid = os.getpid()
        for name in ("secret", "other"):
            with open(os.path.join(directory, name), "w") as file:
                file.write("secret")
        self.path = os.path.join(directory, "secret")
        self.directory_fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        self.file_fd = os.open(self.path, os.O_RDONLY)

    def close(self) -> None:
        os.close(self.directory_fd)
        os.close(self.file_fd)


def _make_memory_executable(_: Scene) -> None:
    size = mmap.PAGESIZE
    memory = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    syscall(NUMBERS["mprotect"], address, size, mmap.PROT_READ | mmap.PROT_EXEC)


def _make_a_process(_: Scene) -> None:
    if os.fork() == 0:
        os._exit(0)
    os.wait()


def _have_a_signal_sent(scene: Scene) -> None:
    reading, writing = os.pipe2(os.O_NONBLOCK)
    fcntl.fcntl(reading, fcntl.F_SETSIG, signal.SIGWINCH)  # which the victim ignores
    fcntl.fcntl(reading, fcntl.F_SETOWN, scene.victim_pid)
    fcntl.fcntl(reading, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    os.write(writing, b"x")


def _make_an_eventfd_block(_: Scene) -> None:
    fcntl.fcntl(os.eventfd(0, os.EFD_NONBLOCK), fcntl.F_SETFL, 0)


def _stat_as_if_by_descriptor(_: Scene) -> None:
    path = ctypes.create_string_buffer(b"/etc/passwd")
    room = ctypes.create_string_buffer(256)
    arguments = (ctypes.addressof(path), ctypes.addressof(room), _AT_EMPTY_PATH)
    syscall(NUMBERS["newfstatat"], _AT_FDCWD, *arguments)


def _open_socket(family: int, kind: int, _: Scene) -> None:
    socket.socket(family, kind)


def _call(name: str, arguments: tuple[int, ...], _: Scene) -> None:
    syscall(NUMBERS[name], *arguments)


def _call_on_victim(name: str, arguments: tuple[int, ...], scene: Scene) -> None:
    syscall(NUMBERS[name], scene.victim_pid, *arguments)


BY_NAME: dict[str, Callable[[Scene], object]] = {
    "open a file": lambda _: os.open("/etc/passwd", os.O_RDONLY),
    "open a device": lambda _: os.open("/dev/null", os.O_RDWR),
    "open the victim's memory": lambda s: os.open(f"/proc/{s.victim_pid}/mem", os.O_RDWR),
    "open through a directory": lambda s: os.open("secret", os.O_RDONLY, dir_fd=s.directory_fd),
    "open out of a directory": lambda s: os.open("../..", os.O_RDONLY, dir_fd=s.directory_fd),
    "make a file": lambda s: os.open("new", os.O_CREAT | os.O_RDWR, dir_fd=s.directory_fd),
    "open again to write": lambda s: os.open(f"/proc/self/fd/{s.file_fd}", os.O_RDWR),
}
"""What opens files; the filter and Landlock both refuse it, and neither kills."""

CHANGES: dict[str, Callable[[Scene], object]] = {
    "unlink a file": lambda s: os.unlink("secret", dir_fd=s.directory_fd),
    "rename a file": lambda s: os.rename(
        "secret", "new", src_dir_fd=s.directory_fd, dst_dir_fd=s.directory_fd
    ),
    "make a directory": lambda s: os.mkdir("new", dir_fd=s.directory_fd),
    "make a symbolic link": lambda s: os.symlink("/", "new", dir_fd=s.directory_fd),
    "truncate a file": lambda s: os.truncate(s.path, 0),
}
"""What changes directories; the filter kills for it, and Landlock refuses it."""

ON_OTHERS: dict[str, Callable[[Scene], object]] = {
    "signal the victim": lambda s: os.kill(s.victim_pid, 0),
    "signal a thread of the victim": partial(_call_on_victim, "tkill", (0,)),
}
"""What reaches other processes; the filter kills for it, and Landlock (version 6) refuses it."""

ATTEMPTS: dict[str, Callable[[Scene], object]] = {
    **BY_NAME,
    **CHANGES,
    **ON_OTHERS,
    "stat a file": lambda _: os.stat("/etc/passwd"),
    "stat as if by descriptor": _stat_as_if_by_descriptor,
    "list a directory": lambda s: os.listdir(s.directory_fd),
    "go to a directory": lambda s: os.fchdir(s.directory_fd),
    "change a file's mode": lambda s: os.fchmod(s.file_fd, 0o777),
    "change a file's owner": lambda s: os.fchown(s.file_fd, 0, 0),
    "make a TCP socket": partial(_open_socket, socket.AF_INET, socket.SOCK_STREAM),
    "make a UDP socket": partial(_open_socket, socket.AF_INET6, socket.SOCK_DGRAM),
    "make a Unix socket": partial(_open_socket, socket.AF_UNIX, socket.SOCK_STREAM),
    "make a netlink socket": partial(_open_socket, socket.AF_NETLINK, socket.SOCK_RAW),
    "make a packet socket": partial(_open_socket, socket.AF_PACKET, socket.SOCK_RAW),
    "make a pair of sockets": lambda _: socket.socketpair(),
    "run a program": lambda _: os.execv("/bin/true", ["true"]),
    "run a program by descriptor": lambda s: os.execve(s.file_fd, ["x"], {}),
    "make a process": _make_a_process,
    "signal all": lambda _: os.kill(-1, 0),
    "signal the group": lambda _: os.kill(0, 0),
    "have a signal sent": _have_a_signal_sent,
    "make an eventfd block": _make_an_eventfd_block,
    "make an eventfd block by an ioctl": lambda _: os.set_blocking(os.eventfd(0), True),
    "take a handle of the victim": lambda s: os.pidfd_open(s.victim_pid),
    "trace the victim": partial(_call, "ptrace", (16, _NOWHERE, 0, 0)),
    "read the victim's memory": partial(_call_on_victim, "process_vm_readv", (0, 0, 0, 0)),
    "write the victim's memory": partial(_call_on_victim, "process_vm_writev", (0, 0, 0, 0)),
    "limit the victim": partial(_call_on_victim, "prlimit64", (7, 0, 0)),
    "map memory that no limit counts": lambda _: mmap.mmap(-1, 1 << 30),
    "map executable memory": lambda _: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC),
    "make memory executable": _make_memory_executable,
    "be dumpable": partial(_call, "prctl", (4, 1)),
    "type into the terminal": lambda _: fcntl.ioctl(2, termios.TIOCSTI, b"x"),
    "raise its limits": partial(_call, "prlimit64", (0, 7, _NOWHERE, 0)),
    "make a process with clone3": partial(_call, "clone3", (0, 0)),
    "make a ring": partial(_call, "io_uring_setup", (1, 0)),
}
"""Everything that is tried, by what it is; each may be called in a sandbox, without an import."""

ATTEMPTS |= {
    f"call {name}": partial(_call, name, (_NOWHERE,) * 4)
    for name in (
        *("bpf", "mount", "umount2", "pivot_root", "chroot", "setns", "unshare", "setuid"),
        *("setgid", "setgroups", "capset", "seccomp", "personality", "pkey_mprotect", "keyctl"),
        *("add_key", "init_module", "finit_module", "kexec_load", "perf_event_open"),
        *("userfaultfd", "open_by_handle_at", "name_to_handle_at", "fanotify_init", "syslog"),
        *("inotify_init1", "shmget", "msgget", "semget", "mq_open", "memfd_secret", "execveat"),
        *("pidfd_getfd", "pidfd_send_signal", "rt_sigqueueinfo", "setxattr", "linkat", "mknodat"),
        *("sched_setscheduler", "setpriority", "setsid", "setpgid", "quotactl", "swapon"),
        *("sethostname", "clock_settime", "bind", "connect", "listen", "accept4", "getdents64"),
        *("landlock_create_ruleset", "process_madvise", "vmsplice", "tee", "mlockall"),
        *("memfd_create", "ftruncate"),
    )
    if name in NUMBERS
}

if os.uname().machine == "x86_64":
    ATTEMPTS["call as x32"] = lambda _: syscall(_X32 | NUMBERS["getpid"])

_REFUSED = {
    **dict.fromkeys(BY_NAME, "EACCES"),
    "stat a file": "EACCES",
    # It leads into a root directory without files.
    "stat as if by descriptor": "ENOENT",
    "make a process with clone3": "ENOSYS",
}


def expected(policy: Policy) -> dict[str, str]:
    """Return what should come of each attempt under `policy`, but for calls that it declares."""
    outcomes = dict.fromkeys(ATTEMPTS, KILLED) | _REFUSED
    if policy.opens_files:
        outcomes |= {"stat a file": DONE, "stat as if by descriptor": DONE}
    if policy.io_uring:
        outcomes["make a ring"] = "EFAULT"
    declared = {f"call {name}" for name in policy.syscalls}
    return {name: outcome for name, outcome in outcomes.items() if name not in declared}


def attempts(
    policy: Policy, names: Iterable[str] | None = None, hold: Hold = enter
) -> dict[str, str]:
    """Try each of `names` in a process under `policy`, and return what came of it.

    `names` are those that `expected` speaks of, if not given. What came of it is DONE, the name of
    the error or of the signal that killed the process, or else the text of an exception.
    `hold(policy, keep_fds, parent_pid)` puts the process into its sandbox.
    """
    return {name: _outcome(ATTEMPTS[name], policy, hold) for name in names or expected(policy)}


def in_sandbox(
    attempt: Callable[[], object],
    policy: Policy,
    keep_fds: Iterable[int] = (),
    hold: Hold = enter,
) -> str:
    """Call `attempt` in a process under `policy`; return what came of it, as `attempts` does."""
    reading, writing = os.pipe()
    parent_pid = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            hold(policy, (0, 1, 2, writing, *keep_fds), parent_pid)
            try:
                attempt()
                outcome = DONE
            except OSError as error:
                outcome = errno.errorcode.get(error.errno or 0, repr(error))
            except BaseException as error:
                outcome = repr(error)
            os.write(writing, outcome.encode())
        except BaseException as error:
            os.write(writing, f"no sandbox: {error!r}".encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as results:
        outcome = results.read().decode()
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return outcome or f"status {status:#x}"


def _outcome(attempt: Callable[[Scene], object], policy: Policy, hold: Hold) -> str:
    directory = tempfile.mkdtemp()
    scene = Scene(directory)
    try:
        keep_fds = (scene.directory_fd, scene.file_fd)
        return in_sandbox(partial(attempt, scene), policy, keep_fds, hold)
    finally:
        scene.close()
        shutil.rmtree(directory)
