"""The saved state of a vhost device: what it is, where its queues are, and its own bytes."""

from __future__ import annotations

import struct

from kvmtool.errors import KvmtoolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_MAGIC = b"vhost\0\0\1"  # ends with the version of this layout
_HEAD = struct.Struct("<8sIQII")  # magic, device id, features, queues, bytes of state
_QUEUE = struct.Struct("<II")  # index, base


class SavedDevice:
    """`bases` are the queues' by index, as vhost-user's GET_VRING_BASE gives them."""

    __slots__ = ("bases", "device_id", "features", "state")

    def __init__(
        self, device_id: int, features: int, bases: dict[int, int], state: bytes = b""
    ) -> None:
        self.device_id = device_id
        self.features = features
        self.bases = bases
        self.state = state

    def pack(self) -> bytes:
        """The bytes that `unpack` takes."""
        head = _HEAD.pack(_MAGIC, self.device_id, self.features, len(self.bases), len(self.state))
        return head + b"".join(_QUEUE.pack(*item) for item in self.bases.items()) + self.state


def unpack(name: str, data: bytes) -> SavedDevice:
    """Read what `pack` made; `name` is for the KvmtoolError that is raised for anything else."""
    if len(data) < _HEAD.size:
        raise KvmtoolError(f"{name}: {len(data)} bytes are no saved state")
    magic, device_id, features, queues, size = _HEAD.unpack_from(data)
    if magic != _MAGIC or len(data) != _HEAD.size + queues * _QUEUE.size + size:
        raise KvmtoolError(f"{name}: this is no saved state, or one of another version")
    end = _HEAD.size + queues * _QUEUE.size
    bases = dict(_QUEUE.iter_unpack(data[_HEAD.size : end]))
    return SavedDevice(device_id, features, bases, data[end:])


def check(
    name: str, saved: SavedDevice, device_id: int, features: int, queues: Iterable[int]
) -> None:
    """Raise KvmtoolError unless `saved` is of such a device with such queues."""
    if saved.device_id != device_id:
        raise KvmtoolError(
            f"{name}: the state is of a device with id {saved.device_id}, not {device_id}"
        )
    if saved.features != features:
        raise KvmtoolError(
            f"{name}: the state was saved with features {saved.features:#x}, not {features:#x}"
        )
    if set(saved.bases) != set(queues):
        raise KvmtoolError(
            f"{name}: the state has queues {sorted(saved.bases)}, not {sorted(queues)}"
        )
