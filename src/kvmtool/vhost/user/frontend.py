"""The front-end of vhost-user: a device in another process, as transports see devices.

QEMU's docs/interop/vhost-user.rst. The other process may be one of ours or any other program; all
that is optional in the protocol is optional here. One that dies is replaced where that is
possible, and goes on with what was in flight.
"""

from __future__ import annotations

import os
import select
import socket
import threading
import time

from kvmtool import eventfd, log
from kvmtool.errors import KvmtoolError
from kvmtool.uapi.linux.virtio_config import (
    VIRTIO_CONFIG_S_ACKNOWLEDGE,
    VIRTIO_CONFIG_S_DRIVER,
    VIRTIO_CONFIG_S_DRIVER_OK,
    VIRTIO_CONFIG_S_FEATURES_OK,
    VIRTIO_F_RING_PACKED,
    VIRTIO_F_VERSION_1,
)
from kvmtool.vhost import saved
from kvmtool.vhost.bounded_log import BoundedLog
from kvmtool.vhost.user import messages
from kvmtool.vhost.user.channel import Channel, MalformedMessage, PeerGone
from kvmtool.vhost.user.connection import Connection, Refused, used_index
from kvmtool.vhost.user.inflight import create_area
from kvmtool.vhost.user.loop_side import LoopSide
from kvmtool.vhost.user.messages import ProtocolFeature

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kvmtool.event_loop import EventLoop
    from kvmtool.vhost.device import QueueSetup
    from kvmtool.vhost.user.connection import Memory
    from kvmtool.vhost.user.inflight import InflightArea

    Reconnect = Callable[[], socket.socket]

MOST_RECONNECTIONS = 5
WITHIN_S = 60.0
_DELAYS_S = (0.0, 0.05, 0.2, 1.0, 2.0)
_MOST_QUEUES = 64
_EVERYTHING = (1 << 64) - 1
_MOST_UNDELIVERED = 64
_MESSAGES_AT_ONCE = 16
_PATIENCE_S = 2.0
"""How long changes of a device's configuration may keep the loop waiting at once."""
_PATIENCE_SHARE = 0.05
"""What part of the loop's time they may take in the long run."""
_FEATURES_OK = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK
_FRESH_PACKED = 0x8000_8000


def _nobody() -> None:
    """Take what no transport asked to hear of."""


