"""linux/vfio.h. Made by `lkvm uapi generate`; edits are lost."""

from ctypes import Array, Structure, Union, c_int32, c_uint8
from typing import Final

VFIO_API_VERSION: Final = 0
VFIO_TYPE1_IOMMU: Final = 1
VFIO_SPAPR_TCE_IOMMU: Final = 2
VFIO_TYPE1v2_IOMMU: Final = 3
VFIO_DMA_CC_IOMMU: Final = 4
VFIO_EEH: Final = 5
VFIO_TYPE1_NESTING_IOMMU: Final = 6
VFIO_SPAPR_TCE_v2_IOMMU: Final = 7
VFIO_NOIOMMU_IOMMU: Final = 8
VFIO_UNMAP_ALL: Final = 9
VFIO_UPDATE_VADDR: Final = 10
VFIO_TYPE: Final = 59
VFIO_BASE: Final = 100
VFIO_GET_API_VERSION: Final = 0x3B64
VFIO_CHECK_EXTENSION: Final = 0x3B65
VFIO_SET_IOMMU: Final = 0x3B66
VFIO_GROUP_FLAGS_VIABLE: Final = 1
VFIO_GROUP_FLAGS_CONTAINER_SET: Final = 2
VFIO_GROUP_GET_STATUS: Final = 0x3B67
VFIO_GROUP_SET_CONTAINER: Final = 0x3B68
VFIO_GROUP_UNSET_CONTAINER: Final = 0x3B69
VFIO_GROUP_GET_DEVICE_FD: Final = 0x3B6A
VFIO_DEVICE_FLAGS_RESET: Final = 1
VFIO_DEVICE_FLAGS_PCI: Final = 2
VFIO_DEVICE_FLAGS_PLATFORM: Final = 4
VFIO_DEVICE_FLAGS_AMBA: Final = 8
VFIO_DEVICE_FLAGS_CCW: Final = 16
VFIO_DEVICE_FLAGS_AP: Final = 32
VFIO_DEVICE_FLAGS_FSL_MC: Final = 64
VFIO_DEVICE_FLAGS_CAPS: Final = 128
VFIO_DEVICE_FLAGS_CDX: Final = 256
VFIO_DEVICE_GET_INFO: Final = 0x3B6B
VFIO_DEVICE_INFO_CAP_ZPCI_BASE: Final = 1
VFIO_DEVICE_INFO_CAP_ZPCI_GROUP: Final = 2
VFIO_DEVICE_INFO_CAP_ZPCI_UTIL: Final = 3
VFIO_DEVICE_INFO_CAP_ZPCI_PFIP: Final = 4
VFIO_DEVICE_INFO_CAP_PCI_ATOMIC_COMP: Final = 5
VFIO_PCI_ATOMIC_COMP32: Final = 1
VFIO_PCI_ATOMIC_COMP64: Final = 2
VFIO_PCI_ATOMIC_COMP128: Final = 4
VFIO_REGION_INFO_FLAG_READ: Final = 1
VFIO_REGION_INFO_FLAG_WRITE: Final = 2
VFIO_REGION_INFO_FLAG_MMAP: Final = 4
VFIO_REGION_INFO_FLAG_CAPS: Final = 8
VFIO_DEVICE_GET_REGION_INFO: Final = 0x3B6C
VFIO_REGION_INFO_CAP_SPARSE_MMAP: Final = 1
VFIO_REGION_INFO_CAP_TYPE: Final = 2
VFIO_REGION_TYPE_PCI_VENDOR_TYPE: Final = -2147483648
VFIO_REGION_TYPE_PCI_VENDOR_MASK: Final = 0xFFFF
VFIO_REGION_TYPE_GFX: Final = 1
VFIO_REGION_TYPE_CCW: Final = 2
VFIO_REGION_TYPE_MIGRATION_DEPRECATED: Final = 3
VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION: Final = 1
VFIO_REGION_SUBTYPE_INTEL_IGD_HOST_CFG: Final = 2
VFIO_REGION_SUBTYPE_INTEL_IGD_LPC_CFG: Final = 3
VFIO_REGION_SUBTYPE_NVIDIA_NVLINK2_RAM: Final = 1
VFIO_REGION_SUBTYPE_IBM_NVLINK2_ATSD: Final = 1
VFIO_REGION_SUBTYPE_GFX_EDID: Final = 1
VFIO_DEVICE_GFX_LINK_STATE_UP: Final = 1
VFIO_DEVICE_GFX_LINK_STATE_DOWN: Final = 2
VFIO_REGION_SUBTYPE_CCW_ASYNC_CMD: Final = 1
VFIO_REGION_SUBTYPE_CCW_SCHIB: Final = 2
VFIO_REGION_SUBTYPE_CCW_CRW: Final = 3
VFIO_REGION_SUBTYPE_MIGRATION_DEPRECATED: Final = 1
VFIO_DEVICE_STATE_V1_STOP: Final = 0
VFIO_DEVICE_STATE_V1_RUNNING: Final = 1
VFIO_DEVICE_STATE_V1_SAVING: Final = 2
VFIO_DEVICE_STATE_V1_RESUMING: Final = 4
VFIO_DEVICE_STATE_MASK: Final = 7
VFIO_REGION_INFO_CAP_MSIX_MAPPABLE: Final = 3
VFIO_REGION_INFO_CAP_NVLINK2_SSATGT: Final = 4
VFIO_REGION_INFO_CAP_NVLINK2_LNKSPD: Final = 5
VFIO_IRQ_INFO_EVENTFD: Final = 1
VFIO_IRQ_INFO_MASKABLE: Final = 2
VFIO_IRQ_INFO_AUTOMASKED: Final = 4
VFIO_IRQ_INFO_NORESIZE: Final = 8
VFIO_DEVICE_GET_IRQ_INFO: Final = 0x3B6D
VFIO_IRQ_SET_DATA_NONE: Final = 1
VFIO_IRQ_SET_DATA_BOOL: Final = 2
VFIO_IRQ_SET_DATA_EVENTFD: Final = 4
VFIO_IRQ_SET_ACTION_MASK: Final = 8
VFIO_IRQ_SET_ACTION_UNMASK: Final = 16
VFIO_IRQ_SET_ACTION_TRIGGER: Final = 32
VFIO_DEVICE_SET_IRQS: Final = 0x3B6E
VFIO_IRQ_SET_DATA_TYPE_MASK: Final = 7
VFIO_IRQ_SET_ACTION_TYPE_MASK: Final = 56
VFIO_DEVICE_RESET: Final = 0x3B6F
VFIO_PCI_DEVID_OWNED: Final = 0
VFIO_PCI_DEVID_NOT_OWNED: Final = -1
VFIO_PCI_HOT_RESET_FLAG_DEV_ID: Final = 1
VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED: Final = 2
VFIO_DEVICE_GET_PCI_HOT_RESET_INFO: Final = 0x3B70
VFIO_DEVICE_PCI_HOT_RESET: Final = 0x3B71
VFIO_GFX_PLANE_TYPE_PROBE: Final = 1
VFIO_GFX_PLANE_TYPE_DMABUF: Final = 2
VFIO_GFX_PLANE_TYPE_REGION: Final = 4
VFIO_DEVICE_QUERY_GFX_PLANE: Final = 0x3B72
VFIO_DEVICE_GET_GFX_DMABUF: Final = 0x3B73
VFIO_DEVICE_IOEVENTFD_8: Final = 1
VFIO_DEVICE_IOEVENTFD_16: Final = 2
VFIO_DEVICE_IOEVENTFD_32: Final = 4
VFIO_DEVICE_IOEVENTFD_64: Final = 8
VFIO_DEVICE_IOEVENTFD_SIZE_MASK: Final = 15
VFIO_DEVICE_IOEVENTFD: Final = 0x3B74
VFIO_DEVICE_FEATURE_MASK: Final = 0xFFFF
VFIO_DEVICE_FEATURE_GET: Final = 0x10000
VFIO_DEVICE_FEATURE_SET: Final = 0x20000
VFIO_DEVICE_FEATURE_PROBE: Final = 0x40000
VFIO_DEVICE_FEATURE: Final = 0x3B75
VFIO_DEVICE_BIND_IOMMUFD: Final = 0x3B76
VFIO_DEVICE_ATTACH_IOMMUFD_PT: Final = 0x3B77
VFIO_DEVICE_DETACH_IOMMUFD_PT: Final = 0x3B78
VFIO_DEVICE_FEATURE_PCI_VF_TOKEN: Final = 0
VFIO_MIGRATION_STOP_COPY: Final = 1
VFIO_MIGRATION_P2P: Final = 2
VFIO_MIGRATION_PRE_COPY: Final = 4
VFIO_DEVICE_FEATURE_MIGRATION: Final = 1
VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE: Final = 2
VFIO_MIG_GET_PRECOPY_INFO: Final = 0x3B79
VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY: Final = 3
VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP: Final = 4
VFIO_DEVICE_FEATURE_LOW_POWER_EXIT: Final = 5
VFIO_DEVICE_FEATURE_DMA_LOGGING_START: Final = 6
VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP: Final = 7
VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT: Final = 8
VFIO_DEVICE_FEATURE_MIG_DATA_SIZE: Final = 9
VFIO_DEVICE_FEATURE_CLEAR_MASTER: Final = 0
VFIO_DEVICE_FEATURE_SET_MASTER: Final = 1
VFIO_DEVICE_FEATURE_BUS_MASTER: Final = 10
VFIO_IOMMU_INFO_PGSIZES: Final = 1
VFIO_IOMMU_INFO_CAPS: Final = 2
VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE: Final = 1
VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION: Final = 2
VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL: Final = 3
VFIO_IOMMU_GET_INFO: Final = 0x3B70
VFIO_DMA_MAP_FLAG_READ: Final = 1
VFIO_DMA_MAP_FLAG_WRITE: Final = 2
VFIO_DMA_MAP_FLAG_VADDR: Final = 4
VFIO_IOMMU_MAP_DMA: Final = 0x3B71
VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP: Final = 1
VFIO_DMA_UNMAP_FLAG_ALL: Final = 2
VFIO_DMA_UNMAP_FLAG_VADDR: Final = 4
VFIO_IOMMU_UNMAP_DMA: Final = 0x3B72
VFIO_IOMMU_ENABLE: Final = 0x3B73
VFIO_IOMMU_DISABLE: Final = 0x3B74
VFIO_IOMMU_DIRTY_PAGES_FLAG_START: Final = 1
VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP: Final = 2
VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP: Final = 4
VFIO_IOMMU_DIRTY_PAGES: Final = 0x3B75
VFIO_IOMMU_SPAPR_INFO_DDW: Final = 1
VFIO_IOMMU_SPAPR_TCE_GET_INFO: Final = 0x3B70
VFIO_EEH_PE_DISABLE: Final = 0
VFIO_EEH_PE_ENABLE: Final = 1
VFIO_EEH_PE_UNFREEZE_IO: Final = 2
VFIO_EEH_PE_UNFREEZE_DMA: Final = 3
VFIO_EEH_PE_GET_STATE: Final = 4
VFIO_EEH_PE_STATE_NORMAL: Final = 0
VFIO_EEH_PE_STATE_RESET: Final = 1
VFIO_EEH_PE_STATE_STOPPED: Final = 2
VFIO_EEH_PE_STATE_STOPPED_DMA: Final = 4
VFIO_EEH_PE_STATE_UNAVAIL: Final = 5
VFIO_EEH_PE_RESET_DEACTIVATE: Final = 5
VFIO_EEH_PE_RESET_HOT: Final = 6
VFIO_EEH_PE_RESET_FUNDAMENTAL: Final = 7
VFIO_EEH_PE_CONFIGURE: Final = 8
VFIO_EEH_PE_INJECT_ERR: Final = 9
VFIO_EEH_PE_OP: Final = 0x3B79
VFIO_IOMMU_SPAPR_REGISTER_MEMORY: Final = 0x3B75
VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY: Final = 0x3B76
VFIO_IOMMU_SPAPR_TCE_CREATE: Final = 0x3B77
VFIO_IOMMU_SPAPR_TCE_REMOVE: Final = 0x3B78
VFIO_DEVICE_API_PCI_STRING: Final = b"vfio-pci"
VFIO_DEVICE_API_PLATFORM_STRING: Final = b"vfio-platform"
VFIO_DEVICE_API_AMBA_STRING: Final = b"vfio-amba"
VFIO_DEVICE_API_CCW_STRING: Final = b"vfio-ccw"
VFIO_DEVICE_API_AP_STRING: Final = b"vfio-ap"
VFIO_PCI_BAR0_REGION_INDEX: Final = 0
VFIO_PCI_BAR1_REGION_INDEX: Final = 1
VFIO_PCI_BAR2_REGION_INDEX: Final = 2
VFIO_PCI_BAR3_REGION_INDEX: Final = 3
VFIO_PCI_BAR4_REGION_INDEX: Final = 4
VFIO_PCI_BAR5_REGION_INDEX: Final = 5
VFIO_PCI_ROM_REGION_INDEX: Final = 6
VFIO_PCI_CONFIG_REGION_INDEX: Final = 7
VFIO_PCI_VGA_REGION_INDEX: Final = 8
VFIO_PCI_NUM_REGIONS: Final = 9
VFIO_PCI_INTX_IRQ_INDEX: Final = 0
VFIO_PCI_MSI_IRQ_INDEX: Final = 1
VFIO_PCI_MSIX_IRQ_INDEX: Final = 2
VFIO_PCI_ERR_IRQ_INDEX: Final = 3
VFIO_PCI_REQ_IRQ_INDEX: Final = 4
VFIO_PCI_NUM_IRQS: Final = 5
VFIO_CCW_CONFIG_REGION_INDEX: Final = 0
VFIO_CCW_NUM_REGIONS: Final = 1
VFIO_CCW_IO_IRQ_INDEX: Final = 0
VFIO_CCW_CRW_IRQ_INDEX: Final = 1
VFIO_CCW_REQ_IRQ_INDEX: Final = 2
VFIO_CCW_NUM_IRQS: Final = 3
VFIO_AP_REQ_IRQ_INDEX: Final = 0
VFIO_AP_NUM_IRQS: Final = 1
VFIO_DEVICE_STATE_ERROR: Final = 0
VFIO_DEVICE_STATE_STOP: Final = 1
VFIO_DEVICE_STATE_RUNNING: Final = 2
VFIO_DEVICE_STATE_STOP_COPY: Final = 3
VFIO_DEVICE_STATE_RESUMING: Final = 4
VFIO_DEVICE_STATE_RUNNING_P2P: Final = 5
VFIO_DEVICE_STATE_PRE_COPY: Final = 6
VFIO_DEVICE_STATE_PRE_COPY_P2P: Final = 7
VFIO_DEVICE_STATE_NR: Final = 8

