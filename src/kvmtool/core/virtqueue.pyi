"""Virtqueues, device side (compiled; see virtqueue.pyx).

Virtio 1.3, 2.6 (virtqueues), 2.7 (split) and 2.8 (packed).
"""

from collections.abc import Iterable

from _typeshed import ReadableBuffer, WriteableBuffer

LARGEST_QUEUE: int
"""32768, the largest size that a split or packed virtqueue may have."""

class ProtocolError(Exception):
    """The driver broke a rule of the specification; the message is one line that says which.

    The device needs a reset (2.1.2, DEVICE_NEEDS_RESET). Nothing else that a driver does makes
    this module raise.
    """

class GuestMap:
    """Where guest memory is in this process: what every guest-supplied address goes through.

    `regions` are (gpa, size in bytes, hva[, writable]); where devices may not write there are no
    queues and no buffers to be filled. They are kept sorted; ones that overlap, wrap or are empty
    are a ValueError. Regions that touch count as one for a range that crosses them.
    `keep` is anything that has to live as long as the map (the mmap objects).
    """

    def __init__(
        self,
        regions: Iterable[tuple[int, int, int] | tuple[int, int, int, bool]],
        keep: object = None,
    ) -> None: ...
    def hva(self, gpa: int, size: int) -> int:
        """The address here of `size` bytes that lie in one region. Raises ProtocolError."""

    def view(self, gpa: int, size: int) -> memoryview:
        """The `size` bytes at `gpa`, in one region, writable if it is. Raises ProtocolError.

        The view keeps the map and what it keeps.
        """

    def segments(self, gpa: int, size: int) -> list[tuple[int, int]]:
        """The (hva, size) pieces of a range that may cross regions. Raises ProtocolError."""

class Chain:
    """A descriptor chain that the driver made available: `readable` bytes, then `writable` ones.

    Reads and writes go on from where the last one ended. Descriptors were read once, when the
    chain was popped; the bytes in the buffers can change at any moment: copy, then check.
    After `push` every method raises ValueError; views that were taken before stay valid memory,
    but it is the driver's again.
    """

    head: int
    """The head of a split chain, the buffer id of a packed one."""
    readable: int
    """Bytes that the device may read and has not read yet."""
    writable: int
    """Bytes that the device may write and has not written yet."""
    written: int
    """Bytes that the device wrote: what `push` reports as used."""

    def read(self, size: int) -> bytes:
        """Copy the next `size` readable bytes, or as many as are left."""

    def write(self, data: ReadableBuffer) -> int:
        """Copy `data` into the next writable bytes; return how many there was room for."""

    def skip(self, size: int) -> int:
        """Pass over readable bytes; return how many were left to pass."""

    def fill_from(self, fd: int, limit: int) -> int:
        """Read up to `limit` bytes of the file `fd` into the next writable bytes (readv).

        Returns how many came, 0 at the end of the file: one call of readv, so that fewer than
        asked may come. Raises OSError.
        """

    def drain_to(self, fd: int, limit: int) -> int:
        """Write up to `limit` of the next readable bytes to the file `fd` (writev). Raises OSError.

        Returns how many it took, with one call of writev.
        """

    def readable_views(self) -> list[memoryview]:
        """The buffers that the device may read, whole, not copied, read-only."""

    def writable_views(self) -> list[memoryview]:
        """The buffers that the device may write, whole, not copied; say `written` yourself."""

    def readable_ranges(self) -> list[tuple[int, int]]:
        """The (hva, size) pairs of the readable buffers."""

    def writable_ranges(self) -> list[tuple[int, int]]:
        """The (hva, size) pairs of the writable buffers."""

class Virtqueue:
    """One queue as the device sees it. Not safe for several threads at once.

    `descriptors`, `driver` and `device` are the gpas of the queue's three areas (split: descriptor
    table, available ring, used ring). `base` is where to go on: for a split queue the available
    index (low 16 bits) and the used index (high 16 bits); for a packed one
    the available index with its wrap counter in bit 15 (low 16 bits) and the used index with its
    wrap counter (high 16 bits). None is a fresh queue: 0 for a split one, 0x8000_8000 for a packed
    one. A split base other than 0 whose high half is 0, as vhost-user front-ends keep it, takes
    the used index from the used ring.
    `inflight` is this queue's part of an in-flight region as the vhost-user specification lays it
    out ("Inflight I/O tracking"); chains that it shows to be in flight are popped again first.
    With it, a split queue goes on from its used ring and `base` is ignored; a packed queue goes on
    from what the region says, and `base` counts only for a region of zeros. A queue that starts
    afresh (device reset, RING_RESET) needs its part of the region zeroed first. The region is as
    little trusted as the rings are.
    Raises ProtocolError where size, alignment, addresses, `base` or the region are wrong.
    """

    size: int
    packed: bool

    def __init__(
        self,
        memory: GuestMap,
        *,
        size: int,
        descriptors: int,
        driver: int,
        device: int,
        packed: bool = False,
        event_idx: bool = False,
        indirect: bool = True,
        in_order: bool = False,
        base: int | None = None,
        inflight: WriteableBuffer | None = None,
    ) -> None: ...
    def pop(self) -> Chain | None:
        """Take the next available chain, or None. Raises ProtocolError.

        After an error the queue is broken: every further call raises the same one, and `publish`,
        `arm` and `disarm` leave the memory alone and return False.
        """

    def push(self, chain: Chain) -> None:
        """Give `chain` back as used with its `written` bytes; the driver sees it at `publish`.

        More than the chain has room for counts as all of it. Of an in-order queue, chains that
        were popped after one that is not pushed yet wait for it. Raises ValueError for a chain
        that was pushed already or is of another queue.
        """

    def publish(self) -> bool:
        """Show the driver what was pushed; return whether it wants to be notified (call it).

        The first call after chains were taken over from an in-flight region returns True in any
        case: what the killed process published may lack its notification.
        """

    def arm(self) -> bool:
        """Ask for notifications (kicks); return whether there is something to pop already."""

    def disarm(self) -> None:
        """Tell the driver that it need not notify."""

    @property
    def base(self) -> int:
        """Where another implementation would go on; see the class."""

    @property
    def in_flight(self) -> int:
        """How many chains were popped and not pushed."""

    def counters(self) -> dict[str, int]:
        """`chains` popped, `bytes_read`, `bytes_written`, `publishes`, `notifications`.

        `bytes_read` are those that were readable in the chains pushed so far, `publishes` the calls
        with something to show, `notifications` those that returned True.
        """

def inflight_size(queue_size: int, packed: bool) -> int:
    """Bytes that one queue takes in an in-flight region, a multiple of 64."""
