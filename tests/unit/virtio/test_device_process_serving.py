"""Devices of ours serve vhost-user from sandboxed processes, and go on after these are killed."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import cast

import pytest

from kvmtool.virtio.catalog import ENTRIES
from kvmtool.virtio.device import VirtioDevice
from kvmtool.virtio.process import DeviceProcesses, ServedDevice
from kvmtool.virtio.rng import Rng
from kvmtool.virtio.server import serve
from sandboxed.attempts import attempts, expected
from unit.vhost.served import EVENT_IDX, PACKED, TIMEOUT_S, VERSION_1, Echo, Pair, Served


def process_of(device: VirtioDevice) -> DeviceProcesses:
    fds = device.descriptors()
    return DeviceProcesses([ServedDevice("echo0", partial(serve, device), device.policy, fds)])


@pytest.fixture(params=[Echo, Rng])
def device(request: pytest.FixtureRequest) -> Iterator[VirtioDevice]:
    device = request.param()
    yield device
    device.close()


def pid_of_device(processes: DeviceProcesses) -> int:
    server = processes.fork_server_pid
    with open(f"/proc/{server}/task/{server}/children") as children:
        (pid,) = children.read().split()
    return int(pid)


@pytest.mark.parametrize("features", [VERSION_1, VERSION_1 | EVENT_IDX, VERSION_1 | PACKED])
def test_sandboxed_process_serves_a_queue_and_a_new_one_goes_on(
    device: VirtioDevice, features: int
) -> None:
    processes = process_of(device)
    served = cast(Served, SimpleNamespace(sock=processes.start(0)))
    queues = tuple(queue.size for queue in type(device).queues)
    pair = Pair(served, reconnect=partial(processes.start, 0), queue_sizes=queues, ours=True)
    try:
        pair.device.start(features, {0: pair.queue(0, 16, features)})
        queue = pair.queues[0]
        assert len(queue.ask(b"hello" if isinstance(device, Echo) else b"")) > 0
        for _ in range(2):
            os.kill(before := pid_of_device(processes), signal.SIGKILL)
            assert len(queue.ask(b"hello" if isinstance(device, Echo) else b"")) > 0
            assert pid_of_device(processes) != before
        assert not pair.broken.is_set()
    finally:
        pair.close()
        start = time.monotonic()
        processes.close()
        # It ended by itself, with its socket.
        assert time.monotonic() - start < 0.9


def test_default_timeout_of_the_vmm_s_sockets_is_none_of_its_devices(
    request: pytest.FixtureRequest,
) -> None:
    request.addfinalizer(partial(socket.setdefaulttimeout, socket.getdefaulttimeout()))
    socket.setdefaulttimeout(TIMEOUT_S / 2)
    device = Echo()
    processes = process_of(device)
    served = cast(Served, SimpleNamespace(sock=processes.start(0)))
    pair = Pair(served, queue_sizes=tuple(queue.size for queue in Echo.queues), ours=True)
    try:
        start = time.monotonic()
        pair.device.start(VERSION_1, {0: pair.queue(0, 16, VERSION_1)})
        assert pair.queues[0].ask(b"hello")
        assert time.monotonic() - start < TIMEOUT_S / 2
        assert not pair.broken.is_set()
    finally:
        pair.close()
        processes.close()
        device.close()


def test_process_does_not_reach_the_state_of_another_device() -> None:
    other = Echo()

    def attack(sock: socket.socket) -> None:
        sock.send(b"before")
        other.config_space[0] = 0xFF
        sock.send(b"after")

    attacker = ServedDevice("attacker", attack, Echo.policy)
    victim = ServedDevice("echo0", partial(serve, other), other.policy, hide=other.hide)
    processes = DeviceProcesses([attacker, victim])
    with processes.start(0) as sock:
        sock.settimeout(20)
        assert sock.recv(16) == b"before"
        assert sock.recv(16) == b""
    processes.close()
    assert other.number == 0


@pytest.mark.parametrize("kind", [entry.kind for entry in ENTRIES])
def test_device_s_policy_refuses_what_no_device_may_do(kind: str) -> None:
    (entry,) = (entry for entry in ENTRIES if entry.kind == kind)
    policy = entry.device_class().policy
    assert attempts(policy) == expected(policy)
