"""Moves bytes between local file descriptors and the frames of `protocol`, at either end."""

from __future__ import annotations

import os
import select

from kvmtool.emulated import protocol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_READABLE = select.POLLIN | select.POLLHUP | select.POLLERR
_WRITABLE = select.POLLOUT | select.POLLHUP | select.POLLERR
_SURE = 4096  # PIPE_BUF: what a pipe that poll(2) calls writable takes without blocking


class Source:
    """Sends what `fd` gives, as far as the window allows, and CLOSE at its end."""

    def __init__(self, fd: int, stream: int) -> None:
        self.fd = fd
        self.open = True
        self.total = 0
        self._stream = stream
        self._credit = protocol.WINDOW

    @property
    def wants(self) -> bool:
        """Whether it would read now."""
        return self.open and self._credit > 0

    def acknowledged(self, count: int) -> None:
        """Allow `count` more bytes to be under way."""
        self._credit = min(protocol.WINDOW, self._credit + count)

    def read(self) -> bytes:
        """Return frames with what `fd` has now; it must be readable or not block."""
        try:
            data = os.read(self.fd, min(self._credit, protocol.CHUNK))
        except BlockingIOError:
            return b""
        except OSError:  # EIO of a terminal whose other end is closed
            data = b""
        if not data:
            self.open = False
            return protocol.frame(protocol.CLOSE, self._stream)
        self._credit -= len(data)
        self.total += len(data)
        return protocol.frame(protocol.DATA, self._stream, data)


class Sink:
    """Passes on to `fd` what comes in frames, acknowledging what was taken."""

    def __init__(self, fd: int, stream: int, *, blocking: bool, on_close: Callable[[], None]):
        """`blocking` says that `fd` is shared with others, so it cannot be made not to block."""
        self.fd = fd
        self._stream = stream
        self._blocking = blocking
        self._on_close = on_close
        self._pending = bytearray()
        self._ending = False
        self._broken = False

    @property
    def wants(self) -> bool:
        """Whether it would write now."""
        return bool(self._pending)

    def put(self, data: bytes) -> bytes:
        """Take `data`; return the frames to answer with."""
        if self._broken or self._ending:
            return protocol.count_frame(protocol.ACK, self._stream, len(data))
        self._pending += data
        return b""

    def close(self) -> None:
        """Close `fd` once everything is written."""
        if not self._ending:
            self._ending = True
            if not self._pending and not self._broken:
                self._on_close()

    def write(self) -> bytes:
        """Write a part, to an `fd` that is writable; return the frames to answer with."""
        try:
            size = _SURE if self._blocking else len(self._pending)
            count = os.write(self.fd, self._pending[:size])
        except BlockingIOError:
            return b""
        except OSError:
            return self._break()
        del self._pending[:count]
        if not self._pending and self._ending:
            self._on_close()
        return protocol.count_frame(protocol.ACK, self._stream, count)

    def _break(self) -> bytes:
        count = len(self._pending)
        self._pending.clear()
        self._broken = True
        self._on_close()
        broken = protocol.frame(protocol.BROKEN, self._stream)
        return protocol.count_frame(protocol.ACK, self._stream, count) + broken


class Loop:
    """Waits for the port, the streams and other descriptors, and moves what can be moved."""

    def __init__(self, port: int, on_broken: Callable[[int], None]) -> None:
        """`port` must not block. `on_broken` is told of a stream that nobody reads any more."""
        self.sources: dict[int, Source] = {}
        self.sinks: dict[int, Sink] = {}
        self.watched: dict[int, Callable[[], None]] = {}
        self._port = port
        self._on_broken = on_broken
        self._decoder = protocol.Decoder()
        self._out = bytearray()

    def send(self, data: bytes) -> None:
        """Send these frames as soon as the port takes them."""
        self._out += data

    @property
    def flushed(self) -> bool:
        """Whether everything sent has left and everything received is written."""
        return not self._out and not any(sink.wants for sink in self.sinks.values())

    def step(self, timeout_ms: int | None = None) -> list[tuple[int, int, bytes]] | None:
        """Wait once and move bytes; return the frames that are not about a stream's bytes.

        None when the other end is gone.
        """
        ready = self._wait(timeout_ms)
        frames: list[tuple[int, int, bytes]] = []
        for fd, call in list(self.watched.items()):
            if ready.get(fd, 0) & _READABLE:
                call()
        for source in self.sources.values():
            if source.wants and ready.get(source.fd, 0) & _READABLE:
                self.send(source.read())
        for sink in self.sinks.values():
            if sink.wants and ready.get(sink.fd, 0) & _WRITABLE:
                self.send(sink.write())
        events = ready.get(self._port, 0)
        try:
            if events & select.POLLOUT and self._out:
                del self._out[: os.write(self._port, self._out[: protocol.CHUNK])]
            if events & _READABLE:
                data = os.read(self._port, 2 * protocol.CHUNK)
                if not data:
                    return None
                for kind, stream, payload in self._decoder.feed(data):
                    if not self._handle(kind, stream, payload):
                        frames.append((kind, stream, payload))
        except BlockingIOError:
            pass
        except OSError:
            return None
        return frames

    def _wait(self, timeout_ms: int | None) -> dict[int, int]:
        interest: dict[int, int] = dict.fromkeys(self.watched, select.POLLIN)
        interest[self._port] = select.POLLIN | (select.POLLOUT if self._out else 0)
        if len(self._out) < protocol.WINDOW:
            for source in self.sources.values():
                if source.wants:
                    interest[source.fd] = interest.get(source.fd, 0) | select.POLLIN
        for sink in self.sinks.values():
            if sink.wants:
                interest[sink.fd] = interest.get(sink.fd, 0) | select.POLLOUT
        poll = select.poll()
        for fd, events in interest.items():
            poll.register(fd, events)
        return dict(poll.poll(timeout_ms))

    def _handle(self, kind: int, stream: int, payload: bytes) -> bool:
        if kind == protocol.DATA:
            sink = self.sinks.get(stream)
            if sink is not None:
                self.send(sink.put(payload))
        elif kind == protocol.CLOSE:
            sink = self.sinks.get(stream)
            if sink is not None:
                sink.close()
        elif kind == protocol.ACK:
            source = self.sources.get(stream)
            if source is not None:
                source.acknowledged(protocol.count_of(payload))
        elif kind == protocol.BROKEN:
            source = self.sources.get(stream)
            if source is not None:
                source.open = False
                self._on_broken(stream)
        else:
            return False
        return True
