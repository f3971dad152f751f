"""Stock kernels to userspace, and how each life of a guest ends."""

from __future__ import annotations

import fcntl
import os
import re
import select
import signal
import subprocess
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from boot.conftest import TIME_LIMIT_S, lkvm_command
from kvmtool.boot.bzimage import BzImage
from kvmtool.boot.decompress import LARGEST_KERNEL, decompress
from kvmtool.boot.kernel import identify
from kvmtool.errors import ExitStatus

pytestmark = pytest.mark.timeout(TIME_LIMIT_S)

Run = Callable[..., "subprocess.CompletedProcess[str]"]
MakeInitrd = Callable[..., Path]

REPORT = """
echo "release=$(uname -r)"
echo "cpus=$(nproc)"
echo "apic_ids=$(awk '/^initial apicid/ {printf "%s,", $4}' /proc/cpuinfo)"
echo "cores=$(awk -F: '/^cpu cores/ {printf "%s,", $2+0}' /proc/cpuinfo)"
echo "ram_kib=$(awk '/^MemTotal/ {print $2}' /proc/meminfo)"
echo "text=$(awk '$3 == "_text" {print $1}' /proc/kallsyms)"
echo "clocksource=$(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
echo "bridge=$(cat /sys/bus/pci/devices/0000:00:00.0/vendor)"
echo "config_bytes=$(wc -c </sys/bus/pci/devices/0000:00:00.0/config)"
echo "rtc=$(cat /sys/class/rtc/rtc0/since_epoch)"
echo "acpi_errors=$(dmesg | grep -c -i 'acpi.*\\(error\\|warning\\|firmware bug\\)')"
echo "uarts=$(dmesg | grep -c 'is a 16550A')"
echo "cmdline=$(cat /proc/cmdline)"
echo "highest_ram=$(awk '/System RAM/ {split($1, a, "-"); e=a[2]} END {print e}' /proc/iomem)"
"""


def facts(output: str) -> dict[str, str]:
    """Parse the lines `key=value` that REPORT prints."""
    return dict(re.findall(r"^(\w+)=(.*?)\r?$", output, re.MULTILINE))


@pytest.mark.parametrize("cpus", [1, 4])
def test_cloud_kernel_reaches_userspace_with_the_machine_it_was_given(
    cpus: int, run_guest: Run, initrd: MakeInitrd, cloud_kernel: Path
) -> None:
    done = run_guest("-k", cloud_kernel, "-i", initrd(REPORT), "-c", str(cpus), "-m", "512")
    assert done.returncode == ExitStatus.POWER_OFF, done.stdout + done.stderr
    seen = facts(done.stdout)
    release = (cloud_kernel.parent / "release").read_text().strip()
    assert seen["release"] == release
    assert seen["cpus"] == str(cpus)
    assert seen["apic_ids"] == "".join(f"{number}," for number in range(cpus))
    assert set(seen["cores"].rstrip(",").split(",")) == {str(cpus)}
    assert 400 * 1024 < int(seen["ram_kib"]) < 512 * 1024
    assert seen["clocksource"] == "kvm-clock"
    assert seen["bridge"] == "0x1b36"
    assert seen["config_bytes"] == "4096", "the extended configuration space, so ECAM"
    assert abs(int(seen["rtc"]) - time.time()) < TIME_LIMIT_S
    assert seen["acpi_errors"] == "0"
    assert "console=ttyS0" in seen["cmdline"]
    assert seen["cmdline"].endswith("quiet")


def test_standard_kernel_reaches_userspace_and_finds_four_uarts(
    run_guest: Run, initrd: MakeInitrd, standard_kernel: Path
) -> None:
    done = run_guest("-k", standard_kernel, "-i", initrd(REPORT))
    assert done.returncode == ExitStatus.POWER_OFF, done.stdout + done.stderr
    seen = facts(done.stdout)
    assert seen["release"] == (standard_kernel.parent / "release").read_text().strip()
    assert seen["uarts"] == "4"


