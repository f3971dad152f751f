"""L1, booted once and kept: a run starts from its memory and state in a tenth of a second.

A snapshot is good for one boot of this machine (the speed of its clock is in it), one size, one
QEMU, one interpreter, and one version of the agent in one installation of this package, whose other
modules a run then imports. Its file `manifest` names the files that it was made from. L1's memory
is mapped copy-on-write by each run, so runs share it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from dataclasses import dataclass

from kvmtool.cache import cache_dir
from kvmtool.emulated import initramfs, protocol
from kvmtool.emulated.packages import locked, made_whole
from kvmtool.emulated.progress import Step
from kvmtool.emulated.qemu import QemuProcess, options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.emulated.architecture import Architecture
    from kvmtool.emulated.provision import Provision

BOOT_LIMIT_S = 120
_KEPT = 3
_SOURCES = ("agent", "architecture", "initramfs", "interpreter", "protocol", "qemu", "streams")


@dataclass(frozen=True)
class Snapshot:
    """A booted L1: the files of its memory and state, and QEMU's options to take it up."""

    state: str
    words: list[str]


def snapshot(arch: Architecture, provision: Provision, memory_mib: int, cpus: int) -> Snapshot:
    """Return the snapshot for this size, which is made if there is none that is still good.

    Raises EmulatedHostFailure if L1 does not boot within BOOT_LIMIT_S seconds.
    """
    home = cache_dir("emulated", arch.name, "snapshots")
    kernel = os.path.join(provision.host_directory, "vmlinux")
    program = provision.qemu().program
    here = os.path.dirname(os.path.abspath(__file__))
    sources = [os.path.join(here, f"{name}.py") for name in _SOURCES]
    with open("/proc/sys/kernel/random/boot_id") as file:
        boot = file.read().strip()
    interpreter = os.path.realpath(sys.executable)
    identity = [boot, str(memory_mib), str(cpus), program, interpreter, here]
    key = hashlib.sha256("\0".join(identity).encode()).hexdigest()[:16]
    directory = os.path.join(home, f"{boot[:8]}-{key}")
    if not _is_good(directory):
        with locked():
            if not _is_good(directory):
                _remove_old(home, boot[:8])
                _make(arch, provision, directory, memory_mib, cpus, [*sources, kernel, program])
    os.utime(directory)
    return Snapshot(
        os.path.join(directory, "state"),
        _options(arch, kernel, directory, memory_mib, cpus, template=False),
    )


def _options(
    arch: Architecture, kernel: str, directory: str, memory_mib: int, cpus: int, *, template: bool
) -> list[str]:
    return options(
        arch,
        kernel=kernel,
        initramfs=os.path.join(directory, "initramfs"),
        memory=os.path.join(directory, "memory"),
        memory_mib=memory_mib,
        cpus=cpus,
        template=template,
    )


def _make(
    arch: Architecture,
    provision: Provision,
    directory: str,
    memory_mib: int,
    cpus: int,
    made_from: list[str],
) -> None:
    kernel = os.path.join(provision.host_directory, "vmlinux")
    with made_whole(directory) as draft, Step("booting the emulated host, once for many runs"):
        archive, files = initramfs.build(arch, provision)
        with open(os.path.join(draft, "initramfs"), "wb") as file:
            file.write(archive)
        words = _options(arch, kernel, draft, memory_mib, cpus, template=True)
        with QemuProcess(provision.qemu(), words) as qemu:
            qemu.greet()
            qemu.wait_for(protocol.frame(protocol.READY), BOOT_LIMIT_S)
            qemu.save(os.path.join(draft, "state"))
        with open(os.path.join(draft, "manifest"), "w") as manifest:
            for path in dict.fromkeys([*made_from, *files]):
                manifest.write(f"{_version(path)} {path}\n")


def _is_good(directory: str) -> bool:
    try:
        with open(os.path.join(directory, "manifest")) as manifest:
            entries = [line.rstrip("\n").split(" ", 2) for line in manifest]
        return all(_version(path) == f"{time} {size}" for time, size, path in entries)
    except (OSError, ValueError):
        return False


def _version(path: str) -> str:
    status = os.stat(path)
    return f"{status.st_mtime_ns} {status.st_size}"


def _remove_old(home: str, boot: str) -> None:
    """Remove the snapshots of earlier boots, and of this one all but the latest used."""
    paths = [os.path.join(home, name) for name in os.listdir(home)]
    paths.sort(key=lambda path: os.stat(path).st_mtime, reverse=True)
    current = [path for path in paths if os.path.basename(path).startswith(boot)]
    for path in paths:
        if path not in current[: _KEPT - 1]:
            shutil.rmtree(path, ignore_errors=True)
