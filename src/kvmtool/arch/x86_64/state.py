"""What a vCPU that stopped was doing, as text."""

from __future__ import annotations

from kvmtool.errors import KvmtoolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.kvm import Vcpu
    from kvmtool.memory import GuestMemory

_GENERAL = (
    ("rip", "rsp", "rflags"),
    ("rax", "rbx", "rcx"),
    ("rdx", "rsi", "rdi"),
    ("rbp", "r8", "r9"),
    ("r10", "r11", "r12"),
    ("r13", "r14", "r15"),
)
_SEGMENTS = ("cs", "ds", "es", "ss", "fs", "gs", "tr", "ldt")
_CODE_BEFORE, _CODE_AFTER = 16, 16


def describe(vcpu: Vcpu, memory: GuestMemory) -> str:
    """The registers of a vCPU that does not run, and the code around its instruction pointer."""
    regs, sregs = vcpu.get_regs(), vcpu.get_sregs()
    lines = [f"vCPU {vcpu.id}:"]
    for row in _GENERAL:
        lines.append("  " + "  ".join(f"{name:>6} {getattr(regs, name):016x}" for name in row))
    for name in _SEGMENTS:
        segment = getattr(sregs, name)
        lines.append(
            f"  {name:>6} {segment.selector:04x} base {segment.base:016x}"
            f" limit {segment.limit:08x} type {segment.type:x} s {segment.s} dpl {segment.dpl}"
            f" p {segment.present} db {segment.db} l {segment.l} g {segment.g}"
        )
    lines.append(f"     gdt base {sregs.gdt.base:016x} limit {sregs.gdt.limit:04x}")
    lines.append(f"     idt base {sregs.idt.base:016x} limit {sregs.idt.limit:04x}")
    lines.append(
        f"     cr0 {sregs.cr0:016x}  cr2 {sregs.cr2:016x}  cr3 {sregs.cr3:016x}"
        f"  cr4 {sregs.cr4:016x}"
    )
    lines.append(f"    efer {sregs.efer:016x}  apic_base {sregs.apic_base:016x}")
    lines.append("    code " + _code(vcpu, memory, sregs.cs.base + regs.rip))
    return "\n".join(lines)


def _code(vcpu: Vcpu, memory: GuestMemory, address: int) -> str:
    """The bytes around `address`, the one it points to in <>, as the kernel's oops shows them."""
    shown = []
    for linear in range(max(0, address - _CODE_BEFORE), address + _CODE_AFTER):
        try:
            translation = vcpu.translate(linear)
            if not translation.valid:
                raise KvmtoolError("not mapped")
            byte = f"{memory.read(translation.physical_address, 1)[0]:02x}"
        except KvmtoolError:
            byte = "??"
        shown.append(f"<{byte}>" if linear == address else byte)
    return " ".join(shown)
