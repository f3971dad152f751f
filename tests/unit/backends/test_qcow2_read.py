"""Images that qemu-img makes, read by us."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from disk_images import KIB, MIB, contents, create, open_image, open_qcow2, qemu, read, read_fast
from kvmtool.backends.disk import SLOW, ZERO
from kvmtool.errors import BadInput


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """5 MiB and a bit of text, noise and zeros, of which a part compresses."""
    source = random.Random(3)
    path = tmp_path / "source.raw"
    parts = [source.randbytes(700 * KIB), bytes(MIB), b"the guest " * 200_000]
    data = b"".join(parts) + source.randbytes(300_000)
    path.write_bytes(data + bytes(-len(data) % 512))
    return path


@pytest.mark.parametrize("mode", ["", "ro"])
@pytest.mark.parametrize(
    ("options", "compressed"),
    [
        ("compat=0.10", False),
        ("compat=1.1", False),
        ("compat=0.10", True),
        ("compat=1.1", True),
        ("compression_type=zstd", True),
        ("compression_type=zstd,cluster_size=2M", True),
        ("cluster_size=512", True),
        ("cluster_size=4096,refcount_bits=1", False),
        ("cluster_size=2M,refcount_bits=64", True),
        ("preallocation=metadata", False),
        ("preallocation=falloc", False),
        ("preallocation=full", False),
        ("lazy_refcounts=on", False),
    ],
)
def test_a_converted_image_reads_as_its_source(
    raw: Path, tmp_path: Path, options: str, compressed: bool, mode: str
) -> None:
    path = tmp_path / "disk.qcow2"
    flags = ["-c"] if compressed else []
    qemu("qemu-img", "convert", "-O", "qcow2", *flags, "-o", options, raw, path)
    image = open_image(path, mode)
    data = raw.read_bytes()
    assert image.size == len(data)
    assert read(image, 0, image.size) == data
    assert image.read_slow(0, image.size) == data
    for offset in range(0, image.size, 512 * 333):
        fast = read_fast(image, offset)
        assert fast is None or fast == data[offset : offset + 512]
        length = min(3000, image.size - offset)
        assert read(image, offset, length) == data[offset : offset + length]
    image.close()
    qemu("qemu-img", "check", path)
    assert contents(path, tmp_path) == data


def test_plain_clusters_are_all_on_the_fast_path(raw: Path, tmp_path: Path) -> None:
    path = tmp_path / "disk.qcow2"
    qemu("qemu-img", "convert", "-O", "qcow2", "-S", "0", raw, path)
    image = open_image(path)
    for offset in range(0, image.size, 64 * KIB):
        assert read_fast(image, offset) is not None
    image.close()


def test_an_empty_image_is_one_extent_of_zeros(tmp_path: Path) -> None:
    image = open_image(create(tmp_path / "disk.qcow2", 10 << 30))
    assert image.l2_table(0) is None
    assert image.map_read(0, 10 << 30) == [(10 << 30, ZERO, -1, 0)]
    image.close()


def test_neighbouring_clusters_are_one_extent(tmp_path: Path) -> None:
    path = create(tmp_path / "disk.qcow2", 8 * MIB, "preallocation=full")
    image = open_image(path)
    assert len(image.map_read(0, 8 * MIB)) == 1
    assert len(image.map_write(0, 8 * MIB).extents) == 1
    image.close()


def test_compressed_clusters_are_asked_for_slowly(tmp_path: Path) -> None:
    raw = tmp_path / "text.raw"
    raw.write_bytes(b"text" * (32 * KIB))
    path = tmp_path / "disk.qcow2"
    qemu("qemu-img", "convert", "-O", "qcow2", "-c", raw, path)
    image = open_image(path, "ro")
    assert image.map_read(512, 1024) == [(1024, SLOW, -1, 512)]
    assert image.read_slow(512, 1024) == b"text" * 256
    image.close()


# --- backing files -----------------------------------------------------------------------------


def test_a_chain_reads_through_and_a_short_base_reads_zeros(tmp_path: Path) -> None:
    base = tmp_path / "base.raw"
    data = os.urandom(3 * MIB + 1000)
    base.write_bytes(data)
    os.mkdir(tmp_path / "sub")
    middle = tmp_path / "sub" / "middle.qcow2"
    qemu("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", "../base.raw", middle, "4M")
    qemu("qemu-io", "-c", "write -P 7 100k 200k", "-c", "write -z 1M 128k", middle)
    top = tmp_path / "top.qcow2"
    qemu("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", "sub/middle.qcow2",
         "-o", "cluster_size=4096", top, "5M")  # fmt: skip
    qemu("qemu-io", "-c", "write -P 9 150k 10k", top)
    expected = contents(top, tmp_path)
    assert expected[3 * MIB : 3 * MIB + 1000] == data[-1000:]
    for options in ("ro", ""):
        image = open_image(top, options)
        assert image.size == 5 * MIB
        assert read(image, 0, image.size) == expected
        assert image.read_slow(0, image.size) == expected
        image.close()


def test_a_base_can_be_shared_by_overlays_but_not_written(tmp_path: Path) -> None:
    base = create(tmp_path / "base.qcow2", MIB)
    overlays = []
    for name in ("a.qcow2", "b.qcow2"):
        path = create(tmp_path / name, MIB, "", "-F", "qcow2", "-b", base)
        overlays.append(open_image(path))
    with pytest.raises(BadInput, match="another program"):
        open_image(base)
    open_image(base, "ro").close()
    for image in overlays:
        image.close()
    open_image(base).close()


def test_a_base_without_a_format_is_refused_unless_the_user_names_it(tmp_path: Path) -> None:
    base = tmp_path / "base.raw"
    base.write_bytes(b"base" * 1024)
    path = create(tmp_path / "disk.qcow2", 4096, "compat=0.10", "-F", "raw", "-b", base)
    data = bytearray(path.read_bytes())
    at = data.index(bytes.fromhex("e2792aca"))
    data[at : at + 4] = b"\0\0\0\0"  # the end of the extensions
    path.write_bytes(data)
    with pytest.raises(BadInput, match="qemu-img rebase"):
        open_image(path)
    image = open_image(path, "backing-format=raw")
    assert read(image, 0, 4096) == b"base" * 1024
    image.close()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("json:{}", "not a path"),
        ("nbd://host/x", "not a path"),
        ("none.raw", "No such file"),
        ("disk.qcow2", "of itself"),
        ("/dev/zero", "special file"),
    ],
)
def test_a_base_that_cannot_be_used_is_an_error(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / "disk.qcow2"
    qemu("qemu-img", "create", "-q", "-u", "-f", "qcow2", "-F", "qcow2", "-b", name, path, "1M")
    with pytest.raises(BadInput, match=text) as error:
        open_image(path)
    assert "\n" not in str(error.value)


def test_a_chain_without_end_is_refused(tmp_path: Path) -> None:
    for name, base in (("a", "b"), ("b", "a")):
        path = tmp_path / f"{name}.qcow2"
        qemu("qemu-img", "create", "-q", "-u", "-f", "qcow2", "-F", "qcow2",
             "-b", f"{base}.qcow2", path, "1M")  # fmt: skip
    with pytest.raises(BadInput, match="of itself"):
        open_image(tmp_path / "a.qcow2")


# --- headers -----------------------------------------------------------------------------------


def patched(path: Path, offset: int, value: int, size: int) -> Path:
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(value.to_bytes(size, "big"))
    return path


@pytest.mark.parametrize(
    ("offset", "size", "value", "text"),
    [
        (4, 4, 4, "version"),
        (20, 4, 8, "cluster_bits"),
        (20, 4, 22, "cluster_bits"),
        (24, 8, 1 << 63, "too large"),
        (24, 8, 1 << 40, "L1 table"),
        (32, 4, 1, "AES"),
        (32, 4, 2, "LUKS"),
        (36, 4, 0xFFFFFFFF, "L1 table"),
        (40, 8, 0x12345, "L1 table"),
        (40, 8, 1 << 40, "cut off"),
        (48, 8, 0, "refcount table"),
        (56, 4, 0, "refcount table"),
        (56, 4, 0xFFFFFFFF, "refcount table"),
        (60, 4, 0xFFFFFFFF, "snapshots"),
        (72, 8, 4, "external data file"),
        (72, 8, 16, "extended L2"),
        (72, 8, 1 << 40, "feature 40"),
        (72, 8, 8, "compression type"),
        (72, 8, 2, "corrupt"),
        (96, 4, 7, "refcount_order"),
        (100, 4, 96, "header_length"),
        (100, 4, 105, "header_length"),
        (104, 1, 1, "compression type"),
    ],
)
def test_a_header_that_cannot_be_is_refused_with_its_reason(
    tmp_path: Path, offset: int, size: int, value: int, text: str
) -> None:
    path = patched(create(tmp_path / "disk.qcow2", 10 * MIB), offset, value, size)
    with pytest.raises(BadInput, match=text) as error:
        open_and_start(path)
    assert "\n" not in str(error.value)


def open_and_start(path: Path) -> None:
    image = open_image(path)
    try:
        image.start()
    finally:
        image.close()


def test_unknown_features_that_may_be_ignored_are(tmp_path: Path) -> None:
    path = patched(create(tmp_path / "disk.qcow2", MIB), 80, 1 << 50, 8)
    patched(path, 88, 1 << 50 | 1, 8)
    image = open_image(path, "ro")
    image.start()
    image.close()
    assert path.read_bytes()[88:96] != bytes(8)
    image = open_image(path)
    image.start()
    image.close()
    assert path.read_bytes()[88:96] == bytes(8)  # as a writer has to
    assert path.read_bytes()[80:88] == (1 << 50).to_bytes(8, "big")


def test_a_corrupt_image_can_be_read_only(tmp_path: Path) -> None:
    path = patched(create(tmp_path / "disk.qcow2", MIB), 72, 2, 8)
    image = open_qcow2(path, "ro")
    assert read(image, 0, 512) == bytes(512)
    image.close()
