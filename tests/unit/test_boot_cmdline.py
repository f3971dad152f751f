"""The command line as the kernel gets it, and the ones that it must not get."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmtool.boot.cmdline import assemble
from kvmtool.errors import BadInput


def test_defaults_come_first_and_the_line_ends_with_a_nul() -> None:
    assert assemble(["console=ttyS0", "panic=-1", "", "quiet a=b"], 2047) == (
        b"console=ttyS0 panic=-1 quiet a=b\0"
    )


def test_no_words_give_an_empty_line() -> None:
    assert assemble([], 2047) == b"\0"


def test_line_of_exactly_the_limit_is_accepted_and_one_more_is_refused_with_both_numbers() -> None:
    assert len(assemble(["a" * 2047], 2047)) == 2048
    with pytest.raises(BadInput) as caught:
        assemble(["a" * 2000, "b" * 47], 2047)
    assert str(caught.value) == (
        "the kernel command line has 2048 characters; this kernel takes 2047"
    )


@pytest.mark.parametrize(("bad", "name"), [("a\0b", "NUL characters"), ("a\nb", "line breaks")])
def test_nul_and_line_break_are_refused_by_name(bad: str, name: str) -> None:
    with pytest.raises(BadInput, match=name):
        assemble(["quiet", bad], 2047)


def test_bytes_that_are_not_utf8_pass_through() -> None:
    assert assemble(["a=\udcff"], 2047) == b"a=\xff\0"


@given(st.lists(st.text(max_size=30), max_size=5))
def test_any_text_becomes_one_line_or_is_refused(words: list[str]) -> None:
    try:
        line = assemble(words, 100)
    except BadInput:
        return
    assert line.endswith(b"\0")
    assert line.count(b"\0") == 1
    assert len(line) <= 101
