"""A vCPU's ioctls, on this host's KVM: each state is set and read back."""

import ctypes
import fcntl
import mmap
import os
import signal
from collections.abc import Iterator

import pytest

from kvmtool.errors import CapabilityMissing, KvmFailure
from kvmtool.kvm import IoctlError, Kvm, Vcpu, Vm
from kvmtool.kvm.ioctl import ioctl
from kvmtool.kvm.vcpu import one_reg_size
from kvmtool.kvm.x86_64 import MsrRefused
from kvmtool.uapi import kvm as uapi

SYSENTER_CS, SYSENTER_ESP = 0x174, 0x175
NO_SUCH_MSR = 0x4B4D0000
CODE = 0x1000


@pytest.fixture
def vm() -> Iterator[Vm]:
    with Kvm() as kvm, kvm.create_vm() as made:
        yield made


@pytest.fixture
def vcpu(vm: Vm) -> Iterator[Vcpu]:
    """A vCPU of a machine without interrupt controllers in the kernel."""
    with vm.create_vcpu(0) as made:
        yield made


@pytest.fixture
def vcpu_with_apic(vm: Vm) -> Iterator[Vcpu]:
    vm.create_irqchip()
    with vm.create_vcpu(0) as made:
        yield made


@pytest.fixture
def ram(vm: Vm) -> Iterator[mmap.mmap]:
    memory = mmap.mmap(-1, 0x10000)
    hva = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    vm.set_user_memory_region(0, 0, len(memory), hva)
    yield memory
    memory.close()


def start_at(vcpu: Vcpu, memory: mmap.mmap, code: bytes) -> None:
    memory[CODE : CODE + len(code)] = code
    sregs = vcpu.get_sregs()
    sregs.cs.base = sregs.cs.selector = 0
    vcpu.set_sregs(sregs)
    vcpu.set_regs(uapi.kvm_regs(rip=CODE, rflags=2))


def test_vcpu_starts_at_the_reset_vector(vcpu: Vcpu) -> None:
    # Intel SDM, volume 3, table 11-1.
    assert vcpu.get_regs().rip == 0xFFF0
    sregs = vcpu.get_sregs()
    assert (sregs.cs.selector, sregs.cs.base) == (0xF000, 0xFFFF0000)
    assert vcpu.id == 0


def test_general_registers_read_back(vcpu: Vcpu) -> None:
    regs = uapi.kvm_regs(rax=1, r15=(1 << 64) - 1, rip=0x1234, rflags=2)
    vcpu.set_regs(regs)
    assert bytes(vcpu.get_regs()) == bytes(regs)


def test_segments_and_control_registers_read_back(vcpu: Vcpu) -> None:
    sregs = vcpu.get_sregs()
    sregs.gdt.base, sregs.gdt.limit = 0x5000, 0x1F
    sregs.ds.base = 0x30000
    vcpu.set_sregs(sregs)
    again = vcpu.get_sregs()
    assert (again.gdt.base, again.gdt.limit, again.ds.base) == (0x5000, 0x1F, 0x30000)


def test_impossible_control_register_is_refused(vcpu: Vcpu) -> None:
    sregs = vcpu.get_sregs()
    sregs.cr4 = 1 << 63
    with pytest.raises(IoctlError, match=r"^KVM_SET_SREGS: Invalid argument \(EINVAL\)$") as error:
        vcpu.set_sregs(sregs)
    assert error.value.errno == 22


def test_second_form_of_segments_reads_back(vcpu: Vcpu) -> None:
    sregs = vcpu.get_sregs2()
    sregs.idt.base = 0x7000
    vcpu.set_sregs2(sregs)
    assert vcpu.get_sregs2().idt.base == 0x7000


def test_floating_point_registers_read_back(vcpu: Vcpu) -> None:
    fpu = vcpu.get_fpu()
    fpu.fcw = 0x27F
    fpu.xmm[3][:] = list(range(16))
    vcpu.set_fpu(fpu)
    again = vcpu.get_fpu()
    assert again.fcw == 0x27F
    assert list(again.xmm[3]) == list(range(16))


def test_xsave_area_reads_back_in_both_forms(vcpu: Vcpu) -> None:
    xsave = vcpu.get_xsave()
    xsave.region[0] = 0x27F
    xsave.region[128] = 3  # XSTATE_BV: x87 and SSE are in the area
    vcpu.set_xsave(xsave)
    assert vcpu.get_fpu().fcw == 0x27F
    area = vcpu.get_xsave2()
    assert len(area) >= 4096
    assert area[:2] == b"\x7f\x02"
    area[0] = 0x3F
    vcpu.set_xsave(area)
    assert vcpu.get_xsave().region[0] & 0xFFFF == 0x23F


