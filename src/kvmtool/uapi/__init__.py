"""Constants and structures of the kernel's user interface, generated from its own headers.

`from kvmtool.uapi import kvm` gives linux/kvm.h as the host's architecture has it; the other
architectures' modules are `kvmtool.uapi.arm64.kvm` and so on. Headers that are the same on each
are in `kvmtool.uapi.linux`. `from_headers` makes a module from any other kernel's headers.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ctypes
    from types import ModuleType
    from typing import Any, TypeVar

    from kvmtool.uapi.x86_64 import bootparam as bootparam
    from kvmtool.uapi.x86_64 import kvm as kvm
    from kvmtool.uapi.x86_64 import kvm_para as kvm_para
    from kvmtool.uapi.x86_64 import processor_flags as processor_flags
    from kvmtool.uapi.x86_64 import unistd as unistd

    S = TypeVar("S", bound=ctypes.Structure)

# What uname(2) calls a machine, and what the kernel's tree calls the architecture.
_ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64", "riscv64": "riscv64"}
_OF_THE_ARCHITECTURE = ("bootparam", "kvm", "kvm_para", "processor_flags", "unistd")


def host_architecture() -> str:
    """Return the host's architecture: x86_64, arm64 or riscv64; ImportError on any other."""
    machine = os.uname().machine
    if machine not in _ARCHITECTURES:
        raise ImportError(f"kvmtool has no bindings for the architecture {machine}")
    return _ARCHITECTURES[machine]


def with_room(structure: type[S], count: int) -> S:
    """Return a zeroed `structure` whose flexible array, its last member, has `count` elements.

    `with_room(kvm.kvm_cpuid2, 40).entries` has 40 elements. Counters such as `nent` stay zero.
    """
    import ctypes

    fields: list[Any] = list(structure._fields_)
    name, array = fields[-1]
    if not (issubclass(array, ctypes.Array) and array._length_ == 0):
        raise TypeError(f"{structure.__name__} does not end in a flexible array")
    fields[-1] = (name, array._type_ * count)
    attributes: dict[str, Any] = {"__module__": structure.__module__, "_fields_": fields}
    for option in ("_pack_", "_anonymous_"):
        if hasattr(structure, option):
            attributes[option] = getattr(structure, option)
    base: Any = ctypes.Structure
    roomy: type[S] = type(base)(structure.__name__, (base,), attributes)
    return roomy()


def from_headers(directory: str, arch: str = "", header: str = "linux/kvm.h") -> ModuleType:
    """Return the bindings of one header, made now from `directory`.

    `directory` is a kernel source tree or a folder of installed headers; `arch` is the host's
    architecture if not given. Needs libclang (`pip install 'kvmtool[uapi]'`); raises BadInput if
    that, the directory or the header is missing or not usable.
    """
    from kvmtool.uapi.generate import module_from_headers

    return module_from_headers(directory, arch or host_architecture(), header)


if not TYPE_CHECKING:

    def __getattr__(name: str) -> ModuleType:
        if name in _OF_THE_ARCHITECTURE:
            from importlib import import_module

            return import_module(f"{__name__}.{host_architecture()}.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
