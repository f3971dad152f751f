"""Reading a qcow2 image (QEMU docs/interop/qcow2.rst, "Cluster mapping")."""

from __future__ import annotations

import os
import threading

from kvmtool import log
from kvmtool.backends import host_file
from kvmtool.backends.disk import DATA, SLOW, ZERO, ImageCorrupt, check_range
from kvmtool.backends.qcow2.check import repair_refcounts
from kvmtool.backends.qcow2.clusters import HostClusters
from kvmtool.backends.qcow2.compression import CompressedClusters
from kvmtool.backends.qcow2.header import (
    AUTOCLEAR_AT,
    CORRUPT,
    DIRTY,
    INCOMPATIBLE_AT,
    Header,
    read_header,
)
from kvmtool.backends.qcow2.refcounts import Refcounts
from kvmtool.backends.qcow2.snapshots import Snapshots
from kvmtool.backends.qcow2.tables import COMPRESSED, OFFSET_MASK, ZERO_FLAG, Tables
from kvmtool.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array

    from kvmtool.backends.disk import DiskImage, Extent
    from kvmtool.backends.qcow2.tables import L2Table

_CACHED_BYTES = 4 << 20
# An image of version 2 with more entries than this is not counted anew at each start.
_CHEAP_ENTRIES = 1 << 16


