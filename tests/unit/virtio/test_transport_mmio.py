"""Virtio over MMIO: identity, doorbells, and interrupts that run no Python on the data path."""

import os
import threading
from collections.abc import Iterator

import pytest

from fakes.vhost_device import VERSION_1, FakeDevice, take
from fakes.virtio_driver import MMIO_BASE, MMIO_GSI, MmioDriver

USED, CONFIG = 1, 2


@pytest.fixture
def driver() -> Iterator[MmioDriver]:
    made = MmioDriver()
    yield made
    made.close()


def test_identity_is_version_two(driver: MmioDriver) -> None:
    assert [driver.read(name) for name in ("magic", "version", "device_id")] == [0x74726976, 2, 2]
    assert driver.read("queue_size_max") == 256


def test_device_without_configuration_reads_all_ones_there() -> None:
    driver = MmioDriver(FakeDevice(config=b""))
    assert driver.space.table.read(MMIO_BASE + 0x100, 4) == 0xFFFFFFFF
    driver.close()


def test_no_shared_memory_region_has_the_length_minus_one(driver: MmioDriver) -> None:
    for select in (0, 1, 0xFFFFFFFF):
        driver.space.table.write(MMIO_BASE + 0xAC, select, 4)
        assert driver.space.table.read(MMIO_BASE + 0xB0, 8) == (1 << 64) - 1


def test_doorbells_share_an_address_and_differ_in_value(driver: MmioDriver) -> None:
    driver.bring_up()
    assert driver.vm.bells == {
        (MMIO_BASE + 0x50, 4, 0): driver.device.queues[0].kick_fd,
        (MMIO_BASE + 0x50, 4, 1): driver.device.queues[1].kick_fd,
    }


def test_notification_that_kvm_does_not_take_kicks_too(driver: MmioDriver) -> None:
    driver.bring_up()
    driver.write("queue_notify", 1)
    assert take(driver.device.queues[1].kick_fd) == 1


def test_queues_and_configuration_interrupt_without_the_vmm(driver: MmioDriver) -> None:
    assert driver.vm.irqfds == {}
    driver.bring_up()
    os.eventfd_write(driver.device.queues[0].call_fd, 1)
    os.eventfd_write(driver.device.queues[1].call_fd, 1)
    assert driver.vm.interrupts() == [MMIO_GSI, MMIO_GSI]
    driver.device.on_config_change()
    assert driver.vm.interrupts() == [MMIO_GSI]


def test_used_bit_reads_one_while_the_device_runs(driver: MmioDriver) -> None:
    assert driver.read("interrupt_status") == 0
    driver.bring_up()
    assert driver.read("interrupt_status") == USED
    driver.write("interrupt_ack", USED)
    assert driver.read("interrupt_status") == USED
    driver.write("status", 0)
    assert driver.read("interrupt_status") == 0


def test_interrupt_handler_of_the_data_path_takes_no_lock_of_ours(driver: MmioDriver) -> None:
    """Status and acknowledgement are served while every lock of the transport is taken."""
    driver.bring_up()
    done = threading.Event()

    def handle() -> None:
        status = driver.read("interrupt_status")
        driver.write("interrupt_ack", status)
        done.set()

    transport = driver.transport
    with transport.lock, transport._events, transport._ack_lock:
        thread = threading.Thread(target=handle)
        thread.start()
        assert done.wait(10)
    thread.join()


def test_configuration_bit_stays_until_it_is_acknowledged(driver: MmioDriver) -> None:
    driver.bring_up()
    driver.device.on_config_change()
    driver.write("interrupt_ack", USED)
    assert driver.read("interrupt_status") == USED | CONFIG
    driver.write("interrupt_ack", USED | CONFIG)
    assert driver.read("interrupt_status") == USED
    driver.write("interrupt_ack", USED | CONFIG)
    driver.device.on_config_change()
    assert driver.read("interrupt_status") == USED | CONFIG


def test_second_change_before_the_acknowledgement_interrupts_again(driver: MmioDriver) -> None:
    driver.bring_up()
    for _ in range(2):
        driver.device.on_config_change()
        assert driver.vm.interrupts() == [MMIO_GSI]
    driver.write("interrupt_ack", CONFIG)
    assert driver.read("interrupt_status") == USED


def test_configuration_change_before_driver_ok_does_not_interrupt(driver: MmioDriver) -> None:
    driver.negotiate()
    driver.device.on_config_change()
    assert driver.read("interrupt_status") == 0
    driver.set_driver_ok()
    assert driver.read("interrupt_status") == USED | CONFIG
    assert driver.vm.interrupts() == [MMIO_GSI]


def test_reset_with_a_change_pending_leaves_none(driver: MmioDriver) -> None:
    driver.bring_up()
    driver.device.on_config_change()
    driver.write("status", 0)
    assert driver.read("interrupt_status") == 0
    driver.bring_up()
    assert driver.read("interrupt_status") == USED
    assert driver.vm.interrupts() == []


def test_changes_and_acknowledgements_race_without_harm(driver: MmioDriver) -> None:
    driver.bring_up()
    rounds = 300

    def change() -> None:
        for _ in range(rounds):
            driver.device.on_config_change()

    changer = threading.Thread(target=change)
    changer.start()
    while changer.is_alive():
        # Between two claims of the register a read may find nothing there: that is InterruptACK.
        status = driver.read("interrupt_status")
        assert status in (USED, USED | CONFIG)
        driver.write("interrupt_ack", status)
    changer.join()
    driver.write("interrupt_ack", driver.read("interrupt_status"))
    assert driver.read("interrupt_status") == USED


def test_queue_that_is_not_ready_any_more_is_stopped(driver: MmioDriver) -> None:
    driver.bring_up()
    driver.write("queue_select", 1)
    driver.write("queue_enable", 0)
    assert driver.read("queue_enable") == 0
    assert driver.device.calls == ["start", "stop_queue 1"]
    assert list(driver.vm.bells) == [(MMIO_BASE + 0x50, 4, 0)]
    assert len(driver.vm.irqfds) == 2


def test_upper_bits_of_the_status_register_are_reserved(driver: MmioDriver) -> None:
    driver.bring_up(VERSION_1)
    driver.write("status", 0x100)
    assert driver.device.calls == ["start"]


def test_closed_transport_leaves_no_descriptor_and_no_claim() -> None:
    before = len(os.listdir("/proc/self/fd"))
    driver = MmioDriver()
    driver.bring_up()
    driver.device.on_config_change()
    driver.close()
    assert len(os.listdir("/proc/self/fd")) == before
    assert driver.space.table.claims() == ()


def test_saved_transport_keeps_a_pending_configuration_change(driver: MmioDriver) -> None:
    driver.bring_up()
    driver.device.on_config_change()
    other = MmioDriver()
    other.transport.restore(driver.transport.save())
    assert other.read("interrupt_status") == USED | CONFIG
    assert other.vm.interrupts() == [MMIO_GSI] * 3
    other.close()


# CVE-2013-4151 (QEMU virtio_load)
@pytest.mark.parametrize("interrupts", [4, -1, None])
def test_hostile_interrupt_status_is_refused(driver: MmioDriver, interrupts: object) -> None:
    saved = driver.transport.save()
    with pytest.raises(ValueError, match="InterruptStatus"):
        driver.transport.restore(saved | {"interrupts": interrupts})
