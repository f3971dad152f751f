"""Images made and judged by QEMU's tools, and I/O the way a device does it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from kvmtool.backends.disk import DATA, SLOW, ZERO, DiskOptions, open_disk
from kvmtool.backends.qcow2 import Qcow2Image

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.backends.disk import DiskImage

# Where fdatasync costs nothing.
FAST = "/dev/shm" if os.path.isdir("/dev/shm") else None
KIB, MIB = 1 << 10, 1 << 20


def qemu(*arguments: str | Path, status: int = 0) -> str:
    """Run a command of QEMU's; it has to end with `status`. Returns its output."""
    done = subprocess.run(
        [str(argument) for argument in arguments], capture_output=True, text=True, timeout=100
    )
    assert done.returncode == status, f"{arguments}: {done.returncode} {done.stdout}{done.stderr}"
    return done.stdout


def create(path: Path, size: int, options: str = "", *more: str | Path) -> Path:
    """An image of `size` bytes by qemu-img."""
    chosen = ["-o", options] if options else []
    qemu("qemu-img", "create", "-q", "-f", "qcow2", *chosen, *more, path, str(size))
    return path


def contents(path: Path, tmp_path: Path, *options: str) -> bytes:
    """What qemu-img reads from an image."""
    raw = tmp_path / "contents.raw"
    qemu("qemu-img", "convert", "-O", "raw", *options, path, raw)
    return raw.read_bytes()


def check_clean(path: Path) -> None:
    """Fails unless qemu-img finds neither errors nor leaks."""
    qemu("qemu-img", "check", path)


def check_leaks_only(path: Path) -> bool:
    """Whether qemu-img finds leaks. Fails if it finds errors."""
    done = subprocess.run(["qemu-img", "check", path], capture_output=True, text=True)
    assert done.returncode in (0, 3), done.stdout + done.stderr
    return done.returncode == 3


def open_image(path: Path, options: str = "discard") -> DiskImage:
    return open_disk(DiskOptions.parse(f"{path},{options}" if options else str(path)))


def open_qcow2(path: Path, options: str = "discard") -> Qcow2Image:
    image = open_image(path, options)
    assert isinstance(image, Qcow2Image)
    return image


def write(image: DiskImage, offset: int, data: bytes) -> None:
    """One write request."""
    plan = image.map_write(offset, len(data))
    at = 0
    for length, place in plan.extents:
        assert os.pwrite(image.data_fd, data[at : at + length], place) == length
        at += length
    assert at == len(data)
    if plan.allocation is not None:
        plan.allocation.written()
        plan.allocation.commit()


def read(image: DiskImage, offset: int, length: int) -> bytes:
    """One read request."""
    data = bytearray()
    for part, kind, fd, place in image.map_read(offset, length):
        if kind == DATA:
            there = os.pread(fd, part, place)
            data += there + bytes(part - len(there))
        elif kind == ZERO:
            data += bytes(part)
        else:
            assert kind == SLOW
            data += image.read_slow(place, part)
    assert len(data) == length
    return bytes(data)


def read_fast(image: DiskImage, offset: int) -> bytes | None:
    """512 bytes at `offset` over the fast path; None if it does not have them."""
    guest = offset >> image.cluster_bits
    table = image.l2_table(guest >> image.table_bits)
    place = table[guest & ((1 << image.table_bits) - 1)] if table is not None else 0
    if not place:
        return None
    return os.pread(image.data_fd, 512, place + offset % (1 << image.cluster_bits))
