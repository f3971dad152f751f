"""Whatever a legal driver does, each buffer comes back once, with the right bytes and length."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driver import DriverQueue, GuestRam, RingFull, driver_queue
from kvmtool.core.virtqueue import Chain, Virtqueue

both = pytest.mark.parametrize("packed", [False, True], ids=["split", "packed"])

buffers = st.lists(st.binary(max_size=40), max_size=4)
rooms = st.lists(st.integers(0, 40), max_size=4)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.tuples(buffers, rooms, st.booleans())),
        st.tuples(st.sampled_from(["pop", "pop", "push", "push"]), st.integers(0, 1 << 16)),
        st.tuples(st.sampled_from(["publish", "collect", "arm", "disarm", "move"]), st.none()),
        st.tuples(st.just("calls"), st.booleans()),
    ),
    max_size=120,
)


class Exchange:
    """A driver and a device on one queue, with what each chain has to come back with."""

    def __init__(self, driver: DriverQueue) -> None:
        self.driver = driver
        self.queue = driver.virtqueue()
        self.sent: dict[int, tuple[bytes, int]] = {}
        self.to_pop: list[int] = []
        self.popped: list[tuple[int, Chain]] = []
        self.answers: dict[int, bytes] = {}

    def add(self, what: tuple[list[bytes], list[int], bool]) -> None:
        readable, writable, indirect = what
        if len(readable) + len(writable) == 0 or len(readable) + len(writable) > self.driver.size:
            return
        indirect = indirect and self.driver.indirect
        try:
            token = self.driver.add(readable, writable, indirect)
        except RingFull:
            return
        self.sent[token] = b"".join(readable), sum(writable)
        self.to_pop.append(token)

    def pop(self, _: object) -> None:
        chain = self.queue.pop()
        if chain is None:
            assert not self.to_pop
            return
        token = self.to_pop.pop(0)
        data, room = self.sent[token]
        assert chain.readable == len(data)
        assert chain.writable == room
        assert chain.read(1 << 20) == data
        self.popped.append((token, chain))

    def push(self, choice: int) -> None:
        if not self.popped:
            return
        token, chain = self.popped.pop(choice % len(self.popped))
        answer = random.Random(choice).randbytes(choice % 97)
        count = chain.write(answer)
        assert count == min(len(answer), self.sent[token][1])
        self.answers[token] = answer[:count]
        self.queue.push(chain)

    def publish(self, _: object) -> None:
        self.queue.publish()

    def collect(self, _: object) -> None:
        for token, written in self.driver.collect():
            answer = self.answers.pop(token)
            del self.sent[token]
            assert written == len(answer)
            assert self.driver.contents(token)[:written] == answer
            self.driver.release(token)

    def arm(self, _: object) -> None:
        assert self.queue.arm() == bool(self.to_pop)

    def disarm(self, _: object) -> None:
        self.queue.disarm()

    def calls(self, wanted: bool) -> None:
        self.driver.want_calls(wanted)

    def move(self, _: object) -> None:
        """Another queue object goes on where this one is, if nothing is in flight."""
        self.queue.publish()
        if self.queue.in_flight == 0:
            self.queue = self.driver.virtqueue(base=self.queue.base)

    def finish(self) -> None:
        """Everything that was added comes back."""
        while self.to_pop:
            self.pop(None)
        while self.popped:
            self.push(7)
        self.publish(None)
        self.collect(None)
        assert not self.sent
        assert self.driver.free_descriptors == self.driver.size


@both
@settings(max_examples=150, deadline=None)
@given(
    size=st.integers(0, 5),
    odd=st.integers(0, 3),
    event_idx=st.booleans(),
    indirect=st.booleans(),
    in_order=st.booleans(),
    plan=steps,
)
def test_each_buffer_comes_back_once(
    packed: bool,
    size: int,
    odd: int,
    event_idx: bool,
    indirect: bool,
    in_order: bool,
    plan: list[tuple[str, object]],
) -> None:
    ram = GuestRam()
    driver = driver_queue(
        ram,
        (1 << size) + (odd if packed else 0),
        packed=packed,
        event_idx=event_idx,
        indirect=indirect,
        in_order=in_order,
    )
    exchange = Exchange(driver)
    for name, argument in plan:
        getattr(exchange, name)(argument)
    exchange.finish()
    ram.close()


@both
@settings(max_examples=150, deadline=None)
@given(
    size=st.integers(0, 4),
    event_idx=st.booleans(),
    start=st.integers(0, 40),
    turns=st.lists(st.tuples(st.booleans(), st.integers(1, 5)), max_size=100),
)
def test_no_notification_is_lost(
    packed: bool, size: int, event_idx: bool, start: int, turns: list[tuple[bool, int]]
) -> None:
    """Both sides sleep until notified, suppress notifications while awake, and never hang."""
    ram = GuestRam()
    driver = driver_queue(ram, 1 << size, packed=packed, event_idx=event_idx)
    queue = driver.virtqueue()
    for _ in range(start):
        driver.add([b"x"])
        serve(queue, 1)
        driver.collect()
    device_awake = driver_awake = True
    added = collected = 0
    waiting: list[Chain] = []

    def drive(most: int) -> None:
        nonlocal added, collected, driver_awake, device_awake
        driver.want_calls(False)
        collected += len(driver.collect())
        for _ in range(most):
            if driver.free_descriptors == 0:
                break
            driver.add([b"x"])
            added += 1
        if driver.kick_needed():
            device_awake = True
        if driver.free_descriptors == 0:
            # Nothing more to do until something is used.
            driver.want_calls()
            found = len(driver.collect())
            collected += found
            driver_awake = bool(found)

    def handle(most: int) -> None:
        nonlocal device_awake, driver_awake
        queue.disarm()
        for _ in range(most):
            chain = queue.pop()
            if chain is None:
                break
            waiting.append(chain)
        while waiting:
            queue.push(waiting.pop())
        if queue.publish():
            driver_awake = True
        device_awake = queue.arm()

    for driving, most in turns + [(False, 99), (True, 99)] * 6:
        before = added
        if driving and driver_awake:
            drive(most)
        elif not driving and device_awake:
            handle(most)
        assert driver_awake or device_awake
        assert added >= before
    assert added - collected <= driver.size
    assert not waiting
    ram.close()


def serve(queue: Virtqueue, count: int) -> None:
    """Use `count` chains as they are."""
    for _ in range(count):
        chain = queue.pop()
        assert chain is not None
        queue.push(chain)
    queue.publish()
