"""The terminal joined to a virtio console."""

from __future__ import annotations

import os
import time

from kvmtool.backends.terminal import Terminal
from kvmtool.event_loop import EventLoop
from kvmtool.machine.console_stream import ConsoleStream
from unit.vhost.served import TIMEOUT_S, on, running


def fill(fd: int) -> int:
    """Write until there is no room, and none is made in a while; return how many bytes."""
    os.set_blocking(fd, False)
    written = 0
    last = time.monotonic()
    while time.monotonic() < last + 0.2:
        try:
            written += os.write(fd, bytes(4096))
            last = time.monotonic()
        except BlockingIOError:
            time.sleep(0.01)
    return written


def test_output_that_nobody_reads_and_input_that_nobody_takes_keep_the_loop_asleep() -> None:
    (typed, keys), (shown, output) = os.pipe(), os.pipe()
    loop = EventLoop()
    terminal = Terminal(typed, output)
    stream = ConsoleStream(terminal)
    with running(loop):
        on(loop, lambda: terminal.open(loop))
        on(loop, lambda: stream.open(loop))
        to_show, to_take = fill(stream.device_fd), fill(keys)
        busy: list[float] = []
        for _ in range(2):
            on(loop, lambda: busy.append(time.thread_time()))
            time.sleep(0.3)
        assert busy[1] - busy[0] < 0.1

        # All of it comes as soon as there is room again, in either direction by itself.
        while to_show:
            to_show -= len(os.read(shown, to_show))
        end = time.monotonic() + TIMEOUT_S
        while to_take:
            assert time.monotonic() < end
            try:
                to_take -= len(os.read(stream.device_fd, to_take))
            except BlockingIOError:
                time.sleep(0.001)
        on(loop, terminal.close)
        on(loop, stream.close)
    for fd in (typed, keys, shown, output):
        os.close(fd)
