"""What differs between architectures: memory map, devices, CPU state, firmware tables, entry.

Each is a package with the same names in it, those of `Architecture`; nothing above asks which one
it runs on.
"""

from __future__ import annotations

from kvmtool.errors import NoUsableKvm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from kvmtool.arch.parts import Parts
    from kvmtool.kvm import Kvm, Vcpu
    from kvmtool.machine.config import MachineConfig
    from kvmtool.outcome import Outcome

    class Console(Protocol):
        """The other end of the console device (kvmtool.backends.terminal.Terminal)."""

        receive: Callable[[bytes], int]
        send_break: Callable[[], object]

        def put(self, byte: int) -> None: ...
        def room_was_made(self) -> None: ...

    class Board(Protocol):
        """The assembled machine of one architecture."""

        vcpus: list[Vcpu]

        def unused_devices(self) -> list[str]:
            """The names of the virtio devices that no driver of the guest has brought up so far."""

        def close(self) -> None:
            """Give back what devices hold of the host."""

        def outcome_of(self, vcpu: Vcpu, reason: int) -> Outcome:
            """What it means that `vcpu` left guest mode for `reason` (KVM_EXIT_*)."""

        def describe(self, vcpu: Vcpu) -> str:
            """The state of a vCPU that does not run, in several lines."""

    class Architecture(Protocol):
        """One architecture's package."""

        def ram_layout(self, size: int) -> list[tuple[int, int]]:
            """The regions (gpa, bytes) that `size` bytes of RAM are in."""

        def above_ram(self, size: int) -> int:
            """The first gpa, on a GiB, above `size` bytes of RAM."""

        def build(
            self,
            config: MachineConfig,
            parts: Parts,
            console: Console,
            end: Callable[[Outcome], None],
        ) -> Board:
            """Add devices and vCPUs to `parts` and load the kernel; `end` ends the machine."""

        def why_not_linux(self, kvm: Kvm) -> str:
            """Why this KVM cannot run a stock kernel, or nothing if it can; tries it."""

        def find_kernel(self) -> str:
            """The kernel to boot where none is given. Raises BadInput if there is none."""

        def prepare(self, config: MachineConfig) -> None:
            """Check ahead what needs no KVM, and put into the cache what `build` looks for there.

            Raises BadInput.
            """

        def is_linux(self, kernel: str, boot: str) -> bool:
            """Whether the image at this path, booted this way, is Linux and no bare payload."""


def host_architecture() -> Architecture:
    """The package of the architecture that this Python runs on."""
    from kvmtool.uapi import host_architecture as name_of_host

    name = name_of_host()
    if name == "x86_64":
        from kvmtool.arch import x86_64

        return x86_64
    raise NoUsableKvm(f"machines of architecture {name} are not there yet")
