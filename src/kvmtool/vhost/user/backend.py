"""The back-end of vhost-user: serves one device of ours to one front-end.

QEMU's docs/interop/vhost-user.rst. Of the protocol features, those of live migration are not
offered (LOG_SHMFD: writes to guest memory are not logged; PAGEFAULT), nor in-band notifications.
"""

from __future__ import annotations

import os
import select
import socket

from kvmtool import log
from kvmtool.nonblocking import never_block
from kvmtool.vhost.user import messages
from kvmtool.vhost.user.channel import Channel, MalformedMessage, PeerGone
from kvmtool.vhost.user.messages import ProtocolFeature
from kvmtool.vhost.user.rings import Rings
from kvmtool.vhost.user.transfer import StateTransfer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kvmtool.event_loop import EventLoop
    from kvmtool.vhost.user.channel import Message
    from kvmtool.vhost.user.messages import Request
    from kvmtool.virtio.device import VirtioDevice

PROTOCOL_FEATURES = (
    ProtocolFeature.MQ
    | ProtocolFeature.REPLY_ACK
    | ProtocolFeature.BACKEND_REQ
    | ProtocolFeature.CONFIG
    | ProtocolFeature.INFLIGHT_SHMFD
    | ProtocolFeature.RESET_DEVICE
    | ProtocolFeature.CONFIGURE_MEM_SLOTS
    | ProtocolFeature.STATUS
    | ProtocolFeature.DEVICE_STATE
)

_MESSAGES_AT_ONCE = 32
_U64 = messages.U64.pack
_PROTOCOL_BIT = 1 << messages.F_PROTOCOL_FEATURES


class Refused(Exception):
    """A request that is understood and not granted; the message says why."""


