"""One life of a machine, from its parts to its end."""

from __future__ import annotations

import threading

from kvmtool import log
from kvmtool.arch import host_architecture
from kvmtool.arch.parts import Parts
from kvmtool.core.runloop import KICKED, RunLoop
from kvmtool.errors import KvmFailure
from kvmtool.kvm import Kvm
from kvmtool.machine.event_loop import EventLoop
from kvmtool.memory import GuestMemory
from kvmtool.outcome import Cause, Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.arch import Architecture
    from kvmtool.backends.terminal import Terminal
    from kvmtool.kvm import Vcpu, Vm
    from kvmtool.machine.config import MachineConfig

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
        self._opened: list[Kvm | GuestMemory | Vm | EventLoop | Vcpu] = []
        self.run_loops: list[RunLoop] = []
        try:
            self._assemble(config, arch, kvm)
        except BaseException:
            self.close()
            raise

    def _assemble(self, config: MachineConfig, arch: Architecture, kvm: Kvm | None) -> None:
        if kvm is None:
            kvm = Kvm(config.device)
            self._opened.append(kvm)
        self.memory = GuestMemory(arch.ram_layout(config.memory_size), config.page_size)
        self._opened.append(self.memory)
        self.vm = kvm.create_vm()
        self._opened.append(self.vm)
        for slot, region in enumerate(self.memory.regions):
            self.vm.set_user_memory_region(slot, region.gpa, region.size, region.hva)
        self._events = EventLoop()
        self._opened.append(self._events)
        self.parts = Parts(kvm, self.vm, self.memory, self._events.call_after)
        self.board = arch.build(config, self.parts, self._terminal, self.end)
        self._opened += self.board.vcpus
        if config.debug_ports:
            self.parts.ports.table.on_unclaimed = _reporter("port")
        if config.debug_mmio:
            self.parts.mmio.table.on_unclaimed = _reporter("MMIO address")
        ports, mmio = self.parts.ports.table, self.parts.mmio.table
        self.run_loops = [RunLoop(vcpu.fd, vcpu.run, ports, mmio) for vcpu in self.board.vcpus]

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
            for thread in threads:
                if thread.ident is not None:
                    thread.join(_JOIN_TIMEOUT_S)
        assert self.outcome is not None
        return self.outcome

    def close(self) -> None:
        """Give the VM, its RAM and its descriptors back to the host."""
        # A run loop holds its vCPU's shared memory, and with it the descriptor.
        self.run_loops.clear()
        while self._opened:
            self._opened.pop().close()

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
