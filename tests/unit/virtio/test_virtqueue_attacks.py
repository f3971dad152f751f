"""What hostile drivers do to virtqueues. Comments name the bug that another VMM had."""

from __future__ import annotations

import itertools
import os
import signal
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from driver import (
    Descriptor,
    GuestRam,
    PackedDriver,
    RingFull,
    SplitDriver,
    driver_queue,
)
from driver.queue import INDIRECT, NEXT, WRITE
from kvmtool.core.virtqueue import Chain, GuestMap, ProtocolError, Virtqueue

BASE = 0x10000
SIZE = 1 << 20
END = BASE + SIZE
both = pytest.mark.parametrize("packed", [False, True], ids=["split", "packed"])


@pytest.fixture
def ram() -> Iterator[GuestRam]:
    # One region of RAM, a hole (where a device's registers would be), another region.
    ram = GuestRam([(BASE, SIZE), (END + 0x10000, 0x1000)])
    yield ram
    ram.close()


def assert_broken(queue: Virtqueue, message: str) -> None:
    """The next pop is a violation, and the queue stays broken and leaves the memory alone."""
    with pytest.raises(ProtocolError, match=message) as first:
        list(iter(queue.pop, None))
    with pytest.raises(ProtocolError) as second:
        queue.pop()
    assert str(first.value) == str(second.value)
    assert "\n" not in str(first.value)
    assert not queue.arm()
    assert not queue.publish()
    queue.disarm()


# A: the rings


def test_a_descriptor_of_no_length_ends_a_pop(ram: GuestRam) -> None:
    # CVE-2016-6490: mapping a descriptor of length 0 never came to an end.
    for packed in (False, True):
        driver = driver_queue(ram, 4, packed=packed)
        queue = driver.virtqueue()
        driver.add_raw([Descriptor(0, 0), Descriptor(1 << 63, 0), Descriptor(0, 0, WRITE)])
        chain = queue.pop()
        assert chain is not None
        assert (chain.readable, chain.writable, chain.writable_views()) == (0, 0, [])
        table, size = driver.write_table([Descriptor(5, 0)] * 4)
        queue.push(chain)
        queue.publish()
        driver.collect()
        driver.add_raw([Descriptor(table, size, INDIRECT)])
        chain = queue.pop()
        assert chain is not None
        assert chain.read(100) == b""


@pytest.mark.parametrize("ahead", [9, 0x7FFF, 0xFFFF])
def test_more_available_than_the_queue_has_is_a_violation(ram: GuestRam, ahead: int) -> None:
    # CVE-2016-5403: more requests than the queue is long, each with memory of its own.
    # An index that goes back is the same: Cloud Hypervisor 563303b50, 3402bc076 kept spinning.
    driver = SplitDriver(ram, 8)
    queue = driver.virtqueue()
    driver.poke_avail_idx(ahead)
    assert queue.arm()
    with pytest.raises(ProtocolError, match=f"may be 8 ahead, as the queue's size, not {ahead}$"):
        queue.pop()
    assert_broken(queue, f"not {ahead}$")
    assert driver.used_idx == 0


def test_a_packed_ring_made_available_again_while_in_flight_is_a_violation(ram: GuestRam) -> None:
    # The packed twin of CVE-2016-5403: the next lap's flags on descriptors that are in flight.
    driver = PackedDriver(ram, 4)
    queue = driver.virtqueue()
    for _ in range(4):
        driver.add([b"x"])
    for _ in range(4):
        assert queue.pop() is not None
    assert queue.pop() is None
    driver.poke_flags(0, driver.available_flags(0))
    assert_broken(queue, "ring of 4 has 0 entries left")


@both
def test_a_driver_that_goes_on_adding_cannot_keep_one_pop_busy(ram: GuestRam, packed: bool) -> None:
    # Cloud Hypervisor fbcf2fd6b: draining read the available index again and again. A pop takes
    # one chain, and without publish there are never more than the queue is long.
    driver = driver_queue(ram, 4, packed=packed)
    queue = driver.virtqueue()
    for _ in range(4):
        driver.add([b"x"])
        assert queue.pop() is not None
    with pytest.raises(RingFull):
        driver.add([b"x"])
    assert queue.pop() is None


