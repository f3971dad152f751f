"""Virtio over PCI: identity, capabilities, BAR, doorbells, MSI-X, INTx, the window."""

import itertools
import os
import struct
from collections.abc import Iterator

import pytest

from fakes.vhost_device import FakeDevice, FakeVm, take
from fakes.virtio_driver import (
    PCI_GSI,
    WINDOW32,
    PciDriver,
)
from kvmtool.bus import pci_function as pci
from kvmtool.uapi.linux import virtio_pci as uapi

NO_VECTOR = 0xFFFF
VENDOR_CAPABILITY = 0x09
CONFIG_CHANGED, QUEUE_USED = 2, 1


@pytest.fixture
def driver() -> Iterator[PciDriver]:
    made = PciDriver()
    yield made
    made.close()


def bring_up_with_msix(driver: PciDriver, masked: bool = False) -> None:
    """Vector 0 for the configuration, 1 and 2 for the queues, as Linux has it."""
    driver.write("status", 0)
    driver.enable_msix(masked=masked)
    assert driver.negotiate()
    driver.write("config_vector", 0)
    for index in (0, 1):
        driver.configure_queue(index)
        driver.write("queue_vector", index + 1)
    driver.set_driver_ok()


def interrupt(driver: PciDriver, index: int) -> None:
    """The device has used a buffer of a queue."""
    os.eventfd_write(driver.device.queues[index].call_fd, 1)


# What a driver finds


@pytest.mark.parametrize(
    ("device_id", "class_code"), [(1, 0x020000), (2, 0x018000), (3, 0x078000), (4, 0x00FF00)]
)
def test_identity_is_that_of_a_modern_device(device_id: int, class_code: int) -> None:
    driver = PciDriver(FakeDevice(device_id=device_id))
    assert driver.read_config(pci.VENDOR_ID, 4) == (0x1040 + device_id) << 16 | 0x1AF4
    assert driver.read_config(pci.REVISION_ID, 4) == class_code << 8 | 1
    assert driver.read_config(pci.INTERRUPT_LINE, 2) == 1 << 8 | PCI_GSI
    driver.close()


def test_capabilities_lie_in_the_bar_and_apart(driver: PciDriver) -> None:
    found = {}
    for at, identity in driver.capabilities():
        if identity == VENDOR_CAPABILITY:
            raw = bytes(driver.read_config(at + i, 1) for i in range(20))
            capability = uapi.virtio_pci_cap.from_buffer_copy(raw)
            found[capability.cfg_type] = capability
            assert capability.bar == 0
    assert sorted(found) == [1, 2, 3, 4, 5]
    assert found[1].length >= 56
    assert found[4].length == 24
    assert (found[2].cap_len, found[5].cap_len) == (20, 20)
    ranges = sorted((c.offset, c.offset + c.length) for c in found.values())
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(ranges))
    assert ranges[-1][1] <= driver.transport.function.bars[0].space.size


def test_device_without_configuration_has_no_capability_for_it() -> None:
    driver = PciDriver(FakeDevice(config=b""))
    kinds = [driver.read_config(at + 3, 1) for at, i in driver.capabilities() if i == 9]
    assert kinds == [1, 2, 3, 5]
    driver.close()


def test_bar_is_assigned_before_the_guest_runs(driver: PciDriver) -> None:
    bar = driver.read_config(0x10, 8)
    assert bar & 0xF == 0b100
    assert WINDOW32[0] <= driver.base < sum(WINDOW32)


def test_queue_layout_is_told(driver: PciDriver) -> None:
    assert driver.read("num_queues") == 2
    for index in (0, 1):
        driver.write("queue_select", index)
        assert driver.read("queue_notify_off") == index


# Notifications


def test_each_queue_has_a_doorbell_for_writes_of_any_width(driver: PciDriver) -> None:
    driver.bring_up()
    at = driver.base + 0x3000
    assert driver.vm.bells == {
        (at, 0, None): driver.device.queues[0].kick_fd,
        (at + 4, 0, None): driver.device.queues[1].kick_fd,
    }


def test_kernel_without_wildcards_takes_words_and_the_handler_the_rest() -> None:
    driver = PciDriver(any_length=0)
    driver.bring_up()
    assert sorted(length for _, length, _ in driver.vm.bells) == [2, 2]
    for size in (2, 4):
        driver.ring(1, size)
    assert take(driver.device.queues[1].kick_fd) == 2
    driver.close()


