"""L1's initramfs: busybox, the kernel modules, and this Python interpreter with the agent."""

from __future__ import annotations

import os

from kvmtool.boot.initramfs import Initramfs
from kvmtool.boot.kernel_modules import ModuleTree
from kvmtool.emulated import interpreter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.emulated.architecture import Architecture
    from kvmtool.emulated.provision import Provision

# The sysctls make a file that is written inside appear on the host within a second or two.
_INIT = """#!/bin/busybox sh
B=/bin/busybox
$B mount -t devtmpfs dev /dev
exec </dev/console >/dev/console 2>&1
$B mount -t proc proc /proc
$B mount -t sysfs sysfs /sys
$B insmod_all
echo 100 >/proc/sys/vm/dirty_expire_centisecs
echo 100 >/proc/sys/vm/dirty_writeback_centisecs
# Guests' RAM is shared memory: huge pages spare most second-level faults, each slow here.
echo advise >/sys/kernel/mm/transparent_hugepage/shmem_enabled
$B ip link set lo up
export {environment}
exec {program} -S -s -c 'from kvmtool.emulated import agent
agent.prepare_devices()
agent.main()'
echo "cannot start {program}"
"""


def build(arch: Architecture, provision: Provision) -> tuple[bytes, list[str]]:
    """Return the archive and the files on this machine that it was made from."""
    tree = _tree(provision.host_directory)
    python = interpreter.interpreter()
    image = Initramfs()
    for directory in ("proc", "sys", "dev", "host", "lib/modules", "sbin", "tmp"):
        image.add_directory(directory)
    image.copy_file("bin/busybox", provision.busybox, 0o755)
    image.add_symlink("sbin/modprobe", "/bin/busybox")
    loads = []
    for name in tree.order(arch.modules):
        image.add_file(f"modules/{name}.ko", tree.load(name))
        loads.append(f"$B insmod /modules/{name}.ko || echo 'cannot load {name}'")
    environment = {
        "PYTHONHOME": python.home,
        "PYTHONPATH": ":".join(python.module_path),
        "LD_LIBRARY_PATH": python.library_path,
    }
    words = " ".join(f"{name}={_quoted(value)}" for name, value in environment.items())
    script = _INIT.replace("$B insmod_all", "\n".join(loads))
    script = script.format(environment=words, program=_quoted(python.program))
    image.add_file("init", script.encode(), 0o755)
    for path in python.files:
        image.copy_file(path, path)
        if path.endswith(".py"):
            image.add_file(*interpreter.compiled(path))
    return image.archive(), [provision.busybox, *python.files]


def module_directory(host_directory: str) -> str:
    """Return the directory of the modules of L1's kernel."""
    return _tree(host_directory).directory


def _tree(host_directory: str) -> ModuleTree:
    with open(os.path.join(host_directory, "release")) as file:
        release = file.read().strip()
    return ModuleTree(os.path.join(host_directory, "lib", "modules", release))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
