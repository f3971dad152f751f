"""ELF images: a vmlinux entered directly or through its PVH note, and what multiboot builds on.

The System V ABI's object file format; the PVH note is XEN_ELFNOTE_PHYS32_ENTRY of Xen's
public/elfnote.h, which Linux puts into its .notes (CONFIG_PVH).
"""

from __future__ import annotations

import struct

from kvmtool.boot.image import ImageFile, Segment, check_range, load
from kvmtool.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.boot.image import Memory, Source

MAGIC = b"\x7fELF"
EM_386 = 3
EM_X86_64 = 62
MACHINES = {
    EM_386: "32-bit x86",
    8: "mips",
    20: "powerpc",
    21: "powerpc64",
    22: "s390",
    40: "32-bit arm",
    EM_X86_64: "x86-64",
    183: "arm64",
    243: "riscv",
    258: "loongarch",
}

_CLASS64 = 2
_LITTLE_ENDIAN = 1
_ET_EXEC = 2
_TYPES = {1: "an object file or module", 3: "a position-independent program", 4: "a core dump"}
_PT_LOAD = 1
_PT_INTERP = 3
_PT_NOTE = 4
_MOST_HEADERS = 1024
_LARGEST_NOTES = 1 << 20
_XEN_PHYS32_ENTRY = 18
_ADDRESS_SPACE = 1 << 52  # x86-64's physical address is that wide

# After e_ident: e_type e_machine e_version e_entry e_phoff e_shoff e_flags e_ehsize e_phentsize
# e_phnum.
_HEADER = {False: struct.Struct("<HHIIIIIHHH"), True: struct.Struct("<HHIQQQIHHH")}
_PHDR_32 = struct.Struct("<IIIIIIII")  # type offset vaddr paddr filesz memsz flags align
_PHDR_64 = struct.Struct("<IIQQQQQQ")  # type flags offset vaddr paddr filesz memsz align


class ProgramHeader:
    """One entry of the program header table; addresses and sizes in bytes."""

    __slots__ = ("align", "file_offset", "file_size", "gpa", "mem_size", "type", "vaddr")

    def __init__(self, raw: tuple[int, ...], is_64bit: bool) -> None:
        if is_64bit:
            self.type, _, *rest = raw
        else:
            self.type, *rest = raw
            del rest[5]
        (
            self.file_offset,
            self.vaddr,
            self.gpa,
            self.file_size,
            self.mem_size,
            self.align,
        ) = rest


class Elf:
    """What an ELF image loads and where it is entered; all addresses are guest physical.

    `pvh_entry` is None where there is no PVH note. Loading closes over `file`, which need not be
    an ELF any more (see unpacked.py).
    """

    kind = "elf"
    cmdline_size = 2047  # COMMAND_LINE_SIZE of Linux/x86 without its NUL
    initrd_addr_max = 0x7FFFFFFF

    def __init__(
        self,
        file: ImageFile,
        segments: list[Segment],
        entry: int,
        pvh_entry: int | None,
        is_64bit: bool,
    ) -> None:
        self.file = file
        self.segments = segments
        self.entry = entry
        self.pvh_entry = pvh_entry
        self.is_64bit = is_64bit

    @property
    def start(self) -> int:
        """The lowest gpa that is loaded."""
        return min(segment.gpa for segment in self.segments)

    @property
    def end(self) -> int:
        """The first gpa after all segments, their .bss included."""
        return max(segment.end for segment in self.segments)

    def load(self, memory: Memory) -> None:
        """Load the segments into RAM that is zero. Raises BadInput where there is no RAM."""
        load(self.file, self.segments, memory)

    def close(self) -> None:
        """Close the file."""
        self.file.close()


