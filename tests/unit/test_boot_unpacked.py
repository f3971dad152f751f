"""The cache of unpacked kernels: what is kept, found, noticed as damaged, and thrown away."""

from __future__ import annotations

import errno
import gzip
import os
import struct
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvmtool import cache, log
from kvmtool.boot import decompress, elf, unpacked
from kvmtool.boot.bzimage import BzImage
from kvmtool.boot.image import ImageFile, Segment
from kvmtool.errors import BadInput

BASE = 0x100000
TEXT = os.urandom(70_000) + bytes(300_000) + b"more text" * 1000
DATA = bytes(200_000) + b"data" + bytes(150_001)


def vmlinux(text: bytes = TEXT, data: bytes = DATA) -> bytes:
    """An ELF of two segments, the second with its .bss, and relocations after them."""
    segments = [(BASE, text, len(text)), (BASE + 0x100000, data, len(data) + 50_000)]
    header = b"\x7fELF\x02\x01\x01" + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, BASE + 16, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    offset = 64 + 2 * 56
    body = b""
    for gpa, content, size in segments:
        where = (offset + len(body), gpa, gpa, len(content), size)
        header += struct.pack("<IIQQQQQQ", 1, 7, *where, 4096)
        body += content
    return header + body + b"relocations"


def bzimage(content: bytes, init_size: int = 16 << 20) -> bytes:
    payload = gzip.compress(content, 1, mtime=0)
    code = bytes(0x400) + payload
    code += bytes(-len(code) % 16)
    setup = bytearray(1024)
    setup[0x1F1] = 1
    struct.pack_into("<I", setup, 0x1F4, len(code) // 16)
    struct.pack_into("<HH4sH", setup, 0x1FE, 0xAA55, 0x6AEB, b"HdrS", 0x20F)
    setup[0x211] = 1
    struct.pack_into("<II", setup, 0x248, 0x400, len(payload))
    struct.pack_into("<QI", setup, 0x258, BASE, init_size)
    return bytes(setup) + code


class Ram:
    def __init__(self) -> None:
        self.content = bytearray(4 << 20)

    def view(self, gpa: int, size: int) -> memoryview:
        return memoryview(self.content)[gpa : gpa + size]

    def fill(self, gpa: int, size: int, fd: int, offset: int) -> int:
        return os.preadv(fd, [self.view(gpa, size)], offset)

    def write(self, gpa: int, data: bytes | memoryview) -> None:
        self.content[gpa : gpa + len(data)] = data


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KVMTOOL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "unpacked"


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Counts how often something is unpacked and hashed."""
    count = {"unpack": 0, "hash": 0}

    def count_unpack(data: bytes, limit: int, name: str) -> bytes:
        count["unpack"] += 1
        return decompress.decompress(data, limit, name)

    real_hash = unpacked._hash

    def count_hash(payload: bytes) -> str:
        count["hash"] += 1
        return real_hash(payload)

    monkeypatch.setattr(unpacked, "decompress", count_unpack)
    monkeypatch.setattr(unpacked, "_hash", count_hash)
    return count


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "bzImage", vmlinux())


def write(path: Path, content: bytes, init_size: int = 16 << 20) -> Path:
    path.write_bytes(bzimage(content, init_size))
    return path


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files written just now count as written long ago."""
    monkeypatch.setattr(unpacked, "_RACY_NS", -(10**12))


def loaded(path: Path) -> bytes:
    """Return the RAM after unpacking and loading the bzImage."""
    with ImageFile(str(path)) as file:
        image = unpacked.unpack(BzImage(file))
    ram = Ram()
    image.load(ram)
    assert image.entry == BASE + 16
    assert image.end == BASE + 0x100000 + len(DATA) + 50_000
    image.close()
    return bytes(ram.content)


def expected(content: bytes, path: Path) -> bytes:
    """Return the RAM after loading the ELF itself."""
    path.write_bytes(content)
    ram = Ram()
    with ImageFile(str(path)) as file:
        elf.parse(file).load(ram)
    return bytes(ram.content)


def test_unpacked_kernel_is_in_ram_as_the_elf_itself_would_be(
    path: Path, tmp_path: Path, home: Path
) -> None:
    reference = expected(vmlinux(), tmp_path / "vmlinux")
    assert loaded(path) == reference
    assert loaded(path) == reference
    (entry,) = home.glob("*.kernel")
    assert entry.stat().st_size < 300_000, "long runs of zeros are stored"


def test_unchanged_kernel_is_neither_unpacked_nor_hashed_again(
    path: Path, counted: dict[str, int], settled: None
) -> None:
    first = loaded(path)
    assert loaded(path) == first
    assert counted == {"unpack": 1, "hash": 1}


def test_same_content_under_another_name_is_hashed_only(
    path: Path, tmp_path: Path, counted: dict[str, int], settled: None
) -> None:
    loaded(path)
    loaded(write(tmp_path / "other", vmlinux()))
    assert counted == {"unpack": 1, "hash": 2}


def test_kernel_written_a_moment_ago_is_not_trusted_to_be_unchanged(
    path: Path, counted: dict[str, int]
) -> None:
    loaded(path)
    loaded(path)
    assert counted == {"unpack": 1, "hash": 2}


def test_rebuilt_kernel_of_the_same_size_is_unpacked(
    path: Path, tmp_path: Path, counted: dict[str, int], settled: None
) -> None:
    loaded(path)
    content = vmlinux(TEXT[:-1] + b"!")
    write(path, content)
    assert loaded(path) == expected(content, tmp_path / "vmlinux")
    assert counted["unpack"] == 2


@pytest.mark.parametrize("damage", ["truncated", "zeros", "header", "emptied"])
def test_damaged_entry_is_made_again(
    path: Path, home: Path, counted: dict[str, int], settled: None, damage: str
) -> None:
    reference = loaded(path)
    (entry,) = home.glob("*.kernel")
    content = bytearray(entry.read_bytes())
    if damage == "truncated":
        del content[-1:]
    elif damage == "zeros":
        content[4096:] = bytes(len(content) - 4096)
    elif damage == "header":
        content[70] ^= 1
    else:
        content.clear()
    entry.write_bytes(content)
    assert loaded(path) == reference
    assert counted["unpack"] == 2
    assert loaded(path) == reference
    assert counted["unpack"] == 2


def test_damaged_index_costs_a_hash_only(
    path: Path, home: Path, counted: dict[str, int], settled: None
) -> None:
    loaded(path)
    (home / "index").write_bytes(b"\xff\0 rubbish\n../../etc/passwd 1 2 3 /\n\n")
    loaded(path)
    assert counted == {"unpack": 1, "hash": 2}


def full_disk(path: str, content: bytes) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def read_only(*parts: str) -> str:
    raise PermissionError(errno.EACCES, "Permission denied")


def test_full_disk_is_a_warning_and_the_kernel_loads(
    path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    home: Path,
) -> None:
    monkeypatch.setattr(cache, "publish", full_disk)
    assert loaded(path) == expected(vmlinux(), tmp_path / "vmlinux")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(f"cannot keep the unpacked kernel in {home}: No space left on device")


def test_unusable_cache_directory_is_no_trouble(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cache, "cache_dir", read_only)
    assert loaded(path) == expected(vmlinux(), tmp_path / "vmlinux")
    assert capsys.readouterr().err == ""


def test_cache_in_a_place_that_is_a_file_is_no_trouble(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("KVMTOOL_CACHE", str(tmp_path / "file"))
    assert loaded(path) == expected(vmlinux(), tmp_path / "vmlinux")


def test_only_the_most_recently_used_kernels_are_kept(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, settled: None
) -> None:
    monkeypatch.setattr(unpacked, "KEPT", 3)
    home.mkdir(parents=True)
    draft = home / "0123.kernel.99"
    draft.touch()
    os.utime(draft, (0, 0))
    paths = []
    for count in range(5):
        paths.append(write(tmp_path / f"bzImage{count}", vmlinux(TEXT + b"%d" % count)))
        with ImageFile(str(paths[-1])) as file:
            unpacked.unpack(BzImage(file)).close()
        with ImageFile(str(paths[0])) as file:
            unpacked.unpack(BzImage(file)).close()
    kept = list(home.glob("*.kernel"))
    assert len(kept) == 3
    with ImageFile(str(paths[0])) as file:
        key = unpacked._hash(BzImage(file).payload())
    assert home / f"{key}.kernel" in kept
    assert not draft.exists()


def test_index_has_one_line_for_each_path(path: Path, home: Path, settled: None) -> None:
    for count in range(3):
        write(path, vmlinux(TEXT + b"%d" % count))
        with ImageFile(str(path)) as file:
            unpacked.unpack(BzImage(file)).close()
    assert len((home / "index").read_bytes().splitlines()) == 1


def test_payload_that_is_not_a_kernel_is_refused_and_not_kept(tmp_path: Path, home: Path) -> None:
    path = write(tmp_path / "bzImage", b"not an ELF file")
    with pytest.raises(BadInput, match="payload that is not an ELF kernel"):
        loaded(path)
    assert not list(home.glob("*.kernel"))


def test_truncated_elf_in_a_payload_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "bzImage", vmlinux()[:-1000])
    with pytest.raises(BadInput, match=r"the kernel in .* is truncated: segment 1"):
        loaded(path)


def test_payload_larger_than_the_kernel_declares_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "bzImage", vmlinux(), init_size=100_000)
    with pytest.raises(BadInput, match="more than 100000 bytes unpacked"):
        loaded(path)


