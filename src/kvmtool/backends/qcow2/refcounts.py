"""Reference counts of host clusters (QEMU docs/interop/qcow2.rst, "Host cluster management").

Everything is written through to the file at once. Offsets are bytes, clusters are numbers.
"""

from __future__ import annotations

import errno
import os
import sys
from array import array

from kvmtool.backends.disk import ImageCorrupt
from kvmtool.backends.host_file import read_exactly, read_padded, write_all
from kvmtool.backends.qcow2.header import REFCOUNT_TABLE_AT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from kvmtool.backends.qcow2.header import Header

_TYPECODES = {3: "B", 4: "H", 5: "I", 6: "Q"}
_SWAP = sys.byteorder == "little"
_CACHE_BYTES = 32 << 20
_LARGEST_OFFSET = 1 << 56
_LARGEST_TABLE = 8 << 20
# The largest table's with clusters of 4 KiB. A start may read them all, of a sparse file too.
_LARGEST_BLOCKS = 4 << 30


def big_endian(values: array[int]) -> bytes:
    """As it is in the file."""
    if _SWAP:
        values = values[:]
        values.byteswap()
    return values.tobytes()


def from_big_endian(typecode: str, data: bytes) -> array[int]:
    """As it is in memory."""
    values = array(typecode, data)
    if _SWAP:
        values.byteswap()
    return values


