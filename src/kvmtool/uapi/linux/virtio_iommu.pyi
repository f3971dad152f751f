"""linux/virtio_iommu.h. Made by `lkvm uapi generate`; edits are lost."""

from ctypes import Array, Structure, c_uint8
from typing import Final

VIRTIO_IOMMU_F_INPUT_RANGE: Final = 0
VIRTIO_IOMMU_F_DOMAIN_RANGE: Final = 1
VIRTIO_IOMMU_F_MAP_UNMAP: Final = 2
VIRTIO_IOMMU_F_BYPASS: Final = 3
VIRTIO_IOMMU_F_PROBE: Final = 4
VIRTIO_IOMMU_F_MMIO: Final = 5
VIRTIO_IOMMU_F_BYPASS_CONFIG: Final = 6
VIRTIO_IOMMU_T_ATTACH: Final = 1
VIRTIO_IOMMU_T_DETACH: Final = 2
VIRTIO_IOMMU_T_MAP: Final = 3
VIRTIO_IOMMU_T_UNMAP: Final = 4
VIRTIO_IOMMU_T_PROBE: Final = 5
VIRTIO_IOMMU_S_OK: Final = 0
VIRTIO_IOMMU_S_IOERR: Final = 1
VIRTIO_IOMMU_S_UNSUPP: Final = 2
VIRTIO_IOMMU_S_DEVERR: Final = 3
VIRTIO_IOMMU_S_INVAL: Final = 4
VIRTIO_IOMMU_S_RANGE: Final = 5
VIRTIO_IOMMU_S_NOENT: Final = 6
VIRTIO_IOMMU_S_FAULT: Final = 7
VIRTIO_IOMMU_S_NOMEM: Final = 8
VIRTIO_IOMMU_ATTACH_F_BYPASS: Final = 1
VIRTIO_IOMMU_MAP_F_READ: Final = 1
VIRTIO_IOMMU_MAP_F_WRITE: Final = 2
VIRTIO_IOMMU_MAP_F_MMIO: Final = 4
VIRTIO_IOMMU_MAP_F_MASK: Final = 7
VIRTIO_IOMMU_PROBE_T_NONE: Final = 0
VIRTIO_IOMMU_PROBE_T_RESV_MEM: Final = 1
VIRTIO_IOMMU_PROBE_T_MASK: Final = 4095
VIRTIO_IOMMU_RESV_MEM_T_RESERVED: Final = 0
VIRTIO_IOMMU_RESV_MEM_T_MSI: Final = 1
VIRTIO_IOMMU_FAULT_R_UNKNOWN: Final = 0
VIRTIO_IOMMU_FAULT_R_DOMAIN: Final = 1
VIRTIO_IOMMU_FAULT_R_MAPPING: Final = 2
VIRTIO_IOMMU_FAULT_F_READ: Final = 1
VIRTIO_IOMMU_FAULT_F_WRITE: Final = 2
VIRTIO_IOMMU_FAULT_F_EXEC: Final = 4
VIRTIO_IOMMU_FAULT_F_ADDRESS: Final = 256

class virtio_iommu_range_64(Structure):
    start: int
    end: int

class virtio_iommu_range_32(Structure):
    start: int
    end: int

class virtio_iommu_config(Structure):
    page_size_mask: int
    input_range: virtio_iommu_range_64
    domain_range: virtio_iommu_range_32
    probe_size: int
    bypass: int
    reserved: Array[c_uint8]

class virtio_iommu_req_head(Structure):
    type: int
    reserved: Array[c_uint8]

class virtio_iommu_req_tail(Structure):
    status: int
    reserved: Array[c_uint8]

class virtio_iommu_req_attach(Structure):
    head: virtio_iommu_req_head
    domain: int
    endpoint: int
    flags: int
    reserved: Array[c_uint8]
    tail: virtio_iommu_req_tail

class virtio_iommu_req_detach(Structure):
    head: virtio_iommu_req_head
    domain: int
    endpoint: int
    reserved: Array[c_uint8]
    tail: virtio_iommu_req_tail

class virtio_iommu_req_map(Structure):
    head: virtio_iommu_req_head
    domain: int
    virt_start: int
    virt_end: int
    phys_start: int
    flags: int
    tail: virtio_iommu_req_tail

class virtio_iommu_req_unmap(Structure):
    head: virtio_iommu_req_head
    domain: int
    virt_start: int
    virt_end: int
    reserved: Array[c_uint8]
    tail: virtio_iommu_req_tail

class virtio_iommu_probe_property(Structure):
    type: int
    length: int

class virtio_iommu_probe_resv_mem(Structure):
    head: virtio_iommu_probe_property
    subtype: int
    reserved: Array[c_uint8]
    start: int
    end: int

class virtio_iommu_req_probe(Structure):
    head: virtio_iommu_req_head
    endpoint: int
    reserved: Array[c_uint8]
    properties: Array[c_uint8]

class virtio_iommu_fault(Structure):
    reason: int
    reserved: Array[c_uint8]
    flags: int
    endpoint: int
    reserved2: Array[c_uint8]
    address: int
