"""The ACPI tables of the x86-64 board (ACPI 6.5, chapter 5; MCFG: PCI Firmware 3.3, 4.1.2).

A machine with full ACPI hardware: PM1 registers with a fixed power button and the sleep type
for power-off, a reset register, both PICs and an IOAPIC. It has no PM timer, no GPEs and no
legacy mode, and there is nothing to sleep in but S5.
"""

from __future__ import annotations

import struct

from kvmtool.arch.x86_64 import aml, board
from kvmtool.devices.acpi_pm import RESET_VALUE, SLEEP_TYPE_S5

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_OEM = b"KVMTL "
_OEM_TABLE = b"KVMTOOL "

_SYSTEM_IO = 1
_BYTE_ACCESS = 1
_WORD_ACCESS = 2

# FADT, table 5.9
_WBINVD = 1 << 0
_PROC_C1 = 1 << 2
_NO_FIXED_SLEEP_BUTTON = 1 << 5
_NO_FIXED_RTC_WAKE = 1 << 6
_RESET_REG_SUP = 1 << 10
_NO_C2_LATENCY_US = 101
_NO_C3_LATENCY_US = 1001

# FADT, table 5.10
_LEGACY_DEVICES = 1 << 0
_8042 = 1 << 1
_VGA_NOT_PRESENT = 1 << 2
_NO_PCIE_ASPM = 1 << 4

# MADT, 5.2.12
_PCAT_COMPAT = 1
_ENABLED = 1
_LEVEL_ACTIVE_HIGH = 3 << 2 | 1
_LAST_XAPIC_ID = 254
_EVERY_XAPIC_PROCESSOR = 0xFF
_EVERY_PROCESSOR = 0xFFFF_FFFF

# _OSC of a PCI root (PCI Firmware 3.3, 4.5.1)
_PCI_ROOT_OSC = "33db4d5b-1ff7-401c-9657-7441c03dd766"
_OSC_UNKNOWN_UUID = 1 << 2
_OSC_UNKNOWN_REVISION = 1 << 3
_OSC_MASKED = 1 << 4
# Everything of PCI Express that has no need for firmware; bit 1 is standard hot-plug (SHPC).
_OSC_GRANTED = 0b111101


def build(
    *,
    apic_ids: Sequence[int],
    pci_mmio64: tuple[int, int] = (0, 0),
    mouse: bool = False,
    virtio_mmio: int = 0,
    base: int = board.ACPI_TABLES,
) -> tuple[bytes, int]:
    """The bytes to put at guest physical address `base`, and the address of the RSDP in them.

    `apic_ids` has an entry for each vCPU, in order; `pci_mmio64` is the first address and the
    size of the PCI window above 4 GiB, size 0 for none; `mouse` tells of a PS/2 mouse;
    `virtio_mmio` is how many slots have such a device, from the first on.
    Raises ValueError if the tables do not fit between `base` and the end of the board's room.
    """
    if base % 64:
        raise ValueError(f"ACPI tables must be aligned to 64 bytes, not at {base:#x}")
    tables = bytearray(128)  # RSDP and, on the next multiple of 64, the FACS

    def append(table: bytes) -> int:
        gpa = base + len(tables)
        tables.extend(table)
        tables.extend(bytes(-len(table) % 16))
        return gpa

    facs = base + 64
    tables[64:] = struct.pack("<4sIIIIIQB31x", b"FACS", 64, 0, 0, 0, 0, 0, 2)
    dsdt = append(_dsdt(len(apic_ids), pci_mmio64, mouse, virtio_mmio))
    entries = [append(_fadt(facs, dsdt)), append(_madt(apic_ids)), append(_mcfg())]
    xsdt = append(_table(b"XSDT", 1, struct.pack(f"<{len(entries)}Q", *entries)))
    tables[:36] = _rsdp(xsdt)

    room = board.ACPI_TABLES + board.ACPI_TABLES_SIZE - base
    if len(tables) > room:
        raise ValueError(
            f"ACPI tables for {len(apic_ids)} vCPUs must fit into {room} bytes, not {len(tables)}"
        )
    return bytes(tables), base


def _checksum(data: bytes | bytearray) -> int:
    return -sum(data) & 0xFF


def _table(signature: bytes, revision: int, body: bytes) -> bytes:
    """`body` behind the header that all tables but RSDP and FACS share (5.2.6)."""
    table = bytearray(
        struct.pack(
            "<4sIBB6s8sI4sI",
            signature,
            36 + len(body),
            revision,
            0,
            _OEM,
            _OEM_TABLE,
            1,
            b"KVMT",
            1,
        )
    )
    table += body
    table[9] = _checksum(table)
    return bytes(table)


def _rsdp(xsdt: int) -> bytes:
    """Version 2; the first checksum covers the 20 bytes of version 1 (5.2.5.3)."""
    rsdp = bytearray(struct.pack("<8sB6sBIIQB3x", b"RSD PTR ", 0, _OEM, 2, 0, 36, xsdt, 0))
    rsdp[8] = _checksum(rsdp[:20])
    rsdp[32] = _checksum(rsdp)
    return bytes(rsdp)


