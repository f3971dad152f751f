"""A back-end whose process is killed: another one goes on with its queues."""

from __future__ import annotations

import os
import select
import signal
import socket
import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest

from kvmtool.core.virtqueue import Chain
from kvmtool.event_loop import EventLoop
from kvmtool.vhost.queue import HELD
from kvmtool.vhost.user.backend import Backend
from kvmtool.vhost.user.connection import Connection
from kvmtool.vhost.user.frontend import VhostUserDevice
from unit.vhost.served import (
    PACKED,
    TIMEOUT_S,
    VERSION_1,
    Echo,
    Pair,
    Served,
    descriptors,
    on,
)


class Stubborn(Echo, name="stubborn", device_id=42):
    """Keeps every request that begins with "hold", and dies of one that begins with "die"."""

    first = Echo.first
    second = Echo.second
    dying = True

    def start_queue(self, index, queue):  # type: ignore[no-untyped-def]
        def serve(chain: Chain) -> object:
            data = chain.read(100)
            if data.startswith(b"die") and self.dying:
                os.kill(os.getpid(), signal.SIGKILL)
            if data.startswith(b"hold") and self.dying:
                return HELD
            chain.write(data[::-1])
            return None

        self.running[index] = queue
        self.loop.watch(queue.kick_fd, 1, lambda: queue.serve(serve))
        queue.serve(serve)


class Processes:
    """Makes a process that serves a Stubborn device, and its successors."""

    def __init__(self, *, always_dying: bool = False) -> None:
        self.always_dying = always_dying
        self.pids: list[int] = []
        self.to_fail = 0
        self.made = threading.Event()
        self.features = Echo().features

    def connect(self) -> socket.socket:
        if self.to_fail:
            self.to_fail -= 1
            raise ConnectionRefusedError("not yet")
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if not pid:
            try:
                ours.close()
                device = Stubborn()
                device.features = self.features
                device.dying = self.always_dying or not self.pids
                loop = EventLoop()
                Backend(device, theirs, loop, loop.stop)
                loop.run()
            finally:
                os._exit(0)
        self.pids.append(pid)
        theirs.close()
        self.made.set()
        return ours

    def kill(self) -> None:
        self.made.clear()
        os.kill(self.pids[-1], signal.SIGKILL)

    def wait(self) -> None:
        for pid in self.pids:
            os.waitpid(pid, 0)


class _NoServed:
    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock


def pair_with(processes: Processes, **options: object) -> Pair:
    served = _NoServed(processes.connect())
    return Pair(served, reconnect=processes.connect, **options)  # type: ignore[arg-type]


@pytest.fixture
def processes() -> Iterator[Processes]:
    before = descriptors()
    processes = Processes()
    yield processes
    processes.wait()
    assert descriptors() == before


# The processes that are made do nothing that a thread of this one could have locked.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")

FORMATS = [pytest.param(VERSION_1, id="split"), pytest.param(VERSION_1 | PACKED, id="packed")]


@pytest.mark.parametrize("features", FORMATS)
def test_queues_of_a_killed_process_go_on_in_another(processes: Processes, features: int) -> None:
    pair = pair_with(processes)
    pair.start(features)
    for _ in range(3):
        for _ in range(21):
            assert pair.queues[0].ask(b"abc") == b"cba"
            assert pair.queues[1].ask(b"abc") == b"cba"
        processes.kill()
    assert pair.queues[0].ask(b"abc") == b"cba"
    assert not pair.broken.is_set()
    pair.close()
    vars(pair).clear()


@pytest.mark.parametrize("features", FORMATS)
def test_requests_in_flight_at_the_kill_are_done_by_the_next_and_no_others(
    processes: Processes, features: int
) -> None:
    pair = pair_with(processes)
    pair.start(features)
    driver = pair.queues[0]
    held = [driver.queue.add([b"hold%d" % number], [8]) for number in range(3)]
    for number in range(30):  # out of order, more than the ring is long
        assert driver.ask(b"%d" % number) == (b"%d" % number)[::-1]
    poison = driver.queue.add([b"die"], [8])
    os.eventfd_write(driver.kick_fd, 1)
    used: list[int] = []
    while len(used) < 4:
        used += [token for token, _ in driver.wait()]
    assert sorted(used) == [*held, poison]
    assert [driver.queue.contents(token)[:5] for token in held] == [b"0dloh", b"1dloh", b"2dloh"]
    assert driver.ask(b"abc") == b"cba"
    pair.close()
    vars(pair).clear()


