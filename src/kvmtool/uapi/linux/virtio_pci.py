"""linux/virtio_pci.h. Made by `lkvm uapi generate`; edits are lost."""

from kvmtool.uapi.layout import attribute as _attribute

VIRTIO_PCI_HOST_FEATURES = 0
VIRTIO_PCI_GUEST_FEATURES = 4
VIRTIO_PCI_QUEUE_PFN = 8
VIRTIO_PCI_QUEUE_NUM = 12
VIRTIO_PCI_QUEUE_SEL = 14
VIRTIO_PCI_QUEUE_NOTIFY = 16
VIRTIO_PCI_STATUS = 18
VIRTIO_PCI_ISR = 19
VIRTIO_MSI_CONFIG_VECTOR = 20
VIRTIO_MSI_QUEUE_VECTOR = 22
VIRTIO_PCI_ABI_VERSION = 0
VIRTIO_PCI_QUEUE_ADDR_SHIFT = 12
VIRTIO_PCI_VRING_ALIGN = 0x1000
VIRTIO_PCI_ISR_CONFIG = 2
VIRTIO_MSI_NO_VECTOR = 0xFFFF
VIRTIO_PCI_CAP_COMMON_CFG = 1
VIRTIO_PCI_CAP_NOTIFY_CFG = 2
VIRTIO_PCI_CAP_ISR_CFG = 3
VIRTIO_PCI_CAP_DEVICE_CFG = 4
VIRTIO_PCI_CAP_PCI_CFG = 5
VIRTIO_PCI_CAP_SHARED_MEMORY_CFG = 8
VIRTIO_PCI_CAP_VNDR = 0
VIRTIO_PCI_CAP_NEXT = 1
VIRTIO_PCI_CAP_LEN = 2
VIRTIO_PCI_CAP_CFG_TYPE = 3
VIRTIO_PCI_CAP_BAR = 4
VIRTIO_PCI_CAP_OFFSET = 8
VIRTIO_PCI_CAP_LENGTH = 12
VIRTIO_PCI_NOTIFY_CAP_MULT = 16
VIRTIO_PCI_COMMON_DFSELECT = 0
VIRTIO_PCI_COMMON_DF = 4
VIRTIO_PCI_COMMON_GFSELECT = 8
VIRTIO_PCI_COMMON_GF = 12
VIRTIO_PCI_COMMON_MSIX = 16
VIRTIO_PCI_COMMON_NUMQ = 18
VIRTIO_PCI_COMMON_STATUS = 20
VIRTIO_PCI_COMMON_CFGGENERATION = 21
VIRTIO_PCI_COMMON_Q_SELECT = 22
VIRTIO_PCI_COMMON_Q_SIZE = 24
VIRTIO_PCI_COMMON_Q_MSIX = 26
VIRTIO_PCI_COMMON_Q_ENABLE = 28
VIRTIO_PCI_COMMON_Q_NOFF = 30
VIRTIO_PCI_COMMON_Q_DESCLO = 32
VIRTIO_PCI_COMMON_Q_DESCHI = 36
VIRTIO_PCI_COMMON_Q_AVAILLO = 40
VIRTIO_PCI_COMMON_Q_AVAILHI = 44
VIRTIO_PCI_COMMON_Q_USEDLO = 48
VIRTIO_PCI_COMMON_Q_USEDHI = 52
VIRTIO_PCI_COMMON_Q_NDATA = 56
VIRTIO_PCI_COMMON_Q_RESET = 58
VIRTIO_PCI_COMMON_ADM_Q_IDX = 60
VIRTIO_PCI_COMMON_ADM_Q_NUM = 62
VIRTIO_ADMIN_STATUS_OK = 0
VIRTIO_ADMIN_CMD_LIST_QUERY = 0
VIRTIO_ADMIN_CMD_LIST_USE = 1
VIRTIO_ADMIN_GROUP_TYPE_SRIOV = 1
VIRTIO_ADMIN_CMD_LEGACY_COMMON_CFG_WRITE = 2
VIRTIO_ADMIN_CMD_LEGACY_COMMON_CFG_READ = 3
VIRTIO_ADMIN_CMD_LEGACY_DEV_CFG_WRITE = 4
VIRTIO_ADMIN_CMD_LEGACY_DEV_CFG_READ = 5
VIRTIO_ADMIN_CMD_LEGACY_NOTIFY_INFO = 6
VIRTIO_ADMIN_CMD_NOTIFY_INFO_FLAGS_END = 0
VIRTIO_ADMIN_CMD_NOTIFY_INFO_FLAGS_OWNER_DEV = 1
VIRTIO_ADMIN_CMD_NOTIFY_INFO_FLAGS_OWNER_MEM = 2
VIRTIO_ADMIN_CMD_MAX_NOTIFY_INFO = 4

_LAYOUTS = {
    "virtio_pci_cap": (
        "struct 16: u8 cap_vndr; u8 cap_next; u8 cap_len; u8 cfg_type; u8 bar; u8 id; "
        "u8 padding[2]; u32 offset; u32 length"
    ),
    "virtio_pci_cap64": "struct 24: virtio_pci_cap cap; u32 offset_hi; u32 length_hi",
    "virtio_pci_notify_cap": "struct 20: virtio_pci_cap cap; u32 notify_off_multiplier",
    "virtio_pci_common_cfg": (
        "struct 56: u32 device_feature_select; u32 device_feature; u32 guest_feature_select; "
        "u32 guest_feature; u16 msix_config; u16 num_queues; u8 device_status; "
        "u8 config_generation; u16 queue_select; u16 queue_size; u16 queue_msix_vector; "
        "u16 queue_enable; u16 queue_notify_off; u32 queue_desc_lo; u32 queue_desc_hi; "
        "u32 queue_avail_lo; u32 queue_avail_hi; u32 queue_used_lo; u32 queue_used_hi"
    ),
    "virtio_pci_modern_common_cfg": (
        "struct 64: virtio_pci_common_cfg cfg; u16 queue_notify_data; u16 queue_reset; "
        "u16 admin_queue_index; u16 admin_queue_num"
    ),
    "virtio_pci_cfg_cap": "struct 20: virtio_pci_cap cap; u8 pci_cfg_data[4]",
    "virtio_admin_cmd_hdr": (
        "struct 24: u16 opcode; u16 group_type; u8 reserved1[12]; u64 group_member_id"
    ),
    "virtio_admin_cmd_status": "struct 8: u16 status; u16 status_qualifier; u8 reserved2[4]",
    "virtio_admin_cmd_legacy_wr_data": "struct 8: u8 offset; u8 reserved[7]; u8 registers[0]",
    "virtio_admin_cmd_legacy_rd_data": "struct 1: u8 offset",
    "virtio_admin_cmd_notify_info_data": "struct 16: u8 flags; u8 bar; u8 padding[6]; u64 offset",
    "virtio_admin_cmd_notify_info_result": (
        "struct 64: virtio_admin_cmd_notify_info_data entries[4]"
    ),
}


def __getattr__(name):
    return _attribute(name, _LAYOUTS, globals())
