"""Virtio over MMIO, version 2 (virtio 1.3, 4.2)."""

from __future__ import annotations

import threading

from kvmtool.bus.space import AddressSpace
from kvmtool.uapi.linux import virtio_mmio as uapi
from kvmtool.virtio.negotiation import DRIVER_OK
from kvmtool.virtio.transport import Transport, claim_registers
from kvmtool.virtio.transport_queue import DESCRIPTORS, DEVICE_AREA, DRIVER_AREA, TransportQueue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from kvmtool.bus.msix import IrqfdVm
    from kvmtool.core.runloop import Claim
    from kvmtool.vhost.device import VhostDevice
    from kvmtool.virtio.doorbells import Bell, IoeventfdVm
    from kvmtool.virtio.transport import RegisterRow

    class MmioVm(IrqfdVm, IoeventfdVm, Protocol):
        """What is needed of `kvmtool.kvm.Vm`."""


SIZE = 0x1000
"""Bytes of address space that a device takes."""

_MAGIC = 0x74726976  # "virt"
_VERSION = 2
_VENDOR = 0x4D544B4C  # "LKTM": any value will do
_QUEUE_RESET = 0x0C0  # QueueReset, which linux/virtio_mmio.h does not have
_NO_REGION = 0xFFFF_FFFF  # half of the length -1, and of the base: no such shared memory region

_USED, _CONFIG = uapi.VIRTIO_MMIO_INT_VRING, uapi.VIRTIO_MMIO_INT_CONFIG


