from __future__ import annotations

import errno
import fcntl
import os
import subprocess
from pathlib import Path

import pytest

from disk_images import KIB, MIB, create, open_image, qemu, read, write
from kvmtool.backends import host_file
from kvmtool.backends.disk import DATA, DiskOptions, open_disk
from kvmtool.backends.raw import RawImage
from kvmtool.errors import BadInput


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    path = tmp_path / "disk.img"
    path.write_bytes(os.urandom(MIB))
    return path


def test_a_raw_image_is_its_file(raw: Path) -> None:
    image = open_image(raw)
    assert (image.size, image.cluster_bits, image.l2_table(0)) == (MIB, 0, None)
    assert image.map_read(4096, 8192) == [(8192, DATA, image.data_fd, 4096)]
    plan = image.map_write(512, 1024)
    assert plan.extents == [(1024, 512)]
    assert plan.allocation is None
    write(image, 512, b"x" * 1024)
    image.flush()
    assert raw.read_bytes()[512:1536] == b"x" * 1024 == read(image, 512, 1024)
    image.close()
    image.close()


def test_a_range_past_the_end_is_refused(raw: Path) -> None:
    image = open_image(raw)
    for offset, length in ((MIB, 1), (-1, 1), (0, MIB + 1), (0, -1)):
        with pytest.raises(ValueError, match="not within"):
            image.map_read(offset, length)
        with pytest.raises(ValueError, match="not within"):
            image.map_write(offset, length)
    image.close()


def test_discard_that_a_block_device_does_not_know_does_nothing(
    raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = errno.EOPNOTSUPP

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "ioctl", fail)
    with raw.open("rb") as file:
        assert not host_file.discard_blocks(file.fileno(), 0, 512)
        number = errno.EIO
        with pytest.raises(OSError, match=os.strerror(number)):
            host_file.discard_blocks(file.fileno(), 0, 512)


def test_discarded_space_is_given_back_and_reads_as_zeros(raw: Path) -> None:
    image = open_image(raw)
    before = os.stat(raw).st_blocks
    image.discard(64 * KIB, 512 * KIB)
    assert os.stat(raw).st_blocks < before
    assert read(image, 64 * KIB, 512 * KIB) == bytes(512 * KIB)
    assert os.stat(raw).st_size == MIB
    image.close()


@pytest.mark.parametrize("unmap", [False, True])
def test_zeroes_are_written_and_nothing_else(raw: Path, unmap: bool) -> None:
    before = raw.read_bytes()
    image = open_image(raw)
    image.write_zeroes(512, 70_000, unmap)
    image.close()
    assert raw.read_bytes() == before[:512] + bytes(70_000) + before[70_512:]


def test_a_tail_that_is_no_block_is_left_out_and_said(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "odd.img"
    path.write_bytes(bytes(1300))
    image = open_image(path)
    assert image.size == 1024
    assert "276 bytes" in capfd.readouterr().err
    image.close()


def test_direct_io_says_what_alignment_it_needs(raw: Path) -> None:
    image = open_image(raw, "direct")
    assert image.alignment in (512, 4096)
    assert image.block_size == max(512, image.alignment)
    image.write_zeroes(4096, 4096, unmap=False)
    assert image.read_slow(4096, 100) == bytes(100)
    image.close()


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    (tmp_path / "empty").touch()
    for path, text in (
        (fifo, "special file"),
        (tmp_path, "directory"),
        (tmp_path / "none", "No such file"),
        (Path("/dev/null"), "special file"),
        (tmp_path / "empty", "has 0 bytes"),
    ):
        with pytest.raises(BadInput, match=text) as error:
            open_disk(DiskOptions(str(path), read_only=path == tmp_path))
        assert "\n" not in str(error.value)


# --- formats ---------------------------------------------------------------------------------


def test_a_raw_name_with_a_qcow2_header_is_refused_unless_a_format_is_named(tmp_path: Path) -> None:
    path = create(tmp_path / "disk.img", MIB)
    with pytest.raises(BadInput, match=r"format=qcow2.*format=raw"):
        open_image(path)
    image = open_image(path, "format=raw")
    assert isinstance(image, RawImage)
    image.close()
    image = open_image(path, "format=qcow2")
    assert image.size == MIB
    assert image.cluster_bits == 16
    image.close()


def test_a_qcow2_name_without_a_header_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "disk.qcow2"
    path.write_bytes(bytes(MIB))
    with pytest.raises(BadInput, match="magic"):
        open_image(path)


# --- locks -----------------------------------------------------------------------------------


def test_a_writer_keeps_others_out(raw: Path) -> None:
    image = open_image(raw)
    for options in ("", "ro"):
        with pytest.raises(BadInput, match="another program"):
            open_image(raw, options)
    image.close()
    open_image(raw).close()


def test_readers_share_and_keep_writers_out(raw: Path) -> None:
    first, second = open_image(raw, "ro"), open_image(raw, "ro")
    with pytest.raises(BadInput, match="another program"):
        open_image(raw)
    first.close()
    second.close()


def test_qemu_sees_our_lock(raw: Path) -> None:
    image = open_image(raw)
    qemu("qemu-io", "-f", "raw", "-c", "read 0 512", raw, status=1)
    image.close()
    image = open_image(raw, "ro")
    qemu("qemu-io", "-f", "raw", "-r", "-c", "read 0 512", raw)
    qemu("qemu-io", "-f", "raw", "-c", "write 0 512", raw, status=1)
    image.close()
    qemu("qemu-io", "-f", "raw", "-c", "write 0 512", raw)


def test_we_see_the_lock_of_qemu(raw: Path) -> None:
    command = ["qemu-io", "-f", "raw", str(raw)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdin.write(b"read 0 512\n")
        holder.stdin.flush()
        assert b"read 512/512" in holder.stdout.readline() + holder.stdout.readline()
        for options in ("", "ro"):
            with pytest.raises(BadInput, match="another program"):
                open_image(raw, options)
        holder.stdin.write(b"quit\n")
        holder.stdin.close()
        holder.wait()
    open_image(raw).close()
