"""Split virtqueues, and what chains offer a device (virtio 1.3, 2.7)."""

from __future__ import annotations

import gc
import os
import weakref
from collections.abc import Iterator

import pytest

from driver import Descriptor, GuestRam, SplitDriver
from driver.queue import INDIRECT, WRITE
from kvmtool.core.virtqueue import LARGEST_QUEUE, GuestMap, ProtocolError, Virtqueue


@pytest.fixture
def ram() -> Iterator[GuestRam]:
    # The second and third region touch; nothing follows the third.
    ram = GuestRam([(0x10000, 1 << 20), (0x200000, 0x1000), (0x201000, 0x1000)])
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
    driver = SplitDriver(ram, 8)
    queue = driver.virtqueue()
    assert queue.pop() is None
    token = driver.add([b"abc", b"defg"], [4, 8])
    chain = queue.pop()
    assert chain is not None
    assert (chain.readable, chain.writable, chain.written) == (7, 12, 0)
    assert queue.in_flight == 1
    assert chain.read(2) == b"ab"
    assert chain.skip(2) == 2
    assert chain.read(100) == b"efg"
    assert chain.read(1) == b""
    assert chain.write(b"0123456") == 7
    assert (chain.readable, chain.writable, chain.written) == (0, 5, 7)
    queue.push(chain)
    assert queue.in_flight == 0
    assert driver.collect() == []
    assert queue.publish()
    assert driver.collect() == [(token, 7)]
    assert driver.contents(token) == b"0123456" + bytes(5)
    assert queue.pop() is None


def test_a_write_beyond_the_room_is_cut(ram: GuestRam) -> None:
    driver = SplitDriver(ram, 8)
    queue = driver.virtqueue()
    token = driver.add([], [3, 2])
    chain = queue.pop()
    assert chain is not None
    assert chain.write(b"123456789") == 5
    assert chain.write(b"x") == 0
    chain.written = 500
    queue.push(chain)
    queue.publish()
    assert driver.collect() == [(token, 5)]
    assert driver.contents(token) == b"12345"


def test_negative_and_huge_sizes_read_nothing_and_everything(ram: GuestRam) -> None:
    driver = SplitDriver(ram, 8)
    queue = driver.virtqueue()
    driver.add([b"abc"])
    chain = queue.pop()
    assert chain is not None
    assert chain.read(-1) == b""
    assert chain.skip(-5) == 0
    assert chain.read(1 << 70) == b"abc"


def test_chains_go_to_and_from_files(ram: GuestRam) -> None:
    driver = SplitDriver(ram, 8)
    queue = driver.virtqueue()
    token = driver.add([b"to the ", b"file"], [3, 60])
    chain = queue.pop()
    assert chain is not None
    fd = os.memfd_create("file")
    assert chain.drain_to(fd, 9) == 9
    assert chain.read(9) == b"le"
    assert os.pread(fd, 100, 0) == b"to the fi"
    os.lseek(fd, 0, os.SEEK_SET)
    assert chain.fill_from(fd, 2) == 2
    assert chain.fill_from(fd, 1000) == 7
    assert chain.fill_from(fd, 1000) == 0
    assert chain.written == 9
    os.close(fd)
    with pytest.raises(OSError, match="Bad file descriptor"):
        chain.fill_from(fd, 10)
    queue.push(chain)
    queue.publish()
    assert driver.collect() == [(token, 9)]
    assert driver.contents(token)[:9] == b"to the fi"


def test_a_file_fills_more_segments_than_one_call_takes(ram: GuestRam) -> None:
    driver = SplitDriver(ram, 2048)
    queue = driver.virtqueue()
    token = driver.add([], [300] * 2000)
    chain = queue.pop()
    assert chain is not None
    fd = os.memfd_create("file")
    content = os.urandom(600_000)
    os.write(fd, content)
    os.lseek(fd, 0, os.SEEK_SET)
    while chain.fill_from(fd, 1 << 40):
        pass
    os.close(fd)
    assert chain.writable == 0
    queue.push(chain)
    queue.publish()
    assert driver.collect() == [(token, 600_000)]
    assert driver.contents(token) == content


