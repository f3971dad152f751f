"""The kernel's vhost-vsock as transports see it: a packet to the host is answered by it.

Runs in the emulated host, whose kernel has the device.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.skipif("KVMTOOL_EMULATED" in os.environ, reason="runs on the machine itself"),
    pytest.mark.timeout(300),
]

TESTS = Path(__file__).parents[1]

PREAMBLE = """
import ctypes, os, select, struct, sys
sys.path.insert(0, {tests!r})
from driver import GuestRam, driver_queue
from kvmtool.uapi.linux import vhost
from kvmtool.vhost.device import QueueSetup
from kvmtool.vhost.kernel import KernelVhost, RefusedByKernel

VERSION_1 = 1 << 32
CID = 77
HEADER = struct.Struct("<QQIIIHHIII")  # virtio 1.3, 5.10.6: struct virtio_vsock_hdr

def make(ram):
    def begin(device):
        device.ioctl("VHOST_VSOCK_SET_RUNNING", ctypes.c_int(1))
    def end(device):
        device.ioctl("VHOST_VSOCK_SET_RUNNING", ctypes.c_int(0))
    device = KernelVhost(
        "vsock0", 19, os.open("/dev/vhost-vsock", os.O_RDWR), ram, queue_sizes=(64, 64, 64),
        vhost_queues=2, config=struct.pack("<Q", CID), on_start=begin, on_stop=end)
    device.on_broken = lambda: print("broken")
    device.ioctl("VHOST_VSOCK_SET_GUEST_CID", ctypes.c_uint64(CID))
    return device

def set_up(ram):
    queues = [driver_queue(ram, 64) for _ in range(3)]
    setups = {{
        index: QueueSetup(size=64, descriptors=queue.descriptors, driver=queue.driver,
                          device=queue.device, kick_fd=os.eventfd(0), call_fd=os.eventfd(0))
        for index, queue in enumerate(queues)}}
    return queues, setups

def connect(queues, setups, port):
    receive = queues[0].add((), [4096])
    os.eventfd_write(setups[0].kick_fd, 1)
    queues[1].add([HEADER.pack(CID, 2, port, 4242, 0, 1, 1, 0, 65536, 0)])
    os.eventfd_write(setups[1].kick_fd, 1)
    while not (used := queues[0].collect()):
        assert select.select([setups[0].call_fd], [], [], 20)[0], "no answer"
        os.eventfd_read(setups[0].call_fd)
    assert used[0][0] == receive
    answer = HEADER.unpack(queues[0].contents(receive)[:44])
    print("from", answer[0], "to", answer[1], "port", answer[3], "op", answer[6])
    while not queues[1].collect():
        assert select.select([setups[1].call_fd], [], [], 20)[0], "not sent"
        os.eventfd_read(setups[1].call_fd)

ram = GuestRam([(0, 1 << 20), (1 << 32, 1 << 20)])
device = make(ram)
"""


def run(script: str) -> list[str]:
    """Run a script in the emulated host, and return the lines that it printed."""
    words = [sys.executable, "-m", "kvmtool", "emulate", "--", sys.executable, "-c"]
    text = PREAMBLE.format(tests=str(TESTS)) + script
    done = subprocess.run([*words, text], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_vsock_packet_to_a_port_where_nobody_listens_is_answered_with_a_reset() -> None:
    lines = run("""
assert device.features & VERSION_1 and not device.features >> 26 & 1
assert device.read_config(0, 12) == struct.pack("<QI", CID, 0)
before = len(os.listdir("/proc/self/fd"))
for _ in range(2):
    queues, setups = set_up(ram)
    device.start(VERSION_1, setups)
    connect(queues, setups, 1000)
    connect(queues, setups, 1001)
    device.stop()
state = None
queues, setups = set_up(ram)
device.start(VERSION_1, setups)
connect(queues, setups, 1002)
state = device.save()
connect(queues, setups, 1003)
state = device.save()
device.stop()
device.restore(state, VERSION_1, setups)
connect(queues, setups, 1004)
device.close()
""")
    ports = [1000, 1001, 1000, 1001, 1002, 1003, 1004]
    assert lines == [f"from 2 to 77 port {port} op 3" for port in ports]


def test_vsock_queue_outside_guest_ram_breaks_the_device() -> None:
    lines = run("""
queues, setups = set_up(ram)
setups[0].device = 1 << 50
device.start(VERSION_1, setups)
device.stop()
queues, setups = set_up(ram)
device.start(VERSION_1, setups)
connect(queues, setups, 1000)
device.close()
""")
    assert lines == ["broken", "from 2 to 77 port 1000 op 3"]


def test_vsock_number_that_is_taken_is_refused() -> None:
    lines = run("""
try:
    make(ram)
except RefusedByKernel as error:
    print(error)
""")
    assert lines == ["vsock0: VHOST_VSOCK_SET_GUEST_CID: Address already in use (EADDRINUSE)"]
