"""MSI-X as a driver programs it: masks, pending bits, shared vectors, hostile accesses."""

import os
import struct
from collections.abc import Iterator

import pytest

from fakes.vhost_device import FakeVm
from kvmtool.bus.msi_routes import MsiRoutes
from kvmtool.bus.msix import NO_VECTOR, Msix
from kvmtool.bus.pci_function import STATUS, PciFunction
from kvmtool.bus.space import AddressSpace
from kvmtool.errors import BadInput
from kvmtool.uapi import kvm

TABLE, PBA, SIZE = 0x0, 0x1000, 0x2000
VECTORS = 3
ENABLE, FUNCTION_MASK = 1 << 15, 1 << 14


class Function:
    """A function with nothing but MSI-X, and its table at address 0."""

    def __init__(self, vectors: int = VECTORS) -> None:
        self.vm = FakeVm()
        fixed = kvm.kvm_irq_routing_entry(gsi=9, type=kvm.KVM_IRQ_ROUTING_IRQCHIP)
        self.routes = MsiRoutes(self.vm, [fixed], 24)
        self.pci = PciFunction(vendor_id=1, device_id=2, class_code=0)
        self.switched = 0
        self.msix = Msix(
            self.pci,
            self.vm,
            self.routes,
            vectors=vectors,
            bar=0,
            table_at=TABLE,
            pba_at=PBA,
            on_switch=self._count_switch,
        )
        self.space = AddressSpace("bar", SIZE)
        self.msix.attach(self.space)
        self.capability = self.pci.get(0x34, 1)
        self.sources = [os.eventfd(0, os.EFD_NONBLOCK) for _ in range(3)]

    def _count_switch(self) -> None:
        self.switched += 1

    def control(self, value: int) -> None:
        self.pci.write_config(self.capability + 2, value, 2)

    def program(self, vector: int, address: int, data: int, masked: bool = False) -> None:
        self.space.table.write(16 * vector, address, 8)
        self.space.table.write(16 * vector + 8, data, 4)
        self.mask(vector, masked)

    def mask(self, vector: int, masked: bool) -> None:
        self.space.table.write(16 * vector + 12, int(masked), 4)

    def pending(self) -> int:
        return self.space.table.read(PBA, 8)


@pytest.fixture
def function() -> Iterator[Function]:
    made = Function()
    yield made
    made.msix.close()
    for fd in made.sources:
        os.close(fd)


def test_capability_says_where_table_and_pending_bits_are(function: Function) -> None:
    assert function.pci.read_config(STATUS, 2) & 1 << 4
    raw = function.pci.config[function.capability :][:12]
    assert struct.unpack("<BBHII", raw) == (0x11, 0, VECTORS - 1, TABLE, PBA)
    function.control(0xFFFF)
    assert function.pci.read_config(function.capability + 2, 2) == (
        ENABLE | FUNCTION_MASK | VECTORS - 1
    )


def test_entries_are_masked_at_first(function: Function) -> None:
    for vector in range(VECTORS):
        assert function.space.table.read(16 * vector + 12, 4) == 1


def test_signal_sends_the_message_of_its_vector(function: Function) -> None:
    function.control(ENABLE)
    function.program(1, 0x1_FEE0_1000, 0x4041)
    assert function.msix.connect(function.sources[0], 1) == 1
    os.eventfd_write(function.sources[0], 1)
    assert function.vm.messages() == [(0x1_FEE0_1000, 0x4041)]
    assert [entry.gsi for entry in function.vm.routes] == [9, 25]


def test_masked_vector_is_pending_until_it_is_unmasked(function: Function) -> None:
    function.control(ENABLE)
    function.program(0, 0xFEE00000, 1)
    function.program(2, 0xFEE00000, 3)
    function.msix.connect(function.sources[0], 0)
    function.msix.connect(function.sources[1], 2)
    function.mask(2, True)
    os.eventfd_write(function.sources[1], 1)
    assert function.vm.messages() == []
    assert function.pending() == 0b100
    function.mask(2, False)
    assert function.vm.messages() == [(0xFEE00000, 3)]
    assert function.pending() == 0


