"""The base of our own virtio devices: what all of them are, derived from what each declares.

Virtio 1.3, 2. A device is served by `kvmtool.vhost.user.backend` in a process of its own, or by a
thread of the VMM; it knows neither transport nor front-end.
"""

from __future__ import annotations

import mmap
import select
import struct

from kvmtool import log
from kvmtool.bus.registers import DeclarationError
from kvmtool.errors import BadInput
from kvmtool.memory.mapping import replace_by_nothing
from kvmtool.sandbox.policy import Policy
from kvmtool.uapi.linux import virtio_config, virtio_ring
from kvmtool.virtio.declarations import Config, Feature, Queue, State, check_fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import ClassVar

    from kvmtool.event_loop import EventLoop
    from kvmtool.vhost.queue import RunningQueue
    from kvmtool.vhost.user.memory import SharedMemory

FRAMEWORK_FEATURES = (
    1 << virtio_config.VIRTIO_F_VERSION_1
    | 1 << virtio_config.VIRTIO_F_RING_PACKED
    | 1 << virtio_config.VIRTIO_F_IN_ORDER
    | 1 << virtio_config.VIRTIO_F_RING_RESET
    | 1 << virtio_ring.VIRTIO_RING_F_INDIRECT_DESC
    | 1 << virtio_ring.VIRTIO_RING_F_EVENT_IDX
)
"""What every device offers, as the virtqueues and transports provide it."""

_STATE_OFFSET = 2048  # a configuration space ends before, for all that virtio has
_STATE = struct.Struct("<QII")  # accepted features, bytes of configuration space, saved integers


def _nobody() -> None:
    """Take a change of the configuration that nobody asked to hear of."""


