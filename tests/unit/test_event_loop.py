"""The main thread's loop: descriptors, other threads, timers, signals."""

import os
import select
import signal
import threading
from collections.abc import Iterator

import pytest

from kvmtool.event_loop import EventLoop


@pytest.fixture
def loop() -> Iterator[EventLoop]:
    made = EventLoop()
    yield made
    made.close()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    read_fd, write_fd = os.pipe()
    yield read_fd, write_fd
    os.close(read_fd)
    os.close(write_fd)


def test_ready_descriptor_is_served_until_the_loop_is_stopped(
    loop: EventLoop, pipe: tuple[int, int]
) -> None:
    read_fd, write_fd = pipe
    taken: list[bytes] = []

    def take() -> None:
        taken.append(os.read(read_fd, 1))
        if taken[-1] == b"c":
            loop.stop()

    loop.watch(read_fd, select.POLLIN, take)
    os.write(write_fd, b"abc")
    loop.run()
    assert taken == [b"a", b"b", b"c"]


def test_stop_before_run_makes_it_return_at_once(loop: EventLoop) -> None:
    loop.stop()
    loop.run()
    called: list[int] = []
    loop.call_soon(lambda: called.append(1))
    loop.run()
    assert called == []


def test_stop_from_another_thread_ends_a_loop_that_waits(loop: EventLoop) -> None:
    stopper = threading.Thread(target=loop.stop)
    loop.call_soon(stopper.start)
    loop.run()
    stopper.join()
    assert not stopper.is_alive()


def test_stop_from_a_signal_handler_ends_the_loop(loop: EventLoop) -> None:
    before = signal.signal(signal.SIGUSR1, lambda *_: loop.stop())
    try:
        loop.call_soon(lambda: signal.raise_signal(signal.SIGUSR1))
        loop.run()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert loop._stopped


def test_callbacks_run_in_the_loops_thread_in_order(loop: EventLoop) -> None:
    seen: list[tuple[str, int]] = []

    def note(name: str) -> None:
        seen.append((name, threading.get_ident()))

    def call() -> None:
        loop.call_soon(lambda: note("first"))
        loop.call_soon(lambda: note("second"))
        loop.call_soon(loop.stop)

    caller = threading.Thread(target=call)
    caller.start()
    loop.run()
    caller.join()
    assert seen == [("first", threading.get_ident()), ("second", threading.get_ident())]


def test_calls_that_the_loop_has_not_got_to_become_one(loop: EventLoop) -> None:
    calls: list[int] = []

    def count() -> None:
        calls.append(1)

    for _ in range(100):
        loop.call_soon(count)
    loop.call_soon(loop.stop)
    loop.run()
    assert calls == [1]


def test_callback_may_ask_to_be_called_again(loop: EventLoop) -> None:
    calls: list[int] = []

    def again() -> None:
        calls.append(1)
        if len(calls) < 5:
            loop.call_soon(again)
        else:
            loop.stop()

    loop.call_soon(again)
    loop.run()
    assert len(calls) == 5


def test_calls_from_several_threads_are_all_heard(loop: EventLoop) -> None:
    seen: set[tuple[int, int]] = set()
    total = 3 * 200

    def note(key: tuple[int, int]) -> None:
        seen.add(key)
        if len(seen) == total:
            loop.stop()

    def call(thread: int) -> None:
        for number in range(200):
            loop.call_soon(lambda key=(thread, number): note(key))  # type: ignore[misc]

    threads = [threading.Thread(target=call, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    loop.run()
    for thread in threads:
        thread.join()
    assert len(seen) == total


def test_forgotten_descriptor_is_not_served(loop: EventLoop, pipe: tuple[int, int]) -> None:
    read_fd, write_fd = pipe
    calls: list[int] = []
    loop.watch(read_fd, select.POLLIN, lambda: calls.append(1))
    os.write(write_fd, b"x")
    loop.unwatch(read_fd)
    loop.unwatch(read_fd)
    loop.call_soon(loop.stop)
    loop.run()
    assert calls == []


def test_descriptor_forgotten_by_an_earlier_callback_of_the_round_is_not_served(
    loop: EventLoop,
) -> None:
    pipes = [os.pipe() for _ in range(2)]
    served: list[int] = []

    def serve(number: int) -> None:
        served.append(number)
        loop.unwatch(pipes[1 - number][0])
        loop.stop()

    for number, (read_fd, write_fd) in enumerate(pipes):
        os.write(write_fd, b"x")
        loop.watch(read_fd, select.POLLIN, lambda number=number: serve(number))  # type: ignore[misc]
    loop.run()
    for fds in pipes:
        for fd in fds:
            os.close(fd)
    assert len(served) == 1


def test_watching_again_replaces_events_and_callback(
    loop: EventLoop, pipe: tuple[int, int]
) -> None:
    _, write_fd = pipe
    calls: list[str] = []
    loop.watch(write_fd, 0, lambda: calls.append("old"))
    loop.watch(write_fd, select.POLLOUT, lambda: (calls.append("new"), loop.stop()))  # type: ignore[func-returns-value, arg-type]
    loop.run()
    assert calls == ["new"]


def test_hangup_is_told_to_who_waits_for_input(loop: EventLoop) -> None:
    read_fd, write_fd = os.pipe()
    os.close(write_fd)
    loop.watch(read_fd, select.POLLIN, loop.stop)
    loop.run()
    assert os.read(read_fd, 1) == b""
    os.close(read_fd)


def test_what_a_callback_raises_leaves_run(loop: EventLoop) -> None:
    def fail() -> None:
        raise LookupError

    loop.call_soon(fail)
    with pytest.raises(LookupError):
        loop.run()


def test_timers_run_in_the_order_of_their_times(loop: EventLoop) -> None:
    seen: list[str] = []
    loop.call_after(0.02, lambda: (seen.append("late"), loop.stop()))  # type: ignore[func-returns-value, arg-type]
    loop.call_after(0.0, lambda: seen.append("soon"))
    loop.run()
    assert seen == ["soon", "late"]


def test_timer_from_another_thread_wakes_a_loop_that_waits(loop: EventLoop) -> None:
    setter = threading.Thread(target=loop.call_after, args=(0.0, loop.stop))
    loop.call_soon(setter.start)
    loop.run()
    setter.join()
    assert loop._stopped


def test_closed_loop_leaves_no_descriptor() -> None:
    before = len(os.listdir("/proc/self/fd"))
    made = EventLoop()
    assert len(os.listdir("/proc/self/fd")) > before
    made.close()
    assert len(os.listdir("/proc/self/fd")) == before
