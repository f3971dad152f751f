"""A transport's saved state, read as what it may be: hostile."""

from __future__ import annotations

from kvmtool.virtio.negotiation import FAILED, FEATURES_OK, STEPS, acceptable
from kvmtool.virtio.transport_queue import queue_fault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class SavedTransport:
    """What `Transport.save` gave, checked as if the driver did it: ValueError for what it may not.

    `largest` has each queue's largest size, `offered` are the device's features.
    """

    def __init__(self, state: dict[str, object], largest: Sequence[int], offered: int) -> None:
        self.status = _number(state.get("status"), "status", 8)
        self.features = _number(state.get("features"), "features", 64)
        self.generation = _number(state.get("generation"), "generation", 64)
        self.broken = bool(_number(state.get("broken"), "broken", 1))
        self.selects = _numbers(state.get("selects"), "selects", 3)
        self.queues = [
            _numbers(queue, "queues", 5) for queue in _list(state.get("queues"), "queues")
        ]
        device = state.get("device")
        if not isinstance(device, bytes):
            raise ValueError("a saved device must be bytes")
        self.device = device
        self._check_status(offered)
        if len(self.queues) != len(largest):
            raise ValueError(f"saved queues must be {len(largest)}, not {len(self.queues)}")
        for index, ((size, *areas, enabled), most) in enumerate(
            zip(self.queues, largest, strict=True)
        ):
            fault = queue_fault(size, most, areas, self.features) if enabled else ""
            if fault:
                raise ValueError(f"saved queue {index}: {fault}")

    def _check_status(self, offered: int) -> None:
        status = self.status
        known = FAILED
        for bit, before in STEPS:
            known |= bit
            if status & bit and status & before != before:
                raise ValueError(f"saved status must be one that a driver reaches, not {status:#x}")
        if status & ~known:
            raise ValueError(f"saved status must be of known bits, not {status:#x}")
        if status & FEATURES_OK and not acceptable(self.features, offered):
            raise ValueError(f"saved features must be among {offered:#x}, not {self.features:#x}")


def _number(value: object, name: str, bits: int) -> int:
    if not isinstance(value, int) or not 0 <= value < 1 << bits:
        raise ValueError(f"saved {name} must be a number of {bits} bits, not {value!r}")
    return value


def _list(value: object, name: str) -> list[object]:
    if not isinstance(value, list):
        raise ValueError(f"saved {name} must be a list")
    return value


def _numbers(value: object, name: str, count: int) -> list[int]:
    numbers = _list(value, name)
    if len(numbers) != count:
        raise ValueError(f"saved {name} must be {count} numbers, not {len(numbers)}")
    return [_number(number, name, 64) for number in numbers]
