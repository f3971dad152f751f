"""What CPUID tells a guest: KVM's supported leaves made into one package of single-thread cores.

Intel SDM volume 2A, CPUID; AMD APM volume 3, appendix E; for what KVM_GET_SUPPORTED_CPUID leaves
to user space, Documentation/virt/kvm/api.rst (4.46) and x86/errata.rst.
"""

from __future__ import annotations

from kvmtool.errors import BadInput
from kvmtool.uapi.x86_64 import kvm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TypeAlias

    from kvmtool.arch.x86_64.cpu_features import Bit, Change

    Leaf: TypeAlias = "kvm.kvm_cpuid_entry2 | CpuidEntry"

_BASIC, _EXTENDED = 0x0, 0x8000_0000
_VERSION, _CACHES, _MONITOR, _POWER, _FEATURES = 0x1, 0x4, 0x5, 0x6, 0x7
_PMU, _TOPOLOGY, _SGX, _LBR, _TOPOLOGY_V2, _PMU_EXT = 0xA, 0xB, 0x12, 0x1C, 0x1F, 0x23
_KVM_FEATURES = 0x4000_0001
_AMD_FEATURES, _ADDRESS_SIZES, _AMD_CACHES = 0x8000_0001, 0x8000_0008, 0x8000_001D
_AMD_TOPOLOGY, _AMD_PMU, _AMD_TOPOLOGY_EXT = 0x8000_001E, 0x8000_0022, 0x8000_0026

_THREAD_LEVEL, _CORE_LEVEL = 1, 2

# Leaf 1
_HTT = 1 << 28  # edx
_VMX = 1 << 5  # ecx from here
_MONITOR_MWAIT = 1 << 3
_PDCM = 1 << 15
_TSC_DEADLINE = 1 << 24
_OSXSAVE = 1 << 27
_HYPERVISOR = 1 << 31
# Leaf 6 eax
_ARAT = 1 << 2
# Leaf 7
_SGX_EBX = 1 << 2
_OSPKE_ECX = 1 << 4
_SGX_LC_ECX = 1 << 30
_ARCH_LBR_EDX = 1 << 19
_ARCH_PERFMON_EXT_EAX = 1 << 8  # subleaf 1
# Leaf 0x40000001
_MSI_EXT_DEST_ID = 1 << 15
_HINTS_REALTIME: Bit = (_KVM_FEATURES, 0, "edx", 0)
# Leaf 0x80000001 ecx
_CMP_LEGACY = 1 << 1
_AMD_COUNTERS = 1 << 23 | 1 << 24 | 1 << 28  # core, north bridge, last-level cache


class CpuidEntry:
    """One leaf, or subleaf, as struct kvm_cpuid_entry2 has it."""

    __slots__ = ("eax", "ebx", "ecx", "edx", "flags", "function", "index")

    def __init__(
        self,
        function: int,
        index: int = 0,
        flags: int = 0,
        eax: int = 0,
        ebx: int = 0,
        ecx: int = 0,
        edx: int = 0,
    ) -> None:
        self.function = function
        self.index = index
        self.flags = flags
        self.eax = eax
        self.ebx = ebx
        self.ecx = ecx
        self.edx = edx

    def clear(self) -> None:
        self.eax = self.ebx = self.ecx = self.edx = 0

    def __repr__(self) -> str:
        return (
            f"CpuidEntry({self.function:#x}, {self.index}, {self.flags}, "
            f"{self.eax:#x}, {self.ebx:#x}, {self.ecx:#x}, {self.edx:#x})"
        )


def _copy(entry: Leaf) -> CpuidEntry:
    return CpuidEntry(
        entry.function, entry.index, entry.flags, entry.eax, entry.ebx, entry.ecx, entry.edx
    )


def structures(entries: Iterable[CpuidEntry]) -> list[kvm.kvm_cpuid_entry2]:
    """The entries as KVM_SET_CPUID2 takes them."""
    return [
        kvm.kvm_cpuid_entry2(
            entry.function, entry.index, entry.flags, entry.eax, entry.ebx, entry.ecx, entry.edx
        )
        for entry in entries
    ]


def apic_ids(cpu_count: int) -> list[int]:
    """The APIC id of each vCPU, in order; KVM's own default is the same."""
    if cpu_count < 1:
        raise ValueError(f"a machine must have at least one vCPU, not {cpu_count}")
    return list(range(cpu_count))


