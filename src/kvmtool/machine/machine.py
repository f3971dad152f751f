"""One life of a machine, from its parts to its end."""

from __future__ import annotations

import threading

from kvmtool import log
from kvmtool.arch import host_architecture
from kvmtool.arch.parts import Parts
from kvmtool.core.runloop import KICKED, RunLoop
from kvmtool.errors import KvmFailure
from kvmtool.event_loop import EventLoop
from kvmtool.kvm import Kvm
from kvmtool.memory import GuestMemory
from kvmtool.outcome import Cause, Outcome
from kvmtool.uapi import kvm as uapi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from kvmtool.arch import Architecture
    from kvmtool.backends.terminal import Terminal
    from kvmtool.kvm import Vcpu
    from kvmtool.machine.config import MachineConfig
    from kvmtool.machine.devices import Devices
    from kvmtool.memory.file_region import FileRegion
    from kvmtool.virtio.balloon_control import BalloonControl

    class Closable(Protocol):
        """What a machine holds until it is closed."""

        def close(self) -> None: ...


_JOIN_TIMEOUT_S = 5.0


class Machine:
    """A virtual machine that runs once: a reset of the guest is a new Machine.

    Building it raises BadInput for a configuration that this host cannot make, NoUsableKvm
    without /dev/kvm and KvmFailure where KVM refuses.
    """

    def __init__(self, config: MachineConfig, terminal: Terminal, kvm: Kvm | None = None) -> None:
        arch = host_architecture()
        self.outcome: Outcome | None = None
        # `end` may be interrupted by a signal whose handler calls it again.
        self._lock = threading.RLock()
        self._terminal = terminal
        self._opened: list[Closable] = []
        self.run_loops: list[RunLoop] = []
        self.balloon: BalloonControl | None = None
        """What changes the balloon's size and asks for its statistics, if there is one."""
        self._devices: Devices | None = None
        try:
            self._assemble(config, arch, kvm)
        except BaseException:
            self.close()
            raise

    def _assemble(self, config: MachineConfig, arch: Architecture, kvm: Kvm | None) -> None:
        self._events = EventLoop()
        self._opened.append(self._events)
        free_memory = arch.above_ram(config.memory_size)
        devices = self._make_devices(config, free_memory)
        if kvm is None:
            kvm = Kvm(config.device)
            self._opened.append(kvm)
        self.memory = GuestMemory(arch.ram_layout(config.memory_size), config.page_size)
        self._opened.append(self.memory)
        self.vm = kvm.create_vm()
        self._opened.append(self.vm)
        for slot, region in enumerate(self.memory.ram):
            self.vm.set_user_memory_region(slot, region.gpa, region.size, region.hva)
        self.parts = Parts(kvm, self.vm, self.memory, self._events, free_memory)
        if devices is not None:
            self._add_memory(devices.memory)
            self.parts.free_memory = devices.memory_end
            self.parts.virtio = devices.connect(self.memory, self._events)
        self.board = arch.build(config, self.parts, self._terminal, self.end)
        self._opened += [*self.board.vcpus, self.board]
        if config.debug_ports:
            self.parts.ports.table.on_unclaimed = _reporter("port")
        if config.debug_mmio:
            self.parts.mmio.table.on_unclaimed = _reporter("MMIO address")
        ports, mmio = self.parts.ports.table, self.parts.mmio.table
        self.run_loops = [RunLoop(vcpu.fd, vcpu.run, ports, mmio) for vcpu in self.board.vcpus]

    def _make_devices(self, config: MachineConfig, free_memory: int) -> Devices | None:
        """Start the virtio devices, if there are any; their code is loaded only then."""
        if not (config.devices or config.vhost_user or config.console == "virtio" or config.trace):
            return None
        from kvmtool.machine.devices import Devices

        devices = Devices(config, self._terminal, free_memory)
        self._opened.append(devices)
        self.balloon = devices.balloon
        self._devices = devices
        return devices

    def _add_memory(self, regions: list[tuple[int, FileRegion]]) -> None:
        """Show the guest the files that are its memory too."""
        for slot, (gpa, region) in enumerate(regions, len(self.memory.ram)):
            flags = uapi.KVM_MEM_READONLY if region.read_only else 0
            self.vm.set_user_memory_region(slot, gpa, region.slot_size, region.hva, flags)
            self.memory.add_file(gpa, region)

    def end(self, outcome: Outcome) -> None:
        """End the machine; the first outcome counts. From any thread, also from a handler."""
        with self._lock:
            if self.outcome is not None:
                return
            self.outcome = outcome
        for run_loop in self.run_loops:
            run_loop.kick()
        self._events.stop()

    def interrupt(self) -> None:
        """End the machine from outside."""
        self.end(Outcome(Cause.INTERRUPTED))

    def run(self) -> Outcome:
        """Run the vCPUs until the machine ends, serving the terminal meanwhile."""
        threads = [
            threading.Thread(target=self._run_vcpu, args=pair, name=f"vcpu{pair[0].id}")
            for pair in zip(self.board.vcpus, self.run_loops, strict=True)
        ]
        self._terminal.on_quit = self.interrupt
        self._terminal.open(self._events)
        try:
            for thread in threads:
                thread.start()
            self._events.run()
        except BaseException:
            self.interrupt()
            raise
        finally:
            # A vCPU may wait for the terminal to take its output: closing it lets go.
            self._terminal.close()
            self._hurry()
            for thread in threads:
                if thread.ident is not None:
                    thread.join(_JOIN_TIMEOUT_S)
        assert self.outcome is not None
        return self.outcome

    def close(self) -> None:
        """Give the VM, its RAM and its descriptors back to the host."""
        # A run loop holds its vCPU's shared memory, and with it the descriptor.
        self.run_loops.clear()
        self._hurry()
        while self._opened:
            self._opened.pop().close()

    def _hurry(self) -> None:
        """Have no vCPU that talks to a device's process wait for that for long."""
        if self._devices is not None:
            self._devices.hurry()

    def _run_vcpu(self, vcpu: Vcpu, run_loop: RunLoop) -> None:
        try:
            while self.outcome is None:
                reason = run_loop.run()
                if reason != KICKED:
                    self.end(self.board.outcome_of(vcpu, reason))
        except OSError as error:
            self.end(Outcome(Cause.KVM_ERROR, f"{error.strerror}\n{self._describe(vcpu)}"))
        except Exception:
            import traceback

            self.end(Outcome(Cause.KVM_ERROR, traceback.format_exc()))

    def _describe(self, vcpu: Vcpu) -> str:
        try:
            return self.board.describe(vcpu)
        except KvmFailure as error:
            # After a bug of its own KVM refuses every ioctl of the machine.
            return f"vCPU {vcpu.id}: {error}"


def _reporter(kind: str):  # type: ignore[no-untyped-def]
    """Make a reporter of accesses that nobody claims, each address once."""
    seen: set[tuple[int, bool]] = set()

    def report(address: int, size: int, value: int | None) -> None:
        if (address, value is None) not in seen and len(seen) < 4096:
            seen.add((address, value is None))
            what = "read" if value is None else f"write of {value:#x}"
            log.info(f"unclaimed {kind} {address:#x}: {size}-byte {what}")

    return report