def test_function_mask_holds_every_vector_back(function: Function) -> None:
    function.control(ENABLE | FUNCTION_MASK)
    for vector in range(VECTORS):
        function.program(vector, 0xFEE00000, vector)
        function.msix.connect(function.sources[vector], vector)
        os.eventfd_write(function.sources[vector], 1)
    assert function.vm.irqfds == {}
    assert function.pending() == 0b111
    function.control(ENABLE)
    assert function.vm.messages() == [(0xFEE00000, 0), (0xFEE00000, 1), (0xFEE00000, 2)]


def test_two_sources_share_one_vector(function: Function) -> None:
    function.control(ENABLE)
    function.program(1, 0xFEE00000, 7)
    for source in function.sources[:2]:
        function.msix.connect(source, 1)
        os.eventfd_write(source, 1)
    assert function.vm.messages() == [(0xFEE00000, 7)] * 2
    function.mask(1, True)
    os.eventfd_write(function.sources[1], 1)
    assert function.pending() == 0b010


def test_source_changes_its_vector_while_it_runs(function: Function) -> None:
    function.control(ENABLE)
    function.program(0, 0xFEE00000, 1, masked=True)
    function.program(1, 0xFEE00000, 2)
    function.msix.connect(function.sources[0], 0)
    os.eventfd_write(function.sources[0], 1)
    assert function.pending() == 0b001
    assert function.msix.connect(function.sources[0], 1) == 1
    assert function.vm.messages() == [(0xFEE00000, 2)]


def test_new_message_of_an_unmasked_vector_is_routed_at_once(function: Function) -> None:
    function.control(ENABLE)
    function.program(0, 0xFEE00000, 1)
    function.msix.connect(function.sources[0], 0)
    function.program(0, 0xFEE01000, 2)
    os.eventfd_write(function.sources[0], 1)
    assert function.vm.messages() == [(0xFEE01000, 2)]


def test_masking_and_unmasking_alone_sets_no_routes(function: Function) -> None:
    function.control(ENABLE)
    for vector in range(VECTORS):
        function.msix.connect(function.sources[vector], vector)
        function.program(vector, 0xFEE00000, vector + 1)
    # One for each vector: the guest unmasks them one by one.
    assert function.vm.routings == VECTORS
    for _ in range(5):
        function.mask(0, True)
        function.mask(0, False)
    assert function.vm.routings == VECTORS


def test_unused_vectors_cost_no_irqfd_and_no_route(function: Function) -> None:
    function.control(ENABLE)
    for vector in range(VECTORS):
        function.program(vector, 0xFEE00000, vector)
    assert (function.vm.irqfds, function.vm.routings) == ({}, 0)


def test_what_nobody_was_to_hear_is_not_pending_later(function: Function) -> None:
    function.control(ENABLE)
    os.eventfd_write(function.sources[0], 1)
    function.msix.connect(function.sources[0], 0)
    assert function.pending() == 0


def test_switch_is_told_once_for_each_change(function: Function) -> None:
    for value in (ENABLE, ENABLE | FUNCTION_MASK, 0, 0):
        function.control(value)
    assert function.switched == 2


def test_disabling_takes_the_irqfds_away(function: Function) -> None:
    function.control(ENABLE)
    function.program(0, 0xFEE00000, 1)
    function.msix.connect(function.sources[0], 0)
    function.control(0)
    assert function.vm.irqfds == {}


# Cloud Hypervisor 3b431afba, 7fbc5a135; crosvm 002cd87a0: vector, table and PBA out of range
@pytest.mark.parametrize("vector", [VECTORS, VECTORS + 1, 2048, 0xFFFE, NO_VECTOR])
def test_vector_out_of_range_is_no_vector(function: Function, vector: int) -> None:
    function.control(ENABLE)
    assert function.msix.connect(function.sources[0], vector) == NO_VECTOR
    assert function.vm.irqfds == {}