def _io_register(port: int, bits: int, access: int) -> bytes:
    """Generic address structure (5.2.3.2)."""
    return struct.pack("<BBBBQ", _SYSTEM_IO, bits, 0, access, port)


def _fadt(facs: int, dsdt: int) -> bytes:
    """Fixed ACPI description table (5.2.9), which numbers its revisions 6.5.

    SMI_CMD 0 says that the machine is in ACPI mode for ever.
    """
    flags = _WBINVD | _PROC_C1 | _NO_FIXED_SLEEP_BUTTON | _NO_FIXED_RTC_WAKE | _RESET_REG_SUP
    boot_flags = _LEGACY_DEVICES | _8042 | _VGA_NOT_PRESENT | _NO_PCIE_ASPM
    absent = bytes(12)
    return _table(
        b"FACP",
        6,
        struct.pack("<IIxBHI4x", facs, dsdt, 0, board.SCI_IRQ, 0)
        # PM1a and PM1b event, PM1a and PM1b control, PM2, PM timer, GPE0, GPE1
        + struct.pack("<8I", board.PM1A_EVENT, 0, board.PM1A_CONTROL, 0, 0, 0, 0, 0)
        + struct.pack("<8B", 4, 2, 0, 0, 0, 0, 0, 0)
        + struct.pack("<HHHH", _NO_C2_LATENCY_US, _NO_C3_LATENCY_US, 0, 0)
        # Duty offset and width, day and month alarm, century
        + struct.pack("<5B", 0, 0, 0, 0, board.CMOS_CENTURY)
        + struct.pack("<HxI", boot_flags, flags)
        + _io_register(board.RESET, 8, _BYTE_ACCESS)
        + struct.pack("<BHB", RESET_VALUE, 0, 5)
        + struct.pack("<QQ", 0, dsdt)  # FACS has its 32-bit address above; one is enough
        + _io_register(board.PM1A_EVENT, 32, _WORD_ACCESS)
        + absent
        + _io_register(board.PM1A_CONTROL, 16, _WORD_ACCESS)
        + absent * 5
        + absent * 2  # sleep control and status: hardware-reduced ACPI only
        + bytes(8),
    )


def _madt(apic_ids: Sequence[int]) -> bytes:
    """Multiple APIC description table (5.2.12); processor UIDs are the vCPUs' numbers."""
    entries = [struct.pack("<II", board.LAPIC, _PCAT_COMPAT)]
    for uid, apic_id in enumerate(apic_ids):
        if apic_id <= _LAST_XAPIC_ID and uid < _EVERY_XAPIC_PROCESSOR:
            entries.append(struct.pack("<BBBBI", 0, 8, uid, apic_id, _ENABLED))
        else:
            entries.append(struct.pack("<BBHIII", 9, 16, 0, apic_id, _ENABLED, uid))
    # KVM's IOAPIC has id 0 after reset.
    entries.append(struct.pack("<BBBxII", 1, 12, 0, board.IOAPIC, 0))
    entries.append(struct.pack("<BBBBIH", 2, 10, 0, board.TIMER_IRQ, board.TIMER_IOAPIC_PIN, 0))
    entries.append(
        struct.pack("<BBBBIH", 2, 10, 0, board.SCI_IRQ, board.SCI_IRQ, _LEVEL_ACTIVE_HIGH)
    )
    # NMIs come in on LINT1.
    entries.append(struct.pack("<BBBHB", 4, 6, _EVERY_XAPIC_PROCESSOR, 0, 1))
    if len(apic_ids) > _EVERY_XAPIC_PROCESSOR or max(apic_ids) > _LAST_XAPIC_ID:
        entries.append(struct.pack("<BBHIB3x", 0x0A, 12, 0, _EVERY_PROCESSOR, 1))
    return _table(b"APIC", 5, b"".join(entries))


def _mcfg() -> bytes:
    return _table(b"MCFG", 1, struct.pack("<8xQHBB4x", board.ECAM, 0, 0, board.PCI_LAST_BUS))


def _dsdt(cpu_count: int, pci_mmio64: tuple[int, int], mouse: bool, virtio_mmio: int) -> bytes:
    sleep_type = SLEEP_TYPE_S5
    return _table(
        b"DSDT",
        2,
        aml.name("\\_S5", aml.package(sleep_type, sleep_type, 0, 0))
        + aml.scope(
            "\\_SB",
            _motherboard(),
            aml.device(
                "PCI0",
                *_pci_root(pci_mmio64),
                *[
                    _isa_device(
                        f"COM{number}",
                        aml.eisa_id("PNP0501"),
                        aml.io_ports(port, 8),
                        aml.irq(irq, shared=True),
                        uid=number,
                    )
                    for number, port, irq in zip(
                        (1, 2, 3, 4), board.SERIAL_PORTS, board.SERIAL_IRQS, strict=True
                    )
                ],
                *_ps2(mouse),
                _isa_device(
                    "RTC0",
                    aml.eisa_id("PNP0B00"),
                    aml.io_ports(board.CMOS_INDEX, 2),
                    aml.irq(board.RTC_IRQ),
                ),
                _isa_device("PEVT", "QEMU0001", aml.io_ports(board.PVPANIC, 1)),
            ),
            *[_virtio_mmio(slot) for slot in range(virtio_mmio)],
            *[_processor(uid) for uid in range(cpu_count)],
        ),
    )