@pytest.mark.parametrize("length", [1, 2, 3, 8])
def test_a_loop_of_descriptors_is_a_violation(ram: GuestRam, length: int) -> None:
    # crosvm 7a084f4ab: an iterator that never ended.
    driver = SplitDriver(ram, 8)
    queue = driver.virtqueue()
    for index in range(length):
        driver.poke_descriptor(index, Descriptor(BASE, 1, NEXT, (index + 1) % length))
    driver.offer(0)
    assert_broken(queue, "as long as the queue size of 8, not longer")


def test_a_loop_in_an_indirect_table_is_a_violation(ram: GuestRam) -> None:
    driver = SplitDriver(ram, 8)
    queue = driver.virtqueue()
    gpa = ram.allocate(32)
    for index in range(2):
        ram.write(gpa + 16 * index, driver.encode(Descriptor(BASE, 1, NEXT, 1 - index)))
    driver.add_raw([Descriptor(gpa, 32, INDIRECT)])
    assert_broken(queue, "as long as the queue size of 8, not longer")


@pytest.mark.parametrize("head", [8, 0xFFFF])
def test_a_head_beyond_the_table_is_a_violation(ram: GuestRam, head: int) -> None:
    driver = SplitDriver(ram, 8)
    queue = driver.virtqueue()
    driver.offer(head)
    assert_broken(queue, f"head must be below the queue size of 8, not {head}$")


@pytest.mark.parametrize("following", [8, 0xFFFF])
def test_a_next_beyond_the_table_is_a_violation(ram: GuestRam, following: int) -> None:
    driver = SplitDriver(ram, 8)
    queue = driver.virtqueue()
    driver.poke_descriptor(3, Descriptor(BASE, 1, NEXT, following))
    driver.offer(3)
    assert_broken(queue, f"next must be below the queue size of 8, not {following}$")


def test_a_head_that_is_in_flight_is_a_violation(ram: GuestRam) -> None:
    # Cloud Hypervisor 730677730, CVE-2026-45782: the same head twice, with a slow back-end, had its
    # memory used after it was freed. Pushed but not published is still in flight.
    for pushed in (False, True):
        driver = SplitDriver(ram, 8)
        queue = driver.virtqueue()
        driver.add([b"x"])
        chain = queue.pop()
        assert chain is not None
        if pushed:
            queue.push(chain)
        driver.offer(0)
        assert_broken(queue, "until it is used, not head 0 again")
        if not pushed:
            # The device finishes what it has: nothing is freed under it.
            assert chain.read(1) == b"x"
            queue.push(chain)
            assert not queue.publish()
        assert driver.used_idx == 0


def test_a_buffer_id_that_is_in_flight_is_a_violation(ram: GuestRam) -> None:
    driver = PackedDriver(ram, 8)
    queue = driver.virtqueue()
    driver.add_raw([Descriptor(BASE, 1)], buffer_id=5)
    assert queue.pop() is not None
    driver.add_raw([Descriptor(BASE, 1)], buffer_id=5)
    assert_broken(queue, "until it is used, not id 5 again")


@pytest.mark.parametrize("buffer_id", [8, 0xFFFF])
def test_a_buffer_id_beyond_the_size_is_a_violation(ram: GuestRam, buffer_id: int) -> None:
    driver = PackedDriver(ram, 8)
    queue = driver.virtqueue()
    driver.add_raw([Descriptor(BASE, 1)], buffer_id=buffer_id)
    assert_broken(queue, f"id must be below the queue size of 8, not {buffer_id}$")


def test_a_packed_chain_that_never_ends_is_a_violation(ram: GuestRam) -> None:
    driver = PackedDriver(ram, 4)
    queue = driver.virtqueue()
    for place in range(4):
        driver.poke_descriptor(place, Descriptor(BASE, 1, NEXT | 1 << 7, 0))
    assert_broken(queue, "ring of 4 has 4 entries left")


