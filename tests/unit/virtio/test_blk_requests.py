"""Each request of a block device, by io_uring and without, on split and packed queues."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from driver.disk import (
    DISCARD,
    FLUSH,
    GET_ID,
    IN,
    IOERR,
    OK,
    OUT,
    SECTOR,
    UNSUPP,
    WRITE_ZEROES,
    Disk,
    header,
    segment,
)
from driver.queue import WRITE, Descriptor
from kvmtool.uapi.linux.virtio_blk import virtio_blk_config
from kvmtool.virtio.blk import Blk
from unit.vhost.served import IN_ORDER

SIZE = 1 << 20
Make = Callable[..., Disk]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "disk.raw"
    path.write_bytes(random.Random(1).randbytes(SIZE))
    return path


@pytest.fixture(params=["io_uring", "plain"])
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    disks: list[Disk] = []

    def start(option: str, *, packed: bool = False, withhold: int = 0) -> Disk:
        io_uring = request.param == "io_uring"
        disks.append(Disk(option, io_uring=io_uring, packed=packed, withhold=withhold))
        return disks[-1]

    yield start
    for disk in disks:
        disk.close()


@pytest.mark.parametrize("packed", [False, True])
def test_blk_reads_and_writes_what_the_file_has(make: Make, image: Path, packed: bool) -> None:
    disk = make(f"{image},format=raw", packed=packed)
    before = image.read_bytes()
    assert disk.read(3, 1024) == (OK, before[3 * SECTOR : 3 * SECTOR + 1024])
    assert disk.write(8, b"x" * 4096) == (OK, b"")
    assert disk.read(8, 4096) == (OK, b"x" * 4096)
    assert disk.request(FLUSH).status == OK
    assert image.read_bytes() == before[:4096] + b"x" * 4096 + before[8192:]


def test_blk_reads_what_the_page_cache_has_in_parts(make: Make, image: Path) -> None:
    content = os.urandom(1 << 20)
    image.write_bytes(content)
    disk = make(f"{image},format=raw")
    with open(image, "rb") as file:
        os.fsync(file.fileno())
        for cached in ((), (0,), (1,), (0, 2, 3)):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            for part in cached:
                os.pread(file.fileno(), 4096, part << 18)
            answer = disk.read(0, len(content))
            assert answer.status == OK
            assert answer.data == content


def test_blk_flush_does_not_wait_for_the_end_of_a_stream_of_cached_reads(image: Path) -> None:
    size = 4 << 20
    image.write_bytes(os.urandom(size))
    disk = Disk(f"{image},format=raw", queue_size=256, withhold=IN_ORDER)
    started, ram = disk.started(), disk.rig.ram

    def chain(kind: int, room: int) -> list[Descriptor]:
        place = ram.allocate(len(header(kind)))
        ram.write(place, header(kind))
        return [Descriptor(place, len(header(kind))), Descriptor(ram.allocate(room), room, WRITE)]

    read = chain(IN, size + 1)
    started.driver.want_calls(False)
    for _ in range(100):
        started.driver.add_raw(read)
    flush = started.driver.add_raw(chain(FLUSH, 1))
    under_way, before = {flush}, 0
    while flush in under_way and before < 600:
        started.kick()
        for token, _ in started.driver.collect():
            under_way.discard(token)
            before += flush in under_way
            if token != flush:
                started.driver.add_raw(read)
    disk.close()
    assert before < 600


def test_blk_last_sector_can_be_read_and_written(make: Make, image: Path) -> None:
    disk = make(f"{image},format=raw")
    last = SIZE // SECTOR - 1
    assert disk.write(last, b"e" * SECTOR).status == OK
    assert disk.read(last, SECTOR) == (OK, b"e" * SECTOR)


def test_blk_header_and_data_may_be_cut_anywhere(make: Make, image: Path) -> None:
    disk = make(f"{image},format=raw")
    data = random.Random(2).randbytes(2048)
    whole = header(OUT, 4) + data
    for cuts in ([1, 2, 15], [16], [5, 17, 1000, 1001], [2063], []):
        edges = [0, *cuts, len(whole)]
        pieces = [whole[a:b] for a, b in pairwise(edges)]
        token = disk.submit_raw(pieces, [1])
        assert disk.wait() == {token: 1}
        assert disk.answer(token).status == OK
        token = disk.submit_raw([header(IN, 4)[:7], header(IN, 4)[7:]], [1, 1000, 1048])
        assert disk.wait() == {token: 2049}
        assert disk.answer(token) == (OK, data)
        assert disk.write(4, bytes(2048)).status == OK


def test_blk_many_requests_at_once_each_get_their_own_data(make: Make, image: Path) -> None:
    disk = make(f"{image},format=raw")
    contents = image.read_bytes()
    numbers = random.Random(3)
    for _ in range(20):
        sectors = {
            disk.submit(IN, sector, room=4096): sector
            for sector in (numbers.randrange(SIZE // SECTOR - 8) for _ in range(20))
        }
        assert disk.wait(20) == dict.fromkeys(sectors, 4097)
        for token, sector in sectors.items():
            assert disk.answer(token) == (OK, contents[sector * SECTOR : sector * SECTOR + 4096])


@pytest.mark.parametrize(
    ("kind", "sector", "size"),
    [
        (IN, SIZE // SECTOR, 512),
        (IN, SIZE // SECTOR - 1, 1024),
        (IN, (1 << 64) - 1, 512),
        (IN, 1 << 55, 512),
        (IN, 0, 511),
        (IN, 0, 513),
        (IN, 0, 0),
        (OUT, SIZE // SECTOR, 512),
        (OUT, SIZE // SECTOR - 1, 1024),
        (OUT, (1 << 55) - 1, 1024),
        (OUT, (1 << 64) - 1, 512),
        (OUT, 0, 700),
        (OUT, 0, 0),
    ],
)
def test_blk_request_outside_of_the_disk_or_of_no_sectors_is_an_io_error(
    make: Make, image: Path, kind: int, sector: int, size: int
) -> None:
    before = image.read_bytes()
    disk = make(f"{image},format=raw")
    if kind == IN:
        assert disk.request(IN, sector, room=size).status == IOERR
    else:
        assert disk.write(sector, b"z" * size).status == IOERR
    assert image.read_bytes() == before
    assert disk.read(0, 512) == (OK, before[:512])


def test_blk_sectors_of_all_buffers_together_are_checked(make: Make, image: Path) -> None:
    disk = make(f"{image},format=raw")
    last = SIZE // SECTOR - 2
    assert disk.request(OUT, last, [b"a" * 512] * 3).status == IOERR
    assert image.stat().st_size == SIZE
    assert disk.request(OUT, last, [b"a" * 512] * 2).status == OK


def test_blk_answers_get_id_with_the_serial(make: Make, image: Path) -> None:
    disk = make(f"{image},format=raw,serial=abc123")
    assert disk.request(GET_ID, room=20) == (OK, b"abc123".ljust(20, b"\0"))
    assert disk.request(GET_ID, room=4) == (OK, b"abc1")
    assert disk.request(GET_ID, room=30) == (OK, b"abc123".ljust(30, b"\0"))


@pytest.mark.parametrize("kind", [2, 3, 10, 14, 0x100, 0x80000000, 0xFFFFFFFF])
def test_blk_unknown_request_is_unsupported(make: Make, image: Path, kind: int) -> None:
    disk = make(f"{image},format=raw,discard")
    assert disk.request(kind, 0, b"a" * 16).status == UNSUPP
    assert disk.request(kind).status == UNSUPP


def test_blk_write_to_a_read_only_disk_is_an_io_error(make: Make, image: Path) -> None:
    before = image.read_bytes()
    disk = make(f"{image},format=raw,ro")
    assert disk.device.features & Blk.read_only.mask
    assert disk.write(0, b"a" * 512).status == IOERR
    assert disk.request(WRITE_ZEROES, 0, segment(0, 8)).status in (IOERR, UNSUPP)
    assert disk.read(0, 512) == (OK, before[:512])
    assert image.read_bytes() == before


def test_blk_discard_and_zeroes_read_as_zeros(make: Make, image: Path) -> None:
    disk = make(f"{image},format=raw,discard")
    blocks = image.stat().st_blocks
    assert disk.request(DISCARD, 0, segment(0, 256) + segment(512, 8)).status == OK
    assert disk.read(0, 4096) == (OK, bytes(4096))
    assert image.stat().st_blocks < blocks
    assert disk.request(WRITE_ZEROES, 0, segment(1024, 3)).status == OK
    assert disk.request(WRITE_ZEROES, 0, segment(1032, 8, 1)).status == OK
    assert disk.read(1024, 1536) == (OK, bytes(1536))
    assert disk.read(1032, 4096) == (OK, bytes(4096))


@pytest.mark.parametrize(
    ("kind", "data", "status"),
    [
        (DISCARD, segment(0, 8, 1), UNSUPP),
        (DISCARD, segment(0, 8, 2), UNSUPP),
        (WRITE_ZEROES, segment(0, 8, 2), UNSUPP),
        (WRITE_ZEROES, segment(0, 8) + segment(8, 8, 0x80000001), UNSUPP),
        (DISCARD, b"", IOERR),
        (DISCARD, segment(0, 8)[:15], IOERR),
        (DISCARD, segment(0, 8) * 17, IOERR),
        (DISCARD, segment(SIZE // SECTOR, 1), IOERR),
        (DISCARD, segment(SIZE // SECTOR - 1, 2), IOERR),
        (DISCARD, segment((1 << 64) - 1, 1), IOERR),
        (DISCARD, segment(1, 0xFFFFFFFF), IOERR),
        (WRITE_ZEROES, segment((1 << 55) - 4, 8), IOERR),
        (WRITE_ZEROES, segment(0, 8) + segment(SIZE // SECTOR, 8), IOERR),
    ],
)
def test_blk_bad_segment_changes_nothing(
    make: Make, image: Path, kind: int, data: bytes, status: int
) -> None:
    before = image.read_bytes()
    disk = make(f"{image},format=raw,discard")
    assert disk.request(kind, 0, data).status == status
    assert image.read_bytes() == before


def test_blk_discard_that_was_not_accepted_is_unsupported(make: Make, image: Path) -> None:
    disk = make(f"{image},format=raw,discard", withhold=Blk.discards.mask | Blk.zeroes.mask)
    assert disk.request(DISCARD, 0, segment(0, 8)).status == UNSUPP
    assert disk.request(WRITE_ZEROES, 0, segment(0, 8)).status == UNSUPP


@pytest.mark.parametrize("size", [512, 4096, 128 << 10])
def test_blk_direct_io_takes_buffers_of_any_alignment(
    make: Make, tmp_path: Path, size: int
) -> None:
    path = Path("/var/tmp") / f"kvmtool-test-{os.getpid()}.raw"
    path.write_bytes(random.Random(4).randbytes(SIZE))
    try:
        disk = make(f"{path},format=raw,direct")
        size = max(size, disk.device.image.block_size)
        data = random.Random(5).randbytes(size)
        assert disk.request(OUT, 8, [data[:3], data[3:]]).status == OK
        token = disk.submit_raw([header(IN, 8)], [5, size - 5, 1])
        assert disk.wait() == {token: size + 1}
        assert disk.answer(token) == (OK, data)
        assert path.read_bytes()[4096 : 4096 + size] == data
    finally:
        path.unlink()


def test_blk_every_queue_serves(make: Make, image: Path) -> None:
    disk = make(f"{image},format=raw,queues=3")
    contents = image.read_bytes()
    for index in range(3):
        token = disk.submit_raw([header(IN, index)], [512, 1], index)
        assert disk.wait(index=index) == {token: 513}
        start = index * SECTOR
        assert disk.answer(token, index) == (OK, contents[start : start + SECTOR])


def test_blk_configuration_space_is_the_headers_layout(image: Path) -> None:
    disk = Disk(f"{image},format=raw,discard,queues=2")
    config = virtio_blk_config.from_buffer_copy(disk.device.read_config(0, 96))
    assert config.capacity == SIZE // SECTOR
    assert config.blk_size == 512
    assert config.seg_max == 254
    assert config.num_queues == 2
    assert config.wce == 1
    assert config.max_discard_seg == config.max_write_zeroes_seg == 16
    assert config.discard_sector_alignment == 8
    assert config.write_zeroes_may_unmap == 1
    disk.close()


def test_blk_driver_can_turn_the_cache_off(image: Path) -> None:
    disk = Disk(f"{image},format=raw")
    disk.device.write_config(32, b"\0")
    assert disk.device._slow.write_through
    assert disk.write(0, b"d" * 512).status == OK
    disk.device.write_config(32, b"\7")
    assert disk.device.read_config(32, 1) == b"\1"
    assert not disk.device._slow.write_through
    disk.close()


def test_blk_without_flush_writes_through(image: Path) -> None:
    disk = Disk(f"{image},format=raw", withhold=Blk.flushes.mask | Blk.cache_control.mask)
    assert disk.device._slow.write_through
    assert disk.write(0, b"d" * 4096).status == OK
    disk.close()


def test_blk_limit_holds_requests_back(make: Make, image: Path) -> None:
    import time

    disk = make(f"{image},format=raw,iops=200")
    tokens = [disk.submit(IN, 0, room=512) for _ in range(20)]
    disk.wait(20)
    for token in tokens:
        assert disk.answer(token).status == OK
    start = time.monotonic()
    tokens = [disk.submit(IN, 0, room=512) for _ in range(20)]
    disk.wait(20)
    assert time.monotonic() - start > 0.08
    for token in tokens:
        assert disk.answer(token).status == OK


def test_blk_stops_with_requests_held_back_by_a_limit(make: Make, image: Path) -> None:
    disk = make(f"{image},format=raw,bw=1K")
    for _ in range(8):
        disk.submit(IN, 0, room=65536)
    disk.started().kick()
    disk.wait(1)
    disk.rig.reset()
    assert disk.device.running == {}


def test_queue_with_nothing_to_do_sleeps(make: Make, image: Path) -> None:
    disk = make(f"{image},format=raw")
    # Neither goes through a ring: what is in one is the kick alone.
    assert disk.write(0, bytes(SECTOR)).status == OK
    disk.started().kick()
    (engine, _) = disk.device._threads[0]
    slept = engine.sleeps
    threading.Event().wait(0.3)
    assert engine.sleeps - slept < 20


def test_cache_that_is_turned_off_is_off_before_it_is_flushed(make: Make, image: Path) -> None:
    disk = make(f"{image},format=raw")
    off_at_the_flush = []
    flush = disk.device.image.flush

    def watched() -> None:
        off_at_the_flush.append(disk.device._slow.write_through)
        assert disk.write(1, b"x" * SECTOR).status == OK  # by the engine, durable too
        flush()

    disk.device.image.flush = watched  # type: ignore[method-assign]
    disk.device.write_config(32, b"\0")
    assert off_at_the_flush == [True]
    assert disk.read(1, SECTOR) == (OK, b"x" * SECTOR)
