"""Interrupts that a tiny real-mode guest takes, and eventfds in place of exits."""

import os
import struct
from collections.abc import Iterator

import pytest

from kvm.payloads import (
    HLT,
    MMIO,
    OUT_DONE,
    PORT,
    SPIN,
    Guest,
    mov_eax,
    mov_edi,
)
from kvmtool.arch.x86_64 import irqchip
from kvmtool.bus.interrupts import InterruptLines
from kvmtool.core.runloop import KICKED
from kvmtool.kvm import IoctlError
from kvmtool.uapi import kvm as uapi

IRQ = 5
PIC_BASE = 0x08  # where a BIOS has the first PIC's vectors
SERVICE_SEGMENT = 0x1200
STACK_TOP = 0x8000

# Interrupt service in real mode: al = the vector, tell the host, then end of interrupt and iret.
SERVICE = b"\xb0%c" + OUT_DONE + b"\xb0\x20\xe6\x20" + b"\xcf"
HALT_WITH_INTERRUPTS = b"\xfb\xf4\xeb\xfd"  # sti; again: hlt; jmp again
SPIN_WITH_INTERRUPTS = b"\xfb" + SPIN  # sti; jmp $


def listening(code: bytes) -> Guest:
    """A guest with PICs, whose interrupt vectors 8 to 15 report themselves."""
    guest = Guest(code, mode="real", irqchip=True)
    irqchip.set_pics_as_a_bios_does(guest.vm)
    irqchip.wire_local_apic(guest.vcpu)
    for vector in range(PIC_BASE, PIC_BASE + 8):
        segment = SERVICE_SEGMENT + 2 * vector
        guest.memory.write(4 * vector, struct.pack("<HH", 0, segment))
        guest.memory.write(segment << 4, SERVICE % vector)
    sregs = guest.vcpu.get_sregs()
    sregs.idt.base, sregs.idt.limit = 0, 0x3FF
    sregs.ss.base = sregs.ss.selector = 0
    guest.vcpu.set_sregs(sregs)
    regs = guest.vcpu.get_regs()
    regs.rsp = STACK_TOP
    guest.vcpu.set_regs(regs)
    return guest


@pytest.fixture
def eventfd() -> Iterator[int]:
    fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
    yield fd
    os.close(fd)


def signalled(eventfd: int) -> int:
    """How often the eventfd was signalled since the last look."""
    try:
        return os.eventfd_read(eventfd)
    except BlockingIOError:
        return 0


# Lines


@pytest.mark.parametrize("code", [HALT_WITH_INTERRUPTS, SPIN_WITH_INTERRUPTS])
def test_raised_line_interrupts_a_guest_that_runs_or_halts(code: bytes) -> None:
    with listening(code) as guest:
        vcpu = guest.start()
        guest.vm.irq_line(IRQ, 1)
        assert vcpu.join() == KICKED
        assert guest.done == [PIC_BASE + IRQ]


def test_line_raised_before_the_guest_runs_waits_for_it() -> None:
    with listening(HALT_WITH_INTERRUPTS) as guest:
        guest.vm.irq_line(IRQ, 1)
        assert guest.run_until_done() == PIC_BASE + IRQ


def test_edge_line_interrupts_once_for_each_rise() -> None:
    with listening(HALT_WITH_INTERRUPTS) as guest:
        for _ in range(3):
            guest.vm.irq_line(IRQ, 1)
            guest.vm.irq_line(IRQ, 0)
            assert guest.run_until_done() == PIC_BASE + IRQ
        assert len(guest.done) == 3


def test_each_line_below_eight_has_its_own_vector() -> None:
    # Line 2 is where the second PIC enters.
    for irq in (0, 1, 3, 4, 6, 7):
        with listening(HALT_WITH_INTERRUPTS) as guest:
            guest.vm.irq_line(irq, 1)
            assert guest.run_until_done() == PIC_BASE + irq


def test_line_that_two_devices_share_stays_up_until_both_let_go() -> None:
    with listening(HALT_WITH_INTERRUPTS) as guest:
        lines = InterruptLines(guest.vm.irq_line)
        first, second = lines.line(IRQ), lines.line(IRQ)
        first(1)
        second(1)
        first(0)
        chip = guest.vm.get_irqchip(uapi.KVM_IRQCHIP_IOAPIC)
        assert chip.chip.ioapic.irr & 1 << IRQ
        second(0)
        chip = guest.vm.get_irqchip(uapi.KVM_IRQCHIP_IOAPIC)
        assert not chip.chip.ioapic.irr & 1 << IRQ
        assert guest.run_until_done() == PIC_BASE + IRQ


# irqfd


