"""Rings, tables and in-flight regions full of garbage: a violation at most, and never for long.

KVMTOOL_FUZZ_SECONDS (10) is how long each of the targets runs.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from collections import Counter
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from driver import GuestRam
from kvmtool.core.virtqueue import Chain, ProtocolError, Virtqueue, inflight_size

SECONDS = float(os.environ.get("KVMTOOL_FUZZ_SECONDS", "10")) / 2
BASE, LENGTH, HOLE = 0x10000, 0x8000, 0x1000
AREAS = {"descriptors": BASE, "driver": BASE + 0x2000, "device": BASE + 0x3000}
ROUND = 200

both = pytest.mark.parametrize("packed", [False, True], ids=["split", "packed"])

# Addresses and lengths at, before and beyond what matters.
edges = [0, 1, 15, 16, 17, 0xFF, 0x1000, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFF0, 0xFFFFFFFF]
gpas = st.one_of(
    st.integers(BASE, BASE + LENGTH),
    st.integers(BASE + LENGTH - 64, BASE + LENGTH + HOLE + 64),
    st.sampled_from(list(AREAS.values())),
    st.sampled_from([0, (1 << 64) - 1, (1 << 64) - 16, 1 << 63]),
    st.integers(0, (1 << 64) - 1),
)
lengths = st.one_of(
    st.integers(0, 64), st.sampled_from([16, 32, 48, 64, 128]), st.sampled_from(edges)
)
flags = st.one_of(
    st.integers(0, 7),
    st.builds(
        lambda low, high: low | high,
        st.integers(0, 7),
        st.sampled_from([0, 1 << 7, 1 << 15, 1 << 7 | 1 << 15]),
    ),
    st.integers(0, 0xFFFF),
)
shorts = st.one_of(st.integers(0, 20), st.sampled_from([0x7FFF, 0x8000, 0xFFFF]))
places = st.integers(0, 20)


def mostly(good: st.SearchStrategy[int], other: st.SearchStrategy[int]) -> st.SearchStrategy[int]:
    """Fifteen good ones for each other one, so that more than the first check is met."""
    return st.builds(lambda n, a, b: b if n == 15 else a, st.integers(0, 15), good, other)


likely = st.tuples(
    mostly(st.integers(BASE + 0x5000, BASE + 0x7000), gpas),
    mostly(st.integers(0, 64), lengths),
    mostly(st.just(0), st.sampled_from([2, 4])),
)
offers = st.tuples(
    places,
    st.lists(likely, min_size=1, max_size=4),
    st.integers(0, 3),  # how many of them are writable
    st.integers(0, 3),  # 3: the last one is an indirect table
)

steps = st.lists(
    st.one_of(
        st.tuples(st.just("offer"), offers),
        st.tuples(st.just("offer"), offers),
        st.tuples(st.just("descriptor"), st.tuples(places, gpas, lengths, flags, shorts)),
        st.tuples(st.just("table"), st.tuples(places, gpas, lengths, flags, shorts)),
        st.tuples(st.just("available"), st.tuples(places, shorts)),
        st.tuples(st.just("index"), shorts),
        st.tuples(st.just("used"), shorts),
        st.tuples(st.just("region"), st.tuples(st.integers(0, 700), st.binary(max_size=8))),
        st.tuples(
            st.just("memory"), st.tuples(st.integers(0, LENGTH - 64), st.binary(max_size=64))
        ),
        st.tuples(st.just("exchange"), offers),
        st.tuples(st.sampled_from(["pop", "push"]), places),
        st.tuples(st.just("pop"), places),
        st.tuples(st.sampled_from(["publish", "arm", "disarm", "restart", "again"]), st.just(0)),
    ),
    max_size=60,
)


Offer = tuple[int, list[tuple[int, int, int]], int, int]


class Target:
    """A queue in memory that anything is written to."""

    def __init__(
        self,
        size: int,
        packed: bool,
        event_idx: bool,
        in_order: bool,
        tracked: bool,
        counts: Counter[str],
    ) -> None:
        self.ram = GuestRam([(BASE, LENGTH), (BASE + LENGTH + HOLE, 0x1000)])
        self.region = mmap.mmap(-1, inflight_size(size, packed)) if tracked else None
        self.size = size
        self.packed = packed
        self.event_idx = event_idx
        self.in_order = in_order
        self.counts = counts
        self.queue = self.start(0x8000_8000 if packed else 0)
        self.chains: list[Chain] = []

    def start(self, base: int) -> Virtqueue:
        return Virtqueue(
            self.ram.map,
            size=self.size,
            descriptors=AREAS["descriptors"],
            driver=AREAS["driver"],
            device=AREAS["device"],
            packed=self.packed,
            event_idx=self.event_idx,
            in_order=self.in_order,
            base=base,
            inflight=self.region,
        )

    def descriptor(self, what: tuple[int, int, int, int, int], area: int = BASE) -> None:
        place, gpa, length, bits, extra = what
        order = (extra, bits) if self.packed else (bits, extra)
        self.ram.write(area + 16 * place, struct.pack("<QIHH", gpa, length, *order))

    def exchange(self, what: Offer) -> None:
        """A chain that is popped at once."""
        self.offer(what)
        self.pop(0)

    def offer(self, what: Offer) -> None:
        """A chain where the queue looks next."""
        start, descriptors, writable, indirect = what
        descriptors = descriptors[: self.size]
        first = len(descriptors) - writable
        descriptors = [
            (gpa, length, bits | 2 if index >= first else bits)
            for index, (gpa, length, bits) in enumerate(descriptors)
        ]
        if indirect == 3:
            table = BASE + 0x4000
            for index, (gpa, length, bits) in enumerate(descriptors):
                bits |= index + 1 < len(descriptors)
                self.descriptor((index, gpa, length, bits, index + 1), table)
            descriptors = [(table, 16 * len(descriptors), 4)]
        base = self.queue.base
        if self.packed:
            place, wrap = base & 0x7FFF, base >> 15 & 1
            for index, (gpa, length, bits) in enumerate(descriptors):
                bits |= 1 << 7 if wrap else 1 << 15
                bits |= index + 1 < len(descriptors)
                self.descriptor((place, gpa, length, bits, start % self.size))
                place += 1
                if place == self.size:
                    place, wrap = 0, wrap ^ 1
            return
        for index, (gpa, length, bits) in enumerate(descriptors):
            bits |= index + 1 < len(descriptors)
            place = (start + index) % self.size
            self.descriptor((place, gpa, length, bits, (place + 1) % self.size))
        self.available((base % self.size, start % self.size))
        self.index((base + 1) & 0xFFFF)

    def table(self, what: tuple[int, int, int, int, int]) -> None:
        self.descriptor(what, BASE + 0x4000)

    def available(self, what: tuple[int, int]) -> None:
        self.ram.write_int(AREAS["driver"] + 4 + 2 * what[0], 2, what[1])

    def index(self, value: int) -> None:
        self.ram.write_int(AREAS["driver"] + 2, 2, value)

    def used(self, value: int) -> None:
        self.ram.write_int(AREAS["device"] + 2, 2, value)

    def memory(self, what: tuple[int, bytes]) -> None:
        self.ram.write(BASE + what[0], what[1])

    def scribble(self, what: tuple[int, bytes]) -> None:
        if self.region is not None:
            offset = what[0] % (len(self.region) - 8)
            self.region[offset : offset + len(what[1])] = what[1]

    def pop(self, _: int) -> None:
        chain = self.queue.pop()
        if chain is None:
            return
        self.counts["chains"] += 1
        inside = 0
        for hva, size in chain.readable_ranges() + chain.writable_ranges():
            assert any(
                region.hva <= hva and hva + size <= region.hva + region.size
                for region in self.ram.regions
            )
            inside += size
        assert inside == chain.readable + chain.writable
        chain.write(chain.read(100))
        self.chains.append(chain)
        assert self.queue.in_flight == len(self.chains) <= self.size

    def push(self, choice: int) -> None:
        if self.chains:
            self.queue.push(self.chains.pop(choice % len(self.chains)))

    def publish(self, _: int) -> None:
        self.queue.publish()

    def arm(self, _: int) -> None:
        self.queue.arm()

    def disarm(self, _: int) -> None:
        self.queue.disarm()

    def restart(self, _: int) -> None:
        """As after a kill."""
        self.chains.clear()
        self.queue = self.start(self.queue.base)
        self.counts["restarts"] += 1

    def again(self, _: int) -> None:
        """As after a reset of the queue."""
        self.chains.clear()
        if self.region is not None:
            self.region[:] = bytes(len(self.region))
        self.queue = self.start(0x8000_8000 if self.packed else 0)

    def run(self, plan: list[tuple[str, object]]) -> None:
        for name, argument in plan:
            try:
                getattr(self, "scribble" if name == "region" else name)(argument)
            except ProtocolError as violation:
                message = str(violation)
                assert message
                assert "\n" not in message
                assert "{" not in message
                self.counts["violations"] += 1
                self.again(0)
                self.counts["rule " + "".join(c for c in message if c.isalpha())[:18]] += 1


def random_plan(random: Random) -> list[tuple[str, object]]:
    """A plan like those of `steps`, made a hundred times faster, but not shrunk."""

    def pick(good: int, other: int) -> int:
        return good if random.random() < 0.95 else other

    def gpa() -> int:
        edge = random.choice([0, BASE, BASE + LENGTH, BASE + LENGTH + HOLE, 1 << 63, 1 << 64])
        return (edge + random.randint(-64, 64)) % (1 << 64)

    def descriptor() -> tuple[int, int, int]:
        return (
            pick(random.randint(BASE + 0x5000, BASE + 0x7000), gpa()),
            pick(random.randint(0, 64), random.choice(edges)),
            pick(0, random.randint(0, 7)),
        )

    def raw() -> tuple[int, int, int, int, int]:
        extra = pick(random.randint(0, 16), random.randint(0, 0xFFFF))
        address, length, _ = descriptor()
        return random.randint(0, 20), address, length, random.getrandbits(16), extra

    plan: list[tuple[str, object]] = []
    for _ in range(random.randint(1, 60)):
        name = random.choice(NAMES)
        argument: object = random.randint(0, 20)
        if name in ("offer", "exchange"):
            chain = [descriptor() for _ in range(random.randint(1, 4))]
            argument = random.randint(0, 20), chain, random.randint(0, 3), random.randint(0, 3)
        elif name in ("descriptor", "table"):
            argument = raw()
        elif name == "available":
            argument = random.randint(0, 20), random.randint(0, 20)
        elif name == "region":
            argument = random.randint(0, 700), random.randbytes(random.randint(0, 8))
        elif name == "memory":
            argument = random.randint(0, LENGTH - 64), random.randbytes(random.randint(0, 64))
        plan.append((name, argument))
    return plan


NAMES = [
    "offer",
    "offer",
    "exchange",
    "exchange",
    "exchange",
    "exchange",
    "pop",
    "pop",
    "push",
    "push",
    "publish",
    "publish",
    "arm",
    "disarm",
    "restart",
    "again",
    "descriptor",
    "table",
    "available",
    "index",
    "used",
    "region",
    "memory",
]


def run_for(seconds: float, target: Callable[[], None]) -> None:
    """Run rounds of examples, each from another seed, until the time is over; at least one."""
    end = time.monotonic() + seconds
    start = time.time_ns()
    for number in range(1 << 30):
        seed(start + number)(target)()
        if time.monotonic() >= end:
            return


@both
@pytest.mark.timeout(SECONDS + 110)
def test_garbage_is_a_violation_at_most(packed: bool, tell: Callable[[str], None]) -> None:
    counts: Counter[str] = Counter()

    @settings(
        max_examples=ROUND,
        deadline=2000,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        size=st.sampled_from([1, 2, 4, 8, 16]),
        event_idx=st.booleans(),
        in_order=st.booleans(),
        tracked=st.booleans(),
        plan=steps,
    )
    def target(
        size: int, event_idx: bool, in_order: bool, tracked: bool, plan: list[tuple[str, object]]
    ) -> None:
        counts["examples"] += 1
        fuzzed = Target(size, packed, event_idx, in_order, tracked, counts)
        try:
            fuzzed.run(plan)
        finally:
            fuzzed.ram.close()

    run_for(SECONDS / 2, target)
    end = time.monotonic() + SECONDS / 2
    number = time.time_ns()
    while time.monotonic() < end:
        number += 1
        random = Random(number)
        size, bits = random.choice([1, 2, 4, 8, 16]), random.getrandbits(3)
        counts["examples"] += 1
        fuzzed = Target(size, packed, bool(bits & 1), bool(bits & 2), bool(bits & 4), counts)
        try:
            fuzzed.run(random_plan(random))
        except BaseException as failure:
            failure.add_note(f"from the plan of Random({number})")
            raise
        finally:
            fuzzed.ram.close()

    rules = sum(1 for name in counts if name.startswith("rule"))
    tell(
        f"virtqueue {'packed' if packed else 'split'}: {counts['examples']} examples, "
        f"{counts['chains']} chains, {counts['restarts']} restarts, "
        f"{counts['violations']} violations of {rules} rules"
    )
    assert counts["chains"]
    assert counts["violations"]
