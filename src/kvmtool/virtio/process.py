"""The processes that devices run in, as the VMM sees them.

The VMM forks one fork server while it has no threads; that one forks a process for a device
whenever it is asked, so also a new one for a device that died. What runs in the fork server is
`kvmtool.virtio.fork_server`, which the VMM never loads.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import struct
import threading

from kvmtool.errors import KvmtoolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kvmtool.sandbox.policy import Policy

# A request: the device's index, with one end of a socket pair.
REQUEST = struct.Struct("<I")

# Longer than the fork server gives the devices (fork_server.GRACE_S, KILL_S).
_CLOSE_S = 5.0


class ServedDevice:
    """A device that gets a process: `serve` runs in it, under `policy`.

    `serve` is given the process's end of a stream socket and returns when it is done, at the
    latest when the other end is closed. Of the VMM's descriptors the process has only `fds`. All
    modules that it will need are imported with the module of `serve`: later there is no file to
    import. `hide` is called in the processes of the others, before their sandbox: what this one
    shares with the VMM is none of theirs. With `talks` all that it says is shown, and not only as
    much as a process that was taken over may say.
    """

    __slots__ = ("fds", "hide", "name", "policy", "serve", "talks")

    def __init__(
        self,
        name: str,
        serve: Callable[[socket.socket], None],
        policy: Policy,
        fds: Iterable[int] = (),
        hide: Callable[[], None] = lambda: None,
        *,
        talks: bool = False,
    ) -> None:
        self.name = name
        self.serve = serve
        self.policy = policy
        self.hide = hide
        self.talks = talks
        self.fds = frozenset(fds)


class DeviceProcesses:
    """The processes of a machine's devices.

    To be made before the VMM has threads, guest RAM or KVM descriptors: children have a copy of
    what the VMM maps. `sandbox=False` lets them do all that the user may.
    """

    def __init__(self, devices: Iterable[ServedDevice], *, sandbox: bool = True) -> None:
        self._devices = tuple(devices)
        self._lock = threading.Lock()
        requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        requests.setblocking(False)
        # No handler of the VMM's is to run in the child, which puts its own in place.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        # The kernel's signal at a parent's death is sent at that of the thread that forked.
        dies_with = os.getpid() if threading.current_thread() is threading.main_thread() else 0
        try:
            pid = os.fork()
            if pid == 0:
                _become_fork_server(theirs, self._devices, sandbox=sandbox, dies_with=dies_with)
        except OSError as error:
            requests.close()
            raise KvmtoolError(f"no process for the devices: {error.strerror}") from None
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            theirs.close()
        self._requests: socket.socket | None = requests
        self.fork_server_pid = pid

    def start(self, index: int) -> socket.socket:
        """Have a new process serve the device `index`, and return the other end of its socket.

        What is left of the device's process before is killed and gone before the new one starts.
        Does not wait: what is written to the socket is read when the process is up, and if it
        does not come up, the socket is closed. May be called from any thread. Raises KvmtoolError
        if the fork server has ended or does not take requests.
        """
        name = self._devices[index].name
        with self._lock:
            if self._requests is None:
                raise KvmtoolError(f"{name}: its process cannot be started: the machine has ended")
            ours, theirs = socket.socketpair()
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", theirs.fileno()))
            try:
                self._requests.sendmsg([REQUEST.pack(index)], [rights])
            except BlockingIOError:
                ours.close()
                raise KvmtoolError(
                    f"{name}: its process cannot be started: the fork server does not respond"
                ) from None
            except OSError:
                ours.close()
                raise KvmtoolError(
                    f"{name}: its process cannot be started: the fork server has ended"
                ) from None
            finally:
                theirs.close()
        return ours

    def close(self) -> None:
        """End all processes, and return when they are gone; a second call does nothing.

        Devices whose sockets the VMM has closed end by themselves; the others are killed after a
        second.
        """
        with self._lock:
            if self._requests is None:
                return
            self._requests.close()
            self._requests = None
        try:
            pidfd = os.pidfd_open(self.fork_server_pid)
        except ProcessLookupError:
            return  # it died, and somebody else has waited for it
        try:
            if not ends_within(pidfd, _CLOSE_S):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            os.waitpid(self.fork_server_pid, 0)
        except (ChildProcessError, ProcessLookupError):
            return
        finally:
            os.close(pidfd)


def _become_fork_server(
    requests: socket.socket, devices: tuple[ServedDevice, ...], *, sandbox: bool, dies_with: int
) -> None:
    """Serve `requests` and end; never returns."""
    try:
        from kvmtool.sandbox.privileges import die_with
        from kvmtool.virtio.fork_server import ForkServer

        if dies_with:
            die_with(dies_with)
        ForkServer(requests, devices, sandbox=sandbox).run()
    except BaseException as error:
        from kvmtool import log

        log.error(f"the fork server of the devices failed: {type(error).__name__}: {error}")
        os._exit(1)
    os._exit(0)


def ends_within(pidfd: int, limit_s: float) -> bool:
    """Wait for a process's end for `limit_s` seconds; false if it is still there."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(limit_s * 1000))


def signal_name(number: int) -> str:
    """What a signal is called, as SIGKILL."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
