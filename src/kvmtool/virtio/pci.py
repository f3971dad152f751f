"""Virtio over PCI, the modern interface only (virtio 1.3, 4.1)."""

from __future__ import annotations

import select
import struct
import threading

from kvmtool import eventfd
from kvmtool.bus import pci_function as pci
from kvmtool.bus.msix import LARGEST_TABLE, NO_VECTOR, Msix
from kvmtool.bus.pci_function import PciFunction
from kvmtool.bus.space import AddressSpace
from kvmtool.uapi.linux import virtio_ids as ids
from kvmtool.uapi.linux import virtio_pci as uapi
from kvmtool.virtio.negotiation import DRIVER_OK
from kvmtool.virtio.transport import Transport, claim_registers
from kvmtool.virtio.transport_queue import DESCRIPTORS, DEVICE_AREA, DRIVER_AREA, TransportQueue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from kvmtool.bus.msi_routes import MsiRoutes
    from kvmtool.bus.msix import IrqfdVm
    from kvmtool.event_loop import EventLoop
    from kvmtool.vhost.device import VhostDevice
    from kvmtool.virtio.doorbells import Bell, IoeventfdVm
    from kvmtool.virtio.transport import RegisterRow

    class PciVm(IrqfdVm, IoeventfdVm, Protocol):
        """What is needed of `kvmtool.kvm.Vm`."""

        def check_extension(self, capability: str) -> int: ...


_VENDOR = 0x1AF4
_FIRST_DEVICE = 0x1040
_REVISION = 1  # at least 1 for a device that is not transitional (4.1.2.1)

# PCI Code and ID Assignment 1.11: base class, subclass, interface. Drivers bind by device id.
_CLASS_CODES = {
    ids.VIRTIO_ID_NET: 0x020000,
    ids.VIRTIO_ID_BLOCK: 0x018000,
    ids.VIRTIO_ID_CONSOLE: 0x078000,
    ids.VIRTIO_ID_SCSI: 0x010000,
    ids.VIRTIO_ID_9P: 0x000200,
    ids.VIRTIO_ID_INPUT: 0x098000,
    ids.VIRTIO_ID_VSOCK: 0x078000,
    ids.VIRTIO_ID_CRYPTO: 0x108000,
    ids.VIRTIO_ID_SOUND: 0x040100,
    ids.VIRTIO_ID_FS: 0x018000,
}
_OTHER_CLASS = 0x00FF00

# What is behind BAR 0; the MSI-X table follows the notification addresses, then the PBA.
_BAR = 0
_PAGE = 0x1000
_COMMON, _ISR, _DEVICE, _NOTIFY = 0x0000, 0x1000, 0x2000, 0x3000
_COMMON_SIZE = 0x40
_ISR_SIZE = 1
_BELL_STEP = 4  # notify_off_multiplier
_MOST_QUEUES = 1024

_ISR_QUEUE, _ISR_CONFIG = 1, uapi.VIRTIO_PCI_ISR_CONFIG

# struct virtio_pci_cap from cap_len on: length, type, BAR, id, padding, offset, length
_CAPABILITY = struct.Struct("<BBBB2xII")
_VENDOR_SPECIFIC = 0x09


