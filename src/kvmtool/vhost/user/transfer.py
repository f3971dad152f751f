"""The device's state through a descriptor, in pieces as the other end takes or gives them.

vhost-user, "Migrating back-end state".
"""

from __future__ import annotations

import os
import select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kvmtool.event_loop import EventLoop

LARGEST_STATE = 64 << 20
_PIECE = 1 << 16


class StateTransfer:
    """Writes `state` to the non-blocking `fd`, or reads one from it for `load`, then closes it.

    `load` raises ValueError for a state that is not the device's. `on_done` is called with
    whether all went well, by the loop.
    """

    def __init__(
        self,
        fd: int,
        loop: EventLoop,
        on_done: Callable[[bool], None],
        *,
        state: bytes = b"",
        load: Callable[[bytes], None] | None = None,
    ) -> None:
        self._fd = fd
        self._loop = loop
        self._on_done = on_done
        self._left = memoryview(state)
        self._got = bytearray()
        self._load = load
        if load is None:
            loop.watch(fd, select.POLLOUT, self._write)
        else:
            loop.watch(fd, select.POLLIN, self._read)

    def _write(self) -> None:
        try:
            self._left = self._left[os.write(self._fd, self._left[:_PIECE]) :]
        except BlockingIOError:
            return
        except OSError:
            self._done(False)
            return
        if not self._left:
            self._done(True)

    def _read(self) -> None:
        try:
            piece = os.read(self._fd, _PIECE)
        except BlockingIOError:
            return
        except OSError:
            self._done(False)
            return
        self._got += piece
        if len(self._got) > LARGEST_STATE:
            self._done(False)
        elif not piece:
            self._done(self._loaded())

    def _loaded(self) -> bool:
        try:
            assert self._load is not None
            self._load(bytes(self._got))
        except ValueError:
            return False
        return True

    def _done(self, well: bool) -> None:
        self.close()
        self._on_done(well)

    def close(self) -> None:
        """Give up what is under way."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            self._loop.unwatch(fd)
            os.close(fd)
