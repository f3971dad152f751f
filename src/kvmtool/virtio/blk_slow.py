"""The requests of a block device that its compiled engine leaves to Python (virtio 1.3, 5.2.6).

Flushes of formats that have metadata, discards and zeroes, and reads and writes where the engine
does not know the place in the file.
"""

from __future__ import annotations

import errno
import mmap
import os
import struct
import threading

from kvmtool.backends.disk import DATA, SLOW
from kvmtool.backends.host_file import FILE_ENDED
from kvmtool.core.blk import FLUSH_END, SYNC_FIRST
from kvmtool.uapi.linux import virtio_blk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kvmtool.backends.disk import Allocation, DiskImage
    from kvmtool.core.blk import BlkDisk, SlowRequest

MOST_SEGMENTS = 16
"""Of a DISCARD or WRITE_ZEROES."""
MOST_DISCARD_SECTORS = 1 << 22
MOST_ZEROES_SECTORS = 1 << 17
"""Few enough that zeros which have to be written do not keep a queue for long."""

_SECTOR = 512
_MOST_VECTORS = 1024  # of preadv and pwritev
_SEGMENT = struct.Struct("<QII")  # struct virtio_blk_discard_write_zeroes
_OK = virtio_blk.VIRTIO_BLK_S_OK
_IOERR = virtio_blk.VIRTIO_BLK_S_IOERR
_UNSUPP = virtio_blk.VIRTIO_BLK_S_UNSUPP
_OWN_MEMORY = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
_UNMAP = virtio_blk.VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP
_NEEDS = {
    virtio_blk.VIRTIO_BLK_T_DISCARD: 1 << virtio_blk.VIRTIO_BLK_F_DISCARD,
    virtio_blk.VIRTIO_BLK_T_WRITE_ZEROES: 1 << virtio_blk.VIRTIO_BLK_F_WRITE_ZEROES,
}


def describe(error: int) -> str:
    """What an error number of a report means."""
    return os.strerror(error) if error else "the image ends before"


