"""linux/virtio_i2c.h. Made by `lkvm uapi generate`; edits are lost."""

from kvmtool.uapi.layout import attribute as _attribute

VIRTIO_I2C_F_ZERO_LENGTH_REQUEST = 0
VIRTIO_I2C_FLAGS_FAIL_NEXT = 1
VIRTIO_I2C_FLAGS_M_RD = 2
VIRTIO_I2C_MSG_OK = 0
VIRTIO_I2C_MSG_ERR = 1

_LAYOUTS = {
    "virtio_i2c_out_hdr": "struct 8: u16 addr; u16 padding; u32 flags",
    "virtio_i2c_in_hdr": "struct 1: u8 status",
}


def __getattr__(name):
    return _attribute(name, _LAYOUTS, globals())