@pytest.mark.parametrize("flags", [0, 1 << 15, 1 << 15 | 1 << 7])
def test_a_packed_chain_that_is_available_in_part_is_a_violation(ram: GuestRam, flags: int) -> None:
    # 2.8.6: the first descriptor is shown last, and all carry the flags of their lap.
    driver = PackedDriver(ram, 4)
    queue = driver.virtqueue()
    driver.poke_descriptor(1, Descriptor(BASE, 1, flags, 0))
    driver.poke_descriptor(0, Descriptor(BASE, 1, NEXT | 1 << 7, 0))
    assert_broken(queue, "all descriptors of a chain are available, not 1")


def test_flags_of_another_lap_make_nothing_available(ram: GuestRam) -> None:
    driver = PackedDriver(ram, 4)
    queue = driver.virtqueue()
    for flags in (0, 1 << 15, 1 << 15 | 1 << 7):
        driver.poke_descriptor(0, Descriptor(BASE, 1, flags, 0))
        assert queue.pop() is None
        assert not queue.arm()


# A: where things are


def area_offsets() -> list[tuple[str, int, str]]:
    far = 1 << 64
    return [
        (area, gpa, message)
        for area in ("descriptors", "driver", "device")
        for gpa, message in [
            (0, "in one region"),
            (END, "in one region"),
            (END + 0x10000 - 16, "in one region"),
            (far - 16, "in one region"),
            (far, "in one region"),
            (-16, "in one region"),
            (BASE + 1, "aligned"),
        ]
    ]


def at_areas(memory: GuestMap, packed: bool, areas: dict[str, int]) -> Virtqueue:
    return Virtqueue(
        memory,
        size=256,
        descriptors=areas["descriptors"],
        driver=areas["driver"],
        device=areas["device"],
        packed=packed,
    )


@both
@pytest.mark.parametrize(("area", "gpa", "message"), area_offsets())
def test_areas_outside_memory_or_misaligned_are_a_violation(
    ram: GuestRam, packed: bool, area: str, gpa: int, message: str
) -> None:
    # Cloud Hypervisor 22eeb3f80: queues at address 0 were activated. Firecracker: rings in the gap.
    areas = {"descriptors": BASE, "driver": BASE + 0x4000, "device": BASE + 0x8000}
    areas[area] = gpa
    with pytest.raises(ProtocolError, match=message):
        at_areas(ram.map, packed, areas)


@both
def test_areas_that_reach_over_the_end_of_a_region_are_a_violation(
    ram: GuestRam, packed: bool
) -> None:
    driver = driver_queue(ram, 256, packed=packed)
    sizes = {
        "descriptors": (16 * 256, 16),
        "driver": (4, 4) if packed else (6 + 2 * 256, 2),
        "device": (4, 4) if packed else (6 + 8 * 256, 4),
    }
    for area, (size, alignment) in sizes.items():
        areas = dict(zip(sizes, driver.areas, strict=True))
        fits = (END - size) // alignment * alignment
        areas[area] = fits
        at_areas(ram.map, packed, areas)
        areas[area] = fits + alignment
        with pytest.raises(ProtocolError, match="in one region"):
            at_areas(ram.map, packed, areas)


@both
def test_areas_misaligned_in_this_process_are_a_violation(ram: GuestRam, packed: bool) -> None:
    # A front-end may map guest memory anywhere; atomic accesses need alignment here.
    odd = GuestMap([(BASE, SIZE - 1, ram.regions[0].hva + 1)], keep=ram.map)
    driver = driver_queue(ram, 8, packed=packed)
    with pytest.raises(ProtocolError, match="must be aligned to 16 bytes here too"):
        driver.virtqueue(memory=odd)


OUTSIDE = [
    (END - 1, 2),  # CVE-2019-18960: over the end of a region, by one pointer
    (END, 1),
    (END + 0x10000 - 1, 2),  # from the hole into RAM
    (END - 0x1000, 0x12000),  # from RAM over the hole into RAM
    (0, 1),
    # CVE-2021-3748, CVE-2024-3446: buffers in a device's registers, its own too
    (END + 0x8000, 4),
    ((1 << 64) - 1, 1),
    ((1 << 64) - 1, 2),  # wraps to 0
    ((1 << 64) - 0x1000, 0xFFFFFFFF),
    (BASE, 0xFFFFFFFF),
]