def test_views_and_ranges_are_the_whole_buffers(ram: GuestRam) -> None:
    driver = SplitDriver(ram, 8)
    queue = driver.virtqueue()
    token = driver.add([b"abc", b"de"], [4])
    chain = queue.pop()
    assert chain is not None
    chain.read(4)
    views = chain.readable_views()
    assert [bytes(view) for view in views] == [b"abc", b"de"]
    assert all(view.readonly for view in views)
    (view,) = chain.writable_views()
    view[:] = b"wxyz"
    assert [size for _, size in chain.readable_ranges()] == [3, 2]
    ((hva, size),) = chain.writable_ranges()
    assert size == 4
    assert ram.regions[0].hva < hva < ram.regions[0].hva + ram.regions[0].size
    chain.written = 4
    queue.push(chain)
    queue.publish()
    assert driver.collect() == [(token, 4)]
    assert driver.contents(token) == b"wxyz"


def test_a_view_keeps_the_memory() -> None:
    class Keeper:
        pass

    keeper = Keeper()
    ram = GuestRam()
    guest = GuestMap([(0, 4096, ram.regions[0].hva)], keep=keeper)
    gone = weakref.ref(keeper)
    view = guest.view(16, 8)
    del keeper, guest
    gc.collect()
    assert gone() is not None
    view[:] = b"12345678"
    assert ram.read(0x10010, 8) == b"12345678"
    view.release()
    del view
    gc.collect()
    assert gone() is None
    ram.close()


def test_a_pushed_chain_is_closed_to_the_device(ram: GuestRam) -> None:
    driver = SplitDriver(ram, 8)
    queue = driver.virtqueue()
    other = SplitDriver(ram, 8).virtqueue()
    driver.add([b"abc"])
    chain = queue.pop()
    assert chain is not None
    with pytest.raises(ValueError, match="another queue"):
        other.push(chain)
    queue.push(chain)
    for use in (lambda: chain.read(1), lambda: queue.push(chain), chain.readable_views):
        with pytest.raises(ValueError, match="was pushed already"):
            use()
    with pytest.raises(TypeError):
        type(chain)()


def test_chains_are_used_in_any_order(ram: GuestRam) -> None:
    driver = SplitDriver(ram, 8)
    queue = driver.virtqueue()
    tokens = [driver.add([b"x"], [1]) for _ in range(4)]
    chains = [queue.pop() for _ in tokens]
    for index in (2, 0, 3, 1):
        chain = chains[index]
        assert chain is not None
        chain.write(b"%d" % index)
        queue.push(chain)
    queue.publish()
    assert driver.collect() == [(tokens[index], 1) for index in (2, 0, 3, 1)]
    assert [driver.contents(token) for token in tokens] == [b"0", b"1", b"2", b"3"]


def test_an_in_order_queue_holds_chains_until_their_turn(ram: GuestRam) -> None:
    driver = SplitDriver(ram, 8, in_order=True)
    queue = driver.virtqueue()
    tokens = [driver.add([b"x"]) for _ in range(4)]
    chains = [queue.pop() for _ in tokens]
    seen = []
    for index in (2, 0, 3, 1):
        chain = chains[index]
        assert chain is not None
        queue.push(chain)
        queue.publish()
        seen.append([token for token, _ in driver.collect()])
    assert seen == [[], tokens[:1], [], tokens[1:]]


def test_indices_wrap(ram: GuestRam) -> None:
    driver = SplitDriver(ram, 4, event_idx=True)
    queue = driver.virtqueue()
    for number in range(70_000):
        token = driver.add([b"%d" % number])
        assert take(queue) == b"%d" % number
        assert driver.collect() == [(token, 0)]
        driver.release(token)
    assert queue.base == (70_000 & 0xFFFF) * 0x10001


def test_an_indirect_table_is_followed(ram: GuestRam) -> None:
    driver = SplitDriver(ram, 8)
    queue = driver.virtqueue()
    token = driver.add([b"abc", b"def"], [4, 4], indirect=True)
    chain = queue.pop()
    assert chain is not None
    assert chain.read(10) == b"abcdef"
    assert chain.write(b"12345678") == 8
    queue.push(chain)
    queue.publish()
    assert driver.collect() == [(token, 8)]
    assert driver.contents(token) == b"12345678"


