"""linux/virtio_gpu.h. Made by `lkvm uapi generate`; edits are lost."""

from kvmtool.uapi.layout import attribute as _attribute

VIRTIO_GPU_F_VIRGL = 0
VIRTIO_GPU_F_EDID = 1
VIRTIO_GPU_F_RESOURCE_UUID = 2
VIRTIO_GPU_F_RESOURCE_BLOB = 3
VIRTIO_GPU_F_CONTEXT_INIT = 4
VIRTIO_GPU_FLAG_FENCE = 1
VIRTIO_GPU_FLAG_INFO_RING_IDX = 2
VIRTIO_GPU_MAX_SCANOUTS = 16
VIRTIO_GPU_RESOURCE_FLAG_Y_0_TOP = 1
VIRTIO_GPU_CONTEXT_INIT_CAPSET_ID_MASK = 255
VIRTIO_GPU_CAPSET_VIRGL = 1
VIRTIO_GPU_CAPSET_VIRGL2 = 2
VIRTIO_GPU_CAPSET_VENUS = 4
VIRTIO_GPU_CAPSET_DRM = 6
VIRTIO_GPU_EVENT_DISPLAY = 1
VIRTIO_GPU_BLOB_MEM_GUEST = 1
VIRTIO_GPU_BLOB_MEM_HOST3D = 2
VIRTIO_GPU_BLOB_MEM_HOST3D_GUEST = 3
VIRTIO_GPU_BLOB_FLAG_USE_MAPPABLE = 1
VIRTIO_GPU_BLOB_FLAG_USE_SHAREABLE = 2
VIRTIO_GPU_BLOB_FLAG_USE_CROSS_DEVICE = 4
VIRTIO_GPU_MAP_CACHE_MASK = 15
VIRTIO_GPU_MAP_CACHE_NONE = 0
VIRTIO_GPU_MAP_CACHE_CACHED = 1
VIRTIO_GPU_MAP_CACHE_UNCACHED = 2
VIRTIO_GPU_MAP_CACHE_WC = 3
VIRTIO_GPU_UNDEFINED = 0
VIRTIO_GPU_CMD_GET_DISPLAY_INFO = 256
VIRTIO_GPU_CMD_RESOURCE_CREATE_2D = 257
VIRTIO_GPU_CMD_RESOURCE_UNREF = 258
VIRTIO_GPU_CMD_SET_SCANOUT = 259
VIRTIO_GPU_CMD_RESOURCE_FLUSH = 260
VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D = 261
VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING = 262
VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING = 263
VIRTIO_GPU_CMD_GET_CAPSET_INFO = 264
VIRTIO_GPU_CMD_GET_CAPSET = 265
VIRTIO_GPU_CMD_GET_EDID = 266
VIRTIO_GPU_CMD_RESOURCE_ASSIGN_UUID = 267
VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB = 268
VIRTIO_GPU_CMD_SET_SCANOUT_BLOB = 269
VIRTIO_GPU_CMD_CTX_CREATE = 512
VIRTIO_GPU_CMD_CTX_DESTROY = 513
VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE = 514
VIRTIO_GPU_CMD_CTX_DETACH_RESOURCE = 515
VIRTIO_GPU_CMD_RESOURCE_CREATE_3D = 516
VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D = 517
VIRTIO_GPU_CMD_TRANSFER_FROM_HOST_3D = 518
VIRTIO_GPU_CMD_SUBMIT_3D = 519
VIRTIO_GPU_CMD_RESOURCE_MAP_BLOB = 520
VIRTIO_GPU_CMD_RESOURCE_UNMAP_BLOB = 521
VIRTIO_GPU_CMD_UPDATE_CURSOR = 768
VIRTIO_GPU_CMD_MOVE_CURSOR = 769
VIRTIO_GPU_RESP_OK_NODATA = 0x1100
VIRTIO_GPU_RESP_OK_DISPLAY_INFO = 0x1101
VIRTIO_GPU_RESP_OK_CAPSET_INFO = 0x1102
VIRTIO_GPU_RESP_OK_CAPSET = 0x1103
VIRTIO_GPU_RESP_OK_EDID = 0x1104
VIRTIO_GPU_RESP_OK_RESOURCE_UUID = 0x1105
VIRTIO_GPU_RESP_OK_MAP_INFO = 0x1106
VIRTIO_GPU_RESP_ERR_UNSPEC = 0x1200
VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY = 0x1201
VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID = 0x1202
VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID = 0x1203
VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID = 0x1204
VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER = 0x1205
VIRTIO_GPU_SHM_ID_UNDEFINED = 0
VIRTIO_GPU_SHM_ID_HOST_VISIBLE = 1
VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM = 1
VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM = 2
VIRTIO_GPU_FORMAT_A8R8G8B8_UNORM = 3
VIRTIO_GPU_FORMAT_X8R8G8B8_UNORM = 4
VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM = 67
VIRTIO_GPU_FORMAT_X8B8G8R8_UNORM = 68
VIRTIO_GPU_FORMAT_A8B8G8R8_UNORM = 121
VIRTIO_GPU_FORMAT_R8G8B8X8_UNORM = 134

