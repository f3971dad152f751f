"""What a kernel module says about itself, and the order to load modules in."""

from __future__ import annotations

import os
import struct
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmtool.boot.kernel_modules import ModuleTree, module_info, module_name, order
from kvmtool.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path


def elf(*entries: str) -> bytes:
    """Return a 64-bit ELF file with just the sections .modinfo and .shstrtab."""
    names = b"\0.modinfo\0.shstrtab\0"
    content = b"".join(entry.encode() + b"\0" for entry in entries)
    head = bytearray(64)
    head[:6] = b"\x7fELF\x02\x01"
    table = 64 + len(names) + len(content)
    struct.pack_into("<Q", head, 0x28, table)
    struct.pack_into("<HHH", head, 0x3A, 64, 3, 2)
    sections = [
        (0, 0, 0, 0, 0, 0),
        (1, 1, 0, 0, 64 + len(names), len(content)),
        (10, 3, 0, 0, 64, len(names)),
    ]
    headers = b"".join(struct.pack("<IIQQQQ", *each) + bytes(24) for each in sections)
    return bytes(head) + names + content + headers


def _tree(directory: Path, modules: dict[str, tuple[str, ...]]) -> ModuleTree:
    for name, entries in modules.items():
        path = directory / "kernel" / f"{name}.ko"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(elf(*entries))
    return ModuleTree(str(directory))


def test_entries_of_a_module_are_read() -> None:
    image = elf("license=GPL", "depends=kvm,ccp", "alias=a=b")
    assert module_info(image, "x.ko") == [
        ("license", "GPL"),
        ("depends", "kvm,ccp"),
        ("alias", "a=b"),
    ]


@given(st.binary(max_size=200))
def test_bytes_that_are_no_module_are_refused_with_their_path(data: bytes) -> None:
    with pytest.raises(BadInput, match=r"dir/x\.ko is not a kernel module"):
        module_info(data, "dir/x.ko")


@pytest.mark.parametrize("size", range(0, 240, 7))
def test_truncated_module_is_refused(size: int) -> None:
    with pytest.raises(BadInput, match="is not a kernel module"):
        module_info(elf("depends=a")[:size], "x.ko")


@pytest.mark.parametrize("suffix", ["", ".xz", ".zst", ".gz"])
def test_name_of_a_module_is_its_file_with_underscores(suffix: str) -> None:
    assert module_name(f"kernel/arch/x86/kvm/kvm-amd.ko{suffix}") == "kvm_amd"


def test_dependencies_and_soft_ones_come_before_a_module(tmp_path: Path) -> None:
    tree = _tree(
        tmp_path,
        {
            "9p": ("depends=9pnet,netfs",),
            "netfs": ("depends=",),
            "9pnet": ("depends=",),
            "crc": ("softdep=pre: crc-fast post: late", "depends="),
            "crc-fast": ("depends=",),
        },
    )
    assert tree.order(["9p", "crc", "built-in"]) == ["9pnet", "netfs", "9p", "crc_fast", "crc"]


@given(st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdef"))))
def test_order_has_each_module_once_even_in_cycles(needs: dict[str, list[str]]) -> None:
    loaded = order(needs, needs)
    assert sorted(loaded) == sorted(needs)


def test_index_names_all_that_a_module_needs_nearest_first(tmp_path: Path) -> None:
    tree = _tree(
        tmp_path,
        {"c": ("depends=b", "alias=char-major-10-*"), "b": ("depends=a",), "a": ("depends=",)},
    )
    tree.write_index()
    lines = (tmp_path / "modules.dep").read_text().splitlines()
    assert "kernel/c.ko: kernel/b.ko kernel/a.ko" in lines
    assert "kernel/a.ko:" in lines
    assert (tmp_path / "modules.alias").read_text() == "alias char-major-10-* c\n"


@pytest.mark.skipif(not os.path.exists("/sbin/modinfo"), reason="needs modinfo of the package kmod")
def test_modinfo_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "x.ko"
    path.write_bytes(elf("depends=kvm,ccp", "alias=x-y"))
    for field, value in (("depends", "kvm,ccp"), ("alias", "x-y")):
        done = subprocess.run(
            ["/sbin/modinfo", "-F", field, path], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == value
        assert (field, value) in module_info(path.read_bytes(), "x.ko")