class SlowPath:
    """Serves the slow requests of all queues of a disk, from each queue's thread.

    `allowed` are the features that the driver accepted. `write_through`: a request is on stable
    storage before it is answered. `report` is told of what the host refuses (see BlkQueue).
    """

    def __init__(
        self,
        image: DiskImage,
        disk: BlkDisk,
        report: Callable[[int, int, int, int | BaseException], None],
    ) -> None:
        self.allowed = 0
        self.write_through = False
        self._image = image
        self._disk = disk
        self._report = report
        self._lock = threading.Lock()
        self._ticket = 0

    def serve(self, batch: list[SlowRequest]) -> None:
        """Answer the requests."""
        written: list[tuple[SlowRequest, Allocation | None]] = []
        changed: list[SlowRequest] = []
        for request in batch:
            kind = request.type
            try:
                if kind == virtio_blk.VIRTIO_BLK_T_OUT:
                    written.append((request, self._write(request)))
                    continue
                if kind == virtio_blk.VIRTIO_BLK_T_IN:
                    self._read(request)
                    request.status = _OK
                elif kind == virtio_blk.VIRTIO_BLK_T_FLUSH:
                    request.ticket = self._image.begin_flush()
                    request.status = SYNC_FIRST
                elif kind == FLUSH_END:
                    self._image.end_flush(request.ticket)
                    request.status = _OK
                elif self.allowed & _NEEDS[kind]:
                    request.status = self._change(request)
                    changed.append(request)
                else:
                    request.status = _UNSUPP
            except OSError as error:
                self._failed(request, error)
        self._commit(written)
        if self.write_through:
            self._make_durable([request for request, _ in written] + changed)
        if self._image.cluster_bits:
            self._note_tables(batch)
            self.settle(wait=False)

    def settle(self, wait: bool = True) -> None:
        """Have the image use clusters again that no request aims at any more.

        With `wait`, when no request is under way at all.
        """
        if not self._image.cluster_bits:
            return
        with self._lock:
            try:
                if wait:
                    self._ticket = 0
                    if self._image.quarantined:
                        self._image.release_quarantine()
                    return
                if self._ticket and not self._disk.under_way_before():
                    ticket, self._ticket = self._ticket, 0
                    self._image.release_quarantine(ticket)
                if not self._ticket and self._image.quarantined:
                    if self._disk.under_way_before():
                        return
                    self._ticket = self._image.seal_quarantine()
                    if self._ticket:
                        self._disk.next_epoch()
            except OSError as error:
                self._report(-1, 0, 0, error)

    def _failed(self, request: SlowRequest, error: OSError) -> None:
        request.status = _IOERR
        number = error.errno if error.errno is not None else error
        self._report(request.type, request.offset, request.length, number)

    def _note_tables(self, batch: list[SlowRequest]) -> None:
        """Let the engine know the tables that these requests were in."""
        image, disk = self._image, self._disk
        shift = image.cluster_bits + image.table_bits
        for request in batch:
            if request.type > virtio_blk.VIRTIO_BLK_T_OUT or not request.length:
                continue
            last = (request.offset + request.length - 1) >> shift
            for index in range(request.offset >> shift, last + 1):
                if not disk.has_table(index):
                    table = image.l2_table(index)
                    if table is not None:
                        disk.set_table(index, table)

    # Reading.

    def _read(self, request: SlowRequest) -> None:
        image = self._image
        place = request.offset
        buffers = _Buffers(request.buffers)
        for length, kind, fd, offset in image.map_read(place, request.length):
            if kind == DATA:
                self._read_data(fd, offset, buffers.take(length))
            elif kind == SLOW:
                data = memoryview(image.read_slow(place, length))
                for buffer in buffers.take(length):
                    buffer[:] = data[: len(buffer)]
                    data = data[len(buffer) :]
            else:
                for buffer in buffers.take(length):
                    buffer[:] = bytes(len(buffer))
            place += length

    def _read_data(self, fd: int, offset: int, buffers: list[memoryview]) -> None:
        if self._image.alignment > 1:
            # Direct I/O wants aligned memory, as a mapping is.
            size = sum(map(len, buffers))
            with mmap.mmap(-1, size, _OWN_MEMORY) as aligned, memoryview(aligned) as data:
                self._fill(fd, offset, [data])
                at = 0
                for buffer in buffers:
                    buffer[:] = data[at : at + len(buffer)]
                    at += len(buffer)
        else:
            self._fill(fd, offset, buffers)

    def _fill(self, fd: int, offset: int, buffers: list[memoryview]) -> None:
        while buffers:
            count = os.preadv(fd, buffers[:_MOST_VECTORS], offset)
            if not count:
                raise OSError(FILE_ENDED, describe(FILE_ENDED))
            offset += count
            buffers = _behind(buffers, count)

    # Writing.

    def _write(self, request: SlowRequest) -> Allocation | None:
        """Write the data; what is returned is still to be committed."""
        plan = self._image.map_write(request.offset, request.length)
        try:
            buffers = _Buffers(request.buffers)
            for length, offset in plan.extents:
                self._write_data(offset, buffers.take(length))
        except BaseException:
            if plan.allocation is not None:
                plan.allocation.abort()
            raise
        if plan.allocation is not None:
            plan.allocation.written()
        return plan.allocation

    def _write_data(self, offset: int, buffers: list[memoryview]) -> None:
        if self._image.alignment > 1:
            with mmap.mmap(-1, sum(map(len, buffers)), _OWN_MEMORY) as aligned:
                for buffer in buffers:
                    aligned.write(buffer)
                with memoryview(aligned) as data:
                    self._drain(offset, [data])
        else:
            self._drain(offset, buffers)

    def _drain(self, offset: int, buffers: list[memoryview]) -> None:
        while buffers:
            count = os.pwritev(self._image.data_fd, buffers[:_MOST_VECTORS], offset)
            if not count:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            offset += count
            buffers = _behind(buffers, count)

    def _commit(self, written: list[tuple[SlowRequest, Allocation | None]]) -> None:
        """Let the image refer to what was written, copies of older data on stable storage first."""
        failure: OSError | None = None
        if any(allocation is not None and allocation.needs_sync for _, allocation in written):
            try:
                os.fdatasync(self._image.data_fd)
            except OSError as error:
                failure = error
        for request, allocation in written:
            try:
                if allocation is not None:
                    if failure is not None:
                        allocation.abort()
                        raise failure
                    allocation.commit()
                request.status = _OK
            except OSError as error:
                self._failed(request, error)

    def _make_durable(self, requests: list[SlowRequest]) -> None:
        done = [request for request in requests if request.status == _OK]
        if not done:
            return
        try:
            self._image.flush()
        except OSError as error:
            for request in done:
                self._failed(request, error)

    # Discards and zeroes.

    def _change(self, request: SlowRequest) -> int:
        """Do a DISCARD or WRITE_ZEROES; return its status. All of it is checked first."""
        image = self._image
        is_discard = request.type == virtio_blk.VIRTIO_BLK_T_DISCARD
        most = MOST_DISCARD_SECTORS if is_discard else MOST_ZEROES_SECTORS
        count, rest = divmod(request.length, _SEGMENT.size)
        if rest or not 0 < count <= MOST_SEGMENTS or image.read_only:
            return _IOERR
        # Copied once: the driver can change them at any moment.
        segments = list(_SEGMENT.iter_unpack(b"".join(request.buffers)))
        for _, _, flags in segments:
            if flags & ~(0 if is_discard else _UNMAP):
                return _UNSUPP
        capacity = image.size // _SECTOR
        for sector, sectors, _ in segments:
            unaligned = (sector | sectors) * _SECTOR % image.block_size
            if sectors > most or sector > capacity or sectors > capacity - sector or unaligned:
                return _IOERR
        for sector, sectors, flags in segments:
            start, length = sector * _SECTOR, sectors * _SECTOR
            request.offset, request.length = start, length  # for the log, should it fail
            if is_discard:
                image.discard(start, length)
            else:
                self._disk.charge(length)
                image.write_zeroes(start, length, bool(flags & _UNMAP) and image.can_discard)
        return _OK


class _Buffers:
    """The buffers of a request, taken in order."""

    def __init__(self, buffers: list[memoryview]) -> None:
        self._left = list(reversed(buffers))

    def take(self, size: int) -> list[memoryview]:
        """The next `size` bytes."""
        taken: list[memoryview] = []
        while size:
            buffer = self._left.pop()
            if len(buffer) > size:
                self._left.append(buffer[size:])
                buffer = buffer[:size]
            taken.append(buffer)
            size -= len(buffer)
        return taken


def _behind(buffers: list[memoryview], count: int) -> list[memoryview]:
    """What is left of the buffers after their first `count` bytes."""
    for index, buffer in enumerate(buffers):
        if count < len(buffer):
            return [buffer[count:], *buffers[index + 1 :]]
        count -= len(buffer)
    return []
