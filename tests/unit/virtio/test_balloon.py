"""The memory balloon (virtio 1.3, 5.5) and the VMM's end of its control socket."""

from __future__ import annotations

import ctypes
import mmap
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from driver.queue import WRITE, Descriptor
from driver.rig import Rig
from kvmtool.backends import host_file
from kvmtool.errors import KvmtoolError
from kvmtool.uapi.linux import virtio_balloon
from kvmtool.vhost.user.memory import SharedMemory, SharedRegion
from kvmtool.virtio import balloon_control
from kvmtool.virtio.balloon import Balloon
from kvmtool.virtio.balloon_control import BalloonControl

INFLATE, DEFLATE, STATISTICS, REPORTING_3, REPORTING = range(5)
PAGE = 4096
RAM_GPA, RAM_SIZE = 0x10000, 4 << 20
HIGH_GPA, HIGH_SIZE = 1 << 32, 1 << 20


class BalloonRig(Rig):
    """A balloon, its VMM's end, and memory with something in every page."""

    def __init__(self, **options: bool) -> None:
        self.vmm, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.balloon = Balloon(self.theirs.fileno(), **options)
        super().__init__(self.balloon, ((RAM_GPA, RAM_SIZE), (HIGH_GPA, HIGH_SIZE)))
        self.control = BalloonControl(self.vmm)
        for region in self.ram.regions:
            region.bytes[:] = b"\xaa" * region.size

    def present(self, gpa: int) -> bool:
        """Whether the host has memory for the page, which is not looked at by reading it."""
        region = next(one for one in self.ram.regions if one.gpa <= gpa < one.gpa + one.size)
        offset = region.file_offset + gpa - region.gpa
        try:
            return os.lseek(self.ram.fd, offset, os.SEEK_DATA) < offset + PAGE
        except OSError:  # no data from there on
            return False

    def holes(self) -> set[int]:
        """The gpas of the pages that were given back."""
        return {
            gpa
            for region in self.ram.regions
            for gpa in range(region.gpa, region.gpa + region.size, PAGE)
            if not self.present(gpa)
        }

    def close(self) -> None:
        super().close()
        self.balloon.close()
        self.vmm.close()
        self.theirs.close()


@pytest.fixture
def rig() -> Iterator[BalloonRig]:
    rig = BalloonRig()
    rig.negotiate()
    rig.start_all()
    yield rig
    rig.close()


@pytest.fixture
def fallocate_calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The (offset, size) of each hole, which is made all the same."""
    calls = []
    real = host_file._fallocate

    def record(fd: int, mode: int, offset: int, size: int) -> Any:
        calls.append((offset, size))
        return real(fd, mode, offset, size)

    monkeypatch.setattr(host_file, "_fallocate", record)
    return calls


def pfns(*gpas: int) -> bytes:
    return struct.pack(f"<{len(gpas)}I", *(gpa >> 12 for gpa in gpas))


def asynchronously(call: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """Call in a thread, as a VMM does while the device's process serves."""
    results: list[object] = []

    def run() -> None:
        try:
            results.append(call())
        except KvmtoolError as error:
            results.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, results


def test_inflated_pages_are_given_back_and_no_others(rig: BalloonRig) -> None:
    pages = [RAM_GPA + PAGE * index for index in (300, 302, 301, 777)] + [HIGH_GPA + 5 * PAGE]
    rig.ask(INFLATE, (pfns(*pages),), ())
    assert rig.holes() == set(pages)
    assert rig.ram.read(pages[0], PAGE) == bytes(PAGE)


def test_consecutive_pages_are_given_back_in_one_call(
    rig: BalloonRig, fallocate_calls: list[tuple[int, int]]
) -> None:
    run = [RAM_GPA + PAGE * index for index in range(700, 956)]
    rig.ask(INFLATE, (pfns(*reversed(run)),), ())
    assert fallocate_calls == [(700 * PAGE, 256 * PAGE)]
    rig.ask(INFLATE, (pfns(run[0], run[0], run[2]),), ())
    assert fallocate_calls[1:] == [(700 * PAGE, PAGE), (702 * PAGE, PAGE)]


