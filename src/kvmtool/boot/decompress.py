"""The compressions of a kernel's payload (Linux lib/decompress.c), unpacked on the host.

Kbuild appends the unpacked size, four bytes, to each format but gzip, which ends with it anyway.
"""

from __future__ import annotations

import struct

from kvmtool.boot.image import CannotUnpack
from kvmtool.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

LARGEST_KERNEL = 1 << 30
_LZ4_BLOCK = 8 << 20  # what one block of the legacy frame unpacks to at most
_LZO_BLOCK = 256 << 10  # the kernel's own limit (LZO_BLOCK_SIZE in decompress_unlzo.c)
_XZ_MEMORY = 512 << 20  # Kbuild uses dictionaries of up to 128 MiB
_ZSTD_WINDOW_LOG_MAX = 31
_PIECE = 4096  # of zstd: can unpack to 128 MiB at most, since a block takes 4 bytes


class _Corrupt(Exception):
    """The stream breaks its format's rules; the message says how."""


class _TooLarge(Exception):
    """The stream unpacks to more than the limit."""


def _gzip(data: bytes, limit: int) -> tuple[bytes, bytes]:
    import zlib

    stream = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        content = stream.decompress(data, limit + 1)
    except zlib.error as error:
        raise _Corrupt(str(error)) from None
    return _ended(content, limit, stream.eof), data[-4:]


def _bzip2(data: bytes, limit: int) -> tuple[bytes, bytes]:
    from bz2 import BZ2Decompressor

    stream = BZ2Decompressor()
    try:
        content = stream.decompress(data, limit + 1)
    except OSError as error:
        raise _Corrupt(str(error)) from None
    content = _ended(content, limit, stream.eof)
    return content, stream.unused_data


def _xz(data: bytes, limit: int) -> tuple[bytes, bytes]:
    from lzma import FORMAT_AUTO, LZMADecompressor, LZMAError

    stream = LZMADecompressor(format=FORMAT_AUTO, memlimit=_XZ_MEMORY)
    try:
        content = stream.decompress(data, limit + 1)
    except LZMAError as error:
        raise _Corrupt(str(error)) from None
    content = _ended(content, limit, stream.eof)
    return content, stream.unused_data


def _lzo(data: bytes, limit: int) -> tuple[bytes, bytes]:
    from lzallright import LZOCompressor, LZOError

    offset, has_sum, has_packed_sums = _lzop_header(data)
    parts: list[bytes] = []
    total = 0
    while True:
        (size,) = _fields(">I", data, offset)
        offset += 4
        if not size:
            return b"".join(parts), data[offset:]
        (packed_size,) = _fields(">I", data, offset)
        offset += 4 + 4 * has_sum
        if packed_size < size:
            offset += 4 * has_packed_sums
        block = data[offset : offset + packed_size]
        if size > _LZO_BLOCK or len(block) != packed_size or packed_size > size:
            raise _Corrupt(f"a block of {packed_size} bytes for {size} at byte {offset}")
        total += size
        if total > limit:
            raise _TooLarge
        if packed_size < size:
            try:
                block = LZOCompressor.decompress(block, size)
            except LZOError as error:
                raise _Corrupt(f"the block at byte {offset}: {error}") from None
        if len(block) != size:
            raise _Corrupt(f"a block unpacks to {len(block)} bytes, not {size}")
        parts.append(block)
        offset += packed_size


def _lzop_header(data: bytes) -> tuple[int, int, int]:
    """Return where the blocks start, and how many checksums are of contents and packed data."""
    (made_by,) = _fields(">H", data, 9)
    later = made_by >= 0x0940  # added fields
    (flags,) = _fields(">I", data, 17 if later else 14)
    if flags & 0x0C00:
        raise _Corrupt("an lzop filter or multi-part file, which kernels do not use")
    name = 33 if later else 26
    (name_length,) = _fields(">B", data, name)
    has_sum = bool(flags & 0x1) + bool(flags & 0x100)
    has_packed_sums = bool(flags & 0x2) + bool(flags & 0x200)
    return name + 1 + name_length + 4, has_sum, has_packed_sums


