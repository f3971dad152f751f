"""Random and hostile requests to a block device, compared with what its disk should hold.

KVMTOOL_FUZZ_SECONDS is the time for each image format, 5 unless it says otherwise. Requests that
are in flight together do not overlap, so that the outcome is known; what breaks the queue is
followed by a reset.
"""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
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
    WRITE_ZEROES,
    Disk,
    header,
    segment,
)
from driver.queue import INDIRECT, NEXT, WRITE, Descriptor, RingFull

SECONDS = float(os.environ.get("KVMTOOL_FUZZ_SECONDS", "5"))
SIZE = 2 << 20
SECTORS = SIZE // SECTOR
ODD_SECTORS = (SECTORS - 1, SECTORS, 1 << 32, 1 << 55, (1 << 64) - 1)


class Fuzzer:
    """A disk, what it should hold, and how often what was done."""

    def __init__(self, option: str, seed: int) -> None:
        self.numbers = random.Random(seed)
        numbers = self.numbers
        self.disk = Disk(option, io_uring=numbers.random() < 0.7, packed=numbers.random() < 0.5)
        self.expected = bytearray(SIZE)
        self.counts: Counter[str] = Counter()

    def restart(self) -> None:
        self.disk.restart(
            packed=self.numbers.random() < 0.5, queue_size=self.numbers.choice((8, 64, 256))
        )
        self.counts["resets"] += 1

    def pieces(self, data: bytes) -> list[bytes]:
        """`data` cut at up to three places."""
        cuts = sorted(self.numbers.sample(range(1, len(data)), min(3, len(data) - 1)))
        if self.numbers.random() < 0.6:
            cuts = cuts[:1]
        edges = [0, *cuts, len(data)]
        return [data[a:b] for a, b in pairwise(edges)]

    def batch(self) -> None:
        """Good requests, all in flight at once, one for each eighth of the disk."""
        waiting = []
        part = SECTORS // 8
        room = self.disk.started().driver.size
        for eighth in range(8):
            kind = self.numbers.choice((IN, IN, OUT, OUT, OUT, DISCARD, WRITE_ZEROES, FLUSH))
            count = self.numbers.choice((1, 2, 8, 100, part))
            sector = eighth * part + self.numbers.randrange(part - count + 1)
            start, end = sector * SECTOR, (sector + count) * SECTOR
            readable, writable, data = [header(kind, sector)], [1], b""
            if kind == OUT:
                data = self.numbers.randbytes(SECTOR) * count
                readable = self.pieces(header(kind, sector) + data)
            elif kind == IN:
                writable = [len(piece) for piece in self.pieces(bytes(count * SECTOR + 1))]
            elif kind in (DISCARD, WRITE_ZEROES):
                readable = self.pieces(header(kind) + segment(sector, count))
            room -= len(readable) + len(writable)
            if room < 0:
                break
            token = self.disk.submit_raw(readable, writable)
            waiting.append((token, kind, start, end, data))
        self.disk.wait(len(waiting))
        answers = [self.disk.answer(token) for token, *_ in waiting]
        self.disk.forget_buffers()
        for answer, (_, kind, start, end, data) in zip(answers, waiting, strict=True):
            assert answer.status == OK, (kind, start, end)
            self.counts[f"type {kind}"] += 1
            if kind == IN:
                assert answer.data == self.expected[start:end]
            elif kind == OUT:
                self.expected[start:end] = data
            elif kind == WRITE_ZEROES:
                self.expected[start:end] = bytes(end - start)
            elif kind == DISCARD:
                # What is read then is not said, only that it stays so.
                self.expected[start:end] = self.disk.read(start // SECTOR, end - start).data

    def bad_request(self) -> None:
        """A request in good form that asks for what cannot be."""
        kind = self.numbers.choice((IN, OUT, DISCARD, WRITE_ZEROES, GET_ID, 2, 14, 0xFFFFFFFF))
        sector = self.numbers.choice(ODD_SECTORS)
        size = self.numbers.choice((1, 15, 16, 17, 511, 513, 1024))
        data = self.numbers.randbytes(size)
        if kind in (DISCARD, WRITE_ZEROES) and size == 16:
            data = segment(sector, self.numbers.choice((2, 0xFFFFFFFF)))
        answer = self.disk.request(
            kind, sector, b"" if kind in (IN, GET_ID) else data, room=size if kind == IN else 0
        )
        self.disk.forget_buffers()
        assert answer.status != OK or kind == GET_ID
        assert kind != IN or answer.status == IOERR
        self.counts["bad requests"] += 1

    def bad_chain(self) -> None:
        """Descriptors of any kind; the queue may break."""
        numbers, disk = self.numbers, self.disk
        gpas = (0, 0xFFFF, 0x10000, 0x10000 + (16 << 20) - 8, 0x10000 + (16 << 20), (1 << 64) - 8)
        sizes = (0, 1, 15, 16, 17, 512, 513, 4096, 0xFFFFFFFF)
        descriptors = [
            Descriptor(
                # Not the rings, nor what the driver of the test uses.
                numbers.choice(gpas) if numbers.random() < 0.3 else disk.rig.ram.allocate(4096),
                numbers.choice(sizes),
                numbers.choice((0, WRITE, NEXT, INDIRECT, WRITE | INDIRECT)),
            )
            for _ in range(numbers.randrange(1, 5))
        ]
        # At most a good header of what changes nothing on the disk.
        gpa = disk.rig.ram.allocate(4096)
        disk.rig.ram.write(gpa, header(numbers.choice((IN, GET_ID, FLUSH))))
        descriptors[0] = descriptors[0]._replace(addr=gpa)
        with suppress(RingFull):
            disk.add_raw(descriptors)
        disk.started().kick()
        self.counts["bad chains"] += 1
        self.restart()


@pytest.mark.timeout(max(120, 4 * SECONDS + 60))
@pytest.mark.parametrize("format_", ["raw", "qcow2"])
def test_fuzz_blk_requests(tmp_path: Path, format_: str, tell: Callable[[str], None]) -> None:
    path = tmp_path / f"disk.{format_}"
    subprocess.run(
        ["qemu-img", "create", "-q", "-f", format_, path, str(SIZE)], check=True, timeout=30
    )
    seed = int(os.environ.get("KVMTOOL_FUZZ_SEED", "0")) or random.SystemRandom().getrandbits(32)
    fuzzer = Fuzzer(f"{path},format={format_},discard", seed)
    end = time.monotonic() + SECONDS
    try:
        while time.monotonic() < end:
            for _ in range(20):
                fuzzer.batch()
                fuzzer.bad_request()
            # The test's memory is given out anew.
            fuzzer.bad_chain()
        assert fuzzer.disk.read(0, SIZE) == (OK, bytes(fuzzer.expected))
    except BaseException:
        tell(f"KVMTOOL_FUZZ_SEED={seed}")
        raise
    finally:
        fuzzer.disk.close()
        counts = ", ".join(f"{count} {what}" for what, count in sorted(fuzzer.counts.items()))
        tell(f"blk on {format_}: {counts}")
    if format_ == "qcow2":
        subprocess.run(["qemu-img", "check", "-q", path], check=True, timeout=30)
