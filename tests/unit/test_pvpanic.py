"""The panic port, by QEMU's docs/specs/pvpanic.rst."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvmtool.bus.space import port_space
from kvmtool.core.runloop import ClaimTable
from kvmtool.devices.pvpanic import CRASH_LOADED, PANICKED, Pvpanic


def panic_port(events: list[int]) -> ClaimTable:
    space = port_space()
    Pvpanic(events.append).attach(space, 0x505)
    return space.table


def test_read_gives_the_supported_events() -> None:
    table = panic_port([])
    table.write(0x505, 1, 1)
    assert table.read(0x505, 1) == 0x03


@pytest.mark.parametrize(
    ("value", "events"),
    [(1, [PANICKED]), (2, [CRASH_LOADED]), (3, [PANICKED | CRASH_LOADED]), (0x05, [PANICKED])],
)
def test_known_events_are_told(value: int, events: list[int]) -> None:
    told: list[int] = []
    panic_port(told).write(0x505, value, 1)
    assert told == events


@settings(deadline=None)
@given(st.lists(st.integers(0, 255)))
def test_unknown_events_are_ignored(values: list[int]) -> None:
    told: list[int] = []
    table = panic_port(told)
    for value in values:
        table.write(0x505, value, 1)
    assert told == [value & 3 for value in values if value & 3]
