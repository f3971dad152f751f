"""A virtual machine: its memory, interrupts and clocks (api.rst, "VM ioctls")."""

from __future__ import annotations

import ctypes
import os

from kvmtool.kvm.architecture import VmIoctls
from kvmtool.kvm.capabilities import capability_number
from kvmtool.kvm.descriptor import DeviceAttributes
from kvmtool.kvm.device import KvmDevice
from kvmtool.kvm.vcpu import Vcpu
from kvmtool.uapi import kvm, with_room

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from kvmtool.kvm.stats import Statistics
    from kvmtool.kvm.system import Kvm


class Vm(VmIoctls, DeviceAttributes):
    """One virtual machine, made by `Kvm.create_vm`. Addresses and sizes are in bytes."""

    _attributes_need = "KVM_CAP_VM_ATTRIBUTES"

    def __init__(self, kvm: Kvm, fd: int) -> None:
        super().__init__(fd)
        self.kvm = kvm

    def check_extension(self, capability: str | int) -> int:
        """Return the value of a capability for this machine, 0 if it is absent."""
        return self._ioctl("KVM_CHECK_EXTENSION", capability_number(capability))

    def enable_cap(self, capability: str | int, *arguments: int, flags: int = 0) -> int:
        """Turn a capability on, with up to four arguments (KVM_ENABLE_CAP)."""
        number = capability_number(capability)
        argument = kvm.kvm_enable_cap(cap=number, flags=flags)
        argument.args[: len(arguments)] = list(arguments)
        needs = capability if isinstance(capability, str) else ""
        return self._ioctl("KVM_ENABLE_CAP", argument, needs=needs)

    def create_vcpu(self, vcpu_id: int) -> Vcpu:
        """Make the vCPU `vcpu_id`, which on x86-64 is its APIC id (KVM_CREATE_VCPU)."""
        return Vcpu(self, self._ioctl("KVM_CREATE_VCPU", vcpu_id), vcpu_id)

    def create_device(self, device_type: int) -> KvmDevice:
        """Make a device of KVM's own, a KVM_DEV_TYPE_* (KVM_CREATE_DEVICE)."""
        argument = kvm.kvm_create_device(type=device_type)
        self._ioctl("KVM_CREATE_DEVICE", argument, needs="KVM_CAP_DEVICE_CTRL")
        return KvmDevice(self, argument.fd, device_type)

    def has_device_type(self, device_type: int) -> bool:
        """Tell whether `create_device` knows a type (KVM_CREATE_DEVICE_TEST)."""
        from kvmtool.errors import KvmFailure

        argument = kvm.kvm_create_device(type=device_type, flags=kvm.KVM_CREATE_DEVICE_TEST)
        try:
            self._ioctl("KVM_CREATE_DEVICE", argument)
        except KvmFailure:
            return False
        return True

    def get_stats_fd(self) -> Statistics:
        """Return the machine's statistics, to be read and closed (KVM_GET_STATS_FD)."""
        from kvmtool.kvm.stats import Statistics

        return Statistics(self._ioctl("KVM_GET_STATS_FD", needs="KVM_CAP_BINARY_STATS_FD"))

    # Memory

    def set_user_memory_region(
        self, slot: int, gpa: int, size: int, hva: int, flags: int = 0
    ) -> None:
        """Map `size` bytes of our memory at `hva` to the guest's `gpa` as memslot `slot`.

        A size of 0 deletes the slot. `flags`: KVM_MEM_READONLY (guest writes become MMIO exits),
        KVM_MEM_LOG_DIRTY_PAGES (KVM_SET_USER_MEMORY_REGION).
        """
        region = kvm.kvm_userspace_memory_region(
            slot=slot, flags=flags, guest_phys_addr=gpa, memory_size=size, userspace_addr=hva
        )
        self._ioctl("KVM_SET_USER_MEMORY_REGION", region, needs="KVM_CAP_USER_MEMORY")

    def set_user_memory_region2(
        self,
        slot: int,
        gpa: int,
        size: int,
        hva: int,
        flags: int = 0,
        guest_memfd: int = 0,
        guest_memfd_offset: int = 0,
    ) -> None:
        """Do as `set_user_memory_region`, with private memory from `guest_memfd` too.

        That is used where `flags` has KVM_MEM_GUEST_MEMFD (KVM_SET_USER_MEMORY_REGION2).
        """
        region = kvm.kvm_userspace_memory_region2(
            slot=slot,
            flags=flags,
            guest_phys_addr=gpa,
            memory_size=size,
            userspace_addr=hva,
            guest_memfd_offset=guest_memfd_offset,
            guest_memfd=guest_memfd,
        )
        self._ioctl("KVM_SET_USER_MEMORY_REGION2", region, needs="KVM_CAP_USER_MEMORY2")

    def create_guest_memfd(self, size: int, flags: int = 0) -> int:
        """Return the descriptor of memory that only the guest can see (KVM_CREATE_GUEST_MEMFD)."""
        argument = kvm.kvm_create_guest_memfd(size=size, flags=flags)
        fd = self._ioctl("KVM_CREATE_GUEST_MEMFD", argument, needs="KVM_CAP_GUEST_MEMFD")
        # KVM gives this one without O_CLOEXEC.
        os.set_inheritable(fd, False)
        return fd

    def set_memory_attributes(self, gpa: int, size: int, attributes: int) -> None:
        """Make a range private (KVM_MEMORY_ATTRIBUTE_PRIVATE) or shared (0).

        The ioctl is KVM_SET_MEMORY_ATTRIBUTES.
        """
        argument = kvm.kvm_memory_attributes(address=gpa, size=size, attributes=attributes)
        self._ioctl("KVM_SET_MEMORY_ATTRIBUTES", argument, needs="KVM_CAP_MEMORY_ATTRIBUTES")

    def get_dirty_log(self, slot: int, pages: int) -> bytearray:
        """Return the bitmap of the pages of a slot of `pages` pages that the guest wrote to.

        Bit 0 of byte 0 is the first page; the length is a multiple of 8. Starts the log anew,
        unless KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 is on (KVM_GET_DIRTY_LOG).
        """
        bitmap = bytearray(_bitmap_size(pages))
        buffer = (ctypes.c_char * len(bitmap)).from_buffer(bitmap)
        log = kvm.kvm_dirty_log(slot=slot)
        log.dirty_bitmap = ctypes.addressof(buffer)
        self._ioctl("KVM_GET_DIRTY_LOG", log)
        return bitmap

    def clear_dirty_log(self, slot: int, first_page: int, pages: int, bitmap: bytearray) -> None:
        """Protect again the pages whose bits are set in `bitmap` (KVM_CLEAR_DIRTY_LOG).

        `first_page` is a multiple of 64, and `pages` too unless the slot ends there.
        """
        if len(bitmap) < _bitmap_size(pages):
            raise ValueError(f"a bitmap of {pages} pages has at least {_bitmap_size(pages)} bytes")
        buffer = (ctypes.c_char * len(bitmap)).from_buffer(bitmap)
        log = kvm.kvm_clear_dirty_log(slot=slot, num_pages=pages, first_page=first_page)
        log.dirty_bitmap = ctypes.addressof(buffer)
        self._ioctl("KVM_CLEAR_DIRTY_LOG", log, needs="KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2")

    def reset_dirty_rings(self) -> int:
        """Protect again what was harvested from the dirty rings; return how many pages.

        The ioctl is KVM_RESET_DIRTY_RINGS.
        """
        return self._ioctl("KVM_RESET_DIRTY_RINGS", needs="KVM_CAP_DIRTY_LOG_RING")

    # Interrupts

    def create_irqchip(self) -> None:
        """Make the in-kernel interrupt controllers: PIC, IOAPIC and local APICs on x86-64.

        Comes before any vCPU (KVM_CREATE_IRQCHIP).
        """
        self._ioctl("KVM_CREATE_IRQCHIP", needs="KVM_CAP_IRQCHIP")

    def irq_line(self, irq: int, level: int) -> None:
        """Set the level, 1 or 0, of an interrupt line (KVM_IRQ_LINE).

        `irq` is a GSI on x86-64 and riscv64, and KVM_ARM_IRQ_*'s bit fields on arm64.
        """
        self._ioctl("KVM_IRQ_LINE", _irq_level(irq, level), needs="KVM_CAP_IRQCHIP")

    def irqfd(
        self, fd: int, gsi: int, *, resample_fd: int | None = None, deassign: bool = False
    ) -> None:
        """Let a write to the eventfd `fd` raise the interrupt `gsi` (KVM_IRQFD).

        With `resample_fd` the interrupt is level-triggered: lowered and `resample_fd` signalled
        when the guest acknowledges it. `deassign` undoes an earlier call with the same arguments.
        """
        argument = kvm.kvm_irqfd(fd=fd, gsi=gsi)
        needs = "KVM_CAP_IRQFD"
        if resample_fd is not None:
            argument.flags |= kvm.KVM_IRQFD_FLAG_RESAMPLE
            argument.resamplefd = resample_fd
            needs = "KVM_CAP_IRQFD_RESAMPLE"
        if deassign:
            argument.flags |= kvm.KVM_IRQFD_FLAG_DEASSIGN
        self._ioctl("KVM_IRQFD", argument, needs=needs)

    def ioeventfd(
        self,
        fd: int,
        address: int,
        length: int,
        *,
        pio: bool = False,
        datamatch: int | None = None,
        deassign: bool = False,
    ) -> None:
        """Let a guest write to `address` signal the eventfd `fd` instead of an exit.

        `length` is 1, 2, 4 or 8, or 0 for a write of any size; `pio` makes the address a port;
        `datamatch` restricts it to one value. `deassign` undoes an earlier call with the same
        arguments (KVM_IOEVENTFD).
        """
        argument = kvm.kvm_ioeventfd(addr=address, len=length, fd=fd)
        if pio:
            argument.flags |= kvm.KVM_IOEVENTFD_FLAG_PIO
        if datamatch is not None:
            argument.flags |= kvm.KVM_IOEVENTFD_FLAG_DATAMATCH
            argument.datamatch = datamatch
        if deassign:
            argument.flags |= kvm.KVM_IOEVENTFD_FLAG_DEASSIGN
        self._ioctl("KVM_IOEVENTFD", argument, needs="KVM_CAP_IOEVENTFD")

    def set_gsi_routing(self, entries: Sequence[kvm.kvm_irq_routing_entry]) -> None:
        """Replace the table of where each GSI leads: a pin or an MSI (KVM_SET_GSI_ROUTING)."""
        table = with_room(kvm.kvm_irq_routing, len(entries))
        table.nr = len(entries)
        table.entries[:] = list(entries)
        self._ioctl("KVM_SET_GSI_ROUTING", table, needs="KVM_CAP_IRQ_ROUTING")

    def signal_msi(self, address: int, data: int, *, device_id: int | None = None) -> bool:
        """Send an MSI; tell whether the guest took it rather than masked it (KVM_SIGNAL_MSI).

        `device_id` is for interrupt controllers that look at it (KVM_CAP_MSI_DEVID).
        """
        msi = kvm.kvm_msi(address_lo=address & 0xFFFFFFFF, address_hi=address >> 32, data=data)
        if device_id is not None:
            msi.flags = kvm.KVM_MSI_VALID_DEVID
            msi.devid = device_id
        return self._ioctl("KVM_SIGNAL_MSI", msi, needs="KVM_CAP_SIGNAL_MSI") > 0

    def register_coalesced_mmio(self, address: int, size: int, *, pio: bool = False) -> None:
        """Let guest writes to a range gather in a ring instead of exits, or `pio` ones to ports.

        `Vcpu.coalesced_writes` reads the ring (KVM_REGISTER_COALESCED_MMIO).
        """
        self._coalesced("KVM_REGISTER_COALESCED_MMIO", address, size, pio=pio)

    def unregister_coalesced_mmio(self, address: int, size: int, *, pio: bool = False) -> None:
        """Undo `register_coalesced_mmio` for the zones in a range.

        The ioctl is KVM_UNREGISTER_COALESCED_MMIO.
        """
        self._coalesced("KVM_UNREGISTER_COALESCED_MMIO", address, size, pio=pio)

    def _coalesced(self, name: str, address: int, size: int, *, pio: bool) -> None:
        zone = kvm.kvm_coalesced_mmio_zone(addr=address, size=size)
        zone.pio = int(pio)
        needs = "KVM_CAP_COALESCED_PIO" if pio else "KVM_CAP_COALESCED_MMIO"
        self._ioctl(name, zone, needs=needs)


def _bitmap_size(pages: int) -> int:
    return (pages + 63) // 64 * 8


def _irq_level(irq: int, level: int) -> kvm.kvm_irq_level:
    argument = kvm.kvm_irq_level(level=level)
    argument.irq = irq
    return argument
