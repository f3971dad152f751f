"""The console device, its ports and its control protocol (virtio 1.3, 5.3)."""

from __future__ import annotations

import os
import socket
import struct
import tty
from collections.abc import Iterator

import pytest

from driver.rig import Rig
from kvmtool.errors import BadInput
from kvmtool.uapi.linux import virtio_console as uapi
from kvmtool.virtio.console import Console
from kvmtool.virtio.console_port import ConsolePort

RECEIVE, TRANSMIT, CONTROL_RECEIVE, CONTROL_TRANSMIT, RECEIVE_1, TRANSMIT_1 = range(6)
ALL_PORTS = uapi.VIRTIO_CONSOLE_BAD_ID


class ConsoleRig(Rig):
    """A console with sockets for ports; `host` are the host's ends."""

    def __init__(self, ports: list[tuple[str, bool]], *, started: bool = True) -> None:
        self.host: list[socket.socket] = []
        self.theirs: list[socket.socket] = []
        made = []
        for name, is_console in ports:
            ours, theirs = socket.socketpair()
            for end in (ours, theirs):
                end.setblocking(False)
            self.host.append(ours)
            self.theirs.append(theirs)
            made.append(ConsolePort(name, theirs.fileno(), is_console=is_console))
        self.vmm_size, self.size = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.console = Console(made, size_fd=self.size.fileno())
        super().__init__(self.console)
        if started:
            self.negotiate()
            self.start_all()

    def offer_buffers(self, index: int, *sizes: int) -> list[int]:
        """Give the device buffers to fill; return their tokens."""
        driver = self.started[index].driver
        tokens = [driver.add((), (size,)) for size in sizes]
        self.started[index].kick()
        self.loop.settle()
        return tokens

    def received(self, index: int) -> list[bytes]:
        """What is in the buffers that the device has filled."""
        driver = self.started[index].driver
        return [driver.contents(token)[:written] for token, written in driver.collect()]

    def control(self, port: int, event: int, value: int = 1) -> None:
        """Send a control message and give the device buffers for what it has to say."""
        self.ask(CONTROL_TRANSMIT, (struct.pack("<IHH", port, event, value),), ())

    def told(self) -> list[tuple[int, int, int, bytes]]:
        """The control messages of the device since the last call: port, event, value, the rest."""
        free = self.started[CONTROL_RECEIVE].driver.free_descriptors
        self.offer_buffers(CONTROL_RECEIVE, *[300] * min(free, 8))
        messages = []
        for data in self.received(CONTROL_RECEIVE):
            messages.append((*struct.unpack_from("<IHH", data), data[8:]))
        return messages

    def write(self, index: int, data: bytes) -> int:
        """Have the guest write `data`; return the chain's token."""
        token = self.started[index].driver.add((data,), ())
        self.started[index].kick()
        self.loop.settle()
        return token

    def close(self) -> None:
        super().close()
        self.console.close()
        for end in (*self.host, *self.theirs, self.vmm_size, self.size):
            end.close()


@pytest.fixture
def plain() -> Iterator[ConsoleRig]:
    rig = ConsoleRig([("", True)])
    yield rig
    rig.close()


@pytest.fixture
def two() -> Iterator[ConsoleRig]:
    rig = ConsoleRig([("", True), ("org.example.agent", False)])
    yield rig
    rig.close()


def read_all(end: socket.socket) -> bytes:
    parts = []
    try:
        while part := end.recv(1 << 16):
            parts.append(part)
    except BlockingIOError:
        pass
    return b"".join(parts)


def fill(end: socket.socket) -> int:
    """Write until there is no more room; return how many bytes there was room for."""
    count = 0
    try:
        while True:
            count += end.send(bytes(4096))
    except BlockingIOError:
        return count


def test_driver_is_told_of_the_size_once_it_has_a_terminal() -> None:
    rig = ConsoleRig([("", True)], started=False)
    changes: list[None] = []
    rig.device.on_config_change = lambda: changes.append(None)
    rig.negotiate()
    rig.start_all()
    assert changes == []
    for _ in range(2):
        rig.write(TRANSMIT, b"$ ")
        assert changes == [None]
    rig.close()


def test_one_console_is_the_plain_device_with_two_queues(plain: ConsoleRig) -> None:
    assert len(plain.device.queue_sizes) == 2
    assert not plain.device.features & 1 << uapi.VIRTIO_CONSOLE_F_MULTIPORT
    assert plain.device.features & 1 << uapi.VIRTIO_CONSOLE_F_SIZE


