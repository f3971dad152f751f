"""The ACPI tables, read back by an own reader and by ACPICA's disassembler and compiler."""

import itertools
import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from kvmtool.arch.x86_64 import acpi, board

WINDOW = (0x10_0000_0000, 0x8_0000_0000)


class Tables:
    """Follows the pointers from the RSDP, as an operating system does."""

    def __init__(self, blob: bytes, base: int, rsdp: int) -> None:
        self.blob, self.base = blob, base
        self.rsdp = blob[rsdp - base :][:36]
        self.by_signature = {"XSDT": self.table(struct.unpack_from("<Q", self.rsdp, 24)[0])}
        for (gpa,) in struct.iter_unpack("<Q", self.by_signature["XSDT"][36:]):
            table = self.table(gpa)
            self.by_signature[table[:4].decode()] = table
        fadt = self.by_signature["FACP"]
        facs, dsdt = struct.unpack_from("<II", fadt, 36)
        self.facs = facs
        self.by_signature["FACS"] = self.table(facs)
        self.by_signature["DSDT"] = self.table(dsdt)

    def table(self, gpa: int) -> bytes:
        offset = gpa - self.base
        (length,) = struct.unpack_from("<I", self.blob, offset + 4)
        return self.blob[offset : offset + length]

    def __getitem__(self, signature: str) -> bytes:
        return self.by_signature[signature]


def tables_for(cpu_count: int, mouse: bool = False, virtio_mmio: int = 0) -> Tables:
    blob, rsdp = acpi.build(
        apic_ids=range(cpu_count), pci_mmio64=WINDOW, mouse=mouse, virtio_mmio=virtio_mmio
    )
    return Tables(blob, board.ACPI_TABLES, rsdp)


def madt_entries(madt: bytes) -> list[tuple[int, bytes]]:
    entries, offset = [], 44
    while offset < len(madt):
        kind, length = madt[offset : offset + 2]
        entries.append((kind, madt[offset + 2 : offset + length]))
        offset += length
    assert offset == len(madt)
    return entries


@pytest.mark.parametrize("cpu_count", [1, 4, 255, 300])
@pytest.mark.parametrize("mouse", [False, True])
def test_acpica_reads_and_recompiles_every_table_without_a_remark(
    cpu_count: int, mouse: bool, tmp_path: Path
) -> None:
    iasl = shutil.which("iasl")
    if iasl is None:
        pytest.skip("iasl is not installed (package acpica-tools)")
    tables = tables_for(cpu_count, mouse, virtio_mmio=3 if mouse else 0).by_signature
    assert sorted(tables) == ["APIC", "DSDT", "FACP", "FACS", "MCFG", "XSDT"]
    for signature, content in tables.items():
        (tmp_path / f"{signature}.aml").write_bytes(content)

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [iasl, *arguments],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
            timeout=60,
        )
        return done.stdout

    for signature in tables:
        said = run("-d", f"{signature}.aml")
        assert not re.search("warning|error|remark|invalid|incorrect", said, re.IGNORECASE), said
        said = run("-p", f"again-{signature}", f"{signature}.dsl")
        assert "0 Errors, 0 Warnings, 0 Remarks" in said, said


def test_disassembled_board_says_what_the_devices_are(tmp_path: Path) -> None:
    iasl = shutil.which("iasl")
    if iasl is None:
        pytest.skip("iasl is not installed (package acpica-tools)")
    (tmp_path / "dsdt.aml").write_bytes(tables_for(2, mouse=True)["DSDT"])
    subprocess.run([iasl, "-d", "dsdt.aml"], cwd=tmp_path, check=True, capture_output=True)
    source = (tmp_path / "dsdt.dsl").read_text()
    for hardware_id, count in [
        ("PNP0A08", 1),
        ("PNP0C02", 1),
        ("PNP0501", 4),
        ("PNP0303", 1),
        ("PNP0F13", 1),
        ("PNP0B00", 1),
        ("QEMU0001", 1),
        ("ACPI0007", 2),
    ]:
        assert source.count(f'"{hardware_id}"') == count, hardware_id
    routes = re.findall(r"Package \(0x04\)\s*{\s*(\w+),\s*(\w+),\s*Zero,\s*(\w+)\s*}", source)
    number = {"Zero": 0, "One": 1}
    decoded = {
        tuple(number[word] if word in number else int(word, 16) for word in route)
        for route in routes
    }
    assert len(decoded) == 32 * 4
    for address, pin, gsi in decoded:
        assert gsi == 16 + ((address >> 16) + pin) % 8
        assert address & 0xFFFF == 0xFFFF
    assert {gsi for _, _, gsi in decoded} == set(range(16, 24))


