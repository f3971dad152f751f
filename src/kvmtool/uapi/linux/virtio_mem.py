"""linux/virtio_mem.h. Made by `lkvm uapi generate`; edits are lost."""

from kvmtool.uapi.layout import attribute as _attribute

VIRTIO_MEM_F_ACPI_PXM = 0
VIRTIO_MEM_F_UNPLUGGED_INACCESSIBLE = 1
VIRTIO_MEM_F_PERSISTENT_SUSPEND = 2
VIRTIO_MEM_REQ_PLUG = 0
VIRTIO_MEM_REQ_UNPLUG = 1
VIRTIO_MEM_REQ_UNPLUG_ALL = 2
VIRTIO_MEM_REQ_STATE = 3
VIRTIO_MEM_RESP_ACK = 0
VIRTIO_MEM_RESP_NACK = 1
VIRTIO_MEM_RESP_BUSY = 2
VIRTIO_MEM_RESP_ERROR = 3
VIRTIO_MEM_STATE_PLUGGED = 0
VIRTIO_MEM_STATE_UNPLUGGED = 1
VIRTIO_MEM_STATE_MIXED = 2

_LAYOUTS = {
    "virtio_mem_req_plug": "struct 16: u64 addr; u16 nb_blocks; u16 padding[3]",
    "virtio_mem_req_unplug": "struct 16: u64 addr; u16 nb_blocks; u16 padding[3]",
    "virtio_mem_req_state": "struct 16: u64 addr; u16 nb_blocks; u16 padding[3]",
    "virtio_mem_req_u": (
        "union 16: virtio_mem_req_plug plug; virtio_mem_req_unplug unplug; "
        "virtio_mem_req_state state"
    ),
    "virtio_mem_req": "struct 24: u16 type; u16 padding[3]; virtio_mem_req_u u",
    "virtio_mem_resp_state": "struct 2: u16 state",
    "virtio_mem_resp_u": "union 2: virtio_mem_resp_state state",
    "virtio_mem_resp": "struct 10: u16 type; u16 padding[3]; virtio_mem_resp_u u",
    "virtio_mem_config": (
        "struct 56: u64 block_size; u16 node_id; u8 padding[6]; u64 addr; u64 region_size; "
        "u64 usable_region_size; u64 plugged_size; u64 requested_size"
    ),
}


def __getattr__(name):
    return _attribute(name, _LAYOUTS, globals())
