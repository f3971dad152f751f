"""A queue goes on where a killed process left it (vhost-user, "Inflight I/O tracking")."""

from __future__ import annotations

import mmap
import os
import random
import signal
import struct
from collections.abc import Iterator

import pytest

from driver import DriverQueue, GuestRam, PackedDriver, RingFull, driver_queue
from kvmtool.core.virtqueue import Chain, ProtocolError, Virtqueue, inflight_size

both = pytest.mark.parametrize("packed", [False, True], ids=["split", "packed"])

# As the specification lays them out.
SPLIT_REGION = struct.Struct("<QHHHH")  # features version desc_num last_batch_head used_idx
SPLIT_STATE = struct.Struct("<B5xHQ")  # inflight next counter
PACKED_REGION = struct.Struct("<QHHHHHHBB7x3x")
# features version desc_num free_head old_free_head used_idx old_used_idx wrap old_wrap
PACKED_STATE = struct.Struct("<BxHHHQHHIQ")  # inflight next last num counter id flags len addr


@pytest.fixture
def ram() -> Iterator[GuestRam]:
    ram = GuestRam()
    yield ram
    ram.close()


def new_region(size: int, packed: bool) -> mmap.mmap:
    """A region of zeros for one queue, shared with child processes."""
    return mmap.mmap(-1, inflight_size(size, packed))


def pop_all(queue: Virtqueue) -> list[Chain]:
    """Pop until there is nothing left."""
    return list(iter(queue.pop, None))


def read_all(chains: list[Chain]) -> list[bytes]:
    return [chain.read(chain.readable) for chain in chains]


def test_sizes_are_those_of_the_layout() -> None:
    assert (SPLIT_REGION.size, SPLIT_STATE.size) == (16, 16)
    assert (PACKED_REGION.size, PACKED_STATE.size) == (32, 32)
    for size in (1, 3, 4, 128, 1024, 32768):
        for packed, head, state in ((False, 16, 16), (True, 32, 32)):
            needed = head + size * state
            assert needed <= inflight_size(size, packed) < needed + 64
            assert inflight_size(size, packed) % 64 == 0


def test_a_split_region_is_written_as_laid_out(ram: GuestRam) -> None:
    driver = driver_queue(ram, 4)
    region = new_region(4, False)
    queue = driver.virtqueue(inflight=region)
    assert SPLIT_REGION.unpack_from(region) == (0, 1, 4, 0, 0)
    for text in (b"a", b"b", b"c"):
        driver.add([text])
    first, second, _ = pop_all(queue)
    states = [SPLIT_STATE.unpack_from(region, 16 + 16 * index) for index in range(4)]
    assert [state[0] for state in states] == [1, 1, 1, 0]
    assert [state[2] for state in states[:3]] == [0, 1, 2]
    queue.push(second)
    queue.push(first)
    assert SPLIT_REGION.unpack_from(region) == (0, 1, 4, 0, 0)
    queue.publish()
    assert SPLIT_REGION.unpack_from(region) == (0, 1, 4, 0, 2)
    states = [SPLIT_STATE.unpack_from(region, 16 + 16 * index) for index in range(4)]
    assert [state[0] for state in states] == [0, 0, 1, 0]
    assert states[0][1] == 1


def test_a_packed_region_is_written_as_laid_out(ram: GuestRam) -> None:
    driver = driver_queue(ram, 4, packed=True)
    region = new_region(4, True)
    queue = driver.virtqueue(inflight=region)
    assert PACKED_REGION.unpack_from(region) == (0, 1, 4, 0, 0, 0, 0, 1, 1)
    driver.add([b"ab", b"c"])
    driver.add([b"def"])
    first, second = pop_all(queue)
    assert PACKED_REGION.unpack_from(region) == (0, 1, 4, 3, 3, 0, 0, 1, 1)
    states = [PACKED_STATE.unpack_from(region, 32 + 32 * index) for index in range(4)]
    assert [state[0] for state in states] == [1, 0, 1, 0]
    assert [states[index][2:5] for index in (0, 2)] == [(1, 2, 0), (2, 1, 1)]
    assert [state[5:8] for state in states[:3]] == [
        (0, 1 << 7 | 1, 2),
        (0, 1 << 7, 1),
        (1, 1 << 7, 3),
    ]
    assert ram.read(states[2][8], 3) == b"def"
    queue.push(second)
    queue.push(first)
    queue.publish()
    # Freed last, first: entry 0 leads to 1, 1 to 2, and that to 3.
    assert PACKED_REGION.unpack_from(region) == (0, 1, 4, 0, 0, 3, 3, 1, 1)
    states = [PACKED_STATE.unpack_from(region, 32 + 32 * index) for index in range(4)]
    assert [state[0] for state in states] == [0, 0, 0, 0]
    assert [state[1] for state in states] == [1, 2, 3, 4]


