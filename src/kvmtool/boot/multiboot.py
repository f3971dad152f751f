"""Multiboot 1 images (Multiboot Specification 0.6.96): header, load plan, boot information."""

from __future__ import annotations

import struct

from kvmtool import log
from kvmtool.boot import elf
from kvmtool.boot.image import ImageFile, Segment, check_range, load
from kvmtool.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from kvmtool.boot.image import Memory, Source

HEADER_MAGIC = 0x1BADB002
ENTRY_EAX = 0x2BADB002
SEARCHED = 8192  # the header lies in the first 8 KiB, 4-byte aligned

_PAGE_ALIGN_MODULES = 1 << 0
_MEMORY_INFORMATION = 1 << 1
_VIDEO_MODE = 1 << 2
_REQUIREMENTS = 0xFFFF
_SUPPORTED = _PAGE_ALIGN_MODULES | _MEMORY_INFORMATION | _VIDEO_MODE
_HAS_ADDRESSES = 1 << 16

# Bits of the information's flags.
_MEM = 1 << 0
_CMDLINE = 1 << 2
_MODULES = 1 << 3
_MEMORY_MAP = 1 << 6
_INFORMATION_SIZE = 120
_MIB = 1 << 20
_FOUR_GIB = 1 << 32
_CONVENTIONAL = 640 << 10

RAM = 1
RESERVED = 2


def find_header(head: bytes) -> int | None:
    """Return the offset of the multiboot header in a file's first bytes, or None."""
    head = head[:SEARCHED]
    magic = HEADER_MAGIC.to_bytes(4, "little")
    offset = head.find(magic)
    while offset >= 0:
        if offset % 4 == 0 and offset + 12 <= len(head):
            _, flags, checksum = struct.unpack_from("<III", head, offset)
            if (HEADER_MAGIC + flags + checksum) % _FOUR_GIB == 0:
                return offset
        offset = head.find(magic, offset + 1)
    return None


class Multiboot:
    """A multiboot image: `segments` to load, `entry` as a gpa, 32-bit protected mode.

    The entry state has EAX = ENTRY_EAX and EBX = the gpa of the information. Raises BadInput for
    requirements that no loader here meets and addresses that contradict the file.
    """

    kind = "multiboot"

    def __init__(self, file: ImageFile) -> None:
        self.file = file
        head = file.head(SEARCHED)
        offset = find_header(head)
        if offset is None:
            raise BadInput(f"{file.name} has no multiboot header in its first 8 KiB")
        (flags,) = struct.unpack_from("<I", head, offset + 4)
        if flags & _REQUIREMENTS & ~_SUPPORTED:
            raise BadInput(
                f"{file.name} requires multiboot features {flags & _REQUIREMENTS:#x};"
                f" {_SUPPORTED:#x} are supported"
            )
        if flags & _VIDEO_MODE:
            log.warning(f"{file.name} asks for a video mode; it gets none")
        if flags & _HAS_ADDRESSES:
            self.segments, self.entry = _from_addresses(file, head, offset)
        else:
            headers = elf.ElfHeaders(file)
            self.segments = headers.segments
            self.entry = headers.physical_entry(file.name)
        if self.end > _FOUR_GIB:
            raise BadInput(f"{file.name} ends at {self.end:#x}: above 4 GiB")

    @property
    def start(self) -> int:
        """The lowest gpa that is loaded."""
        return min(segment.gpa for segment in self.segments)

    @property
    def end(self) -> int:
        """The first gpa after the image, its .bss included."""
        return max(segment.end for segment in self.segments)

    @property
    def information_gpa(self) -> int:
        """A gpa for the boot information that is clear of the image: a page after it.

        It is 1 MiB or above, because the image may end just below the video memory.
        """
        return max(-(-self.end // 4096) * 4096, _MIB)

    def load(self, memory: Memory) -> None:
        """Load the image into RAM that is zero. Raises BadInput where there is no RAM."""
        load(self.file, self.segments, memory)

    def close(self) -> None:
        """Close the file."""
        self.file.close()


def _from_addresses(file: Source, head: bytes, offset: int) -> tuple[list[Segment], int]:
    """Return segments and entry from the header's address fields (bit 16, for a.out files)."""
    name = file.name
    if offset + 32 > len(head):
        raise BadInput(f"{name} is truncated: the multiboot header's addresses are missing")
    header_addr, load_addr, load_end, bss_end, entry = struct.unpack_from("<5I", head, offset + 12)
    file_offset = offset - (header_addr - load_addr)
    if load_addr > header_addr or file_offset < 0:
        raise BadInput(
            f"{name} has its multiboot header, loaded at {header_addr:#x},"
            f" before its start at {load_addr:#x} or the file's"
        )
    size = load_end - load_addr if load_end else file.size - file_offset
    if size <= 0:
        raise BadInput(f"{name} ends at {load_end:#x} but starts at {load_addr:#x}")
    check_range(file, "the loaded part", file_offset, size)
    mem_size = max(size, bss_end - load_addr)
    if not load_addr <= entry < load_addr + mem_size:
        raise BadInput(f"{name} has its entry point {entry:#x} outside its segments")
    return [Segment(file_offset, load_addr, size, mem_size)], entry


def information(
    gpa: int,
    *,
    memory_map: Sequence[tuple[int, int, int]],
    cmdline: str = "",
    program: str = "kernel",
    module: tuple[int, int, str] | None = None,
) -> bytes:
    """Build the multiboot information to be written at `gpa`, with all that it points to.

    `memory_map` has (gpa, size, RAM or RESERVED); the command line's first word is `program`;
    `module` is (gpa, size in bytes, name) of one file that is already loaded. Raises BadInput for
    a command line with a NUL.
    """
    if "\0" in cmdline or "\0" in program:
        raise BadInput("a multiboot command line cannot have NUL characters")
    flags = _MEM | _CMDLINE | _MEMORY_MAP
    tail = bytearray()

    def put(data: bytes) -> int:
        tail.extend(bytes(-len(tail) % 8))
        where = gpa + _INFORMATION_SIZE + len(tail)
        tail.extend(data)
        return where

    cmdline_gpa = put(_text(f"{program} {cmdline}".rstrip(" ")))
    modules = modules_gpa = 0
    if module is not None:
        start, size, text = module
        flags |= _MODULES
        modules = 1
        modules_gpa = put(struct.pack("<4I", start, start + size, put(_text(text)), 0))
    entries = b"".join(struct.pack("<IQQI", 20, *entry) for entry in memory_map)
    map_gpa = put(entries)
    lower = _ram_from(memory_map, 0, _CONVENTIONAL)
    upper = _ram_from(memory_map, _MIB, _FOUR_GIB)
    head = struct.pack("<3I", flags, lower // 1024, upper // 1024)
    head += struct.pack("<4I", 0, cmdline_gpa, modules, modules_gpa)
    head += bytes(16) + struct.pack("<2I", len(entries), map_gpa)
    return head.ljust(_INFORMATION_SIZE, b"\0") + bytes(tail)


def _ram_from(memory_map: Sequence[tuple[int, int, int]], start: int, limit: int) -> int:
    """Return how many bytes of RAM follow `start` without a hole, up to `limit`."""
    end = start
    for gpa, size, kind in sorted(memory_map):
        if kind == RAM and gpa <= end < gpa + size:
            end = gpa + size
    return min(end, limit) - start


def _text(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape") + b"\0"