def test_pvh_entry_and_width_survive_in_the_cache(
    path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elf, "_pvh_entry", lambda source, headers: BASE + 32)
    with ImageFile(str(path)) as file:
        unpacked.unpack(BzImage(file)).close()
    monkeypatch.setattr(elf, "_pvh_entry", lambda source, headers: None)
    with ImageFile(str(path)) as file:
        image = unpacked.unpack(BzImage(file))
    assert image.pvh_entry == BASE + 32
    assert image.is_64bit
    image.close()


def test_cache_says_at_debug_level_what_it_did(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "_level", log.LEVELS.index("debug"))
    loaded(path)
    assert "unpacked " in capsys.readouterr().err


@settings(max_examples=60, deadline=None)
@given(
    runs=st.lists(st.tuples(st.booleans(), st.integers(1, 200_000)), min_size=1, max_size=6),
    bss=st.integers(0, 100_000),
)
def test_any_pattern_of_zeros_is_restored(runs: list[tuple[bool, int]], bss: int) -> None:
    content = b"".join((b"\xa5" if full else b"\0") * size for full, size in runs)
    segment = Segment(7, BASE, len(content), len(content) + bss)
    parts = unpacked._non_zero(bytes(7) + content, segment)
    ram = bytearray(len(content) + bss)
    for part in parts:
        where = part.gpa - BASE
        start = part.file_offset - 7
        ram[where : where + part.file_size] = content[start : start + part.file_size]
    assert bytes(ram) == content + bytes(bss)
    assert parts[0].gpa == BASE
    assert parts[-1].end == segment.end
    assert all(a.end == b.gpa for a, b in pairwise(parts))