@both
@pytest.mark.parametrize("flags", [0, WRITE])
@pytest.mark.parametrize("indirect", [False, True])
@pytest.mark.parametrize(("gpa", "size"), OUTSIDE)
def test_buffers_outside_memory_are_a_violation(
    ram: GuestRam, packed: bool, flags: int, indirect: bool, gpa: int, size: int
) -> None:
    driver = driver_queue(ram, 8, packed=packed)
    queue = driver.virtqueue()
    descriptors = [Descriptor(gpa, size, flags)]
    if indirect:
        descriptors = [Descriptor(*driver.write_table(descriptors), INDIRECT)]
    driver.add_raw(descriptors)
    assert_broken(queue, "a buffer (lies in memory|may not wrap)")


@both
@pytest.mark.parametrize(("gpa", "size"), OUTSIDE)
def test_indirect_tables_outside_memory_are_a_violation(
    ram: GuestRam, packed: bool, gpa: int, size: int
) -> None:
    driver = driver_queue(ram, 32768 if not packed else 32767, packed=packed)
    queue = driver.virtqueue()
    # Descriptors of zeros are what follows in RAM: readable, no length, no next.
    driver.add_raw([Descriptor(gpa, max(size & ~15, 16) if size < 0x20000 else 32, INDIRECT)])
    if gpa == BASE or (gpa == END - 0x1000 and not packed):
        # The start of it is all that is used.
        return
    assert_broken(queue, r"an indirect table (lies in memory|may not wrap)")


READ_ONLY = END + 0x10_0000


@pytest.fixture
def with_read_only(ram: GuestRam) -> GuestMap:
    """The RAM again, and at READ_ONLY a page of it that devices may not write to."""
    region = ram.regions[0]
    regions = [(one.gpa, one.size, one.hva) for one in ram.regions]
    return GuestMap([*regions, (READ_ONLY, 0x1000, region.hva, False)], keep=ram.map)


@both
@pytest.mark.parametrize("indirect", [False, True])
@pytest.mark.parametrize("start", [READ_ONLY, READ_ONLY + 0xFFF])
def test_buffer_to_be_filled_in_read_only_memory_is_a_violation(
    ram: GuestRam, with_read_only: GuestMap, packed: bool, indirect: bool, start: int
) -> None:
    for flags in (0, WRITE):
        driver = driver_queue(ram, 8, packed=packed)
        queue = driver.virtqueue(memory=with_read_only)
        chain = [Descriptor(start, 1, flags)]
        if indirect:
            chain = [Descriptor(*driver.write_table(chain), INDIRECT)]
        driver.add_raw(chain)
        if flags:
            assert_broken(queue, f"a buffer at {start:#x} for 1 bytes is in memory that is read-o")
            continue
        popped = queue.pop()
        assert popped is not None
        assert popped.read(1) == ram.read(BASE + start - READ_ONLY, 1)


@both
@pytest.mark.parametrize("area", ["descriptors", "driver", "device"])
def test_queue_in_read_only_memory_is_a_violation(
    ram: GuestRam, with_read_only: GuestMap, packed: bool, area: str
) -> None:
    areas = {"descriptors": BASE, "driver": BASE + 0x1000, "device": BASE + 0x2000}
    areas[area] = READ_ONLY
    with pytest.raises(ProtocolError, match=r"memory for data, not at .*, read-only"):
        at_areas(with_read_only, packed, areas)


@both
def test_a_whole_chain_has_less_than_4_gib(packed: bool) -> None:
    # 2.7.5.2. One region that covers more guest memory than there is here: nothing is touched.
    ram = GuestRam([(BASE, SIZE)])
    wide = GuestMap([(BASE, SIZE, ram.regions[0].hva), (1 << 40, 1 << 40, 1 << 44)], keep=ram.map)
    half = Descriptor(1 << 40, 1 << 31)
    driver = driver_queue(ram, 8, packed=packed)
    queue = driver.virtqueue(memory=wide)
    driver.add_raw([half, Descriptor(1 << 40, (1 << 31) - 1, WRITE)])
    chain = queue.pop()
    assert chain is not None
    assert chain.readable + chain.writable == 0xFFFFFFFF
    driver.add_raw([half, half._replace(flags=WRITE)])
    assert_broken(queue, "a chain may have 4294967295 bytes, not 4294967296")


