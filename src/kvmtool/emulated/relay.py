"""The host's end of a command in L1: passes on its streams, terminal, signals and status."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import struct
import termios
import time
import tty
from contextlib import contextmanager, suppress

from kvmtool.emulated import protocol, streams
from kvmtool.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from kvmtool.emulated.qemu import QemuProcess

_FORWARDED = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
_SI_KERNEL = 0x80
_SIGNALFD_INFO = 128
_SFD_CLOEXEC = 0o2000000
_SIGSET_BYTES = 128
# QEMU's threads share a CPU's pending interrupts and its pending virtual one in a word that VMRUN
# changes without their lock (helper_vmrun in target/i386/tcg/sysemu/svm_helper.c). A timer's
# interrupt that is lost so comes with the next one of that CPU, which an idle L1 has none of.
_NUDGE_MS = 200


class Terminal:
    """The terminal that standard input is, in raw mode while the command has it."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._saved: list[Any] | None = None

    def make_raw(self) -> None:
        """Let every key through, if this process is in the terminal's foreground."""
        try:
            if os.tcgetpgrp(self._fd) == os.getpgrp():
                self._saved = termios.tcgetattr(self._fd)
                tty.setraw(self._fd, termios.TCSADRAIN)
        except (OSError, termios.error):
            pass

    def restore(self) -> None:
        """Make it what it was."""
        if self._saved is not None:
            with suppress(termios.error):
                termios.tcsetattr(self._fd, termios.TCSADRAIN, self._saved)


def stream_kinds() -> list[str]:
    """Return what each standard stream is: terminal, pipe, closed, or output for a 2>&1."""
    kinds = []
    for fd in range(3):
        try:
            status = os.fstat(fd)
        except OSError:
            kinds.append("closed")
            continue
        kinds.append("terminal" if os.isatty(fd) else "pipe")
        if fd == 2 and kinds[1:] == ["pipe", "pipe"] and os.path.samestat(status, os.fstat(1)):
            kinds[2] = "output"
    return kinds


@contextmanager
def held_open() -> Iterator[None]:
    """Keep standard streams that are closed from becoming something else's descriptors."""
    opened = [os.open(os.devnull, os.O_RDWR)]
    while opened[-1] <= 2:
        opened.append(os.open(os.devnull, os.O_RDWR))
    try:
        yield
    finally:
        for fd in opened:
            os.close(fd)


def terminal_state(kinds: list[str]) -> tuple[list[Any] | None, bytes | None]:
    """Return the settings and struct winsize of the first stream that is a terminal."""
    if "terminal" not in kinds:
        return None, None
    fd = kinds.index("terminal")
    settings = termios.tcgetattr(fd)
    if kinds[0] != "terminal":
        settings[1] &= ~termios.OPOST  # ours, which is not raw then, does it
    return settings, fcntl.ioctl(fd, termios.TIOCGWINSZ, bytes(8))


class Relay(streams.Loop):
    """Serves one command from its start to its end."""

    def __init__(self, qemu: QemuProcess, kinds: list[str]) -> None:
        super().__init__(qemu.port.fileno(), _nothing)
        qemu.port.setblocking(False)
        self._qemu = qemu
        self._kinds = kinds
        self._running = False
        self._status: int | None = None
        self._signals: list[tuple[int, int]] = []
        self._nudge_at = 0.0
        self._terminal = Terminal(0) if kinds[0] == "terminal" else None
        for fd in (1, 2):
            if kinds[fd] in ("terminal", "pipe"):
                self.sinks[fd] = streams.Sink(fd, fd, blocking=True, on_close=_nothing)
        self.watched[qemu.console.fileno()] = self._on_console

    def serve(self, start: bytes, limit_s: float) -> int:
        """Start the command and return its status, as the shell counts.

        Raises EmulatedHostFailure if L1 ends, or does not start it within `limit_s` seconds,
        and BadInput if it cannot be started.
        """
        forwarded = [
            number for number in _FORWARDED if signal.getsignal(number) is not signal.SIG_IGN
        ]
        mask = {*forwarded, signal.SIGWINCH}
        before = signal.pthread_sigmask(signal.SIG_BLOCK, mask)
        signal_fd = _signalfd(mask)
        try:
            self.watched[signal_fd] = lambda: self._on_signal(signal_fd)
            self.send(protocol.frame(protocol.START, 0, start))
            self._wait_until_running(limit_s)
            return self._serve()
        finally:
            if self._terminal:
                self._terminal.restore()
            os.close(signal_fd)
            while signal.sigtimedwait(mask, 0):
                pass
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _wait_until_running(self, limit_s: float) -> None:
        deadline = time.monotonic() + limit_s
        while not self._running:
            left = deadline - time.monotonic()
            if left <= 0:
                raise self._qemu.failure(f"did not start the command within {limit_s:.0f} s")
            self._advance(int(left * 1000) + 1)
            if self._signals and not self._running:
                raise SystemExit(128 + self._signals[0][0])

    def _serve(self) -> int:
        if self._terminal:
            self._terminal.make_raw()
        if self._kinds[0] != "closed":
            self.sources[0] = streams.Source(0, 0)
        while self._status is None:
            self._nudge()
            self._advance(_NUDGE_MS)
        self.sources.clear()
        while any(sink.wants for sink in self.sinks.values()):
            if self._signals:
                return 128 + self._signals[0][0]
            self._advance(None, ended=True)
        return self._status

    def _nudge(self) -> None:
        """Interrupt L1 from time to time, unless it has yet to take what was sent before."""
        now = time.monotonic()
        if now >= self._nudge_at and not self._out:
            self._nudge_at = now + _NUDGE_MS / 1000
            self.send(protocol.frame(protocol.NUDGE))

    def _advance(self, timeout_ms: int | None, *, ended: bool = False) -> None:
        frames = self.step(timeout_ms)
        if frames is None:
            if not ended:
                raise self._qemu.failure("ended before the command did")
            return
        for kind, _, payload in frames:
            if kind == protocol.RUNNING:
                self._running = True
            elif kind == protocol.FAILED:
                raise BadInput(payload.decode(errors="replace"))
            elif kind == protocol.EXIT:
                self._status = protocol.count_of(payload)
        if self._running and self._status is None:
            for number, to_group in self._signals:
                self.send(protocol.frame(protocol.SIGNAL, 0, bytes((number, to_group))))
            self._signals.clear()

    def _on_console(self) -> None:
        self._qemu.read_console()
        if self._qemu.console_ended:
            del self.watched[self._qemu.console.fileno()]

    def _on_signal(self, fd: int) -> None:
        number, _, code = struct.unpack_from("<IiI", os.read(fd, _SIGNALFD_INFO))
        if number == signal.SIGWINCH:
            if "terminal" in self._kinds:
                size = fcntl.ioctl(self._kinds.index("terminal"), termios.TIOCGWINSZ, bytes(8))
                self.send(protocol.frame(protocol.RESIZE, 0, size))
        else:
            # a terminal's keys signal a group, kill(1) a process
            self._signals.append((number, int(code == _SI_KERNEL)))


def _nothing(*_: int) -> None:
    """Our own standard streams stay open."""


def _signalfd(numbers: set[signal.Signals]) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    mask = (ctypes.c_uint8 * _SIGSET_BYTES)()
    for number in numbers:
        mask[(number - 1) // 8] |= 1 << ((number - 1) % 8)
    fd: int = libc.signalfd(-1, mask, _SFD_CLOEXEC)
    if fd < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), "signalfd")
    return fd