class VirtioPci(Transport):
    """A device as a PCI function; give `function` to `PciHost.add`.

    `line` drives the interrupt pin INTA#, which leads to `gsi`; `loop` listens for interrupts
    while the driver uses that and not MSI-X.
    """

    def __init__(
        self,
        device: VhostDevice,
        vm: PciVm,
        routes: MsiRoutes,
        loop: EventLoop,
        line: Callable[[int], None],
        gsi: int,
    ) -> None:
        if len(device.queue_sizes) > _MOST_QUEUES:
            raise ValueError(
                f"{device.name} must have up to {_MOST_QUEUES} queues, "
                f"not {len(device.queue_sizes)}"
            )
        self.function = PciFunction(
            vendor_id=_VENDOR,
            device_id=_FIRST_DEVICE + device.device_id,
            class_code=_CLASS_CODES.get(device.device_id, _OTHER_CLASS),
            revision=_REVISION,
            name=device.name,
        )
        super().__init__(device, vm, self.function.lock)
        self._loop = loop
        self._line = line
        self._isr = 0
        # Leaf: taken by the loop too, so nothing that waits is called while it is held.
        self._isr_lock = threading.Lock()
        self._heard: frozenset[int] = frozenset()
        self._watched: frozenset[int] = frozenset()
        self._vectors = {queue.call_fd: NO_VECTOR for queue in self.queues}
        self._vectors[self.config_fd] = NO_VECTOR
        # A write of any width rings; without the capability the 2 bytes that drivers use do.
        any_width = vm.check_extension("KVM_CAP_IOEVENTFD_ANY_LENGTH")
        self._bell_width = 0 if any_width else 2
        self._add_header(gsi)
        self._add_bar(vm, routes)
        self._add_window()

    def _add_header(self, gsi: int) -> None:
        function = self.function
        function.put(pci.SUBSYSTEM_VENDOR_ID, _VENDOR, 2)
        function.put(pci.SUBSYSTEM_ID, _FIRST_DEVICE + self.device.device_id, 2)
        function.put(pci.INTERRUPT_PIN, 1, 1)
        function.put(pci.INTERRUPT_LINE, gsi, 1)
        function.before_read(pci.STATUS, 2, self._show_interrupt)
        function.after_write(pci.COMMAND, 2, self._choose_listener)

    def _add_bar(self, vm: PciVm, routes: MsiRoutes) -> None:
        vectors = min(len(self.queues) + 1, LARGEST_TABLE)
        bells_size = _BELL_STEP * max(1, len(self.queues))
        table_at = _whole_pages(_NOTIFY + bells_size)
        pba_at = _whole_pages(table_at + 16 * vectors)
        self._space = AddressSpace(self.device.name, 1 << (pba_at + _PAGE - 1).bit_length())
        config_size = min(self.device.config_size, _PAGE)

        self._add_capability(uapi.VIRTIO_PCI_CAP_COMMON_CFG, _COMMON, _COMMON_SIZE)
        self._add_capability(
            uapi.VIRTIO_PCI_CAP_NOTIFY_CFG, _NOTIFY, bells_size, struct.pack("<I", _BELL_STEP)
        )
        self._add_capability(uapi.VIRTIO_PCI_CAP_ISR_CFG, _ISR, _ISR_SIZE)
        if config_size:
            self._add_capability(uapi.VIRTIO_PCI_CAP_DEVICE_CFG, _DEVICE, config_size)
        self.msix = Msix(
            self.function, vm, routes, vectors=vectors, bar=_BAR, table_at=table_at, pba_at=pba_at,
            on_switch=self._choose_listener,
        )  # fmt: skip

        space = self._space
        claim_registers(space, self._common_registers(), "common")
        for offset, name, number in (
            (uapi.VIRTIO_PCI_COMMON_Q_DESCLO, "queue_desc", DESCRIPTORS),
            (uapi.VIRTIO_PCI_COMMON_Q_AVAILLO, "queue_driver", DRIVER_AREA),
            (uapi.VIRTIO_PCI_COMMON_Q_USEDLO, "queue_device", DEVICE_AREA),
        ):
            read, write = self.area(number)
            space.claim_region(offset, 8, name=f"common.{name}", read=read, write=write)
        space.claim_register(_ISR, _ISR_SIZE, name="isr", read=self._read_isr)
        if config_size:
            space.claim_region(
                _DEVICE, config_size, name="config", read=self.read_config, write=self.write_config
            )
        space.claim_region(_NOTIFY, bells_size, name="notify", write=self._notified)
        self.msix.attach(space)
        self.function.add_bar(_BAR, space, on_move=self._bar_moved)

    def _add_capability(self, kind: int, offset: int, length: int, rest: bytes = b"") -> None:
        size = 2 + _CAPABILITY.size + len(rest)
        body = _CAPABILITY.pack(size, kind, _BAR, 0, offset, length) + rest
        self.function.add_capability(_VENDOR_SPECIFIC, body)

    def _add_window(self) -> None:
        """The capability for access to the BAR through configuration space (4.1.4.9)."""
        size = 2 + _CAPABILITY.size + 4
        self._window_at = self.function.add_capability(
            _VENDOR_SPECIFIC,
            _CAPABILITY.pack(size, uapi.VIRTIO_PCI_CAP_PCI_CFG, 0, 0, 0, 0) + bytes(4),
            _CAPABILITY.pack(0, 0, 0xFF, 0, 0xFFFF_FFFF, 0xFFFF_FFFF) + b"\xff" * 4,
        )
        self._window_data = self._window_at + 2 + _CAPABILITY.size
        self.function.before_read(self._window_data, 4, self._read_window)
        self.function.after_write(self._window_data, 4, self._write_window)

    def _common_registers(self) -> tuple[RegisterRow, ...]:
        """struct virtio_pci_common_cfg but for the 64-bit fields (4.1.4.3)."""
        return (
            (uapi.VIRTIO_PCI_COMMON_DFSELECT, 4, "device_feature_select",
             self.read_device_features_select, self.write_device_features_select),
            (uapi.VIRTIO_PCI_COMMON_DF, 4, "device_feature", self.read_device_features, None),
            (uapi.VIRTIO_PCI_COMMON_GFSELECT, 4, "driver_feature_select",
             self.read_driver_features_select, self.write_driver_features_select),
            (uapi.VIRTIO_PCI_COMMON_GF, 4, "driver_feature",
             self.read_driver_features, self.write_driver_features),
            (uapi.VIRTIO_PCI_COMMON_MSIX, 2, "config_msix_vector",
             self._read_config_vector, self._write_config_vector),
            (uapi.VIRTIO_PCI_COMMON_NUMQ, 2, "num_queues", lambda: len(self.queues), None),
            (uapi.VIRTIO_PCI_COMMON_STATUS, 1, "device_status",
             self.read_status, self.write_status),
            (uapi.VIRTIO_PCI_COMMON_CFGGENERATION, 1, "config_generation",
             self.read_generation, None),
            (uapi.VIRTIO_PCI_COMMON_Q_SELECT, 2, "queue_select",
             self.read_queue_select, self.write_queue_select),
            (uapi.VIRTIO_PCI_COMMON_Q_SIZE, 2, "queue_size",
             self.read_queue_size, self.write_queue_size),
            (uapi.VIRTIO_PCI_COMMON_Q_MSIX, 2, "queue_msix_vector",
             self._read_queue_vector, self._write_queue_vector),
            (uapi.VIRTIO_PCI_COMMON_Q_ENABLE, 2, "queue_enable",
             self.read_queue_enable, self.write_queue_enable),
            (uapi.VIRTIO_PCI_COMMON_Q_NOFF, 2, "queue_notify_off", self._read_notify_off, None),
            (uapi.VIRTIO_PCI_COMMON_Q_NDATA, 2, "queue_notify_data", self._read_notify_off, None),
            (uapi.VIRTIO_PCI_COMMON_Q_RESET, 2, "queue_reset",
             self.read_queue_reset, self.write_queue_reset),
            (uapi.VIRTIO_PCI_COMMON_ADM_Q_IDX, 2, "admin_queue_index", lambda: 0, None),
            (uapi.VIRTIO_PCI_COMMON_ADM_Q_NUM, 2, "admin_queue_num", lambda: 0, None),
        )  # fmt: skip

    # Vectors

    def _read_config_vector(self) -> int:
        return self._vectors[self.config_fd]

    def _write_config_vector(self, vector: int) -> None:
        self._vectors[self.config_fd] = self.msix.connect(self.config_fd, vector)

    def _read_queue_vector(self) -> int:
        return self._vectors[self.selected.call_fd] if self.selected else NO_VECTOR

    def _write_queue_vector(self, vector: int) -> None:
        if self.selected is not None:
            call_fd = self.selected.call_fd
            self._vectors[call_fd] = self.msix.connect(call_fd, vector)

    # Notifications

    def _read_notify_off(self) -> int:
        return self.selected.index if self.selected else 0

    def _bell(self, queue: TransportQueue) -> Bell | None:
        bar = self.function.bars[_BAR].gpa
        if bar is None:
            return None
        return bar + _NOTIFY + _BELL_STEP * queue.index, self._bell_width, None

    def _bar_moved(self, gpa: int | None) -> None:
        self._move_doorbells()

    def _notified(self, offset: int, value: int, size: int) -> None:
        self.notify(offset // _BELL_STEP)

    # Interrupts without MSI-X: the loop listens, sets the ISR and raises the line

    def _interrupts_changed(self) -> None:
        self._choose_listener()

    def _interrupts_reset(self) -> None:
        for source in self._vectors:
            self._vectors[source] = self.msix.connect(source, NO_VECTOR)
        with self._isr_lock:
            self._isr = 0
            self._drive_line()

    def _choose_listener(self) -> None:
        """Have the loop listen to what interrupts, or leave that to KVM."""
        heard: set[int] = set()
        if self._status & DRIVER_OK and not self.msix.enabled:
            heard = {queue.call_fd for queue in self.served()} | {self.config_fd}
        with self._isr_lock:
            changed = heard != self._heard
            self._heard = frozenset(heard)
            self._drive_line()
        if changed:
            self._loop.call_soon(self._watch)

    def _watch(self) -> None:
        """Make the loop agree with `_heard`; in the loop's own thread, where it may be changed."""
        heard = self._heard
        for fd in self._watched - heard:
            self._loop.unwatch(fd)
        for fd in heard - self._watched:
            self._loop.watch(fd, select.POLLIN, lambda fd=fd: self._interrupt(fd))  # type: ignore[misc]
        self._watched = heard

    def _interrupt(self, fd: int) -> None:
        with self._isr_lock:
            # What is no longer heard stays in the counter: it may be a masked vector's pending bit.
            if fd in self._heard and eventfd.take(fd):
                self._isr |= _ISR_CONFIG if fd == self.config_fd else _ISR_QUEUE
                self._drive_line()

    def _drive_line(self) -> None:
        disabled = self.function.get(pci.COMMAND, 2) & pci.COMMAND_INTX_DISABLE
        self._line(1 if self._isr and not disabled and not self.msix.enabled else 0)

    def _read_isr(self) -> int:
        with self._isr_lock:
            isr, self._isr = self._isr, 0
            self._drive_line()
        return isr

    def _show_interrupt(self) -> None:
        status = self.function.get(pci.STATUS, 2) & ~pci.STATUS_INTERRUPT
        if self._isr and not self.msix.enabled:
            status |= pci.STATUS_INTERRUPT
        self.function.put(pci.STATUS, status, 2)

    # The window through configuration space

    def _window(self) -> tuple[int, int] | None:
        """Offset and length of what the driver asks for, None where it may not."""
        _, _, bar, _, offset, length = _CAPABILITY.unpack_from(
            self.function.config, self._window_at + 2
        )
        if bar != _BAR or length not in (1, 2, 4) or offset % length:
            return None
        return (offset, length) if offset + length <= self._space.size else None

    def _read_window(self) -> None:
        window = self._window()
        if window is not None:
            offset, length = window
            self.function.put(self._window_data, self._space.table.read(offset, length), length)

    def _write_window(self) -> None:
        window = self._window()
        if window is not None:
            offset, length = window
            value = self.function.get(self._window_data, length)
            self._space.table.write(offset, value, length)

    # Life

    def reset(self) -> None:
        """Reset the function: what its configuration space says is as at boot, too."""
        with self.lock:
            super().reset()
            self.msix.reset()
        self.function.reset()

    def close(self) -> None:
        """Take the function's BAR, doorbells and vectors out of the machine.

        For the loop's thread, or when the loop has ended.
        """
        self.function.disconnect()
        with self.lock:
            self.reset_device()
            self.msix.close()
            self._watch()
            super().close()

    def save(self) -> dict[str, object]:
        """As `Transport.save`, with the configuration space, MSI-X table and vectors."""
        with self.lock:
            return super().save() | {
                "config": bytes(self.function.config),
                "msix": self.msix.save(),
                "vectors": list(self._vectors.values()),
                "isr": self._isr,
            }

    def restore(self, state: dict[str, object]) -> None:
        """As `Transport.restore`."""
        config, table, vectors = state.get("config"), state.get("msix"), state.get("vectors")
        isr = state.get("isr")
        if not isinstance(config, bytes) or not isinstance(table, bytes):
            raise ValueError("a saved configuration space and MSI-X table must be bytes")
        if not isinstance(vectors, list) or len(vectors) != len(self._vectors):
            raise ValueError(f"there must be {len(self._vectors)} saved vectors")
        if not all(isinstance(vector, int) and 0 <= vector <= NO_VECTOR for vector in vectors):
            raise ValueError(f"saved vectors must be numbers of 16 bits: {vectors!r}")
        if not isinstance(isr, int) or isr & ~(_ISR_QUEUE | _ISR_CONFIG):
            raise ValueError(f"saved ISR status must have two bits, not {isr!r}")
        if len(config) != pci.CONFIG_SIZE or len(table) != len(self.msix.save()):
            raise ValueError("a saved configuration space and MSI-X table must be this device's")
        super().restore(state)

    def _restore_interrupts(self, state: dict[str, Any]) -> None:
        self.function.load_config(state["config"])
        self.msix.restore(state["msix"])
        for source, vector in zip(self._vectors, state["vectors"], strict=True):
            self._vectors[source] = self.msix.connect(source, vector)
        with self._isr_lock:
            self._isr = state["isr"]
            self._drive_line()


def _whole_pages(size: int) -> int:
    return -(-size // _PAGE) * _PAGE
