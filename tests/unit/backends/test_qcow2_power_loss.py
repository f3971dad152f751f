"""Loss of power, or a kill, at any moment: what the file may then hold is opened and compared.

Everything that is done to an image's file during random use is recorded and replayed up to a
moment. A kill leaves all of it. A loss of power leaves what came before the last fdatasync, and of
each sector some state that it had since.
"""

from __future__ import annotations

import os
import random
import struct
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest

from disk_images import (
    FAST,
    KIB,
    MIB,
    check_clean,
    check_leaks_only,
    create,
    open_qcow2,
    qemu,
    read,
)
from kvmtool.backends import host_file
from kvmtool.backends.qcow2 import Qcow2Image, clusters
from kvmtool.core.blk import FLUSH_END, SYNC_FIRST, BlkDisk, SlowRequest
from kvmtool.uapi.linux import virtio_blk
from kvmtool.virtio.blk_slow import SlowPath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SECTOR = 512
SIZE = MIB // 2
SEED = 9  # shows what happens without any of the fdatasyncs that matter
SESSIONS = 9
REQUESTS = 40
POWER_LOSSES = 10
KILLS = 2

FORMATS = (
    ("plain", "compat=0.10"),
    ("plain", "cluster_size=8192"),
    ("plain", "cluster_size=512,refcount_bits=64"),
    ("plain", "compat=0.10,cluster_size=1024"),
    ("backing", "lazy_refcounts=on,cluster_size=4096"),
    ("backing", "compat=0.10,cluster_size=4096"),
    ("compressed", "cluster_size=8192"),
    ("snapshot", "cluster_size=4096"),
    ("snapshot", "compat=0.10,cluster_size=1024"),
    ("zeroed", "cluster_size=4096"),
    ("growing", "cluster_size=512,refcount_bits=64"),
    ("growing", "compat=0.10,cluster_size=512"),
)


