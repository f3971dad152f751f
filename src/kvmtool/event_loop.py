"""The main thread's loop: waits for descriptors and for other threads."""

from __future__ import annotations

import os
import select
import signal
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_WAKES_READ = 4096


class EventLoop:
    """Calls back when descriptors are ready, until `stop`.

    Callbacks run in the thread that called `run`; `call_soon`, `call_after` and `stop` may be
    called from any thread. A signal makes the main thread's loop look up, so that its handler
    runs.
    """

    def __init__(self) -> None:
        self._poll = select.poll()
        self._callbacks: dict[int, Callable[[], None]] = {}
        self._pending: list[Callable[[], None]] = []
        self._timers: list[tuple[float, Callable[[], None]]] = []
        self._pending_lock = threading.Lock()
        self._stopped = False
        self._woken_fd, self._wake_fd = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.watch(self._woken_fd, select.POLLIN, self._woken)

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
        self._wake()

    def call_after(self, delay_s: float, callback: Callable[[], None]) -> None:
        """Have the loop's thread call `callback` once, `delay_s` seconds from now."""
        with self._pending_lock:
            self._timers.append((time.monotonic() + delay_s, callback))
        self._wake()

    def stop(self) -> None:
        """Make `run` return."""
        self._stopped = True
        self._wake()

    def run(self) -> None:
        """Serve until `stop` was called."""
        if threading.current_thread() is threading.main_thread():
            before = signal.set_wakeup_fd(self._wake_fd, warn_on_full_buffer=False)
            try:
                self._serve()
            finally:
                signal.set_wakeup_fd(before)
        else:
            self._serve()

    def _serve(self) -> None:
        while not self._stopped:
            for fd, _ in self._poll.poll(self._timeout_ms()):
                callback = self._callbacks.get(fd)
                if callback is not None:
                    callback()
            for callback in self._due():
                callback()

    def close(self) -> None:
        """Give the loop's own descriptors up."""
        os.close(self._wake_fd)
        os.close(self._woken_fd)

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

    def _wake(self) -> None:
        try:
            os.write(self._wake_fd, b"\0")
        except BlockingIOError:
            return  # the pipe is full of wakes that the loop has not read yet

    def _woken(self) -> None:
        os.read(self._woken_fd, _WAKES_READ)
        with self._pending_lock:
            pending, self._pending = self._pending, []
        for callback in pending:
            callback()
