"""What a transport sees of a device, whoever implements it.

Three things are behind this interface: a device of our own in its process and any other
vhost-user program (`kvmtool.vhost.user.frontend`), and the kernel's vhost (`kvmtool.vhost.kernel`).
A transport knows no device, and a device knows no transport.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class VhostDevice(Protocol):
        """One virtio device. The methods may be called from any one thread at a time.

        What fails in the device (its process died for good, it refused a request) is told by
        `on_broken`, not by an exception: a driver can do nothing about it but reset.
        """

        name: str
        """What messages call it, such as blk0."""
        device_id: int
        """Virtio device type (virtio 1.3, 5)."""
        features: int
        """The feature bits that are offered to the driver."""
        queue_sizes: tuple[int, ...]
        """The largest size of each queue; a driver may choose a smaller one."""
        config_size: int
        """Bytes of the device-specific configuration space."""
        on_config_change: Callable[[], None]
        """Set by the transport: the configuration space changed. Called from any thread."""
        on_broken: Callable[[], None]
        """Set by the transport: the device needs a reset. Called from any thread."""

        def read_config(self, offset: int, size: int) -> bytes:
            """Exactly `size` bytes at `offset`, zeros where the device has none."""

        def write_config(self, offset: int, data: bytes) -> None:
            """Write to the configuration space; what lies beyond it is dropped."""

        def start(self, features: int, queues: dict[int, QueueSetup]) -> None:
            """DRIVER_OK: the driver accepted `features`; serve `queues` (by index) from now on."""

        def start_queue(self, index: int, queue: QueueSetup) -> None:
            """Serve one more queue of a started device (virtio 1.3, 2.6.1.2.1)."""

        def stop_queue(self, index: int) -> None:
            """Stop serving one queue (RING_RESET); on return the device leaves its memory alone."""

        def stop(self) -> None:
            """Stop all queues and forget the driver (device reset). Also when not started."""

        def save(self) -> bytes:
            """The state of the stopped-for-a-moment device, for `restore`. Raises KvmtoolError."""

        def restore(self, state: bytes, features: int, queues: dict[int, QueueSetup]) -> None:
            """`start` from a saved state. Raises KvmtoolError for one that is not this device's."""

        def close(self) -> None:
            """End the device and give its descriptors back."""


class QueueSetup:
    """A queue as the driver set it up: `size` and the gpas of its three areas.

    The descriptors are the transport's: `kick_fd`, an eventfd that the driver's notifications
    signal, and `call_fd`, one that the device signals to interrupt the driver.
    """

    __slots__ = ("call_fd", "descriptors", "device", "driver", "kick_fd", "size")

    def __init__(
        self, *, size: int, descriptors: int, driver: int, device: int, kick_fd: int, call_fd: int
    ) -> None:
        self.size = size
        self.descriptors = descriptors
        self.driver = driver
        self.device = device
        self.kick_fd = kick_fd
        self.call_fd = call_fd