class Change(NamedTuple):
    """Bytes of the file, and its size, are something else from now on."""

    offset: int
    data: bytes
    size: int

    def sectors(self) -> range:
        return range(self.offset // SECTOR, -(-(self.offset + len(self.data)) // SECTOR))

    def apply(self, file: bytearray) -> None:
        """Change the contents, but not the size."""
        file.extend(bytes(max(self.offset + len(self.data) - len(file), 0)))
        file[self.offset : self.offset + len(self.data)] = self.data


class Recorder:
    """Notes what is done to the file `fd`: changes, and None for each fdatasync."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fd = -1
        self.done: list[Change | None] = []
        self._size = 0
        pwrite, pwritev, truncate, sync = os.pwrite, os.pwritev, os.ftruncate, os.fdatasync
        allocate = host_file._fallocate

        def record_pwrite(fd: int, data: bytes | memoryview, offset: int) -> int:
            count = pwrite(fd, data, offset)
            self._changed(fd, offset, bytes(data)[:count])
            return count

        def record_pwritev(fd: int, buffers: Sequence[memoryview], offset: int) -> int:
            count = pwritev(fd, buffers, offset)
            self._changed(fd, offset, b"".join(buffers)[:count])
            return count

        def record_truncate(fd: int, size: int) -> None:
            truncate(fd, size)
            self._changed(fd, size, bytes(max(self._size - size, 0)))

        def record_allocate(fd: int, mode: int, offset: int, length: int) -> int:
            result = int(allocate(fd, mode, offset, length))
            assert mode & 1, "otherwise the size changes"
            if result == 0:
                self._changed(fd, offset, bytes(max(min(length, self._size - offset), 0)))
            return result

        def record_sync(fd: int) -> None:
            sync(fd)
            if fd == self.fd:
                self.done.append(None)

        monkeypatch.setattr(os, "pwrite", record_pwrite)
        monkeypatch.setattr(os, "pwritev", record_pwritev)
        monkeypatch.setattr(os, "ftruncate", record_truncate)
        monkeypatch.setattr(os, "fdatasync", record_sync)
        monkeypatch.setattr(host_file, "_fallocate", record_allocate)

    def begin(self, fd: int) -> None:
        self.fd, self.done, self._size = fd, [], os.fstat(fd).st_size

    def _changed(self, fd: int, offset: int, data: bytes) -> None:
        if fd == self.fd:
            self._size = os.fstat(fd).st_size
            self.done.append(Change(offset, data, self._size))


def after_kill(before: bytes, done: list[Change | None], cut: int, noise: random.Random) -> bytes:
    """The file after `cut` of these, and maybe a part of the next one."""
    changes = [change for change in done[:cut] if change is not None]
    size = changes[-1].size if changes else len(before)
    after = done[cut] if cut < len(done) else None
    if after is not None and after.size == size:
        length = noise.randrange(len(after.data) + 1) // SECTOR * SECTOR
        changes.append(Change(after.offset, after.data[:length], size))
    file = bytearray(before)
    for change in changes:
        change.apply(file)
    return bytes(file[:size]).ljust(size, b"\0")


def after_power_loss(
    before: bytes, done: list[Change | None], cut: int, noise: random.Random
) -> bytes:
    """The file if `cut` of these were asked for."""
    latest, size = bytearray(before), len(before)
    synced = max((i for i in range(cut) if done[i] is None), default=0)
    for change in done[:synced]:
        if change is not None:
            change.apply(latest)
            size = change.size
    file = latest[:]
    changes = [change for change in done[synced:cut] if change is not None]
    split = noise.randrange(len(changes) + 1)
    likely = [noise.choice([0.03, 0.5, 0.97]) for _ in range(2)]  # before and after
    is_torn = noise.random() < 0.5
    last: dict[int, int] = {}  # the change that a sector had when it was last written out
    for index, change in enumerate(changes):
        chance = likely[index >= split]
        is_kept = noise.random() < chance
        if is_kept:
            size = change.size
        for sector in change.sectors():
            if noise.random() < chance if is_torn else is_kept:
                last[sector] = index
    for index, change in enumerate(changes):
        change.apply(latest)
        for sector in change.sectors():
            if last.get(sector) == index:
                at = sector * SECTOR
                file.extend(bytes(max(at + SECTOR - len(file), 0)))
                file[at : at + SECTOR] = latest[at : at + SECTOR].ljust(SECTOR, b"\0")
    return bytes(file[:size]).ljust(size, b"\0")


def choose(done: list[Change | None], noise: random.Random) -> int:
    """A moment: before one of these, of which those before a fdatasync show most."""
    last = len(done) - 1
    cut = noise.randrange(last)
    if noise.random() < 0.3:
        cut = noise.randrange(min(last, 30))
    elif noise.random() < 0.3:
        headers = [i for i, change in enumerate(done) if change and change.offset < SECTOR]
        cut = noise.choice(headers or [cut])
    if noise.random() < 0.7:
        cut = next((i for i in range(cut, last) if done[i] is None), last)
    return cut


class Event(NamedTuple):
    """A sector's new `data`, or a flush if that is None. It was asked for and acknowledged when
    `begin` and `end` things were done to the file. After a loss of power it is zeros instead if
    `may_vanish` (see Qcow2Image)."""

    begin: int
    end: int
    offset: int = 0
    data: bytes | None = None
    may_vanish: bool = False


class Guest:
    """Uses an image the way the device does."""

    def __init__(self, image: Qcow2Image, recorder: Recorder, is_write_through: bool) -> None:
        self.events: list[Event] = []
        self._image = image
        self._recorder = recorder
        disk = BlkDisk(
            image.data_fd, image.size, cluster_bits=image.cluster_bits, table_bits=image.table_bits
        )
        self._slow = SlowPath(image, disk, self._report)
        self._slow.write_through = is_write_through
        self._slow.allowed = -1

    def _report(self, kind: int, offset: int, length: int, error: int | BaseException) -> None:
        pytest.fail(f"request {kind} of {length} bytes at {offset}: {error}")

    def act(self, noise: random.Random) -> None:
        """Something at random."""
        if noise.random() < 0.2:
            self.flush(noise)
        else:
            self.change(noise)

    def change(self, noise: random.Random) -> None:
        """A change at random."""
        cluster = self._image.discard_granularity
        offset = noise.randrange(SIZE)
        offset -= offset % noise.choice([cluster, SECTOR])
        choice = noise.random()
        if choice < 0.7:
            requests = []
            for _ in range(noise.choice([1, 1, 2, 3])):
                length = noise.choice([SECTOR, 4096, cluster, 2 * cluster + SECTOR])
                requests.append((offset, noise.randbytes(min(length, SIZE - offset))))
                offset = min(offset + noise.choice([0, SECTOR, 8192]), SIZE - SECTOR)
            self.write(requests)
        else:
            length = noise.choice([SECTOR, cluster, 3 * cluster, 96 * KIB])
            kind = virtio_blk.VIRTIO_BLK_T_WRITE_ZEROES
            if choice >= 0.85:
                kind = virtio_blk.VIRTIO_BLK_T_DISCARD
            self.clear(kind, offset, min(length, SIZE - offset), choice < 0.8)

    def write(self, requests: list[tuple[int, bytes]]) -> None:
        """Requests that are served together."""
        begin, cluster = len(self._recorder.done), self._image.discard_granularity
        new: set[int] = set()  # clusters of which nothing is copied, and so nothing synced
        for offset, data in requests:
            whole = range(-(-offset // cluster), (offset + len(data)) // cluster)
            new.update(guest for guest in whole if not self._is_in_place(guest))
        self._serve(
            [
                SlowRequest(virtio_blk.VIRTIO_BLK_T_OUT, offset, len(data), [memoryview(data)])
                for offset, data in requests
            ]
        )
        for offset, data in requests:
            self._change(begin, offset, data, new)

    def clear(self, kind: int, offset: int, length: int, unmap: bool) -> None:
        begin = len(self._recorder.done)
        flags = int(unmap and kind == virtio_blk.VIRTIO_BLK_T_WRITE_ZEROES)
        segment = struct.pack("<QII", offset // SECTOR, length // SECTOR, flags)
        self._serve([SlowRequest(kind, 0, len(segment), [memoryview(segment)])])
        self._change(begin, offset, self._image.read_slow(offset, length), set())

    def flush(self, noise: random.Random) -> None:
        """Meanwhile another queue has requests."""
        begin, before = len(self._recorder.done), len(self.events)
        request = SlowRequest(virtio_blk.VIRTIO_BLK_T_FLUSH, 0, 0, [])
        self._slow.serve([request])
        assert request.status == SYNC_FIRST
        os.fdatasync(self._image.data_fd)
        while noise.random() < 0.6:
            self.change(noise)
        request.type = FLUSH_END
        self._serve([request])
        self.events.insert(before, Event(begin, len(self._recorder.done)))

    def _serve(self, batch: list[SlowRequest]) -> None:
        self._slow.serve(batch)
        assert not any(request.status for request in batch)

    def _change(self, begin: int, offset: int, data: bytes, new: set[int]) -> None:
        end, cluster = len(self._recorder.done), self._image.discard_granularity
        for at in range(0, len(data), SECTOR):
            place = offset + at
            may_vanish = place // cluster in new
            self.events.append(Event(begin, end, place, data[at : at + SECTOR], may_vanish))
        if self._slow.write_through:
            self.events.append(Event(begin, end))

    def _is_in_place(self, guest: int) -> bool:
        table = self._image.l2_table(guest >> self._image.table_bits)
        return table is not None and table[guest & ((1 << self._image.table_bits) - 1)] != 0


def compare(disk: bytes, before: bytes, events: list[Event], cut: int, is_kill: bool) -> None:
    """Fails unless `disk` is what it may be after `cut` things were done to the file."""
    known = bytearray(before)
    possible: defaultdict[int, list[bytes]] = defaultdict(list)
    for event in events:
        at = event.offset
        if event.data is None:
            if event.end <= cut:
                for at, states in possible.items():
                    known[at : at + SECTOR] = states[-1]
                possible.clear()
        elif is_kill and event.end <= cut:
            known[at : at + SECTOR] = event.data
        elif event.begin <= cut:
            possible[at] += [bytes(SECTOR)] * (event.may_vanish and not is_kill) + [event.data]
    if disk != known:
        for at in range(0, SIZE, SECTOR):
            now = disk[at : at + SECTOR]
            assert now == known[at : at + SECTOR] or now in possible[at], f"the bytes at {at}"


def prepare(directory: Path, kind: str, options: str) -> tuple[Path, bytes]:
    """An image and what is in it."""
    path, source = directory / "disk.qcow2", directory / "source.raw"
    contents = random.Random(kind).randbytes(SIZE // 4) + b"text" * (SIZE // 8) + bytes(SIZE // 4)
    source.write_bytes(contents)
    if kind == "backing":
        create(path, SIZE, options, "-F", "raw", "-b", source)
    elif kind in ("compressed", "snapshot", "zeroed"):
        compress = ["-c"] if kind != "zeroed" else []
        qemu("qemu-img", "convert", *compress, "-O", "qcow2", "-o", options, source, path)
    elif kind == "growing":
        # Little is missing until the refcount table's one cluster has no entry for more.
        counted = 64 if "bits=64" in options else 256  # by one block
        filled = (64 * counted - 100) * 64 * counted // (65 * counted + 64)
        create(path, 128 * counted * 512, options)
        qemu("qemu-io", "-c", f"write -P 1 {SIZE} {filled * 512}", path)
        contents = bytes(SIZE)
    else:
        create(path, SIZE, options)
        contents = bytes(SIZE)
    if kind == "snapshot":
        qemu("qemu-img", "snapshot", "-c", "kept", path)
    elif kind == "zeroed":
        qemu("qemu-io", "-c", f"write -z 0 {SIZE}", path)
        contents = bytes(SIZE)
    return path, contents


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    # So few that there is much to do for more.
    monkeypatch.setattr(clusters, "_MOST_IN_BATCH", 6)
    return Recorder(monkeypatch)


@pytest.fixture
def directory() -> Iterator[Path]:
    with TemporaryDirectory(dir=FAST) as name:
        yield Path(name)


@pytest.mark.parametrize(("kind", "options"), FORMATS)
def test_after_a_loss_of_power_or_a_kill_the_disk_is_what_it_may_be(
    kind: str, options: str, recorder: Recorder, directory: Path
) -> None:
    path, contents = prepare(directory, kind, options)
    for session in range(SESSIONS if kind != "growing" else 5):
        noise = random.Random(f"{SEED} {kind} {options} {session}")
        before = path.read_bytes()
        image = open_qcow2(path)
        recorder.begin(image.data_fd)
        guest = Guest(image, recorder, is_write_through=session == 3)
        for _ in range(REQUESTS):
            guest.act(noise)
        if session % 2:
            image.close()
        recorder.fd = -1
        image.close()
        done = recorder.done
        for number in range(KILLS + POWER_LOSSES):
            cut = choose(done, noise)
            is_kill = number < KILLS
            file = (after_kill if is_kill else after_power_loss)(before, done, cut, noise)
            path.write_bytes(file)
            if number == 0 or (not is_kill and "0.10" in options):
                check_leaks_only(path)
            image = open_qcow2(path)
            disk = read(image, 0, SIZE)
            image.close()
            compare(disk, contents, guest.events, cut, is_kill)
            if number % 3 == 0:
                check_clean(path)
        if kind == "growing":
            file, disk = before, contents  # the table grows once
        path.write_bytes(file)
        contents = disk
