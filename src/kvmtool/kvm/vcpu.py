"""A vCPU: the state that it shares with us and its registers (api.rst, "vcpu ioctls")."""

from __future__ import annotations

import ctypes
import mmap
from errno import E2BIG

from kvmtool.kvm.architecture import VcpuIoctls
from kvmtool.kvm.capabilities import capability_number
from kvmtool.kvm.descriptor import DeviceAttributes
from kvmtool.kvm.ioctl import IoctlError
from kvmtool.uapi import kvm, with_room

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kvmtool.kvm.rings import CoalescedWrite, DirtyRing
    from kvmtool.kvm.stats import Statistics
    from kvmtool.kvm.vm import Vm

# A one_reg's size is in its id: log2 of the bytes, at this bit.
_SIZE_SHIFT = 52
_SIZE_MASK = 0xF
_KERNEL_SIGSET_BYTES = 8


class Vcpu(VcpuIoctls, DeviceAttributes):
    """One vCPU, made by `Vm.create_vcpu`.

    `run` is the memory shared with KVM: struct kvm_run, and behind it port I/O data and the ring
    of coalesced writes. Its ioctls belong to the thread that runs the vCPU.
    """

    _attributes_need = "KVM_CAP_VCPU_ATTRIBUTES"

    def __init__(self, vm: Vm, fd: int, vcpu_id: int) -> None:
        super().__init__(fd)
        self.vm = vm
        self.id = vcpu_id
        try:
            self.run = mmap.mmap(fd, vm.kvm.get_vcpu_mmap_size(), mmap.MAP_SHARED)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the descriptor and unmap `run`, once nothing else has a view of it."""
        super().close()
        try:
            self.run.close()
        except (AttributeError, BufferError):
            # Never mapped, or in use: then the map goes with its last user.
            return

    @property
    def kvm_run(self) -> kvm.kvm_run:
        """`run` as the structure that it begins with; it may be read and written."""
        return kvm.kvm_run.from_buffer(self.run)

    def check_extension(self, capability: str | int) -> int:
        """Return the value of a capability of this vCPU's machine, 0 if it is absent."""
        return self.vm.check_extension(capability)

    def enable_cap(self, capability: str | int, *arguments: int, flags: int = 0) -> int:
        """Turn a capability of the vCPU on, with up to four arguments (KVM_ENABLE_CAP)."""
        argument = kvm.kvm_enable_cap(cap=capability_number(capability), flags=flags)
        argument.args[: len(arguments)] = list(arguments)
        needs = capability if isinstance(capability, str) else ""
        return self._ioctl("KVM_ENABLE_CAP", argument, needs=needs)

    def get_stats_fd(self) -> Statistics:
        """Return the vCPU's statistics, to be read and closed (KVM_GET_STATS_FD)."""
        from kvmtool.kvm.stats import Statistics

        return Statistics(self._ioctl("KVM_GET_STATS_FD", needs="KVM_CAP_BINARY_STATS_FD"))

    def get_mp_state(self) -> int:
        """Return whether it runs, halts or waits, a KVM_MP_STATE_* (KVM_GET_MP_STATE)."""
        argument = kvm.kvm_mp_state()
        self._ioctl("KVM_GET_MP_STATE", argument, needs="KVM_CAP_MP_STATE")
        return argument.mp_state

    def set_mp_state(self, state: int) -> None:
        """Set what `get_mp_state` returns (KVM_SET_MP_STATE)."""
        argument = kvm.kvm_mp_state(mp_state=state)
        self._ioctl("KVM_SET_MP_STATE", argument, needs="KVM_CAP_MP_STATE")

    def set_guest_debug(self, debug: kvm.kvm_guest_debug) -> None:
        """Set breakpoints or single steps that end in KVM_EXIT_DEBUG (KVM_SET_GUEST_DEBUG)."""
        self._ioctl("KVM_SET_GUEST_DEBUG", debug, needs="KVM_CAP_SET_GUEST_DEBUG")

    def set_signal_mask(self, signals: Iterable[int] | None) -> None:
        """Block just `signals` while the guest runs; None: leave the thread's mask alone.

        The ioctl is KVM_SET_SIGNAL_MASK.
        """
        if signals is None:
            self._ioctl("KVM_SET_SIGNAL_MASK", 0)
            return
        mask = with_room(kvm.kvm_signal_mask, _KERNEL_SIGSET_BYTES)
        mask.len = _KERNEL_SIGSET_BYTES
        for signal in signals:
            mask.sigset[(signal - 1) // 8] |= 1 << ((signal - 1) % 8)
        self._ioctl("KVM_SET_SIGNAL_MASK", mask)

    def get_one_reg(self, register: int) -> bytes:
        """Return a register by its id, as long as the id says (KVM_GET_ONE_REG)."""
        value = (ctypes.c_char * one_reg_size(register))()
        argument = kvm.kvm_one_reg(id=register, addr=ctypes.addressof(value))
        self._ioctl("KVM_GET_ONE_REG", argument, needs="KVM_CAP_ONE_REG")
        return value.raw

    def set_one_reg(self, register: int, value: bytes | int) -> None:
        """Set a register by its id; an integer is written little-endian (KVM_SET_ONE_REG)."""
        size = one_reg_size(register)
        raw = value.to_bytes(size, "little") if isinstance(value, int) else value
        if len(raw) != size:
            raise ValueError(f"register {register:#x} has {size} bytes, not {len(raw)}")
        buffer = (ctypes.c_char * size).from_buffer_copy(raw)
        argument = kvm.kvm_one_reg(id=register, addr=ctypes.addressof(buffer))
        self._ioctl("KVM_SET_ONE_REG", argument, needs="KVM_CAP_ONE_REG")

    def get_reg_list(self) -> list[int]:
        """Return the ids that `get_one_reg` knows, where KVM can list them (KVM_GET_REG_LIST)."""
        count = 0
        while True:
            registers = with_room(kvm.kvm_reg_list, count)
            registers.n = count
            try:
                self._ioctl("KVM_GET_REG_LIST", registers)
            except IoctlError as error:
                if error.errno != E2BIG or registers.n <= count:
                    raise
                count = registers.n
            else:
                return list(registers.reg[: registers.n])

    def get_vcpu_events(self) -> kvm.kvm_vcpu_events:
        """Return pending exceptions, interrupts and NMIs (KVM_GET_VCPU_EVENTS)."""
        events = kvm.kvm_vcpu_events()
        self._ioctl("KVM_GET_VCPU_EVENTS", events, needs="KVM_CAP_VCPU_EVENTS")
        return events

    def set_vcpu_events(self, events: kvm.kvm_vcpu_events) -> None:
        """Set what `get_vcpu_events` returns; `flags` says which parts (KVM_SET_VCPU_EVENTS)."""
        self._ioctl("KVM_SET_VCPU_EVENTS", events, needs="KVM_CAP_VCPU_EVENTS")

    def pre_fault_memory(self, gpa: int, size: int) -> int:
        """Map a range before the guest touches it; return the bytes left to do.

        They are more than 0 where a signal came (KVM_PRE_FAULT_MEMORY).
        """
        argument = kvm.kvm_pre_fault_memory(gpa=gpa, size=size)
        self._ioctl("KVM_PRE_FAULT_MEMORY", argument, needs="KVM_CAP_PRE_FAULT_MEMORY")
        return argument.size

    def coalesced_writes(self) -> Sequence[CoalescedWrite]:
        """Take the gathered writes out of the machine's ring, oldest first.

        All vCPUs of a machine share one ring: only one thread at a time may take them.
        """
        from kvmtool.kvm.rings import take_coalesced_writes

        return take_coalesced_writes(self.run, self.check_extension("KVM_CAP_COALESCED_MMIO"))

    def dirty_ring(self, size: int) -> DirtyRing:
        """Return this vCPU's ring of dirty pages, of the `size` in bytes that was enabled.

        `vm.enable_cap("KVM_CAP_DIRTY_LOG_RING", size)` does that, before the first vCPU.
        """
        from kvmtool.kvm.rings import DirtyRing

        return DirtyRing(self.fd, size)


def one_reg_size(register: int) -> int:
    """Return the bytes of a register, which its id tells."""
    return 1 << (register >> _SIZE_SHIFT & _SIZE_MASK)
