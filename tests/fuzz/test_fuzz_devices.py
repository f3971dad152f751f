"""Drives every device by sequences of what a hostile driver, its host side and a VMM may do.

KVMTOOL_FUZZ_SECONDS is the time for each device, 5 unless it says otherwise. Whatever happens,
nothing is raised, nothing spins, and after a reset the device works.
"""

from __future__ import annotations

import os
import struct
import time
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from driver import RingFull
from driver.cases import CASES, Case, Host
from driver.queue import INDIRECT, WRITE, Descriptor
from driver.rig import Rig
from kvmtool.uapi.linux import virtio_console

SECONDS = float(os.environ.get("KVMTOOL_FUZZ_SECONDS", "5"))
EXAMPLES = 50  # of each seed; the clock is looked at in between
RAM = 0x10000
RAM_SIZE = 1 << 20


class HostileRig(Rig):
    """`host` has the other ends of the device's sockets."""

    def __init__(self, case: Case, host: Host) -> None:
        super().__init__(case.make(host), ((RAM, RAM_SIZE),))
        self.host = host


Step = Callable[[HostileRig, Counter[str]], None]

gpas = st.one_of(
    st.integers(RAM, RAM + RAM_SIZE),
    st.sampled_from((0, RAM - 1, RAM, RAM + RAM_SIZE - 8, RAM + RAM_SIZE, (1 << 64) - 8)),
)
sizes = st.one_of(
    st.sampled_from((0, 1, 3, 4, 7, 8, 10, 16, 64, 4096, 65536, RAM_SIZE, 0xFFFFFFFF)),
    st.integers(0, 300),
)
numbers = st.one_of(st.integers(0, 40), st.sampled_from((0x7F, 0xFF, 0x110, 0xFFFFF, 0xFFFFFFFF)))
contents = st.one_of(
    st.binary(max_size=64),
    # Page numbers, request types.
    st.lists(numbers, min_size=1, max_size=16).map(
        lambda all_: struct.pack(f"<{len(all_)}I", *all_)
    ),
    # Console control messages.
    st.builds(
        struct.pack,
        st.just("<IHH"),
        numbers,
        st.integers(0, virtio_console.VIRTIO_CONSOLE_PORT_NAME + 1),
        st.integers(0, 2),
    ),
    # Statistics.
    st.builds(struct.pack, st.just("<HQ"), st.integers(0, 20), st.integers(0, (1 << 64) - 1)),
)
flags = st.sampled_from((0, 0, 0, WRITE, WRITE, WRITE, INDIRECT, INDIRECT | WRITE, 0x70))
queues = st.integers(0, 7)


def on_queue(action: Callable[[Rig, int], None], name: str) -> Callable[[int], Step]:
    """A step that does `action` to one of the started queues."""

    def for_index(index: int) -> Step:
        def step(rig: HostileRig, done: Counter[str]) -> None:
            index_here = index % len(rig.device.queue_sizes)
            if index_here in rig.started:
                action(rig, index_here)
                done[name] += 1

        return step

    return for_index


def kick(rig: Rig, index: int) -> None:
    rig.started[index].kick()
    rig.loop.settle()


def collect(rig: Rig, index: int) -> None:
    try:
        rig.started[index].driver.collect()
    except (KeyError, IndexError):
        return  # the steps overwrote what the driver goes by


def add(index: int, readable: list[bytes], writable: list[int], indirect: bool) -> Step:
    def action(rig: Rig, index: int) -> None:
        if not (readable or writable):
            return
        try:
            rig.started[index].driver.add(readable, writable, indirect)
        except (RingFull, MemoryError):
            return
        kick(rig, index)

    return on_queue(action, "good chains")(index)


def add_raw(index: int, parts: list[tuple[int, int, int]]) -> Step:
    def action(rig: Rig, index: int) -> None:
        try:
            rig.started[index].driver.add_raw([Descriptor(*part) for part in parts])
        except RingFull:
            return
        kick(rig, index)

    return on_queue(action, "raw chains")(index)


def poke(index: int, area: int, offset: int, value: int) -> Step:
    def action(rig: Rig, index: int) -> None:
        rig.ram.write_int(rig.started[index].driver.areas[area] + offset, 2, value)
        kick(rig, index)

    return on_queue(action, "pokes of a ring")(index)


