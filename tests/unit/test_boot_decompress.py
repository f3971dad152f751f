"""Each compression that a kernel's payload can have, by libraries and by Kbuild's real tools."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable

import lz4.block  # type: ignore[import-untyped]  # lz4 ships no types
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from lzallright import LZOCompressor

from kvmtool.boot.decompress import MAGICS, compression_of, decompress
from kvmtool.errors import BadInput

LIMIT = 64 << 20
CONTENT = random.Random(1).randbytes(40_000) + b"kernel text " * 100_000 + bytes(10_000)


def sized(stream: bytes, content: bytes) -> bytes:
    """Append the unpacked size, as Kbuild's size_append does."""
    return stream + struct.pack("<I", len(content))


def lz4_legacy(content: bytes) -> bytes:
    stream = bytearray(MAGICS["lz4"])
    for start in range(0, len(content), 8 << 20):
        block = lz4.block.compress(content[start : start + (8 << 20)], store_size=False)
        stream += struct.pack("<I", len(block)) + block
    return bytes(stream)


def lzop(content: bytes, flags: int = 0x3) -> bytes:
    header = struct.pack(">HHHBBIIIIB", 0x1040, 0x20A0, 0x940, 3, 9, flags, 0o644, 0, 0, 0)
    stream = bytearray(MAGICS["lzo"] + header + struct.pack(">I", zlib.adler32(header)))
    for start in range(0, len(content), 256 << 10):
        block = content[start : start + (256 << 10)]
        packed = LZOCompressor().compress(block)
        if len(packed) >= len(block):
            packed = block
        stream += struct.pack(">III", len(block), len(packed), zlib.adler32(block))
        if len(packed) < len(block) and flags & 0x2:
            stream += struct.pack(">I", zlib.adler32(packed))
        stream += packed
    return bytes(stream + bytes(4))


XZ_BCJ = [
    {"id": lzma.FILTER_X86},
    {"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 32 << 20},
]
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, 9),
    "bzip2": lambda data: sized(bz2.compress(data), data),
    "lzma": lambda data: sized(lzma.compress(data, lzma.FORMAT_ALONE), data),
    "xz": lambda data: sized(lzma.compress(data, check=lzma.CHECK_CRC32, filters=XZ_BCJ), data),
    "lzo": lambda data: sized(lzop(data), data),
    "lz4": lambda data: sized(lz4_legacy(data), data),
    "zstd": lambda data: sized(zstandard.ZstdCompressor(level=5).compress(data), data),
}
# The commands of Linux scripts/Makefile.lib.
TOOLS = {
    "gzip": ["gzip", "-n", "-9"],
    "bzip2": ["bzip2", "-9"],
    "lzma": ["lzma", "-9"],
    "xz": ["xz", "--check=crc32", "--x86", "--lzma2=,dict=32MiB"],
    "lzo": ["lzop", "-9"],
    "lz4": ["lz4", "-l", "-9", "-", "-"],
    "zstd": ["zstd", "-19"],
}


@pytest.fixture(params=sorted(PACKERS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_payload_is_unpacked(kind: str) -> None:
    packed = PACKERS[kind](CONTENT)
    assert compression_of(packed) == kind
    assert decompress(packed, LIMIT, "vmlinuz") == CONTENT


def test_payload_made_by_the_tool_that_kbuild_uses_is_unpacked(kind: str) -> None:
    command = TOOLS[kind]
    if not shutil.which(command[0]):
        pytest.skip(f"no {command[0]} here")
    packed = subprocess.run(command, input=CONTENT, capture_output=True, check=True).stdout
    if kind != "gzip":
        packed = sized(packed, CONTENT)
    assert decompress(packed, LIMIT, "vmlinuz") == CONTENT


def test_payload_without_the_appended_size_is_unpacked(kind: str) -> None:
    packed = PACKERS[kind](CONTENT)
    if kind != "gzip":
        packed = packed[:-4]
    assert decompress(packed, LIMIT, "vmlinuz") == CONTENT


def test_payload_of_exactly_the_limit_is_unpacked_and_one_byte_more_is_refused(kind: str) -> None:
    packed = PACKERS[kind](CONTENT)
    assert decompress(packed, len(CONTENT), "vmlinuz") == CONTENT
    with pytest.raises(BadInput, match=f"a {kind} payload of more than {len(CONTENT) - 1} bytes"):
        decompress(packed, len(CONTENT) - 1, "vmlinuz")


def test_payload_that_grows_without_end_is_refused(kind: str) -> None:
    packed = PACKERS[kind](bytes(32 << 20))
    with pytest.raises(BadInput, match="more than 1048576 bytes unpacked"):
        decompress(packed, 1 << 20, "vmlinuz")


@pytest.mark.parametrize("part", [0.1, 0.5, 0.95])
def test_truncated_payload_is_refused_by_name(kind: str, part: float) -> None:
    packed = PACKERS[kind](CONTENT)
    with pytest.raises(BadInput) as caught:
        decompress(packed[: int(len(packed) * part)], LIMIT, "vmlinuz")
    assert str(caught.value).startswith(f"vmlinuz has a corrupt or truncated {kind} payload")


def test_wrong_declared_size_is_refused(kind: str) -> None:
    packed = PACKERS[kind](CONTENT)[:-4] + struct.pack("<I", 5)
    # A gzip stream ends with its size, so that zlib finds the difference.
    error = "corrupt or truncated" if kind == "gzip" else "not to the 5 that it declares"
    with pytest.raises(BadInput, match=error):
        decompress(packed, LIMIT, "vmlinuz")


def test_lzop_without_checksums_of_packed_blocks_is_unpacked() -> None:
    assert decompress(sized(lzop(CONTENT, 0x1), CONTENT), LIMIT, "vmlinuz") == CONTENT


def test_content_of_many_lz4_blocks_is_unpacked() -> None:
    content = CONTENT * 8
    assert decompress(sized(lz4_legacy(content), content), LIMIT, "vmlinuz") == content


def test_unknown_compression_is_refused_with_its_first_bytes() -> None:
    with pytest.raises(BadInput, match="no known compression \\(it starts 00010203\\)"):
        decompress(bytes(range(100)), LIMIT, "vmlinuz")


SHORT = CONTENT[39_000:42_000]
PACKED = {kind: pack(SHORT) for kind, pack in PACKERS.items()}


def outcome(packed: bytes) -> str:
    """Unpack with a limit of 1 MiB and return the refusal, empty if there is none."""
    try:
        assert len(decompress(packed, 1 << 20, "vmlinuz")) <= 1 << 20
    except BadInput as error:
        return str(error)
    return ""


@settings(max_examples=400, deadline=None)
@given(
    kind=st.sampled_from(sorted(PACKERS)),
    changes=st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 255)), max_size=4),
    cut=st.integers(0, 200),
)
def test_mutated_payload_is_unpacked_or_refused_in_one_line(
    kind: str, changes: list[tuple[int, int]], cut: int
) -> None:
    packed = bytearray(PACKED[kind])
    for where, value in changes:
        packed[where % len(packed)] = value
    packed = packed[: len(packed) - cut]
    assert "\n" not in outcome(bytes(packed))


@settings(max_examples=100, deadline=None)
@given(kind=st.sampled_from(sorted(MAGICS)), tail=st.binary(max_size=100))
def test_rubbish_behind_a_magic_is_unpacked_or_refused(kind: str, tail: bytes) -> None:
    assert "\n" not in outcome(MAGICS[kind] + tail)