_LAYOUTS = {
    "virtio_gpu_ctrl_hdr": (
        "struct 24: u32 type; u32 flags; u64 fence_id; u32 ctx_id; u8 ring_idx; u8 padding[3]"
    ),
    "virtio_gpu_cursor_pos": "struct 16: u32 scanout_id; u32 x; u32 y; u32 padding",
    "virtio_gpu_update_cursor": (
        "struct 56: virtio_gpu_ctrl_hdr hdr; virtio_gpu_cursor_pos pos; u32 resource_id; "
        "u32 hot_x; u32 hot_y; u32 padding"
    ),
    "virtio_gpu_rect": "struct 16: u32 x; u32 y; u32 width; u32 height",
    "virtio_gpu_resource_unref": "struct 32: virtio_gpu_ctrl_hdr hdr; u32 resource_id; u32 padding",
    "virtio_gpu_resource_create_2d": (
        "struct 40: virtio_gpu_ctrl_hdr hdr; u32 resource_id; u32 format; u32 width; u32 height"
    ),
    "virtio_gpu_set_scanout": (
        "struct 48: virtio_gpu_ctrl_hdr hdr; virtio_gpu_rect r; u32 scanout_id; u32 resource_id"
    ),
    "virtio_gpu_resource_flush": (
        "struct 48: virtio_gpu_ctrl_hdr hdr; virtio_gpu_rect r; u32 resource_id; u32 padding"
    ),
    "virtio_gpu_transfer_to_host_2d": (
        "struct 56: virtio_gpu_ctrl_hdr hdr; virtio_gpu_rect r; u64 offset; u32 resource_id; "
        "u32 padding"
    ),
    "virtio_gpu_mem_entry": "struct 16: u64 addr; u32 length; u32 padding",
    "virtio_gpu_resource_attach_backing": (
        "struct 32: virtio_gpu_ctrl_hdr hdr; u32 resource_id; u32 nr_entries"
    ),
    "virtio_gpu_resource_detach_backing": (
        "struct 32: virtio_gpu_ctrl_hdr hdr; u32 resource_id; u32 padding"
    ),
    "virtio_gpu_display_one": "struct 24: virtio_gpu_rect r; u32 enabled; u32 flags",
    "virtio_gpu_resp_display_info": (
        "struct 408: virtio_gpu_ctrl_hdr hdr; virtio_gpu_display_one pmodes[16]"
    ),
    "virtio_gpu_box": "struct 24: u32 x; u32 y; u32 z; u32 w; u32 h; u32 d",
    "virtio_gpu_transfer_host_3d": (
        "struct 72: virtio_gpu_ctrl_hdr hdr; virtio_gpu_box box; u64 offset; u32 resource_id; "
        "u32 level; u32 stride; u32 layer_stride"
    ),
    "virtio_gpu_resource_create_3d": (
        "struct 72: virtio_gpu_ctrl_hdr hdr; u32 resource_id; u32 target; u32 format; u32 bind; "
        "u32 width; u32 height; u32 depth; u32 array_size; u32 last_level; u32 nr_samples; "
        "u32 flags; u32 padding"
    ),
    "virtio_gpu_ctx_create": (
        "struct 96: virtio_gpu_ctrl_hdr hdr; u32 nlen; u32 context_init; u8 debug_name[64]"
    ),
    "virtio_gpu_ctx_destroy": "struct 24: virtio_gpu_ctrl_hdr hdr",
    "virtio_gpu_ctx_resource": "struct 32: virtio_gpu_ctrl_hdr hdr; u32 resource_id; u32 padding",
    "virtio_gpu_cmd_submit": "struct 32: virtio_gpu_ctrl_hdr hdr; u32 size; u32 padding",
    "virtio_gpu_get_capset_info": (
        "struct 32: virtio_gpu_ctrl_hdr hdr; u32 capset_index; u32 padding"
    ),
    "virtio_gpu_resp_capset_info": (
        "struct 40: virtio_gpu_ctrl_hdr hdr; u32 capset_id; u32 capset_max_version; "
        "u32 capset_max_size; u32 padding"
    ),
    "virtio_gpu_get_capset": (
        "struct 32: virtio_gpu_ctrl_hdr hdr; u32 capset_id; u32 capset_version"
    ),
    "virtio_gpu_resp_capset": "struct 24: virtio_gpu_ctrl_hdr hdr; u8 capset_data[0]",
    "virtio_gpu_cmd_get_edid": "struct 32: virtio_gpu_ctrl_hdr hdr; u32 scanout; u32 padding",
    "virtio_gpu_resp_edid": (
        "struct 1056: virtio_gpu_ctrl_hdr hdr; u32 size; u32 padding; u8 edid[1024]"
    ),
    "virtio_gpu_config": (
        "struct 16: u32 events_read; u32 events_clear; u32 num_scanouts; u32 num_capsets"
    ),
    "virtio_gpu_resource_assign_uuid": (
        "struct 32: virtio_gpu_ctrl_hdr hdr; u32 resource_id; u32 padding"
    ),
    "virtio_gpu_resp_resource_uuid": "struct 40: virtio_gpu_ctrl_hdr hdr; u8 uuid[16]",
    "virtio_gpu_resource_create_blob": (
        "struct 56: virtio_gpu_ctrl_hdr hdr; u32 resource_id; u32 blob_mem; u32 blob_flags; "
        "u32 nr_entries; u64 blob_id; u64 size"
    ),
    "virtio_gpu_set_scanout_blob": (
        "struct 96: virtio_gpu_ctrl_hdr hdr; virtio_gpu_rect r; u32 scanout_id; u32 resource_id; "
        "u32 width; u32 height; u32 format; u32 padding; u32 strides[4]; u32 offsets[4]"
    ),
    "virtio_gpu_resource_map_blob": (
        "struct 40: virtio_gpu_ctrl_hdr hdr; u32 resource_id; u32 padding; u64 offset"
    ),
    "virtio_gpu_resp_map_info": "struct 32: virtio_gpu_ctrl_hdr hdr; u32 map_info; u32 padding",
    "virtio_gpu_resource_unmap_blob": (
        "struct 32: virtio_gpu_ctrl_hdr hdr; u32 resource_id; u32 padding"
    ),
}


def __getattr__(name):
    return _attribute(name, _LAYOUTS, globals())
