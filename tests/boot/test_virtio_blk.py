"""Disks in guests: root file systems, Debian's fio with verification, many disks, hot resets."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from boot.conftest import TIME_LIMIT_S, run_script
from boot.root_images import convert, make_ext4, make_tree, read_file

pytestmark = pytest.mark.timeout(TIME_LIMIT_S)

Run = Callable[..., "subprocess.CompletedProcess[str]"]
MIB = 1 << 20
ROOT_SIZE_MIB = 192

# Random writes of mixed sizes that are read back and compared, below the file system's cache.
FIO = (
    "fio --name=v --filename=/fio.dat --size=6M --rw=randwrite --bsrange=512-64k --blockalign=512"
    " --direct=1 --ioengine=libaio --iodepth=16 --verify=crc32c --verify_fatal=1 --do_verify=1"
    " --fallocate=none --minimal"
)


@pytest.fixture(scope="module")
def root_image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A raw ext4 image with busybox and fio."""
    place = tmp_path_factory.mktemp("root")
    make_tree(place / "tree", "fio")
    image = place / "root.img"
    make_ext4(image, place / "tree", ROOT_SIZE_MIB)
    return image


@pytest.mark.parametrize(
    ("image_format", "options", "transport", "packed"),
    [
        ("raw", (), "pci", False),
        ("raw", (), "mmio", True),
        ("qcow2", ("compat=1.1",), "pci", True),
        ("qcow2", ("compat=0.10",), "mmio", False),
    ],
)
def test_root_on_a_disk_and_fio_verifies_what_it_wrote(
    image_format: str,
    options: tuple[str, ...],
    transport: str,
    packed: bool,
    root_image: Path,
    tmp_path: Path,
    run_guest: Run,
) -> None:
    disk = tmp_path / f"disk.{image_format}"
    convert(root_image, disk, image_format, *options)
    script = (
        "grep ' / ' /proc/mounts; cat /sys/block/vda/device/features; readlink -f /sys/block/vda;"
        f" {FIO} >/tmp/fio && echo fio=good; echo written in the guest >/note; sync"
    )
    words = ["-d", f"{disk},format={image_format}", "--virtio-transport", transport]
    if packed:
        words.append("--packed-queues")
    done = run_guest(*words, "-p", "root=/dev/vda rw rootfstype=ext4", command=("sh", "-c", script))
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("/dev/vda / ext4 rw"), done.stdout
    assert lines[1][34] == ("1" if packed else "0"), "VIRTIO_F_RING_PACKED"
    assert ("LNRO0005" in lines[2]) == (transport == "mmio")
    assert "fio=good" in lines, done.stdout
    if image_format == "qcow2":
        subprocess.run(["qemu-img", "check", "-q", disk], check=True)
        raw = tmp_path / "back.img"
        subprocess.run(["qemu-img", "convert", "-f", "qcow2", "-O", "raw", disk, raw], check=True)
        disk = raw
    subprocess.run(["e2fsck", "-fn", disk], check=True, capture_output=True)
    assert read_file(disk, "/note") == "written in the guest\n"


def test_what_a_command_wrote_is_kept_though_it_left_processes_and_mounts(
    root_image: Path, tmp_path: Path, run_guest: Run
) -> None:
    disk, other = tmp_path / "disk.img", tmp_path / "other.img"
    for image in (disk, other):
        convert(root_image, image, "raw")
    script = (
        "mount -t tmpfs none /tmp; mount -t ext4 /dev/vdb /mnt; sleep 600 &"
        " echo kept | tee /note >/mnt/note"
    )
    words = ["-d", disk, "-p", "root=/dev/vda rw rootfstype=ext4", "-d", other]
    done = run_guest(*words, command=("sh", "-c", script))
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
    for image in (disk, other):
        subprocess.run(["e2fsck", "-fn", image], check=True, capture_output=True)
        assert read_file(image, "/note") == "kept\n"


def test_what_a_command_wrote_to_a_disk_that_is_still_mounted_is_kept(
    tmp_path: Path, run_guest: Run
) -> None:
    disk = tmp_path / "disk.img"
    (tmp_path / "tree").mkdir()
    make_ext4(disk, tmp_path / "tree", 8)
    script = "mkdir /mnt; mount -t ext4 /dev/vda /mnt; echo kept >/mnt/note"
    done = run_guest("-d", disk, command=("sh", "-c", script))
    assert done.returncode == 0, done.stdout + done.stderr
    subprocess.run(["e2fsck", "-fp", disk], check=False, capture_output=True)  # replays the journal
    assert read_file(disk, "/note") == "kept\n"


def test_eight_disks_each_with_its_serial_size_and_contents(tmp_path: Path, run_guest: Run) -> None:
    words = []
    for number in range(8):
        image = tmp_path / f"{number}.img"
        image.write_bytes(b"disk %d" % number)
        os.truncate(image, (number + 1) * MIB)
        words += ["-d", f"{image},serial=S{number}" + (",ro" if number % 2 else "")]
    script = (
        "for d in /sys/block/vd?; do n=${d##*/};"
        " echo $n $(cat $d/serial) $(cat $d/size) $(cat $d/ro) $(head -c 6 /dev/$n); done"
    )
    done = run_guest(*words, command=("sh", "-c", script))
    assert done.returncode == 0, done.stdout + done.stderr
    expected = [
        f"vd{letter} S{number} {(number + 1) * MIB // 512} {number % 2} disk {number}"
        for number, letter in enumerate("abcdefgh")
    ]
    # The driver's probes run side by side, so the letters are given in any order.
    seen = [line.split(" ", 1)[1] for line in done.stdout.splitlines()]
    assert sorted(seen) == sorted(line.split(" ", 1)[1] for line in expected)


@pytest.mark.parametrize("transport", ["pci", "mmio"])
def test_driver_unbound_and_bound_again_under_load_finds_the_disk_as_it_was(
    transport: str, tmp_path: Path, run_guest: Run
) -> None:
    image = tmp_path / "disk.img"
    os.truncate(os.open(image, os.O_CREAT | os.O_WRONLY), 16 * MIB)
    script = """
driver=/sys/bus/virtio/drivers/virtio_blk
device=$(basename $(readlink -f /sys/block/vda/device))
# A node of our own: /dev/vda goes with the driver, and dd would make a plain file of that name.
mknod /disk b $(tr : ' ' </sys/block/vda/dev)
for round in 1 2 3; do
    dd if=/disk of=/dev/null bs=64k 2>/dev/null &
    (while dd if=/dev/zero of=/disk bs=4k seek=1024 count=64 oflag=direct 2>/dev/null; do :; done) &
    usleep 100000
    echo $device >$driver/unbind
    wait
    echo $device >$driver/bind
    echo "round $round" | dd of=/disk bs=512 seek=$round conv=sync 2>/dev/null || exit
    sync
done
dd if=/disk bs=512 skip=1 count=3 2>/dev/null | tr -d '\\0'
"""
    done = run_guest("-d", image, "--virtio-transport", transport, command=("sh", "-c", script))
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.findall(r"round \d", done.stdout) == ["round 1", "round 2", "round 3"], (
        done.stdout + done.stderr
    )
    assert "needs a reset" not in done.stderr


@pytest.mark.parametrize("transport", ["pci", "mmio"])
@pytest.mark.parametrize("what", ["exits", "kills"])
def test_disk_under_load(what: str, transport: str, tmp_path: Path) -> None:
    done = run_script("boot.disk_operations", what, transport, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "done"