def test_deflated_pages_are_usable_memory_again(rig: BalloonRig) -> None:
    page = RAM_GPA + 300 * PAGE
    rig.ask(INFLATE, (pfns(page),), ())
    rig.ask(DEFLATE, (pfns(page),), ())
    rig.ram.write(page, b"again")
    assert rig.present(page)


@pytest.mark.parametrize(
    "gpa", [0, RAM_GPA - PAGE, RAM_GPA + RAM_SIZE, HIGH_GPA + HIGH_SIZE, 0xFFFFFFFF << 12]
)
def test_inflating_what_is_not_ram_breaks_the_queue_and_gives_nothing_back(
    rig: BalloonRig, gpa: int
) -> None:
    started = rig.started[INFLATE]
    started.driver.add((struct.pack("<I", gpa >> 12),), ())
    started.kick()
    rig.loop.settle()
    assert started.queue.broken
    assert rig.holes() == set()


def test_page_numbers_are_not_cut_to_32_bits_of_address(rig: BalloonRig) -> None:
    rig.ask(INFLATE, (pfns(HIGH_GPA + RAM_GPA),), ())
    assert rig.holes() == {HIGH_GPA + RAM_GPA}


def test_run_of_pages_past_the_end_of_ram_gives_no_more_than_ram_back(rig: BalloonRig) -> None:
    last = RAM_GPA + RAM_SIZE - PAGE
    started = rig.started[INFLATE]
    started.driver.add((pfns(last, last + PAGE),), ())
    started.kick()
    rig.loop.settle()
    assert started.queue.broken
    assert rig.holes() <= {last}


@pytest.mark.parametrize("size", [3, 4 * 16384 + 4])
def test_inflating_by_part_of_a_number_or_too_many_breaks_the_queue(
    rig: BalloonRig, size: int
) -> None:
    started = rig.started[INFLATE]
    started.driver.add((bytes(size),), ())
    started.kick()
    rig.loop.settle()
    assert started.queue.broken


@pytest.mark.parametrize("queue", [REPORTING_3, REPORTING])
def test_reported_pages_are_given_back_however_the_driver_counts_queues(
    rig: BalloonRig, queue: int
) -> None:
    started = rig.started[queue]
    first, second = RAM_GPA + 512 * PAGE, HIGH_GPA
    started.driver.add_raw(
        [Descriptor(first, 64 * PAGE, WRITE), Descriptor(second, 3 * PAGE, WRITE)]
    )
    started.kick()
    rig.loop.settle()
    assert not started.queue.broken
    assert len(started.driver.collect()) == 1
    assert rig.holes() == set(range(first, first + 64 * PAGE, PAGE)) | set(
        range(second, second + 3 * PAGE, PAGE)
    )


def test_reported_part_of_a_page_is_kept(rig: BalloonRig) -> None:
    rig.ask(REPORTING, (), (100,))
    assert rig.holes() == set()


def test_reported_pages_with_poison_are_kept(rig: BalloonRig) -> None:
    rig.device.write_config(12, struct.pack("<I", 0xAAAAAAAA))
    started = rig.started[REPORTING]
    started.driver.add_raw([Descriptor(HIGH_GPA, PAGE, WRITE)])
    started.kick()
    rig.loop.settle()
    assert len(started.driver.collect()) == 1
    assert rig.holes() == set()


def test_of_larger_host_pages_only_whole_ones_are_given_back(
    rig: BalloonRig, fallocate_calls: list[tuple[int, int]]
) -> None:
    rig.balloon._page_sizes = dict.fromkeys(rig.balloon._page_sizes, 4 * PAGE)
    run = [RAM_GPA + PAGE * index for index in range(301, 313)]
    rig.ask(INFLATE, (pfns(*run),), ())
    assert fallocate_calls == [(304 * PAGE, 8 * PAGE)]
    rig.ask(INFLATE, (pfns(*run[:3]),), ())
    assert len(fallocate_calls) == 1