class vfio_info_cap_header(Structure):
    id: int
    version: int
    next: int

class vfio_group_status(Structure):
    argsz: int
    flags: int

class vfio_device_info(Structure):
    argsz: int
    flags: int
    num_regions: int
    num_irqs: int
    cap_offset: int
    pad: int

class vfio_device_info_cap_pci_atomic_comp(Structure):
    header: vfio_info_cap_header
    flags: int
    reserved: int

class vfio_region_info(Structure):
    argsz: int
    flags: int
    index: int
    cap_offset: int
    size: int
    offset: int

class vfio_region_sparse_mmap_area(Structure):
    offset: int
    size: int

class vfio_region_info_cap_sparse_mmap(Structure):
    header: vfio_info_cap_header
    nr_areas: int
    reserved: int
    areas: Array[vfio_region_sparse_mmap_area]

class vfio_region_info_cap_type(Structure):
    header: vfio_info_cap_header
    type: int
    subtype: int

class vfio_region_gfx_edid(Structure):
    edid_offset: int
    edid_max_size: int
    edid_size: int
    max_xres: int
    max_yres: int
    link_state: int

class vfio_device_migration_info(Structure):
    device_state: int
    reserved: int
    pending_bytes: int
    data_offset: int
    data_size: int

class vfio_region_info_cap_nvlink2_ssatgt(Structure):
    header: vfio_info_cap_header
    tgt: int