# A: chains


@both
@pytest.mark.parametrize("indirect", [False, True])
def test_a_readable_buffer_after_a_writable_one_is_a_violation(
    ram: GuestRam, packed: bool, indirect: bool
) -> None:
    # 2.7.4.2. A length of 0 is no excuse.
    for size in (0, 1):
        driver = driver_queue(ram, 8, packed=packed)
        queue = driver.virtqueue()
        descriptors = [Descriptor(BASE, size, WRITE), Descriptor(BASE + 16, size)]
        if indirect:
            descriptors = [Descriptor(*driver.write_table(descriptors), INDIRECT)]
        driver.add_raw(descriptors)
        assert_broken(queue, "readable buffers come before writable ones, not 0x10010 after them")


@both
@pytest.mark.parametrize("size", [0, 1, 15, 17, 0xFFFFFFFF])
def test_an_indirect_table_of_a_fraction_of_descriptors_is_a_violation(
    ram: GuestRam, packed: bool, size: int
) -> None:
    driver = driver_queue(ram, 8, packed=packed)
    queue = driver.virtqueue()
    driver.add_raw([Descriptor(BASE, size, INDIRECT)])
    assert_broken(queue, f"16 bytes or a multiple of that, not {size}$")


@both
def test_an_indirect_table_longer_than_the_queue_is_a_violation(
    ram: GuestRam, packed: bool
) -> None:
    # 2.7.5.3.1
    driver = driver_queue(ram, 8, packed=packed)
    queue = driver.virtqueue()
    entries = [Descriptor(BASE, 1)] * 9
    table, _ = driver.write_table(entries[:8])
    driver.add_raw([Descriptor(table, 8 * 16, INDIRECT)])
    chain = queue.pop()
    assert chain is not None
    assert chain.readable == 8
    driver.add_raw([Descriptor(driver.write_table(entries)[0], 9 * 16, INDIRECT)])
    assert_broken(queue, "as long as the queue size of 8, not 9$")


def test_descriptors_before_an_indirect_table_count_for_the_length(ram: GuestRam) -> None:
    driver = SplitDriver(ram, 8)
    queue = driver.virtqueue()
    table = Descriptor(*driver.write_table([Descriptor(BASE, 1)] * 7), INDIRECT)
    driver.add_raw([Descriptor(BASE, 1), Descriptor(BASE, 1), table])
    assert_broken(queue, "as long as the queue size of 8, not 9$")


def test_an_indirect_table_that_refers_to_another_is_a_violation(ram: GuestRam) -> None:
    driver = SplitDriver(ram, 8)
    queue = driver.virtqueue()
    table, size = driver.write_table([Descriptor(BASE, 1), Descriptor(BASE, 16, INDIRECT)])
    driver.add_raw([Descriptor(table, size, INDIRECT)])
    assert_broken(queue, "may not refer to another one, as entry 1 does")


def test_a_next_beyond_the_indirect_table_is_a_violation(ram: GuestRam) -> None:
    driver = SplitDriver(ram, 8)
    queue = driver.virtqueue()
    gpa = ram.allocate(32)
    ram.write(gpa, driver.encode(Descriptor(BASE, 1, NEXT, 2)))
    driver.add_raw([Descriptor(gpa, 32, INDIRECT)])
    assert_broken(queue, "below the 2 entries of the indirect table, not 2")


def test_next_together_with_indirect_is_a_violation(ram: GuestRam) -> None:
    driver = SplitDriver(ram, 8)
    queue = driver.virtqueue()
    table, size = driver.write_table([Descriptor(BASE, 1)])
    driver.poke_descriptor(0, Descriptor(table, size, INDIRECT | NEXT, 1))
    driver.offer(0)
    assert_broken(queue, "INDIRECT or NEXT, not both as 0 has")


