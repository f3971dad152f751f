"""A virtqueue at work: with its descriptors, and handing its chains to a handler."""

from __future__ import annotations

from kvmtool import eventfd
from kvmtool.core.virtqueue import ProtocolError
from kvmtool.vhost.bounded_log import BoundedLog

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kvmtool.core.virtqueue import Chain, Virtqueue


class RunningQueue:
    """The queue `name` (as "blk0.requests") that a driver has set up, and who to tell about it.

    `kick_fd` is the eventfd by which the driver notifies, `call_fd` the one that interrupts it,
    `err_fd` the one that says that the queue is broken; -1 where there is none. A guest may break
    queues and reset devices as often as it likes: `complaints` bounds what is said of it.
    """

    __slots__ = (
        "_complaints",
        "blocked",
        "broken",
        "call_fd",
        "err_fd",
        "index",
        "kick_fd",
        "name",
        "trace",
        "virtqueue",
    )

    def __init__(
        self,
        index: int,
        name: str,
        virtqueue: Virtqueue,
        *,
        kick_fd: int = -1,
        call_fd: int = -1,
        err_fd: int = -1,
        complaints: BoundedLog | None = None,
    ) -> None:
        self.index = index
        self.name = name
        self.virtqueue = virtqueue
        self.kick_fd = kick_fd
        self.call_fd = call_fd
        self.err_fd = err_fd
        self._complaints = complaints or BoundedLog()
        self.broken = False
        self.blocked = False
        self.trace: Callable[[str], None] | None = None

    def pop(self) -> Chain | None:
        """Take the next chain; None where there is none, also on a broken queue."""
        if self.broken:
            return None
        try:
            return self.virtqueue.pop()
        except ProtocolError as error:
            self.fail(str(error))
            return None

    def push(self, chain: Chain) -> None:
        """Give `chain` back as used; the driver hears of it at `notify`."""
        if self.trace is not None:
            self.trace(f"{self.name}: chain {chain.head} done, {chain.written} bytes written")
        self.virtqueue.push(chain)

    def notify(self) -> None:
        """Show the driver what was pushed, and interrupt it if it wants that."""
        if self.virtqueue.publish() and self.call_fd >= 0:
            eventfd.signal(self.call_fd)

    def serve(self, handler: Callable[[Chain], object]) -> None:
        """Hand the available chains to `handler`, each to be given back unless it returns HELD.

        After one that it returns BLOCKED for it is handed no more before `resume`.

        At most a queueful at a time, so that other things get their turn however fast the driver
        makes chains available: then the queue kicks itself.
        """
        self.take_kick()
        if self.blocked:
            return
        left = self.virtqueue.size
        while left:
            chain = self.pop_or_arm()
            if chain is None:
                break
            left -= 1
            try:
                outcome = handler(chain)
            except ProtocolError as error:
                self.fail(str(error))
                break
            if outcome is BLOCKED:
                self.blocked = True
                break
            if outcome is not HELD:
                self.push(chain)
        self.notify()
        if not left and self.kick_fd >= 0:
            eventfd.signal(self.kick_fd)

    def resume(self, handler: Callable[[Chain], object]) -> None:
        """Go on after BLOCKED, with the chain that it was returned for given back."""
        self.blocked = False
        self.serve(handler)

    def take_kick(self) -> None:
        """Take the driver's notification, and ask for no more while there are chains."""
        if self.kick_fd >= 0:
            eventfd.take(self.kick_fd)
        self.virtqueue.disarm()

    def pop_or_arm(self) -> Chain | None:
        """Take the next chain; where there is none, ask for a kick and return None."""
        chain = self.pop()
        if chain is None and not self.broken and self._arm():
            self.virtqueue.disarm()
            chain = self.pop()
        return chain

    def _arm(self) -> bool:
        """Ask for kicks; return whether there is something already that no kick will come for."""
        try:
            return self.virtqueue.arm()
        except ProtocolError as error:
            self.fail(str(error))
            return False

    def fail(self, reason: str) -> None:
        """Say once that the driver broke a rule; from now on the queue does nothing."""
        if self.broken:
            return
        self.broken = True
        self._complaints.warning(f"{self.name}: {reason}; the device needs a reset")
        if self.err_fd >= 0:
            eventfd.signal(self.err_fd)


HELD = object()
"""What a handler returns to keep a chain, which it gives back later with `push` and `notify`."""

BLOCKED = object()
"""As HELD, and the handler wants no other chain before `resume`."""