def test_xsave_area_that_is_too_long_is_refused_with_the_size(vcpu: Vcpu) -> None:
    with pytest.raises(ValueError, match="not 1048576"):
        vcpu.set_xsave(bytearray(1 << 20))


def test_extended_control_register_reads_back(vcpu: Vcpu) -> None:
    vcpu.set_cpuid2(vcpu.vm.kvm.get_supported_cpuid())
    vcpu.set_xcrs({0: 3})
    assert vcpu.get_xcrs() == {0: 3}
    with pytest.raises(IoctlError, match=r"KVM_SET_XCRS: .*\(EINVAL\)"):
        vcpu.set_xcrs({0: 2})  # SSE without x87


def test_debug_registers_read_back(vcpu: Vcpu) -> None:
    debugregs = vcpu.get_debugregs()
    debugregs.db[0] = 0x1234
    debugregs.dr7 = 0x402
    vcpu.set_debugregs(debugregs)
    again = vcpu.get_debugregs()
    assert (again.db[0], again.dr7) == (0x1234, 0x402)


def test_msrs_read_back_by_number(vcpu: Vcpu) -> None:
    vcpu.set_msrs({SYSENTER_CS: 0x10, SYSENTER_ESP: 0x8000})
    assert vcpu.get_msrs([SYSENTER_ESP, SYSENTER_CS]) == {SYSENTER_ESP: 0x8000, SYSENTER_CS: 0x10}
    assert vcpu.get_msrs([]) == {}


def test_more_msrs_than_kvm_takes_at_once_are_read(vcpu: Vcpu) -> None:
    every = vcpu.vm.kvm.get_msr_index_list()
    values = vcpu.get_msrs([*every, *every])
    assert list(values) == every


def test_refused_msr_is_named_and_those_before_it_are_set(vcpu: Vcpu) -> None:
    with pytest.raises(MsrRefused, match="KVM_SET_MSRS: KVM refuses MSR 0x4b4d0000 = 0x1") as error:
        vcpu.set_msrs({SYSENTER_CS: 0x18, NO_SUCH_MSR: 1, SYSENTER_ESP: 1})
    assert error.value.index == NO_SUCH_MSR
    assert vcpu.get_msrs([SYSENTER_CS, SYSENTER_ESP]) == {SYSENTER_CS: 0x18, SYSENTER_ESP: 0}


def test_cpuid_reads_back(vcpu: Vcpu) -> None:
    leaves = vcpu.vm.kvm.get_supported_cpuid()
    leaves[0].ebx = int.from_bytes(b"test", "little")
    vcpu.set_cpuid2(leaves)
    again = vcpu.get_cpuid2()
    assert again[0].ebx.to_bytes(4, "little") == b"test"
    assert len(again) == len(leaves)


def test_local_apic_reads_back(vcpu_with_apic: Vcpu) -> None:
    lapic = vcpu_with_apic.get_lapic()
    lapic.regs[0x80] = 0x50  # task priority
    vcpu_with_apic.set_lapic(lapic)
    assert vcpu_with_apic.get_lapic().regs[0x80] == 0x50


def test_local_apic_without_controllers_in_the_kernel_is_refused(vcpu: Vcpu) -> None:
    with pytest.raises(IoctlError, match=r"KVM_GET_LAPIC: .*\(EINVAL\)"):
        vcpu.get_lapic()


def test_run_state_reads_back(vcpu_with_apic: Vcpu) -> None:
    assert vcpu_with_apic.get_mp_state() == uapi.KVM_MP_STATE_RUNNABLE
    vcpu_with_apic.set_mp_state(uapi.KVM_MP_STATE_HALTED)
    assert vcpu_with_apic.get_mp_state() == uapi.KVM_MP_STATE_HALTED
    with pytest.raises(IoctlError, match="KVM_SET_MP_STATE"):
        vcpu_with_apic.set_mp_state(99)


def test_queued_interrupt_and_nmi_are_in_the_events(vcpu: Vcpu) -> None:
    vcpu.interrupt(0x41)
    vcpu.nmi()
    events = vcpu.get_vcpu_events()
    assert (events.interrupt.injected, events.interrupt.nr) == (1, 0x41)
    assert events.nmi.pending + events.nmi.injected == 1


def test_events_read_back(vcpu: Vcpu) -> None:
    events = vcpu.get_vcpu_events()
    events.nmi.masked = 1
    vcpu.set_vcpu_events(events)
    assert vcpu.get_vcpu_events().nmi.masked == 1


