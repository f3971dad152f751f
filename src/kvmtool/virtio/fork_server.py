"""The process that forks the devices' processes, and the beginning and end of those.

It has one thread and does nothing but wait, so that forking is safe and cheap at any time. What
sandboxed devices have to say goes through it: a terminal is no descriptor to leave with a process
that a guest may have taken over.
"""

from __future__ import annotations

import ctypes
import gc
import os
import select
import signal
import socket
import sys
import time

from kvmtool import log
from kvmtool.errors import KvmtoolError
from kvmtool.sandbox import kernel, privileges
from kvmtool.sandbox.enter import enter
from kvmtool.uapi.linux import prctl
from kvmtool.virtio.process import REQUEST, ends_within, signal_name
from kvmtool.virtio.process_output import MOST_OUTPUT, Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn, TextIO

    from kvmtool.virtio.process import ServedDevice

# Once the VMM's end is closed: how long devices have to end by themselves, and to die.
GRACE_S = 1.0
KILL_S = 2.0
# A process that dies closes its socket a little before its end can be seen, and why it ended.
_DYING_S = 0.05

# What a terminal or a service manager sends to all of a group is for the VMM to act on: devices
# go on until it closes their sockets.
_FOR_THE_VMM = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGTSTP,
    signal.SIGTTIN,
    signal.SIGTTOU,
)
_STDIN, _STDOUT, _STDERR = range(3)
# A request carries one descriptor.
_RIGHTS_BYTES = socket.CMSG_SPACE(4)


class _Child:
    """A running process of the device `index`."""

    __slots__ = ("index", "killed", "output", "pid", "pidfd")

    def __init__(self, index: int, pid: int, output: Output | None) -> None:
        self.index = index
        self.pid = pid
        self.pidfd = os.pidfd_open(pid)
        self.output = output
        self.killed = False


