"""Damaged images: whatever their bytes, they are refused, fail or work, in bounded time and memory.

KVMTOOL_FUZZ_SECONDS is how long it goes on, 20 unless it says otherwise, and KVMTOOL_FUZZ_SEED the
number of the first image.
"""

from __future__ import annotations

import os
import random
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from disk_images import KIB, MIB, create, open_image, qemu, read, read_fast, write
from kvmtool.errors import BadInput

SECONDS = float(os.environ.get("KVMTOOL_FUZZ_SECONDS", "20"))
SIZE = MIB
LONGEST_S = 5.0
MOST_MEMORY = 1 << 30

FIELDS = ((4, 4), (8, 8), (16, 4), (20, 4), (24, 8), (32, 4), (36, 4), (40, 8), (48, 8), (56, 4),
          (60, 4), (64, 8), (72, 8), (80, 8), (88, 8), (96, 4), (100, 4), (104, 1))  # fmt: skip
VALUES = (0, 1, 2, 3, 7, 9, 16, 21, 0x100, 0xFFFF, 1 << 16, 3 << 16, 1 << 20, 1 << 30, 1 << 40,
          1 << 55, 1 << 62, 1 << 63, (1 << 63) + (1 << 16), (1 << 62) + 5, 2**64 - 1)  # fmt: skip


@pytest.fixture(scope="module")
def seeds() -> list[bytes]:
    images = []
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        raw = directory / "raw"
        raw.write_bytes(
            b"some text " * 30_000 + random.Random(1).randbytes(200 * KIB) + bytes(300 * KIB)
        )
        for number, (options, flags) in enumerate(
            (
                ("compat=1.1", []),
                ("compat=0.10,cluster_size=4096", ["-c"]),
                ("compat=1.1,cluster_size=512", []),
                ("compression_type=zstd,cluster_size=4096", ["-c"]),
                ("refcount_bits=1,cluster_size=4096", []),
                ("refcount_bits=64,cluster_size=8192", []),
            )
        ):
            path = directory / f"{number}.qcow2"
            qemu("qemu-img", "convert", *flags, "-O", "qcow2", "-o", options, raw, path)
            if "refcount_bits=1," not in options:
                qemu("qemu-img", "snapshot", "-c", "one", path)
            qemu("qemu-io", "-c", "write -P 5 100k 30k", path)
            images.append(path.read_bytes())
        images.append(create(directory / "empty.qcow2", SIZE).read_bytes())
    return images


def damaged(image: bytes, chance: random.Random) -> bytes:
    data = bytearray(image)
    bits = int.from_bytes(image[20:24], "big")
    tables = [int.from_bytes(image[at : at + 8], "big") for at in (40, 48, 64)]
    l1 = tables[0]
    tables += [int.from_bytes(image[l1 + i * 8 : l1 + i * 8 + 8], "big") for i in range(2)]
    tables = [offset & (1 << 56) - 512 for offset in tables]
    for _ in range(chance.choice([1, 1, 2, 4, 30])):
        kind = chance.random()
        if kind < 0.4:
            at, size = chance.choice(FIELDS)
            value = chance.choice(VALUES)
        elif kind < 0.8:
            at = chance.choice(tables) + 8 * chance.randrange(64)
            size = chance.choice([2, 8])
            value = chance.choice(
                [chance.choice(VALUES), chance.randrange(40) << bits | chance.choice([0, 1 << 63])]
            )
        else:
            at, size, value = chance.randrange(len(data)), 1, chance.randrange(256)
        if at + size <= len(data):
            data[at : at + size] = (value & ((1 << 8 * size) - 1)).to_bytes(size, "big")
    if chance.random() < 0.2:
        del data[chance.randrange(len(data)) :]
    return bytes(data)


def use(path: Path, chance: random.Random) -> bool:
    """Do a little of everything; whether it worked without an error."""
    fine = True
    try:
        image = open_image(path, chance.choice(["", "ro", "discard"]))
    except (BadInput, OSError):
        return False
    try:
        image.start()
        size = min(image.size, 4 * MIB)
        for _ in range(8):
            offset = chance.randrange(size + 1) & ~511
            length = min(chance.choice([512, 4096, 70_000]), image.size - offset)
            call = chance.randrange(5)
            try:
                if call == 0:
                    read(image, offset, length)
                    if length:
                        read_fast(image, offset)
                elif image.read_only:
                    continue
                elif call == 1:
                    write(image, offset, bytes(length))
                elif call == 2:
                    image.discard(offset, length)
                elif call == 3:
                    image.write_zeroes(offset, length, True)
                else:
                    image.release_quarantine()
                    image.flush()
            except OSError:
                fine = False
    except (BadInput, OSError):
        fine = False
    try:
        image.close()
    except OSError:
        fine = False
    return fine


@pytest.mark.timeout(max(120, 4 * SECONDS + 60))
def test_damaged_images_raise_nothing_unexpected(
    seeds: list[bytes], tell: Callable[[str], None]
) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    worked = 0
    slowest = 0.0
    end = time.monotonic() + SECONDS
    first = int(os.environ.get("KVMTOOL_FUZZ_SEED", "0")) or random.SystemRandom().getrandbits(32)
    done = 0
    directory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(dir=directory) as name:
        path = Path(name) / "disk.qcow2"
        while time.monotonic() < end:
            number = first + done
            chance = random.Random(number)
            data = damaged(chance.choice(seeds), chance)
            path.write_bytes(data)
            begin = time.monotonic()
            try:
                worked += use(path, chance)
            except BaseException as failure:
                failure.add_note(f"KVMTOOL_FUZZ_SEED={number}")
                raise
            taken = time.monotonic() - begin
            assert taken < LONGEST_S, f"image {number} took {taken:.1f} s"
            slowest = max(slowest, taken)
            done += 1
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10) - before
    tell(
        f"qcow2: images {first} to {first + done}, {worked} of {done} without an error,"
        f" slowest {slowest:.2f} s, grown {grown} bytes"
    )
    assert 0 < worked < done
    assert grown < MOST_MEMORY
