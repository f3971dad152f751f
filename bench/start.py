"""How long from exec to the first KVM_RUN: `lkvm run`, QEMU, and the bare interpreter's start.

The clock starts just before the process is made. A preloaded library (first_kvm_run.c) stops it
when the process first asks KVM to run a vCPU, and ends the process there, so that nothing of the
guest is measured: a KVM that cannot boot Linux is good enough. The interpreter's start ends with
the first statement of `python -c`. What QEMU runs first is its firmware.

The images are a multiboot image of a few bytes and, where one is found or given, a Linux kernel,
which lkvm has in its cache of unpacked kernels.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial

from measure import Comparison, Report, alternate, arguments, compile_c, publish

from kvmtool.arch import host_architecture
from kvmtool.errors import BadInput

BUDGET_MS = 50
INTERPRETER = "python -c"
LIMIT_S = 60


def multiboot_image() -> bytes:
    """A multiboot image, loaded to 1 MiB by its header's addresses, that halts."""
    magic, flags, address = 0x1BADB002, 1 << 16, 0x100000
    header = struct.pack("<3I", magic, flags, -(magic + flags) & 0xFFFFFFFF)
    entry = address + 32
    return header + struct.pack("<5I", address, address, entry + 2, 0, entry) + b"\xfa\xf4"


class Starts:
    """Starts processes and measures when they get to their mark."""

    def __init__(self, folder: str) -> None:
        library = os.path.join(folder, "first_kvm_run.so")
        compile_c("first_kvm_run.c", library, "-shared", "-fPIC")
        self._environment = os.environ | {"LD_PRELOAD": library}

    def until_kvm_run(self, command: list[str]) -> float:
        """Milliseconds from exec to the first KVM_RUN."""
        reader, writer = os.pipe()
        environment = self._environment | {"BENCH_CLOCK_FD": str(writer)}
        start = time.monotonic_ns()
        process = subprocess.Popen(
            command,
            env=environment,
            pass_fds=[writer],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.close(writer)
        try:
            _, said = process.communicate(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise SystemExit(f"{' '.join(command)}: no KVM_RUN after {LIMIT_S} s") from None
        with os.fdopen(reader) as pipe:
            answer = pipe.readline()
        if not answer:
            raise SystemExit(f"{' '.join(command)}: no KVM_RUN: {said.strip()}")
        return (int(answer) - start) / 1e6

    def until_first_statement(self) -> float:
        """Milliseconds from exec to the interpreter's first statement."""
        command = [sys.executable, "-c", "import time; print(time.monotonic_ns())"]
        start = time.monotonic_ns()
        answer = subprocess.check_output(command, env=self._environment)
        return (int(answer) - start) / 1e6


def lkvm(image: str) -> list[str]:
    """The command that starts the image with us: the script beside this interpreter."""
    script = os.path.join(os.path.dirname(sys.executable), "lkvm")
    return [script, "run", "--accel", "kvm", "-m", "512", "-k", image]


def qemu(machine: str, image: str) -> list[str]:
    """The command that starts the image with QEMU, with as little as it can have."""
    command = ["qemu-system-x86_64", "-machine", machine, "-accel", "kvm", "-m", "512"]
    command += ["-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio"]
    return [*command, "-kernel", image]


def find_kernel() -> str | None:
    """The kernel that `lkvm run` would boot."""
    try:
        return host_architecture().find_kernel()
    except BadInput:
        return None


def measure(folder: str, kernel: str | None, machines: list[str], rounds: int) -> Report:
    """Run all sides in turns."""
    starts = Starts(folder)
    image = os.path.join(folder, "halts.bin")
    with open(image, "wb") as file:
        file.write(multiboot_image())
    images = {"multiboot": image} | ({"Linux": kernel} if kernel else {})
    sides: dict[str, Callable[[], float]] = {INTERPRETER: starts.until_first_statement}
    comparisons = []
    for name, path in images.items():
        ours = f"lkvm, {name}"
        sides[ours] = partial(starts.until_kvm_run, lkvm(path))
        comparisons.append(Comparison(ours, INTERPRETER, BUDGET_MS, is_difference=True))
        for machine in machines:
            if (machine, name) == ("microvm", "multiboot"):
                continue  # its firmware loads no multiboot images
            theirs = f"QEMU {machine}, {name}"
            sides[theirs] = partial(starts.until_kvm_run, qemu(machine, path))
            comparisons.append(Comparison(ours, theirs))
    samples = alternate(sides, rounds)
    return Report(f"start: exec to the first KVM_RUN, {rounds} rounds", "ms", samples, comparisons)


def main() -> None:
    """Measure and report."""
    parser = arguments(__doc__, rounds=15)
    parser.add_argument("-k", "--kernel", help="Linux kernel; default the one of `lkvm run`")
    parser.add_argument("--qemu", default="pc,microvm", help="machine types of QEMU to compare")
    options = parser.parse_args()
    machines = [word for word in options.qemu.split(",") if word]
    with tempfile.TemporaryDirectory() as folder:
        report = measure(folder, options.kernel or find_kernel(), machines, options.rounds)
    publish([report], as_json=options.json)


if __name__ == "__main__":
    main()