def test_interrupt_beyond_the_last_vector_is_refused(vcpu: Vcpu) -> None:
    with pytest.raises(IoctlError, match=r"KVM_INTERRUPT: .*\(EINVAL\)"):
        vcpu.interrupt(256)


def test_smi_is_queued_or_its_capability_is_named(vcpu: Vcpu) -> None:
    if vcpu.check_extension("KVM_CAP_X86_SMM"):
        vcpu.smi()
        assert vcpu.get_vcpu_events().smi.pending == 1
        return
    with pytest.raises(
        CapabilityMissing, match=r"^this host's KVM lacks KVM_CAP_X86_SMM, which smi needs$"
    ):
        vcpu.smi()


def test_tsc_rate_is_that_of_the_machine(vcpu: Vcpu) -> None:
    assert vcpu.get_tsc_khz() == vcpu.vm.get_tsc_khz()
    vcpu.set_tsc_khz(vcpu.get_tsc_khz())


def test_kvmclock_control_wants_a_guest_that_uses_kvmclock(vcpu: Vcpu) -> None:
    with pytest.raises(IoctlError, match=r"KVM_KVMCLOCK_CTRL: .*\(EINVAL\)"):
        vcpu.kvmclock_ctrl()


def test_real_mode_addresses_translate_to_themselves(vcpu: Vcpu, ram: mmap.mmap) -> None:
    translation = vcpu.translate(0x1234)
    assert translation.valid == 1
    assert translation.physical_address == 0x1234


def test_machine_check_bank_holds_what_was_injected(vcpu_with_apic: Vcpu) -> None:
    vcpu = vcpu_with_apic
    vcpu.x86_setup_mce(vcpu.vm.kvm.x86_get_mce_cap_supported() & ~0xFF | 4)
    valid = 1 << 63
    vcpu.x86_set_mce(uapi.kvm_x86_mce(status=valid | 0x9F, bank=1, addr=0x5000))
    assert vcpu.get_msrs([0x405]) == {0x405: valid | 0x9F}
    with pytest.raises(IoctlError, match="KVM_X86_SET_MCE"):
        vcpu.x86_set_mce(uapi.kvm_x86_mce(status=valid, bank=99))


def test_task_priority_helpers_are_taken(vcpu_with_apic: Vcpu, ram: mmap.mmap) -> None:
    vcpu_with_apic.tpr_access_reporting(enabled=True)
    vcpu_with_apic.tpr_access_reporting(enabled=False)
    vcpu_with_apic.set_vapic_addr(0x2000)
    with pytest.raises(IoctlError, match="KVM_SET_VAPIC_ADDR"):
        vcpu_with_apic.set_vapic_addr(1 << 50)


def test_single_step_ends_in_a_debug_exit(vcpu: Vcpu, ram: mmap.mmap) -> None:
    start_at(vcpu, ram, b"\x90\x90\xf4")
    control = uapi.KVM_GUESTDBG_ENABLE | uapi.KVM_GUESTDBG_SINGLESTEP
    vcpu.set_guest_debug(uapi.kvm_guest_debug(control=control))
    ioctl(vcpu.fd, uapi.KVM_RUN, 0, "KVM_RUN")
    assert vcpu.kvm_run.exit_reason == uapi.KVM_EXIT_DEBUG
    assert vcpu.kvm_run.debug.arch.pc == CODE + 1


def test_signal_unblocked_by_the_mask_ends_the_guest(vcpu: Vcpu, ram: mmap.mmap) -> None:
    start_at(vcpu, ram, b"\xeb\xfe")  # jmp to itself
    caught: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _: caught.append(number))
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    try:
        os.kill(os.getpid(), signal.SIGUSR1)
        vcpu.set_signal_mask([signal.SIGUSR2])
        with pytest.raises(InterruptedError):
            fcntl.ioctl(vcpu.fd, uapi.KVM_RUN, 0)
        assert vcpu.kvm_run.exit_reason == uapi.KVM_EXIT_INTR
        assert caught == []
        vcpu.set_signal_mask(None)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
        signal.signal(signal.SIGUSR1, before)
    assert caught == [signal.SIGUSR1]


def test_one_reg_has_the_size_that_its_id_tells(vcpu: Vcpu) -> None:
    assert one_reg_size(uapi.KVM_REG_X86 | uapi.KVM_REG_SIZE_U64) == 8
    assert one_reg_size(uapi.KVM_REG_SIZE_U2048) == 256
    with pytest.raises(ValueError, match="has 4 bytes, not 3"):
        vcpu.set_one_reg(uapi.KVM_REG_X86 | uapi.KVM_REG_SIZE_U32, b"abc")