@both
def test_chains_in_flight_are_popped_again_in_order_and_first(ram: GuestRam, packed: bool) -> None:
    driver = driver_queue(ram, 16, packed=packed)
    region = new_region(16, packed)
    queue = driver.virtqueue(inflight=region)
    tokens = [driver.add([b"%d" % number, b"!"], [4], indirect=number == 3) for number in range(5)]
    chains = pop_all(queue)
    for index in (3, 1):
        queue.push(chains[index])
    queue.publish()
    queue.push(chains[0])  # not published
    assert [token for token, _ in driver.collect()] == [tokens[3], tokens[1]]
    late = driver.add([b"late"])

    again = driver.virtqueue(inflight=region)
    assert again.in_flight == 0
    assert again.arm()
    # A call may have been lost with the process, and is made up for once.
    assert again.publish()
    assert not again.publish()
    chains = pop_all(again)
    assert read_all(chains) == [b"0!", b"2!", b"4!", b"late"]
    assert again.in_flight == 4
    for chain in chains:
        again.push(chain)
    again.publish()
    assert [token for token, _ in driver.collect()] == [tokens[0], tokens[2], tokens[4], late]
    assert not driver.virtqueue(inflight=region).arm()


@both
def test_a_region_of_zeros_starts_at_the_base(ram: GuestRam, packed: bool) -> None:
    driver = driver_queue(ram, 5 if packed else 4, packed=packed)
    queue = driver.virtqueue()
    for _ in range(7):
        driver.add([b"x"])
        (chain,) = pop_all(queue)
        queue.push(chain)
        queue.publish()
        driver.collect()
    driver.add([b"next"])
    region = new_region(driver.size, packed)
    again = driver.virtqueue(base=queue.base, inflight=region)
    assert read_all(pop_all(again)) == [b"next"]


@both
def test_the_base_does_not_count_beside_a_region_in_use(ram: GuestRam, packed: bool) -> None:
    driver = driver_queue(ram, 4, packed=packed)
    region = new_region(4, packed)
    queue = driver.virtqueue(inflight=region)
    driver.add([b"a", b"b"])
    pop_all(queue)
    for base in (queue.base, 0x8000_8003 if packed else 0x0007_0009, None):
        again = driver.virtqueue(base=base, inflight=region)
        assert again.base == queue.base
        assert read_all(pop_all(again)) == [b"ab"]
    # Two descriptors are left, and no more: the entries of the region do not run out before.
    driver.add([b"c", b"d"])
    assert read_all(pop_all(again)) == [b"cd"]
    if packed:
        assert isinstance(driver, PackedDriver)
        driver.poke_flags(0, driver.available_flags(0))
        with pytest.raises(ProtocolError, match="has 0 entries left"):
            again.pop()


@both
def test_stopped_at_any_step_nothing_is_lost_or_used_twice(ram: GuestRam, packed: bool) -> None:
    # A process ends after any of pop, push and publish; the next one finds memory and region.
    for seed in range(40):
        steps = random.Random(seed)
        ram = GuestRam()
        driver = driver_queue(ram, steps.choice([1, 2, 4, 8, 16]), packed=packed, event_idx=True)
        region = new_region(driver.size, packed)
        queue = driver.virtqueue(inflight=region)
        waiting: dict[int, bytes] = {}
        chains: list[Chain] = []
        popped: set[bytes] = set()
        number = 0
        for _ in range(300):
            step = steps.random()
            if step < 0.3:
                number += 1
                text = b"%d" % number
                try:
                    length = steps.randint(1, min(4, driver.size))
                    parts = [text] + [b""] * (length - 1)
                    waiting[driver.add(parts, indirect=steps.random() < 0.3)] = text
                except RingFull:
                    pass
            elif step < 0.6:
                chain = queue.pop()
                if chain is not None:
                    text = chain.read(100)
                    assert text in waiting.values()
                    assert text not in popped, "popped twice by one process"
                    popped.add(text)
                    chains.append(chain)
            elif step < 0.75 and chains:
                queue.push(chains.pop(steps.randrange(len(chains))))
            elif step < 0.85:
                queue.publish()
            elif step < 0.95:
                for token, _ in driver.collect():
                    del waiting[token]
            else:
                queue = driver.virtqueue(inflight=region)
                chains.clear()
                popped.clear()
        for token, _ in driver.collect():
            del waiting[token]
        queue = driver.virtqueue(inflight=region)
        chains = pop_all(queue)
        # Numbers go up: what was in flight comes back in the order it was made available.
        assert read_all(chains) == sorted(waiting.values(), key=int)
        for chain in chains:
            queue.push(chain)
        queue.publish()
        assert {token for token, _ in driver.collect()} == set(waiting)
        ram.close()


