"""Guests for the tests that boot Linux, on a KVM that can.

Where this host's KVM cannot, `lkvm` goes to the emulated host by itself, as it does for a user.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from kvmtool import cache
from kvmtool.boot.initramfs import Initramfs

TIME_LIMIT_S = 300
# A command that hangs is ended before its test is, so that the test can say what it printed.
COMMAND_LIMIT_S = 240
ARCH = os.uname().machine

INIT = b"""#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /sbin /usr/bin /usr/sbin
/bin/busybox --install -s
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
exec <>/dev/console >&0 2>&1
stty -echo -onlcr
. /script
poweroff -f
"""


@pytest.fixture(scope="session", autouse=True)
def _parts_are_there() -> None:
    """Get what `lkvm setup` gets; a run with all of it there does nothing."""
    subprocess.run([sys.executable, "-m", "kvmtool", "setup"], check=True)


@pytest.fixture(scope="session")
def cloud_kernel() -> Path:
    """Debian's cloud kernel, which `lkvm setup` gets for guests."""
    return Path(cache.cache_dir("kernels", ARCH), "vmlinuz")


@pytest.fixture(scope="session")
def standard_kernel() -> Path:
    """Debian's standard kernel, which runs the emulated host."""
    return Path(cache.cache_dir("emulated", ARCH), "kernel", "vmlinuz")


@pytest.fixture
def initrd(tmp_path: Path) -> Callable[..., Path]:
    """Makes an initramfs whose init runs a script on the console and powers off."""

    def make(script: str, **files: bytes) -> Path:
        archive = Initramfs()
        archive.add_directory("bin")
        archive.add_device("dev/console", 5, 1)
        archive.copy_file("bin/busybox", str(Path(cache.cache_dir("guest", ARCH), "busybox")))
        archive.add_file("init", INIT, 0o755)
        archive.add_file("script", script.encode() + b"\n")
        for name, content in files.items():
            archive.add_file(name, content)
        path = tmp_path / "initrd.img"
        path.write_bytes(archive.archive())
        return path

    return make


def lkvm_command(*arguments: str | Path) -> list[str]:
    """The words that run `lkvm` as a user's shell would."""
    return [sys.executable, "-m", "kvmtool", *(str(argument) for argument in arguments)]


def run_to_end(words: Sequence[str | Path], stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command, and return what it printed and its exit status; one that hangs fails."""
    try:
        return subprocess.run(
            words, input=stdin, capture_output=True, text=True, timeout=COMMAND_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired as hung:
        pytest.fail(f"{hung}; stdout: {hung.stdout!r}; stderr: {hung.stderr!r}")


def run_script(module: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a module of the tests as a script on the KVM that boots Linux."""
    place = f"PYTHONPATH={Path(__file__).parents[1]}"
    words = lkvm_command("emulate", "--", "env", place, sys.executable, "-m", module, *arguments)
    return run_to_end(words)


@pytest.fixture
def run_guest() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `lkvm run` with `quiet`, and returns what it printed and its exit status."""

    def run(
        *arguments: str | Path, command: Sequence[str] = (), stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        words = lkvm_command("run", "-p", "quiet", *arguments)
        if command:
            words += ["--", *command]
        return run_to_end(words, stdin)

    return run
