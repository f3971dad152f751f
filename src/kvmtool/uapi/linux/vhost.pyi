"""linux/vhost.h, linux/vhost_types.h. Made by `lkvm uapi generate`; edits are lost."""

from ctypes import Array, Structure, Union, c_uint8
from typing import Final

VHOST_VRING_F_LOG: Final = 0
VHOST_ACCESS_RO: Final = 1
VHOST_ACCESS_WO: Final = 2
VHOST_ACCESS_RW: Final = 3
VHOST_IOTLB_MISS: Final = 1
VHOST_IOTLB_UPDATE: Final = 2
VHOST_IOTLB_INVALIDATE: Final = 3
VHOST_IOTLB_ACCESS_FAIL: Final = 4
VHOST_IOTLB_BATCH_BEGIN: Final = 5
VHOST_IOTLB_BATCH_END: Final = 6
VHOST_IOTLB_MSG: Final = 1
VHOST_IOTLB_MSG_V2: Final = 2
VHOST_PAGE_SIZE: Final = 0x1000
VHOST_SCSI_ABI_VERSION: Final = 1
VHOST_F_LOG_ALL: Final = 26
VHOST_NET_F_VIRTIO_NET_HDR: Final = 27
VHOST_BACKEND_F_IOTLB_MSG_V2: Final = 1
VHOST_BACKEND_F_IOTLB_BATCH: Final = 2
VHOST_BACKEND_F_IOTLB_ASID: Final = 3
VHOST_BACKEND_F_SUSPEND: Final = 4
VHOST_BACKEND_F_RESUME: Final = 5
VHOST_BACKEND_F_ENABLE_AFTER_DRIVER_OK: Final = 6
VHOST_BACKEND_F_DESC_ASID: Final = 7
VHOST_BACKEND_F_IOTLB_PERSIST: Final = 8
VHOST_FILE_UNBIND: Final = -1
VHOST_VIRTIO: Final = 175
VHOST_GET_FEATURES: Final = 0x8008AF00
VHOST_SET_FEATURES: Final = 0x4008AF00
VHOST_SET_OWNER: Final = 0xAF01
VHOST_RESET_OWNER: Final = 0xAF02
VHOST_SET_MEM_TABLE: Final = 0x4008AF03
VHOST_SET_LOG_BASE: Final = 0x4008AF04
VHOST_SET_LOG_FD: Final = 0x4004AF07
VHOST_NEW_WORKER: Final = 0x8004AF08
VHOST_FREE_WORKER: Final = 0x4004AF09
VHOST_SET_VRING_NUM: Final = 0x4008AF10
VHOST_SET_VRING_ADDR: Final = 0x4028AF11
VHOST_SET_VRING_BASE: Final = 0x4008AF12
VHOST_GET_VRING_BASE: Final = 0xC008AF12
VHOST_VRING_LITTLE_ENDIAN: Final = 0
VHOST_VRING_BIG_ENDIAN: Final = 1
VHOST_SET_VRING_ENDIAN: Final = 0x4008AF13
VHOST_GET_VRING_ENDIAN: Final = 0x4008AF14
VHOST_ATTACH_VRING_WORKER: Final = 0x4008AF15
VHOST_GET_VRING_WORKER: Final = 0xC008AF16
VHOST_SET_VRING_KICK: Final = 0x4008AF20
VHOST_SET_VRING_CALL: Final = 0x4008AF21
VHOST_SET_VRING_ERR: Final = 0x4008AF22
VHOST_SET_VRING_BUSYLOOP_TIMEOUT: Final = 0x4008AF23
VHOST_GET_VRING_BUSYLOOP_TIMEOUT: Final = 0x4008AF24
VHOST_SET_BACKEND_FEATURES: Final = 0x4008AF25
VHOST_GET_BACKEND_FEATURES: Final = 0x8008AF26
VHOST_NET_SET_BACKEND: Final = 0x4008AF30
VHOST_SCSI_SET_ENDPOINT: Final = 0x40E8AF40
VHOST_SCSI_CLEAR_ENDPOINT: Final = 0x40E8AF41
VHOST_SCSI_GET_ABI_VERSION: Final = 0x4004AF42
VHOST_SCSI_SET_EVENTS_MISSED: Final = 0x4004AF43
VHOST_SCSI_GET_EVENTS_MISSED: Final = 0x4004AF44
VHOST_VSOCK_SET_GUEST_CID: Final = 0x4008AF60
VHOST_VSOCK_SET_RUNNING: Final = 0x4004AF61
VHOST_VDPA_GET_DEVICE_ID: Final = 0x8004AF70
VHOST_VDPA_GET_STATUS: Final = 0x8001AF71
VHOST_VDPA_SET_STATUS: Final = 0x4001AF72
VHOST_VDPA_GET_CONFIG: Final = 0x8008AF73
VHOST_VDPA_SET_CONFIG: Final = 0x4008AF74
VHOST_VDPA_SET_VRING_ENABLE: Final = 0x4008AF75
VHOST_VDPA_GET_VRING_NUM: Final = 0x8002AF76
VHOST_VDPA_SET_CONFIG_CALL: Final = 0x4004AF77
VHOST_VDPA_GET_IOVA_RANGE: Final = 0x8010AF78
VHOST_VDPA_GET_CONFIG_SIZE: Final = 0x8004AF79
VHOST_VDPA_GET_AS_NUM: Final = 0x8004AF7A
VHOST_VDPA_GET_VRING_GROUP: Final = 0xC008AF7B
VHOST_VDPA_SET_GROUP_ASID: Final = 0x4008AF7C
VHOST_VDPA_SUSPEND: Final = 0xAF7D
VHOST_VDPA_RESUME: Final = 0xAF7E
VHOST_VDPA_GET_VRING_DESC_GROUP: Final = 0xC008AF7F
VHOST_VDPA_GET_VQS_COUNT: Final = 0x8004AF80
VHOST_VDPA_GET_GROUP_NUM: Final = 0x8004AF81
VHOST_VDPA_GET_VRING_SIZE: Final = 0xC008AF82
VHOST_FORK_OWNER_KTHREAD: Final = 0
VHOST_FORK_OWNER_TASK: Final = 1
VHOST_SET_FORK_FROM_OWNER: Final = 0x4001AF84
VHOST_GET_FORK_FROM_OWNER: Final = 0x8001AF85

