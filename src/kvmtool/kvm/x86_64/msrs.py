"""Model-specific registers and CPUID leaves: the lists in which KVM takes and gives them."""

from __future__ import annotations

from errno import E2BIG

from kvmtool.errors import KvmFailure
from kvmtool.kvm.descriptor import Descriptor
from kvmtool.kvm.ioctl import IoctlError
from kvmtool.uapi import with_room
from kvmtool.uapi.x86_64 import kvm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# KVM takes fewer than 256 MSRs at a time (MAX_IO_MSRS in arch/x86/kvm/x86.c).
_LARGEST_MSR_LIST = 255
# KVM gives no more leaves today (KVM_MAX_CPUID_ENTRIES).
_CPUID_ENTRIES = 256


class MsrRefused(KvmFailure):
    """KVM stopped at an MSR of a list: `index` is its number."""

    def __init__(self, message: str, index: int) -> None:
        super().__init__(message)
        self.index = index


class CpuLists(Descriptor):
    """The parts of Kvm and Vcpu that exchange lists of MSRs and CPUID leaves."""

    def get_msrs(self, indices: Iterable[int]) -> dict[int, int]:
        """Return the values of MSRs by their numbers (KVM_GET_MSRS).

        MsrRefused names the first that KVM does not know. Of a Kvm, they are the feature MSRs
        that `get_msr_feature_index_list` lists.
        """
        return self._msrs("KVM_GET_MSRS", dict.fromkeys(indices, 0))

    def _msrs(self, name: str, values: Mapping[int, int]) -> dict[int, int]:
        items = list(values.items())
        result: dict[int, int] = {}
        for first in range(0, len(items), _LARGEST_MSR_LIST):
            result |= self._some_msrs(name, items[first : first + _LARGEST_MSR_LIST])
        return result

    def _some_msrs(self, name: str, values: list[tuple[int, int]]) -> dict[int, int]:
        msrs = with_room(kvm.kvm_msrs, len(values))
        msrs.nmsrs = len(values)
        for entry, (index, value) in zip(msrs.entries, values, strict=True):
            entry.index = index
            entry.data = value
        done = self._ioctl(name, msrs)
        if done < len(values):
            refused = msrs.entries[done]
            tried = f" = {refused.data:#x}" if name == "KVM_SET_MSRS" else ""
            raise MsrRefused(f"{name}: KVM refuses MSR {refused.index:#x}{tried}", refused.index)
        return {entry.index: entry.data for entry in msrs.entries}

    def _index_list(self, name: str, needs: str = "") -> list[int]:
        count = 0
        while True:
            msrs = with_room(kvm.kvm_msr_list, count)
            msrs.nmsrs = count
            try:
                self._ioctl(name, msrs, needs=needs)
            except IoctlError as error:
                if error.errno != E2BIG or msrs.nmsrs <= count:
                    raise
                count = msrs.nmsrs
            else:
                return list(msrs.indices[: msrs.nmsrs])

    def _cpuid(self, name: str, needs: str) -> list[kvm.kvm_cpuid_entry2]:
        count = _CPUID_ENTRIES
        while True:
            leaves = with_room(kvm.kvm_cpuid2, count)
            leaves.nent = count
            try:
                self._ioctl(name, leaves, needs=needs)
            except IoctlError as error:
                if error.errno != E2BIG or count > _CPUID_ENTRIES << 8:
                    raise
                count *= 2
            else:
                return leaves.entries[: leaves.nent]
