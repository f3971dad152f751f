"""linux/virtio_iommu.h. Made by `lkvm uapi generate`; edits are lost."""

from kvmtool.uapi.layout import attribute as _attribute

VIRTIO_IOMMU_F_INPUT_RANGE = 0
VIRTIO_IOMMU_F_DOMAIN_RANGE = 1
VIRTIO_IOMMU_F_MAP_UNMAP = 2
VIRTIO_IOMMU_F_BYPASS = 3
VIRTIO_IOMMU_F_PROBE = 4
VIRTIO_IOMMU_F_MMIO = 5
VIRTIO_IOMMU_F_BYPASS_CONFIG = 6
VIRTIO_IOMMU_T_ATTACH = 1
VIRTIO_IOMMU_T_DETACH = 2
VIRTIO_IOMMU_T_MAP = 3
VIRTIO_IOMMU_T_UNMAP = 4
VIRTIO_IOMMU_T_PROBE = 5
VIRTIO_IOMMU_S_OK = 0
VIRTIO_IOMMU_S_IOERR = 1
VIRTIO_IOMMU_S_UNSUPP = 2
VIRTIO_IOMMU_S_DEVERR = 3
VIRTIO_IOMMU_S_INVAL = 4
VIRTIO_IOMMU_S_RANGE = 5
VIRTIO_IOMMU_S_NOENT = 6
VIRTIO_IOMMU_S_FAULT = 7
VIRTIO_IOMMU_S_NOMEM = 8
VIRTIO_IOMMU_ATTACH_F_BYPASS = 1
VIRTIO_IOMMU_MAP_F_READ = 1
VIRTIO_IOMMU_MAP_F_WRITE = 2
VIRTIO_IOMMU_MAP_F_MMIO = 4
VIRTIO_IOMMU_MAP_F_MASK = 7
VIRTIO_IOMMU_PROBE_T_NONE = 0
VIRTIO_IOMMU_PROBE_T_RESV_MEM = 1
VIRTIO_IOMMU_PROBE_T_MASK = 4095
VIRTIO_IOMMU_RESV_MEM_T_RESERVED = 0
VIRTIO_IOMMU_RESV_MEM_T_MSI = 1
VIRTIO_IOMMU_FAULT_R_UNKNOWN = 0
VIRTIO_IOMMU_FAULT_R_DOMAIN = 1
VIRTIO_IOMMU_FAULT_R_MAPPING = 2
VIRTIO_IOMMU_FAULT_F_READ = 1
VIRTIO_IOMMU_FAULT_F_WRITE = 2
VIRTIO_IOMMU_FAULT_F_EXEC = 4
VIRTIO_IOMMU_FAULT_F_ADDRESS = 256

_LAYOUTS = {
    "virtio_iommu_range_64": "struct 16: u64 start; u64 end",
    "virtio_iommu_range_32": "struct 8: u32 start; u32 end",
    "virtio_iommu_config": (
        "struct 40: u64 page_size_mask; virtio_iommu_range_64 input_range; "
        "virtio_iommu_range_32 domain_range; u32 probe_size; u8 bypass; u8 reserved[3]"
    ),
    "virtio_iommu_req_head": "struct 4: u8 type; u8 reserved[3]",
    "virtio_iommu_req_tail": "struct 4: u8 status; u8 reserved[3]",
    "virtio_iommu_req_attach": (
        "struct 24: virtio_iommu_req_head head; u32 domain; u32 endpoint; u32 flags; "
        "u8 reserved[4]; virtio_iommu_req_tail tail"
    ),
    "virtio_iommu_req_detach": (
        "struct 24: virtio_iommu_req_head head; u32 domain; u32 endpoint; u8 reserved[8]; "
        "virtio_iommu_req_tail tail"
    ),
    "virtio_iommu_req_map": (
        "struct 40: virtio_iommu_req_head head; u32 domain; u64 virt_start; u64 virt_end; "
        "u64 phys_start; u32 flags; virtio_iommu_req_tail tail"
    ),
    "virtio_iommu_req_unmap": (
        "struct 32: virtio_iommu_req_head head; u32 domain; u64 virt_start; u64 virt_end; "
        "u8 reserved[4]; virtio_iommu_req_tail tail"
    ),
    "virtio_iommu_probe_property": "struct 4: u16 type; u16 length",
    "virtio_iommu_probe_resv_mem": (
        "struct 24: virtio_iommu_probe_property head; u8 subtype; u8 reserved[3]; u64 start; "
        "u64 end"
    ),
    "virtio_iommu_req_probe": (
        "struct 72: virtio_iommu_req_head head; u32 endpoint; u8 reserved[64]; u8 properties[0]"
    ),
    "virtio_iommu_fault": (
        "struct 24: u8 reason; u8 reserved[3]; u32 flags; u32 endpoint; u8 reserved2[4]; "
        "u64 address"
    ),
}


def __getattr__(name):
    return _attribute(name, _LAYOUTS, globals())
