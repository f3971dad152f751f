"""The bzImage (Linux Documentation/arch/x86/boot.rst): setup header, kernel and payload."""

from __future__ import annotations

import struct

from kvmtool.boot.image import CannotUnpack, ImageFile, Segment, check_range, load
from kvmtool.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.boot.image import Memory

_SECTOR = 512
_HEADER_START = 0x1F1
_HEADER_ROOM_END = 0x290  # boot_params continues with edd_mbr_sig_buffer there
_OLDEST_VERSION = 0x206  # the first that says how long a command line may be
_LOADED_HIGH = 1 << 0

XLF_KERNEL_64 = 1 << 0
XLF_CAN_BE_LOADED_ABOVE_4G = 1 << 1


def is_bzimage(head: bytes) -> bool:
    """Whether the file that starts with `head` has a Linux/x86 setup header."""
    return head[0x1FE:0x200] == b"\x55\xaa" and head[0x202:0x206] == b"HdrS"


class BzImage:
    """A bzImage and what its setup header says, in the header's own words.

    `version` is the boot protocol as 0x20F for 2.15. `kernel_offset` is the file offset of the
    protected-mode code and `kernel_size` its length in bytes. Fields that the header's version
    does not have are 0. Raises BadInput for a truncated or too old file.
    """

    kind = "bzimage"

    def __init__(self, file: ImageFile) -> None:
        self.file = file
        head = file.head(0x402)
        if not is_bzimage(head):
            raise BadInput(f"{file.name} is not a bzImage: it has no HdrS")
        if len(head) < _HEADER_ROOM_END:
            raise BadInput(
                f"{file.name} is truncated: a setup header ends by byte"
                f" {_HEADER_ROOM_END}, the file has {file.size}"
            )
        version: int = _u16(head, 0x206)
        self.version = version
        if version < _OLDEST_VERSION:
            raise BadInput(
                f"{file.name} has boot protocol {version >> 8}.{version & 0xFF:02};"
                " 2.06 (Linux 2.6.22) or later is needed"
            )
        self.loadflags = head[0x211]
        if not self.loadflags & _LOADED_HIGH:
            raise BadInput(f"{file.name} is a zImage (loaded low); a bzImage is needed")
        self.setup_sects = head[_HEADER_START] or 4
        self.syssize = _u32(head, 0x1F4)
        self.code32_start = _u32(head, 0x214)
        self.initrd_addr_max = _u32(head, 0x22C)
        self.kernel_alignment = _u32(head, 0x230)
        self.relocatable = bool(head[0x234])
        self.xloadflags = _u16(head, 0x236) if version >= 0x20C else 0
        self.cmdline_size = _u32(head, 0x238)
        since_208 = version >= 0x208
        self.payload_offset = _u32(head, 0x248) if since_208 else 0
        self.payload_length = _u32(head, 0x24C) if since_208 else 0
        since_20a = version >= 0x20A
        self.pref_address = _u64(head, 0x258) if since_20a else 0
        self.init_size = _u32(head, 0x260) if since_20a else 0
        self.setup_header = head[_HEADER_START : min(0x202 + head[0x201], _HEADER_ROOM_END)]
        self.kernel_offset = (self.setup_sects + 1) * _SECTOR
        self.kernel_size = self.syssize * 16
        self._check()
        self._version_offset = _u16(head, 0x20E)

    def _check(self) -> None:
        name = self.file.name
        if len(self.setup_header) < 0x238 + 4 - _HEADER_START:
            raise BadInput(
                f"{name} has a setup header of {len(self.setup_header)} bytes: too short"
            )
        end = self.kernel_offset + self.kernel_size
        if end > self.file.size:
            raise BadInput(
                f"{name} is truncated: the header says {end} bytes, the file has {self.file.size}"
            )
        if self.kernel_size <= 0x200:
            raise BadInput(f"{name} has a kernel of {self.kernel_size} bytes: too short")
        if self.relocatable and self.kernel_alignment.bit_count() != 1:
            raise BadInput(
                f"{name} has kernel_alignment {self.kernel_alignment:#x}: not a power of two"
            )
        if self.payload_offset + self.payload_length > self.kernel_size:
            raise BadInput(
                f"{name} has a payload that ends at byte"
                f" {self.payload_offset + self.payload_length} of a kernel of {self.kernel_size}"
            )

    @property
    def kernel_version(self) -> str:
        """The version text, such as "6.1.0-56-amd64 (…) #1 SMP …"; empty if there is none."""
        start = self._version_offset + 0x200
        if start == 0x200 or start >= self.kernel_offset:
            return ""
        text = self.file.read(start, min(256, self.kernel_offset - start))
        return text.partition(b"\0")[0].decode("ascii", "replace")

    @property
    def is_64bit(self) -> bool:
        """Whether the decompressor can be entered in 64-bit mode."""
        return bool(self.xloadflags & XLF_KERNEL_64)

    @property
    def load_address(self) -> int:
        """The gpa where the protected-mode code is to go: the one the kernel prefers."""
        return self.pref_address or self.code32_start or 0x100000

    @property
    def end(self) -> int:
        """The first gpa after the RAM that the kernel needs before it reads the memory map."""
        return self.load_address + max(self.init_size, self.kernel_size)

    def entry(self, gpa: int) -> int:
        """Entry point of the protected-mode code loaded at `gpa`: 64-bit if `is_64bit`."""
        return gpa + 0x200 if self.is_64bit else gpa

    def load(self, memory: Memory, gpa: int | None = None) -> None:
        """Load the protected-mode code at `gpa` (default `load_address`), where RAM is zero."""
        where = self.load_address if gpa is None else gpa
        size = max(self.init_size, self.kernel_size)
        load(self.file, [Segment(self.kernel_offset, where, self.kernel_size, size)], memory)

    def payload(self) -> bytes:
        """Return the compressed kernel. Raises BadInput for a protocol that does not tell it."""
        if not self.payload_length:
            raise CannotUnpack(
                f"{self.file.name} does not say where its payload is (boot protocol"
                f" {self.version >> 8}.{self.version & 0xFF:02}, 2.08 is needed);"
                " boot it through its own decompressor"
            )
        offset = self.kernel_offset + self.payload_offset
        check_range(self.file, "the payload", offset, self.payload_length)
        return self.file.read(offset, self.payload_length)

    def close(self) -> None:
        """Close the file."""
        self.file.close()


def _u16(head: bytes, offset: int) -> int:
    value: int = struct.unpack_from("<H", head, offset)[0]
    return value


def _u32(head: bytes, offset: int) -> int:
    value: int = struct.unpack_from("<I", head, offset)[0]
    return value


def _u64(head: bytes, offset: int) -> int:
    value: int = struct.unpack_from("<Q", head, offset)[0]
    return value
