"""linux/virtio_9p.h. Made by `lkvm uapi generate`; edits are lost."""

from kvmtool.uapi.layout import attribute as _attribute

VIRTIO_9P_MOUNT_TAG = 0

_LAYOUTS = {
    "virtio_9p_config": "struct 2: u16 tag_len; u8 tag[0]",
}


def __getattr__(name):
    return _attribute(name, _LAYOUTS, globals())
