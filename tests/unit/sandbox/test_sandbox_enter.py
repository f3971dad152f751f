"""What a process has left in its sandbox, and that what devices do all day works there."""

from __future__ import annotations

import errno
import gc
import mmap
import os
import resource
import select
import signal
import socket
import sys
import threading
import time

import pytest

from kvmtool import log
from kvmtool.errors import BadInput, KvmtoolError
from kvmtool.event_loop import EventLoop
from kvmtool.sandbox import Policy, landlock, privileges, seccomp
from kvmtool.sandbox.calls import _BY_NAME, _PLAIN
from kvmtool.sandbox.enter import enter
from kvmtool.sandbox.kernel import close_all_but
from kvmtool.uapi.arm64 import unistd as arm64
from kvmtool.uapi.riscv64 import unistd as riscv64
from kvmtool.uapi.x86_64 import unistd as x86_64
from sandboxed.attempts import DONE, in_sandbox


class Sandboxed:
    """A process in a sandbox that waits to be looked at."""

    def __init__(self, policy: Policy, keep_fds: tuple[int, ...] = ()) -> None:
        ready, tell_ready = os.pipe()
        self._go, go = os.pipe()
        parent_pid = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                enter(policy, (0, 1, 2, tell_ready, self._go, *keep_fds), parent_pid)
                os.write(tell_ready, b"x")
                os.read(self._go, 1)
            finally:
                os._exit(0)
        self.kept = {0, 1, 2, tell_ready, self._go, *keep_fds}
        assert os.read(ready, 1) == b"x"
        for fd in (ready, tell_ready):
            os.close(fd)
        self._tell_go = go

    def __enter__(self) -> Sandboxed:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._tell_go)
        os.close(self._go)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def status(self) -> dict[str, str]:
        with open(f"/proc/{self.pid}/status") as lines:
            return {name: value.strip() for name, value in (line.split(":", 1) for line in lines)}


def test_sandboxed_process_has_no_capability_and_gains_none() -> None:
    with Sandboxed(Policy()) as process:
        status = process.status()
    none = "0" * 16
    assert [status[name] for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")] == [none] * 4
    if os.getuid() == 0:
        assert status["CapBnd"] == none
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"


@pytest.mark.skipif(os.getuid() != 0, reason="/proc/PID/fd of such a process is root's")
def test_sandboxed_process_has_only_the_kept_descriptors() -> None:
    with (
        open("/etc/passwd") as other,
        open("/dev/null") as kept,
        Sandboxed(Policy(), (kept.fileno(),)) as process,
    ):
        fds = {int(name) for name in os.listdir(f"/proc/{process.pid}/fd")}
        assert fds == process.kept
        assert other.fileno() not in fds
        assert os.stat(f"/proc/{process.pid}/fd").st_uid == 0


@pytest.mark.skipif(os.getuid() != 0, reason="the root of such a process is for root to see")
def test_root_of_a_sandboxed_process_has_no_files() -> None:
    with Sandboxed(Policy()) as process:
        root = os.readlink(f"/proc/{process.pid}/root")
        assert root.endswith("/fdinfo")
        assert os.readlink(f"/proc/{process.pid}/cwd") == root


def test_limits_are_those_of_the_policy() -> None:
    policy = Policy(memory_mib=100, open_files=64, file_size=1 << 20)
    with Sandboxed(policy) as process:
        limits = {
            which: resource.prlimit(process.pid, getattr(resource, f"RLIMIT_{which}"))
            for which in ("CORE", "DATA", "NOFILE", "FSIZE", "MEMLOCK", "NPROC")
        }
    assert limits == {
        "CORE": (0, 0),
        "DATA": (100 << 20, 100 << 20),
        "NOFILE": (64, 64),
        "FSIZE": (1 << 20, 1 << 20),
        "MEMLOCK": (0, 0),
        "NPROC": (0, 0),
    }


def test_limits_are_never_above_those_that_were() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)

    def limited(policy: Policy, keep_fds: object, parent_pid: int) -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))
        privileges.limit(policy)

    def look() -> None:
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (20, 20)

    assert in_sandbox(look, Policy(), hold=limited) == DONE
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before


