"""Console device with one port or several (virtio 1.3, 5.3)."""

from __future__ import annotations

import os
import select
import struct

from kvmtool import log
from kvmtool.core.virtqueue import ProtocolError
from kvmtool.errors import BadInput
from kvmtool.uapi.linux import virtio_console as uapi
from kvmtool.uapi.linux import virtio_ids
from kvmtool.virtio.console_port import ConsolePort
from kvmtool.virtio.declarations import Config, Feature, Queue, State
from kvmtool.virtio.device import VirtioDevice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from kvmtool.core.virtqueue import Chain
    from kvmtool.event_loop import EventLoop
    from kvmtool.vhost.queue import RunningQueue

_MOST_PORTS = 31
_LONGEST_NAME = 255
_CONTROL = struct.Struct("<IHH")  # virtio_console_control: port, event, value
_SIZE = struct.Struct("<HH")  # columns, rows

_CONTROL_RECEIVE = 2  # the queue's index


class Console(VirtioDevice, name="console", device_id=virtio_ids.VIRTIO_ID_CONSOLE):
    """A console with `ports`, at most 31: the machine's terminal, or alone a pseudo-terminal.

    Alone, `lkvm device console` prints the name of the pseudo-terminal.
    `size_fd`, a SOCK_SEQPACKET socket, brings the terminal's columns and rows as two
    little-endian 16-bit integers; it stays its maker's. One console port is all that the original
    device had: then MULTIPORT is not offered, the port's name is not told, and the driver gets
    the size from the configuration space, about whose order all versions of Linux agree.
    """

    receive = Queue(size=128, doc="a port's buffers for the guest's input")
    transmit = Queue(size=128, doc="a port's output")
    control_receive = Queue(size=64, doc="buffers for what we tell about ports")
    control_transmit = Queue(size=64, doc="what the driver tells about ports")

    has_size = Feature(uapi.VIRTIO_CONSOLE_F_SIZE, doc="cols and rows are valid")
    multiport = Feature(uapi.VIRTIO_CONSOLE_F_MULTIPORT, doc="several ports, and control queues")
    emergency_write = Feature(uapi.VIRTIO_CONSOLE_F_EMERG_WRITE, doc="emerg_wr works")

    cols = Config(0, 2, doc="the terminal's columns")
    rows = Config(2, 2, doc="the terminal's rows")
    max_nr_ports = Config(4, 4, doc="how many ports there can be")
    emerg_wr = Config(8, 4, writable=True, doc="a character to write to port 0 at once")

    # Each is a set of ports: bit N is port N. Whatever a driver does, there is at most one message
    # of a kind to tell it about a port.
    ready = State(doc="ports that the driver has")
    open = State(doc="ports that the guest has open")
    tell_add = State(doc="ports to tell the driver of")
    tell_console = State(doc="ports to call consoles")
    tell_name = State(doc="ports to name")
    tell_open = State(doc="ports to say of whether the host has them open")
    tell_size = State(doc="ports to give a size")

    def __init__(self, ports: Sequence[ConsolePort], *, size_fd: int = -1) -> None:
        if not 0 < len(ports) <= _MOST_PORTS:
            raise ValueError(f"a console must have 1 to {_MOST_PORTS} ports, not {len(ports)}")
        for port in ports:
            if len(port.name.encode()) > _LONGEST_NAME:
                raise ValueError(f"a port's name must be at most {_LONGEST_NAME} bytes")
        self.ports = tuple(ports)
        self.max_nr_ports = len(ports)
        pair = (Console.receive, Console.transmit)
        if len(ports) == 1 and ports[0].is_console:
            self.withdraw(Console.multiport)
            self.queues = pair
        else:
            control = (Console.control_receive, Console.control_transmit)
            self.queues = pair + control + pair * (len(ports) - 1)
        self._size_fd = size_fd
        if size_fd >= 0:
            os.set_blocking(size_fd, False)
        else:
            self.withdraw(Console.has_size)

    @classmethod
    def from_option(cls, text: str) -> Console:
        """Make a console on a pseudo-terminal, whose name is told. Raises BadInput."""
        if text:
            raise BadInput(f"console takes no options, not {text!r}")
        import tty

        master, slave = os.openpty()
        # What the guest writes is for who opens it, and must not come back to the guest as an echo.
        tty.setraw(slave)
        log.info(f"the console is on the terminal {os.ttyname(slave)}")
        os.close(slave)
        os.set_blocking(master, False)
        return cls([ConsolePort("", master, is_console=True)])

    def descriptors(self) -> Sequence[int]:
        fds = [self._size_fd]
        for port in self.ports:
            fds += [port.in_fd, port.out_fd]
        return sorted({fd for fd in fds if fd >= 0})

    def attach(self, loop: EventLoop) -> None:
        super().attach(loop)
        for index, port in enumerate(self.ports):
            port.on_hang_up = lambda index=index: self._hung_up(index)  # type: ignore[misc]
            port.attach(loop)
        if self._size_fd >= 0:
            loop.watch(self._size_fd, select.POLLIN, self._resized)
        self._show_open()

    def negotiate(self, features: int) -> None:
        super().negotiate(features)
        self._show_open()

    # The queues of each port.

    def _port_of(self, index: int) -> int:
        """The number of the port that the queue `index` belongs to; -1 for the control queues."""
        pair = index // 2
        return pair if pair == 0 else pair - 1 if pair > 1 else -1

    def queue_name(self, index: int) -> str:
        name = super().queue_name(index)
        port = self._port_of(index)
        return name if port <= 0 else f"{name}{port}"

    def start_queue(self, index: int, queue: RunningQueue) -> None:
        super().start_queue(index, queue)
        number = self._port_of(index)
        if index == _CONTROL_RECEIVE:
            if queue.kick_fd >= 0:
                self.loop.watch(queue.kick_fd, select.POLLIN, self._tell)
            self._tell()
        elif number < 0:
            return
        elif self.queues[index] is Console.receive:
            self.ports[number].start_receive(queue)
        else:
            if self.has(Console.has_size) and not self.has(Console.multiport):
                # Linux reads the size when it is told of a change and has made its terminal.
                self.ports[number].on_first_output = self.on_config_change
            self.ports[number].start_transmit(queue)

    def stop_queue(self, index: int) -> None:
        number = self._port_of(index)
        if number >= 0 and self.queues[index] is Console.receive:
            self.ports[number].stop_receive()
        elif number >= 0:
            self.ports[number].stop_transmit()
        super().stop_queue(index)

    def reset(self) -> None:
        super().reset()
        for state in self.states:
            state.__set__(self, 0)
        self._show_open()

    def _show_open(self) -> None:
        """Tell each port whether the guest reads it; without MULTIPORT it has port 0 open."""
        is_open = self.open if self.has(Console.multiport) else 1
        for number, port in enumerate(self.ports):
            port.set_open(bool(is_open >> number & 1))

    # What the driver and we tell each other about ports.

    @control_transmit.serves
    def _take_control(self, chain: Chain) -> None:
        if chain.readable < _CONTROL.size:
            raise ProtocolError(
                f"a control message must have {_CONTROL.size} bytes, not {chain.readable}"
            )
        number, event, value = _CONTROL.unpack(chain.read(_CONTROL.size))
        if event == uapi.VIRTIO_CONSOLE_DEVICE_READY:
            if value:
                self.tell_add = (1 << len(self.ports)) - 1
        elif event in (uapi.VIRTIO_CONSOLE_PORT_READY, uapi.VIRTIO_CONSOLE_PORT_OPEN):
            if number >= len(self.ports):
                raise ProtocolError(f"a port must be below {len(self.ports)}, not {number}")
            if event == uapi.VIRTIO_CONSOLE_PORT_OPEN:
                self._open_port(1 << number, value != 0)
            elif value:
                self._introduce(number)
        self._tell()

    def _open_port(self, port: int, is_open: bool) -> None:
        self.open = self.open | port if is_open else self.open & ~port
        self._show_open()

    def _introduce(self, number: int) -> None:
        """Have the driver told what it does not know of a port yet."""
        port = 1 << number
        self.ready |= port
        if self.ports[number].is_console:
            self.tell_console |= port
            if self.has(Console.has_size):
                self.tell_size |= port
        if self.ports[number].name:
            self.tell_name |= port
        self.tell_open |= port

    def _hung_up(self, number: int) -> None:
        """A port's host side ended; a console stays, as a terminal that nobody types at."""
        if not self.ports[number].is_console:
            self.tell_open |= self.ready & 1 << number
            self._tell()

    def _message(self, number: int) -> tuple[State, bytes] | None:
        """The first message that there is for the driver about a port."""
        bit = 1 << number
        port = self.ports[number]

        def control(event: int, value: int = 1) -> bytes:
            return _CONTROL.pack(number, event, value)

        if self.tell_add & bit:
            return Console.tell_add, control(uapi.VIRTIO_CONSOLE_PORT_ADD)
        if self.tell_console & bit:
            return Console.tell_console, control(uapi.VIRTIO_CONSOLE_CONSOLE_PORT)
        if self.tell_name & bit:
            return Console.tell_name, control(uapi.VIRTIO_CONSOLE_PORT_NAME) + port.name.encode()
        if self.tell_open & bit:
            is_open = port.is_connected or port.is_console
            return Console.tell_open, control(uapi.VIRTIO_CONSOLE_PORT_OPEN, is_open)
        if self.tell_size & bit:
            size = _SIZE.pack(self.cols, self.rows)
            return Console.tell_size, control(uapi.VIRTIO_CONSOLE_RESIZE) + size
        return None

    def _tell(self) -> None:
        """Tell the driver what there is to tell, as far as it has buffers."""
        queue = self.running.get(_CONTROL_RECEIVE)
        if queue is None:
            return
        queue.take_kick()
        for number in range(len(self.ports)):
            while (message := self._message(number)) is not None:
                state, data = message
                chain = queue.pop_or_arm()
                if chain is None:
                    queue.notify()
                    return
                if chain.write(data) < len(data):
                    queue.fail(f"a buffer for control messages must have {len(data)} bytes")
                    return
                queue.push(chain)
                state.__set__(self, state.__get__(self, Console) & ~(1 << number))
        queue.notify()

    # The terminal.

    def _resized(self) -> None:
        try:
            data = os.read(self._size_fd, _SIZE.size)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.loop.unwatch(self._size_fd)
        if len(data) != _SIZE.size:
            return
        self.cols, self.rows = _SIZE.unpack(data)
        if self.has(Console.multiport) and self.has(Console.has_size):
            for number, port in enumerate(self.ports):
                if port.is_console:
                    self.tell_size |= self.ready & 1 << number
            self._tell()
        self.on_config_change()

    @emerg_wr.on_write
    def _write_emergency(self, value: int) -> None:
        self.ports[0].write_now(bytes((value & 0xFF,)))

    def accept_state(self, config: bytes, values: Sequence[int]) -> None:
        for state, value in zip(self.states, values, strict=True):
            if value >> len(self.ports):
                raise ValueError(f"{self.name}.{state.name} names ports that there are not")
        super().accept_state(config, values)

    def load(self, state: bytes) -> None:
        super().load(state)
        # The host's side and its terminal may be other ones now.
        self.tell_open |= self.ready
        if self.has(Console.has_size):
            for number, port in enumerate(self.ports):
                self.tell_size |= self.ready & port.is_console << number
        self._show_open()
