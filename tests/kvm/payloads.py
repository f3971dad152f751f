"""Tiny guests made of machine code: a VM, its RAM, address spaces and vCPUs on /dev/kvm.

Some KVMs only emulate instructions, so payloads keep to plain integer code. Code is given as
bytes: Intel SDM volume 2 has the opcodes.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from kvmtool.arch.x86_64 import entry
from kvmtool.bus.space import mmio_space, port_space
from kvmtool.core.runloop import KICKED, RunLoop
from kvmtool.kvm import Kvm
from kvmtool.memory import GuestMemory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

CODE = 0x1_1000
"""Where payloads are loaded, above everything that `entry` writes below 64 KiB."""
DATA = 0x2_0000
"""RAM that payloads use as they like."""
RAM_SIZE = 0x20_0000
MMIO = 0x1000_0000
"""A guest physical address that is no RAM."""
DONE = 0xF4
"""A write to this port ends `run_until_done`."""
PORT = 0xE0
"""A port that no device of KVM's own claims."""

HLT = b"\xf4"
SPIN = b"\xeb\xfe"  # jmp $
OUT_DONE = b"\xe6\xf4"  # out 0xf4, al

MODES = ("real", "protected", "long")


def mov_eax(value: int) -> bytes:
    """mov eax, value (32-bit code)."""
    return b"\xb8" + value.to_bytes(4, "little")


def mov_ecx(value: int) -> bytes:
    """mov ecx, value (32-bit code)."""
    return b"\xb9" + value.to_bytes(4, "little")


def mov_edx(value: int) -> bytes:
    """mov edx, value (32-bit code)."""
    return b"\xba" + value.to_bytes(4, "little")


def mov_esi(value: int) -> bytes:
    """mov esi, value (32-bit code)."""
    return b"\xbe" + value.to_bytes(4, "little")


def mov_edi(value: int) -> bytes:
    """mov edi, value (32-bit code)."""
    return b"\xbf" + value.to_bytes(4, "little")


class Guest:
    """A VM whose first vCPU is about to run `code` in one of MODES.

    Without `irqchip` a HLT exits to the run loop; with it the vCPU waits inside KVM, local APICs
    exist and vCPUs after the first wait for INIT.
    """

    def __init__(
        self,
        code: bytes,
        *,
        mode: str = "protected",
        irqchip: bool = False,
        cpus: int = 1,
        layout: Sequence[tuple[int, int]] = ((0, RAM_SIZE),),
    ) -> None:
        self.kvm = Kvm()
        self.vm = self.kvm.create_vm()
        self.memory = GuestMemory(layout)
        for slot, region in enumerate(self.memory.regions):
            self.vm.set_user_memory_region(slot, region.gpa, region.size, region.hva)
        if irqchip:
            self.vm.create_irqchip()
        self.ports, self.mmio = port_space(), mmio_space()
        self.vcpus = [self.vm.create_vcpu(number) for number in range(cpus)]
        self.run_loops = [
            RunLoop(vcpu.fd, vcpu.run, self.ports.table, self.mmio.table) for vcpu in self.vcpus
        ]
        self.vcpu, self.run_loop = self.vcpus[0], self.run_loops[0]
        self.done: list[int] = []
        self.ports.claim_register(DONE, 1, name="done", write=self._finish)
        self.memory.write(CODE, code)
        if mode == "real":
            entry.enter_real_mode(self.vcpu, CODE >> 4, 0)
        elif mode == "protected":
            entry.enter_protected_mode(self.vcpu, self.memory, CODE)
        else:
            entry.enter_long_mode(self.vcpu, self.memory, CODE, rsi=0)

    def _finish(self, value: int) -> None:
        self.done.append(value)
        self.run_loop.kick()

    def run_until_done(self) -> int:
        """Run until the guest writes to DONE; return what it wrote."""
        assert self.run_loop.run() == KICKED
        return self.done[-1]

    def start(self, number: int = 0) -> RunningVcpu:
        """Run a vCPU in a thread of its own."""
        return RunningVcpu(self.run_loops[number])

    def close(self) -> None:
        """Give everything back to the host."""
        for vcpu in self.vcpus:
            vcpu.close()
        self.vm.close()
        self.kvm.close()
        self.memory.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class RunningVcpu:
    """A run loop in a thread; `join` returns what it returned, or raises what it raised."""

    def __init__(self, run_loop: RunLoop) -> None:
        self._run_loop = run_loop
        self._result: int | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._result = self._run_loop.run()
        except BaseException as error:
            self._error = error

    def join(self, timeout_s: float = 20.0) -> int:
        """Wait for the end of the run."""
        self._thread.join(timeout_s)
        assert not self._thread.is_alive(), "the vCPU still runs"
        if self._error is not None:
            raise self._error
        assert self._result is not None
        return self._result

    def kick_and_join(self) -> int:
        """Kick the vCPU and wait for the end of the run."""
        self._run_loop.kick()
        return self.join()
