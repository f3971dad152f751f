"""Makes ctypes classes out of the layouts in the generated modules, each on its first use.

A layout is written as C would write it, so that a generated module loads in no time and can be
read: `struct 16: u32 nent; u32 flags; kvm_cpuid_entry2 entries[0]`. The number is the size in
bytes that the compiler gave. `packed` before `struct` means that every gap is a member. A member
with a name that starts with `anon` is an anonymous structure or union of C.
"""

from __future__ import annotations

import ctypes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SCALARS: dict[str, Any] = {
    "u8": ctypes.c_uint8,
    "u16": ctypes.c_uint16,
    "u32": ctypes.c_uint32,
    "u64": ctypes.c_uint64,
    "s8": ctypes.c_int8,
    "s16": ctypes.c_int16,
    "s32": ctypes.c_int32,
    "s64": ctypes.c_int64,
    "be16": ctypes.c_uint16.__ctype_be__,
    "be32": ctypes.c_uint32.__ctype_be__,
    "be64": ctypes.c_uint64.__ctype_be__,
    "char": ctypes.c_char,
    "bool": ctypes.c_bool,
    "ptr": ctypes.c_void_p,
}
ANONYMOUS = "anon"


def record(name: str, layouts: dict[str, str], namespace: dict[str, Any]) -> Any:
    """Return the ctypes class `name` of `layouts`; it and what it holds join `namespace`."""
    made = namespace.get(name)
    if made is not None:
        return made
    head, _, body = layouts[name].partition(":")
    *words, size = head.split()
    attributes: dict[str, Any] = {"__module__": namespace["__name__"], "__slots__": ()}
    if "packed" in words:
        attributes["_pack_"] = 1
    fields: list[Any] = []
    anonymous = []
    for member in body.split(";"):
        if not member.strip():
            continue
        kind, declarator = member.split()
        made = SCALARS.get(kind) or record(kind, layouts, namespace)
        declarator, *dimensions = declarator.replace("]", "").split("[")
        for dimension in reversed(dimensions):
            made = made * int(dimension)
        member_name, _, width = declarator.partition("/")
        fields.append((member_name, made, int(width)) if width else (member_name, made))
        if member_name.startswith(ANONYMOUS):
            anonymous.append(member_name)
    if anonymous:
        attributes["_anonymous_"] = tuple(anonymous)
    attributes["_fields_"] = fields
    base: Any = ctypes.Union if "union" in words else ctypes.Structure
    made = type(base)(name, (base,), attributes)
    if ctypes.sizeof(made) != int(size):
        raise ImportError(f"{name} is {ctypes.sizeof(made)} bytes here, and {size} in the kernel")
    namespace[name] = made
    return made


def attribute(name: str, layouts: dict[str, str], namespace: dict[str, Any]) -> Any:
    """Serve as `__getattr__` of a generated module: make the class on its first use."""
    if name in layouts:
        return record(name, layouts, namespace)
    raise AttributeError(f"module {namespace['__name__']!r} has no attribute {name!r}")