def test_queues_of_several_ports_are_where_the_specification_has_them(two: ConsoleRig) -> None:
    assert [two.device.queue_name(index) for index in range(6)] == [
        "console0.receive",
        "console0.transmit",
        "console0.control_receive",
        "console0.control_transmit",
        "console0.receive1",
        "console0.transmit1",
    ]
    assert len(two.device.queue_sizes) == 6
    config = uapi.virtio_console_config.from_buffer_copy(two.device.read_config(0, 12))
    assert config.max_nr_ports == 2


def test_console_needs_ports_with_names_that_fit() -> None:
    for ports in ([], [ConsolePort("", -1)] * 32):
        with pytest.raises(ValueError, match=r"1 to 31 ports, not (0|32)"):
            Console(ports)
    with pytest.raises(ValueError, match="at most 255 bytes"):
        Console([ConsolePort("x" * 256, -1)])
    with pytest.raises(BadInput, match="takes no options"):
        Console.from_option("tty")


def test_console_by_itself_is_on_a_terminal_that_it_names(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console = Console.from_option("")
    name = capsys.readouterr().err.split()[-1]
    user = os.open(name, os.O_RDWR | os.O_NOCTTY)
    (master,) = console.descriptors()
    os.write(user, b"hello\n")
    assert os.read(master, 16) == b"hello\n"
    os.write(master, b"hello\n")
    assert os.read(user, 16) == b"hello\n"
    with pytest.raises(BlockingIOError):
        os.read(master, 16)  # no echo
    os.close(user)
    os.close(master)


def test_output_reaches_the_host(plain: ConsoleRig) -> None:
    assert plain.ask(TRANSMIT, (b"hello ", b"world\n"), ()) == b""
    assert plain.host[0].recv(100) == b"hello world\n"


def test_input_fills_the_buffers_in_order(plain: ConsoleRig) -> None:
    plain.offer_buffers(RECEIVE, 4, 4, 100)
    plain.host[0].send(b"abcdefghij")
    plain.loop.settle()
    assert plain.received(RECEIVE) == [b"abcd", b"efgh", b"ij"]


def test_input_that_comes_before_a_buffer_waits_for_one(plain: ConsoleRig) -> None:
    plain.host[0].send(b"early")
    plain.loop.settle()
    plain.offer_buffers(RECEIVE, 2)
    assert plain.received(RECEIVE) == [b"ea"]
    plain.offer_buffers(RECEIVE, 100)
    assert plain.received(RECEIVE) == [b"rly"]


def test_input_that_fits_exactly_leaves_no_buffer_behind(plain: ConsoleRig) -> None:
    plain.offer_buffers(RECEIVE, 4, 4)
    plain.host[0].send(b"abcd")
    plain.loop.settle()
    assert plain.received(RECEIVE) == [b"abcd"]
    plain.device.stop_queue(RECEIVE)
    assert plain.started[RECEIVE].queue.virtqueue.in_flight == 0


def test_input_is_interrupted_for_once_in_a_while_and_not_for_each_byte(plain: ConsoleRig) -> None:
    plain.offer_buffers(RECEIVE, *[8] * 10)
    plain.host[0].send(bytes(80))
    plain.loop.settle()
    assert os.eventfd_read(plain.started[RECEIVE].queue.call_fd) == 1


def test_chain_is_held_while_the_host_has_no_room_and_nothing_is_lost(plain: ConsoleRig) -> None:
    room = fill(plain.theirs[0])
    data = os.urandom(9000)
    driver = plain.started[TRANSMIT].driver
    first = plain.write(TRANSMIT, data)
    second = plain.write(TRANSMIT, b"second")
    assert driver.collect() == []
    assert len(read_all(plain.host[0])) == room
    plain.loop.settle()
    got = b""
    while len(got) < len(data) + 6:
        got += read_all(plain.host[0])
        plain.loop.settle()
    assert got == data + b"second"
    assert driver.collect() == [(first, 0), (second, 0)]


def test_blocked_port_takes_one_chain_and_leaves_the_others_in_the_ring(plain: ConsoleRig) -> None:
    fill(plain.theirs[0])
    for _ in range(5):
        plain.write(TRANSMIT, b"x")
    assert plain.started[TRANSMIT].queue.virtqueue.in_flight == 1


def test_what_was_begun_is_written_after_a_reset_and_before_what_comes_next(
    plain: ConsoleRig,
) -> None:
    room = fill(plain.theirs[0])
    plain.write(TRANSMIT, b"last words")
    virtqueue = plain.started[TRANSMIT].queue.virtqueue
    plain.device.stop_queue(TRANSMIT)
    assert virtqueue.in_flight == 0
    plain.reset()
    plain.negotiate()
    plain.start_all()
    token = plain.write(TRANSMIT, b", first words")
    assert plain.started[TRANSMIT].driver.collect() == []
    assert len(read_all(plain.host[0])) == room
    plain.loop.settle()
    assert read_all(plain.host[0]) == b"last words, first words"
    assert plain.started[TRANSMIT].driver.collect() == [(token, 0)]


def test_resets_without_an_end_store_no_more_than_one_rest(plain: ConsoleRig) -> None:
    fill(plain.theirs[0])
    for _ in range(4):
        plain.write(TRANSMIT, bytes(100_000))
        plain.reset()
        plain.ram._next = plain.ram.regions[0].gpa
        plain.negotiate()
        plain.start_all()
    assert len(plain.console.ports[0]._rest) == 64 << 10


def test_output_to_a_host_that_is_gone_is_dropped(plain: ConsoleRig) -> None:
    plain.host[0].close()
    for _ in range(3):
        plain.write(TRANSMIT, bytes(100_000))
    assert len(plain.started[TRANSMIT].driver.collect()) == 3


def test_host_that_goes_while_output_waits_frees_the_guest(plain: ConsoleRig) -> None:
    fill(plain.theirs[0])
    plain.write(TRANSMIT, b"x")
    plain.host[0].close()
    plain.loop.settle()
    assert len(plain.started[TRANSMIT].driver.collect()) == 1


def test_end_of_input_is_no_spin_and_output_goes_on(plain: ConsoleRig) -> None:
    plain.offer_buffers(RECEIVE, 10, 10)
    plain.host[0].send(b"end")
    plain.host[0].shutdown(socket.SHUT_WR)
    plain.loop.settle()
    assert plain.received(RECEIVE) == [b"end"]
    plain.ask(TRANSMIT, (b"still here",), ())
    assert read_all(plain.host[0]) == b"still here"


def test_pseudo_terminal_that_is_opened_late_and_again_works() -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    path = os.ttyname(slave)
    os.set_blocking(master, False)
    rig = Rig(Console([ConsolePort("", master, is_console=True)]))
    rig.negotiate()
    rig.start_all()
    for text in (b"one", b"two"):
        os.write(slave, text)
        token = rig.started[RECEIVE].driver.add((), (10,))
        rig.started[RECEIVE].kick()
        rig.loop.settle()
        driver = rig.started[RECEIVE].driver
        assert [(used, driver.contents(used)[:size]) for used, size in driver.collect()] == [
            (token, text)
        ]
        os.close(slave)
        rig.started[RECEIVE].driver.add((), (10,))
        rig.started[RECEIVE].kick()
        rig.loop.settle()
        # Output that nobody is there to see must not hold the guest up.
        for _ in range(3):
            rig.started[TRANSMIT].driver.add((bytes(10_000),), ())
        rig.started[TRANSMIT].kick()
        rig.loop.settle()
        assert len(rig.started[TRANSMIT].driver.collect()) == 3
        slave = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            while os.read(slave, 1 << 16):
                pass
        except BlockingIOError:
            pass
        rig.loop._pending_lock.acquire()
        timers, rig.loop._timers = rig.loop._timers, []
        rig.loop._pending_lock.release()
        assert len(timers) == 1
        timers[0][1]()
        # The buffer that was waiting takes what comes.
        os.write(slave, b"now")
        rig.loop.settle()
        assert [size for _, size in driver.collect()] == [3]
    rig.close()
    os.close(slave)
    os.close(master)


def test_in_and_out_may_be_two_descriptors() -> None:
    in_reading, in_writing = os.pipe()
    out_reading, out_writing = os.pipe()
    for fd in (in_reading, out_writing):
        os.set_blocking(fd, False)
    device = Console([ConsolePort("", in_reading, out_fd=out_writing, is_console=True)])
    assert device.descriptors() == sorted([in_reading, out_writing])
    rig = Rig(device)
    rig.negotiate()
    rig.start_all()
    rig.started[RECEIVE].driver.add((), (10,))
    rig.started[RECEIVE].kick()
    os.write(in_writing, b"in")
    rig.ask(TRANSMIT, (b"out",), ())
    assert os.read(out_reading, 10) == b"out"
    assert [size for _, size in rig.started[RECEIVE].driver.collect()] == [2]
    rig.close()
    for fd in (in_reading, in_writing, out_reading, out_writing):
        os.close(fd)


def test_port_without_host_descriptors_drops_output() -> None:
    rig = Rig(Console([ConsolePort("", -1, is_console=True)]))
    rig.negotiate()
    rig.start_all()
    rig.ask(TRANSMIT, (b"dropped",), ())
    rig.close()


def introduce(rig: ConsoleRig) -> None:
    """Do as Linux does: ask for the ports, take them, and open them all."""
    rig.control(ALL_PORTS, uapi.VIRTIO_CONSOLE_DEVICE_READY)
    for number in range(len(rig.host)):
        rig.control(number, uapi.VIRTIO_CONSOLE_PORT_READY)
        rig.control(number, uapi.VIRTIO_CONSOLE_PORT_OPEN)
    while rig.told():
        pass


def test_ports_are_introduced_one_after_the_other(two: ConsoleRig) -> None:
    two.control(ALL_PORTS, uapi.VIRTIO_CONSOLE_DEVICE_READY)
    assert two.told() == [
        (0, uapi.VIRTIO_CONSOLE_PORT_ADD, 1, b""),
        (1, uapi.VIRTIO_CONSOLE_PORT_ADD, 1, b""),
    ]
    two.vmm_size.send(struct.pack("<HH", 80, 25))
    two.loop.settle()
    two.control(0, uapi.VIRTIO_CONSOLE_PORT_READY)
    two.control(1, uapi.VIRTIO_CONSOLE_PORT_READY)
    assert two.told() == [
        (0, uapi.VIRTIO_CONSOLE_CONSOLE_PORT, 1, b""),
        (0, uapi.VIRTIO_CONSOLE_PORT_OPEN, 1, b""),
        (0, uapi.VIRTIO_CONSOLE_RESIZE, 1, struct.pack("<HH", 80, 25)),
        (1, uapi.VIRTIO_CONSOLE_PORT_NAME, 1, b"org.example.agent"),
        (1, uapi.VIRTIO_CONSOLE_PORT_OPEN, 1, b""),
    ]


def test_input_of_a_port_waits_until_the_guest_has_it_open(two: ConsoleRig) -> None:
    two.offer_buffers(RECEIVE_1, 100)
    two.host[1].send(b"request")
    two.loop.settle()
    assert two.received(RECEIVE_1) == []
    introduce(two)
    assert two.received(RECEIVE_1) == [b"request"]
    two.control(1, uapi.VIRTIO_CONSOLE_PORT_OPEN, 0)
    two.host[1].send(b"more")
    two.offer_buffers(RECEIVE_1, 100)
    assert two.received(RECEIVE_1) == []
    two.control(1, uapi.VIRTIO_CONSOLE_PORT_OPEN, 1)
    two.loop.settle()
    assert two.received(RECEIVE_1) == [b"more"]


def test_ports_do_not_mix(two: ConsoleRig) -> None:
    introduce(two)
    two.ask(TRANSMIT, (b"zero",), ())
    two.ask(TRANSMIT_1, (b"one",), ())
    assert (read_all(two.host[0]), read_all(two.host[1])) == (b"zero", b"one")


def test_host_that_closes_a_port_is_told_to_the_driver_and_a_console_stays(
    two: ConsoleRig,
) -> None:
    introduce(two)
    two.offer_buffers(RECEIVE, 10)
    two.offer_buffers(RECEIVE_1, 10)
    two.host[0].close()
    two.host[1].close()
    two.loop.settle()
    assert two.told() == [(1, uapi.VIRTIO_CONSOLE_PORT_OPEN, 0, b"")]


def test_new_size_is_told_in_the_config_space_and_to_consoles(two: ConsoleRig) -> None:
    introduce(two)
    changes: list[bytes] = []
    two.device.on_config_change = lambda: changes.append(two.device.read_config(0, 4))
    two.vmm_size.send(struct.pack("<HH", 132, 43))
    two.loop.settle()
    assert changes == [struct.pack("<HH", 132, 43)]
    assert two.told() == [(0, uapi.VIRTIO_CONSOLE_RESIZE, 1, struct.pack("<HH", 132, 43))]


def test_driver_that_takes_no_control_messages_makes_none_pile_up(two: ConsoleRig) -> None:
    for _ in range(200):
        two.control(ALL_PORTS, uapi.VIRTIO_CONSOLE_DEVICE_READY)
        two.control(0, uapi.VIRTIO_CONSOLE_PORT_READY)
        two.vmm_size.send(struct.pack("<HH", 1, 1))
        two.loop.settle()
    assert len(two.told()) == 5


@pytest.mark.parametrize(
    "message",
    [
        b"",
        bytes(7),
        struct.pack("<IHH", 2, uapi.VIRTIO_CONSOLE_PORT_READY, 1),
        struct.pack("<IHH", ALL_PORTS, uapi.VIRTIO_CONSOLE_PORT_OPEN, 1),
    ],
)
def test_control_message_that_breaks_a_rule_breaks_the_queue(
    two: ConsoleRig, message: bytes
) -> None:
    started = two.started[CONTROL_TRANSMIT]
    started.driver.add((message,) if message else (), () if message else (8,))
    started.kick()
    two.loop.settle()
    assert started.queue.broken


def test_unknown_control_events_are_ignored(two: ConsoleRig) -> None:
    two.control(1000, 77)
    assert two.told() == []


def test_buffer_too_small_for_a_control_message_breaks_the_queue(two: ConsoleRig) -> None:
    two.offer_buffers(CONTROL_RECEIVE, 4)
    two.control(ALL_PORTS, uapi.VIRTIO_CONSOLE_DEVICE_READY)
    assert two.started[CONTROL_RECEIVE].queue.broken


def test_driver_without_multiport_has_port_0_only() -> None:
    rig = ConsoleRig([("", True), ("other", False)], started=False)
    rig.negotiate(withhold=1 << uapi.VIRTIO_CONSOLE_F_MULTIPORT)
    rig.start(RECEIVE)
    rig.start(TRANSMIT)
    rig.offer_buffers(RECEIVE, 10)
    rig.host[0].send(b"input")
    rig.loop.settle()
    assert rig.received(RECEIVE) == [b"input"]
    rig.close()


def test_emergency_write_comes_out_at_once() -> None:
    rig = ConsoleRig([("", True)], started=False)
    for character in b"Oops":
        rig.device.write_config(8, struct.pack("<I", character))
    assert read_all(rig.host[0]) == b"Oops"
    fill(rig.theirs[0])
    rig.device.write_config(8, struct.pack("<I", 33))  # no room: dropped, and no wait
    rig.close()


def test_size_socket_that_is_closed_or_talks_nonsense_does_no_harm(plain: ConsoleRig) -> None:
    plain.vmm_size.send(b"x")
    plain.vmm_size.send(struct.pack("<HH", 5, 6))
    plain.loop.settle()
    assert plain.device.read_config(0, 4) == struct.pack("<HH", 5, 6)
    plain.vmm_size.close()
    plain.loop.settle()


def test_state_brings_open_ports_and_what_was_to_be_told_along(two: ConsoleRig) -> None:
    introduce(two)
    two.vmm_size.send(struct.pack("<HH", 132, 43))
    state = two.device.save()
    other = ConsoleRig([("", True), ("org.example.agent", False)], started=False)
    other.device.load(state)
    other.start_all()
    other.offer_buffers(RECEIVE_1, 10)
    other.host[1].send(b"hello")
    other.loop.settle()
    assert other.received(RECEIVE_1) == [b"hello"]
    assert {(port, event) for port, event, _, _ in other.told()} == {
        (0, uapi.VIRTIO_CONSOLE_PORT_OPEN),
        (0, uapi.VIRTIO_CONSOLE_RESIZE),
        (1, uapi.VIRTIO_CONSOLE_PORT_OPEN),
    }
    other.close()


def test_state_with_ports_that_there_are_not_is_refused(two: ConsoleRig) -> None:
    two.console.open = 1 << 2
    state = two.device.save()
    two.console.open = 0
    with pytest.raises(ValueError, match=r"console0.open names ports that there are not"):
        two.device.load(state)
    assert two.console.open == 0


def test_device_process_that_is_made_anew_knows_which_ports_are_open(two: ConsoleRig) -> None:
    introduce(two)
    child = os.fork()
    if not child:
        two.console.open = 0b01
        os._exit(0)
    os.waitpid(child, 0)
    assert two.console.open == 0b01