class VhostUserDevice:
    """A device behind the connected socket `sock`, which it owns. A VhostDevice.

    vhost-user has no way to ask for `device_id` and `queue_sizes`. With `varies` there are as many
    queues as the back-end says (at most 64), of these sizes over and over. `config` is the
    configuration space where the back-end has none to show; else the first `config_size` bytes are
    asked for, or as many as there are.
    `wanted_features` masks what is offered to the driver. `reconnect` gives a socket to a new
    process when this one died (raising OSError or KvmtoolError if there is none now); it is called
    in a thread of its own, at most 5 times within 60 s. `ours`: the back-end is one of ours, which
    maps memory that is read-only as what it is, and makes no area for what is in flight: it may
    make no files, so the area is made here.

    on_config_change and on_broken are called on the loop's thread, with no lock held. That thread
    waits for a changed configuration, for 2 s at most, and never for another thread that talks to
    the back-end, nor for a new process. `close` is called on that thread too, or when the loop does
    not run. Without a `loop` nothing is watched, and on_broken is called by whatever method found
    it out, before that returns: it may not call this device.
    Raises KvmtoolError where the back-end does not negotiate.
    """

    def __init__(
        self,
        name: str,
        device_id: int,
        sock: socket.socket,
        memory: Memory,
        loop: EventLoop | None = None,
        *,
        queue_sizes: tuple[int, ...],
        varies: bool = False,
        config_size: int | None = None,
        config: bytes = b"",
        wanted_features: int = _EVERYTHING,
        reconnect: Reconnect | None = None,
        ours: bool = False,
    ) -> None:
        self.name = name
        self.device_id = device_id
        self.queue_sizes = queue_sizes
        self.config_size = len(config) if config_size is None else config_size
        self.on_config_change: Callable[[], None] = _nobody
        self.on_broken: Callable[[], None] = _nobody
        self._memory = memory
        self._reconnect = reconnect
        self._ours = ours
        self._config = config.ljust(self.config_size, b"\0")
        self._lock = threading.Lock()
        self._side = LoopSide(loop, self._lock)
        self._log = BoundedLog()
        self._connection: Connection | None = None
        self._requests: Channel | None = None
        self._inflight: InflightArea | None = None
        self._err_fds: dict[int, int] = {}
        self._undelivered: list[tuple[int, bytes]] = []
        self._varies = varies
        self._features = 0
        self._queues: dict[int, QueueSetup] = {}
        self._started = False
        self._broken = False
        self._closed = False
        self._reconnections: list[float] = []
        self._recovering = False
        self._recovery: threading.Thread | None = None
        self._new_socket: socket.socket | None = None
        self._starts = 0
        self.features = 0
        try:
            connection = self._connect(sock)
            if config_size is None and not config and connection.has(ProtocolFeature.CONFIG):
                self._config = connection.read_whole_config()
                self.config_size = len(self._config)
        except (PeerGone, MalformedMessage) as error:
            self._drop_connection()
            self._side.settle()
            raise KvmtoolError(f"{name}: {error}") from None
        self.features = connection.features & wanted_features

    # What transports call.

    def read_config(self, offset: int, size: int) -> bytes:
        """Exactly `size` bytes at `offset`, zeros where the device has none."""
        return self._config[offset : offset + size].ljust(size, b"\0")

    def write_config(self, offset: int, data: bytes) -> None:
        """Write to the configuration space; what lies beyond it is dropped."""
        data = data[: max(0, self.config_size - offset)]
        if not data:
            return
        with self._lock:
            if self._connection is None:
                self._deliver_later(offset, data)
                return
            try:
                self._write_config(self._connection, offset, data)
                self._read_config(self._connection)
            except (PeerGone, MalformedMessage) as error:
                self._deliver_later(offset, data)
                self._lose(error)

    def start(self, features: int, queues: dict[int, QueueSetup]) -> None:
        """DRIVER_OK: the driver accepted `features`; serve `queues` (by index) from now on."""
        with self._lock:
            self._begin(features, queues)
            self._try(lambda connection: self._set_up(connection, {}))

    def start_queue(self, index: int, queue: QueueSetup) -> None:
        """Serve one more queue of a started device (virtio 1.3, 2.6.1.2.1)."""
        with self._lock:
            self._queues[index] = queue
            # Also while there is nobody: who comes next is not to take it for the old queue.
            self._forget_inflight(index)
            self._try(lambda connection: self._start_queue(connection, index, queue, None))

    def stop_queue(self, index: int) -> None:
        """Stop serving one queue (RING_RESET); on return the device leaves its memory alone."""
        with self._lock:
            if self._queues.pop(index, None) is not None:
                self._try(lambda connection: connection.stop_queue(index))

    def stop(self) -> None:
        """Stop all queues and forget the driver (device reset). Also when not started."""
        with self._lock:
            queues, self._queues = self._queues, {}
            was_started, self._started = self._started, False
            self._undelivered.clear()
            if was_started and self._connection is not None:
                self._try(lambda connection: self._tear_down(connection, queues))
            self._drop_inflight()
            self._broken = False
            for fd in self._err_fds.values():
                eventfd.take(fd)

    def save(self) -> bytes:
        """The state of the stopped-for-a-moment device, for `restore`. Raises KvmtoolError."""
        with self._lock:
            connection = self._connection
            if connection is None:
                raise KvmtoolError(f"{self.name}: the device's process is gone")
            if not connection.has(ProtocolFeature.DEVICE_STATE):
                raise KvmtoolError(
                    f"{self.name}: the back-end cannot save its state (no DEVICE_STATE)"
                )
            try:
                bases = {index: connection.stop_queue(index) for index in self._queues}
                state = connection.save_state()
                for index, queue in self._queues.items():
                    self._start_queue(connection, index, queue, bases[index])
                self._nudge()
            except (PeerGone, MalformedMessage) as error:
                self._lose(error)
                raise KvmtoolError(f"{self.name}: {error}") from None
            return saved.SavedDevice(self.device_id, self._features, bases, state).pack()

    def restore(self, state: bytes, features: int, queues: dict[int, QueueSetup]) -> None:
        """`start` from a saved state. Raises KvmtoolError for one that is not this device's."""
        found = saved.unpack(self.name, state)
        saved.check(self.name, found, self.device_id, features, queues)
        with self._lock:
            self._begin(features, queues)
            if self._connection is None:
                raise KvmtoolError(f"{self.name}: the device's process is gone")
            if not self._connection.has(ProtocolFeature.DEVICE_STATE):
                raise KvmtoolError(
                    f"{self.name}: the back-end cannot restore a state (no DEVICE_STATE)"
                )
            try:
                self._set_up(self._connection, found.bases, found.state)
                self._nudge()
            except (PeerGone, MalformedMessage) as error:
                self._lose(error)
                raise KvmtoolError(f"{self.name}: {error}") from None

    def hurry(self) -> None:
        """The machine ends: no other process is waited for from now on, nor this one for long."""
        self._reconnect = None
        _shut_down(self._new_socket)
        connection = self._connection
        if connection is not None:
            connection.hurry()

    def close(self) -> None:
        """End the connection and give all descriptors back."""
        self._closed = True
        # No thread is to wait for the back-end any more.
        _shut_down(self._new_socket)
        _shut_down(self._connection)
        if self._recovery is not None:
            self._recovery.join()
        with self._lock:
            self._started = False
            self._drop_connection()
            self._drop_inflight()
            err_fds, self._err_fds = self._err_fds, {}
        self._side.settle()
        for fd in err_fds.values():
            self._side.unwatch(fd)
            os.close(fd)

    # Setting up and tearing down. The lock is held.

    def _begin(self, features: int, queues: dict[int, QueueSetup]) -> None:
        self._features = features
        self._queues = dict(queues)
        self._started = True
        self._starts += 1
        self._broken = False
        self._drop_inflight()

    def _try(self, action: Callable[[Connection], object]) -> None:
        if self._connection is None:
            # A new driver is a new chance.
            self._recover_soon()
            return
        try:
            action(self._connection)
        except Refused as error:
            self._break(str(error))
        except (PeerGone, MalformedMessage) as error:
            self._lose(error)

    def _set_up(
        self, connection: Connection, bases: dict[int, int], state: bytes | None = None
    ) -> None:
        connection.accept(self._features)
        connection.set_status(_FEATURES_OK)
        connection.share(self._memory, takes_read_only=self._ours)
        if connection.has(ProtocolFeature.INFLIGHT_SHMFD):
            if self._inflight is None:
                self._inflight = self._fresh_area(connection)
            connection.set_inflight(self._inflight)
        if state is not None:
            connection.load_state(state)
        for index, queue in self._queues.items():
            self._start_queue(connection, index, queue, bases.get(index))
        connection.set_status(_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK)

    def _start_queue(
        self, connection: Connection, index: int, queue: QueueSetup, base: int | None
    ) -> None:
        connection.start_queue(index, queue, base=base, err_fd=self._err_fd(index))

    def _fresh_area(self, connection: Connection) -> InflightArea:
        queues, queue_size = len(self.queue_sizes), max(self.queue_sizes)
        if not self._ours:
            return connection.get_inflight(queues, queue_size)
        packed = bool(self._features >> VIRTIO_F_RING_PACKED & 1)
        try:
            return create_area(queues, queue_size, packed)
        except OSError as error:
            raise Refused(f"no memory for what is in flight: {error.strerror}") from None

    def _forget_inflight(self, index: int) -> None:
        if self._inflight is not None:
            try:
                self._inflight.clear(index)
            except MalformedMessage as error:
                self._lose(error)

    def _tear_down(self, connection: Connection, queues: dict[int, QueueSetup]) -> None:
        for index in queues:
            connection.stop_queue(index)
        connection.reset()
        self._read_config(connection)

    def _nudge(self) -> None:
        """Make both sides look again, for what was signalled while nobody was there."""
        for queue in self._queues.values():
            for fd in (queue.kick_fd, queue.call_fd):
                if fd >= 0:
                    eventfd.signal(fd)

    def _deliver_later(self, offset: int, data: bytes) -> None:
        """Keep what the driver wrote while nobody served it; a few writes, as drivers make."""
        if self._reconnect is not None and len(self._undelivered) < _MOST_UNDELIVERED:
            self._undelivered.append((offset, data))

    def _write_config(self, connection: Connection, offset: int, data: bytes) -> None:
        if not connection.has(ProtocolFeature.CONFIG):
            return
        try:
            connection.write_config(offset, data)
        except Refused as error:
            log.debug(f"{self.name}: {error}")

    def _read_config(self, connection: Connection) -> None:
        if self.config_size and connection.has(ProtocolFeature.CONFIG):
            self._config = connection.read_config(self.config_size)

    def _err_fd(self, index: int) -> int:
        if self._side.loop is None:
            return -1
        if index not in self._err_fds:
            fd = eventfd.eventfd()
            self._err_fds[index] = fd
            self._side.watch(fd, select.POLLIN, lambda: self._queue_failed(fd))
        return self._err_fds[index]

    def _drop_inflight(self) -> None:
        if self._inflight is not None:
            self._inflight.close()
            self._inflight = None

    # The connection. The lock is held, except in the constructor.

    def _connect(self, sock: socket.socket) -> Connection:
        connection = Connection(sock)
        self._connection = connection
        self._patience_s = _PATIENCE_S
        self._waited_at = time.monotonic()
        self._side.watch(connection.fileno(), 0, lambda: self._hung_up(connection))
        if not connection.features >> VIRTIO_F_VERSION_1 & 1:
            raise Refused("the back-end does not offer VIRTIO_F_VERSION_1")
        missing = self._features & ~connection.features
        if missing:
            raise Refused(f"the back-end no longer offers features {missing:#x}")
        queues = connection.queue_count()
        if self._varies and queues:
            queues = min(queues, _MOST_QUEUES)
            self.queue_sizes = (self.queue_sizes * queues)[:queues]
            self._varies = False
        if queues is not None and queues < len(self.queue_sizes):
            raise Refused(f"the back-end has {queues} queues, not {len(self.queue_sizes)}")
        if connection.has(ProtocolFeature.BACKEND_REQ) and self._side.loop is not None:
            self._open_request_socket(connection)
        while self._undelivered:
            self._write_config(connection, *self._undelivered[0])
            del self._undelivered[0]
        self._read_config(connection)
        return connection

    def _open_request_socket(self, connection: Connection) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        requests = Channel(ours, timeout_s=0)
        self._requests = requests
        self._side.watch(requests.fileno(), select.POLLIN, lambda: self._requested(requests))
        with theirs:
            connection.give_request_socket(theirs.fileno())

    def _drop_connection(self) -> None:
        for one in (self._connection, self._requests):
            if one is not None:
                self._side.retire(one)
        self._connection = self._requests = None

    def _lose(self, error: KvmtoolError) -> None:
        if self._connection is None:
            return
        self._log.warning(f"{self.name}: the device's process is gone: {error}")
        self._drop_connection()
        if self._started or self._reconnect is not None:
            self._recover_soon()

    def _recover_soon(self) -> None:
        if self._closed or self._broken:
            return
        if self._reconnect is None or self._side.loop is None:
            self._break("its process is gone")
        else:
            self._side.call_soon(self._recover)

    def _break(self, reason: str) -> None:
        if self._broken or self._closed:
            return
        self._broken = True
        if not self._started:
            return
        self._log.warning(f"{self.name}: {reason}; the device needs a reset")
        self._side.call_soon(self._tell_broken)

    # A new process, in a thread of its own: it may take its time to answer.

    def _recover(self) -> None:
        """On the loop's thread."""
        if not self._recovering and not self._closed:
            self._recovering = True
            self._recovery = threading.Thread(
                target=self._recover_now, name=f"{self.name} recovery", daemon=True
            )
            self._recovery.start()

    def _recover_now(self) -> None:
        with self._lock:
            before = self._config
            try:
                wait_s = self._try_new_process()
            finally:
                self._recovering = False
            # The old process may have died before it said so.
            changed = self._config != before
            if wait_s is not None and self._side.loop is not None:
                self._side.loop.call_after(wait_s, self._recover)
            if changed:
                self._side.call_soon(self._tell_config_changed)

    def _try_new_process(self) -> float | None:
        """Go on with a new process; return when to try again if there is none, in seconds."""
        reconnect = self._reconnect
        if self._closed or self._connection is not None or reconnect is None:
            return None
        now = time.monotonic()
        self._reconnections = [when for when in self._reconnections if when > now - WITHIN_S]
        if len(self._reconnections) >= MOST_RECONNECTIONS:
            self._break(f"{MOST_RECONNECTIONS} new processes within {WITHIN_S:g} s failed")
            return None
        self._reconnections.append(now)
        try:
            self._new_socket = reconnect()
            if self._reconnect is None or self._closed:
                self._new_socket.close()
                return None
            connection = self._connect(self._new_socket)
            if self._started:
                self._set_up(connection, self._bases_after_a_crash())
                self._nudge()
        except (OSError, KvmtoolError) as error:
            log.debug(f"{self.name}: a new process failed: {error}")
            self._drop_connection()
            return _DELAYS_S[min(len(self._reconnections), len(_DELAYS_S)) - 1]
        finally:
            self._new_socket = None
        log.debug(f"{self.name}: a new process goes on")
        return None

    def _bases_after_a_crash(self) -> dict[int, int]:
        """Where the queues go on; a back-end with an in-flight area knows better."""
        if not self._features >> VIRTIO_F_RING_PACKED & 1:
            return {index: used_index(self._memory, queue) for index, queue in self._queues.items()}
        if self._inflight is None:
            raise Refused("a packed queue cannot go on without an in-flight area")
        return dict.fromkeys(self._queues, _FRESH_PACKED)

    # On the loop's thread, which never waits for the lock while another thread has it.

    def _tell_broken(self) -> None:
        if self._broken and not self._closed:
            self.on_broken()

    def _tell_config_changed(self) -> None:
        if not self._closed:
            self.on_config_change()

    def _hung_up(self, connection: Connection) -> None:
        self._side.unwatch(connection.fileno())
        self._side.with_lock(self._lose_hung_up, connection)

    def _lose_hung_up(self, connection: Connection) -> None:
        if connection is self._connection:
            self._lose(PeerGone("the connection was closed"))

    def _queue_failed(self, fd: int) -> None:
        if eventfd.take(fd):
            self._side.with_lock(self._fail, self._starts)

    def _fail(self, starts: int) -> None:
        if self._started and not self._broken and starts == self._starts:
            self._broken = True
            self._side.call_soon(self._tell_broken)

    def _requested(self, requests: Channel) -> None:
        """What the back-end asks: it may say that its configuration changed, nothing else."""
        changed = False
        try:
            for _ in range(_MESSAGES_AT_ONCE):
                message = requests.receive_nowait()
                if message is None:
                    break
                message.close()
                known = message.number == messages.CONFIG_CHANGE_MSG.number
                changed |= known
                if message.flags & messages.NEED_REPLY:
                    requests.send(
                        messages.Request(message.number, f"request {message.number}"),
                        messages.U64.pack(0 if known else 1),
                        messages.REPLY,
                    )
        except (PeerGone, MalformedMessage) as error:
            log.debug(f"{self.name}: no more requests from the back-end: {error}")
            self._side.unwatch(requests.fileno())
            self._side.with_lock(self._drop_requests, requests)
        if changed:
            self._side.with_lock(self._take_config)

    def _drop_requests(self, requests: Channel) -> None:
        if requests is self._requests:
            self._requests = None
            self._side.retire(requests)

    def _take_config(self) -> Callable[[], None] | None:
        connection = self._connection
        if connection is None or not connection.has(ProtocolFeature.CONFIG):
            return None
        # Nothing else happens on this thread meanwhile.
        began = time.monotonic()
        self._try(self._read_config)
        rested_s = began - self._waited_at
        self._waited_at = time.monotonic()
        self._patience_s = min(_PATIENCE_S, self._patience_s + rested_s * _PATIENCE_SHARE)
        self._patience_s -= self._waited_at - began
        if self._patience_s < 0:
            self._lose(PeerGone("its configuration takes too long to read"))
        return self._tell_config_changed


def _shut_down(one: socket.socket | Connection | None) -> None:
    """Have whoever waits for it find it closed."""
    if one is not None:
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError as error:
            log.debug(f"the back-end is gone already: {error.strerror}")
