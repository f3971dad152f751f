"""linux/virtio_bt.h. Made by `lkvm uapi generate`; edits are lost."""

from ctypes import Structure
from typing import Final

VIRTIO_BT_F_VND_HCI: Final = 0
VIRTIO_BT_F_MSFT_EXT: Final = 1
VIRTIO_BT_F_AOSP_EXT: Final = 2
VIRTIO_BT_F_CONFIG_V2: Final = 3
VIRTIO_BT_CONFIG_TYPE_PRIMARY: Final = 0
VIRTIO_BT_CONFIG_VENDOR_NONE: Final = 0
VIRTIO_BT_CONFIG_VENDOR_ZEPHYR: Final = 1
VIRTIO_BT_CONFIG_VENDOR_INTEL: Final = 2
VIRTIO_BT_CONFIG_VENDOR_REALTEK: Final = 3

class virtio_bt_config(Structure):
    type: int
    vendor: int
    msft_opcode: int

class virtio_bt_config_v2(Structure):
    type: int
    alignment: int
    vendor: int
    msft_opcode: int
