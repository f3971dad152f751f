"""AML, the byte code of ACPI tables (ACPI 6.5, chapter 20), and resource descriptors (6.4).

Each function returns the encoding of one term as bytes, and takes the encodings of the terms
in it. Where a term may be data, an `int` or `str` is encoded on the way; `bytes` are AML.
"""

from __future__ import annotations

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    Term = int | str | bytes

ZERO = b"\x00"
ONE = b"\x01"


def package_length(size: int) -> bytes:
    """PkgLength before `size` bytes of content; it counts its own bytes too (20.2.4)."""
    if size + 1 < 1 << 6:
        return bytes((size + 1,))
    for follow in (1, 2, 3):
        total = size + 1 + follow
        if total < 1 << (4 + 8 * follow):
            return bytes((follow << 6 | total & 0xF,)) + (total >> 4).to_bytes(follow, "little")
    raise ValueError(f"an AML package must be smaller than 2^28 bytes, not {size}")


def integer(value: int) -> bytes:
    """The shortest encoding of an unsigned integer of up to 64 bits (20.2.3)."""
    if 0 <= value <= 1:
        return ONE if value else ZERO
    for prefix, size in ((0x0A, 1), (0x0B, 2), (0x0C, 4), (0x0E, 8)):
        if 0 <= value < 1 << (8 * size):
            return bytes((prefix,)) + value.to_bytes(size, "little")
    raise ValueError(f"an AML integer must have 64 bits without a sign, not {value}")


def string(text: str) -> bytes:
    """An ASCII string; characters from 0x01 to 0x7F."""
    if "\0" in text or not text.isascii():
        raise ValueError(f"an AML string must be ASCII without NUL, not {text!r}")
    return b"\x0d" + text.encode("ascii") + b"\0"


def term(value: Term) -> bytes:
    """`value` as it stands if it is AML, else encoded."""
    if isinstance(value, bytes):
        return value
    return string(value) if isinstance(value, str) else integer(value)


def _segment(text: str) -> bytes:
    if not (
        1 <= len(text) <= 4
        and text.isascii()
        and text.upper() == text
        and text.replace("_", "A").isalnum()
        and not text[0].isdigit()
    ):
        raise ValueError(
            "an AML name must have up to 4 of A-Z, 0-9 and _, "
            f"and not begin with a digit, not {text!r}"
        )
    return text.ljust(4, "_").encode("ascii")


def path(text: str) -> bytes:
    r"""A name string such as `_CRS`, `\_SB.PCI0` or `^COM1` (20.2.2); short names are padded."""
    names = text.lstrip("\\^")
    prefix = text[: len(text) - len(names)]
    if "\\" in prefix and prefix != "\\":
        raise ValueError(f"an AML path must have one root or any parents before it, not {text!r}")
    segments = b"".join([_segment(name) for name in names.split(".")]) if names else b""
    count = len(segments) // 4
    if count > 255:
        raise ValueError(f"an AML path must have up to 255 names, not {count}")
    if count > 2:
        segments = bytes((0x2F, count)) + segments
    elif count == 2:
        segments = b"\x2e" + segments
    return prefix.encode("ascii") + (segments or b"\0")


def eisa_id(text: str) -> bytes:
    """An EISA id such as `PNP0A08` as the integer that _HID holds (19.3.4)."""
    if (
        len(text) != 7
        or any(not "A" <= letter <= "Z" for letter in text[:3])
        or any(digit not in "0123456789ABCDEF" for digit in text[3:])
    ):
        raise ValueError(f"an EISA id must be 3 letters A-Z and 4 hex digits, not {text!r}")
    vendor = 0
    for letter in text[:3]:
        vendor = vendor << 5 | ord(letter) - 0x40
    return b"\x0c" + vendor.to_bytes(2, "big") + bytes.fromhex(text[3:])


def uuid(text: str) -> bytes:
    """A buffer with a UUID in the byte order of ToUUID (19.6.142)."""
    raw = bytes.fromhex(text.replace("-", ""))
    if len(raw) != 16:
        raise ValueError(f"a UUID must have 32 hex digits, not {text!r}")
    return buffer(raw[3::-1] + raw[5:3:-1] + raw[7:5:-1] + raw[8:])


# Named objects and packages


def _packaged(opcode: bytes, content: bytes) -> bytes:
    return opcode + package_length(len(content)) + content


def scope(where: str, *terms: bytes) -> bytes:
    return _packaged(b"\x10", path(where) + b"".join(terms))


def device(name_: str, *terms: bytes) -> bytes:
    return _packaged(b"\x5b\x82", path(name_) + b"".join(terms))


def method(name_: str, arguments: int, *terms: bytes, serialized: bool = False) -> bytes:
    """A control method of 0 to 7 arguments; one that makes names has to be serialized."""
    if not 0 <= arguments <= 7:
        raise ValueError(f"an AML method must have 0 to 7 arguments, not {arguments}")
    flags = bytes((arguments | serialized << 3,))
    return _packaged(b"\x14", path(name_) + flags + b"".join(terms))


