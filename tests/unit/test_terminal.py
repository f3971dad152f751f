"""The console's outer end: terminals, pipes and files, and what their other ends do to it."""

import os
import select
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from kvmtool.backends.terminal import Terminal
from kvmtool.event_loop import EventLoop

LIMIT_S = 10.0
GATHER_MS = 10  # longer than the terminal gathers output before it writes
ESCAPE = b"\x01"
OUTPUT_LIMIT = 1 << 16


class Console:
    """A Terminal on a loop, and a guest that takes `room` bytes of input."""

    def __init__(self, input_fd: int, output_fd: int, room: int = 1 << 20) -> None:
        self.loop = EventLoop()
        self.terminal = Terminal(input_fd, output_fd)
        self.room = room
        self.received = b""
        self.quits = 0
        self.breaks = 0
        self.terminal.receive = self._receive
        self.terminal.on_quit = self._quit
        self.terminal.send_break = self._break

    def _receive(self, data: bytes) -> int:
        taken = data[: self.room]
        self.room -= len(taken)
        self.received += taken
        return len(taken)

    def _quit(self) -> None:
        self.quits += 1

    def _break(self) -> None:
        self.breaks += 1

    def open(self) -> None:
        self.terminal.open(self.loop)

    def serve(self) -> None:
        """Serve until nothing is ready, and the output that is gathered has been written."""
        while self._serve_once(GATHER_MS):
            pass

    def serve_until(self, happened: Callable[[], bool]) -> None:
        """Serve until something has happened: a terminal passes its bytes on in its own time."""
        deadline = time.monotonic() + LIMIT_S / 2
        while not happened():
            assert time.monotonic() < deadline, "it never happened"
            self._serve_once(20)

    def _serve_once(self, timeout_ms: float) -> bool:
        ready = self.loop._poll.poll(timeout_ms)
        for fd, _ in ready:
            callback = self.loop._callbacks.get(fd)
            if callback is not None:
                callback()
        for callback in self.loop._due():
            callback()
        return bool(ready)

    def write(self, data: bytes) -> None:
        for byte in data:
            self.terminal.put(byte)


@pytest.fixture
def fds() -> Iterator[list[int]]:
    """Descriptors to close in the end."""
    made: list[int] = []
    yield made
    for fd in made:
        os.close(fd)


@pytest.fixture
def pty(fds: list[int]) -> tuple[int, int, int]:
    """A terminal: the end at which the user is, and input and output as a process has them."""
    master, slave = os.openpty()
    fds += [master, slave, os.dup(slave)]
    return master, slave, fds[-1]


@pytest.fixture
def console(pty: tuple[int, int, int]) -> Iterator[Console]:
    """A console on a terminal, open."""
    made = Console(pty[1], pty[2])
    made.open()
    made.serve()
    yield made
    made.terminal.close()
    made.loop.close()


class Pipes:
    """A console between two pipes."""

    def __init__(self, fds: list[int]) -> None:
        self.input_fd, self.typing_fd = os.pipe()
        self.reading_fd, self.output_fd = os.pipe()
        fds += [self.input_fd, self.output_fd]
        self.console = Console(self.input_fd, self.output_fd)

    def hang_up(self, fd: int) -> None:
        os.close(fd)
        if fd == self.typing_fd:
            self.typing_fd = -1
        else:
            self.reading_fd = -1

    def close(self) -> None:
        self.console.terminal.close()
        self.console.loop.close()
        for fd in (self.typing_fd, self.reading_fd):
            if fd >= 0:
                os.close(fd)


@pytest.fixture
def pipes(fds: list[int]) -> Iterator[Pipes]:
    made = Pipes(fds)
    yield made
    made.close()