class VirtioDevice:
    """One device. A class says its `name` and virtio `device_id`, and declares its members.

    `policy` is what its process may do.
    """

    kind: ClassVar[str]
    device_id: ClassVar[int]
    queues: tuple[Queue, ...]
    """In the order of their indices. A device whose number of queues varies sets its own."""
    declared_features: ClassVar[tuple[Feature, ...]]
    fields: ClassVar[tuple[Config, ...]]
    states: ClassVar[tuple[State, ...]]
    policy: ClassVar[Policy] = Policy()

    name: str
    """What messages call this one; its maker may change it."""
    features: int
    """The feature bits that are offered."""
    accepted: int
    """Those that the driver accepted; 0 before it has."""
    _shared: mmap.mmap
    config_space: memoryview
    state_values: memoryview
    """What the State members are kept in."""
    on_config_change: Callable[[], None]
    loop: EventLoop
    memory: SharedMemory
    running: dict[int, RunningQueue]
    """The started queues by index."""
    traced: Sequence[str]
    """The queues whose chains are logged, by name; the device's own name means all of them."""

    def __init_subclass__(cls, *, name: str = "", device_id: int = 0) -> None:
        if not name:
            return
        if device_id <= 0:
            raise DeclarationError(f"{cls.__name__} needs the device_id that virtio gives its kind")
        members = [member for base in reversed(cls.__mro__) for member in vars(base).values()]
        cls.kind = name
        cls.device_id = device_id
        cls.queues = tuple(member for member in members if isinstance(member, Queue))
        cls.declared_features = tuple(member for member in members if isinstance(member, Feature))
        cls.fields = tuple(member for member in members if isinstance(member, Config))
        cls.states = tuple(member for member in members if isinstance(member, State))
        for index, state in enumerate(cls.states):
            state.index = index
        if not cls.queues:
            raise DeclarationError(f"{cls.__name__} declares no queue")
        for member in (*cls.queues, *cls.declared_features, *cls.fields):
            member.check(cls.__name__)
        check_fields(cls.__name__, list(cls.fields))

    def __new__(cls, *_args: object, **_options: object) -> VirtioDevice:
        self = super().__new__(cls)
        self.name = f"{cls.kind}0"
        self.features = FRAMEWORK_FEATURES
        for feature in cls.declared_features:
            self.features |= feature.mask
        self.accepted = 0
        size = max((field.offset + field.width for field in cls.fields), default=0)
        # Shared with the processes that are forked from this one: when a device's process dies,
        # the next one finds what the driver was told and has said.
        self._shared = mmap.mmap(-1, _STATE_OFFSET + 8 * max(1, len(cls.states)))
        shared = memoryview(self._shared)
        self.config_space = shared[:size]
        self.state_values = shared[_STATE_OFFSET:].cast("Q")[: len(cls.states)]
        self.on_config_change = _nobody
        self.running = {}
        self.traced = ()
        return self

    # What the device's own code uses.

    def withdraw(self, feature: Feature) -> None:
        """Do not offer `feature`."""
        self.features &= ~feature.mask

    def has(self, feature: Feature) -> bool:
        """Whether the driver accepted `feature`."""
        return bool(self.accepted & feature.mask)

    def queue(self, declared: Queue, repeat: int = 0) -> RunningQueue | None:
        """The running queue of a declaration, or None while the driver has not set it up."""
        return self.running.get(self.queues.index(declared) + repeat)

    # What is called by who makes and serves the device.

    @classmethod
    def from_option(cls, text: str) -> VirtioDevice:
        """Make a device from the text of its option. Raises BadInput for a text that is none."""
        if text:
            raise BadInput(f"{cls.kind} takes no options, not {text!r}")
        return cls()

    def hide(self) -> None:
        """Make the shared state unreachable in this process, which is another device's."""
        replace_by_nothing(self._shared)

    def descriptors(self) -> Sequence[int]:
        """The descriptors that the device needs in its process."""
        return ()

    @property
    def queue_sizes(self) -> tuple[int, ...]:
        """The largest size of each queue."""
        return tuple(queue.size for queue in self.queues)

    @property
    def config_size(self) -> int:
        """Bytes of the configuration space."""
        return len(self.config_space)

    def queue_name(self, index: int) -> str:
        """What messages and traces call the queue `index`."""
        return f"{self.name}.{self.queues[index].name}"

    def attach(self, loop: EventLoop) -> None:
        """Begin to use `loop`; a device with descriptors of its own watches them from here on."""
        self.loop = loop

    def set_memory(self, memory: SharedMemory) -> None:
        """Take note of guest memory. No queue is running."""
        self.memory = memory

    def negotiate(self, features: int) -> None:
        """Take note of what the driver accepted, a part of `features`."""
        self.accepted = features & self.features

    def read_config(self, offset: int, size: int) -> bytes:
        """Exactly `size` bytes of the configuration space, zeros beyond its end."""
        return bytes(self.config_space[offset : offset + size]).ljust(size, b"\0")

    def write_config(self, offset: int, data: bytes) -> None:
        """Take a driver's write: it reaches the writable fields that it covers wholly."""
        for field in self.fields:
            start = field.offset - offset
            if field.writable and start >= 0 and start + field.width <= len(data):
                value = int.from_bytes(data[start : start + field.width], "little")
                field.__set__(self, value)
                if field.handler is not None:
                    field.handler(self, value)

    def start_queue(self, index: int, queue: RunningQueue) -> None:
        """Serve `queue` from now on."""
        self.running[index] = queue
        if queue.name in self.traced or self.name in self.traced:
            queue.trace = log.info
        handler = self.queues[index].handler
        if queue.kick_fd < 0 or handler is None:
            return
        bound = handler.__get__(self)
        self.loop.watch(queue.kick_fd, select.POLLIN, lambda: queue.serve(bound))
        # What the driver made available before may never be kicked again.
        queue.serve(bound)

    def stop_queue(self, index: int) -> None:
        """Leave the queue's memory alone; on return nothing of it is in flight."""
        queue = self.running.pop(index, None)
        if queue is not None and queue.kick_fd >= 0:
            self.loop.unwatch(queue.kick_fd)

    def reset(self) -> None:
        """Forget the driver. All queues are stopped."""
        self.accepted = 0

    def save(self) -> bytes:
        """The state of the device, its queues apart."""
        values = self.state_values.tolist()
        head = _STATE.pack(self.accepted, len(self.config_space), len(values))
        return head + bytes(self.config_space) + struct.pack(f"<{len(values)}Q", *values)

    def load(self, state: bytes) -> None:
        """Take a state on that `save` gave. Raises ValueError for what is none of this device."""
        size, count = len(self.config_space), len(self.states)
        if len(state) != _STATE.size + size + 8 * count:
            raise ValueError(f"a state of {len(state)} bytes is none of {self.name}")
        accepted, *sizes = _STATE.unpack_from(state)
        if sizes != [size, count] or accepted & ~self.features:
            raise ValueError(f"the state is none of {self.name}: {sizes}, features {accepted:#x}")
        values = struct.unpack_from(f"<{count}Q", state, _STATE.size + size)
        self.accept_state(state[_STATE.size : _STATE.size + size], values)
        self.accepted = accepted

    def accept_state(self, config: bytes, values: Sequence[int]) -> None:
        """Take a saved configuration space and the values of `states` on.

        A device whose rules a bad state could break overrides it and raises ValueError first.
        """
        for field in self.fields:
            if field.writable:
                end = field.offset + field.width
                self.config_space[field.offset : end] = config[field.offset : end]
        for state, value in zip(self.states, values, strict=True):
            state.__set__(self, value)

    def close(self) -> None:
        """Give the device's own descriptors back."""