def name(name_: str, value: Term) -> bytes:
    return b"\x08" + path(name_) + term(value)


def package(*elements: Term) -> bytes:
    if len(elements) > 255:
        raise ValueError(f"an AML package must have up to 255 elements, not {len(elements)}")
    return _packaged(
        b"\x12", bytes((len(elements),)) + b"".join([term(element) for element in elements])
    )


def buffer(content: bytes) -> bytes:
    return _packaged(b"\x11", integer(len(content)) + content)


# Statements and expressions of methods


def arg(number: int) -> bytes:
    if not 0 <= number <= 6:
        raise ValueError(f"an AML method has arguments 0 to 6, not {number}")
    return bytes((0x68 + number,))


def local(number: int) -> bytes:
    if not 0 <= number <= 7:
        raise ValueError(f"an AML method has locals 0 to 7, not {number}")
    return bytes((0x60 + number,))


def return_(value: Term) -> bytes:
    return b"\xa4" + term(value)


def if_(condition: bytes, *terms: bytes) -> bytes:
    return _packaged(b"\xa0", condition + b"".join(terms))


def else_(*terms: bytes) -> bytes:
    """Directly after an `if_`."""
    return _packaged(b"\xa1", b"".join(terms))


def equal(left: Term, right: Term) -> bytes:
    return b"\x93" + term(left) + term(right)


def not_(value: bytes) -> bytes:
    """Logical negation."""
    return b"\x92" + value


def store(value: Term, target: bytes) -> bytes:
    return b"\x70" + term(value) + target


def bit_and(left: Term, right: Term, target: bytes = ZERO) -> bytes:
    """`left & right`, put into `target` unless that is ZERO (NullName)."""
    return b"\x7b" + term(left) + term(right) + target


def bit_or(left: Term, right: Term, target: bytes = ZERO) -> bytes:
    """`left | right`, put into `target` unless that is ZERO (NullName)."""
    return b"\x7d" + term(left) + term(right) + target


def create_dword_field(source: bytes, offset: int, name_: str) -> bytes:
    """Names the 32 bits from byte `offset` of a buffer."""
    return b"\x8a" + source + integer(offset) + path(name_)


# Resource descriptors

_BUS, _IO, _MEMORY = 2, 1, 0
_FIXED_WINDOW = 0x0C  # _MIF and _MAF: both ends stay; subtractive decode and consumer are off
_ENTIRE_RANGE = 3
_READ_WRITE = 1


def resources(*descriptors: bytes) -> bytes:
    """A buffer with resource descriptors and their end tag; its checksum 0 means unused."""
    return buffer(b"".join(descriptors) + b"\x79\x00")


def io_ports(first: int, count: int) -> bytes:
    """`count` (1 to 255) ports at a fixed place, all 16 address bits decoded (6.4.2.5)."""
    return struct.pack("<BBHHBB", 0x47, 1, first, first, 1, count)


def irq(number: int, *, shared: bool = False) -> bytes:
    """An ISA interrupt (0 to 15): edge triggered, active high (6.4.2.1)."""
    if not 0 <= number <= 15:
        raise ValueError(f"an ISA interrupt must be 0 to 15, not {number}")
    if shared:
        return struct.pack("<BHB", 0x23, 1 << number, 0x11)
    return struct.pack("<BH", 0x22, 1 << number)


def interrupt(gsi: int, *, level: bool, active_low: bool, shared: bool) -> bytes:
    """One interrupt of any number, in the extended descriptor (6.4.3.6)."""
    flags = 1 | (not level) << 1 | active_low << 2 | shared << 3
    return struct.pack("<BHBBI", 0x89, 6, flags, 1, gsi)


def memory32_fixed(first: int, size: int) -> bytes:
    """Read-write memory at a fixed place below 4 GiB (6.4.3.4)."""
    return struct.pack("<BHBII", 0x86, 9, _READ_WRITE, first, size)


def _window(tag: int, number: str, kind: int, flags: int, first: int, size: int) -> bytes:
    header = struct.pack("<BHBBB", tag, 3 + 5 * struct.calcsize(number), kind, _FIXED_WINDOW, flags)
    return header + struct.pack(f"<5{number}", 0, first, first + size - 1, 0, size)


def bus_numbers(first: int, count: int) -> bytes:
    """Bus numbers that a bridge passes on, up to 256 of them (6.4.3.5.3)."""
    return _window(0x88, "H", _BUS, 0, first, count)


def io_window(first: int, size: int) -> bytes:
    """Ports that a bridge passes on; fewer than 64 Ki (6.4.3.5.3)."""
    return _window(0x88, "H", _IO, _ENTIRE_RANGE, first, size)


def memory_window32(first: int, size: int) -> bytes:
    """Uncached memory below 4 GiB that a bridge passes on (6.4.3.5.2)."""
    return _window(0x87, "I", _MEMORY, _READ_WRITE, first, size)


def memory_window64(first: int, size: int) -> bytes:
    """Uncached memory anywhere that a bridge passes on (6.4.3.5.1)."""
    return _window(0x8A, "Q", _MEMORY, _READ_WRITE, first, size)
