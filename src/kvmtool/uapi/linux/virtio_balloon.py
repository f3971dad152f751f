"""linux/virtio_balloon.h. Made by `lkvm uapi generate`; edits are lost."""

from kvmtool.uapi.layout import attribute as _attribute

VIRTIO_BALLOON_F_MUST_TELL_HOST = 0
VIRTIO_BALLOON_F_STATS_VQ = 1
VIRTIO_BALLOON_F_DEFLATE_ON_OOM = 2
VIRTIO_BALLOON_F_FREE_PAGE_HINT = 3
VIRTIO_BALLOON_F_PAGE_POISON = 4
VIRTIO_BALLOON_F_REPORTING = 5
VIRTIO_BALLOON_PFN_SHIFT = 12
VIRTIO_BALLOON_CMD_ID_STOP = 0
VIRTIO_BALLOON_CMD_ID_DONE = 1
VIRTIO_BALLOON_S_SWAP_IN = 0
VIRTIO_BALLOON_S_SWAP_OUT = 1
VIRTIO_BALLOON_S_MAJFLT = 2
VIRTIO_BALLOON_S_MINFLT = 3
VIRTIO_BALLOON_S_MEMFREE = 4
VIRTIO_BALLOON_S_MEMTOT = 5
VIRTIO_BALLOON_S_AVAIL = 6
VIRTIO_BALLOON_S_CACHES = 7
VIRTIO_BALLOON_S_HTLB_PGALLOC = 8
VIRTIO_BALLOON_S_HTLB_PGFAIL = 9
VIRTIO_BALLOON_S_OOM_KILL = 10
VIRTIO_BALLOON_S_ALLOC_STALL = 11
VIRTIO_BALLOON_S_ASYNC_SCAN = 12
VIRTIO_BALLOON_S_DIRECT_SCAN = 13
VIRTIO_BALLOON_S_ASYNC_RECLAIM = 14
VIRTIO_BALLOON_S_DIRECT_RECLAIM = 15
VIRTIO_BALLOON_S_NR = 16

_LAYOUTS = {
    "virtio_balloon_config_anon0": (
        "union 4: u32 free_page_hint_cmd_id; u32 free_page_report_cmd_id"
    ),
    "virtio_balloon_config": (
        "struct 16: u32 num_pages; u32 actual; virtio_balloon_config_anon0 anon0; u32 poison_val"
    ),
    "virtio_balloon_stat": "packed struct 10: u16 tag; u64 val",
}


def __getattr__(name):
    return _attribute(name, _LAYOUTS, globals())
