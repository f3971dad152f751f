"""linux/virtio_blk.h. Made by `lkvm uapi generate`; edits are lost."""

from kvmtool.uapi.layout import attribute as _attribute

VIRTIO_BLK_F_SIZE_MAX = 1
VIRTIO_BLK_F_SEG_MAX = 2
VIRTIO_BLK_F_GEOMETRY = 4
VIRTIO_BLK_F_RO = 5
VIRTIO_BLK_F_BLK_SIZE = 6
VIRTIO_BLK_F_TOPOLOGY = 10
VIRTIO_BLK_F_MQ = 12
VIRTIO_BLK_F_DISCARD = 13
VIRTIO_BLK_F_WRITE_ZEROES = 14
VIRTIO_BLK_F_SECURE_ERASE = 16
VIRTIO_BLK_F_ZONED = 17
VIRTIO_BLK_F_BARRIER = 0
VIRTIO_BLK_F_SCSI = 7
VIRTIO_BLK_F_FLUSH = 9
VIRTIO_BLK_F_CONFIG_WCE = 11
VIRTIO_BLK_F_WCE = 9
VIRTIO_BLK_ID_BYTES = 20
VIRTIO_BLK_T_IN = 0
VIRTIO_BLK_T_OUT = 1
VIRTIO_BLK_T_SCSI_CMD = 2
VIRTIO_BLK_T_FLUSH = 4
VIRTIO_BLK_T_GET_ID = 8
VIRTIO_BLK_T_DISCARD = 11
VIRTIO_BLK_T_WRITE_ZEROES = 13
VIRTIO_BLK_T_SECURE_ERASE = 14
VIRTIO_BLK_T_ZONE_APPEND = 15
VIRTIO_BLK_T_ZONE_REPORT = 16
VIRTIO_BLK_T_ZONE_OPEN = 18
VIRTIO_BLK_T_ZONE_CLOSE = 20
VIRTIO_BLK_T_ZONE_FINISH = 22
VIRTIO_BLK_T_ZONE_RESET = 24
VIRTIO_BLK_T_ZONE_RESET_ALL = 26
VIRTIO_BLK_T_BARRIER = 0x80000000
VIRTIO_BLK_Z_NONE = 0
VIRTIO_BLK_Z_HM = 1
VIRTIO_BLK_Z_HA = 2
VIRTIO_BLK_ZT_CONV = 1
VIRTIO_BLK_ZT_SWR = 2
VIRTIO_BLK_ZT_SWP = 3
VIRTIO_BLK_ZS_NOT_WP = 0
VIRTIO_BLK_ZS_EMPTY = 1
VIRTIO_BLK_ZS_IOPEN = 2
VIRTIO_BLK_ZS_EOPEN = 3
VIRTIO_BLK_ZS_CLOSED = 4
VIRTIO_BLK_ZS_RDONLY = 13
VIRTIO_BLK_ZS_FULL = 14
VIRTIO_BLK_ZS_OFFLINE = 15
VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP = 1
VIRTIO_BLK_S_OK = 0
VIRTIO_BLK_S_IOERR = 1
VIRTIO_BLK_S_UNSUPP = 2
VIRTIO_BLK_S_ZONE_INVALID_CMD = 3
VIRTIO_BLK_S_ZONE_UNALIGNED_WP = 4
VIRTIO_BLK_S_ZONE_OPEN_RESOURCE = 5
VIRTIO_BLK_S_ZONE_ACTIVE_RESOURCE = 6

_LAYOUTS = {
    "virtio_blk_geometry": "struct 4: u16 cylinders; u8 heads; u8 sectors",
    "virtio_blk_zoned_characteristics": (
        "struct 24: u32 zone_sectors; u32 max_open_zones; u32 max_active_zones; "
        "u32 max_append_sectors; u32 write_granularity; u8 model; u8 unused2[3]"
    ),
    "virtio_blk_config": (
        "struct 96: u64 capacity; u32 size_max; u32 seg_max; virtio_blk_geometry geometry; "
        "u32 blk_size; u8 physical_block_exp; u8 alignment_offset; u16 min_io_size; "
        "u32 opt_io_size; u8 wce; u8 unused; u16 num_queues; u32 max_discard_sectors; "
        "u32 max_discard_seg; u32 discard_sector_alignment; u32 max_write_zeroes_sectors; "
        "u32 max_write_zeroes_seg; u8 write_zeroes_may_unmap; u8 unused1[3]; "
        "u32 max_secure_erase_sectors; u32 max_secure_erase_seg; "
        "u32 secure_erase_sector_alignment; virtio_blk_zoned_characteristics zoned"
    ),
    "virtio_blk_outhdr": "struct 16: u32 type; u32 ioprio; u64 sector",
    "virtio_blk_zone_descriptor": (
        "struct 64: u64 z_cap; u64 z_start; u64 z_wp; u8 z_type; u8 z_state; u8 reserved[38]"
    ),
    "virtio_blk_zone_report": (
        "struct 64: u64 nr_zones; u8 reserved[56]; virtio_blk_zone_descriptor zones[0]"
    ),
    "virtio_blk_discard_write_zeroes": "struct 16: u64 sector; u32 num_sectors; u32 flags",
    "virtio_scsi_inhdr": "struct 16: u32 errors; u32 data_len; u32 sense_len; u32 residual",
}


def __getattr__(name):
    return _attribute(name, _LAYOUTS, globals())
