"""Entropy device (virtio 1.3, 5.4)."""

from __future__ import annotations

import os

from kvmtool.core.virtqueue import ProtocolError
from kvmtool.uapi.linux import virtio_ids
from kvmtool.virtio.declarations import Queue
from kvmtool.virtio.device import VirtioDevice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from kvmtool.core.virtqueue import Chain

# A driver may use a part of what it asked for; asking for gigabytes must not keep others waiting.
_LARGEST_READ = 64 << 10


class Rng(VirtioDevice, name="rng", device_id=virtio_ids.VIRTIO_ID_RNG):
    """Fills the guest's buffers with bytes of the file `source_fd`, by default /dev/urandom.

    A descriptor that is given stays its maker's.
    """

    requests = Queue(size=64, doc="buffers to fill")

    def __init__(self, source_fd: int = -1) -> None:
        self._opened = source_fd < 0
        if self._opened:
            source_fd = os.open("/dev/urandom", os.O_RDONLY | os.O_CLOEXEC)
        self._source_fd = source_fd

    def descriptors(self) -> Sequence[int]:
        return (self._source_fd,)

    @requests.serves
    def _fill(self, chain: Chain) -> None:
        if not chain.writable:
            raise ProtocolError("a request for random bytes must have room for some")
        try:
            count = chain.fill_from(self._source_fd, _LARGEST_READ)
        except OSError as error:
            raise ProtocolError(f"the source of random bytes failed: {error.strerror}") from None
        if not count:
            # A driver would ask again at once, for ever.
            raise ProtocolError("the source of random bytes is at its end")

    def close(self) -> None:
        """Close the source if it was opened here."""
        if self._opened:
            self._opened = False
            os.close(self._source_fd)
