"""The text of a binding module and of its stub."""

from __future__ import annotations

import keyword
import re

from kvmtool.uapi.layout import ANONYMOUS
from kvmtool.uapi.parse import Declarations, Member, Record

_HEAD = '"""{where}. Made by `lkvm uapi generate`; edits are lost."""\n'
_LINE = 100
_LARGEST_DECIMAL = 4096

# What a member of a scalar kind is in Python, and what an array of them holds.
_VALUES = {"char": "bytes", "bool": "bool", "ptr": "int | None"}
_CTYPES = {"char": "c_char", "bool": "c_bool", "ptr": "c_void_p"}
for _bits in ("8", "16", "32", "64"):
    _VALUES |= {f"u{_bits}": "int", f"s{_bits}": "int", f"be{_bits}": "int"}
    _CTYPES |= {f"u{_bits}": f"c_uint{_bits}", f"s{_bits}": f"c_int{_bits}"}
    _CTYPES |= {f"be{_bits}": f"c_uint{_bits}"}


def declaration(member: Member) -> str:
    """Return a member as the layouts spell it: `u32 name[2]`, or `u16 name/3` for a bit-field."""
    text = f"{member.kind} {member.name}"
    if member.width is not None:
        return f"{text}/{member.width}"
    return text + "".join(f"[{count}]" for count in member.dimensions)


def module_text(where: str, declarations: Declarations, layouts: dict[str, str]) -> str:
    """Return the module: constants, layouts, and the classes on demand."""
    lines = [_HEAD.format(where=where)]
    if layouts:
        lines.append("from kvmtool.uapi.layout import attribute as _attribute\n")
    for name, value in _constants(declarations):
        lines.append(f"{name} = {value}")
    if layouts:
        lines += ["", "_LAYOUTS = {"]
        for name, text in layouts.items():
            lines += _entry(name, text)
        lines += ["}", "", "", "def __getattr__(name):"]
        lines += ["    return _attribute(name, _LAYOUTS, globals())"]
    return "\n".join(lines) + "\n"


def _entry(name: str, text: str) -> list[str]:
    """Return a layout's lines, broken between members where it is longer than a line."""
    whole = f'    "{name}": "{text}",'
    if len(whole) <= _LINE:
        return [whole]
    lines = [""]
    room = _LINE - len('        ""')
    for piece in re.findall(r".*?; |.+$", text):
        if len(lines[-1] + piece) > room:
            lines.append("")
        lines[-1] += piece
    return [f'    "{name}": (', *(f'        "{line}"' for line in lines), "    ),"]


def _constants(declarations: Declarations) -> list[tuple[str, str]]:
    return [
        (name, _literal(value))
        for name, value in declarations.constants.items()
        if not keyword.iskeyword(name)
    ]


def _literal(value: int | bytes) -> str:
    if isinstance(value, bytes):
        return 'b"' + repr(value)[2:-1].replace('"', '\\"') + '"'
    return str(value) if value < _LARGEST_DECIMAL else f"0x{value:X}"


def stub_text(where: str, declarations: Declarations) -> str:
    """Return the stub, which gives each constant's value and each member's type."""
    lines = [f"{name}: Final = {value}" for name, value in _constants(declarations)]
    for record in declarations.records.values():
        head = f"class {record.name}({'Union' if record.is_union else 'Structure'}):"
        members = _stub_members(record, declarations.records)
        if members:
            lines += ["", head, *(f"    {name}: {kind}" for name, kind in members.items())]
        else:
            lines += ["", f"{head} ..."]
    text = "\n".join(lines).strip() + "\n"
    words = set(re.findall(r"\w+", text))
    used = words & {"Array", "Structure", "Union", *_CTYPES.values()}
    imports = ""
    if used:
        imports += f"from ctypes import {', '.join(sorted(used, key=_import_order))}\n"
    if "Final" in words:
        imports += "from typing import Final\n"
    return "\n".join(part for part in (_HEAD.format(where=where), imports, text) if part.strip())


def _import_order(name: str) -> tuple[bool, str]:
    """Sort as ruff does: classes before the rest, c_uint8 before c_uint16."""
    return name[0].islower(), re.sub(r"\d+", lambda number: number[0].zfill(3), name)


def _stub_members(record: Record, records: dict[str, Record]) -> dict[str, str]:
    members: dict[str, str] = {}
    for member in record.members:
        if member.name.startswith(ANONYMOUS) and member.kind in records:
            members |= _stub_members(records[member.kind], records)
        else:
            members[member.name] = _annotation(member)
    return members


def _annotation(member: Member) -> str:
    if not member.dimensions:
        return _VALUES.get(member.kind, member.kind)
    text = _CTYPES.get(member.kind, member.kind)
    for _ in member.dimensions:
        text = f"Array[{text}]"
    return text
