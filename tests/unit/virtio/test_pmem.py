"""Persistent memory (virtio 1.3, 5.19) and the mapping of its file."""

from __future__ import annotations

import ctypes
import mmap
import os
import stat
import struct
from pathlib import Path

import pytest

from driver.rig import Rig
from kvmtool.backends.disk import DiskOptions, open_disk
from kvmtool.errors import BadInput
from kvmtool.memory.file_region import FileRegion
from kvmtool.memory.mapping import MAP_FIXED, map_at
from kvmtool.uapi.linux import virtio_pmem
from kvmtool.virtio import catalog
from kvmtool.virtio.pmem import Pmem

FLUSH = struct.pack("<I", 0)
MIB = 1 << 20


def make(fd: int, *, read_only: bool = False) -> Rig:
    rig = Rig(Pmem(fd, start=1 << 32, size=2 * MIB, read_only=read_only))
    rig.negotiate()
    rig.start(0)
    return rig


def closed_fd() -> int:
    reading, writing = os.pipe()
    os.close(writing)
    return reading


def open_below(folder: Path) -> list[str]:
    """The files in `folder` that this process has open."""
    found = []
    for fd in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{fd}"))
        except FileNotFoundError:
            continue  # it was the directory's own
    return [path for path in found if path.startswith(str(folder))]


def test_pmem_config_space_is_the_place_and_size_as_the_kernel_lays_them_out() -> None:
    device = Pmem(0, start=0x1_2345_6789_0000, size=2 * MIB)
    config = virtio_pmem.virtio_pmem_config.from_buffer_copy(device.read_config(0, 16))
    assert (config.start, config.size) == (0x1_2345_6789_0000, 2 * MIB)
    device.start = 1 << 40
    assert device.read_config(0, 8) == (1 << 40).to_bytes(8, "little")


def test_pmem_flush_is_done(tmp_path: Path) -> None:
    fd = os.open(tmp_path / "image", os.O_RDWR | os.O_CREAT)
    rig = make(fd)
    assert rig.ask(0, (FLUSH,), (4,)) == struct.pack("<I", 0)
    rig.close()
    os.close(fd)


def test_pmem_flush_that_the_host_cannot_do_says_so() -> None:
    fd = closed_fd()  # a pipe cannot be flushed
    rig = make(fd)
    assert rig.ask(0, (FLUSH,), (4,)) == struct.pack("<I", 1)
    rig.close()
    os.close(fd)


def test_pmem_flush_of_read_only_memory_has_nothing_to_do() -> None:
    fd = closed_fd()
    rig = make(fd, read_only=True)
    assert rig.ask(0, (FLUSH,), (4,)) == struct.pack("<I", 0)
    rig.close()
    os.close(fd)


def test_pmem_request_of_unknown_type_fails() -> None:
    rig = make(-1)
    assert rig.ask(0, (struct.pack("<I", 7),), (4,)) == struct.pack("<I", 1)
    rig.close()


@pytest.mark.parametrize(("readable", "writable"), [((FLUSH[:3],), (4,)), ((FLUSH,), (3,))])
def test_pmem_request_that_is_too_short_breaks_the_queue(
    readable: tuple[bytes, ...], writable: tuple[int, ...]
) -> None:
    rig = make(-1)
    started = rig.started[0]
    started.driver.add(readable, writable)
    started.kick()
    rig.loop.settle()
    assert started.queue.broken
    rig.close()


def test_pmem_option_maps_the_file_read_only_unless_told_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(b"image" * 1000)
    for text, read_only in ((f"{path}", True), (f"{path},ro", True), (f"{path},rw", False)):
        device = Pmem.from_option(text)
        assert device.region is not None
        assert device.region.read_only is device.read_only is read_only
        assert device.size == device.region.slot_size == 2 * MIB
        assert device.descriptors() == (device.region.fd,)
        device.close()
    for text in ("", ",rw", f"{path},fast"):
        with pytest.raises(BadInput, match="persistent memory is PATH"):
            Pmem.from_option(text)