class vfio_region_info_cap_nvlink2_lnkspd(Structure):
    header: vfio_info_cap_header
    link_speed: int
    __pad: int

class vfio_irq_info(Structure):
    argsz: int
    flags: int
    index: int
    count: int

class vfio_irq_set(Structure):
    argsz: int
    flags: int
    index: int
    start: int
    count: int
    data: Array[c_uint8]

class vfio_pci_dependent_device_anon0(Union):
    group_id: int
    devid: int

class vfio_pci_dependent_device(Structure):
    group_id: int
    devid: int
    segment: int
    bus: int
    devfn: int

class vfio_pci_hot_reset_info(Structure):
    argsz: int
    flags: int
    count: int
    devices: Array[vfio_pci_dependent_device]

class vfio_pci_hot_reset(Structure):
    argsz: int
    flags: int
    count: int
    group_fds: Array[c_int32]

class vfio_device_gfx_plane_info_anon0(Union):
    region_index: int
    dmabuf_id: int

class vfio_device_gfx_plane_info(Structure):
    argsz: int
    flags: int
    drm_plane_type: int
    drm_format: int
    drm_format_mod: int
    width: int
    height: int
    stride: int
    size: int
    x_pos: int
    y_pos: int
    x_hot: int
    y_hot: int
    region_index: int
    dmabuf_id: int
    reserved: int

