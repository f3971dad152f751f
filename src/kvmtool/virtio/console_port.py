"""One port of a console device: bytes between descriptors of the host and the port's two queues.

Virtio 1.3, 5.3.6. Nothing is stored on the way: the host's bytes are read when the guest has a
buffer for them, and the guest's stay in its buffers until the host takes them.
"""

from __future__ import annotations

import errno
import os
import select

from kvmtool.vhost.queue import BLOCKED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kvmtool.core.virtqueue import Chain
    from kvmtool.event_loop import EventLoop
    from kvmtool.vhost.queue import RunningQueue

_LARGEST_READ = 64 << 10
_MOST_READS = 16  # before others get their turn
_LARGEST_WRITE = 1 << 20  # likewise
_LARGEST_REST = 64 << 10  # Linux writes at most 32 KiB at once
# How often a pseudo-terminal that nobody has open is looked at.
_HUNG_UP_S = 0.5


class ConsolePort:
    """The port `name`, "" for none, between the guest and `fd`, or `fd` and `out_fd`.

    The descriptors are of a stream (socket, pipe, terminal), must be non-blocking, and stay their
    maker's. `fd` gives what the guest reads and takes what it writes; with `out_fd` that takes
    it; -1 is a side that there is none of. Linux makes a port that `is_console` /dev/hvcN,
    another one /dev/vportNpM and /dev/virtio-ports/NAME.
    """

    def __init__(
        self, name: str, fd: int, *, out_fd: int | None = None, is_console: bool = False
    ) -> None:
        self.name = name
        self.in_fd = fd
        self.out_fd = fd if out_fd is None else out_fd
        self.is_console = is_console
        self.is_connected = True
        self.on_hang_up: Callable[[], None] = lambda: None
        self.on_first_output: Callable[[], None] | None = None
        self._loop: EventLoop | None = None
        self._is_open = False
        self._ended = fd < 0
        self._starved = True
        self._receive: RunningQueue | None = None
        self._transmit: RunningQueue | None = None
        # A buffer of the guest's that was to be filled when there was nothing to fill it with.
        self._spare: Chain | None = None
        # What the guest wrote and the host has no room for; of a stopped queue, a copy, and
        # nothing more is taken from the next queue before that is written.
        self._held: Chain | None = None
        self._rest = b""

    def attach(self, loop: EventLoop) -> None:
        """Use `loop` from now on."""
        self._loop = loop
        self._ended = self.in_fd < 0
        self._watch()

    def set_open(self, is_open: bool) -> None:
        """Take note of whether the guest reads: Linux drops what comes to a port it has closed."""
        if is_open != self._is_open:
            self._is_open = is_open
            self._watch()

    def start_receive(self, queue: RunningQueue) -> None:
        """Fill the buffers of `queue` from now on."""
        self._receive = queue
        self._watch_kicks(queue, self._refilled)
        self._refilled()

    def stop_receive(self) -> None:
        """Leave the queue of buffers alone."""
        queue, self._receive = self._receive, None
        if queue is not None:
            self._unwatch(queue.kick_fd)
            if self._spare is not None and not queue.broken:
                queue.push(self._spare)
                queue.notify()
        self._spare = None
        self._watch()

    def start_transmit(self, queue: RunningQueue) -> None:
        """Write what comes on `queue` from now on."""
        self._transmit = queue
        queue.blocked = bool(self._rest)
        self._watch_kicks(queue, lambda: queue.serve(self._send))
        queue.serve(self._send)
        self._watch()

    def stop_transmit(self) -> None:
        """Leave the queue alone; what the guest had begun to write is still written."""
        queue, self._transmit = self._transmit, None
        if queue is not None:
            self._unwatch(queue.kick_fd)
            if self._held is not None:
                self._rest = self._held.read(_LARGEST_REST)
                if not queue.broken:
                    queue.push(self._held)
                    queue.notify()
        self._held = None
        self._watch()

    def write_now(self, data: bytes) -> None:
        """Write as much of a few bytes as the host has room for, past the queue."""
        if self.out_fd >= 0 and not self._rest:
            try:
                os.write(self.out_fd, data)
            except OSError:
                return

    # Which descriptors are waited for.

    def _watch(self) -> None:
        if self._loop is None:
            return
        events = dict.fromkeys((self.in_fd, self.out_fd), 0)
        if self._receive is not None and self._is_open and not (self._starved or self._ended):
            events[self.in_fd] |= select.POLLIN
        if self._held is not None or self._rest:
            events[self.out_fd] |= select.POLLOUT
        for fd, wanted in events.items():
            if wanted:
                self._loop.watch(fd, wanted, lambda wanted=wanted: self._ready(wanted))  # type: ignore[misc]
            else:
                self._loop.unwatch(fd)

    def _watch_kicks(self, queue: RunningQueue, callback: Callable[[], None]) -> None:
        if self._loop is not None and queue.kick_fd >= 0:
            self._loop.watch(queue.kick_fd, select.POLLIN, callback)

    def _unwatch(self, fd: int) -> None:
        if self._loop is not None:
            self._loop.unwatch(fd)

    def _ready(self, wanted: int) -> None:
        if wanted & select.POLLOUT:
            self._go_on()
        if wanted & select.POLLIN:
            self._fill()

    # To the guest.

    def _refilled(self) -> None:
        if self._receive is not None:
            self._receive.take_kick()
            self._starved = False
            self._watch()

    def _fill(self) -> None:
        queue = self._receive
        if queue is None or not self._is_open or self._ended:
            return
        for _ in range(_MOST_READS):
            chain, self._spare = self._spare or queue.pop_or_arm(), None
            if chain is None:
                self._starved = True
                break
            if not chain.writable:
                queue.fail("a buffer for input must have room for some")
                self._starved = True
                break
            if not self._read(chain):
                self._spare = chain
                break
            queue.push(chain)
            if chain.writable:
                break  # there was no more
        queue.notify()
        self._watch()

    def _read(self, chain: Chain) -> bool:
        """Read into `chain`; return whether there was something."""
        try:
            if chain.fill_from(self.in_fd, _LARGEST_READ):
                return True
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno == errno.EIO and self.is_console and self._loop is not None:
                # The other side of a pseudo-terminal is not open now; it may be again.
                self._ended = True
                self._loop.call_after(_HUNG_UP_S, self._look_again)
                return False
        self._ended = True
        self._disconnect()
        return False

    def _look_again(self) -> None:
        self._ended = False
        self._watch()

    def _disconnect(self) -> None:
        if self.is_connected:
            self.is_connected = False
            self.on_hang_up()

    # To the host.

    def _send(self, chain: Chain) -> object:
        if self.on_first_output is not None:
            self.on_first_output()
            self.on_first_output = None
        if self._write(chain):
            return None
        self._held = chain
        self._watch()
        return BLOCKED

    def _write(self, chain: Chain) -> bool:
        """Write what `chain` has, at most so much at once; return whether nothing is left.

        Where nobody can ever read it, it is dropped.
        """
        left = _LARGEST_WRITE
        while chain.readable and self.out_fd >= 0:
            if not left:
                return False
            try:
                left -= chain.drain_to(self.out_fd, left)
            except BlockingIOError:
                if not _is_hung_up(self.out_fd):
                    return False
                break
            except OSError:
                self._disconnect()
                break
        return True

    def _go_on(self) -> None:
        """Write what there was no room for, first what is left of an earlier queue."""
        if self._rest and not self._write_rest():
            return
        queue, held = self._transmit, self._held
        if queue is not None and queue.blocked and (held is None or self._write(held)):
            self._held = None
            if held is not None:
                queue.push(held)
            queue.resume(self._send)
        self._watch()

    def _write_rest(self) -> bool:
        """Write the copy; return whether nothing of it is left."""
        try:
            self._rest = self._rest[os.write(self.out_fd, self._rest) :]
        except BlockingIOError:
            if _is_hung_up(self.out_fd):
                self._rest = b""
        except OSError:
            self._rest = b""
            self._disconnect()
        return not self._rest


def _is_hung_up(fd: int) -> bool:
    """Whether nobody has the other side of `fd` open."""
    poll = select.poll()
    poll.register(fd, 0)
    return bool(poll.poll(0))
