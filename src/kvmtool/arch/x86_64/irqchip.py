"""The interrupt controllers and the timer, which are KVM's, as the board wires them."""

from __future__ import annotations

from kvmtool.arch.x86_64 import board
from kvmtool.uapi import kvm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.kvm import Vcpu, Vm

_PIC_PINS = 8
_PIC_BASES = {kvm.KVM_IRQCHIP_PIC_MASTER: 0x08, kvm.KVM_IRQCHIP_PIC_SLAVE: 0x70}
_LVT_LINT0, _LVT_LINT1 = 0x350, 0x360
_DELIVERY_NMI, _DELIVERY_EXTINT = 0x400, 0x700


def create(vm: Vm) -> None:
    """Make PICs, IOAPIC and PIT; local APICs come with the vCPUs made after this."""
    vm.set_identity_map_addr(board.IDENTITY_MAP)
    vm.set_tss_addr(board.TSS)
    vm.create_irqchip()
    vm.create_pit2(kvm.KVM_PIT_SPEAKER_DUMMY)
    vm.set_gsi_routing(default_routes())


def default_routes() -> list[kvm.kvm_irq_routing_entry]:
    """Each GSI's pins: the PICs' below 16, and the IOAPIC's, where the timer enters at pin 2."""
    routes = []
    for gsi in range(2 * _PIC_PINS):
        chip = kvm.KVM_IRQCHIP_PIC_MASTER if gsi < _PIC_PINS else kvm.KVM_IRQCHIP_PIC_SLAVE
        routes.append(_route(gsi, chip, gsi % _PIC_PINS))
    for gsi in range(board.IOAPIC_PINS):
        if gsi == board.TIMER_IRQ:
            routes.append(_route(gsi, kvm.KVM_IRQCHIP_IOAPIC, board.TIMER_IOAPIC_PIN))
        elif gsi != board.TIMER_IOAPIC_PIN:
            routes.append(_route(gsi, kvm.KVM_IRQCHIP_IOAPIC, gsi))
    return routes


def _route(gsi: int, chip: int, pin: int) -> kvm.kvm_irq_routing_entry:
    entry = kvm.kvm_irq_routing_entry()
    entry.gsi = gsi
    entry.type = kvm.KVM_IRQ_ROUTING_IRQCHIP
    entry.u.irqchip.irqchip = chip
    entry.u.irqchip.pin = pin
    return entry


def set_pics_as_a_bios_does(vm: Vm) -> None:
    """Give the PICs the vector bases that a BIOS leaves, for payloads that expect them."""
    for chip, base in _PIC_BASES.items():
        state = vm.get_irqchip(chip)
        state.chip.pic.irq_base = base
        vm.set_irqchip(state)


def wire_local_apic(vcpu: Vcpu) -> None:
    """LINT0 takes the PICs' interrupts and LINT1 NMIs: the virtual wire mode of a BIOS.

    MultiProcessor Specification 1.4, 3.6.2.2.
    """
    lapic = vcpu.get_lapic()
    for register, delivery in ((_LVT_LINT0, _DELIVERY_EXTINT), (_LVT_LINT1, _DELIVERY_NMI)):
        lapic.regs[register : register + 4] = list(delivery.to_bytes(4, "little"))
    vcpu.set_lapic(lapic)
