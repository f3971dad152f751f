"""Where the board puts virtio devices: PCI functions from 00:01.0 on, or pages of MMIO."""

from __future__ import annotations

from kvmtool.arch.x86_64 import board, irqchip
from kvmtool.bus.msi_routes import MsiRoutes
from kvmtool.errors import BadInput
from kvmtool.virtio.mmio import VirtioMmio
from kvmtool.virtio.pci import VirtioPci

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.arch.parts import Parts

_FIRST_SLOT = 1
_SLOTS = 32
_INTA = 0


def add_pci(parts: Parts, address_bits: int) -> list[VirtioPci]:
    """Make each device of `parts` a PCI function. Raises BadInput for more than a bus has room."""
    if len(parts.virtio) > _SLOTS - _FIRST_SLOT:
        raise BadInput(
            f"a PCI bus has room for {_SLOTS - _FIRST_SLOT} virtio devices, not {len(parts.virtio)}"
        )
    parts.pci.attach_memory(
        parts.mmio,
        (board.PCI_MMIO32, board.PCI_MMIO32_SIZE),
        board.pci_mmio64(parts.free_memory, address_bits),
    )
    routes = MsiRoutes(parts.vm, irqchip.default_routes(), board.IOAPIC_PINS)
    made = []
    for slot, device in enumerate(parts.virtio, _FIRST_SLOT):
        gsi = board.pci_gsi(slot, _INTA)
        transport = VirtioPci(device, parts.vm, routes, parts.loop, parts.lines.line(gsi), gsi)
        parts.pci.add(slot, transport.function)
        made.append(transport)
    return made


def add_mmio(parts: Parts) -> list[VirtioMmio]:
    """Put each device of `parts` on a page of its own. Raises BadInput for too many."""
    if len(parts.virtio) > board.VIRTIO_MMIO_SLOTS:
        raise BadInput(
            f"the board has room for {board.VIRTIO_MMIO_SLOTS} virtio devices on MMIO,"
            f" not {len(parts.virtio)}"
        )
    return [
        VirtioMmio(device, parts.vm, parts.mmio, *board.virtio_mmio(slot))
        for slot, device in enumerate(parts.virtio)
    ]
