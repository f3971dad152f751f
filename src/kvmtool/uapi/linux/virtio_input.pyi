"""linux/virtio_input.h. Made by `lkvm uapi generate`; edits are lost."""

from ctypes import Array, Structure, Union, c_uint8
from typing import Final

VIRTIO_INPUT_CFG_UNSET: Final = 0
VIRTIO_INPUT_CFG_ID_NAME: Final = 1
VIRTIO_INPUT_CFG_ID_SERIAL: Final = 2
VIRTIO_INPUT_CFG_ID_DEVIDS: Final = 3
VIRTIO_INPUT_CFG_PROP_BITS: Final = 16
VIRTIO_INPUT_CFG_EV_BITS: Final = 17
VIRTIO_INPUT_CFG_ABS_INFO: Final = 18

class virtio_input_absinfo(Structure):
    min: int
    max: int
    fuzz: int
    flat: int
    res: int

class virtio_input_devids(Structure):
    bustype: int
    vendor: int
    product: int
    version: int

class virtio_input_config_u(Union):
    string: Array[c_uint8]
    bitmap: Array[c_uint8]
    abs: virtio_input_absinfo
    ids: virtio_input_devids

class virtio_input_config(Structure):
    select: int
    subsel: int
    size: int
    reserved: Array[c_uint8]
    u: virtio_input_config_u

class virtio_input_event(Structure):
    type: int
    code: int
    value: int
