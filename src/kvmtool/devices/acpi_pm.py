"""ACPI fixed hardware: PM1 event and control blocks and the reset register (ACPI 6.5, 4.8.3).

There is no SMI command port, so the machine is in ACPI mode from the start and SCI_EN always
reads 1. The power button is the only event. There is no power management timer.
"""

from __future__ import annotations

from kvmtool.bus.registers import Register, RegisterBank

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

RESET_VALUE = 1
"""What the FADT's RESET_VALUE has to be."""
SLEEP_TYPE_S5 = 5
"""SLP_TYP of the soft-off state, for the DSDT's \\_S5 object."""

_PWRBTN, _WAK = 1 << 8, 1 << 15
# TMR_EN, GBL_EN, PWRBTN_EN, SLPBTN_EN, RTC_EN and PCIEXP_WAKE_DIS.
_ENABLES = 1 << 0 | 1 << 5 | _PWRBTN | 1 << 9 | 1 << 10 | 1 << 14
_SCI_EN, _BM_RLD, _SLP_EN = 1 << 0, 1 << 1, 1 << 13
_SLP_TYP_SHIFT, _SLP_TYP_MASK = 10, 7


class AcpiPm(RegisterBank, name="acpi-pm"):
    """Power button, sleep and reset as ACPI's fixed hardware.

    `sci` is called with the level of the system control interrupt as it changes; `on_power_off`
    and `on_reset` are called on the guest's vCPU thread with the device locked.
    """

    pm1_status = Register(0, width=2, doc="PM1 status: a bit is cleared by writing it as 1")
    pm1_enable = Register(2, width=2, doc="PM1 enable: which status bits raise the SCI")
    pm1_control = Register(
        4, width=2, reset=_SCI_EN, doc="PM1 control: SCI_EN (always 1), SLP_TYP, SLP_EN"
    )
    reset_register = Register(8, access="w", doc="writing 1 resets the machine")

    def __init__(
        self,
        sci: Callable[[int], None],
        on_power_off: Callable[[], None],
        on_reset: Callable[[], None],
    ) -> None:
        super().__init__()
        self._sci = sci
        self._on_power_off = on_power_off
        self._on_reset = on_reset
        self._level = 0

    def reset(self) -> None:
        """Clear events, enables and a sleep type."""
        with self.lock:
            super().reset()
            self._update()

    def press_power_button(self) -> bool:
        """Signal a short press; False if the guest has not enabled the button, so will not act."""
        with self.lock:
            self.pm1_status |= _PWRBTN
            self._update()
            return bool(self.pm1_enable & _PWRBTN)

    def _update(self) -> None:
        level = 1 if self.pm1_status & self.pm1_enable & _PWRBTN else 0
        if level != self._level:
            self._level = level
            self._sci(level)

    @pm1_status.on_write
    def _write_status(self, value: int) -> None:
        self.pm1_status &= ~value
        self._update()

    @pm1_enable.on_write
    def _write_enable(self, value: int) -> None:
        self.pm1_enable = value & _ENABLES
        self._update()

    @pm1_control.on_write
    def _write_control(self, value: int) -> None:
        # SLP_EN and GBL_RLS are commands: they read 0.
        self.pm1_control = _SCI_EN | value & (_BM_RLD | _SLP_TYP_MASK << _SLP_TYP_SHIFT)
        if value & _SLP_EN:
            if value >> _SLP_TYP_SHIFT & _SLP_TYP_MASK == SLEEP_TYPE_S5:
                self._on_power_off()
            else:
                # A state that the tables do not offer ends at once: who waits for WAK_STS goes on.
                self.pm1_status |= _WAK

    @reset_register.on_write
    def _write_reset(self, value: int) -> None:
        if value == RESET_VALUE:
            self._on_reset()
