"""Makes the vCPUs: how many there may be, what CPUID tells each, its model-specific registers."""

from __future__ import annotations

from kvmtool.arch.x86_64 import cpuid, irqchip, msrs
from kvmtool.errors import BadInput
from kvmtool.uapi import kvm as uapi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.arch.x86_64.cpu_features import Change
    from kvmtool.kvm import Kvm, Vcpu, Vm

_LARGEST_XAPIC_ID = 254
_ADDRESS_SIZES = 0x80000008
_SMALLEST_ADDRESS_BITS = 36


def check_count(vm: Vm, count: int) -> None:
    """Raise BadInput if this host's KVM has fewer than `count` vCPUs for a machine."""
    most = vm.check_extension("KVM_CAP_MAX_VCPUS")
    if count > most:
        raise BadInput(f"{count} CPUs are more than the {most} that this host's KVM gives")


def create(kvm: Kvm, vm: Vm, count: int, changes: str) -> list[Vcpu]:
    """Make `count` vCPUs in reset state; `changes` is a list such as "+x2apic,-avx2".

    The first runs at once; the others wait for INIT and SIPI. Raises BadInput for features that
    there are not.
    """
    wide_ids = count > _LARGEST_XAPIC_ID
    if wide_ids:
        vm.enable_cap("KVM_CAP_X2APIC_API", uapi.KVM_X2APIC_API_USE_32BIT_IDS)
    leaves = cpuid.guest_cpuid(
        kvm.get_supported_cpuid(),
        cpu_count=count,
        tsc_deadline=bool(vm.check_extension("KVM_CAP_TSC_DEADLINE_TIMER")),
        x2apic_32bit_ids=wide_ids,
        changes=_changes(changes) if changes else (),
        emulated=kvm.get_emulated_cpuid() if changes else (),
    )
    registers = msrs.initial(vmx=cpuid.has_vmx(leaves))
    vcpus = []
    for apic_id in cpuid.apic_ids(count):
        vcpu = vm.create_vcpu(apic_id)
        vcpus.append(vcpu)
        vcpu.set_cpuid2(cpuid.structures(cpuid.for_vcpu(leaves, apic_id)))
        vcpu.set_msrs(registers)
        irqchip.wire_local_apic(vcpu)
    return vcpus


def _changes(text: str) -> list[Change]:
    from kvmtool.arch.x86_64 import cpu_features

    return cpu_features.parse(text)


def physical_address_bits(vcpu: Vcpu) -> int:
    """How wide a guest physical address is."""
    for entry in vcpu.get_cpuid2():
        if entry.function == _ADDRESS_SIZES:
            return entry.eax & 0xFF
    return _SMALLEST_ADDRESS_BITS