class Qcow2Reader:
    """The reading half of Qcow2Image; see DiskImage for what the methods do.

    `fd` is the descriptor for metadata and copies, `data_fd` the one for the guest's data, of the
    same file; both are owned.
    """

    def __init__(
        self,
        path: str,
        fd: int,
        header: Header,
        backing: DiskImage | None,
        *,
        read_only: bool,
        discard: bool = False,
        data_fd: int = -1,
        alignment: int = 1,
        sync_copies: bool = False,
    ) -> None:
        self.path = path
        self.read_only = read_only
        self.cluster_bits = header.cluster_bits
        self.table_bits = header.cluster_bits - 3
        self.block_size = 512 if alignment <= 512 else 4096
        self.size = header.size - header.size % self.block_size
        self.physical_block_size = max(self.block_size, min(header.cluster_size, 4096))
        self.optimal_io_size = header.cluster_size
        self.discard_granularity = header.cluster_size
        self.can_discard = discard and not read_only
        self.alignment = alignment
        self.data_fd = fd if data_fd < 0 else data_fd
        self._fd = fd
        self._header = header
        self._cluster_size = header.cluster_size
        self._backing = backing
        self._sync_copies = sync_copies
        self._lock = threading.Lock()
        self._compressed = CompressedClusters(header.cluster_bits, header.compression, path)
        self._unpacked: dict[int, bytes] = {}
        self._damage = ""
        self._started = False
        self._file_size = 0
        self._metadata: set[int] = set()
        self._tables: Tables
        self._refcounts: Refcounts
        self._clusters: HostClusters
        if header.incompatible & CORRUPT and not read_only:
            raise BadInput(
                f"qcow2 image {path} is marked corrupt: use it with ,ro or repair it "
                f"with qemu-img check -r all"
            )

    # --- start and end ---------------------------------------------------------------------

    def start(self) -> None:
        """Read the tables; see DiskImage."""
        with self._lock:
            self._ensure_started()

    def _ensure_started(self) -> None:
        if self._started:
            return
        if self._backing is not None:
            self._backing.start()
        header = read_header(self._fd, self.path)
        if (header.size, header.cluster_bits) != (self._header.size, self.cluster_bits):
            raise BadInput(f"qcow2 image {self.path} has changed since it was opened")
        self._header = header
        self._file_size = host_file.size_of(self._fd)
        tables = header.refcount_table_clusters << header.cluster_bits
        if max(header.l1_offset, header.refcount_table_offset + tables - 1) >= self._file_size:
            raise BadInput(f"qcow2 image {self.path} is cut off: its tables are not there")
        self._tables = Tables(self._fd, header, self._metadata, self._file_size)
        if not self.read_only:
            try:
                self._start_writing(header)
            except ImageCorrupt as damage:
                raise BadInput(
                    f"qcow2 image {self.path} is damaged: {damage.strerror}; "
                    f"use it with ,ro or repair it with qemu-img check -r all"
                ) from None
        self._started = True

    def _start_writing(self, header: Header) -> None:
        bits, size = header.cluster_bits, header.cluster_size
        snapshots = Snapshots(self._fd, header)
        used = 1
        metadata = self._metadata
        metadata.clear()
        metadata.add(0)
        areas = [(header.l1_offset, 8 * header.l1_size), (header.snapshots_offset, snapshots.size)]
        areas += [(offset, 8 * entries) for offset, entries in snapshots.l1_tables]
        for offset, length in areas:
            first, end = offset >> bits, (offset + length + size - 1) >> bits
            metadata.update(range(first, end))
            used += end - first
        fixed_size = host_file.is_block_device(self._fd)
        limit = self._file_size >> bits if fixed_size else 1 << 62
        self._refcounts = Refcounts(self._fd, header, metadata, limit)
        self._tables.refcounts = self._refcounts
        blocks = sum(1 for offset in self._refcounts.table if offset)
        used += blocks + header.refcount_table_clusters
        for index, entry in enumerate(self._tables.l1):
            if entry & OFFSET_MASK:
                metadata.add(self._tables.l2_offset(index) >> bits)
                used += 1
        if len(metadata) != used:
            raise ImageCorrupt("two of its tables lie on each other")
        is_cheap = used << self.table_bits <= _CHEAP_ENTRIES
        if header.incompatible & DIRTY or (header.version == 2 and is_cheap):
            repaired = repair_refcounts(
                self._fd, header, self._tables.l1, snapshots, self._refcounts, self._compressed
            )
            if repaired:
                log.info(f"qcow2 image {self.path}: unused clusters are free again")
        # What is referred to lies in the file, so that a read that ends early tells of damage.
        end = max(self._refcounts.last_used() + 1, -(-self._file_size >> bits)) << bits
        if not fixed_size and self._file_size < end:
            os.ftruncate(self._fd, end)
            self._file_size = end
        if header.incompatible & DIRTY:
            # A killed process may have left the counts in the host's cache only.
            os.fdatasync(self._fd)
        header.incompatible &= ~DIRTY
        self._write_features(header)
        self._clusters = HostClusters(self._fd, header, self._refcounts)

    def _write_features(self, header: Header) -> None:
        """What a writer has to do to the feature bits: none that clears itself is known here."""
        if header.version == 3:
            old = read_header(self._fd, self.path)
            if old.incompatible != header.incompatible:
                host_file.write_all(
                    self._fd, header.incompatible.to_bytes(8, "big"), INCOMPATIBLE_AT
                )
            if old.autoclear:
                log.warning(
                    f"qcow2 image {self.path}: its bitmaps no longer fit what is in it; "
                    f"qemu-img bitmap --remove takes them out"
                )
                host_file.write_all(self._fd, bytes(8), AUTOCLEAR_AT)
                os.fdatasync(self._fd)

    def _corrupt(self, text: str) -> ImageCorrupt:
        """Note in the file and the log that the image is damaged, and return the exception."""
        if not self._damage:
            self._damage = text
            log.error(f"qcow2 image {self.path} is damaged: {text}")
            if not self.read_only and self._header.version == 3:
                bits = self._header.incompatible | CORRUPT | DIRTY
                self._header.incompatible = bits
                try:
                    host_file.write_all(self._fd, bits.to_bytes(8, "big"), INCOMPATIBLE_AT)
                except OSError as error:
                    log.error(f"qcow2 image {self.path} cannot be marked so: {error.strerror}")
        return ImageCorrupt(text)

    def close(self) -> None:
        """See DiskImage."""
        with self._lock:
            if self._fd < 0:
                return
            try:
                if self._started and not self.read_only and not self._damage:
                    self._clusters.close()
            finally:
                if self.data_fd != self._fd:
                    os.close(self.data_fd)
                os.close(self._fd)
                self._fd = self.data_fd = -1
                if self._backing is not None:
                    self._backing.close()

    # --- mapping ---------------------------------------------------------------------------

    def l2_table(self, index: int) -> array[int] | None:
        """See DiskImage."""
        with self._lock:
            self._ensure_started()
            table = self._tables.pin(index)
            return table.fast if table is not None else None

    def _place(self, entry: int) -> int:
        """The checked offset of a standard cluster's data."""
        place = entry & OFFSET_MASK
        if place & (self._cluster_size - 1):
            raise self._corrupt(f"an L2 entry does not point to a cluster but to {place:#x}")
        if not self.read_only:
            cluster = place >> self.cluster_bits
            if cluster in self._metadata:
                raise self._corrupt(f"an L2 entry points to metadata, to {place:#x}")
            if not self._refcounts.count(cluster):
                raise self._corrupt(f"an L2 entry points to a free cluster, to {place:#x}")
        return place

    def _find(self, guest_cluster: int) -> tuple[L2Table | None, int, int]:
        """The table (None: there is none), the index in it and the entry."""
        index = guest_cluster >> self.table_bits
        in_table = guest_cluster & ((1 << self.table_bits) - 1)
        table = self._tables.get(index)
        return table, in_table, table.entry(in_table) if table is not None else 0

    def map_read(self, offset: int, length: int) -> list[Extent]:
        """See DiskImage."""
        check_range(offset, length, self.size)
        with self._lock:
            self._ensure_started()
            return self._map_read(offset, length)

    def _map_read(self, offset: int, length: int) -> list[Extent]:
        extents: list[Extent] = []
        end = offset + length
        while offset < end:
            within = offset & (self._cluster_size - 1)
            step = min(end - offset, self._cluster_size - within)
            table, _, entry = self._find(offset >> self.cluster_bits)
            if entry & COMPRESSED:
                _append(extents, (step, SLOW, -1, offset))
            elif entry & ZERO_FLAG and self._header.version == 3:
                _append(extents, (step, ZERO, -1, 0))
            elif entry & OFFSET_MASK:
                for extent in self._data(self._place(entry) + within, step):
                    _append(extents, extent)
            else:
                if table is None:
                    span = self._cluster_size << self.table_bits
                    step = min(end - offset, span - (offset & (span - 1)))
                for extent in self._map_backing(offset, step):
                    _append(extents, extent)
            offset += step
        return extents

    def _data(self, place: int, length: int) -> list[Extent]:
        """A range of the file. Of one that is not written to, the last cluster may be incomplete:
        what was behind the file's end at the start is zeros."""
        there = self._file_size - place if self.read_only else length
        if there >= length:
            return [(length, DATA, self.data_fd, place)]
        # Not through the descriptor for direct I/O, which wants whole blocks.
        extents = [(there, DATA, self._fd, place)] if there > 0 else []
        return [*extents, (length - max(there, 0), ZERO, -1, 0)]

    def _map_backing(self, offset: int, length: int) -> list[Extent]:
        backing = self._backing
        there = max(0, min(length, backing.size - offset)) if backing is not None else 0
        extents: list[Extent] = []
        if backing is not None and there:
            extents += backing.map_read(offset, there)
        if length > there:
            _append(extents, (length - there, ZERO, -1, 0))
        return extents

    def descriptors(self) -> set[int]:
        """See DiskImage."""
        behind = set() if self._backing is None else self._backing.descriptors()
        return {self._fd, self.data_fd} | behind

    def read_slow(self, offset: int, length: int) -> bytes:
        """See DiskImage."""
        check_range(offset, length, self.size)
        with self._lock:
            self._ensure_started()
            return self._read(offset, length)

    def _read(self, offset: int, length: int) -> bytes:
        return b"".join([self._read_extent(extent) for extent in self._map_read(offset, length)])

    def _read_backing(self, offset: int, length: int) -> bytes | None:
        """What is there without this image's own clusters; None if it is all zeros."""
        extents = self._map_backing(offset, length)
        if all(extent[1] == ZERO for extent in extents):
            return None
        data = bytearray()
        for extent in extents:
            if extent[1] == SLOW and self._backing is not None:
                data += self._backing.read_slow(extent[3], extent[0])
            else:
                data += self._read_extent(extent)
        return bytes(data)

    def _read_extent(self, extent: Extent) -> bytes:
        length, kind, fd, place = extent
        if kind == ZERO:
            return bytes(length)
        if kind == DATA:
            # Not through the descriptor for direct I/O, which wants aligned memory.
            return host_file.read_exactly(self._fd if fd == self.data_fd else fd, length, place)
        data = bytearray()
        end = place + length
        while place < end:
            within = place & (self._cluster_size - 1)
            step = min(end - place, self._cluster_size - within)
            _, _, entry = self._find(place >> self.cluster_bits)
            if entry & COMPRESSED:
                data += self._unpack(entry)[within : within + step]
            elif self._backing is not None:
                data += self._backing.read_slow(place, step)
            place += step
        return bytes(data)

    def _unpack(self, entry: int) -> bytes:
        """The contents of a compressed cluster."""
        cluster = self._unpacked.get(entry)
        if cluster is None:
            place, size = self._compressed.place(entry)
            if place >= self._file_size:
                raise ImageCorrupt(f"a compressed cluster lies behind the end, at {place:#x}")
            data = os.pread(self._fd, size, place)
            cluster = self._compressed.unpack(data)
            if (len(self._unpacked) + 1) * self._cluster_size > _CACHED_BYTES:
                del self._unpacked[next(iter(self._unpacked))]
            self._unpacked[entry] = cluster
        return cluster


def _append(extents: list[Extent], extent: Extent) -> None:
    """Add one; what continues the last one makes it longer."""
    if extents:
        length, kind, fd, place = extents[-1]
        more, next_kind, next_fd, next_place = extent
        if kind == next_kind and fd == next_fd and (kind == ZERO or place + length == next_place):
            extents[-1] = (length + more, kind, fd, place)
            return
    extents.append(extent)
