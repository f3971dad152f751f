"""linux/virtio_balloon.h. Made by `lkvm uapi generate`; edits are lost."""

from ctypes import Structure, Union
from typing import Final

VIRTIO_BALLOON_F_MUST_TELL_HOST: Final = 0
VIRTIO_BALLOON_F_STATS_VQ: Final = 1
VIRTIO_BALLOON_F_DEFLATE_ON_OOM: Final = 2
VIRTIO_BALLOON_F_FREE_PAGE_HINT: Final = 3
VIRTIO_BALLOON_F_PAGE_POISON: Final = 4
VIRTIO_BALLOON_F_REPORTING: Final = 5
VIRTIO_BALLOON_PFN_SHIFT: Final = 12
VIRTIO_BALLOON_CMD_ID_STOP: Final = 0
VIRTIO_BALLOON_CMD_ID_DONE: Final = 1
VIRTIO_BALLOON_S_SWAP_IN: Final = 0
VIRTIO_BALLOON_S_SWAP_OUT: Final = 1
VIRTIO_BALLOON_S_MAJFLT: Final = 2
VIRTIO_BALLOON_S_MINFLT: Final = 3
VIRTIO_BALLOON_S_MEMFREE: Final = 4
VIRTIO_BALLOON_S_MEMTOT: Final = 5
VIRTIO_BALLOON_S_AVAIL: Final = 6
VIRTIO_BALLOON_S_CACHES: Final = 7
VIRTIO_BALLOON_S_HTLB_PGALLOC: Final = 8
VIRTIO_BALLOON_S_HTLB_PGFAIL: Final = 9
VIRTIO_BALLOON_S_OOM_KILL: Final = 10
VIRTIO_BALLOON_S_ALLOC_STALL: Final = 11
VIRTIO_BALLOON_S_ASYNC_SCAN: Final = 12
VIRTIO_BALLOON_S_DIRECT_SCAN: Final = 13
VIRTIO_BALLOON_S_ASYNC_RECLAIM: Final = 14
VIRTIO_BALLOON_S_DIRECT_RECLAIM: Final = 15
VIRTIO_BALLOON_S_NR: Final = 16

class virtio_balloon_config_anon0(Union):
    free_page_hint_cmd_id: int
    free_page_report_cmd_id: int

class virtio_balloon_config(Structure):
    num_pages: int
    actual: int
    free_page_hint_cmd_id: int
    free_page_report_cmd_id: int
    poison_val: int

class virtio_balloon_stat(Structure):
    tag: int
    val: int
