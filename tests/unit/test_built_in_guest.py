"""The initramfs of the built-in guest, as cpio(1) reads it."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from kvmtool.errors import BadInput
from kvmtool.guest.initramfs import built_in


@pytest.fixture
def busybox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setenv("KVMTOOL_CACHE", str(tmp_path))
    place = tmp_path / "guest" / os.uname().machine / "busybox"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"a program")
    return b"a program"


def unpack(archive: bytes, name: str) -> bytes:
    words = ["cpio", "--quiet", "-i", "--to-stdout", name]
    return subprocess.run(words, input=archive, capture_output=True, check=True).stdout


def test_command_is_quoted_for_the_shell_that_runs_it(busybox: bytes) -> None:
    command = ["printf", "%s\n", "two  words", "it's", "$HOME", ""]
    archive = built_in(command, is_terminal=False)
    assert shlex.split(unpack(archive, "command").decode()) == command
    assert unpack(archive, "bin/busybox") == busybox
    assert unpack(archive, "init").startswith(b"#!/bin/busybox sh\n")


def test_line_ends_are_left_alone_only_where_no_person_looks(busybox: bytes) -> None:
    assert b"-onlcr" in unpack(built_in(["true"], is_terminal=False), "terminal")
    assert b"stty" not in unpack(built_in(["true"], is_terminal=True), "terminal")


def test_shell_is_what_runs_without_a_command(busybox: bytes) -> None:
    assert unpack(built_in([], is_terminal=True), "command") == b""


def test_missing_busybox_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KVMTOOL_CACHE", str(tmp_path))
    with pytest.raises(BadInput, match="run `lkvm setup`"):
        built_in([], is_terminal=True)
