"""A process that uses an image is killed at any moment: nothing it was told is written is lost."""

from __future__ import annotations

import os
import random
import signal
import struct
import tempfile
from pathlib import Path

import pytest

from disk_images import (
    KIB,
    MIB,
    check_clean,
    check_leaks_only,
    contents,
    create,
    open_qcow2,
    qemu,
    read,
    write,
)

SIZE = 6 * MIB
ROUNDS = 12
_MESSAGE = struct.Struct("=BIII")  # kind, seed, sector, sectors
_BEGINS, _WRITTEN, _ZEROED = 0, 1, 2


def _data(seed: int, length: int) -> bytes:
    return random.Random(seed).randbytes(length)


def _use_until_killed(path: Path, seed: int, log: int) -> None:
    image = open_qcow2(path)
    noise = random.Random(seed)
    while True:
        sectors = noise.choice([1, 8, 100, 128, 300])
        sector = noise.randrange(SIZE // 512 - sectors)
        choice = noise.random()
        number = noise.randrange(1 << 32)
        kind = _WRITTEN if choice < 0.7 else _ZEROED
        os.write(log, _MESSAGE.pack(_BEGINS + 10 * kind, number, sector, sectors))
        if kind == _WRITTEN:
            write(image, sector * 512, _data(number, sectors * 512))
        else:
            image.write_zeroes(sector * 512, sectors * 512, choice < 0.9)
        os.write(log, _MESSAGE.pack(kind, number, sector, sectors))
        if choice < 0.2:
            image.release_quarantine()
        if choice < 0.1:
            image.flush()


def _killed_use(path: Path, seed: int) -> list[tuple[int, int, int, int]]:
    """What a process that was killed said."""
    source, log = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(source)
            _use_until_killed(path, seed, log)
        finally:
            os._exit(1)
    os.close(log)
    said = b""
    enough = random.Random(seed).randrange(1, 3000) * _MESSAGE.size // 10
    with open(source, "rb", buffering=0) as pipe:
        while len(said) < enough:
            more = pipe.read(_MESSAGE.size)
            assert more, "the child has failed"
            said += more
        os.kill(child, signal.SIGKILL)
        said += pipe.read()
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    return list(_MESSAGE.iter_unpack(said))


@pytest.mark.parametrize(
    ("options", "has_base"),
    [
        ("compat=1.1", False),
        ("compat=1.1,cluster_size=4096,lazy_refcounts=on", True),
        ("compat=0.10", True),
        ("cluster_size=512", False),
    ],
)
def test_a_kill_at_any_moment_loses_no_write_and_leaves_no_error(
    options: str, has_base: bool
) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        directory = Path(name)
        model = bytearray(SIZE)
        base: list[str | Path] = []
        if has_base:
            model[: 4 * MIB] = _data(99, 4 * MIB)
            (directory / "base.raw").write_bytes(model[: 4 * MIB])
            base = ["-F", "raw", "-b", directory / "base.raw"]
        path = create(directory / "disk.qcow2", SIZE, options, *base)
        leaks = 0
        for round_ in range(ROUNDS):
            last = None
            for kind, seed, sector, sectors in _killed_use(path, round_):
                place = slice(sector * 512, (sector + sectors) * 512)
                if kind in (_WRITTEN, _ZEROED):
                    length = sectors * 512
                    model[place] = _data(seed, length) if kind == _WRITTEN else bytes(length)
                    last = None
                else:
                    last = (kind // 10, seed, place)
            leaks += check_leaks_only(path)
            now = contents(path, directory)
            if last is not None:
                kind, seed, place = last
                length = place.stop - place.start
                new = _data(seed, length) if kind == _WRITTEN else bytes(length)
                for at in range(0, length, 512):
                    here = place.start + at
                    sector_now = now[here : here + 512]
                    assert sector_now in (model[here : here + 512], new[at : at + 512])
                    model[here : here + 512] = sector_now
            assert now == model
            if round_ % 3 == 2:
                image = open_qcow2(path)
                assert read(image, 0, SIZE) == model
                image.close()
                check_clean(path)
        assert leaks, "the children were never killed with clusters in reserve"


def test_an_image_that_was_opened_before_its_user_died_can_be_started(tmp_path: Path) -> None:
    path = create(tmp_path / "disk.qcow2", SIZE)
    image = open_qcow2(path)  # as the fork server has it
    for i in range(3):
        child = os.fork()
        if child == 0:
            try:
                image.start()
                for k in range(i + 1):
                    assert read(image, k * MIB, 4) == (b"old%d" % k if k < i else bytes(4))
                write(image, i * MIB, b"old%d" % i * (16 * KIB))
                os.kill(os.getpid(), signal.SIGKILL)
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status)
    image.start()
    assert read(image, 2 * MIB, 4) == b"old2"
    image.close()
    check_clean(path)


def test_qemu_repairs_a_dirty_image_of_ours(tmp_path: Path) -> None:
    path = create(tmp_path / "disk.qcow2", SIZE)
    child = os.fork()
    if child == 0:
        try:
            write(open_qcow2(path), 0, b"x" * MIB)
            os.kill(os.getpid(), signal.SIGKILL)
        finally:
            os._exit(1)
    os.waitpid(child, 0)
    assert path.read_bytes()[79] & 1
    qemu("qemu-io", "-c", "read -P 0x78 0 1M", path)
    check_clean(path)
