"""linux/virtio_pmem.h. Made by `lkvm uapi generate`; edits are lost."""

from kvmtool.uapi.layout import attribute as _attribute

VIRTIO_PMEM_F_SHMEM_REGION = 0
VIRTIO_PMEM_SHMEM_REGION_ID = 0
VIRTIO_PMEM_REQ_TYPE_FLUSH = 0

_LAYOUTS = {
    "virtio_pmem_config": "struct 16: u64 start; u64 size",
    "virtio_pmem_resp": "struct 4: u32 ret",
    "virtio_pmem_req": "struct 4: u32 type",
}


def __getattr__(name):
    return _attribute(name, _LAYOUTS, globals())
