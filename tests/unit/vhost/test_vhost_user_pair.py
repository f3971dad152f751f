"""Our front-end with our back-end."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator

import pytest

from kvmtool.errors import KvmtoolError
from kvmtool.vhost.user import messages
from kvmtool.vhost.user.connection import WANTED_PROTOCOL_FEATURES, Connection, Refused
from kvmtool.vhost.user.frontend import VhostUserDevice
from kvmtool.vhost.user.memory import MOST_REGIONS
from kvmtool.vhost.user.messages import ProtocolFeature
from unit.vhost.served import (
    EVENT_IDX,
    IN_ORDER,
    INDIRECT,
    PACKED,
    TIMEOUT_S,
    VERSION_1,
    Driven,
    Echo,
    Pair,
    Served,
    descriptors,
    on,
)

FORMATS = [
    pytest.param(VERSION_1, id="split"),
    pytest.param(VERSION_1 | EVENT_IDX | INDIRECT, id="split-event-idx"),
    pytest.param(VERSION_1 | PACKED, id="packed"),
    pytest.param(VERSION_1 | PACKED | EVENT_IDX | IN_ORDER, id="packed-event-idx-in-order"),
]


@pytest.fixture
def pair() -> Iterator[Pair]:
    before = descriptors()
    device = Echo()
    device.number = 7
    served = Served(device)
    pair = Pair(served)
    yield pair
    pair.close()
    served.close()
    device.close()
    for one in (pair, served):
        vars(one).clear()  # pytest keeps them, and they the mappings
    assert descriptors() == before


def echo(pair: Pair) -> Echo:
    device = pair.served.device
    assert isinstance(device, Echo)
    return device


@pytest.mark.parametrize("features", FORMATS)
def test_requests_go_round_on_both_queues(pair: Pair, features: int) -> None:
    pair.start(features)
    for number in range(40):
        data = b"%d." % number
        assert pair.queues[number % 2].ask(data, b"tail") == (data + b"tail")[::-1]


@pytest.mark.parametrize("features", FORMATS)
def test_device_that_was_reset_serves_a_new_driver(pair: Pair, features: int) -> None:
    for _ in range(3):
        pair.start(features)
        assert pair.queues[0].ask(b"abc") == b"cba"
        pair.device.stop()
        assert echo(pair).running == {}
        assert echo(pair).accepted == 0
        for queue in pair.queues.values():
            queue.close()
    pair.queues = {}


def test_stop_of_a_device_that_was_not_started_does_nothing(pair: Pair) -> None:
    pair.device.stop()
    pair.start()
    assert pair.queues[1].ask(b"abc") == b"cba"


@pytest.mark.parametrize("features", FORMATS)
def test_queue_that_was_reset_is_set_up_anew_while_the_other_runs(
    pair: Pair, features: int
) -> None:
    pair.start(features)
    assert pair.queues[0].ask(b"abc") == b"cba"
    assert pair.queues[1].ask(b"abc") == b"cba"
    pair.device.stop_queue(0)
    assert list(echo(pair).running) == [1]
    assert pair.queues[1].ask(b"abc") == b"cba"
    pair.queues[0].close()
    pair.device.start_queue(0, pair.queue(0, 32, features))
    assert pair.queues[0].ask(b"xyz") == b"zyx"


def test_features_are_the_device_s_without_the_protocol_s_own(pair: Pair) -> None:
    assert pair.device.features == echo(pair).features
    assert not pair.device.features >> 30 & 1


def test_features_that_are_not_wanted_are_not_offered() -> None:
    served = Served(Echo())
    pair = Pair(served, wanted_features=~PACKED)
    assert not pair.device.features & PACKED
    pair.close()
    served.close()


def test_configuration_space_is_read_and_written(pair: Pair) -> None:
    assert pair.device.read_config(0, 4) == struct.pack("<I", 7)
    assert pair.device.read_config(6, 8) == bytes(8)
    pair.device.write_config(4, b"\1\2\3\4")
    assert echo(pair).knob == 0x04030201
    assert pair.device.read_config(4, 4) == b"\1\2\3\4"
    pair.device.write_config(0, b"\xff\xff\xff\xff")
    assert pair.device.read_config(0, 4) == struct.pack("<I", 7)
    pair.device.write_config(100, b"x")


def test_changed_configuration_reaches_the_transport(pair: Pair) -> None:
    pair.start()
    assert pair.queues[0].ask(b"abc") == b"cba"

    def change() -> None:
        echo(pair).number = 99
        echo(pair).on_config_change()

    on(pair.served.loop, change)
    assert pair.changed.wait(TIMEOUT_S)
    assert pair.device.read_config(0, 4) == struct.pack("<I", 99)


def test_configuration_that_changes_before_the_start_is_told_after_it(pair: Pair) -> None:
    echo(pair).number = 99
    on(pair.served.loop, echo(pair).on_config_change)
    assert not pair.changed.is_set()
    pair.start()
    assert pair.queues[0].ask(b"abc") == b"cba"
    assert pair.changed.wait(TIMEOUT_S)
    assert pair.device.read_config(0, 4) == struct.pack("<I", 99)


def test_size_of_the_configuration_space_is_found_out() -> None:
    served = Served(Echo())
    pair = Pair(served, config_size=None)
    assert pair.device.config_size == 256  # what lies beyond the device's reads as zeros
    pair.close()
    served.close()


def test_queue_that_the_driver_broke_breaks_the_device_until_its_reset(
    pair: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    pair.start()
    pair.queues[0].queue.add([b"break"], [8])
    os.eventfd_write(pair.queues[0].kick_fd, 1)
    assert pair.broken.wait(TIMEOUT_S)
    assert pair.queues[1].ask(b"abc") == b"cba"
    pair.device.stop()
    pair.broken.clear()
    for queue in pair.queues.values():
        queue.close()
    pair.start()
    assert pair.queues[0].ask(b"abc") == b"cba"
    assert not pair.broken.is_set()
    assert "echo0.first: the driver said so" in capsys.readouterr().err


def test_queue_outside_guest_ram_breaks_the_device(
    pair: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    setup = pair.queue(0)
    setup.device = 1 << 40
    pair.device.start(VERSION_1, {0: setup})
    assert pair.broken.wait(TIMEOUT_S)
    assert "0x10000000000 is not in guest RAM" in capsys.readouterr().err


def test_queue_at_the_end_of_guest_ram_breaks_the_device(
    pair: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    setup = pair.queue(0)
    setup.descriptors = (1 << 20) - 16
    pair.device.start(VERSION_1, {0: setup})
    os.eventfd_write(setup.kick_fd, 1)
    assert pair.broken.wait(TIMEOUT_S)
    assert "echo0.first: " in capsys.readouterr().err


@pytest.mark.parametrize("features", FORMATS)
def test_saved_device_goes_on_in_another_one(pair: Pair, features: int) -> None:
    pair.start(features)
    for _ in range(21):
        assert pair.queues[0].ask(b"abc") == b"cba"
    pair.device.write_config(4, b"\1\0\0\0")
    state = pair.device.save()
    assert pair.queues[0].ask(b"abc") == b"cba"  # this one goes on too
    state = pair.device.save()

    served = Served(Echo())
    other = Pair(served)
    for region, source in zip(other.ram.regions, pair.ram.regions, strict=True):
        region.bytes[:] = source.bytes[:]
    pair.device.stop()
    other.device.restore(state, features, {n: queue.setup for n, queue in pair.queues.items()})
    device = served.device
    assert isinstance(device, Echo)
    assert device.knob == 1
    other.ram.allocate(1 << 19)  # what the queues have of the memory
    pair.queues[0].queue.ram = pair.queues[1].queue.ram = other.ram
    for _ in range(21):
        assert pair.queues[0].ask(b"xyz") == b"zyx"
    assert pair.queues[1].ask(b"xyz") == b"zyx"
    for queue in pair.queues.values():
        queue.close()
    other.close()
    served.close()
    for one in (other, served, *pair.queues.values()):
        vars(one).clear()
    pair.queues = {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: b"", "0 bytes are no saved state"),
        (lambda state: b"x" + state[1:], "of another version"),
        (lambda state: state[:-1], "of another version"),
        (lambda state: state[:8] + b"\1\0\0\0" + state[12:], "of a device with id 1, not 42"),
    ],
)
def test_state_of_something_else_is_refused(pair: Pair, change, message: str) -> None:  # type: ignore[no-untyped-def]
    pair.start()
    state = change(pair.device.save())
    pair.device.stop()
    setups = {index: queue.setup for index, queue in pair.queues.items()}
    with pytest.raises(KvmtoolError, match=message):
        pair.device.restore(state, VERSION_1, setups)


def test_state_that_the_device_does_not_take_is_refused(pair: Pair) -> None:
    pair.start()
    state = bytearray(pair.device.save())
    pair.device.stop()
    state[-1] ^= 0xFF
    longer = bytes(state[:24]) + struct.pack("<I", len(state) - 28 - 16 + 1)
    setups = {index: queue.setup for index, queue in pair.queues.items()}
    with pytest.raises(KvmtoolError, match=r"could not transfer its state"):
        pair.device.restore(longer + bytes(state[28:]) + b"x", VERSION_1, setups)


# A front-end that does other things than ours.


@pytest.fixture
def connection(pair: Pair) -> Iterator[Connection]:
    served = Served(Echo())
    connection = Connection(served.sock)
    connection.accept(VERSION_1)
    connection.share(pair.ram)
    connection.device = served.device  # type: ignore[attr-defined]
    yield connection
    connection.close()
    assert served.closed.wait(TIMEOUT_S)
    served.close()
    vars(connection).clear()


def test_without_protocol_features_rings_are_enabled_from_the_start(pair: Pair) -> None:
    class OldConnection(Connection):
        def accept(self, features: int) -> None:
            self._has_protocol_features = False
            super().accept(features)

    served = Served(Echo())
    connection = OldConnection(served.sock, protocol_features=0)
    connection.accept(VERSION_1)
    connection.share(pair.ram)
    connection.start_queue(0, pair.queue(0))
    assert pair.queues[0].ask(b"abc") == b"cba"
    connection.close()
    served.close()


@pytest.mark.parametrize("missing", [1 << bit for bit in range(20)])
def test_each_protocol_feature_can_be_missing(missing: int, pair: Pair) -> None:
    served = Served(Echo())
    wanted = WANTED_PROTOCOL_FEATURES & ~missing
    connection = Connection(served.sock, protocol_features=wanted)
    connection.accept(VERSION_1)
    connection.share(pair.ram)
    connection.start_queue(0, pair.queue(0))
    assert pair.queues[0].ask(b"abc") == b"cba"
    connection.stop_queue(0)
    connection.reset()
    connection.close()
    served.close()


def test_queue_that_is_polled_needs_no_kick(pair: Pair, connection: Connection) -> None:
    setup = pair.queue(0)
    setup.kick_fd = -1
    connection.start_queue(0, setup)
    queue = pair.queues[0]
    assert queue.answer(queue.queue.add([b"abc"], [8])) == b"cba"
    connection.stop_queue(0)


def test_queue_without_a_call_is_served_without(pair: Pair, connection: Connection) -> None:
    setup = pair.queue(0)
    setup.call_fd = -1
    connection.start_queue(0, setup)
    queue = pair.queues[0].queue
    token = queue.add([b"abc"], [8])
    os.eventfd_write(setup.kick_fd, 1)
    while not (used := queue.collect()):
        connection.queue_count()  # lets the back-end work
    assert used == [(token, 3)]
    connection.stop_queue(0)


def test_base_of_a_stopped_queue_is_where_the_next_goes_on(
    pair: Pair, connection: Connection
) -> None:
    setup = pair.queue(0)
    connection.start_queue(0, setup)
    for _ in range(5):
        pair.queues[0].ask(b"abc")
    assert connection.stop_queue(0) == 5
    connection.start_queue(0, setup, base=5)
    assert pair.queues[0].ask(b"abc") == b"cba"
    assert connection.stop_queue(0) == 6


def test_disabled_queue_stands_still_until_it_is_enabled(
    pair: Pair, connection: Connection
) -> None:
    connection.start_queue(0, pair.queue(0))
    queue = pair.queues[0]
    queue.ask(b"abc")
    enable = messages.VRING_STATE.pack
    connection._tell(messages.SET_VRING_ENABLE, enable(0, 0), ack=True)
    token = queue.queue.add([b"xyz"], [8])
    os.eventfd_write(queue.kick_fd, 1)
    connection.queue_count()
    assert not queue.queue.collect()
    connection._tell(messages.SET_VRING_ENABLE, enable(0, 1), ack=True)
    assert queue.answer(token) == b"zyx"


def test_call_descriptor_is_exchanged_while_the_queue_runs(
    pair: Pair, connection: Connection
) -> None:
    connection.start_queue(0, pair.queue(0))
    queue = pair.queues[0]
    queue.ask(b"abc")
    other = os.eventfd(0, os.EFD_CLOEXEC)
    connection._give(messages.SET_VRING_CALL, 0, other)
    os.close(queue.call_fd)
    queue.call_fd = other
    assert queue.ask(b"abc") == b"cba"
    device = connection.device  # type: ignore[attr-defined]
    assert list(device.running) == [0]


def test_kick_descriptor_is_exchanged_while_the_queue_runs(
    pair: Pair, connection: Connection
) -> None:
    connection.start_queue(0, pair.queue(0))
    queue = pair.queues[0]
    queue.ask(b"abc")
    other = os.eventfd(0, os.EFD_CLOEXEC)
    connection._give(messages.SET_VRING_KICK, 0, other)
    os.close(queue.kick_fd)
    queue.kick_fd = other
    assert queue.ask(b"abc") == b"cba"


def test_memory_is_exchanged_while_queues_run(pair: Pair, connection: Connection) -> None:
    connection.start_queue(0, pair.queue(0))
    assert pair.queues[0].ask(b"abc") == b"cba"
    connection.share(pair.ram)
    assert pair.queues[0].ask(b"abc") == b"cba"


def test_regions_are_added_and_removed(pair: Pair, connection: Connection) -> None:
    assert connection._ask_u64(messages.GET_MAX_MEM_SLOTS) == MOST_REGIONS
    fd = os.memfd_create("more")
    os.ftruncate(fd, 8192)
    region = messages.ONE_REGION.pack(0, 1 << 40, 4096, 1 << 40, 4096)
    connection._tell(messages.ADD_MEM_REG, region, [fd], ack=True)
    device = connection.device  # type: ignore[attr-defined]
    assert [one.gpa for one in device.memory.regions] == [0, 1 << 32, 1 << 40]
    os.pwrite(fd, b"here", 4096)
    assert bytes(device.memory.map.view(1 << 40, 4)) == b"here"
    connection._tell(messages.REM_MEM_REG, region, ack=True)
    assert len(device.memory.regions) == 2
    os.close(fd)


def test_status_of_zero_resets_the_device(pair: Pair, connection: Connection) -> None:
    connection.set_status(7)
    assert connection._ask_u64(messages.GET_STATUS) == 7
    connection.start_queue(0, pair.queue(0))
    pair.queues[0].ask(b"abc")
    connection.set_status(0)
    assert connection._ask_u64(messages.GET_STATUS) == 0
    device = connection.device  # type: ignore[attr-defined]
    assert device.running == {}


def test_configuration_beyond_the_device_s_is_answered_with_nothing(
    connection: Connection,
) -> None:
    for offset, size in ((8, 4), (0, 257), (4, 0)):
        head = messages.CONFIG_SPACE.pack(offset, size, 0)
        if size <= messages.LARGEST_CONFIG:
            assert connection._ask(messages.GET_CONFIG, head + bytes(size)).payload == b""
    with pytest.raises(Refused):
        connection.write_config(8, b"1234")


def test_state_cannot_be_transferred_while_a_queue_runs(pair: Pair, connection: Connection) -> None:
    connection.start_queue(0, pair.queue(0))
    pair.queues[0].ask(b"abc")
    with pytest.raises(Refused, match="0x101"):
        connection.save_state()


def test_state_larger_than_a_pipe_is_transferred(pair: Pair) -> None:
    class Large(Echo, name="large", device_id=42):
        first = Echo.first
        second = Echo.second
        state = b""

        def save(self) -> bytes:
            return os.urandom(1) * (3 << 20)

        def load(self, state: bytes) -> None:
            self.state = state

    device = Large()
    served = Served(device)
    connection = Connection(served.sock)
    state = connection.save_state()
    assert state == state[:1] * (3 << 20)
    connection.load_state(state)
    assert device.state == state
    connection.close()
    served.close()


def test_device_is_served_to_one_front_end_after_the_other(pair: Pair) -> None:
    device = Echo()
    for _ in range(3):
        served = Served(device)
        connection = Connection(served.sock)
        connection.accept(VERSION_1)
        connection.share(pair.ram)
        queue = Driven(pair.ram, 16, VERSION_1)
        connection.start_queue(0, queue.setup)
        assert queue.ask(b"abc") == b"cba"
        connection.close()
        assert served.closed.wait(TIMEOUT_S)
        assert device.running == {}
        assert device.memory.regions == []
        served.close()
        queue.close()


def test_back_end_without_version_1_is_refused_and_leaves_nothing_open(pair: Pair) -> None:
    device = Echo()
    device.features &= ~VERSION_1
    served = Served(device)
    before = descriptors()
    with pytest.raises(KvmtoolError, match="echo0: the back-end does not offer VIRTIO_F_VERSION_1"):
        VhostUserDevice("echo0", 42, served.sock, pair.ram, queue_sizes=(64, 32))
    assert served.closed.wait(TIMEOUT_S)
    assert descriptors() == before - 2  # the two ends of the connection
    served.close()


def test_back_end_with_too_few_queues_is_refused(pair: Pair) -> None:
    served = Served(Echo())
    with pytest.raises(KvmtoolError, match="the back-end has 2 queues, not 3"):
        VhostUserDevice("echo0", 42, served.sock, pair.ram, queue_sizes=(64, 64, 64))
    served.close()


@pytest.mark.parametrize(("known", "sizes"), [((64,), (64, 64)), ((64, 32, 16, 16), (64, 32))])
def test_kind_whose_queues_vary_has_as_many_as_the_back_end(
    known: tuple[int, ...], sizes: tuple[int, ...], pair: Pair
) -> None:
    served = Served(Echo())
    device = VhostUserDevice("echo0", 42, served.sock, pair.ram, queue_sizes=known, varies=True)
    assert device.queue_sizes == sizes
    device.close()
    served.close()


def test_protocol_features_that_nobody_offered_are_not_negotiated() -> None:
    served = Served(Echo())
    connection = Connection(served.sock, protocol_features=(1 << 64) - 1)
    assert not connection.protocol_features & ProtocolFeature.LOG_SHMFD
    assert not connection.protocol_features & ProtocolFeature.INBAND_NOTIFICATIONS
    connection.close()
    served.close()


def test_back_end_that_does_not_answer_is_given_up() -> None:
    ours, theirs = socket.socketpair()
    with pytest.raises(KvmtoolError, match=r"no answer in time"), theirs:
        Connection(ours, timeout_s=0.05)
    assert ours.fileno() == -1
