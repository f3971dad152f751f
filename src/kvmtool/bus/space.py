"""The two address spaces of a machine that exit to the VMM: port I/O and MMIO."""

from __future__ import annotations

from kvmtool.core.runloop import Claim, ClaimTable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import WriteableBuffer

    from kvmtool.core.runloop import Lock


class AddressSpace:
    """An address space in which devices claim ranges.

    `table` is what the run loops consult. A range that overlaps a claim, or that ends beyond the
    space, is a ValueError: both are mistakes of the machine's builder, never of the guest.
    """

    def __init__(self, name: str, size: int) -> None:
        self.name = name
        self.size = size
        self.table = ClaimTable()

    def claim_register(
        self,
        first: int,
        width: int,
        *,
        name: str,
        read: Callable[[], int] | None = None,
        write: Callable[[int], None] | None = None,
        lock: Lock | None = None,
    ) -> Claim:
        """Claim one register of `width` bytes (1 to 8)."""
        self._check(first, width, name)
        return self.table.claim_register(first, width, name, read, write, lock)

    def claim_region(
        self,
        first: int,
        size: int,
        *,
        name: str,
        read: Callable[[int, int], int] | None = None,
        write: Callable[[int, int, int], None] | None = None,
        lock: Lock | None = None,
    ) -> Claim:
        """Claim `size` bytes, served by read(offset, size) and write(offset, value, size)."""
        self._check(first, size, name)
        return self.table.claim_region(first, size, name, read, write, lock)

    def claim_bytes(self, first: int, memory: WriteableBuffer, *, name: str) -> Claim:
        """Claim a range that behaves as plain memory; its exits run no Python."""
        self._check(first, len(memoryview(memory)), name)
        return self.table.claim_bytes(first, memory, name)

    def release(self, claim: Claim) -> None:
        """Give a claim up."""
        self.table.release(claim)

    def describe(self) -> str:
        """The space's map, a line for each claim."""
        return "\n".join(
            f"{claim.first:#010x}-{claim.last:#010x} {claim.name}" for claim in self.table.claims()
        )

    def _check(self, first: int, size: int, name: str) -> None:
        if first < 0 or first + size > self.size:
            raise ValueError(
                f"{name} at {first:#x} needs {size:#x} bytes; {self.name} ends at {self.size:#x}"
            )


def port_space() -> AddressSpace:
    """The 64 KiB of x86 port I/O."""
    return AddressSpace("port I/O", 1 << 16)


def mmio_space() -> AddressSpace:
    """The guest physical addresses that no memslot backs."""
    return AddressSpace("MMIO", 1 << 52)