def guest_cpuid(
    supported: Iterable[Leaf],
    *,
    cpu_count: int,
    tsc_deadline: bool,
    pmu: bool = True,
    x2apic_32bit_ids: bool = False,
    changes: Sequence[Change] = (),
    emulated: Iterable[Leaf] = (),
) -> list[CpuidEntry]:
    """The leaves of all vCPUs of a machine; `for_vcpu` makes one vCPU's of them.

    `supported` and `emulated` are what KVM_GET_SUPPORTED_CPUID and KVM_GET_EMULATED_CPUID say;
    `tsc_deadline` is KVM_CAP_TSC_DEADLINE_TIMER, `pmu` whether the guest may have the host's
    counters, `x2apic_32bit_ids` whether KVM_CAP_X2APIC_API was enabled with 32-bit ids.
    Raises BadInput if `changes` offer a feature that KVM neither supports nor emulates.
    """
    leaves = _Leaves(supported)
    leaves.drop(_TOPOLOGY, _TOPOLOGY_V2, _AMD_TOPOLOGY, _AMD_TOPOLOGY_EXT)
    _set_version(leaves, tsc_deadline)
    _clear_power_management(leaves)
    _clear_sgx(leaves)
    if not pmu:
        _clear_pmu(leaves)
    paravirtual = leaves.get(_KVM_FEATURES)
    if paravirtual and x2apic_32bit_ids:
        paravirtual.eax |= _MSI_EXT_DEST_ID
    _set_topology(leaves, cpu_count)
    if changes:
        _apply(changes, leaves, _Leaves(emulated))
    return leaves.entries


def for_vcpu(entries: Iterable[CpuidEntry], apic_id: int) -> list[CpuidEntry]:
    """The leaves of the vCPU with this APIC id; entries that do not depend on it are shared."""
    own = []
    for entry in entries:
        function = entry.function
        if function == _VERSION:
            entry = _copy(entry)
            entry.ebx = entry.ebx & 0x00FF_FFFF | (apic_id & 0xFF) << 24
        elif function in (_TOPOLOGY, _TOPOLOGY_V2):
            entry = _copy(entry)
            entry.edx = apic_id
        elif function == _AMD_TOPOLOGY:
            entry = _copy(entry)
            entry.eax = apic_id
            entry.ebx = apic_id & 0xFF  # core id; threads in a core, less one, is 0
        own.append(entry)
    return own


class _Leaves:
    """Copies of entries, found by function and index."""

    def __init__(self, entries: Iterable[Leaf]) -> None:
        self.entries = [_copy(entry) for entry in entries]
        self._by_number = {(entry.function, entry.index): entry for entry in self.entries}

    def get(self, function: int, index: int = 0) -> CpuidEntry | None:
        return self._by_number.get((function, index))

    def add(self, entry: CpuidEntry) -> None:
        self.entries.append(entry)
        self._by_number[entry.function, entry.index] = entry

    def drop(self, *functions: int) -> None:
        self.entries = [entry for entry in self.entries if entry.function not in functions]
        self._by_number = {(entry.function, entry.index): entry for entry in self.entries}

    def clear(self, *functions: int) -> None:
        for entry in self.entries:
            if entry.function in functions:
                entry.clear()


def _is_amd(leaves: _Leaves) -> bool:
    basic = leaves.get(_BASIC)
    if basic is None:
        return False
    vendor = b"".join([word.to_bytes(4, "little") for word in (basic.ebx, basic.edx, basic.ecx)])
    return vendor in (b"AuthenticAMD", b"HygonGenuine")


def _set_version(leaves: _Leaves, tsc_deadline: bool) -> None:
    """OSXSAVE and OSPKE follow CR4, which KVM sees to; the deadline timer is a capability."""
    version = leaves.get(_VERSION)
    if version:
        version.ecx = version.ecx & ~(_OSXSAVE | _TSC_DEADLINE) | _HYPERVISOR
        if tsc_deadline:
            version.ecx |= _TSC_DEADLINE
    features = leaves.get(_FEATURES)
    if features:
        features.ecx &= ~_OSPKE_ECX


def _clear_power_management(leaves: _Leaves) -> None:
    """No sensors and no P-states, and an APIC timer that never stops."""
    version = leaves.get(_VERSION)
    if not (version and version.ecx & _MONITOR_MWAIT):
        leaves.clear(_MONITOR)
    leaves.clear(_POWER)
    power = leaves.get(_POWER)
    if power:
        power.eax = _ARAT


def _clear_sgx(leaves: _Leaves) -> None:
    """The machine has no enclave page cache."""
    leaves.clear(_SGX)
    features = leaves.get(_FEATURES)
    if features:
        features.ebx &= ~_SGX_EBX
        features.ecx &= ~_SGX_LC_ECX