def test_msr_is_one_reg_where_kvm_has_it_so(vcpu: Vcpu) -> None:
    # KVM_X86_REG_MSR of Linux 6.18 and later: kind 2 above the MSR's number.
    register = uapi.KVM_REG_X86 | uapi.KVM_REG_SIZE_U64 | 2 << 32 | SYSENTER_CS
    if not vcpu.check_extension("KVM_CAP_ONE_REG"):
        with pytest.raises(CapabilityMissing, match="KVM_CAP_ONE_REG"):
            vcpu.get_one_reg(register)
        return
    vcpu.set_one_reg(register, 0x28)
    assert vcpu.get_msrs([SYSENTER_CS]) == {SYSENTER_CS: 0x28}
    vcpu.set_one_reg(register, (0x30).to_bytes(8, "little"))
    assert vcpu.get_one_reg(register) == (0x30).to_bytes(8, "little")


def test_register_list_has_no_register_twice(vcpu: Vcpu) -> None:
    if not vcpu.check_extension("KVM_CAP_ONE_REG"):
        with pytest.raises(IoctlError, match="KVM_GET_REG_LIST"):
            vcpu.get_reg_list()
        return
    registers = vcpu.get_reg_list()
    assert len(set(registers)) == len(registers)


def test_nested_state_reads_back_or_its_capability_is_named(vcpu: Vcpu) -> None:
    if not vcpu.check_extension("KVM_CAP_NESTED_STATE"):
        with pytest.raises(CapabilityMissing, match="KVM_CAP_NESTED_STATE, which get_nested"):
            vcpu.get_nested_state()
        with pytest.raises(CapabilityMissing, match="KVM_CAP_NESTED_STATE, which set_nested"):
            vcpu.set_nested_state(bytearray(4096))
        return
    vcpu.set_cpuid2(vcpu.vm.kvm.get_supported_cpuid())
    state = vcpu.get_nested_state()
    vcpu.set_nested_state(state)
    assert vcpu.get_nested_state() == state


def test_memory_is_mapped_ahead_or_the_capability_is_named(vcpu: Vcpu, ram: mmap.mmap) -> None:
    if vcpu.check_extension("KVM_CAP_PRE_FAULT_MEMORY"):
        assert vcpu.pre_fault_memory(0, 0x4000) == 0
    with pytest.raises(KvmFailure, match=r"KVM_CAP_PRE_FAULT_MEMORY|EINVAL"):
        vcpu.pre_fault_memory(1, 0x4000)


def test_vcpu_attribute_for_the_tsc_offset_is_set_and_read(vcpu: Vcpu) -> None:
    group, attribute = uapi.KVM_VCPU_TSC_CTRL, uapi.KVM_VCPU_TSC_OFFSET
    assert vcpu.has_device_attr(group, attribute)
    vcpu.set_device_attr(group, attribute, ctypes.c_uint64(1 << 40))
    # A KVM that cannot shift the guest's TSC, such as kvm_pvm, leaves it at 0.
    assert vcpu.get_device_attr(group, attribute, ctypes.c_uint64()).value in (0, 1 << 40)
    assert not vcpu.has_device_attr(99, 0)


def test_capability_of_a_vcpu_that_is_unknown_is_refused(vcpu: Vcpu) -> None:
    with pytest.raises(IoctlError, match=r"KVM_ENABLE_CAP: .*\(EINVAL\)"):
        vcpu.enable_cap("KVM_CAP_IRQCHIP")
    vcpu.enable_cap("KVM_CAP_ENFORCE_PV_FEATURE_CPUID", 1)


def test_statistics_of_a_vcpu_count_its_exits(vcpu: Vcpu, ram: mmap.mmap) -> None:
    with vcpu.get_stats_fd() as statistics:
        before = statistics.read()["exits"]
        start_at(vcpu, ram, b"\xe6\x80\xf4")
        ioctl(vcpu.fd, uapi.KVM_RUN, 0, "KVM_RUN")
        after = statistics.read()
    assert before.kind == "cumulative"
    assert after["exits"].value > before.value
    histogram = after["halt_wait_hist"]
    assert histogram.kind == "logarithmic histogram"
    assert (histogram.unit, histogram.base, histogram.exponent) == ("seconds", 10, -9)
    assert len(histogram.values) > 1


def test_shared_area_outlives_the_close_while_it_is_in_use(vcpu: Vcpu) -> None:
    shared = vcpu.kvm_run
    vcpu.close()
    assert shared.immediate_exit == 0
    assert not vcpu.run.closed
