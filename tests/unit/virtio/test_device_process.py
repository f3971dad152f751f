"""Device processes: started, restarted, ended, and gone whatever happens to the VMM."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from kvmtool import log
from kvmtool.errors import KvmtoolError
from kvmtool.sandbox import Policy
from kvmtool.virtio import fork_server
from kvmtool.virtio.process import DeviceProcesses, ServedDevice
from kvmtool.virtio.process_output import Output

Make = Callable[..., DeviceProcesses]


def echo(sock: socket.socket) -> None:
    """Answer each message, and some with what they ask for."""
    while message := sock.recv(4096):
        if message == b"pid":
            message = str(os.getpid()).encode()
        elif message == b"raise":
            raise RuntimeError("as asked")
        elif message == b"explain":
            raise KvmtoolError("the image is gone")
        elif message == b"fork":
            os.fork()
        elif message == b"say":
            log.warning("echo0: a line")
        elif message == b"attack":
            os.write(2, b"\x1b[2Jlkvm: blank\n" + b"x" * 80 + b"\n" * 100_000)
        elif message == b"own signals":
            ignored = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP)
            handlers = [signal.getsignal(number) for number in ignored]
            message = str(all(handler is signal.SIG_IGN for handler in handlers)).encode()
        elif message == b"wait for ever":
            time.sleep(3600)
        sock.sendall(message)


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[DeviceProcesses] = []

    def make_processes(
        *names: str, sandbox: bool = True, fds: tuple[int, ...] = (), talks: bool = False
    ) -> DeviceProcesses:
        devices = [
            ServedDevice(name, echo, Policy(), fds, talks=talks) for name in names or ("echo0",)
        ]
        made.append(DeviceProcesses(devices, sandbox=sandbox))
        return made[-1]

    yield make_processes
    for processes in made:
        processes.close()


def ask(sock: socket.socket, question: bytes) -> bytes:
    sock.sendall(question)
    return sock.recv(4096)


def pid_of(sock: socket.socket) -> int:
    return int(ask(sock, b"pid"))


def wait_until_gone(*pids: int) -> None:
    """Return when none of the processes exists, or is more than a zombie."""
    for pid in pids:
        try:
            pidfd = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        assert poll.poll(30_000), f"process {pid} is left"
        os.close(pidfd)


def lines_until(capfd: pytest.CaptureFixture[str], pattern: str) -> str:
    """Return what has been written to stderr once `pattern` is in it."""
    text = ""
    end = time.monotonic() + 30
    while not re.search(pattern, text):
        assert time.monotonic() < end, f"{pattern!r} is not in {text!r}"
        select.select([], [], [], 0.005)
        text += capfd.readouterr().err
    return text


@pytest.mark.parametrize("sandbox", [True, False])
def test_started_device_serves_its_socket(make: Make, sandbox: bool) -> None:
    processes = make("blk0", "rng0", sandbox=sandbox)
    with processes.start(0) as blk, processes.start(1) as rng:
        assert ask(blk, b"first") == b"first"
        assert ask(rng, b"second") == b"second"
        assert len({pid_of(blk), pid_of(rng), processes.fork_server_pid, os.getpid()}) == 4


def test_messages_sent_before_the_process_is_up_are_read(make: Make) -> None:
    with make().start(0) as sock:
        sock.sendall(b"early")
        assert sock.recv(100) == b"early"


def test_process_is_named_after_its_device(make: Make) -> None:
    processes = make("blk0")
    with processes.start(0) as sock, open(f"/proc/{pid_of(sock)}/comm") as comm:
        assert comm.read() == "lkvm-blk0\n"
    with open(f"/proc/{processes.fork_server_pid}/comm") as comm:
        assert comm.read() == "lkvm-devices\n"


@pytest.mark.skipif(os.getuid() != 0, reason="/proc/PID/fd of a device process is root's")
def test_device_process_has_its_own_descriptors_only(make: Make, tmp_path: object) -> None:
    path = f"{tmp_path}/image"
    with open(path, "w") as image, open("/etc/passwd") as _:
        processes = make("blk0", fds=(image.fileno(),))
        with processes.start(0) as sock:
            folder = f"/proc/{pid_of(sock)}/fd"
            targets = {int(fd): os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder)}
            assert targets.pop(image.fileno()) == path
    kinds = sorted(target.split(":")[0] for target in targets.values())
    assert kinds == ["/dev/null", "/dev/null", "pipe", "socket"]
    assert targets[0] == targets[1] == "/dev/null"
    assert targets[2].startswith("pipe:")


def test_device_killed_by_a_signal_is_told_of_and_starts_again(
    make: Make, capfd: pytest.CaptureFixture[str]
) -> None:
    processes = make("blk0")
    with processes.start(0) as sock:
        before = pid_of(sock)
        os.kill(before, signal.SIGKILL)
        assert sock.recv(1) == b""
    with processes.start(0) as sock:
        assert pid_of(sock) != before
        assert ask(sock, b"again") == b"again"
    lines_until(capfd, "lkvm: blk0: its process was killed by SIGKILL\n")


def test_forbidden_system_call_is_told_of(make: Make, capfd: pytest.CaptureFixture[str]) -> None:
    with make("blk0").start(0) as sock:
        assert ask(sock, b"fork") == b""
    lines_until(capfd, "lkvm: blk0: its process was killed by SIGSYS: a forbidden system call\n")


@pytest.mark.parametrize(
    ("question", "line"),
    [
        (b"raise", "lkvm: blk0: RuntimeError: as asked\n"),
        (b"explain", "lkvm: blk0: the image is gone\n"),
        (b"say", "lkvm: warning: echo0: a line\n"),
    ],
)
def test_what_a_device_says_or_raises_is_one_line(
    make: Make, capfd: pytest.CaptureFixture[str], question: bytes, line: str
) -> None:
    processes = make("blk0")
    with processes.start(0) as sock:
        sock.sendall(question)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(100):
            pass
    processes.close()
    assert capfd.readouterr().err == line.replace("warning: ", "")


def test_calls_that_led_to_an_exception_are_shown_at_debug_level(
    make: Make, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "_level", log.LEVELS.index("debug"))
    processes = make("blk0")
    with processes.start(0) as sock:
        assert ask(sock, b"raise") == b""
    processes.close()
    assert re.search(
        r"blk0: raised in .*, echo \(test_device_process.py:\d+\)\n", capfd.readouterr().err
    )


def test_output_of_a_device_cannot_drive_the_terminal_and_is_bounded(
    make: Make, capfd: pytest.CaptureFixture[str]
) -> None:
    processes = make("blk0")
    with processes.start(0) as sock:
        assert ask(sock, b"attack") == b"attack"
        assert ask(sock, b"attack") == b"attack"
    processes.close()
    text = capfd.readouterr().err
    assert text.startswith("?[2Jlkvm: blank\n")
    assert "\x1b" not in text
    assert text.endswith("lkvm: blk0: says too much; no more of it is shown\n")
    assert len(text) < 70_000


def test_all_that_a_traced_device_says_is_shown(
    make: Make, capfd: pytest.CaptureFixture[str]
) -> None:
    processes = make("blk0", talks=True)
    with processes.start(0) as sock:
        assert ask(sock, b"attack") == b"attack"
    processes.close()
    assert capfd.readouterr().err.count("\n") == 100_001


def test_unfinished_line_of_a_process_that_ended_is_shown() -> None:
    class Lines:
        text = ""

        def write(self, text: str) -> None:
            self.text += text

        def flush(self) -> None:
            pass

    reading, writing = os.pipe()
    stream = Lines()
    output = Output("blk0", reading, stream)  # type: ignore[arg-type]
    os.write(writing, b"whole\nhalf")
    assert output.pass_on()
    assert stream.text == "whole\n"
    os.close(writing)
    output.close()
    assert stream.text == "whole\nhalf\n"


def test_line_that_cannot_be_written_ends_nothing() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"one\ntwo\n")
    with open("/dev/full", "w", buffering=1) as full:
        output = Output("blk0", reading, full)
        assert output.pass_on()
        os.close(writing)
        output.close()
        with contextlib.redirect_stderr(full):
            log.warning("no space left for this")
        with contextlib.suppress(OSError):
            full.close()


def test_start_of_a_living_device_replaces_its_process(make: Make) -> None:
    processes = make("blk0")
    with processes.start(0) as first:
        before = pid_of(first)
        with processes.start(0) as second, processes.start(0) as third:
            assert first.recv(1) == b""
            after = pid_of(third)
            assert after != before
            assert second.recv(1) == b""
            assert not os.path.exists(f"/proc/{before}")


def test_devices_can_be_started_from_any_thread(make: Make) -> None:
    processes = make(*(f"echo{index}" for index in range(8)))
    answers: dict[int, bytes] = {}

    def start(index: int) -> None:
        with processes.start(index) as sock:
            answers[index] = ask(sock, b"hello %d" % index)

    threads = [threading.Thread(target=start, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {index: b"hello %d" % index for index in range(8)}


def test_signals_of_the_terminal_leave_devices_alone(make: Make) -> None:
    processes = make()
    with processes.start(0) as sock:
        assert ask(sock, b"own signals") == b"True"
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGHUP):
            os.kill(processes.fork_server_pid, number)
            os.kill(pid_of(sock), number)
        assert ask(sock, b"alive") == b"alive"
    with processes.start(0) as sock:
        assert ask(sock, b"alive") == b"alive"


def test_signal_handlers_of_the_vmm_do_not_run_in_its_devices(make: Make) -> None:
    ran: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _: ran.append(number))
    try:
        processes = make()
        with processes.start(0) as sock:
            device = pid_of(sock)
            os.kill(device, signal.SIGUSR1)
            assert sock.recv(1) == b""
        assert ran == []
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_vmm_that_ignores_its_children_has_devices(
    make: Make, capfd: pytest.CaptureFixture[str]
) -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        processes = make("blk0")
        with processes.start(0) as sock:
            os.kill(pid_of(sock), signal.SIGKILL)
            assert sock.recv(1) == b""
        with processes.start(0) as sock:
            assert ask(sock, b"again") == b"again"
        processes.close()
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert capfd.readouterr().err == "lkvm: blk0: its process was killed by SIGKILL\n"


def test_close_ends_everything(make: Make) -> None:
    processes = make("blk0", "rng0")
    socks = [processes.start(0), processes.start(1)]
    pids = [pid_of(sock) for sock in socks]
    for sock in socks:
        sock.close()
    processes.close()
    for pid in (*pids, processes.fork_server_pid):
        assert not os.path.exists(f"/proc/{pid}")
    processes.close()
    with pytest.raises(KvmtoolError, match=r"blk0: .* the machine has ended"):
        processes.start(0)


def test_close_kills_a_device_that_does_not_end(make: Make) -> None:
    processes = make("blk0")
    with processes.start(0) as sock:
        pid = pid_of(sock)
        sock.sendall(b"wait for ever")
        processes.close()
        assert not os.path.exists(f"/proc/{pid}")


def test_start_with_a_dead_fork_server_is_an_error(make: Make) -> None:
    processes = make("blk0")
    with processes.start(0) as sock:
        pid = pid_of(sock)
        os.kill(processes.fork_server_pid, signal.SIGKILL)
        wait_until_gone(processes.fork_server_pid)
        with pytest.raises(KvmtoolError, match=r"blk0: .* the fork server has ended"):
            processes.start(0)
        # The device died with it.
        assert sock.recv(1) == b""
        wait_until_gone(pid)
    processes.close()


def test_start_with_a_stuck_fork_server_is_an_error(make: Make) -> None:
    processes = make("blk0")
    os.kill(processes.fork_server_pid, signal.SIGSTOP)
    started: list[socket.socket] = []

    def start_many() -> None:
        for _ in range(10_000):
            started.append(processes.start(0))

    with pytest.raises(KvmtoolError, match=r"blk0: .* does not respond"):
        start_many()
    os.kill(processes.fork_server_pid, signal.SIGCONT)
    for sock in started:
        sock.close()


VMM = """
import os, signal, sys, time
from kvmtool.sandbox import Policy
from kvmtool.virtio.process import DeviceProcesses, ServedDevice

