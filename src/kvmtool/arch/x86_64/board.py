"""The x86-64 board: what is at which guest physical address, port and interrupt line.

Guests learn it from the ACPI tables (`acpi`), the memory map in the boot parameters and, for
the legacy devices, from the PC's conventions.
"""

from __future__ import annotations

_MIB = 1 << 20
_GIB = 1 << 30

# Guest physical addresses

ACPI_TABLES = 0xE0000
"""RSDP first, in the range that operating systems search for it (ACPI 6.5, 5.2.5.1)."""
ACPI_TABLES_SIZE = 0x20000
"""Up to 1 MiB; reserved in the memory map that the guest gets."""
LOW_RAM_END = 3 * _GIB
"""RAM reaches from 0 to here; what does not fit continues at `HIGH_RAM_START`."""
PCI_MMIO32 = 0xC000_0000
"""PCI window for 32-bit BARs."""
PCI_MMIO32_SIZE = 512 * _MIB
ECAM = 0xE000_0000
"""PCI Express configuration space, 1 MiB for each bus."""
PCI_LAST_BUS = 0
"""There are no bridges. Linux looks for more roots on each bus that the tables promise, at a
cost of 16,384 exits for 255 of them."""
ECAM_SIZE = (PCI_LAST_BUS + 1) * _MIB
VIRTIO_MMIO = 0xF000_0000
"""Virtio devices without PCI, one after the other."""
VIRTIO_MMIO_STRIDE = 0x1000
VIRTIO_MMIO_SLOTS = 64
IOAPIC = 0xFEC0_0000
LAPIC = 0xFEE0_0000
"""Reset value of IA32_APIC_BASE; the page is the same for each vCPU."""
IDENTITY_MAP = 0xFFFB_C000
"""One page for KVM_SET_IDENTITY_MAP_ADDR: VMX without unrestricted guest."""
TSS = 0xFFFB_D000
"""Three pages for KVM_SET_TSS_ADDR: VMX without unrestricted guest."""
HIGH_RAM_START = 4 * _GIB

# Ports

I8042_DATA = 0x60
SYSTEM_CONTROL_B = 0x61
"""PIT channel 2 gate and speaker."""
I8042_COMMAND = 0x64
CMOS_INDEX = 0x70
CMOS_DATA = 0x71
POST_CODE = 0x80
"""POST codes and the I/O delay of old drivers."""
SYSTEM_CONTROL_A = 0x92
"""A20 gate and fast reset."""
SERIAL_PORTS = (0x3F8, 0x2F8, 0x3E8, 0x2E8)
"""First of eight ports, COM1 to COM4."""
PVPANIC = 0x505
PM1A_EVENT = 0x600
"""PM1 status (16 bits), PM1 enable (16 bits): ACPI 6.5, 4.8.3.1."""
PM1A_CONTROL = 0x604
"""16 bits; SCI_EN (bit 0) always reads 1, as there is no legacy mode to leave."""
RESET = 0x608
"""ACPI reset register, 8 bits (4.8.3.6)."""
POWER_PORTS_SIZE = 0x10
"""What `PM1A_EVENT`, `PM1A_CONTROL` and `RESET` occupy, from 0x600."""
PCI_CONFIG_ADDRESS = 0xCF8
PCI_CONFIG_DATA = 0xCFC
PCI_IO = 0x1000
"""PCI window for I/O BARs; Linux puts none below."""
PCI_IO_SIZE = 0xF000

# Interrupts: KVM's GSIs, of which 0-15 reach the PICs too, and the pins of the IOAPIC

IOAPIC_PINS = 24
TIMER_IRQ = 0
TIMER_IOAPIC_PIN = 2
"""Where the PIT enters the IOAPIC. The MADT says so, and KVM's default GSI routing (GSI 0 to
pin 0) has to be replaced to agree; GSI 2 then has no IOAPIC route."""
KEYBOARD_IRQ = 1
SERIAL_IRQS = (4, 3, 4, 3)
"""Edge, active high, each shared by two ports."""
RTC_IRQ = 8
SCI_IRQ = 9
"""System control interrupt: level, active high."""
MOUSE_IRQ = 12
VIRTIO_MMIO_IRQS = (5, 6, 7, 10, 11, 14, 15)
"""Edge, active high; a PC has its parallel ports, floppy and IDE there, which are absent."""
PCI_FIRST_GSI = 16
PCI_GSIS = 8

# Numbers in CMOS

CMOS_CENTURY = 0x32
"""Index of the century byte (BCD), named by the FADT."""

_LARGEST_PCI_MMIO64 = 512 * _GIB


def pci_gsi(device: int, pin: int) -> int:
    """The GSI of a device on bus 0; `pin` is 0 for INTA# to 3 for INTD#.

    Level triggered; eight lines, so that few devices share.
    """
    return PCI_FIRST_GSI + (device + pin) % PCI_GSIS


def virtio_mmio(slot: int) -> tuple[int, int]:
    """The gpa of a virtio-mmio device, and its GSI, which others share from the eighth on.

    Raises ValueError for a slot that the board does not have.
    """
    if not 0 <= slot < VIRTIO_MMIO_SLOTS:
        raise ValueError(f"virtio-mmio slots are 0 to {VIRTIO_MMIO_SLOTS - 1}, not {slot}")
    irq = VIRTIO_MMIO_IRQS[slot % len(VIRTIO_MMIO_IRQS)]
    return VIRTIO_MMIO + slot * VIRTIO_MMIO_STRIDE, irq


def high_ram_end(ram_size: int) -> int:
    """End of the RAM above 4 GiB (4 GiB if there is none) of a machine with `ram_size` bytes."""
    return HIGH_RAM_START + max(0, ram_size - LOW_RAM_END)


def above_ram(ram_size: int) -> int:
    """The first GiB above all RAM of a machine with `ram_size` bytes: for memory of devices."""
    return -(-high_ram_end(ram_size) // _GIB) * _GIB


def pci_mmio64(free_memory: int, address_bits: int) -> tuple[int, int]:
    """First address and size of the PCI window for 64-bit BARs.

    It begins at `free_memory`, above RAM and devices' memory, and is 512 GiB large, or less if a
    guest physical address has too few bits; (0, 0) if there is no room at all.
    """
    size = min(_LARGEST_PCI_MMIO64, (1 << address_bits) - free_memory)
    return (free_memory, size) if size > 0 else (0, 0)
