"""The terminal, pipe or file that a machine's console is connected to."""

from __future__ import annotations

import os
import select
import termios
import threading

from kvmtool import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol, TypeVar

    Result = TypeVar("Result")

    class Loop(Protocol):
        """What a terminal needs of the event loop (kvmtool.event_loop.EventLoop)."""

        def watch(self, fd: int, events: int, callback: Callable[[], None]) -> None: ...
        def unwatch(self, fd: int) -> None: ...
        def call_soon(self, callback: Callable[[], None]) -> None: ...
        def call_after(self, delay_s: float, callback: Callable[[], None]) -> None: ...


_ESCAPE = 0x01  # Ctrl-A
_CHUNK = 4096
_OUTPUT_LIMIT = 1 << 16
_OUTPUT_END = 2 * _OUTPUT_LIMIT
_RETRY_S = 0.02
_GATHER_S = 0.002  # bytes come one by one, and waking the loop for each costs more than the byte

_HELP = """\r
Ctrl-A x  end the machine\r
Ctrl-A b  send a break (for sysrq)\r
Ctrl-A h  this help\r
Ctrl-A Ctrl-A  send Ctrl-A\r
"""


class Terminal:
    """Standard input and output as a machine's console.

    A terminal is put into raw mode between `open` and `close`, and Ctrl-A is its escape
    character; a pipe or a file is passed through as it is. Guest output waits in a buffer of
    64 KiB, beyond which the writing vCPU waits for the reader. It may hold a lock then that
    `receive` and `send_break` take: it does not wait while they are called. So the buffer may
    become larger, and from 128 KiB on input waits for the reader too.

    `receive` takes bytes for the guest and returns how many it had room for; `send_break` sends a
    break; `on_quit` is called when the user, or a closed output, ends the machine; `on_room` when
    `offer` would take more.
    """

    def __init__(self, input_fd: int = 0, output_fd: int = 1) -> None:
        self._input_fd = input_fd
        self._output_fd = output_fd
        self._writing_fd = output_fd
        self._stuck = False
        self._saved: list[int | list[bytes | int]] | None = None
        self._escaped = False
        self._input = b""
        self._input_waits = False
        self._watching_input = False
        self._output = bytearray()
        self._output_lock = threading.Condition()
        self._calling_port = False
        self._closed = True
        self._loop: Loop | None = None
        self.receive: Callable[[bytes], int] = len
        self.send_break: Callable[[], object] = lambda: None
        self.on_quit: Callable[[], None] = lambda: None
        self.on_room: Callable[[], None] = lambda: None

    def open(self, loop: Loop) -> None:
        """Start serving from `loop`."""
        self._loop = loop
        self._closed = False
        if os.isatty(self._input_fd):
            self._saved = termios.tcgetattr(self._input_fd)
            raw = termios.tcgetattr(self._input_fd)
            raw[0] &= ~(
                termios.BRKINT | termios.ICRNL | termios.INLCR | termios.IGNCR | termios.ISTRIP
                | termios.IXON
            )  # fmt: skip
            raw[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
            termios.tcsetattr(self._input_fd, termios.TCSANOW, raw)
        if os.isatty(self._output_fd):
            self._writing_fd = _without_blocking(self._output_fd)
        self._watch_input(True)
        loop.call_soon(self._flush)

    def close(self) -> None:
        """Write what is left, as far as the reader takes it at once, and restore the terminal."""
        if self._loop is not None:
            self._watch_input(False)
            self._loop.unwatch(self._output_fd)
            self._loop = None
        with self._output_lock:
            self._closed = True
            self._write_some()
            self._output_lock.notify_all()
            if self._writing_fd != self._output_fd:
                os.close(self._writing_fd)
                self._writing_fd = self._output_fd
        if self._saved is not None:
            try:
                termios.tcsetattr(self._input_fd, termios.TCSANOW, self._saved)
            except termios.error as error:
                log.debug(f"the terminal is gone: {error}")
            self._saved = None

    def put(self, byte: int) -> None:
        """Take one byte of guest output; from any vCPU thread."""
        with self._output_lock:
            while len(self._output) >= _OUTPUT_LIMIT and not (self._closed or self._calling_port):
                self._output_lock.wait()
            # While the loop's thread waits for the port, a few bytes more do no harm.
            if len(self._output) < _OUTPUT_LIMIT or self._calling_port:
                self._output.append(byte)
            first = len(self._output) == 1
        loop = self._loop
        if first and loop is not None:
            loop.call_after(_GATHER_S, self._flush)

    def offer(self, data: bytes) -> int:
        """Take guest output as far as there is room for it now; return how many bytes that was.

        For the loop's own thread, which must not wait as `put` does.
        """
        with self._output_lock:
            taken = data[: max(0, _OUTPUT_LIMIT - len(self._output))]
            self._output += taken
        self._flush()
        return len(taken)

    def size(self) -> tuple[int, int]:
        """Columns and rows of the terminal; (0, 0) where the output is none."""
        try:
            return os.get_terminal_size(self._output_fd)
        except OSError:
            return 0, 0

    def room_was_made(self) -> None:
        """Say that `receive` would take bytes again; from any thread."""
        loop = self._loop
        if self._input and loop is not None:
            loop.call_soon(self._push_input)

    def _watch_input(self, wanted: bool) -> None:
        if self._loop is not None and wanted != self._watching_input:
            self._watching_input = wanted
            if wanted:
                self._loop.watch(self._input_fd, select.POLLIN, self._read_input)
            else:
                self._loop.unwatch(self._input_fd)

    def _read_input(self) -> None:
        try:
            data = os.read(self._input_fd, _CHUNK)
        except OSError as error:
            log.debug(f"console input ended: {error.strerror}")
            data = b""
        if not data:
            self._watch_input(False)
            return
        self._input += self._without_escapes(data) if self._saved is not None else data
        self._push_input()

    def _push_input(self) -> None:
        """Give the guest what it has room for; read no more before it has taken all."""
        self._input_waits = len(self._output) >= _OUTPUT_END
        if self._input and not self._input_waits:
            self._input = self._input[self._call_port(lambda: self.receive(self._input)) :]
        at_end = not self._input
        if at_end != self._watching_input:
            self._watch_input(at_end)

    def _call_port(self, call: Callable[[], Result]) -> Result:
        """Call `receive` or `send_break`, and have no vCPU wait in `put` meanwhile."""
        with self._output_lock:
            self._calling_port = True
            self._output_lock.notify_all()
        try:
            return call()
        finally:
            with self._output_lock:
                self._calling_port = False

    def _without_escapes(self, data: bytes) -> bytes:
        kept = bytearray()
        for byte in data:
            if self._escaped:
                self._escaped = False
                self._obey(byte, kept)
            elif byte == _ESCAPE:
                self._escaped = True
            else:
                kept.append(byte)
        return bytes(kept)

    def _obey(self, command: int, kept: bytearray) -> None:
        if command == ord("x"):
            self.on_quit()
        elif command == ord("b"):
            self._call_port(self.send_break)
        elif command == ord("h"):
            with self._output_lock:
                self._output += _HELP.encode()
            self._flush()
        elif command == _ESCAPE:
            kept.append(_ESCAPE)

    def _flush(self) -> None:
        """Write what the reader takes without blocking; wait for it to take the rest."""
        with self._output_lock:
            broken = not self._write_some()
            waiting = bool(self._output)
            self._output_lock.notify_all()
        if self._loop is None:
            return
        if self._input_waits and len(self._output) < _OUTPUT_LIMIT:
            self._loop.call_soon(self._push_input)
        if broken:
            self._loop.unwatch(self._output_fd)
            self.on_quit()
        elif self._stuck:
            self._loop.unwatch(self._output_fd)
            self._loop.call_after(_RETRY_S, self._flush)
        elif waiting:
            self._loop.watch(self._output_fd, select.POLLOUT, self._flush)
        else:
            self._loop.unwatch(self._output_fd)
            self.on_room()

    def _write_some(self) -> bool:
        """Write while the output is ready; False once nobody reads it any more."""
        self._stuck = False
        ready = select.poll()
        ready.register(self._writing_fd, select.POLLOUT)
        while self._output and ready.poll(0):
            try:
                # A pipe that is ready takes PIPE_BUF bytes without blocking.
                written = os.write(self._writing_fd, self._output[: select.PIPE_BUF])
            except BlockingIOError:
                # A terminal is ready as soon as it has any room, even too little for "\r\n".
                self._stuck = True
                return True
            except OSError as error:
                log.debug(f"console output ended: {error.strerror}")
                self._output.clear()
                self._closed = True
                return False
            del self._output[:written]
        return True


def _without_blocking(fd: int) -> int:
    """Open the terminal `fd` anew for writes that do not block, or return `fd` if that fails.

    O_NONBLOCK on `fd` itself would be seen by everybody who shares the terminal.
    """
    flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        return os.open(f"/proc/self/fd/{fd}", flags)
    except OSError as error:
        log.debug(f"writes to the terminal may block: {error.strerror}")
        return fd
