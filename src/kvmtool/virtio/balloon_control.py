"""How a VMM and its balloon device, which is in another process, speak with each other.

Each message is a packet on a SOCK_SEQPACKET socket, in the host's byte order: a request from the
VMM, and for each request an answer with its id.
"""

from __future__ import annotations

import select
import struct
import threading
import time

from kvmtool.errors import KvmtoolError
from kvmtool.uapi.linux import virtio_balloon

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable

REQUEST = struct.Struct("=III")  # kind, id, pages
SET_TARGET, ASK_PAGES, ASK_STATISTICS = 1, 2, 3

_ANSWER = struct.Struct("=III")  # id, target and actual pages; statistics follow
_STATISTIC = struct.Struct("<HQ")  # tag and value, as the driver gives them (virtio_balloon_stat)

MOST_STATISTICS = 64
STATISTICS_SIZE = MOST_STATISTICS * _STATISTIC.size
_LARGEST_ANSWER = _ANSWER.size + STATISTICS_SIZE

# In the order of their tags, 0 to 15 (virtio 1.3, 5.5.6.4, and the kernel's header).
_NAMES = (
    "swap_in",
    "swap_out",
    "major_faults",
    "minor_faults",
    "free_memory",
    "total_memory",
    "available_memory",
    "disk_caches",
    "hugetlb_allocations",
    "hugetlb_failures",
    "oom_kills",
    "allocation_stalls",
    "async_scans",
    "direct_scans",
    "async_reclaims",
    "direct_reclaims",
)
_IDS = 1 << 32


def parse_statistics(data: bytes) -> list[tuple[int, int]]:
    """The (tag, value) pairs of a driver's buffer, of the tags that are known, once each."""
    whole = len(data) - len(data) % _STATISTIC.size
    pairs = dict(_STATISTIC.iter_unpack(data[: min(whole, STATISTICS_SIZE)]))
    return [
        (tag, value) for tag, value in pairs.items() if tag < virtio_balloon.VIRTIO_BALLOON_S_NR
    ]


def answer(request_id: int, target: int, actual: int, pairs: Iterable[tuple[int, int]]) -> bytes:
    """The device's answer to a request."""
    body = b"".join(_STATISTIC.pack(*pair) for pair in pairs)
    return _ANSWER.pack(request_id, target, actual) + body


class BalloonControl:
    """The VMM's end; `connection` is its side of the socket pair. Pages are of 4 KiB.

    Usable from any thread. The methods raise KvmtoolError where the device is gone or the guest
    does not answer within `timeout_s` seconds.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._connection.setblocking(False)
        self._lock = threading.Lock()
        self._last_id = 0

    def set_target_pages(self, pages: int, *, timeout_s: float = 5) -> None:
        """Ask the driver to have `pages` pages in the balloon; it takes its time."""
        if not 0 <= pages < 1 << 32:
            raise ValueError(f"a balloon's size must be 0 to 2**32 - 1 pages, not {pages}")
        self._ask(SET_TARGET, pages, timeout_s)

    def pages(self, *, timeout_s: float = 5) -> tuple[int, int]:
        """The target, and how many pages the driver says there are in the balloon."""
        target, actual, _ = self._ask(ASK_PAGES, 0, timeout_s)
        return target, actual

    def statistics(self, timeout_s: float = 5) -> dict[str, int]:
        """What the guest's kernel counts, by name, and `target_pages` and `actual_pages`.

        Memory is in bytes. A guest without a driver for it gives those two only.
        """
        target, actual, pairs = self._ask(ASK_STATISTICS, 0, timeout_s)
        named = {_NAMES[tag]: value for tag, value in pairs}
        return {"target_pages": target, "actual_pages": actual, **named}

    def close(self) -> None:
        """Close the VMM's end."""
        self._connection.close()

    def _ask(
        self, kind: int, pages: int, timeout_s: float
    ) -> tuple[int, int, list[tuple[int, int]]]:
        deadline = time.monotonic() + timeout_s
        with self._lock:
            self._last_id = (self._last_id + 1) % _IDS
            try:
                self._connection.send(REQUEST.pack(kind, self._last_id, pages))
                while True:
                    self._wait(deadline)
                    got = self._parse(self._connection.recv(_LARGEST_ANSWER))
                    # Answers to requests that were given up come late.
                    if got[0] == self._last_id:
                        return got[1:]
            except OSError as error:
                raise KvmtoolError(f"the balloon cannot be reached: {error.strerror}") from None

    def _wait(self, deadline: float) -> None:
        poll = select.poll()
        poll.register(self._connection, select.POLLIN)
        left_s = deadline - time.monotonic()
        # Late answers without end are no answer either.
        if left_s <= 0 or not poll.poll(left_s * 1000):
            raise KvmtoolError("the guest's balloon driver does not answer")

    @staticmethod
    def _parse(data: bytes) -> tuple[int, int, int, list[tuple[int, int]]]:
        if not data:
            raise KvmtoolError("the balloon device is gone")
        if len(data) < _ANSWER.size:
            raise KvmtoolError(f"the balloon device answers with {len(data)} bytes")
        request_id, target, actual = _ANSWER.unpack_from(data)
        return request_id, target, actual, parse_statistics(data[_ANSWER.size :])
