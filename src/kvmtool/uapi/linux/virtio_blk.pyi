"""linux/virtio_blk.h. Made by `lkvm uapi generate`; edits are lost."""

from ctypes import Array, Structure, c_uint8
from typing import Final

VIRTIO_BLK_F_SIZE_MAX: Final = 1
VIRTIO_BLK_F_SEG_MAX: Final = 2
VIRTIO_BLK_F_GEOMETRY: Final = 4
VIRTIO_BLK_F_RO: Final = 5
VIRTIO_BLK_F_BLK_SIZE: Final = 6
VIRTIO_BLK_F_TOPOLOGY: Final = 10
VIRTIO_BLK_F_MQ: Final = 12
VIRTIO_BLK_F_DISCARD: Final = 13
VIRTIO_BLK_F_WRITE_ZEROES: Final = 14
VIRTIO_BLK_F_SECURE_ERASE: Final = 16
VIRTIO_BLK_F_ZONED: Final = 17
VIRTIO_BLK_F_BARRIER: Final = 0
VIRTIO_BLK_F_SCSI: Final = 7
VIRTIO_BLK_F_FLUSH: Final = 9
VIRTIO_BLK_F_CONFIG_WCE: Final = 11
VIRTIO_BLK_F_WCE: Final = 9
VIRTIO_BLK_ID_BYTES: Final = 20
VIRTIO_BLK_T_IN: Final = 0
VIRTIO_BLK_T_OUT: Final = 1
VIRTIO_BLK_T_SCSI_CMD: Final = 2
VIRTIO_BLK_T_FLUSH: Final = 4
VIRTIO_BLK_T_GET_ID: Final = 8
VIRTIO_BLK_T_DISCARD: Final = 11
VIRTIO_BLK_T_WRITE_ZEROES: Final = 13
VIRTIO_BLK_T_SECURE_ERASE: Final = 14
VIRTIO_BLK_T_ZONE_APPEND: Final = 15
VIRTIO_BLK_T_ZONE_REPORT: Final = 16
VIRTIO_BLK_T_ZONE_OPEN: Final = 18
VIRTIO_BLK_T_ZONE_CLOSE: Final = 20
VIRTIO_BLK_T_ZONE_FINISH: Final = 22
VIRTIO_BLK_T_ZONE_RESET: Final = 24
VIRTIO_BLK_T_ZONE_RESET_ALL: Final = 26
VIRTIO_BLK_T_BARRIER: Final = 0x80000000
VIRTIO_BLK_Z_NONE: Final = 0
VIRTIO_BLK_Z_HM: Final = 1
VIRTIO_BLK_Z_HA: Final = 2
VIRTIO_BLK_ZT_CONV: Final = 1
VIRTIO_BLK_ZT_SWR: Final = 2
VIRTIO_BLK_ZT_SWP: Final = 3
VIRTIO_BLK_ZS_NOT_WP: Final = 0
VIRTIO_BLK_ZS_EMPTY: Final = 1
VIRTIO_BLK_ZS_IOPEN: Final = 2
VIRTIO_BLK_ZS_EOPEN: Final = 3
VIRTIO_BLK_ZS_CLOSED: Final = 4
VIRTIO_BLK_ZS_RDONLY: Final = 13
VIRTIO_BLK_ZS_FULL: Final = 14
VIRTIO_BLK_ZS_OFFLINE: Final = 15
VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP: Final = 1
VIRTIO_BLK_S_OK: Final = 0
VIRTIO_BLK_S_IOERR: Final = 1
VIRTIO_BLK_S_UNSUPP: Final = 2
VIRTIO_BLK_S_ZONE_INVALID_CMD: Final = 3
VIRTIO_BLK_S_ZONE_UNALIGNED_WP: Final = 4
VIRTIO_BLK_S_ZONE_OPEN_RESOURCE: Final = 5
VIRTIO_BLK_S_ZONE_ACTIVE_RESOURCE: Final = 6

class virtio_blk_geometry(Structure):
    cylinders: int
    heads: int
    sectors: int

class virtio_blk_zoned_characteristics(Structure):
    zone_sectors: int
    max_open_zones: int
    max_active_zones: int
    max_append_sectors: int
    write_granularity: int
    model: int
    unused2: Array[c_uint8]

class virtio_blk_config(Structure):
    capacity: int
    size_max: int
    seg_max: int
    geometry: virtio_blk_geometry
    blk_size: int
    physical_block_exp: int
    alignment_offset: int
    min_io_size: int
    opt_io_size: int
    wce: int
    unused: int
    num_queues: int
    max_discard_sectors: int
    max_discard_seg: int
    discard_sector_alignment: int
    max_write_zeroes_sectors: int
    max_write_zeroes_seg: int
    write_zeroes_may_unmap: int
    unused1: Array[c_uint8]
    max_secure_erase_sectors: int
    max_secure_erase_seg: int
    secure_erase_sector_alignment: int
    zoned: virtio_blk_zoned_characteristics

class virtio_blk_outhdr(Structure):
    type: int
    ioprio: int
    sector: int

class virtio_blk_zone_descriptor(Structure):
    z_cap: int
    z_start: int
    z_wp: int
    z_type: int
    z_state: int
    reserved: Array[c_uint8]

class virtio_blk_zone_report(Structure):
    nr_zones: int
    reserved: Array[c_uint8]
    zones: Array[virtio_blk_zone_descriptor]

class virtio_blk_discard_write_zeroes(Structure):
    sector: int
    num_sectors: int
    flags: int

class virtio_scsi_inhdr(Structure):
    errors: int
    data_len: int
    sense_len: int
    residual: int
