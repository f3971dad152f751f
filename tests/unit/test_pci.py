"""The PCI host bridge through both configuration mechanisms, as a guest may use and misuse it."""

import pytest

from kvmtool.bus import pci
from kvmtool.bus.pci import PciFunction, PciHost
from kvmtool.bus.space import AddressSpace, mmio_space, port_space

ADDRESS, DATA = 0xCF8, 0xCFC
ECAM = 0xE000_0000
ENABLE = 1 << 31
BRIDGE = 0x0008_1B36
DEVICE = 4


@pytest.fixture
def host() -> PciHost:
    made = PciHost()
    made.add(DEVICE, PciFunction(vendor_id=0x1AF4, device_id=0x1044, class_code=0x123456))
    return made


@pytest.fixture
def ports(host: PciHost) -> AddressSpace:
    space = port_space()
    host.attach_ports(space, ADDRESS)
    return space


@pytest.fixture
def mmio(host: PciHost) -> AddressSpace:
    space = mmio_space()
    host.attach_ecam(space, ECAM)
    return space


def place(device: int, function: int = 0, bus: int = 0) -> int:
    return bus << 16 | device << 11 | function << 8


def read_config(ports: AddressSpace, device: int, register: int, size: int) -> int:
    ports.table.write(ADDRESS, ENABLE | place(device) | register & 0xFC, 4)
    return ports.table.read(DATA + (register & 3), size)


def write_config(ports: AddressSpace, device: int, register: int, value: int, size: int) -> None:
    ports.table.write(ADDRESS, ENABLE | place(device) | register & 0xFC, 4)
    ports.table.write(DATA + (register & 3), value, size)


def ecam(device: int, register: int, function: int = 0, bus: int = 0) -> int:
    return ECAM + (bus << 20 | device << 15 | function << 12 | register)


# What is there


def test_host_bridge_is_at_device_zero_in_both_mechanisms(
    ports: AddressSpace, mmio: AddressSpace
) -> None:
    assert read_config(ports, 0, pci.VENDOR_ID, 4) == BRIDGE
    assert mmio.table.read(ecam(0, pci.VENDOR_ID), 4) == BRIDGE
    # PCI Local Bus 3.0, appendix D: base class 06 is a bridge, subclass 00 a host bridge.
    assert read_config(ports, 0, pci.REVISION_ID, 4) == 0x06000000


def test_class_code_is_read_in_its_three_bytes(ports: AddressSpace) -> None:
    assert [read_config(ports, DEVICE, pci.CLASS_CODE + i, 1) for i in range(3)] == [
        0x56,
        0x34,
        0x12,
    ]


@pytest.mark.parametrize("size", [1, 2, 4])
def test_absent_device_reads_all_ones_and_takes_writes(
    ports: AddressSpace, mmio: AddressSpace, size: int
) -> None:
    write_config(ports, 9, pci.COMMAND, 0, size)
    mmio.table.write(ecam(9, pci.COMMAND), 0, size)
    assert read_config(ports, 9, pci.VENDOR_ID, size) == (1 << 8 * size) - 1
    assert mmio.table.read(ecam(9, pci.VENDOR_ID), size) == (1 << 8 * size) - 1


def test_absent_functions_of_a_device_read_all_ones(
    ports: AddressSpace, mmio: AddressSpace
) -> None:
    for function in range(1, 8):
        ports.table.write(ADDRESS, ENABLE | place(DEVICE, function), 4)
        assert ports.table.read(DATA, 4) == 0xFFFFFFFF
        assert mmio.table.read(ecam(DEVICE, 0, function), 4) == 0xFFFFFFFF


def test_absent_buses_read_all_ones(ports: AddressSpace, mmio: AddressSpace) -> None:
    for bus in (1, 128, 255):
        ports.table.write(ADDRESS, ENABLE | place(0, bus=bus), 4)
        assert ports.table.read(DATA, 4) == 0xFFFFFFFF
        assert mmio.table.read(ecam(0, 0, bus=bus), 4) == 0xFFFFFFFF


def test_ecam_window_is_as_large_as_its_buses(host: PciHost) -> None:
    space = mmio_space()
    host.attach_ecam(space, ECAM, buses=1)
    assert [(claim.first, claim.last) for claim in space.table.claims()] == [
        (ECAM, ECAM + (1 << 20) - 1)
    ]


# Mechanism #1


def test_data_without_the_enable_bit_reads_all_ones_and_writes_nothing(
    host: PciHost, ports: AddressSpace
) -> None:
    ports.table.write(ADDRESS, place(DEVICE) | pci.COMMAND, 4)
    assert ports.table.read(DATA, 4) == 0xFFFFFFFF
    ports.table.write(DATA, 0x7, 2)
    assert read_config(ports, DEVICE, pci.COMMAND, 2) == 0


def test_address_register_reads_back_without_its_reserved_bits(ports: AddressSpace) -> None:
    ports.table.write(ADDRESS, 0xFFFFFFFF, 4)
    assert ports.table.read(ADDRESS, 4) == 0x80FFFFFC


@pytest.mark.parametrize(("offset", "size"), [(0, 1), (0, 2), (1, 1), (2, 2), (3, 1)])
def test_address_register_takes_doublewords_only(
    ports: AddressSpace, offset: int, size: int
) -> None:
    ports.table.write(ADDRESS, ENABLE | place(DEVICE), 4)
    ports.table.write(ADDRESS + offset, 0xFFFF, size)
    assert ports.table.read(ADDRESS + offset, size) == (1 << 8 * size) - 1
    assert ports.table.read(ADDRESS, 4) == ENABLE | place(DEVICE)


def test_bytes_and_words_of_a_register_are_read_at_their_lanes(ports: AddressSpace) -> None:
    assert [read_config(ports, DEVICE, i, 1) for i in range(4)] == [0xF4, 0x1A, 0x44, 0x10]
    assert [read_config(ports, DEVICE, i, 2) for i in (0, 2)] == [0x1AF4, 0x1044]


def test_doubleword_across_address_and_data_is_split_into_bytes(ports: AddressSpace) -> None:
    ports.table.write(ADDRESS, ENABLE | place(DEVICE), 4)
    # Two bytes of the address register, which bytes do not reach, then two of the vendor id.
    assert ports.table.read(DATA - 2, 4) == 0x1AF4FFFF
    ports.table.write(DATA - 2, 0xFFFFFFFF, 4)
    assert ports.table.read(ADDRESS, 4) == ENABLE | place(DEVICE)


def test_doubleword_beyond_the_data_register_is_split_into_bytes(ports: AddressSpace) -> None:
    ports.table.write(ADDRESS, ENABLE | place(DEVICE), 4)
    assert ports.table.read(DATA + 2, 4) == 0xFFFF1044


def test_last_register_of_mechanism_one_is_reached(ports: AddressSpace) -> None:
    assert read_config(ports, DEVICE, 0xFF, 1) == 0
    assert read_config(ports, DEVICE, 0xFC, 4) == 0


# What the guest may change


def test_status_register_is_not_memory(ports: AddressSpace, mmio: AddressSpace) -> None:
    for size, value in ((2, 0xFFFF), (2, 0x0000), (1, 0xFF)):
        before = read_config(ports, DEVICE, pci.STATUS, 2)
        write_config(ports, DEVICE, pci.STATUS, value, size)
        mmio.table.write(ecam(DEVICE, pci.STATUS), value, size)
        assert read_config(ports, DEVICE, pci.STATUS, 2) == before
    mmio.table.write(ecam(DEVICE, pci.COMMAND), 0xFFFF0000, 4)
    assert read_config(ports, DEVICE, pci.STATUS, 2) == 0


def test_capabilities_stay_in_sight_whatever_is_written_to_status(ports: AddressSpace) -> None:
    host = PciHost()
    function = PciFunction(vendor_id=1, device_id=2, class_code=0)
    function.put(pci.STATUS, 1 << 4, 2)  # capabilities list
    host.add(1, function)
    space = port_space()
    host.attach_ports(space, ADDRESS)
    write_config(space, 1, pci.COMMAND, 0x0000_0007, 4)
    assert read_config(space, 1, pci.COMMAND, 4) == 0x0010_0007


def test_command_keeps_only_the_bits_that_mean_something(ports: AddressSpace) -> None:
    write_config(ports, DEVICE, pci.COMMAND, 0xFFFF, 2)
    assert read_config(ports, DEVICE, pci.COMMAND, 2) == (
        pci.COMMAND_IO | pci.COMMAND_MEMORY | pci.COMMAND_BUS_MASTER | pci.COMMAND_INTX_DISABLE
    )
    write_config(ports, DEVICE, pci.COMMAND + 1, 0, 1)
    assert read_config(ports, DEVICE, pci.COMMAND, 2) == 0x7