def test_virtio_mmio_devices_have_their_memory_and_an_edge_interrupt() -> None:
    def nodes(count: int) -> list[tuple[int, int, int]]:
        dsdt = tables_for(1, virtio_mmio=count)["DSDT"]
        return [
            struct.unpack("<BII", dsdt[match.start() + 3 : match.start() + 12])
            for match in re.finditer(rb"\x86\x09\x00\x01...\xf0", dsdt, re.DOTALL)
        ]

    assert nodes(0) == []
    assert nodes(2) == [(1, 0xF000_0000, 0x1000), (1, 0xF000_1000, 0x1000)]
    dsdt = tables_for(1, virtio_mmio=2)["DSDT"]
    assert dsdt.count(b"LNRO0005\0") == 2
    # Extended interrupt descriptor (ACPI 6.5, 6.4.3.6): consumer, edge, active high, shared.
    for gsi in (5, 6):
        assert struct.pack("<BHBBI", 0x89, 6, 0b1011, 1, gsi) in dsdt


def test_virtio_mmio_slots_of_the_board_fit_and_are_limited() -> None:
    taken = {board.TIMER_IRQ, board.KEYBOARD_IRQ, 2, *board.SERIAL_IRQS, board.RTC_IRQ}
    slots = [board.virtio_mmio(slot) for slot in range(board.VIRTIO_MMIO_SLOTS)]
    assert len({gpa for gpa, _ in slots}) == len(slots)
    assert {irq for _, irq in slots} & (taken | {board.SCI_IRQ, 13}) == set()
    assert all(irq < 16 for _, irq in slots)
    with pytest.raises(ValueError, match="0 to 63, not 64"):
        board.virtio_mmio(64)


@pytest.mark.parametrize("cpu_count", [1, 300])
def test_checksums_add_up_to_zero(cpu_count: int) -> None:
    tables = tables_for(cpu_count)
    assert tables.rsdp[:8] == b"RSD PTR "
    assert tables.rsdp[15] == 2
    assert sum(tables.rsdp[:20]) % 256 == 0
    assert sum(tables.rsdp) % 256 == 0
    for signature, content in tables.by_signature.items():
        if signature != "FACS":  # has none
            assert sum(content) % 256 == 0, signature


def test_rsdp_is_where_an_operating_system_searches() -> None:
    _, rsdp = acpi.build(apic_ids=[0])
    assert rsdp % 16 == 0
    assert 0xE0000 <= rsdp < 0x100000


def test_facs_is_aligned_to_64_bytes() -> None:
    tables = tables_for(4)
    assert tables.facs % 64 == 0
    assert tables["FACS"][:4] == b"FACS"
    assert len(tables["FACS"]) == 64


def test_fadt_describes_full_hardware_without_legacy_mode() -> None:
    fadt = tables_for(1)["FACP"]
    assert len(fadt) == 276  # ACPI 6.x
    assert (fadt[8], fadt[131]) == (6, 5)
    assert struct.unpack_from("<HI", fadt, 46) == (9, 0)  # SCI_INT, SMI_CMD
    assert struct.unpack_from("<8I", fadt, 56) == (0x600, 0, 0x604, 0, 0, 0, 0, 0)
    assert (fadt[88], fadt[89], fadt[91]) == (4, 2, 0)
    assert fadt[108] == 0x32
    (boot_flags,) = struct.unpack_from("<H", fadt, 109)
    assert boot_flags & 0b100000 == 0  # CMOS RTC is present
    assert boot_flags & 0b11111 == 0b10111
    (flags,) = struct.unpack_from("<I", fadt, 112)
    assert flags >> 10 & 1  # RESET_REG_SUP
    assert not flags >> 4 & 1  # fixed power button
    assert flags >> 5 & 1  # no fixed sleep button
    assert not flags >> 20 & 1  # not hardware-reduced
    assert struct.unpack_from("<BBBBQB", fadt, 116) == (1, 8, 0, 1, 0x608, 1)
    assert struct.unpack_from("<BBBBQ", fadt, 148) == (1, 32, 0, 2, 0x600)
    assert struct.unpack_from("<BBBBQ", fadt, 172) == (1, 16, 0, 2, 0x604)


