"""Loads a Linux kernel in each of the ways that it can be entered.

Documentation/arch/x86/boot.rst (64-bit and 32-bit boot protocol), zero-page.rst; for PVH
docs/misc/pvh.pandoc of Xen and its arch-x86/hvm/start_info.h.

The ways differ in speed and in address space randomisation (KASLR): `direct` and `pvh` unpack
the kernel on the host and run it where it was linked, without KASLR; `decompressor` has the
kernel unpack and, unless told `nokaslr`, move itself.
"""

from __future__ import annotations

import os
import struct
import threading

from kvmtool import log
from kvmtool.arch.x86_64 import entry, low_ram
from kvmtool.arch.x86_64.memory_map import memory_map, ram_layout
from kvmtool.boot import cmdline, unpacked
from kvmtool.boot.bzimage import BzImage
from kvmtool.boot.elf import Elf
from kvmtool.boot.image import CannotUnpack
from kvmtool.boot.initrd import Initrd
from kvmtool.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.kvm import Vcpu
    from kvmtool.machine.config import MachineConfig
    from kvmtool.memory import GuestMemory

# panic=-1 has a panicking kernel reset the machine at once, and reboot=panic_warm has it ask for
# a warm reset then, which tells a panic from a reboot without a driver in the guest. There is no
# second PS/2 port to look for, and kvmclock needs no watch over the TSC.
DEFAULT_PARAMETERS = "panic=-1 reboot=panic_warm i8042.noaux tsc=reliable cryptomgr.notests"
_CONSOLES = {"serial": "console=ttyS0", "virtio": "console=hvc0"}

_LOADER_UNDEFINED = 0xFF
_VIDEO_NORMAL = 0xFFFF
_RNG_SEED_SIZE = 32
_PVH_MAGIC = 0x336EC578
_PVH_START_INFO_SIZE = 56


class Loading:
    """A kernel on its way into RAM.

    Copying kernel and initrds takes as long as building the machine around them, so it goes on
    in a thread from the beginning; `enter` waits for it.
    """

    def __init__(self, config: MachineConfig, image: BzImage | Elf, memory: GuestMemory) -> None:
        self._config = config
        self._image = image
        self._memory = memory
        self._kernel: BzImage | Elf = image
        self._initrd = (0, 0)
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._copy, name="loading")
        self._thread.start()

    def enter(self, vcpu: Vcpu, rsdp: int) -> None:
        """Make `vcpu` enter the kernel; `rsdp` is the gpa of ACPI's root pointer.

        Raises BadInput for files that do not fit or cannot be booted as the configuration wants.
        """
        self.wait()
        if self._failure is not None:
            raise self._failure
        config, image, memory, kernel = self._config, self._image, self._memory, self._kernel
        memory.write(low_ram.COMMAND_LINE, _command_line(config, image))
        if isinstance(kernel, Elf) and _enters_by_pvh(config.boot, kernel):
            _write_start_info(config, memory, rsdp, self._initrd)
            address = kernel.pvh_entry or 0
            entry.enter_protected_mode(vcpu, memory, address, ebx=low_ram.PVH_START_INFO)
            return
        _write_zero_page(config, image, memory, rsdp, self._initrd)
        address = kernel.entry(kernel.load_address) if isinstance(kernel, BzImage) else kernel.entry
        if kernel.is_64bit:
            entry.enter_long_mode(vcpu, memory, address, rsi=low_ram.ZERO_PAGE)
        else:
            entry.enter_protected_mode(vcpu, memory, address, esi=low_ram.ZERO_PAGE)

    def wait(self) -> None:
        """Wait until nothing is copied any more."""
        self._thread.join()

    def _copy(self) -> None:
        try:
            self._kernel = _unpacked(self._config.boot, self._image) or self._image
            self._kernel.load(self._memory)
            self._initrd = _load_initrd(self._config, self._image, self._kernel.end, self._memory)
        except BaseException as error:  # `enter` raises it again
            self._failure = error


def prepare(config: MachineConfig, image: BzImage | Elf) -> None:
    """Check the files' sizes and the command line, and put the unpacked kernel into the cache."""
    kernel = _unpacked(config.boot, image) or image
    _command_line(config, image)
    low_ram_end = ram_layout(config.memory_size)[0][1]
    if kernel.end > low_ram_end:
        raise BadInput(
            f"{image.file.name} needs RAM up to {kernel.end:#x}, which the machine does not have;"
            " give a larger -m"
        )
    if config.initrds:
        initrd = Initrd(config.initrds)
        initrd.place(low_ram_end, addr_max=image.initrd_addr_max, floor=kernel.end)
        initrd.close()


