"""linux/virtio_fs.h. Made by `lkvm uapi generate`; edits are lost."""

from kvmtool.uapi.layout import attribute as _attribute

VIRTIO_FS_SHMCAP_ID_CACHE = 0

_LAYOUTS = {
    "virtio_fs_config": "struct 40: u8 tag[36]; u32 num_request_queues",
}


def __getattr__(name):
    return _attribute(name, _LAYOUTS, globals())
