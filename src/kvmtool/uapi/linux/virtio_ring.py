"""linux/virtio_ring.h. Made by `lkvm uapi generate`; edits are lost."""

from kvmtool.uapi.layout import attribute as _attribute

VRING_DESC_F_NEXT = 1
VRING_DESC_F_WRITE = 2
VRING_DESC_F_INDIRECT = 4
VRING_PACKED_DESC_F_AVAIL = 7
VRING_PACKED_DESC_F_USED = 15
VRING_USED_F_NO_NOTIFY = 1
VRING_AVAIL_F_NO_INTERRUPT = 1
VRING_PACKED_EVENT_FLAG_ENABLE = 0
VRING_PACKED_EVENT_FLAG_DISABLE = 1
VRING_PACKED_EVENT_FLAG_DESC = 2
VRING_PACKED_EVENT_F_WRAP_CTR = 15
VIRTIO_RING_F_INDIRECT_DESC = 28
VIRTIO_RING_F_EVENT_IDX = 29
VRING_AVAIL_ALIGN_SIZE = 2
VRING_USED_ALIGN_SIZE = 4
VRING_DESC_ALIGN_SIZE = 16

_LAYOUTS = {
    "vring_desc": "struct 16: u64 addr; u32 len; u16 flags; u16 next",
    "vring_avail": "struct 4: u16 flags; u16 idx; u16 ring[0]",
    "vring_used_elem": "struct 8: u32 id; u32 len",
    "vring_used": "struct 4: u16 flags; u16 idx; vring_used_elem ring[0]",
    "vring": "struct 32: u32 num; ptr desc; ptr avail; ptr used",
    "vring_packed_desc_event": "struct 4: u16 off_wrap; u16 flags",
    "vring_packed_desc": "struct 16: u64 addr; u32 len; u16 id; u16 flags",
}


def __getattr__(name):
    return _attribute(name, _LAYOUTS, globals())
