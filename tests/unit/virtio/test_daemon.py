"""`lkvm device`: a device alone on a socket, and what is left of it."""

from __future__ import annotations

import os
import pty
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kvmtool.errors import ExitStatus


class Daemon:
    """`lkvm device rng` on `path`, started and listening."""

    def __init__(self, path: Path, *options: str) -> None:
        words = [sys.executable, "-m", "kvmtool", "device", "rng", "--socket", str(path), *options]
        self.process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        self.said = self.process.stderr.readline()

    def children(self) -> list[int]:
        pid = self.process.pid
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def end(self, number: int) -> int:
        """Send a signal, wait for the end and return the status."""
        self.process.send_signal(number)
        status = self.process.wait(20)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return status


@pytest.fixture(params=[(), ("--no-sandbox",)], ids=["sandboxed", "not sandboxed"])
def daemon(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Daemon]:
    running = Daemon(tmp_path / "socket", *request.param)
    yield running
    if running.process.poll() is None:
        running.end(signal.SIGKILL)


def wait_for_end(pid: int) -> None:
    """Wait until a process that is no child of ours has ended."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended, _, _ = select.select([pidfd], [], [], 20)
    os.close(pidfd)
    assert ended, f"{pid} is still there"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_the_device_and_removes_its_socket(
    daemon: Daemon, number: int, tmp_path: Path
) -> None:
    assert "rng0 is served" in daemon.said
    (child,) = daemon.children()
    assert daemon.end(number) == ExitStatus.INTERRUPTED
    wait_for_end(child)
    assert not (tmp_path / "socket").exists()


def test_signal_ends_a_device_whose_process_does_not_respond(
    daemon: Daemon, tmp_path: Path
) -> None:
    (child,) = daemon.children()
    os.kill(child, signal.SIGSTOP)
    assert daemon.end(signal.SIGTERM) == ExitStatus.INTERRUPTED
    wait_for_end(child)
    assert not (tmp_path / "socket").exists()


def test_killed_daemon_takes_its_device_along_and_its_socket_is_used_again(
    daemon: Daemon, tmp_path: Path
) -> None:
    (child,) = daemon.children()
    assert daemon.end(signal.SIGKILL) == -signal.SIGKILL
    wait_for_end(child)
    again = Daemon(tmp_path / "socket")
    assert "rng0 is served" in again.said
    assert again.end(signal.SIGTERM) == ExitStatus.INTERRUPTED


@pytest.mark.parametrize(
    ("number", "name"), [(signal.SIGKILL, "SIGKILL"), (signal.SIGRTMIN + 6, "signal 40")]
)
def test_device_s_process_that_dies_is_replaced(
    daemon: Daemon, tmp_path: Path, number: int, name: str
) -> None:
    (child,) = daemon.children()
    os.kill(child, number)
    wait_for_end(child)
    assert daemon.process.stderr is not None
    assert f"killed by {name}; another one goes on" in daemon.process.stderr.readline()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(tmp_path / "socket"))
    assert daemon.end(signal.SIGTERM) == ExitStatus.INTERRUPTED


def test_device_is_served_however_often_front_ends_have_its_process_killed(
    daemon: Daemon, tmp_path: Path
) -> None:
    killed: set[int] = set()
    while len(killed) < 22:
        for child in set(daemon.children()) - killed:
            os.kill(child, signal.SIGKILL)
            killed.add(child)
        time.sleep(0.01)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(tmp_path / "socket"))
    daemon.process.send_signal(signal.SIGTERM)
    _, said = daemon.process.communicate(timeout=20)
    assert daemon.process.returncode == ExitStatus.INTERRUPTED
    assert said.count("no more of these are shown") == 1


def test_path_that_is_somebody_else_s_by_now_is_left_alone(daemon: Daemon, tmp_path: Path) -> None:
    (tmp_path / "socket").unlink()
    (tmp_path / "socket").write_text("precious")
    assert daemon.end(signal.SIGTERM) == ExitStatus.INTERRUPTED
    assert (tmp_path / "socket").read_text() == "precious"


def test_socket_in_use_is_left_to_its_owner(daemon: Daemon, tmp_path: Path) -> None:
    second = Daemon(tmp_path / "socket")
    assert "it is there already; give another path" in second.said
    assert second.process.wait(20) == ExitStatus.BAD_ARGUMENTS
    assert second.process.stderr is not None
    second.process.stderr.close()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(tmp_path / "socket"))


def test_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "socket").write_text("precious")
    refused = Daemon(tmp_path / "socket")
    assert "cannot listen" in refused.said
    assert refused.process.wait(20) == ExitStatus.BAD_ARGUMENTS
    assert refused.process.stderr is not None
    refused.process.stderr.close()
    assert (tmp_path / "socket").read_text() == "precious"


# Looks at its stderr as soon as a front-end comes.
SPY = """
import os, sys
from kvmtool.virtio import server
from kvmtool.virtio.rng import Rng

class Spy(Rng, name="spy", device_id=4):
    requests = Rng.requests

    def attach(self, loop):
        os.write(2, b"\\x1b]0;title\\x07\\n")
        try:
            os.write(2, b"read " + os.read(2, 100) + b"\\n")
        except OSError:
            os.write(2, b"nothing to read\\n")
        super().attach(loop)

server.listen(Spy(), sys.argv[1], sandbox=True)
"""


def test_terminal_is_out_of_the_device_s_reach(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    ours, theirs = pty.openpty()
    os.write(ours, b"typed\n")
    process = subprocess.Popen([sys.executable, "-c", SPY, path], stderr=theirs)
    os.close(theirs)
    said = b""
    while b"is served" not in said:
        said += os.read(ours, 4096)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        while b"read" not in said:
            said += os.read(ours, 4096)
    process.send_signal(signal.SIGKILL)
    process.wait(20)
    os.close(ours)
    assert b"nothing to read" in said
    assert b"?]0;title?" in said
