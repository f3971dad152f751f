"""The devices that the shared suite and the fuzzers run: how each is made and used well."""

from __future__ import annotations

import os
import socket
import struct
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from typing import NamedTuple

from kvmtool.virtio.balloon import Balloon
from kvmtool.virtio.blk import Blk
from kvmtool.virtio.console import Console
from kvmtool.virtio.console_port import ConsolePort
from kvmtool.virtio.device import VirtioDevice
from kvmtool.virtio.pmem import Pmem
from kvmtool.virtio.rng import Rng


class Host(ExitStack):
    """What is behind a device; it closes what the device does not.

    `ends` are the other ends of the device's sockets, which nobody reads.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[int] = []

    def socket(self, kind: socket.SocketKind) -> int:
        """A socket for the device."""
        pair = socket.socketpair(socket.AF_UNIX, kind)
        for end in pair:
            self.callback(end.close)
            end.setblocking(False)
        self.ends.append(pair[1].fileno())
        return pair[0].fileno()

    def file(self, fd: int) -> int:
        """A descriptor for the device, which is closed here."""
        self.callback(os.close, fd)
        return fd


class Case(NamedTuple):
    """A device that `make` makes, and a good request to it.

    That is `readable` and room for `writable` bytes on the queue with the index `queue`; what the
    device then writes is right if `answer` says so.
    """

    name: str
    make: Callable[[Host], VirtioDevice]
    queue: int
    readable: tuple[bytes, ...]
    writable: tuple[int, ...]
    answer: Callable[[bytes], bool]


def _console(host: Host) -> VirtioDevice:
    # One host side takes all, the other one is soon full.
    null = host.file(os.open("/dev/null", os.O_WRONLY))
    ports = [
        ConsolePort("", host.socket(socket.SOCK_STREAM), out_fd=null, is_console=True),
        ConsolePort("agent", host.socket(socket.SOCK_STREAM)),
    ]
    return Console(ports, size_fd=host.socket(socket.SOCK_SEQPACKET))


def _balloon(host: Host) -> VirtioDevice:
    return Balloon(host.socket(socket.SOCK_SEQPACKET))


def _pmem(host: Host) -> VirtioDevice:
    return Pmem(host.file(os.memfd_create("pmem")), start=1 << 32, size=2 << 20)


def _blk(host: Host) -> VirtioDevice:
    place = host.enter_context(tempfile.TemporaryDirectory())
    image = os.path.join(place, "disk.img")
    with open(image, "wb") as file:
        file.truncate(1 << 20)
    return Blk.from_option(image)


_READ_A_SECTOR = struct.pack("<IIQ", 0, 0, 1)

CASES = (
    Case("blk", _blk, 0, (_READ_A_SECTOR,), (512, 1), lambda data: data == bytes(513)),
    Case("rng", lambda _: Rng(), 0, (), (32,), lambda data: len(data) == 32),
    Case("console", _console, 1, (b"hello",), (), lambda data: not data),
    Case("balloon", _balloon, 0, (struct.pack("<I", 0x100),), (), lambda data: not data),
    Case("pmem", _pmem, 0, (bytes(4),), (4,), lambda data: data == bytes(4)),
)
