"""Writes binding modules from kernel headers: for each a .py of constants and layouts and a .pyi.

Which headers make which module is in MODULES. A layout is written only if the ctypes class made
from it has the compiler's size and offsets; gaps that ctypes would not make by itself (packed and
aligned structures) become members.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from types import ModuleType
from typing import Any

from kvmtool.errors import BadInput
from kvmtool.uapi import layout
from kvmtool.uapi.headers import Headers, locate
from kvmtool.uapi.parse import Declarations, HeaderReader, Member, Record
from kvmtool.uapi.render import declaration, module_text, stub_text

# Where modules go that are the same on every architecture.
SHARED = "linux"


@dataclass(frozen=True)
class Module:
    """A binding module and the headers whose constants and records it holds."""

    name: str
    headers: tuple[str, ...]
    shared: bool = True


MODULES = (
    Module("kvm", ("linux/kvm.h", "asm/kvm.h"), shared=False),
    Module("kvm_para", ("asm/kvm_para.h", "linux/kvm_para.h"), shared=False),
    Module("bootparam", ("asm/bootparam.h", "asm/setup_data.h"), shared=False),
    Module("processor_flags", ("asm/processor-flags.h",), shared=False),
    # The numbers alone: asm/unistd.h only chooses between this file and that of 32-bit programs.
    Module("unistd", ("asm/unistd_64.h",), shared=False),
    *(
        Module(name, (f"linux/{name}.h",))
        for name in ("audit", "bpf_common", "capability", "fs", "landlock", "prctl", "sched")
    ),
    Module("seccomp", ("linux/seccomp.h",)),
    Module("psci", ("linux/psci.h",)),
    Module("vhost", ("linux/vhost.h", "linux/vhost_types.h")),
    Module("vfio", ("linux/vfio.h",)),
    *(
        Module(f"virtio_{part}", (f"linux/virtio_{part}.h",))
        for part in (
            *("config", "ids", "ring", "pci", "mmio"),
            *("9p", "balloon", "blk", "bt", "console", "crypto", "fs", "gpio", "gpu", "i2c"),
            *("input", "iommu", "mem", "net", "pmem", "scsi", "snd", "vsock"),
        )
    ),
)


def generate(directory: str, arch: str) -> dict[str, str]:
    """Return the files made from the headers in `directory`: paths below uapi/, and texts."""
    headers = locate(directory, arch)
    files = {f"{arch}/__init__.py": f'"""The kernel\'s user interface on {arch}."""\n'}
    files[f"{SHARED}/__init__.py"] = (
        '"""The parts of the kernel\'s user interface that are the same on each architecture."""\n'
    )
    for module in MODULES:
        if headers.find(module.headers[0]) is None:
            continue
        folder = SHARED if module.shared else arch
        declarations, layouts = _bindings(headers, module.headers)
        where = ", ".join(name for name in module.headers if headers.find(name))
        if not module.shared:
            where += f" on {arch}"
        files[f"{folder}/{module.name}.py"] = module_text(where, declarations, layouts)
        files[f"{folder}/{module.name}.pyi"] = stub_text(where, declarations)
    return files


def module_from_headers(directory: str, arch: str, header: str) -> ModuleType:
    """Return a module with the bindings of `header`, as `kvmtool.uapi.from_headers` says."""
    headers = locate(directory, arch)
    known = (module.headers for module in MODULES if header in module.headers)
    names = next(known, (header,))
    if headers.find(header) is None:
        raise BadInput(f"{directory} has no {header} for {arch}")
    declarations, layouts = _bindings(headers, names)
    name = os.path.splitext(os.path.basename(header))[0].replace("-", "_")
    module = ModuleType(f"kvmtool.uapi.{name}")
    exec(module_text(header, declarations, layouts), vars(module))
    return module


