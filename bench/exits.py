"""What an exit costs: port writes that Python, the core or nobody answers, against a loop in C.

Each side runs the same payload, `out` in a loop, on the same KVM and CPU, in turns of a few
thousand exits.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable

from measure import Comparison, Report, alternate, arguments, compile_c, publish

from kvmtool.bus.space import AddressSpace, mmio_space, port_space
from kvmtool.core.runloop import RunLoop
from kvmtool.kvm import Kvm, Vcpu, Vm
from kvmtool.memory import GuestMemory
from kvmtool.uapi import kvm as uapi

PORT = 0x5E0
LOAD_ADDRESS = 0x1000
# again: out dx, al; loop again (counting in ecx); hlt
PAYLOAD = bytes.fromhex("ee 67e2fc f4")

C_LOOP = "C loop"
HANDLER = "Python handler"
BYTES = "core, claimed bytes"
UNCLAIMED = "core, unclaimed"


class Register:
    """The smallest device: a register that keeps what is written."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.value = 0

    def write(self, value: int) -> None:
        """Handle a port write."""
        self.value = value


class PythonSide:
    """One VM and its run loop, with a port space that `claim` fills."""

    def __init__(self, kvm: Kvm, claim: Callable[[AddressSpace], object], count: int) -> None:
        self._count = count
        self._memory = GuestMemory([(0, 0x10000)])
        self._memory.write(LOAD_ADDRESS, PAYLOAD)
        self._vm: Vm = kvm.create_vm()
        region = self._memory.regions[0]
        self._vm.set_user_memory_region(0, region.gpa, region.size, region.hva)
        self._vcpu: Vcpu = self._vm.create_vcpu(0)
        ports = port_space()
        claim(ports)
        self._run_loop = RunLoop(self._vcpu.fd, self._vcpu.run, ports.table, mmio_space().table)

    def microseconds_per_exit(self) -> float:
        """Run the payload once."""
        sregs = self._vcpu.get_sregs()
        sregs.cs.base = sregs.cs.selector = 0
        self._vcpu.set_sregs(sregs)
        registers = uapi.kvm_regs(rip=LOAD_ADDRESS, rcx=self._count, rdx=PORT, rflags=2)
        self._vcpu.set_regs(registers)
        start = time.perf_counter_ns()
        reason = self._run_loop.run()
        elapsed = time.perf_counter_ns() - start
        if reason != uapi.KVM_EXIT_HLT:
            raise SystemExit(f"the payload ended with exit reason {reason}")
        return elapsed / self._count / 1000


class CSide:
    """The C program, a child that does one turn for each line."""

    def __init__(self, device: str, folder: str, count: int) -> None:
        self._count = count
        program = os.path.join(folder, "exits")
        compile_c("exits.c", program)
        self._child = subprocess.Popen(
            [program, device, hex(PORT), PAYLOAD.hex()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def microseconds_per_exit(self) -> float:
        """Have the program run the payload once."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        print(self._count, file=self._child.stdin, flush=True)
        answer = self._child.stdout.readline()
        if not answer:
            raise SystemExit("the C loop ended")
        return int(answer) / self._count / 1000

    def close(self) -> None:
        """End the program."""
        self._child.communicate()


def measure(device: str, rounds: int, count: int) -> Report:
    """Run all sides in turns."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    register = Register()
    with Kvm(device) as kvm, tempfile.TemporaryDirectory() as folder:
        c = CSide(device, folder, count)
        sides = {
            HANDLER: lambda ports: ports.claim_register(
                PORT, 1, name="register", write=register.write, lock=register.lock
            ),
            BYTES: lambda ports: ports.claim_bytes(PORT, bytearray(1), name="bytes"),
            UNCLAIMED: lambda ports: None,
        }
        runs = {C_LOOP: c.microseconds_per_exit}
        for name, claim in sides.items():
            runs[name] = PythonSide(kvm, claim, count).microseconds_per_exit
        samples = alternate(runs, rounds)
        c.close()
    return Report(
        f"exits: one port write, {count} in a turn, {rounds} rounds",
        "us",
        samples,
        [
            Comparison(HANDLER, C_LOOP, 1.5),
            Comparison(BYTES, C_LOOP, 1.1),
            Comparison(UNCLAIMED, C_LOOP, 1.1),
        ],
    )


def main() -> None:
    """Measure and report."""
    parser = arguments(__doc__, rounds=15)
    parser.add_argument("--dev", default="/dev/kvm", help="KVM device; default /dev/kvm")
    parser.add_argument("--exits", type=int, default=10_000, help="exits in a turn; default 10000")
    options = parser.parse_args()
    publish([measure(options.dev, options.rounds, options.exits)], as_json=options.json)


if __name__ == "__main__":
    main()
