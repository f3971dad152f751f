"""A vhost-user session with a block device, and the load of vhost_load.c through it.

A front-end of its own, so that a fault of ours cannot hide behind our own front-end: the least of
the vhost-user protocol ("Front-end message types") that a device with one queue needs.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import socket
import struct
import subprocess
import time
from dataclasses import dataclass

MEMORY_SIZE = 64 << 20
MOST_SESSIONS = 4
WINDOW = 0x40000  # of a session's own, for its rings and headers
QUEUE_SIZE = 256
DESCRIPTORS, DRIVER, DEVICE, HEADERS, DATA = 0x0, 0x4000, 0x8000, 0x10000, 0x100000

F_FLUSH, F_CONFIG_WCE = 1 << 9, 1 << 11
F_INDIRECT_DESC, F_EVENT_IDX, F_PROTOCOL_FEATURES, F_VERSION_1 = 1 << 28, 1 << 29, 1 << 30, 1 << 32
WANTED = F_INDIRECT_DESC | F_EVENT_IDX | F_VERSION_1
LIKED = F_FLUSH | F_CONFIG_WCE
PROTOCOL_REPLY_ACK, PROTOCOL_CONFIG = 1 << 3, 1 << 9

GET_FEATURES, SET_FEATURES, SET_OWNER, SET_MEM_TABLE = 1, 2, 3, 5
SET_VRING_NUM, SET_VRING_ADDR, SET_VRING_BASE, GET_VRING_BASE = 8, 9, 10, 11
SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR = 12, 13, 14
GET_PROTOCOL_FEATURES, SET_PROTOCOL_FEATURES, SET_VRING_ENABLE, GET_CONFIG = 15, 16, 18, 24
VERSION, REPLY, NEED_REPLY = 1, 4, 8
WARM_UP_S = 0.1
HALT_POLL_US = 200
"""KVM's default on x86-64 (Documentation/virt/kvm/halt-polling.rst)."""


class LoadParameters(ctypes.Structure):
    """struct load of vhost_load.c."""

    _fields_ = (
        ("memory", ctypes.c_void_p),
        ("descriptors", ctypes.c_uint64),
        ("driver", ctypes.c_uint64),
        ("device", ctypes.c_uint64),
        ("headers", ctypes.c_uint64),
        ("data", ctypes.c_uint64),
        ("image_size", ctypes.c_uint64),
        ("seed", ctypes.c_uint64),
        ("warm_up_ns", ctypes.c_uint64),
        ("run_ns", ctypes.c_uint64),
        ("halt_poll_ns", ctypes.c_uint64),
        ("queue_size", ctypes.c_uint32),
        ("depth", ctypes.c_uint32),
        ("block_size", ctypes.c_uint32),
        ("is_write", ctypes.c_uint32),
        ("is_random", ctypes.c_uint32),
        ("kick_fd", ctypes.c_int32),
        ("call_fd", ctypes.c_int32),
        ("device_pid", ctypes.c_int32),
        ("next_avail", ctypes.c_uint16),
        ("last_used", ctypes.c_uint16),
        ("padding", ctypes.c_uint16 * 2),
    )


class LoadResult(ctypes.Structure):
    """struct load_result of vhost_load.c."""

    _fields_ = tuple(
        (name, ctypes.c_uint64)
        for name in (
            "requests",
            "elapsed_ns",
            "device_cpu_ns",
            "own_cpu_ns",
            "kicks",
            "calls",
            "latency_p50_ns",
            "latency_p99_ns",
            "bad_statuses",
            "bad_data",
        )
    )


@dataclass(frozen=True)
class Work:
    """What to ask of a disk: blocks of `block_size` bytes, `depth` at a time."""

    is_write: bool
    is_random: bool
    block_size: int
    depth: int

    def __str__(self) -> str:
        access = ("rand" if self.is_random else "") + ("write" if self.is_write else "read")
        return f"{self.block_size >> 10} KiB {access} qd {self.depth}"


@dataclass(frozen=True)
class Outcome:
    """What came of it, per second and per request; `cpu_us` is that of the device's process."""

    iops: float
    mib_per_s: float
    p50_us: float
    p99_us: float
    cpu_us: float
    load_cpu_us: float
    kicks: float
    calls: float


class LoadError(Exception):
    """The device answered with an error, with wrong data, or not at all."""


def _device_pid(pid: int) -> int:
    """The process that does the I/O: the one started, or its child."""
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        children = file.read().split()
    return int(children[0]) if children else pid


def guest_memory() -> int:
    """A memfd that several sessions can share, used by one at a time: which pages of the host
    it has makes a difference for direct I/O."""
    fd = os.memfd_create("guest memory")
    os.ftruncate(fd, MEMORY_SIZE)
    os.pwrite(fd, bytes(MEMORY_SIZE), 0)
    return fd


