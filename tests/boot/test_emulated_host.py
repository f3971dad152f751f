"""The emulated host from outside: what runs in it behaves as if it ran here."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pty
import random
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

import kvmtool

pytestmark = [
    pytest.mark.skipif("KVMTOOL_EMULATED" in os.environ, reason="runs on the machine itself"),
    pytest.mark.timeout(300),  # the first run boots it, and may fetch it
]

_EMULATE = [sys.executable, "-m", "kvmtool", "emulate", "--"]


def _run(*command: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*_EMULATE, *command], capture_output=True, **options)  # type: ignore


def _start(*command: str, **options: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*_EMULATE, *command], **options)  # type: ignore


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture(scope="module", autouse=True)
def _booted() -> None:
    """Have it set up and booted once, so that stderr has the commands' own lines only."""
    assert _run("true").returncode == 0


def test_status_and_both_outputs_come_back_apart() -> None:
    done = _run("sh", "-c", "echo out; echo err >&2; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, b"out\n", b"err\n")


def test_command_killed_by_a_signal_gives_the_shells_status() -> None:
    assert _run("sh", "-c", "kill -KILL $$").returncode == 128 + signal.SIGKILL


def test_command_that_is_not_there_is_one_line() -> None:
    done = _run("no-such-command")
    assert done.returncode == 2
    assert done.stderr == b"lkvm: no-such-command: No such file or directory\n"


def test_mebibyte_through_pipes_comes_back_unchanged() -> None:
    data = random.Random(1).randbytes(1 << 20)
    done = _run("cat", input=data)
    assert hashlib.sha256(done.stdout).digest() == hashlib.sha256(data).digest()


def test_input_from_a_file_is_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"x" * 100_000)
    with open(tmp_path / "in", "rb") as file:
        assert _run("wc", "-c", stdin=file).stdout.strip() == b"100000"


def test_closed_streams_are_closed_inside() -> None:
    script = "for i in 0 1; do [ -e /proc/self/fd/$i ] && echo $i >&2; done; exit 0"
    shell = f"exec \"$@\" <&- >&- sh -c '{script}'"
    done = subprocess.run(["sh", "-c", shell, "sh", *_EMULATE], stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, b"")


def test_output_and_error_in_one_file_keep_their_order(tmp_path: Path) -> None:
    with open(tmp_path / "both", "wb") as file:
        script = "for i in 1 2 3; do echo out $i; echo err $i >&2; done"
        subprocess.run([*_EMULATE, "sh", "-c", script], stdout=file, stderr=file, check=True)
    lines = (tmp_path / "both").read_text().splitlines()
    assert lines == ["out 1", "err 1", "out 2", "err 2", "out 3", "err 3"]


def test_directory_environment_user_and_umask_are_this_process_s(tmp_path: Path) -> None:
    odd = tmp_path / "a 'b\" $c \\ \n ü"
    odd.mkdir()
    environment = {**os.environ, "ODD": "x\ny='\"\udcff"}
    done = _run(
        "sh", "-c", 'pwd; echo "$ODD"; id -u; umask; echo "$HOME"', cwd=odd, env=environment
    )
    expected = [odd, environment["ODD"], os.getuid(), "0022", os.environ["HOME"]]
    assert done.stdout == b"".join(os.fsencode(str(each)) + b"\n" for each in expected)


def test_files_made_inside_are_here_afterwards(tmp_path: Path) -> None:
    (tmp_path / "before").write_text("from here")
    script = "cat before >after; mkdir sub; head -c 3000000 /dev/zero >sub/large; rm before"
    assert _run("sh", "-c", script, cwd=tmp_path).returncode == 0
    assert (tmp_path / "after").read_text() == "from here"
    assert (tmp_path / "sub" / "large").stat().st_size == 3_000_000
    assert not (tmp_path / "before").exists()
    assert (tmp_path / "after").stat().st_uid == os.getuid()


def test_clock_inside_is_right() -> None:
    import time

    before = time.time()
    inside = float(_run("date", "+%s.%N").stdout)
    assert before - 1 < inside < time.time() + 1


def test_each_run_draws_other_random_numbers() -> None:
    assert len({_run("head", "-c16", "/dev/urandom").stdout for _ in range(2)}) == 2


def test_kvm_inside_creates_a_machine() -> None:
    script = (
        "import fcntl, os; f = os.open('/dev/kvm', os.O_RDWR);"
        "print(fcntl.ioctl(f, 0xAE00), os.path.exists('/sys/module/kvm_amd'));"
        "fcntl.ioctl(f, 0xAE01, 0)"
    )
    done = _run(sys.executable, "-c", script)
    assert (done.returncode, done.stdout) == (0, b"12 True\n")


