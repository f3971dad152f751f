"""A block device on a qcow2 image; qemu-img says what is in it."""

from __future__ import annotations

import random
import subprocess
import threading
from pathlib import Path

import pytest

from driver.disk import DISCARD, FLUSH, IN, OK, OUT, SECTOR, WRITE_ZEROES, Disk, segment
from kvmtool.core.blk import SlowRequest
from kvmtool.virtio.blk_slow import SlowPath

SIZE = 4 << 20
IO_URING = pytest.mark.parametrize("io_uring", [True, False], ids=["io_uring", "plain"])


def qemu_img(*words: str | Path) -> None:
    subprocess.run(["qemu-img", *words], check=True, stdout=subprocess.DEVNULL)


def contents(path: Path) -> bytes:
    raw = path.with_suffix(".converted")
    qemu_img("convert", "-O", "raw", path, raw)
    return raw.read_bytes()


@IO_URING
def test_blk_allocates_and_overwrites_and_qemu_agrees(tmp_path: Path, io_uring: bool) -> None:
    path = tmp_path / "disk.qcow2"
    qemu_img("create", "-f", "qcow2", path, str(SIZE))
    disk = Disk(f"{path}", io_uring=io_uring)
    expected = bytearray(SIZE)
    numbers = random.Random(1)
    for _ in range(100):
        tokens: list[tuple[int, int, int]] = []
        for _ in range(8):
            size = numbers.choice([512, 4096, 65536, 131072])
            start = numbers.randrange((SIZE - size) // SECTOR)
            if any(start < end and begin < start + size // SECTOR for begin, end, _ in tokens):
                continue
            data = numbers.randbytes(size)
            tokens.append((start, start + size // SECTOR, disk.submit(OUT, start, data)))
            expected[start * SECTOR : start * SECTOR + size] = data
        disk.wait(len(tokens))
        for _, _, token in tokens:
            assert disk.answer(token).status == OK
        start = numbers.randrange((SIZE - 65536) // SECTOR)
        at = start * SECTOR
        assert disk.read(start, 65536) == (OK, bytes(expected[at : at + 65536]))
    assert disk.request(FLUSH).status == OK
    disk.close()
    qemu_img("check", path)
    assert contents(path) == expected


def test_blk_read_that_is_done_does_not_wait_for_a_slow_flush(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "disk.qcow2"
    qemu_img("create", "-f", "qcow2", path, str(SIZE))
    goes_on = threading.Event()
    serve = SlowPath.serve

    def serve_late(slow: SlowPath, batch: list[SlowRequest]) -> None:
        assert batch[0].type != FLUSH or goes_on.wait(20)
        serve(slow, batch)

    monkeypatch.setattr(SlowPath, "serve", serve_late)
    disk = Disk(f"{path}")
    assert disk.write(0, b"x" * 4096).status == OK
    for _ in range(20):
        goes_on.clear()
        read, flush = disk.submit(IN, room=4096), disk.submit(FLUSH)
        assert read in disk.wait(timeout_s=5)
        goes_on.set()
        assert flush in disk.wait()
        assert disk.answer(read) == (OK, b"x" * 4096)
        assert disk.answer(flush).status == OK
    disk.close()


@IO_URING
def test_blk_copies_on_write_from_a_backing_file(tmp_path: Path, io_uring: bool) -> None:
    base, path = tmp_path / "base.raw", tmp_path / "disk.qcow2"
    data = bytearray(random.Random(2).randbytes(SIZE))
    base.write_bytes(data)
    qemu_img("create", "-f", "qcow2", "-F", "raw", "-b", base, path)
    disk = Disk(f"{path}", io_uring=io_uring)
    assert disk.read(16, 8192) == (OK, bytes(data[8192:16384]))
    tokens = [disk.submit(OUT, sector, bytes([sector]) * 512) for sector in (1, 2, 200, 7)]
    disk.wait(4)
    for token, sector in zip(tokens, (1, 2, 200, 7), strict=True):
        assert disk.answer(token).status == OK
        data[sector * SECTOR : (sector + 1) * SECTOR] = bytes([sector]) * 512
    assert disk.read(0, 131072) == (OK, bytes(data[:131072]))
    disk.close()
    qemu_img("check", path)
    assert contents(path) == data


def test_blk_reads_compressed_clusters(tmp_path: Path) -> None:
    raw, path = tmp_path / "source.raw", tmp_path / "disk.qcow2"
    data = b"".join(bytes([n % 251]) * 4096 for n in range(SIZE // 4096))
    raw.write_bytes(data)
    qemu_img("convert", "-c", "-O", "qcow2", raw, path)
    disk = Disk(f"{path}")
    assert disk.request(IN, 3, room=200 << 10) == (OK, data[1536 : 1536 + (200 << 10)])
    assert disk.write(130, b"n" * 512).status == OK
    assert disk.read(128, 4096).data == data[65536:66560] + b"n" * 512 + data[67072:69632]
    disk.close()
    qemu_img("check", path)


def test_blk_discarded_clusters_are_used_again(tmp_path: Path) -> None:
    path = tmp_path / "disk.qcow2"
    qemu_img("create", "-f", "qcow2", path, str(SIZE))
    disk = Disk(f"{path},discard")
    for round_ in range(20):
        for sector in range(0, SIZE // SECTOR, 256):
            assert disk.write(sector, bytes([round_ + 1]) * (128 << 10)).status == OK
        assert disk.request(DISCARD, 0, segment(0, SIZE // SECTOR)).status == OK
        assert disk.request(FLUSH).status == OK
        assert disk.read(0, 65536) == (OK, bytes(65536))
    assert disk.request(WRITE_ZEROES, 0, segment(0, 256, 1)).status == OK
    disk.close()
    qemu_img("check", path)
    assert path.stat().st_size < 4 * SIZE
