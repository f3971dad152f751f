"""What a driver does with a device through any transport (virtio 1.3, 2.1, 2.2, 2.6 and 3.1).

Transports differ in where registers are and how interrupts travel. The status machine, feature
negotiation and the configuration of queues are here, once.
"""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod

from kvmtool import eventfd
from kvmtool.uapi.linux import virtio_config as config
from kvmtool.vhost.bounded_log import BoundedLog
from kvmtool.virtio.doorbells import Doorbells
from kvmtool.virtio.negotiation import (
    DRIVER_OK,
    FAILED,
    FEATURES_OK,
    NEEDS_RESET,
    STEPS,
    acceptable,
)
from kvmtool.virtio.saved_transport import SavedTransport
from kvmtool.virtio.transport_queue import TransportQueue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kvmtool.bus.space import AddressSpace
    from kvmtool.vhost.device import VhostDevice
    from kvmtool.virtio.doorbells import Bell, IoeventfdVm

    Read = Callable[[], int]
    Write = Callable[[int], None]
    RegisterRow = tuple[int, int, str, Read | None, Write | None]
    """Offset, width in bytes, name, and what serves the two sides."""
    Region = tuple[Callable[[int, int], int], Callable[[int, int, int], None]]

_RING_RESET = 1 << config.VIRTIO_F_RING_RESET
# Features of a transport that these transports do not have, whatever a device says.
_ABSENT = (
    1 << config.VIRTIO_F_ACCESS_PLATFORM
    | 1 << config.VIRTIO_F_SR_IOV
    | 1 << config.VIRTIO_F_NOTIFICATION_DATA
    | 1 << config.VIRTIO_F_NOTIF_CONFIG_DATA
    | 1 << config.VIRTIO_F_ADMIN_VQ
)
_ALL_FEATURES = (1 << 64) - 1


