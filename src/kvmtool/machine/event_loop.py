"""The main thread's loop: waits for descriptors and for other threads."""

from __future__ import annotations

import os
import select
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class EventLoop:
    """Calls back when descriptors are ready, until `stop`.

    Callbacks run in the thread that called `run`; `call_soon` and `stop` may be called from any
    thread, as may `call_after`; `stop` from signal handlers too.
    """

    def __init__(self) -> None:
        self._poll = select.poll()
        self._callbacks: dict[int, Callable[[], None]] = {}
        self._pending: list[Callable[[], None]] = []
        self._timers: list[tuple[float, Callable[[], None]]] = []
        self._pending_lock = threading.Lock()
        self._stopped = False
        self._wake_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self.watch(self._wake_fd, select.POLLIN, self._woken)

    def watch(self, fd: int, events: int, callback: Callable[[], None]) -> None:
        """Call `callback` whenever `fd` has one of `events` (select.POLL*), hung up or failed."""
        self._poll.register(fd, events)
        self._callbacks[fd] = callback

    def unwatch(self, fd: int) -> None:
        """Forget `fd`; it may be one that is not watched."""
        if self._callbacks.pop(fd, None) is not None:
            self._poll.unregister(fd)

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Have the loop's thread call `callback`, once for all calls that it has not got to."""
        with self._pending_lock:
            if callback not in self._pending:
                self._pending.append(callback)
        os.eventfd_write(self._wake_fd, 1)

    def call_after(self, delay_s: float, callback: Callable[[], None]) -> None:
        """Have the loop's thread call `callback` once, `delay_s` seconds from now."""
        with self._pending_lock:
            self._timers.append((time.monotonic() + delay_s, callback))
        os.eventfd_write(self._wake_fd, 1)

    def stop(self) -> None:
        """Make `run` return."""
        self._stopped = True
        os.eventfd_write(self._wake_fd, 1)

    def run(self) -> None:
        """Serve until `stop` was called."""
        while not self._stopped:
            for fd, _ in self._poll.poll(self._timeout_ms()):
                callback = self._callbacks.get(fd)
                if callback is not None:
                    callback()
            for callback in self._due():
                callback()

    def close(self) -> None:
        """Give the loop's own descriptor up."""
        os.close(self._wake_fd)

    def _timeout_ms(self) -> float | None:
        """How long to wait for descriptors: to the first timer, or for ever."""
        with self._pending_lock:
            if not self._timers:
                return None
            return max(0.0, (min(when for when, _ in self._timers) - time.monotonic()) * 1000)

    def _due(self) -> list[Callable[[], None]]:
        now = time.monotonic()
        with self._pending_lock:
            due = [callback for when, callback in self._timers if when <= now]
            self._timers = [timer for timer in self._timers if timer[0] > now]
        return due

    def _woken(self) -> None:
        os.eventfd_read(self._wake_fd)
        with self._pending_lock:
            pending, self._pending = self._pending, []
        for callback in pending:
            callback()
