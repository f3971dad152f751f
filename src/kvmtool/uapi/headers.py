"""Where a header comes from: folders of installed headers, or a kernel source tree.

In a kernel source tree the user interface lies in include/uapi and arch/*/include/uapi, and is
not complete: `make headers_install` adds a wrapper for each asm/ header that the architecture
takes from asm-generic, and strips what only the kernel understands. Both are done here with files
that exist in the compiler's memory only (scripts/headers_install.sh, scripts/Makefile.asm-headers).
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from kvmtool.errors import BadInput

# A folder that needs not exist; the compiler looks there after all others.
_VIRTUAL = "/virtual/include"


@dataclass(frozen=True)
class Architecture:
    """One architecture under the names that compilers, distributions and the kernel give it."""

    name: str
    triplet: str
    folder: str


ARCHITECTURES = {
    architecture.name: architecture
    for architecture in (
        Architecture("x86_64", "x86_64-linux-gnu", "x86"),
        Architecture("arm64", "aarch64-linux-gnu", "arm64"),
        Architecture("riscv64", "riscv64-linux-gnu", "riscv"),
    )
}


@dataclass(frozen=True)
class Headers:
    """What the compiler needs to read one architecture's headers."""

    architecture: Architecture
    folders: tuple[str, ...]
    definitions: tuple[str, ...]
    virtual_files: tuple[tuple[str, str], ...]

    def find(self, header: str) -> str | None:
        """Return the path of `header`, such as `asm/kvm.h`, or None if there is no such file."""
        for folder in self.folders:
            path = os.path.join(folder, header)
            if os.path.exists(path):
                return path
        path = f"{_VIRTUAL}/{header}"
        return path if path in dict(self.virtual_files) else None


# The one header of the C library that the kernel's headers ask for.
_STDINT = """
typedef __UINT8_TYPE__ uint8_t;
typedef __UINT16_TYPE__ uint16_t;
typedef __UINT32_TYPE__ uint32_t;
typedef __UINT64_TYPE__ uint64_t;
typedef __UINTPTR_TYPE__ uintptr_t;
"""
_KERNEL_WORDS = ("__user=", "__force=", "__iomem=", "__packed=__attribute__((packed))")


def locate(directory: str, arch: str) -> Headers:
    """Find the headers of `arch` in `directory`; BadInput if it holds none."""
    if arch not in ARCHITECTURES:
        raise BadInput(f"the architecture is one of {', '.join(ARCHITECTURES)}, not {arch!r}")
    if not os.path.isdir(directory):
        raise BadInput(f"{directory} is not a directory of kernel headers")
    directory = os.path.abspath(directory)
    architecture = ARCHITECTURES[arch]
    if os.path.exists(os.path.join(directory, "include/uapi/linux/kvm.h")):
        return _kernel_tree(directory, architecture)
    for include in (directory, f"{directory}/include", f"{directory}/usr/include"):
        if os.path.exists(os.path.join(include, "linux/kvm.h")):
            return _installed(include, architecture)
    raise BadInput(
        f"{directory} holds neither linux/kvm.h (installed headers)"
        " nor include/uapi/linux/kvm.h (a kernel source tree)"
    )


def _installed(include: str, architecture: Architecture) -> Headers:
    beside = (
        os.path.join(include, architecture.triplet),
        os.path.join(include, "../lib/linux/uapi", architecture.folder),
        include,
    )
    for folder in beside:
        if os.path.exists(os.path.join(folder, "asm/types.h")):
            virtual = ((f"{_VIRTUAL}/stdint.h", _STDINT),)
            folders = tuple(dict.fromkeys((folder, include)))
            return Headers(architecture, folders, (), virtual)
    raise BadInput(f"{include} has no asm/types.h for {architecture.name}")


def _kernel_tree(tree: str, architecture: Architecture) -> Headers:
    own = os.path.join(tree, "arch", architecture.folder, "include/uapi")
    if not os.path.isdir(own):
        raise BadInput(f"{tree} is a kernel source tree without {architecture.folder}'s headers")
    include = os.path.join(tree, "include/uapi")
    virtual = [
        (f"{_VIRTUAL}/stdint.h", _STDINT),
        (f"{_VIRTUAL}/linux/compiler.h", ""),
        (f"{_VIRTUAL}/linux/compiler_types.h", ""),
    ]
    for name in sorted(os.listdir(os.path.join(include, "asm-generic"))):
        if name.endswith(".h") and not os.path.exists(os.path.join(own, "asm", name)):
            virtual.append((f"{_VIRTUAL}/asm/{name}", f"#include <asm-generic/{name}>\n"))
    return Headers(architecture, (own, include), _KERNEL_WORDS, tuple(virtual))


def command_line(headers: Headers) -> list[str]:
    """Return the compiler's arguments: no host headers, only those that were found."""
    arguments = ["-target", headers.architecture.triplet, "-std=gnu11", "-nostdinc"]
    arguments += ["-ferror-limit=0", "-w"]
    for definition in headers.definitions:
        arguments.append(f"-D{definition}")
    for folder in (*headers.folders, _VIRTUAL):
        arguments += ["-isystem", folder]
    return arguments
