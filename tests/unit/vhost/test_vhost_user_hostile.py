"""A front-end that sends what it may not: the back-end closes the connection, and leaks nothing."""

from __future__ import annotations

import errno
import io
import os
import resource
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driver.rig import SteppedLoop
from kvmtool.vhost.user import messages
from kvmtool.vhost.user.backend import Backend
from kvmtool.vhost.user.memory import MOST_REGIONS
from kvmtool.vhost.user.messages import Request
from unit.vhost.served import VERSION_1, Echo, descriptors

PAGE = 4096
SIZE = 1 << 20


class FrontEnd:
    """One end of a connection, raw; the back-end runs when `settle` says so."""

    def __init__(self) -> None:
        self.sock, theirs = socket.socketpair()
        self.sock.settimeout(5)
        self.loop = SteppedLoop()
        self.device = Echo()
        self.backend = Backend(self.device, theirs, self.loop)

    def send(self, data: bytes, fds: list[int] | None = None) -> None:
        ancillary = []
        if fds:
            packed = struct.pack(f"{len(fds)}i", *fds)
            ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, packed)]
        self.sock.sendmsg([data], ancillary)

    def request(
        self, request: Request, payload: bytes = b"", fds: list[int] | None = None, flags: int = 1
    ) -> None:
        self.send(messages.HEADER.pack(request.number, flags, len(payload)) + payload, fds)
        self.loop.settle()

    def refused(self) -> bool:
        """Whether the back-end closed the connection."""
        self.loop.settle()
        return self.backend.closed

    def close(self) -> None:
        self.backend.close()
        self.loop.close()
        self.sock.close()


@pytest.fixture
def front() -> Iterator[FrontEnd]:
    before = descriptors()
    front = FrontEnd()
    yield front
    front.close()
    vars(front).clear()
    assert descriptors() == before


@pytest.fixture
def fd() -> Iterator[int]:
    fd = os.memfd_create("ram")
    os.ftruncate(fd, SIZE)
    yield fd
    os.close(fd)


def table(*regions: tuple[int, int, int, int]) -> bytes:
    packed = b"".join(messages.MEMORY_REGION.pack(*region) for region in regions)
    return messages.MEMORY_TABLE.pack(len(regions), 0) + packed


