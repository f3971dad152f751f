"""The firmware configuration ports, as far as bare-metal images use them (QEMU,
docs/specs/fw_cfg.rst): selector and data port, and three items of the legacy range.
"""

from __future__ import annotations

import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.bus.space import AddressSpace

_DATA, _PORTS = 1, 2
_RAM_SIZE, _CPU_COUNT, _KERNEL_DATA = 0x03, 0x05, 0x11


class FwCfg:
    """Answers for a machine with `ram_size` bytes of RAM and `cpus` CPUs.

    A 16-bit write to the first port selects an item, single reads of the second get its bytes,
    little-endian. Beyond an item, and for one that is not there, they are zero.
    """

    name = "fw-cfg"

    def __init__(self, ram_size: int, cpus: int) -> None:
        self.lock = threading.RLock()
        self._items = {
            _RAM_SIZE: ram_size.to_bytes(8, "little"),
            _CPU_COUNT: cpus.to_bytes(2, "little"),
            _KERNEL_DATA: bytes(8),
        }
        self.reset()

    def attach(self, ports: AddressSpace, base: int) -> None:
        """Claim the two ports at `base`, which the selector's 16 bits share with the data."""
        ports.claim_region(
            base, _PORTS, name=self.name, read=self._read, write=self._write, lock=self.lock
        )

    def reset(self) -> None:
        """Select nothing."""
        with self.lock:
            self._selected = b""
            self._position = 0

    def _read(self, offset: int, size: int) -> int:
        if offset != _DATA:
            return (1 << 8 * size) - 1
        if self._position >= len(self._selected):
            return 0
        self._position += 1
        return self._selected[self._position - 1]

    def _write(self, offset: int, value: int, size: int) -> None:
        if size == 2:
            self._selected = self._items.get(value, b"")
            self._position = 0
