"""A PCI function: its configuration space, base address registers and capability list.

PCI Local Bus 3.0, 6.1 to 6.2 (header), 6.2.5.1 (base address registers), 6.7 (capabilities).
"""

from __future__ import annotations

import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kvmtool.bus.pci_memory import PciMemory
    from kvmtool.bus.space import AddressSpace
    from kvmtool.core.runloop import Claim

CONFIG_SIZE = 4096
CONVENTIONAL_SIZE = 256

VENDOR_ID, DEVICE_ID, COMMAND, STATUS, REVISION_ID, CLASS_CODE = 0x00, 0x02, 0x04, 0x06, 0x08, 0x09
HEADER_TYPE, BASE_ADDRESSES, SUBSYSTEM_VENDOR_ID, SUBSYSTEM_ID = 0x0E, 0x10, 0x2C, 0x2E
CAPABILITIES, INTERRUPT_LINE, INTERRUPT_PIN = 0x34, 0x3C, 0x3D

COMMAND_IO, COMMAND_MEMORY, COMMAND_BUS_MASTER = 1 << 0, 1 << 1, 1 << 2
COMMAND_INTX_DISABLE = 1 << 10
STATUS_INTERRUPT, STATUS_CAPABILITIES = 1 << 3, 1 << 4

_FIRST_CAPABILITY = 0x40
_BASE_ADDRESS_COUNT = 6
_BAR_64_BITS, _BAR_PREFETCHABLE = 0b100, 0b1000
_SMALLEST_BAR = 16


class Bar:
    """A memory base address register of `width` bytes, 4 or 8, and what is behind it.

    `space` is addressed from the start of the range, so moving the register moves one claim.
    `gpa` is where it is decoded now, None while it is not.
    """

    def __init__(
        self,
        index: int,
        width: int,
        space: AddressSpace,
        prefetchable: bool,
        on_move: Callable[[int | None], None],
    ) -> None:
        self.register = BASE_ADDRESSES + 4 * index
        self.width = width
        self.space = space
        self.prefetchable = prefetchable
        self.on_move = on_move
        self.gpa: int | None = None
        self.claim: Claim | None = None