def publish_order(driver: DriverQueue, first: int, heads: list[int]) -> list[tuple[int, int]]:
    """The places that publishing a batch changes, (gpa or -1 - offset in the region, size).

    In the order in which the specification has them changed. `first` is where a packed batch
    starts.
    """

    def of_region(offset: int, size: int) -> tuple[int, int]:
        return -1 - offset, size

    if driver.packed:
        # The first descriptor of the batch is last: it makes the others count.
        places = [(driver.size - 1 - index + first) % driver.size for index in range(driver.size)]
        return [
            *[of_region(32 + 32 * index + 2, 2) for index in range(driver.size)],  # next
            of_region(12, 2),  # free_head
            of_region(16, 2),  # used_idx
            of_region(20, 1),  # used_wrap_counter
            *[(driver.descriptors + 16 * place, 16) for place in places],
            *[of_region(32 + 32 * index, 1) for index in range(driver.size)],  # inflight
            of_region(14, 2),  # old_free_head
            of_region(18, 2),  # old_used_idx
            of_region(21, 1),  # old_used_wrap_counter
        ]
    return [
        *[of_region(16 + 16 * head + 6, 2) for head in heads],  # next
        of_region(12, 2),  # last_batch_head
        (driver.device + 4, 8 * driver.size),
        (driver.device + 2, 2),  # idx
        *[of_region(16 + 16 * head, 1) for head in heads],  # inflight
        of_region(14, 2),  # used_idx
    ]


@both
@pytest.mark.parametrize("batch", [1, 2, 3])
@pytest.mark.parametrize("lap", range(5))
def test_killed_within_publish_all_or_nothing_of_a_batch_counts(
    packed: bool, batch: int, lap: int
) -> None:
    size = 3 if packed else 4
    stop = 0
    while True:
        ram = GuestRam()
        driver = driver_queue(ram, size, packed=packed)
        region = new_region(size, packed)
        queue = driver.virtqueue(inflight=region)
        for _ in range(lap):
            driver.add([b"x"])
            (chain,) = pop_all(queue)
            queue.push(chain)
            queue.publish()
            driver.collect()
        texts = {driver.add([b"%d" % number]): b"%d" % number for number in range(3)}
        chains = pop_all(queue)
        for chain in reversed(chains[3 - batch :]):
            queue.push(chain)

        places = publish_order(driver, lap % size, [chain.head for chain in reversed(chains)])
        before = [ram.read(at, n) if at >= 0 else region[-1 - at : -1 - at + n] for at, n in places]
        queue.publish()
        if stop > len(places):
            ram.close()
            return
        for (at, n), data in list(zip(places, before, strict=True))[stop:]:
            if at >= 0:
                ram.write(at, data)
            else:
                region[-1 - at : -1 - at + n] = data
        stop += 1

        again = driver.virtqueue(inflight=region)
        for token, _ in driver.collect():
            del texts[token]
        assert len(texts) in (3, 3 - batch)
        chains = pop_all(again)
        assert read_all(chains) == list(texts.values())
        for chain in chains:
            again.push(chain)
        again.publish()
        assert {token for token, _ in driver.collect()} == set(texts)
        ram.close()


@both
def test_killed_at_any_instruction_every_chain_is_used_once(packed: bool) -> None:
    # A process that pops, pushes and publishes as fast as it can is killed for good, again and
    # again, while the driver goes on.
    ram = GuestRam()
    driver = driver_queue(ram, 16, packed=packed)
    region = new_region(16, packed)
    numbers = random.Random(5)
    waiting: set[int] = set()
    done = 0

    def serve(seed: int) -> None:
        order = random.Random(seed)
        queue = driver.virtqueue(inflight=region)
        chains: list[Chain] = []
        while True:
            chain = queue.pop()
            if chain is not None:
                chain.write(chain.read(8))
                chains.append(chain)
            elif not chains:
                continue
            if order.random() < 0.6 or chain is None:
                for _ in range(order.randint(1, len(chains))):
                    queue.push(chains.pop(order.randrange(len(chains))))
                queue.publish()

    def drive(least: int) -> int:
        found = 0
        while found < least:
            while True:
                text = numbers.randbytes(8)
                parts = [text, b""][: numbers.randint(1, 2)]
                try:
                    token = driver.add(parts, [8], indirect=numbers.random() < 0.3)
                except RingFull:
                    break
                waiting.add(token)
            for token, written in driver.collect():
                waiting.remove(token)
                assert written == 8
                driver.release(token)
                found += 1
        return found

    for seed in range(60):
        child = os.fork()
        if child == 0:
            serve(seed)
        done += drive(numbers.randint(0, 300))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    queue = driver.virtqueue(inflight=region)
    for token, _ in driver.collect():
        waiting.remove(token)
    for chain in pop_all(queue):
        queue.push(chain)
    queue.publish()
    assert {token for token, _ in driver.collect()} == waiting
    assert done > 1000
    ram.close()


