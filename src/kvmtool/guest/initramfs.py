"""The built-in guest: an initramfs with busybox and an init, made anew for each run."""

from __future__ import annotations

import os

from kvmtool import cache
from kvmtool.boot.initramfs import Initramfs
from kvmtool.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def built_in(
    command: Sequence[str], *, is_terminal: bool, modules: Iterable[tuple[str, bytes]] = ()
) -> bytes:
    """Return an initramfs that runs `command`, or a shell if it is empty.

    `modules` are the file names and images of kernel modules, in the order to load them.
    `is_terminal` is whether the console is a person's: otherwise nothing is echoed and line ends
    stay as they are, and the command's input is empty. Raises BadInput without the busybox that
    `lkvm setup` gets.
    """
    busybox = os.path.join(cache.cache_dir("guest", os.uname().machine), "busybox")
    if not os.path.exists(busybox):
        raise BadInput("the built-in guest needs busybox: run `lkvm setup`, or give an initrd (-i)")
    archive = Initramfs()
    for directory in ("bin", "dev"):
        archive.add_directory(directory)
    archive.add_device("dev/console", 5, 1)
    archive.copy_file("bin/busybox", busybox, 0o755)
    with open(os.path.join(os.path.dirname(__file__), "init.sh"), "rb") as file:
        archive.add_file("init", file.read(), 0o755)
    order = []
    for name, image in modules:
        archive.add_file(f"modules/{name}", image)
        order.append(f"insmod /modules/{name}\n")
    archive.add_file("load_modules", "".join(order).encode())
    if command:
        from shlex import join

        archive.add_file("command", os.fsencode(join(command) + "\n"))
        # What comes through a pipe has no end that a serial port could tell of.
        quiet = "stty -echo -onlcr </dev/console\ninput=/dev/null\n"
        terminal = "input=/dev/console\n" if is_terminal else quiet
        archive.add_file("terminal", terminal.encode())
    return archive.archive()
