"""Vhost-user with programs that nobody here wrote: QEMU's guests on our disk, and QEMU's disk."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from boot.conftest import ARCH, TIME_LIMIT_S, lkvm_command, run_to_end
from kvmtool.guest import modules
from kvmtool.guest.initramfs import built_in
from kvmtool.virtio import catalog

pytestmark = pytest.mark.timeout(TIME_LIMIT_S)

SECTOR = 512
MIB = 1 << 20
# Writes to the disk and reads what was there.
IN_GUEST = (
    "cat /sys/block/vda/size; head -c 12 /dev/vda; echo;"
    " echo from the guest | dd of=/dev/vda bs=512 seek=8 conv=sync,fsync 2>/dev/null;"
    " dd if=/dev/vda of=/dev/null bs=64k 2>/dev/null && echo read it all"
)


def emulated(script: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script on the KVM that boots Linux; `$lkvm` is the command itself."""
    words = [*lkvm_command("emulate", "--"), "sh", "-ec", f"lkvm={LKVM}\n{script}"]
    return run_to_end(words)


LKVM = shlex.quote(f"{sys.executable} -m kvmtool")
WAIT = "tries=300; until [ -S /run/disk ] || [ $((tries -= 1)) = 0 ]; do sleep 0.1; done\n"


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    image = tmp_path / "disk.img"
    image.write_bytes(b"on the disk\n")
    os.truncate(image, 4 * MIB)
    return image


def check(disk: Path, output: str) -> None:
    """Compare what the guest saw and wrote."""
    # A BIOS clears the screen without a line end.
    lines = [line.rpartition("\x1b[2J")[2].strip() for line in output.splitlines()]
    assert str(4 * MIB // SECTOR) in lines, output
    assert "on the disk" in lines
    assert "read it all" in lines
    content = disk.read_bytes()
    assert content[8 * SECTOR : 9 * SECTOR] == b"from the guest\n".ljust(SECTOR, b"\0")


def test_our_daemon_serves_a_guest_of_qemu(disk: Path, tmp_path: Path, cloud_kernel: Path) -> None:
    drivers = modules.find(str(cloud_kernel), catalog.drivers(["blk"], "pci"))
    initrd = tmp_path / "initrd"
    initrd.write_bytes(built_in(["sh", "-c", IN_GUEST], is_terminal=False, modules=drivers))
    done = emulated(
        f"$lkvm device blk --socket /run/disk -d {disk},format=raw & daemon=$!\n{WAIT}"
        f"qemu-system-{ARCH} -accel kvm -cpu host -M q35,memory-backend=ram -m 256M -no-reboot"
        " -object memory-backend-memfd,id=ram,size=256M,share=on -nographic -nodefaults"
        " -chardev socket,id=disk,path=/run/disk -device vhost-user-blk-pci,chardev=disk"
        f" -serial stdio -serial file:/run/status -kernel {cloud_kernel} -initrd {initrd}"
        " -append 'console=ttyS0 quiet panic=-1 cryptomgr.notests' & qemu=$!\n"
        "tries=1000; until [ -s /run/status ] || [ $((tries -= 1)) = 0 ]; do sleep 0.1; done\n"
        "kill $qemu; wait $qemu || true; kill $daemon; wait; cat /run/status"
    )
    assert done.stdout.splitlines()[-1].strip() == "0", done.stdout + done.stderr
    check(disk, done.stdout)


@pytest.mark.parametrize("queues", [1, 4])
def test_qemu_storage_daemon_serves_our_guest(queues: int, disk: Path) -> None:
    done = emulated(
        f"qemu-storage-daemon --blockdev driver=file,node-name=d,filename={disk}"
        " --export type=vhost-user-blk,id=e,node-name=d,writable=on,"
        f"num-queues={queues},addr.type=unix,addr.path=/run/disk & daemon=$!\n{WAIT}"
        f"$lkvm run -c 2 --vhost-user blk,/run/disk -- sh -c {shlex.quote(IN_GUEST)}\nkill $daemon"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    check(disk, done.stdout)


def test_our_daemon_serves_our_guest_after_another(disk: Path) -> None:
    run = f"$lkvm run --vhost-user blk,/run/disk -- sh -c {shlex.quote(IN_GUEST)}\n"
    done = emulated(
        f"$lkvm device blk --socket /run/disk -d {disk},format=raw & daemon=$!\n"
        f"{WAIT}{run}{run}kill $daemon; wait\n"
        "[ ! -e /run/disk ] && echo nothing left"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    check(disk, done.stdout)
    assert done.stdout.count("read it all") == 2
    assert "nothing left" in done.stdout
