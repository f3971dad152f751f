"""A qcow2 image that is written to (QEMU docs/interop/qcow2.rst).

What is guaranteed of a writable image:

- Killed process (SIGKILL at any moment): every write whose allocation was committed is in the
  file, and the file is consistent: `qemu-img check` finds at most leaked clusters. They are free
  again after the next `start`, by counting all references anew: always for version 3, whose dirty
  bit tells that it is needed; for version 2 if the image has few L2 tables.
- Loss of power: what was written before a `flush` is there. What was written after it may be there
  in part. The image can be used: refcounts are counted anew (version 3) or were on stable
  storage first (version 2), and so were L2 tables before L1 entries. One thing is weaker: a
  cluster that was in the backing file, compressed or a snapshot's and got a new place since the
  last flush may read as zeros, if all of it was written. If it was copied, because a part of it was
  written, it may only if the caller does no fdatasync before each commit of an allocation with
  `needs_sync`, which commit does by itself if the image was opened with cache=writethrough.
"""

from __future__ import annotations

import errno
import os
import threading

from kvmtool.backends import host_file
from kvmtool.backends.disk import WritePlan, check_range
from kvmtool.backends.qcow2.reader import Qcow2Reader
from kvmtool.backends.qcow2.tables import COMPRESSED, COPIED, OFFSET_MASK, ZERO_FLAG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from kvmtool.backends.qcow2.header import Header
    from kvmtool.backends.qcow2.tables import L2Table


_PENDING, _ENTERED, _FAILED = range(3)


class _NewCluster:
    """A host cluster that guest cluster `guest` gets once all writes to it have their data there.

    `writing` of its `users` have not yet. If one fails, nobody may ever see the cluster, and the
    others fail too.
    """

    __slots__ = ("guest", "is_reused", "needs_sync", "offset", "state", "users", "writing")

    def __init__(self, guest: int, offset: int, is_reused: bool, needs_sync: bool) -> None:
        self.guest = guest
        self.offset = offset
        self.is_reused = is_reused
        self.needs_sync = needs_sync
        self.state = _PENDING
        self.users = self.writing = 0


class Allocation:
    """See kvmtool.backends.disk.Allocation."""

    __slots__ = ("_image", "clusters", "needs_sync")

    def __init__(self, image: Qcow2Image, clusters: list[_NewCluster]) -> None:
        self._image = image
        self.clusters = clusters
        self.needs_sync = any(new.needs_sync for new in clusters)

    def written(self) -> None:
        """The data are in the clusters."""
        self._image.written(self.clusters)

    def commit(self) -> None:
        """Refer to the clusters in the L2 tables."""
        self._image.commit(self.clusters, self.needs_sync)

    def abort(self) -> None:
        """Give back those that no other write uses."""
        self._image.abort(self.clusters)


