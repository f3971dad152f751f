"""bzImage, ELF, PVH, multiboot and flat files: what is said of good ones, and of bad ones."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kvmtool.boot import elf, kernel, multiboot
from kvmtool.boot.bzimage import BzImage
from kvmtool.boot.elf import Elf
from kvmtool.boot.flat import Flat
from kvmtool.boot.image import ImageFile
from kvmtool.boot.multiboot import Multiboot
from kvmtool.errors import BadInput, KvmtoolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    Assemble = Callable[[str, int, int], str]

    class Put(Protocol):
        """Writes a file and returns its path."""

        def __call__(self, content: bytes, name: str = "image") -> str: ...


PAYLOAD = b"compressed kernel"


class Ram:
    """Guest RAM from `start` on."""

    def __init__(self, size: int, start: int = 0) -> None:
        self.start = start
        self.content = bytearray(size)

    def view(self, gpa: int, size: int) -> memoryview:
        offset = gpa - self.start
        if offset < 0 or size < 0 or offset + size > len(self.content):
            raise KvmtoolError(f"{size} bytes at {gpa:#x} are not RAM")
        return memoryview(self.content)[offset : offset + size]

    def fill(self, gpa: int, size: int, fd: int, offset: int) -> int:
        return os.preadv(fd, [self.view(gpa, size)], offset)

    def write(self, gpa: int, data: bytes | memoryview) -> None:
        self.view(gpa, len(data))[:] = data


def bzimage(
    payload: bytes = PAYLOAD, version: int = 0x20F, setup_sects: int = 1, **fields: int
) -> bytes:
    """A bzImage with `payload` at 0x240 of its protected-mode code."""
    code = b"\x90" * 0x240 + payload
    code += bytes(-len(code) % 16)
    setup = bytearray((setup_sects + 1) * 512)
    values = {
        "setup_sects": (0x1F1, "B", setup_sects),
        "syssize": (0x1F4, "I", len(code) // 16),
        "boot_flag": (0x1FE, "H", 0xAA55),
        "jump": (0x200, "H", 0x6AEB),
        "magic": (0x202, "I", int.from_bytes(b"HdrS", "little")),
        "version": (0x206, "H", version),
        "kernel_version": (0x20E, "H", 0x100),
        "loadflags": (0x211, "B", 1),
        "code32_start": (0x214, "I", 0x100000),
        "initrd_addr_max": (0x22C, "I", 0x7FFFFFFF),
        "kernel_alignment": (0x230, "I", 0x200000),
        "relocatable": (0x234, "B", 1),
        "xloadflags": (0x236, "H", 1),
        "cmdline_size": (0x238, "I", 2047),
        "payload_offset": (0x248, "I", 0x240),
        "payload_length": (0x24C, "I", len(payload)),
        "pref_address": (0x258, "Q", 0x1000000),
        "init_size": (0x260, "I", 0x4000000),
    }
    for name, (offset, form, value) in values.items():
        struct.pack_into("<" + form, setup, offset, fields.get(name, value))
    setup[0x300:0x30D] = b"6.1.0-test #1"
    return bytes(setup) + code


def note(description: bytes, name: bytes = b"Xen\0", kind: int = 18) -> bytes:
    padded = name + bytes(-len(name) % 4)
    return struct.pack("<III", len(name), len(description), kind) + padded + description


def elf_image(
    segments: list[tuple[int, bytes, int]],
    entry: int,
    *,
    bits: int = 64,
    machine: int = 62,
    kind: int = 2,
    notes: bytes = b"",
    virtual: int = 0,
    start: int = 0,
) -> bytes:
    """An ELF file; `segments` are (paddr, content, memsz), contents from byte `start` on."""
    headers = [(1, paddr, content, size) for paddr, content, size in segments]
    if notes:
        headers.append((4, 0, notes, len(notes)))
    wide = bits == 64
    sizes = (64, 56) if wide else (52, 32)
    offset = max(sizes[0] + sizes[1] * len(headers), start)
    table = body = b""
    for type_, paddr, content, memsz in headers:
        where = (offset + len(body), paddr + virtual, paddr, len(content), memsz)
        if wide:
            table += struct.pack("<IIQQQQQQ", type_, 7, *where, 4)
        else:
            table += struct.pack("<IIIIIIII", type_, *where, 7, 4)
        body += content + bytes(-len(content) % 4)
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1, 1]) + bytes(9)
    form = "<HHIQQQIHHHHHH" if wide else "<HHIIIIIHHHHHH"
    fields = (kind, machine, 1, entry, sizes[0], 0, 0, *sizes, len(headers), 0, 0, 0)
    return (ident + struct.pack(form, *fields) + table).ljust(offset, b"\0") + body


def multiboot_header(flags: int = 0, *addresses: int) -> bytes:
    words = (multiboot.HEADER_MAGIC, flags, -(multiboot.HEADER_MAGIC + flags) % (1 << 32))
    return struct.pack(f"<{3 + len(addresses)}I", *words, *addresses)


@pytest.fixture
def put(tmp_path: Path) -> Put:
    def put_(content: bytes, name: str = "image") -> str:
        path = tmp_path / name
        path.write_bytes(content)
        return str(path)

    return put_


def refusal(path: str, *, flat: bool = False) -> str:
    with pytest.raises(BadInput) as caught:
        kernel.identify(path, flat=flat)
    text = str(caught.value)
    assert path in text
    assert "\n" not in text
    return text.replace(path, "FILE")


# bzImage


def test_bzimage_header_is_read_in_the_headers_words(put: Put) -> None:
    image = kernel.identify(put(bzimage()))
    assert isinstance(image, BzImage)
    assert image.version == 0x20F
    assert image.kernel_version == "6.1.0-test #1"
    assert image.load_address == 0x1000000
    assert image.end == 0x5000000
    assert image.initrd_addr_max == 0x7FFFFFFF
    assert image.cmdline_size == 2047
    assert image.payload() == PAYLOAD
    assert len(image.setup_header) == 0x26C - 0x1F1
    assert image.setup_header[0x202 - 0x1F1 :].startswith(b"HdrS")
    image.close()


def test_bzimage_with_appended_signature_is_accepted(put: Put) -> None:
    image = kernel.identify(put(bzimage() + b"signature"))
    assert image.kind == "bzimage"
    image.close()


def test_protected_mode_code_is_loaded_at_any_address(put: Put) -> None:
    content = bzimage(init_size=0x1000)
    image = kernel.identify(put(content))
    assert isinstance(image, BzImage)
    ram = Ram(0x10000, start=0x200000)
    image.load(ram, 0x201000)
    assert ram.content[0x1000:].startswith(content[1024:])
    image.close()


def test_entry_is_512_bytes_in_for_a_64_bit_kernel_only(put: Put) -> None:
    wide, narrow = kernel.identify(put(bzimage(), "a")), kernel.identify(put(bzimage(xloadflags=0)))
    assert isinstance(wide, BzImage)
    assert isinstance(narrow, BzImage)
    assert wide.entry(0x1000000) == 0x1000200
    assert narrow.entry(0x1000000) == 0x1000000
    wide.close()
    narrow.close()


@pytest.mark.parametrize("missing", [1, 100, 500])
def test_truncated_bzimage_is_refused_with_both_sizes(put: Put, missing: int) -> None:
    content = bzimage()
    text = refusal(put(content[:-missing]))
    size = len(content)
    assert text == f"FILE is truncated: the header says {size} bytes, the file has {size - missing}"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": 0x205}, "boot protocol 2.05"),
        ({"loadflags": 0}, "zImage"),
        ({"payload_length": 0x10000}, "payload that ends at byte"),
        ({"payload_offset": 0xFFFFFFFF}, "payload that ends at byte"),
        ({"kernel_alignment": 3}, "power of two"),
        ({"syssize": 0}, "too short"),
        ({"jump": 0x01EB}, "setup header of 18 bytes"),
        ({"syssize": 0xFFFFFFFF}, "the header says"),
    ],
)
def test_bad_setup_header_is_refused(put: Put, changes: dict[str, int], reason: str) -> None:
    assert reason in refusal(put(bzimage(PAYLOAD, **changes)))


def test_bzimage_cut_in_its_header_is_refused(put: Put) -> None:
    assert "truncated" in refusal(put(bzimage()[:0x230]))


def test_old_bzimage_without_payload_fields_says_so(put: Put) -> None:
    image = kernel.identify(put(bzimage(version=0x207)))
    assert isinstance(image, BzImage)
    with pytest.raises(BadInput, match=r"2\.08 is needed"):
        image.payload()
    image.close()


def test_kernel_beyond_ram_names_the_range_and_the_option(put: Put) -> None:
    path = put(bzimage())
    image = kernel.identify(path)
    assert isinstance(image, BzImage)
    with pytest.raises(BadInput) as caught:
        image.load(Ram(0x2000000))
    assert str(caught.value) == (
        f"{path} needs RAM from 0x1000000 to 0x5000000, which the machine does not have;"
        " give a larger -m"
    )
    image.close()


# ELF


def test_vmlinux_segments_go_to_their_physical_addresses(put: Put) -> None:
    content = elf_image([(0x1000, b"text", 4), (0x3000, b"data", 0x100)], 0x1000)
    image = kernel.identify(put(content))
    assert isinstance(image, Elf)
    assert (image.entry, image.start, image.end) == (0x1000, 0x1000, 0x3100)
    assert image.is_64bit
    assert image.pvh_entry is None
    ram = Ram(0x4000)
    image.load(ram)
    expected = bytearray(0x4000)
    expected[0x1000:0x1004] = b"text"
    expected[0x3000:0x3004] = b"data"
    assert ram.content == expected
    image.close()


def test_virtual_entry_point_becomes_physical(put: Put) -> None:
    content = elf_image([(0x1000, b"text", 4)], 0xFFFFFFFF80001002, virtual=0xFFFFFFFF80000000)
    image = kernel.identify(put(content))
    assert isinstance(image, Elf)
    assert image.entry == 0x1002
    image.close()


@pytest.mark.parametrize("width", [4, 8])
@pytest.mark.parametrize("bits", [32, 64])
def test_pvh_entry_is_found_behind_other_notes(put: Put, width: int, bits: int) -> None:
    notes = note(b"Linux\0\0\0", kind=6) + note(b"xyz\0", name=b"Xen2\0")
    notes += note((0x1002).to_bytes(width, "little"))
    machine = elf.EM_386 if bits == 32 else elf.EM_X86_64
    content = elf_image([(0x1000, b"text", 4)], 0x1000, notes=notes, bits=bits, machine=machine)
    image = kernel.identify(put(content))
    assert isinstance(image, Elf)
    assert image.pvh_entry == 0x1002
    assert image.is_64bit == (bits == 64)
    image.close()


def test_pvh_entry_outside_the_segments_is_refused(put: Put) -> None:
    content = elf_image([(0x1000, b"text", 4)], 0x1000, notes=note(b"\0\0\0\x10"))
    assert "PVH entry 0x10000000 outside" in refusal(put(content))


def test_32_bit_elf_without_an_entry_protocol_is_refused(put: Put) -> None:
    content = elf_image([(0x1000, b"text", 4)], 0x1000, bits=32, machine=elf.EM_386)
    assert "without a PVH note or multiboot header" in refusal(put(content))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (elf_image([(0, b"text", 4)], 0)[:-4], "is truncated: segment 0 ends at byte 124"),
        (elf_image([(0, b"text", 4)], 0)[:100], "program header table ends at byte 120"),
        (elf_image([(0, b"text", 4)], 0)[:40], "truncated"),
        (elf_image([(0, b"text", 4)], 0)[:60], "truncated"),
        (elf_image([(0, b"text", 2)], 0), "4 bytes in the file and only 2 in memory"),
        (elf_image([(0, b"text", 4)], 9), "entry point 0x9 outside its segments"),
        (elf_image([], 0), "nothing to load"),
        (elf_image([(0, b"text", 4)], 0, kind=1), "an object file or module, not a kernel"),
        (elf_image([(0, b"text", 4)], 0, kind=3), "position-independent"),
        (elf_image([(0, b"text", 4)], 0, machine=183), "is for arm64; this host is x86-64"),
        (elf_image([((1 << 64) - 4, b"text", 8)], (1 << 64) - 4), "physical address"),
        (elf_image([(0, b"", 0)] * 1025, 0), "1025 program headers"),
    ],
)
def test_bad_elf_is_refused(put: Put, content: bytes, reason: str) -> None:
    assert reason in refusal(put(content))


def test_segment_far_beyond_the_end_of_the_file_is_refused(put: Put) -> None:
    content = bytearray(elf_image([(0x1000, b"text", 4)], 0x1000))
    struct.pack_into("<Q", content, 64 + 8, (1 << 64) - 16)
    assert "is truncated" in refusal(put(bytes(content)))


def test_this_python_is_not_a_kernel(tmp_path: Path) -> None:
    assert "not a kernel" in refusal(os.path.realpath("/proc/self/exe"))


# Multiboot


def test_multiboot_elf_is_told_from_other_elf_files(put: Put) -> None:
    text = multiboot_header() + b"text"
    content = elf_image([(0x400000, text, 0x2000)], 0x40000C, bits=32, machine=3)
    image = kernel.identify(put(content, "image.flat"))
    assert isinstance(image, Multiboot)
    assert image.entry == 0x40000C
    assert (image.start, image.end, image.information_gpa) == (0x400000, 0x402000, 0x402000)
    ram = Ram(0x2000, start=0x400000)
    image.load(ram)
    assert ram.content.startswith(text)
    image.close()


def test_multiboot_address_fields_are_used_instead_of_elf(put: Put) -> None:
    addresses = (0x100010, 0x100000, 0x100030, 0x100100, 0x100020)
    content = b"\xee" * 16 + multiboot_header(1 << 16, *addresses) + b"code" * 8
    image = kernel.identify(put(content))
    assert isinstance(image, Multiboot)
    assert (image.entry, image.start, image.end) == (0x100020, 0x100000, 0x100100)
    ram = Ram(0x1000, start=0x100000)
    image.load(ram)
    assert bytes(ram.content[:0x30]) == content[:0x30]
    assert not any(ram.content[0x30:])
    image.close()


def test_multiboot_without_load_end_takes_the_rest_of_the_file(put: Put) -> None:
    content = multiboot_header(1 << 16, 0x100000, 0x100000, 0, 0, 0x100020) + b"code" * 8
    image = kernel.identify(put(content))
    assert isinstance(image, Multiboot)
    assert image.end == 0x100000 + len(content)
    image.close()


def test_low_multiboot_image_has_its_information_at_1_mib(put: Put) -> None:
    text = multiboot_header() + b"text"
    content = elf_image([(0x8000, text, 0x90000)], 0x800C, bits=32, machine=3)
    image = kernel.identify(put(content))
    assert isinstance(image, Multiboot)
    assert image.information_gpa == 0x100000
    image.close()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (multiboot_header(1 << 3), "requires multiboot features 0x8"),
        (multiboot_header(), "is not an ELF file"),
        (multiboot_header(1 << 16), "addresses are missing"),
        (multiboot_header(1 << 16, 0, 16, 0, 0, 0), "before its start"),
        (multiboot_header(1 << 16, 16, 0, 0, 0, 0), "before its start"),
        (multiboot_header(1 << 16, 16, 16, 8, 0, 0), "ends at 0x8 but starts at 0x10"),
        (
            multiboot_header(1 << 16, 16, 16, 99, 0, 16),
            "truncated: the loaded part ends at byte 83",
        ),
        (multiboot_header(1 << 16, 16, 16, 0, 0, 0), "entry point 0x0 outside"),
        (multiboot_header(1 << 16, *[(1 << 32) - 8] * 2, 0, 0, (1 << 32) - 8), "above 4 GiB"),
    ],
)
def test_bad_multiboot_image_is_refused(put: Put, content: bytes, reason: str) -> None:
    assert reason in refusal(put(content))


@pytest.mark.parametrize("offset", [2, 8192 - 8, 8192])
def test_misplaced_multiboot_header_is_not_found(put: Put, offset: int) -> None:
    content = bytes(offset) + multiboot_header()
    assert "no bzImage, ELF or multiboot header" in refusal(put(content))


def test_multiboot_header_with_a_wrong_checksum_is_not_found() -> None:
    assert multiboot.find_header(multiboot_header()[:-1] + b"\0") is None


def test_multiboot_information_points_to_what_it_describes() -> None:
    gpa = 0x500000
    memory_map = [
        (0, 0x9FC00, multiboot.RAM),
        (0x9FC00, 0x60400, multiboot.RESERVED),
        (0x100000, 0x7F00000, multiboot.RAM),
    ]
    block = multiboot.information(
        gpa,
        memory_map=memory_map,
        cmdline="a=1 b",
        program="test.flat",
        module=(0x600000, 11, "env"),
    )
    fields = struct.unpack_from("<13I", block)

    def text(where: int) -> bytes:
        return block[where - gpa :].partition(b"\0")[0]

    assert fields[0] == 1 | 1 << 2 | 1 << 3 | 1 << 6
    assert fields[1:3] == (639, 0x7F00000 // 1024)
    assert text(fields[4]) == b"test.flat a=1 b"
    assert fields[5] == 1
    start, end, string, reserved = struct.unpack_from("<4I", block, fields[6] - gpa)
    assert (start, end, text(string), reserved) == (0x600000, 0x60000B, b"env", 0)
    assert fields[11] == 3 * 24
    raw = block[fields[12] - gpa :][: fields[11]]
    assert list(struct.iter_unpack("<IQQI", raw)) == [(20, *entry) for entry in memory_map]


def test_multiboot_information_without_module_says_so() -> None:
    block = multiboot.information(0x1000, memory_map=[(0, 1 << 20, multiboot.RAM)])
    flags, lower, upper = struct.unpack_from("<3I", block)
    assert not flags & 1 << 3
    assert (lower, upper) == (640, 0)


def test_nul_in_a_multiboot_command_line_is_refused() -> None:
    with pytest.raises(BadInput, match="NUL"):
        multiboot.information(0, memory_map=[], cmdline="a\0b")


# Images made by the GNU assembler and linker

MULTIBOOT_SOURCE = """
        .section .text
        .long 0x1badb002, 0, -0x1badb002
        .globl _start
