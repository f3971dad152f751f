"""Interrupt lines and the devices that share them."""

import threading
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kvmtool.bus.interrupts import InterruptLines


def recorded() -> tuple[InterruptLines, list[tuple[int, int]]]:
    levels: list[tuple[int, int]] = []
    return InterruptLines(lambda gsi, level: levels.append((gsi, level))), levels


def test_line_follows_its_only_device() -> None:
    lines, levels = recorded()
    line = lines.line(5)
    line(1)
    line(0)
    assert levels == [(5, 1), (5, 0)]


def test_level_that_is_there_already_is_not_told_again() -> None:
    lines, levels = recorded()
    line = lines.line(5)
    line(0)
    line(1)
    line(1)
    assert levels == [(5, 1)]


def test_shared_line_is_high_until_the_last_device_lets_go() -> None:
    lines, levels = recorded()
    first, second = lines.line(9), lines.line(9)
    first(1)
    second(1)
    first(0)
    assert levels == [(9, 1)]
    second(0)
    assert levels == [(9, 1), (9, 0)]


def test_lines_of_different_numbers_are_apart() -> None:
    lines, levels = recorded()
    first, second = lines.line(3), lines.line(4)
    first(1)
    second(1)
    first(0)
    assert levels == [(3, 1), (4, 1), (3, 0)]


def test_controller_sees_only_one_and_zero() -> None:
    lines, levels = recorded()
    line = lines.line(1)
    line(7)
    line(0)
    assert levels == [(1, 1), (1, 0)]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1))))
def test_line_is_the_or_of_its_devices(steps: list[tuple[int, int]]) -> None:
    lines, levels = recorded()
    ends = [lines.line(0) for _ in range(3)]
    held = [0, 0, 0]
    seen = 0
    for number, level in steps:
        held[number] = level
        ends[number](level)
        if levels:
            seen = levels[-1][1]
        assert seen == max(held)
    assert all(before != after for before, after in pairwise(levels))


def test_devices_in_several_threads_leave_the_line_low() -> None:
    lines, levels = recorded()

    def pulse() -> None:
        line = lines.line(7)
        for _ in range(500):
            line(1)
            line(0)

    threads = [threading.Thread(target=pulse) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [level for _, level in levels] == [1, 0] * (len(levels) // 2)
