"""linux/virtio_9p.h. Made by `lkvm uapi generate`; edits are lost."""

from ctypes import Array, Structure, c_uint8
from typing import Final

VIRTIO_9P_MOUNT_TAG: Final = 0

class virtio_9p_config(Structure):
    tag_len: int
    tag: Array[c_uint8]