MALFORMED: dict[str, bytes] = {
    "version 0": messages.HEADER.pack(1, 0, 0),
    "version 2": messages.HEADER.pack(1, 2, 0),
    "payload of 4 GiB": messages.HEADER.pack(5, 1, 0xFFFF_FFFF),
    "payload beyond the limit": messages.HEADER.pack(5, 1, 4097),
    "no such request": messages.HEADER.pack(0, 1, 0),
    "request of live migration": messages.HEADER.pack(6, 1, 16) + bytes(16),
    "request of a large number": messages.HEADER.pack(0xFFFF_FFFF, 1, 0),
    "payload where none is": messages.HEADER.pack(1, 1, 8) + bytes(8),
    "payload too short": messages.HEADER.pack(2, 1, 4) + bytes(4),
    "payload too long": messages.HEADER.pack(2, 1, 9) + bytes(9),
    "no payload": messages.HEADER.pack(8, 1, 0),
    "features that were not offered": messages.HEADER.pack(2, 1, 8) + struct.pack("=Q", 1 << 26),
    "protocol features that were not offered": messages.HEADER.pack(16, 1, 8)
    + struct.pack("=Q", 1 << 14),
    "vring that is not there": messages.HEADER.pack(8, 1, 8) + struct.pack("=II", 2, 16),
    "vring of a large number": messages.HEADER.pack(8, 1, 8) + struct.pack("=II", 1 << 31, 16),
    "vring of no entries": messages.HEADER.pack(8, 1, 8) + struct.pack("=II", 0, 0),
    "vring of 32769": messages.HEADER.pack(8, 1, 8) + struct.pack("=II", 0, 32769),
    "kick without a descriptor": messages.HEADER.pack(12, 1, 8) + struct.pack("=Q", 0),
    "kick with undefined bits": messages.HEADER.pack(12, 1, 8) + struct.pack("=Q", 1 << 9 | 256),
    "kick of a vring that is not there": messages.HEADER.pack(12, 1, 8)
    + struct.pack("=Q", 2 | 256),
    "enabled by 2": messages.HEADER.pack(18, 1, 8) + struct.pack("=II", 0, 2),
    "status of 9 bits": messages.HEADER.pack(39, 1, 8) + struct.pack("=Q", 256),
    "regions without descriptors": messages.HEADER.pack(5, 1, 40) + table((0, PAGE, 0, 0)),
    "fewer regions than it says": messages.HEADER.pack(5, 1, 8) + struct.pack("=II", 3, 0),
    "4 billion regions": messages.HEADER.pack(5, 1, 8) + struct.pack("=II", 0xFFFF_FFFF, 0),
    "region to remove that is not there": messages.HEADER.pack(38, 1, 40) + bytes(40),
    "configuration of another length": messages.HEADER.pack(24, 1, 16)
    + struct.pack("=III", 0, 8, 0) + bytes(4),
    "in-flight area of no queues": messages.HEADER.pack(31, 1, 20)
    + struct.pack("=QQHH", 0, 0, 0, 9),
    "in-flight area of 257 queues": messages.HEADER.pack(31, 1, 20)
    + struct.pack("=QQHH", 0, 0, 257, 9),
    "in-flight area of queues of 40000": messages.HEADER.pack(31, 1, 20)
    + struct.pack("=QQHH", 0, 0, 2, 40000),
    "in-flight area without a descriptor": messages.HEADER.pack(32, 1, 20) + bytes(20),
    "back-end socket without a descriptor": messages.HEADER.pack(21, 1, 0),
    "state without a descriptor": messages.HEADER.pack(42, 1, 8) + bytes(8),
}  # fmt: skip


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_malformed_message_closes_the_connection_with_one_line(
    front: FrontEnd, data: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    front.send(data)
    assert front.refused()
    assert capsys.readouterr().err.count("\n") == 1


REGIONS: dict[str, tuple[tuple[int, int, int, int], ...]] = {
    "empty": ((0, 0, 0, 0),),
    "beyond the file": ((0, SIZE + PAGE, 0, 0),),
    "at the end of the file": ((0, PAGE, 0, SIZE),),
    "offset that wraps": ((0, PAGE, 0, 2**64 - PAGE),),
    "size of all": ((0, 2**64 - PAGE, 0, 0),),
    "guest address that wraps": ((2**64 - PAGE, 2 * PAGE, 0, 0),),
    "user address that wraps": ((0, 2 * PAGE, 2**64 - PAGE, 0),),
    "half a page": ((0, PAGE // 2, 0, 0),),
    "offset within a page": ((0, PAGE, 0, 512),),
    "guest address within a page": ((512, PAGE, 0, 0),),
    "guest addresses that overlap": ((0, 2 * PAGE, 0, 0), (PAGE, PAGE, 1 << 40, 0)),
    "user addresses that overlap": ((0, 2 * PAGE, 0, 0), (1 << 40, PAGE, PAGE, 0)),
    "33": tuple((n * PAGE, PAGE, n * PAGE, 0) for n in range(33)),
}


@pytest.mark.parametrize("regions", REGIONS.values(), ids=REGIONS)
def test_region_that_cannot_be_is_refused(
    front: FrontEnd, fd: int, regions: tuple[tuple[int, int, int, int], ...]
) -> None:
    front.request(messages.SET_MEM_TABLE, table(*regions), [fd] * len(regions))
    assert front.refused()


@pytest.mark.parametrize(
    "open_file",
    [
        lambda: io.FileIO("/dev/zero", "r+"),
        lambda: io.FileIO(os.eventfd(0), "r+"),
        socket.socket,
    ],
    ids=["zero", "eventfd", "socket"],
)
def test_region_in_what_is_no_memory_is_refused(
    front: FrontEnd, open_file: Callable[[], io.FileIO | socket.socket]
) -> None:
    with open_file() as file:
        front.request(messages.SET_MEM_TABLE, table((0, PAGE, 0, 0)), [file.fileno()])
    assert front.refused()


def test_more_descriptors_than_a_request_has_are_refused(front: FrontEnd, fd: int) -> None:
    front.request(messages.SET_MEM_TABLE, table((0, PAGE, 0, 0)), [fd] * 2)
    assert front.refused()


@pytest.mark.parametrize("count", [1, 33, 253])
def test_descriptors_of_a_request_that_has_none_are_refused(
    front: FrontEnd, fd: int, count: int
) -> None:
    front.request(messages.GET_FEATURES, b"", [fd] * count)
    assert front.refused()


def test_descriptors_with_each_byte_of_a_message_are_refused(front: FrontEnd, fd: int) -> None:
    data = messages.HEADER.pack(5, 1, 4000)
    for byte in data:
        front.send(bytes([byte]), [fd] * 30)
        front.loop.settle()
        if front.backend.closed:
            return
    raise AssertionError("360 descriptors were kept")


@pytest.mark.parametrize("kind", ["memfd", "pipe", "socket"])
@pytest.mark.parametrize(
    "request_", [messages.SET_VRING_KICK, messages.SET_VRING_CALL, messages.SET_VRING_ERR]
)
def test_kick_call_and_err_that_are_no_eventfd_are_refused(
    front: FrontEnd, fd: int, kind: str, request_: Request
) -> None:
    reader, writer = os.pipe()
    given = {"memfd": fd, "pipe": writer, "socket": front.sock.fileno()}[kind]
    front.request(request_, messages.U64.pack(0), [given])
    assert front.refused()
    os.close(reader)
    os.close(writer)


def test_back_end_socket_that_is_none_is_refused(front: FrontEnd, fd: int) -> None:
    front.request(messages.SET_BACKEND_REQ_FD, b"", [fd])
    assert front.refused()


def test_region_added_over_another_is_refused(front: FrontEnd, fd: int) -> None:
    front.request(messages.SET_MEM_TABLE, table((0, SIZE, 0, 0)), [fd])
    front.request(messages.ADD_MEM_REG, messages.ONE_REGION.pack(0, 0, PAGE, 1 << 40, 0), [fd])
    assert front.refused()


def test_regions_up_to_the_limit_are_taken_and_not_one_more(front: FrontEnd, fd: int) -> None:
    for number in range(MOST_REGIONS):
        region = messages.ONE_REGION.pack(0, number * PAGE, PAGE, number * PAGE, 0)
        front.request(messages.ADD_MEM_REG, region, [fd])
    assert len(front.device.memory.regions) == MOST_REGIONS
    front.request(
        messages.ADD_MEM_REG, messages.ONE_REGION.pack(0, 1 << 40, PAGE, 1 << 40, 0), [fd]
    )
    assert front.refused()


def test_in_flight_area_beyond_its_file_is_refused(front: FrontEnd, fd: int) -> None:
    front.request(messages.SET_INFLIGHT_FD, messages.INFLIGHT.pack(SIZE, PAGE, 2, 64), [fd])
    assert front.refused()


def test_in_flight_area_too_small_for_its_queues_is_refused(front: FrontEnd, fd: int) -> None:
    front.request(messages.SET_INFLIGHT_FD, messages.INFLIGHT.pack(PAGE, 0, 2, 256), [fd])
    assert front.refused()


def test_vring_started_before_it_was_set_up_is_its_error_only(
    front: FrontEnd, capsys: pytest.CaptureFixture[str]
) -> None:
    kick, err = os.eventfd(1), os.eventfd(0)
    front.request(messages.SET_VRING_ERR, messages.U64.pack(0), [err])
    front.request(messages.SET_VRING_KICK, messages.U64.pack(0), [kick])
    front.request(messages.SET_VRING_ENABLE, messages.VRING_STATE.pack(0, 1))
    assert not front.refused()
    assert os.eventfd_read(err) == 1
    assert "before its size and addresses were set" in capsys.readouterr().err
    os.close(kick)
    os.close(err)


def test_running_vring_cannot_be_set_up(front: FrontEnd, fd: int) -> None:
    kick = os.eventfd(1)
    front.request(messages.SET_MEM_TABLE, table((0, SIZE, 0, 0)), [fd])
    front.request(messages.SET_VRING_NUM, messages.VRING_STATE.pack(0, 16))
    front.request(messages.SET_VRING_ADDR, messages.VRING_ADDRESS.pack(0, 0, 0, 8192, 4096, 0))
    front.request(messages.SET_VRING_ENABLE, messages.VRING_STATE.pack(0, 1))
    front.request(messages.SET_VRING_KICK, messages.U64.pack(0), [kick])
    assert list(front.device.running) == [0]
    front.request(messages.SET_FEATURES, messages.U64.pack(VERSION_1))
    assert front.refused()
    os.close(kick)


def test_loaded_state_without_an_end_is_given_up_with_the_connection(front: FrontEnd) -> None:
    reader, writer = os.pipe()
    front.request(messages.SET_DEVICE_STATE_FD, messages.STATE_TRANSFER.pack(1, 0), [reader])
    os.write(writer, bytes(1000))
    front.request(messages.CHECK_DEVICE_STATE)
    front.request(messages.GET_FEATURES)
    assert not front.refused()
    os.close(reader)
    os.close(writer)


def test_front_end_that_reads_no_replies_is_left(front: FrontEnd) -> None:
    request = messages.HEADER.pack(messages.GET_FEATURES.number, 1, 0)
    deadline = time.monotonic() + 20
    while not front.backend.closed:
        if select.select([], [front.sock], [], 0)[1]:
            front.sock.send(request * 100)
        front.loop.settle()
        assert time.monotonic() < deadline
    assert front.refused()


def test_in_flight_area_too_large_for_the_process_leaves_no_descriptor(front: FrontEnd) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
    try:
        front.request(messages.GET_INFLIGHT_FD, messages.INFLIGHT.pack(0, 0, 256, 32768))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert front.refused()


# Whole conversations of random messages.

_numbers = st.one_of(st.integers(0, 45), st.integers(0, 2**32 - 1))
_payloads = st.one_of(
    st.binary(max_size=48),
    st.builds(
        lambda words: struct.pack(f"={len(words)}Q", *words),
        st.lists(
            st.sampled_from([0, 1, 2, 64, 256, PAGE, SIZE, 2**32, 2**63, 2**64 - 1]), max_size=5
        ),
    ),
    st.builds(lambda a, b: struct.pack("=II", a, b), st.integers(0, 3), st.integers(0, 70000)),
)
_message = st.tuples(
    _numbers, _payloads, st.integers(0, 15), st.lists(st.integers(0, 3), max_size=3)
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_message, max_size=12))
def test_random_conversation_neither_kills_nor_hangs_nor_leaks(
    conversation: list[tuple[int, bytes, int, list[int]]],
) -> None:
    before = descriptors()
    front = FrontEnd()
    memfd = os.memfd_create("ram")
    os.ftruncate(memfd, SIZE)
    ours, theirs = os.pipe()
    files = [memfd, os.eventfd(1), ours, theirs]
    for number, payload, flags, given_files in conversation:
        if front.backend.closed:
            break
        data = messages.HEADER.pack(number, flags, len(payload)) + payload
        front.send(data, [files[index] for index in given_files])
        front.loop.settle()
    for file in files:
        os.close(file)
    front.close()
    del front
    assert descriptors() == before


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_neither_kill_nor_hang_the_back_end(data: bytes) -> None:
    front = FrontEnd()
    if data:
        front.send(data)
    front.loop.settle()
    front.close()


def test_queue_that_the_host_has_no_room_for_is_its_error_only(
    front: FrontEnd,
    fd: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(front.device, "start_queue", full)
    kick, err = os.eventfd(1), os.eventfd(0)
    front.request(messages.SET_MEM_TABLE, table((0, SIZE, 0, 0)), [fd])
    front.request(messages.SET_VRING_NUM, messages.VRING_STATE.pack(0, 16))
    front.request(messages.SET_VRING_ADDR, messages.VRING_ADDRESS.pack(0, 0, 0, 8192, 4096, 0))
    front.request(messages.SET_VRING_ERR, messages.U64.pack(0), [err])
    front.request(messages.SET_VRING_ENABLE, messages.VRING_STATE.pack(0, 1))
    front.request(messages.SET_VRING_KICK, messages.U64.pack(0), [kick])
    assert not front.refused()
    assert os.eventfd_read(err) == 1
    assert "Too many open files" in capsys.readouterr().err
    os.close(kick)
    os.close(err)
