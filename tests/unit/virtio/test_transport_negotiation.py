"""Status, features and queues: the same through PCI and through MMIO."""

import threading
from collections.abc import Iterator

import pytest

from fakes.vhost_device import RING_PACKED, RING_RESET, VERSION_1, FakeDevice, take
from fakes.virtio_driver import (
    ACKNOWLEDGE,
    DRIVER,
    DRIVER_OK,
    FAILED,
    FEATURES_OK,
    NEEDS_RESET,
    Driver,
    MmioDriver,
    PciDriver,
)
from kvmtool import log
from kvmtool.errors import KvmtoolError
from kvmtool.vhost.bounded_log import MOST_LINES

ALL = ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK


@pytest.fixture(params=[PciDriver, MmioDriver], ids=["pci", "mmio"])
def driver(request: pytest.FixtureRequest) -> Iterator[Driver]:
    made: Driver = request.param()
    yield made
    made.close()


@pytest.fixture
def complaints(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(log, "warning", said.append)
    return said


# Initialization


def test_initialization_gives_the_device_what_the_driver_chose(driver: Driver) -> None:
    assert not driver.transport.was_driven
    driver.bring_up(VERSION_1 | 1)
    assert driver.read("status") == ALL
    assert driver.transport.was_driven
    assert driver.device.calls == ["start"]
    assert driver.device.accepted == VERSION_1 | 1
    assert sorted(driver.device.queues) == [0, 1]
    queue = driver.device.queues[1]
    assert (queue.size, queue.descriptors, queue.driver, queue.device) == (
        64,
        0x1_0000_1000,
        0x1_0000_2000,
        0x1_0000_3000,
    )


def test_features_that_no_transport_has_are_not_offered() -> None:
    for kind in (PciDriver, MmioDriver):
        absent = 1 << 33 | 1 << 37 | 1 << 38 | 1 << 39 | 1 << 41
        driver = kind(FakeDevice(features=VERSION_1 | absent | 0x8000_0001))
        assert driver.offered() == VERSION_1 | 0x8000_0001
        for select in (2, 3, 0xFFFFFFFF):
            driver.write("device_features_select", select)
            assert driver.read("device_features") == 0
        driver.close()


@pytest.mark.parametrize("features", [0, 1, VERSION_1 | 1 << 3, VERSION_1 | 1 << 63])
def test_features_that_were_not_offered_or_are_old_are_refused(
    driver: Driver, features: int
) -> None:
    assert not driver.negotiate(features)
    driver.set_driver_ok()
    assert driver.read("status") == ACKNOWLEDGE | DRIVER
    assert driver.device.calls == []


def test_features_are_frozen_by_features_ok(driver: Driver) -> None:
    assert driver.negotiate(VERSION_1)
    driver.accept(VERSION_1 | 1)
    driver.set_driver_ok()
    assert driver.device.accepted == VERSION_1


def test_driver_features_of_other_words_are_ignored(driver: Driver) -> None:
    driver.write("status", ACKNOWLEDGE | DRIVER)
    driver.accept(VERSION_1)
    for select in (2, 31, 0xFFFFFFFF):
        driver.write("driver_features_select", select)
        driver.write("driver_features", 0xFFFFFFFF)
        assert driver.read("driver_features") == 0
    driver.write("status", ACKNOWLEDGE | DRIVER | FEATURES_OK)
    assert driver.read("status") & FEATURES_OK


@pytest.mark.parametrize("step", [DRIVER, FEATURES_OK, DRIVER_OK, FEATURES_OK | DRIVER_OK])
def test_steps_out_of_turn_are_not_made(driver: Driver, step: int) -> None:
    driver.write("status", step)
    assert driver.read("status") == 0
    assert driver.device.calls == []


def test_status_bits_are_not_cleared_one_by_one(driver: Driver) -> None:
    driver.bring_up()
    driver.write("status", ACKNOWLEDGE)
    assert driver.read("status") == ALL
    assert driver.device.calls == ["start"]


def test_driver_that_failed_starts_nothing(driver: Driver) -> None:
    driver.negotiate()
    driver.write("status", FAILED)
    driver.set_driver_ok()
    assert driver.read("status") == ACKNOWLEDGE | DRIVER | FEATURES_OK | FAILED
    assert driver.device.calls == []


def test_undefined_status_bits_are_dropped(driver: Driver) -> None:
    driver.write("status", ACKNOWLEDGE | NEEDS_RESET | 0x30)
    assert driver.read("status") == ACKNOWLEDGE


# Reset


def test_reset_stops_the_device_and_forgets_the_driver(driver: Driver) -> None:
    driver.bring_up()
    driver.write("status", 0)
    assert driver.read("status") == 0
    assert driver.device.calls == ["start", "stop"]
    driver.write("queue_select", 1)
    assert driver.read("queue_enable") == 0
    assert driver.area(0) == 0
    assert driver.vm.bells == {}
    assert driver.vm.irqfds == {}
    driver.bring_up()
    assert driver.device.calls == ["start", "stop", "start"]


def test_reset_of_a_device_that_never_ran_does_not_bother_it(driver: Driver) -> None:
    for _ in range(3):
        driver.write("status", 0)
    assert driver.device.calls == []


def test_every_queue_is_kicked_as_the_device_starts(driver: Driver) -> None:
    """Linux's balloon driver notifies before DRIVER_OK, and then waits."""
    driver.bring_up()
    assert driver.device.first_kicks == {0: 1, 1: 1}


def test_kick_of_a_former_life_is_forgotten(driver: Driver) -> None:
    driver.bring_up()
    kick_fd = driver.device.queues[0].kick_fd
    driver.transport.notify(0)
    driver.write("status", 0)
    assert take(kick_fd) == 0


def test_reset_waits_for_the_device(driver: Driver) -> None:
    """A read of the status cannot come back while the device still stops."""
    stopping, go_on = threading.Event(), threading.Event()
    driver.bring_up()

    def stop() -> None:
        stopping.set()
        assert go_on.wait(10)

    driver.device.stop = stop  # type: ignore[method-assign]
    resetter = threading.Thread(target=driver.write, args=("status", 0))
    resetter.start()
    assert stopping.wait(10)
    seen: list[int] = []
    reader = threading.Thread(target=lambda: seen.append(driver.read("status")))
    reader.start()
    reader.join(0.05)
    assert seen == []
    go_on.set()
    resetter.join(10)
    reader.join(10)
    assert seen == [0]


# Queues


def test_smaller_size_is_taken_and_the_largest_is_the_default(driver: Driver) -> None:
    driver.negotiate()
    driver.write("queue_select", 1)
    assert driver.read("queue_size") == 64
    driver.write("queue_size", 16)
    assert driver.read("queue_size") == 16


def test_address_is_written_in_halves_and_in_one(driver: Driver) -> None:
    driver.negotiate()
    driver.write("queue_select", 0)
    driver.set_area(1, 0x12345678_9ABCDEF0)
    assert driver.area(1) == 0x12345678_9ABCDEF0
    at = driver.base + driver.areas[1]
    driver.space.table.write(at, 0xFEDCBA98_76543210, 8)
    assert driver.area(1) == 0xFEDCBA98_76543210
    driver.space.table.write(at + 3, 0xAA, 1)
    assert driver.space.table.read(at, 8) == 0xFEDCBA98_AA543210


# Cloud Hypervisor 22eeb3f80: an invalid queue was activated all the same
@pytest.mark.parametrize(
    ("size", "areas", "packed", "rule"),
    [
        (0, (16, 2, 4), False, "a power of two up to 256, not 0"),
        (100, (16, 2, 4), False, "a power of two up to 256, not 100"),
        (512, (16, 2, 4), False, "up to 256, not 512"),
        (0xFFFF, (16, 2, 4), False, "not 65535"),
        (0, (16, 4, 4), True, "at least 1 and up to 256, not 0"),
        (64, (8, 2, 4), False, "descriptor table area"),
        (64, (0, 2, 4), False, "not at 0x0"),
        (64, (16, 1, 4), False, "driver area"),
        (64, (16, 2, 2), False, "device area"),
        (64, (16, 2, 4), True, "multiple of 4"),
        (64, ((1 << 64) - 16, 2, 4), False, "end within 64 bits"),
        (64, (16, 2, (1 << 64) - 8), False, "end within 64 bits"),
    ],
)
def test_invalid_queue_is_not_enabled_and_the_device_needs_a_reset(
    driver: Driver,
    complaints: list[str],
    size: int,
    areas: tuple[int, int, int],
    packed: bool,
    rule: str,
) -> None:
    driver.negotiate(VERSION_1 | (RING_PACKED if packed else 0))
    driver.write("queue_select", 0)
    driver.write("queue_size", size)
    for number, gpa in enumerate(areas):
        driver.set_area(number, gpa)
    driver.write("queue_enable", 1)
    assert driver.read("queue_enable") == 0
    assert driver.read("status") & NEEDS_RESET
    assert len(complaints) == 1
    assert rule in complaints[0]
    driver.set_driver_ok()
    assert driver.device.calls == []
    driver.bring_up()
    assert driver.read("status") == ALL


def test_packed_queue_of_any_size_is_enabled(driver: Driver) -> None:
    driver.negotiate(VERSION_1 | RING_PACKED)
    driver.configure_queue(0, size=100)
    assert driver.read("queue_enable") == 1


def test_complaints_about_one_driver_are_bounded(driver: Driver, complaints: list[str]) -> None:
    for _ in range(50):
        driver.negotiate()
        driver.configure_queue(0, size=3)
    assert len(complaints) == MOST_LINES


# CVE-2026-5747 (Firecracker 3872d97e6, 2da74a620, 2e0b4abd4, dcdcd800d): queue registers were
# writable after the activation
@pytest.mark.parametrize("features", [VERSION_1, VERSION_1 | RING_RESET])
def test_registers_of_a_running_queue_cannot_be_written(driver: Driver, features: int) -> None:
    driver.bring_up(features)
    driver.configure_queue(0, size=0, first=0x666)
    driver.configure_queue(1, size=0xFFFF, first=(1 << 64) - 0x4000)
    for index in (0, 1):
        driver.write("queue_select", index)
        assert driver.read("queue_size") == 64
        assert [driver.area(number) for number in range(3)] == [
            0x1_0000_1000,
            0x1_0000_2000,
            0x1_0000_3000,
        ]
    assert driver.device.calls == ["start"]
    assert driver.read("status") == ALL


def test_enabled_queue_cannot_be_written_before_driver_ok(driver: Driver) -> None:
    driver.negotiate()
    driver.configure_queue(0)
    driver.configure_queue(0, size=16, first=0x5000)
    assert driver.read("queue_size") == 64
    assert driver.area(0) == 0x1_0000_1000


def test_queue_is_not_enabled_once_the_device_runs(driver: Driver) -> None:
    driver.negotiate()
    driver.configure_queue(0)
    driver.set_driver_ok()
    driver.configure_queue(1)
    assert driver.read("queue_enable") == 0
    assert sorted(driver.device.queues) == [0]


@pytest.mark.parametrize("value", [2, 3, 0xFFFF])
def test_queue_enable_takes_the_value_one_only(driver: Driver, value: int) -> None:
    driver.negotiate()
    driver.configure_queue(0, enable=value)
    assert driver.read("queue_enable") == 0


# CVE-2021-45464 (kvmtool 31e0eac): queue numbers were not checked; Cloud Hypervisor 082fdc4d0
@pytest.mark.parametrize("select", [2, 3, 0x7FFF, 0x8000, 0xFFFF])
def test_queue_that_does_not_exist_reads_zero_and_takes_no_writes(
    driver: Driver, select: int
) -> None:
    driver.negotiate()
    driver.configure_queue(select)
    for register in ("queue_size", "queue_enable", "queue_reset"):
        driver.write(register, 1)
        assert driver.read(register) == 0
    assert [driver.area(number) for number in range(3)] == [0, 0, 0]
    driver.set_driver_ok()
    assert driver.device.queues == {}


# CVE-2011-2512 (qemu-kvm): a negative queue number; CVE-2021-45464: one out of bounds
@pytest.mark.parametrize("index", [2, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_notification_of_a_queue_that_does_not_exist_is_dropped(driver: Driver, index: int) -> None:
    driver.bring_up()
    driver.transport.notify(index)
    assert [take(queue.kick_fd) for queue in driver.transport.queues] == [0, 0]


def test_notification_before_driver_ok_is_dropped(driver: Driver) -> None:
    driver.negotiate()
    driver.configure_queue(0)
    driver.transport.notify(0)
    assert take(driver.transport.queues[0].kick_fd) == 0


# Reset of one queue


def test_queue_is_reset_and_set_up_anew_while_the_device_runs(driver: Driver) -> None:
    driver.bring_up(VERSION_1 | RING_RESET)
    driver.write("queue_select", 1)
    driver.write("queue_reset", 1)
    assert (driver.read("queue_reset"), driver.read("queue_enable")) == (0, 0)
    assert driver.device.calls == ["start", "stop_queue 1"]
    assert len(driver.vm.bells) == 1
    driver.configure_queue(1, size=8, first=0x5000)
    assert driver.device.calls[-1] == "start_queue 1"
    assert (driver.device.queues[1].size, driver.device.queues[1].descriptors) == (8, 0x5000)
    assert len(driver.vm.bells) == 2


def test_queue_reset_needs_its_feature(driver: Driver) -> None:
    driver.bring_up(VERSION_1)
    driver.write("queue_select", 0)
    driver.write("queue_reset", 1)
    assert driver.read("queue_enable") == 1
    assert driver.device.calls == ["start"]


# Configuration space


def test_configuration_is_read_and_written_in_any_width(driver: Driver) -> None:
    at = driver.base + driver.config_at
    assert driver.space.table.read(at, 8) == 0x0807060504030201
    driver.space.table.write(at + 2, 0xBBAA, 2)
    assert driver.device.config[:5] == b"\x01\x02\xaa\xbb\x05"


# CVE-2021-45464 (kvmtool e473028): accesses to configuration space were not checked
@pytest.mark.parametrize("size", range(1, 9))
def test_configuration_ends_where_the_devices_ends(driver: Driver, size: int) -> None:
    before = bytes(driver.device.config)
    for offset in (24, 25, 200, 0xEF0):
        at = driver.base + driver.config_at + offset
        driver.space.table.write(at, (1 << 8 * size) - 1, size)
        assert driver.space.table.read(at, size) == (1 << 8 * size) - 1
    across = driver.base + driver.config_at + 23
    assert driver.space.table.read(across, size) & 0xFF == 24
    assert driver.device.config == before


# Cloud Hypervisor eb838144f, a048fa982 and kvmtool 52d4ee7: odd widths and places
def test_any_access_anywhere_does_no_harm(driver: Driver) -> None:
    driver.bring_up(VERSION_1 | RING_RESET)
    for first in [*range(0x110), *range(0xFFC, 0x1004), *range(0x2FF8, 0x3010)]:
        for size in range(1, 9):
            for value in ((1 << 8 * size) - 1, 0, 1):
                driver.space.table.write(driver.base + first, value, size)
            assert 0 <= driver.space.table.read(driver.base + first, size) < 1 << 8 * size
    driver.bring_up()
    assert driver.read("status") == ALL


# What the device says


def test_generation_changes_with_the_configuration(driver: Driver) -> None:
    before = driver.read("generation")
    driver.device.on_config_change()
    assert driver.read("generation") != before


def test_broken_device_needs_a_reset_and_gets_over_it(driver: Driver) -> None:
    driver.bring_up()
    driver.device.on_broken()
    driver.device.on_broken()
    assert driver.read("status") == ALL | NEEDS_RESET
    driver.write("status", ACKNOWLEDGE)
    assert driver.read("status") == ALL | NEEDS_RESET
    driver.write("status", 0)
    assert driver.read("status") == 0
    driver.bring_up()
    assert driver.read("status") == ALL


def test_device_that_broke_before_its_driver_came_is_stopped_by_the_reset(driver: Driver) -> None:
    driver.device.on_broken()
    assert driver.read("status") == 0
    driver.write("status", ACKNOWLEDGE)
    assert driver.read("status") == ACKNOWLEDGE | NEEDS_RESET
    driver.bring_up()
    assert driver.device.calls == ["stop", "start"]
    assert driver.read("status") == ALL


def test_device_may_break_on_another_thread_while_it_is_started(driver: Driver) -> None:
    """The call to the device holds the registers' lock, and waits for the thread that breaks."""

    def start() -> None:
        thread = threading.Thread(target=driver.device.on_broken)
        thread.start()
        thread.join(10)
        assert not thread.is_alive(), "on_broken waits for the call that waits for it"
        driver.device.on_config_change()

    driver.device.during_start = start
    driver.bring_up()
    assert driver.read("status") == ALL | NEEDS_RESET


def test_events_after_close_touch_no_descriptor() -> None:
    for kind in (PciDriver, MmioDriver):
        driver = kind()
        driver.bring_up()
        driver.close()
        driver.device.on_broken()
        driver.device.on_config_change()


# Saved state


def test_saved_transport_goes_on_in_another_machine(driver: Driver) -> None:
    driver.bring_up(VERSION_1 | 1)
    saved = driver.transport.save()
    other = type(driver)()
    other.transport.restore(saved)
    assert other.device.calls == ["restore"]
    assert other.device.accepted == VERSION_1 | 1
    assert other.device.queues[1].device == 0x1_0000_3000
    assert other.read("status") == ALL
    assert len(other.vm.bells) == 2
    assert other.transport.save() == saved
    other.close()


# CVE-2013-4151 (QEMU virtio_load): what a saved state says was believed
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("status", 256),
        ("status", "15"),
        ("status", DRIVER_OK),
        ("status", ALL | 0x10),
        ("features", VERSION_1 | 1 << 3),
        ("features", 0),
        ("features", -1),
        ("generation", None),
        ("selects", [0, 0]),
        ("selects", [0, 0, -1]),
        ("queues", []),
        ("queues", [[64, 16, 2, 4, 1]] * 3),
        ("queues", [[64, 16, 2, 4, 1], [64, 16, 2, 4]]),
        ("queues", [[64, 16, 2, 4, 1], [128, 16, 2, 4, 1]]),
        ("queues", [[64, 16, 2, 4, 1], [63, 16, 2, 4, 1]]),
        ("queues", [[64, 0, 2, 4, 1], [64, 16, 2, 4, 1]]),
        ("queues", [[64, 16, 2, 1 << 64, 1], [64, 16, 2, 4, 1]]),
        ("queues", 7),
        ("device", "text"),
    ],
)
def test_hostile_saved_state_is_refused_and_changes_nothing(
    driver: Driver, key: str, value: object
) -> None:
    driver.bring_up()
    saved = driver.transport.save()
    with pytest.raises(ValueError, match="saved"):
        driver.transport.restore(saved | {key: value})
    assert driver.device.calls == ["start"]
    assert driver.read("status") == ALL


def test_state_that_the_device_refuses_is_told(driver: Driver) -> None:
    driver.bring_up()
    saved = driver.transport.save()
    with pytest.raises(KvmtoolError, match="not a state"):
        driver.transport.restore(saved | {"device": b"another's"})
