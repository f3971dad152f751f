"""Entropy, console, balloon and persistent memory in guests."""

from __future__ import annotations

import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable
from fcntl import ioctl
from pathlib import Path

import pytest

from boot.conftest import TIME_LIMIT_S, lkvm_command, run_script
from boot.root_images import make_ext4, make_tree

pytestmark = pytest.mark.timeout(TIME_LIMIT_S)

Run = Callable[..., "subprocess.CompletedProcess[str]"]
KIB, MIB = 1 << 10, 1 << 20


@pytest.mark.parametrize("transport", ["pci", "mmio"])
def test_guest_reads_random_numbers_from_the_host(transport: str, run_guest: Run) -> None:
    script = (
        "cat /sys/class/misc/hw_random/rng_current;"
        " dd if=/dev/hwrng bs=64 count=4 2>/dev/null | md5sum; dd if=/dev/hwrng bs=64 count=4"
        " 2>/dev/null | wc -c"
    )
    words = ("--rng", "--virtio-transport", transport)
    done = run_guest(*words, command=("sh", "-c", script))
    assert done.returncode == 0, done.stdout + done.stderr
    name, digest, count = done.stdout.splitlines()
    assert name.startswith("virtio_rng")
    assert digest.split()[0] != "d41d8cd98f00b204e9800998ecf8427e", "of nothing"
    assert count == "256"


def test_device_without_a_driver_is_named_at_the_end(
    run_guest: Run, initrd: Callable[..., Path]
) -> None:
    done = run_guest("--rng", "-i", initrd("echo no modules here"))
    assert done.returncode == 0, done.stdout + done.stderr
    (line,) = [line for line in done.stderr.splitlines() if "rng0" in line]
    assert line.startswith("lkvm: rng0: the guest has not used it")


def test_command_on_a_virtio_console_has_its_output_whole(run_guest: Run) -> None:
    done = run_guest("--console", "virtio", command=("seq", "1", "20000"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [str(number) for number in range(1, 20001)]


def test_virtio_console_follows_the_size_of_the_terminal() -> None:
    master, slave = pty.openpty()
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 31, 97, 0, 0))
    script = "stty size; until [ \"$(stty size)\" = '43 132' ]; do sleep 0.1; done; stty size"
    words = lkvm_command("run", "--console", "virtio", "--", "sh", "-c", script)
    child = subprocess.Popen(
        words,
        stdin=slave,
        stdout=slave,
        stderr=subprocess.PIPE,
        start_new_session=True,  # of which the terminal is the controlling one, for SIGWINCH
        preexec_fn=lambda: ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(slave)
    try:
        read_until(master, b"31 97")
        ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 43, 132, 0, 0))
        read_until(master, b"43 132")
        assert child.wait(TIME_LIMIT_S) == 0
    finally:
        child.kill()
        child.communicate()
        os.close(master)


def read_until(fd: int, wanted: bytes) -> None:
    """Read `fd` until `wanted` came."""
    seen = b""
    end = time.monotonic() + TIME_LIMIT_S
    while wanted not in seen:
        ready, _, _ = select.select([fd], [], [], max(0.0, end - time.monotonic()))
        assert ready, f"{wanted!r} did not come: {seen!r}"
        seen += os.read(fd, 4096)


def test_read_only_root_on_persistent_memory_with_dax(tmp_path: Path, run_guest: Run) -> None:
    make_tree(tmp_path / "tree")
    (tmp_path / "tree" / "note").write_text("kept in the image\n")
    image = tmp_path / "root.img"
    make_ext4(image, tmp_path / "tree", 24)
    before = image.read_bytes()
    done = run_guest(
        "--pmem", image,
        "-p", "root=/dev/pmem0 ro rootfstype=ext4 rootflags=dax",
        command=("sh", "-c", "grep ' / ' /proc/mounts; cat /note; echo x >/x || echo refused"),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    mounted, note, *rest = done.stdout.splitlines()
    assert re.match(r"/dev/pmem0 / ext4 ro\S*dax", mounted), mounted
    assert note == "kept in the image"
    assert rest[-1] == "refused"
    assert image.read_bytes() == before


def test_buffers_in_persistent_memory_are_as_good_as_ram(tmp_path: Path, run_guest: Run) -> None:
    tree = tmp_path / "tree"
    make_tree(tree)
    program = Path(__file__).with_name("dax_buffers.c")
    subprocess.run(["gcc", "-static", "-o", tree / "bin" / "dax_buffers", program], check=True)
    content = os.urandom(64 * KIB)
    (tree / "content").write_bytes(content)
    root = tmp_path / "root.img"
    make_ext4(root, tree, 24)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "buffer").write_bytes(bytes(64 * KIB))
    scratch = tmp_path / "scratch.img"
    make_ext4(scratch, tmp_path / "empty", 24)
    disk = tmp_path / "disk.img"
    disk.write_bytes(bytes(1 << 20))
    script = """
set -e
dax_buffers /content /dev/vda write
mount -t ext4 -o dax /dev/pmem1 /mnt
dax_buffers /mnt/buffer /dev/vda read
cmp /content /mnt/buffer
umount /mnt
"""
    done = run_guest(
        "-d", disk, "--pmem", root, "--pmem", f"{scratch},rw",
        "-p", "root=/dev/pmem0 ro rootfstype=ext4 rootflags=dax",
        command=("sh", "-c", script),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert disk.read_bytes()[: len(content)] == content
    assert subprocess.run(
        ["debugfs", "-R", "cat /buffer", scratch], capture_output=True, check=True
    ).stdout == content  # fmt: skip


def test_balloon_does_each_operation_in_guest_and_host() -> None:
    done = run_script("boot.balloon_operations")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "all operations seen"
