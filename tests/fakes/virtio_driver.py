"""A driver for either transport, made of register accesses only (virtio 1.3, 3.1, 4.1 and 4.2)."""

from __future__ import annotations

import os

from fakes.vhost_device import VERSION_1, FakeDevice, FakeVm
from kvmtool.bus import pci_function as pci
from kvmtool.bus.msi_routes import MsiRoutes
from kvmtool.bus.pci import PciHost
from kvmtool.bus.space import mmio_space
from kvmtool.event_loop import EventLoop
from kvmtool.virtio.mmio import VirtioMmio
from kvmtool.virtio.pci import VirtioPci

ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK, NEEDS_RESET, FAILED = 1, 2, 4, 8, 64, 128
WINDOW32, WINDOW64 = (0xC000_0000, 0x2000_0000), (0x10_0000_0000, 0x8_0000_0000)
ECAM = 0xE000_0000
MMIO_BASE, MMIO_GSI = 0xF000_0000, 5
SLOT, PCI_GSI = 3, 19

# Register names of virtio 1.3 (4.1.4.3 and 4.2.2): where and how wide they are.
PCI_REGISTERS = {
    "device_features_select": (0x00, 4),
    "device_features": (0x04, 4),
    "driver_features_select": (0x08, 4),
    "driver_features": (0x0C, 4),
    "num_queues": (0x12, 2),
    "status": (0x14, 1),
    "generation": (0x15, 1),
    "queue_select": (0x16, 2),
    "queue_size": (0x18, 2),
    "queue_vector": (0x1A, 2),
    "config_vector": (0x10, 2),
    "queue_enable": (0x1C, 2),
    "queue_notify_off": (0x1E, 2),
    "queue_reset": (0x3A, 2),
    "isr": (0x1000, 1),
}
PCI_AREAS = (0x20, 0x28, 0x30)
MMIO_REGISTERS = {
    "magic": (0x000, 4),
    "version": (0x004, 4),
    "device_id": (0x008, 4),
    "device_features": (0x010, 4),
    "device_features_select": (0x014, 4),
    "driver_features": (0x020, 4),
    "driver_features_select": (0x024, 4),
    "queue_select": (0x030, 4),
    "queue_size_max": (0x034, 4),
    "queue_size": (0x038, 4),
    "queue_enable": (0x044, 4),
    "queue_notify": (0x050, 4),
    "interrupt_status": (0x060, 4),
    "interrupt_ack": (0x064, 4),
    "status": (0x070, 4),
    "queue_reset": (0x0C0, 4),
    "generation": (0x0FC, 4),
}
MMIO_AREAS = (0x080, 0x090, 0x0A0)


class Driver:
    """Drives `device` through `transport`; registers are at `base` in `space`."""

    registers: dict[str, tuple[int, int]]
    areas: tuple[int, int, int]
    config_at: int
    transport: VirtioPci | VirtioMmio

    def __init__(self, device: FakeDevice | None = None) -> None:
        self.device = device or FakeDevice()
        self.vm = FakeVm()
        self.space = mmio_space()
        self.loop = EventLoop()
        self.base = 0

    def read(self, register: str) -> int:
        offset, width = self.registers[register]
        return self.space.table.read(self.base + offset, width)

    def write(self, register: str, value: int) -> None:
        offset, width = self.registers[register]
        self.space.table.write(self.base + offset, value, width)

    def accept(self, features: int) -> None:
        for select in (0, 1):
            self.write("driver_features_select", select)
            self.write("driver_features", features >> 32 * select & 0xFFFFFFFF)

    def offered(self) -> int:
        features = 0
        for select in (0, 1):
            self.write("device_features_select", select)
            features |= self.read("device_features") << 32 * select
        return features

    def negotiate(self, features: int = VERSION_1) -> bool:
        """From reset up to FEATURES_OK; tell whether the device agreed."""
        self.write("status", 0)
        self.write("status", ACKNOWLEDGE)
        self.write("status", ACKNOWLEDGE | DRIVER)
        self.accept(features)
        self.write("status", ACKNOWLEDGE | DRIVER | FEATURES_OK)
        return bool(self.read("status") & FEATURES_OK)

    def set_area(self, number: int, gpa: int) -> None:
        at = self.base + self.areas[number]
        self.space.table.write(at, gpa & 0xFFFFFFFF, 4)
        self.space.table.write(at + 4, gpa >> 32, 4)

    def area(self, number: int) -> int:
        at = self.base + self.areas[number]
        return self.space.table.read(at, 4) | self.space.table.read(at + 4, 4) << 32

    def configure_queue(
        self, index: int, size: int = 64, first: int = 0x1_0000_1000, enable: int = 1
    ) -> None:
        self.write("queue_select", index)
        self.write("queue_size", size)
        for number in range(3):
            self.set_area(number, first + 0x1000 * number)
        self.write("queue_enable", enable)

    def set_driver_ok(self) -> None:
        self.write("status", ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK)

    def bring_up(self, features: int = VERSION_1) -> None:
        """Go through all of the initialization, with every queue."""
        assert self.negotiate(features)
        for index in range(len(self.device.queue_sizes)):
            self.configure_queue(index)
        self.set_driver_ok()

    def run_loop(self) -> None:
        """Let the event loop serve what is ready, and return."""
        self.loop.call_soon(self.loop.stop)
        self.loop._stopped = False
        self.loop.run()

    def close(self) -> None:
        self.transport.close()
        self.loop.close()
        assert (self.vm.irqfds, self.vm.bells) == ({}, {})


