"""linux/virtio_console.h. Made by `lkvm uapi generate`; edits are lost."""

from ctypes import Structure
from typing import Final

VIRTIO_CONSOLE_F_SIZE: Final = 0
VIRTIO_CONSOLE_F_MULTIPORT: Final = 1
VIRTIO_CONSOLE_F_EMERG_WRITE: Final = 2
VIRTIO_CONSOLE_BAD_ID: Final = 0xFFFFFFFF
VIRTIO_CONSOLE_DEVICE_READY: Final = 0
VIRTIO_CONSOLE_PORT_ADD: Final = 1
VIRTIO_CONSOLE_PORT_REMOVE: Final = 2
VIRTIO_CONSOLE_PORT_READY: Final = 3
VIRTIO_CONSOLE_CONSOLE_PORT: Final = 4
VIRTIO_CONSOLE_RESIZE: Final = 5
VIRTIO_CONSOLE_PORT_OPEN: Final = 6
VIRTIO_CONSOLE_PORT_NAME: Final = 7

class virtio_console_config(Structure):
    cols: int
    rows: int
    max_nr_ports: int
    emerg_wr: int

class virtio_console_control(Structure):
    id: int
    event: int
    value: int