def _motherboard() -> bytes:
    """Keeps ECAM and the power registers from being given to others.

    Linux uses the memory that the MCFG names only if a PNP0C02 device reserves it.
    """
    return _isa_device(
        "MBRD",
        aml.eisa_id("PNP0C02"),
        aml.io_ports(board.PM1A_EVENT, board.POWER_PORTS_SIZE),
        aml.memory32_fixed(board.ECAM, board.ECAM_SIZE),
        uid=0,
    )


def _pci_root(pci_mmio64: tuple[int, int]) -> list[bytes]:
    """The names of a PCI Express root bridge (PCI Firmware 3.3, 4.6)."""
    after_config_ports = board.PCI_CONFIG_DATA + 4
    windows = [
        aml.bus_numbers(0, board.PCI_LAST_BUS + 1),
        aml.io_ports(board.PCI_CONFIG_ADDRESS, 8),
        aml.io_window(0, board.PCI_CONFIG_ADDRESS),
        aml.io_window(after_config_ports, 0x10000 - after_config_ports),
        aml.memory_window32(board.PCI_MMIO32, board.PCI_MMIO32_SIZE),
    ]
    first, size = pci_mmio64
    if size:
        windows.append(aml.memory_window64(first, size))
    # _PRT: device in the upper half of the address, any function; pin; no link device; GSI.
    # A GSI given in this way is level triggered and active low; KVM's IOAPIC ignores polarity.
    routing = [
        aml.package(device << 16 | 0xFFFF, pin, 0, board.pci_gsi(device, pin))
        for device in range(32)
        for pin in range(4)
    ]
    return [
        aml.name("_HID", aml.eisa_id("PNP0A08")),
        aml.name("_CID", aml.eisa_id("PNP0A03")),
        aml.name("_UID", 0),
        aml.name("_SEG", 0),
        aml.name("_BBN", 0),
        aml.name("_CRS", aml.resources(*windows)),
        aml.name("_PRT", aml.package(*routing)),
        _osc(),
    ]


def _osc() -> bytes:
    """Grants the operating system what it asks for, as far as `_OSC_GRANTED` reaches.

    Without it Linux leaves PCI Express features alone.
    """
    status, control, granted = aml.path("CDW1"), aml.path("CDW3"), aml.local(0)
    return aml.method(
        "_OSC",
        4,
        aml.create_dword_field(aml.arg(3), 0, "CDW1"),
        aml.if_(
            aml.equal(aml.arg(0), aml.uuid(_PCI_ROOT_OSC)),
            aml.create_dword_field(aml.arg(3), 8, "CDW3"),
            aml.bit_and(control, _OSC_GRANTED, granted),
            aml.if_(
                aml.not_(aml.equal(aml.arg(1), 1)),
                aml.bit_or(status, _OSC_UNKNOWN_REVISION, status),
            ),
            aml.if_(aml.not_(aml.equal(granted, control)), aml.bit_or(status, _OSC_MASKED, status)),
            aml.store(granted, control),
        ),
        aml.else_(aml.bit_or(status, _OSC_UNKNOWN_UUID, status)),
        aml.return_(aml.arg(3)),
        serialized=True,
    )


def _isa_device(
    name: str, hardware_id: str | bytes, *resources: bytes, uid: int | None = None
) -> bytes:
    """A device that is there (_STA 0x0F) with fixed resources."""
    return aml.device(
        name,
        aml.name("_HID", hardware_id),
        *([] if uid is None else [aml.name("_UID", uid)]),
        aml.name("_STA", 0x0F),
        aml.name("_CRS", aml.resources(*resources)),
    )


def _ps2(mouse: bool) -> list[bytes]:
    keyboard = _isa_device(
        "KBD",
        aml.eisa_id("PNP0303"),
        aml.io_ports(board.I8042_DATA, 1),
        aml.io_ports(board.I8042_COMMAND, 1),
        aml.irq(board.KEYBOARD_IRQ),
    )
    if not mouse:
        return [keyboard]
    return [keyboard, _isa_device("MOU", aml.eisa_id("PNP0F13"), aml.irq(board.MOUSE_IRQ))]


def _virtio_mmio(slot: int) -> bytes:
    """The id is Linaro's, for virtio-mmio; Linux' driver binds to it."""
    gpa, gsi = board.virtio_mmio(slot)
    return _isa_device(
        f"VR{slot:02X}",
        "LNRO0005",
        aml.memory32_fixed(gpa, board.VIRTIO_MMIO_STRIDE),
        aml.interrupt(gsi, level=False, active_low=False, shared=True),
        uid=slot,
    )


def _processor(uid: int) -> bytes:
    """Found in the MADT by its _UID (8.4)."""
    return aml.device(f"C{uid:03X}", aml.name("_HID", "ACPI0007"), aml.name("_UID", uid))
