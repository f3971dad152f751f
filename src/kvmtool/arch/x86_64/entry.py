"""The state in which the first vCPU enters an image.

Intel SDM volume 3: 3.4.5 (segment descriptors), 4.5 (4-level paging), 9.1.1 (reset state).
Documentation/arch/x86/boot.rst says what a Linux kernel wants, the multiboot specification 0.6.96
(3.2) and the PVH document of Xen what theirs want.
"""

from __future__ import annotations

import struct

from kvmtool.arch.x86_64 import low_ram

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.kvm import Vcpu
    from kvmtool.memory import GuestMemory
    from kvmtool.uapi import kvm

_CR0_PE, _CR0_MP, _CR0_ET, _CR0_NE, _CR0_WP, _CR0_PG = 1, 1 << 1, 1 << 4, 1 << 5, 1 << 16, 1 << 31
_CR4_PAE = 1 << 5
_EFER_LME, _EFER_LMA = 1 << 8, 1 << 10
_RFLAGS_ALWAYS = 1 << 1

_CODE, _DATA, _TSS = 0xB, 0x3, 0xB  # accessed execute/read, accessed read/write, busy TSS
_CODE_SELECTOR, _DATA_SELECTOR, _TSS_SELECTOR = 0x10, 0x18, 0x20  # __BOOT_CS, __BOOT_DS

_PRESENT_WRITABLE, _LARGE_PAGE = 0b11, 1 << 7
_LARGE_PAGE_SIZE = 2 << 20
_ENTRIES = 512


def enter_real_mode(vcpu: Vcpu, segment: int, offset: int) -> None:
    """Start at segment:offset with the registers of a reset and all segments alike."""
    sregs = vcpu.get_sregs()
    for register in (sregs.cs, sregs.ds, sregs.es, sregs.ss, sregs.fs, sregs.gs):
        register.selector = segment
        register.base = segment << 4
    vcpu.set_sregs(sregs)
    _set_registers(vcpu, rip=offset)


def enter_protected_mode(
    vcpu: Vcpu, memory: GuestMemory, entry: int, *, eax: int = 0, ebx: int = 0, esi: int = 0
) -> None:
    """Start at physical address `entry` in 32-bit protected mode, flat, without paging."""
    sregs = vcpu.get_sregs()
    _flatten(sregs.cs, _CODE_SELECTOR, _CODE, is_32_bit=True)
    for register in (sregs.ds, sregs.es, sregs.ss, sregs.fs, sregs.gs):
        _flatten(register, _DATA_SELECTOR, _DATA, is_32_bit=True)
    _make_task_state(sregs.tr)
    _load_gdt(memory, sregs.gdt, long_mode=False)
    sregs.cr0 = _CR0_PE | _CR0_ET
    vcpu.set_sregs(sregs)
    _set_registers(vcpu, rip=entry, rax=eax, rbx=ebx, rsi=esi)


def enter_long_mode(vcpu: Vcpu, memory: GuestMemory, entry: int, *, rsi: int) -> None:
    """Start at physical address `entry` in 64-bit mode, the first 4 GiB mapped one to one."""
    _write_identity_map(memory, low_ram.PAGE_TABLES)
    sregs = vcpu.get_sregs()
    _flatten(sregs.cs, _CODE_SELECTOR, _CODE, is_32_bit=False)
    for register in (sregs.ds, sregs.es, sregs.ss, sregs.fs, sregs.gs):
        _flatten(register, _DATA_SELECTOR, _DATA, is_32_bit=True)
    _make_task_state(sregs.tr)
    _load_gdt(memory, sregs.gdt, long_mode=True)
    sregs.cr3 = low_ram.PAGE_TABLES
    sregs.cr4 = _CR4_PAE
    sregs.cr0 = _CR0_PE | _CR0_MP | _CR0_ET | _CR0_NE | _CR0_WP | _CR0_PG
    sregs.efer = _EFER_LME | _EFER_LMA
    vcpu.set_sregs(sregs)
    _set_registers(vcpu, rip=entry, rsi=rsi, rsp=low_ram.BOOT_STACK)


def _set_registers(vcpu: Vcpu, **values: int) -> None:
    regs = vcpu.get_regs()
    for name in ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp"):
        setattr(regs, name, 0)
    regs.rflags = _RFLAGS_ALWAYS
    for name, value in values.items():
        setattr(regs, name, value)
    vcpu.set_regs(regs)


def _flatten(segment: kvm.kvm_segment, selector: int, kind: int, *, is_32_bit: bool) -> None:
    """Make `segment` span 4 GiB from 0 (a code segment that is not 32-bit is 64-bit)."""
    segment.base = 0
    segment.limit = 0xFFFFFFFF
    segment.selector = selector
    segment.type = kind
    segment.present = 1
    segment.dpl = 0
    segment.db = int(is_32_bit)
    segment.s = 1
    segment.l = int(not is_32_bit)
    segment.g = 1
    segment.unusable = 0


def _make_task_state(segment: kvm.kvm_segment) -> None:
    """Give TR the value that VM entry asks for; no image uses it."""
    segment.base = 0
    segment.limit = 0x67
    segment.selector = _TSS_SELECTOR
    segment.type = _TSS
    segment.present = 1
    segment.s = 0
    segment.g = 0
    segment.unusable = 0


def _load_gdt(memory: GuestMemory, table: kvm.kvm_dtable, *, long_mode: bool) -> None:
    """Write the descriptors that the cached segments stand for, for images that reload them."""
    code = 0x00AF9B000000FFFF if long_mode else 0x00CF9B000000FFFF
    descriptors = (0, 0, code, 0x00CF93000000FFFF, 0x00008B0000000067, 0)
    memory.write(low_ram.GDT, struct.pack("<6Q", *descriptors))
    table.base = low_ram.GDT
    table.limit = len(descriptors) * 8 - 1


def _write_identity_map(memory: GuestMemory, base: int) -> None:
    """Map 4 GiB with 2 MiB pages: one PML4, one PDPT and four page directories from `base`."""
    pml4, pdpt, directories = base, base + 0x1000, base + 0x2000
    memory.write(pml4, struct.pack("<Q", pdpt | _PRESENT_WRITABLE))
    memory.write(
        pdpt, struct.pack("<4Q", *(directories + i * 0x1000 | _PRESENT_WRITABLE for i in range(4)))
    )
    flags = _PRESENT_WRITABLE | _LARGE_PAGE
    pages = (page * _LARGE_PAGE_SIZE | flags for page in range(4 * _ENTRIES))
    memory.write(directories, struct.pack(f"<{4 * _ENTRIES}Q", *pages))