class VirtioMmio(Transport):
    """A device at `base` in `space`, with the edge-triggered interrupt `gsi`.

    The data path comes to no Python: notifications are ioeventfds, the queues' call_fds are
    irqfds, and what an interrupt handler does then, to read InterruptStatus and to write
    InterruptACK, is served by the claim table itself as plain memory:

    - Bit 0 of InterruptStatus reads 1 for as long as the device runs. A driver that looks into
      its queues and finds nothing goes on: used buffer notifications may come spuriously (2.7.7,
      2.8.10 and 4.2.2.1 promise no more than that the bit is set when a buffer was used). So
      acknowledging it has nothing to change, and InterruptACK may be memory that nobody looks at.
    - Bit 1, for a change of the configuration, has to read 0 again once it is acknowledged. While
      it is set, InterruptACK is claimed by a handler, from before the bit can be seen (or it
      might be acknowledged unheard) until after it is cleared.

    A driver that writes to InterruptStatus, which it may only read, changes what it reads itself.
    """

    def __init__(
        self, device: VhostDevice, vm: MmioVm, space: AddressSpace, base: int, gsi: int
    ) -> None:
        super().__init__(device, vm, threading.RLock())
        self._vm = vm
        self._space = space
        self._base = base
        self._gsi = gsi
        self._irqfds: set[int] = set()
        self._status_word = bytearray(4)
        self._ack_word = bytearray(4)
        # Leaf: taken with `_events` held, and by the acknowledging vCPU.
        self._ack_lock = threading.Lock()
        self._registers = AddressSpace(device.name, SIZE)
        claim_registers(self._registers, self._layout(), device.name)
        for offset, name, number in (
            (uapi.VIRTIO_MMIO_QUEUE_DESC_LOW, "QueueDesc", DESCRIPTORS),
            (uapi.VIRTIO_MMIO_QUEUE_AVAIL_LOW, "QueueDriver", DRIVER_AREA),
            (uapi.VIRTIO_MMIO_QUEUE_USED_LOW, "QueueDevice", DEVICE_AREA),
        ):
            read, write = self.area(number)
            self._registers.claim_region(offset, 8, name=name, read=read, write=write)
        config_size = min(device.config_size, SIZE - uapi.VIRTIO_MMIO_CONFIG)
        if config_size:
            self._registers.claim_region(
                uapi.VIRTIO_MMIO_CONFIG,
                config_size,
                name="Config",
                read=self.read_config,
                write=self.write_config,
            )
        self._claims = [
            self._claim(0, uapi.VIRTIO_MMIO_INTERRUPT_STATUS),
            space.claim_bytes(
                base + uapi.VIRTIO_MMIO_INTERRUPT_STATUS,
                self._status_word,
                name=f"{device.name}.InterruptStatus",
            ),
            self._claim(uapi.VIRTIO_MMIO_INTERRUPT_ACK + 4, SIZE),
        ]
        self._ack_claim = self._claim_silent_ack()
        self._ack_is_heard = False

    def _claim(self, first: int, end: int) -> Claim:
        table = self._registers.table
        return self._space.claim_region(
            self._base + first,
            end - first,
            name=self.device.name,
            read=lambda offset, size: table.read(first + offset, size),
            write=lambda offset, value, size: table.write(first + offset, value, size),
            lock=self.lock,
        )

    def _layout(self) -> tuple[RegisterRow, ...]:
        """The registers but for those of 64 bits and of interrupts (4.2.2)."""
        return (
            (uapi.VIRTIO_MMIO_MAGIC_VALUE, 4, "MagicValue", lambda: _MAGIC, None),
            (uapi.VIRTIO_MMIO_VERSION, 4, "Version", lambda: _VERSION, None),
            (uapi.VIRTIO_MMIO_DEVICE_ID, 4, "DeviceID", lambda: self.device.device_id, None),
            (uapi.VIRTIO_MMIO_VENDOR_ID, 4, "VendorID", lambda: _VENDOR, None),
            (uapi.VIRTIO_MMIO_DEVICE_FEATURES, 4, "DeviceFeatures",
             self.read_device_features, None),
            (uapi.VIRTIO_MMIO_DEVICE_FEATURES_SEL, 4, "DeviceFeaturesSel",
             self.read_device_features_select, self.write_device_features_select),
            (uapi.VIRTIO_MMIO_DRIVER_FEATURES, 4, "DriverFeatures",
             self.read_driver_features, self.write_driver_features),
            (uapi.VIRTIO_MMIO_DRIVER_FEATURES_SEL, 4, "DriverFeaturesSel",
             self.read_driver_features_select, self.write_driver_features_select),
            (uapi.VIRTIO_MMIO_QUEUE_SEL, 4, "QueueSel",
             self.read_queue_select, self.write_queue_select),
            (uapi.VIRTIO_MMIO_QUEUE_NUM_MAX, 4, "QueueSizeMax", self.read_queue_largest, None),
            (uapi.VIRTIO_MMIO_QUEUE_NUM, 4, "QueueSize",
             self.read_queue_size, self.write_queue_size),
            (uapi.VIRTIO_MMIO_QUEUE_READY, 4, "QueueReady",
             self.read_queue_enable, self._write_queue_ready),
            (uapi.VIRTIO_MMIO_QUEUE_NOTIFY, 4, "QueueNotify", None, self.notify),
            (uapi.VIRTIO_MMIO_STATUS, 4, "Status", self.read_status, self._write_status),
            (uapi.VIRTIO_MMIO_SHM_SEL, 4, "SHMSel", None, lambda value: None),
            (uapi.VIRTIO_MMIO_SHM_LEN_LOW, 4, "SHMLenLow", lambda: _NO_REGION, None),
            (uapi.VIRTIO_MMIO_SHM_LEN_HIGH, 4, "SHMLenHigh", lambda: _NO_REGION, None),
            (uapi.VIRTIO_MMIO_SHM_BASE_LOW, 4, "SHMBaseLow", lambda: _NO_REGION, None),
            (uapi.VIRTIO_MMIO_SHM_BASE_HIGH, 4, "SHMBaseHigh", lambda: _NO_REGION, None),
            (_QUEUE_RESET, 4, "QueueReset", self.read_queue_reset, self.write_queue_reset),
            (uapi.VIRTIO_MMIO_CONFIG_GENERATION, 4, "ConfigGeneration",
             self.read_generation, None),
        )  # fmt: skip

    def _write_status(self, value: int) -> None:
        # Of the 32 bits of the register, the upper ones are reserved.
        if value == 0 or value & 0xFF:
            self.write_status(value & 0xFF)

    def _write_queue_ready(self, value: int) -> None:
        if value == 0:
            self._stop_selected()  # 4.2.3.2: the driver stops using the queue
        else:
            self.write_queue_enable(value)

    def _bell(self, queue: TransportQueue) -> Bell | None:
        return self._base + uapi.VIRTIO_MMIO_QUEUE_NOTIFY, 4, queue.index

    # Interrupts

    def _interrupts_changed(self) -> None:
        wanted: set[int] = set()
        if self._status & DRIVER_OK:
            wanted = {queue.call_fd for queue in self.served()} | {self.config_fd}
        for fd in self._irqfds - wanted:
            self._vm.irqfd(fd, self._gsi, deassign=True)
        for fd in wanted - self._irqfds:
            self._vm.irqfd(fd, self._gsi)
        self._irqfds = wanted
        with self._ack_lock:
            self._status_word[0] = self._status_word[0] & ~_USED | (_USED if wanted else 0)

    def _interrupts_reset(self) -> None:
        with self._ack_lock:
            self._status_word[:] = bytes(4)
            self._hear_acks(False)

    def _announce(self) -> None:
        with self._ack_lock:
            self._hear_acks(True)
            self._status_word[0] |= _CONFIG
        super()._announce()

    def _acknowledged(self, value: int) -> None:
        with self._ack_lock:
            if value & _CONFIG:
                self._status_word[0] &= ~_CONFIG & 0xFF
                self._hear_acks(False)

    def _hear_acks(self, heard: bool) -> None:
        """Claim InterruptACK by a handler, or as memory; `_ack_lock` is held.

        Between the two claims a write is lost: bit 1 does not show then, and bit 0 needs none.
        """
        if heard != self._ack_is_heard:
            self._space.release(self._ack_claim)
            self._ack_claim = self._claim_heard_ack() if heard else self._claim_silent_ack()
            self._ack_is_heard = heard

    def _claim_silent_ack(self) -> Claim:
        return self._space.claim_bytes(
            self._base + uapi.VIRTIO_MMIO_INTERRUPT_ACK,
            self._ack_word,
            name=f"{self.device.name}.InterruptACK",
        )

    def _claim_heard_ack(self) -> Claim:
        return self._space.claim_register(
            self._base + uapi.VIRTIO_MMIO_INTERRUPT_ACK,
            4,
            name=f"{self.device.name}.InterruptACK",
            write=self._acknowledged,
        )

    # Life

    def close(self) -> None:
        """Take the device out of the address space, and its doorbells and interrupts with it."""
        with self.lock:
            super().close()
            for claim in (*self._claims, self._ack_claim):
                self._space.release(claim)
            self._claims = []

    def save(self) -> dict[str, object]:
        """As `Transport.save`, with InterruptStatus."""
        return super().save() | {"interrupts": self._status_word[0] & (_USED | _CONFIG)}

    def restore(self, state: dict[str, object]) -> None:
        """As `Transport.restore`."""
        interrupts = state.get("interrupts")
        if not isinstance(interrupts, int) or interrupts & ~(_USED | _CONFIG):
            raise ValueError(f"saved InterruptStatus must have two bits, not {interrupts!r}")
        super().restore(state)

    def _restore_interrupts(self, state: dict[str, Any]) -> None:
        if state["interrupts"] & _CONFIG:
            with self._events:
                self._announce()