def test_file_that_has_a_name_never_gets_holes(tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(b"\xaa" * 16 * PAGE)
    rig = BalloonRig()
    named = os.open(path, os.O_RDWR)
    region = SharedRegion(RAM_GPA, 16 * PAGE, RAM_GPA, named, 0)
    rig.device.set_memory(SharedMemory([region]))
    rig.negotiate()
    rig.start_all()
    rig.ask(INFLATE, (pfns(RAM_GPA + 8 * PAGE),), ())
    assert path.read_bytes() == b"\xaa" * 16 * PAGE
    region.close()
    rig.close()


def test_host_page_size_is_that_of_the_memory(rig: BalloonRig) -> None:
    assert set(rig.balloon._page_sizes.values()) == {mmap.PAGESIZE}


def test_host_that_takes_nothing_back_is_said_once(
    rig: BalloonRig, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: int) -> int:
        ctypes.set_errno(95)
        return -1

    monkeypatch.setattr(host_file, "_fallocate", refuse)
    for _ in range(3):
        rig.ask(INFLATE, (pfns(HIGH_GPA),), ())
    assert capsys.readouterr().err == (
        "lkvm: balloon0: the host takes no memory back: its file has no holes\n"
    )


def test_config_space_is_as_the_kernel_lays_it_out() -> None:
    device = Balloon()
    device.num_pages = 77
    device.write_config(4, struct.pack("<I", 55))
    device.write_config(0, struct.pack("<I", 1))
    config = virtio_balloon.virtio_balloon_config.from_buffer_copy(device.read_config(0, 16))
    assert (config.num_pages, config.actual, config.poison_val) == (77, 55, 0)


def test_features_are_withdrawn_on_request() -> None:
    every = Balloon().features
    assert Balloon(deflate_on_oom=False).features == every & ~(1 << 2)
    assert Balloon(reporting=False).features == every & ~(1 << 5)
    assert not every & 1 << virtio_balloon.VIRTIO_BALLOON_F_FREE_PAGE_HINT


def test_target_that_the_vmm_sets_reaches_the_driver(rig: BalloonRig) -> None:
    changes: list[int] = []
    rig.device.on_config_change = lambda: changes.append(rig.balloon.num_pages)
    thread, results = asynchronously(lambda: rig.control.set_target_pages(1000))
    rig.loop.run_until(rig.theirs.fileno(), 1)  # POLLIN
    rig.balloon._take_request()
    thread.join()
    assert results == [None]
    assert changes == [1000]
    assert rig.device.read_config(0, 4) == struct.pack("<I", 1000)


def serve_until_done(rig: BalloonRig, thread: threading.Thread) -> None:
    while thread.is_alive():
        rig.loop.settle()
        thread.join(0.001)


def test_pages_are_the_target_and_what_the_driver_says(rig: BalloonRig) -> None:
    rig.balloon.num_pages = 9
    rig.device.write_config(4, struct.pack("<I", 8))
    thread, results = asynchronously(rig.control.pages)
    serve_until_done(rig, thread)
    assert results == [(9, 8)]


def test_statistics_come_from_a_buffer_that_the_driver_fills_when_asked(rig: BalloonRig) -> None:
    started = rig.started[STATISTICS]
    stale = struct.pack("<HQ", virtio_balloon.VIRTIO_BALLOON_S_MEMFREE, 1)
    token = started.driver.add((stale,), ())
    started.kick()
    rig.loop.settle()
    assert started.driver.collect() == []
    thread, results = asynchronously(rig.control.statistics)
    rig.loop.run_until(started.queue.call_fd, 1)
    assert started.driver.collect() == [(token, 0)]
    fresh = struct.pack(
        "<HQHQHQ",
        virtio_balloon.VIRTIO_BALLOON_S_MEMFREE,
        4096,
        virtio_balloon.VIRTIO_BALLOON_S_MEMTOT,
        1 << 40,
        9999,  # of a kernel to come
        1,
    )
    started.driver.add((fresh,), ())
    started.kick()
    serve_until_done(rig, thread)
    assert results == [
        {"target_pages": 0, "actual_pages": 0, "free_memory": 4096, "total_memory": 1 << 40}
    ]
    assert started.driver.collect() == []


def test_statistics_of_a_guest_without_the_driver_are_the_pages(rig: BalloonRig) -> None:
    rig.stop(STATISTICS)
    thread, results = asynchronously(rig.control.statistics)
    serve_until_done(rig, thread)
    assert results == [{"target_pages": 0, "actual_pages": 0}]


def test_statistics_that_the_driver_never_gives_are_an_error(rig: BalloonRig) -> None:
    with pytest.raises(KvmtoolError, match="driver does not answer"):
        rig.control.statistics(0.01)
    rig.loop.settle()
    # The late answer to that is none to this.
    rig.stop(STATISTICS)
    rig.balloon.num_pages = 3
    thread, results = asynchronously(rig.control.pages)
    serve_until_done(rig, thread)
    assert results == [(3, 0)]


class LateAnswers:
    """A connection to a device that answers nothing but requests that were given up."""

    def __init__(self) -> None:
        self._readable, self._writable = os.pipe()
        os.write(self._writable, b"x")
        self.ends_at = time.monotonic() + 2

    def setblocking(self, _flag: bool) -> None:
        pass

    def fileno(self) -> int:
        return self._readable

    def send(self, data: bytes) -> int:
        return len(data)

    def recv(self, _size: int) -> bytes:
        if time.monotonic() > self.ends_at:
            raise ConnectionResetError(104, "asked for too long")
        return balloon_control.answer(12345, 0, 0, [])

    def close(self) -> None:
        os.close(self._readable)
        os.close(self._writable)


def test_device_that_gives_late_answers_without_end_is_an_error() -> None:
    connection = LateAnswers()
    control = BalloonControl(connection)  # type: ignore[arg-type]
    with pytest.raises(KvmtoolError, match="does not answer"):
        control.pages(timeout_s=0.1)
    control.close()


def test_asking_of_a_device_that_is_gone_is_an_error(rig: BalloonRig) -> None:
    rig.theirs.shutdown(socket.SHUT_RDWR)
    with pytest.raises(KvmtoolError, match="balloon"):
        rig.control.pages()


@pytest.mark.parametrize("size", [0, 1, 9, 11, 10 * 64, 1 << 20])
def test_statistics_of_any_length_are_taken_without_a_stall(rig: BalloonRig, size: int) -> None:
    started = rig.started[STATISTICS]
    for _ in range(2):
        if size:
            started.driver.add((os.urandom(size),), ())
        else:
            started.driver.add((), (16,))
        started.kick()
        rig.loop.settle()
        thread, results = asynchronously(lambda: rig.control.statistics(0.05))
        serve_until_done(rig, thread)
        assert len(results) == 1
        started.driver.collect()


def test_statistics_buffer_goes_back_to_the_driver_when_the_queue_is_stopped(
    rig: BalloonRig,
) -> None:
    started = rig.started[STATISTICS]
    token = started.driver.add((bytes(10),), ())
    started.kick()
    rig.loop.settle()
    rig.device.stop_queue(STATISTICS)
    assert started.driver.collect() == [(token, 0)]
    assert started.queue.virtqueue.in_flight == 0


def test_vmm_that_goes_away_does_not_make_the_device_spin(rig: BalloonRig) -> None:
    rig.vmm.close()
    rig.loop.settle()


def test_requests_that_are_none_are_ignored(rig: BalloonRig) -> None:
    rig.vmm.send(b"short")
    rig.vmm.send(struct.pack("=III", 99, 1, 0))
    rig.loop.settle()
    assert rig.vmm.recv(100) == struct.pack("=III", 1, 0, 0)


def test_target_is_saved_and_loaded() -> None:
    device = Balloon()
    device.num_pages = 123
    device.write_config(4, struct.pack("<I", 120))
    other = Balloon()
    other.load(device.save())
    assert (other.num_pages, other.actual) == (123, 120)


def test_reset_empties_the_balloon_and_keeps_the_target() -> None:
    device = Balloon()
    device.num_pages = 123
    device.write_config(4, struct.pack("<I", 120))
    device.write_config(12, struct.pack("<I", 0xAA))
    device.reset()
    assert device.read_config(0, 16) == struct.pack("<4I", 123, 0, 0, 0)
