"""linux/virtio_pci.h. Made by `lkvm uapi generate`; edits are lost."""

from ctypes import Array, Structure, c_uint8
from typing import Final

VIRTIO_PCI_HOST_FEATURES: Final = 0
VIRTIO_PCI_GUEST_FEATURES: Final = 4
VIRTIO_PCI_QUEUE_PFN: Final = 8
VIRTIO_PCI_QUEUE_NUM: Final = 12
VIRTIO_PCI_QUEUE_SEL: Final = 14
VIRTIO_PCI_QUEUE_NOTIFY: Final = 16
VIRTIO_PCI_STATUS: Final = 18
VIRTIO_PCI_ISR: Final = 19
VIRTIO_MSI_CONFIG_VECTOR: Final = 20
VIRTIO_MSI_QUEUE_VECTOR: Final = 22
VIRTIO_PCI_ABI_VERSION: Final = 0
VIRTIO_PCI_QUEUE_ADDR_SHIFT: Final = 12
VIRTIO_PCI_VRING_ALIGN: Final = 0x1000
VIRTIO_PCI_ISR_CONFIG: Final = 2
VIRTIO_MSI_NO_VECTOR: Final = 0xFFFF
VIRTIO_PCI_CAP_COMMON_CFG: Final = 1
VIRTIO_PCI_CAP_NOTIFY_CFG: Final = 2
VIRTIO_PCI_CAP_ISR_CFG: Final = 3
VIRTIO_PCI_CAP_DEVICE_CFG: Final = 4
VIRTIO_PCI_CAP_PCI_CFG: Final = 5
VIRTIO_PCI_CAP_SHARED_MEMORY_CFG: Final = 8
VIRTIO_PCI_CAP_VNDR: Final = 0
VIRTIO_PCI_CAP_NEXT: Final = 1
VIRTIO_PCI_CAP_LEN: Final = 2
VIRTIO_PCI_CAP_CFG_TYPE: Final = 3
VIRTIO_PCI_CAP_BAR: Final = 4
VIRTIO_PCI_CAP_OFFSET: Final = 8
VIRTIO_PCI_CAP_LENGTH: Final = 12
VIRTIO_PCI_NOTIFY_CAP_MULT: Final = 16
VIRTIO_PCI_COMMON_DFSELECT: Final = 0
VIRTIO_PCI_COMMON_DF: Final = 4
VIRTIO_PCI_COMMON_GFSELECT: Final = 8
VIRTIO_PCI_COMMON_GF: Final = 12
VIRTIO_PCI_COMMON_MSIX: Final = 16
VIRTIO_PCI_COMMON_NUMQ: Final = 18
VIRTIO_PCI_COMMON_STATUS: Final = 20
VIRTIO_PCI_COMMON_CFGGENERATION: Final = 21
VIRTIO_PCI_COMMON_Q_SELECT: Final = 22
VIRTIO_PCI_COMMON_Q_SIZE: Final = 24
VIRTIO_PCI_COMMON_Q_MSIX: Final = 26
VIRTIO_PCI_COMMON_Q_ENABLE: Final = 28
VIRTIO_PCI_COMMON_Q_NOFF: Final = 30
VIRTIO_PCI_COMMON_Q_DESCLO: Final = 32
VIRTIO_PCI_COMMON_Q_DESCHI: Final = 36
VIRTIO_PCI_COMMON_Q_AVAILLO: Final = 40
VIRTIO_PCI_COMMON_Q_AVAILHI: Final = 44
VIRTIO_PCI_COMMON_Q_USEDLO: Final = 48
VIRTIO_PCI_COMMON_Q_USEDHI: Final = 52
VIRTIO_PCI_COMMON_Q_NDATA: Final = 56
VIRTIO_PCI_COMMON_Q_RESET: Final = 58
VIRTIO_PCI_COMMON_ADM_Q_IDX: Final = 60
VIRTIO_PCI_COMMON_ADM_Q_NUM: Final = 62
VIRTIO_ADMIN_STATUS_OK: Final = 0
VIRTIO_ADMIN_CMD_LIST_QUERY: Final = 0
VIRTIO_ADMIN_CMD_LIST_USE: Final = 1
VIRTIO_ADMIN_GROUP_TYPE_SRIOV: Final = 1
VIRTIO_ADMIN_CMD_LEGACY_COMMON_CFG_WRITE: Final = 2
VIRTIO_ADMIN_CMD_LEGACY_COMMON_CFG_READ: Final = 3
VIRTIO_ADMIN_CMD_LEGACY_DEV_CFG_WRITE: Final = 4
VIRTIO_ADMIN_CMD_LEGACY_DEV_CFG_READ: Final = 5
VIRTIO_ADMIN_CMD_LEGACY_NOTIFY_INFO: Final = 6
VIRTIO_ADMIN_CMD_NOTIFY_INFO_FLAGS_END: Final = 0
VIRTIO_ADMIN_CMD_NOTIFY_INFO_FLAGS_OWNER_DEV: Final = 1
VIRTIO_ADMIN_CMD_NOTIFY_INFO_FLAGS_OWNER_MEM: Final = 2
VIRTIO_ADMIN_CMD_MAX_NOTIFY_INFO: Final = 4

class virtio_pci_cap(Structure):
    cap_vndr: int
    cap_next: int
    cap_len: int
    cfg_type: int
    bar: int
    id: int
    padding: Array[c_uint8]
    offset: int
    length: int

class virtio_pci_cap64(Structure):
    cap: virtio_pci_cap
    offset_hi: int
    length_hi: int

class virtio_pci_notify_cap(Structure):
    cap: virtio_pci_cap
    notify_off_multiplier: int

class virtio_pci_common_cfg(Structure):
    device_feature_select: int
    device_feature: int
    guest_feature_select: int
    guest_feature: int
    msix_config: int
    num_queues: int
    device_status: int
    config_generation: int
    queue_select: int
    queue_size: int
    queue_msix_vector: int
    queue_enable: int
    queue_notify_off: int
    queue_desc_lo: int
    queue_desc_hi: int
    queue_avail_lo: int
    queue_avail_hi: int
    queue_used_lo: int
    queue_used_hi: int

class virtio_pci_modern_common_cfg(Structure):
    cfg: virtio_pci_common_cfg
    queue_notify_data: int
    queue_reset: int
    admin_queue_index: int
    admin_queue_num: int

class virtio_pci_cfg_cap(Structure):
    cap: virtio_pci_cap
    pci_cfg_data: Array[c_uint8]

class virtio_admin_cmd_hdr(Structure):
    opcode: int
    group_type: int
    reserved1: Array[c_uint8]
    group_member_id: int

class virtio_admin_cmd_status(Structure):
    status: int
    status_qualifier: int
    reserved2: Array[c_uint8]

class virtio_admin_cmd_legacy_wr_data(Structure):
    offset: int
    reserved: Array[c_uint8]
    registers: Array[c_uint8]

class virtio_admin_cmd_legacy_rd_data(Structure):
    offset: int

class virtio_admin_cmd_notify_info_data(Structure):
    flags: int
    bar: int
    padding: Array[c_uint8]
    offset: int

class virtio_admin_cmd_notify_info_result(Structure):
    entries: Array[virtio_admin_cmd_notify_info_data]