def test_an_indirect_table_may_end_a_chain_and_write_is_ignored_there(ram: GuestRam) -> None:
    # 2.7.5.3.2: the device has to handle both.
    driver = SplitDriver(ram, 8)
    queue = driver.virtqueue()
    for gpa, text in ((0x200000, b"direct"), (0x200100, b"in the table")):
        ram.write(gpa, text)
    table, size = driver.write_table([Descriptor(0x200100, 12), Descriptor(0x200200, 4, WRITE)])
    driver.add_raw([Descriptor(0x200000, 6), Descriptor(table, size, INDIRECT | WRITE)])
    chain = queue.pop()
    assert chain is not None
    assert chain.read(100) == b"directin the table"
    assert chain.writable == 4


def test_an_indirect_table_need_not_be_aligned_nor_in_one_region(ram: GuestRam) -> None:
    driver = SplitDriver(ram, 8)
    queue = driver.virtqueue()
    ram.write(0x10000 + 0xFF000, b"abcdef")
    entries = [Descriptor(0x10F000 + index, 1) for index in range(6)]
    table, size = driver.write_table(entries)
    content = ram.read(table, size)
    start = 0x201000 - 41
    ram.write(start, content[:41])
    ram.write(0x201000, content[41:])
    driver.add_raw([Descriptor(start, size, INDIRECT)])
    assert take(queue) == b"abcdef"


def test_a_buffer_across_touching_regions_is_two_segments(ram: GuestRam) -> None:
    driver = SplitDriver(ram, 8)
    # The last two regions touch in guest memory, but not here.
    start = ram.regions[0].hva
    first, second = start + 0x80000, start + 0x40000
    apart = GuestMap(
        [(0x10000, 1 << 20, start), (0x200000, 0x1000, first), (0x201000, 0x1000, second)],
        keep=ram.map,
    )
    queue = driver.virtqueue(memory=apart)
    ram.write(0x10000 + 0x80800, b"1" * 0x800)
    ram.write(0x10000 + 0x40000, b"2" * 0x800)
    driver.add_raw([Descriptor(0x200800, 0x1000)])
    chain = queue.pop()
    assert chain is not None
    assert chain.readable_ranges() == [(first + 0x800, 0x800), (second, 0x800)]
    assert chain.read(0x1000) == b"1" * 0x800 + b"2" * 0x800
    assert apart.segments(0x200800, 0x1000) == [(first + 0x800, 0x800), (second, 0x800)]


def test_descriptors_of_no_length_are_passed_over(ram: GuestRam) -> None:
    driver = SplitDriver(ram, 8)
    queue = driver.virtqueue()
    driver.add_raw([Descriptor(0xDEAD0000, 0), Descriptor(0, 0, WRITE)])
    chain = queue.pop()
    assert chain is not None
    assert (chain.readable, chain.writable) == (0, 0)
    assert chain.readable_views() == []
    assert chain.writable_ranges() == []
    assert chain.fill_from(0, 100) == 0


def test_without_event_idx_the_flags_decide_on_notifications(ram: GuestRam) -> None:
    driver = SplitDriver(ram, 8)
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
    assert not queue.publish()


@pytest.mark.parametrize("start", [0, 0xFFFE, 0x7FFF])
def test_with_event_idx_the_driver_says_which_entry_to_notify_of(ram: GuestRam, start: int) -> None:
    # 2.7.7.2: notify if an entry was written at the place that used_event says.
    driver = SplitDriver(ram, 8, event_idx=True)
    driver.avail_idx = driver.last_used = start
    ram.write_int(driver.driver + 2, 2, start)
    ram.write_int(driver.device + 2, 2, start)
    queue = driver.virtqueue(base=start * 0x10001)
    ram.write_int(driver.driver + 4 + 2 * 8, 2, (start + 2) & 0xFFFF)
    wanted = []
    for _ in range(5):
        driver.add([b"x"])
        chain = queue.pop()
        assert chain is not None
        queue.push(chain)
        wanted.append(queue.publish())
    assert wanted == [False, False, True, False, False]
    ram.write_int(driver.driver + 4 + 2 * 8, 2, (start + 6) & 0xFFFF)
    for _ in range(3):
        driver.add([b"x"])
        chain = queue.pop()
        assert chain is not None
        queue.push(chain)
    assert queue.publish()
    # The available flags are ignored, and the used flags stay 0.
    queue.disarm()
    assert ram.read_int(driver.device, 2) == 0
    assert queue.counters()["notifications"] == 2


