"""Memory balloon (virtio 1.3, 5.5): takes pages from the guest and gives them back to the host.

What the guest puts into the balloon, and what it reports as free, becomes a hole in the memory's
file. A page that the guest takes back is zeros, which the host provides when it is touched.
"""

from __future__ import annotations

import os
import select

from kvmtool import log
from kvmtool.backends import host_file
from kvmtool.core.virtqueue import ProtocolError
from kvmtool.errors import BadInput
from kvmtool.sandbox.policy import Policy
from kvmtool.uapi.linux import virtio_balloon, virtio_ids
from kvmtool.vhost.queue import HELD
from kvmtool.virtio import balloon_control
from kvmtool.virtio.declarations import Config, Feature, Queue
from kvmtool.virtio.device import VirtioDevice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kvmtool.core.virtqueue import Chain
    from kvmtool.event_loop import EventLoop
    from kvmtool.vhost.queue import RunningQueue
    from kvmtool.vhost.user.memory import SharedMemory, SharedRegion

_PFN_SHIFT = virtio_balloon.VIRTIO_BALLOON_PFN_SHIFT  # pages are of 4 KiB on every architecture
_PFN_SIZE = 4
_MOST_PFNS = 16384  # in one chain; Linux sends 256
_MOST_WAITING = 16