def write_config(offset: int, data: bytes) -> Step:
    def step(rig: HostileRig, done: Counter[str]) -> None:
        rig.device.write_config(offset, data)
        assert len(rig.device.read_config(offset, 8)) == 8
        done["configuration accesses"] += 1

    return step


def restart(index: int) -> Step:
    def action(rig: Rig, index: int) -> None:
        rig.stop(index)
        start(rig, index)

    return on_queue(action, "queue resets")(index)


def start(rig: Rig, index: int) -> None:
    if rig.ram._next > RAM + RAM_SIZE // 2:
        rig.ram._next = RAM
    rig.start(index)


def reset(withhold: int, packed: bool) -> Step:
    def step(rig: HostileRig, done: Counter[str]) -> None:
        rig.reset()
        rig.negotiate(packed=packed, withhold=withhold)
        for index in range(len(rig.device.queue_sizes)):
            start(rig, index)
        done["resets"] += 1

    return step


def host_writes(which: int, data: bytes) -> Step:
    """Write to one of the device's own sockets from behind, as the host or the VMM would."""

    def step(rig: HostileRig, done: Counter[str]) -> None:
        ends = rig.host.ends
        if ends:
            try:
                os.write(ends[which % len(ends)], data)
            except BlockingIOError:
                return
            rig.loop.settle()
            done["writes of the host"] += 1

    return step


def save_and_load(changes: list[tuple[int, int]]) -> Step:
    def step(rig: HostileRig, done: Counter[str]) -> None:
        state = bytearray(rig.device.save())
        for place, value in changes:
            state[place % len(state)] = value
        accepted = rig.device.accepted
        try:
            rig.device.load(bytes(state))
            done["states taken"] += 1
        except ValueError:
            done["states refused"] += 1
        rig.device.negotiate(accepted)

    return step


steps = st.one_of(
    st.builds(
        add,
        queues,
        st.lists(contents, max_size=3),
        st.lists(st.integers(1, 5000), max_size=3),
        st.booleans(),
    ),
    st.builds(add_raw, queues, st.lists(st.tuples(gpas, sizes, flags), min_size=1, max_size=4)),
    st.builds(poke, queues, st.integers(0, 2), st.integers(0, 60), st.integers(0, 0xFFFF)),
    st.builds(on_queue(kick, "kicks"), queues),
    st.builds(on_queue(collect, "collections"), queues),
    st.builds(write_config, st.integers(0, 40), st.binary(max_size=9)),
    st.builds(restart, queues),
    st.builds(reset, st.sampled_from((0, 0, 1 << 29, 1 << 28, 1 << 35, 0b111111)), st.booleans()),
    st.builds(host_writes, queues, st.one_of(contents, st.binary(min_size=12, max_size=12))),
    st.builds(
        save_and_load, st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=2)
    ),
)


def run(case: Case, sequence: list[Step], done: Counter[str]) -> None:
    with Host() as host:
        rig = HostileRig(case, host)
        host.callback(rig.device.close)
        host.callback(rig.close)
        reset(0, False)(rig, done)
        for step in sequence:
            step(rig, done)
        rig.ram._next = RAM
        rig.ram._free.clear()
        reset(0, False)(rig, done)
        assert case.answer(rig.ask(case.queue, case.readable, case.writable))
    done["sequences"] += 1


@pytest.mark.timeout(max(120, 4 * SECONDS + 60))
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_device_survives_whatever_a_driver_does(case: Case, tell: Callable[[str], None]) -> None:
    done: Counter[str] = Counter()
    end = time.monotonic() + SECONDS
    first = time.time_ns() & 0xFFFFFFFF
    rounds = 0
    while time.monotonic() < end:

        @seed(first + rounds)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        )
        @given(st.lists(steps, max_size=30))
        def sequences(sequence: list[Step]) -> None:
            run(case, sequence, done)

        sequences()
        rounds += 1
    counts = ", ".join(f"{count} {what}" for what, count in sorted(done.items()))
    tell(f"{case.name}: seed {first}: {counts}")
    assert done["sequences"]
