"""The block I/O engine (compiled; see blk.pyx). Virtio 1.3, 5.2.6."""

from array import array
from collections.abc import Callable

from kvmtool.core.virtqueue import Virtqueue

FLUSH_END: int
SYNC_FIRST: int

class BlkDisk:
    """What the queues of one disk share: a file, where things are in it, and the limits.

    `fd` stays the caller's. `size` is in bytes; requests are in multiples of `block_size`.
    `alignment` is what offsets, lengths and addresses of I/O on `fd` must be multiples of (1
    unless it is opened for direct I/O). With `cluster_bits`, guest cluster `g` is at the offset
    that `set_table` has for it; see DiskImage in backends/disk.py. `identifier` is the answer to
    GET_ID, up to 20 bytes. `iops` (requests other than FLUSH in a second) and `bandwidth` (bytes in
    a second) are 0 if unlimited.
    """

    def __init__(
        self,
        fd: int,
        size: int,
        *,
        block_size: int = 512,
        read_only: bool = False,
        alignment: int = 1,
        cluster_bits: int = 0,
        table_bits: int = 0,
        identifier: bytes = b"",
        iops: int = 0,
        bandwidth: int = 0,
    ) -> None: ...
    def set_table(self, index: int, table: array[int]) -> None:
        """Use `table` (typecode Q) for its clusters from now on. It is kept, at its address."""

    def has_table(self, index: int) -> bool:
        """Whether `set_table` had `index`, or it can have no use."""

    def set_write_through(self, on: bool) -> None:
        """Whether each write is on stable storage before it completes. From any thread."""

    def charge(self, size: int) -> None:
        """Count `size` more bytes against the limit of the bandwidth: later requests wait."""

    def next_epoch(self) -> None:
        """Count the reads and writes that begin from now on apart from those before.

        Only while `under_way_before` is 0.
        """

    def under_way_before(self) -> int:
        """How many reads and writes are under way that began before the last `next_epoch`."""

class SlowRequest:
    """A request that Python answers: by setting `status`.

    `buffers` hold its data in guest memory, `length` bytes in all: a write's, a discard's
    segments, or where a read's go. They are good until the callback returns, and can change at
    any moment. A flush may be answered with SYNC_FIRST and a `ticket`: it comes back, as type
    FLUSH_END and with that ticket, once the engine has done the fdatasync.
    """

    type: int
    offset: int
    length: int
    buffers: list[memoryview]
    status: int
    ticket: int

    def __init__(self, type: int, offset: int, length: int, buffers: list[memoryview]) -> None: ...

class BlkQueue:
    """One queue at work. `kick_fd` and `call_fd` are eventfds, call_fd may be -1.

    `serve_slow` gets the requests of a batch that Python has to do. `report` is told of each
    failure of the host: the type of the request, offset and length of what is left of it, and
    the error number (0: the file ended), or the exception that came out of `serve_slow`.
    `trace`, if given, gets a line about each request. All are called from the thread in `run`.
    Without `io_uring`, or where the kernel refuses it, I/O is done by preadv and pwritev.
    """

    sleeps: int
    slow_requests: int
    calls: int
    """How often the driver was interrupted."""

    def __init__(
        self,
        disk: BlkDisk,
        queue: Virtqueue,
        *,
        kick_fd: int,
        call_fd: int,
        serve_slow: Callable[[list[SlowRequest]], None],
        report: Callable[[int, int, int, int | BaseException], None],
        trace: Callable[[str], None] | None = None,
        io_uring: bool = True,
    ) -> None: ...
    @property
    def uses_io_uring(self) -> bool:
        """Whether `run` has a ring."""

    def run(self) -> str | None:
        """Serve until `stop`, or until the driver breaks a rule: the result says which.

        On return nothing is in flight.
        """

    def stop(self) -> None:
        """Have `run` end what is in flight and return. From any thread."""