class vhost_vring_state(Structure):
    index: int
    num: int

class vhost_vring_file(Structure):
    index: int
    fd: int

class vhost_vring_addr(Structure):
    index: int
    flags: int
    desc_user_addr: int
    used_user_addr: int
    avail_user_addr: int
    log_guest_addr: int

class vhost_worker_state(Structure):
    worker_id: int

class vhost_vring_worker(Structure):
    index: int
    worker_id: int

class vhost_iotlb_msg(Structure):
    iova: int
    size: int
    uaddr: int
    perm: int
    type: int

class vhost_msg_anon0(Union):
    iotlb: vhost_iotlb_msg
    padding: Array[c_uint8]

class vhost_msg(Structure):
    type: int
    iotlb: vhost_iotlb_msg
    padding: Array[c_uint8]

class vhost_msg_v2_anon0(Union):
    iotlb: vhost_iotlb_msg
    padding: Array[c_uint8]

class vhost_msg_v2(Structure):
    type: int
    asid: int
    iotlb: vhost_iotlb_msg
    padding: Array[c_uint8]

class vhost_memory_region(Structure):
    guest_phys_addr: int
    memory_size: int
    userspace_addr: int
    flags_padding: int

class vhost_memory(Structure):
    nregions: int
    padding: int
    regions: Array[vhost_memory_region]

class vhost_scsi_target(Structure):
    abi_version: int
    vhost_wwpn: Array[c_uint8]
    vhost_tpgt: int
    reserved: int

class vhost_vdpa_config(Structure):
    off: int
    len: int
    buf: Array[c_uint8]

class vhost_vdpa_iova_range(Structure):
    first: int
    last: int