def _command_line(config: MachineConfig, image: BzImage | Elf) -> bytes:
    defaults = [] if config.no_defaults else [_CONSOLES[config.console], DEFAULT_PARAMETERS]
    return cmdline.assemble([*defaults, config.parameters], image.cmdline_size)


def _unpacked(wanted: str, image: BzImage | Elf) -> Elf | None:
    """The kernel to enter directly, or None for one that is to unpack itself."""
    name = image.file.name
    if wanted not in ("auto", "direct", "pvh", "decompressor"):
        raise BadInput(f"{name} is a Linux kernel; it cannot be booted as {wanted}")
    if wanted == "decompressor":
        if isinstance(image, BzImage):
            return None
        raise BadInput(f"{name} is not compressed: it has no decompressor to boot by")
    if not isinstance(image, BzImage):
        kernel = image
    else:
        try:
            kernel = unpacked.unpack(image)
        except CannotUnpack as error:
            if wanted != "auto":
                raise
            log.warning(f"{error}; it boots through its own decompressor")
            return None
    if wanted == "pvh" and kernel.pvh_entry is None:
        raise BadInput(f"{name} has no PVH entry (CONFIG_PVH)")
    if wanted == "direct" and not kernel.is_64bit:
        raise BadInput(f"{name} is a 32-bit kernel: it has no 64-bit entry")
    if kernel.is_64bit or kernel.pvh_entry is not None:
        return kernel
    return None


def _enters_by_pvh(wanted: str, kernel: Elf) -> bool:
    return wanted == "pvh" or not kernel.is_64bit


def _load_initrd(
    config: MachineConfig, image: BzImage | Elf, floor: int, memory: GuestMemory
) -> tuple[int, int]:
    """Load the initrds; return their gpa and size in bytes, (0, 0) without any."""
    if not config.initrds:
        return 0, 0
    initrd = Initrd(config.initrds)
    try:
        ram_end = memory.regions[0].size
        gpa = initrd.place(ram_end, addr_max=image.initrd_addr_max, floor=floor)
        initrd.load(memory, gpa)
        return gpa, initrd.size
    finally:
        initrd.close()


def _write_zero_page(
    config: MachineConfig,
    image: BzImage | Elf,
    memory: GuestMemory,
    rsdp: int,
    initrd: tuple[int, int],
) -> None:
    from kvmtool.uapi import bootparam

    page = memory.view(low_ram.ZERO_PAGE, 4096)
    params = bootparam.boot_params.from_buffer(page)
    header = params.hdr
    if isinstance(image, BzImage):
        page[0x1F1 : 0x1F1 + len(image.setup_header)] = image.setup_header
    else:
        header.boot_flag = 0xAA55
        header.header = int.from_bytes(b"HdrS", "little")
        header.version = 0x20F
    header.type_of_loader = _LOADER_UNDEFINED
    header.vid_mode = _VIDEO_NORMAL
    header.cmd_line_ptr = low_ram.COMMAND_LINE
    header.ramdisk_image, header.ramdisk_size = initrd
    header.setup_data = _write_rng_seed(memory)
    params.acpi_rsdp_addr = rsdp
    entries = memory_map(config.memory_size)
    params.e820_entries = len(entries)
    for slot, (gpa, size, kind) in zip(params.e820_table, entries, strict=False):
        slot.addr, slot.size, slot.type = gpa, size, kind


def _write_rng_seed(memory: GuestMemory) -> int:
    """Give the guest's random number generator a start (SETUP_RNG_SEED); return its gpa."""
    from kvmtool.uapi import bootparam

    head = struct.pack("<QII", 0, bootparam.SETUP_RNG_SEED, _RNG_SEED_SIZE)
    memory.write(low_ram.SETUP_DATA, head + os.urandom(_RNG_SEED_SIZE))
    return low_ram.SETUP_DATA


def _write_start_info(
    config: MachineConfig, memory: GuestMemory, rsdp: int, initrd: tuple[int, int]
) -> None:
    """Write struct hvm_start_info, version 1, with the memory map and the initrd as a module."""
    gpa, size = initrd
    module = struct.pack("<4Q", gpa, size, 0, 0) if size else b""
    entries = memory_map(config.memory_size)
    table = b"".join(struct.pack("<QQII", *entry, 0) for entry in entries)
    modules_gpa = low_ram.PVH_START_INFO + _PVH_START_INFO_SIZE
    table_gpa = modules_gpa + len(module)
    info = struct.pack(
        "<4I4QII",
        _PVH_MAGIC, 1, 0, 1 if size else 0,
        modules_gpa, low_ram.COMMAND_LINE, rsdp, table_gpa, len(entries), 0,
    )  # fmt: skip
    memory.write(low_ram.PVH_START_INFO, info + module + table)
