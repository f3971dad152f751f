"""What the host refuses, and what a hostile driver asks of a block device."""

from __future__ import annotations

import errno
import os
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from driver.disk import (
    DISCARD,
    FLUSH,
    IN,
    IOERR,
    OK,
    OUT,
    SECTOR,
    WRITE_ZEROES,
    Disk,
    header,
    segment,
)
from driver.queue import WRITE, Descriptor

SIZE = 1 << 20
IO_URING = pytest.mark.parametrize("io_uring", [True, False], ids=["io_uring", "plain"])


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "disk.raw"
    path.write_bytes(random.Random(1).randbytes(SIZE))
    return path


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A file system with no room left, and a sparse image on it."""
    folder = tmp_path / "full"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], check=True)
    try:
        image = folder / "disk.raw"
        with image.open("wb") as file:
            file.truncate(SIZE)
        yield image
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@IO_URING
def test_blk_image_cut_off_underneath_is_an_io_error_and_one_line(
    image: Path, io_uring: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    contents = image.read_bytes()
    disk = Disk(f"{image},format=raw", io_uring=io_uring)
    os.truncate(image, SIZE // 2 + 1000)
    assert disk.read(SIZE // SECTOR - 8, 4096) == (IOERR, bytes(4096))
    half = SIZE // 2 // SECTOR
    answer = disk.read(half, 4096)
    assert answer == (IOERR, contents[SIZE // 2 : SIZE // 2 + 1000] + bytes(3096))
    assert disk.read(0, 4096) == (OK, contents[:4096])
    disk.close()
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "blk0: read of 4096 bytes at" in lines[0]
    assert "the image ends before" in lines[0]


@IO_URING
def test_blk_qcow2_image_and_its_base_cut_off_underneath_are_io_errors(
    image: Path, tmp_path: Path, io_uring: bool
) -> None:
    contents = image.read_bytes()
    path = tmp_path / "disk.qcow2"
    create = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", str(image), str(path)]
    subprocess.run(create, check=True)
    disk = Disk(f"{path},format=qcow2", io_uring=io_uring)
    last = SIZE // SECTOR - 8
    assert disk.write(last, contents[-4096:]).status == OK
    os.truncate(image, SIZE // 2)
    assert disk.read(last - 128, 4096).status == IOERR, "of the base"
    assert disk.write(last - 128, bytes(512)).status == IOERR, "a copy would have zeros"
    os.truncate(path, 5 << 16)
    assert disk.read(last, 4096).status == IOERR
    disk.close()


@IO_URING
def test_blk_full_host_disk_is_an_io_error_and_few_lines(
    full: Path, io_uring: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    disk = Disk(f"{full},format=raw", io_uring=io_uring)
    statuses = [disk.write(8 * number, b"f" * 4096).status for number in range(100)]
    assert statuses[0] == OK
    assert statuses[-1] == IOERR
    assert disk.read(0, 4096) == (OK, b"f" * 4096)
    assert disk.request(FLUSH).status == OK
    disk.close()
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 20
    assert "No space left on device" in lines[0]
    assert lines[-1].endswith("no more of these are shown")


@pytest.mark.parametrize(
    ("readable", "writable"),
    [([header(IN)[:15]], [513]), ([], [513]), ([header(OUT), b"a" * 512], []), ([b"a"], [1])],
)
def test_blk_chain_without_room_for_header_and_status_breaks_the_queue(
    image: Path, readable: list[bytes], writable: list[int]
) -> None:
    disk = Disk(f"{image},format=raw")
    disk.submit_raw(readable, writable)
    disk.wait_until_broken()
    disk.close()


def test_blk_buffer_outside_of_memory_breaks_the_queue_and_a_reset_mends_it(image: Path) -> None:
    disk = Disk(f"{image},format=raw")
    disk.add_raw([Descriptor(0xDEAD0000, 16), Descriptor(0x10000, 513, WRITE)])
    disk.wait_until_broken()
    disk.rig.reset()
    disk.rig.negotiate()
    disk.rig.start(0)
    assert disk.read(0, 512).status == OK
    disk.close()


@IO_URING
def test_blk_stop_with_requests_in_flight_ends_them_all(image: Path, io_uring: bool) -> None:
    disk = Disk(f"{image},format=raw", io_uring=io_uring)
    for _ in range(50):
        for number in range(16):
            disk.submit(IN if number % 2 else OUT, number * 8, b"" if number % 2 else b"s" * 512,
                        room=512 if number % 2 else 0)  # fmt: skip
        disk.started().kick()
        queue = disk.started().queue
        disk.device.stop_queue(0)
        assert queue.virtqueue.in_flight == 0
        disk.rig.reset()
        disk.rig.negotiate()
        disk.rig.start(0, 64)
    disk.close()


def test_blk_stop_is_not_held_by_an_interrupt_that_the_front_end_lets_nobody_send(
    image: Path,
) -> None:
    disk = Disk(f"{image}")
    started = disk.started()
    os.set_blocking(started.queue.call_fd, True)
    os.eventfd_write(started.queue.call_fd, 2**64 - 2)
    started.driver.want_calls()
    disk.submit(IN, 0, room=SECTOR)
    started.kick()
    while not started.driver.collect():
        time.sleep(0.01)
    disk.close()


def test_blk_request_larger_than_any_limit_is_an_io_error(image: Path) -> None:
    os.truncate(image, 1 << 40)
    disk = Disk(f"{image},format=raw")
    gpa = disk.rig.ram.allocate(16)
    status = disk.rig.ram.allocate(1)
    disk.rig.ram.write(gpa, header(IN, 0))
    big = [Descriptor(0x10000 + (8 << 20), 4 << 20, WRITE)] * 32
    disk.add_raw([Descriptor(gpa, 16), *big, Descriptor(status, 1, WRITE)])
    disk.wait()
    assert disk.rig.ram.read(status, 1) == bytes([IOERR])
    disk.close()


@IO_URING
def test_blk_failing_python_path_is_an_io_error(
    image: Path, io_uring: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(f"{image},format=raw,discard", io_uring=io_uring)

    def fail(*_: object) -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr(disk.device.image, "discard", fail)
    assert disk.request(DISCARD, 0, segment(0, 8)).status == IOERR
    assert disk.read(0, 512).status == OK
    disk.close()


@pytest.mark.parametrize(("kind", "name"), [(DISCARD, "discard"), (WRITE_ZEROES, "write of zeros")])
def test_blk_discard_that_the_host_refuses_is_an_io_error_and_a_line_that_says_where(
    image: Path,
    kind: int,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    disk = Disk(f"{image},format=raw,discard")

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(disk.device.image, "discard", fail)
    monkeypatch.setattr(disk.device.image, "write_zeroes", fail)
    assert disk.request(kind, 0, segment(16, 8)).status == IOERR
    disk.close()
    assert f"blk0: {name} of 4096 bytes at 8192: Input/output error" in capfd.readouterr().err


def test_blk_state_is_saved_and_loaded(image: Path) -> None:
    disk = Disk(f"{image},format=raw")
    disk.device.write_config(32, b"\0")
    disk.rig.stop(0)
    state = disk.device.save()
    disk.rig.reset()
    assert not disk.device._slow.write_through or disk.device.accepted == 0
    disk.device.load(state)
    assert disk.device.read_config(32, 1) == b"\0"
    assert disk.device._slow.write_through
    with pytest.raises(ValueError, match="none of blk0"):
        disk.device.load(state[:-1])
    disk.close()