def test_memory_of_its_own_is_bounded_and_shared_memory_is_not() -> None:
    fd = os.memfd_create("ram")
    os.ftruncate(fd, 512 << 20)

    def map_ram() -> None:
        mmap.mmap(fd, 512 << 20).close()

    def grow() -> None:
        bytearray(128 << 20)

    policy = Policy(memory_mib=96)
    assert in_sandbox(map_ram, policy, [fd]) == DONE
    assert in_sandbox(grow, policy) == "MemoryError()"
    os.close(fd)


def test_file_beyond_the_limit_is_an_error(tmp_path: object) -> None:
    fd = os.open(f"{tmp_path}/image", os.O_RDWR | os.O_CREAT)
    policy = Policy(file_size=4096)
    assert in_sandbox(lambda: os.pwrite(fd, b"x", 4095), policy, [fd]) == DONE
    assert in_sandbox(lambda: os.pwrite(fd, b"x", 4096), policy, [fd]) == "EFBIG"
    os.close(fd)


def test_sandboxed_process_dies_with_its_parent() -> None:
    reading, writing = os.pipe()
    parent = os.fork()
    if parent == 0:
        try:
            parent_pid = os.getpid()
            if os.fork() == 0:
                enter(Policy(), (writing,), parent_pid)
                os.write(writing, b"up")
            signal.pause()
        finally:
            os._exit(0)
    os.close(writing)
    assert os.read(reading, 2) == b"up"
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    # The pipe ends when nobody has its other end any more.
    assert os.read(reading, 1) == b""
    os.close(reading)


def test_process_whose_parent_is_gone_ends_instead_of_staying_behind() -> None:
    pid = os.fork()
    if pid == 0:
        try:
            privileges.die_with(1 if os.getppid() != 1 else 2)
        finally:
            os._exit(99)
    assert os.waitpid(pid, 0)[1] == 1 << 8


def serve_for_a_moment(sock: socket.socket) -> None:
    """Do what devices do: descriptors that are passed, shared memory, timers, garbage."""
    data, (fd,), _, _ = socket.recv_fds(sock, 16, 1)
    assert data == b"memory"
    assert os.fstat(fd).st_size == 1 << 20
    memory = mmap.mmap(fd, 1 << 20)
    memory[:4] = b"seen"
    loop = EventLoop()
    eventfd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
    loop.watch(eventfd, select.POLLIN, loop.stop)
    loop.call_after(0.001, lambda: os.eventfd_write(eventfd, 1))
    loop.run()
    assert os.eventfd_read(eventfd) == 1
    loop.close()
    growth = [bytes(1 << 16) for _ in range(500)]
    names = [str(number) for number in range(100_000)]
    del growth, names
    gc.collect()
    os.urandom(16)
    time.sleep(0.001)
    time.localtime()
    with socket.socket(fileno=os.dup(sock.fileno())) as again:
        socket.send_fds(again, [b"memory"], [fd])
    with open(os.dup(fd), "rb") as file:
        assert file.read(4) == b"seen"