def serve(sock):
    sock.sendall(str(os.getpid()).encode())
    time.sleep(3600)

processes = DeviceProcesses([ServedDevice("blk0", serve, Policy())], sandbox=sys.argv[1] == "yes")
sock = processes.start(0)
print(processes.fork_server_pid, int(sock.recv(100)), flush=True)
signal.pause()
"""


@pytest.mark.parametrize("sandbox", ["yes", "no"])
def test_nothing_is_left_of_a_vmm_that_was_killed(sandbox: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", VMM, sandbox], stdout=subprocess.PIPE, text=True
    ) as vmm:
        assert vmm.stdout is not None
        pids = [int(word) for word in vmm.stdout.readline().split()]
        assert len(pids) == 2
        vmm.kill()
        wait_until_gone(*pids)


def test_fork_server_from_another_thread_ends_with_the_vmms_socket() -> None:
    made: list[DeviceProcesses] = []
    devices = [ServedDevice("echo0", echo, Policy())]
    thread = threading.Thread(target=lambda: made.append(DeviceProcesses(devices)))
    thread.start()
    thread.join()
    (processes,) = made
    with processes.start(0) as sock:
        assert ask(sock, b"after the thread") == b"after the thread"
    processes.close()


def test_processes_of_an_ordinary_user_work_and_are_sandboxed() -> None:
    assert callable(fork_server.ForkServer)  # loaded now: the tree may be none of that user's
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setresgid(65534, 65534, 65534)
                os.setresuid(65534, 65534, 65534)
            processes = DeviceProcesses([ServedDevice("echo0", echo, Policy())])
            with processes.start(0) as sock:
                assert ask(sock, b"hello") == b"hello"
                with open(f"/proc/{pid_of(sock)}/status") as lines:
                    assert "Seccomp:\t2\n" in lines.readlines()
                assert ask(sock, b"fork") == b""
            with processes.start(0) as sock:
                assert ask(sock, b"again") == b"again"
            processes.close()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0


def test_many_starts_and_machines_leak_no_descriptor(make: Make) -> None:
    make().close()
    before = sorted(os.listdir("/proc/self/fd"))
    for _ in range(3):
        processes = make()
        for _ in range(4):
            with processes.start(0) as sock:
                assert ask(sock, b"hello") == b"hello"
        # Standard descriptors and requests: the last device is buried soon.
        folder = f"/proc/{processes.fork_server_pid}/fd"
        end = time.monotonic() + 30
        while len(os.listdir(folder)) > 4:
            assert time.monotonic() < end, os.listdir(folder)
            select.select([], [], [], 0.005)
        processes.close()
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_devices_work_where_the_standard_descriptors_are_closed(tmp_path: object) -> None:
    """The image is then descriptor 0, and must not become /dev/null."""
    with open(f"{tmp_path}/image", "w") as image:
        image.write("image")
    answer, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.dup2(tell, 9)
            for fd in range(3):
                os.close(fd)
            image_fd = os.open(f"{tmp_path}/image", os.O_RDONLY)
            device = ServedDevice("blk0", lambda s: s.sendall(os.pread(0, 5, 0)), Policy(), [0])
            processes = DeviceProcesses([device])
            with processes.start(0) as sock:
                os.write(9, b"%d:%s" % (image_fd, sock.recv(100)))
            processes.close()
            status = 0
        finally:
            os._exit(status)
    os.close(tell)
    assert os.waitpid(pid, 0)[1] == 0
    assert os.read(answer, 100) == b"0:image"
    os.close(answer)
