"""Serves a device of ours to a front-end: in a device process, in a thread, or as a daemon."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import socket
import stat
import sys
import threading
import time
from collections import deque

from kvmtool import log
from kvmtool.errors import BadInput, KvmtoolError
from kvmtool.event_loop import EventLoop
from kvmtool.vhost.bounded_log import BoundedLog
from kvmtool.vhost.user.backend import Backend
from kvmtool.virtio.process import ends_within, signal_name
from kvmtool.virtio.process_output import MOST_OUTPUT, Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from kvmtool.virtio.device import VirtioDevice

_BACKLOG = 1
_AT_ONCE = 20
_WITHIN_S = 60.0
_PAUSE_S = 1.0
_GRACE_S = 5.0
_STDERR = 2


def serve(device: VirtioDevice, sock: socket.socket) -> None:
    """Serve `device` to the front-end at the other end of `sock` until that closes it."""
    loop = EventLoop()
    backend = Backend(device, sock, loop, on_closed=loop.stop)
    try:
        loop.run()
    finally:
        backend.close()
        loop.close()


def serve_in_process(device: VirtioDevice, sock: socket.socket) -> None:
    """Serve `device` in a process that is there for nothing else, and give it up at the end."""
    try:
        serve(device, sock)
    finally:
        device.close()


class ServingThread:
    """Serves a device from a thread of this process; `sock` is the front-end's end."""

    def __init__(self, device: VirtioDevice) -> None:
        self.sock, theirs = socket.socketpair()
        self._thread = threading.Thread(target=serve, args=(device, theirs), name=device.name)
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait for the thread's end, which comes when the front-end closes its socket."""
        self._thread.join(timeout_s)


def listen(device: VirtioDevice, path: str, *, sandbox: bool) -> None:
    """Serve front-ends on the Unix socket `path`, one after the other, until a signal ends it.

    The device is in a sandboxed process. This one replaces that as often as it is killed, which is
    what a front-end may lead to, and removes the socket at the end. Raises BadInput where there can
    be no socket.
    """
    if not path:
        raise BadInput("a socket needs a path, such as /tmp/disk")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if _is_left_behind(path):
            os.unlink(path)
        listener.bind(path)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        if error.errno == errno.EADDRINUSE:
            reason = "it is there already; give another path, or remove it if nobody uses it"
        raise BadInput(f"cannot listen on {path}: {reason}") from None
    ours = os.lstat(path)
    complaints = BoundedLog()
    deaths: deque[float] = deque(maxlen=_AT_ONCE)
    begun = f"{device.name} is served on {path}"
    try:
        while True:
            status = _serve_in_child(device, listener, begun, sandbox=sandbox)
            begun = ""
            if not os.WIFSIGNALED(status):
                raise KvmtoolError(f"{device.name}: the device's process has ended")
            # A front-end that breaks its device's process has broken it for nobody else.
            killer = signal_name(os.WTERMSIG(status))
            complaints.warning(
                f"{device.name}: its process was killed by {killer}; another one goes on"
            )
            now = time.monotonic()
            if len(deaths) == _AT_ONCE and deaths[0] > now - _WITHIN_S:
                time.sleep(_PAUSE_S)  # a front-end that does it on purpose gets no whole CPU
            deaths.append(now)
    finally:
        listener.close()
        with contextlib.suppress(FileNotFoundError):
            found = os.lstat(path)
            if (found.st_dev, found.st_ino) == (ours.st_dev, ours.st_ino):
                os.unlink(path)


def _serve_in_child(
    device: VirtioDevice, listener: socket.socket, begun: str, *, sandbox: bool
) -> int:
    """Serve from a process of its own, and return its status; a signal to us ends it too.

    `begun` is what to say when it is there, if anything.
    """
    parent = os.getpid()
    output = None
    if sandbox and sys.stderr is not None:
        # A terminal is no descriptor to leave with a process that may be taken over.
        reading, writing = os.pipe2(os.O_CLOEXEC)
        most = sys.maxsize if device.traced else MOST_OUTPUT
        output = Output(device.name, reading, sys.stderr, most)
    # A signal is for who has its handlers in place: neither end may be left by one in between.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    child = 0
    try:
        child = os.fork()
        if not child:
            if output is not None:
                os.dup2(writing, _STDERR)
            _serve_for_ever(device, listener, parent, before, sandbox=sandbox)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if begun:
            log.info(begun)
        if output is not None:
            os.close(writing)
        _wait_for_end(child, output)
        status = os.waitpid(child, 0)[1]
        child = 0
        return status
    finally:
        if child:
            _end_process(child)
        if output is not None:
            output.close()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_process(child: int) -> None:
    """Have the process end by itself; one that a front-end has a hold of is killed after 5 s."""
    os.kill(child, signal.SIGTERM)
    pidfd = os.pidfd_open(child)
    try:
        if not ends_within(pidfd, _GRACE_S):
            os.kill(child, signal.SIGKILL)
    finally:
        os.close(pidfd)
    os.waitpid(child, 0)


def _wait_for_end(child: int, output: Output | None) -> None:
    """Wait until the process has ended, and pass on what it says meanwhile."""
    # Not in waitpid(2): a signal that comes just before that is not noticed before it returns.
    pidfd = os.pidfd_open(child)
    loop = EventLoop()
    loop.watch(pidfd, select.POLLIN, loop.stop)
    if output is not None:
        passing_on = output
        loop.watch(
            output.fd,
            select.POLLIN,
            lambda: None if passing_on.pass_on() else loop.unwatch(passing_on.fd),
        )
    try:
        loop.run()
    finally:
        os.close(pidfd)
        loop.close()


def _accept(listener: socket.socket) -> socket.socket:
    """Wait for a front-end, not in accept(2), for the same reason."""
    loop = EventLoop()
    loop.watch(listener.fileno(), select.POLLIN, loop.stop)
    try:
        loop.run()
    finally:
        loop.close()
    return listener.accept()[0]


def _is_left_behind(path: str) -> bool:
    """Whether `path` is a socket that nobody listens on any more."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)  # one whose backlog is full is alive
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            return stat.S_ISSOCK(os.lstat(path).st_mode)
        except OSError:
            return False
    return False


def _serve_for_ever(
    device: VirtioDevice,
    listener: socket.socket,
    parent: int,
    signals: set[int | signal.Signals],
    *,
    sandbox: bool,
) -> None:
    """Accept front-ends in this process, which never returns from here; SIGTERM ends it.

    All signals are blocked when it is called; `signals` are those that are to be from then on.
    """
    status = 1
    try:
        from kvmtool.sandbox import privileges

        privileges.die_with(parent)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, _end)
        signal.pthread_sigmask(signal.SIG_SETMASK, signals)
        if sandbox:
            from kvmtool.sandbox.enter import enter

            enter(
                # A front-end asks for areas of what is in flight, which are files.
                device.policy.allowing("accept4", "memfd_create", "ftruncate"),
                [_STDERR, listener.fileno(), *device.descriptors()],
            )
        try:
            while True:
                serve(device, _accept(listener))
        finally:
            device.close()
    except SystemExit:
        status = 0
    except Exception as error:
        log.error(f"{device.name}: {type(error).__name__}: {error}")
    finally:
        os._exit(status)


def _end(*_: object) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit
