"""The PCI host bridge through both configuration mechanisms, as a guest may use and misuse it."""

from typing import Any

import pytest

from kvmtool.bus import pci_function as pci
from kvmtool.bus.pci import PciHost
from kvmtool.bus.pci_function import PciFunction
from kvmtool.bus.space import AddressSpace, mmio_space, port_space
from kvmtool.core.runloop import Claim

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


# Base address registers

WINDOW32, WINDOW64 = (0xC000_0000, 0x1000_0000), (0x10_0000_0000, 0x1000_0000)
SIZE = 0x4000


class Memory:
    """A host with windows, and functions that have one BAR with a register at its start."""

    def __init__(self) -> None:
        self.mmio = mmio_space()
        self.host = PciHost()
        self.host.attach_memory(self.mmio, WINDOW32, WINDOW64)
        self.host.attach_ecam(self.mmio, ECAM)
        self.moves: list[int | None] = []

    def add(self, device: int, size: int = SIZE, prefetchable: bool = False) -> PciFunction:
        function = PciFunction(vendor_id=1, device_id=2, class_code=0, name=f"card{device}")
        inside = AddressSpace("bar", size)
        inside.claim_register(0, 4, name="identity", read=lambda: device)
        function.add_bar(0, inside, prefetchable=prefetchable, on_move=self.moves.append)
        self.host.add(device, function)
        return function

    def read(self, device: int, register: int, size: int) -> int:
        return self.mmio.table.read(ecam(device, register), size)

    def write(self, device: int, register: int, value: int, size: int) -> None:
        self.mmio.table.write(ecam(device, register), value, size)

    def enable(self, device: int, on: bool = True) -> None:
        self.write(device, pci.COMMAND, pci.COMMAND_MEMORY if on else 0, 2)


@pytest.fixture
def memory() -> Memory:
    return Memory()


def test_bars_are_assigned_apart_and_aligned(memory: Memory) -> None:
    for device, size in ((1, 0x1000), (2, 0x8000), (3, 0x1000)):
        memory.add(device, size)
    memory.add(4, 0x10_0000, prefetchable=True)
    places = [memory.read(device, 0x10, 8) for device in (1, 2, 3, 4)]
    assert places == [0xC000_0004, 0xC000_8004, 0xC001_0004, 0x10_0000_000C]


def test_bar_tells_its_size_as_drivers_ask(memory: Memory) -> None:
    memory.add(1)
    before = memory.read(1, 0x10, 8)
    memory.write(1, 0x10, 0xFFFFFFFF, 4)
    memory.write(1, 0x14, 0xFFFFFFFF, 4)
    assert memory.read(1, 0x10, 4) == (-SIZE & 0xFFFFFFFF) | 0b100
    assert memory.read(1, 0x14, 4) == 0xFFFFFFFF
    memory.write(1, 0x10, before, 8)
    assert memory.read(1, 0x10, 8) == before
    # A register that is not there has no size.
    memory.write(1, 0x18, 0xFFFFFFFF, 4)
    assert memory.read(1, 0x18, 4) == 0


def test_bar_of_32_bits_leaves_the_next_register_alone(memory: Memory) -> None:
    function = PciFunction(vendor_id=1, device_id=2, class_code=0)
    for index in (0, 1, 5):
        inside = AddressSpace("bar", SIZE)
        inside.claim_bytes(0, bytearray([index]), name="index")
        function.add_bar(index, inside, width=4, prefetchable=True)
    memory.host.add(1, function)
    memory.enable(1)
    for index, register in ((0, 0x10), (1, 0x14), (5, 0x24)):
        bar = memory.read(1, register, 4)
        assert bar & 0xF == 0b1000
        assert memory.mmio.table.read(bar & ~0xF, 1) == index
        memory.write(1, register, 0xFFFFFFFF, 4)
        assert memory.read(1, register, 4) == (-SIZE & 0xFFFFFFFF) | 0b1000