def _bindings(headers: Headers, names: tuple[str, ...]) -> tuple[Declarations, dict[str, str]]:
    declarations = HeaderReader(headers, names).read()
    records = {record.name: record for record in _in_order(declarations.records)}
    layouts: dict[str, str] = {}
    namespace: dict[str, Any] = {"__name__": "kvmtool.uapi.check"}
    for name, record in records.items():
        if name in declarations.constants:
            raise BadInput(f"{name} is both a record and a constant in {names[0]}")
        layouts[name] = _layout(record, record.members)
        if not _is_right(record, layouts, namespace):
            namespace.pop(name, None)
            layouts[name] = "packed " + _layout(record, _without_gaps(record, namespace))
            if not _is_right(record, layouts, namespace):
                raise BadInput(f"ctypes cannot lay out {name} as the compiler does")
    return Declarations(declarations.constants, records), layouts


def _in_order(records: dict[str, Record]) -> list[Record]:
    """Return the records, each after those that it holds."""
    ordered: dict[str, Record] = {}

    def visit(record: Record) -> None:
        for member in record.members:
            if member.kind in records:
                visit(records[member.kind])
        ordered.setdefault(record.name, record)

    for record in records.values():
        visit(record)
    return list(ordered.values())


def _is_right(record: Record, layouts: dict[str, str], namespace: dict[str, Any]) -> bool:
    try:
        made = layout.record(record.name, layouts, namespace)
    except ImportError:
        return False
    for member in record.members:
        field = getattr(made, member.name)
        offset = field.offset * 8
        if member.width is not None:
            offset += field.size & 0xFFFF
        if offset != member.offset_bits:
            return False
    return True


def _layout(record: Record, members: Sequence[Member]) -> str:
    kind = "union" if record.is_union else "struct"
    return f"{kind} {record.size}: {'; '.join(map(declaration, members))}".rstrip()


def _without_gaps(record: Record, namespace: dict[str, Any]) -> list[Member]:
    """Return the members of a record with bytes where the compiler left some out."""
    if record.is_union:
        return [*record.members, Member("u8", "_pad0", (record.size,), 0)]
    filled: list[Member] = []
    position = 0
    for run in _runs(record.members):
        start = run[0].offset_bits // 8
        after_bits = bool(filled) and filled[-1].width is not None
        if start > position or after_bits:
            # Even of no length: else ctypes would join the bit-fields before and after it.
            filled.append(Member("u8", f"_pad{position}", (start - position,), position * 8))
        if run[0].width is None:
            filled += run
            made = layout.SCALARS.get(run[0].kind) or namespace[run[0].kind]
            position = start + ctypes.sizeof(made) * prod(run[0].dimensions)
        else:
            unit = _unit(run)
            filled += unit
            position = start + int(unit[0].kind[1:]) // 8
    if record.size > position:
        filled.append(Member("u8", f"_pad{position}", (record.size - position,), position * 8))
    return filled


def _runs(members: Sequence[Member]) -> list[list[Member]]:
    """Return each member alone, and bit-fields together from one byte's beginning to another's."""
    runs: list[list[Member]] = []
    for member in members:
        if runs and runs[-1][0].width and member.width and member.offset_bits % 8:
            runs[-1].append(member)
        else:
            runs.append([member])
    return runs


def _unit(run: list[Member]) -> list[Member]:
    """Return a run of bit-fields in the smallest type that holds it, from its first bit.

    ctypes starts a new unit after a member that is no bit-field, and the compiler need not.
    """
    start = run[0].offset_bits // 8 * 8
    end = run[-1].offset_bits + (run[-1].width or 0)
    bits = next((bits for bits in (8, 16, 32, 64) if bits >= end - start), 64)
    unit: list[Member] = []
    position = start
    for field in run:
        kind = f"{field.kind[0]}{bits}"
        if field.offset_bits > position:
            gap = field.offset_bits - position
            unit.append(Member(kind, f"_gap{position}", (), position, gap))
        unit.append(replace(field, kind=kind))
        position = field.offset_bits + (field.width or 0)
    return unit
