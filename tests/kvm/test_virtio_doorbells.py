"""What virtio transports rely on in KVM: doorbells of any width, interrupts kept while masked."""

import os
import struct
from collections.abc import Iterator

import pytest

from fakes.vhost_device import VERSION_1, FakeDevice, take
from fakes.virtio_driver import ECAM, MMIO_AREAS, MMIO_REGISTERS, PCI_AREAS, PCI_REGISTERS
from kvm.payloads import HLT, Guest, mov_eax, mov_edi
from kvm.test_interrupts import HALT_WITH_INTERRUPTS, SERVICE, SERVICE_SEGMENT, listening
from kvmtool.arch.x86_64 import irqchip
from kvmtool.bus import pci_function as pci
from kvmtool.bus.msi_routes import MsiRoutes
from kvmtool.bus.msix import Msix
from kvmtool.bus.pci import PciHost
from kvmtool.bus.pci_function import PciFunction
from kvmtool.bus.space import AddressSpace
from kvmtool.core.runloop import KICKED
from kvmtool.event_loop import EventLoop
from kvmtool.uapi import kvm as uapi
from kvmtool.virtio.mmio import VirtioMmio
from kvmtool.virtio.pci import VirtioPci

VECTOR = 0x41
BASE = 0xC000_0000
MMIO_BASE = 0xF000_0000


@pytest.fixture
def source() -> Iterator[int]:
    fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
    yield fd
    os.close(fd)


def test_interrupt_of_a_masked_vector_reaches_the_guest_once_it_is_unmasked(source: int) -> None:
    with listening(HALT_WITH_INTERRUPTS) as guest:
        lapic = guest.vcpu.get_lapic()
        lapic.regs[0xF0:0xF4] = list(struct.pack("<I", 0x1FF))  # spurious vector; APIC enabled
        guest.vcpu.set_lapic(lapic)
        segment = SERVICE_SEGMENT + 2 * VECTOR
        guest.memory.write(4 * VECTOR, struct.pack("<HH", 0, segment))
        guest.memory.write(segment << 4, SERVICE % VECTOR)

        routes = MsiRoutes(guest.vm, irqchip.default_routes(), 24)
        function = PciFunction(vendor_id=1, device_id=2, class_code=0)
        msix = Msix(function, guest.vm, routes, vectors=1, bar=0, table_at=0, pba_at=0x100)
        space = AddressSpace("bar", 0x1000)
        msix.attach(space)
        space.table.write(0, 0xFEE00000, 8)
        space.table.write(8, VECTOR, 4)
        function.write_config(function.get(0x34, 1) + 2, 1 << 15, 2)
        msix.connect(source, 0)

        os.eventfd_write(source, 1)
        assert space.table.read(0x100, 8) == 1
        guest.vm.irq_line(5, 1)
        assert guest.run_until_done() == 0x08 + 5  # and nothing before it

        space.table.write(12, 0, 4)
        assert guest.start().join() == KICKED
        assert guest.done[1:] == [VECTOR]
        # KVM takes what it finds at the assignment as a signal, and leaves the counter alone
        # until the next one or the deassignment: masked again, nothing may be pending.
        space.table.write(12, 1, 4)
        assert space.table.read(0x100, 8) == 0
        msix.close()


def test_doorbell_of_a_pci_queue_takes_any_width_without_an_exit() -> None:
    bell = BASE + 0x3000
    code = mov_eax(0) + mov_edi(bell) + b"\x66\x89\x07" + b"\x89\x07" + b"\x88\x07" + HLT
    with Guest(code) as guest:
        loop = EventLoop()
        device = FakeDevice(queue_sizes=(64,))
        routes = MsiRoutes(guest.vm, [], 24)
        transport = VirtioPci(device, guest.vm, routes, loop, lambda level: None, 16)
        host = PciHost()
        host.attach_memory(guest.mmio, (BASE, 0x2000_0000))
        host.attach_ecam(guest.mmio, ECAM, 1)
        host.add(1, transport.function)
        guest.mmio.table.write(ECAM + (1 << 15) + pci.COMMAND, pci.COMMAND_MEMORY, 2)
        bring_up(guest, BASE, PCI_REGISTERS, PCI_AREAS)
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert guest.run_loop.statistics() == {uapi.KVM_EXIT_HLT: 1}
        assert take(device.queues[0].kick_fd) == 3
        transport.close()
        loop.close()


def test_doorbell_of_an_mmio_queue_takes_its_number_without_an_exit() -> None:
    code = mov_edi(MMIO_BASE + 0x50) + b"".join(mov_eax(index) + b"\x89\x07" for index in (1, 0, 1))
    with Guest(code + HLT, irqchip=False) as guest:
        device = FakeDevice(queue_sizes=(64, 64))
        bells = NoInterrupts(guest)
        transport = VirtioMmio(device, bells, guest.mmio, MMIO_BASE, 5)
        bring_up(guest, MMIO_BASE, MMIO_REGISTERS, MMIO_AREAS)
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert guest.run_loop.statistics() == {uapi.KVM_EXIT_HLT: 1}
        assert [take(device.queues[index].kick_fd) for index in (0, 1)] == [1, 2]
        transport.close()


class NoInterrupts:
    """A machine whose halt exits has no interrupt controller in KVM, and so no irqfds."""

    def __init__(self, guest: Guest) -> None:
        self.ioeventfd = guest.vm.ioeventfd

    def irqfd(self, fd: int, gsi: int, *, deassign: bool = False) -> None:
        pass


def bring_up(
    guest: Guest, base: int, registers: dict[str, tuple[int, int]], areas: tuple[int, int, int]
) -> None:
    """Initialize the device as a driver does, by accesses of the first vCPU's."""

    def write(name: str, value: int) -> None:
        offset, width = registers[name]
        guest.mmio.table.write(base + offset, value, width)

    write("status", 1 | 2)
    write("driver_features_select", 1)
    write("driver_features", VERSION_1 >> 32)
    write("status", 1 | 2 | 8)
    for index in range(2):
        write("queue_select", index)
        for area in areas:
            guest.mmio.table.write(base + area, 0x1000, 4)
        write("queue_enable", 1)
    write("status", 1 | 2 | 8 | 4)
