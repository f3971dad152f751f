"""The frames that the relay on the host and the agent in L1 send each other over one serial port.

A frame is a header (kind, stream, length; little-endian, 8 bytes) and its payload. Streams 0 to 2
are the command's standard input, output and error. Each has a window: a sender has at most WINDOW
bytes under way that the receiver has not acknowledged, so a reader that stalls stops its writer
and nothing grows without bound.
"""

from __future__ import annotations

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# relay to agent
START = 1  # marshalled description of the command; the two ends are the same Python
SIGNAL = 2  # number, 1 if it is for the whole process group
RESIZE = 3  # struct winsize
NUDGE = 4  # interrupt every CPU of L1
# agent to relay
READY = 16  # L1 is up; waits for START
RUNNING = 17  # the command was started
FAILED = 18  # the command could not be started; the payload says why
EXIT = 19  # how the command ended, as the shell counts: 128 + n for signal n
# both ways
DATA = 32
ACK = 33  # a count of bytes that were passed on
CLOSE = 34  # from a stream's sender: there is no more
BROKEN = 35  # from a stream's receiver: nobody reads it any more

PORT_NAME = "kvmtool"
LARGEST_PAYLOAD = 1 << 20
WINDOW = 256 << 10
CHUNK = 32 << 10

_HEADER = struct.Struct("<BBxxI")
_COUNT = struct.Struct("<I")


class ProtocolError(Exception):
    """The other end sent what is not a frame."""


def frame(kind: int, stream: int = 0, payload: bytes = b"") -> bytes:
    """Return the bytes of one frame."""
    if len(payload) > LARGEST_PAYLOAD:
        raise ProtocolError(f"a frame takes up to {LARGEST_PAYLOAD} bytes, not {len(payload)}")
    return _HEADER.pack(kind, stream, len(payload)) + payload


def count_frame(kind: int, stream: int, count: int) -> bytes:
    """Return a frame with one number."""
    return frame(kind, stream, _COUNT.pack(count))


def count_of(payload: bytes) -> int:
    """Return the number that `payload` is; ProtocolError if it is not one."""
    if len(payload) != _COUNT.size:
        raise ProtocolError(f"a number takes {_COUNT.size} bytes, not {len(payload)}")
    return int(_COUNT.unpack(payload)[0])


class Decoder:
    """Makes frames out of bytes that come in any portions."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Yield the kind, stream and payload of each frame that `data` completes.

        Raises ProtocolError for a frame that is larger than any is.
        """
        self._pending += data
        while len(self._pending) >= _HEADER.size:
            kind, stream, length = _HEADER.unpack_from(self._pending)
            if length > LARGEST_PAYLOAD:
                raise ProtocolError(f"a frame takes up to {LARGEST_PAYLOAD} bytes, not {length}")
            end = _HEADER.size + length
            if len(self._pending) < end:
                return
            payload = bytes(self._pending[_HEADER.size : end])
            del self._pending[:end]
            yield kind, stream, payload