def test_bar_is_decoded_while_the_command_register_says_so(memory: Memory) -> None:
    memory.add(1)
    assert memory.mmio.table.read(WINDOW32[0], 4) == 0xFFFFFFFF
    memory.enable(1)
    assert memory.mmio.table.read(WINDOW32[0], 4) == 1
    memory.enable(1, False)
    assert memory.mmio.table.read(WINDOW32[0], 4) == 0xFFFFFFFF
    assert memory.moves == [WINDOW32[0], None]


def test_bar_is_moved_within_the_windows(memory: Memory) -> None:
    memory.add(1)
    memory.enable(1)
    for there in (0xC800_0000, 0x10_0800_0000):
        memory.write(1, 0x10, there, 8)
        assert memory.mmio.table.read(there, 4) == 1
        assert memory.moves[-1] == there
    assert memory.mmio.table.read(0xC800_0000, 4) == 0xFFFFFFFF


def test_bar_over_another_is_not_decoded_and_the_other_stays(memory: Memory) -> None:
    memory.add(1)
    memory.add(2)
    memory.enable(1)
    memory.enable(2)
    memory.write(2, 0x10, WINDOW32[0], 8)
    assert memory.mmio.table.read(WINDOW32[0], 4) == 1
    assert memory.moves[-1] is None
    memory.write(2, 0x10, 0xC100_0000, 8)
    assert memory.mmio.table.read(0xC100_0000, 4) == 2


def test_bars_that_change_places_one_after_the_other_are_both_decoded(memory: Memory) -> None:
    for device in (1, 2, 3):
        memory.add(device)
        memory.enable(device)
    first, second, third = (memory.read(device, 0x10, 8) & ~0xF for device in (1, 2, 3))
    memory.write(1, 0x10, second, 8)
    memory.write(2, 0x10, third, 8)
    assert [memory.mmio.table.read(gpa, 4) for gpa in (second, third)] == [1, 3]
    memory.write(3, 0x10, first, 8)
    assert [memory.mmio.table.read(gpa, 4) for gpa in (first, second, third)] == [3, 1, 2]


@pytest.mark.parametrize("how", ["disabled", "reset", "disconnected"])
def test_bar_is_decoded_when_the_one_under_it_goes(memory: Memory, how: str) -> None:
    under, over = memory.add(1), memory.add(2)
    memory.enable(1)
    memory.write(2, 0x10, WINDOW32[0], 8)
    memory.enable(2)
    assert memory.mmio.table.read(WINDOW32[0], 4) == 1
    if how == "disabled":
        memory.enable(1, False)
    elif how == "reset":
        under.reset()
    else:
        under.disconnect()
    assert memory.mmio.table.read(WINDOW32[0], 4) == 2
    assert over.bars[0].gpa == WINDOW32[0]


def test_bar_that_waited_and_was_moved_away_does_not_come_back(memory: Memory) -> None:
    memory.add(1)
    memory.add(2)
    memory.enable(1)
    memory.enable(2)
    memory.write(2, 0x10, WINDOW32[0], 8)
    memory.write(2, 0x10, 0xC100_0000, 8)
    memory.enable(1, False)
    assert memory.mmio.table.read(WINDOW32[0], 4) == 0xFFFFFFFF
    assert memory.mmio.table.read(0xC100_0000, 4) == 2


