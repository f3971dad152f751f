"""Two ends of a port, with pipes for the command's streams."""

from __future__ import annotations

import os
import socket

import pytest

from kvmtool.emulated import protocol, streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class Ends:
    """A source that reads `feed` at one end, and a sink that writes `drain` at the other."""

    def __init__(self) -> None:
        self.sockets = socket.socketpair()
        for each in self.sockets:
            each.setblocking(False)
        self.broken: list[int] = []
        self.closed = False
        self.near, self.far = (
            streams.Loop(each.fileno(), self.broken.append) for each in self.sockets
        )
        source, self.feed = os.pipe()
        self.drain, sink = os.pipe()
        for fd in (self.feed, sink):
            os.set_blocking(fd, False)
        self.near.sources[1] = streams.Source(source, 1)
        self.sink = streams.Sink(sink, 1, blocking=False, on_close=self._on_close)
        self.far.sinks[1] = self.sink
        self.fds = {source, self.feed, self.drain, sink}

    def _on_close(self) -> None:
        self.closed = True
        self.close(self.sink.fd)

    def close(self, fd: int) -> None:
        self.fds.discard(fd)
        os.close(fd)

    def turn(self) -> None:
        self.near.step(0)
        self.far.step(0)


@pytest.fixture
def ends() -> Iterator[Ends]:
    ends = Ends()
    yield ends
    for fd in ends.fds:
        os.close(fd)
    for each in ends.sockets:
        each.close()


def _pour(fd: int) -> int:
    try:
        return os.write(fd, bytes(1 << 16))
    except BlockingIOError:
        return 0


def test_bytes_arrive_and_the_end_follows_them(ends: Ends) -> None:
    os.write(ends.feed, b"some text")
    ends.close(ends.feed)
    while not ends.closed:
        ends.turn()
    assert os.read(ends.drain, 100) == b"some text"
    assert os.read(ends.drain, 100) == b""


def test_reader_that_stalls_stops_its_writer_within_the_window(ends: Ends) -> None:
    poured = 0
    idle = 0
    while idle < 50:
        count = _pour(ends.feed)
        poured += count
        idle = 0 if count else idle + 1
        ends.turn()
    pipes = 2 * (1 << 16)
    assert protocol.WINDOW <= poured <= protocol.WINDOW + pipes
    assert len(ends.sink._pending) <= protocol.WINDOW


def test_writer_goes_on_when_its_reader_does(ends: Ends) -> None:
    wanted = 4 * protocol.WINDOW
    poured = drained = 0
    while drained < wanted:
        if poured < wanted:
            poured += _pour(ends.feed)
        ends.turn()
        if ends.sink.wants or drained < poured:
            os.set_blocking(ends.drain, False)
            try:
                drained += len(os.read(ends.drain, 1 << 16))
            except BlockingIOError:
                continue
    assert drained == poured


def test_closed_output_is_told_to_the_end_that_reads_the_command(ends: Ends) -> None:
    ends.close(ends.drain)
    os.write(ends.feed, b"nobody reads this")
    for _ in range(10):
        ends.turn()
    assert ends.closed
    assert ends.broken == [1]
    assert not ends.near.sources[1].open


def test_end_of_the_port_ends_the_loop(ends: Ends) -> None:
    ends.sockets[1].close()
    assert ends.near.step(0) is None