def test_write_to_an_irqfd_interrupts_a_halted_guest(eventfd: int) -> None:
    with listening(HALT_WITH_INTERRUPTS) as guest:
        guest.vm.irqfd(eventfd, IRQ)
        vcpu = guest.start()
        os.eventfd_write(eventfd, 1)
        assert vcpu.join() == KICKED
        assert guest.done == [PIC_BASE + IRQ]


def test_irqfd_written_before_it_is_assigned_interrupts_too(eventfd: int) -> None:
    with listening(HALT_WITH_INTERRUPTS) as guest:
        os.eventfd_write(eventfd, 1)
        guest.vm.irqfd(eventfd, IRQ)
        assert guest.start().join() == KICKED
        assert guest.done == [PIC_BASE + IRQ]


def test_deassigned_irqfd_interrupts_no_more(eventfd: int) -> None:
    with listening(HALT_WITH_INTERRUPTS) as guest:
        guest.vm.irqfd(eventfd, IRQ)
        guest.vm.irqfd(eventfd, IRQ, deassign=True)
        os.eventfd_write(eventfd, 1)
        assert signalled(eventfd) == 1
        # Another line shows that the guest listens, and that this is all it heard.
        guest.vm.irq_line(IRQ + 1, 1)
        assert guest.run_until_done() == PIC_BASE + IRQ + 1
        assert guest.done == [PIC_BASE + IRQ + 1]


# ioeventfd


def test_ioeventfds_take_writes_without_an_exit(eventfd: int) -> None:
    code = mov_eax(7) + b"\xe7\xe0" * 3 + mov_edi(MMIO) + b"\x89\x07" * 2 + HLT
    mmio_eventfd = os.eventfd(0, os.EFD_NONBLOCK)
    try:
        with Guest(code) as guest:
            guest.vm.ioeventfd(eventfd, PORT, 4, pio=True)
            guest.vm.ioeventfd(mmio_eventfd, MMIO, 4)
            assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
            assert guest.run_loop.statistics() == {uapi.KVM_EXIT_HLT: 1}
            assert (signalled(eventfd), signalled(mmio_eventfd)) == (3, 2)
    finally:
        os.close(mmio_eventfd)


def test_ioeventfd_with_a_value_leaves_other_values_and_widths_to_the_handler(
    eventfd: int,
) -> None:
    # out eax with 7, out eax with 8, out al with 7
    code = mov_eax(7) + b"\xe7\xe0" + mov_eax(8) + b"\xe7\xe0" + mov_eax(7) + b"\xe6\xe0" + HLT
    with Guest(code) as guest:
        written: list[tuple[int, int]] = []
        guest.ports.claim_region(
            PORT, 4, name="bell", write=lambda offset, value, size: written.append((value, size))
        )
        guest.vm.ioeventfd(eventfd, PORT, 4, pio=True, datamatch=7)
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert signalled(eventfd) == 1
        assert written == [(8, 4), (7, 1)]


def test_reads_of_an_ioeventfd_go_to_the_handler(eventfd: int) -> None:
    with Guest(b"\xe5\xe0" + HLT) as guest:  # in eax, 0xe0
        guest.ports.claim_register(PORT, 4, name="bell", read=lambda: 0x1234)
        guest.vm.ioeventfd(eventfd, PORT, 4, pio=True)
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert guest.vcpu.get_regs().rax == 0x1234
        assert signalled(eventfd) == 0


def test_deassigned_ioeventfd_leaves_writes_to_the_handler(eventfd: int) -> None:
    with Guest(mov_eax(7) + b"\xe7\xe0" + HLT + b"\xe7\xe0" + HLT) as guest:
        written: list[int] = []
        guest.ports.claim_register(PORT, 4, name="bell", write=written.append)
        guest.vm.ioeventfd(eventfd, PORT, 4, pio=True)
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        guest.vm.ioeventfd(eventfd, PORT, 4, pio=True, deassign=True)
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert (signalled(eventfd), written) == (1, [7])


def test_second_ioeventfd_for_the_same_write_is_refused(eventfd: int) -> None:
    with Guest(HLT) as guest:
        guest.vm.ioeventfd(eventfd, PORT, 4, pio=True)
        with pytest.raises(IoctlError, match="EEXIST"):
            guest.vm.ioeventfd(eventfd, PORT, 4, pio=True)


def test_ioeventfd_wired_to_an_irqfd_brings_the_guest_its_own_interrupt(eventfd: int) -> None:
    # sti; mov al, 7; out 0xe0, al; again: hlt; jmp again
    with listening(b"\xfb\xb0\x07\xe6\xe0" + HALT_WITH_INTERRUPTS[1:]) as guest:
        guest.vm.irqfd(eventfd, IRQ)
        guest.vm.ioeventfd(eventfd, PORT, 1, pio=True)
        assert guest.start().join() == KICKED
        assert guest.done == [PIC_BASE + IRQ]