def test_pmem_file_has_one_writer_or_any_number_of_readers(tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(bytes(2 * MIB))
    writer = Pmem.from_option(f"{path},rw")
    for text in (f"{path}", f"{path},rw"):
        with pytest.raises(BadInput, match="another program"):
            Pmem.from_option(text)
    with pytest.raises(BadInput, match="another program"):
        open_disk(DiskOptions.parse(str(path)))
    writer.close()
    readers = [Pmem.from_option(str(path)) for _ in range(2)]
    with pytest.raises(BadInput, match="another program"):
        Pmem.from_option(f"{path},rw")
    for reader in readers:
        reader.close()
    assert not open_below(tmp_path)


def test_pmem_that_is_larger_than_its_file_is_said_to_lose_what_is_written_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "image"
    for size, text, warned in ((MIB, "rw", True), (MIB, "ro", False), (2 * MIB, "rw", False)):
        path.write_bytes(bytes(size))
        Pmem.from_option(f"{path},{text}").close()
        assert ("is lost" in capsys.readouterr().err) is warned


@pytest.mark.parametrize("size", [1, 4096, 5000, 2 * MIB, 2 * MIB + 1])
def test_file_region_has_the_file_and_then_zeros(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    (tmp_path / "image").write_bytes(data)
    region = FileRegion(str(tmp_path / "image"), read_only=True)
    assert region.file_size == size
    assert region.slot_size == (size + 2 * MIB - 1) // (2 * MIB) * 2 * MIB
    assert region.size == size - size % mmap.PAGESIZE
    assert region.hva % mmap.PAGESIZE == 0
    assert ctypes.string_at(region.hva, region.slot_size) == data.ljust(region.slot_size, b"\0")
    region.close()
    region.close()


def test_file_region_that_is_writable_changes_the_file_and_not_its_size(tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(bytes(5000))
    region = FileRegion(str(path), read_only=False)
    ctypes.memmove(region.hva + 4990, b"0123456789", 10)
    ctypes.memset(region.hva + region.slot_size - 1, 7, 1)
    region.close()
    assert path.read_bytes() == bytes(4990) + b"0123456789"


def test_file_region_maps_with_the_protection_that_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(b"x")
    for read_only, protection in ((True, "r--s"), (False, "rw-s")):
        region = FileRegion(str(path), read_only=read_only)
        with open("/proc/self/maps") as maps:
            lines = [line for line in maps if line.startswith(f"{region.hva:x}-")]
        assert [line.split()[1] for line in lines] == [protection]
        region.close()


def test_file_region_closed_in_a_forked_process_leaves_what_is_there_now(tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(b"x")
    region = FileRegion(str(path), read_only=False)
    anonymous = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_FIXED
    pid = os.fork()
    if pid == 0:
        try:
            map_at(region.hva, region.slot_size, mmap.PROT_READ, anonymous, -1)
            region.close()
            os._exit(ctypes.string_at(region.hva, 1) != b"\0")
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    region.close()


def test_file_region_refuses_what_is_no_file_or_is_empty(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "fifo")
    for name, message in (
        ("empty", "is empty"),
        ("fifo", "must be a regular file or a block device"),
        ("absent", "No such file"),
        ("", "must be a regular file or a block device"),
    ):
        with pytest.raises(BadInput, match=message):
            FileRegion(str(tmp_path / name), read_only=True)
        assert not open_below(tmp_path)


def test_file_region_of_a_file_that_cannot_be_written_is_refused_for_writing(
    tmp_path: Path,
) -> None:
    with pytest.raises(BadInput, match="cannot open"):
        FileRegion(str(tmp_path), read_only=False)
    assert stat.S_ISDIR(tmp_path.stat().st_mode)


def test_memory_that_another_program_serves_is_refused() -> None:
    assert catalog.drivers(["pmem"], "pci")[-1] == "nd_pmem"
    with pytest.raises(BadInput, match="use --pmem PATH"):
        catalog.external("pmem")