def drain(fd: int) -> bytes:
    """All that can be read at once."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    data = b""
    while poll.poll(0):
        more = os.read(fd, 1 << 16)
        if not more:
            break
        data += more
    return data


# Raw mode


def test_terminal_is_raw_while_open_and_as_before_afterwards(pty: tuple[int, int, int]) -> None:
    before = termios.tcgetattr(pty[1])
    console = Console(pty[1], pty[2])
    console.open()
    raw = termios.tcgetattr(pty[1])
    assert not raw[0] & (termios.ICRNL | termios.IXON | termios.BRKINT)
    assert not raw[3] & (termios.ECHO | termios.ICANON | termios.ISIG | termios.IEXTEN)
    # What the guest's newlines look like is the terminal's business.
    assert raw[1] == before[1]
    console.terminal.close()
    assert termios.tcgetattr(pty[1]) == before
    console.terminal.close()
    console.loop.close()
    assert termios.tcgetattr(pty[1]) == before


def test_terminal_can_be_opened_again_for_the_next_machine(pty: tuple[int, int, int]) -> None:
    before = termios.tcgetattr(pty[1])
    console = Console(pty[1], pty[2])
    for turn in range(3):
        console.open()
        os.write(pty[0], b"%d" % turn)
        console.serve_until(lambda length=turn + 1: len(console.received) == length)  # type: ignore[misc]
        console.terminal.close()
        assert termios.tcgetattr(pty[1]) == before
    console.loop.close()
    assert console.received == b"012"


def test_closed_terminal_is_not_read(pty: tuple[int, int, int]) -> None:
    console = Console(pty[1], pty[2])
    console.open()
    console.terminal.close()
    os.write(pty[0], b"after\n")
    console.serve()
    console.loop.close()
    assert console.received == b""


def test_keys_that_a_terminal_would_act_on_reach_the_guest(
    console: Console, pty: tuple[int, int, int]
) -> None:
    keys = b"\x03\x04\x11\x13\x1a\x1c\r\n\x7f"
    os.write(pty[0], keys)
    console.serve_until(lambda: len(console.received) == len(keys))
    assert console.received == keys
    assert drain(pty[0]) == b""


# The escape key


def test_escape_x_quits_and_is_not_for_the_guest(
    console: Console, pty: tuple[int, int, int]
) -> None:
    os.write(pty[0], b"a" + ESCAPE + b"xb")
    console.serve_until(lambda: console.received.endswith(b"b"))
    assert (console.quits, console.received) == (1, b"ab")


def test_escape_h_says_what_else_there_is(console: Console, pty: tuple[int, int, int]) -> None:
    os.write(pty[0], ESCAPE + b"h.")
    console.serve_until(lambda: console.received == b".")
    poll = select.poll()
    poll.register(pty[0], select.POLLIN)
    assert poll.poll(1000 * LIMIT_S)
    text = drain(pty[0]).decode()
    for key in ("Ctrl-A x", "Ctrl-A b", "Ctrl-A h", "Ctrl-A Ctrl-A"):
        assert key in text
    assert console.quits == 0


def test_escape_twice_sends_it_once(console: Console, pty: tuple[int, int, int]) -> None:
    os.write(pty[0], ESCAPE * 4 + b"x")
    console.serve_until(lambda: console.received.endswith(b"x"))
    assert (console.quits, console.received) == (0, ESCAPE * 2 + b"x")


def test_escape_b_sends_a_break(console: Console, pty: tuple[int, int, int]) -> None:
    os.write(pty[0], ESCAPE + b"b.")
    console.serve_until(lambda: console.received == b".")
    assert console.breaks == 1


def test_escape_and_its_key_may_come_apart(console: Console, pty: tuple[int, int, int]) -> None:
    os.write(pty[0], b"a" + ESCAPE)
    console.serve_until(lambda: console.terminal._escaped)
    assert (console.quits, console.received) == (0, b"a")
    os.write(pty[0], b"x")
    console.serve_until(lambda: console.quits == 1)
    assert console.received == b"a"


def test_escape_and_an_unknown_key_are_dropped(console: Console, pty: tuple[int, int, int]) -> None:
    os.write(pty[0], ESCAPE + b"?z")
    console.serve_until(lambda: console.received != b"")
    assert (console.quits, console.received) == (0, b"z")


def test_escape_in_a_pipe_is_the_guests(pipes: Pipes) -> None:
    pipes.console.open()
    os.write(pipes.typing_fd, ESCAPE + b"x")
    pipes.console.serve()
    assert (pipes.console.quits, pipes.console.received) == (0, ESCAPE + b"x")


# Input


def test_input_waits_in_the_pipe_while_the_guest_has_no_room(pipes: Pipes) -> None:
    console = pipes.console
    console.room = 10
    console.open()
    os.write(pipes.typing_fd, bytes(range(256)) * 40)
    console.serve()
    assert console.received == bytes(range(10))
    # What is not read ahead, one piece, is still in the pipe, and nobody looks at it.
    assert pipes.input_fd not in console.loop._callbacks
    assert len(console.terminal._input) <= 4096
    for _ in range(2000):
        console.room = 16
        console.terminal.room_was_made()
        console.serve()
    assert console.received == bytes(range(256)) * 40


def test_room_that_nobody_waits_for_changes_nothing(pipes: Pipes) -> None:
    pipes.console.terminal.room_was_made()
    pipes.console.open()
    pipes.console.terminal.room_was_made()
    pipes.console.serve()
    assert pipes.console.received == b""


def test_end_of_input_is_not_the_end_of_the_machine(pipes: Pipes) -> None:
    console = pipes.console
    os.write(pipes.typing_fd, b"last words")
    pipes.hang_up(pipes.typing_fd)
    console.open()
    console.serve()
    assert (console.received, console.quits) == (b"last words", 0)
    assert pipes.input_fd not in console.loop._callbacks
    console.write(b"still here")
    console.serve()
    assert drain(pipes.reading_fd) == b"still here"


def test_end_of_input_that_the_guest_has_not_taken_yet_loses_nothing(pipes: Pipes) -> None:
    console = pipes.console
    console.room = 4
    os.write(pipes.typing_fd, b"abcdefgh")
    pipes.hang_up(pipes.typing_fd)
    console.open()
    console.serve()
    assert console.received == b"abcd"
    console.room = 100
    console.terminal.room_was_made()
    console.serve()
    assert console.received == b"abcdefgh"
    assert pipes.input_fd not in console.loop._callbacks


def test_empty_input_ends_at_once(fds: list[int]) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    fds += [null, os.dup(null)]
    console = Console(null, fds[-1])
    console.open()
    console.serve()
    assert (console.received, console.quits) == (b"", 0)
    assert null not in console.loop._callbacks
    console.terminal.close()
    console.loop.close()


def test_hung_up_terminal_is_read_no_more(fds: list[int]) -> None:
    master, slave = os.openpty()
    null = os.open(os.devnull, os.O_WRONLY)
    fds += [slave, null]
    console = Console(slave, null)
    console.open()
    os.close(master)
    console.serve_until(lambda: slave not in console.loop._callbacks)
    console.terminal.close()
    console.loop.close()


# Output


def test_output_reaches_the_reader_in_order(pipes: Pipes) -> None:
    console = pipes.console
    console.open()
    console.serve()
    data = bytes(range(256)) * 8
    console.write(data)
    console.serve()
    assert drain(pipes.reading_fd) == data


def test_output_before_open_is_kept(pipes: Pipes) -> None:
    pipes.console.write(b"early")
    pipes.console.open()
    pipes.console.serve()
    assert drain(pipes.reading_fd) == b"early"


def test_close_writes_what_is_left(pipes: Pipes) -> None:
    pipes.console.open()
    pipes.console.write(b"last words")
    pipes.console.terminal.close()
    assert drain(pipes.reading_fd) == b"last words"


def test_output_into_a_file_is_all_there(tmp_path: str, fds: list[int]) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    file = os.open(os.path.join(tmp_path, "log"), os.O_RDWR | os.O_CREAT)
    fds += [null, file]
    console = Console(null, file)
    console.open()
    console.write(b"0123456789" * 1000)
    console.serve()
    console.terminal.close()
    console.loop.close()
    assert os.pread(file, 20000, 0) == b"0123456789" * 1000


def test_output_that_nobody_reads_any_more_quits_once_without_noise(
    pipes: Pipes, capsys: pytest.CaptureFixture[str]
) -> None:
    console = pipes.console
    console.open()
    console.serve()
    pipes.hang_up(pipes.reading_fd)
    console.write(b"anybody?")
    console.serve_until(lambda: console.quits > 0)
    assert console.quits == 1
    assert capsys.readouterr() == ("", "")
    # And whatever the guest still says is dropped without making the vCPU wait.
    console.write(b"x" * (2 * OUTPUT_LIMIT))
    console.terminal.close()


def fill(fd: int) -> int:
    """Fill a pipe; return how much it took."""
    os.set_blocking(fd, False)
    count = 0
    try:
        while True:
            count += os.write(fd, b"." * 4096)
    except BlockingIOError:
        os.set_blocking(fd, True)
    return count


def test_slow_reader_makes_the_writing_vcpu_wait_and_loses_nothing(pipes: Pipes) -> None:
    console = pipes.console
    filler = fill(pipes.output_fd)
    console.open()
    data = bytes(i * 31 & 0xFF for i in range(OUTPUT_LIMIT + 5000))
    written = threading.Event()

    def write() -> None:
        console.write(data)
        written.set()

    vcpu = threading.Thread(target=write, daemon=True)
    vcpu.start()
    console.serve_until(lambda: len(console.terminal._output) == OUTPUT_LIMIT)
    assert not written.wait(0.05)
    assert len(console.terminal._output) == OUTPUT_LIMIT
    read = bytearray()

    def all_read() -> bool:
        read.extend(drain(pipes.reading_fd))
        assert len(console.terminal._output) <= OUTPUT_LIMIT
        return len(read) == filler + len(data)

    console.serve_until(all_read)
    vcpu.join(LIMIT_S)
    assert written.is_set()
    assert read[filler:] == data


def test_close_lets_a_waiting_vcpu_go(pipes: Pipes) -> None:
    console = pipes.console
    fill(pipes.output_fd)
    console.open()
    vcpu = threading.Thread(target=console.write, args=(b"x" * (OUTPUT_LIMIT + 100),), daemon=True)
    vcpu.start()
    while len(console.terminal._output) < OUTPUT_LIMIT:
        vcpu.join(0.001)
    assert vcpu.is_alive()
    console.terminal.close()
    vcpu.join(LIMIT_S)
    assert not vcpu.is_alive()


@pytest.mark.parametrize("key", [b"\x03", ESCAPE + b"b"])
def test_key_reaches_a_guest_whose_output_nobody_reads(
    pty: tuple[int, int, int], fds: list[int], key: bytes
) -> None:
    fds += os.pipe()
    fill(fds[-1])
    console = Console(pty[1], fds[-1])
    port = threading.Lock()  # as a serial port's: held while it puts, and needed to receive
    received = threading.Event()

    def write() -> None:
        for _ in range(5000):
            with port:
                console.terminal.put(0)
            time.sleep(0)  # in the guest

    def receive(data: bytes) -> int:
        with port:
            received.set()
            return len(data)

    def send_break() -> None:
        with port:
            received.set()

    console.terminal.receive = receive
    console.terminal.send_break = send_break
    console.write(bytes(OUTPUT_LIMIT - 10))
    console.open()
    vcpu = threading.Thread(target=write, daemon=True)
    vcpu.start()
    console.serve_until(lambda: len(console.terminal._output) == OUTPUT_LIMIT)
    os.write(pty[0], key)
    loop = threading.Thread(target=console.serve_until, args=(received.is_set,), daemon=True)
    loop.start()
    loop.join(LIMIT_S)
    assert not loop.is_alive()
    assert received.is_set()
    assert vcpu.is_alive()
    assert len(console.terminal._output) < OUTPUT_LIMIT + 100
    console.terminal.close()
    vcpu.join(LIMIT_S)
    console.loop.close()


def test_output_that_nobody_reads_does_not_grow_with_the_input(fds: list[int]) -> None:
    fds += (*os.pipe(), *os.pipe())
    input_fd, typing_fd, reading_fd, output_fd = fds[-4:]
    fill(output_fd)
    os.set_blocking(reading_fd, False)
    console = Console(input_fd, output_fd)
    port = threading.Lock()
    received = 0

    def write() -> None:
        while not console.terminal._closed:
            with port:
                console.terminal.put(0)

    def receive(data: bytes) -> int:
        nonlocal received
        enough = len(console.terminal._output) + 1000
        deadline = time.monotonic() + 0.2
        while len(console.terminal._output) < enough and time.monotonic() < deadline:
            time.sleep(0)  # the vCPUs have the port
        received += 1
        return 1

    console.terminal.receive = receive
    console.write(bytes(OUTPUT_LIMIT))
    console.open()
    vcpu = threading.Thread(target=write, daemon=True)
    vcpu.start()
    os.write(typing_fd, b"x" * 150)
    for _ in range(200):
        console.terminal.room_was_made()
        console._serve_once(0)
    most, received_before = len(console.terminal._output), received
    for _ in range(100):  # somebody reads
        with suppress(BlockingIOError):
            os.read(reading_fd, OUTPUT_LIMIT)
        console._serve_once(1)
    console.terminal.close()
    vcpu.join(LIMIT_S)
    console.loop.close()
    assert most < 3 * OUTPUT_LIMIT
    assert received_before < 150
    assert received > received_before


@pytest.mark.parametrize("line", [b"x" * 79 + b"\n", b"\n", b"x"])
def test_terminal_that_nobody_reads_never_blocks_the_loop(
    console: Console, pty: tuple[int, int, int], line: bytes
) -> None:
    # A stopped terminal emulator: its buffer fills, and Ctrl-A x must still be heard.
    count = 40000 // len(line)
    finished = threading.Event()

    def serve() -> None:
        console.write(b"x")
        console.serve()
        console.write(line * count)
        os.write(pty[0], ESCAPE + b"x")
        console.serve_until(lambda: console.quits > 0)
        finished.set()

    server = threading.Thread(target=serve, daemon=True)
    server.start()
    heard = finished.wait(LIMIT_S)
    # Reading lets a blocked writer go, so that the test can end; and nothing is lost.
    expected = (b"x" + line * count).replace(b"\n", b"\r\n")
    read = bytearray()
    if heard:
        console.serve_until(lambda: (read.extend(drain(pty[0])), len(read) >= len(expected))[1])  # type: ignore[func-returns-value]
    else:
        while server.is_alive():
            drain(pty[0])
            server.join(0.01)
        pytest.fail("a write to the terminal blocks")
    assert read == expected


def test_terminal_on_which_nothing_can_be_opened_is_written_all_the_same(
    pty: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    # As after su(1): the terminal is another user's.
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    console = Console(pty[1], pty[2])
    console.open()
    console.write(b"hello")
    read = bytearray()
    console.serve_until(lambda: (read.extend(drain(pty[0])), len(read) >= 5)[1])  # type: ignore[func-returns-value]
    console.terminal.close()
    console.loop.close()
    assert read == b"hello"


def test_closed_console_leaves_no_descriptor(pty: tuple[int, int, int]) -> None:
    before = len(os.listdir("/proc/self/fd"))
    console = Console(pty[1], pty[2])
    for _ in range(2):
        console.open()
        console.write(b"x")
        console.serve()
        console.terminal.close()
    console.loop.close()
    assert len(os.listdir("/proc/self/fd")) == before
