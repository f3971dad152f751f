"""The cpio writer, read back by cpio(1), an independent reader."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmtool.boot.initramfs import Initramfs
from kvmtool.errors import BadInput

needs_cpio = pytest.mark.skipif(not shutil.which("cpio"), reason="no cpio(1) here")


def listing(archive: bytes) -> list[str]:
    """Return cpio's own long listing, with the columns that do not depend on its version."""
    command = ["cpio", "-itv", "--numeric-uid-gid", "--quiet"]
    result = subprocess.run(command, input=archive, capture_output=True, check=True)
    assert result.stderr == b""
    return result.stdout.decode().splitlines()


@needs_cpio
def test_cpio_lists_each_kind_of_entry_with_its_mode_and_size() -> None:
    initramfs = Initramfs()
    initramfs.add_file("init", b"#!/bin/sh\n", 0o755)
    initramfs.add_symlink("bin/sh", "busybox")
    initramfs.add_device("dev/console", 5, 1)
    initramfs.add_device("dev/vda", 254, 0, 0o660, block=True)
    initramfs.add_directory("tmp", 0o1777)
    lines = [line.split() for line in listing(initramfs.archive())]
    assert {line[-1] if line[0][0] != "l" else line[-3]: line[0] for line in lines} == {
        "init": "-rwxr-xr-x",
        "bin": "drwxr-xr-x",
        "bin/sh": "lrwxrwxrwx",
        "dev": "drwxr-xr-x",
        "dev/console": "crw-------",
        "dev/vda": "brw-rw----",
        "tmp": "drwxrwxrwt",
    }
    assert lines[0][2:5] == ["0", "0", "10"]
    assert lines[4][4:6] == ["5,", "1"]


@needs_cpio
def test_cpio_extracts_the_contents(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"from a file\n")
    source.chmod(0o750)
    initramfs = Initramfs()
    initramfs.add_file("etc/a", b"abc")
    initramfs.copy_file("etc/b", str(source))
    initramfs.add_symlink("c", "etc/b")
    target = tmp_path / "out"
    target.mkdir()
    command = ["cpio", "-idm", "--quiet"]
    subprocess.run(command, input=initramfs.archive(), cwd=target, check=True)
    assert (target / "etc/a").read_bytes() == b"abc"
    assert (target / "c").read_bytes() == b"from a file\n"
    assert (target / "etc/b").stat().st_mode & 0o777 == 0o750
    assert (target / "etc/a").stat().st_mtime == 0
    assert os.readlink(target / "c") == "etc/b"


def test_archive_has_aligned_parts_and_ends_with_the_trailer() -> None:
    initramfs = Initramfs()
    initramfs.add_file("a", b"12345")
    archive = initramfs.archive()
    assert archive[:6] == b"070701"
    assert len(archive) % 4 == 0
    assert b"TRAILER!!!\0" in archive[-24:]
    assert archive.index(b"12345") % 4 == 0


def test_equal_entries_give_equal_bytes(tmp_path: Path) -> None:
    def build(path: Path) -> bytes:
        path.write_bytes(b"x" * 1000)
        initramfs = Initramfs()
        initramfs.add_directory("d")
        initramfs.copy_file("d/f", str(path), 0o600)
        return initramfs.archive()

    assert build(tmp_path / "one") == build(tmp_path / "two")


def test_parent_directory_given_later_takes_the_given_mode() -> None:
    initramfs = Initramfs()
    initramfs.add_file("root/.profile", b"")
    initramfs.add_directory("root", 0o700)
    fields = initramfs.archive()[6:]
    assert int(fields[8:16], 16) == 0o40700


@pytest.mark.parametrize("name", ["", "/", "a/../b", "..", "a//b", ".", "a\0b", "TRAILER!!!"])
def test_name_that_leaves_the_root_or_ends_the_archive_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="cannot have a file named"):
        Initramfs().add_file(name, b"")


def test_name_given_twice_and_file_below_a_file_are_refused() -> None:
    initramfs = Initramfs()
    initramfs.add_file("a", b"")
    with pytest.raises(BadInput, match="a is in the initramfs already"):
        initramfs.add_symlink("a", "b")
    with pytest.raises(BadInput, match="which is not a directory"):
        initramfs.add_file("a/b", b"")


def test_name_longer_than_the_kernel_takes_is_refused() -> None:
    with pytest.raises(BadInput, match="at most 4095 bytes"):
        Initramfs().add_file("a/" * 2500 + "a", b"")


def test_file_to_copy_that_is_missing_is_refused_at_once() -> None:
    with pytest.raises(BadInput, match="cannot open /nowhere/file"):
        Initramfs().copy_file("a", "/nowhere/file")


@needs_cpio
@given(
    files=st.dictionaries(
        st.text("abcé \n", min_size=1, max_size=8).map(lambda name: name + "."),
        st.binary(max_size=20),
        max_size=5,
    )
)
def test_cpio_counts_as_many_files_as_were_added(files: dict[str, bytes]) -> None:
    initramfs = Initramfs()
    for name, content in files.items():
        initramfs.add_file(name, content)
    command = ["cpio", "-it", "--null", "--quiet"]
    result = subprocess.run(command, input=initramfs.archive(), capture_output=True, check=True)
    assert result.stderr == b""
