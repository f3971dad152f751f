"""Persistent memory: a file that the guest sees as memory (virtio 1.3, 5.19).

The memory is mapped by the VMM (`kvmtool.memory.file_region`); the device makes it durable.
"""

from __future__ import annotations

import os
import struct

from kvmtool import log
from kvmtool.backends.image_lock import lock_image
from kvmtool.core.virtqueue import ProtocolError
from kvmtool.errors import BadInput
from kvmtool.memory.file_region import FileRegion
from kvmtool.sandbox.policy import Policy
from kvmtool.uapi.linux import virtio_ids, virtio_pmem
from kvmtool.virtio.declarations import Config, Queue
from kvmtool.virtio.device import VirtioDevice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from kvmtool.core.virtqueue import Chain

_REQUEST = struct.Struct("<I")  # virtio_pmem_req
_RESPONSE = struct.Struct("<I")  # virtio_pmem_resp
_DONE, _FAILED = 0, 1


class Pmem(VirtioDevice, name="pmem", device_id=virtio_ids.VIRTIO_ID_PMEM):
    """Flushes the file `fd`, which the guest has as `size` bytes of memory at the gpa `start`.

    With `read_only` there is never anything to flush. The descriptor stays its maker's. Alone it
    does not know `start`, which is then 0: a front-end maps the file itself and says where.
    The memory is a multiple of 2 MiB: what is written to it behind the end of the file is lost.
    The file is locked as a disk image is: it has any number of readers, or one that writes.
    """

    policy = Policy(syscalls=("fsync",))

    requests = Queue(size=64, doc="flush requests")
    start = Config(0, 8, doc="gpa of the memory")
    size = Config(8, 8, doc="bytes of the memory")

    region: FileRegion | None = None
    """What `from_option` mapped: the VMM makes a memslot of it, and sets `start` to its place."""

    def __init__(self, fd: int, *, start: int, size: int, read_only: bool = False) -> None:
        self._fd = fd
        self.start = start
        self.size = size
        self.read_only = read_only

    @classmethod
    def from_option(cls, text: str) -> Pmem:
        """Make the device for "PATH[,rw]". Raises BadInput."""
        path, _, mode = text.partition(",")
        if not path or mode not in ("", "ro", "rw"):
            raise BadInput(f"persistent memory is PATH, PATH,ro or PATH,rw, not {text!r}")
        region = FileRegion(path, read_only=mode != "rw")
        try:
            lock_image(region.fd, path, region.read_only)
        except BaseException:
            region.close()
            raise
        if not region.read_only and region.file_size != region.slot_size:
            log.warning(
                f"{path} has {region.file_size} bytes, no multiple of 2 MiB: what the guest writes"
                " behind them is lost; `truncate -s %2M` makes it one"
            )
        device = cls(region.fd, start=0, size=region.slot_size, read_only=region.read_only)
        device.region = region
        return device

    def descriptors(self) -> Sequence[int]:
        return (self._fd,)

    @requests.serves
    def _answer(self, chain: Chain) -> None:
        if chain.readable < _REQUEST.size or chain.writable < _RESPONSE.size:
            raise ProtocolError(
                f"a flush must have {_REQUEST.size} bytes of request and {_RESPONSE.size} for the"
                f" response, not {chain.readable} and {chain.writable}"
            )
        (kind,) = _REQUEST.unpack(chain.read(_REQUEST.size))
        done = kind == virtio_pmem.VIRTIO_PMEM_REQ_TYPE_FLUSH and self._flush()
        chain.write(_RESPONSE.pack(_DONE if done else _FAILED))

    def _flush(self) -> bool:
        """Have the host write what the guest stored; return whether it could."""
        if self.read_only:
            return True
        try:
            os.fsync(self._fd)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Unmap what `from_option` mapped."""
        if self.region is not None:
            self.region.close()