class PciDriver(Driver):
    """Finds the BAR where it was put at boot, and turns memory decoding on."""

    registers, areas, config_at = PCI_REGISTERS, PCI_AREAS, 0x2000
    notify_at, table_at = 0x3000, 0x4000
    transport: VirtioPci

    def __init__(self, device: FakeDevice | None = None, any_length: int = 1) -> None:
        super().__init__(device)
        self.vm.any_length = any_length
        self.routes = MsiRoutes(self.vm, [], 24)
        self.levels: list[int] = [0]
        self.transport = VirtioPci(
            self.device, self.vm, self.routes, self.loop, self._line, PCI_GSI
        )
        self.host = PciHost()
        self.host.attach_memory(self.space, WINDOW32, WINDOW64)
        self.host.attach_ecam(self.space, ECAM, 1)
        self.host.add(SLOT, self.transport.function)
        self.base = self.read_config(0x10, 8) & ~0xF
        self.write_config(pci.COMMAND, pci.COMMAND_MEMORY | pci.COMMAND_BUS_MASTER, 2)

    def _line(self, level: int) -> None:
        if level != self.levels[-1]:
            self.levels.append(level)

    def read_config(self, register: int, size: int) -> int:
        return self.space.table.read(ECAM + (SLOT << 15) + register, size)

    def write_config(self, register: int, value: int, size: int) -> None:
        self.space.table.write(ECAM + (SLOT << 15) + register, value, size)

    def capabilities(self) -> list[tuple[int, int]]:
        """Offset and identity of each capability."""
        found, at = [], self.read_config(0x34, 1)
        while at:
            found.append((at, self.read_config(at, 1)))
            at = self.read_config(at + 1, 1)
        return found

    def enable_msix(self, *, masked: bool = False) -> None:
        """Program each vector n with the message n + 1, and enable MSI-X."""
        for vector in range(len(self.device.queue_sizes) + 1):
            entry = self.base + self.table_at + 16 * vector
            self.space.table.write(entry, 0xFEE00000, 8)
            self.space.table.write(entry + 8, (vector + 1) | int(masked) << 32, 8)
        self.write_config(self.msix_at() + 2, 1 << 15, 2)

    def msix_at(self) -> int:
        return next(at for at, identity in self.capabilities() if identity == 0x11)

    def ring(self, index: int, size: int = 2) -> None:
        """Notify as the guest would: through KVM's ioeventfd if one takes it."""
        gpa = self.base + self.notify_at + 4 * index
        for length in (0, size):
            fd = self.vm.bells.get((gpa, length, None))
            if fd is not None:
                os.eventfd_write(fd, 1)
                return
        self.space.table.write(gpa, index, size)


class MmioDriver(Driver):
    """Knows base and interrupt from the firmware's tables."""

    registers, areas, config_at = MMIO_REGISTERS, MMIO_AREAS, 0x100
    transport: VirtioMmio

    def __init__(self, device: FakeDevice | None = None) -> None:
        super().__init__(device)
        self.base = MMIO_BASE
        self.transport = VirtioMmio(self.device, self.vm, self.space, self.base, MMIO_GSI)

    def ring(self, index: int) -> None:
        fd = self.vm.bells.get((self.base + 0x50, 4, index))
        if fd is not None:
            os.eventfd_write(fd, 1)
        else:
            self.write("queue_notify", index)