class Backend:
    """Serves `device` to the front-end at the other end of `sock`, which it owns, on `loop`.

    `on_closed` is called, on the loop, once the connection is over: the front-end went away, or
    sent what it may not (one logged line says what). The device is reset then, and can be served
    to the next front-end by another Backend.
    """

    def __init__(
        self,
        device: VirtioDevice,
        sock: socket.socket,
        loop: EventLoop,
        on_closed: Callable[[], None] | None = None,
    ) -> None:
        self.device = device
        self.closed = False
        self._loop = loop
        self._on_closed = on_closed
        self._channel = Channel(sock, timeout_s=0)
        self._requests: Channel | None = None
        self._config_changed = False
        self._protocol_features = 0
        self._status = 0
        self._rings = Rings(device, loop, self._queue_started)
        self._transfer: StateTransfer | None = None
        self._transfer_result = 1
        self._check_pending = False
        self._handlers = self._make_handlers()
        device.on_config_change = self._note_config_change
        device.attach(loop)
        loop.watch(self._channel.fileno(), select.POLLIN, self._received)

    def close(self) -> None:
        """Stop the queues, reset the device and give everything back. On the loop's thread."""
        if self.closed:
            return
        self.closed = True
        self._loop.unwatch(self._channel.fileno())
        self.device.on_config_change = _nobody
        self._rings.close()
        self.device.reset()
        if self._transfer is not None:
            self._transfer.close()
        if self._requests is not None:
            self._requests.close()
        self._channel.close()
        if self._on_closed is not None:
            self._on_closed()

    # Messages.

    def _make_handlers(self) -> dict[int, tuple[Request, _Handler]]:
        rings = self._rings
        table: tuple[tuple[Request, _Handler], ...] = (
            (messages.GET_FEATURES, self._get_features),
            (messages.SET_FEATURES, self._set_features),
            (messages.SET_OWNER, self._nothing),
            (messages.RESET_OWNER, self._nothing),
            (messages.SET_MEM_TABLE, rings.set_mem_table),
            (messages.SET_VRING_NUM, rings.set_vring_num),
            (messages.SET_VRING_ADDR, rings.set_vring_addr),
            (messages.SET_VRING_BASE, rings.set_vring_base),
            (messages.GET_VRING_BASE, rings.get_vring_base),
            (messages.SET_VRING_KICK, rings.set_vring_kick),
            (messages.SET_VRING_CALL, rings.set_vring_call),
            (messages.SET_VRING_ERR, rings.set_vring_err),
            (messages.GET_PROTOCOL_FEATURES, self._get_protocol_features),
            (messages.SET_PROTOCOL_FEATURES, self._set_protocol_features),
            (messages.GET_QUEUE_NUM, self._get_queue_num),
            (messages.SET_VRING_ENABLE, rings.set_vring_enable),
            (messages.SET_BACKEND_REQ_FD, self._set_backend_req_fd),
            (messages.GET_CONFIG, self._get_config),
            (messages.SET_CONFIG, self._set_config),
            (messages.GET_INFLIGHT_FD, self._get_inflight_fd),
            (messages.SET_INFLIGHT_FD, rings.set_inflight_fd),
            (messages.RESET_DEVICE, self._reset_device),
            (messages.GET_MAX_MEM_SLOTS, rings.get_max_mem_slots),
            (messages.ADD_MEM_REG, rings.add_mem_reg),
            (messages.REM_MEM_REG, rings.rem_mem_reg),
            (messages.SET_STATUS, self._set_status),
            (messages.GET_STATUS, self._get_status),
            (messages.SET_DEVICE_STATE_FD, self._set_device_state_fd),
            (messages.CHECK_DEVICE_STATE, self._check_device_state),
        )
        return {request.number: (request, handler) for request, handler in table}

    def _received(self) -> None:
        try:
            for _ in range(_MESSAGES_AT_ONCE):
                if self.closed:
                    return
                message = self._channel.receive_nowait()
                if message is None:
                    return
                try:
                    self._handle(message)
                finally:
                    message.close()
        except PeerGone as error:
            log.debug(f"{self.device.name}: the front-end is gone: {error}")
            self.close()
        except (MalformedMessage, OSError) as error:
            log.warning(f"{self.device.name}: {error}; the connection is closed")
            self.close()

    def _handle(self, message: Message) -> None:
        request, handler = self._handlers.get(message.number, (None, None))
        wants_reply = bool(
            message.flags & messages.NEED_REPLY
            and self._protocol_features & ProtocolFeature.REPLY_ACK
        )
        if request is None or handler is None:
            raise MalformedMessage(f"request {message.number} is none that is served")
        tail = len(message.payload) - request.payload.size
        if not 0 <= tail <= request.tail:
            raise MalformedMessage(
                f"{request} must have {request.payload.size} bytes of payload,"
                f" not {len(message.payload)}"
            )
        if len(message.descriptors) > request.descriptors:
            raise MalformedMessage(f"{request} came with {len(message.descriptors)} descriptors")
        try:
            reply = handler(message, *request.payload.unpack_from(message.payload))
        except Refused as error:
            log.debug(f"{self.device.name}: {request} refused: {error}")
            reply = _U64(1) if wants_reply else None
        except MalformedMessage as error:
            raise MalformedMessage(f"{request}: {error}") from None
        else:
            if reply is None and request.reply is None and wants_reply:
                reply = _U64(0)
        if reply is not None:
            self._channel.send(request, reply, messages.REPLY)

    def _nothing(self, _message: Message) -> None:
        """SET_OWNER says nothing new; RESET_OWNER is to be ignored (deprecated)."""

    # Features.

    def _get_features(self, _message: Message) -> bytes:
        return _U64(self.device.features | _PROTOCOL_BIT)

    def _set_features(self, _message: Message, features: int) -> None:
        offered = self.device.features | _PROTOCOL_BIT
        if features & ~offered:
            raise MalformedMessage(f"features {features & ~offered:#x} were not offered")
        self._rings.set_features(features & ~_PROTOCOL_BIT)
        self.device.negotiate(features & ~_PROTOCOL_BIT)
        if not features & _PROTOCOL_BIT:
            self._rings.enable_all()

    def _get_protocol_features(self, _message: Message) -> bytes:
        return _U64(PROTOCOL_FEATURES)

    def _set_protocol_features(self, _message: Message, features: int) -> None:
        if features & ~PROTOCOL_FEATURES:
            raise MalformedMessage(
                f"protocol features {features & ~PROTOCOL_FEATURES:#x} were not offered"
            )
        self._protocol_features = features

    def _get_queue_num(self, _message: Message) -> bytes:
        return _U64(self._rings.count)

    # Resets.

    def _reset(self) -> None:
        self._rings.reset()
        self._status = 0
        self.device.reset()

    def _reset_device(self, _message: Message) -> None:
        self._reset()

    def _set_status(self, _message: Message, status: int) -> None:
        if status > 0xFF:
            raise MalformedMessage(f"a device status is a byte, not {status:#x}")
        if status == 0 and self._status != 0:
            self._reset()
        self._status = status

    def _get_status(self, _message: Message) -> bytes:
        return _U64(self._status)

    # Configuration space.

    def _get_config(self, message: Message, offset: int, size: int, flags: int) -> bytes:
        if not self._is_config_range(message, offset, size):
            return b""
        head = messages.CONFIG_SPACE.pack(offset, size, flags)
        return head + self.device.read_config(offset, size)

    def _set_config(self, message: Message, offset: int, size: int, flags: int) -> None:
        if flags not in (messages.CONFIG_WRITABLE, messages.CONFIG_MIGRATION):
            raise Refused(f"flags {flags:#x}")
        if not self._is_config_range(message, offset, size):
            raise Refused(f"{size} bytes at {offset}")
        self.device.write_config(offset, message.payload[messages.CONFIG_SPACE.size :])

    def _is_config_range(self, message: Message, offset: int, size: int) -> bool:
        """Whether it begins in the device's space, and is as long as it says.

        A front-end may know a longer layout than the device has: that reads as zeros.
        """
        if size != len(message.payload) - messages.CONFIG_SPACE.size:
            raise MalformedMessage(f"{size} bytes of configuration came in another length")
        inside = offset < self.device.config_size
        return inside and size > 0 and offset + size <= messages.LARGEST_CONFIG

    def _set_backend_req_fd(self, message: Message) -> None:
        fd = message.take_descriptor()
        try:
            sock = socket.socket(fileno=fd)
        except OSError as error:
            os.close(fd)
            raise MalformedMessage(f"not a socket: {error.strerror}") from None
        if (sock.family, sock.type) != (socket.AF_UNIX, socket.SOCK_STREAM):
            sock.close()
            raise MalformedMessage("must be a Unix stream socket")
        if self._requests is not None:
            self._requests.close()
        self._requests = Channel(sock, timeout_s=0)

    def _note_config_change(self) -> None:
        self._loop.call_soon(self._tell_config_change)

    def _tell_config_change(self) -> None:
        # A device all of whose rings are stopped sends nothing ("Suspended device state").
        self._config_changed = True
        if self._rings.running:
            self._send_config_change()

    def _queue_started(self) -> None:
        if self._config_changed:
            self._send_config_change()

    def _send_config_change(self) -> None:
        self._config_changed = False
        if self._requests is None or self.closed:
            return
        try:
            self._requests.send(messages.CONFIG_CHANGE_MSG, b"")
        except PeerGone:
            # The front-end has not read the ones before; those say the same.
            return

    def _get_inflight_fd(
        self, _message: Message, _size: int, _offset: int, queues: int, queue_size: int
    ) -> None:
        area = self._rings.create_inflight(queues, queue_size)
        payload = messages.INFLIGHT.pack(area.size, area.offset, queues, queue_size)
        payload += bytes(messages.INFLIGHT_PADDING)
        self._channel.send(messages.GET_INFLIGHT_FD, payload, messages.REPLY, [area.fd])

    # The device's state.

    def _set_device_state_fd(self, message: Message, direction: int, phase: int) -> bytes:
        failed = _U64(1 | messages.NO_DESCRIPTOR)
        if phase != messages.STATE_STOPPED or self._rings.running or self._transfer is not None:
            return failed
        fd = message.take_descriptor()
        try:
            never_block(fd)
        except OSError:
            os.close(fd)
            return failed
        self._transfer_result = 1
        if direction == messages.STATE_SAVE:
            self._transfer = StateTransfer(
                fd, self._loop, self._transferred, state=self.device.save()
            )
        elif direction == messages.STATE_LOAD:
            self._transfer = StateTransfer(fd, self._loop, self._transferred, load=self._load)
        else:
            os.close(fd)
            return failed
        return _U64(messages.NO_DESCRIPTOR)

    def _load(self, state: bytes) -> None:
        """Take a state. Raises ValueError, also where queues were started meanwhile."""
        if self._rings.running:
            raise ValueError("a queue runs")
        self.device.load(state)

    def _transferred(self, well: bool) -> None:
        self._transfer = None
        self._transfer_result = 0 if well else 1
        if self._check_pending:
            self._check_pending = False
            self._answer_check()

    def _check_device_state(self, _message: Message) -> bytes | None:
        if self._transfer is None:
            return _U64(self._transfer_result)
        self._check_pending = True
        return None

    def _answer_check(self) -> None:
        try:
            self._channel.send(
                messages.CHECK_DEVICE_STATE, _U64(self._transfer_result), messages.REPLY
            )
        except PeerGone:
            return  # the socket tells


if TYPE_CHECKING:
    from typing import Any

    _Handler = Callable[..., Any]


def _nobody() -> None:
    """Take a change of the configuration after the connection is over."""
