"""What apt says, and how its files come into the cache."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmtool.emulated import packages

_LISTING = """Reading package lists...
The following NEW packages will be installed:
  libaio1 seabios
Need to get 2 kB of archives.
'scheme://a/pool/libaio1_0.3.113-4_amd64.deb' libaio1_0.3.113-4_amd64.deb 13360 MD5Sum:d1fd6f0e
'scheme://a/pool/libssl3_3.0.deb' libssl3_3.0.22-1~deb12u2_amd64.deb 2039888\x20
'scheme://a/pool/libdb_1%3a5.deb' libdb_1%3a5.3_amd64.deb 17
"""

_RECORD = """Package: linux-image-amd64
Version: 6.1.192-2
Pre-Depends: dpkg
Depends: base (>= 1) | other, linux-image-6.1.0-56-amd64 (= 6.1.192-2), linux-image-later
Description: a kernel
 Depends: not this
"""


def test_closure_names_each_archive_and_its_size() -> None:
    assert packages.closure(_LISTING) == [
        ("libaio1_0.3.113-4_amd64.deb", 13360),
        ("libssl3_3.0.22-1~deb12u2_amd64.deb", 2039888),
        ("libdb_1%3a5.3_amd64.deb", 17),
    ]


@given(st.text())
def test_closure_of_other_text_is_empty_or_has_archives_only(text: str) -> None:
    assert all(name.endswith(".deb") for name, _ in packages.closure(text))


def test_dependency_is_the_first_with_the_prefix() -> None:
    found = packages.dependency(_RECORD, "linux-image-")
    assert found == "linux-image-6.1.0-56-amd64"


def test_dependency_on_a_folded_line_is_found() -> None:
    folded = "Package: a\nDepends: b,\n c (>= 1),\n linux-image-7\nSection: x\n"
    assert packages.dependency(folded, "linux-image-") == "linux-image-7"


def test_dependency_that_is_not_there_is_none() -> None:
    assert packages.dependency(_RECORD, "initramfs") is None
    assert packages.dependency("Package: a\n", "linux-image-") is None


@pytest.mark.skipif(not shutil.which("apt-config"), reason="needs apt")
def test_apt_takes_the_configuration_and_leaves_the_system_alone(tmp_path: Path) -> None:
    path = tmp_path / "apt.conf"
    path.write_text(packages.configuration("/private", "arm64"))
    done = subprocess.run(
        ["apt-config", "-c", path, "dump"], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert 'Dir::State "/private/state";' in lines
    assert 'Dir::State::status "/private/status";' in lines
    assert 'Dir::Cache "/private/cache";' in lines
    assert 'APT::Architecture "arm64";' in lines
    assert not [line for line in lines if "-Invoke" in line and '""' not in line]


def test_draft_becomes_the_directory_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "part"
    with packages.made_whole(str(target)) as draft:
        Path(draft, "file").write_text("x")
        assert not target.exists()
    assert (target / "file").read_text() == "x"
    assert os.listdir(tmp_path) == ["part"]


def test_interrupted_draft_leaves_nothing(tmp_path: Path) -> None:
    def interrupted() -> None:
        with packages.made_whole(str(tmp_path / "part")) as draft:
            Path(draft, "file").write_text("x")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert os.listdir(tmp_path) == []


def test_draft_of_a_killed_run_is_not_built_upon(tmp_path: Path) -> None:
    stale = tmp_path / ("part" + packages._DRAFT)
    stale.mkdir()
    (stale / "half").write_text("x")
    with packages.made_whole(str(tmp_path / "part")) as draft:
        assert os.listdir(draft) == []


def test_machine_without_apt_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(packages.SetupFailure, match=r"no apt-get; install by hand: this, that$"):
        packages.Packages("amd64", by_hand="this, that")
