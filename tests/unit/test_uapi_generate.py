"""Bindings from a small kernel source tree, and what is said where they cannot be made."""

import argparse
import sys
from pathlib import Path

import pytest

from kvmtool import uapi
from kvmtool.cli import uapi as command
from kvmtool.errors import BadInput

GENERIC_TYPES = """
typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef __u32 __be32;
"""
GENERIC_IOCTL = """
#define _IOC(dir, type, nr, size) (((dir) << 30) | ((type) << 8) | (nr) | ((size) << 16))
#define _IOW(type, nr, kind) _IOC(1U, (type), (nr), sizeof(kind))
"""
KVM = """
#ifndef __LINUX_KVM_H
#define __LINUX_KVM_H
#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/ioctl.h>
#include <asm/kvm.h>

#define KVMIO 0xAE
#define KVM_WARP _IOW(KVMIO, 0xf0, struct kvm_warp)
#define KVM_CAP_WARP 260
#define KVM_WARP_LIMIT (~0ULL)
#define KVM_WARP_FLOOR (-3)
#define KVM_WARP_NAME "warp\\0one"
#define KVM_WARP_TYPE struct kvm_warp
#define KVM_WARP_AT(x) ((x) + 1)
#define KVM_WARP_EMPTY
#define KVM_GONE 1
#undef KVM_GONE

enum kvm_speed { KVM_SLOW, KVM_FAST = 9, };

struct kvm_warp {
    __u32 factor;
    enum kvm_speed speed;
    union {
        __u64 gpa;
        struct { __u16 low; __u16 high; };
        struct { __u8 bytes[8]; } raw;
    };
    void __user *where;
    char name[8];
    __be32 wire;
    __u8 from;
    __u16 first:3, second:7, :2, third:4;
    const __u16 matrix[2][3];
    struct kvm_step steps[];
};
struct kvm_odd { __u8 kind; __u64 value; } __packed;
struct kvm_wide { __u32 value; } __attribute__((aligned(16)));
struct kvm_holder { struct kvm_odd odd; struct kvm_wide wide; };
typedef struct { __u32 x; } kvm_point;
#endif
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A source tree as `git clone` leaves it: no wrappers for asm-generic headers."""
    include = tmp_path / "include/uapi"
    files = {
        "linux/kvm.h": KVM,
        "linux/types.h": "#include <asm/types.h>\n",
        "linux/ioctl.h": "#include <asm/ioctl.h>\n",
        "asm-generic/types.h": GENERIC_TYPES,
        "asm-generic/ioctl.h": GENERIC_IOCTL,
    }
    own = (
        "#ifndef _ASM_KVM_H\n#define _ASM_KVM_H\n"
        "#define KVM_NR_INTERRUPTS 256\nstruct kvm_step { __u64 size; };\n#endif\n"
    )
    for name, text in files.items():
        path = include / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    asm = tmp_path / "arch/x86/include/uapi/asm"
    asm.mkdir(parents=True)
    (asm / "kvm.h").write_text(own)
    return tmp_path


def test_new_ioctl_of_a_kernel_tree_is_there_at_once(tree: Path) -> None:
    kvm = uapi.from_headers(str(tree), "x86_64")
    # 8 + 8 + 8 + 8 + 4 + 1 (+1) + 2 + 12, rounded up to the alignment of 8.
    assert kvm.KVM_WARP == 1 << 30 | 56 << 16 | 0xAEF0
    assert kvm.kvm_warp.__name__ == "kvm_warp"


def test_constants_are_what_the_compiler_makes_of_them(tree: Path) -> None:
    kvm = uapi.from_headers(str(tree), "x86_64")
    assert kvm.KVM_CAP_WARP == 260
    assert kvm.KVM_WARP_LIMIT == (1 << 64) - 1
    assert kvm.KVM_WARP_FLOOR == -3
    assert kvm.KVM_WARP_NAME == b"warp\0one"
    assert (kvm.KVM_SLOW, kvm.KVM_FAST) == (0, 9)
    assert kvm.KVM_NR_INTERRUPTS == 256


@pytest.mark.parametrize(
    "name",
    ["KVM_WARP_TYPE", "KVM_WARP_AT", "KVM_WARP_EMPTY", "KVM_GONE", "__LINUX_KVM_H", "_IOW"],
)
def test_macro_that_is_no_constant_of_the_header_is_left_out(tree: Path, name: str) -> None:
    assert not hasattr(uapi.from_headers(str(tree), "x86_64"), name)