def test_doorbell_that_kvm_refuses_works_by_its_handler() -> None:
    class FullVm(FakeVm):
        def ioeventfd(self, fd: int, address: int, length: int, **rest: object) -> None:
            from kvmtool.kvm import IoctlError

            raise IoctlError("KVM_IOEVENTFD", 28)

    driver = PciDriver()
    driver.transport._doorbells._vm = FullVm()
    driver.bring_up()
    driver.ring(0)
    assert take(driver.device.queues[0].kick_fd) == 1
    driver.close()


def test_doorbells_follow_a_bar_that_moves(driver: PciDriver) -> None:
    driver.bring_up()
    for there in (0xD000_0000, 0x10_4000_0000):
        driver.write_config(0x10, there, 8)
        assert sorted(gpa for gpa, _, _ in driver.vm.bells) == [there + 0x3000, there + 0x3004]
        driver.base = there
        assert driver.read("num_queues") == 2


def test_doorbells_go_while_the_bar_is_not_decoded(driver: PciDriver) -> None:
    driver.bring_up()
    for command in (0, pci.COMMAND_BUS_MASTER):
        driver.write_config(pci.COMMAND, command, 2)
        assert driver.vm.bells == {}
        assert driver.read("num_queues") == 0xFFFF
    driver.write_config(pci.COMMAND, pci.COMMAND_MEMORY, 2)
    assert len(driver.vm.bells) == 2


@pytest.mark.parametrize("there", [0, 0xE000_0000, 0xFEE0_0000, 0xBFFF_8000, (1 << 64) - 0x10000])
def test_bar_out_of_reach_is_not_decoded_until_it_is_moved_back(
    driver: PciDriver, there: int
) -> None:
    driver.bring_up()
    driver.write_config(0x10, there, 8)
    assert driver.transport.function.bars[0].gpa is None
    assert driver.vm.bells == {}
    driver.write_config(0x10, driver.base, 8)
    assert driver.read("num_queues") == 2
    assert len(driver.vm.bells) == 2


# MSI-X


def test_each_queue_interrupts_by_its_vector(driver: PciDriver) -> None:
    bring_up_with_msix(driver)
    interrupt(driver, 1)
    assert driver.vm.messages() == [(0xFEE00000, 3)]
    interrupt(driver, 0)
    driver.device.on_config_change()
    assert driver.vm.messages() == [(0xFEE00000, 1), (0xFEE00000, 2)]
    driver.run_loop()
    assert driver.levels == [0]
    assert driver.read("isr") == 0


def test_queue_takes_another_vector_while_it_runs(driver: PciDriver) -> None:
    bring_up_with_msix(driver)
    driver.write("queue_select", 0)
    driver.write("queue_vector", 2)
    assert driver.read("queue_vector") == 2
    interrupt(driver, 0)
    assert driver.vm.messages() == [(0xFEE00000, 3)]
    driver.write("queue_vector", NO_VECTOR)
    interrupt(driver, 0)
    assert driver.vm.messages() == []


def test_interrupt_of_a_masked_vector_comes_when_it_is_unmasked(driver: PciDriver) -> None:
    bring_up_with_msix(driver, masked=True)
    interrupt(driver, 0)
    assert driver.vm.messages() == []
    assert driver.space.table.read(driver.base + 0x5000, 8) == 0b010
    driver.space.table.write(driver.base + 0x4000 + 16 + 12, 0, 4)
    assert driver.vm.messages() == [(0xFEE00000, 2)]


# Cloud Hypervisor 082fdc4d0: queue_select 0xFFFF, then queue_msix_vector
def test_vector_of_a_queue_that_does_not_exist_is_none(driver: PciDriver) -> None:
    driver.enable_msix()
    for select in (2, 0xFFFF):
        driver.write("queue_select", select)
        driver.write("queue_vector", 0)
        assert driver.read("queue_vector") == NO_VECTOR
    assert driver.vm.irqfds == {}


# Cloud Hypervisor 3b431afba, 7fbc5a135; crosvm 002cd87a0: vectors out of range
@pytest.mark.parametrize("vector", [3, 0x7FF, 0xFFFE])
def test_vector_that_the_table_does_not_have_reads_back_as_none(
    driver: PciDriver, vector: int
) -> None:
    driver.write("queue_select", 1)
    for register in ("queue_vector", "config_vector"):
        driver.write(register, 1)
        driver.write(register, vector)
        assert driver.read(register) == NO_VECTOR