@pytest.mark.parametrize("cpus", ["1", "2"])
def test_timers_inside_go_on_beside_a_guest_that_makes_qemu_lose_interrupts(cpus: str) -> None:
    words = [*_EMULATE[:-1], "--cpus", cpus, "--", "env", f"PYTHONPATH={Path(__file__).parents[1]}"]
    done = subprocess.run(
        [*words, sys.executable, "-m", "boot.naps"], capture_output=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 3  # and not for ever


@pytest.mark.parametrize("device", ["vhost-net", "vhost-vsock", "net/tun"])
def test_device_inside_can_be_opened(device: str) -> None:
    done = _run("sh", "-c", f": <>/dev/{device}")
    assert (done.returncode, done.stderr) == (0, b"")


def test_module_that_the_kernel_asks_for_is_loaded() -> None:
    script = (
        "import socket; socket.socket(socket.AF_INET, socket.SOCK_SEQPACKET, 132).close();"
        "print(open('/proc/net/protocols').read().count('SCTP'))"
    )
    done = _run(sys.executable, "-c", script)
    assert (done.returncode, done.stdout) == (0, b"2\n"), done.stderr


def test_lkvm_runs_in_the_interpreter_that_is_up() -> None:
    script = "import sys; from kvmtool.emulated.host import run_lkvm; sys.exit(run_lkvm({!r}))"
    done = subprocess.run(
        [sys.executable, "-c", script.format(["--help"])], capture_output=True, check=True
    )
    here = subprocess.run(
        [sys.executable, "-m", "kvmtool", "--help"], capture_output=True, check=True
    )
    assert (done.stdout, done.stderr) == (here.stdout, b"")
    refused = subprocess.run([sys.executable, "-c", script.format(["nonsense"])])
    assert refused.returncode == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_signal_reaches_the_command(number: signal.Signals) -> None:
    name = number.name.removeprefix("SIG")
    script = f"trap 'echo caught; exit 9' {name}; echo up; while :; do sleep 0.05; done"
    with _start("sh", "-c", script, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        process.send_signal(number)
        assert process.stdout.read() == b"caught\n"
        assert process.wait() == 9


def test_signal_that_the_command_does_not_catch_ends_it() -> None:
    with _start("sh", "-c", "echo up; exec sleep 100", stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()
        assert process.wait() == 128 + signal.SIGTERM


def test_closed_output_ends_the_command_quietly() -> None:
    with _start("yes", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(4) == b"y\ny\n"
        process.stdout.close()
        assert process.wait() == 128 + signal.SIGPIPE
        assert process.stderr.read() == b""


def test_stalled_reader_of_output_loses_nothing() -> None:
    script = "seq 1 200000; echo done >&2"
    with _start("sh", "-c", script, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = process.stdout.read().split()
        assert lines == [b"%d" % number for number in range(1, 200_001)]
        assert process.stderr.read() == b"done\n"


def test_background_process_does_not_keep_the_run_alive() -> None:
    done = _run("sh", "-c", "(while :; do echo noise; done) & sleep 0.2; exit 3")
    assert done.returncode == 3


def test_killed_qemu_is_an_error() -> None:
    with _start("sh", "-c", "echo up; sleep 100", stdout=subprocess.PIPE,
                stderr=subprocess.PIPE) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        (qemu,) = _children(process.pid)
        os.kill(qemu, signal.SIGKILL)
        assert process.wait() == 104
        assert b"lkvm: the emulated host ended before the command did" in process.stderr.read()


def test_panic_inside_is_an_error_with_its_last_lines() -> None:
    if os.getuid():
        pytest.skip("only root may make a kernel panic")
    done = _run("sh", "-c", "echo c >/proc/sysrq-trigger")
    assert done.returncode == 104
    assert b"sysrq triggered crash" in done.stderr


def test_killed_lkvm_leaves_no_qemu() -> None:
    with _start("sh", "-c", "echo up; sleep 100", stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        (qemu,) = _children(process.pid)
        ending = os.pidfd_open(qemu)
        process.kill()
        assert select.select([ending], [], [], 20)[0] == [ending]
        os.close(ending)


class Session:
    """A command in the emulated host on a terminal of its own."""

    def __init__(self, rows: int, columns: int, *command: str) -> None:
        self.pid, self.fd = pty.fork()
        if not self.pid:
            termios.tcsetwinsize(0, (rows, columns))
            os.execv(_EMULATE[0], [*_EMULATE, *command])
        self.output = b""

    def read_until(self, text: bytes) -> None:
        while text not in self.output:
            assert select.select([self.fd], [], [], 60)[0], self.output
            self.output += os.read(self.fd, 4096)

    def end(self) -> int:
        try:
            while data := os.read(self.fd, 4096):
                self.output += data
        except OSError:
            pass
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_terminal_is_one_inside_with_its_size_and_its_changes() -> None:
    session = Session(
        33, 77, "sh", "-c", "test -t 0 -a -t 1 -a -t 2; echo t$?; stty size; read x; stty size"
    )
    session.read_until(b"t0\r\n33 77\r\n")
    fcntl.ioctl(session.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 44, 99, 0, 0))
    os.write(session.fd, b"on\r")
    assert session.end() == 0
    assert session.output.endswith(b"on\r\n44 99\r\n")


def test_interrupt_key_reaches_the_command_as_a_signal() -> None:
    script = "trap 'echo caught; exit 9' INT; echo up; while :; do sleep 0.05; done"
    session = Session(24, 80, "sh", "-c", script)
    session.read_until(b"up\r\n")
    os.write(session.fd, b"\x03")
    assert session.end() == 9
    assert session.output.endswith(b"caught\r\n")


def test_end_of_file_key_ends_the_input() -> None:
    session = Session(24, 80, "sh", "-c", "echo up; cat")
    session.read_until(b"up\r\n")
    os.write(session.fd, b"abc\r")
    session.read_until(b"abc\r\nabc\r\n")
    os.write(session.fd, b"\x04")
    assert session.end() == 0


def test_another_installation_runs_its_own_code(tmp_path: Path) -> None:
    package = tmp_path / "kvmtool"
    shutil.copytree(Path(kvmtool.__file__).parent, package)
    run = package / "cli" / "run.py"
    head = "def _run_here(config: MachineConfig, args: argparse.Namespace) -> int:\n"
    before, after = run.read_text().split(head)
    run.write_text(f"{before}{head}    print('the copy')\n    return 7\n\n{after}")
    words = [sys.executable, "-m", "kvmtool", "run", "--accel", "emulated"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(words, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout) == (7, "the copy\n"), done.stderr
