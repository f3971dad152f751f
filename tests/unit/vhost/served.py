"""A device of ours behind vhost-user, with both ends' loops in threads."""

from __future__ import annotations

import gc
import os
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from driver import DriverQueue, GuestRam, driver_queue
from kvmtool.core.virtqueue import Chain, ProtocolError
from kvmtool.event_loop import EventLoop
from kvmtool.uapi.linux import virtio_config, virtio_ring
from kvmtool.vhost.device import QueueSetup
from kvmtool.vhost.user.backend import Backend
from kvmtool.vhost.user.frontend import VhostUserDevice
from kvmtool.virtio.declarations import Config, Queue
from kvmtool.virtio.device import VirtioDevice

VERSION_1 = 1 << virtio_config.VIRTIO_F_VERSION_1
PACKED = 1 << virtio_config.VIRTIO_F_RING_PACKED
IN_ORDER = 1 << virtio_config.VIRTIO_F_IN_ORDER
EVENT_IDX = 1 << virtio_ring.VIRTIO_RING_F_EVENT_IDX
INDIRECT = 1 << virtio_ring.VIRTIO_RING_F_INDIRECT_DESC
TIMEOUT_S = 20.0


class Echo(VirtioDevice, name="echo", device_id=42):
    """Gives back what it reads, upside down. A request b"break" breaks the queue."""

    first = Queue(size=64, doc="what to give back")
    second = Queue(size=32, doc="the same")
    number = Config(0, 4, doc="what the device says")
    knob = Config(4, 4, writable=True, doc="what the driver says")

    def __init__(self) -> None:
        self.served = 0

    @first.serves
    def _first(self, chain: Chain) -> None:
        data = chain.read(1 << 16)
        if data == b"break":
            raise ProtocolError("the driver said so")
        self.served += 1
        chain.write(data[::-1])

    @second.serves
    def _second(self, chain: Chain) -> None:
        self._first(chain)


def descriptors() -> int:
    """How many this process has open, but for what the next collection closes."""
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


@contextmanager
def running(loop: EventLoop) -> Iterator[EventLoop]:
    """Run `loop` in a thread."""
    thread = threading.Thread(target=loop.run)
    thread.start()
    try:
        yield loop
    finally:
        loop.stop()
        thread.join(TIMEOUT_S)
        assert not thread.is_alive()
        loop.close()


def on(loop: EventLoop, action: Callable[[], None]) -> None:
    """Have the thread of `loop` do something, and wait until it has."""
    done = threading.Event()

    def act() -> None:
        try:
            action()
        finally:
            done.set()

    loop.call_soon(act)
    assert done.wait(TIMEOUT_S)


class Served:
    """`device` served over one end of a socket pair; `sock` is the other."""

    def __init__(self, device: VirtioDevice) -> None:
        self.device = device
        self.sock, theirs = socket.socketpair()
        self.loop = EventLoop()
        self.closed = threading.Event()
        self.backend = Backend(device, theirs, self.loop, self.closed.set)
        self._running = running(self.loop)
        self._running.__enter__()

    def close(self) -> None:
        on(self.loop, self.backend.close)
        self._running.__exit__(None, None, None)
        self.sock.close()


class Driven:
    """The driver of one queue, with its eventfds."""

    def __init__(self, ram: GuestRam, size: int, features: int) -> None:
        self.queue: DriverQueue = driver_queue(
            ram,
            size,
            packed=bool(features & PACKED),
            event_idx=bool(features & EVENT_IDX),
            in_order=bool(features & IN_ORDER),
        )
        self.kick_fd, self.call_fd = (os.eventfd(0, os.EFD_CLOEXEC) for _ in range(2))
        self.setup = QueueSetup(
            size=size,
            descriptors=self.queue.descriptors,
            driver=self.queue.driver,
            device=self.queue.device,
            kick_fd=self.kick_fd,
            call_fd=self.call_fd,
        )

    def ask(self, *readable: bytes, room: int = 64) -> bytes:
        """Have a chain served."""
        token = self.queue.add(readable, [room])
        os.eventfd_write(self.kick_fd, 1)
        return self.answer(token)

    def answer(self, token: int) -> bytes:
        """Wait for a chain that was made available."""
        ((used, written),) = self.wait()
        assert used == token
        data = self.queue.contents(token)[:written]
        self.queue.release(token)
        return data

    def wait(self) -> list[tuple[int, int]]:
        """Wait until something was used."""
        while True:
            used = self.queue.collect()
            if used:
                return used
            wait_for(self.call_fd)
            os.eventfd_read(self.call_fd)

    def close(self) -> None:
        os.close(self.kick_fd)
        os.close(self.call_fd)


def wait_for(fd: int) -> None:
    """Wait until `fd` is readable."""
    assert select.select([fd], [], [], TIMEOUT_S)[0], "nothing came"


class Pair:
    """A front-end in front of `served`, with guest memory and a loop of its own."""

    def __init__(self, served: Served, **options: object) -> None:
        self.served = served
        self.ram = GuestRam([(0, 1 << 20), (1 << 32, 1 << 20)])
        self.loop = EventLoop()
        self._running = running(self.loop)
        self.broken = threading.Event()
        self.changed = threading.Event()
        settings = {"queue_sizes": (64, 32), "config_size": 8, **options}
        self.device = VhostUserDevice(
            "echo0",
            42,
            served.sock,
            self.ram,
            self.loop,
            **settings,  # type: ignore[arg-type]
        )
        self.device.on_broken = self.broken.set
        self.device.on_config_change = self.changed.set
        self._running.__enter__()
        self.queues: dict[int, Driven] = {}

    def queue(self, index: int, size: int = 16, features: int = VERSION_1) -> QueueSetup:
        self.queues[index] = Driven(self.ram, size, features)
        return self.queues[index].setup

    def start(self, features: int = VERSION_1, size: int = 16) -> None:
        """Start both queues."""
        setups = {index: self.queue(index, size, features) for index in (0, 1)}
        self.device.start(features, setups)

    def close(self) -> None:
        on(self.loop, self.device.close)
        self._running.__exit__(None, None, None)
        for queue in self.queues.values():
            queue.close()
        self.ram.close()
