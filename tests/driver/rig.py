"""A device of ours with guest memory, an event loop and the driver's side of its queues."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from driver import DriverQueue, GuestRam, driver_queue
from kvmtool.event_loop import EventLoop
from kvmtool.uapi.linux import virtio_config, virtio_ring
from kvmtool.vhost.queue import RunningQueue
from kvmtool.vhost.user.memory import SharedMemory, SharedRegion
from kvmtool.virtio.device import VirtioDevice

_PACKED = 1 << virtio_config.VIRTIO_F_RING_PACKED
_EVENT_IDX = 1 << virtio_ring.VIRTIO_RING_F_EVENT_IDX
_IN_ORDER = 1 << virtio_config.VIRTIO_F_IN_ORDER

LONGEST_TURN_S = 0.2
"""How long threads are waited for: one may never end what it was given, such as a bad chain."""

MOST_CALLBACKS = 5000
"""More without an end is a device that spins."""


class SteppedLoop(EventLoop):
    """An event loop that a test can run for as long as something is ready.

    `others_idle` is whether threads of the device's have nothing to do; None if it has none.
    """

    def __init__(self) -> None:
        super().__init__()
        self.others_idle: Callable[[], bool] | None = None

    def settle(self) -> None:
        """Call back until nothing is ready any more. Timers are left alone."""
        called = 0
        end = time.monotonic() + LONGEST_TURN_S
        # Between giving a chain back and showing it, a thread looks idle: hence several looks.
        idle = 0
        while self.others_idle is not None and idle < 3 and time.monotonic() < end:
            idle = idle + 1 if self.others_idle() else 0
            time.sleep(0.0002)
        while ready := self._poll.poll(0):
            for fd, _ in ready:
                callback = self._callbacks.get(fd)
                if callback is not None:
                    callback()
                    called += 1
            assert called < MOST_CALLBACKS, "the device spins"

    def run_until(self, fd: int, events: int, timeout_s: float = 20) -> None:
        """Run, as a device process does, until `fd` has one of `events`."""
        failures = []

        def give_up() -> None:
            failures.append(f"nothing came within {timeout_s} s")
            self.stop()

        self._stopped = False
        self._timers = []
        self.call_after(timeout_s, give_up)
        self.watch(fd, events, self.stop)
        self.run()
        self.unwatch(fd)
        assert not failures, failures[0]


class Started(NamedTuple):
    """A queue that was started: the driver's side, the device's, and the latter's descriptors."""

    driver: DriverQueue
    queue: RunningQueue

    def kick(self) -> None:
        """Notify the device, whether it wants that or not."""
        os.eventfd_write(self.queue.kick_fd, 1)


class Rig:
    """`device` attached to a loop and to guest memory with `regions` (gpa, size in bytes)."""

    def __init__(
        self, device: VirtioDevice, regions: Sequence[tuple[int, int]] = ((0x10000, 4 << 20),)
    ) -> None:
        self.device = device
        self.loop = SteppedLoop()
        self.ram = GuestRam(regions)
        self.memory = SharedMemory(
            SharedRegion(one.gpa, one.size, one.gpa, os.dup(self.ram.fd), one.file_offset)
            for one in self.ram.regions
        )
        self.started: dict[int, Started] = {}
        device.attach(self.loop)
        device.set_memory(self.memory)
        if device.policy.threads:
            self.loop.others_idle = self._threads_are_idle

    def _threads_are_idle(self) -> bool:
        """Whether each queue is broken, or all chains added to it were taken and given back."""
        return all(
            queue.broken
            or (
                queue.virtqueue.in_flight == 0
                and queue.virtqueue.counters()["chains"] >= driver.added
            )
            for driver, queue in self.started.values()
        )

    def negotiate(self, *, packed: bool = False, withhold: int = 0) -> None:
        """Accept all features but those of `withhold`, and packed rings only if `packed`."""
        if not packed:
            withhold |= _PACKED
        self.device.negotiate(self.device.features & ~withhold)

    def start(self, index: int, size: int = 16) -> Started:
        """Set one queue up and start it."""
        accepted = self.device.accepted
        driver = driver_queue(
            self.ram,
            size,
            packed=bool(accepted & _PACKED),
            event_idx=bool(accepted & _EVENT_IDX),
            in_order=bool(accepted & _IN_ORDER),
        )
        kick_fd, call_fd, err_fd = (os.eventfd(0, os.EFD_NONBLOCK) for _ in range(3))
        queue = RunningQueue(
            index,
            self.device.queue_name(index),
            driver.virtqueue(memory=self.memory.map),
            kick_fd=kick_fd,
            call_fd=call_fd,
            err_fd=err_fd,
        )
        self.started[index] = Started(driver, queue)
        self.device.start_queue(index, queue)
        return self.started[index]

    def start_all(self) -> None:
        """Set all queues up and start them."""
        for index in range(len(self.device.queue_sizes)):
            self.start(index)

    def stop(self, index: int) -> None:
        """Stop a queue and forget it."""
        self.device.stop_queue(index)
        queue = self.started.pop(index).queue
        for fd in (queue.kick_fd, queue.call_fd, queue.err_fd):
            os.close(fd)

    def reset(self) -> None:
        """Stop what was started and reset the device."""
        for index in list(self.started):
            self.stop(index)
        self.device.reset()

    def ask(self, index: int, readable: Sequence[bytes], writable: Sequence[int]) -> bytes:
        """Have a chain served; return what was written."""
        started = self.started[index]
        token = started.driver.add(readable, writable)
        started.kick()
        self.loop.settle()
        assert not started.queue.broken
        ((used, written),) = started.driver.collect()
        assert used == token
        return started.driver.contents(token)[:written]

    def close(self) -> None:
        """Give everything back but the device."""
        self.reset()
        self.memory.close()
        self.ram.close()
        self.loop.close()
