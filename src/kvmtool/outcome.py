"""How a machine's life ended."""

from enum import Enum

from kvmtool.errors import ExitStatus


class Cause(Enum):
    """What ended it."""

    POWER_OFF = "the guest powered off"
    RESET = "the guest asked for a reset"
    PANIC = "the guest's kernel panicked"
    TRIPLE_FAULT = "triple fault"
    KVM_ERROR = "KVM error"
    INTERRUPTED = "interrupted"
    REPORTED = "the guest said its exit status"
    DEBUG_EXIT = "the guest ended the run through the debug exit"


_STATUS = {
    Cause.POWER_OFF: ExitStatus.POWER_OFF,
    Cause.RESET: ExitStatus.POWER_OFF,
    Cause.PANIC: ExitStatus.GUEST_PANIC,
    Cause.TRIPLE_FAULT: ExitStatus.TRIPLE_FAULT,
    Cause.KVM_ERROR: ExitStatus.KVM_ERROR,
    Cause.INTERRUPTED: ExitStatus.INTERRUPTED,
}


class Outcome:
    """The end of one life of a machine.

    `status` is the exit status that stands for it, 0 to 255; `detail` is empty or says more, such
    as the state of the vCPU that failed, and may have several lines.
    """

    def __init__(self, cause: Cause, detail: str = "", status: int | None = None) -> None:
        self.cause = cause
        self.detail = detail
        self.status = _STATUS[cause] if status is None else status

    def __repr__(self) -> str:
        return f"Outcome({self.cause.name}, status={int(self.status)})"