# Cloud Hypervisor 3b431afba; Cloud Hypervisor eb838144f, a048fa982: odd widths
def test_access_of_any_place_and_width_does_no_harm(function: Function) -> None:
    function.control(ENABLE)
    function.msix.connect(function.sources[0], 0)
    for first in (*range(20), 16 * VECTORS - 9, 16 * VECTORS - 1, PBA - 4, *range(PBA, PBA + 12)):
        for size in range(1, 9):
            function.space.table.write(first, (1 << 64) - 1, size)
            assert 0 <= function.space.table.read(first, size) < 1 << 8 * size
    assert len(function.msix.save()) == 16 * VECTORS
    assert function.pending() == 0


def test_bytes_and_unaligned_doublewords_of_the_table_are_ignored(function: Function) -> None:
    for offset, size in ((0, 1), (1, 1), (0, 2), (2, 4), (4, 8)):
        function.space.table.write(offset, (1 << 8 * size) - 1, size)
        assert function.space.table.read(offset, size) == (1 << 8 * size) - 1
    assert function.msix.save()[:16] == bytes(12) + b"\1\0\0\0"


# CVE-2024-4693 (QEMU): the irqfd of vector 0 was released for a source that never had it
def test_source_without_a_vector_releases_no_other_sources_irqfd(function: Function) -> None:
    function.control(ENABLE)
    function.program(0, 0xFEE00000, 1)
    function.msix.connect(function.sources[0], 0)
    function.msix.connect(function.sources[1], NO_VECTOR)
    function.msix.connect(function.sources[1], NO_VECTOR)
    assert function.vm.irqfds == {function.sources[0]: 24}
    function.msix.reset()
    function.msix.reset()
    assert function.vm.irqfds == {}


def test_message_that_kvm_refuses_sends_nothing_and_harms_no_other(function: Function) -> None:
    function.vm.refused_addresses = {0xBAD00000}
    function.control(ENABLE)
    for vector, address in ((0, 0xBAD00000), (1, 0xFEE00000)):
        function.msix.connect(function.sources[vector], vector)
        function.program(vector, address, 5)
        os.eventfd_write(function.sources[vector], 1)
    assert function.vm.messages() == [(0xFEE00000, 5)]


def test_pending_bits_of_a_large_table_are_beyond_the_first_quadword() -> None:
    function = Function(vectors=70)
    function.control(ENABLE)
    function.msix.connect(function.sources[0], 69)
    os.eventfd_write(function.sources[0], 1)
    assert function.space.table.read(PBA, 8) == 0
    assert function.space.table.read(PBA + 8, 8) == 1 << 5
    assert function.space.table.read(PBA + 8, 4) == 1 << 5
    assert function.space.table.read(PBA + 16, 4) == 0xFFFFFFFF
    function.msix.close()
    for fd in function.sources:
        os.close(fd)


def test_interrupts_of_a_machine_are_limited_and_come_back() -> None:
    routes = MsiRoutes(FakeVm(), [], 4094)
    assert [routes.allocate(), routes.allocate()] == [4094, 4095]
    with pytest.raises(BadInput, match="4096 interrupts"):
        routes.allocate()
    routes.free(4094)
    assert routes.allocate() == 4094


def test_saved_table_goes_on_sending(function: Function) -> None:
    function.control(ENABLE)
    function.program(1, 0xFEE00000, 7)
    other = Function()
    other.msix.connect(other.sources[0], 1)
    other.pci.load_config(bytes(function.pci.config))
    other.msix.restore(function.msix.save())
    os.eventfd_write(other.sources[0], 1)
    assert other.vm.messages() == [(0xFEE00000, 7)]
    with pytest.raises(ValueError, match="48 bytes, not 47"):
        other.msix.restore(bytes(47))
    other.msix.close()
    for fd in other.sources:
        os.close(fd)
