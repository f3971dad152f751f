"""What runs in L1 as its first process: it starts one command and serves its streams.

The initramfs holds the interpreter, and this module is imported and waiting for its command when
L1's snapshot is taken; so a run costs none of that. Everything the command sees comes from the
host's tree, mounted then over 9p.
"""

from __future__ import annotations

import argparse  # noqa: F401 - these are here for the lkvm command, which is forked from here
import ctypes
import enum  # noqa: F401
import errno
import fcntl
import marshal
import mmap  # noqa: F401
import os
import select
import signal
import socket  # noqa: F401
import struct
import sys
import termios
import threading  # noqa: F401
import time
import traceback

from kvmtool.emulated import protocol, streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_HOST = "/host"
_MS_BIND_ALL = 4096 | 16384  # MS_BIND, MS_REC
_CLONE_FS = 0x200
_RNDADDENTROPY = 0x40085203
_RNDRESEEDCRNG = 0x5207
_GRACE_MS = 200  # for the last bytes of a terminal that a background process keeps open
_MOST_OPEN = 64  # more than this process ever has
_LEFT_BEHIND = 256 << 10  # more than a pipe or terminal holds when its writer ends
_DEVICES = ("kvm", "vhost-net", "vhost-vsock", "net/tun")
_LINKS = (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2"))
_libc = ctypes.CDLL(None, use_errno=True)


class _Refused(Exception):
    """The command cannot be started; the message says why."""


def main() -> None:
    """Serve one command, then let the machine wait to be ended."""
    try:
        port = _open_port()
        _write_all(port, protocol.frame(protocol.READY))
        start = _receive_start(port)
        try:
            _enter_host(start)
            _Command(port, start).serve()
        except _Refused as refusal:
            _write_all(port, protocol.frame(protocol.FAILED, 0, str(refusal).encode()))
        signal.pause()
    except BaseException:
        traceback.print_exc()
        os._exit(1)  # the first process: the kernel panics, QEMU ends, the relay says so


def _open_port() -> int:
    folder = "/sys/class/virtio-ports"
    for name in os.listdir(folder):
        with open(f"{folder}/{name}/name") as file:
            if file.read().strip() == protocol.PORT_NAME:
                return os.open(f"/dev/{name}", os.O_RDWR | os.O_CLOEXEC)
    raise FileNotFoundError(errno.ENOENT, "no such port", protocol.PORT_NAME)


def _write_all(fd: int, data: bytes) -> None:
    os.set_blocking(fd, True)
    while data:
        data = data[os.write(fd, data) :]


def _receive_start(port: int) -> dict[str, Any]:
    decoder = protocol.Decoder()
    while True:
        data = os.read(port, protocol.CHUNK)
        for kind, _, payload in decoder.feed(data):
            if kind == protocol.START:
                start: dict[str, Any] = marshal.loads(payload)
                return start


def _mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> None:
    words = [os.fsencode(word) for word in (source, target, kind)]
    if _libc.mount(*words, ctypes.c_ulong(flags), os.fsencode(options)):
        code = ctypes.get_errno()
        raise _Refused(f"L1 cannot mount {kind} on {target}: {os.strerror(code)}")


def _enter_host(start: dict[str, Any]) -> None:
    """Make the host's tree this process's root, with L1's own /proc, /sys, /dev and /run."""
    time.clock_settime(time.CLOCK_REALTIME, start["time"])
    with open("/dev/urandom", "rb") as urandom:
        seed = start["entropy"]
        fcntl.ioctl(urandom, _RNDADDENTROPY, struct.pack("ii", 8 * len(seed), len(seed)) + seed)
        fcntl.ioctl(urandom, _RNDRESEEDCRNG)
    with open("/proc/sys/kernel/hostname", "w") as file:
        file.write(start["hostname"])
    _mount("root", _HOST, "9p", 0, start["mount_options"])
    for kind, target in (("proc", "/proc"), ("sysfs", "/sys"), ("tmpfs", "/run")):
        if os.path.isdir(_HOST + target):
            _mount(kind, _HOST + target, kind, 0, "mode=755" if kind == "tmpfs" else "")
    _mount("/dev", _HOST + "/dev", "none", _MS_BIND_ALL)
    modules = f"/lib/modules/{os.uname().release}"
    os.makedirs("/lib/modules", exist_ok=True)
    os.symlink(_HOST + start["modules"], modules)
    # The kernel calls modprobe in the root that its threads share with the first process: they
    # keep the initramfs, whatever the host's tree has in /sbin and /lib/modules.
    _libc.unshare(_CLONE_FS)
    os.chroot(_HOST)
    for name in _DEVICES:
        if os.path.exists(f"/dev/{name}"):
            os.chmod(f"/dev/{name}", 0o666)
    runtime = start["environment"].get(b"XDG_RUNTIME_DIR", b"")
    if runtime.startswith(b"/run/"):
        os.makedirs(runtime, exist_ok=True)
        os.chmod(runtime, 0o700)
        os.chown(runtime, start["uid"], start["gid"])


def prepare_devices() -> None:
    """Complete L1's /dev: its pseudo-terminals, shared memory and links, as udev would."""
    for name, target in _LINKS:
        os.symlink("/proc/self/fd" + target, f"/dev/{name}")
    for name, kind, options in (
        ("pts", "devpts", "mode=620,ptmxmode=666"),
        ("shm", "tmpfs", "mode=1777"),
    ):
        os.makedirs(f"/dev/{name}", exist_ok=True)
        _mount(kind, f"/dev/{name}", kind, 0, options)
    os.chmod("/dev/ptmx", 0o666)


class _Command:
    """The command, its process and the descriptors that it was given."""

    def __init__(self, port: int, start: dict[str, Any]) -> None:
        self._port = port
        self._start = start
        self._loop = streams.Loop(port, self._on_broken)
        self._child_ends: list[int | None] = [None, None, None]
        self._terminal: int | None = None
        self._status: int | None = None
        self._make_streams()
        children, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._pid = self._spawn()
        for end in {end for end in self._child_ends if end is not None}:
            os.close(end)
        self._loop.watched[children] = lambda: self._reap(children)
        _be_woken_at_once()
        self._loop.send(protocol.frame(protocol.RUNNING))

    def serve(self) -> None:
        """Move bytes until the command ends, then report how."""
        os.set_blocking(self._port, False)
        while self._status is None:
            self._serve_once(None)
        self._drain()
        os.sync()
        self._loop.send(protocol.count_frame(protocol.EXIT, 0, self._status))
        while not self._loop.flushed:
            self._serve_once(None)

    def _serve_once(self, timeout_ms: int | None) -> None:
        for kind, _, payload in self._loop.step(timeout_ms) or ():
            if kind == protocol.SIGNAL and self._status is None:
                number, to_group = payload
                if to_group:
                    os.killpg(self._pid, number)
                else:
                    os.kill(self._pid, number)
            elif kind == protocol.RESIZE and self._terminal is not None:
                fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, payload)
            elif kind == protocol.NUDGE:
                _visit_all_cpus()

    def _drain(self) -> None:
        """Send what the command wrote before its end, without waiting for its descendants."""
        self._loop.sinks.clear()
        for source in list(self._loop.sources.values()):
            patience = _GRACE_MS if source.fd == self._terminal else 0
            limit = source.total + _LEFT_BEHIND
            while source.open and source.total < limit:
                if source.wants and not _readable(source.fd, patience):
                    break
                self._serve_once(None)
        self._loop.sources.clear()

    def _reap(self, children: int) -> None:
        os.read(children, 4096)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            if pid == self._pid:
                code = os.waitstatus_to_exitcode(status)
                self._status = code if code >= 0 else 128 - code

    def _make_streams(self) -> None:
        kinds = self._start["streams"]
        if "terminal" in kinds:
            self._terminal, slave = self._open_terminal()
        for stream, kind in enumerate(kinds):
            if kind == "terminal":
                assert self._terminal is not None
                self._child_ends[stream] = slave
                ours = self._terminal
            elif kind == "pipe":
                reader, writer = os.pipe2(os.O_CLOEXEC)
                ours = writer if stream == 0 else reader
                os.set_blocking(ours, False)
                self._child_ends[stream] = reader if stream == 0 else writer
            else:
                continue
            if stream == 0:
                close = self._end_of_input if kind == "terminal" else self._closer(ours)
                sink = streams.Sink(ours, 0, blocking=False, on_close=close)
                self._loop.sinks[0] = sink
            elif not (kind == "terminal" and stream == 2 and kinds[1] == "terminal"):
                self._loop.sources[stream] = streams.Source(ours, stream)
        if kinds[2] == "output":
            self._child_ends[2] = self._child_ends[1]

    def _open_terminal(self) -> tuple[int, int]:
        master, slave = os.openpty()
        os.set_blocking(master, False)
        if self._start["termios"]:
            termios.tcsetattr(slave, termios.TCSANOW, self._start["termios"])
        if self._start["winsize"]:
            fcntl.ioctl(master, termios.TIOCSWINSZ, self._start["winsize"])
        return master, slave

    def _end_of_input(self) -> None:
        """A terminal that went away hangs up; nothing more can be typed."""

    def _closer(self, fd: int) -> Callable[[], None]:
        return lambda: os.close(fd)

    def _on_broken(self, stream: int) -> None:
        """Close our end, so that the command meets EPIPE when it writes on."""
        source = self._loop.sources.pop(stream)
        if source.fd != self._terminal:
            os.close(source.fd)

    def _spawn(self) -> int:
        failed, report = os.pipe2(os.O_CLOEXEC)
        pid = os.fork()
        if pid == 0:
            self._become_command(report)
        os.close(report)
        with open(failed, "rb") as file:
            reason = file.read()
        if reason:
            raise _Refused(reason.decode(errors="replace"))
        return pid

    def _become_command(self, report: int) -> None:
        """Be the command; on an error before it runs, say so to `report`."""
        start = self._start
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._set_up_process(report)
            os.setgroups(start["groups"])
            os.setgid(start["gid"])
            os.setuid(start["uid"])
            os.umask(start["umask"])
            try:
                os.chdir(start["cwd"])
            except OSError as error:
                where = os.fsdecode(start["cwd"])
                raise _Refused(
                    f"the emulated host cannot enter {where}: {error.strerror}"
                    " (/run, /dev and /proc are its own)"
                ) from None
            if start["lkvm"]:
                self._be_lkvm(report)
            _exec(start)
        except BaseException as error:
            os.write(report, str(error).encode(errors="replace") or b"?")
            os._exit(127)

    def _set_up_process(self, report: int) -> None:
        if self._terminal is None:
            os.setpgid(0, 0)
        else:
            os.setsid()
        ends = [
            None if end is None else fcntl.fcntl(end, fcntl.F_DUPFD, 3) for end in self._child_ends
        ]
        for fd, end in enumerate(ends):
            if end is not None:
                os.dup2(end, fd)
            else:
                try:
                    os.close(fd)
                except OSError as error:
                    if error.errno != errno.EBADF:
                        raise
        os.closerange(3, report)
        os.closerange(report + 1, _MOST_OPEN)
        if self._terminal is not None:
            slave = self._start["streams"].index("terminal")
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

    def _be_lkvm(self, report: int) -> None:
        """Run the lkvm command in this very process: its interpreter is up already."""
        start = self._start
        os.environb.clear()
        os.environb.update(start["environment"])
        sys.path[:] = start["path"]
        sys.argv = list(start["argv"])
        sys.executable = start["executable"]
        sys.prefix, sys.exec_prefix = start["prefix"]
        sys.stdin = _text(0, "r")
        sys.stdout = _text(1, "w")
        sys.stderr = _text(2, "w")
        os.close(report)
        code = 1
        try:
            from kvmtool.cli.main import main as lkvm

            result = lkvm(sys.argv[1:])
            code = result if isinstance(result, int) else 0
        except SystemExit as ending:
            code = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
            if isinstance(ending.code, str):
                print(ending.code, file=sys.stderr)
        except BaseException:
            traceback.print_exc()
        for file in (sys.stdout, sys.stderr):
            try:
                file.flush()
            except (OSError, AttributeError):
                code = code or 1
        os._exit(code & 0xFF)


def _exec(start: dict[str, Any]) -> None:
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    command = start["argv"]
    try:
        os.execvpe(command[0], command, start["environment"])
    except OSError as error:
        raise _Refused(f"{os.fsdecode(command[0])}: {error.strerror}") from None


def _be_woken_at_once() -> None:
    """Wait for no timer's tick of a CPU that something else runs on: it may have been lost."""
    if len(os.sched_getaffinity(0)) > 1:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def _visit_all_cpus() -> None:
    """Have every CPU interrupted, as a CPU is when something urgent comes to it."""
    cpus = os.sched_getaffinity(0)
    if len(cpus) > 1:
        for cpu in cpus:
            os.sched_setaffinity(0, {cpu})
        os.sched_setaffinity(0, cpus)


def _text(fd: int, mode: str) -> Any:
    try:
        os.fstat(fd)
    except OSError:
        return None
    return open(fd, mode, buffering=1 if mode == "w" and os.isatty(fd) else -1, closefd=False)


def _readable(fd: int, timeout_ms: int) -> bool:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(timeout_ms))