# CVE-2024-4693 (QEMU virtio-pci): vector 0 was released for a device that had not taken it
def test_reset_before_and_after_vectors_are_used_releases_what_was_taken(
    driver: PciDriver,
) -> None:
    driver.write("status", 0)
    bring_up_with_msix(driver)
    driver.write("config_vector", NO_VECTOR)
    assert len(driver.vm.irqfds) == 2
    driver.write("status", 0)
    driver.write("status", 0)
    assert driver.vm.irqfds == {}
    assert driver.read("config_vector") == NO_VECTOR


def test_needs_reset_comes_with_a_configuration_interrupt(driver: PciDriver) -> None:
    bring_up_with_msix(driver)
    driver.device.on_broken()
    assert driver.vm.messages() == [(0xFEE00000, 1)]


def test_change_before_driver_ok_is_told_at_driver_ok(driver: PciDriver) -> None:
    driver.enable_msix()
    driver.negotiate()
    driver.write("config_vector", 0)
    driver.device.on_config_change()
    assert driver.vm.messages() == []
    driver.set_driver_ok()
    assert driver.vm.messages() == [(0xFEE00000, 1)]


# INTx


def test_line_rises_with_an_interrupt_and_falls_when_the_isr_is_read(driver: PciDriver) -> None:
    driver.bring_up()
    driver.run_loop()
    interrupt(driver, 0)
    driver.run_loop()
    assert driver.levels == [0, 1]
    assert driver.read_config(pci.STATUS, 2) & 1 << 3
    assert driver.read("isr") == QUEUE_USED
    assert driver.levels == [0, 1, 0]
    assert not driver.read_config(pci.STATUS, 2) & 1 << 3
    assert driver.read("isr") == 0


def test_isr_tells_configuration_changes_apart(driver: PciDriver) -> None:
    driver.bring_up()
    driver.device.on_config_change()
    driver.run_loop()
    driver.run_loop()
    assert driver.read("isr") == CONFIG_CHANGED


def test_signal_before_the_loop_listens_is_not_lost(driver: PciDriver) -> None:
    driver.bring_up()
    interrupt(driver, 1)
    driver.run_loop()
    driver.run_loop()
    assert driver.levels == [0, 1]


def test_disabled_line_stays_low_and_rises_when_it_is_enabled(driver: PciDriver) -> None:
    driver.bring_up()
    driver.write_config(pci.COMMAND, pci.COMMAND_MEMORY | pci.COMMAND_INTX_DISABLE, 2)
    interrupt(driver, 0)
    driver.run_loop()
    driver.run_loop()
    assert driver.levels == [0]
    assert driver.read_config(pci.STATUS, 2) & 1 << 3
    driver.write_config(pci.COMMAND, pci.COMMAND_MEMORY, 2)
    assert driver.levels == [0, 1]


def test_reset_lowers_the_line(driver: PciDriver) -> None:
    driver.bring_up()
    driver.run_loop()
    interrupt(driver, 0)
    driver.run_loop()
    driver.write("status", 0)
    assert driver.levels == [0, 1, 0]
    assert driver.read("isr") == 0


def test_msix_enabled_later_takes_over_from_the_loop(driver: PciDriver) -> None:
    driver.bring_up()
    driver.run_loop()
    call_fd = driver.device.queues[0].call_fd
    driver.write("queue_select", 0)
    driver.enable_msix(masked=True)
    driver.write("queue_vector", 1)
    os.eventfd_write(call_fd, 1)
    driver.run_loop()
    assert driver.levels == [0]
    driver.space.table.write(driver.base + 0x4000 + 16 + 12, 0, 4)
    assert driver.vm.messages() == [(0xFEE00000, 2)]


# The window through configuration space


def window(driver: PciDriver, bar: int, offset: int, length: int) -> int:
    at = next(
        at
        for at, identity in driver.capabilities()
        if identity == VENDOR_CAPABILITY and driver.read_config(at + 3, 1) == 5
    )
    driver.write_config(at + 4, bar, 1)
    driver.write_config(at + 8, offset, 4)
    driver.write_config(at + 12, length, 4)
    return at + 16