class Qcow2Image(Qcow2Reader):
    """See DiskImage. A read-only one refuses writes with PermissionError."""

    _pending: dict[int, _NewCluster]
    _settled: threading.Condition

    def _start_writing(self, header: Header) -> None:
        super()._start_writing(header)
        self._pending = {}
        self._settled = threading.Condition(self._lock)

    def _check_write(self, offset: int, length: int) -> None:
        check_range(offset, length, self.size)
        if self.read_only:
            raise PermissionError(f"disk image {self.path} is read-only")

    def _ready_to_write(self) -> None:
        self._ensure_started()
        if self._damage:
            raise self._corrupt(self._damage)

    # --- writing ---------------------------------------------------------------------------

    def map_write(self, offset: int, length: int) -> WritePlan:
        """See DiskImage. What else has to be in new clusters is written before this returns."""
        self._check_write(offset, length)
        with self._lock:
            self._ready_to_write()
            return self._map_write(offset, length)

    def _map_write(self, offset: int, length: int) -> WritePlan:
        extents: list[tuple[int, int]] = []
        new: list[_NewCluster] = []
        end = offset + length
        expected = -1
        try:
            while offset < end:
                within = offset & (self._cluster_size - 1)
                step = min(end - offset, self._cluster_size - within)
                guest = offset >> self.cluster_bits
                index = guest & ((1 << self.table_bits) - 1)
                table = self._own_table(guest >> self.table_bits)
                place = table.fast[index]
                if not place:
                    cluster = self._pending.get(guest)
                    if cluster is None:
                        is_whole = step == self._cluster_size
                        place, cluster = self._new_cluster(guest, table, index, is_whole)
                    if cluster is not None:
                        self._pending[guest] = cluster
                        cluster.users += 1
                        cluster.writing += 1
                        new.append(cluster)
                        place = cluster.offset
                place += within
                if place == expected:
                    extents[-1] = (extents[-1][0] + step, extents[-1][1])
                else:
                    extents.append((step, place))
                expected = place + step
                offset += step
        except BaseException:
            # Nothing was written: others that write to the same clusters go on.
            self._written(new)
            self._leave(new)
            raise
        return WritePlan(extents, Allocation(self, new) if new else None)

    def _own_table(self, index: int) -> L2Table:
        """L2 table `index`, which is made or copied if it cannot be changed in place."""
        if self._tables.is_owned(index):
            table = self._tables.get(index)
            assert table is not None
            return table
        cluster, is_zero = self._clusters.take()
        try:
            table, previous = self._tables.own(index, cluster, is_zero)
        except BaseException:
            self._clusters.drop([cluster])
            raise
        self._metadata.add(cluster)
        if previous:
            # A snapshot may go on using it.
            self._metadata.discard(previous >> self.cluster_bits)
            self._clusters.drop([previous >> self.cluster_bits])
        return table

    def _new_cluster(
        self, guest: int, table: L2Table, index: int, is_whole: bool
    ) -> tuple[int, _NewCluster | None]:
        """A place for a cluster of which a part, or the whole, is about to be written.

        Returns the offset, and the cluster unless it is in place already.
        """
        entry = table.entry(index)
        # In a compressed cluster's entry the bit is a part of where it is.
        is_zero = entry & (COMPRESSED | ZERO_FLAG) == ZERO_FLAG and self._header.version == 3
        if entry & COPIED and not entry & COMPRESSED and entry & OFFSET_MASK:
            place = self._place(entry)
            if self._refcounts.count(place >> self.cluster_bits) == 1:
                if not is_zero:
                    table.set(index, entry, place)
                    return place, None
                # Preallocated: what it holds is anything, but is read as zeros until now. No moment
                # may show it: another write to the cluster can have it synced before this one.
                host_file.zero(self._fd, place, self._cluster_size, unmap=False)
                return place, _NewCluster(guest, place, True, True)
        # All of it, also what is written next: that may be lost with the power, and this not.
        old = None if is_zero or is_whole else self._old_contents(guest, entry)
        cluster, _ = self._clusters.take()
        place = cluster << self.cluster_bits
        if old is not None:
            try:
                host_file.write_all(self._fd, old, place)
            except BaseException:
                self._clusters.drop([cluster])
                raise
        return place, _NewCluster(guest, place, False, old is not None)

    def _old_contents(self, guest: int, entry: int) -> bytes | None:
        """What a cluster holds; None for nothing or zeros."""
        if entry & COMPRESSED:
            return self._unpack(entry)
        if entry & OFFSET_MASK:
            return host_file.read_exactly(self._fd, self._cluster_size, self._place(entry))
        if self._backing is None:
            return None
        return self._read_backing(guest << self.cluster_bits, self._cluster_size)

    def written(self, clusters: list[_NewCluster]) -> None:
        """The data of a write are in these clusters."""
        with self._lock:
            self._written(clusters)

    def _written(self, clusters: list[_NewCluster]) -> None:
        for new in clusters:
            new.writing -= 1
        self._settled.notify_all()

    def commit(self, clusters: list[_NewCluster], needs_sync: bool) -> None:
        """The disk has the clusters of a write from now on; `written` came first."""
        if needs_sync and self._sync_copies:
            try:
                os.fdatasync(self._fd)
            except OSError:
                self.abort(clusters)
                raise
        with self._lock:
            self._commit(clusters)

    def _commit(self, clusters: list[_NewCluster]) -> None:
        """Waits for the other writes to the clusters, which never wait before `written`."""
        try:
            while any(new.writing and new.state == _PENDING for new in clusters):
                self._settled.wait()
            if any(new.state == _FAILED for new in clusters):
                raise OSError(errno.EIO, "another write to the same cluster has failed")
            # Another write to the same cluster may have been faster.
            todo = [new for new in clusters if new.state == _PENDING]
            first = 0
            for i, new in enumerate(todo):
                following = todo[i + 1].guest if i + 1 < len(todo) else -1
                if following != new.guest + 1 or following & ((1 << self.table_bits) - 1) == 0:
                    self._enter(todo[first : i + 1])
                    first = i + 1
        finally:
            self._leave(clusters)

    def _enter(self, row: list[_NewCluster]) -> None:
        """Let the L2 table have clusters that are neighbours in one table."""
        table = self._own_table(row[0].guest >> self.table_bits)
        first = row[0].guest & ((1 << self.table_bits) - 1)
        old = [table.entry(first + i) for i in range(len(row))]
        self._tables.write(table, first, [(new.offset | COPIED, new.offset) for new in row])
        for new, entry in zip(row, old, strict=True):
            self._settle(new, _ENTERED)
            if not new.is_reused:
                self._drop_entry(entry)

    def abort(self, clusters: list[_NewCluster]) -> None:
        """The data of the write that asked for these clusters are not all there, or never are."""
        with self._lock:
            self._abort(clusters)

    def _abort(self, clusters: list[_NewCluster]) -> None:
        for new in clusters:
            if new.state == _PENDING:
                self._settle(new, _FAILED)
        self._leave(clusters)

    def _settle(self, new: _NewCluster, state: int) -> None:
        new.state = state
        del self._pending[new.guest]
        self._settled.notify_all()

    def _leave(self, clusters: list[_NewCluster]) -> None:
        """One user of each less; what the last one leaves and the disk does not have is free."""
        for new in clusters:
            new.users -= 1
            if new.users:
                continue
            if new.state == _PENDING:
                self._settle(new, _FAILED)
            if new.state == _FAILED and not new.is_reused:
                self._clusters.drop([new.offset >> self.cluster_bits])

    def _drop_entry(self, entry: int) -> None:
        """An L2 entry was overwritten: its clusters have one reference less."""
        if entry & COMPRESSED:
            place, size = self._compressed.place(entry)
        elif entry & OFFSET_MASK:
            place, size = entry & OFFSET_MASK, self._cluster_size
        else:
            return
        bits = self.cluster_bits
        clusters = range(place >> bits, ((place + size - 1) >> bits) + 1)
        if not self._metadata.isdisjoint(clusters):
            self._corrupt(f"an L2 entry points to metadata, to {place:#x}")
            return
        self._clusters.drop(clusters)

    # --- unmapping -------------------------------------------------------------------------

    def discard(self, offset: int, length: int) -> None:
        """See DiskImage. With a backing file, an image of version 2 cannot forget a cluster."""
        self._check_write(offset, length)
        with self._lock:
            self._ready_to_write()
            if self._backing is not None and self._header.version == 2:
                return
            first = -(-offset >> self.cluster_bits)
            for index, start, stop in self._in_tables(first, self._end_cluster(offset + length)):
                table = self._tables.get(index)
                if table is None or self._clusters.is_full:
                    continue
                base = index << self.table_bits
                mapped = [
                    i
                    for i in range(start, stop)
                    if table.entry(i) & (COMPRESSED | OFFSET_MASK) and base + i not in self._pending
                ]
                self._unmap(index, mapped)

    def _end_cluster(self, end: int) -> int:
        """The first guest cluster that is not wholly before `end`."""
        if end >= self.size:
            end += self._cluster_size - 1
        return end >> self.cluster_bits

    def _in_tables(self, first: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Guest clusters as (L2 table, first entry, entry after the last)."""
        bits, entries = self.table_bits, 1 << self.table_bits
        for index in range(first >> bits, ((end + entries - 1) >> bits) if first < end else 0):
            base = index << bits
            yield index, max(first - base, 0), min(end - base, entries)

    def _unmap(self, index: int, mapped: list[int]) -> None:
        """Make entries of an L2 table read as zeros; not in version 2 with a backing file."""
        if not mapped:
            return
        table = self._own_table(index)
        first, last = mapped[0], mapped[-1]
        changes = [(table.entry(i), table.fast[i]) for i in range(first, last + 1)]
        old = [changes[i - first][0] for i in mapped]
        for i in mapped:
            changes[i - first] = (ZERO_FLAG if self._backing is not None else 0, 0)
        self._clusters.mark_dirty()
        self._tables.write(table, first, changes)
        for entry in old:
            self._drop_entry(entry)

    def write_zeroes(self, offset: int, length: int, unmap: bool) -> None:
        """See DiskImage."""
        self._check_write(offset, length)
        with self._lock:
            self._ready_to_write()
            end = offset + length
            first = -(-offset >> self.cluster_bits)
            last = self._end_cluster(end)
            if first >= last:
                self._write_zeros(offset, length)
                return
            begin = first << self.cluster_bits
            self._write_zeros(offset, begin - offset)
            for index, start, stop in self._in_tables(first, last):
                self._zero_in_table(index, start, stop, unmap)
            tail = min(last << self.cluster_bits, end)
            self._write_zeros(tail, end - tail)

    def _zero_in_table(self, index: int, start: int, stop: int, unmap: bool) -> None:
        table = self._tables.get(index)
        if table is None and self._backing is None:
            return
        can_unmap = self._backing is None or self._header.version == 3
        base = index << self.table_bits
        mapped: list[int] = []
        written: list[int] = []
        for i in range(start, stop):
            entry = table.entry(i) if table is not None else 0
            if base + i in self._pending:
                written.append(i)
            elif entry & (COMPRESSED | OFFSET_MASK) == 0:
                if not entry & ZERO_FLAG and self._backing is not None:
                    (mapped if can_unmap else written).append(i)
            elif entry & ZERO_FLAG and not entry & COMPRESSED and self._header.version == 3:
                continue
            elif table is not None and table.fast[i]:
                gives_back = unmap and can_unmap and not self._clusters.is_full
                (mapped if gives_back else written).append(i)
            else:
                (mapped if can_unmap else written).append(i)
        self._unmap(index, mapped)
        bits = self.cluster_bits
        first = 0
        for k, i in enumerate(written):
            if k + 1 == len(written) or written[k + 1] != i + 1:
                offset = (base + written[first]) << bits
                self._write_zeros(offset, min((base + i + 1) << bits, self.size) - offset)
                first = k + 1

    def _write_zeros(self, offset: int, length: int) -> None:
        """Zeros as data. It may wait for other writes, and the tables change meanwhile."""
        if not length:
            return
        plan = self._map_write(offset, length)
        new = plan.allocation
        clusters = new.clusters if isinstance(new, Allocation) else []
        try:
            for size, place in plan.extents:
                host_file.zero(self._fd, place, size, unmap=False)
            if new is not None and new.needs_sync:
                os.fdatasync(self._fd)
        except BaseException:
            self._abort(clusters)
            raise
        if clusters:
            self._written(clusters)
            self._commit(clusters)

    # --- stable storage and freed clusters -------------------------------------------------

    def flush(self) -> None:
        """See DiskImage."""
        ticket = self.begin_flush()
        os.fdatasync(self._fd)
        self.end_flush(ticket)

    def begin_flush(self) -> int:
        """See DiskImage."""
        with self._lock:
            return self._clusters.begin_flush() if self._writes() else 0

    def end_flush(self, ticket: int) -> None:
        """See DiskImage."""
        with self._lock:
            if self._writes() and ticket:
                self._clusters.end_flush(ticket)

    def _writes(self) -> bool:
        return self._started and not self.read_only and not self._damage

    @property
    def quarantined(self) -> int:
        """See DiskImage."""
        return self._clusters.quarantined if self._writes() else 0

    def seal_quarantine(self) -> int:
        """See DiskImage."""
        with self._lock:
            return self._clusters.seal() if self._writes() else 0

    def release_quarantine(self, ticket: int | None = None) -> None:
        """See DiskImage."""
        with self._lock:
            flush_is_due = self._writes() and self._clusters.release(ticket)
        if flush_is_due:
            self.flush()
