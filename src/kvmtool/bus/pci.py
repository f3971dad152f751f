"""The PCI host bridge: configuration space through ports 0xCF8/0xCFC and through ECAM.

PCI Local Bus 3.0, 3.2.2.3.2 (configuration mechanism #1) and 6.1 (header); PCI Express Base,
7.2.2 (ECAM: bus << 20 | device << 15 | function << 12 | register).
"""

from __future__ import annotations

import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.bus.space import AddressSpace

CONFIG_SIZE = 4096
_CONVENTIONAL_SIZE = 256
_ENABLE = 1 << 31  # of the 0xCF8 register

VENDOR_ID, DEVICE_ID, COMMAND, STATUS, REVISION_ID, CLASS_CODE = 0x00, 0x02, 0x04, 0x06, 0x08, 0x09
HEADER_TYPE, SUBSYSTEM_VENDOR_ID, SUBSYSTEM_ID = 0x0E, 0x2C, 0x2E
INTERRUPT_LINE = 0x3C

COMMAND_IO, COMMAND_MEMORY, COMMAND_BUS_MASTER = 1 << 0, 1 << 1, 1 << 2
COMMAND_INTX_DISABLE = 1 << 10


class PciFunction:
    """One function's configuration space, of which the guest can change only what is made so.

    `class_code` is the 24-bit base class, subclass and programming interface.
    """

    def __init__(self, *, vendor_id: int, device_id: int, class_code: int) -> None:
        self.config = bytearray(CONFIG_SIZE)
        self._writable = bytearray(CONFIG_SIZE)
        self.put(VENDOR_ID, vendor_id, 2)
        self.put(DEVICE_ID, device_id, 2)
        self.put(CLASS_CODE, class_code, 3)
        self.allow_writes(
            COMMAND, COMMAND_IO | COMMAND_MEMORY | COMMAND_BUS_MASTER | COMMAND_INTX_DISABLE, 2
        )
        self.allow_writes(INTERRUPT_LINE, 0xFF, 1)

    def put(self, register: int, value: int, size: int) -> None:
        """Set `size` bytes at `register` as the device's maker."""
        self.config[register : register + size] = value.to_bytes(size, "little")

    def allow_writes(self, register: int, mask: int, size: int) -> None:
        """Let the guest change the bits of `mask` in the `size` bytes at `register`."""
        self._writable[register : register + size] = mask.to_bytes(size, "little")

    def read_config(self, register: int, size: int) -> int:
        """Serve a guest's read that lies within the configuration space."""
        return int.from_bytes(self.config[register : register + size], "little")

    def write_config(self, register: int, value: int, size: int) -> None:
        """Serve a guest's write that lies within the configuration space."""
        for i in range(register, register + size):
            mask = self._writable[i]
            self.config[i] = (self.config[i] & ~mask) | (value & mask)
            value >>= 8


class PciHost:
    """A PCI segment with one host bridge at 00:00.0 and a place for other functions."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._functions: dict[int, PciFunction] = {}
        self._address = 0
        # 1b36:0008 is the identity that the PCI ID list gives to a generic virtual host bridge.
        self.add(0, PciFunction(vendor_id=0x1B36, device_id=0x0008, class_code=0x060000))

    def add(self, device: int, function: PciFunction, number: int = 0, bus: int = 0) -> None:
        """Put `function` at bus:device.number. Raises ValueError where one is already."""
        if not (0 <= bus < 256 and 0 <= device < 32 and 0 <= number < 8):
            raise ValueError(f"{bus:02x}:{device:02x}.{number} is not a PCI address")
        key = bus << 8 | device << 3 | number
        if key in self._functions:
            raise ValueError(f"there is a function at {bus:02x}:{device:02x}.{number} already")
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
        return self._read(self._address >> 8 & 0xFFFF, register, size, _CONVENTIONAL_SIZE)

    def _write_data(self, offset: int, value: int, size: int) -> None:
        if self._address & _ENABLE:
            register = (self._address & 0xFC) + offset
            self._write(self._address >> 8 & 0xFFFF, register, value, size, _CONVENTIONAL_SIZE)

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
