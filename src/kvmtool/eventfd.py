"""Eventfds (eventfd(2)) that keep nobody waiting, whoever has them too.

Guest, device process and front-end share them. Any of the three may have filled the counter of one:
then it is signalled already, and signalling it once more changes nothing. And O_NONBLOCK is the
file's, so that a holder may take it away (a process of ours may not: see sandbox.calls): reads say
for themselves that they do not wait, and writes look first.
"""

from __future__ import annotations

import os
import select


def eventfd() -> int:
    """A new eventfd that does not block."""
    return os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)


def signal(fd: int) -> None:
    """Signal an eventfd."""
    room = select.poll()
    room.register(fd, select.POLLOUT)
    if not room.poll(0):
        return
    try:
        os.eventfd_write(fd, 1)
    except BlockingIOError:
        return


def take(fd: int) -> bool:
    """Reset an eventfd; tell whether it was signalled."""
    try:
        # There is no place in it to read from: -1 is the only one that is taken.
        os.preadv(fd, [bytearray(8)], -1, os.RWF_NOWAIT)
    except BlockingIOError:
        return False
    return True
