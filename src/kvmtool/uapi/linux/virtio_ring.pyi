"""linux/virtio_ring.h. Made by `lkvm uapi generate`; edits are lost."""

from ctypes import Array, Structure, c_uint16
from typing import Final

VRING_DESC_F_NEXT: Final = 1
VRING_DESC_F_WRITE: Final = 2
VRING_DESC_F_INDIRECT: Final = 4
VRING_PACKED_DESC_F_AVAIL: Final = 7
VRING_PACKED_DESC_F_USED: Final = 15
VRING_USED_F_NO_NOTIFY: Final = 1
VRING_AVAIL_F_NO_INTERRUPT: Final = 1
VRING_PACKED_EVENT_FLAG_ENABLE: Final = 0
VRING_PACKED_EVENT_FLAG_DISABLE: Final = 1
VRING_PACKED_EVENT_FLAG_DESC: Final = 2
VRING_PACKED_EVENT_F_WRAP_CTR: Final = 15
VIRTIO_RING_F_INDIRECT_DESC: Final = 28
VIRTIO_RING_F_EVENT_IDX: Final = 29
VRING_AVAIL_ALIGN_SIZE: Final = 2
VRING_USED_ALIGN_SIZE: Final = 4
VRING_DESC_ALIGN_SIZE: Final = 16

class vring_desc(Structure):
    addr: int
    len: int
    flags: int
    next: int

class vring_avail(Structure):
    flags: int
    idx: int
    ring: Array[c_uint16]

class vring_used_elem(Structure):
    id: int
    len: int

class vring_used(Structure):
    flags: int
    idx: int
    ring: Array[vring_used_elem]

class vring(Structure):
    num: int
    desc: int | None
    avail: int | None
    used: int | None

class vring_packed_desc_event(Structure):
    off_wrap: int
    flags: int

class vring_packed_desc(Structure):
    addr: int
    len: int
    id: int
    flags: int
