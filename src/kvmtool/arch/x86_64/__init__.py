"""x86-64: a PC without a BIOS."""

from __future__ import annotations

from kvmtool.arch.x86_64.board import above_ram as above_ram
from kvmtool.arch.x86_64.memory_map import ram_layout as ram_layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kvmtool.arch import Console
    from kvmtool.arch.parts import Parts
    from kvmtool.arch.x86_64.pc import Pc
    from kvmtool.kvm import Kvm
    from kvmtool.machine.config import MachineConfig
    from kvmtool.outcome import Outcome


def build(
    config: MachineConfig, parts: Parts, console: Console, end: Callable[[Outcome], None]
) -> Pc:
    """Add devices and vCPUs to `parts` and load the kernel; `end` ends the machine."""
    from kvmtool.arch.x86_64.pc import Pc

    return Pc(config, parts, console, end)


def why_not_linux(kvm: Kvm) -> str:
    """Why this KVM cannot run a stock kernel, or nothing if it can; tries it."""
    from kvmtool.arch.x86_64 import probe

    return probe.why_not_linux(kvm)


def find_kernel() -> str:
    """The kernel to boot where none is given. Raises BadInput if there is none."""
    from kvmtool.boot import kernel

    return kernel.find_kernel("x86_64")


def is_linux(kernel: str, boot: str) -> bool:
    """Whether the image at this path, booted this way, is Linux. Raises BadInput."""
    from kvmtool.boot.kernel import identify

    image = identify(kernel, flat=boot == "flat")
    image.close()
    return image.kind not in ("multiboot", "flat")


def prepare(config: MachineConfig) -> None:
    """Check what needs no KVM, and unpack the kernel into the cache. Raises BadInput."""
    from kvmtool.arch.x86_64 import cpu_features, linux
    from kvmtool.boot.bzimage import BzImage
    from kvmtool.boot.elf import Elf
    from kvmtool.boot.kernel import identify

    image = identify(config.kernel, flat=config.boot == "flat")
    try:
        if isinstance(image, (BzImage, Elf)):
            linux.prepare(config, image)
    finally:
        image.close()
    if config.cpuid:
        cpu_features.parse(config.cpuid)