def test_process_that_dies_again_and_again_breaks_the_device_after_five_more(
    processes: Processes, capsys: pytest.CaptureFixture[str]
) -> None:
    processes.always_dying = True
    pair = pair_with(processes)
    pair.start()
    driver = pair.queues[0]
    driver.queue.add([b"die"], [8])
    os.eventfd_write(driver.kick_fd, 1)
    assert pair.broken.wait(TIMEOUT_S)
    assert len(processes.pids) == 6
    assert "5 new processes within 60 s failed" in capsys.readouterr().err
    pair.device.stop()
    pair.close()
    vars(pair).clear()


def test_connection_that_fails_at_first_is_tried_again(processes: Processes) -> None:
    pair = pair_with(processes)
    pair.start()
    pair.queues[0].ask(b"abc")
    processes.to_fail = 2
    processes.kill()
    assert pair.queues[0].ask(b"abc") == b"cba"
    pair.close()
    vars(pair).clear()


def test_process_that_offers_less_than_was_accepted_breaks_the_device(
    processes: Processes,
) -> None:
    pair = pair_with(processes)
    pair.start(VERSION_1 | PACKED)
    pair.queues[0].ask(b"abc")
    processes.features &= ~PACKED
    processes.kill()
    assert pair.broken.wait(TIMEOUT_S)
    pair.close()
    vars(pair).clear()


def test_what_the_driver_writes_while_nobody_serves_is_told_to_the_next_process_only(
    processes: Processes,
) -> None:
    gone, written = threading.Event(), threading.Event()

    def connect() -> socket.socket:
        if not written.is_set():
            gone.set()
            raise OSError("no process yet")
        return processes.connect()

    pair = Pair(_NoServed(processes.connect()), reconnect=connect)  # type: ignore[arg-type]
    pair.start()
    for while_gone, told in ((b"\1\2\3\4", b"\1\2\3\4"), (b"", bytes(4))):
        processes.kill()
        assert gone.wait(TIMEOUT_S)
        if while_gone:
            pair.device.write_config(4, while_gone)
        gone.clear()
        written.set()
        assert pair.queues[0].ask(b"abc") == b"cba"
        assert pair.device.read_config(4, 4) == told
        written.clear()
    pair.close()
    vars(pair).clear()


def test_process_killed_before_the_start_is_replaced(processes: Processes) -> None:
    pair = pair_with(processes)
    processes.kill()
    assert processes.made.wait(TIMEOUT_S)
    pair.start()
    assert pair.queues[0].ask(b"abc") == b"cba"
    pair.close()
    vars(pair).clear()


def test_driver_that_stops_and_starts_while_the_process_is_killed_is_served(
    processes: Processes,
) -> None:
    pair = pair_with(processes)
    for _ in range(4):
        pair.start()
        processes.kill()
        pair.device.stop()
        for queue in pair.queues.values():
            queue.close()
    pair.start()
    assert pair.queues[0].ask(b"abc") == b"cba"
    pair.close()
    vars(pair).clear()


def turn_the_loop(pair: Pair) -> None:
    """Have the loop do what it would do with the device's lock, which another thread has."""
    err_fd = pair.device._err_fds[0]
    os.eventfd_write(err_fd, 1)
    while select.select([err_fd], [], [], 0)[0]:
        on(pair.loop, lambda: None)
    on(pair.loop, lambda: None)


@pytest.mark.parametrize("ends", [False, True])
def test_neither_the_loop_nor_the_end_waits_for_a_new_process_that_does_not_answer(
    processes: Processes, monkeypatch: pytest.MonkeyPatch, ends: bool
) -> None:
    asked = threading.Event()
    ours, theirs = socket.socketpair()

    def connect() -> socket.socket:
        asked.set()
        return ours

    patient = partial(Connection, timeout_s=1000)
    monkeypatch.setattr("kvmtool.vhost.user.frontend.Connection", patient)
    pair = Pair(_NoServed(processes.connect()), reconnect=connect)  # type: ignore[arg-type]
    pair.start()
    processes.kill()
    assert asked.wait(TIMEOUT_S)
    assert theirs.recv(4096)
    turn_the_loop(pair)
    assert pair.device._recovering
    if ends:
        # The machine's end resets its devices before it closes them.
        pair.device.hurry()
        pair.device.stop()
    pair.close()
    theirs.close()
    vars(pair).clear()


