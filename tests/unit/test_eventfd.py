"""Eventfds that somebody else holds too, and has made as inconvenient as can be."""

from __future__ import annotations

import os

from kvmtool import eventfd
from kvmtool.virtio.transport_queue import TransportQueue

FULL = 2**64 - 2


def test_signal_is_taken_once() -> None:
    fd = eventfd.eventfd()
    eventfd.signal(fd)
    eventfd.signal(fd)
    assert (eventfd.take(fd), eventfd.take(fd)) == (True, False)
    os.close(fd)


def test_eventfd_that_was_made_to_block_keeps_nobody_waiting() -> None:
    fd = eventfd.eventfd()
    os.set_blocking(fd, True)
    assert not eventfd.take(fd)
    os.eventfd_write(fd, FULL)
    eventfd.signal(fd)
    assert eventfd.take(fd)
    os.close(fd)


def test_reset_of_a_queue_does_not_wait_for_a_device_that_blocks() -> None:
    queue = TransportQueue(0, 256)
    for fd in (queue.kick_fd, queue.call_fd):
        os.set_blocking(fd, True)
    queue.reset()
    os.close(queue.kick_fd)
    os.close(queue.call_fd)
