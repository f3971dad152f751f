"""Reads a kernel header with libclang: records with the compiler's own offsets, and constants.

Constants are what the compiler says they are: each macro is evaluated as the value of an
enumerator in a second translation unit, so that ioctl numbers, which contain a sizeof, come out
as any C program would see them. What is no integer constant there is left out.
"""

from __future__ import annotations

import ast
import keyword
import os
from dataclasses import dataclass, replace
from typing import Any

from kvmtool.errors import BadInput
from kvmtool.uapi.headers import Headers, command_line
from kvmtool.uapi.layout import ANONYMOUS


@dataclass(frozen=True)
class Member:
    """One member: `kind` is a scalar of layout.SCALARS or a record; `width` that of a bit-field."""

    kind: str
    name: str
    dimensions: tuple[int, ...]
    offset_bits: int
    width: int | None = None


@dataclass(frozen=True)
class Record:
    """A structure or a union, its size in bytes."""

    name: str
    is_union: bool
    size: int
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Declarations:
    """What one binding module holds, in the headers' order."""

    constants: dict[str, int | bytes]
    records: dict[str, Record]


def _cindex() -> Any:
    try:
        from clang import cindex  # type: ignore[import-untyped]
    except ImportError:
        raise BadInput(
            "reading kernel headers needs libclang: pip install 'kvmtool[uapi]'"
        ) from None
    return cindex


