"""What the event loop's thread does for a device that other threads use too.

Those have the device's lock while they talk to its process, which may take its time to answer: the
loop's thread never waits for it.
"""

from __future__ import annotations

from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from typing import Protocol

    from kvmtool.event_loop import EventLoop

    class Watched(Protocol):
        """What owns a descriptor."""

        def fileno(self) -> int:
            """The descriptor, -1 once it is closed."""

        def close(self) -> None:
            """Close it."""

    Action = Callable[..., Callable[[], None] | None]

_BUSY_S = 0.02
"""When to look again for a lock that was taken."""


class LoopSide:
    """`lock` is the device's. Without a `loop` nothing is watched."""

    def __init__(self, loop: EventLoop | None, lock: threading.Lock) -> None:
        self.loop = loop
        self._lock = lock
        self._to_do: deque[Callable[[], None]] = deque()
        self._postponed: dict[tuple[Action, tuple[object, ...]], None] = {}

    # From any thread.

    def watch(self, fd: int, events: int, callback: Callable[[], None]) -> None:
        """Have `callback` called when `fd` has one of `events`."""
        loop = self.loop
        if loop is not None:
            self._to_do.append(lambda: loop.watch(fd, events, callback))
            loop.call_soon(self.settle)

    def retire(self, one: Watched) -> None:
        """Close what may be watched, once it is not."""
        self._to_do.append(lambda: self._close(one))
        if self.loop is not None:
            self.loop.call_soon(self.settle)

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Have the loop's thread call `callback`; without a loop, call it now."""
        if self.loop is None:
            callback()
        else:
            self.loop.call_soon(callback)

    # From the loop's thread, or when the loop does not run.

    def settle(self) -> None:
        """Do what `watch` and `retire` asked for, in that order."""
        while self._to_do:
            self._to_do.popleft()()

    def unwatch(self, fd: int) -> None:
        """Forget `fd`."""
        if self.loop is not None:
            self.loop.unwatch(fd)

    def with_lock(self, action: Action, *arguments: object) -> None:
        """Call `action` with the lock, now or soon, and then without it what it returns.

        What is put off twice is done once.
        """
        if not self._lock.acquire(blocking=False):
            if self.loop is not None:
                if not self._postponed:
                    self.loop.call_after(_BUSY_S, self._try_postponed)
                self._postponed[action, arguments] = None
            return
        try:
            then = action(*arguments)
        finally:
            self._lock.release()
        if then is not None:
            then()

    def _try_postponed(self) -> None:
        postponed, self._postponed = self._postponed, {}
        for action, arguments in postponed:
            self.with_lock(action, *arguments)

    def _close(self, one: Watched) -> None:
        self.unwatch(one.fileno())
        one.close()