class ElfHeaders:
    """The checked headers of an ELF file: `segments` in file order, `notes` and `entry`.

    Every offset and size in them lies in the file. Raises BadInput for anything else, and for
    files that are not fixed-address programs.
    """

    def __init__(self, source: Source) -> None:
        name = source.name
        head = source.read(0, min(64, source.size))
        if not head.startswith(MAGIC):
            raise BadInput(f"{name} is not an ELF file")
        if len(head) < 52:
            raise BadInput(f"{name} is truncated: an ELF header has 52 bytes or more")
        if head[5] != _LITTLE_ENDIAN or head[4] not in (1, 2):
            raise BadInput(f"{name} is not a little-endian ELF file of 32 or 64 bits")
        self.is_64bit = head[4] == _CLASS64
        form = _HEADER[self.is_64bit]
        if len(head) < 16 + form.size:
            raise BadInput(f"{name} is truncated: its ELF header ends at byte {len(head)}")
        fields: tuple[int, ...] = form.unpack_from(head, 16)
        kind, self.machine, _, self.entry, table, _, _, _, entry_size, count = fields
        if kind != _ET_EXEC:
            what = _TYPES.get(kind, f"of type {kind}")
            raise BadInput(f"{name} is an ELF file, but {what}, not a kernel")
        headers = self._table(source, table, entry_size, count)
        self.loads = [h for h in headers if h.type == _PT_LOAD and h.mem_size]
        if any(h.type == _PT_INTERP for h in headers):
            raise BadInput(f"{name} is a program for an operating system, not a kernel")
        if not self.loads:
            raise BadInput(f"{name} has nothing to load: no PT_LOAD segment")
        for index, header in enumerate(headers):
            if header.type == _PT_LOAD:
                _check_load(source, index, header)
        self.notes = [h for h in headers if h.type == _PT_NOTE]

    def _table(
        self, source: Source, table: int, entry_size: int, count: int
    ) -> list[ProgramHeader]:
        form = _PHDR_64 if self.is_64bit else _PHDR_32
        if count > _MOST_HEADERS:
            raise BadInput(f"{source.name} has {count} program headers; at most {_MOST_HEADERS}")
        if count and entry_size != form.size:
            raise BadInput(
                f"{source.name} has program headers of {entry_size} bytes, not {form.size}"
            )
        check_range(source, "the program header table", table, count * form.size)
        raw = source.read(table, count * form.size) if count else b""
        return [ProgramHeader(fields, self.is_64bit) for fields in form.iter_unpack(raw)]

    @property
    def segments(self) -> list[Segment]:
        """What is to be loaded."""
        return [Segment(h.file_offset, h.gpa, h.file_size, h.mem_size) for h in self.loads]

    def physical_entry(self, name: str) -> int:
        """Return e_entry as a gpa, also where it is given as a virtual address.

        Raises BadInput if it lies in no segment.
        """
        for header in self.loads:
            if 0 <= self.entry - header.gpa < header.mem_size:
                return self.entry
        for header in self.loads:
            if 0 <= self.entry - header.vaddr < header.mem_size:
                return self.entry - header.vaddr + header.gpa
        raise BadInput(f"{name} has its entry point {self.entry:#x} outside its segments")


def parse(file: ImageFile) -> Elf:
    """Describe the ELF kernel in `file`. Raises BadInput."""
    return parse_source(file, file)


def parse_source(source: Source, file: ImageFile) -> Elf:
    """Describe the ELF in `source`; the result loads from `file`."""
    headers = ElfHeaders(source)
    if headers.machine not in (EM_386, EM_X86_64):
        machine = MACHINES.get(headers.machine, f"machine {headers.machine}")
        raise BadInput(f"{source.name} is for {machine}; this host is x86-64")
    entry = headers.physical_entry(source.name)
    return Elf(file, headers.segments, entry, _pvh_entry(source, headers), headers.is_64bit)


def _check_load(source: Source, index: int, header: ProgramHeader) -> None:
    if header.file_size > header.mem_size:
        raise BadInput(
            f"{source.name} has segment {index} with {header.file_size} bytes in the file"
            f" and only {header.mem_size} in memory"
        )
    check_range(source, f"segment {index}", header.file_offset, header.file_size)
    if header.gpa + header.mem_size > _ADDRESS_SPACE:
        raise BadInput(
            f"{source.name} has segment {index} at {header.gpa:#x} with"
            f" {header.mem_size:#x} bytes: beyond what a physical address can be"
        )


def _pvh_entry(source: Source, headers: ElfHeaders) -> int | None:
    for header in headers.notes:
        if header.file_size > _LARGEST_NOTES:
            continue
        check_range(source, "a PT_NOTE segment", header.file_offset, header.file_size)
        notes = source.read(header.file_offset, header.file_size)
        entry = _find_pvh_note(notes, 8 if header.align == 8 else 4)
        if entry is not None:
            if any(0 <= entry - load.gpa < load.mem_size for load in headers.loads):
                return entry
            raise BadInput(f"{source.name} has its PVH entry {entry:#x} outside its segments")
    return None


def _find_pvh_note(notes: bytes, align: int) -> int | None:
    offset = 0
    while offset + 12 <= len(notes):
        name_size, size, kind = struct.unpack_from("<III", notes, offset)
        name = notes[offset + 12 : offset + 12 + name_size]
        start = offset + (12 + name_size + align - 1) // align * align
        if kind == _XEN_PHYS32_ENTRY and name == b"Xen\0":
            value = notes[start : start + size]
            # "Numeric types are either 4 or 8 bytes" (elfnote.h); Linux has used both.
            return int.from_bytes(value, "little") if len(value) in (4, 8) else None
        offset = start + (size + align - 1) // align * align
    return None
