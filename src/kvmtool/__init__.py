"""The userspace counterpart of KVM: builds virtual machines and boots Linux in them.

`Kvm` speaks to /dev/kvm. `Machine` is a machine as `MachineConfig` describes it, with its console
on a `Terminal`; it runs once and returns an `Outcome`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.backends.terminal import Terminal
    from kvmtool.kvm import Kvm
    from kvmtool.machine.config import MachineConfig
    from kvmtool.machine.machine import Machine
    from kvmtool.outcome import Outcome

__all__ = ["Kvm", "Machine", "MachineConfig", "Outcome", "Terminal"]

_HOMES = {
    "Kvm": "kvmtool.kvm",
    "Machine": "kvmtool.machine.machine",
    "MachineConfig": "kvmtool.machine.config",
    "Outcome": "kvmtool.outcome",
    "Terminal": "kvmtool.backends.terminal",
}


def __getattr__(name: str) -> object:
    """Import what is public on its first use: importing all of it costs time at each start."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(home), name)
