"""The ioctls that only arm64 has (api.rst; Documentation/virt/kvm/arm)."""

from __future__ import annotations

from kvmtool.kvm.descriptor import Descriptor
from kvmtool.uapi.arm64 import kvm

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ctypes
    from collections.abc import Iterable


class VmIoctls(Descriptor):
    """Ioctls of a machine that only arm64 has."""

    def arm_preferred_target(self) -> kvm.kvm_vcpu_init:
        """Return what `Vcpu.arm_vcpu_init` should be given here (KVM_ARM_PREFERRED_TARGET)."""
        target = kvm.kvm_vcpu_init()
        self._ioctl("KVM_ARM_PREFERRED_TARGET", target)
        return target

    def arm_set_device_addr(self, device: int, gpa: int) -> None:
        """Place a GICv2's registers; newer controllers have attributes.

        The ioctl is KVM_ARM_SET_DEVICE_ADDR.
        """
        argument = kvm.kvm_arm_device_addr(id=device, addr=gpa)
        self._ioctl("KVM_ARM_SET_DEVICE_ADDR", argument, needs="KVM_CAP_ARM_SET_DEVICE_ADDR")

    def arm_mte_copy_tags(self, gpa: int, size: int, tags: ctypes.Array[ctypes.c_uint8]) -> int:
        """Copy memory tags, one byte for 16, from the guest; return the bytes of memory done.

        The ioctl is KVM_ARM_MTE_COPY_TAGS.
        """
        return self._copy_tags(gpa, size, tags, kvm.KVM_ARM_TAGS_FROM_GUEST)

    def arm_mte_set_tags(self, gpa: int, size: int, tags: ctypes.Array[ctypes.c_uint8]) -> int:
        """Copy memory tags to the guest, as `arm_mte_copy_tags` does from it."""
        return self._copy_tags(gpa, size, tags, kvm.KVM_ARM_TAGS_TO_GUEST)

    def _copy_tags(
        self, gpa: int, size: int, tags: ctypes.Array[ctypes.c_uint8], flags: int
    ) -> int:
        from ctypes import addressof

        argument = kvm.kvm_arm_copy_mte_tags(guest_ipa=gpa, length=size, flags=flags)
        argument.addr = addressof(tags)
        return self._ioctl("KVM_ARM_MTE_COPY_TAGS", argument, needs="KVM_CAP_ARM_MTE")

    def arm_set_counter_offset(self, offset: int) -> None:
        """Set how far the guest's counters are behind the host's (KVM_ARM_SET_COUNTER_OFFSET)."""
        argument = kvm.kvm_arm_counter_offset(counter_offset=offset)
        self._ioctl("KVM_ARM_SET_COUNTER_OFFSET", argument, needs="KVM_CAP_COUNTER_OFFSET")

    def arm_get_reg_writable_masks(self) -> list[int]:
        """Return the writable bits of each identification register.

        The ioctl is KVM_ARM_GET_REG_WRITABLE_MASKS; ARM64_FEATURE_ID_RANGE's registers in order.
        """
        from ctypes import addressof, c_uint64

        masks = (c_uint64 * kvm.KVM_ARM_FEATURE_ID_RANGE_SIZE)()
        argument = kvm.reg_mask_range(addr=addressof(masks), range=kvm.KVM_ARM_FEATURE_ID_RANGE)
        needs = "KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES"
        self._ioctl("KVM_ARM_GET_REG_WRITABLE_MASKS", argument, needs=needs)
        return list(masks)


class VcpuIoctls(Descriptor):
    """Ioctls of a vCPU that only arm64 has."""

    def arm_vcpu_init(self, target: int, features: Iterable[int] = ()) -> None:
        """Reset the vCPU to a kind of CPU with features, KVM_ARM_VCPU_* (KVM_ARM_VCPU_INIT)."""
        argument = kvm.kvm_vcpu_init(target=target)
        for feature in features:
            argument.features[feature // 32] |= 1 << (feature % 32)
        self._ioctl("KVM_ARM_VCPU_INIT", argument)

    def arm_vcpu_finalize(self, feature: int) -> None:
        """End the set-up of a feature, such as KVM_ARM_VCPU_SVE (KVM_ARM_VCPU_FINALIZE)."""
        from ctypes import c_int

        self._ioctl("KVM_ARM_VCPU_FINALIZE", c_int(feature))