def test_the_base_is_where_another_queue_goes_on(ram: GuestRam) -> None:
    driver = SplitDriver(ram, 8)
    queue = driver.virtqueue()
    for _ in range(5):
        driver.add([b"x"])
        take(queue)
    assert queue.base == 0x0005_0005
    token = driver.add([b"next"])
    driver.collect()
    # vhost-user front-ends give the available index only.
    assert driver.virtqueue(base=0x0000_0005).base == 0x0005_0005
    again = driver.virtqueue(base=queue.base)
    assert take(again) == b"next"
    assert driver.collect() == [(token, 0)]
    assert again.base == 0x0006_0006


def test_counters_count(ram: GuestRam) -> None:
    driver = SplitDriver(ram, 8)
    queue = driver.virtqueue()
    driver.add([b"abc"], [10])
    chain = queue.pop()
    assert chain is not None
    chain.write(b"12")
    queue.push(chain)
    queue.publish()
    queue.publish()
    assert queue.counters() == {
        "chains": 1,
        "bytes_read": 3,
        "bytes_written": 2,
        "publishes": 1,
        "notifications": 1,
    }


@pytest.mark.parametrize("size", [1, 2, LARGEST_QUEUE])
def test_every_power_of_two_is_a_size(size: int) -> None:
    ram = GuestRam([(0, 4 << 20)])
    driver = SplitDriver(ram, size, event_idx=True)
    queue = driver.virtqueue()
    assert (queue.size, queue.packed) == (size, False)
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


@pytest.mark.parametrize("size", [-1, 0, 3, 100, 65536, 1 << 80])
def test_other_sizes_are_a_violation(ram: GuestRam, size: int) -> None:
    with pytest.raises(ProtocolError, match=f"power of two up to 32768, not {size}$"):
        Virtqueue(ram.map, size=size, descriptors=0x10000, driver=0x12000, device=0x13000)


def test_hva_and_view_stay_in_one_region(ram: GuestRam) -> None:
    (hva,) = {ram.map.hva(0x10000, 0), ram.map.hva(0x10000, 1 << 20)}
    assert hva == ram.regions[0].hva
    assert len(ram.map.view(0x10FFFF, 1)) == 1
    for gpa, size in [
        (0xFFFF, 1),
        (0x10000, (1 << 20) + 1),
        (0x110000, 1),
        (0x10000, -1),
        (-1, 1),
        (1 << 64, 1),
        (0x10000, 1 << 64),
        ((1 << 64) - 1, 2),
    ]:
        with pytest.raises(ProtocolError, match="there is no memory"):
            ram.map.hva(gpa, size)
        with pytest.raises(ProtocolError, match="there is no memory"):
            ram.map.view(gpa, size)
        with pytest.raises(ProtocolError, match="there is no memory"):
            ram.map.segments(gpa, size)


def test_regions_that_overlap_wrap_or_are_empty_are_refused() -> None:
    for regions, message in [
        ([(0, 0x2000, 0x10000), (0x1FFF, 1, 0x20000)], "overlap, as at 0x1fff"),
        ([(0, 0, 0x10000)], "at least one byte, not 0"),
        ([((1 << 64) - 1, 2, 0x10000)], "may not wrap"),
        ([(0, 2, (1 << 64) - 1)], "may not wrap"),
        ([(-1, 2, 0x1000)], "may not wrap"),
    ]:
        with pytest.raises(ValueError, match=message):
            GuestMap(regions)
    top = GuestMap([((1 << 64) - 4096, 4096, 0x10000)])
    assert top.hva((1 << 64) - 1, 1) == 0x10FFF
    assert top.segments((1 << 64) - 2, 2) == [(0x10FFE, 2)]
    with pytest.raises(ProtocolError):
        GuestMap([]).hva(0, 1)
