"""A machine's ioctls, on this host's KVM: memory, interrupts, timers, devices."""

import ctypes
import mmap
import os
import select
import time
from collections.abc import Callable, Iterator

import pytest

from kvmtool.errors import CapabilityMissing, KvmFailure
from kvmtool.kvm import IoctlError, Kvm, Vcpu, Vm
from kvmtool.kvm.ioctl import ioctl
from kvmtool.uapi import kvm as uapi

PAGE = 4096
RAM = 16 * PAGE
CODE = 0x1000
HLT = b"\xf4"


@pytest.fixture
def kvm() -> Iterator[Kvm]:
    with Kvm() as opened:
        yield opened


@pytest.fixture
def vm(kvm: Kvm) -> Iterator[Vm]:
    with kvm.create_vm() as made:
        yield made


@pytest.fixture
def ram(vm: Vm) -> Iterator[mmap.mmap]:
    """64 KiB at 0, in slot 0, whose writes are logged."""
    memory = mmap.mmap(-1, RAM)
    flags = uapi.KVM_MEM_LOG_DIRTY_PAGES
    vm.set_user_memory_region(0, 0, RAM, address_of(memory), flags)
    yield memory
    memory.close()


def address_of(memory: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


def run(vcpu: Vcpu, memory: mmap.mmap, code: bytes) -> int:
    """Run real-mode code up to its first exit, and return the reason."""
    memory[CODE : CODE + len(code)] = code
    sregs = vcpu.get_sregs()
    sregs.cs.base = sregs.cs.selector = 0
    vcpu.set_sregs(sregs)
    vcpu.set_regs(uapi.kvm_regs(rip=CODE, rflags=2))
    ioctl(vcpu.fd, uapi.KVM_RUN, 0, "KVM_RUN")
    return vcpu.kvm_run.exit_reason


def eventually(condition: Callable[[], bool]) -> bool:
    """Ask again until `condition` holds, for up to ten seconds."""
    end = time.monotonic() + 10
    while not condition():
        if time.monotonic() > end:
            return False
    return True


def pending(vm: Vm) -> int:
    """Return the interrupts that the first PIC has yet to deliver, a bit for each."""
    return vm.get_irqchip(uapi.KVM_IRQCHIP_PIC_MASTER).chip.pic.irr


def value_of(event: int) -> int:
    ready, _, _ = select.select([event], [], [], 0)
    return os.eventfd_read(event) if ready else 0


# Memory


def test_guest_runs_from_a_memory_slot(vm: Vm, ram: mmap.mmap) -> None:
    with vm.create_vcpu(0) as vcpu:
        assert run(vcpu, ram, b"\xb0\x07\xa2\x00\x30" + HLT) == uapi.KVM_EXIT_HLT
    assert ram[0x3000] == 7


def test_dirty_log_has_the_page_that_the_guest_wrote(vm: Vm, ram: mmap.mmap) -> None:
    with vm.create_vcpu(0) as vcpu:
        run(vcpu, ram, b"\xa2\x00\x30" + HLT)
    assert vm.get_dirty_log(0, RAM // PAGE)[0] & 1 << 3
    assert not any(vm.get_dirty_log(0, RAM // PAGE))


def test_dirty_log_that_is_cleared_by_hand_keeps_its_bits_until_then(
    vm: Vm, ram: mmap.mmap
) -> None:
    vm.enable_cap("KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2", uapi.KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE)
    with vm.create_vcpu(0) as vcpu:
        run(vcpu, ram, b"\xa2\x00\x30" + HLT)
    vm.get_dirty_log(0, RAM // PAGE)
    log = vm.get_dirty_log(0, RAM // PAGE)
    assert log[0] & 1 << 3
    vm.clear_dirty_log(0, 0, RAM // PAGE, log)
    assert not any(vm.get_dirty_log(0, RAM // PAGE))


def test_bitmap_that_is_too_short_never_reaches_the_kernel(vm: Vm) -> None:
    with pytest.raises(ValueError, match="a bitmap of 65 pages has at least 16 bytes"):
        vm.clear_dirty_log(0, 0, 65, bytearray(8))


def test_dirty_ring_yields_the_pages_written_and_starts_again(vm: Vm) -> None:
    size = PAGE << 4
    vm.enable_cap("KVM_CAP_DIRTY_LOG_RING", size)
    memory = mmap.mmap(-1, RAM)
    vm.set_user_memory_region(0, 0, RAM, address_of(memory), uapi.KVM_MEM_LOG_DIRTY_PAGES)
    with vm.create_vcpu(0) as vcpu:
        ring = vcpu.dirty_ring(size)
        run(vcpu, memory, b"\xa2\x00\x30" + HLT)
        harvested = list(ring.harvest())
        assert (0, 3) in harvested
        assert vm.reset_dirty_rings() == len(harvested)
        assert list(ring.harvest()) == []
        run(vcpu, memory, b"\xa2\x00\x40" + HLT)
        assert (0, 4) in list(ring.harvest())


def test_read_only_slot_turns_writes_into_exits(vm: Vm, ram: mmap.mmap) -> None:
    memory = mmap.mmap(-1, PAGE)
    vm.set_user_memory_region(1, 0x20000, PAGE, address_of(memory), uapi.KVM_MEM_READONLY)
    with vm.create_vcpu(0) as vcpu:
        # mov ax, 0x2000; mov ds, ax; mov [0], al
        assert run(vcpu, ram, b"\xb8\x00\x20\x8e\xd8\xa2\x00\x00" + HLT) == uapi.KVM_EXIT_MMIO
        assert vcpu.kvm_run.mmio.phys_addr == 0x20000


def test_slots_that_overlap_are_refused_and_a_deleted_one_makes_room(
    vm: Vm, ram: mmap.mmap
) -> None:
    memory = mmap.mmap(-1, PAGE)
    with pytest.raises(IoctlError, match=r"KVM_SET_USER_MEMORY_REGION: .*\(EEXIST\)"):
        vm.set_user_memory_region(1, 0, PAGE, address_of(memory))
    vm.set_user_memory_region(0, 0, 0, 0)
    vm.set_user_memory_region(1, 0, PAGE, address_of(memory))


def test_second_form_of_memory_slot_is_taken_too(vm: Vm) -> None:
    memory = mmap.mmap(-1, RAM)
    if not vm.check_extension("KVM_CAP_USER_MEMORY2"):
        with pytest.raises(CapabilityMissing, match="KVM_CAP_USER_MEMORY2"):
            vm.set_user_memory_region2(0, 0, RAM, address_of(memory))
        return
    vm.set_user_memory_region2(0, 0, RAM, address_of(memory))
    with vm.create_vcpu(0) as vcpu:
        assert run(vcpu, memory, HLT) == uapi.KVM_EXIT_HLT


def test_guest_memfd_has_its_size_and_is_not_inherited(vm: Vm) -> None:
    if not vm.check_extension("KVM_CAP_GUEST_MEMFD"):
        with pytest.raises(CapabilityMissing, match="lacks KVM_CAP_GUEST_MEMFD, which create_g"):
            vm.create_guest_memfd(RAM)
        return
    fd = vm.create_guest_memfd(RAM)
    assert os.fstat(fd).st_size == RAM
    assert not os.get_inheritable(fd)
    os.close(fd)


def test_memory_attributes_are_set_or_their_capability_is_named(vm: Vm) -> None:
    if vm.check_extension("KVM_CAP_MEMORY_ATTRIBUTES"):
        vm.set_memory_attributes(0, PAGE, 0)
    with pytest.raises(KvmFailure, match=r"KVM_CAP_MEMORY_ATTRIBUTES|EINVAL"):
        vm.set_memory_attributes(0, 1, 0)


def test_guest_runs_within_a_limit_of_shadow_pages(vm: Vm, ram: mmap.mmap) -> None:
    vm.set_nr_mmu_pages(64)
    with vm.create_vcpu(0) as vcpu:
        assert run(vcpu, ram, HLT) == uapi.KVM_EXIT_HLT
    with pytest.raises(IoctlError, match=r"KVM_SET_NR_MMU_PAGES: .*\(EINVAL\)"):
        vm.set_nr_mmu_pages(1)


# Interrupts


def test_interrupt_line_is_seen_by_the_pic(vm: Vm) -> None:
    vm.create_irqchip()
    vm.irq_line(4, 1)
    assert pending(vm) == 1 << 4
    vm.irq_line(4, 0)


def test_interrupt_line_with_status_tells_where_it_went(vm: Vm) -> None:
    vm.create_irqchip()
    with vm.create_vcpu(0):
        assert vm.irq_line_status(4, 1) in (-1, 0, 1)
        assert pending(vm) == 1 << 4


def test_interrupt_line_without_a_controller_is_refused(vm: Vm) -> None:
    with pytest.raises(IoctlError, match=r"KVM_IRQ_LINE: .*\(ENXIO\)"):
        vm.irq_line(4, 1)


def test_chip_state_reads_back(vm: Vm) -> None:
    vm.create_irqchip()
    chip = vm.get_irqchip(uapi.KVM_IRQCHIP_PIC_MASTER)
    chip.chip.pic.irq_base = 0x20
    chip.chip.pic.imr = 0xFB
    vm.set_irqchip(chip)
    again = vm.get_irqchip(uapi.KVM_IRQCHIP_PIC_MASTER).chip.pic
    assert (again.irq_base, again.imr) == (0x20, 0xFB)


def test_irqfd_raises_its_interrupt_until_it_is_deassigned(vm: Vm) -> None:
    vm.create_irqchip()
    event = os.eventfd(0)
    vm.irqfd(event, 5)
    os.eventfd_write(event, 1)
    assert eventually(lambda: pending(vm) == 1 << 5)
    vm.irqfd(event, 5, deassign=True)
    vm.irqfd(event, 6)
    os.eventfd_write(event, 1)
    assert eventually(lambda: pending(vm) == 1 << 5 | 1 << 6)
    os.close(event)


def test_irqfd_with_resample_wants_an_eventfd_for_it(vm: Vm) -> None:
    vm.create_irqchip()
    event, resample = os.eventfd(0), os.eventfd(0)
    with pytest.raises(IoctlError, match="KVM_IRQFD"):
        vm.irqfd(event, 5, resample_fd=vm.fd)
    vm.irqfd(event, 5, resample_fd=resample)
    os.eventfd_write(event, 1)
    assert eventually(lambda: bool(pending(vm) & 1 << 5))
    vm.irqfd(event, 5, resample_fd=resample, deassign=True)
    os.close(event)
    os.close(resample)


def test_msi_reaches_the_local_apic(vm: Vm) -> None:
    vm.create_irqchip()
    with vm.create_vcpu(0) as vcpu:
        lapic = vcpu.get_lapic()
        lapic.regs[0xF1] |= 1  # software enable, bit 8 of the spurious interrupt register
        vcpu.set_lapic(lapic)
        assert vm.signal_msi(0xFEE00000, 0x41)
        irr = vcpu.get_lapic().regs[0x220]  # vectors 0x40 to 0x47
        assert irr == 1 << 1


def test_routing_table_decides_where_a_gsi_leads(vm: Vm) -> None:
    vm.create_irqchip()
    route = uapi.kvm_irq_routing_entry(gsi=40, type=uapi.KVM_IRQ_ROUTING_IRQCHIP)
    route.u.irqchip.irqchip = uapi.KVM_IRQCHIP_PIC_MASTER
    route.u.irqchip.pin = 3
    vm.set_gsi_routing([route])
    vm.irq_line(40, 1)
    assert pending(vm) == 1 << 3


def test_routing_table_with_an_unknown_kind_is_refused(vm: Vm) -> None:
    vm.create_irqchip()
    with pytest.raises(IoctlError, match=r"KVM_SET_GSI_ROUTING: .*\(EINVAL\)"):
        vm.set_gsi_routing([uapi.kvm_irq_routing_entry(gsi=1, type=99)])


# Events instead of exits


def test_ioeventfd_on_a_port_takes_only_its_value(vm: Vm, ram: mmap.mmap) -> None:
    event = os.eventfd(0)
    vm.ioeventfd(event, 0x10, 1, pio=True, datamatch=7)
    with vm.create_vcpu(0) as vcpu:
        assert run(vcpu, ram, b"\xb0\x07\xe6\x10" + HLT) == uapi.KVM_EXIT_HLT
        assert value_of(event) == 1
        assert run(vcpu, ram, b"\xb0\x08\xe6\x10" + HLT) == uapi.KVM_EXIT_IO
        assert value_of(event) == 0
        vm.ioeventfd(event, 0x10, 1, pio=True, datamatch=7, deassign=True)
        assert run(vcpu, ram, b"\xb0\x07\xe6\x10" + HLT) == uapi.KVM_EXIT_IO
    os.close(event)


def test_ioeventfd_in_memory_takes_any_length_if_asked(vm: Vm, ram: mmap.mmap) -> None:
    event = os.eventfd(0)
    vm.ioeventfd(event, 0x20000, 0)
    with vm.create_vcpu(0) as vcpu:
        code = b"\xb8\x00\x20\x8e\xd8\xa2\x00\x00\xa3\x00\x00" + HLT
        assert run(vcpu, ram, code) == uapi.KVM_EXIT_HLT
    assert value_of(event) == 2
    os.close(event)


def test_ioeventfd_of_an_impossible_length_is_refused(vm: Vm) -> None:
    event = os.eventfd(0)
    with pytest.raises(IoctlError, match=r"KVM_IOEVENTFD: .*\(EINVAL\)"):
        vm.ioeventfd(event, 0x10, 3, pio=True)
    os.close(event)


def test_coalesced_writes_gather_in_order(vm: Vm, ram: mmap.mmap) -> None:
    vm.register_coalesced_mmio(0x20000, PAGE)
    vm.register_coalesced_mmio(0x80, 1, pio=True)
    with vm.create_vcpu(0) as vcpu:
        # mov ax, 0x2000; mov ds, ax; mov [8], ax; mov al, 5; out 0x80, al
        code = b"\xb8\x00\x20\x8e\xd8\xa3\x08\x00\xb0\x05\xe6\x80" + HLT
        assert run(vcpu, ram, code) == uapi.KVM_EXIT_HLT
        writes = [(write.address, write.data, write.pio) for write in vcpu.coalesced_writes()]
        assert writes == [(0x20008, b"\x00\x20", False), (0x80, b"\x05", True)]
        assert vcpu.coalesced_writes() == []
        vm.unregister_coalesced_mmio(0x20000, PAGE)
        assert run(vcpu, ram, code) == uapi.KVM_EXIT_MMIO
        vm.unregister_coalesced_mmio(0x80, 1, pio=True)


# Timers and set-up


def test_pit_state_reads_back(vm: Vm) -> None:
    vm.create_irqchip()
    vm.create_pit2(uapi.KVM_PIT_SPEAKER_DUMMY)
    state = vm.get_pit2()
    state.channels[2].count = 0x1234
    state.channels[2].mode = 3
    vm.set_pit2(state)
    again = vm.get_pit2().channels[2]
    assert (again.count, again.mode) == (0x1234, 3)
    vm.reinject_control(reinject=False)


def test_old_pit_is_made_once(vm: Vm) -> None:
    vm.create_irqchip()
    vm.create_pit()
    with pytest.raises(IoctlError, match=r"KVM_CREATE_PIT2: .*\(EEXIST\)"):
        vm.create_pit2()


def test_clock_goes_on_from_where_it_is_set(vm: Vm) -> None:
    hour = 3600 * 10**9
    vm.set_clock(hour)
    assert hour <= vm.get_clock().clock < 2 * hour


def test_clock_set_as_of_an_earlier_time_is_ahead(vm: Vm) -> None:
    minute = 60 * 10**9
    vm.set_clock(0, realtime=time.time_ns() - minute)
    assert vm.get_clock().clock > minute - 10**9


def test_machine_reports_its_tsc_rate(vm: Vm) -> None:
    assert vm.get_tsc_khz() > 100_000


def test_addresses_above_2_gib_are_taken_before_the_first_vcpu(vm: Vm) -> None:
    vm.set_tss_addr(0xFFFBD000)
    vm.set_identity_map_addr(0xFFFBC000)
    with vm.create_vcpu(0), pytest.raises(IoctlError, match="KVM_SET_IDENTITY_MAP_ADDR"):
        vm.set_identity_map_addr(0xFFFBC000)


def test_tss_that_crosses_4_gib_is_refused(vm: Vm) -> None:
    with pytest.raises(IoctlError, match=r"KVM_SET_TSS_ADDR: .*\(EINVAL\)"):
        vm.set_tss_addr(0xFFFFF000)


def test_boot_cpu_is_the_one_that_was_named(vm: Vm) -> None:
    vm.create_irqchip()
    vm.set_boot_cpu_id(1)
    with vm.create_vcpu(0) as first, vm.create_vcpu(1) as second:
        boot = 1 << 8
        assert not first.get_sregs().apic_base & boot
        assert second.get_sregs().apic_base & boot


def test_same_vcpu_twice_is_refused(vm: Vm) -> None:
    with vm.create_vcpu(0), pytest.raises(IoctlError, match=r"KVM_CREATE_VCPU: .*\(EEXIST\)"):
        vm.create_vcpu(0)


def test_capability_is_turned_on_with_its_argument(vm: Vm) -> None:
    vm.enable_cap("KVM_CAP_SPLIT_IRQCHIP", 24)
    with pytest.raises(IoctlError, match=r"KVM_CREATE_IRQCHIP: .*\(EEXIST\)"):
        vm.create_irqchip()


def test_capability_that_cannot_be_turned_on_is_refused(vm: Vm) -> None:
    with pytest.raises(IoctlError, match=r"KVM_ENABLE_CAP: .*\(EINVAL\)"):
        vm.enable_cap("KVM_CAP_USER_MEMORY")


def test_filters_are_taken_and_wrong_ones_refused(vm: Vm) -> None:
    vm.x86_set_msr_filter(uapi.kvm_msr_filter())
    with pytest.raises(IoctlError, match=r"KVM_X86_SET_MSR_FILTER: .*\(EINVAL\)"):
        vm.x86_set_msr_filter(uapi.kvm_msr_filter(flags=1 << 31))
    vm.set_pmu_event_filter(uapi.KVM_PMU_EVENT_DENY, [0x3C])
    with pytest.raises(IoctlError, match=r"KVM_SET_PMU_EVENT_FILTER: .*\(EINVAL\)"):
        vm.set_pmu_event_filter(99, [])


def test_hyperv_and_encryption_say_that_they_are_missing(vm: Vm) -> None:
    event = os.eventfd(0)
    if not vm.check_extension("KVM_CAP_HYPERV_EVENTFD"):
        with pytest.raises(CapabilityMissing, match="KVM_CAP_HYPERV_EVENTFD"):
            vm.hyperv_eventfd(1, event)
    else:
        vm.hyperv_eventfd(1, event)
        vm.hyperv_eventfd(1, event, deassign=True)
    os.close(event)
    with pytest.raises(IoctlError, match="KVM_MEMORY_ENCRYPT_OP"):
        vm.memory_encrypt_op()
    with pytest.raises(IoctlError, match="KVM_MEMORY_ENCRYPT_REG_REGION"):
        vm.memory_encrypt_reg_region(0, PAGE)
    with pytest.raises(IoctlError, match="KVM_MEMORY_ENCRYPT_UNREG_REGION"):
        vm.memory_encrypt_unreg_region(0, PAGE)


# Devices, attributes, statistics


def test_vfio_device_has_attributes_where_kvm_offers_it(vm: Vm) -> None:
    if not vm.has_device_type(uapi.KVM_DEV_TYPE_VFIO):
        with pytest.raises(
            KvmFailure, match=r"KVM_CREATE_DEVICE: .*\(ENODEV\)|KVM_CAP_DEVICE_CTRL"
        ):
            vm.create_device(uapi.KVM_DEV_TYPE_VFIO)
        return
    with vm.create_device(uapi.KVM_DEV_TYPE_VFIO) as device:
        assert device.type == uapi.KVM_DEV_TYPE_VFIO
        assert not os.get_inheritable(device.fd)
        assert device.has_device_attr(uapi.KVM_DEV_VFIO_GROUP, uapi.KVM_DEV_VFIO_GROUP_ADD)
        assert not device.has_device_attr(99, 0)
        with pytest.raises(IoctlError, match=r"KVM_SET_DEVICE_ATTR: .*\(EBADF\)"):
            device.set_device_attr(
                uapi.KVM_DEV_VFIO_GROUP, uapi.KVM_DEV_VFIO_GROUP_ADD, ctypes.c_int32(-1)
            )
        assert device.check_extension("KVM_CAP_IRQFD") == vm.check_extension("KVM_CAP_IRQFD")


def test_unknown_device_type_is_refused(vm: Vm) -> None:
    assert not vm.has_device_type(9999)
    # The capability is there if any kind of device is: on x86-64, if the vfio module is loaded.
    with pytest.raises(KvmFailure, match=r"^KVM_CREATE_DEVICE: .*\(ENODEV\)|KVM_CAP_DEVICE_CTRL"):
        vm.create_device(9999)


def test_machine_without_attributes_names_the_capability(vm: Vm) -> None:
    if vm.check_extension("KVM_CAP_VM_ATTRIBUTES"):
        pytest.skip("this KVM has attributes on machines")
    assert not vm.has_device_attr(0, 0)
    with pytest.raises(CapabilityMissing, match="KVM_CAP_VM_ATTRIBUTES, which get_device_attr"):
        vm.get_device_attr(0, 0, ctypes.c_uint64())


def test_statistics_of_a_machine_have_names_and_units(vm: Vm) -> None:
    with vm.get_stats_fd() as statistics:
        assert not os.get_inheritable(statistics.fd)
        assert statistics.id.startswith("kvm-")
        values = statistics.read()
    flushes = values["remote_tlb_flush"]
    assert (flushes.kind, flushes.unit, flushes.base) == ("cumulative", "", 10)
    assert flushes.exponent == 0
    assert flushes.value >= 0
    assert "pages_4k" in values
