"""The header of a qcow2 image (QEMU docs/interop/qcow2.rst, "Header", "Header extensions")."""

from __future__ import annotations

import os
import struct

from kvmtool.backends.disk import QCOW2_MAGIC
from kvmtool.errors import BadInput

# Incompatible features.
DIRTY, CORRUPT, EXTERNAL_DATA, COMPRESSION_TYPE, EXTENDED_L2 = 1, 2, 4, 8, 16
_KNOWN = DIRTY | CORRUPT | COMPRESSION_TYPE
_FEATURES = {2: "an external data file", 4: "extended L2 entries"}
LAZY_REFCOUNTS = 1  # a compatible feature

# Where fields are that are written one by one.
L1_OFFSET_AT, REFCOUNT_TABLE_AT = 40, 48
INCOMPATIBLE_AT, AUTOCLEAR_AT = 72, 88

DEFLATE, ZSTD = 0, 1

_V2 = struct.Struct(">4sIQIIQIIQQIIQ")
_V3 = struct.Struct(">QQQII")
_EXTENSION = struct.Struct(">II")
_BACKING_FORMAT, _FEATURE_NAMES = 0xE2792ACA, 0x6803F857
_ENCRYPTION = {1: "AES", 2: "LUKS"}

_SMALLEST_CLUSTER_BITS, _LARGEST_CLUSTER_BITS = 9, 21
_LARGEST_NAME = 1023
_LARGEST_L1 = 32 << 20  # bytes; QEMU's limits, so no image that it makes is refused
_LARGEST_REFCOUNT_TABLE = 8 << 20
_MOST_SNAPSHOTS = 65536
_LARGEST_OFFSET = 1 << 56


