"""linux/virtio_input.h. Made by `lkvm uapi generate`; edits are lost."""

from kvmtool.uapi.layout import attribute as _attribute

VIRTIO_INPUT_CFG_UNSET = 0
VIRTIO_INPUT_CFG_ID_NAME = 1
VIRTIO_INPUT_CFG_ID_SERIAL = 2
VIRTIO_INPUT_CFG_ID_DEVIDS = 3
VIRTIO_INPUT_CFG_PROP_BITS = 16
VIRTIO_INPUT_CFG_EV_BITS = 17
VIRTIO_INPUT_CFG_ABS_INFO = 18

_LAYOUTS = {
    "virtio_input_absinfo": "struct 20: u32 min; u32 max; u32 fuzz; u32 flat; u32 res",
    "virtio_input_devids": "struct 8: u16 bustype; u16 vendor; u16 product; u16 version",
    "virtio_input_config_u": (
        "union 128: u8 string[128]; u8 bitmap[128]; virtio_input_absinfo abs; "
        "virtio_input_devids ids"
    ),
    "virtio_input_config": (
        "struct 136: u8 select; u8 subsel; u8 size; u8 reserved[5]; virtio_input_config_u u"
    ),
    "virtio_input_event": "struct 8: u16 type; u16 code; u32 value",
}


def __getattr__(name):
    return _attribute(name, _LAYOUTS, globals())
