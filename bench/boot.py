"""How long from exec to a line that init prints on the serial console: lkvm, QEMU and kvmtool.

All boot the same kernel and initrd with the same RAM, one CPU and the same command line, on the
same KVM, in turns; `lkvm, its defaults` has the command line of `lkvm run` instead. QEMU runs
with `-accel kvm -cpu host` and without devices, as its default machine and as microvm; the C
kvmtool takes part where $KVMTOOL or --kvmtool gives its binary. On a host whose KVM cannot boot
Linux the benchmark runs in the emulated host, where absolute times say nothing about hardware.
The package is byte-compiled and the unpacked kernel is in the cache, as from the second run on.
"""

from __future__ import annotations

import argparse
import compileall
import os
import select
import subprocess
import sys
import tempfile
import time
from functools import partial

from measure import Comparison, Report, alternate, arguments, compile_c, publish

import kvmtool
from kvmtool.arch import host_architecture
from kvmtool.boot.initramfs import Initramfs
from kvmtool.cache import cache_dir
from kvmtool.errors import KvmtoolError
from kvmtool.kvm import Kvm
from kvmtool.machine.config import MachineConfig

MARKER = b"bench: init runs"
PARAMETERS = "console=ttyS0 quiet panic=-1"
LIMIT_S = 120
RAM_MIB = 512
OURS = "lkvm"


def until_marker(command: list[str]) -> float:
    """Seconds from exec until the marker has arrived on standard output."""
    start = time.monotonic()
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    output = b""
    try:
        while MARKER not in output:
            left = start + LIMIT_S - time.monotonic()
            ready, _, _ = select.select([process.stdout], [], [], max(0, left))
            data = os.read(process.stdout.fileno(), 4096) if ready else b""
            if not data:
                text = output.decode(errors="replace")
                raise SystemExit(f"{' '.join(command)}: no marker, but:\n{text}")
            output += data
        return time.monotonic() - start
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def write_initrd(folder: str) -> str:
    """Make an initramfs with the init of boot_init.c; return its path."""
    init = os.path.join(folder, "init")
    compile_c("boot_init.c", init, "-static")
    archive = Initramfs()
    archive.add_device("dev/console", 5, 1)
    archive.copy_file("init", init, 0o755)
    path = os.path.join(folder, "initrd")
    with open(path, "wb") as file:
        file.writelines(archive.chunks())
    return path


def commands(kernel: str, initrd: str, kvmtool_binary: str) -> dict[str, list[str]]:
    """The command line of each side."""
    common = ["-k", kernel, "-i", initrd, "-m", str(RAM_MIB), "-c", "1"]
    lkvm = [sys.executable, "-m", "kvmtool", "run", *common, "-p"]
    qemu = ["qemu-system-x86_64", "-accel", "kvm", "-cpu", "host", "-m", str(RAM_MIB)]
    qemu += ["-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio"]
    qemu += ["-no-reboot", "-kernel", kernel, "-initrd", initrd, "-append", PARAMETERS, "-machine"]
    sides = {
        OURS: [*lkvm, PARAMETERS, "--nodefaults"],
        "lkvm, its defaults": [*lkvm, "quiet"],
        "QEMU pc": [*qemu, "pc"],
        "QEMU microvm": [*qemu, "microvm"],
    }
    if kvmtool_binary:
        # It makes a socket below $HOME, which not every file system takes.
        os.environ["KVMTOOL_CACHE"] = cache_dir()
        os.environ["HOME"] = "/dev/shm"
        words = [kvmtool_binary, "run", *common, "--console", "serial", "-p", PARAMETERS]
        sides["kvmtool"] = words
    return sides


def measure(options: argparse.Namespace, folder: str) -> Report:
    """Run all sides in turns."""
    sides = commands(options.kernel, os.path.join(folder, "initrd"), options.kvmtool)
    runs = {name: partial(until_marker, command) for name, command in sides.items()}
    samples = alternate(runs, options.rounds)
    peers = [name for name in sides if not name.startswith(OURS)]
    fastest = min(peers, key=lambda name: sorted(samples[name])[options.rounds // 2])
    comparisons = [
        Comparison(ours, peer, 1.0 if peer == fastest else None)
        for ours in sides
        if ours not in peers
        for peer in peers
    ]
    where = "the emulated host" if "KVMTOOL_EMULATED" in os.environ else "this host"
    title = f"boot: exec to init's line, on {where}'s KVM, {options.rounds} rounds"
    notes = [f"kernel {options.kernel}, {RAM_MIB} MiB, 1 CPU, {PARAMETERS!r}"]
    if "kvmtool" not in sides:
        notes.append("kvmtool did not take part: $KVMTOOL does not name its binary")
    return Report(title, "s", samples, comparisons, notes)


def prepare(kernel: str, folder: str) -> None:
    """Make the initrd and warm the caches that a second run of lkvm finds warm."""
    write_initrd(folder)
    compileall.compile_dir(next(iter(kvmtool.__path__)), quiet=1)
    host_architecture().prepare(MachineConfig(kernel=kernel))


def why_not_here() -> str:
    """Why the benchmark has to go to the emulated host; empty if it has not."""
    try:
        with Kvm() as kvm:
            return host_architecture().why_not_linux(kvm)
    except KvmtoolError as error:
        return str(error)


def main() -> int:
    """Measure and report, here or in the emulated host."""
    parser = arguments(__doc__, rounds=5)
    parser.add_argument("-k", "--kernel", help="bzImage; default the one of `lkvm run`")
    parser.add_argument(
        "--kvmtool", default=os.environ.get("KVMTOOL", ""), help="the C kvmtool; default $KVMTOOL"
    )
    parser.add_argument("--prepared", metavar="FOLDER", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.prepared:
        publish([measure(options, options.prepared)], as_json=options.json)
        return 0
    options.kernel = os.path.abspath(options.kernel or host_architecture().find_kernel())
    with tempfile.TemporaryDirectory() as folder:
        prepare(options.kernel, folder)
        reason = why_not_here()
        if not reason:
            publish([measure(options, folder)], as_json=options.json)
            return 0
        from kvmtool.emulated import host

        words = ["--prepared", folder, "-k", options.kernel, "--rounds", str(options.rounds)]
        words += ["--kvmtool", options.kvmtool] + (["--json"] if options.json else [])
        script = os.path.abspath(__file__)
        return host.run([sys.executable, script, *words], reason=reason)


if __name__ == "__main__":
    sys.exit(main())
