"""linux/virtio_mem.h. Made by `lkvm uapi generate`; edits are lost."""

from ctypes import Array, Structure, Union, c_uint8, c_uint16
from typing import Final

VIRTIO_MEM_F_ACPI_PXM: Final = 0
VIRTIO_MEM_F_UNPLUGGED_INACCESSIBLE: Final = 1
VIRTIO_MEM_F_PERSISTENT_SUSPEND: Final = 2
VIRTIO_MEM_REQ_PLUG: Final = 0
VIRTIO_MEM_REQ_UNPLUG: Final = 1
VIRTIO_MEM_REQ_UNPLUG_ALL: Final = 2
VIRTIO_MEM_REQ_STATE: Final = 3
VIRTIO_MEM_RESP_ACK: Final = 0
VIRTIO_MEM_RESP_NACK: Final = 1
VIRTIO_MEM_RESP_BUSY: Final = 2
VIRTIO_MEM_RESP_ERROR: Final = 3
VIRTIO_MEM_STATE_PLUGGED: Final = 0
VIRTIO_MEM_STATE_UNPLUGGED: Final = 1
VIRTIO_MEM_STATE_MIXED: Final = 2

class virtio_mem_req_plug(Structure):
    addr: int
    nb_blocks: int
    padding: Array[c_uint16]

class virtio_mem_req_unplug(Structure):
    addr: int
    nb_blocks: int
    padding: Array[c_uint16]

class virtio_mem_req_state(Structure):
    addr: int
    nb_blocks: int
    padding: Array[c_uint16]

class virtio_mem_req_u(Union):
    plug: virtio_mem_req_plug
    unplug: virtio_mem_req_unplug
    state: virtio_mem_req_state

class virtio_mem_req(Structure):
    type: int
    padding: Array[c_uint16]
    u: virtio_mem_req_u

class virtio_mem_resp_state(Structure):
    state: int

class virtio_mem_resp_u(Union):
    state: virtio_mem_resp_state

class virtio_mem_resp(Structure):
    type: int
    padding: Array[c_uint16]
    u: virtio_mem_resp_u

class virtio_mem_config(Structure):
    block_size: int
    node_id: int
    padding: Array[c_uint8]
    addr: int
    region_size: int
    usable_region_size: int
    plugged_size: int
    requested_size: int