def _lz4(data: bytes, limit: int) -> tuple[bytes, bytes]:
    from lz4.block import (  # type: ignore[import-untyped]  # lz4 ships no types
        LZ4BlockError,
        decompress,
    )

    parts: list[bytes] = []
    total = 0
    offset = 4
    # The legacy frame has no end mark: what is left is the appended size, or nothing.
    while len(data) - offset > 4:
        (packed_size,) = _fields("<I", data, offset)
        offset += 4
        if data[offset - 4 : offset] == MAGICS["lz4"]:
            continue
        block = data[offset : offset + packed_size]
        if not packed_size or len(block) != packed_size:
            raise _Corrupt(f"a block of {packed_size} bytes at byte {offset}")
        try:
            part: bytes = decompress(block, uncompressed_size=_LZ4_BLOCK)
        except LZ4BlockError as error:
            raise _Corrupt(f"the block at byte {offset}: {error}") from None
        total += len(part)
        if total > limit:
            raise _TooLarge
        parts.append(part)
        offset += packed_size
    return b"".join(parts), data[offset:]


def _zstd(data: bytes, limit: int) -> tuple[bytes, bytes]:
    from zstandard import ZstdDecompressor, ZstdError

    stream = ZstdDecompressor(max_window_size=1 << _ZSTD_WINDOW_LOG_MAX).decompressobj()
    parts: list[bytes] = []
    total = offset = 0
    while offset < len(data) and not stream.eof:
        try:
            part = stream.decompress(data[offset : offset + _PIECE])
        except ZstdError as error:
            raise _Corrupt(str(error)) from None
        offset += _PIECE
        total += len(part)
        if total > limit:
            raise _TooLarge
        parts.append(part)
    if not stream.eof:
        raise _Corrupt("the stream does not end")
    return b"".join(parts), stream.unused_data + data[offset:]


def _ended(content: bytes, limit: int, eof: bool) -> bytes:
    if len(content) > limit:
        raise _TooLarge
    if not eof:
        raise _Corrupt("the stream does not end")
    return content


def _fields(form: str, data: bytes, offset: int) -> tuple[int, ...]:
    try:
        return struct.unpack_from(form, data, offset)
    except struct.error:
        raise _Corrupt("the stream does not end") from None


MAGICS = {
    "gzip": b"\x1f\x8b",
    "bzip2": b"BZh",
    "lzma": b"\x5d\0\0",
    "xz": b"\xfd7zXZ\0",
    "lzo": b"\x89LZO\0\r\n\x1a\n",
    "lz4": b"\x02\x21\x4c\x18",
    "zstd": b"\x28\xb5\x2f\xfd",
}
_UNPACK: dict[str, Callable[[bytes, int], tuple[bytes, bytes]]] = {
    "gzip": _gzip,
    "bzip2": _bzip2,
    "lzma": _xz,
    "xz": _xz,
    "lzo": _lzo,
    "lz4": _lz4,
    "zstd": _zstd,
}


def compression_of(data: bytes) -> str | None:
    """Return the name (a key of MAGICS) of the compression that `data` starts with, or None."""
    for name, magic in MAGICS.items():
        if data.startswith(magic):
            return name
    return None


def decompress(data: bytes, limit: int, name: str) -> bytes:
    """Unpack a kernel's payload, to at most `limit` bytes; `name` is the file, for errors.

    Raises BadInput for an unknown compression, one whose package is not installed, a corrupt or
    truncated stream, and one that unpacks to more than `limit` or not to its declared size.
    """
    kind = compression_of(data)
    if kind is None:
        start = data[:4].hex()
        raise CannotUnpack(f"{name} has a payload of no known compression (it starts {start})")
    try:
        content, rest = _UNPACK[kind](data, limit)
    except ImportError as error:
        raise BadInput(
            f"{name} has a payload in {kind}; to unpack it, install the Python package {error.name}"
        ) from None
    except _Corrupt as error:
        raise BadInput(f"{name} has a corrupt or truncated {kind} payload: {error}") from None
    except _TooLarge:
        raise BadInput(f"{name} has a {kind} payload of more than {limit} bytes unpacked") from None
    except MemoryError:
        raise BadInput(f"{name} has a {kind} payload too large for this host's memory") from None
    if len(rest) == 4:
        declared = int.from_bytes(rest, "little")
        if declared != len(content):
            raise BadInput(
                f"{name} has a corrupt {kind} payload: it unpacks to {len(content)} bytes,"
                f" not to the {declared} that it declares"
            )
    return content
