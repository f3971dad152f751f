"""The L1 table and the L2 tables (QEMU docs/interop/qcow2.rst, "Cluster mapping")."""

from __future__ import annotations

import os
from array import array

from kvmtool.backends.disk import ImageCorrupt
from kvmtool.backends.host_file import read_exactly, read_padded, write_all
from kvmtool.backends.qcow2.refcounts import big_endian, from_big_endian

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.backends.qcow2.header import Header
    from kvmtool.backends.qcow2.refcounts import Refcounts

COPIED, COMPRESSED, ZERO_FLAG = 1 << 63, 1 << 62, 1
OFFSET_MASK = (1 << 56) - (1 << 9)
_PLAIN_BITS = COPIED | COMPRESSED | ZERO_FLAG

# 64 MiB of tables are those of 512 GiB of disk with clusters of 64 KiB.
_LARGEST_PINNED = 64 << 20
_LARGEST_UNPINNED = 8 << 20


class L2Table:
    """One L2 table, at `offset` in the file.

    `fast` has the offsets of clusters that are read and written in place, and 0 for others; its
    address never changes. `_entries` has all entries as the file has them, but is there only if
    an entry is neither 0 nor in `fast`.
    """

    __slots__ = ("_entries", "_flag", "fast", "offset", "pinned")

    def __init__(self, offset: int, fast: array[int], entries: array[int] | None, flag: int):
        self.offset = offset
        self.fast = fast
        self._entries = entries
        self._flag = flag
        self.pinned = False

    def entry(self, index: int) -> int:
        """The entry as the file has it."""
        if self._entries is not None:
            return self._entries[index]
        place = self.fast[index]
        return place | self._flag if place else 0

    def all_entries(self) -> array[int]:
        """All entries as the file has them."""
        if self._entries is not None:
            return self._entries
        return array("Q", [place | self._flag if place else 0 for place in self.fast])

    def set(self, index: int, entry: int, place: int) -> None:
        """`place` is what `fast` is to have."""
        if self._entries is None and entry and not place:
            self._entries = self.all_entries()
        if self._entries is not None:
            self._entries[index] = entry
        self.fast[index] = place


