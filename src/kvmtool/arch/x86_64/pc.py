"""The x86-64 board put together: interrupt controllers, platform devices, tables, vCPUs, kernel."""

from __future__ import annotations

import time

from kvmtool.arch.x86_64 import acpi, board, cpu, irqchip, linux, low_ram
from kvmtool.boot.flat import Flat
from kvmtool.boot.kernel import identify
from kvmtool.boot.multiboot import Multiboot
from kvmtool.devices.acpi_pm import AcpiPm
from kvmtool.devices.cmos import Cmos
from kvmtool.devices.i8042 import I8042
from kvmtool.devices.pvpanic import PANICKED, Pvpanic
from kvmtool.devices.serial import Serial
from kvmtool.devices.status_line import StatusLine
from kvmtool.devices.system_ports import PostCode, SystemControlA
from kvmtool.errors import BadInput, ExitStatus
from kvmtool.memory import MemoryRangeError
from kvmtool.outcome import Cause, Outcome
from kvmtool.uapi import kvm as uapi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kvmtool.arch import Console
    from kvmtool.arch.parts import Parts
    from kvmtool.kvm import Vcpu
    from kvmtool.machine.config import MachineConfig
    from kvmtool.virtio.mmio import VirtioMmio
    from kvmtool.virtio.pci import VirtioPci

_FW_CFG = 0x510
_WARM_RESET = 0x1234
_PAGE = 4096


class Pc:
    """A PC without a BIOS: the Board of this architecture (kvmtool.arch.Board)."""

    def __init__(
        self,
        config: MachineConfig,
        parts: Parts,
        console: Console,
        end: Callable[[Outcome], None],
    ) -> None:
        self._config = config
        self._parts = parts
        self._memory = parts.memory
        self._end = end
        self._transports: list[VirtioPci] | list[VirtioMmio] = []
        image = identify(config.kernel, flat=config.boot == "flat")
        loading = None
        try:
            if not isinstance(image, (Multiboot, Flat)):
                loading = linux.Loading(config, image, self._memory)
            cpu.check_count(parts.vm, config.cpus)
            irqchip.create(parts.vm)
            self._add_devices(console)
            self.vcpus = cpu.create(parts.kvm, parts.vm, config.cpus, config.cpuid)
            self._add_virtio()
            if loading is not None:
                loading.enter(self.vcpus[0], self._write_acpi())
            elif isinstance(image, (Multiboot, Flat)):
                self._load_payload(image)
        finally:
            if loading is not None:
                loading.wait()
            image.close()

    def unused_devices(self) -> list[str]:
        """The names of the virtio devices that no driver of the guest has brought up so far."""
        return [each.device.name for each in self._transports if not each.was_driven]

    def close(self) -> None:
        """Give back what the devices' transports hold of the host."""
        for transport in self._transports:
            transport.close()

    def outcome_of(self, vcpu: Vcpu, reason: int) -> Outcome:
        """What it means that `vcpu` left guest mode for `reason`."""
        run = vcpu.kvm_run
        if reason == uapi.KVM_EXIT_SHUTDOWN:
            return Outcome(Cause.TRIPLE_FAULT, self.describe(vcpu))
        if reason == uapi.KVM_EXIT_SYSTEM_EVENT:
            kind = run.system_event.type
            if kind == uapi.KVM_SYSTEM_EVENT_SHUTDOWN:
                return Outcome(Cause.POWER_OFF)
            if kind == uapi.KVM_SYSTEM_EVENT_RESET:
                return Outcome(Cause.RESET)
            if kind == uapi.KVM_SYSTEM_EVENT_CRASH:
                return Outcome(Cause.PANIC)
        return Outcome(Cause.KVM_ERROR, f"{_explain(run, reason)}\n{self.describe(vcpu)}")

    def describe(self, vcpu: Vcpu) -> str:
        """The state of a vCPU that does not run."""
        from kvmtool.arch.x86_64 import state

        return state.describe(vcpu, self._memory)

    def _add_devices(self, console: Console) -> None:
        ports, line = self._parts.ports, self._parts.lines.line
        outputs = [console.put, _drop, _drop, _drop]
        if self._config.reports_status:
            outputs[1] = StatusLine(self._reported).put
        self._parts.pci.attach_ports(ports, board.PCI_CONFIG_ADDRESS)
        self._parts.pci.attach_ecam(self._parts.mmio, board.ECAM, board.PCI_LAST_BUS + 1)
        for number, (base, irq) in enumerate(
            zip(board.SERIAL_PORTS, board.SERIAL_IRQS, strict=True)
        ):
            serial = Serial(line(irq), outputs[number], name=f"com{number + 1}")
            serial.attach(ports, base)
            if number == 0:
                serial.on_room = console.room_was_made
                console.receive = serial.receive
                console.send_break = serial.send_break
        I8042(line(board.KEYBOARD_IRQ), self._reset).attach(ports, board.I8042_DATA)
        size = self._config.memory_size
        Cmos(
            time.time,
            line(board.RTC_IRQ),
            ram_below_4g=min(size, board.LOW_RAM_END),
            ram_above_4g=max(0, size - board.LOW_RAM_END),
            after=self._parts.loop.call_after,
        ).attach(ports, board.CMOS_INDEX)
        PostCode().attach(ports, board.POST_CODE)
        SystemControlA(self._reset).attach(ports, board.SYSTEM_CONTROL_A)
        Pvpanic(self._panic).attach(ports, board.PVPANIC)
        self.power = AcpiPm(line(board.SCI_IRQ), self._power_off, self._reset)
        self.power.attach(ports, board.PM1A_EVENT)

    def _add_virtio(self) -> None:
        """Give each virtio device its transport; the code for it is loaded only then."""
        if not self._parts.virtio:
            return
        from kvmtool.arch.x86_64 import virtio

        if self._config.transport == "mmio":
            self._transports = virtio.add_mmio(self._parts)
        else:
            bits = cpu.physical_address_bits(self.vcpus[0])
            self._transports = virtio.add_pci(self._parts, bits)

    def _load_payload(self, image: Multiboot | Flat) -> None:
        """Load a bare payload, with the devices and the PICs that it expects."""
        from kvmtool.arch.x86_64 import payload
        from kvmtool.devices.fw_cfg import FwCfg
        from kvmtool.devices.test_device import TestDevice

        FwCfg(self._config.memory_size, self._config.cpus).attach(self._parts.ports, _FW_CFG)
        TestDevice(self._debug_exit, self._unmap, self._parts.vm.irq_line).attach(
            self._parts.ports, self._parts.mmio
        )
        irqchip.set_pics_as_a_bios_does(self._parts.vm)
        payload.load(self._config, image, self.vcpus[0], self._memory)

    def _write_acpi(self) -> int:
        """Write the ACPI tables; return the gpa of the root pointer."""
        address_bits = cpu.physical_address_bits(self.vcpus[0])
        window = board.pci_mmio64(self._parts.free_memory, address_bits)
        ids = [vcpu.id for vcpu in self.vcpus]
        try:
            tables, rsdp = acpi.build(
                apic_ids=ids, pci_mmio64=window, virtio_mmio=self._mmio_devices()
            )
        except ValueError as error:
            raise BadInput(f"{len(ids)} CPUs are too many: {error}") from None
        self._memory.write(board.ACPI_TABLES, tables)
        return rsdp

    def _mmio_devices(self) -> int:
        return len(self._transports) if self._config.transport == "mmio" else 0

    def _power_off(self) -> None:
        lost = self._config.reports_status
        self._end(Outcome(Cause.POWER_OFF, status=ExitStatus.NO_STATUS if lost else None))

    def _reset(self) -> None:
        """End this life; the default command line marks a panicking kernel's reset as warm."""
        flag = int.from_bytes(self._memory.read(low_ram.WARM_BOOT_FLAG, 2), "little")
        panicked = flag == _WARM_RESET and not self._config.no_defaults
        self._end(Outcome(Cause.PANIC if panicked else Cause.RESET))

    def _panic(self, event: int) -> None:
        if event & PANICKED:
            self._end(Outcome(Cause.PANIC))

    def _reported(self, status: int) -> None:
        self._end(Outcome(Cause.REPORTED, status=status))

    def _debug_exit(self, status: int) -> None:
        self._end(Outcome(Cause.DEBUG_EXIT, status=status))

    def _unmap(self, gpa: int) -> None:
        try:
            self._memory.drop(gpa, _PAGE)
        except MemoryRangeError:
            return  # the guest asked for a page that is not RAM: there is nothing to drop


