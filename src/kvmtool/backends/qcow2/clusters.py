"""Giving out and taking back host clusters.

Clusters are reserved in batches: their refcounts are written at once, before anything refers to
them, so that a process killed at any moment leaves unused clusters and nothing worse. Clusters
that are freed keep their refcount and wait, first until no I/O can be aimed at them, then
until what freed them is on stable storage.
"""

from __future__ import annotations

import os

from kvmtool.backends import host_file
from kvmtool.backends.qcow2.header import DIRTY, INCOMPATIBLE_AT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from kvmtool.backends.qcow2.header import Header
    from kvmtool.backends.qcow2.refcounts import Refcounts

_BATCH_BYTES = 16 << 20
_MOST_IN_BATCH = 1024
_LARGEST_QUARANTINE = 4096  # clusters
_MOST_WITHOUT_SYNC = 1024


class HostClusters:
    """The free clusters of a started writable image. The image's lock is held by the caller."""

    def __init__(self, fd: int, header: Header, refcounts: Refcounts) -> None:
        self._fd = fd
        self._header = header
        self._refcounts = refcounts
        self._bits = header.cluster_bits
        self._batch = max(1, min(_BATCH_BYTES >> self._bits, _MOST_IN_BATCH))
        self._fixed_size = host_file.is_block_device(fd)
        # From here on the file has never had contents.
        self._untouched = 1 << 62
        if not self._fixed_size:
            self._untouched = -(-host_file.size_of(fd) >> self._bits)
        self._reserved: list[int] = []  # descending
        self._fresh_from = 0
        self._waiting: list[int] = []
        self._released = 0  # how many have left _waiting, ever
        self._quiet: list[int] = []
        self._applied = 0  # how many have left _quiet, ever
        self._is_dirty = False

    # --- giving out ------------------------------------------------------------------------

    def take(self) -> tuple[int, bool]:
        """A cluster that reads as zeros, with refcount 1; and whether it will even after a loss
        of power. Raises OSError."""
        if not self._reserved:
            self._reserve()
        cluster = self._reserved.pop()
        return cluster, cluster >= self._fresh_from

    def _reserve(self) -> None:
        self.mark_dirty()
        clusters = self._refcounts.reserve(self._batch)
        end = clusters[-1] + 1
        try:
            if not self._fixed_size and os.fstat(self._fd).st_size < end << self._bits:
                os.ftruncate(self._fd, end << self._bits)
            if self._header.version == 2:
                # Without a dirty bit nobody would count again after a loss of power, nor miss
                # what lies behind the end of the file.
                os.fdatasync(self._fd)
            self._fresh_from = self._untouched
            reused = [cluster for cluster in clusters if cluster < self._untouched]
            for first, last in _runs(reused):
                size = (last - first + 1) << self._bits
                host_file.zero(self._fd, first << self._bits, size, unmap=True)
            if reused:
                os.fdatasync(self._fd)
        except OSError:
            self._refcounts.release(clusters)
            raise
        if not self._fixed_size:
            self._untouched = max(self._untouched, end)
        clusters.reverse()
        self._reserved = clusters

    def mark_dirty(self) -> None:
        """From now on there may be unused clusters with refcounts. Version 2 cannot say that.

        Raises OSError.
        """
        if self._is_dirty or self._header.version == 2:
            return
        self._set_incompatible(self._header.incompatible | DIRTY)
        os.fdatasync(self._fd)
        self._is_dirty = True

    def _set_incompatible(self, bits: int) -> None:
        host_file.write_all(self._fd, bits.to_bytes(8, "big"), INCOMPATIBLE_AT)

    # --- taking back -----------------------------------------------------------------------

    @property
    def quarantined(self) -> int:
        """How many clusters wait."""
        return len(self._waiting) + len(self._quiet)

    @property
    def is_full(self) -> bool:
        """Whether nothing more should be freed now if it can be avoided."""
        return len(self._waiting) >= _LARGEST_QUARANTINE

    def drop(self, clusters: Iterable[int]) -> None:
        """One reference less for each, as soon as that is safe."""
        self._waiting.extend(clusters)

    def seal(self) -> int:
        """A ticket for all that were dropped until now; 0 if none waits."""
        return self._released + len(self._waiting) if self._waiting else 0

    def release(self, ticket: int | None) -> bool:
        """No I/O is aimed at them any more. Returns whether a flush is due."""
        count = len(self._waiting) if ticket is None else max(ticket - self._released, 0)
        moved = self._waiting[:count]
        del self._waiting[:count]
        self._released += len(moved)
        self._quiet.extend(moved)
        return len(self._quiet) > _MOST_WITHOUT_SYNC

    def begin_flush(self) -> int:
        """A ticket for those that the flush makes free."""
        return self._applied + len(self._quiet)

    def end_flush(self, ticket: int) -> None:
        """The flush is done: give the clusters back. Raises OSError."""
        count = max(ticket - self._applied, 0)
        clusters = self._quiet[:count]
        if not clusters:
            return
        del self._quiet[:count]
        self._applied += len(clusters)
        self.mark_dirty()
        free = sorted(self._refcounts.release(clusters))
        if free:
            self._untouched = max(self._untouched, free[-1] + 1)
        try:
            for first, last in _runs(free):
                size = (last - first + 1) << self._bits
                host_file.punch_hole(self._fd, first << self._bits, size)
        except OSError:
            pass  # a full btrfs cannot; the flush itself is done

    def close(self) -> None:
        """Give back all that is not in use, and shorten the file to what is. Raises OSError."""
        if not (self._is_dirty or self._reserved or self.quarantined):
            return
        self.release(None)
        os.fdatasync(self._fd)
        self.end_flush(self.begin_flush())
        self._refcounts.release(self._reserved)
        self._reserved = []
        end = self._refcounts.last_used() + 1
        if not self._fixed_size and 0 < end << self._bits < os.fstat(self._fd).st_size:
            os.ftruncate(self._fd, end << self._bits)
        os.fdatasync(self._fd)
        if self._is_dirty:
            self._set_incompatible(self._header.incompatible)
            os.fdatasync(self._fd)
            self._is_dirty = False


def _runs(clusters: list[int]) -> list[tuple[int, int]]:
    """Ascending clusters as (first, last) of each row of neighbours."""
    runs: list[tuple[int, int]] = []
    for cluster in clusters:
        if runs and runs[-1][1] == cluster - 1:
            runs[-1] = (runs[-1][0], cluster)
        else:
            runs.append((cluster, cluster))
    return runs
