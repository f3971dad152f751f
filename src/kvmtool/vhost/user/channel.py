"""Messages over a Unix stream socket, with descriptors as ancillary data (SCM_RIGHTS).

The peer is not trusted: sizes and numbers of descriptors are checked before anything is kept,
what is not wanted is closed, and no call waits for longer than it was told to.
"""

from __future__ import annotations

import math
import os
import select
import socket
import struct
import time

from kvmtool.errors import KvmtoolError
from kvmtool.vhost.user.messages import (
    HEADER,
    LARGEST_PAYLOAD,
    MOST_DESCRIPTORS,
    REPLY,
    VERSION,
    VERSION_MASK,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from kvmtool.vhost.user.messages import Request

_ANCILLARY_SIZE = socket.CMSG_SPACE(MOST_DESCRIPTORS * 4)


class PeerGone(KvmtoolError):
    """The other end closed the connection, or did not answer in time."""


class MalformedMessage(KvmtoolError):
    """The other end sent what the protocol does not allow."""


class Message:
    """A message that came in. It owns its descriptors: those not taken are closed by `close`."""

    __slots__ = ("descriptors", "flags", "number", "payload")

    def __init__(self, number: int, flags: int, payload: bytes, descriptors: list[int]) -> None:
        self.number = number
        self.flags = flags
        self.payload = payload
        self.descriptors = descriptors

    def take_descriptor(self) -> int:
        """The first descriptor that nobody took, now the caller's. Raises MalformedMessage."""
        if not self.descriptors:
            raise MalformedMessage("a descriptor is missing")
        return self.descriptors.pop(0)

    def close(self) -> None:
        """Close the descriptors that nobody took."""
        while self.descriptors:
            os.close(self.descriptors.pop())


class Channel:
    """One end of a connection; owns the socket `sock`. Not safe for several threads at once.

    `timeout_s` bounds every send, and every `receive`.
    """

    def __init__(self, sock: socket.socket, timeout_s: float) -> None:
        if sock.gettimeout() is not None:  # by socket.setdefaulttimeout: each call would wait
            sock.settimeout(None)
        self._socket = sock
        self._timeout_s = timeout_s
        self._last_moment = math.inf
        self._header = b""
        self._payload = b""
        self._descriptors: list[int] = []

    def fileno(self) -> int:
        """The socket's descriptor, -1 once closed."""
        return self._socket.fileno()

    def shutdown(self, how: int) -> None:
        """As of sockets: who waits here, in another thread, is told at once. Raises OSError."""
        self._socket.shutdown(how)

    def hurry(self, limit_s: float) -> None:
        """Have all that is waited for from now on take `limit_s` together; from any thread."""
        self._last_moment = min(self._last_moment, time.monotonic() + limit_s)

    def close(self) -> None:
        """Close the socket and what came of an unfinished message."""
        self._drop()
        self._socket.close()

    def send(
        self, request: Request, payload: bytes, flags: int = 0, descriptors: Sequence[int] = ()
    ) -> None:
        """Send one message. Raises PeerGone."""
        deadline = time.monotonic() + self._timeout_s
        data = HEADER.pack(request.number, VERSION | flags, len(payload)) + payload
        ancillary = []
        if descriptors:
            packed = struct.pack(f"={len(descriptors)}i", *descriptors)
            ancillary.append((socket.SOL_SOCKET, socket.SCM_RIGHTS, packed))
        while True:
            try:
                sent = self._socket.sendmsg(
                    [data], ancillary, socket.MSG_NOSIGNAL | socket.MSG_DONTWAIT
                )
            except BlockingIOError:
                self._wait(select.POLLOUT, deadline)
                continue
            except OSError as error:
                raise PeerGone(f"{request} cannot be sent: {error.strerror}") from None
            if sent == len(data):
                return
            data = data[sent:]
            ancillary = []

    def receive(self, timeout_s: float | None = None) -> Message:
        """Wait for the next message. Raises PeerGone and MalformedMessage."""
        deadline = time.monotonic() + (self._timeout_s if timeout_s is None else timeout_s)
        while True:
            message = self.receive_nowait()
            if message is not None:
                return message
            self._wait(select.POLLIN, deadline)

    def receive_reply(self, request: Request, timeout_s: float | None = None) -> Message:
        """Wait for the reply to `request`. Raises PeerGone and MalformedMessage."""
        message = self.receive(timeout_s)
        if message.number != request.number or not message.flags & REPLY:
            message.close()
            raise MalformedMessage(f"message {message.number} came instead of {request}'s reply")
        return message

    def receive_nowait(self) -> Message | None:
        """The next message if all of it is there. Raises PeerGone and MalformedMessage."""
        try:
            if len(self._header) < HEADER.size:
                self._header += self._read(HEADER.size - len(self._header))
                if len(self._header) < HEADER.size:
                    return None
            number, flags, size = HEADER.unpack(self._header)
            if flags & VERSION_MASK != VERSION:
                raise MalformedMessage(f"version must be 1, not {flags & VERSION_MASK}")
            if size > LARGEST_PAYLOAD:
                raise MalformedMessage(
                    f"a payload must be at most {LARGEST_PAYLOAD} bytes, not {size}"
                )
            if len(self._payload) < size:
                self._payload += self._read(size - len(self._payload))
                if len(self._payload) < size:
                    return None
        except BlockingIOError:
            return None
        except (PeerGone, MalformedMessage):
            self._drop()
            raise
        message = Message(number, flags, self._payload, self._descriptors)
        self._header, self._payload, self._descriptors = b"", b"", []
        return message

    def _read(self, size: int) -> bytes:
        try:
            data, ancillary, flags, _ = self._socket.recvmsg(
                size, _ANCILLARY_SIZE, socket.MSG_CMSG_CLOEXEC | socket.MSG_DONTWAIT
            )
        except BlockingIOError:
            raise
        except OSError as error:
            raise PeerGone(f"the connection failed: {error.strerror}") from None
        for level, kind, content in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                self._descriptors += struct.unpack(f"={len(content) // 4}i", content)
        if flags & socket.MSG_CTRUNC or len(self._descriptors) > MOST_DESCRIPTORS:
            raise MalformedMessage(f"a message must carry at most {MOST_DESCRIPTORS} descriptors")
        if not data:
            raise PeerGone("the connection was closed")
        return data

    def _wait(self, event: int, deadline: float) -> None:
        left_s = min(deadline, self._last_moment) - time.monotonic()
        poll = select.poll()
        poll.register(self._socket.fileno(), event)
        if left_s <= 0 or not poll.poll(left_s * 1000):
            raise PeerGone("no answer in time")

    def _drop(self) -> None:
        while self._descriptors:
            os.close(self._descriptors.pop())
        self._header = self._payload = b""
