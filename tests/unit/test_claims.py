"""Claim tables: who gets an access, whole or in bytes, and what a table refuses."""

import array
import gc
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvmtool.bus.space import AddressSpace, mmio_space, port_space
from kvmtool.core.runloop import Claim, ClaimTable

LIMIT_S = 20.0
LAST = (1 << 64) - 1


def ones(size: int) -> int:
    return (1 << 8 * size) - 1


class Region:
    """Notes accesses; a read answers with the offset in each byte."""

    def __init__(self) -> None:
        self.reads: list[tuple[int, int]] = []
        self.writes: list[tuple[int, int, int]] = []

    def read(self, offset: int, size: int) -> int:
        self.reads.append((offset, size))
        return int.from_bytes(bytes((offset + i) & 0xFF for i in range(size)), "little")

    def write(self, offset: int, value: int, size: int) -> None:
        self.writes.append((offset, value, size))


# One claim


@pytest.mark.parametrize("size", range(1, 9))
def test_read_of_an_empty_table_gives_all_ones(size: int) -> None:
    table = ClaimTable()
    table.write(0x1000, 0, size)
    assert table.read(0x1000, size) == ones(size)


@pytest.mark.parametrize("size", range(1, 9))
def test_region_gets_offset_value_and_size(size: int) -> None:
    table, region = ClaimTable(), Region()
    table.claim_region(0x1000, 16, "region", region.read, region.write, None)
    value = 0x1122334455667788 & ones(size)
    table.write(0x1003, value, size)
    assert table.read(0x1003, size).to_bytes(size, "little") == bytes(range(3, 3 + size))
    assert region.writes == [(3, value, size)]
    assert region.reads == [(3, size)]


def test_handler_gets_no_more_bits_than_the_access_has() -> None:
    table, region = ClaimTable(), Region()
    table.claim_region(0, 8, "region", region.read, region.write, None)
    table.write(0, 0xFFFF_1234, 2)
    assert region.writes == [(0, 0x1234, 2)]


def test_read_result_is_cut_to_the_access() -> None:
    table = ClaimTable()
    table.claim_region(0, 8, "minus one", lambda offset, size: -1, None, None)
    table.claim_region(8, 8, "wide", lambda offset, size: 0xAABBCCDD_11223344_55667788, None, None)
    assert [table.read(0, size) for size in (1, 2, 4, 8)] == [ones(size) for size in (1, 2, 4, 8)]
    assert [table.read(8, size) for size in (1, 4)] == [0x88, 0x55667788]


def test_register_read_narrower_gives_its_bytes_of_the_value() -> None:
    table = ClaimTable()
    table.claim_register(0x10, 4, "register", lambda: 0x44332211, None, None)
    assert table.read(0x10, 4) == 0x44332211
    assert [table.read(0x10 + i, 1) for i in range(4)] == [0x11, 0x22, 0x33, 0x44]
    assert [table.read(0x10 + i, 2) for i in range(3)] == [0x2211, 0x3322, 0x4433]


def test_register_written_narrower_gets_the_value_in_its_lane() -> None:
    table = ClaimTable()
    values: list[int] = []
    table.claim_register(0x10, 8, "register", None, values.append, None)
    table.write(0x10, 0xAB, 1)
    table.write(0x13, 0xAB, 1)
    table.write(0x16, 0xABCD, 2)
    table.write(0x10, LAST, 8)
    assert values == [0xAB, 0xAB << 24, 0xABCD << 48, LAST]


def test_missing_side_reads_all_ones_and_drops_writes() -> None:
    table = ClaimTable()
    values: list[int] = []
    table.claim_register(0, 2, "write only", None, values.append, None)
    table.claim_register(2, 2, "read only", lambda: 0x1234, None, None)
    table.write(0, 5, 2)
    table.write(2, 6, 2)
    assert (table.read(0, 2), table.read(2, 2), values) == (0xFFFF, 0x1234, [5])


def test_claimed_bytes_are_the_memory_itself() -> None:
    table, memory = ClaimTable(), bytearray(range(16))
    table.claim_bytes(0x100, memory, "memory")
    table.write(0x102, 0xAABBCCDD, 4)
    assert memory[:7] == b"\x00\x01\xdd\xcc\xbb\xaa\x06"
    memory[8:16] = b"01234567"
    assert table.read(0x108, 8).to_bytes(8, "little") == b"01234567"
    assert table.handled == 0


def test_accesses_that_run_a_handler_are_counted() -> None:
    table = ClaimTable()
    table.claim_register(0, 4, "register", lambda: 1, None, None)
    table.read(0, 4)
    table.read(1, 2)
    table.write(0, 1, 4)  # nobody is told of it
    table.read(8, 4)
    assert table.handled == 2