def test_bar_is_decoded_where_the_one_under_it_went_at_that_moment(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.add(1)
    over = memory.add(2)
    memory.enable(1)
    memory.write(2, 0x10, WINDOW32[0], 8)
    claim_region = memory.mmio.claim_region

    def claim(*args: Any, **options: Any) -> Claim:
        try:
            return claim_region(*args, **options)
        except ValueError:
            # Another vCPU's write.
            memory.enable(1, False)
            raise

    monkeypatch.setattr(memory.mmio, "claim_region", claim)
    memory.enable(2)
    assert over.bars[0].gpa == WINDOW32[0]


def test_bar_is_decoded_though_two_vcpus_write_to_the_one_under_it(memory: Memory) -> None:
    class Interrupted(PciFunction):
        """Another vCPU disables it while this one looks whether a BAR went."""

        went = interrupted = False

        @property
        def _has_released(self) -> bool:
            before = self.went
            if not self.interrupted:
                self.interrupted = True
                with self.lock:
                    self.put(pci.COMMAND, 0, 2)
                    self._decode()
            return before

        @_has_released.setter
        def _has_released(self, went: bool) -> None:
            self.went = went

    under, over = memory.add(1), memory.add(2)
    memory.enable(1)
    memory.write(2, 0x10, WINDOW32[0], 8)
    memory.enable(2)
    del under._has_released
    under.__class__ = Interrupted
    memory.write(1, 0x3C, 1, 1)
    under._let_others_decode(under._memory)
    assert over.bars[0].gpa == WINDOW32[0]


@pytest.mark.parametrize(
    "there", [0, SIZE, ECAM, 0xBFFF_C000, 0xD000_0000, 0x10_1000_0000, (1 << 64) - SIZE]
)
def test_bar_outside_the_windows_is_not_decoded(memory: Memory, there: int) -> None:
    memory.add(1)
    memory.enable(1)
    memory.write(1, 0x10, there, 8)
    assert [claim.name for claim in memory.mmio.table.claims()] == ["pci.ecam"]
    assert memory.read(1, 0x10, 8) == there | 0b100


def test_reset_brings_the_bar_back_to_its_place_at_boot(memory: Memory) -> None:
    function = memory.add(1)
    at_boot = memory.read(1, 0x10, 8)
    memory.enable(1)
    memory.write(1, 0x10, 0xC800_0000, 8)
    function.reset()
    assert (memory.read(1, 0x10, 8), memory.read(1, pci.COMMAND, 2)) == (at_boot, 0)
    assert memory.moves[-1] is None


def test_window_that_is_full_is_told_to_the_builder(memory: Memory) -> None:
    memory.add(1, WINDOW32[1])
    with pytest.raises(ValueError, match=r"must fit into the PCI window 0xc0000000-0xcfffffff"):
        memory.add(2)


@pytest.mark.parametrize("size", [4, 8, 0x3000])
def test_size_that_no_bar_can_have_is_refused(memory: Memory, size: int) -> None:
    with pytest.raises(ValueError, match=f"a power of two from 16, not {size}"):
        memory.add(1, size)


def test_function_with_a_bar_needs_windows() -> None:
    function = PciFunction(vendor_id=1, device_id=2, class_code=0)
    function.add_bar(0, AddressSpace("bar", SIZE))
    with pytest.raises(ValueError, match="attach_memory"):
        PciHost().add(1, function)
    for index in (-1, 0, 1, 5):
        with pytest.raises(ValueError, match="8 free bytes of the six registers"):
            function.add_bar(index, AddressSpace("bar", SIZE))


# Capabilities


def test_capabilities_are_linked_and_write_protected(memory: Memory) -> None:
    function = memory.add(1)
    first = function.add_capability(0x09, b"\x05abc", b"\0\xff")
    second = function.add_capability(0x11, b"xy")
    for register in range(0x34, 0x50, 4):
        memory.write(1, register, 0xFFFFFFFF, 4)
    assert memory.read(1, 0x34, 1) == first
    assert memory.read(1, first, 4) == 0xFF05_0009 | second << 8
    assert memory.read(1, second, 4) == int.from_bytes(b"\x11\0xy", "little")
    # kvmtool 78771e7: the capability list was hidden by a write to the status register
    memory.write(1, pci.STATUS, 0, 2)
    assert memory.read(1, pci.STATUS, 2) == 1 << 4


def test_capabilities_that_do_not_fit_are_refused() -> None:
    function = PciFunction(vendor_id=1, device_id=2, class_code=0)
    with pytest.raises(ValueError, match="within 256 bytes"):
        function.add_capability(0x09, bytes(0xC0))


def test_saved_configuration_changes_only_what_the_guest_may_change(memory: Memory) -> None:
    function = memory.add(1)
    function.load_config(b"\xff" * pci.CONFIG_SIZE)
    assert memory.read(1, pci.VENDOR_ID, 4) == 0x0002_0001
    assert memory.read(1, 0x10, 4) == (-SIZE & 0xFFFFFFFF) | 0b100
    with pytest.raises(ValueError, match="4096 bytes, not 3"):
        function.load_config(b"abc")