def _clear_pmu(leaves: _Leaves) -> None:
    leaves.clear(_PMU, _LBR, _PMU_EXT, _AMD_PMU)
    version = leaves.get(_VERSION)
    if version:
        version.ecx &= ~_PDCM
    features = leaves.get(_FEATURES)
    if features:
        features.edx &= ~_ARCH_LBR_EDX
    features = leaves.get(_FEATURES, 1)
    if features:
        features.eax &= ~_ARCH_PERFMON_EXT_EAX
    amd = leaves.get(_AMD_FEATURES)
    if amd:
        amd.ecx &= ~_AMD_COUNTERS


def _set_topology(leaves: _Leaves, cpu_count: int) -> None:
    """One package of `cpu_count` cores with one thread each, in every leaf that tells of it."""
    amd = _is_amd(leaves)
    core_bits = (cpu_count - 1).bit_length()
    addressable = 1 << core_bits

    version = leaves.get(_VERSION)
    if version:
        # Intel counts the ids that the package may use, AMD the processors in it.
        processors = min(cpu_count if amd else addressable, 255)
        version.ebx = version.ebx & 0x0000_FFFF | processors << 16
        version.edx = version.edx | _HTT if cpu_count > 1 else version.edx & ~_HTT

    for entry in leaves.entries:
        level = entry.eax >> 5 & 7
        if entry.function == _CACHES and entry.eax & 0x1F:
            sharing = min(addressable, 1 << 12) - 1 if level >= 3 else 0
            entry.eax = entry.eax & 0x3FFF | sharing << 14 | min(addressable - 1, 63) << 26
        elif entry.function == _AMD_CACHES and entry.eax & 0x1F:
            sharing = min(cpu_count, 1 << 12) - 1 if level >= 3 else 0
            entry.eax = entry.eax & ~(0xFFF << 14) | sharing << 14

    basic = leaves.get(_BASIC)
    if basic:
        basic.eax = max(basic.eax, _TOPOLOGY)
        for function in (_TOPOLOGY, _TOPOLOGY_V2):
            if basic.eax >= function:
                _add_topology(leaves, function, core_bits, cpu_count)
    if amd:
        _set_amd_topology(leaves, core_bits, cpu_count)


def _add_topology(leaves: _Leaves, function: int, core_bits: int, cpu_count: int) -> None:
    """Threads and cores: bits of the x2APIC id below the next level, processors, level type."""
    levels = ((0, 1, _THREAD_LEVEL), (core_bits, cpu_count, _CORE_LEVEL), (0, 0, 0))
    for index, (shift, processors, level) in enumerate(levels):
        leaves.add(
            CpuidEntry(
                function,
                index,
                kvm.KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
                eax=shift,
                ebx=processors,
                ecx=level << 8 | index,
            )
        )


def _set_amd_topology(leaves: _Leaves, core_bits: int, cpu_count: int) -> None:
    features = leaves.get(_AMD_FEATURES)
    if features:
        many = cpu_count > 1
        features.ecx = features.ecx | _CMP_LEGACY if many else features.ecx & ~_CMP_LEGACY
    sizes = leaves.get(_ADDRESS_SIZES)
    if sizes:
        sizes.ecx = sizes.ecx & ~0xF0FF | core_bits << 12 | min(cpu_count - 1, 255)
    extended = leaves.get(_EXTENDED)
    if extended and extended.eax >= _AMD_TOPOLOGY:
        leaves.add(CpuidEntry(_AMD_TOPOLOGY))


def _apply(changes: Sequence[Change], leaves: _Leaves, emulated: _Leaves) -> None:
    """The last of several changes to a feature holds; what KVM supports is asked beforehand."""
    offered = _Leaves(leaves.entries)
    for change in changes:
        possible = [
            bit
            for bit in change.bits
            if leaves.get(*bit[:2])
            and (bit == _HINTS_REALTIME or _has(offered, bit) or _has(emulated, bit))
        ]
        if change.offer and not possible:
            raise BadInput(f"--cpuid {change!r}: this host's KVM does not support it")
        for function, index, register, number in possible:
            entry = leaves.get(function, index)
            value = getattr(entry, register)
            mask = 1 << number
            setattr(entry, register, value | mask if change.offer else value & ~mask)


def _has(leaves: _Leaves, bit: Bit) -> bool:
    function, index, register, number = bit
    entry = leaves.get(function, index)
    return entry is not None and bool(getattr(entry, register) >> number & 1)


def has_vmx(entries: Iterable[CpuidEntry]) -> bool:
    """Whether the guest is offered VMX (see `msrs.initial`)."""
    return any(entry.function == _VERSION and entry.ecx & _VMX for entry in entries)
