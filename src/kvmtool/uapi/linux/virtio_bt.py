"""linux/virtio_bt.h. Made by `lkvm uapi generate`; edits are lost."""

from kvmtool.uapi.layout import attribute as _attribute

VIRTIO_BT_F_VND_HCI = 0
VIRTIO_BT_F_MSFT_EXT = 1
VIRTIO_BT_F_AOSP_EXT = 2
VIRTIO_BT_F_CONFIG_V2 = 3
VIRTIO_BT_CONFIG_TYPE_PRIMARY = 0
VIRTIO_BT_CONFIG_VENDOR_NONE = 0
VIRTIO_BT_CONFIG_VENDOR_ZEPHYR = 1
VIRTIO_BT_CONFIG_VENDOR_INTEL = 2
VIRTIO_BT_CONFIG_VENDOR_REALTEK = 3

_LAYOUTS = {
    "virtio_bt_config": "packed struct 5: u8 type; u16 vendor; u16 msft_opcode",
    "virtio_bt_config_v2": "struct 6: u8 type; u8 alignment; u16 vendor; u16 msft_opcode",
}


def __getattr__(name):
    return _attribute(name, _LAYOUTS, globals())
