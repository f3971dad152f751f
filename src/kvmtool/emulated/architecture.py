"""What differs between the architectures that QEMU can emulate with virtualization in them."""

from __future__ import annotations

import platform
from dataclasses import dataclass

from kvmtool.errors import BadInput


@dataclass(frozen=True)
class Architecture:
    """One architecture: its packages, its QEMU and what L1 loads."""

    name: str
    debian_name: str
    guest_kernel_package: str
    host_kernel_package: str
    """Debian's standard kernel: the cloud kernel has neither 9p nor KVM."""
    qemu: str
    qemu_package: str
    machine: str
    cpu: str
    """A CPU model with the extension that KVM needs.

    On x86-64 of a family without AGP (Zen): on an older one Linux, also the guest's, looks for an
    AGP bridge on every PCI bus.
    """
    console: str
    modules: tuple[str, ...]
    """Loaded before the snapshot, so their number costs a run nothing."""


_MODULES = ("9p", "tun", "vhost_net", "vhost_vsock", "vhost_scsi", "loop")
_TRANSPORT = ("virtio_pci", "virtio_console", "9pnet_virtio")

ARCHITECTURES = {
    "x86_64": Architecture(
        name="x86_64",
        debian_name="amd64",
        guest_kernel_package="linux-image-cloud-amd64",
        host_kernel_package="linux-image-amd64",
        qemu="qemu-system-x86_64",
        qemu_package="qemu-system-x86",
        machine="q35",
        cpu="max,+svm,+npt,family=25,model=1,stepping=1",
        console="ttyS0",
        modules=(*_TRANSPORT, *_MODULES, "kvm-amd"),
    ),
}


def architecture(name: str) -> Architecture:
    """Return the architecture `name`; BadInput for one that cannot be emulated yet."""
    found = ARCHITECTURES.get(name)
    if found is None:
        known = ", ".join(ARCHITECTURES)
        raise BadInput(f"the emulated host is there for {known}, not for {name}")
    return found


def native() -> str:
    """Return the name of the architecture that this interpreter runs on."""
    return platform.machine()
