"""The x86-64 machine's own: PIT, PIC and IOAPIC state, kvmclock, filters (api.rst, "VM ioctls")."""

from __future__ import annotations

import ctypes

from kvmtool.kvm.descriptor import Descriptor
from kvmtool.uapi import with_room
from kvmtool.uapi.x86_64 import kvm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class VmIoctls(Descriptor):
    """Ioctls of a machine that only x86-64 has."""

    def set_tss_addr(self, gpa: int) -> None:
        """Give KVM three pages below 4 GiB that the guest never sees (KVM_SET_TSS_ADDR)."""
        self._ioctl("KVM_SET_TSS_ADDR", gpa, needs="KVM_CAP_SET_TSS_ADDR")

    def set_identity_map_addr(self, gpa: int) -> None:
        """Give KVM one more such page, before any vCPU is made (KVM_SET_IDENTITY_MAP_ADDR)."""
        address = ctypes.c_uint64(gpa)
        needs = "KVM_CAP_SET_IDENTITY_MAP_ADDR"
        self._ioctl("KVM_SET_IDENTITY_MAP_ADDR", address, needs=needs)

    def set_boot_cpu_id(self, vcpu_id: int) -> None:
        """Say which vCPU starts first, before any is made (KVM_SET_BOOT_CPU_ID)."""
        self._ioctl("KVM_SET_BOOT_CPU_ID", vcpu_id, needs="KVM_CAP_SET_BOOT_CPU_ID")

    def get_irqchip(self, chip_id: int) -> kvm.kvm_irqchip:
        """Return the state of one chip, a KVM_IRQCHIP_* (KVM_GET_IRQCHIP)."""
        chip = kvm.kvm_irqchip(chip_id=chip_id)
        self._ioctl("KVM_GET_IRQCHIP", chip, needs="KVM_CAP_IRQCHIP")
        return chip

    def set_irqchip(self, chip: kvm.kvm_irqchip) -> None:
        """Set the state of the chip that `chip.chip_id` names (KVM_SET_IRQCHIP)."""
        self._ioctl("KVM_SET_IRQCHIP", chip, needs="KVM_CAP_IRQCHIP")

    def irq_line_status(self, irq: int, level: int) -> int:
        """Do as `irq_line`; return how many vCPUs it went to (KVM_IRQ_LINE_STATUS).

        0 says that it merged with one that was pending already, -1 that it is masked.
        """
        argument = kvm.kvm_irq_level(level=level)
        argument.irq = irq
        self._ioctl("KVM_IRQ_LINE_STATUS", argument, needs="KVM_CAP_IRQ_INJECT_STATUS")
        return argument.status

    def create_pit(self) -> None:
        """Make the i8254 timer with its port 0x61 (KVM_CREATE_PIT)."""
        self._ioctl("KVM_CREATE_PIT", needs="KVM_CAP_PIT")

    def create_pit2(self, flags: int = 0) -> None:
        """Make the i8254 timer, with port 0x61 if `flags` is KVM_PIT_SPEAKER_DUMMY.

        Needs the in-kernel interrupt controllers (KVM_CREATE_PIT2).
        """
        self._ioctl("KVM_CREATE_PIT2", kvm.kvm_pit_config(flags=flags), needs="KVM_CAP_PIT2")

    def get_pit2(self) -> kvm.kvm_pit_state2:
        """Return the state of the three channels (KVM_GET_PIT2)."""
        state = kvm.kvm_pit_state2()
        self._ioctl("KVM_GET_PIT2", state, needs="KVM_CAP_PIT_STATE2")
        return state

    def set_pit2(self, state: kvm.kvm_pit_state2) -> None:
        """Set what `get_pit2` returns (KVM_SET_PIT2)."""
        self._ioctl("KVM_SET_PIT2", state, needs="KVM_CAP_PIT_STATE2")

    def reinject_control(self, *, reinject: bool) -> None:
        """Say whether the PIT's lost ticks are made up for (KVM_REINJECT_CONTROL)."""
        argument = kvm.kvm_reinject_control(pit_reinject=int(reinject))
        self._ioctl("KVM_REINJECT_CONTROL", argument, needs="KVM_CAP_REINJECT_CONTROL")

    def get_clock(self) -> kvm.kvm_clock_data:
        """Return kvmclock, `clock` in nanoseconds (KVM_GET_CLOCK)."""
        data = kvm.kvm_clock_data()
        self._ioctl("KVM_GET_CLOCK", data, needs="KVM_CAP_ADJUST_CLOCK")
        return data

    def set_clock(self, nanoseconds: int, *, realtime: int | None = None) -> None:
        """Set kvmclock; with `realtime`, as it was at that time of CLOCK_REALTIME (KVM_SET_CLOCK).

        Both are in nanoseconds.
        """
        data = kvm.kvm_clock_data(clock=nanoseconds)
        if realtime is not None:
            data.flags = kvm.KVM_CLOCK_REALTIME
            data.realtime = realtime
        self._ioctl("KVM_SET_CLOCK", data, needs="KVM_CAP_ADJUST_CLOCK")

    def get_tsc_khz(self) -> int:
        """Return the time stamp counter's rate in kHz (KVM_GET_TSC_KHZ)."""
        return self._ioctl("KVM_GET_TSC_KHZ", needs="KVM_CAP_GET_TSC_KHZ")

    def set_tsc_khz(self, khz: int) -> None:
        """Set the rate, for the whole machine before any vCPU (KVM_SET_TSC_KHZ)."""
        self._ioctl("KVM_SET_TSC_KHZ", khz, needs="KVM_CAP_TSC_CONTROL")

    def set_nr_mmu_pages(self, pages: int) -> None:
        """Limit KVM's shadow pages (KVM_SET_NR_MMU_PAGES)."""
        self._ioctl("KVM_SET_NR_MMU_PAGES", pages, needs="KVM_CAP_MMU_SHADOW_CACHE_CONTROL")

    def x86_set_msr_filter(self, msr_filter: kvm.kvm_msr_filter) -> None:
        """Say which MSRs the guest may reach; others fault or exit (KVM_X86_SET_MSR_FILTER).

        The bitmaps that its ranges point to must live until this returns.
        """
        self._ioctl("KVM_X86_SET_MSR_FILTER", msr_filter, needs="KVM_CAP_X86_MSR_FILTER")

    def set_pmu_event_filter(self, action: int, events: Sequence[int], flags: int = 0) -> None:
        """Allow or deny performance events, KVM_PMU_EVENT_ALLOW or _DENY.

        The ioctl is KVM_SET_PMU_EVENT_FILTER.
        """
        event_filter = with_room(kvm.kvm_pmu_event_filter, len(events))
        event_filter.action = action
        event_filter.nevents = len(events)
        event_filter.flags = flags
        event_filter.events[:] = list(events)
        self._ioctl("KVM_SET_PMU_EVENT_FILTER", event_filter, needs="KVM_CAP_PMU_EVENT_FILTER")

    def hyperv_eventfd(self, connection_id: int, fd: int, *, deassign: bool = False) -> None:
        """Signal the eventfd `fd` when the guest uses a Hyper-V connection (KVM_HYPERV_EVENTFD)."""
        argument = kvm.kvm_hyperv_eventfd(conn_id=connection_id, fd=fd)
        if deassign:
            argument.flags = kvm.KVM_HYPERV_EVENTFD_DEASSIGN
        self._ioctl("KVM_HYPERV_EVENTFD", argument, needs="KVM_CAP_HYPERV_EVENTFD")

    def memory_encrypt_op(self, command: ctypes.Structure | None = None) -> None:
        """Make a SEV or TDX command, or ask with None whether there are any.

        The ioctl is KVM_MEMORY_ENCRYPT_OP.
        """
        self._ioctl("KVM_MEMORY_ENCRYPT_OP", 0 if command is None else command)

    def memory_encrypt_reg_region(self, hva: int, size: int) -> None:
        """Pin memory that holds encrypted pages (KVM_MEMORY_ENCRYPT_REG_REGION)."""
        self._ioctl("KVM_MEMORY_ENCRYPT_REG_REGION", kvm.kvm_enc_region(addr=hva, size=size))

    def memory_encrypt_unreg_region(self, hva: int, size: int) -> None:
        """Undo `memory_encrypt_reg_region` (KVM_MEMORY_ENCRYPT_UNREG_REGION)."""
        self._ioctl("KVM_MEMORY_ENCRYPT_UNREG_REGION", kvm.kvm_enc_region(addr=hva, size=size))
