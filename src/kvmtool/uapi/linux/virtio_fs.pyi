"""linux/virtio_fs.h. Made by `lkvm uapi generate`; edits are lost."""

from ctypes import Array, Structure, c_uint8
from typing import Final

VIRTIO_FS_SHMCAP_ID_CACHE: Final = 0

class virtio_fs_config(Structure):
    tag: Array[c_uint8]
    num_request_queues: int