def test_claim_says_where_it_is_and_who_made_it() -> None:
    claim = ClaimTable().claim_region(0x10, 0x20, "device", None, None, None)
    assert (claim.first, claim.last, claim.name) == (0x10, 0x2F, "device")
    assert repr(claim) == "<Claim 0x10-0x2f device>"


def test_claims_are_listed_by_address() -> None:
    table = ClaimTable()
    made = [table.claim_register(first, 1, str(first), None, None, None) for first in (9, 3, 6)]
    assert table.claims() == (made[1], made[2], made[0])


# Straddling


def test_access_across_two_claims_is_split_into_bytes() -> None:
    table, low, high = ClaimTable(), Region(), Region()
    table.claim_region(0, 2, "low", low.read, low.write, None)
    table.claim_region(2, 2, "high", high.read, high.write, None)
    table.write(0, 0x44332211, 4)
    assert low.writes == [(0, 0x11, 1), (1, 0x22, 1)]
    assert high.writes == [(0, 0x33, 1), (1, 0x44, 1)]
    assert table.read(1, 2) == 0x0001


def test_access_around_a_claim_is_split_into_bytes() -> None:
    table = ClaimTable()
    values: list[int] = []
    table.claim_register(3, 1, "middle", lambda: 0x5A, values.append, None)
    assert table.read(0, 8) == 0xFFFFFFFF_5AFFFFFF
    table.write(0, 0x8877665544332211, 8)
    assert values == [0x44]


def test_straddle_of_memory_and_handler_reaches_both() -> None:
    table, memory, region = ClaimTable(), bytearray(2), Region()
    table.claim_bytes(0, memory, "memory")
    table.claim_region(2, 2, "region", region.read, region.write, None)
    table.write(0, 0x44332211, 4)
    assert memory == b"\x11\x22"
    assert region.writes == [(0, 0x33, 1), (1, 0x44, 1)]


def test_access_past_the_end_of_the_addresses_is_nobodys() -> None:
    table, region = ClaimTable(), Region()
    table.claim_region(LAST, 1, "last", region.read, region.write, None)
    table.claim_region(0, 4, "first", region.read, region.write, None)
    table.write(LAST, 0x1234, 2)
    assert table.read(LAST - 3, 8) == LAST
    assert (region.reads, region.writes) == ([], [])
    assert table.read(LAST, 1) == 0


# Refusals


@pytest.mark.parametrize(("first", "size"), [(0x0F, 2), (0x10, 1), (0x1F, 1), (0x1F, 9), (0, 0x40)])
def test_overlapping_claim_is_refused_by_both_names(first: int, size: int) -> None:
    table = ClaimTable()
    table.claim_region(0x10, 0x10, "there first", None, None, None)
    with pytest.raises(ValueError, match=r"late at 0x.* overlaps there first at 0x10-0x1f"):
        table.claim_region(first, size, "late", None, None, None)
    assert [claim.name for claim in table.claims()] == ["there first"]


def test_neighbours_do_not_overlap() -> None:
    table = ClaimTable()
    for first in (0x10, 0x0F, 0x11):
        table.claim_register(first, 1, hex(first), None, None, None)
    assert len(table.claims()) == 3


def test_refused_claim_of_bytes_lets_its_memory_go() -> None:
    table, memory = ClaimTable(), bytearray(4)
    table.claim_region(0, 8, "region", None, None, None)
    with pytest.raises(ValueError, match="overlaps"):
        table.claim_bytes(4, memory, "memory")
    memory.append(0)
    assert len(memory) == 5


@pytest.mark.parametrize(("first", "size"), [(0, 0), (LAST, 2), (1, LAST + 1 - 1)])
def test_claim_without_room_is_refused(first: int, size: int) -> None:
    table = ClaimTable()
    if first + size <= LAST + 1 and size:
        assert table.claim_region(first, size, "all", None, None, None).last == LAST
        return
    with pytest.raises(ValueError, match="at least one byte long and ends below"):
        table.claim_region(first, size, "none", None, None, None)


def test_register_wider_than_eight_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 8 bytes wide, not 9"):
        ClaimTable().claim_register(0, 9, "wide", None, None, None)


@pytest.mark.parametrize("size", [0, 9, 1 << 20])
def test_access_of_no_possible_size_is_refused(size: int) -> None:
    table = ClaimTable()
    with pytest.raises(ValueError, match="1 to 8 bytes wide"):
        table.read(0, size)
    with pytest.raises(ValueError, match="1 to 8 bytes wide"):
        table.write(0, 0, size)


