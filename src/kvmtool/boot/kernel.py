"""Which kernel to boot, and what format it has."""

from __future__ import annotations

import os

from kvmtool import cache
from kvmtool.boot import elf, multiboot
from kvmtool.boot.bzimage import BzImage, is_bzimage
from kvmtool.boot.decompress import compression_of
from kvmtool.boot.elf import Elf
from kvmtool.boot.flat import Flat
from kvmtool.boot.image import ImageFile
from kvmtool.boot.multiboot import Multiboot
from kvmtool.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    Kernel: TypeAlias = BzImage | Elf | Multiboot | Flat

_FLAT_SUFFIXES = (".flat", ".bin")
# (offset, magic, what the file then is): headers of kernels that are not for x86
_FOREIGN = (
    (0x38, b"ARM\x64", "an arm64 kernel"),
    (0x38, b"RSC\x05", "a riscv kernel"),
    (0x30, b"RISCV\0\0\0", "a riscv kernel"),
    (0x38, b"\xcd\x23\x82\x81", "a loongarch kernel"),
    (0x24, b"\x18\x28\x6f\x01", "a 32-bit arm kernel"),
    (4, b"zimg", "an EFI zboot kernel, for arm64, riscv or loongarch"),
)

# What a kernel tree calls an architecture, and the image that it builds
_BUILT = {
    "x86_64": ("x86", "bzImage"),
    "aarch64": ("arm64", "Image"),
    "riscv64": ("riscv", "Image"),
}


def identify(path: str, *, flat: bool = False) -> Kernel:
    """Open `path` and say what it is: a BzImage, Elf, Multiboot or Flat, told apart by `kind`.

    Header formats win over names, and `flat` over both; a file without a header is a flat binary
    only if its name ends in .flat or .bin. The result holds the file open. Raises BadInput for a
    file that cannot be read, is truncated, for another architecture or no kernel at all.
    """
    file = ImageFile(path)
    try:
        return Flat(file) if flat else _identify(file)
    except BaseException:
        file.close()
        raise


def _identify(file: ImageFile) -> Kernel:
    if not file.size:
        raise BadInput(f"{file.name} is empty")
    head = file.head(multiboot.SEARCHED)
    if is_bzimage(head):
        return BzImage(file)
    if multiboot.find_header(head) is not None:
        return Multiboot(file)
    if head.startswith(elf.MAGIC):
        return _elf(file)
    for offset, magic, what in _FOREIGN:
        if head[offset : offset + len(magic)] == magic:
            raise BadInput(f"{file.name} is {what}; this host is x86-64")
    if file.path.endswith(_FLAT_SUFFIXES):
        return Flat(file)
    compression = compression_of(head)
    if compression:
        raise BadInput(f"{file.name} is compressed with {compression}; unpack it first")
    raise BadInput(f"{file.name} is not a kernel: no bzImage, ELF or multiboot header")


def _elf(file: ImageFile) -> Elf:
    image = elf.parse(file)
    if not image.is_64bit and image.pvh_entry is None:
        raise BadInput(
            f"{file.name} is a 32-bit ELF file without a PVH note or multiboot header,"
            " so it does not say how it is entered"
        )
    return image


def find_kernel(arch: str = "x86_64") -> str:
    """Return the path of the kernel to boot where none is given.

    It is the one of the kernel tree that the working directory is in, else the one for guests in
    the cache, else the host's. `arch` is as uname(2) says it. Raises BadInput if there is none.
    """
    tree, image = _BUILT[arch]
    built = os.path.join("arch", tree, "boot", image)
    for path in (image, built, os.path.join("..", "..", built)):
        if os.path.isfile(path):
            return path
    for path in (*_cached(arch), "/boot/vmlinuz-" + os.uname().release):
        if os.path.isfile(path) and os.access(path, os.R_OK):
            return path
    raise BadInput(
        f"no kernel found: not ./{image}, not {built}, none in the cache or /boot;"
        " run `lkvm setup` to get one, or give -k FILE"
    )


def _cached(arch: str) -> list[str]:
    try:
        return [os.path.join(cache.cache_dir("kernels", arch), "vmlinuz")]
    except OSError:
        return []