class Balloon(VirtioDevice, name="balloon", device_id=virtio_ids.VIRTIO_ID_BALLOON):
    """The balloon; `control_fd` is the device's end of a socket to a BalloonControl.

    That is `Machine.balloon`, which sets the size and asks for statistics. Without it, as alone,
    the guest's free pages are given back, and no others.
    The descriptor stays its maker's. With `deflate_on_oom` the guest takes pages out of the
    balloon rather than kill a process; without `reporting` it does not tell of free pages.
    """

    policy = Policy(syscalls=("fallocate", "fstatfs"))

    inflate = Queue(size=128, doc="page numbers that go into the balloon")
    deflate = Queue(size=128, doc="page numbers that come out of it")
    statistics = Queue(size=16, doc="one buffer of statistics, which the device keeps until asked")
    # The specification has the page hints here, which are not offered. Linux counts without them
    # and so reports on this queue.
    reporting_3 = Queue(size=32, doc="free pages, where the driver does not count page hints")
    reporting = Queue(size=32, doc="free pages")

    has_statistics = Feature(virtio_balloon.VIRTIO_BALLOON_F_STATS_VQ, doc="statistics")
    deflates_on_oom = Feature(
        virtio_balloon.VIRTIO_BALLOON_F_DEFLATE_ON_OOM, doc="pages come back when memory is short"
    )
    page_poison = Feature(
        virtio_balloon.VIRTIO_BALLOON_F_PAGE_POISON, doc="poison_val is in free pages"
    )
    reports = Feature(virtio_balloon.VIRTIO_BALLOON_F_REPORTING, doc="free pages are reported")

    num_pages = Config(0, 4, doc="pages that the balloon should have")
    actual = Config(4, 4, writable=True, doc="pages that it has")
    poison_val = Config(12, 4, writable=True, doc="what the driver expects in free pages")

    def __init__(
        self, control_fd: int = -1, *, deflate_on_oom: bool = True, reporting: bool = True
    ) -> None:
        self._control_fd = control_fd
        if control_fd >= 0:
            os.set_blocking(control_fd, False)
        if not deflate_on_oom:
            self.withdraw(Balloon.deflates_on_oom)
        if not reporting:
            self.withdraw(Balloon.reports)
        self._page_sizes: dict[int, int] = {}
        self._regions: list[SharedRegion] = []
        self._gives_back = True
        self._held: Chain | None = None
        self._waiting: list[int] = []

    @classmethod
    def from_option(cls, text: str, control_fd: int = -1) -> Balloon:
        """Make the device for "" or, from Python, "reporting=off". Raises BadInput."""
        if text not in ("", "reporting=on", "reporting=off"):
            raise BadInput(f"a balloon's option is reporting=on or reporting=off, not {text!r}")
        return cls(control_fd, reporting=text != "reporting=off")

    def descriptors(self) -> Sequence[int]:
        return (self._control_fd,) if self._control_fd >= 0 else ()

    def attach(self, loop: EventLoop) -> None:
        super().attach(loop)
        if self._control_fd >= 0:
            loop.watch(self._control_fd, select.POLLIN, self._take_request)

    def set_memory(self, memory: SharedMemory) -> None:
        super().set_memory(memory)
        self._regions = list(memory.regions)
        self._page_sizes = {region.fd: _page_size(region.fd) for region in memory.regions}

    # Pages that the guest gives.

    @inflate.serves
    def _inflate(self, chain: Chain) -> None:
        if chain.readable % _PFN_SIZE or chain.readable > _MOST_PFNS * _PFN_SIZE:
            raise ProtocolError(
                f"page numbers must be whole and at most {_MOST_PFNS}, not {chain.readable} bytes"
            )
        for first, count in _runs(chain.read(chain.readable)):
            self._give_back_gpa(first << _PFN_SHIFT, count << _PFN_SHIFT)

    @deflate.serves
    def _deflate(self, chain: Chain) -> None:
        """Do nothing: the host provides a page as soon as the guest touches it."""

    @reporting_3.serves
    @reporting.serves
    def _report(self, chain: Chain) -> None:
        # What we give back is zeros, and nothing else may appear in a page but its poison.
        if self.has(Balloon.page_poison) and self.poison_val:
            return
        for hva, size in chain.writable_ranges():
            for region in self._regions:
                start = max(hva, region.hva)
                end = min(hva + size, region.hva + region.size)
                if start < end:
                    self._give_back(region, start - region.hva, end - start)

    def _give_back_gpa(self, gpa: int, size: int) -> None:
        """Give back a range of RAM, which may be in several regions. Raises ProtocolError."""
        while size:
            for region in self._regions:
                if region.writable and region.gpa <= gpa < region.gpa + region.size:
                    break
            else:
                raise ProtocolError(f"the page at {gpa:#x} must be RAM to go into the balloon")
            part = min(size, region.gpa + region.size - gpa)
            self._give_back(region, gpa - region.gpa, part)
            gpa += part
            size -= part

    def _give_back(self, region: SharedRegion, offset: int, size: int) -> None:
        """Make a hole of the whole pages of the host's in a checked range of `region`."""
        page = self._page_sizes[region.fd]
        if not (page and self._gives_back):
            return
        start = region.fd_offset + offset
        end = (start + size) // page * page
        start = -(-start // page) * page
        if start >= end:
            return
        try:
            self._gives_back = host_file.punch_hole(region.fd, start, end - start)
            reason = "its file has no holes"
        except OSError as error:
            self._gives_back = False
            reason = str(error.strerror)
        if not self._gives_back:
            log.warning(f"{self.name}: the host takes no memory back: {reason}")

    # Statistics, which the driver fills in anew when it gets its buffer back.

    @statistics.serves
    def _keep(self, chain: Chain) -> object:
        queue = self.queue(Balloon.statistics)
        if self._held is not None and queue is not None:
            queue.push(self._held)
        self._held = chain
        data = chain.read(balloon_control.STATISTICS_SIZE)
        self._answer_waiting(balloon_control.parse_statistics(data))
        return HELD

    def _answer_waiting(self, pairs: list[tuple[int, int]]) -> None:
        waiting, self._waiting = self._waiting, []
        for request_id in waiting:
            self._answer(request_id, pairs)

    def stop_queue(self, index: int) -> None:
        queue = self.running.get(index)
        super().stop_queue(index)
        if self.queues[index] is Balloon.statistics:
            if queue is not None:
                self._return_statistics(queue)
            self._held = None
            self._answer_waiting([])

    def _return_statistics(self, queue: RunningQueue) -> None:
        """Give the driver its buffer, if we have it."""
        if self._held is not None and not queue.broken:
            queue.push(self._held)
            queue.notify()
        self._held = None

    # What the VMM asks.

    def _take_request(self) -> None:
        try:
            data = os.read(self._control_fd, balloon_control.REQUEST.size)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.loop.unwatch(self._control_fd)
        if len(data) != balloon_control.REQUEST.size:
            return
        kind, request_id, pages = balloon_control.REQUEST.unpack(data)
        if kind == balloon_control.ASK_STATISTICS and self._ask_driver():
            self._waiting.append(request_id)
            return
        if kind == balloon_control.SET_TARGET:
            self.num_pages = pages
            self.on_config_change()
        self._answer(request_id, [])

    def _ask_driver(self) -> bool:
        """Have the driver fill in its buffer; return whether there is a driver that may."""
        queue = self.queue(Balloon.statistics)
        if queue is None or queue.broken or len(self._waiting) >= _MOST_WAITING:
            return False
        self._return_statistics(queue)
        return True

    def _answer(self, request_id: int, pairs: list[tuple[int, int]]) -> None:
        data = balloon_control.answer(request_id, self.num_pages, self.actual, pairs)
        try:
            os.write(self._control_fd, data)
        except OSError:
            return  # the VMM reads no answers

    def reset(self) -> None:
        """Forget the driver, whose next one begins with an empty balloon; the target stays."""
        super().reset()
        self.actual = 0
        self.poison_val = 0

    def accept_state(self, config: bytes, values: Sequence[int]) -> None:
        super().accept_state(config, values)
        self.num_pages = int.from_bytes(config[:4], "little")


def _page_size(fd: int) -> int:
    """The host's page size in the file of a region; 0 where no page must be given back.

    That is so where somebody can see the file: what looks like RAM to the guest may be an image.
    """
    if os.fstat(fd).st_nlink:
        return 0
    return os.fstatvfs(fd).f_bsize


def _runs(data: bytes) -> Iterator[tuple[int, int]]:
    """The runs of consecutive numbers (first, count) among little-endian page numbers."""
    first, end = 0, 0
    for pfn in sorted(set(memoryview(data).cast("I"))):
        if pfn != end:
            if first != end:
                yield first, end - first
            first = pfn
        end = pfn + 1
    if first != end:
        yield first, end - first
