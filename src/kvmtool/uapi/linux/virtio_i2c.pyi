"""linux/virtio_i2c.h. Made by `lkvm uapi generate`; edits are lost."""

from ctypes import Structure
from typing import Final

VIRTIO_I2C_F_ZERO_LENGTH_REQUEST: Final = 0
VIRTIO_I2C_FLAGS_FAIL_NEXT: Final = 1
VIRTIO_I2C_FLAGS_M_RD: Final = 2
VIRTIO_I2C_MSG_OK: Final = 0
VIRTIO_I2C_MSG_ERR: Final = 1

class virtio_i2c_out_hdr(Structure):
    addr: int
    padding: int
    flags: int

class virtio_i2c_in_hdr(Structure):
    status: int