def test_a_packed_chain_of_several_with_an_indirect_one_is_a_violation(ram: GuestRam) -> None:
    # 2.8.5: each list has descriptors of one kind only.
    for order in (1, -1):
        driver = PackedDriver(ram, 8)
        queue = driver.virtqueue()
        table, size = driver.write_table([Descriptor(BASE, 1)])
        chain = [Descriptor(BASE, 1), Descriptor(table, size, INDIRECT)][::order]
        driver.add_raw(chain)
        assert_broken(queue, "indirect descriptors only, and just one")


@both
def test_indirect_that_was_not_negotiated_is_a_violation(ram: GuestRam, packed: bool) -> None:
    driver = driver_queue(ram, 8, packed=packed, indirect=False)
    queue = driver.virtqueue()
    driver.add([b"x"], indirect=True)
    assert_broken(queue, "INDIRECT needs VIRTIO_F_INDIRECT_DESC")


def test_segments_in_flight_are_limited() -> None:
    # Every entry of the ring with a table as long as the ring would take 16 GiB here.
    ram = GuestRam([(0, 8 << 20)])
    driver = SplitDriver(ram, 32768)
    queue = driver.virtqueue()
    table = Descriptor(*driver.write_table([Descriptor(0, 1)] * 32768), INDIRECT)
    for _ in range(1000):
        driver.add_raw([table])
    popped: list[Chain] = []
    with pytest.raises(ProtocolError, match="segments in flight"):
        popped.extend(iter(queue.pop, None))
    assert 100 < queue.in_flight < 200
    ram.close()


# A: at the same time


@contextmanager
def racing(poke: Callable[[int], None]) -> Iterator[None]:
    """Another process calls `poke(n)` as fast as it can. A thread would wait for the pops."""
    child = os.fork()
    if child == 0:
        for turn in itertools.cycle(range(256)):
            poke(turn)
    try:
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@both
def test_descriptors_that_change_while_they_are_read_stay_in_memory(
    ram: GuestRam, packed: bool
) -> None:
    # Cloud Hypervisor 929df76e1: checked in one read, used from another. rust-vmm vm-memory #98:
    # torn reads of indices. Whatever a pop sees, its segments are inside guest memory.
    first, last = ram.regions[0].hva, ram.regions[0].hva + SIZE
    good, bad = Descriptor(BASE + 0x80000, 64), Descriptor(END - 1, 0xFFFFFFFF)
    outcomes = {"popped": 0, "violations": 0}
    driver = driver_queue(ram, 8, packed=packed)
    available = 1 << 7 if packed else 0
    encoded = [driver.encode(Descriptor(item.addr, item.len, available, 0)) for item in (good, bad)]
    place = driver.descriptors

    def poke(turn: int) -> None:
        ram.write(place, encoded[turn & 1])

    def use() -> None:
        queue = driver.virtqueue()
        if not packed:
            ram.write(driver.driver, struct.pack("<HHH", 0, 1, 0))
        try:
            chain = queue.pop()
        except ProtocolError:
            outcomes["violations"] += 1
            return
        if chain is None:
            return
        outcomes["popped"] += 1
        for hva, size in chain.readable_ranges():
            assert first <= hva < hva + size <= last

    with racing(poke):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and min(outcomes.values()) < 5000:
            use()
    assert outcomes["popped"]
    assert outcomes["violations"]


def test_an_index_that_races_is_never_torn(ram: GuestRam) -> None:
    # 0x00FF and 0x0100 are one apart; torn, they would be 0x0000 or 0x01FF, which is a violation.
    driver = SplitDriver(ram, 2)
    encoded = [struct.pack("<H", value) for value in (0x00FF, 0x0100)]
    for value in (0, 1):
        driver.poke_descriptor(value, Descriptor(BASE, 1))
        ram.write_int(driver.driver + 4 + 2 * value, 2, value)
    ram.write(driver.driver + 2, encoded[0])

    def use() -> None:
        queue = driver.virtqueue(base=0x00FE_00FE)
        chain = queue.pop()
        assert isinstance(chain, Chain)

    with racing(lambda turn: ram.write(driver.driver + 2, encoded[turn & 1])):
        for _ in range(50_000):
            use()