# The region is shared with a front-end, which may be hostile too.


@both
def test_a_region_of_another_version_size_or_length_is_refused(ram: GuestRam, packed: bool) -> None:
    driver = driver_queue(ram, 8, packed=packed)
    region = new_region(8, packed)
    driver.virtqueue(inflight=region)
    region[8:10] = b"\x02\x00"
    with pytest.raises(ProtocolError, match="has version 1, not 2"):
        driver.virtqueue(inflight=region)
    region[8:12] = b"\x01\x00\x09\x00"
    with pytest.raises(ProtocolError, match="for a queue of 9 descriptors, not 8"):
        driver.virtqueue(inflight=region)
    with pytest.raises(ProtocolError, match="not 100"):
        driver.virtqueue(inflight=bytearray(100))
    with pytest.raises(ProtocolError, match="aligned to 8 bytes"):
        driver.virtqueue(inflight=memoryview(bytearray(1024))[1:])
    with pytest.raises((BufferError, TypeError, ValueError)):
        driver.virtqueue(inflight=bytes(1024))


def test_a_split_region_with_values_out_of_range_is_refused(ram: GuestRam) -> None:
    driver = driver_queue(ram, 4)
    region = new_region(4, False)
    driver.virtqueue(inflight=region)
    region[14:16] = b"\xfb\xff"
    with pytest.raises(ProtocolError, match="at most as many chains as the queue, 4, not 5"):
        driver.virtqueue(inflight=region)
    region[12:16] = b"\x04\x00\xff\xff"
    with pytest.raises(ProtocolError, match="below the queue size of 4, not 4"):
        driver.virtqueue(inflight=region)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({16: b"\x08\x00"}, "below the queue size of 8, not 8"),
        ({18: b"\xff\xff"}, "below the queue size of 8, not 65535"),
        ({14: b"\x02\x00", 32 + 32 * 4 + 2: b"\x02\x00"}, "comes back to 2"),
        ({32 + 4: b"\x03\x00"}, "chain 0 of the in-flight region has 2 entries, the last is 3"),
        ({32 + 6: b"\x00\x00"}, "chain 0 of the in-flight region has 0 entries"),
        ({32 + 6: b"\x03\x00"}, "goes on to entry 2, which is not its own"),
        ({32 + 2: b"\xff\xff"}, "goes on to entry 65535, which is not its own"),
        ({32: b"\x00"}, "entry 0 of the in-flight region is neither free nor in a chain"),
    ],
)
def test_a_packed_region_that_is_inconsistent_is_refused(
    ram: GuestRam, changes: dict[int, bytes], message: str
) -> None:
    driver = driver_queue(ram, 8, packed=True)
    region = new_region(8, True)
    queue = driver.virtqueue(inflight=region)
    driver.add([b"a", b"b"])
    pop_all(queue)
    for offset, data in changes.items():
        region[offset : offset + len(data)] = data
    with pytest.raises(ProtocolError, match=message):
        driver.virtqueue(inflight=region)


def test_packed_chains_from_a_region_are_checked_like_those_of_the_ring(ram: GuestRam) -> None:
    for offset, data, message in [
        (16, b"\x08\x00", "id must be below"),
        (18, b"\x04\x00", "16 bytes or a multiple"),
        (20, b"\xff\xff\xff\xff", "lies in memory"),
        (24, b"\xff" * 8, "may not wrap"),
    ]:
        driver = driver_queue(ram, 8, packed=True)
        region = new_region(8, True)
        driver.add([b"abc"])
        pop_all(driver.virtqueue(inflight=region))
        region[32 + offset : 32 + offset + len(data)] = data
        queue = driver.virtqueue(inflight=region)
        with pytest.raises(ProtocolError, match=message):
            queue.pop()


@both
def test_what_happens_to_a_region_in_use_changes_nothing(ram: GuestRam, packed: bool) -> None:
    driver = driver_queue(ram, 8, packed=packed)
    region = new_region(8, packed)
    queue = driver.virtqueue(inflight=region)
    noise = random.Random(1)
    for _ in range(200):
        token = driver.add([b"a", b"b"], [1])
        region[:] = noise.randbytes(len(region))
        (chain,) = pop_all(queue)
        assert chain.read(9) == b"ab"
        region[:] = noise.randbytes(len(region))
        queue.push(chain)
        queue.publish()
        assert driver.collect() == [(token, 0)]
        driver.release(token)