class vfio_device_ioeventfd(Structure):
    argsz: int
    flags: int
    offset: int
    data: int
    fd: int
    reserved: int

class vfio_device_feature(Structure):
    argsz: int
    flags: int
    data: Array[c_uint8]

class vfio_device_bind_iommufd(Structure):
    argsz: int
    flags: int
    iommufd: int
    out_devid: int

class vfio_device_attach_iommufd_pt(Structure):
    argsz: int
    flags: int
    pt_id: int

class vfio_device_detach_iommufd_pt(Structure):
    argsz: int
    flags: int

class vfio_device_feature_migration(Structure):
    flags: int

class vfio_device_feature_mig_state(Structure):
    device_state: int
    data_fd: int

class vfio_precopy_info(Structure):
    argsz: int
    flags: int
    initial_bytes: int
    dirty_bytes: int

class vfio_device_low_power_entry_with_wakeup(Structure):
    wakeup_eventfd: int
    reserved: int

class vfio_device_feature_dma_logging_control(Structure):
    page_size: int
    num_ranges: int
    __reserved: int
    ranges: int

class vfio_device_feature_dma_logging_range(Structure):
    iova: int
    length: int

class vfio_device_feature_dma_logging_report(Structure):
    iova: int
    length: int
    page_size: int
    bitmap: int

