"""The devices of our own: how each is asked for, where it is, and the driver that Linux has for it.

This table is what the options of `lkvm run`, `lkvm device` and the pages of docs/devices are made
from. A device's module is imported when a machine has one.
"""

from __future__ import annotations

from kvmtool.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.virtio.device import VirtioDevice


class Entry:
    """A kind of device.

    `option` is how `lkvm` asks for one, `metavar` what that takes ("" for nothing). The class
    `class_name` of `module` makes one from the option's text by its `from_option`. `drivers` are
    Linux's modules.
    """

    __slots__ = ("class_name", "drivers", "help", "kind", "metavar", "module", "option", "short")

    def __init__(
        self,
        kind: str,
        class_name: str,
        option: str,
        *,
        short: str = "",
        metavar: str = "",
        drivers: tuple[str, ...],
        help: str,
    ) -> None:
        self.kind = kind
        self.module = f"kvmtool.virtio.{kind}"
        self.class_name = class_name
        self.option = option
        self.short = short
        self.metavar = metavar
        self.drivers = drivers
        self.help = help

    def device_class(self) -> type[VirtioDevice]:
        """Import the device's module and return its class."""
        module = __import__(self.module, fromlist=[self.class_name])
        device_class: type[VirtioDevice] = getattr(module, self.class_name)
        return device_class


ENTRIES = (
    Entry(
        "blk",
        "Blk",
        "--disk",
        short="-d",
        metavar="PATH[,OPTION...]",
        drivers=("virtio_blk",),
        help="a disk: an image file or a block device, with ro, direct, format=raw|qcow2,"
        " backing-format=raw|qcow2, discard, serial=TEXT, queues=N, iops=N, bw=SIZE,"
        " cache=writeback|writethrough",
    ),
    Entry(
        "rng",
        "Rng",
        "--rng",
        drivers=("virtio_rng",),
        help="a source of random numbers for the guest",
    ),
    Entry(
        "balloon",
        "Balloon",
        "--balloon",
        drivers=("virtio_balloon",),
        help="a memory balloon: what the guest frees goes back to the host, and its size is"
        " set from Python",
    ),
    Entry(
        "pmem",
        "Pmem",
        "--pmem",
        metavar="PATH[,rw]",
        drivers=("virtio_pmem", "nd_pmem"),
        help="a file as persistent memory (/dev/pmem0, for file systems with dax);"
        " read-only unless rw",
    ),
    Entry(
        "console",
        "Console",
        "--virtio-console",
        drivers=("virtio_console",),
        help="a virtio console",
    ),
)

_BY_KIND = {one.kind: one for one in ENTRIES}

# What other programs serve by vhost-user, beside our own kinds: virtio 1.3, 5, has the numbers.
_EXTERNAL = {
    # kind: device id, queues, Linux's driver
    "net": (1, 2, "virtio_net"),
    "scsi": (8, 3, "virtio_scsi"),
    "fs": (26, 2, "virtiofs"),
}
_EXTERNAL_QUEUE_SIZE = 256
# A back-end of these says itself how many queues it has.
QUEUES_VARY = ("blk", "console")

TRANSPORT_DRIVERS = {"pci": ("virtio_pci",), "mmio": ("virtio_mmio",)}


def entry(kind: str) -> Entry:
    """The entry of a kind of our own. Raises BadInput for one that is not there."""
    if kind not in _BY_KIND:
        raise BadInput(f"there is no device {kind!r}; there are {', '.join(_BY_KIND)}")
    return _BY_KIND[kind]


def external(kind: str) -> tuple[int, tuple[int, ...]]:
    """The device id and the queue sizes of a device that another program serves.

    Raises BadInput for a kind that is not known.
    """
    if kind in _EXTERNAL:
        device_id, queues, _ = _EXTERNAL[kind]
        return device_id, (_EXTERNAL_QUEUE_SIZE,) * queues
    if kind not in _BY_KIND:
        known = ", ".join((*_EXTERNAL, *_BY_KIND))
        raise BadInput(f"{kind!r} is no vhost-user device that is known; those are {known}")
    if kind == "pmem":
        # Vhost-user says neither which file nor how large: the guest would be shown its own RAM.
        raise BadInput("the file of a pmem device is memory of this machine: use --pmem PATH")
    device_class = _BY_KIND[kind].device_class()
    return device_class.device_id, tuple(queue.size for queue in device_class.queues)


def drivers(kinds: list[str], transport: str) -> list[str]:
    """Linux's modules for these kinds of devices on a transport."""
    names = list(TRANSPORT_DRIVERS[transport]) if kinds else []
    for kind in dict.fromkeys(kinds):
        if kind not in _BY_KIND:
            external(kind)
        names += [_EXTERNAL[kind][2]] if kind in _EXTERNAL else entry(kind).drivers
    return names
