"""Internal snapshots (QEMU docs/interop/qcow2.rst, "Snapshots"): only what they occupy."""

from __future__ import annotations

import struct

from kvmtool.backends.disk import ImageCorrupt
from kvmtool.backends.host_file import read_padded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.backends.qcow2.header import Header

_ENTRY = struct.Struct(">QIHHIIQII")
_LARGEST_TABLE = 16 << 20
_LARGEST_L1 = 32 << 20  # bytes
_LARGEST_SUM = 256 << 20
_LARGEST_EXTRA = 1024
_LARGEST_OFFSET = 1 << 56


class Snapshots:
    """The snapshot table: its `size` in bytes and the `l1_tables` as (offset, entries)."""

    def __init__(self, fd: int, header: Header) -> None:
        """Raises ImageCorrupt for a table that cannot be."""
        self.l1_tables: list[tuple[int, int]] = []
        at = total = 0
        for _ in range(header.snapshots):
            begin = read_padded(fd, _ENTRY.size, header.snapshots_offset + at)
            l1_offset, l1_size, id_size, name_size, *_, extra = _ENTRY.unpack(begin)
            misplaced = l1_offset % header.cluster_size or l1_offset >= _LARGEST_OFFSET
            if misplaced or 8 * l1_size > _LARGEST_L1:
                raise ImageCorrupt(f"a snapshot's L1 table is at {l1_offset:#x}")
            total += 8 * l1_size
            if extra > _LARGEST_EXTRA or at > _LARGEST_TABLE or total > _LARGEST_SUM:
                raise ImageCorrupt("the snapshot table is too large")
            self.l1_tables.append((l1_offset, l1_size))
            at += -(-(_ENTRY.size + extra + id_size + name_size) // 8) * 8
        self.size = at