@pytest.mark.parametrize("way", ["direct", "pvh", "decompressor"])
def test_each_way_to_boot_reaches_userspace(
    way: str, run_guest: Run, initrd: MakeInitrd, standard_kernel: Path
) -> None:
    done = run_guest("-k", standard_kernel, "-i", initrd(REPORT), "--boot", way, "-p", "nokaslr")
    assert done.returncode == ExitStatus.POWER_OFF, done.stdout + done.stderr
    assert facts(done.stdout)["text"] == "ffffffff81000000"


def test_vmlinux_boots_without_a_bzimage_around_it(
    run_guest: Run, initrd: MakeInitrd, cloud_kernel: Path, tmp_path: Path
) -> None:
    image = identify(str(cloud_kernel))
    assert isinstance(image, BzImage)
    vmlinux = tmp_path / "vmlinux"
    vmlinux.write_bytes(decompress(image.payload(), LARGEST_KERNEL, "vmlinuz"))
    image.close()
    done = run_guest(vmlinux, "-i", initrd("echo from-vmlinux"))
    assert done.returncode == ExitStatus.POWER_OFF, done.stdout + done.stderr
    assert "from-vmlinux" in done.stdout


def test_ram_beyond_4_gib_is_there_and_usable(run_guest: Run, initrd: MakeInitrd) -> None:
    done = run_guest("-i", initrd(REPORT), "-m", "5G")
    assert done.returncode == ExitStatus.POWER_OFF, done.stdout + done.stderr
    seen = facts(done.stdout)
    assert int(seen["ram_kib"]) > 4.5 * 1024 * 1024
    # 3 GiB lie below the hole, so 5 GiB end 2 GiB above 4 GiB.
    assert int(seen["highest_ram"], 16) == (6 << 30) - 1


def test_no_defaults_gives_exactly_the_command_line_that_was_asked_for(
    run_guest: Run, initrd: MakeInitrd
) -> None:
    done = run_guest(
        "-i", initrd(REPORT), "--nodefaults", "-p", 'console=ttyS0 panic=-1 word="a b"'
    )
    assert done.returncode == ExitStatus.POWER_OFF, done.stdout + done.stderr
    assert facts(done.stdout)["cmdline"] == 'quiet console=ttyS0 panic=-1 word="a b"'


def test_several_initrds_are_one_file_system(
    run_guest: Run, initrd: MakeInitrd, tmp_path: Path
) -> None:
    from kvmtool.boot.initramfs import Initramfs

    more = Initramfs()
    more.add_file("more/text", b"from the second archive\n")
    second = tmp_path / "second.img"
    second.write_bytes(more.archive())
    done = run_guest("-i", initrd("cat /more/text"), "-i", second)
    assert "from the second archive" in done.stdout


def test_cpu_features_follow_the_command_line(run_guest: Run) -> None:
    command = ["sh", "-c", "grep -m1 ^flags /proc/cpuinfo"]
    flags = run_guest(command=command).stdout.split()
    fewer = run_guest("--cpuid", "-sse4_2,-rdrand", command=command).stdout.split()
    assert {"sse4_2", "rdrand"} <= set(flags)
    assert {"sse4_2", "rdrand"}.isdisjoint(fewer)
    assert "sse4_1" in fewer


def test_commands_status_and_output_come_back(run_guest: Run) -> None:
    done = run_guest(command=["sh", "-c", 'echo "two  words" $1; exit 7', "-", "it's"])
    assert done.returncode == 7
    assert done.stdout == "two  words it's\n"


def test_piped_input_is_no_input_for_a_command(run_guest: Run) -> None:
    done = run_guest(command=["cat"], stdin="never echoed\n")
    assert done.returncode == 0
    assert done.stdout == ""


def test_panic_has_its_own_status(run_guest: Run, initrd: MakeInitrd) -> None:
    done = run_guest("-i", initrd("echo c >/proc/sysrq-trigger"))
    assert done.returncode == ExitStatus.GUEST_PANIC
    assert "Kernel panic" in done.stdout
    assert done.stderr.endswith("lkvm: the guest's kernel panicked\n")


