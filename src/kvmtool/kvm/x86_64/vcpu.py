"""Registers and state of an x86-64 vCPU (api.rst, "vcpu ioctls")."""

from __future__ import annotations

import ctypes

from kvmtool.kvm.x86_64.msrs import CpuLists
from kvmtool.uapi import with_room
from kvmtool.uapi.x86_64 import kvm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SMALLEST_XSAVE = 4096


class VcpuIoctls(CpuLists):
    """Ioctls of a vCPU that only x86-64 has."""

    def get_regs(self) -> kvm.kvm_regs:
        """Return the general registers, rip and rflags (KVM_GET_REGS)."""
        regs = kvm.kvm_regs()
        self._ioctl("KVM_GET_REGS", regs)
        return regs

    def set_regs(self, regs: kvm.kvm_regs) -> None:
        """Set the general registers, rip and rflags (KVM_SET_REGS)."""
        self._ioctl("KVM_SET_REGS", regs)

    def get_sregs(self) -> kvm.kvm_sregs:
        """Return segments, descriptor tables, control registers, EFER (KVM_GET_SREGS)."""
        sregs = kvm.kvm_sregs()
        self._ioctl("KVM_GET_SREGS", sregs)
        return sregs

    def set_sregs(self, sregs: kvm.kvm_sregs) -> None:
        """Set what `get_sregs` returns (KVM_SET_SREGS)."""
        self._ioctl("KVM_SET_SREGS", sregs)

    def get_sregs2(self) -> kvm.kvm_sregs2:
        """Return what `get_sregs` does, with the PDPTEs and no interrupts (KVM_GET_SREGS2)."""
        sregs = kvm.kvm_sregs2()
        self._ioctl("KVM_GET_SREGS2", sregs, needs="KVM_CAP_SREGS2")
        return sregs

    def set_sregs2(self, sregs: kvm.kvm_sregs2) -> None:
        """Set what `get_sregs2` returns (KVM_SET_SREGS2)."""
        self._ioctl("KVM_SET_SREGS2", sregs, needs="KVM_CAP_SREGS2")

    def get_fpu(self) -> kvm.kvm_fpu:
        """Return the x87 and SSE registers (KVM_GET_FPU)."""
        fpu = kvm.kvm_fpu()
        self._ioctl("KVM_GET_FPU", fpu)
        return fpu

    def set_fpu(self, fpu: kvm.kvm_fpu) -> None:
        """Set the x87 and SSE registers (KVM_SET_FPU)."""
        self._ioctl("KVM_SET_FPU", fpu)

    def get_xsave(self) -> kvm.kvm_xsave:
        """Return the first 4096 bytes of the XSAVE area (KVM_GET_XSAVE)."""
        xsave = kvm.kvm_xsave()
        self._ioctl("KVM_GET_XSAVE", xsave, needs="KVM_CAP_XSAVE")
        return xsave

    def get_xsave2(self) -> bytearray:
        """Return the whole XSAVE area, which may be larger than 4096 bytes (KVM_GET_XSAVE2)."""
        area = bytearray(self._xsave_size())
        buffer = (ctypes.c_char * len(area)).from_buffer(area)
        self._ioctl("KVM_GET_XSAVE2", buffer, needs="KVM_CAP_XSAVE2")
        return area

    def set_xsave(self, state: kvm.kvm_xsave | bytearray) -> None:
        """Set what `get_xsave` or `get_xsave2` returns (KVM_SET_XSAVE)."""
        content = bytes(state)
        size = self._xsave_size()
        if len(content) > size:
            raise ValueError(f"the XSAVE area has {size} bytes on this host, not {len(content)}")
        # KVM reads the whole area, however short the structure in its interface is.
        area = (ctypes.c_char * size).from_buffer_copy(content.ljust(size, b"\0"))
        self._ioctl("KVM_SET_XSAVE", area, needs="KVM_CAP_XSAVE")

    def _xsave_size(self) -> int:
        return max(_SMALLEST_XSAVE, self.check_extension("KVM_CAP_XSAVE2"))

    def get_xcrs(self) -> dict[int, int]:
        """Return the extended control registers by number; 0 is XCR0 (KVM_GET_XCRS)."""
        xcrs = kvm.kvm_xcrs()
        self._ioctl("KVM_GET_XCRS", xcrs, needs="KVM_CAP_XCRS")
        return {entry.xcr: entry.value for entry in xcrs.xcrs[: xcrs.nr_xcrs]}

    def set_xcrs(self, values: Mapping[int, int]) -> None:
        """Set extended control registers by number (KVM_SET_XCRS)."""
        xcrs = kvm.kvm_xcrs(nr_xcrs=len(values))
        for position, (number, value) in enumerate(values.items()):
            xcrs.xcrs[position].xcr = number
            xcrs.xcrs[position].value = value
        self._ioctl("KVM_SET_XCRS", xcrs, needs="KVM_CAP_XCRS")

    def get_debugregs(self) -> kvm.kvm_debugregs:
        """Return DR0 to DR3, DR6 and DR7 (KVM_GET_DEBUGREGS)."""
        debugregs = kvm.kvm_debugregs()
        self._ioctl("KVM_GET_DEBUGREGS", debugregs, needs="KVM_CAP_DEBUGREGS")
        return debugregs

    def set_debugregs(self, debugregs: kvm.kvm_debugregs) -> None:
        """Set what `get_debugregs` returns (KVM_SET_DEBUGREGS)."""
        self._ioctl("KVM_SET_DEBUGREGS", debugregs, needs="KVM_CAP_DEBUGREGS")

    def get_lapic(self) -> kvm.kvm_lapic_state:
        """Return the local APIC's first 1024 bytes (KVM_GET_LAPIC).

        Needs the in-kernel interrupt controllers.
        """
        lapic = kvm.kvm_lapic_state()
        self._ioctl("KVM_GET_LAPIC", lapic, needs="KVM_CAP_IRQCHIP")
        return lapic

    def set_lapic(self, lapic: kvm.kvm_lapic_state) -> None:
        """Set what `get_lapic` returns (KVM_SET_LAPIC)."""
        self._ioctl("KVM_SET_LAPIC", lapic, needs="KVM_CAP_IRQCHIP")

    def set_msrs(self, values: Mapping[int, int]) -> None:
        """Set MSRs by number, in this order; MsrRefused names the first refused (KVM_SET_MSRS)."""
        self._msrs("KVM_SET_MSRS", values)

    def get_cpuid2(self) -> list[kvm.kvm_cpuid_entry2]:
        """Return the CPUID leaves that the guest sees (KVM_GET_CPUID2)."""
        leaves = self._cpuid("KVM_GET_CPUID2", needs="KVM_CAP_EXT_CPUID")
        # Older kernels (6.1 is one) do not say how many they gave; the rest is still zero.
        while leaves and not any(bytes(leaves[-1])):
            leaves.pop()
        return leaves

    def set_cpuid2(self, entries: Sequence[kvm.kvm_cpuid_entry2]) -> None:
        """Set the CPUID leaves that the guest sees, before it first runs (KVM_SET_CPUID2)."""
        leaves = with_room(kvm.kvm_cpuid2, len(entries))
        leaves.nent = len(entries)
        leaves.entries[:] = list(entries)
        self._ioctl("KVM_SET_CPUID2", leaves, needs="KVM_CAP_EXT_CPUID")

    def get_tsc_khz(self) -> int:
        """Return the time stamp counter's rate in kHz (KVM_GET_TSC_KHZ)."""
        return self._ioctl("KVM_GET_TSC_KHZ", needs="KVM_CAP_GET_TSC_KHZ")

    def set_tsc_khz(self, khz: int) -> None:
        """Set this vCPU's rate, in kHz (KVM_SET_TSC_KHZ)."""
        self._ioctl("KVM_SET_TSC_KHZ", khz, needs="KVM_CAP_TSC_CONTROL")

    def interrupt(self, vector: int) -> None:
        """Queue an external interrupt, where the PIC is not in the kernel (KVM_INTERRUPT)."""
        self._ioctl("KVM_INTERRUPT", kvm.kvm_interrupt(irq=vector))

    def nmi(self) -> None:
        """Queue a non-maskable interrupt (KVM_NMI)."""
        self._ioctl("KVM_NMI", needs="KVM_CAP_USER_NMI")

    def smi(self) -> None:
        """Queue a system management interrupt (KVM_SMI)."""
        self._ioctl("KVM_SMI", needs="KVM_CAP_X86_SMM")

    def kvmclock_ctrl(self) -> None:
        """Tell the guest that it was stopped, so its watchdog keeps calm (KVM_KVMCLOCK_CTRL)."""
        self._ioctl("KVM_KVMCLOCK_CTRL", needs="KVM_CAP_KVMCLOCK_CTRL")

    def translate(self, linear_address: int) -> kvm.kvm_translation:
        """Translate by the guest's page tables: `valid`, `physical_address` (KVM_TRANSLATE)."""
        translation = kvm.kvm_translation(linear_address=linear_address)
        self._ioctl("KVM_TRANSLATE", translation)
        return translation

    def tpr_access_reporting(self, *, enabled: bool) -> None:
        """Say whether accesses to the task priority exit (KVM_TPR_ACCESS_REPORTING)."""
        control = kvm.kvm_tpr_access_ctl(enabled=int(enabled))
        self._ioctl("KVM_TPR_ACCESS_REPORTING", control, needs="KVM_CAP_VAPIC")

    def set_vapic_addr(self, gpa: int) -> None:
        """Say where the guest's copy of the task priority is (KVM_SET_VAPIC_ADDR)."""
        self._ioctl("KVM_SET_VAPIC_ADDR", kvm.kvm_vapic_addr(vapic_addr=gpa), needs="KVM_CAP_VAPIC")

    def x86_setup_mce(self, features: int) -> None:
        """Turn machine checks on: banks in bits 0-7, and MCG_CAP's other bits.

        The ioctl is KVM_X86_SETUP_MCE.
        """
        self._ioctl("KVM_X86_SETUP_MCE", ctypes.c_uint64(features), needs="KVM_CAP_MCE")

    def x86_set_mce(self, mce: kvm.kvm_x86_mce) -> None:
        """Inject a machine check (KVM_X86_SET_MCE)."""
        self._ioctl("KVM_X86_SET_MCE", mce, needs="KVM_CAP_MCE")

    def get_nested_state(self) -> bytearray:
        """Return the state of a guest's own guest, a struct kvm_nested_state.

        Its length is its `size` (KVM_GET_NESTED_STATE).
        """
        state = bytearray(self.check_extension("KVM_CAP_NESTED_STATE") or _SMALLEST_XSAVE)
        header = kvm.kvm_nested_state.from_buffer(state)
        header.size = len(state)
        self._ioctl("KVM_GET_NESTED_STATE", header, needs="KVM_CAP_NESTED_STATE")
        return state[: header.size]

    def set_nested_state(self, state: bytearray) -> None:
        """Set what `get_nested_state` returns (KVM_SET_NESTED_STATE)."""
        header = kvm.kvm_nested_state.from_buffer(state)
        self._ioctl("KVM_SET_NESTED_STATE", header, needs="KVM_CAP_NESTED_STATE")