class ForkServer:
    """Forks a process for each request that comes over `requests`, until its other end closes."""

    def __init__(
        self, requests: socket.socket, devices: tuple[ServedDevice, ...], *, sandbox: bool
    ) -> None:
        self._requests = requests
        self._devices = devices
        self._sandbox = sandbox
        self._pid = os.getpid()
        self._children: dict[int, _Child] = {}  # by device
        self._waiting: dict[int, int] = {}  # sockets for devices whose old process is yet dying
        self._poll = select.poll()

    def run(self) -> None:
        """Serve until the other end of the socket is closed; then no child is left."""
        self._leave_the_vmm()
        gc.freeze()  # a collection in a child would write to, and so copy, every page of objects
        self._poll.register(self._requests, select.POLLIN)
        while self._step(None):
            pass
        self._poll.unregister(self._requests)
        self._drop_waiting()
        self._until_alone(GRACE_S)
        for child in self._children.values():
            self._kill(child)
        self._until_alone(KILL_S)

    def _leave_the_vmm(self) -> None:
        """Give up what was the VMM's: signal handlers, descriptors, the terminal."""
        signal.set_wakeup_fd(-1)
        for number in signal.valid_signals():
            if callable(signal.getsignal(number)):
                signal.signal(number, signal.SIG_DFL)
        for number in _FOR_THE_VMM:
            signal.signal(number, signal.SIG_IGN)
        # Who started the VMM may have had it ignored, and children then leave no status.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        # A new socket would be given it by an ioctl that a device's process may not use.
        socket.setdefaulttimeout(None)
        _name_process("lkvm-devices")
        taken = {self._requests.fileno()}.union(*(device.fds for device in self._devices))
        kernel.close_all_but(taken | {_STDERR})
        # The VMM's sys.stderr may be an object of its own, and no descriptor.
        sys.stderr = None if _STDERR in taken else _text_stream(_STDERR)
        unused = {_STDIN, _STDOUT} if sys.stderr else {_STDIN, _STDOUT, _STDERR}
        null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        for fd in unused - taken:
            os.dup2(null, fd)
        if null not in unused:
            os.close(null)

    def _step(self, timeout_s: float | None) -> bool:
        """Handle what comes first; False if the VMM has closed its end."""
        ready = {fd for fd, _ in self._poll.poll(timeout_s and timeout_s * 1000)}
        for child in list(self._children.values()):
            output = child.output
            if output is not None and output.fd in ready and not output.pass_on():
                self._end_output(child)
            if child.pidfd in ready:
                self._bury(child)
        return self._requests.fileno() not in ready or self._take_request()

    def _until_alone(self, limit_s: float) -> None:
        """Go on until there are no children, or `limit_s` seconds are over."""
        end = time.monotonic() + limit_s
        while self._children and (left := end - time.monotonic()) > 0:
            self._step(left)

    def _take_request(self) -> bool:
        try:
            data, rights, _, _ = self._requests.recvmsg(
                REQUEST.size, _RIGHTS_BYTES, socket.MSG_CMSG_CLOEXEC
            )
        except ConnectionError:
            return False
        if not data:
            return False
        (index,) = REQUEST.unpack(data)
        ((_, _, fd),) = rights
        self._start(index, int.from_bytes(fd, sys.byteorder))
        return True

    def _start(self, index: int, fd: int) -> None:
        """Have `fd` served by a new process, once the device's old one is gone."""
        if index in self._waiting:
            os.close(self._waiting.pop(index))
        before = self._children.get(index)
        if before is not None and ends_within(before.pidfd, _DYING_S):
            self._bury(before)
            before = None
        if before is None:
            self._fork(index, fd)
            return
        self._kill(before)
        self._waiting[index] = fd

    def _fork(self, index: int, fd: int) -> None:
        name = self._devices[index].name
        output = None
        writing = -1
        try:
            if self._sandbox and sys.stderr is not None:
                reading, writing = os.pipe2(os.O_CLOEXEC)
                most = sys.maxsize if self._devices[index].talks else MOST_OUTPUT
                output = Output(name, reading, sys.stderr, most)
            pid = os.fork()
            if pid == 0:
                self._child(self._devices[index], fd, writing)
        except OSError as error:
            log.error(f"{name}: no process for it: {error.strerror}")
            if output is not None:
                os.close(output.fd)
            return
        finally:
            os.close(fd)
            if writing >= 0:
                os.close(writing)
        child = _Child(index, pid, output)
        self._children[index] = child
        self._poll.register(child.pidfd, select.POLLIN)
        if output is not None:
            self._poll.register(output.fd, select.POLLIN)

    def _child(self, device: ServedDevice, fd: int, stderr: int) -> NoReturn:
        status = 1
        try:
            _name_process(f"lkvm-{device.name}")
            if stderr >= 0:
                os.dup2(stderr, _STDERR)
            for other in self._devices:
                if other is not device:
                    other.hide()
            keep = {_STDIN, _STDOUT, _STDERR, fd, *device.fds}
            if self._sandbox:
                enter(device.policy, keep, self._pid)
            else:
                kernel.close_all_but(keep)
                privileges.die_with(self._pid)
            device.serve(socket.socket(fileno=fd))
            status = 0
        except KvmtoolError as error:
            log.error(f"{device.name}: {error}")
        except BaseException as error:
            log.error(f"{device.name}: {type(error).__name__}: {error}")
            log.debug(f"{device.name}: raised in {_origin(error)}")
        finally:
            os._exit(status)

    def _kill(self, child: _Child) -> None:
        child.killed = True
        signal.pidfd_send_signal(child.pidfd, signal.SIGKILL)

    def _bury(self, child: _Child) -> None:
        """Take note of a process that has ended, and start the one that waits for that."""
        _, status = os.waitpid(child.pid, 0)
        self._poll.unregister(child.pidfd)
        os.close(child.pidfd)
        self._end_output(child)
        del self._children[child.index]
        name = self._devices[child.index].name
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        if number and not (child.killed and number == signal.SIGKILL):
            why = ": a forbidden system call" if number == signal.SIGSYS else ""
            log.error(f"{name}: its process was killed by {signal_name(number)}{why}")
        else:
            log.debug(f"{name}: its process has ended with status {status:#x}")
        waiting = self._waiting.pop(child.index, -1)
        if waiting >= 0:
            self._fork(child.index, waiting)

    def _end_output(self, child: _Child) -> None:
        if child.output is not None:
            self._poll.unregister(child.output.fd)
            child.output.close()
            child.output = None

    def _drop_waiting(self) -> None:
        for fd in self._waiting.values():
            os.close(fd)
        self._waiting.clear()


def _name_process(name: str) -> None:
    """Set what ps shows as the command; the kernel keeps 15 bytes."""
    text = ctypes.create_string_buffer(name.encode())
    kernel.prctl(prctl.PR_SET_NAME, ctypes.addressof(text))


def _text_stream(fd: int) -> TextIO | None:
    """Return a stream that writes to `fd`, by lines; None if that is not open."""
    try:
        return open(fd, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)
    except OSError:
        return None


def _origin(error: BaseException) -> str:
    """Return the calls that led to `error`, outermost first; no source is read for it."""
    calls = []
    frame = error.__traceback__
    while frame is not None:
        code = frame.tb_frame.f_code
        calls.append(f"{code.co_qualname} ({os.path.basename(code.co_filename)}:{frame.tb_lineno})")
        frame = frame.tb_next
    return ", ".join(calls)
