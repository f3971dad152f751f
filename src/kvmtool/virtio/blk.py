"""Block device (virtio 1.3, 5.2)."""

from __future__ import annotations

import threading

from kvmtool import eventfd, log
from kvmtool.backends.disk import DiskOptions, open_disk
from kvmtool.core.blk import BlkDisk, BlkQueue
from kvmtool.errors import BadInput
from kvmtool.sandbox.policy import Policy
from kvmtool.uapi.linux import fs, virtio_blk, virtio_ids
from kvmtool.vhost.bounded_log import BoundedLog
from kvmtool.virtio import blk_slow
from kvmtool.virtio.declarations import Config, Feature, Queue
from kvmtool.virtio.device import VirtioDevice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from kvmtool.backends.disk import DiskImage
    from kvmtool.vhost.queue import RunningQueue

_SECTOR = 512
_QUEUE_SIZE = 256
_LOOK_S = 0.5
_TYPES = {
    virtio_blk.VIRTIO_BLK_T_IN: "read",
    virtio_blk.VIRTIO_BLK_T_OUT: "write",
    virtio_blk.VIRTIO_BLK_T_DISCARD: "discard",
    virtio_blk.VIRTIO_BLK_T_WRITE_ZEROES: "write of zeros",
}


class Blk(VirtioDevice, name="blk", device_id=virtio_ids.VIRTIO_ID_BLOCK):
    """A disk: a raw or qcow2 image file, or a block device of the host.

    With `direct` its blocks are as large as the host needs for that, which can be 4096 bytes. Give
    `format=raw` for a raw image whose guest is not trusted: without it one that begins as qcow2
    images do is refused. Each queue has a thread in the compiled engine (kvmtool.core.blk).
    """

    policy = Policy(
        syscalls=("fdatasync", "fallocate", "ftruncate"),
        ioctls=(fs.BLKDISCARD, fs.BLKZEROOUT),
        threads=True,
        io_uring=True,
        memory_mib=1024,
        file_size=None,
    )

    seg_max_feature = Feature(virtio_blk.VIRTIO_BLK_F_SEG_MAX, doc="seg_max is valid")
    read_only = Feature(virtio_blk.VIRTIO_BLK_F_RO, doc="the disk cannot be written to")
    block_sizes = Feature(virtio_blk.VIRTIO_BLK_F_BLK_SIZE, doc="blk_size is valid")
    flushes = Feature(virtio_blk.VIRTIO_BLK_F_FLUSH, doc="there is a cache, and FLUSH empties it")
    topology = Feature(virtio_blk.VIRTIO_BLK_F_TOPOLOGY, doc="what sizes I/O is best done in")
    cache_control = Feature(
        virtio_blk.VIRTIO_BLK_F_CONFIG_WCE, doc="the driver may turn the cache off"
    )
    multiqueue = Feature(virtio_blk.VIRTIO_BLK_F_MQ, doc="there are num_queues queues")
    discards = Feature(virtio_blk.VIRTIO_BLK_F_DISCARD, doc="DISCARD gives space back")
    zeroes = Feature(virtio_blk.VIRTIO_BLK_F_WRITE_ZEROES, doc="WRITE_ZEROES works")

    capacity = Config(0, 8, doc="512-byte sectors")
    seg_max = Config(12, 4, doc="most buffers of data in a request")
    blk_size = Config(20, 4, doc="logical block size, bytes")
    physical_block_exp = Config(24, 1, doc="logical blocks in a physical one, as a power of two")
    alignment_offset = Config(25, 1, doc="the first aligned logical block")
    min_io_size = Config(26, 2, doc="smallest good size of I/O, logical blocks")
    opt_io_size = Config(28, 4, doc="best size of I/O, logical blocks; 0: any")
    writeback = Config(32, 1, writable=True, doc="1: writes may stay in the cache until a FLUSH")
    num_queues = Config(34, 2, doc="queues")
    max_discard_sectors = Config(36, 4, doc="most sectors in a segment of DISCARD")
    max_discard_seg = Config(40, 4, doc="most segments in a DISCARD")
    discard_sector_alignment = Config(44, 4, doc="what a DISCARD should be aligned to, sectors")
    max_write_zeroes_sectors = Config(48, 4, doc="most sectors in a segment of WRITE_ZEROES")
    max_write_zeroes_seg = Config(52, 4, doc="most segments in a WRITE_ZEROES")
    write_zeroes_may_unmap = Config(56, 1, doc="whether WRITE_ZEROES can give space back")

    requests = Queue(size=_QUEUE_SIZE, doc="requests")

    def __init__(self, image: DiskImage, options: DiskOptions) -> None:
        self.image = image
        self._always_through = options.cache == "writethrough"
        self._io_uring = True
        self._threads: dict[int, tuple[BlkQueue, threading.Thread]] = {}
        self._complaints = BoundedLog()
        self.queues = (Blk.requests,) * (options.queues or 1)
        self._describe(image)
        self._disk = BlkDisk(
            image.data_fd,
            image.size,
            block_size=image.block_size,
            read_only=image.read_only,
            alignment=image.alignment,
            cluster_bits=image.cluster_bits,
            table_bits=image.table_bits,
            identifier=options.serial.encode(),
            iops=options.iops,
            bandwidth=options.bandwidth,
        )
        self._slow = blk_slow.SlowPath(image, self._disk, self._report)

    @classmethod
    def from_option(cls, text: str) -> Blk:
        """Open the image of "PATH[,OPTION...]". Raises BadInput."""
        options = DiskOptions.parse(text)
        return cls(open_disk(options), options)

    def descriptors(self) -> Sequence[int]:
        return sorted(self.image.descriptors())

    def _describe(self, image: DiskImage) -> None:
        block = image.block_size
        self.capacity = image.size // _SECTOR
        self.seg_max = _QUEUE_SIZE - 2
        self.blk_size = block
        ratio = max(image.physical_block_size // block, 1)
        self.physical_block_exp = min(ratio.bit_length() - 1, 255)
        self.min_io_size = min(ratio, 0xFFFF)
        self.opt_io_size = min(image.optimal_io_size // block, 0xFFFFFFFF)
        self.writeback = not self._always_through
        self.num_queues = len(self.queues)
        self.max_discard_sectors = blk_slow.MOST_DISCARD_SECTORS
        self.max_discard_seg = blk_slow.MOST_SEGMENTS
        self.discard_sector_alignment = max(image.discard_granularity // _SECTOR, 1)
        self.max_write_zeroes_sectors = blk_slow.MOST_ZEROES_SECTORS
        self.max_write_zeroes_seg = blk_slow.MOST_SEGMENTS
        self.write_zeroes_may_unmap = image.can_discard
        if self._always_through:
            self.withdraw(Blk.flushes)
            self.withdraw(Blk.cache_control)
        if len(self.queues) == 1:
            self.withdraw(Blk.multiqueue)
        if not image.can_discard:
            self.withdraw(Blk.discards)
        if image.read_only:
            self.withdraw(Blk.zeroes)
        else:
            self.withdraw(Blk.read_only)

    def negotiate(self, features: int) -> None:
        super().negotiate(features)
        self._slow.allowed = self.accepted
        self._choose_cache()

    def load(self, state: bytes) -> None:
        super().load(state)
        self._slow.allowed = self.accepted
        self._choose_cache()

    @writeback.on_write
    def _choose_cache(self, _value: int = 0) -> None:
        self.writeback = self.writeback != 0
        # Without FLUSH a driver knows of no cache (5.2.6.2).
        through = not self.has(Blk.flushes)
        if self.has(Blk.cache_control):
            through |= not self.writeback
        was_through = self._slow.write_through
        self._disk.set_write_through(through)
        self._slow.write_through = through
        if through and not was_through and self._threads:
            # What was acknowledged out of the cache before is durable, too, from here on.
            try:
                self.image.flush()
            except OSError as error:
                self._report(virtio_blk.VIRTIO_BLK_T_FLUSH, 0, 0, error)

    def start_queue(self, index: int, queue: RunningQueue) -> None:
        self.running[index] = queue
        try:
            self.image.start()
        except (BadInput, OSError) as error:
            queue.fail(f"the image cannot be used: {error}")
            return
        if queue.kick_fd < 0:
            return
        traced = queue.name in self.traced or self.name in self.traced
        engine = BlkQueue(
            self._disk,
            queue.virtqueue,
            kick_fd=queue.kick_fd,
            call_fd=queue.call_fd,
            serve_slow=self._slow.serve,
            report=self._report,
            trace=(lambda line: log.info(f"{queue.name}: {line}")) if traced else None,
            io_uring=self._io_uring,
        )
        thread = threading.Thread(target=_run, args=(engine, queue), name=f"{queue.name}.{index}")
        self._threads[index] = engine, thread
        thread.start()

    def stop_queue(self, index: int) -> None:
        engine_and_thread = self._threads.pop(index, None)
        if engine_and_thread is not None:
            engine, thread = engine_and_thread
            engine.stop()
            _join(thread, self.running[index])
        self.running.pop(index, None)

    def reset(self) -> None:
        super().reset()
        self.writeback = not self._always_through
        self._slow.settle()

    def close(self) -> None:
        """Close the image; what the guest was told is written is handed to the kernel."""
        for index in list(self._threads):
            self.stop_queue(index)
        self.image.close()

    def _report(self, kind: int, offset: int, length: int, error: int | BaseException) -> None:
        what = f"{_TYPES.get(kind, 'request')} of {length} bytes at {offset}"
        if isinstance(error, int):
            reason = blk_slow.describe(error)
        else:
            reason = f"{type(error).__name__}: {error}"
        self._complaints.warning(f"{self.name}: {what}: {reason}")


def _join(thread: threading.Thread, queue: RunningQueue) -> None:
    """Wait for the end of a queue's thread, and do not let who shares its eventfds forbid that.

    It may be held by one that was emptied or filled, and made one that waits, after the thread
    looked.
    """
    interrupt = False
    while thread.is_alive():
        thread.join(_LOOK_S)
        if thread.is_alive():
            eventfd.signal(queue.kick_fd)
            interrupt |= queue.call_fd >= 0 and eventfd.take(queue.call_fd)
    if interrupt:
        eventfd.signal(queue.call_fd)


def _run(engine: BlkQueue, queue: RunningQueue) -> None:
    reason = engine.run()
    if reason is not None:
        queue.fail(reason)
