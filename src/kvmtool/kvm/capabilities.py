"""The names and numbers of KVM's capabilities, as the kernel's header lists them."""

from __future__ import annotations

from kvmtool.errors import BadInput
from kvmtool.uapi import kvm

_PREFIX = "KVM_CAP_"


def capabilities() -> dict[str, int]:
    """Return the number of each capability by its full name, in the order of the numbers."""
    found = [(number, name) for name, number in vars(kvm).items() if name.startswith(_PREFIX)]
    return {name: number for number, name in sorted(found)}


def capability_number(capability: str | int) -> int:
    """Return the number of a capability, given as `KVM_CAP_IRQFD`, `irqfd` or its number.

    BadInput if the header that the bindings were made from has no such name.
    """
    if isinstance(capability, int):
        return capability
    name = _PREFIX + capability.upper().removeprefix(_PREFIX)
    number: int | None = getattr(kvm, name, None)
    if number is None:
        raise BadInput(f"no capability is called {name}; it may be given by its number")
    return number
