"""The PCI host bridge: configuration space through ports 0xCF8/0xCFC and through ECAM.

PCI Local Bus 3.0, 3.2.2.3.2 (configuration mechanism #1) and 6.1 (header); PCI Express Base,
7.2.2 (ECAM: bus << 20 | device << 15 | function << 12 | register).
"""

from __future__ import annotations

import threading

from kvmtool.bus.pci_function import CONFIG_SIZE, CONVENTIONAL_SIZE, PciFunction
from kvmtool.bus.pci_memory import PciMemory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.bus.space import AddressSpace

_ENABLE = 1 << 31  # of the 0xCF8 register


class PciHost:
    """A PCI segment with one host bridge at 00:00.0 and a place for other functions."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._functions: dict[int, PciFunction] = {}
        self._memory: PciMemory | None = None
        self._address = 0
        # 1b36:0008 is the identity that the PCI ID list gives to a generic virtual host bridge.
        self.add(0, PciFunction(vendor_id=0x1B36, device_id=0x0008, class_code=0x060000))

    def add(self, device: int, function: PciFunction, number: int = 0, bus: int = 0) -> None:
        """Put `function` at bus:device.number, its BARs into the windows of `attach_memory`.

        Raises ValueError where there is one already or a window is full.
        """
        if not (0 <= bus < 256 and 0 <= device < 32 and 0 <= number < 8):
            raise ValueError(f"{bus:02x}:{device:02x}.{number} is not a PCI address")
        key = bus << 8 | device << 3 | number
        if key in self._functions:
            raise ValueError(f"there is a function at {bus:02x}:{device:02x}.{number} already")
        if function.bars:
            if self._memory is None:
                raise ValueError("attach_memory must come before a function that has BARs")
            function.connect(self._memory)
        self._functions[key] = function

    def attach_ports(self, ports: AddressSpace, base: int) -> None:
        """Claim the address register at `base` (0xCF8 on a PC) and the data after it."""
        ports.claim_region(
            base, 4, name="pci.address", read=self._read_address, write=self._write_address,
            lock=self.lock,
        )  # fmt: skip
        ports.claim_region(
            base + 4, 4, name="pci.data", read=self._read_data, write=self._write_data,
            lock=self.lock,
        )  # fmt: skip

    def attach_ecam(self, mmio: AddressSpace, base: int, buses: int = 256) -> None:
        """Claim the enhanced configuration window of `buses` MiB at `base`."""
        mmio.claim_region(
            base, buses << 20, name="pci.ecam", read=self._read_ecam, write=self._write_ecam,
            lock=self.lock,
        )  # fmt: skip

    def attach_memory(
        self,
        mmio: AddressSpace,
        window32: tuple[int, int],
        window64: tuple[int, int] = (0, 0),
    ) -> None:
        """Let BARs be in the windows, each a first gpa and a size; size 0 for none."""
        self._memory = PciMemory(mmio, window32, window64)

    # The address register answers doublewords only; bytes at 0xCF9 belong to other things.

    def _read_address(self, offset: int, size: int) -> int:
        return self._address if size == 4 else -1

    def _write_address(self, offset: int, value: int, size: int) -> None:
        if size == 4:
            self._address = value & (_ENABLE | 0xFFFFFC)

    def _read_data(self, offset: int, size: int) -> int:
        if not self._address & _ENABLE:
            return -1
        register = (self._address & 0xFC) + offset
        return self._read(self._address >> 8 & 0xFFFF, register, size, CONVENTIONAL_SIZE)

    def _write_data(self, offset: int, value: int, size: int) -> None:
        if self._address & _ENABLE:
            register = (self._address & 0xFC) + offset
            self._write(self._address >> 8 & 0xFFFF, register, value, size, CONVENTIONAL_SIZE)

    def _read_ecam(self, offset: int, size: int) -> int:
        return self._read(offset >> 12, offset & 0xFFF, size, CONFIG_SIZE)

    def _write_ecam(self, offset: int, value: int, size: int) -> None:
        self._write(offset >> 12, offset & 0xFFF, value, size, CONFIG_SIZE)

    def _read(self, key: int, register: int, size: int, end: int) -> int:
        function = self._functions.get(key)
        if function is None or register + size > end:
            return -1
        return function.read_config(register, size)

    def _write(self, key: int, register: int, value: int, size: int, end: int) -> None:
        function = self._functions.get(key)
        if function is not None and register + size <= end:
            function.write_config(register, value, size)
