"""The kernel's vhost devices (/dev/vhost-net, -vsock, -scsi), as transports see devices.

linux/vhost.h. What is the same for all of them is here; the ioctls of one kind (to connect a tap,
to set a CID) are given by its module.
"""

from __future__ import annotations

import ctypes
import os
import select
import struct
import threading

from kvmtool import eventfd
from kvmtool.errors import KvmtoolError
from kvmtool.kvm.ioctl import IoctlError, ioctl
from kvmtool.uapi.linux import vhost
from kvmtool.uapi.linux.virtio_config import VIRTIO_F_RING_PACKED
from kvmtool.vhost import saved
from kvmtool.vhost.bounded_log import BoundedLog

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _ctypes import _CData
    from collections.abc import Callable

    from kvmtool.event_loop import EventLoop
    from kvmtool.vhost.device import QueueSetup
    from kvmtool.vhost.user.connection import Memory

_EVERYTHING = (1 << 64) - 1
_FRESH_PACKED = 0x8000_8000


class RefusedByKernel(KvmtoolError):
    """A vhost device that cannot be had or used."""


def _nobody() -> None:
    """Take what no transport asked to hear of."""


def _nothing(_device: KernelVhost) -> None:
    """Start or stop a device that needs no more than its vrings."""


class KernelVhost:
    """The vhost device `fd`, which it owns. A VhostDevice.

    Only the first `vhost_queues` of the queues are the kernel's (all, if it is None); the others
    are accepted and left alone. `config` is the configuration space, which a driver cannot write.
    `on_start` makes the ioctls that begin work once the vrings are set up, `on_stop` those that
    end it, each with `ioctl`; they may raise RefusedByKernel. `wanted_features` masks what is
    offered of what the kernel has; `own_features` are offered beside that.

    on_broken is called on the loop's thread. `close` is called there too, or when it does not run.
    Raises RefusedByKernel.
    """

    def __init__(
        self,
        name: str,
        device_id: int,
        fd: int,
        memory: Memory,
        loop: EventLoop | None = None,
        *,
        queue_sizes: tuple[int, ...],
        vhost_queues: int | None = None,
        config: bytes = b"",
        wanted_features: int = _EVERYTHING,
        own_features: int = 0,
        on_start: Callable[[KernelVhost], None] = _nothing,
        on_stop: Callable[[KernelVhost], None] = _nothing,
    ) -> None:
        self.name = name
        self.device_id = device_id
        self.queue_sizes = queue_sizes
        self.config_size = len(config)
        self.on_config_change: Callable[[], None] = _nobody
        self.on_broken: Callable[[], None] = _nobody
        self._fd = fd
        self._memory = memory
        self._loop = loop
        self._vhost_queues = len(queue_sizes) if vhost_queues is None else vhost_queues
        self._config = config
        self._on_start = on_start
        self._on_stop = on_stop
        self._own_features = own_features
        self._lock = threading.Lock()
        self._log = BoundedLog()
        self._features = 0
        self._queues: dict[int, QueueSetup] = {}
        self._err_fds: dict[int, int] = {}
        self._started = False
        try:
            self.ioctl("VHOST_SET_OWNER")
            self._offered = self._get_u64("VHOST_GET_FEATURES")
        except RefusedByKernel:
            os.close(fd)
            raise
        self.features = self._offered & wanted_features & ~(1 << vhost.VHOST_F_LOG_ALL)
        self.features |= own_features

    def ioctl(self, request: str, argument: int | _CData = 0) -> int:
        """Make the ioctl called `request` of linux/vhost.h. Raises RefusedByKernel."""
        try:
            return ioctl(self._fd, getattr(vhost, request), argument, request)
        except IoctlError as error:
            raise RefusedByKernel(f"{self.name}: {error}") from None

    # What transports call.

    def read_config(self, offset: int, size: int) -> bytes:
        """Exactly `size` bytes at `offset`, zeros where the device has none."""
        return self._config[offset : offset + size].ljust(size, b"\0")

    def write_config(self, offset: int, data: bytes) -> None:
        """Drop what a driver writes to a space that is read-only."""

    def start(self, features: int, queues: dict[int, QueueSetup]) -> None:
        """DRIVER_OK: the driver accepted `features`; serve `queues` (by index) from now on."""
        with self._lock:
            self._try(lambda: self._set_up(features, queues, {}))

    def start_queue(self, index: int, queue: QueueSetup) -> None:
        """Serve one more queue of a started device."""
        with self._lock:
            self._try(lambda: self._add_queue(index, queue))

    def stop_queue(self, index: int) -> None:
        """Stop serving one queue; on return the device leaves its memory alone."""
        with self._lock:
            self._try(lambda: self._remove_queue(index))

    def stop(self) -> None:
        """Stop all queues and forget the driver (device reset). Also when not started."""
        with self._lock:
            if self._started:
                self._try(self._suspend)
            self._started = False
            self._queues = {}
            for fd in self._err_fds.values():
                eventfd.take(fd)

    def save(self) -> bytes:
        """The state of the stopped-for-a-moment device, for `restore`. Raises KvmtoolError."""
        with self._lock:
            bases = self._suspend() if self._started else {}
            if self._started:
                self._set_up(self._features, self._queues, bases)
            return saved.SavedDevice(self.device_id, self._features, bases).pack()

    def restore(self, state: bytes, features: int, queues: dict[int, QueueSetup]) -> None:
        """`start` from a saved state. Raises KvmtoolError for one that is not this device's."""
        found = saved.unpack(self.name, state)
        saved.check(self.name, found, self.device_id, features, self._kernels(queues))
        with self._lock:
            self._set_up(features, queues, found.bases)

    def close(self) -> None:
        """End the device and give all descriptors back."""
        self.stop()
        for fd in self._err_fds.values():
            if self._loop is not None:
                self._loop.unwatch(fd)
            os.close(fd)
        self._err_fds = {}
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    # Vrings. The lock is held.

    def _kernels(self, queues: dict[int, QueueSetup]) -> dict[int, QueueSetup]:
        return {index: queue for index, queue in queues.items() if index < self._vhost_queues}

    def _try(self, action: Callable[[], object]) -> None:
        try:
            action()
        except RefusedByKernel as error:
            self._log.warning(f"{error}; the device needs a reset")
            if self._loop is None:
                self.on_broken()
            else:
                self._loop.call_soon(self._tell_broken)

    def _tell_broken(self) -> None:
        self.on_broken()

    def _set_up(self, features: int, queues: dict[int, QueueSetup], bases: dict[int, int]) -> None:
        self._features = features
        self._queues = dict(queues)
        self._set_u64("VHOST_SET_FEATURES", features & self._offered)
        self._share()
        for index, queue in self._kernels(queues).items():
            self._set_up_queue(index, queue, bases.get(index))
        self._started = True
        self._on_start(self)
        for index in bases:
            # What was signalled while nobody was there.
            for fd in (queues[index].kick_fd, queues[index].call_fd):
                if fd >= 0:
                    eventfd.signal(fd)

    def _suspend(self) -> dict[int, int]:
        self._on_stop(self)
        return {index: self._stop_vring(index) for index in self._kernels(self._queues)}

    def _add_queue(self, index: int, queue: QueueSetup) -> None:
        # A vhost device starts and stops as a whole.
        bases = self._suspend()
        self._set_up(self._features, {**self._queues, index: queue}, bases)

    def _remove_queue(self, index: int) -> None:
        bases = self._suspend()
        bases.pop(index, None)
        rest = {number: queue for number, queue in self._queues.items() if number != index}
        self._set_up(self._features, rest, bases)

    def _share(self) -> None:
        table = struct.pack("=II", len(self._memory.regions), 0)
        for region in self._memory.regions:
            table += struct.pack("=QQQQ", region.gpa, region.size, region.hva, 0)
        self.ioctl("VHOST_SET_MEM_TABLE", ctypes.create_string_buffer(table, len(table)))

    def _set_up_queue(self, index: int, queue: QueueSetup, base: int | None) -> None:
        if base is None:
            base = _FRESH_PACKED if self._features >> VIRTIO_F_RING_PACKED & 1 else 0
        self._set_state("VHOST_SET_VRING_NUM", index, queue.size)
        self._set_state("VHOST_SET_VRING_BASE", index, base)
        address = vhost.vhost_vring_addr(
            index=index,
            desc_user_addr=self._hva(queue.descriptors),
            used_user_addr=self._hva(queue.device),
            avail_user_addr=self._hva(queue.driver),
        )
        self.ioctl("VHOST_SET_VRING_ADDR", address)
        self._set_file("VHOST_SET_VRING_ERR", index, self._err_fd(index))
        self._set_file("VHOST_SET_VRING_CALL", index, queue.call_fd)
        self._set_file("VHOST_SET_VRING_KICK", index, queue.kick_fd)

    def _stop_vring(self, index: int) -> int:
        for request in ("VHOST_SET_VRING_KICK", "VHOST_SET_VRING_CALL"):
            self._set_file(request, index, vhost.VHOST_FILE_UNBIND)
        state = vhost.vhost_vring_state(index=index)
        self.ioctl("VHOST_GET_VRING_BASE", state)
        return int(state.num)

    def _hva(self, gpa: int) -> int:
        for region in self._memory.regions:
            if region.gpa <= gpa < region.gpa + region.size:
                return region.hva + gpa - region.gpa
        raise RefusedByKernel(f"{self.name}: a part of a queue at {gpa:#x} is not in guest RAM")

    def _err_fd(self, index: int) -> int:
        if self._loop is None:
            return vhost.VHOST_FILE_UNBIND
        if index not in self._err_fds:
            fd = eventfd.eventfd()
            self._err_fds[index] = fd
            self._loop.call_soon(self._watch_err_fds)
        return self._err_fds[index]

    def _watch_err_fds(self) -> None:
        with self._lock:
            fds = list(self._err_fds.values())
        for fd in fds:
            if self._loop is not None:
                self._loop.watch(fd, select.POLLIN, self._queue_failed)

    def _queue_failed(self) -> None:
        with self._lock:
            failed = [fd for fd in self._err_fds.values() if eventfd.take(fd)]
            broken = bool(failed) and self._started
        if broken:
            self._log.warning(
                f"{self.name}: the kernel found a queue broken; the device needs a reset"
            )
            self.on_broken()

    # Ioctls.

    def _get_u64(self, request: str) -> int:
        value = ctypes.c_uint64()
        self.ioctl(request, value)
        return value.value

    def _set_u64(self, request: str, value: int) -> None:
        self.ioctl(request, ctypes.c_uint64(value))

    def _set_state(self, request: str, index: int, number: int) -> None:
        self.ioctl(request, vhost.vhost_vring_state(index=index, num=number))

    def _set_file(self, request: str, index: int, fd: int) -> None:
        self.ioctl(request, vhost.vhost_vring_file(index=index, fd=fd))
