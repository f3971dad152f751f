"""Our front-end with qemu-storage-daemon's vhost-user-blk export."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from driver import GuestRam
from kvmtool.uapi.linux import virtio_blk
from kvmtool.vhost.user.frontend import VhostUserDevice
from unit.vhost.served import EVENT_IDX, INDIRECT, TIMEOUT_S, VERSION_1, Driven

pytestmark = pytest.mark.skipif(
    shutil.which("qemu-storage-daemon") is None, reason="needs qemu-storage-daemon"
)

SECTORS = 2048
CONFIG_SIZE = 96  # with the fields of zoned devices, which older daemons do not have


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "disk.img"
    path.write_bytes(b"".join(b"%511d\n" % number for number in range(SECTORS)))
    return path


@pytest.fixture
def sock(image: Path, tmp_path: Path) -> Iterator[socket.socket]:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(tmp_path / "S"))
    listener.listen(1)
    # It is given the listening socket, so that there is nothing to wait for.
    process = subprocess.Popen(
        [
            "qemu-storage-daemon",
            *("--blockdev", f"driver=file,node-name=f,filename={image}"),
            "--export",
            "type=vhost-user-blk,id=e,node-name=f,writable=on,num-queues=2,addr.type=fd,"
            f"addr.str={listener.fileno()}",
        ],
        pass_fds=[listener.fileno()],
    )
    listener.close()
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connected.settimeout(TIMEOUT_S)
    connected.connect(str(tmp_path / "S"))
    yield connected
    connected.close()
    process.terminate()
    process.wait(TIMEOUT_S)


@pytest.fixture
def ram() -> Iterator[GuestRam]:
    ram = GuestRam([(0, 4 << 20), (1 << 32, 1 << 20)])
    yield ram
    ram.close()


def blk(sock: socket.socket, ram: GuestRam) -> VhostUserDevice:
    return VhostUserDevice("blk0", 2, sock, ram, queue_sizes=(128, 128), config_size=CONFIG_SIZE)


def header(kind: int, sector: int) -> bytes:
    return struct.pack("<IIQ", kind, 0, sector)


def write(queue: Driven, sector: int, data: bytes) -> None:
    assert queue.ask(header(virtio_blk.VIRTIO_BLK_T_OUT, sector), data, room=1) == b"\0"


def read(queue: Driven, sector: int, size: int) -> bytes:
    token = queue.queue.add([header(virtio_blk.VIRTIO_BLK_T_IN, sector)], [size, 1])
    os.eventfd_write(queue.kick_fd, 1)
    answer = queue.answer(token)
    assert answer[-1:] == b"\0"
    return answer[:-1]


def test_capacity_is_in_the_configuration_space(sock: socket.socket, ram: GuestRam) -> None:
    device = blk(sock, ram)
    assert struct.unpack("<Q", device.read_config(0, 8)) == (SECTORS,)
    assert len(device.read_config(0, CONFIG_SIZE)) == CONFIG_SIZE
    assert device.features & VERSION_1
    assert not device.features & (1 << 30 | 1 << 26)
    device.close()


def test_size_of_the_configuration_space_is_found_out(sock: socket.socket, ram: GuestRam) -> None:
    device = VhostUserDevice("blk0", 2, sock, ram, queue_sizes=(128,))
    assert device.config_size >= 60
    assert struct.unpack("<Q", device.read_config(0, 8)) == (SECTORS,)
    device.close()


@pytest.mark.parametrize("features", [VERSION_1, VERSION_1 | EVENT_IDX | INDIRECT])
def test_sectors_are_written_and_read_on_two_queues_over_resets(
    sock: socket.socket, ram: GuestRam, image: Path, features: int
) -> None:
    device = blk(sock, ram)
    for round_ in range(3):
        queues = [Driven(ram, 64, features) for _ in range(2)]
        device.start(features, {index: queue.setup for index, queue in enumerate(queues)})
        for sector in range(20):
            write(queues[sector % 2], sector, bytes([round_ + 1]) * 512)
            assert read(queues[1 - sector % 2], sector, 512) == bytes([round_ + 1]) * 512
        assert read(queues[0], 20, 1024) == b"%511d\n%511d\n" % (20, 21)
        device.stop()
        for queue in queues:
            queue.close()
    data = image.read_bytes()
    assert data[: 20 * 512] == b"\3" * (20 * 512)
    assert data[20 * 512 : 21 * 512] == b"%511d\n" % 20
    device.close()