def serve_with_threads(sock: socket.socket) -> None:
    threads = [threading.Thread(target=lambda: bytearray(1 << 20)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    loop = EventLoop()
    stopper = threading.Thread(target=loop.stop)
    stopper.start()
    loop.run()
    stopper.join()
    loop.close()
    serve_for_a_moment(sock)


@pytest.mark.parametrize(
    ("serve", "policy"),
    [(serve_for_a_moment, Policy()), (serve_with_threads, Policy(threads=True))],
)
def test_what_devices_do_works_in_a_sandbox(serve: object, policy: Policy) -> None:
    ours, theirs = socket.socketpair()
    fd = os.memfd_create("memory")
    os.ftruncate(fd, 1 << 20)
    socket.send_fds(ours, [b"memory"], [fd])
    assert callable(serve)
    assert in_sandbox(lambda: serve(theirs), policy, [theirs.fileno()]) == DONE
    assert os.pread(fd, 4, 0) == b"seen"
    data, (again,), _, _ = socket.recv_fds(ours, 16, 1)
    assert data == b"memory"
    assert os.path.sameopenfile(again, fd)
    for descriptor in (fd, again):
        os.close(descriptor)
    ours.close()
    theirs.close()


def test_import_in_a_sandbox_is_an_error_and_not_the_end() -> None:
    sys.modules.pop("this", None)

    def late_import() -> None:
        try:
            __import__("this")
        except ImportError:
            return
        raise AssertionError("a module was found")

    assert in_sandbox(late_import, Policy()) == DONE


def test_kernel_without_landlock_is_done_without(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(landlock, "version", lambda: 0)
    monkeypatch.setattr(log, "_level", log.LEVELS.index("debug"))
    landlock.restrict(Policy())
    assert "no Landlock" in capfd.readouterr().err


@pytest.mark.parametrize("known", [1, 2, 3, 4, 5, 6])
def test_older_landlock_restricts_what_it_knows(known: int) -> None:
    if landlock.version() < known:
        pytest.skip(f"this kernel has version {landlock.version()} of Landlock")

    def hold(policy: Policy, keep_fds: object, parent_pid: int) -> None:
        landlock.version = lambda: known  # in a process that ends soon
        privileges.drop_capabilities()
        landlock.restrict(policy)

    def opens() -> None:
        os.open("/etc/passwd", os.O_RDONLY)

    assert in_sandbox(opens, Policy(), hold=hold) == "EACCES"


def test_kernel_without_filters_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: int) -> int:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(seccomp, "syscall", refuse)
    with pytest.raises(KvmtoolError, match="no filter of system calls: Function not implemented"):
        seccomp.install(seccomp.program({}))


def test_host_without_user_namespaces_keeps_its_root(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "chroot", refuse)
    monkeypatch.setattr(privileges, "syscall", refuse)
    monkeypatch.setattr(log, "_level", log.LEVELS.index("debug"))
    privileges.leave_files_behind()
    assert "keeps its root directory: Operation not permitted" in capfd.readouterr().err


def test_closing_leaves_the_kept_descriptors_only() -> None:
    kept = os.dup(2)
    gone = os.dup(2)

    def hold(policy: Policy, keep_fds: tuple[int, ...], parent_pid: int) -> None:
        close_all_but(keep_fds)

    def look() -> None:
        os.fstat(kept)
        os.fstat(gone)

    assert in_sandbox(look, Policy(), [kept], hold=hold) == "EBADF"  # type: ignore[arg-type]
    assert in_sandbox(look, Policy(), [kept, gone], hold=hold) == DONE  # type: ignore[arg-type]
    os.close(kept)
    os.close(gone)


def test_calls_of_every_device_exist_on_some_architecture() -> None:
    tables = [vars(module) for module in (x86_64, arm64, riscv64)]
    for name in (*_PLAIN, *_BY_NAME):
        assert any(f"__NR_{name}" in table for table in tables), name


def test_policy_that_allows_more_is_otherwise_the_same() -> None:
    policy = Policy(
        syscalls=("fsync",),
        ioctls=(1,),
        threads=True,
        io_uring=True,
        readable=("/a",),
        writable=("/b",),
        memory_mib=99,
        open_files=98,
        file_size=97,
    )
    more = policy.allowing("accept4")
    assert more.syscalls == ("fsync", "accept4")
    others = set(Policy.__slots__) - {"syscalls"}
    assert {name: getattr(more, name) for name in others} == {
        name: getattr(policy, name) for name in others
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"readable": ("etc",)}, "paths must be absolute, not 'etc'"),
        ({"memory_mib": 4}, "memory_mib must be at least 32, not 4"),
        ({"open_files": 3}, "open_files must be at least 16, not 3"),
        ({"file_size": -1}, "file_size must be at least 0, not -1"),
    ],
)
def test_policy_that_cannot_be_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        Policy(**options)  # type: ignore[arg-type]
