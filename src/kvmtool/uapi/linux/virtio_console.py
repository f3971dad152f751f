"""linux/virtio_console.h. Made by `lkvm uapi generate`; edits are lost."""

from kvmtool.uapi.layout import attribute as _attribute

VIRTIO_CONSOLE_F_SIZE = 0
VIRTIO_CONSOLE_F_MULTIPORT = 1
VIRTIO_CONSOLE_F_EMERG_WRITE = 2
VIRTIO_CONSOLE_BAD_ID = 0xFFFFFFFF
VIRTIO_CONSOLE_DEVICE_READY = 0
VIRTIO_CONSOLE_PORT_ADD = 1
VIRTIO_CONSOLE_PORT_REMOVE = 2
VIRTIO_CONSOLE_PORT_READY = 3
VIRTIO_CONSOLE_CONSOLE_PORT = 4
VIRTIO_CONSOLE_RESIZE = 5
VIRTIO_CONSOLE_PORT_OPEN = 6
VIRTIO_CONSOLE_PORT_NAME = 7

_LAYOUTS = {
    "virtio_console_config": "struct 12: u16 cols; u16 rows; u32 max_nr_ports; u32 emerg_wr",
    "virtio_console_control": "struct 8: u32 id; u16 event; u16 value",
}


def __getattr__(name):
    return _attribute(name, _LAYOUTS, globals())