class Header:
    """The checked fields, in the specification's names. Offsets and sizes are bytes.

    `backing_file` and `backing_format` are None if there is none.
    """

    version: int
    cluster_bits: int
    size: int
    l1_size: int
    l1_offset: int
    refcount_table_offset: int
    refcount_table_clusters: int
    snapshots: int
    snapshots_offset: int
    incompatible: int
    compatible: int
    autoclear: int
    refcount_order: int

    def __init__(self, data: bytes, path: str) -> None:
        """From the beginning of a file, a cluster or all of it. Raises BadInput."""
        self._path = path
        if len(data) < _V2.size or data[:4] != QCOW2_MAGIC:
            raise self._bad("it does not begin with the magic QFI\\xfb")
        (
            _,
            self.version,
            backing_offset,
            backing_size,
            self.cluster_bits,
            self.size,
            crypt_method,
            self.l1_size,
            self.l1_offset,
            self.refcount_table_offset,
            self.refcount_table_clusters,
            self.snapshots,
            self.snapshots_offset,
        ) = _V2.unpack_from(data)
        if self.version not in (2, 3):
            raise self._bad(f"its version is 2 or 3, not {self.version}")
        if not _SMALLEST_CLUSTER_BITS <= self.cluster_bits <= _LARGEST_CLUSTER_BITS:
            raise self._bad(f"cluster_bits is from 9 to 21, not {self.cluster_bits}")
        self.cluster_size = 1 << self.cluster_bits
        self.incompatible = self.compatible = self.autoclear = 0
        self.refcount_order, length = 4, _V2.size
        self.compression = DEFLATE
        if self.version == 3:
            length = self._read_v3(data)
        if crypt_method:
            kind = _ENCRYPTION.get(crypt_method, f"method {crypt_method}")
            raise self._bad(f"it is encrypted ({kind}), which is not supported")
        extensions = self._extensions(data, length, backing_offset)
        self._check_features(extensions)
        self._check_tables()
        self.backing_file = self._backing(data, backing_offset, backing_size)
        self.backing_format = None
        if self.backing_file is not None and _BACKING_FORMAT in extensions:
            self.backing_format = extensions[_BACKING_FORMAT].decode("latin-1")

    def _bad(self, text: str) -> BadInput:
        return BadInput(f"qcow2 image {self._path} cannot be used: {text}")

    def _read_v3(self, data: bytes) -> int:
        if len(data) < _V2.size + _V3.size:
            raise self._bad("the header is cut off")
        (
            self.incompatible,
            self.compatible,
            self.autoclear,
            self.refcount_order,
            length,
        ) = _V3.unpack_from(data, _V2.size)
        if not _V2.size + _V3.size <= length <= self.cluster_size or length % 8:
            raise self._bad(f"header_length is a multiple of 8 from 104, not {length}")
        if self.refcount_order > 6:
            raise self._bad(f"refcount_order is up to 6, not {self.refcount_order}")
        if length > 104 and len(data) > 104:
            self.compression = data[104]
        return int(length)

    def _check_features(self, extensions: dict[int, bytes]) -> None:
        unknown = self.incompatible & ~_KNOWN
        if unknown:
            bit = (unknown & -unknown).bit_length() - 1
            name = _FEATURES.get(bit) or _feature_name(extensions.get(_FEATURE_NAMES, b""), bit)
            raise self._bad(f"it has {name}, which is not supported")
        if bool(self.incompatible & COMPRESSION_TYPE) != (self.compression != DEFLATE):
            raise self._bad("compression type and its feature bit contradict each other")
        if self.compression not in (DEFLATE, ZSTD):
            raise self._bad(f"compression type is 0 or 1, not {self.compression}")

    def _check_tables(self) -> None:
        """Places and sizes of the tables; they may still lie behind the end of the file."""
        if self.size >= 1 << 62:
            raise self._bad(f"a disk of {self.size} bytes is too large")
        needed = -(-self.size >> (2 * self.cluster_bits - 3))
        if self.l1_size < needed or 8 * self.l1_size > _LARGEST_L1:
            raise self._bad(
                f"the L1 table has from {needed} (for its size) to {_LARGEST_L1 // 8} entries, "
                f"not {self.l1_size}"
            )
        table_bytes = self.refcount_table_clusters << self.cluster_bits
        if not 0 < table_bytes <= _LARGEST_REFCOUNT_TABLE:
            raise self._bad(
                f"the refcount table has up to {_LARGEST_REFCOUNT_TABLE} bytes, not {table_bytes}"
            )
        if self.snapshots > _MOST_SNAPSHOTS:
            raise self._bad(f"there are up to {_MOST_SNAPSHOTS} snapshots, not {self.snapshots}")
        for name, offset, used in (
            ("L1", self.l1_offset, self.l1_size),
            ("refcount", self.refcount_table_offset, 1),
            ("snapshot", self.snapshots_offset, self.snapshots),
        ):
            misplaced = offset % self.cluster_size or offset >= _LARGEST_OFFSET or offset == 0
            if used and misplaced:
                raise self._bad(f"the {name} table is not at a cluster but at {offset:#x}")

    def _extensions(self, data: bytes, at: int, backing_offset: int) -> dict[int, bytes]:
        end = min(backing_offset or self.cluster_size, self.cluster_size, len(data))
        found: dict[int, bytes] = {}
        while at + _EXTENSION.size <= end:
            kind, size = _EXTENSION.unpack_from(data, at)
            at += _EXTENSION.size
            if kind == 0:
                break
            if size > end - at:
                raise self._bad(f"header extension {kind:#x} of {size} bytes leaves the header")
            found[kind] = data[at : at + size]
            at += -(-size // 8) * 8
        return found

    def _backing(self, data: bytes, offset: int, size: int) -> str | None:
        if offset == 0:
            return None
        if not 0 < size <= _LARGEST_NAME:
            raise self._bad(f"the backing file's name has 1 to {_LARGEST_NAME} bytes, not {size}")
        if offset + size > min(self.cluster_size, len(data)):
            raise self._bad("the backing file's name leaves the header")
        name = data[offset : offset + size]
        if 0 in name:
            raise self._bad("the backing file's name has a NUL byte")
        return os.fsdecode(name)


def printable(text: str) -> str:
    """`text` from an image, fit for a line of output."""
    return "".join(c if c.isprintable() else "?" for c in text[:200])


def _feature_name(table: bytes, bit: int) -> str:
    for at in range(0, len(table) - 47, 48):
        if table[at] == 0 and table[at + 1] == bit:
            name = table[at + 2 : at + 48].rstrip(b"\0").decode("utf-8", "replace")
            return f"the feature {printable(name)!r}"
    return f"the unknown incompatible feature {bit}"


def read_header(fd: int, path: str) -> Header:
    """The header of the image in `fd`. Raises BadInput."""
    try:
        begin = os.pread(fd, 1 << 12, 0)
        bits = int.from_bytes(begin[20:24], "big")
        if _LARGEST_CLUSTER_BITS >= bits > 12:
            begin = os.pread(fd, 1 << bits, 0)
    except OSError as error:
        raise BadInput(f"cannot read disk image {path}: {error.strerror}") from None
    return Header(begin, path)
