"""Runs a command on a stock KVM in the emulated host, as if it ran here."""

from __future__ import annotations

import marshal
import os
import sys
import time

from kvmtool import log
from kvmtool.emulated.architecture import architecture
from kvmtool.emulated.initramfs import module_directory
from kvmtool.emulated.provision import Provision
from kvmtool.emulated.qemu import QemuProcess
from kvmtool.emulated.relay import Relay, held_open, stream_kinds, terminal_state
from kvmtool.emulated.snapshot import snapshot
from kvmtool.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEFAULT_MEMORY_MIB = 2048
DEFAULT_CPUS = 2 if len(os.sched_getaffinity(0)) >= 4 else 1
"""Two on two of this machine's CPUs are slower than one: QEMU has work of its own to do."""

INSIDE = "KVMTOOL_EMULATED"
"""An environment variable that is 1 for what runs in the emulated host."""

_START_LIMIT_S = 60
_MOUNT_OPTIONS = "trans=virtio,version=9p2000.L,msize=524288,cache=loose"


def run(
    argv: Sequence[str],
    *,
    arch: str = "x86_64",
    memory_mib: int = DEFAULT_MEMORY_MIB,
    cpus: int = DEFAULT_CPUS,
    environment: Mapping[str, str] | None = None,
    reason: str | None = None,
) -> int:
    """Run the command `argv` and return its status as the shell counts it (128 + n: signal n).

    It has this process's streams, working directory, user, files and signals; /run, /dev and
    /proc are its own. What is missing is fetched first. `reason` is why this is needed, and is
    said on stderr. Raises SetupFailure, EmulatedHostFailure, or BadInput for a command that
    cannot be started.
    """
    return _run(
        [os.fsencode(word) for word in argv], False, arch, memory_mib, cpus, environment, reason
    )


def run_lkvm(
    arguments: Sequence[str],
    *,
    arch: str = "x86_64",
    memory_mib: int = DEFAULT_MEMORY_MIB,
    cpus: int = DEFAULT_CPUS,
    environment: Mapping[str, str] | None = None,
    reason: str | None = None,
) -> int:
    """Run the lkvm command with these arguments, like `run`.

    It runs in a fork of the interpreter that L1 has up already, which saves starting another.
    """
    return _run([sys.argv[0], *arguments], True, arch, memory_mib, cpus, environment, reason)


def _run(
    argv: Sequence[str | bytes],
    lkvm: bool,
    arch: str,
    memory_mib: int,
    cpus: int,
    environment: Mapping[str, str] | None,
    reason: str | None,
) -> int:
    if not argv:
        raise BadInput("the emulated host needs a command to run")
    if not 256 <= memory_mib <= 1 << 20:
        raise BadInput(f"the emulated host's memory is 256 MiB or more, not {memory_mib}")
    if not 1 <= cpus <= 64:
        raise BadInput(f"the emulated host has 1 to 64 CPUs, not {cpus}")
    if reason:
        log.info(f"no KVM here that can run a stock kernel ({reason}): using the emulated host")
    chosen = architecture(arch)
    provision = Provision(chosen)
    kinds = stream_kinds()
    with held_open():
        provision.ensure(guest=False)
        kept = snapshot(chosen, provision, memory_mib, cpus)
        start = _start(argv, lkvm, kinds, environment or os.environ)
        start["modules"] = module_directory(provision.host_directory)
        with QemuProcess(provision.qemu(), kept.words) as qemu:
            qemu.greet()
            qemu.restore(kept.state)
            start["time"] = time.time()
            return Relay(qemu, kinds).serve(marshal.dumps(start), _START_LIMIT_S)


def _start(
    argv: Sequence[str | bytes], lkvm: bool, kinds: list[str], environment: Mapping[str, str]
) -> dict[str, object]:
    """Describe the command to the agent."""
    variables = {os.fsencode(name): os.fsencode(value) for name, value in environment.items()}
    variables[INSIDE.encode()] = b"1"
    settings, size = terminal_state(kinds)
    umask = os.umask(0o77)
    os.umask(umask)
    import kvmtool

    package = os.path.dirname(os.path.abspath(next(iter(kvmtool.__path__))))
    return {
        "argv": list(argv),
        "lkvm": lkvm,
        "environment": variables,
        "cwd": os.fsencode(os.getcwd()),
        "uid": os.getuid(),
        "gid": os.getgid(),
        "groups": os.getgroups(),
        "umask": umask,
        "streams": kinds,
        "termios": settings,
        "winsize": size,
        "entropy": os.urandom(64),
        "hostname": os.uname().nodename,
        "mount_options": _MOUNT_OPTIONS,
        "executable": sys.executable,
        "prefix": (sys.prefix, sys.exec_prefix),
        "path": [*dict.fromkeys([package, *(os.path.abspath(part) for part in sys.path)])],
    }