class Refcounts:
    """The refcounts of one image.

    `metadata` has the clusters that tables are in: they are never given out, whatever their
    count. `first_free` is a cluster below which none is free.
    """

    def __init__(self, fd: int, header: Header, metadata: set[int], limit: int) -> None:
        """`limit` is the number of clusters that the file can have. Raises OSError."""
        self._fd = fd
        self._metadata = metadata
        self._limit = min(limit, _LARGEST_OFFSET >> header.cluster_bits)
        self._cluster_bits = header.cluster_bits
        self._cluster_size = header.cluster_size
        self._order = header.refcount_order
        self.largest = (1 << (1 << self._order)) - 1
        self.block_entries = header.cluster_size * 8 >> self._order
        self._table_offset = header.refcount_table_offset
        size = header.refcount_table_clusters << header.cluster_bits
        self.table = from_big_endian("Q", read_padded(fd, size, self._table_offset))
        self._note_table(size)
        self._blocks: dict[int, array[int]] = {}
        self.first_free = 0
        if (len(self.table) - self.table.count(0)) << self._cluster_bits > _LARGEST_BLOCKS:
            raise ImageCorrupt("it has too many refcount blocks")
        for offset in self.table:
            if offset:
                cluster = self._block_cluster(offset)
                if cluster in metadata:
                    raise ImageCorrupt(f"a refcount block lies on other metadata, at {offset:#x}")
                metadata.add(cluster)

    def _note_table(self, size: int) -> None:
        first = self._table_offset >> self._cluster_bits
        self._metadata.update(range(first, first + (size >> self._cluster_bits)))

    def _block_cluster(self, offset: int) -> int:
        if offset % self._cluster_size or offset >= _LARGEST_OFFSET:
            raise ImageCorrupt(f"a refcount block is not at a cluster but at {offset:#x}")
        return offset >> self._cluster_bits

    # --- blocks ----------------------------------------------------------------------------

    def block(self, index: int) -> array[int] | None:
        """The counts of the clusters from `index` * block_entries on; None if all are 0."""
        block = self._blocks.get(index)
        if block is not None:
            return block
        if index >= len(self.table) or not self.table[index]:
            return None
        block = self._unpack(read_exactly(self._fd, self._cluster_size, self.table[index]))
        self._keep(index, block)
        return block

    def _keep(self, index: int, block: array[int]) -> None:
        # All are written through, so all can be dropped.
        if len(self._blocks) * self.block_entries * block.itemsize > _CACHE_BYTES:
            self._blocks.clear()
        self._blocks[index] = block

    def _unpack(self, data: bytes) -> array[int]:
        if self._order >= 3:
            return from_big_endian(_TYPECODES[self._order], data)
        width = 1 << self._order
        table = [
            bytes((byte >> shift) & self.largest for shift in range(0, 8, width))
            for byte in range(256)
        ]
        return array("B", b"".join([table[byte] for byte in data]))

    def _write(self, index: int, block: array[int], first: int, last: int) -> None:
        """Write the counts `first` to `last` of a block."""
        if self._order >= 3:
            at = first * block.itemsize
            data = big_endian(block[first : last + 1])
        else:
            per_byte = 8 >> self._order
            at = first // per_byte
            width = 1 << self._order
            packed = bytearray()
            for begin in range(at * per_byte, last + 1, per_byte):
                byte = 0
                for i, value in enumerate(block[begin : begin + per_byte]):
                    byte |= value << (i * width)
                packed.append(byte)
            data = bytes(packed)
        write_all(self._fd, data, self.table[index] + at)

    def empty_block(self) -> array[int]:
        """A block's worth of counts of 0."""
        typecode = _TYPECODES.get(self._order, "B")
        return array(typecode, bytes(self.block_entries * array(typecode).itemsize))

    def add_block(self, index: int, block: array[int]) -> None:
        """Put the counts `block` into the file as block `index`, which is missing.

        If the table has to grow for that, `block` has only zeros. The block takes a free cluster
        of those that it counts, which is one more reference in it.
        """
        if index >= len(self.table):
            self._grow_table(index + 1)
            if self.table[index]:
                return  # made with the table
        base = index * self.block_entries
        own = 0
        while own < self.block_entries and (block[own] or base + own in self._metadata):
            own += 1
        cluster = base + own
        if own == self.block_entries:
            raise ImageCorrupt("there is no room for a refcount block")
        self._check_limit(cluster)
        block[own] = 1
        offset = cluster << self._cluster_bits
        previous, self.table[index] = self.table[index], offset
        try:
            self._write(index, block, 0, self.block_entries - 1)
            os.fdatasync(self._fd)  # no block may be found before it has its contents
            write_all(self._fd, offset.to_bytes(8, "big"), self._table_offset + 8 * index)
        except OSError:
            self.table[index] = previous
            raise
        self._metadata.add(cluster)
        self._keep(index, block)

    def replace_block(self, index: int, counts: array[int]) -> None:
        """Write other counts for a block that exists."""
        self._write(index, counts, 0, self.block_entries - 1)
        self._keep(index, counts)

    def _check_limit(self, cluster: int) -> None:
        if cluster >= self._limit:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _grow_table(self, entries: int) -> None:
        """Move the table to behind all that is counted now, with new blocks that count it."""
        per_cluster = self._cluster_size // 8
        clusters = -(-max(entries + 1, len(self.table) * 3 // 2) // per_cluster)
        if clusters << self._cluster_bits > _LARGEST_TABLE:
            raise OSError(errno.EFBIG, "the refcount table cannot grow any further")
        first_block = len(self.table)
        base = first_block * self.block_entries
        blocks = 1
        while True:
            if blocks * self.block_entries < blocks + clusters:
                blocks += 1
            elif clusters * per_cluster < first_block + blocks:
                clusters += 1
            else:
                break
        used = blocks + clusters
        self._check_limit(base + used - 1)
        if any(base + i in self._metadata for i in range(used)):
            raise ImageCorrupt("metadata lie where no refcount covers them")
        table = self.table + array("Q", bytes(8 * (clusters * per_cluster - first_block)))
        new_blocks = []
        old_table, self.table = self.table, table
        try:
            for i in range(blocks):
                table[first_block + i] = (base + i) << self._cluster_bits
                block = self.empty_block()
                here = min(max(used - i * self.block_entries, 0), self.block_entries)
                for entry in range(here):
                    block[entry] = 1
                self._write(first_block + i, block, 0, self.block_entries - 1)
                new_blocks.append(block)
            offset = (base + blocks) << self._cluster_bits
            write_all(self._fd, big_endian(table), offset)
            os.fdatasync(self._fd)
            place = offset.to_bytes(8, "big") + clusters.to_bytes(4, "big")
            write_all(self._fd, place, REFCOUNT_TABLE_AT)
        except OSError:
            self.table = old_table
            raise
        old = range(
            self._table_offset >> self._cluster_bits,
            (self._table_offset >> self._cluster_bits) + len(old_table) // per_cluster,
        )
        self._table_offset = offset
        self._metadata.difference_update(old)
        self._metadata.update(range(base, base + used))
        for i, block in enumerate(new_blocks):
            self._keep(first_block + i, block)
        # If that fails, the header has the new table nevertheless; the old one's place is lost.
        os.fdatasync(self._fd)
        self.release(old)

    # --- counts ----------------------------------------------------------------------------

    def count(self, cluster: int) -> int:
        """How often `cluster` is referred to."""
        index, entry = divmod(cluster, self.block_entries)
        block = self.block(index)
        return block[entry] if block is not None else 0

    def reserve(self, most: int) -> list[int]:
        """Give 1 to `most` free clusters the count 1, in ascending order. Raises OSError."""
        start = self.first_free
        index, entry = divmod(start, self.block_entries)
        while True:
            block = self.block(index)
            if block is None:
                self.add_block(index, self.empty_block())
                continue
            found: list[int] = []
            try:
                while len(found) < most:
                    entry = block.index(0, entry)
                    found.append(entry)
                    entry += 1
            except ValueError:
                pass
            if found:
                break
            index, entry = index + 1, 0
        base = index * self.block_entries
        found = [i for i in found if base + i < self._limit]
        if not found:
            self._check_limit(self._limit)
        clusters = [base + i for i in found]
        if base + found[0] == 0 or not self._metadata.isdisjoint(clusters):
            raise ImageCorrupt("a refcount of 0 is given for a cluster with metadata")
        for i in found:
            block[i] = 1
        try:
            self._write(index, block, found[0], found[-1])
        except OSError:
            for i in found:
                block[i] = 0
            raise
        if self.first_free == start:  # not so if the table moved and left free clusters
            self.first_free = clusters[-1] + 1
        return clusters

    def release(self, clusters: Iterable[int]) -> list[int]:
        """One reference less for each (they may repeat). Returns those that are free now.

        On OSError some have been released in the file's counts and some not.
        """
        by_block: dict[int, list[int]] = {}
        for cluster in clusters:
            index, entry = divmod(cluster, self.block_entries)
            by_block.setdefault(index, []).append(entry)
        free = []
        for index, entries in by_block.items():
            block = self.block(index)
            for entry in entries:
                if block is None or not block[entry]:
                    raise ImageCorrupt(
                        f"cluster {index * self.block_entries + entry} is in use with refcount 0"
                    )
                block[entry] -= 1
                if not block[entry]:
                    free.append(index * self.block_entries + entry)
            if block is not None:
                self._write(index, block, min(entries), max(entries))
        if free:
            self.first_free = min(self.first_free, min(free))
        return free

    def last_used(self) -> int:
        """The highest cluster with a count that is not 0; -1 if none."""
        unused = self.empty_block()
        for index in range(len(self.table) - 1, -1, -1):
            block = self.block(index)
            if block is not None and block != unused:
                entry = self.block_entries - 1
                while not block[entry]:
                    entry -= 1
                return index * self.block_entries + entry
        return -1
