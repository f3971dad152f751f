"""Joins the terminal to a virtio console, whose device may be in another process."""

from __future__ import annotations

import os
import select
import signal
import socket
import struct
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.backends.terminal import Terminal
    from kvmtool.event_loop import EventLoop

_CHUNK = 4096
_SIZE = struct.Struct("<HH")  # columns, rows


class ConsoleStream:
    """Two sockets: `device_fd`, for the console's bytes, and `size_fd`, for the terminal's size.

    Those two are the device's; a message on `size_fd` is columns and rows as 16-bit integers.
    """

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._own, self._device = socket.socketpair()
        self._own_size, self._device_size = socket.socketpair(
            socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK
        )
        for end in (self._own, self._device):
            end.setblocking(False)
        self.device_fd = self._device.fileno()
        self.size_fd = self._device_size.fileno()
        self._output = b""
        self._input_waits = False
        self._loop: EventLoop | None = None

    def open(self, loop: EventLoop) -> None:
        """Take the terminal's input, and give it the console's output, from `loop`."""
        self._loop = loop
        self._terminal.receive = self._send
        self._terminal.send_break = lambda: None  # a virtio console has none
        self._terminal.on_room = self._push_output
        loop.watch(self._own.fileno(), select.POLLIN, self._read)
        self._tell_size()
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGWINCH, lambda *_: self._tell_size())

    def close(self) -> None:
        """Close all four ends."""
        if self._loop is not None:
            self._loop.unwatch(self._own.fileno())
            self._terminal.on_room = lambda: None
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGWINCH, signal.SIG_DFL)
        for end in (self._own, self._device, self._own_size, self._device_size):
            end.close()

    def _tell_size(self) -> None:
        columns, rows = self._terminal.size()
        try:
            self._own_size.send(_SIZE.pack(columns & 0xFFFF, rows & 0xFFFF))
        except OSError:
            return  # the device is gone, or has not read the sizes before this one

    def _send(self, data: bytes) -> int:
        """Give the console input as far as it has room; watch for more room otherwise."""
        try:
            sent = self._own.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            return len(data)  # nobody will ever read it
        self._input_waits = sent < len(data)
        if self._input_waits:
            self._watch()
        return sent

    def _watch(self) -> None:
        """Wait for output if there is none to write yet, and for room if input waits for it."""
        if self._loop is None:
            return
        events = (0 if self._output else select.POLLIN) | (self._input_waits and select.POLLOUT)
        if events:
            self._loop.watch(self._own.fileno(), events, self._read)
        else:
            self._loop.unwatch(self._own.fileno())

    def _read(self) -> None:
        self._input_waits = False  # until the next try says so
        self._terminal.room_was_made()
        if self._output:
            self._watch()
            return
        try:
            self._output = os.read(self._own.fileno(), _CHUNK)
        except BlockingIOError:
            self._watch()
            return
        except OSError:
            self._output = b""
        if not self._output:
            if self._loop is not None:
                self._loop.unwatch(self._own.fileno())
            return
        self._push_output()

    def _push_output(self) -> None:
        """Give the terminal what it has room for; read no more before it has taken all."""
        if not self._output:
            return
        output, self._output = self._output, b""
        self._output = output[self._terminal.offer(output) :]
        self._watch()
