"""A front-end's connection to a back-end: what can be asked of it, message by message.

QEMU's docs/interop/vhost-user.rst. `kvmtool.vhost.user.frontend` makes a device of it; a load
generator or a test may use it as it is:

    connection = Connection(sock)
    connection.accept(features)
    connection.share(memory)
    connection.start_queue(0, QueueSetup(...))
"""

from __future__ import annotations

import os
import select
import struct
import time

from kvmtool.uapi.linux.virtio_config import VIRTIO_F_RING_PACKED
from kvmtool.vhost.user import messages
from kvmtool.vhost.user.channel import Channel, MalformedMessage, PeerGone
from kvmtool.vhost.user.inflight import InflightArea
from kvmtool.vhost.user.messages import ProtocolFeature
from kvmtool.vhost.user.transfer import LARGEST_STATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence
    from typing import Protocol

    from kvmtool.vhost.device import QueueSetup
    from kvmtool.vhost.user.channel import Message
    from kvmtool.vhost.user.messages import Request

    class Region(Protocol):
        """Guest memory in one piece: `size` bytes at `file_offset` of `fd`, here at `hva`."""

        gpa: int
        size: int
        fd: int
        file_offset: int
        hva: int
        read_only: bool

    class Memory(Protocol):
        """What can be shared: kvmtool.memory.GuestMemory, or what looks like it."""

        @property
        def regions(self) -> Sequence[Region]:
            """All regions, RAM first."""

        def read(self, gpa: int, size: int) -> bytes:
            """Copy out of one region."""


REPLY_TIMEOUT_S = 10.0
WANTED_PROTOCOL_FEATURES = (
    ProtocolFeature.MQ
    | ProtocolFeature.REPLY_ACK
    | ProtocolFeature.BACKEND_REQ
    | ProtocolFeature.CONFIG
    | ProtocolFeature.INFLIGHT_SHMFD
    | ProtocolFeature.RESET_DEVICE
    | ProtocolFeature.STATUS
    | ProtocolFeature.DEVICE_STATE
)
MOST_REGIONS = 8
"""What every back-end takes in one SET_MEM_TABLE."""

_PROTOCOL_BIT = 1 << messages.F_PROTOCOL_FEATURES
_NOT_FOR_DRIVERS = _PROTOCOL_BIT | 1 << messages.F_LOG_ALL
_FRESH = {False: 0, True: 0x8000_8000}  # a packed queue begins with both wrap counters set
_PIECE = 1 << 16
_CONFIG_TIMEOUT_S = 2.0  # for all of it; there is nothing to be done for these answers


class Refused(MalformedMessage):
    """The back-end said no to a request, or the request makes no sense."""


