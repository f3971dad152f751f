"""The virtio devices of a machine: made, put into their processes, and reached by vhost-user.

A device of ours is made here, with its files open, before the machine has any thread; then it
lives in a process of its own (`kvmtool.virtio.process`), or in a thread of this one.
"""

from __future__ import annotations

import os
import socket
import struct

from kvmtool.errors import BadInput
from kvmtool.machine.console_stream import ConsoleStream
from kvmtool.uapi.linux import virtio_config
from kvmtool.vhost.user.frontend import VhostUserDevice
from kvmtool.virtio import catalog, server

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kvmtool.backends.terminal import Terminal
    from kvmtool.event_loop import EventLoop
    from kvmtool.machine.config import MachineConfig
    from kvmtool.memory import GuestMemory
    from kvmtool.memory.file_region import FileRegion
    from kvmtool.vhost.device import VhostDevice
    from kvmtool.virtio.balloon_control import BalloonControl
    from kvmtool.virtio.device import VirtioDevice
    from kvmtool.virtio.process import DeviceProcesses

_JOIN_TIMEOUT_S = 5.0
_CONNECT_TIMEOUT_S = 10
_REGION_ALIGNMENT = 1 << 30


class Devices:
    """What serves the devices of `config`; `connect` gives what the transports see of them.

    To be made while the process has no threads. Memory that devices bring with them is placed
    from the gpa `free_memory` on. Raises BadInput for a device that cannot be made.
    """

    def __init__(self, config: MachineConfig, terminal: Terminal, free_memory: int) -> None:
        self._config = config
        self._devices: list[VirtioDevice] = []
        self._processes: DeviceProcesses | None = None
        self._threads: list[server.ServingThread] = []
        self._sockets: list[socket.socket] = []
        self._connected: list[VhostDevice] = []
        self._closing: list[Callable[[], None]] = []
        self.console: ConsoleStream | None = None
        self.balloon: BalloonControl | None = None
        self.memory: list[tuple[int, FileRegion]] = []
        """Files that are to be guest memory, each with its gpa."""
        self.memory_end = free_memory
        """The first gpa after them."""
        try:
            for kind, text in config.devices:
                self._devices.append(self._make(kind, text))
            if config.console == "virtio":
                self._devices.append(self._make_console(terminal))
            self._name()
            if self._devices and not config.device_threads:
                self._processes = self._start_processes()
            # They come up while the machine is built.
            for index in range(len(self._devices)):
                self._sockets.append(self._socket(index))
        except BaseException:
            self.close()
            raise

    def connect(self, memory: GuestMemory, loop: EventLoop) -> list[VhostDevice]:
        """Reach every device by vhost-user and return them, in the order they were asked for."""
        for index, (device, sock) in enumerate(zip(self._devices, self._sockets, strict=True)):
            self._connected.append(
                VhostUserDevice(
                    device.name,
                    device.device_id,
                    sock,
                    memory,
                    loop,
                    queue_sizes=device.queue_sizes,
                    config_size=device.config_size,
                    wanted_features=self._wanted_features(),
                    reconnect=self._reconnector(index),
                    ours=True,
                )
            )
        for number, (kind, path) in enumerate(self._config.vhost_user):
            device_id, queue_sizes = catalog.external(kind)
            self._connected.append(
                VhostUserDevice(
                    f"{kind}-{number}",
                    device_id,
                    _connect(kind, path),
                    memory,
                    loop,
                    queue_sizes=queue_sizes,
                    varies=kind in catalog.QUEUES_VARY,
                    wanted_features=self._wanted_features(),
                )
            )
        if self.console is not None:
            self.console.open(loop)
        return self._connected

    def hurry(self) -> None:
        """Have no thread wait for a new process of a device, nor long for any: the machine ends."""
        for connected in self._connected:
            if isinstance(connected, VhostUserDevice):
                connected.hurry()

    def close(self) -> None:
        """End all devices and give back what they had."""
        for connected in self._connected:
            connected.close()
        self._connected.clear()
        for sock in self._sockets:
            sock.close()
        for thread in self._threads:
            thread.join(_JOIN_TIMEOUT_S)
        self._threads.clear()
        if self._processes is not None:
            self._processes.close()
            self._processes = None
        for device in self._devices:
            device.close()
        self._devices.clear()
        while self._closing:
            self._closing.pop()()

    def _make(self, kind: str, text: str) -> VirtioDevice:
        if kind == "balloon":
            return self._make_balloon(text)
        device = catalog.entry(kind).device_class().from_option(text)
        if kind == "pmem":
            self._place(device)
        return device

    def _make_console(self, terminal: Terminal) -> VirtioDevice:
        from kvmtool.virtio.console import Console
        from kvmtool.virtio.console_port import ConsolePort

        self.console = ConsoleStream(terminal)
        self._closing.append(self.console.close)
        port = ConsolePort("console", self.console.device_fd, is_console=True)
        return Console([port], size_fd=self.console.size_fd)

    def _make_balloon(self, text: str) -> VirtioDevice:
        from kvmtool.virtio.balloon import Balloon
        from kvmtool.virtio.balloon_control import BalloonControl

        if self.balloon is not None:
            raise BadInput("a machine has at most one balloon")
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.balloon = BalloonControl(ours)
        self._closing += [ours.close, theirs.close]
        return Balloon.from_option(text, theirs.fileno())

    def _place(self, device: VirtioDevice) -> None:
        """Find a place in guest memory for the file of a pmem device."""
        from kvmtool.virtio.pmem import Pmem

        assert isinstance(device, Pmem)
        assert device.region is not None
        device.start = self.memory_end
        self.memory.append((device.start, device.region))
        units = -(-device.region.slot_size // _REGION_ALIGNMENT)
        self.memory_end += units * _REGION_ALIGNMENT

    def _name(self) -> None:
        """Number the devices of each kind, and have those say what they do that are to."""
        numbers: dict[str, int] = {}
        for device in self._devices:
            number = numbers.setdefault(device.kind, 0)
            numbers[device.kind] += 1
            device.name = f"{device.kind}{number}"
        known = {device.name: device for device in self._devices}
        for name in self._config.trace:
            device_name = name.partition(".")[0]
            if device_name not in known:
                raise BadInput(f"--debug-virtio {name}: there is no device {device_name} of ours")
            device = known[device_name]
            queues = [device.queue_name(index) for index in range(len(device.queues))]
            if name not in (device_name, *queues):
                raise BadInput(f"--debug-virtio {name}: the queues are {', '.join(queues)}")
            device.traced = [*device.traced, name]

    def _start_processes(self) -> DeviceProcesses:
        from functools import partial

        from kvmtool.virtio.process import DeviceProcesses, ServedDevice

        served = []
        for device in self._devices:
            serve = partial(server.serve_in_process, device)
            fds = device.descriptors()
            talks = bool(device.traced)
            served.append(
                ServedDevice(device.name, serve, device.policy, fds, device.hide, talks=talks)
            )
        return DeviceProcesses(served, sandbox=self._config.sandbox)

    def _socket(self, index: int) -> socket.socket:
        if self._processes is not None:
            return self._processes.start(index)
        self._threads.append(server.ServingThread(self._devices[index]))
        return self._threads[-1].sock

    def _reconnector(self, index: int) -> Callable[[], socket.socket] | None:
        """What makes a new process for a device whose process died."""
        processes = self._processes
        return None if processes is None else lambda: processes.start(index)

    def _wanted_features(self) -> int:
        packed = 1 << virtio_config.VIRTIO_F_RING_PACKED
        return -1 if self._config.packed_queues else ~packed


def _connect(kind: str, path: str) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # Who listens and does not accept would keep us waiting once its backlog is full (unix(7)).
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", _CONNECT_TIMEOUT_S, 0))
    try:
        sock.connect(path)
    except OSError as error:
        sock.close()
        raise BadInput(
            f"no {kind} device answers on {path}: {os.strerror(error.errno or 0)}"
        ) from None
    return sock
