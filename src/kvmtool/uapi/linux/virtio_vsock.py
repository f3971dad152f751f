"""linux/virtio_vsock.h. Made by `lkvm uapi generate`; edits are lost."""

from kvmtool.uapi.layout import attribute as _attribute

VIRTIO_VSOCK_F_SEQPACKET = 1
VIRTIO_VSOCK_EVENT_TRANSPORT_RESET = 0
VIRTIO_VSOCK_TYPE_STREAM = 1
VIRTIO_VSOCK_TYPE_SEQPACKET = 2
VIRTIO_VSOCK_OP_INVALID = 0
VIRTIO_VSOCK_OP_REQUEST = 1
VIRTIO_VSOCK_OP_RESPONSE = 2
VIRTIO_VSOCK_OP_RST = 3
VIRTIO_VSOCK_OP_SHUTDOWN = 4
VIRTIO_VSOCK_OP_RW = 5
VIRTIO_VSOCK_OP_CREDIT_UPDATE = 6
VIRTIO_VSOCK_OP_CREDIT_REQUEST = 7
VIRTIO_VSOCK_SHUTDOWN_RCV = 1
VIRTIO_VSOCK_SHUTDOWN_SEND = 2
VIRTIO_VSOCK_SEQ_EOM = 1
VIRTIO_VSOCK_SEQ_EOR = 2

_LAYOUTS = {
    "virtio_vsock_config": "struct 8: u64 guest_cid",
    "virtio_vsock_event": "struct 4: u32 id",
    "virtio_vsock_hdr": (
        "packed struct 44: u64 src_cid; u64 dst_cid; u32 src_port; u32 dst_port; u32 len; "
        "u16 type; u16 op; u32 flags; u32 buf_alloc; u32 fwd_cnt"
    ),
}


def __getattr__(name):
    return _attribute(name, _LAYOUTS, globals())
