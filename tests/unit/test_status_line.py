"""The serial line by which a guest says how its command ended."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmtool.devices.status_line import StatusLine


def said(text: bytes) -> list[int]:
    statuses: list[int] = []
    line = StatusLine(statuses.append)
    for byte in text:
        line.put(byte)
    return statuses


@pytest.mark.parametrize("text", [b"0\n", b"7\r\n", b"255\n", b"noise\n12\n"])
def test_number_on_a_line_is_a_status(text: bytes) -> None:
    assert said(text) == [int(text.split()[-1])]


@pytest.mark.parametrize("text", [b"7", b"256\n", b"0007\n", b"-1\n", b"\n", b"1 2\n", b"\xb2\n"])
def test_what_is_no_status_is_passed_over(text: bytes) -> None:
    assert said(text) == []


@given(st.binary())
def test_no_bytes_raise_or_give_a_number_that_is_no_status(text: bytes) -> None:
    assert all(0 <= status <= 255 for status in said(text))


def test_endless_line_does_not_grow() -> None:
    line = StatusLine(lambda status: None)
    for _ in range(10_000):
        line.put(ord("1"))
    assert len(line._line) < 10
