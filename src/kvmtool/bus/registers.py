"""Device registers declared as class members, and the bank that claims them in an address space.

    class Cmos(RegisterBank, name="cmos"):
        index = Register(0, doc="selects a CMOS byte")
        data = Register(1, doc="the selected byte")

        @data.on_read
        def _read(self) -> int:
            return self._ram[self.index & 0x7F]

A register without a handler keeps what is written to it and reads back the same. On an instance
`cmos.index` is the stored value, a plain int; on the class it is the declaration. A declaration
is checked when the class is made; at run time there are only bound methods in the space's table.
"""

from __future__ import annotations

import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ClassVar, TypeVar, overload

    from kvmtool.bus.space import AddressSpace

    ReadHandler = TypeVar("ReadHandler", bound=Callable[[Any], int])
    WriteHandler = TypeVar("WriteHandler", bound=Callable[[Any, int], None])

_WIDTHS = (1, 2, 4, 8)
_ACCESSES = ("rw", "r", "w")


class DeclarationError(TypeError):
    """A register bank's class breaks a rule; the message names class, member, value and rule."""


class Register:
    """One register: `offset` and `width` in bytes, `reset` value, `access` "rw", "r" or "w".

    A side that `access` leaves out is not claimed: reads give all ones, writes are ignored.
    """

    __slots__ = (
        "_readers",
        "_writers",
        "access",
        "doc",
        "mask",
        "name",
        "offset",
        "reset",
        "width",
    )

    def __init__(
        self, offset: int, *, width: int = 1, reset: int = 0, access: str = "rw", doc: str
    ) -> None:
        self.name = ""
        self.offset = offset
        self.width = width
        self.reset = reset
        self.access = access
        self.doc = doc
        self.mask = (1 << 8 * width) - 1
        self._readers: list[Callable[[Any], int]] = []
        self._writers: list[Callable[[Any, int], None]] = []

    def on_read(self, handler: ReadHandler) -> ReadHandler:
        """Attach the method that answers reads; its result is masked to the register's width."""
        self._open("on_read")
        self._readers.append(handler)
        return handler

    def on_write(self, handler: WriteHandler) -> WriteHandler:
        """Attach the method that takes writes; nothing is stored unless it does so."""
        self._open("on_write")
        self._writers.append(handler)
        return handler

    def _open(self, side: str) -> None:
        if self.name:
            raise DeclarationError(
                f"{self.name}: {side} belongs in the class that declares the register"
            )

    if TYPE_CHECKING:

        @overload
        def __get__(self, bank: None, owner: type[RegisterBank]) -> Register: ...
        @overload
        def __get__(self, bank: RegisterBank, owner: type[RegisterBank]) -> int: ...
        def __get__(self, bank: RegisterBank | None, owner: Any) -> Register | int: ...

        # Absent at run time: without it Python looks into the instance first, and finds an int.
        def __set__(self, bank: RegisterBank, value: int) -> None: ...

    else:

        def __get__(self, bank, owner=None):
            return self if bank is None else self.reset

    def _check(self, bank: str) -> None:
        where = f"{bank}.{self.name}"
        if self.width not in _WIDTHS:
            raise DeclarationError(f"{where}: width must be 1, 2, 4 or 8 bytes, not {self.width}")
        if self.offset < 0:
            raise DeclarationError(f"{where}: offset must not be negative, not {self.offset}")
        if self.access not in _ACCESSES:
            raise DeclarationError(f'{where}: access must be "rw", "r" or "w", not {self.access!r}')
        if not 0 <= self.reset <= self.mask:
            raise DeclarationError(
                f"{where}: reset value must fit {8 * self.width} bits, not {self.reset:#x}"
            )
        sides = (("r", "read", self._readers), ("w", "write", self._writers))
        for letter, verb, handlers in sides:
            if len(handlers) > 1:
                names = " and ".join(handler.__name__ for handler in handlers)
                raise DeclarationError(f"{where}: one {verb} handler is allowed, not {names}")
            if handlers and letter not in self.access:
                raise DeclarationError(
                    f"{where}: access {self.access!r} forbids the {verb} handler "
                    f"{handlers[0].__name__}"
                )


class RegisterBank:
    """A device that the guest sees as registers; subclasses declare them as `Register` members.

    `lock` is held around every handler; other threads that touch the device take it themselves.
    """

    name: str
    registers: ClassVar[tuple[Register, ...]] = ()

    def __init_subclass__(cls, *, name: str = "") -> None:
        super().__init_subclass__()
        cls.name = name or cls.__name__.lower()
        declared = {register.name: register for register in cls.registers}
        for member, value in vars(cls).items():
            if isinstance(value, Register):
                if hasattr(RegisterBank, member):
                    raise DeclarationError(
                        f"{cls.__name__}.{member}: a register must not hide RegisterBank.{member}"
                    )
                value.name = member
                value._check(cls.__name__)
                declared[member] = value
        cls.registers = tuple(sorted(declared.values(), key=lambda register: register.offset))
        for low, high in zip(cls.registers, cls.registers[1:], strict=False):
            if low.offset + low.width > high.offset:
                raise DeclarationError(
                    f"{cls.__name__}.{high.name}: offset {high.offset:#x} lies within {low.name} "
                    f"({low.offset:#x}, {low.width} bytes); registers must not overlap"
                )

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._load_reset_values()

    def _load_reset_values(self) -> None:
        for register in self.registers:
            setattr(self, register.name, register.reset)

    def reset(self) -> None:
        """Give every register its reset value; a device with more state extends this."""
        with self.lock:
            self._load_reset_values()

    def attach(self, space: AddressSpace, base: int) -> None:
        """Claim every register in `space`, from address `base`; ValueError on a claimed address."""
        for register in self.registers:
            space.claim_register(
                base + register.offset,
                register.width,
                name=f"{self.name}.{register.name}",
                read=self._reader(register) if "r" in register.access else None,
                write=self._writer(register) if "w" in register.access else None,
                lock=self.lock,
            )

    @classmethod
    def describe(cls) -> list[tuple[str, int, int, str, str]]:
        """Rows for the documentation: name, offset, width in bytes, access, doc."""
        return [(r.name, r.offset, r.width, r.access, r.doc) for r in cls.registers]

    def _reader(self, register: Register) -> Callable[[], int]:
        mask = register.mask
        if register._readers:
            handler: Callable[[], int] = register._readers[0].__get__(self)
            return lambda: handler() & mask
        # Not through __dict__: that would slow each attribute of the instance from then on.
        name = register.name
        return lambda: getattr(self, name) & mask

    def _writer(self, register: Register) -> Callable[[int], None]:
        if register._writers:
            # The space passes no more bits than the register has, so nothing stands in between.
            handler: Callable[[int], None] = register._writers[0].__get__(self)
            return handler
        name, mask = register.name, register.mask

        def store(value: int) -> None:
            setattr(self, name, value & mask)

        return store