def test_neither_the_loop_nor_the_end_waits_for_a_vcpu_that_waits_for_an_answer(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = partial(Connection, timeout_s=1000)
    monkeypatch.setattr("kvmtool.vhost.user.frontend.Connection", patient)
    pair = pair_with(processes)
    pair.start()
    os.kill(processes.pids[-1], signal.SIGSTOP)
    stopping = threading.Thread(target=pair.device.stop)
    stopping.start()
    while not pair.device._lock.locked():
        time.sleep(0.001)
    turn_the_loop(pair)
    assert pair.device._lock.locked()
    pair.close()
    stopping.join(TIMEOUT_S)
    assert not stopping.is_alive()
    processes.kill()
    vars(pair).clear()


def test_back_end_that_keeps_the_loop_waiting_is_given_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Slow(Echo):
        first, second = Echo.first, Echo.second
        number, knob = Echo.number, Echo.knob
        delay_s = 0.0

        def read_config(self, offset: int, size: int) -> bytes:
            time.sleep(self.delay_s)
            return super().read_config(offset, size)

    monkeypatch.setattr("kvmtool.vhost.user.frontend._PATIENCE_S", 0.1)
    monkeypatch.setattr("kvmtool.vhost.user.frontend._PATIENCE_SHARE", 0.0)
    slow = Slow()
    served = Served(slow)
    pair = Pair(served)
    pair.start()
    assert pair.queues[0].ask(b"abc") == b"cba"
    slow.delay_s = 0.06
    on(served.loop, slow.on_config_change)
    assert pair.changed.wait(TIMEOUT_S)
    assert not pair.broken.is_set()
    on(served.loop, slow.on_config_change)
    assert pair.broken.wait(TIMEOUT_S)
    assert "its configuration takes too long to read" in capsys.readouterr().err
    pair.close()
    served.close()


def test_without_a_successor_the_device_is_broken_at_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    served = Served(Echo())
    pair = Pair(served)
    pair.start()
    assert pair.queues[0].ask(b"abc") == b"cba"
    served.close()
    assert pair.broken.wait(TIMEOUT_S)
    assert "the device needs a reset" in capsys.readouterr().err
    pair.device.stop()
    pair.broken.clear()
    pair.device.start(VERSION_1, {})
    assert pair.broken.wait(TIMEOUT_S)
    pair.close()


def test_without_a_loop_the_call_that_finds_out_tells() -> None:
    served = Served(Echo())
    pair = Pair(served)
    alone = VhostUserDevice("echo0", 42, _silent(), pair.ram, queue_sizes=(64,))
    broken: list[bool] = []
    alone.on_broken = lambda: broken.append(True)
    alone.start(VERSION_1, {0: pair.queue(0)})
    alone.stop_queue(0)
    assert broken == [True]
    alone.close()
    pair.close()
    served.close()


def _silent() -> socket.socket:
    """A back-end that negotiates, and goes away."""
    from kvmtool.vhost.user import messages

    ours, theirs = socket.socketpair()
    number = messages.GET_FEATURES.number
    theirs.sendall(messages.HEADER.pack(number, 5, 8) + messages.U64.pack(VERSION_1))
    theirs.shutdown(socket.SHUT_WR)

    def drain() -> None:
        with theirs:
            while theirs.recv(4096):
                pass

    threading.Thread(target=drain, daemon=True).start()
    return ours


def test_queue_reset_while_nobody_serves_it_is_not_taken_for_the_old_one() -> None:
    gone = threading.Event()

    def later() -> socket.socket:
        gone.set()
        raise OSError("no process yet")

    pair = Pair(Served(Echo()), reconnect=later)
    pair.start()
    inflight = pair.device._inflight
    assert inflight is not None
    area = os.dup(inflight.fd)
    os.pwrite(area, b"\xaa" * 64, inflight.offset)  # stands for what is in flight
    pair.served.close()
    assert gone.wait(TIMEOUT_S)
    pair.device.stop_queue(0)
    pair.device.start_queue(0, pair.queues[0].setup)
    assert os.pread(area, 64, inflight.offset) == bytes(64)
    os.close(area)
    pair.close()


def test_area_that_is_larger_than_its_file_is_refused() -> None:
    pair = Pair(Served(Echo()))
    pair.start()
    inflight = pair.device._inflight
    assert inflight is not None
    broken = threading.Event()
    pair.device.on_broken = broken.set
    inflight.offset = 1 << 62  # any number that a back-end may give
    pair.device.stop_queue(0)
    pair.device.start_queue(0, pair.queues[0].setup)
    assert broken.wait(TIMEOUT_S)
    pair.close()
