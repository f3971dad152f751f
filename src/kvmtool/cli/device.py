"""`lkvm device`: serves one device alone, to whatever speaks vhost-user."""

from __future__ import annotations

from kvmtool import log
from kvmtool.virtio import catalog

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

NAME = "device"
HELP = "serve one virtio device on a socket, by vhost-user"
EPILOG = """\
The front-end is any VMM that knows vhost-user: lkvm run --vhost-user KIND,SOCKET, or QEMU with
shared memory (-object memory-backend-memfd,share=on) and its vhost-user-KIND-pci device.
One front-end is served at a time. Ctrl-C or SIGTERM ends the device and removes the socket.

exit status:
  2     bad arguments, or a file that cannot be used
  104   the device's process ended by itself, or was killed again and again
  130   ended by Ctrl-C or a signal
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `lkvm device`."""
    add = parser.add_argument
    parser.usage = "lkvm device KIND --socket PATH [OPTION...]"
    add("kind", choices=[entry.kind for entry in catalog.ENTRIES], metavar="KIND",
        help=", ".join(entry.kind for entry in catalog.ENTRIES))  # fmt: skip
    add("--socket", metavar="PATH", required=True, help="the Unix socket to make and listen on")
    for entry in catalog.ENTRIES:
        if entry.metavar:
            names = [entry.short, entry.option] if entry.short else [entry.option]
            add(*names, dest=entry.kind, metavar=entry.metavar, help=f"{entry.kind}: {entry.help}")
    add("--no-sandbox", action="store_true", help="leave the device's process all its rights")
    add("--debug-virtio", action="store_true", help="report the chains of its queues")
    add("--loglevel", choices=log.LEVELS, default="info", help="how much to say; default info")


def run(args: argparse.Namespace) -> int:
    """Serve the device until a signal ends it."""
    from kvmtool.errors import BadInput
    from kvmtool.virtio import server

    log.set_level(args.loglevel)
    entry = catalog.entry(args.kind)
    text = getattr(args, args.kind, None)
    if entry.metavar and text is None:
        raise BadInput(f"a {args.kind} device needs {entry.option} {entry.metavar}")
    for other in catalog.ENTRIES:
        if other is not entry and getattr(args, other.kind, None) is not None:
            raise BadInput(f"{other.option} is for a {other.kind} device, not for {args.kind}")
    device = entry.device_class().from_option(text or "")
    if args.debug_virtio:
        device.traced = [device.name]
    server.listen(device, args.socket, sandbox=not args.no_sandbox)
    return 0