def test_panic_told_by_pvpanic_has_the_same_status(
    run_guest: Run, initrd: MakeInitrd, standard_kernel: Path
) -> None:
    modules = standard_kernel.parent / "lib" / "modules"
    drivers = {path.name: path.read_bytes() for path in modules.rglob("pvpanic*.ko")}
    assert set(drivers) >= {"pvpanic.ko", "pvpanic-mmio.ko"}
    script = "insmod /pvpanic.ko; insmod /pvpanic-mmio.ko; echo c >/proc/sysrq-trigger"
    # Without the default parameters a panic waits for ever, unless pvpanic tells of it.
    done = run_guest(
        "-k", standard_kernel, "-i", initrd(script, **drivers),
        "--nodefaults", "-p", "console=ttyS0 panic=0",
    )  # fmt: skip
    assert done.returncode == ExitStatus.GUEST_PANIC, done.stdout + done.stderr


def test_missing_init_is_a_panic_and_ends_the_run(run_guest: Run, tmp_path: Path) -> None:
    from kvmtool.boot.initramfs import Initramfs

    empty = Initramfs()
    empty.add_directory("dev")
    path = tmp_path / "empty.img"
    path.write_bytes(empty.archive())
    done = run_guest("-i", path)
    assert done.returncode == ExitStatus.GUEST_PANIC


def test_reboot_without_reboot_is_a_clean_end(run_guest: Run, initrd: MakeInitrd) -> None:
    done = run_guest("-i", initrd("reboot -f"), "--no-reboot")
    assert done.returncode == ExitStatus.POWER_OFF, done.stdout + done.stderr


def test_triple_fault_has_its_own_status_and_shows_the_vcpu(
    run_guest: Run, initrd: MakeInitrd
) -> None:
    done = run_guest("-i", initrd("reboot -f"), "-p", "reboot=t")
    assert done.returncode == ExitStatus.TRIPLE_FAULT
    assert "lkvm: triple fault\n" in done.stderr
    assert re.search(r"^ +rip [0-9a-f]{16}", done.stderr, re.MULTILINE)


def test_piped_input_reaches_the_guest(run_guest: Run, initrd: MakeInitrd) -> None:
    script = "read -r first; read -r second; echo got $first and $second"
    done = run_guest("-i", initrd(script), stdin="one word\nanother\n")
    assert "got one word and another" in done.stdout


def test_closed_output_ends_the_run_quietly(initrd: MakeInitrd) -> None:
    script = "while true; do echo a line that nobody reads; done"
    words = lkvm_command("run", "-p", "quiet", "-i", initrd(script), "--loglevel", "error")
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(TIME_LIMIT_S) == ExitStatus.INTERRUPTED
    assert process.stderr.read() == b""
    process.stderr.close()


class OnTerminal:
    """`lkvm run` on a pseudo-terminal."""

    def __init__(self, *arguments: str | Path) -> None:
        self.master, self.slave = os.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(
            lkvm_command("run", "-p", "quiet", *arguments),
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        self.seen = b""

    def wait_for(self, text: bytes, times: int = 1) -> None:
        """Read output until `text` has come so many times."""
        end = time.monotonic() + TIME_LIMIT_S
        while self.seen.count(text) < times:
            assert time.monotonic() < end, self.seen
            assert self.process.poll() is None, self.seen
            if select.select([self.master], [], [], 1)[0]:
                self.seen += os.read(self.master, 4096)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)


def test_ctrl_a_x_ends_the_machine_and_the_terminal_is_restored(initrd: MakeInitrd) -> None:
    guest = OnTerminal("-i", initrd("echo ready; read -r line; echo never"))
    try:
        guest.wait_for(b"ready")
        assert not termios.tcgetattr(guest.slave)[3] & termios.ECHO
        os.write(guest.master, b"\x01h")
        guest.wait_for(b"Ctrl-A x")
        os.write(guest.master, b"\x01x")
        assert guest.process.wait(TIME_LIMIT_S) == ExitStatus.INTERRUPTED
        assert termios.tcgetattr(guest.slave) == guest.before
    finally:
        guest.close()


def test_reboot_starts_the_machine_again_and_a_signal_ends_it(initrd: MakeInitrd) -> None:
    guest = OnTerminal("-i", initrd("echo alive; reboot -f"))
    try:
        guest.wait_for(b"alive", times=2)
        guest.process.send_signal(signal.SIGTERM)
        assert guest.process.wait(TIME_LIMIT_S) == ExitStatus.INTERRUPTED
        assert termios.tcgetattr(guest.slave) == guest.before
    finally:
        guest.close()
