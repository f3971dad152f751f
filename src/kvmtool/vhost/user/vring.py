"""One vring as a back-end knows it: what the front-end said about it, and whether it runs.

vhost-user, "Ring states": started and stopped, enabled and disabled.
"""

from __future__ import annotations

import os
import stat

from kvmtool.core.virtqueue import Virtqueue
from kvmtool.nonblocking import never_block
from kvmtool.uapi.linux import virtio_config, virtio_ring
from kvmtool.vhost.user.channel import MalformedMessage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.vhost.queue import RunningQueue
    from kvmtool.vhost.user.memory import SharedMemory

USED_IDX_OFFSET = 2
"""Where the index is in a split queue's used ring (virtio 1.3, 2.7.8)."""


class Vring:
    """The vring `index`. Descriptors are owned; -1 where there is none.

    `base` is as on the wire: a split queue's available index, both indices of a packed one.
    `started`: it was kicked, and not stopped since. `polled`: no kick will come.
    """

    __slots__ = (
        "addresses",
        "base",
        "call_fd",
        "enabled",
        "err_fd",
        "index",
        "kick_fd",
        "polled",
        "running",
        "size",
        "started",
    )

    def __init__(self, index: int) -> None:
        self.index = index
        self.size = 0
        self.addresses: tuple[int, int, int] | None = None
        self.base = 0
        self.kick_fd = -1
        self.call_fd = -1
        self.err_fd = -1
        self.enabled = False
        self.started = False
        self.polled = False
        self.running: RunningQueue | None = None

    def virtqueue(
        self, memory: SharedMemory, features: int, inflight: memoryview | None
    ) -> Virtqueue:
        """Make the queue that runs. Raises MalformedMessage and ProtocolError."""
        if self.addresses is None or not self.size:
            raise MalformedMessage("a vring was started before its size and addresses were set")
        descriptors, used, available = (memory.gpa(address) for address in self.addresses)
        packed = bool(features >> virtio_config.VIRTIO_F_RING_PACKED & 1)
        base = self.base
        if not packed:
            used_idx = memory.map.view(used + USED_IDX_OFFSET, 2)
            base = base & 0xFFFF | int.from_bytes(used_idx, "little") << 16
        return Virtqueue(
            memory.map,
            size=self.size,
            descriptors=descriptors,
            driver=available,
            device=used,
            packed=packed,
            event_idx=bool(features >> virtio_ring.VIRTIO_RING_F_EVENT_IDX & 1),
            indirect=bool(features >> virtio_ring.VIRTIO_RING_F_INDIRECT_DESC & 1),
            in_order=bool(features >> virtio_config.VIRTIO_F_IN_ORDER & 1),
            base=base,
            inflight=inflight,
        )

    def note_base(self, virtqueue: Virtqueue) -> None:
        """Remember where `virtqueue` stopped.

        Chains that a device keeps for later and did not give back are taken again.
        """
        base = virtqueue.base
        if virtqueue.in_flight:
            base = base & ~0xFFFF | base >> 16
        self.base = base if virtqueue.packed else base & 0xFFFF

    def forget(self) -> None:
        """As it was before the front-end said anything, except for whom to call."""
        self.size = self.base = 0
        self.addresses = None
        self.enabled = False
        self.drop_kick()

    def drop_kick(self) -> None:
        """Stopped: no kick may start it until the front-end gives a new descriptor."""
        self.started = self.polled = False
        if self.kick_fd >= 0:
            os.close(self.kick_fd)
        self.kick_fd = -1

    def close(self) -> None:
        """Close its descriptors."""
        self.drop_kick()
        for fd in (self.call_fd, self.err_fd):
            if fd >= 0:
                os.close(fd)
        self.call_fd = self.err_fd = -1


def check_eventfd(fd: int) -> None:
    """Raise MalformedMessage unless `fd` is an eventfd, and make it one that never blocks.

    Anything else could be ready for ever, or fail in the middle of a queue's work.
    """
    try:
        # Of the anonymous inodes, which have no type, only an eventfd takes eight bytes; adding
        # nothing to one changes nothing.
        never_block(fd)
        if stat.S_IFMT(os.fstat(fd).st_mode) == 0:
            os.eventfd_write(fd, 0)
            return
    except OSError:
        pass
    raise MalformedMessage("a kick, call or err descriptor must be an eventfd")