def test_members_keep_their_names_offsets_and_widths(tree: Path) -> None:
    kvm = uapi.from_headers(str(tree), "x86_64")
    warp = kvm.kvm_warp(factor=2, speed=9, where=0x1000, first=5, second=100, third=9)
    warp.low, warp.high = 0x1234, 0x5678
    warp.wire = 1
    assert warp.gpa == 0x56781234
    assert list(warp.raw.bytes[:4]) == [0x34, 0x12, 0x78, 0x56]
    assert bytes(warp)[32:36] == b"\0\0\0\1"
    assert kvm.kvm_warp.from_.offset == 36
    assert bytes(warp)[37:40] == bytes([5, 100, 9 << 1])
    assert len(warp.matrix) == 2
    assert len(warp.matrix[0]) == 3
    assert kvm.kvm_warp_raw.__name__ == "kvm_warp_raw"
    assert len(uapi.with_room(kvm.kvm_warp, 4).steps) == 4


def test_packed_and_aligned_structures_have_the_compilers_layout(tree: Path) -> None:
    from ctypes import sizeof

    kvm = uapi.from_headers(str(tree), "x86_64")
    assert kvm.kvm_odd.value.offset == 1
    assert sizeof(kvm.kvm_wide) == 16
    assert (kvm.kvm_holder.wide.offset, sizeof(kvm.kvm_holder)) == (16, 32)
    assert sizeof(kvm.kvm_point) == 4


def test_other_header_of_the_tree_is_readable_too(tree: Path) -> None:
    (tree / "include/uapi/linux/warp-drive.h").write_text(
        "#define WARP_START _IOW(0xB0, 1, int)\nstruct warp { int size; };\n"
    )
    module = uapi.from_headers(str(tree), "x86_64", "linux/warp-drive.h")
    assert module.__name__ == "kvmtool.uapi.warp_drive"
    assert module.WARP_START == 1 << 30 | 4 << 16 | 0xB001
    assert module.warp(size=-1).size == -1


def test_error_of_the_compiler_is_told_with_file_and_line(tree: Path) -> None:
    header = tree / "include/uapi/linux/kvm.h"
    header.write_text("#define A 1\nstruct kvm_run { __u99 x; };\n")
    with pytest.raises(BadInput, match=r"linux/kvm\.h:2: unknown type name '__u99'"):
        uapi.from_headers(str(tree), "x86_64")


def test_header_that_the_directory_lacks_is_named(tree: Path) -> None:
    with pytest.raises(BadInput, match=r"has no linux/nothing\.h for x86_64"):
        uapi.from_headers(str(tree), "x86_64", "linux/nothing.h")


def test_directory_without_headers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"holds neither linux/kvm\.h .* nor include/uapi"):
        uapi.from_headers(str(tmp_path), "x86_64")
    with pytest.raises(BadInput, match="is not a directory of kernel headers"):
        uapi.from_headers(str(tmp_path / "nothing"), "x86_64")


def test_tree_without_the_architecture_is_refused(tree: Path) -> None:
    with pytest.raises(BadInput, match="a kernel source tree without riscv's headers"):
        uapi.from_headers(str(tree), "riscv64")


def test_installed_headers_without_the_architecture_are_refused(tmp_path: Path) -> None:
    (tmp_path / "linux").mkdir()
    (tmp_path / "linux/kvm.h").touch()
    with pytest.raises(BadInput, match=r"has no asm/types\.h for arm64"):
        uapi.from_headers(str(tmp_path), "arm64")


def test_unknown_architecture_is_refused_with_those_that_are_known(tree: Path) -> None:
    with pytest.raises(BadInput, match="one of x86_64, arm64, riscv64, not 'vax'"):
        uapi.from_headers(str(tree), "vax")


def test_missing_libclang_says_what_to_install(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "clang", None)
    with pytest.raises(BadInput, match=r"needs libclang: pip install 'kvmtool\[uapi\]'"):
        uapi.from_headers(str(tree), "x86_64")


def run_command(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args(["generate", *arguments]))


def test_command_writes_modules_that_import(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tree / "made"
    status = run_command("--headers", str(tree), "--arch", "x86_64", "-o", str(output))
    assert status == 0
    assert f"4 files written to {output}" in capsys.readouterr().out
    namespace: dict[str, object] = {"__name__": "made"}
    exec((output / "x86_64/kvm.py").read_text(), namespace)
    assert namespace["KVM_CAP_WARP"] == 260
    stub = (output / "x86_64/kvm.pyi").read_text()
    assert "KVM_CAP_WARP: Final = 260\n" in stub
    assert "class kvm_warp(Structure):\n    factor: int\n    speed: int\n    gpa: int\n" in stub
    assert "    matrix: Array[Array[c_uint16]]\n    steps: Array[kvm_step]\n" in stub


def test_command_that_cannot_write_says_where(tree: Path) -> None:
    (tree / "made").touch()
    with pytest.raises(BadInput, match=r"cannot write .*made.*: (Not a directory|File exists)"):
        run_command("--headers", str(tree), "--arch", "x86_64", "-o", str(tree / "made"))
