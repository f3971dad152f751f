"""linux/virtio_vsock.h. Made by `lkvm uapi generate`; edits are lost."""

from ctypes import Structure
from typing import Final

VIRTIO_VSOCK_F_SEQPACKET: Final = 1
VIRTIO_VSOCK_EVENT_TRANSPORT_RESET: Final = 0
VIRTIO_VSOCK_TYPE_STREAM: Final = 1
VIRTIO_VSOCK_TYPE_SEQPACKET: Final = 2
VIRTIO_VSOCK_OP_INVALID: Final = 0
VIRTIO_VSOCK_OP_REQUEST: Final = 1
VIRTIO_VSOCK_OP_RESPONSE: Final = 2
VIRTIO_VSOCK_OP_RST: Final = 3
VIRTIO_VSOCK_OP_SHUTDOWN: Final = 4
VIRTIO_VSOCK_OP_RW: Final = 5
VIRTIO_VSOCK_OP_CREDIT_UPDATE: Final = 6
VIRTIO_VSOCK_OP_CREDIT_REQUEST: Final = 7
VIRTIO_VSOCK_SHUTDOWN_RCV: Final = 1
VIRTIO_VSOCK_SHUTDOWN_SEND: Final = 2
VIRTIO_VSOCK_SEQ_EOM: Final = 1
VIRTIO_VSOCK_SEQ_EOR: Final = 2

class virtio_vsock_config(Structure):
    guest_cid: int

class virtio_vsock_event(Structure):
    id: int

class virtio_vsock_hdr(Structure):
    src_cid: int
    dst_cid: int
    src_port: int
    dst_port: int
    len: int
    type: int
    op: int
    flags: int
    buf_alloc: int
    fwd_cnt: int
