"""Where drivers notify queues: eventfds that KVM signals in place of an exit (KVM_IOEVENTFD)."""

from __future__ import annotations

from kvmtool.errors import KvmFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class IoeventfdVm(Protocol):
        """What is needed of `kvmtool.kvm.Vm`."""

        def ioeventfd(
            self,
            fd: int,
            address: int,
            length: int,
            *,
            datamatch: int | None = None,
            deassign: bool = False,
        ) -> None: ...

    Bell = tuple[int, int, int | None]
    """gpa, length of the write in bytes (0 for any), the value that it must have (None for any)."""


class Doorbells:
    """The ioeventfds of one transport, each for the kick_fd of a queue."""

    def __init__(self, vm: IoeventfdVm) -> None:
        self._vm = vm
        self._placed: dict[int, Bell] = {}

    def place(self, wanted: dict[int, Bell]) -> None:
        """Have each kick_fd in `wanted` signalled by its bell, and no other.

        One that KVM does not take is left out: its writes exit to the transport's own register.
        """
        for fd, bell in list(self._placed.items()):
            if wanted.get(fd) != bell:
                del self._placed[fd]
                gpa, length, value = bell
                self._vm.ioeventfd(fd, gpa, length, datamatch=value, deassign=True)
        for fd, (gpa, length, value) in wanted.items():
            if fd not in self._placed:
                try:
                    self._vm.ioeventfd(fd, gpa, length, datamatch=value)
                except KvmFailure:
                    continue
                self._placed[fd] = gpa, length, value
