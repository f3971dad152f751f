"""The test device that bare-metal x86 images expect (QEMU's isa-debug-exit and pc-testdev).

| address | width | meaning |
|---|---|---|
| 0xf4-0xf7 | 1, 2, 4 out | debug exit with status `(value << 1 | 1) & 0xff` |
| 0xe0-0xe3, 0xe8-0xeb | any | one four-byte scratch register, seen twice |
| 0xe4 | 4 out | unmap the host page of a guest physical address and map it again |
| 0x2000-0x2017 | any out | interrupt line `port - 0x2000`, level `value != 0` |
| MMIO 0xff000000 | any | 64 KiB of scratch memory that exits |
"""

from __future__ import annotations

import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kvmtool.bus.space import AddressSpace

_SCRATCH, _UNMAP, _SCRATCH_BYTES, _DEBUG_EXIT = 0xE0, 0xE4, 0xE8, 0xF4
_IRQ_LINES, _IRQ_LINE_COUNT = 0x2000, 24
_MMIO_SCRATCH, _MMIO_SCRATCH_SIZE = 0xFF00_0000, 64 << 10
_PAGE_MASK = 0xFFF


class TestDevice:
    """Everything that an image can ask for through these ports.

    `on_exit(status)` ends the machine; `on_unmap(gpa)` gets an address rounded down to 4 KiB,
    not checked to be in RAM; `set_irq(line, level)` gets a line of 0 to 23. All are called on
    a vCPU thread with the device locked.
    """

    __test__ = False  # the name is no test's
    name = "test-device"

    def __init__(
        self,
        on_exit: Callable[[int], None],
        on_unmap: Callable[[int], None],
        set_irq: Callable[[int, int], None],
    ) -> None:
        self.lock = threading.RLock()
        self._on_exit = on_exit
        self._on_unmap = on_unmap
        self._set_irq = set_irq
        self._scratch = bytearray(4)
        self._mmio_scratch = bytearray(_MMIO_SCRATCH_SIZE)

    def attach(self, ports: AddressSpace, mmio: AddressSpace) -> None:
        """Claim the device's ports and its scratch memory."""
        ports.claim_bytes(_SCRATCH, self._scratch, name=f"{self.name}.scratch")
        ports.claim_bytes(_SCRATCH_BYTES, self._scratch, name=f"{self.name}.scratch-bytes")
        mmio.claim_bytes(_MMIO_SCRATCH, self._mmio_scratch, name=f"{self.name}.mmio-scratch")
        for first, size, what, write in (
            (_UNMAP, 4, "unmap", self._write_unmap),
            (_DEBUG_EXIT, 4, "exit", self._write_exit),
            (_IRQ_LINES, _IRQ_LINE_COUNT, "irq", self._write_irq),
        ):
            ports.claim_region(
                first, size, name=f"{self.name}.{what}", read=None, write=write, lock=self.lock
            )

    def reset(self) -> None:
        """Zero the scratch registers and memory."""
        self._scratch[:] = bytes(4)
        self._mmio_scratch[:] = bytes(_MMIO_SCRATCH_SIZE)

    def _write_exit(self, offset: int, value: int, size: int) -> None:
        self._on_exit((value << 1 | 1) & 0xFF)

    def _write_unmap(self, offset: int, value: int, size: int) -> None:
        if size == 4:
            self._on_unmap(value & ~_PAGE_MASK)

    def _write_irq(self, offset: int, value: int, size: int) -> None:
        self._set_irq(offset, 1 if value else 0)