_start: mov $0x31, %al
        out %al, $0xf4
        .bss
        .skip 0x5000
"""
PVH_SOURCE = """
        .section .text
        .globl _start, pvh
_start: hlt
pvh:    cli
        .section .note.Xen, "a", @note
        .long 4, 4, 18
        .asciz "Xen"
        .long pvh
"""


@pytest.fixture
def assemble(tmp_path: Path) -> Assemble:
    if not shutil.which("as") or not shutil.which("ld") or os.uname().machine != "x86_64":
        pytest.skip("no GNU assembler and linker for x86 here")

    def assemble_(source: str, bits: int, address: int) -> str:
        (tmp_path / "source.s").write_text(source)
        subprocess.run(["as", f"--{bits}", "-o", "object.o", "source.s"], cwd=tmp_path, check=True)
        emulation = "elf_i386" if bits == 32 else "elf_x86_64"
        command = ["ld", "-m", emulation, "-N", "--no-warn-rwx-segments", "-o", "linked"]
        command += [f"-Ttext={address:#x}", f"--section-start=.note.Xen={address + 0x1000:#x}"]
        command.append("object.o")
        subprocess.run(command, cwd=tmp_path, check=True)
        return str(tmp_path / "linked")

    return assemble_


def test_linked_multiboot_image_has_its_code_at_its_entry(assemble: Assemble) -> None:
    image = kernel.identify(assemble(MULTIBOOT_SOURCE, 32, 0x400000))
    assert isinstance(image, Multiboot)
    assert image.entry == 0x40000C
    assert image.end >= 0x405000
    ram = Ram(0x10000, start=0x400000)
    image.load(ram)
    assert ram.content[0xC:].startswith(b"\xb0\x31\xe6\xf4")
    image.close()


@pytest.mark.parametrize("bits", [32, 64])
def test_linked_pvh_image_has_its_code_at_its_pvh_entry(assemble: Assemble, bits: int) -> None:
    image = kernel.identify(assemble(PVH_SOURCE, bits, 0x100000))
    assert isinstance(image, Elf)
    assert image.pvh_entry is not None
    ram = Ram(0x10000, start=0x100000)
    image.load(ram)
    assert bytes(ram.view(image.entry, 1)) == b"\xf4"
    assert bytes(ram.view(image.pvh_entry, 1)) == b"\xfa"
    image.close()


# Flat binaries and what is no kernel


@pytest.mark.parametrize("name", ["payload.flat", "payload.bin"])
def test_flat_binary_is_known_by_its_name(put: Put, name: str) -> None:
    image = kernel.identify(put(b"\xf4code", name))
    assert isinstance(image, Flat)
    assert (image.cs, image.ip, image.start, image.end) == (0x1000, 0, 0x10000, 0x10005)
    ram = Ram(0x1000, start=0x10000)
    image.load(ram)
    assert ram.content.startswith(b"\xf4code")
    image.close()


def test_flat_can_be_forced_on_any_file(put: Put) -> None:
    image = kernel.identify(put(bzimage()), flat=True)
    assert image.kind == "flat"
    image.close()


def test_flat_binary_larger_than_ram_is_refused(put: Put) -> None:
    image = kernel.identify(put(bytes(0x2000), "big.bin"))
    assert isinstance(image, Flat)
    with pytest.raises(BadInput, match="give a larger -m"):
        image.load(Ram(0x1000, start=0x10000))
    image.close()


def test_unknown_file_is_refused_with_what_was_looked_for(put: Put) -> None:
    assert refusal(put(b"#!/bin/sh\n")) == (
        "FILE is not a kernel: no bzImage, ELF or multiboot header"
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "FILE is empty"),
        (bytes(0x38) + b"ARM\x64" + bytes(8), "FILE is an arm64 kernel; this host is x86-64"),
        (bytes(0x38) + b"RSC\x05" + bytes(8), "FILE is a riscv kernel; this host is x86-64"),
        (b"\x1f\x8b\x08", "FILE is compressed with gzip; unpack it first"),
        (b"\x28\xb5\x2f\xfd", "FILE is compressed with zstd; unpack it first"),
    ],
)
def test_recognised_file_that_cannot_boot_is_named(put: Put, content: bytes, reason: str) -> None:
    assert refusal(put(content)) == reason


def test_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "absent")
    assert refusal(path) == "cannot open FILE: No such file or directory"


def test_directory_and_fifo_are_refused_without_hanging(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert refusal(str(tmp_path)) == "FILE is a directory"
    assert refusal(str(fifo)) == "FILE is not a regular file"


def test_path_with_a_nul_is_refused() -> None:
    with pytest.raises(BadInput, match="NUL"):
        kernel.identify("a\0b")


def test_file_that_shrinks_after_it_was_checked_is_an_error(put: Put) -> None:
    path = put(b"\xf4" * 8192, "code.flat")
    image = kernel.identify(path)
    assert isinstance(image, Flat)
    os.truncate(path, 100)
    with pytest.raises(BadInput, match="became shorter"):
        image.load(Ram(0x4000, start=0x10000))
    image.close()


# Hostile headers

SEEDS = [
    bzimage(),
    elf_image([(0x1000, b"text", 4)], 0x1000, notes=note(b"\0\x10\0\0")),
    elf_image([(0x1000, multiboot_header(), 0x20)], 0x1000, bits=32, machine=3),
    multiboot_header(1 << 16, 0x100000, 0x100000, 0, 0, 0x100020) + b"code" * 8,
]
EDGES = [b"\xff", b"\xff\xff", b"\xff" * 4, b"\xff" * 8, b"\0" * 8, b"\0\0\0\x80", b"\x7f\xff"]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    content = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 6))):
        where = draw(st.integers(0, min(len(content), 0x280) - 1))
        value = draw(st.sampled_from(EDGES) | st.binary(min_size=1, max_size=8))
        content[where : where + len(value)] = value
    return bytes(content[: draw(st.integers(0, len(content)) | st.just(len(content)))])


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=mutated() | st.binary(max_size=200).map(lambda tail: b"\x7fELF" + tail))
def test_mutated_images_load_or_are_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "mutated"
    path.write_bytes(content)
    ram = Ram(0x20000)
    refused = ""
    try:
        image = kernel.identify(str(path))
        with image.file:
            image.load(ram)
            if isinstance(image, BzImage):
                assert isinstance(image.kernel_version, str)
                image.payload()
    except BadInput as error:
        refused = str(error)
    assert "\n" not in refused
    assert len(ram.content) == 0x20000


@settings(max_examples=200, deadline=None)
@given(notes=st.binary(max_size=120))
def test_any_notes_are_walked_to_their_end(
    tmp_path_factory: pytest.TempPathFactory, notes: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "notes"
    path.write_bytes(elf_image([(0, b"text", 1 << 40)], 0, notes=notes or b"\0"))
    with ImageFile(str(path)) as file:
        image = elf.parse(file)
        assert image.pvh_entry is None or image.pvh_entry < 1 << 64