def test_identity_cannot_be_changed(ports: AddressSpace, mmio: AddressSpace) -> None:
    before = [mmio.table.read(ecam(DEVICE, register), 4) for register in range(0, 256, 4)]
    for register in (pci.VENDOR_ID, pci.REVISION_ID, pci.HEADER_TYPE & ~3, 0x2C, 0x34):
        write_config(ports, DEVICE, register, 0xFFFFFFFF, 4)
        mmio.table.write(ecam(DEVICE, register), 0, 4)
    after = [mmio.table.read(ecam(DEVICE, register), 4) for register in range(0, 256, 4)]
    assert after == before


def test_interrupt_line_is_a_scratch_byte(ports: AddressSpace) -> None:
    write_config(ports, DEVICE, pci.INTERRUPT_LINE, 0xFFFFFF0B, 4)
    assert read_config(ports, DEVICE, pci.INTERRUPT_LINE, 4) == 0x0B


def test_extended_registers_are_reached_through_ecam_only(
    host: PciHost, ports: AddressSpace, mmio: AddressSpace
) -> None:
    function = PciFunction(vendor_id=1, device_id=2, class_code=0)
    function.put(0x100, 0x12345678, 4)
    host.add(7, function)
    assert mmio.table.read(ecam(7, 0x100), 4) == 0x12345678
    # Bits 24 to 30 of the address register are reserved: they select no extended register.
    ports.table.write(ADDRESS, ENABLE | 1 << 24 | place(7), 4)
    assert ports.table.read(DATA, 4) == 0x00020001


# Odd sizes and edges


@pytest.mark.parametrize("size", range(1, 9))
def test_ecam_access_of_any_size_reads_what_bytes_would(mmio: AddressSpace, size: int) -> None:
    for register in (0, 1, 2, 3, 5, 8):
        whole = mmio.table.read(ecam(DEVICE, register), size)
        parts = [mmio.table.read(ecam(DEVICE, register + i), 1) for i in range(size)]
        assert whole.to_bytes(size, "little") == bytes(parts)


@pytest.mark.parametrize("size", range(2, 9))
def test_ecam_access_across_a_functions_end_reads_all_ones(mmio: AddressSpace, size: int) -> None:
    end = ecam(DEVICE, pci.CONFIG_SIZE - 1)
    mmio.table.write(end, 0, size)
    assert mmio.table.read(end, size) == (1 << 8 * size) - 1


@pytest.mark.parametrize("size", range(1, 9))
def test_no_write_changes_the_size_of_a_configuration_space(
    host: PciHost, mmio: AddressSpace, size: int
) -> None:
    function = PciFunction(vendor_id=1, device_id=2, class_code=0)
    host.add(5, function)
    for register in (0, 1, 3, 0x3B, pci.CONFIG_SIZE - size, pci.CONFIG_SIZE - 1):
        mmio.table.write(ecam(5, register), (1 << 64) - 1, size)
    assert len(function.config) == pci.CONFIG_SIZE


def test_access_across_the_windows_end_is_split_into_bytes(host: PciHost) -> None:
    space = mmio_space()
    host.add(31, PciFunction(vendor_id=1, device_id=2, class_code=0), number=7)
    host.attach_ecam(space, ECAM, buses=1)
    end = ECAM + (1 << 20)
    assert space.table.read(end - 2, 4) == 0xFFFF0000


# The builder's mistakes


def test_second_function_at_one_place_is_refused(host: PciHost) -> None:
    with pytest.raises(ValueError, match=r"00:04\.0 already"):
        host.add(DEVICE, PciFunction(vendor_id=1, device_id=2, class_code=0))


@pytest.mark.parametrize(
    ("device", "number", "bus"), [(32, 0, 0), (-1, 0, 0), (0, 8, 0), (0, 0, 256)]
)
def test_place_that_no_pci_bus_has_is_refused(
    host: PciHost, device: int, number: int, bus: int
) -> None:
    with pytest.raises(ValueError, match="is not a PCI address"):
        host.add(device, PciFunction(vendor_id=1, device_id=2, class_code=0), number, bus)


def test_function_on_another_bus_is_found_there(host: PciHost, mmio: AddressSpace) -> None:
    host.add(1, PciFunction(vendor_id=0xABC, device_id=0, class_code=0), number=3, bus=2)
    assert mmio.table.read(ecam(1, 0, function=3, bus=2), 2) == 0xABC
