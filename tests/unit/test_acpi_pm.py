"""ACPI fixed hardware (ACPI 6.5, 4.8.3), as ACPICA drives it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvmtool.bus.space import port_space
from kvmtool.devices.acpi_pm import AcpiPm

STATUS, ENABLE, CONTROL, RESET = 0x600, 0x602, 0x604, 0x608
PWRBTN, SCI_EN, SLP_EN, WAK = 0x0100, 0x0001, 0x2000, 0x8000


class Power:
    def __init__(self) -> None:
        self.sci: list[int] = []
        self.calls: list[str] = []
        self.device = AcpiPm(
            self.sci.append, lambda: self.calls.append("off"), lambda: self.calls.append("reset")
        )
        space = port_space()
        self.device.attach(space, 0x600)
        self.read = space.table.read
        self.write = space.table.write


@pytest.fixture
def power() -> Power:
    return Power()


def test_machine_is_in_acpi_mode_from_the_start_and_stays(power: Power) -> None:
    assert power.read(CONTROL, 2) == SCI_EN
    power.write(CONTROL, 0, 2)
    assert power.read(CONTROL, 2) == SCI_EN


def test_sleep_type_5_turns_the_machine_off(power: Power) -> None:
    power.write(CONTROL, SCI_EN | 5 << 10, 2)
    assert power.calls == []
    power.write(CONTROL, SCI_EN | 5 << 10 | SLP_EN, 2)
    assert power.calls == ["off"]
    assert power.read(CONTROL, 2) == SCI_EN | 5 << 10


@pytest.mark.parametrize("sleep_type", [0, 1, 2, 3, 4, 6, 7])
def test_other_sleep_types_wake_at_once(power: Power, sleep_type: int) -> None:
    power.write(CONTROL, sleep_type << 10 | SLP_EN, 2)
    assert power.calls == []
    assert power.read(STATUS, 2) == WAK


def test_reset_register_resets_for_its_value_only(power: Power) -> None:
    power.write(RESET, 0, 1)
    power.write(RESET, 6, 1)
    assert power.calls == []
    power.write(RESET, 1, 1)
    assert power.calls == ["reset"]


def test_enabled_power_button_raises_the_sci_until_its_status_is_cleared(power: Power) -> None:
    power.write(ENABLE, PWRBTN, 2)
    assert power.read(ENABLE, 2) == PWRBTN
    assert power.device.press_power_button()
    assert power.sci == [1]
    assert power.read(STATUS, 2) == PWRBTN
    power.write(STATUS, 0, 2)
    assert power.sci == [1]
    power.write(STATUS, PWRBTN, 2)
    assert power.sci == [1, 0]
    assert power.read(STATUS, 2) == 0


def test_power_button_that_the_guest_has_not_enabled_raises_nothing(power: Power) -> None:
    assert not power.device.press_power_button()
    assert power.sci == []
    power.write(ENABLE, PWRBTN, 2)
    assert power.sci == [1]


def test_status_can_be_cleared_by_its_upper_byte_alone(power: Power) -> None:
    power.device.press_power_button()
    power.write(STATUS + 1, 0x01, 1)
    assert power.read(STATUS, 2) == 0


def test_reset_clears_events_and_lowers_the_sci(power: Power) -> None:
    power.write(ENABLE, PWRBTN, 2)
    power.device.press_power_button()
    power.device.reset()
    assert power.sci == [1, 0]
    assert [power.read(address, 2) for address in (STATUS, ENABLE, CONTROL)] == [0, 0, SCI_EN]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["read", "write", "button"]),
            st.integers(0x5FE, 0x60A),
            st.integers(0, (1 << 32) - 1),
            st.sampled_from([1, 2, 4]),
        )
    )
)
def test_no_sequence_of_accesses_raises(accesses: list[tuple[str, int, int, int]]) -> None:
    power = Power()
    for what, address, value, size in accesses:
        if what == "read":
            assert power.read(address, size) < 1 << 8 * size
        elif what == "write":
            power.write(address, value & ((1 << 8 * size) - 1), size)
        else:
            power.device.press_power_button()
        assert power.sci == [(i + 1) % 2 for i in range(len(power.sci))]
