"""What a front-end sets up for a device's queues: memory, vrings, and what is in flight.

vhost-user, "Ring states", "Memory access" and "Inflight I/O tracking".
"""

from __future__ import annotations

import os
import select

from kvmtool import eventfd
from kvmtool.core.virtqueue import LARGEST_QUEUE, ProtocolError
from kvmtool.uapi.linux.virtio_config import VIRTIO_F_RING_PACKED
from kvmtool.vhost.bounded_log import BoundedLog
from kvmtool.vhost.queue import RunningQueue
from kvmtool.vhost.user import messages
from kvmtool.vhost.user.channel import MalformedMessage
from kvmtool.vhost.user.inflight import MappedArea, create_area
from kvmtool.vhost.user.memory import MOST_REGIONS, SharedMemory, SharedRegion
from kvmtool.vhost.user.vring import Vring, check_eventfd

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kvmtool.event_loop import EventLoop
    from kvmtool.vhost.user.channel import Message
    from kvmtool.virtio.device import VirtioDevice

_POLL_INTERVAL_S = 0.001
_U64 = messages.U64.pack


class Rings:
    """The vrings of `device`; runs its queues when they are kicked and enabled, on `loop`.

    The methods that take a Message handle that message; they raise MalformedMessage. `on_start` is
    called whenever a queue was started.
    """

    def __init__(self, device: VirtioDevice, loop: EventLoop, on_start: Callable[[], None]) -> None:
        self._device = device
        self._loop = loop
        self._on_start = on_start
        self._features = 0
        self._memory = SharedMemory()
        self._vrings = [Vring(index) for index in range(len(device.queue_sizes))]
        self._inflight: MappedArea | None = None
        self._polling = False
        self._log = BoundedLog()

    @property
    def count(self) -> int:
        """How many vrings there are."""
        return len(self._vrings)

    @property
    def running(self) -> bool:
        """Whether any queue runs; a device none of whose queues does is suspended."""
        return any(vring.running is not None for vring in self._vrings)

    def set_features(self, features: int) -> None:
        """Take what the driver accepted. Raises MalformedMessage if it is too late for that."""
        if features != self._features and self.running:
            raise MalformedMessage("features cannot change while a queue runs")
        self._features = features

    def enable_all(self) -> None:
        """Without protocol features, nobody enables vrings one by one."""
        for vring in self._vrings:
            vring.enabled = True
            self._start(vring)

    def reset(self) -> None:
        """Stop all queues, and forget how they were set up."""
        for vring in self._vrings:
            self._stop(vring)
            self._drop_kick(vring)
            vring.forget()

    def close(self) -> None:
        """Stop all queues and give memory and descriptors back."""
        self.reset()
        self._change_memory(SharedMemory())
        for vring in self._vrings:
            vring.close()
        if self._inflight is not None:
            self._inflight.close()
            self._inflight = None

    # Memory.

    def set_mem_table(self, message: Message, count: int, _padding: int) -> None:
        """Map all regions anew; running queues go on in them."""
        size = messages.MEMORY_TABLE.size + count * messages.MEMORY_REGION.size
        if len(message.payload) != size or len(message.descriptors) != count:
            raise MalformedMessage(
                f"{count} regions came in {len(message.payload)} bytes"
                f" with {len(message.descriptors)} descriptors"
            )
        table = message.payload[messages.MEMORY_TABLE.size :]
        regions: list[SharedRegion] = []
        try:
            for gpa, length, user_address, offset in messages.MEMORY_REGION.iter_unpack(table):
                fd = message.take_descriptor()
                regions.append(SharedRegion(gpa, length, user_address, fd, offset))
            memory = SharedMemory(regions)
        except MalformedMessage:
            for region in regions:
                region.close()
            raise
        self._change_memory(memory)

    def get_max_mem_slots(self, _message: Message) -> bytes:
        """Say how many regions there may be."""
        return _U64(MOST_REGIONS)

    def add_mem_reg(
        self, message: Message, _padding: int, gpa: int, size: int, user_address: int, offset: int
    ) -> None:
        """Map one more region."""
        region = SharedRegion(gpa, size, user_address, message.take_descriptor(), offset)
        try:
            memory = SharedMemory([*self._memory.regions, region])
        except MalformedMessage:
            region.close()
            raise
        self._change_memory(memory)

    def rem_mem_reg(
        self, _message: Message, _padding: int, gpa: int, size: int, user_address: int, _: int
    ) -> None:
        """Forget one region."""
        key = gpa, size, user_address
        kept = [
            region
            for region in self._memory.regions
            if (region.gpa, region.size, region.user_address) != key
        ]
        if len(kept) == len(self._memory.regions):
            raise MalformedMessage(f"there is no region of {size:#x} bytes at {gpa:#x}")
        self._change_memory(SharedMemory(kept))

    def _change_memory(self, memory: SharedMemory) -> None:
        running = [vring for vring in self._vrings if vring.running is not None]
        for vring in running:
            self._stop(vring)
        before, self._memory = self._memory, memory
        self._device.set_memory(memory)
        for region in before.regions:
            if region not in memory.regions:
                region.close()
        for vring in running:
            self._start(vring)

    # Vrings.

    def _vring(self, index: int) -> Vring:
        if index >= len(self._vrings):
            raise MalformedMessage(
                f"there are {len(self._vrings)} vrings, and {index} is none of them"
            )
        return self._vrings[index]

    def _stopped_vring(self, index: int) -> Vring:
        vring = self._vring(index)
        if vring.running is not None:
            raise MalformedMessage(f"vring {index} runs")
        return vring

    def set_vring_num(self, _message: Message, index: int, size: int) -> None:
        """Take the size of a queue."""
        if not 0 < size <= LARGEST_QUEUE:
            raise MalformedMessage(f"a vring's size must be 1 to {LARGEST_QUEUE}, not {size}")
        self._stopped_vring(index).size = size

    def set_vring_addr(
        self,
        _message: Message,
        index: int,
        _flags: int,
        descriptors: int,
        used: int,
        available: int,
        _log: int,
    ) -> None:
        """Take where a queue is, as user addresses."""
        vring = self._vring(index)
        addresses = (descriptors, used, available)
        if vring.running is not None and addresses != vring.addresses:
            raise MalformedMessage(f"vring {index} runs")
        vring.addresses = addresses

    def set_vring_base(self, _message: Message, index: int, base: int) -> None:
        """Take where a queue goes on."""
        self._stopped_vring(index).base = base

    def get_vring_base(self, _message: Message, index: int, _num: int) -> bytes:
        """Stop a queue, and say where."""
        vring = self._vring(index)
        self._stop(vring)
        self._drop_kick(vring)
        return messages.VRING_STATE.pack(index, vring.base)

    def set_vring_kick(self, message: Message, word: int) -> None:
        """Take the eventfd that starts a queue and kicks it, or begin to poll."""
        vring = self._vring(word & messages.VRING_INDEX_MASK)
        fd = _given_eventfd(message, word)
        started = vring.started
        self._stop(vring)
        self._drop_kick(vring)
        vring.kick_fd = fd
        if fd < 0:
            # The device is given one that a timer kicks.
            vring.polled = True
            vring.kick_fd = eventfd.eventfd()
            self._poll_vrings()
        if started or vring.polled:
            vring.started = True
            self._start(vring)
        else:
            self._loop.watch(fd, select.POLLIN, lambda: self._kicked(vring))

    def _kicked(self, vring: Vring) -> None:
        # The kick stays in the eventfd for the device to see.
        self._loop.unwatch(vring.kick_fd)
        vring.started = True
        self._start(vring)

    def _poll_vrings(self) -> None:
        if not self._polling:
            self._polling = True
            self._loop.call_after(_POLL_INTERVAL_S, self._poll_again)

    def _poll_again(self) -> None:
        self._polling = False
        polled = [vring for vring in self._vrings if vring.polled]
        for vring in polled:
            if vring.running is not None:
                eventfd.signal(vring.kick_fd)
        if polled:
            self._poll_vrings()

    def set_vring_call(self, message: Message, word: int) -> None:
        """Take the eventfd that interrupts the driver."""
        vring = self._vring(word & messages.VRING_INDEX_MASK)
        fd = _given_eventfd(message, word)
        if fd >= 0 and vring.call_fd >= 0:
            # A front-end masks interrupts this way, so it has to be cheap: whoever uses the
            # number goes on with the new file.
            os.dup2(fd, vring.call_fd, inheritable=False)
            os.close(fd)
            return
        self._exchange(vring, fd, vring.err_fd)

    def set_vring_err(self, message: Message, word: int) -> None:
        """Take the eventfd that says that a queue is broken."""
        vring = self._vring(word & messages.VRING_INDEX_MASK)
        self._exchange(vring, vring.call_fd, _given_eventfd(message, word))

    def _exchange(self, vring: Vring, call_fd: int, err_fd: int) -> None:
        running = vring.running is not None
        self._stop(vring)
        for old, new in ((vring.call_fd, call_fd), (vring.err_fd, err_fd)):
            if old >= 0 and old != new:
                os.close(old)
        vring.call_fd, vring.err_fd = call_fd, err_fd
        if running:
            self._start(vring)

    def set_vring_enable(self, _message: Message, index: int, enable: int) -> None:
        """Enable or disable a queue; a disabled one stands still."""
        if enable > 1:
            raise MalformedMessage(f"a vring is enabled by 1 and disabled by 0, not by {enable}")
        vring = self._vring(index)
        vring.enabled = bool(enable)
        if enable:
            self._start(vring)
        else:
            self._stop(vring)

    def _start(self, vring: Vring) -> None:
        """Run the queue, if it is time to. What the guest did wrong breaks the queue only."""
        if vring.running is not None or not (vring.started and vring.enabled):
            return
        inflight = None
        if self._inflight is not None:
            inflight = self._inflight.part(vring.index, vring.size)
        name = self._device.queue_name(vring.index)
        try:
            virtqueue = vring.virtqueue(self._memory, self._features, inflight)
            vring.running = RunningQueue(
                vring.index,
                name,
                virtqueue,
                kick_fd=vring.kick_fd,
                call_fd=vring.call_fd,
                err_fd=vring.err_fd,
                complaints=self._log,
            )
            self._device.start_queue(vring.index, vring.running)
        except (MalformedMessage, ProtocolError, OSError, RuntimeError, MemoryError) as error:
            # The last three: the host has no descriptor, thread or memory for it.
            self._stop(vring)
            vring.started = False
            self._log.warning(f"{name}: {error}; the device needs a reset")
            if vring.err_fd >= 0:
                eventfd.signal(vring.err_fd)
            return
        self._on_start()

    def _stop(self, vring: Vring) -> None:
        if vring.running is None:
            return
        self._device.stop_queue(vring.index)
        vring.note_base(vring.running.virtqueue)
        vring.running = None

    def _drop_kick(self, vring: Vring) -> None:
        if vring.kick_fd >= 0:
            self._loop.unwatch(vring.kick_fd)
        vring.drop_kick()

    # What is in flight.

    @property
    def _packed(self) -> bool:
        return bool(self._features >> VIRTIO_F_RING_PACKED & 1)

    def create_inflight(self, queues: int, queue_size: int) -> MappedArea:
        """Use a fresh area from now on, which goes on being owned here."""
        fresh = create_area(queues, queue_size, self._packed)
        area = MappedArea(fresh.fd, fresh.size, 0, queues, queue_size, self._packed)
        self._take_inflight(area)
        return area

    def set_inflight_fd(
        self, message: Message, size: int, offset: int, queues: int, queue_size: int
    ) -> None:
        """Use an area that shows what a process before this one had in flight."""
        fd = message.take_descriptor()
        self._take_inflight(MappedArea(fd, size, offset, queues, queue_size, self._packed))

    def _take_inflight(self, area: MappedArea) -> None:
        if self.running:
            area.close()
            raise MalformedMessage("the area cannot change while a queue runs")
        if self._inflight is not None:
            self._inflight.close()
        self._inflight = area


def _given_eventfd(message: Message, word: int) -> int:
    """The eventfd of a kick, call or err message, now the caller's; -1 if it has none."""
    if word & ~(messages.VRING_INDEX_MASK | messages.NO_DESCRIPTOR):
        raise MalformedMessage(f"bits {word:#x} are not defined")
    if word & messages.NO_DESCRIPTOR:
        return -1
    if not message.descriptors:
        raise MalformedMessage("a descriptor is missing")
    check_eventfd(message.descriptors[0])
    return message.take_descriptor()
