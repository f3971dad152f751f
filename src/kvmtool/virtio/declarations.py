"""What a virtio device says about itself as members of its class (virtio 1.3, 2.2, 2.5, 2.6).

    class Rng(VirtioDevice, name="rng", device_id=4):
        requests = Queue(size=64, doc="buffers to fill")

        @requests.serves
        def _fill(self, chain: Chain) -> None: ...

Each member is looked at once, when the class is made; a mistake is a DeclarationError that names
the class, the member and the rule.
"""

from __future__ import annotations

from kvmtool.bus.registers import DeclarationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar, overload

    from kvmtool.core.virtqueue import Chain

    Handler = TypeVar("Handler", bound=Callable[[Any, Chain], object])
    WriteHandler = TypeVar("WriteHandler", bound=Callable[[Any, int], None])

_LARGEST_QUEUE = 32768
_WIDTHS = (1, 2, 4, 8)


class Member:
    """A declaration that knows the name it was given in its class."""

    def __init__(self, doc: str) -> None:
        self.name = ""
        self.doc = doc

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def check(self, owner: str) -> None:
        """Raise DeclarationError where the class `owner` declares what cannot be."""


class Queue(Member):
    """A virtqueue of up to `size` descriptors."""

    def __init__(self, *, size: int, doc: str) -> None:
        super().__init__(doc)
        self.size = size
        self.handler: Callable[[Any, Chain], object] | None = None

    def serves(self, handler: Handler) -> Handler:
        """Attach the method that is called with each chain (see RunningQueue.serve)."""
        self.handler = handler
        return handler

    def check(self, owner: str) -> None:
        if not (0 < self.size <= _LARGEST_QUEUE and self.size.bit_count() == 1):
            raise DeclarationError(
                f"{owner}.{self.name}: queue size must be a power of two up to {_LARGEST_QUEUE},"
                f" not {self.size}"
            )


class Feature(Member):
    """The feature bit number `bit`, offered to the driver unless the device withdraws it."""

    def __init__(self, bit: int, *, doc: str) -> None:
        super().__init__(doc)
        self.bit = bit
        self.mask = 1 << bit

    def check(self, owner: str) -> None:
        # 24 to 40 are the transport's and the queues' (virtio 1.3, 6).
        if not (0 <= self.bit < 24 or 50 <= self.bit < 64):
            raise DeclarationError(
                f"{owner}.{self.name}: a device's feature bit is 0 to 23 or 50 to 63,"
                f" not {self.bit}"
            )


class Config(Member):
    """A little-endian field of `width` bytes at `offset` of the device's configuration space.

    On an instance it is an int: setting it is how the device changes what the driver sees. The
    driver may write it if `writable`; a method attached by `on_write` then gets the new value.
    """

    def __init__(self, offset: int, width: int, *, writable: bool = False, doc: str) -> None:
        super().__init__(doc)
        self.offset = offset
        self.width = width
        self.writable = writable
        self.handler: Callable[[Any, int], None] | None = None

    def on_write(self, handler: WriteHandler) -> WriteHandler:
        """Attach the method that is told what the driver wrote."""
        self.handler = handler
        return handler

    def check(self, owner: str) -> None:
        if self.width not in _WIDTHS:
            raise DeclarationError(
                f"{owner}.{self.name}: a field is 1, 2, 4 or 8 bytes wide, not {self.width}"
            )
        if self.handler is not None and not self.writable:
            raise DeclarationError(f"{owner}.{self.name} has a write handler but is not writable")

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: type) -> Config: ...
        @overload
        def __get__(self, instance: object, owner: type) -> int: ...

    def __get__(self, instance: Any, owner: type) -> Config | int:
        if instance is None:
            return self
        end = self.offset + self.width
        return int.from_bytes(instance.config_space[self.offset : end], "little")

    def __set__(self, instance: Any, value: int) -> None:
        end = self.offset + self.width
        instance.config_space[self.offset : end] = value.to_bytes(self.width, "little")


class State(Member):
    """An int of 0 to 2**64 - 1 that is a device's state beside its configuration space.

    `save` takes it along, and so does a new process of the device after one that died.
    """

    def __init__(self, *, doc: str) -> None:
        super().__init__(doc)
        self.index = 0

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: type) -> State: ...
        @overload
        def __get__(self, instance: object, owner: type) -> int: ...

    def __get__(self, instance: Any, owner: type) -> State | int:
        if instance is None:
            return self
        value: int = instance.state_values[self.index]
        return value

    def __set__(self, instance: Any, value: int) -> None:
        instance.state_values[self.index] = value


def check_fields(owner: str, fields: list[Config]) -> None:
    """Raise DeclarationError where two fields overlap."""
    end, before = 0, ""
    for field in sorted(fields, key=lambda field: field.offset):
        if field.offset < end:
            raise DeclarationError(f"{owner}.{field.name} overlaps {owner}.{before}")
        end, before = field.offset + field.width, field.name
