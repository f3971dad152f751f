"""linux/virtio_gpu.h. Made by `lkvm uapi generate`; edits are lost."""

from ctypes import Array, Structure, c_uint8, c_uint32
from typing import Final

VIRTIO_GPU_F_VIRGL: Final = 0
VIRTIO_GPU_F_EDID: Final = 1
VIRTIO_GPU_F_RESOURCE_UUID: Final = 2
VIRTIO_GPU_F_RESOURCE_BLOB: Final = 3
VIRTIO_GPU_F_CONTEXT_INIT: Final = 4
VIRTIO_GPU_FLAG_FENCE: Final = 1
VIRTIO_GPU_FLAG_INFO_RING_IDX: Final = 2
VIRTIO_GPU_MAX_SCANOUTS: Final = 16
VIRTIO_GPU_RESOURCE_FLAG_Y_0_TOP: Final = 1
VIRTIO_GPU_CONTEXT_INIT_CAPSET_ID_MASK: Final = 255
VIRTIO_GPU_CAPSET_VIRGL: Final = 1
VIRTIO_GPU_CAPSET_VIRGL2: Final = 2
VIRTIO_GPU_CAPSET_VENUS: Final = 4
VIRTIO_GPU_CAPSET_DRM: Final = 6
VIRTIO_GPU_EVENT_DISPLAY: Final = 1
VIRTIO_GPU_BLOB_MEM_GUEST: Final = 1
VIRTIO_GPU_BLOB_MEM_HOST3D: Final = 2
VIRTIO_GPU_BLOB_MEM_HOST3D_GUEST: Final = 3
VIRTIO_GPU_BLOB_FLAG_USE_MAPPABLE: Final = 1
VIRTIO_GPU_BLOB_FLAG_USE_SHAREABLE: Final = 2
VIRTIO_GPU_BLOB_FLAG_USE_CROSS_DEVICE: Final = 4
VIRTIO_GPU_MAP_CACHE_MASK: Final = 15
VIRTIO_GPU_MAP_CACHE_NONE: Final = 0
VIRTIO_GPU_MAP_CACHE_CACHED: Final = 1
VIRTIO_GPU_MAP_CACHE_UNCACHED: Final = 2
VIRTIO_GPU_MAP_CACHE_WC: Final = 3
VIRTIO_GPU_UNDEFINED: Final = 0
VIRTIO_GPU_CMD_GET_DISPLAY_INFO: Final = 256
VIRTIO_GPU_CMD_RESOURCE_CREATE_2D: Final = 257
VIRTIO_GPU_CMD_RESOURCE_UNREF: Final = 258
VIRTIO_GPU_CMD_SET_SCANOUT: Final = 259
VIRTIO_GPU_CMD_RESOURCE_FLUSH: Final = 260
VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D: Final = 261
VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING: Final = 262
VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING: Final = 263
VIRTIO_GPU_CMD_GET_CAPSET_INFO: Final = 264
VIRTIO_GPU_CMD_GET_CAPSET: Final = 265
VIRTIO_GPU_CMD_GET_EDID: Final = 266
VIRTIO_GPU_CMD_RESOURCE_ASSIGN_UUID: Final = 267
VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB: Final = 268
VIRTIO_GPU_CMD_SET_SCANOUT_BLOB: Final = 269
VIRTIO_GPU_CMD_CTX_CREATE: Final = 512
VIRTIO_GPU_CMD_CTX_DESTROY: Final = 513
VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE: Final = 514
VIRTIO_GPU_CMD_CTX_DETACH_RESOURCE: Final = 515
VIRTIO_GPU_CMD_RESOURCE_CREATE_3D: Final = 516
VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D: Final = 517
VIRTIO_GPU_CMD_TRANSFER_FROM_HOST_3D: Final = 518
VIRTIO_GPU_CMD_SUBMIT_3D: Final = 519
VIRTIO_GPU_CMD_RESOURCE_MAP_BLOB: Final = 520
VIRTIO_GPU_CMD_RESOURCE_UNMAP_BLOB: Final = 521
VIRTIO_GPU_CMD_UPDATE_CURSOR: Final = 768
VIRTIO_GPU_CMD_MOVE_CURSOR: Final = 769
VIRTIO_GPU_RESP_OK_NODATA: Final = 0x1100
VIRTIO_GPU_RESP_OK_DISPLAY_INFO: Final = 0x1101
VIRTIO_GPU_RESP_OK_CAPSET_INFO: Final = 0x1102
VIRTIO_GPU_RESP_OK_CAPSET: Final = 0x1103
VIRTIO_GPU_RESP_OK_EDID: Final = 0x1104
VIRTIO_GPU_RESP_OK_RESOURCE_UUID: Final = 0x1105
VIRTIO_GPU_RESP_OK_MAP_INFO: Final = 0x1106
VIRTIO_GPU_RESP_ERR_UNSPEC: Final = 0x1200
VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY: Final = 0x1201
VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID: Final = 0x1202
VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID: Final = 0x1203
VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID: Final = 0x1204
VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER: Final = 0x1205
VIRTIO_GPU_SHM_ID_UNDEFINED: Final = 0
VIRTIO_GPU_SHM_ID_HOST_VISIBLE: Final = 1
VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM: Final = 1
VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM: Final = 2
VIRTIO_GPU_FORMAT_A8R8G8B8_UNORM: Final = 3
VIRTIO_GPU_FORMAT_X8R8G8B8_UNORM: Final = 4
VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM: Final = 67
VIRTIO_GPU_FORMAT_X8B8G8R8_UNORM: Final = 68
VIRTIO_GPU_FORMAT_A8B8G8R8_UNORM: Final = 121
VIRTIO_GPU_FORMAT_R8G8B8X8_UNORM: Final = 134