class PciFunction:
    """One function's configuration space, of which the guest can change only what is made so.

    `class_code` is the 24-bit base class, subclass and programming interface. `lock` is held
    while any access of the guest is served, in configuration space and behind the BARs.
    """

    def __init__(
        self,
        *,
        vendor_id: int,
        device_id: int,
        class_code: int,
        revision: int = 0,
        name: str = "pci",
    ) -> None:
        self.name = name
        self.lock = threading.RLock()
        self.config = bytearray(CONFIG_SIZE)
        self.bars: dict[int, Bar] = {}
        self._writable = bytearray(CONFIG_SIZE)
        self._at_reset: bytes | None = None
        self._memory: PciMemory | None = None
        self._has_released = False
        self._last_link = CAPABILITIES
        self._next_capability = _FIRST_CAPABILITY
        self._before_reads: list[tuple[int, int, Callable[[], None]]] = []
        self._after_writes: list[tuple[int, int, Callable[[], None]]] = []
        self.put(VENDOR_ID, vendor_id, 2)
        self.put(DEVICE_ID, device_id, 2)
        self.put(REVISION_ID, revision, 1)
        self.put(CLASS_CODE, class_code, 3)
        self.allow_writes(
            COMMAND, COMMAND_IO | COMMAND_MEMORY | COMMAND_BUS_MASTER | COMMAND_INTX_DISABLE, 2
        )
        self.allow_writes(INTERRUPT_LINE, 0xFF, 1)
        self.after_write(COMMAND, 2, self._decode)

    # As the device's maker

    def get(self, register: int, size: int) -> int:
        """The `size` bytes at `register`, without what a guest's read sets off."""
        return int.from_bytes(self.config[register : register + size], "little")

    def put(self, register: int, value: int, size: int) -> None:
        """Set `size` bytes at `register` as the device's maker."""
        self.config[register : register + size] = value.to_bytes(size, "little")

    def allow_writes(self, register: int, mask: int, size: int) -> None:
        """Let the guest change the bits of `mask` in the `size` bytes at `register`."""
        self._writable[register : register + size] = mask.to_bytes(size, "little")

    def before_read(self, register: int, size: int, refresh: Callable[[], None]) -> None:
        """Call `refresh` before the guest reads any of the `size` bytes at `register`."""
        self._before_reads.append((register, register + size, refresh))

    def after_write(self, register: int, size: int, written: Callable[[], None]) -> None:
        """Call `written` after the guest wrote to any of the `size` bytes at `register`."""
        self._after_writes.append((register, register + size, written))

    def add_capability(self, identity: int, body: bytes, writable: bytes = b"") -> int:
        """Append a capability to the list; return its offset.

        `body` is what follows the identity and the link; `writable` has a mask for each of its
        first bytes. Raises ValueError if the header's 256 bytes are full.
        """
        first, body_at = self._next_capability, self._next_capability + 2
        if body_at + len(body) > CONVENTIONAL_SIZE:
            raise ValueError(
                f"capabilities must end within {CONVENTIONAL_SIZE} bytes, "
                f"not at {body_at + len(body):#x}"
            )
        self.put(self._last_link, first, 1)
        self.put(first, identity, 1)
        self.config[body_at : body_at + len(body)] = body
        self._writable[body_at : body_at + len(writable)] = writable
        self._last_link = first + 1
        self._next_capability = -(-(body_at + len(body)) // 4) * 4
        self.put(STATUS, self.get(STATUS, 2) | STATUS_CAPABILITIES, 2)
        return first

    def add_bar(
        self,
        index: int,
        space: AddressSpace,
        *,
        width: int = 8,
        prefetchable: bool = False,
        on_move: Callable[[int | None], None] = lambda gpa: None,
    ) -> Bar:
        """Put `space`, whose size is a power of two, behind BAR `index`, or it and the next.

        `on_move` is told where the guest finds it, None for nowhere, whenever that changes.
        """
        if space.size < _SMALLEST_BAR or space.size & (space.size - 1):
            raise ValueError(
                f"the size of a memory BAR must be a power of two from {_SMALLEST_BAR}, "
                f"not {space.size}"
            )
        bar = Bar(index, width, space, prefetchable, on_move)
        end = bar.register + width
        if (
            not index >= 0
            or end > BASE_ADDRESSES + 4 * _BASE_ADDRESS_COUNT
            or any(
                bar.register < other.register + other.width and other.register < end
                for other in self.bars.values()
            )
        ):
            raise ValueError(f"BAR {index} must have {width} free bytes of the six registers")
        self.bars[index] = bar
        kind = (_BAR_64_BITS if width == 8 else 0) | (_BAR_PREFETCHABLE if prefetchable else 0)
        self.put(bar.register, kind, width)
        # Sizing (6.2.5.1): of all ones that are written, the bits below the size read 0.
        self.allow_writes(bar.register, -space.size & (1 << 8 * width) - 1, width)
        self.after_write(bar.register, width, self._decode)
        return bar

    def connect(self, memory: PciMemory) -> None:
        """Have the BARs decoded in `memory`, with addresses from its windows as firmware would.

        Raises ValueError if a window is full.
        """
        self._memory = memory
        for bar in self.bars.values():
            high = bar.prefetchable and bar.width == 8
            gpa = memory.allocate(bar.space.size, high=high)
            self.put(bar.register, gpa | self.get(bar.register, 1) & 0xF, bar.width)
        self._at_reset = bytes(self.config)

    def reset(self) -> None:
        """Go back to how the guest found the function at boot."""
        with self.lock:
            if self._at_reset is not None:
                self.config[:] = self._at_reset
            self._decode()
        self._let_others_decode(self._memory)

    def disconnect(self) -> None:
        """Take the BARs out of the address space for good."""
        with self.lock:
            self.put(COMMAND, 0, 2)
            self._decode()
            memory, self._memory = self._memory, None
        self._let_others_decode(memory)

    def load_config(self, config: bytes) -> None:
        """Take over what the guest may have changed of a saved configuration space.

        Raises ValueError for one of another size.
        """
        if len(config) != CONFIG_SIZE:
            raise ValueError(
                f"a saved configuration space must have {CONFIG_SIZE} bytes, not {len(config)}"
            )
        with self.lock:
            for i, mask in enumerate(self._writable):
                self.config[i] = (self.config[i] & ~mask) | (config[i] & mask)
            self._decode()
        self._let_others_decode(self._memory)

    # As the guest

    def read_config(self, register: int, size: int) -> int:
        """Serve a guest's read that lies within the configuration space."""
        with self.lock:
            for first, end, refresh in self._before_reads:
                if first < register + size and register < end:
                    refresh()
            return self.get(register, size)

    def write_config(self, register: int, value: int, size: int) -> None:
        """Serve a guest's write that lies within the configuration space."""
        with self.lock:
            for i in range(register, register + size):
                mask = self._writable[i]
                self.config[i] = (self.config[i] & ~mask) | (value & mask)
                value >>= 8
            for first, end, written in self._after_writes:
                if first < register + size and register < end:
                    written()
        self._let_others_decode(self._memory)

    def _decode(self) -> None:
        """Make the claims agree with the command register and the base address registers."""
        memory = self._memory
        if memory is None:
            return
        enabled = self.get(COMMAND, 2) & COMMAND_MEMORY
        for bar in self.bars.values():
            wanted = self.get(bar.register, bar.width) & ~0xF if enabled else None
            if wanted == bar.gpa:
                continue
            if bar.claim is not None:
                memory.release(bar.claim)
                bar.claim = None
                self._has_released = True
            if wanted is not None:
                bar.claim = memory.claim(
                    wanted, bar.space, self.lock, self.name, self._decode_again
                )
            moved_to = wanted if bar.claim is not None else None
            if moved_to != bar.gpa:
                bar.gpa = moved_to
                bar.on_move(moved_to)

    def _decode_again(self) -> None:
        with self.lock:
            self._decode()

    def _let_others_decode(self, memory: PciMemory | None) -> None:
        """After `_decode` and without the lock: a BAR that was over one of ours has room now."""
        if self._has_released:
            # Another thread may set it at any moment: it is taken back before the offer only.
            self._has_released = False
            if memory is not None:
                memory.offer_again()
