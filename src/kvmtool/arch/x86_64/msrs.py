"""Model-specific registers that firmware would have set (Intel SDM volume 4; memory types and
MTRRs: volume 3A, chapter 12)."""

from __future__ import annotations

IA32_FEATURE_CONTROL = 0x3A
IA32_MISC_ENABLE = 0x1A0
IA32_PAT = 0x277
IA32_MTRR_DEF_TYPE = 0x2FF

_LOCKED = 1 << 0
_VMX_OUTSIDE_SMX = 1 << 2
_FAST_STRINGS = 1 << 0
# KVM has them set at reset, and perf in the guest asks for them.
_BTS_UNAVAILABLE = 1 << 11
_PEBS_UNAVAILABLE = 1 << 12
_MTRR_ENABLE = 1 << 11
_WRITE_BACK = 6
_PAT_AT_RESET = 0x0007_0406_0007_0406  # WB, WT, UC-, UC, twice


def initial(*, vmx: bool) -> dict[int, int]:
    """Values by MSR number, for each vCPU after its CPUID is set; the rest stays as at reset.

    All memory is write-back unless page tables say otherwise, without fixed or variable ranges.
    `vmx` is whether the vCPU has VMX, which a guest may use only if firmware left it enabled.
    """
    values = {
        IA32_MISC_ENABLE: _FAST_STRINGS | _BTS_UNAVAILABLE | _PEBS_UNAVAILABLE,
        IA32_PAT: _PAT_AT_RESET,
        IA32_MTRR_DEF_TYPE: _MTRR_ENABLE | _WRITE_BACK,
    }
    if vmx:
        values[IA32_FEATURE_CONTROL] = _LOCKED | _VMX_OUTSIDE_SMX
    return values