def test_madt_lists_one_enabled_processor_for_each_apic_id() -> None:
    madt = tables_for(300)["APIC"]
    assert struct.unpack_from("<II", madt, 36) == (0xFEE00000, 1)
    found = []
    for kind, content in madt_entries(madt):
        if kind == 0:
            uid, apic_id, flags = struct.unpack("<BBI", content)
            assert apic_id < 255
        elif kind == 9:
            _, apic_id, flags, uid = struct.unpack("<HIII", content)
            assert apic_id >= 255
        else:
            continue
        assert flags == 1
        found.append((uid, apic_id))
    assert found == [(number, number) for number in range(300)]


def test_madt_uses_short_entries_only_while_ids_fit() -> None:
    assert {kind for kind, _ in madt_entries(tables_for(255)["APIC"])} == {0, 1, 2, 4}
    assert {kind for kind, _ in madt_entries(tables_for(256)["APIC"])} == {0, 1, 2, 4, 9, 10}


def test_madt_routes_timer_sci_and_nmi() -> None:
    entries = madt_entries(tables_for(256)["APIC"])
    overrides = [struct.unpack("<BBIH", content) for kind, content in entries if kind == 2]
    assert overrides == [(0, 0, 2, 0), (0, 9, 9, 0b1101)]
    assert (4, struct.pack("<BHB", 0xFF, 0, 1)) in entries
    assert (10, struct.pack("<HIB3x", 0, 0xFFFFFFFF, 1)) in entries
    assert (1, struct.pack("<BxII", 0, 0xFEC00000, 0)) in entries


def test_mcfg_has_the_one_bus_at_the_ecam() -> None:
    mcfg = tables_for(1)["MCFG"]
    assert struct.unpack("<8xQHBB4x", mcfg[36:]) == (0xE0000000, 0, 0, 0)


def test_window_above_4_gib_is_left_out_when_there_is_none() -> None:
    blob, rsdp = acpi.build(apic_ids=[0], pci_mmio64=(0, 0))
    dsdt = Tables(blob, board.ACPI_TABLES, rsdp)["DSDT"]
    assert b"\x8a\x2b\x00" not in dsdt
    assert b"\x8a\x2b\x00" in tables_for(1)["DSDT"]


def test_tables_that_do_not_fit_are_refused_with_both_sizes() -> None:
    with pytest.raises(ValueError, match=r"4096 vCPUs must fit into 131072 bytes, not \d{6}"):
        acpi.build(apic_ids=range(4096))


def test_base_that_misaligns_the_facs_is_refused() -> None:
    with pytest.raises(ValueError, match="0xe0010"):
        acpi.build(apic_ids=[0], base=0xE0010)


def test_board_windows_do_not_overlap() -> None:
    windows = sorted(
        [
            (0, board.LOW_RAM_END),
            (board.PCI_MMIO32, board.PCI_MMIO32_SIZE),
            (board.ECAM, board.ECAM_SIZE),
            (board.VIRTIO_MMIO, board.VIRTIO_MMIO_STRIDE * board.VIRTIO_MMIO_SLOTS),
            (board.IOAPIC, 0x1000),
            (board.LAPIC, 0x1000),
            (board.IDENTITY_MAP, 0x1000),
            (board.TSS, 0x3000),
            (board.HIGH_RAM_START, 0),
        ]
    )
    for (first, size), (following, _) in itertools.pairwise(windows):
        assert first + size <= following


@pytest.mark.parametrize(
    ("ram_size", "address_bits", "window"),
    [
        (1 << 30, 40, (4 << 30, 512 << 30)),
        (5 << 30, 40, (6 << 30, 512 << 30)),
        ((5 << 30) + 1, 40, (7 << 30, 512 << 30)),
        (1 << 30, 36, (4 << 30, 60 << 30)),
        (64 << 30, 36, (0, 0)),
    ],
)
def test_64_bit_window_lies_above_ram(
    ram_size: int, address_bits: int, window: tuple[int, int]
) -> None:
    assert board.pci_mmio64(board.above_ram(ram_size), address_bits) == window
