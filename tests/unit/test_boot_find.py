"""Which kernel is taken where none is given."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kvmtool.boot.kernel import find_kernel
from kvmtool.errors import BadInput


@pytest.fixture(autouse=True)
def nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tree = tmp_path / "tree"
    (tree / "tools" / "kvm").mkdir(parents=True)
    monkeypatch.chdir(tree)
    monkeypatch.setenv("KVMTOOL_CACHE", str(tmp_path / "cache"))
    release = os.uname_result(("Linux", "host", "0.0-not-installed", "#1", "x86_64"))
    monkeypatch.setattr(os, "uname", lambda: release)
    return tree


def make(path: str) -> str:
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    Path(path).touch()
    return path


def test_no_kernel_anywhere_says_what_to_do() -> None:
    with pytest.raises(BadInput, match=r"run `lkvm setup` to get one, or give -k FILE"):
        find_kernel()


def test_nearest_kernel_wins(tmp_path: Path) -> None:
    cached = make(str(tmp_path / "cache" / "kernels" / "x86_64" / "vmlinuz"))
    assert find_kernel() == cached
    built = make("arch/x86/boot/bzImage")
    assert find_kernel() == built
    here = make("bzImage")
    assert find_kernel() == here


def test_kernel_two_directories_up_is_found_from_tools_kvm(monkeypatch: pytest.MonkeyPatch) -> None:
    make("arch/x86/boot/bzImage")
    monkeypatch.chdir("tools/kvm")
    assert find_kernel() == "../../arch/x86/boot/bzImage"


def test_cache_that_cannot_be_made_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KVMTOOL_CACHE", make(str(tmp_path / "file")))
    with pytest.raises(BadInput, match="no kernel found"):
        find_kernel()
