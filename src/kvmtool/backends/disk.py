"""Disk images: what virtio-blk sees of them, and how one is opened.

The format of an image is never found out from bytes that a guest can write: it is what the user
says, or `qcow2` for a name that ends in .qcow2, or raw.
"""

from __future__ import annotations

import errno
import os

from kvmtool.backends.disk_options import DiskOptions
from kvmtool.backends.host_file import open_image
from kvmtool.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from typing import Protocol

    Extent = tuple[int, int, int, int]
    """(length, kind, fd, file offset), lengths and offsets in bytes.

    `fd` is -1 for other kinds than DATA; SLOW has the guest's offset in place of the file's."""

    class Allocation(Protocol):
        """Clusters that a write goes to and that the image does not refer to yet.

        `written` and later `commit` are called, or `abort`, each once and from any thread.
        Between `map_write` and `written` the caller waits for no other allocation, as `commit` may
        wait for that.
        """

        needs_sync: bool
        """Data that the guest did not write just now were copied: see Qcow2Image, power."""

        def written(self) -> None:
            """The data are in the clusters."""

        def commit(self) -> None:
            """Refer to the clusters. On OSError the write has failed."""

        def abort(self) -> None:
            """The data could not be written: forget the clusters. Raises nothing."""

    class DiskImage(Protocol):
        """A disk's contents. All methods may be called from several threads at once.

        Offsets and lengths are bytes from the start of the disk and are within `size`
        (ValueError otherwise), of any alignment. Host errors are OSError, ENOSPC among them; a
        damaged image is ImageCorrupt, an OSError. After an error the image is as consistent as
        before.

        Whoever does I/O calls `start` first, in the process that does it: images are opened by
        one process and used by its children, one after another if one dies. An image that was
        not started has read nothing but its header, and copies of it stay valid.

        The fast path, for compiled code without the interpreter lock:
        `cluster_bits` is 0 for an image whose bytes are those of `data_fd` (raw: read and write
        at the same offset). Otherwise guest cluster `g` = offset >> cluster_bits has its
        place in `data_fd` in `l2_table(g >> table_bits)[g & ((1 << table_bits) - 1)]`: a byte
        offset, or 0 where `map_read` or `map_write` has to be asked. In a writable image an
        offset is good for reads and for writes in place, in a read-only one for reads. The
        tables are kept up to date in place, with stores of 8 bytes.

        Clusters that are freed while I/O is under way: a request on the fast path, or one
        between `map_read`/`map_write` and the end of its I/O, may still aim at a cluster that
        another queue's request frees. So freed clusters wait. The caller either calls
        `release_quarantine()` at a moment when no request at all is under way, or
        `ticket = seal_quarantine()`, and `release_quarantine(ticket)` once every request has
        ended that was under way when the ticket was taken. A request is under way from before
        its first look into a table (or its call of `map_*`) until its I/O is done and
        its allocation committed or aborted. While too many clusters wait, `discard` does
        nothing; nothing else depends on the release.
        """

        size: int
        """Bytes, a multiple of block_size."""
        read_only: bool
        block_size: int
        """Logical block size: 512 or 4096 bytes. The guest's requests are multiples of it."""
        physical_block_size: int
        optimal_io_size: int
        """Bytes; 0 if the host names none."""
        discard_granularity: int
        can_discard: bool
        """The user asked for discard, and the image is able to."""
        alignment: int
        """What file offsets, lengths and memory addresses of I/O on `data_fd` are multiples of:
        1 unless the image is opened for direct I/O."""
        data_fd: int
        cluster_bits: int
        table_bits: int
        """2 to this power is the number of entries of an L2 table. 0 for raw."""

        @property
        def quarantined(self) -> int:
            """How many clusters wait for `release_quarantine`."""

        def descriptors(self) -> set[int]:
            """Its files, and those of its backing images."""

        def start(self) -> None:
            """Read the metadata, and repair what a killed process left. Does nothing the second
            time. Raises BadInput or OSError; opens no files, imports nothing."""

        def l2_table(self, index: int) -> array[int] | None:
            """The table `index` of the fast path, typecode Q; None if there is none (yet: ask
            again after a `map_write` there). It stays at its address until `close`."""

        def map_read(self, offset: int, length: int) -> list[Extent]:
            """Where `length` bytes at `offset` are, in order."""

        def map_write(self, offset: int, length: int) -> WritePlan:
            """Where to write `length` bytes at `offset`."""

        def read_slow(self, offset: int, length: int) -> bytes:
            """The contents, whatever kind they are."""

        def discard(self, offset: int, length: int) -> None:
            """The guest no longer needs the contents. Parts of clusters are left alone."""

        def write_zeroes(self, offset: int, length: int, unmap: bool) -> None:
            """Make the range read as zeros; with `unmap` give its space back if possible."""

        def flush(self) -> None:
            """Everything that was written is on stable storage when this returns."""

        def begin_flush(self) -> int:
            """For a caller that does the fdatasync of `data_fd` itself: call this before, and
            `end_flush` with the result after it. Together they are `flush`."""

        def end_flush(self, ticket: int) -> None: ...

        def seal_quarantine(self) -> int:
            """A ticket for all that waits now; 0 if nothing does."""

        def release_quarantine(self, ticket: int | None = None) -> None:
            """What the ticket (None: everything) stands for can no longer be hit. OSError if
            the metadata cannot be written; then it goes on waiting."""

        def close(self) -> None:
            """Bring the file into its final state, if started, and close it. No I/O may be
            under way. Raises OSError; the descriptors are closed all the same."""