def _drop(byte: int) -> None:
    """Take the output of a serial port that nothing is connected to."""


# Some exits have kinds, whose names begin with the exit's and whose numbers begin again.
_KINDS = ("KVM_EXIT_IO_", "KVM_EXIT_HYPERCALL_", "KVM_EXIT_HYPERV_", "KVM_EXIT_XEN_")


def _name_of_exit(reason: int) -> str:
    for name, value in vars(uapi).items():
        if value == reason and name.startswith("KVM_EXIT_") and not name.startswith(_KINDS):
            return name
    return f"exit reason {reason}"


def _explain(run: uapi.kvm_run, reason: int) -> str:
    """The exit and what KVM tells of it, in a line."""
    name = _name_of_exit(reason)
    if reason == uapi.KVM_EXIT_INTERNAL_ERROR:
        internal = run.internal
        data = " ".join(f"{value:#x}" for value in internal.data[: min(internal.ndata, 16)])
        kinds = {
            uapi.KVM_INTERNAL_ERROR_EMULATION: "KVM cannot emulate an instruction",
            uapi.KVM_INTERNAL_ERROR_DELIVERY_EV: "an event could not be delivered",
            uapi.KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON: "unexpected hardware exit",
        }
        kind = kinds.get(internal.suberror, f"suberror {internal.suberror}")
        return f"{name}: {kind}" + (f" ({data})" if data else "")
    if reason == uapi.KVM_EXIT_FAIL_ENTRY:
        failure = run.fail_entry.hardware_entry_failure_reason
        return f"{name}: hardware entry failure reason {failure:#x}"
    if reason == uapi.KVM_EXIT_UNKNOWN:
        return f"{name}: hardware exit reason {run.hw.hardware_exit_reason:#x}"
    return name