def test_read_only_memory_is_refused() -> None:
    with pytest.raises(BufferError):
        ClaimTable().claim_bytes(0, b"constant", "constant")


def test_claimed_array_never_reaches_past_its_end() -> None:
    table, words = ClaimTable(), array.array("I", [0, 0])
    claim = table.claim_bytes(0, words, "words")
    assert claim.last - claim.first + 1 <= words.itemsize * len(words)


@pytest.mark.parametrize(("space", "end"), [(port_space(), 1 << 16), (mmio_space(), 1 << 52)])
def test_claim_beyond_its_space_is_refused_with_its_end(space: AddressSpace, end: int) -> None:
    assert space.claim_register(end - 4, 4, name="last").last == end - 1
    for first in (end - 3, end, -1):
        with pytest.raises(ValueError, match=f"{space.name} ends at {end:#x}"):
            space.claim_register(first, 4, name="beyond")
    assert space.describe() == f"{end - 4:#010x}-{end - 1:#010x} last"


# Release, locks, reports


def test_released_range_is_nobodys_and_can_be_claimed_again() -> None:
    table = ClaimTable()
    claim = table.claim_register(0, 4, "old", lambda: 1, None, None)
    table.release(claim)
    table.release(claim)
    assert table.read(0, 4) == ones(4)
    table.claim_register(0, 4, "new", lambda: 2, None, None)
    assert table.read(0, 4) == 2


def test_released_memory_can_be_resized_once_the_claim_is_gone() -> None:
    table, memory = ClaimTable(), bytearray(4)
    claim = table.claim_bytes(0, memory, "memory")
    with pytest.raises(BufferError):
        memory.append(0)
    table.release(claim)
    del claim
    memory.append(0)
    assert table.read(0, 4) == ones(4)


def test_memory_is_let_go_when_the_collector_finds_its_table_in_a_cycle() -> None:
    class Device:
        def __init__(self, memory: bytearray) -> None:
            self.table = ClaimTable()
            self.table.claim_bytes(0, memory, "memory")
            self.table.claim_register(16, 1, "register", self.read, None, None)

        def read(self) -> int:
            return 0

    memory = bytearray(4)
    device = Device(memory)
    assert device.table.read(16, 1) == 0
    del device
    gc.collect()
    memory.append(0)
    assert len(memory) == 5


def test_lock_is_held_by_the_handler_and_given_back_even_if_that_raises() -> None:
    table, lock = ClaimTable(), threading.Lock()
    seen: list[bool] = []

    def read() -> int:
        seen.append(lock.locked())
        raise LookupError

    table.claim_register(0, 1, "locked", read, None, lock)
    with pytest.raises(LookupError):
        table.read(0, 1)
    assert (seen, lock.locked()) == ([True], False)


def test_split_access_ends_with_the_byte_that_raises() -> None:
    table = ClaimTable()
    values: list[int] = []

    def fail(value: int) -> None:
        raise LookupError

    table.claim_register(0, 1, "first", None, values.append, None)
    table.claim_register(1, 1, "second", None, fail, None)
    table.claim_register(2, 1, "third", None, values.append, None)
    with pytest.raises(LookupError):
        table.write(0, 0x030201, 3)
    assert values == [1]


def test_unclaimed_accesses_are_reported_and_others_are_not() -> None:
    table = ClaimTable()
    seen: list[tuple[int, int, int | None]] = []
    table.on_unclaimed = lambda *access: seen.append(access)
    table.claim_register(0, 1, "register", None, None, None)
    table.read(0, 1)
    table.read(8, 4)
    table.write(8, 0x1234, 2)
    table.write(0, 0x2211, 2)
    assert seen == [(8, 4, None), (8, 2, 0x1234), (1, 1, 0x22)]
    table.on_unclaimed = None
    assert table.read(8, 1) == 0xFF


# Against a plain model

SPACE = 48


class Model:
    """A byte-by-byte oracle: what each claim holds is a list of bytes."""

    def __init__(self) -> None:
        self.owner: list[int | None] = [None] * SPACE
        self.content = [0xFF] * SPACE

    def claim(self, key: int, first: int, size: int) -> bool:
        if any(owner is not None for owner in self.owner[first : first + size]):
            return False
        self.owner[first : first + size] = [key] * size
        self.content[first : first + size] = [0] * size
        return True

    def release(self, key: int) -> None:
        for i, owner in enumerate(self.owner):
            if owner == key:
                self.owner[i], self.content[i] = None, 0xFF

    def write(self, address: int, data: bytes) -> None:
        for i, byte in enumerate(data, address):
            if i < SPACE and self.owner[i] is not None:
                self.content[i] = byte

    def read(self, address: int, size: int) -> bytes:
        return bytes([*self.content, *[0xFF] * 8][address : address + size])


