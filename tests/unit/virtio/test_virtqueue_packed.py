"""Packed virtqueues (virtio 1.3, 2.8)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from driver import Descriptor, GuestRam, PackedDriver
from driver.queue import INDIRECT, WRITE
from kvmtool.core.virtqueue import LARGEST_QUEUE, ProtocolError, Virtqueue


@pytest.fixture
def ram() -> Iterator[GuestRam]:
    ram = GuestRam()
    yield ram
    ram.close()


def take(queue: Virtqueue) -> bytes:
    """Pop the next chain, return what it says, and use it."""
    chain = queue.pop()
    assert chain is not None
    data = chain.read(chain.readable)
    queue.push(chain)
    queue.publish()
    return data


def test_a_chain_is_read_written_and_used(ram: GuestRam) -> None:
    driver = PackedDriver(ram, 8)
    queue = driver.virtqueue()
    assert queue.pop() is None
    token = driver.add([b"abc", b"defg"], [4, 8])
    chain = queue.pop()
    assert chain is not None
    assert (chain.readable, chain.writable) == (7, 12)
    assert queue.pop() is None
    assert chain.read(100) == b"abcdefg"
    assert chain.write(b"0123456") == 7
    queue.push(chain)
    assert driver.collect() == []
    assert queue.publish()
    assert driver.collect() == [(token, 7)]
    assert driver.contents(token) == b"0123456" + bytes(5)
    assert queue.pop() is None


def test_a_used_descriptor_says_whether_something_was_written(ram: GuestRam) -> None:
    # 2.8.3: WRITE in a used descriptor is what makes its length count.
    driver = PackedDriver(ram, 8)
    queue = driver.virtqueue()
    for number, data in enumerate((b"", b"x")):
        driver.add([], [1])
        chain = queue.pop()
        assert chain is not None
        chain.write(data)
        queue.push(chain)
        queue.publish()
        assert driver.flags_at(number) & WRITE == (WRITE if data else 0)


@pytest.mark.parametrize("size", [1, 3, 7, 8, 255])
def test_chains_cross_the_end_of_a_ring_of_any_size(ram: GuestRam, size: int) -> None:
    driver = PackedDriver(ram, size, event_idx=True)
    queue = driver.virtqueue()
    for number in range(4 * size):
        parts = [b"%d " % number] * (number % min(size, 5) + 1)
        token = driver.add(parts)
        assert driver.kick_needed() or number == 0
        assert take(queue) == b"".join(parts)
        assert driver.collect() == [(token, 0)]
        assert not queue.arm()


def test_chains_are_used_in_any_order(ram: GuestRam) -> None:
    driver = PackedDriver(ram, 10)
    queue = driver.virtqueue()
    for _ in range(7):
        tokens = [driver.add([b"x"] * (index + 1), [1]) for index in range(3)]
        chains = [queue.pop() for _ in tokens]
        for index in (2, 0, 1):
            chain = chains[index]
            assert chain is not None
            chain.write(b"%d" % index)
            queue.push(chain)
        queue.publish()
        assert driver.collect() == [(tokens[index], 1) for index in (2, 0, 1)]
        assert [driver.contents(token) for token in tokens] == [b"0", b"1", b"2"]


def test_a_batch_is_shown_by_its_first_descriptor(ram: GuestRam) -> None:
    # Otherwise a process killed halfway would have published a part of it.
    driver = PackedDriver(ram, 8)
    queue = driver.virtqueue()
    for token in [driver.add([b"x"]) for _ in range(3)]:
        assert token
        chain = queue.pop()
        assert chain is not None
        queue.push(chain)
    queue.publish()
    assert [driver.flags_at(place) for place in range(3)] == [0x8080] * 3
    assert len(driver.collect()) == 3


def test_an_in_order_queue_holds_chains_until_their_turn(ram: GuestRam) -> None:
    driver = PackedDriver(ram, 8, in_order=True)
    queue = driver.virtqueue()
    tokens = [driver.add([b"x"]) for _ in range(4)]
    chains = [queue.pop() for _ in tokens]
    seen = []
    for index in (1, 0, 3, 2):
        chain = chains[index]
        assert chain is not None
        queue.push(chain)
        queue.publish()
        seen.append([token for token, _ in driver.collect()])
    assert seen == [[], tokens[:2], [], tokens[2:]]


def test_an_indirect_table_is_followed_and_its_other_flags_ignored(ram: GuestRam) -> None:
    # 2.8.7: WRITE is the only flag that counts in the table, and it counts nothing in the ring.
    driver = PackedDriver(ram, 8)
    queue = driver.virtqueue()
    gpa = ram.allocate(16)
    ram.write(gpa, b"abcdef")
    entries = [
        Descriptor(gpa, 2, 0xFFFD, 0xFFFF),
        Descriptor(gpa + 2, 4, 0),
        Descriptor(gpa + 8, 5, WRITE),
    ]
    content = b"".join(driver.encode(entry) for entry in entries)
    table = ram.allocate(len(content))
    ram.write(table, content)
    driver.add_raw([Descriptor(table, len(content), INDIRECT | WRITE)])
    chain = queue.pop()
    assert chain is not None
    assert chain.read(100) == b"abcdef"
    assert chain.writable == 5
    queue.push(chain)
    queue.publish()
    assert len(driver.collect()) == 1
    assert driver.free_descriptors == 8


def test_without_event_idx_the_flags_decide_on_notifications(ram: GuestRam) -> None:
    driver = PackedDriver(ram, 8)
    queue = driver.virtqueue()
    queue.disarm()
    driver.add([b"x"])
    assert not driver.kick_needed()
    assert queue.arm()
    driver.want_calls(False)
    chain = queue.pop()
    assert chain is not None
    queue.push(chain)
    assert not queue.publish()
    driver.want_calls()
    assert not queue.arm()
    driver.add([b"x"])
    assert driver.kick_needed()
    chain = queue.pop()
    assert chain is not None
    queue.push(chain)
    assert queue.publish()


def test_with_event_idx_the_driver_says_which_descriptor_to_notify_of(ram: GuestRam) -> None:
    driver = PackedDriver(ram, 6, event_idx=True)
    queue = driver.virtqueue()

    def use(count: int) -> bool:
        for _ in range(count):
            driver.add([b"x"])
            chain = queue.pop()
            assert chain is not None
            queue.push(chain)
        return queue.publish()

    def ask(place: int, wrap: int) -> None:
        driver.collect()
        ram.write_int(driver.driver, 4, 2 << 16 | wrap << 15 | place)

    ask(2, 1)
    assert [use(1) for _ in range(4)] == [False, False, True, False]
    # In the next lap, as its wrap counter of 0 says.
    ask(1, 0)
    assert not use(2)
    ask(1, 0)
    assert [use(1) for _ in range(3)] == [False, True, False]
    ask(5, 0)
    assert use(4)
    ask(4, 1)
    assert use(5)
    # A lap that was left long ago.
    ask(3, 0)
    assert not use(1)


def test_a_reserved_event_flag_counts_as_wanting_notifications(ram: GuestRam) -> None:
    for event_idx, flags in [(True, 3), (False, 2), (False, 3)]:
        driver = PackedDriver(ram, 8, event_idx=event_idx)
        queue = driver.virtqueue()
        driver.add([b"x"])
        ram.write_int(driver.driver, 4, flags << 16 | 7)
        chain = queue.pop()
        assert chain is not None
        queue.push(chain)
        assert queue.publish()


def test_the_base_is_where_another_queue_goes_on(ram: GuestRam) -> None:
    driver = PackedDriver(ram, 6)
    queue = driver.virtqueue()
    assert queue.base == 0x8000_8000
    for number in range(30):
        driver.add([b"%d" % number] * (number % 3 + 1))
        queue = driver.virtqueue(base=queue.base)
        assert take(queue) == b"%d" % number * (number % 3 + 1)
        assert driver.collect()
    assert queue.base == 0x8000_8000
    driver.add([b"x"])
    assert queue.pop() is not None
    # The available index first, then the used one.
    assert queue.base == 0x8000_8001


@pytest.mark.parametrize(
    "base",
    [
        0x8000_8006,  # an index of the size
        0x8006_8000,
        0x8003_8002,  # used ahead of available
        0x8001_0002,  # more available than the ring has
        0x0001_8002,
        1 << 32,
        -1,
    ],
)
def test_a_base_that_a_ring_cannot_be_at_is_a_violation(ram: GuestRam, base: int) -> None:
    driver = PackedDriver(ram, 6)
    with pytest.raises(ProtocolError, match=r"below its size of 6|cannot be at|32 bits"):
        driver.virtqueue(base=base)


@pytest.mark.parametrize("size", [LARGEST_QUEUE, 1000])
def test_large_rings_are_filled_and_emptied(size: int) -> None:
    ram = GuestRam([(0, 4 << 20)])
    driver = PackedDriver(ram, size, event_idx=True)
    queue = driver.virtqueue()
    assert (queue.size, queue.packed) == (size, True)
    for lap in range(2):
        tokens = [driver.add([b"x"]) for _ in range(size)]
        for _ in tokens:
            chain = queue.pop()
            assert chain is not None
            queue.push(chain)
        assert queue.pop() is None
        assert queue.publish()
        assert driver.collect() == [(token, 0) for token in tokens], lap
        for token in tokens:
            driver.release(token)
    ram.close()


@pytest.mark.parametrize("size", [-1, 0, 32769, 1 << 80])
def test_sizes_beyond_the_limits_are_a_violation(ram: GuestRam, size: int) -> None:
    with pytest.raises(ProtocolError, match=f"1 to 32768, not {size}$"):
        Virtqueue(
            ram.map, size=size, descriptors=0x10000, driver=0x12000, device=0x13000, packed=True
        )
