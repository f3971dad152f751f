"""The vCPU run loop and the claim tables that it consults (compiled; see runloop.pyx).

Documentation/virt/kvm/api.rst, section 5.
"""

from collections.abc import Callable
from typing import Protocol

from _typeshed import WriteableBuffer

KICKED: int
"""What `RunLoop.run` returns when `kick` ended it; no exit reason has this value."""

class Lock(Protocol):
    """Held while a handler runs; `threading.RLock()` is one."""

    def acquire(self) -> object: ...
    def release(self) -> object: ...

class Claim:
    """One range of an address space and what answers there; `last` is inclusive."""

    first: int
    last: int
    name: str

class ClaimTable:
    """What the ranges of one address space are claimed by, searched on each access.

    An access of 1 to 8 bytes that lies inside one claim goes to it. One that lies in no claim
    reads all ones, or is dropped. One that straddles a claim's border is split into bytes.
    Handlers get and return little-endian integers. A claim that overlaps another is a ValueError
    that names both.
    """

    on_unclaimed: Callable[[int, int, int | None], None] | None
    """Told of accesses that nobody claims: address, size in bytes, value (None for a read)."""
    handled: int
    """How many accesses a handler was called for; the others ran no Python."""

    def claim_register(
        self,
        first: int,
        width: int,
        name: str,
        read: Callable[[], int] | None,
        write: Callable[[int], None] | None,
        lock: Lock | None,
    ) -> Claim:
        """Claim a register of `width` bytes (1 to 8).

        A narrower read gets its bytes of the value; a narrower write comes zero-extended in its
        lane. A missing side reads all ones, or drops the write.
        """

    def claim_region(
        self,
        first: int,
        size: int,
        name: str,
        read: Callable[[int, int], int] | None,
        write: Callable[[int, int, int], None] | None,
        lock: Lock | None,
    ) -> Claim:
        """Claim `size` bytes, served by read(offset, size) and write(offset, value, size)."""

    def claim_bytes(self, first: int, memory: WriteableBuffer, name: str) -> Claim:
        """Claim a range that behaves as the memory `memory`; no Python runs for its exits."""

    def release(self, claim: Claim) -> None:
        """Give the claim's range up."""

    def claims(self) -> tuple[Claim, ...]:
        """All claims, by address."""

    def read(self, address: int, size: int) -> int:
        """Make an access as a vCPU would."""

    def write(self, address: int, value: int, size: int) -> None:
        """Make an access as a vCPU would."""

class RunLoop:
    """Runs one vCPU until something happens that the claim tables do not answer.

    `run_area` is the vCPU's mapping of struct kvm_run. Making the first loop takes SIGRTMIN for
    kicks, for the whole process.
    """

    vcpu_fd: int

    def __init__(
        self, vcpu_fd: int, run_area: WriteableBuffer, ports: ClaimTable, mmio: ClaimTable
    ) -> None: ...
    def on_exit(self, reason: int, handler: Callable[[], bool]) -> None:
        """Have `handler` called on exits for `reason` (KVM_EXIT_*).

        It returns True to go on in the guest, False to have `run` return the reason.
        """

    def run(self) -> int:
        """Run the guest and return the exit reason that nobody handled, or KICKED.

        Raises OSError where KVM_RUN fails and what a handler raises. Port I/O and MMIO are served
        from the tables; EINTR and EAGAIN are retried.
        """

    def kick(self) -> None:
        """Make `run` return KICKED soon; from any thread.

        A kick is never lost: one that comes between two runs ends the next one.
        """

    def statistics(self) -> dict[int, int]:
        """How often each exit reason was met."""