DATA, ZERO, SLOW = 0, 1, 2
"""Kinds of extents: read it at a file offset, it is all zeros, call `read_slow`."""

QCOW2_MAGIC = b"QFI\xfb"


class WritePlan:
    """Where a write goes: `extents` of (length, file offset) in `data_fd`, in order.

    If `allocation` is not None, it is told when all data are written, then committed; or aborted.
    """

    __slots__ = ("allocation", "extents")

    def __init__(self, extents: list[tuple[int, int]], allocation: Allocation | None) -> None:
        self.extents = extents
        self.allocation = allocation


class ImageCorrupt(OSError):
    """The image contradicts its format or itself. errno is EIO."""

    def __init__(self, text: str) -> None:
        super().__init__(errno.EIO, text)


def check_range(offset: int, length: int, size: int) -> None:
    """ValueError unless the range is within a disk of `size` bytes."""
    if offset < 0 or length < 0 or offset + length > size:
        raise ValueError(f"bytes {offset} to {offset + length} are not within {size}")


def open_disk(options: DiskOptions) -> DiskImage:
    """Open the image that `options` name, with its backing files, and lock it.

    BadInput in one line for what cannot be used.
    """
    path = options.path
    fd = open_image(path, options.read_only)
    try:
        if _format(options, fd) == "qcow2":
            from kvmtool.backends.qcow2 import open_qcow2

            return open_qcow2(path, fd, options)
        from kvmtool.backends.raw import RawImage

        return RawImage(path, fd, options)
    except BaseException:
        os.close(fd)
        raise


def _format(options: DiskOptions, fd: int) -> str:
    if options.format:
        return options.format
    if options.path.endswith(".qcow2"):
        return "qcow2"
    try:
        begin = os.pread(fd, 4, 0)
    except OSError as error:
        raise BadInput(f"cannot read disk image {options.path}: {error.strerror}") from None
    if begin == QCOW2_MAGIC:
        raise BadInput(
            f"disk image {options.path} begins like a qcow2 image: add ,format=qcow2, "
            f"or ,format=raw to give the guest the bytes of the file"
        )
    return "raw"


__all__ = [
    "DATA",
    "QCOW2_MAGIC",
    "SLOW",
    "ZERO",
    "DiskOptions",
    "ImageCorrupt",
    "WritePlan",
    "check_range",
    "open_disk",
]