class HeaderReader:
    """Collects the declarations of some headers; records of others join where they are used."""

    def __init__(self, headers: Headers, names: tuple[str, ...]) -> None:
        self._cindex = _cindex()
        self._kinds = self._cindex.CursorKind
        self._types = self._cindex.TypeKind
        self._headers = headers
        # Some headers use _IO and its like, and leave it to the program to include them.
        wanted = ("linux/ioctl.h", *names)
        self._includes = "".join(f"#include <{name}>\n" for name in wanted if headers.find(name))
        self._owned = {os.path.realpath(path) for name in names if (path := headers.find(name))}
        self._records: dict[str, Record] = {}
        self._names: dict[str, str] = {}
        self._arguments = command_line(headers)

    def read(self) -> Declarations:
        """Parse the headers; BadInput with the compiler's first error if it has one."""
        unit = self._parse(self._includes, keep_macros=True)
        for diagnostic in unit.diagnostics:
            if diagnostic.severity >= self._cindex.Diagnostic.Error:
                where = diagnostic.location
                raise BadInput(f"{where.file}:{where.line}: {diagnostic.spelling}")
        strings: dict[str, bytes] = {}
        macros: list[str] = []
        enumerators: dict[str, int] = {}
        for cursor in unit.cursor.get_children():
            if not self._is_owned(cursor):
                continue
            if cursor.kind == self._kinds.MACRO_DEFINITION:
                text = _string(cursor)
                if text is not None:
                    strings[cursor.spelling] = text
                elif _has_value(cursor):
                    macros.append(cursor.spelling)
            elif cursor.kind in (self._kinds.STRUCT_DECL, self._kinds.UNION_DECL):
                if cursor.is_definition() and _tag(cursor):
                    self._record(cursor, _tag(cursor))
            elif cursor.kind == self._kinds.TYPEDEF_DECL:
                self._typedef(cursor)
            enumerators |= self._enumerators(cursor)
        constants = self._evaluate(dict.fromkeys(macros)) | strings | enumerators
        return Declarations(constants, self._records)

    def _parse(self, text: str, *, keep_macros: bool) -> Any:
        source = "/virtual/bindings.c"
        options = self._cindex.TranslationUnit.PARSE_SKIP_FUNCTION_BODIES
        if keep_macros:
            options |= self._cindex.TranslationUnit.PARSE_DETAILED_PROCESSING_RECORD
        files = [(source, text), *self._headers.virtual_files]
        try:
            return self._cindex.Index.create().parse(source, self._arguments, files, options)
        except self._cindex.TranslationUnitLoadError as error:
            raise BadInput(f"libclang cannot read the headers: {error}") from None

    def _is_owned(self, cursor: Any) -> bool:
        file = cursor.location.file
        return file is not None and os.path.realpath(file.name) in self._owned

    def _enumerators(self, cursor: Any) -> dict[str, int]:
        found: dict[str, int] = {}
        if cursor.kind == self._kinds.ENUM_DECL:
            for child in cursor.get_children():
                if child.kind == self._kinds.ENUM_CONSTANT_DECL:
                    found[child.spelling] = child.enum_value
        elif cursor.kind in (self._kinds.STRUCT_DECL, self._kinds.UNION_DECL):
            for child in cursor.get_children():
                found |= self._enumerators(child)
        return found

    def _evaluate(self, macros: dict[str, None]) -> dict[str, int | bytes]:
        first_line = self._includes.count("\n") + 1
        lines = [f"enum _{name} {{ _value_of_{name} = ({name}) }};\n" for name in macros]
        unit = self._parse(self._includes + "".join(lines), keep_macros=False)
        wrong = {
            diagnostic.location.line - first_line
            for diagnostic in unit.diagnostics
            if diagnostic.severity >= self._cindex.Diagnostic.Error
            and diagnostic.location.file.name == unit.spelling
        }
        good = {f"_{name}": name for index, name in enumerate(macros) if index not in wrong}
        values: dict[str, int | bytes] = {}
        for cursor in unit.cursor.get_children():
            if cursor.kind == self._kinds.ENUM_DECL and cursor.spelling in good:
                (value,) = self._enumerators(cursor).values()
                values[good[cursor.spelling]] = value
        return values

    def _typedef(self, cursor: Any) -> None:
        declared = cursor.underlying_typedef_type.get_canonical()
        if declared.kind == self._types.RECORD:
            record = declared.get_declaration()
            if record.is_definition() and not _tag(record):
                self._record(record, cursor.spelling)

    def _record(self, cursor: Any, name: str, outer: str = "") -> str:
        """Read a structure or union and return its name.

        `name` is for one without a tag. What is declared in an anonymous one is named as if it
        were in `outer`, as C sees it: the member `io` of kvm_run's union is a kvm_run_io.
        """
        key = cursor.get_usr() + f"@{cursor.location.offset}"
        if key in self._names:
            return self._names[key]
        name = _tag(cursor) or name
        outer = outer or name
        self._names[key] = name
        members: list[Member] = []
        unnamed = 0
        for field in cursor.type.get_fields():
            field_name = field.spelling
            if not field_name.isidentifier():
                if field.is_bitfield() and field.get_bitfield_width() == 0:
                    continue
                prefix = "_unused" if field.is_bitfield() else ANONYMOUS
                field_name = f"{prefix}{unnamed}"
                unnamed += 1
            if keyword.iskeyword(field_name):
                field_name += "_"
            members += self._without_wrapper(self._member(field, field_name, name, outer))
        if name in self._records:
            raise BadInput(f"two different records would both be called {name}")
        is_union = cursor.kind == self._kinds.UNION_DECL
        self._records[name] = Record(name, is_union, cursor.type.get_size(), tuple(members))
        return name

    def _member(self, field: Any, name: str, owner: str, outer: str) -> Member:
        dimensions: list[int] = []
        kind = field.type
        while True:
            shape = kind.get_canonical()
            if shape.kind == self._types.CONSTANTARRAY:
                dimensions.append(shape.element_count)
            elif shape.kind == self._types.INCOMPLETEARRAY:
                dimensions.append(0)
            else:
                break
            spelled = kind if kind.kind == shape.kind else shape
            kind = spelled.element_type
        if shape.kind == self._types.RECORD:
            record = shape.get_declaration()
            if name.startswith(ANONYMOUS):
                base = self._record(record, f"{owner}_{name}", outer)
            else:
                base = self._record(record, f"{outer}_{name}")
        else:
            base, extra = self._scalar(kind)
            dimensions += extra
            if base == "char" and dimensions:
                # Arrays of char hold registers as often as text, and c_char would end at a zero.
                base = "u8"
        width = field.get_bitfield_width() if field.is_bitfield() else None
        offset = field.get_field_offsetof()
        return Member(base, name, tuple(dimensions), offset, width)

    def _without_wrapper(self, member: Member) -> list[Member]:
        """Return the flexible array that `__DECLARE_FLEX_ARRAY` wraps in an anonymous structure.

        The wrapper has no size: an empty structure and the array (linux/stddef.h).
        """
        wrapper = self._records.get(member.kind)
        if not member.name.startswith(ANONYMOUS) or wrapper is None or wrapper.size:
            return [member]
        inner = []
        for held in wrapper.members:
            empty = self._records.get(held.kind)
            if empty is not None and not empty.members:
                del self._records[held.kind]
            else:
                inner.append(replace(held, offset_bits=member.offset_bits + held.offset_bits))
        del self._records[wrapper.name]
        return inner

    def _scalar(self, kind: Any) -> tuple[str, list[int]]:
        canonical = kind.get_canonical()
        size = canonical.get_size()
        if kind.spelling.replace("const ", "") in ("__be16", "__be32", "__be64"):
            return f"be{size * 8}", []
        types = self._types
        if canonical.kind in (types.CHAR_S, types.CHAR_U):
            return "char", []
        if canonical.kind == types.BOOL:
            return "bool", []
        if canonical.kind == types.POINTER:
            return "ptr", []
        if canonical.kind == types.ENUM:
            canonical = canonical.get_declaration().enum_type.get_canonical()
        if canonical.kind in (types.SCHAR, types.SHORT, types.INT, types.LONG, types.LONGLONG):
            return f"s{size * 8}", []
        if size in (1, 2, 4, 8):
            return f"u{size * 8}", []
        # 128-bit integers, which ctypes has not: the low half first.
        return "u64", [size // 8]


def _tag(cursor: Any) -> str:
    """Return a record's tag; libclang makes up a text with spaces for one that has none."""
    spelling: str = cursor.spelling
    return spelling if spelling.isidentifier() else ""


def _has_value(macro: Any) -> bool:
    """Tell whether a macro is object-like with a body."""
    tokens = list(macro.get_tokens())
    if len(tokens) < 2:
        return False
    name, first = tokens[0], tokens[1]
    return not (first.spelling == "(" and first.extent.start.offset == name.extent.end.offset)


def _string(macro: Any) -> bytes | None:
    """Return the bytes of a macro that is one string literal, without C's final NUL."""
    tokens = [token.spelling for token in macro.get_tokens()]
    if len(tokens) == 2 and tokens[1].startswith('"'):
        text: str = ast.literal_eval(tokens[1])
        return text.encode("latin-1")
    return None