def claim_store(table: ClaimTable, kind: str, first: int, size: int) -> Claim:
    """Claim a range that keeps what is written, served by memory or by handlers."""
    store = bytearray(size)
    if kind == "bytes":
        return table.claim_bytes(first, store, "bytes")

    def write(offset: int, value: int, width: int) -> None:
        store[offset : offset + width] = value.to_bytes(width, "little")

    def read(offset: int, width: int) -> int:
        return int.from_bytes(store[offset : offset + width], "little")

    return table.claim_region(first, size, "region", read, write, threading.RLock())


actions = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["bytes", "region"]), st.integers(0, SPACE - 1), st.integers(1, 12)
        ),
        st.tuples(st.just("release"), st.integers(0, 20), st.just(0)),
        st.tuples(st.just("write"), st.integers(0, SPACE - 1), st.binary(min_size=1, max_size=8)),
        st.tuples(st.just("read"), st.integers(0, SPACE - 1), st.integers(1, 8)),
    ),
    max_size=40,
)


@settings(max_examples=300, deadline=None)
@given(actions)
def test_table_behaves_as_a_byte_by_byte_model(steps: list[tuple[str, int, int | bytes]]) -> None:
    table, model = ClaimTable(), Model()
    claims: dict[int, Claim] = {}
    for key, (action, number, argument) in enumerate(steps):
        if isinstance(argument, bytes):
            table.write(number, int.from_bytes(argument, "little"), len(argument))
            model.write(number, argument)
        elif action == "read":
            expected = model.read(number, argument)
            assert table.read(number, argument).to_bytes(argument, "little") == expected
        elif action == "release":
            if claims:
                chosen = list(claims)[number % len(claims)]
                table.release(claims.pop(chosen))
                model.release(chosen)
        else:
            size = min(argument, SPACE - number)
            if model.claim(key, number, size):
                claims[key] = claim_store(table, action, number, size)
            else:
                with pytest.raises(ValueError, match="overlaps"):
                    claim_store(table, action, number, size)
        assert [claim.first for claim in table.claims()] == sorted(
            claim.first for claim in claims.values()
        )


# Several threads


@pytest.mark.parametrize("kind", ["bytes", "region"])
def test_claims_may_move_while_another_thread_accesses_them(kind: str) -> None:
    # What the guest does when it moves a BAR on one vCPU and uses it on another.
    table = ClaimTable()
    table.claim_bytes(0x100, bytearray(b"\x5a" * 8), "still there")
    stop = threading.Event()
    wrong: list[int] = []

    def access() -> None:
        while not stop.is_set():
            for address in (0, 8, 0x10):
                value = table.read(address, 4)
                table.write(address, 0, 4)
                if value not in (0, ones(4)):
                    wrong.append(value)
            if table.read(0x100, 8) != 0x5A5A5A5A_5A5A5A5A:
                wrong.append(0x100)

    threads = [threading.Thread(target=access) for _ in range(2)]
    for thread in threads:
        thread.start()
    for turn in range(3000):
        claim = claim_store(table, kind, (turn % 3) * 8, 4)
        table.release(claim)
        del claim
    stop.set()
    for thread in threads:
        thread.join(LIMIT_S)
        assert not thread.is_alive()
    assert wrong == []


def test_claim_that_shrinks_while_its_lock_is_waited_for_gets_no_wider_access() -> None:
    # The access that waits belongs to the old claim: the new one must not see it.
    table, lock = ClaimTable(), threading.Lock()
    entered = threading.Event()
    seen: list[tuple[int, int]] = []

    class SlowLock:
        def acquire(self) -> None:
            entered.set()
            lock.acquire()

        def release(self) -> None:
            lock.release()

    def read_old(offset: int, size: int) -> int:
        seen.append((offset, size))
        return 0

    old = table.claim_region(0, 8, "old", read_old, None, SlowLock())
    lock.acquire()
    results: list[int] = []
    reader = threading.Thread(target=lambda: results.append(table.read(0, 8)))
    reader.start()
    assert entered.wait(LIMIT_S)
    table.release(old)
    table.claim_register(0, 1, "new", lambda: 0x77, None, None)
    lock.release()
    reader.join(LIMIT_S)
    assert (results, seen) == ([0], [(0, 8)])
    assert table.read(0, 1) == 0x77
