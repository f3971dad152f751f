"""/dev/kvm's own ioctls, on this host's KVM."""

import os
from importlib import import_module
from pathlib import Path

import pytest

from kvmtool.errors import BadInput, CapabilityMissing, ExitStatus, NoUsableKvm
from kvmtool.kvm import IoctlError, Kvm, capabilities
from kvmtool.kvm.x86_64 import MsrRefused
from kvmtool.uapi import kvm as uapi

ARCH_CAPABILITIES = 0x10A
NO_SUCH_MSR = 0x4B4D0000
# MCG_CTL_P of IA32_MCG_CAP (Intel SDM, volume 3, 17.3.1.1).
MCG_CTL_P = 1 << 8
NOBODY = 65534


def test_api_version_is_12() -> None:
    with Kvm() as kvm:
        assert kvm.get_api_version() == 12


def test_capability_is_found_by_full_name_short_name_and_number() -> None:
    with Kvm() as kvm:
        values = {
            kvm.check_extension("KVM_CAP_NR_MEMSLOTS"),
            kvm.check_extension("nr_memslots"),
            kvm.check_extension(uapi.KVM_CAP_NR_MEMSLOTS),
        }
    assert len(values) == 1
    assert values.pop() >= 32


def test_unknown_capability_name_is_bad_input() -> None:
    with Kvm() as kvm, pytest.raises(BadInput, match="no capability is called KVM_CAP_WARP"):
        kvm.check_extension("warp")


def test_unknown_capability_number_is_absent() -> None:
    with Kvm() as kvm:
        assert kvm.check_extension(1 << 20) == 0


def test_capability_numbers_are_the_kernels() -> None:
    # From Documentation/virt/kvm/api.rst and the header of Linux 6.8.
    numbers = capabilities()
    assert numbers["KVM_CAP_IRQCHIP"] == 0
    assert numbers["KVM_CAP_IRQFD"] == 32
    assert numbers["KVM_CAP_GUEST_MEMFD"] == 234


def test_shared_area_of_a_vcpu_holds_kvm_run_and_port_data() -> None:
    with Kvm() as kvm:
        assert kvm.get_vcpu_mmap_size() >= 2 * 4096


def test_supported_cpuid_begins_with_the_vendor_leaf() -> None:
    with Kvm() as kvm:
        leaves = kvm.get_supported_cpuid()
    assert leaves[0].function == 0
    assert leaves[0].eax >= 1
    assert len({(leaf.function, leaf.index) for leaf in leaves}) == len(leaves)
    signature = next(leaf for leaf in leaves if leaf.function == 0x40000000)
    assert signature.ebx.to_bytes(4, "little") == b"KVMK"


def test_emulated_cpuid_offers_movbe_which_kvm_emulates_itself() -> None:
    with Kvm() as kvm:
        leaves = kvm.get_emulated_cpuid()
    features = next(leaf for leaf in leaves if leaf.function == 1)
    assert features.ecx & 1 << 22


def test_hyperv_cpuid_is_given_or_its_capability_is_named() -> None:
    with Kvm() as kvm:
        if kvm.check_extension("KVM_CAP_SYS_HYPERV_CPUID"):
            assert kvm.get_supported_hv_cpuid()
        else:
            with pytest.raises(CapabilityMissing, match="KVM_CAP_SYS_HYPERV_CPUID"):
                kvm.get_supported_hv_cpuid()


def test_msr_lists_hold_the_tsc_and_the_architectural_capabilities() -> None:
    with Kvm() as kvm:
        assert 0x10 in kvm.get_msr_index_list()
        assert ARCH_CAPABILITIES in kvm.get_msr_feature_index_list()


def test_feature_msrs_are_read_by_number() -> None:
    with Kvm() as kvm:
        wanted = kvm.get_msr_feature_index_list()
        values = kvm.get_msrs(wanted)
    assert list(values) == wanted


def test_feature_msr_that_does_not_exist_is_named() -> None:
    with Kvm() as kvm, pytest.raises(MsrRefused, match="MSR 0x4b4d0000") as refused:
        kvm.get_msrs([ARCH_CAPABILITIES, NO_SUCH_MSR])
    assert refused.value.index == NO_SUCH_MSR


def test_machine_check_features_are_reported() -> None:
    with Kvm() as kvm:
        assert kvm.x86_get_mce_cap_supported() & MCG_CTL_P


def test_system_attribute_of_the_xsave_features_is_readable() -> None:
    from ctypes import c_uint64

    with Kvm() as kvm:
        # KVM_X86_XCOMP_GUEST_SUPP in group 0: what XCR0 may hold; x87 is always there.
        assert kvm.has_device_attr(0, 0)
        assert kvm.get_device_attr(0, 0, c_uint64()).value & 1
        assert not kvm.has_device_attr(0, 0xFFFF)


def test_missing_device_is_no_usable_kvm_and_says_what_to_do() -> None:
    with pytest.raises(NoUsableKvm, match=r"/nowhere/kvm is missing: .*modprobe") as error:
        Kvm("/nowhere/kvm")
    assert error.value.exit_status == ExitStatus.NO_USABLE_KVM


def test_device_without_permission_names_the_group(tmp_path: Path) -> None:
    device = tmp_path / "kvm"
    device.touch(mode=0)
    import_module("grp")  # the interpreter's own folder may be closed to NOBODY
    user = os.geteuid()
    os.seteuid(user or NOBODY)
    try:
        with pytest.raises(
            NoUsableKvm, match=r"^no permission on .*: become a member of its group"
        ):
            Kvm(str(device))
    finally:
        os.seteuid(user)


def test_other_device_is_not_kvm() -> None:
    with pytest.raises(NoUsableKvm, match="/dev/null is not KVM's device"):
        Kvm("/dev/null")


def test_descriptors_are_not_inherited_and_close_once() -> None:
    with Kvm() as kvm, kvm.create_vm() as vm, vm.create_vcpu(0) as vcpu:
        fds = [kvm.fd, vm.fd, vcpu.fd]
        assert not any(os.get_inheritable(fd) for fd in fds)
        assert [kvm.fileno(), vm.fileno(), vcpu.fileno()] == fds
        vcpu.close()
    vcpu.close()
    assert (kvm.fd, vm.fd, vcpu.fd) == (-1, -1, -1)


def test_closed_machine_refuses_with_a_bad_descriptor() -> None:
    with Kvm() as kvm:
        vm = kvm.create_vm()
        vm.close()
        with pytest.raises(IoctlError, match=r"KVM_CREATE_IRQCHIP: .*\(EBADF\)"):
            vm.create_irqchip()


def test_machine_of_an_unknown_type_is_refused_with_the_reason() -> None:
    with Kvm() as kvm, pytest.raises(IoctlError, match=r"^KVM_CREATE_VM: .*\(EINVAL\)$") as error:
        kvm.create_vm(0x4000)
    assert error.value.errno == 22
    assert error.value.ioctl == "KVM_CREATE_VM"