class Transport(ABC):
    """The device side of a virtio transport; VirtioPci and VirtioMmio add registers to it.

    Registers are served with `lock` held, which may last as long as a call to the device does.
    The device's own calls (`on_broken`, `on_config_change`) come from any thread, perhaps from
    the very one that such a call waits for, so they never take `lock`: they hold `_events` for
    some assignments, and nothing that waits is called while that is held.
    """

    def __init__(self, device: VhostDevice, vm: IoeventfdVm, lock: threading.RLock) -> None:
        self.device = device
        self.lock = lock
        self.was_driven = False
        """Whether a driver ever got as far as DRIVER_OK."""
        self.queues = [TransportQueue(i, size) for i, size in enumerate(device.queue_sizes)]
        self.config_fd = eventfd.eventfd()
        """Signalled where the driver is to be told of a configuration change."""
        self._doorbells = Doorbells(vm)
        self._started = False
        self._complaints = BoundedLog()
        self._events = threading.Lock()
        self._broken = False
        self._generation = 0
        self._unannounced = False
        self._closed = False
        self._forget_negotiation()
        device.on_config_change = self._config_changed
        device.on_broken = self._device_broke

    # What a transport adds

    @abstractmethod
    def _bell(self, queue: TransportQueue) -> Bell | None:
        """Where the driver notifies `queue`, None for nowhere."""

    @abstractmethod
    def _interrupts_changed(self) -> None:
        """The queues that `served` gives are different ones."""

    @abstractmethod
    def _interrupts_reset(self) -> None:
        """The device was reset: nothing is to be told to the driver any more."""

    @abstractmethod
    def _restore_interrupts(self, state: dict[str, object]) -> None:
        """Take the part of a checked, saved state that `save` added."""

    def _announce(self) -> None:
        """Tell the driver of a configuration change. Called on any thread, `_events` is held."""
        eventfd.signal(self.config_fd)

    # The status machine (2.1)

    def read_status(self) -> int:
        """Device status; 0 after a reset even if the device broke once more since."""
        return self._status | (NEEDS_RESET if self._broken and self._status else 0)

    def write_status(self, value: int) -> None:
        """0 resets the device; other values add the bits whose turn it is, and clear none."""
        if value == 0:
            self.reset_device()
            return
        added = value & ~self._status
        for bit, before in STEPS:
            if added & bit and self._status & before == before and not self._status & FAILED:
                if bit == FEATURES_OK and not self._may_accept_features():
                    continue
                self._status |= bit
                if bit == DRIVER_OK:
                    self._start()
        self._status |= added & FAILED

    def reset_device(self) -> None:
        """Do what writing 0 to the status does; nothing of the device's is left when it returns."""
        with self.lock:
            with self._events:
                started, self._started = self._started, False
            self._forget_negotiation()
            self._served_changed()
            if started or self._broken:
                self.device.stop()
            for queue in self.queues:
                queue.reset()
            self._interrupts_reset()
            with self._events:
                self._broken = False
                self._unannounced = False
                eventfd.take(self.config_fd)

    def _forget_negotiation(self) -> None:
        self._status = 0
        self._features = 0
        self._device_features_select = 0
        self._driver_features_select = 0
        self._queue_select = 0

    def _start(self) -> None:
        self.was_driven = True
        self._served_changed()
        with self._events:
            self._started = not self._broken
            if self._broken or self._unannounced:
                self._announce()
        if self._started:
            for queue in self.served():
                # Linux's balloon driver kicks before DRIVER_OK, and then waits for the answer.
                eventfd.signal(queue.kick_fd)
            self.device.start(
                self._features, {queue.index: queue.setup() for queue in self.served()}
            )

    def served(self) -> Sequence[TransportQueue]:
        """The enabled queues of a device that is driven."""
        if not self._status & DRIVER_OK:
            return ()
        return [queue for queue in self.queues if queue.enabled]

    def _served_changed(self) -> None:
        self._move_doorbells()
        self._interrupts_changed()

    def _move_doorbells(self) -> None:
        bells = {queue.kick_fd: self._bell(queue) for queue in self.served()}
        self._doorbells.place({fd: bell for fd, bell in bells.items() if bell is not None})

    # What the device says, on any thread

    def _config_changed(self) -> None:
        with self._events:
            self._generation += 1
            self._event()

    def _device_broke(self) -> None:
        with self._events:
            if not self._broken:
                self._broken = True
                self._event()

    def _event(self) -> None:
        if self._closed:
            return
        if self._started:
            self._announce()
        else:
            self._unannounced = True  # no notifications before DRIVER_OK (3.1.1)

    def _complain(self, reason: str) -> None:
        """The driver broke a rule: say so, a bounded number of times, and ask for a reset."""
        self._complaints.warning(f"{self.device.name}: {reason}; the device needs a reset")
        self._device_broke()

    # Features (2.2)

    @property
    def offered(self) -> int:
        """The feature bits that the driver is shown."""
        return self.device.features & _ALL_FEATURES & ~_ABSENT

    def _may_accept_features(self) -> bool:
        return acceptable(self._features, self.offered)

    def read_device_features_select(self) -> int:
        """Which 32 bits of the offered features are shown."""
        return self._device_features_select

    def write_device_features_select(self, value: int) -> None:
        """Choose 32 bits of the offered features."""
        self._device_features_select = value

    def read_device_features(self) -> int:
        """The chosen bits; 0 for those from 64 on."""
        return _word(self.offered, self._device_features_select)

    def read_driver_features_select(self) -> int:
        """Which 32 bits of the driver's features are shown."""
        return self._driver_features_select

    def write_driver_features_select(self, value: int) -> None:
        """Choose 32 bits of the driver's features."""
        self._driver_features_select = value

    def read_driver_features(self) -> int:
        """The chosen bits of what the driver accepts."""
        return _word(self._features, self._driver_features_select)

    def write_driver_features(self, value: int) -> None:
        """Accept features, until FEATURES_OK."""
        if self._driver_features_select < 2 and not self._status & FEATURES_OK:
            shift = 32 * self._driver_features_select
            self._features = self._features & ~(0xFFFF_FFFF << shift) | value << shift

    # Queues (2.6)

    def read_queue_select(self) -> int:
        """The queue whose registers are shown."""
        return self._queue_select

    def write_queue_select(self, value: int) -> None:
        """Choose a queue; one that does not exist reads 0 everywhere and takes no writes."""
        self._queue_select = value

    @property
    def selected(self) -> TransportQueue | None:
        """The chosen queue, None where there is no such one."""
        return self.queues[self._queue_select] if self._queue_select < len(self.queues) else None

    def _configurable(self) -> TransportQueue | None:
        """The chosen queue while its registers may be written.

        That is before it is enabled, and not once the device runs, except where the driver can
        reset a single queue and configure it anew (2.6.1).
        """
        queue = self.selected
        if queue is None or queue.enabled:
            return None
        return queue if not self._status & DRIVER_OK or self._features & _RING_RESET else None

    def read_queue_largest(self) -> int:
        """The largest size of the chosen queue."""
        return self.selected.largest if self.selected else 0

    def read_queue_size(self) -> int:
        """The size of the chosen queue."""
        return self.selected.size if self.selected else 0

    def write_queue_size(self, value: int) -> None:
        """Choose a smaller size; it is checked when the queue is enabled."""
        queue = self._configurable()
        if queue is not None:
            queue.size = value

    def area(self, number: int) -> Region:
        """What serves the 64 bits of an area's gpa, in accesses of any width."""

        def read(offset: int, size: int) -> int:
            return self.selected.areas[number] >> 8 * offset if self.selected else 0

        def write(offset: int, value: int, size: int) -> None:
            queue = self._configurable()
            if queue is not None:
                mask = (1 << 8 * size) - 1
                gpa = queue.areas[number] & ~(mask << 8 * offset)
                queue.areas[number] = gpa | (value & mask) << 8 * offset

        return read, write

    def read_queue_enable(self) -> int:
        """1 for an enabled queue."""
        return int(self.selected.enabled) if self.selected else 0

    def write_queue_enable(self, value: int) -> None:
        """1 enables the chosen queue, if what the driver configured is valid."""
        queue = self._configurable()
        # What a valid configuration is, the negotiated features say (3.1.1: first those).
        if queue is None or value != 1 or not self._status & FEATURES_OK:
            return
        fault = queue.fault(self._features)
        if fault:
            self._complain(f"queue {queue.index}: {fault}")
            return
        queue.enabled = True
        if self._status & DRIVER_OK:
            self._served_changed()
            if self._started:
                self.device.start_queue(queue.index, queue.setup())

    def read_queue_reset(self) -> int:
        """0, as a reset is over before its write is."""
        return 0

    def write_queue_reset(self, value: int) -> None:
        """1 resets the chosen queue, where RING_RESET was accepted (2.6.1.1)."""
        if value == 1 and self._features & _RING_RESET and self._status & DRIVER_OK:
            self._stop_selected()

    def _stop_selected(self) -> None:
        queue = self.selected
        if queue is None or not queue.enabled:
            return
        queue.enabled = False
        self._served_changed()
        if self._started:
            self.device.stop_queue(queue.index)
        queue.reset()

    def notify(self, index: int) -> None:
        """Kick a queue, for notifications that KVM did not take. Any index is harmless."""
        if index < len(self.queues) and self.queues[index] in self.served():
            eventfd.signal(self.queues[index].kick_fd)

    # The device's configuration space (2.5)

    def read_generation(self) -> int:
        """Changes whenever the device changes its configuration space."""
        return self._generation

    def read_config(self, offset: int, size: int) -> int:
        """Serve a read of the configuration space."""
        return int.from_bytes(self.device.read_config(offset, size), "little")

    def write_config(self, offset: int, value: int, size: int) -> None:
        """Serve a write to the configuration space."""
        self.device.write_config(offset, value.to_bytes(size, "little"))

    # Life

    def reset(self) -> None:
        """Reset the machine's view of the device: as before its first driver."""
        self.reset_device()

    def close(self) -> None:
        """Take the device out of the machine and give the descriptors back; close it yourself."""
        self.reset_device()
        with self._events:
            self._closed = True
        for queue in self.queues:
            queue.close()
        os.close(self.config_fd)

    def save(self) -> dict[str, object]:
        """The driver's side of the device, and the device's own state, for `restore`.

        Raises KvmtoolError where the device cannot be saved.
        """
        with self.lock:
            return {
                "status": self._status,
                "broken": int(self._broken),
                "features": self._features,
                "generation": self._generation,
                "selects": [
                    self._device_features_select,
                    self._driver_features_select,
                    self._queue_select,
                ],
                "queues": [[queue.size, *queue.areas, int(queue.enabled)] for queue in self.queues],
                "device": self.device.save() if self._started else b"",
            }

    def restore(self, state: dict[str, object]) -> None:
        """Take a saved state in place of what there is. Raises ValueError for one that cannot be.

        The device is started from it if it ran; KvmtoolError if the device refuses.
        """
        saved = SavedTransport(state, [queue.largest for queue in self.queues], self.offered)
        with self.lock:
            self.reset()
            for queue, (size, *areas, enabled) in zip(self.queues, saved.queues, strict=True):
                queue.size, queue.areas, queue.enabled = size, areas, bool(enabled)
            self._status, self._features = saved.status, saved.features
            (
                self._device_features_select,
                self._driver_features_select,
                self._queue_select,
            ) = saved.selects
            self._generation = saved.generation
            self._broken = saved.broken
            self._restore_interrupts(state)
            self._served_changed()
            self._started = bool(saved.status & DRIVER_OK) and not saved.broken
            if self._started:
                self.was_driven = True
                queues = {queue.index: queue.setup() for queue in self.served()}
                self.device.restore(saved.device, saved.features, queues)
                # Interrupts that were pending are not saved; one too many is no harm.
                for queue in self.served():
                    eventfd.signal(queue.call_fd)


def claim_registers(space: AddressSpace, rows: Sequence[RegisterRow], prefix: str) -> None:
    """Claim a layout; offsets are from the space's start."""
    for offset, width, name, read, write in rows:
        space.claim_register(offset, width, name=f"{prefix}.{name}", read=read, write=write)


def _word(features: int, select: int) -> int:
    """32 bits of a feature set; the guest's `select` may be any 32-bit number."""
    return features >> 32 * select & 0xFFFF_FFFF if select < 2 else 0