def test_window_reaches_registers_while_the_bar_is_not_decoded(driver: PciDriver) -> None:
    driver.write_config(pci.COMMAND, 0, 2)
    assert driver.read_config(window(driver, 0, 0x12, 2), 2) == 2
    driver.write_config(window(driver, 0, 0x16, 2), 1, 2)
    assert driver.read_config(window(driver, 0, 0x1E, 2), 4) & 0xFFFF == 1
    assert driver.read_config(window(driver, 0, 0x2004, 4), 4) == 0x08070605


def test_window_notifies(driver: PciDriver) -> None:
    driver.bring_up()
    driver.write_config(window(driver, 0, 0x3004, 2), 1, 2)
    assert take(driver.device.queues[1].kick_fd) == 1


# CVE-2021-45464 (kvmtool): what a guest-supplied offset reaches
@pytest.mark.parametrize(
    ("bar", "offset", "length"),
    [
        (1, 0x12, 2),
        (0xFF, 0, 4),
        (0, 0x12, 0),
        (0, 0x12, 3),
        (0, 0x10, 8),
        (0, 0x13, 2),
        (0, 0x12, 4),
        (0, 0x8000, 4),
        (0, 0xFFFFFFFC, 4),
        (0, 0xFFFFFFFF, 1),
        (0, 0, 0xFFFFFFFF),
    ],
)
def test_window_that_may_not_be_does_nothing(
    driver: PciDriver, bar: int, offset: int, length: int
) -> None:
    data = window(driver, bar, offset, length)
    driver.write_config(data, 0x11223344, 4)
    assert driver.read_config(data, 4) == 0x11223344
    assert driver.read("queue_select") == 0


def test_dump_of_the_configuration_space_changes_nothing(driver: PciDriver) -> None:
    driver.bring_up()
    dump = [driver.read_config(register, 4) for register in range(0, 4096, 4)]
    assert dump == [driver.read_config(register, 4) for register in range(0, 4096, 4)]


# Life


def test_transport_reset_is_the_machine_as_at_boot() -> None:
    driver = PciDriver()
    fresh = PciDriver()
    fresh.write_config(pci.COMMAND, 0, 2)
    bring_up_with_msix(driver)
    driver.write_config(0x10, 0xD000_0000, 8)
    driver.transport.reset()
    assert driver.transport.function.config == fresh.transport.function.config
    assert (driver.vm.irqfds, driver.vm.bells) == ({}, {})
    assert driver.transport.msix.save()[12:16] == struct.pack("<I", 1)
    driver.close()
    fresh.close()


def test_closed_transport_leaves_no_descriptor_and_no_claim() -> None:
    before = len(os.listdir("/proc/self/fd"))
    driver = PciDriver()
    bring_up_with_msix(driver)
    driver.run_loop()
    driver.close()
    assert len(os.listdir("/proc/self/fd")) == before
    assert [claim.name for claim in driver.space.table.claims()] == ["pci.ecam"]


def test_saved_function_keeps_its_bar_vectors_and_interrupt() -> None:
    driver, other = PciDriver(), PciDriver()
    bring_up_with_msix(driver)
    driver.write_config(0x10, 0xD000_0000, 8)
    other.transport.restore(driver.transport.save())
    other.base = 0xD000_0000
    assert other.read("config_vector") == 0
    assert sorted(gpa for gpa, _, _ in other.vm.bells) == [0xD000_3000, 0xD000_3004]
    # Whatever was pending when it was saved is signalled again.
    assert other.vm.messages() == [(0xFEE00000, 2), (0xFEE00000, 3)]
    driver.close()
    other.close()


# CVE-2013-4151 (QEMU virtio_load)
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("config", bytes(4095)),
        ("config", None),
        ("msix", bytes(47)),
        ("vectors", [0, 0]),
        ("vectors", [0, 0, 0x10000]),
        ("isr", 4),
    ],
)
def test_hostile_saved_function_is_refused(driver: PciDriver, key: str, value: object) -> None:
    bring_up_with_msix(driver)
    saved = driver.transport.save()
    with pytest.raises(ValueError, match="saved"):
        driver.transport.restore(saved | {key: value})
    interrupt(driver, 0)
    assert driver.vm.messages() == [(0xFEE00000, 2)]