class Connection:
    """Owns `sock`, and negotiates when it is made. Not safe for several threads at once.

    `features` are what the back-end offers for the driver, `protocol_features` what it and we
    know. Every method raises PeerGone, MalformedMessage, or Refused for what it said no to.
    """

    def __init__(
        self,
        sock: socket.socket,
        *,
        timeout_s: float = REPLY_TIMEOUT_S,
        protocol_features: int = WANTED_PROTOCOL_FEATURES,
    ) -> None:
        self._channel = Channel(sock, timeout_s)
        self._timeout_s = timeout_s
        self._regions: Sequence[Region] = ()
        self._packed = False
        self._config_shown = messages.LARGEST_CONFIG
        self.protocol_features = 0
        try:
            offered = self._ask_u64(messages.GET_FEATURES)
            self._has_protocol_features = bool(offered & _PROTOCOL_BIT)
            self.features = offered & ~_NOT_FOR_DRIVERS
            if self._has_protocol_features:
                self.protocol_features = (
                    self._ask_u64(messages.GET_PROTOCOL_FEATURES) & protocol_features
                )
                self._tell_u64(messages.SET_PROTOCOL_FEATURES, self.protocol_features)
            self._tell(messages.SET_OWNER)
        except (PeerGone, MalformedMessage):
            self._channel.close()
            raise

    def fileno(self) -> int:
        """The socket's descriptor: it hangs up when the back-end ends."""
        return self._channel.fileno()

    def shutdown(self, how: int) -> None:
        """As of sockets: another thread that waits for an answer gets PeerGone. Raises OSError."""
        self._channel.shutdown(how)

    def hurry(self) -> None:
        """Have all answers from now on come within 10 s together; from any thread."""
        self._channel.hurry(self._timeout_s)

    def close(self) -> None:
        """End the connection, and with it most back-ends of ours."""
        self._channel.close()

    def has(self, feature: int) -> bool:
        """Whether both ends know the protocol feature `feature`, a mask."""
        return bool(self.protocol_features & feature)

    # Messages.

    def _ask(self, request: Request, payload: bytes = b"", fds: Sequence[int] = ()) -> Message:
        self._channel.send(request, payload, 0, fds)
        return self._channel.receive_reply(request)

    def _ask_numbers(
        self, request: Request, payload: bytes = b"", fds: Sequence[int] = ()
    ) -> tuple[int, ...]:
        message = self._ask(request, payload, fds)
        message.close()
        assert request.reply is not None
        if len(message.payload) != request.reply.size:
            raise MalformedMessage(
                f"the reply to {request} must have {request.reply.size} bytes,"
                f" not {len(message.payload)}"
            )
        return request.reply.unpack(message.payload)

    def _ask_u64(self, request: Request, payload: bytes = b"", fds: Sequence[int] = ()) -> int:
        return self._ask_numbers(request, payload, fds)[0]

    def _tell(
        self, request: Request, payload: bytes = b"", fds: Sequence[int] = (), *, ack: bool = False
    ) -> None:
        """Send a request that has no reply of its own; with `ack`, wait until it was granted."""
        ack = ack and self.has(ProtocolFeature.REPLY_ACK)
        self._channel.send(request, payload, messages.NEED_REPLY if ack else 0, fds)
        if not ack:
            return
        message = self._channel.receive_reply(request)
        message.close()
        if message.payload != messages.U64.pack(0):
            raise Refused(f"the back-end refused {request}")

    def _tell_u64(self, request: Request, value: int) -> None:
        self._tell(request, messages.U64.pack(value))

    # The device.

    def queue_count(self) -> int | None:
        """How many queues the back-end has at most; None if it does not say."""
        return self._ask_u64(messages.GET_QUEUE_NUM) if self.has(ProtocolFeature.MQ) else None

    def accept(self, features: int) -> None:
        """Tell what the driver accepted of `features`."""
        self._packed = bool(features >> VIRTIO_F_RING_PACKED & 1)
        bit = _PROTOCOL_BIT if self._has_protocol_features else 0
        self._tell_u64(messages.SET_FEATURES, features | bit)

    def share(self, memory: Memory, *, takes_read_only: bool = False) -> None:
        """Give the guest's memory; a region's user address is its hva here.

        Read-only regions are left out, unless the back-end is known to map them so. So are all
        after the first 8.
        """
        regions = [one for one in memory.regions if takes_read_only or not one.read_only]
        regions = regions[:MOST_REGIONS]
        table = messages.MEMORY_TABLE.pack(len(regions), 0)
        for region in regions:
            table += messages.MEMORY_REGION.pack(
                region.gpa, region.size, region.hva, region.file_offset
            )
        self._regions = regions
        self._tell(messages.SET_MEM_TABLE, table, [region.fd for region in regions], ack=True)

    def set_status(self, status: int) -> None:
        """Tell the device status (virtio 1.3, 2.1), if the back-end wants to know."""
        if self.has(ProtocolFeature.STATUS):
            self._tell_u64(messages.SET_STATUS, status)

    def reset(self) -> None:
        """Reset the device as far as the back-end can; its queues are stopped."""
        if self.has(ProtocolFeature.RESET_DEVICE):
            self._tell(messages.RESET_DEVICE, ack=True)
        self.set_status(0)

    # Configuration space.

    def read_config(self, size: int) -> bytes:
        """The first `size` bytes; zeros where the back-end has none."""
        # Some back-ends take no offset but 0, and no more bytes than their layout has.
        size_shown = min(size, self._config_shown)
        deadline = time.monotonic() + _CONFIG_TIMEOUT_S
        data = self._read_config(size_shown, deadline) if size_shown else b""
        if data is None:
            data = self._find_config(size - 1, deadline)
            self._config_shown = len(data)
        return data.ljust(size, b"\0")

    def read_whole_config(self, limit: int = messages.LARGEST_CONFIG) -> bytes:
        """As many bytes as the back-end shows in whole words, up to about `limit`; maybe none."""
        return self._find_config(limit, time.monotonic() + _CONFIG_TIMEOUT_S)

    def _find_config(self, limit: int, deadline: float) -> bytes:
        best = b""
        shown, refused = 0, limit // 4 + 1
        while refused - shown > 1:
            middle = (shown + refused) // 2
            data = self._read_config(4 * middle, deadline)
            if data is None:
                refused = middle
            else:
                shown, best = middle, data
        return best

    def _read_config(self, size: int, deadline: float) -> bytes | None:
        head = messages.CONFIG_SPACE.pack(0, size, messages.CONFIG_WRITABLE)
        self._channel.send(messages.GET_CONFIG, head + bytes(size))
        message = self._channel.receive_reply(messages.GET_CONFIG, deadline - time.monotonic())
        message.close()
        if len(message.payload) != len(head) + size:
            return None
        return message.payload[len(head) :]

    def write_config(self, offset: int, data: bytes) -> None:
        """Write to the configuration space."""
        head = messages.CONFIG_SPACE.pack(offset, len(data), messages.CONFIG_WRITABLE)
        self._tell(messages.SET_CONFIG, head + data, ack=True)

    def give_request_socket(self, fd: int) -> None:
        """Give the socket by which the back-end may ask something of us."""
        self._tell(messages.SET_BACKEND_REQ_FD, b"", [fd], ack=True)

    # What is in flight.

    def get_inflight(self, queues: int, queue_size: int) -> InflightArea:
        """Have a fresh area made, after `accept`."""
        padding = bytes(messages.INFLIGHT_PADDING)
        request = messages.INFLIGHT.pack(0, 0, queues, queue_size) + padding
        message = self._ask(messages.GET_INFLIGHT_FD, request)
        try:
            if len(message.payload) < messages.INFLIGHT.size or len(message.descriptors) != 1:
                raise MalformedMessage("GET_INFLIGHT_FD was not answered with an area")
            size, offset, queues_given, queue_size_given = messages.INFLIGHT.unpack_from(
                message.payload
            )
            if queues_given != queues or not size:
                raise MalformedMessage(
                    f"GET_INFLIGHT_FD gave {size} bytes for {queues_given} queues, not {queues}"
                )
            fd = message.take_descriptor()
        finally:
            message.close()
        return InflightArea(fd, size, offset, queues, queue_size_given, self._packed)

    def set_inflight(self, inflight: InflightArea) -> None:
        """Have the back-end use the area, and go on with what it shows."""
        payload = messages.INFLIGHT.pack(
            inflight.size, inflight.offset, inflight.queues, inflight.queue_size
        ) + bytes(messages.INFLIGHT_PADDING)
        self._tell(messages.SET_INFLIGHT_FD, payload, [inflight.fd], ack=True)

    # Queues.

    def start_queue(
        self, index: int, queue: QueueSetup, *, base: int | None = None, err_fd: int = -1
    ) -> None:
        """Set a queue up and enable it; it runs from the first kick on, at `base`.

        None is where a fresh queue begins.
        """
        state = messages.VRING_STATE.pack
        if base is None:
            base = _FRESH[self._packed]
        addresses = messages.VRING_ADDRESS.pack(
            index,
            0,
            self._user_address(queue.descriptors),
            self._user_address(queue.device),
            self._user_address(queue.driver),
            0,
        )
        self._tell(messages.SET_VRING_NUM, state(index, queue.size))
        self._tell(messages.SET_VRING_BASE, state(index, base))
        self._tell(messages.SET_VRING_ADDR, addresses)
        self._give(messages.SET_VRING_ERR, index, err_fd)
        self._give(messages.SET_VRING_CALL, index, queue.call_fd)
        self._give(messages.SET_VRING_KICK, index, queue.kick_fd)
        if self._has_protocol_features:
            self._tell(messages.SET_VRING_ENABLE, state(index, 1), ack=True)

    def stop_queue(self, index: int) -> int:
        """Stop a queue, and return the base from which it would go on."""
        if self._has_protocol_features:
            self._tell(messages.SET_VRING_ENABLE, messages.VRING_STATE.pack(index, 0))
        stopped, base = self._ask_numbers(
            messages.GET_VRING_BASE, messages.VRING_STATE.pack(index, 0)
        )
        if stopped != index:
            raise MalformedMessage(f"vring {stopped} was stopped instead of {index}")
        return base

    def _give(self, request: Request, index: int, fd: int) -> None:
        word = index if fd >= 0 else index | messages.NO_DESCRIPTOR
        self._tell(request, messages.U64.pack(word), [fd] if fd >= 0 else ())

    def _user_address(self, gpa: int) -> int:
        for region in self._regions:
            if region.gpa <= gpa < region.gpa + region.size:
                return region.hva + gpa - region.gpa
        raise Refused(f"a part of a queue at {gpa:#x} is not in guest RAM")

    # The device's state.

    def save_state(self) -> bytes:
        """Fetch the device's state; all queues are stopped."""
        ours, theirs = os.pipe2(os.O_CLOEXEC)
        try:
            try:
                self._begin_transfer(messages.STATE_SAVE, theirs)
            finally:
                os.close(theirs)
            state = self._read_pipe(ours)
        finally:
            os.close(ours)
        self._check_transfer()
        return state

    def load_state(self, state: bytes) -> None:
        """Give the device a state, before its queues are started."""
        theirs, ours = os.pipe2(os.O_CLOEXEC)
        try:
            try:
                self._begin_transfer(messages.STATE_LOAD, theirs)
            finally:
                os.close(theirs)
            self._write_pipe(ours, state)
        finally:
            os.close(ours)
        self._check_transfer()

    def _begin_transfer(self, direction: int, fd: int) -> None:
        payload = messages.STATE_TRANSFER.pack(direction, messages.STATE_STOPPED)
        answer = self._ask_u64(messages.SET_DEVICE_STATE_FD, payload, [fd])
        if answer != messages.NO_DESCRIPTOR:
            raise Refused(f"the back-end answered {answer:#x} to a transfer of its state")

    def _check_transfer(self) -> None:
        if self._ask_u64(messages.CHECK_DEVICE_STATE):
            raise Refused("the back-end could not transfer its state")

    def _read_pipe(self, fd: int) -> bytes:
        os.set_blocking(fd, False)
        deadline = time.monotonic() + self._timeout_s
        state = bytearray()
        while True:
            _wait(fd, select.POLLIN, deadline)
            piece = os.read(fd, _PIECE)
            if not piece:
                return bytes(state)
            state += piece
            if len(state) > LARGEST_STATE:
                raise MalformedMessage(f"a state must have at most {LARGEST_STATE} bytes")

    def _write_pipe(self, fd: int, state: bytes) -> None:
        os.set_blocking(fd, False)
        deadline = time.monotonic() + self._timeout_s
        left = memoryview(state)
        while left:
            _wait(fd, select.POLLOUT, deadline)
            try:
                left = left[os.write(fd, left[:_PIECE]) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                raise PeerGone("the back-end stopped reading its state") from None


def _wait(fd: int, event: int, deadline: float) -> None:
    poll = select.poll()
    poll.register(fd, event)
    left_s = deadline - time.monotonic()
    if left_s <= 0 or not poll.poll(left_s * 1000):
        raise PeerGone("the state did not pass in time")


def used_index(memory: Memory, queue: QueueSetup) -> int:
    """Where the device is in a split queue's used ring (virtio 1.3, 2.7.8), for a new device.

    Raises MemoryRangeError.
    """
    (index,) = struct.unpack("<H", memory.read(queue.device + 2, 2))
    return int(index)