class Tables:
    """The mapping of one image: L1 entries in `l1`, L2 tables read when asked for.

    `metadata` has the host clusters that are never data's. `refcounts` is set by who writes: then
    only clusters with the flag COPIED and a count of 1 are in `fast`, otherwise all that the
    `file_size` bytes of the file have.
    """

    def __init__(self, fd: int, header: Header, metadata: set[int], file_size: int) -> None:
        self._fd = fd
        self._metadata = metadata
        self._file_clusters = file_size >> header.cluster_bits
        self.refcounts: Refcounts | None = None
        self._l1_offset = header.l1_offset
        self._cluster_size = header.cluster_size
        self._cluster_bits = header.cluster_bits
        self.entries = header.cluster_size // 8
        self._flag = COPIED
        self.l1 = from_big_endian("Q", read_padded(fd, 8 * header.l1_size, header.l1_offset))
        self._pinned: dict[int, L2Table] = {}
        self._unpinned: dict[int, L2Table] = {}

    def l2_offset(self, index: int) -> int:
        """Where L2 table `index` is, 0 if there is none. Raises ImageCorrupt."""
        offset = self.l1[index] & OFFSET_MASK
        if offset & (self._cluster_size - 1):
            raise ImageCorrupt(f"an L2 table is not at a cluster but at {offset:#x}")
        return offset

    def is_owned(self, index: int) -> bool:
        """Whether the L2 table may be changed in place."""
        return bool(self.l1[index] & COPIED and self.l1[index] & OFFSET_MASK)

    def get(self, index: int) -> L2Table | None:
        """The table, None if there is none. Raises OSError."""
        table = self._pinned.get(index) or self._unpinned.get(index)
        if table is None and index < len(self.l1):
            offset = self.l2_offset(index)
            if offset:
                table = self._load(index, offset)
                self._remember(index, table)
        return table

    def pin(self, index: int) -> L2Table | None:
        """The table, which then stays in memory; None if there is none or there are too many."""
        table = self._pinned.get(index)
        if table is None and (len(self._pinned) + 1) * self._cluster_size <= _LARGEST_PINNED:
            table = self.get(index)
            if table is not None:
                self._unpinned.pop(index, None)
                self._pinned[index] = table
        return table

    def _remember(self, index: int, table: L2Table) -> None:
        while self._unpinned and (len(self._unpinned) + 1) * self._cluster_size > _LARGEST_UNPINNED:
            del self._unpinned[next(iter(self._unpinned))]
        self._unpinned[index] = table

    def _load(self, index: int, offset: int) -> L2Table:
        data = read_exactly(self._fd, self._cluster_size, offset)
        if data.count(0) == len(data):
            return L2Table(offset, array("Q", data), None, self._flag)
        entries = from_big_endian("Q", data)
        fast = array("Q", bytes(len(data)))
        refcounts = self.refcounts
        if refcounts is not None:
            all_plain = self.is_owned(index) and self._find_owned(entries, fast, refcounts)
        else:
            all_plain = self._find_readable(entries, fast)
        return L2Table(offset, fast, None if all_plain else entries, self._flag)

    def _find_owned(self, entries: array[int], fast: array[int], refcounts: Refcounts) -> bool:
        """Put what may be written in place into `fast`; whether that was all."""
        misaligned = self._cluster_size - 1
        bits, metadata, per_block = self._cluster_bits, self._metadata, refcounts.block_entries
        block, base = None, -per_block
        all_plain = True
        for i, entry in enumerate(entries):
            if not entry:
                continue
            place = entry & OFFSET_MASK
            if entry & _PLAIN_BITS == COPIED and place and not place & misaligned:
                cluster = place >> bits
                if not base <= cluster < base + per_block:
                    base = cluster - cluster % per_block
                    block = refcounts.block(base // per_block)
                if block is not None and block[cluster - base] == 1 and cluster not in metadata:
                    fast[i] = place
                    continue
            all_plain = False
        return all_plain

    def _find_readable(self, entries: array[int], fast: array[int]) -> bool:
        """Put what may be read in place into `fast`; whether that was all."""
        misaligned, last = self._cluster_size - 1, self._file_clusters << self._cluster_bits
        all_plain = True
        for i, entry in enumerate(entries):
            if not entry:
                continue
            place = entry & OFFSET_MASK
            if not entry & (COMPRESSED | ZERO_FLAG | misaligned) and 0 < place < last:
                fast[i] = place
                if entry != place | COPIED:
                    all_plain = False
            else:
                all_plain = False
        return all_plain

    def write(self, table: L2Table, first: int, changes: list[tuple[int, int]]) -> None:
        """Set entries from index `first` on to (entry, place in `fast`), in file and memory.

        On OSError nothing has changed in memory.
        """
        if len(changes) == 1:
            data = changes[0][0].to_bytes(8, "big")
        else:
            data = big_endian(array("Q", [entry for entry, _ in changes]))
        write_all(self._fd, data, table.offset + 8 * first)
        for i, (entry, place) in enumerate(changes):
            table.set(first + i, entry, place)

    def own(self, index: int, cluster: int, is_zero: bool) -> tuple[L2Table, int]:
        """Have L2 table `index` in the new host cluster `cluster`, with what it had before.

        `is_zero` tells that the cluster surely reads as zeros, after a loss of power too.
        Returns the table and the offset of the one that it was before, 0 if there was none.
        """
        offset = cluster << self._cluster_bits
        table = self.get(index)
        previous = table.offset if table is not None else 0
        if table is None:
            table = L2Table(offset, array("Q", bytes(self._cluster_size)), None, self._flag)
        if previous or not is_zero:
            write_all(self._fd, big_endian(table.all_entries()), offset)
            os.fdatasync(self._fd)  # whatever an L1 entry refers to is taken for an L2 table
        entry = offset | COPIED
        write_all(self._fd, entry.to_bytes(8, "big"), self._l1_offset + 8 * index)
        self.l1[index] = entry
        if not previous:
            self._remember(index, table)
        table.offset = offset
        return table, previous
