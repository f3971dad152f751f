"""The windows of guest physical memory that the host bridge passes on to PCI functions.

PCI Firmware 3.3, 4.6.5 has what firmware assigns; an operating system may move it within them.
"""

from __future__ import annotations

import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kvmtool.bus.space import AddressSpace
    from kvmtool.core.runloop import Claim, Lock


class PciMemory:
    """Where BARs are decoded: `window32` below 4 GiB, `window64` above (first gpa, size).

    BARs get addresses from the first, so that also payloads without paging reach them; only
    prefetchable ones of 64 bits, which may be large, are put into the second if there is one.
    """

    def __init__(
        self,
        space: AddressSpace,
        window32: tuple[int, int],
        window64: tuple[int, int] = (0, 0),
    ) -> None:
        self._space = space
        self._windows = [window32, window64]
        self._next = [window32[0], window64[0]]
        self._refused: dict[Callable[[], None], None] = {}
        self._refused_lock = threading.Lock()

    def allocate(self, size: int, *, high: bool = False) -> int:
        """The gpa of `size` bytes (a power of two), aligned to it. ValueError if there is no room.

        `high` asks for one above 4 GiB, which is granted if there is a window. The same calls in
        the same order give the same addresses.
        """
        number = 1 if high and self._windows[1][1] else 0
        first, length = self._windows[number]
        gpa = -(-self._next[number] // size) * size
        if gpa + size > first + length:
            raise ValueError(
                f"a BAR of {size:#x} bytes must fit into the PCI window "
                f"{first:#x}-{first + length - 1:#x}, of which {gpa:#x} is the next address free"
            )
        self._next[number] = gpa + size
        return gpa

    def claim(
        self, gpa: int, behind: AddressSpace, lock: Lock, name: str, retry: Callable[[], None]
    ) -> Claim | None:
        """Have accesses at `gpa` served by `behind`; None where the guest put it out of reach.

        That is outside the windows, or where another BAR is decoded already: then `retry` is kept
        for `offer_again`.
        """
        size = behind.size
        if not any(
            first <= gpa and gpa + size <= first + length for first, length in self._windows
        ):
            return None
        table = behind.table
        for _ in range(2):
            try:
                return self._space.claim_region(
                    gpa, size, name=name, read=table.read, write=table.write, lock=lock
                )
            except ValueError:
                # What was released before that is known to `offer_again`, the second try finds.
                with self._refused_lock:
                    self._refused[retry] = None
        return None

    def release(self, claim: Claim) -> None:
        """Give up what `claim` returned; `offer_again` is to follow."""
        self._space.release(claim)

    def offer_again(self) -> None:
        """Call once each `retry` that was kept: there is room again. No function's lock is held."""
        with self._refused_lock:
            refused, self._refused = self._refused, {}
        for retry in refused:
            retry()
