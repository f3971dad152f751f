"""Counting the references of an image anew: after a kill there are clusters that nothing uses, and
after a loss of power counts may be missing (the dirty bit says so)."""

from __future__ import annotations

from kvmtool.backends.disk import ImageCorrupt
from kvmtool.backends.host_file import read_padded
from kvmtool.backends.qcow2.refcounts import from_big_endian
from kvmtool.backends.qcow2.tables import COMPRESSED, OFFSET_MASK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array

    from kvmtool.backends.qcow2.compression import CompressedClusters
    from kvmtool.backends.qcow2.header import Header
    from kvmtool.backends.qcow2.refcounts import Refcounts
    from kvmtool.backends.qcow2.snapshots import Snapshots

# What a hostile image can make us read and hold: the tables of 8 TiB of disk, the counts of 4 TiB
# of file, with clusters of 64 KiB.
_LARGEST_TABLES = 1 << 30
_LARGEST_COUNTS = 128 << 20


class _Counts:
    def __init__(self, refcounts: Refcounts) -> None:
        self._refcounts = refcounts
        self._entries = refcounts.block_entries
        self.blocks: dict[int, array[int]] = {}

    def add(self, cluster: int, references: int = 1) -> None:
        index, entry = divmod(cluster, self._entries)
        block = self.blocks.get(index)
        if block is None:
            block = self._refcounts.empty_block()
            if len(self.blocks) * len(block) * block.itemsize > _LARGEST_COUNTS:
                raise ImageCorrupt("it refers to clusters all over a file that is too large")
            self.blocks[index] = block
        try:
            block[entry] += references
        except OverflowError:
            raise ImageCorrupt(f"cluster {cluster} has too many references") from None
        if block[entry] > self._refcounts.largest:
            raise ImageCorrupt(f"cluster {cluster} has too many references")


def repair_refcounts(
    fd: int,
    header: Header,
    l1: array[int],
    snapshots: Snapshots,
    refcounts: Refcounts,
    compressed: CompressedClusters,
) -> int:
    """Make all counts what the tables say; the number of refcount blocks that differed.

    Raises OSError; ImageCorrupt if the tables themselves cannot be.
    """
    counts = _count(fd, header, l1, snapshots, refcounts, compressed)
    changed = 0
    for index, offset in enumerate(refcounts.table):
        if offset:
            right = counts.blocks.pop(index, None) or refcounts.empty_block()
            if refcounts.block(index) != right:
                refcounts.replace_block(index, right)
                changed += 1
    for index in sorted(counts.blocks):
        if index >= len(refcounts.table):
            raise ImageCorrupt("clusters are in use that the refcount table does not cover")
        refcounts.add_block(index, counts.blocks[index])
        changed += 1
    refcounts.first_free = 0
    return changed


def _count(
    fd: int,
    header: Header,
    l1: array[int],
    snapshots: Snapshots,
    refcounts: Refcounts,
    compressed: CompressedClusters,
) -> _Counts:
    counts = _Counts(refcounts)
    bits = header.cluster_bits

    def area(offset: int, size: int) -> None:
        for cluster in range(offset >> bits, (offset + size + header.cluster_size - 1) >> bits):
            counts.add(cluster)

    area(0, header.cluster_size)
    area(header.l1_offset, 8 * len(l1))
    area(header.refcount_table_offset, header.refcount_table_clusters << bits)
    for offset in refcounts.table:
        if offset:
            area(offset, header.cluster_size)
    area(header.snapshots_offset, snapshots.size)
    l2_tables: dict[int, int] = {}
    _add_l1(l2_tables, l1)
    read = 0
    for offset, entries in snapshots.l1_tables:
        area(offset, 8 * entries)
        read += 8 * entries
        if read > _LARGEST_TABLES:
            raise ImageCorrupt("its snapshots are too large")
        _add_l1(l2_tables, from_big_endian("Q", read_padded(fd, 8 * entries, offset)))
    if len(l2_tables) << bits > _LARGEST_TABLES:
        raise ImageCorrupt("it has too many L2 tables")
    for offset, references in l2_tables.items():
        if offset % header.cluster_size:
            raise ImageCorrupt(f"an L2 table is not at a cluster but at {offset:#x}")
        counts.add(offset >> bits, references)
        _add_l2(counts, fd, offset, header.cluster_size, references, compressed)
    return counts


def _add_l1(l2_tables: dict[int, int], l1: array[int]) -> None:
    for entry in l1:
        offset = entry & OFFSET_MASK
        if offset:
            l2_tables[offset] = l2_tables.get(offset, 0) + 1


def _add_l2(
    counts: _Counts,
    fd: int,
    offset: int,
    cluster_size: int,
    references: int,
    compressed: CompressedClusters,
) -> None:
    data = read_padded(fd, cluster_size, offset)
    if data.count(0) == len(data):
        return
    for entry in from_big_endian("Q", data):
        if entry & COMPRESSED:
            place, size = compressed.place(entry)
            for cluster in range(place // cluster_size, (place + size - 1) // cluster_size + 1):
                counts.add(cluster, references)
        elif entry & OFFSET_MASK:
            place = entry & OFFSET_MASK
            if place % cluster_size:
                raise ImageCorrupt(f"an L2 entry does not point to a cluster but to {place:#x}")
            counts.add(place // cluster_size, references)
