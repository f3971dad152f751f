"""Root file systems for guests: busybox, and programs of this machine with their libraries."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from kvmtool import cache


def program_files(program: str) -> set[str]:
    """The path of `program` and of the shared libraries that its loader finds."""
    path = shutil.which(program)
    assert path, f"{program} is missing: tools/install-packages test installs it"
    listing = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
    words = (word for line in listing.splitlines() for word in line.split())
    return {os.path.realpath(path), *(word for word in words if word.startswith("/"))} | {path}


def make_tree(directory: Path, *programs: str) -> None:
    """Fill `directory` with a root file system that has busybox and `programs`."""
    for name in ("bin", "dev", "proc", "sys", "tmp", "mnt", "etc", "sbin"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    busybox = Path(cache.cache_dir("guest", os.uname().machine), "busybox")
    shutil.copy(busybox, directory / "bin" / "busybox")
    listing = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True)
    for applet in listing.stdout.split():
        if applet != "busybox":
            (directory / "bin" / applet).symlink_to("busybox")
    for program in programs:
        for path in program_files(program):
            target = directory / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                shutil.copy(path, target)


def make_ext4(image: Path, directory: Path, size_mib: int) -> None:
    """Make the raw image `image` with an ext4 file system that holds the tree at `directory`."""
    # Blocks of a page, as DAX needs them.
    options = ["-q", "-t", "ext4", "-b", "4096", "-E", "root_owner=0:0"]
    subprocess.run(["mke2fs", *options, "-d", directory, image, f"{size_mib}M"], check=True)


def convert(image: Path, to: Path, image_format: str, *options: str) -> None:
    """Make `to`, in `image_format`, of the raw image `image` by qemu-img."""
    words = ["qemu-img", "convert", "-f", "raw", "-O", image_format]
    for option in options:
        words += ["-o", option]
    subprocess.run([*words, image, to], check=True)


def read_file(image: Path, path: str) -> str:
    """What the file `path` in the ext4 file system of a raw image holds, by debugfs(8)."""
    done = subprocess.run(
        ["debugfs", "-R", f"cat {path}", image], capture_output=True, text=True, check=True
    )
    return done.stdout
