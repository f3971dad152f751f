"""linux/virtio_pmem.h. Made by `lkvm uapi generate`; edits are lost."""

from ctypes import Structure
from typing import Final

VIRTIO_PMEM_F_SHMEM_REGION: Final = 0
VIRTIO_PMEM_SHMEM_REGION_ID: Final = 0
VIRTIO_PMEM_REQ_TYPE_FLUSH: Final = 0

class virtio_pmem_config(Structure):
    start: int
    size: int

class virtio_pmem_resp(Structure):
    ret: int

class virtio_pmem_req(Structure):
    type: int