class vfio_device_feature_mig_data_size(Structure):
    stop_copy_length: int

class vfio_device_feature_bus_master(Structure):
    op: int

class vfio_iommu_type1_info(Structure):
    argsz: int
    flags: int
    iova_pgsizes: int
    cap_offset: int
    pad: int

class vfio_iova_range(Structure):
    start: int
    end: int

class vfio_iommu_type1_info_cap_iova_range(Structure):
    header: vfio_info_cap_header
    nr_iovas: int
    reserved: int
    iova_ranges: Array[vfio_iova_range]

class vfio_iommu_type1_info_cap_migration(Structure):
    header: vfio_info_cap_header
    flags: int
    pgsize_bitmap: int
    max_dirty_bitmap_size: int

class vfio_iommu_type1_info_dma_avail(Structure):
    header: vfio_info_cap_header
    avail: int

class vfio_iommu_type1_dma_map(Structure):
    argsz: int
    flags: int
    vaddr: int
    iova: int
    size: int

class vfio_bitmap(Structure):
    pgsize: int
    size: int
    data: int | None

class vfio_iommu_type1_dma_unmap(Structure):
    argsz: int
    flags: int
    iova: int
    size: int
    data: Array[c_uint8]

class vfio_iommu_type1_dirty_bitmap(Structure):
    argsz: int
    flags: int
    data: Array[c_uint8]

class vfio_iommu_type1_dirty_bitmap_get(Structure):
    iova: int
    size: int
    bitmap: vfio_bitmap

class vfio_iommu_spapr_tce_ddw_info(Structure):
    pgsizes: int
    max_dynamic_windows_supported: int
    levels: int

class vfio_iommu_spapr_tce_info(Structure):
    argsz: int
    flags: int
    dma32_window_start: int
    dma32_window_size: int
    ddw: vfio_iommu_spapr_tce_ddw_info

class vfio_eeh_pe_err(Structure):
    type: int
    func: int
    addr: int
    mask: int

class vfio_eeh_pe_op_anon0(Union):
    err: vfio_eeh_pe_err

class vfio_eeh_pe_op(Structure):
    argsz: int
    flags: int
    op: int
    err: vfio_eeh_pe_err

class vfio_iommu_spapr_register_memory(Structure):
    argsz: int
    flags: int
    vaddr: int
    size: int

class vfio_iommu_spapr_tce_create(Structure):
    argsz: int
    flags: int
    page_shift: int
    __resv1: int
    window_size: int
    levels: int
    __resv2: int
    start_addr: int

class vfio_iommu_spapr_tce_remove(Structure):
    argsz: int
    flags: int
    start_addr: int