class Session:
    """A vhost-user block device at the other end of `path`, whose process is `process`.

    `memory_fd` is from guest_memory, and `place` the number of this session in it. The driver
    polls for `halt_poll_us` before it sleeps.
    """

    def __init__(
        self,
        library: str,
        path: str,
        process: subprocess.Popen[bytes],
        memory_fd: int,
        place: int = 0,
        halt_poll_us: int = HALT_POLL_US,
    ) -> None:
        assert place < MOST_SESSIONS
        self._process = process
        self._run = ctypes.CDLL(library, use_errno=True).load_run
        self._run.argtypes = [ctypes.POINTER(LoadParameters), ctypes.POINTER(LoadResult)]
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(10)
        self._connect(path)
        self._memory_fd = memory_fd
        self._memory = mmap.mmap(memory_fd, MEMORY_SIZE)
        self._window = place * WINDOW
        self._memory[self._window : self._window + WINDOW] = bytes(WINDOW)
        self._kick_fd = os.eventfd(0, os.EFD_CLOEXEC)
        self._call_fd = os.eventfd(0, os.EFD_CLOEXEC)
        self._err_fd = os.eventfd(0, os.EFD_CLOEXEC)
        self._hva = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        self._negotiate()
        self._start_queue()
        self._parameters = LoadParameters(
            memory=self._hva,
            descriptors=self._window + DESCRIPTORS,
            driver=self._window + DRIVER,
            device=self._window + DEVICE,
            headers=self._window + HEADERS,
            data=DATA,
            queue_size=QUEUE_SIZE,
            kick_fd=self._kick_fd,
            call_fd=self._call_fd,
            device_pid=_device_pid(process.pid),
            halt_poll_ns=halt_poll_us * 1000,
            seed=88172645463325252,
        )

    def measure(self, work: Work, image_size: int, duration_s: float) -> Outcome:
        """Put `work` on the device for `duration_s`. Raises LoadError."""
        assert work.depth * work.block_size <= MEMORY_SIZE - DATA
        parameters = self._parameters
        parameters.image_size = image_size
        parameters.warm_up_ns = int(min(WARM_UP_S, duration_s / 4) * 1e9)
        parameters.run_ns = int(duration_s * 1e9)
        parameters.depth = work.depth
        parameters.block_size = work.block_size
        parameters.is_write = work.is_write
        parameters.is_random = work.is_random
        result = LoadResult()
        error = self._run(ctypes.byref(parameters), ctypes.byref(result))
        if error or result.bad_statuses or result.bad_data:
            reason = os.strerror(-error) if error else "errors"
            raise LoadError(
                f"{work}: {reason}: {result.bad_statuses} error statuses, "
                f"{result.bad_data} blocks with wrong data"
            )
        seconds, count = result.elapsed_ns / 1e9, max(result.requests, 1)
        return Outcome(
            iops=count / seconds,
            mib_per_s=count * work.block_size / seconds / 2**20,
            p50_us=result.latency_p50_ns / 1e3,
            p99_us=result.latency_p99_ns / 1e3,
            cpu_us=result.device_cpu_ns / count / 1e3,
            load_cpu_us=result.own_cpu_ns / count / 1e3,
            kicks=result.kicks / count,
            calls=result.calls / count,
        )

    def close(self) -> None:
        """End the session and the device's process."""
        self._socket.close()
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for fd in (self._kick_fd, self._call_fd, self._err_fd):
            os.close(fd)

    def _connect(self, path: str) -> None:
        deadline = time.monotonic() + 20
        while True:
            try:
                return self._socket.connect(path)
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise LoadError(f"the device does not listen on {path}") from None
                time.sleep(0.01)

    def _send(
        self, request: int, body: bytes = b"", fds: tuple[int, ...] = (), flags: int = 0
    ) -> None:
        header = struct.pack("<III", request, VERSION | flags, len(body))
        socket.send_fds(self._socket, [header + body], list(fds))

    def _receive(self, request: int) -> bytes:
        header = self._socket.recv(12, socket.MSG_WAITALL)
        answered, flags, size = struct.unpack("<III", header)
        assert answered == request
        assert flags & REPLY
        return self._socket.recv(size, socket.MSG_WAITALL) if size else b""

    def _get(self, request: int, body: bytes = b"") -> bytes:
        self._send(request, body)
        return self._receive(request)

    def _negotiate(self) -> None:
        (features,) = struct.unpack("<Q", self._get(GET_FEATURES))
        if features & WANTED != WANTED:
            raise LoadError(f"the device offers {features:#x}, which lacks some of {WANTED:#x}")
        (protocol,) = struct.unpack("<Q", self._get(GET_PROTOCOL_FEATURES))
        self._send(SET_PROTOCOL_FEATURES, struct.pack("<Q", protocol & PROTOCOL_CONFIG))
        self._send(SET_OWNER)
        accepted = WANTED | features & (LIKED | F_PROTOCOL_FEATURES)
        self._send(SET_FEATURES, struct.pack("<Q", accepted))
        region = struct.pack("<IIQQQQ", 1, 0, 0, MEMORY_SIZE, self._hva, 0)
        self._send(SET_MEM_TABLE, region, (self._memory_fd,))

    def _start_queue(self) -> None:
        self._send(SET_VRING_NUM, struct.pack("<II", 0, QUEUE_SIZE))
        self._send(SET_VRING_BASE, struct.pack("<II", 0, 0))
        start = self._hva + self._window
        areas = (start + DESCRIPTORS, start + DEVICE, start + DRIVER)
        self._send(SET_VRING_ADDR, struct.pack("<IIQQQQ", 0, 0, *areas, 0))
        index = struct.pack("<Q", 0)
        self._send(SET_VRING_CALL, index, (self._call_fd,))
        self._send(SET_VRING_ERR, index, (self._err_fd,))
        self._send(SET_VRING_KICK, index, (self._kick_fd,))
        self._send(SET_VRING_ENABLE, struct.pack("<II", 0, 1))
        self._get(GET_FEATURES)  # the messages before it were handled
        # A device may have made it non-blocking, for both; the load sleeps in a read of it.
        os.set_blocking(self._call_fd, True)
