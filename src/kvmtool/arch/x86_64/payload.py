"""Loads bare payloads: multiboot images and flat binaries."""

from __future__ import annotations

from kvmtool.arch.x86_64 import entry
from kvmtool.arch.x86_64.memory_map import memory_map
from kvmtool.boot import multiboot
from kvmtool.boot.flat import Flat
from kvmtool.boot.image import ImageFile, guest_range
from kvmtool.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.boot.multiboot import Multiboot
    from kvmtool.kvm import Vcpu
    from kvmtool.machine.config import MachineConfig
    from kvmtool.memory import GuestMemory

_PAGE = 4096


def load(config: MachineConfig, image: Multiboot | Flat, vcpu: Vcpu, memory: GuestMemory) -> None:
    """Load the image, and the initrd as its module, and make `vcpu` enter it. Raises BadInput."""
    if config.boot not in ("auto", image.kind):
        raise BadInput(f"{image.file.name} is a {image.kind} image, not one for {config.boot}")
    image.load(memory)
    if isinstance(image, Flat):
        if config.initrds:
            raise BadInput("a flat binary takes no initrd")
        entry.enter_real_mode(vcpu, image.cs, image.ip)
        return
    gpa = image.information_gpa
    module = _load_module(config, gpa, memory)
    if module is not None:
        gpa = -(-(module[0] + module[1]) // _PAGE) * _PAGE
    information = multiboot.information(
        gpa,
        memory_map=memory_map(config.memory_size),
        cmdline=config.parameters,
        program=config.kernel.rpartition("/")[2],
        module=module,
    )
    name = f"the multiboot information of {image.file.name}"
    guest_range(memory, gpa, len(information), name)[:] = information
    entry.enter_protected_mode(vcpu, memory, image.entry, eax=multiboot.ENTRY_EAX, ebx=gpa)


def _load_module(
    config: MachineConfig, gpa: int, memory: GuestMemory
) -> tuple[int, int, str] | None:
    """Load the one module that images look at to `gpa`; return gpa, size and name."""
    if not config.initrds:
        return None
    if len(config.initrds) > 1:
        raise BadInput(f"a multiboot image takes one module (-i), not {len(config.initrds)}")
    (module,) = config.initrds
    if isinstance(module, bytes):
        raise BadInput("a multiboot image's module is a file")
    with ImageFile(module) as file:
        guest_range(memory, gpa, file.size, f"module {file.name}")
        file.load(0, memory, gpa, file.size)
        return gpa, file.size, file.name