class virtio_gpu_ctrl_hdr(Structure):
    type: int
    flags: int
    fence_id: int
    ctx_id: int
    ring_idx: int
    padding: Array[c_uint8]

class virtio_gpu_cursor_pos(Structure):
    scanout_id: int
    x: int
    y: int
    padding: int

class virtio_gpu_update_cursor(Structure):
    hdr: virtio_gpu_ctrl_hdr
    pos: virtio_gpu_cursor_pos
    resource_id: int
    hot_x: int
    hot_y: int
    padding: int

class virtio_gpu_rect(Structure):
    x: int
    y: int
    width: int
    height: int

class virtio_gpu_resource_unref(Structure):
    hdr: virtio_gpu_ctrl_hdr
    resource_id: int
    padding: int

class virtio_gpu_resource_create_2d(Structure):
    hdr: virtio_gpu_ctrl_hdr
    resource_id: int
    format: int
    width: int
    height: int

class virtio_gpu_set_scanout(Structure):
    hdr: virtio_gpu_ctrl_hdr
    r: virtio_gpu_rect
    scanout_id: int
    resource_id: int

class virtio_gpu_resource_flush(Structure):
    hdr: virtio_gpu_ctrl_hdr
    r: virtio_gpu_rect
    resource_id: int
    padding: int

class virtio_gpu_transfer_to_host_2d(Structure):
    hdr: virtio_gpu_ctrl_hdr
    r: virtio_gpu_rect
    offset: int
    resource_id: int
    padding: int

class virtio_gpu_mem_entry(Structure):
    addr: int
    length: int
    padding: int

class virtio_gpu_resource_attach_backing(Structure):
    hdr: virtio_gpu_ctrl_hdr
    resource_id: int
    nr_entries: int

class virtio_gpu_resource_detach_backing(Structure):
    hdr: virtio_gpu_ctrl_hdr
    resource_id: int
    padding: int

class virtio_gpu_display_one(Structure):
    r: virtio_gpu_rect
    enabled: int
    flags: int

class virtio_gpu_resp_display_info(Structure):
    hdr: virtio_gpu_ctrl_hdr
    pmodes: Array[virtio_gpu_display_one]

class virtio_gpu_box(Structure):
    x: int
    y: int
    z: int
    w: int
    h: int
    d: int

class virtio_gpu_transfer_host_3d(Structure):
    hdr: virtio_gpu_ctrl_hdr
    box: virtio_gpu_box
    offset: int
    resource_id: int
    level: int
    stride: int
    layer_stride: int

class virtio_gpu_resource_create_3d(Structure):
    hdr: virtio_gpu_ctrl_hdr
    resource_id: int
    target: int
    format: int
    bind: int
    width: int
    height: int
    depth: int
    array_size: int
    last_level: int
    nr_samples: int
    flags: int
    padding: int

class virtio_gpu_ctx_create(Structure):
    hdr: virtio_gpu_ctrl_hdr
    nlen: int
    context_init: int
    debug_name: Array[c_uint8]

class virtio_gpu_ctx_destroy(Structure):
    hdr: virtio_gpu_ctrl_hdr

class virtio_gpu_ctx_resource(Structure):
    hdr: virtio_gpu_ctrl_hdr
    resource_id: int
    padding: int

class virtio_gpu_cmd_submit(Structure):
    hdr: virtio_gpu_ctrl_hdr
    size: int
    padding: int

class virtio_gpu_get_capset_info(Structure):
    hdr: virtio_gpu_ctrl_hdr
    capset_index: int
    padding: int

class virtio_gpu_resp_capset_info(Structure):
    hdr: virtio_gpu_ctrl_hdr
    capset_id: int
    capset_max_version: int
    capset_max_size: int
    padding: int

class virtio_gpu_get_capset(Structure):
    hdr: virtio_gpu_ctrl_hdr
    capset_id: int
    capset_version: int

class virtio_gpu_resp_capset(Structure):
    hdr: virtio_gpu_ctrl_hdr
    capset_data: Array[c_uint8]

class virtio_gpu_cmd_get_edid(Structure):
    hdr: virtio_gpu_ctrl_hdr
    scanout: int
    padding: int

class virtio_gpu_resp_edid(Structure):
    hdr: virtio_gpu_ctrl_hdr
    size: int
    padding: int
    edid: Array[c_uint8]

class virtio_gpu_config(Structure):
    events_read: int
    events_clear: int
    num_scanouts: int
    num_capsets: int

class virtio_gpu_resource_assign_uuid(Structure):
    hdr: virtio_gpu_ctrl_hdr
    resource_id: int
    padding: int

class virtio_gpu_resp_resource_uuid(Structure):
    hdr: virtio_gpu_ctrl_hdr
    uuid: Array[c_uint8]

class virtio_gpu_resource_create_blob(Structure):
    hdr: virtio_gpu_ctrl_hdr
    resource_id: int
    blob_mem: int
    blob_flags: int
    nr_entries: int
    blob_id: int
    size: int

class virtio_gpu_set_scanout_blob(Structure):
    hdr: virtio_gpu_ctrl_hdr
    r: virtio_gpu_rect
    scanout_id: int
    resource_id: int
    width: int
    height: int
    format: int
    padding: int
    strides: Array[c_uint32]
    offsets: Array[c_uint32]

class virtio_gpu_resource_map_blob(Structure):
    hdr: virtio_gpu_ctrl_hdr
    resource_id: int
    padding: int
    offset: int

class virtio_gpu_resp_map_info(Structure):
    hdr: virtio_gpu_ctrl_hdr
    map_info: int
    padding: int

class virtio_gpu_resource_unmap_blob(Structure):
    hdr: virtio_gpu_ctrl_hdr
    resource_id: int
    padding: int
