"""What /dev/kvm says about the CPUs that it can make (api.rst, "system ioctls", x86)."""

from __future__ import annotations

import ctypes

from kvmtool.kvm.x86_64.msrs import CpuLists
from kvmtool.uapi.x86_64 import kvm


class KvmIoctls(CpuLists):
    """Ioctls of /dev/kvm on x86-64."""

    def get_supported_cpuid(self) -> list[kvm.kvm_cpuid_entry2]:
        """Return the CPUID leaves that this host and its KVM support (KVM_GET_SUPPORTED_CPUID)."""
        return self._cpuid("KVM_GET_SUPPORTED_CPUID", needs="KVM_CAP_EXT_CPUID")

    def get_emulated_cpuid(self) -> list[kvm.kvm_cpuid_entry2]:
        """Return the features that KVM emulates without the host's help.

        The ioctl is KVM_GET_EMULATED_CPUID.
        """
        return self._cpuid("KVM_GET_EMULATED_CPUID", needs="KVM_CAP_EXT_EMUL_CPUID")

    def get_supported_hv_cpuid(self) -> list[kvm.kvm_cpuid_entry2]:
        """Return the leaves of the Hyper-V interface (KVM_GET_SUPPORTED_HV_CPUID)."""
        return self._cpuid("KVM_GET_SUPPORTED_HV_CPUID", needs="KVM_CAP_SYS_HYPERV_CPUID")

    def get_msr_index_list(self) -> list[int]:
        """Return the MSRs that are a guest's state, to be saved (KVM_GET_MSR_INDEX_LIST)."""
        return self._index_list("KVM_GET_MSR_INDEX_LIST")

    def get_msr_feature_index_list(self) -> list[int]:
        """Return the MSRs that say what KVM supports (KVM_GET_MSR_FEATURE_INDEX_LIST)."""
        return self._index_list("KVM_GET_MSR_FEATURE_INDEX_LIST", "KVM_CAP_GET_MSR_FEATURES")

    def x86_get_mce_cap_supported(self) -> int:
        """Return the machine-check features that `x86_setup_mce` takes.

        The ioctl is KVM_X86_GET_MCE_CAP_SUPPORTED.
        """
        features = ctypes.c_uint64()
        self._ioctl("KVM_X86_GET_MCE_CAP_SUPPORTED", features, needs="KVM_CAP_MCE")
        return features.value
