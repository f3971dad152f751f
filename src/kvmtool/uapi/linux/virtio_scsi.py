"""linux/virtio_scsi.h. Made by `lkvm uapi generate`; edits are lost."""

from kvmtool.uapi.layout import attribute as _attribute

VIRTIO_SCSI_CDB_DEFAULT_SIZE = 32
VIRTIO_SCSI_SENSE_DEFAULT_SIZE = 96
VIRTIO_SCSI_CDB_SIZE = 32
VIRTIO_SCSI_SENSE_SIZE = 96
VIRTIO_SCSI_F_INOUT = 0
VIRTIO_SCSI_F_HOTPLUG = 1
VIRTIO_SCSI_F_CHANGE = 2
VIRTIO_SCSI_F_T10_PI = 3
VIRTIO_SCSI_S_OK = 0
VIRTIO_SCSI_S_OVERRUN = 1
VIRTIO_SCSI_S_ABORTED = 2
VIRTIO_SCSI_S_BAD_TARGET = 3
VIRTIO_SCSI_S_RESET = 4
VIRTIO_SCSI_S_BUSY = 5
VIRTIO_SCSI_S_TRANSPORT_FAILURE = 6
VIRTIO_SCSI_S_TARGET_FAILURE = 7
VIRTIO_SCSI_S_NEXUS_FAILURE = 8
VIRTIO_SCSI_S_FAILURE = 9
VIRTIO_SCSI_S_FUNCTION_SUCCEEDED = 10
VIRTIO_SCSI_S_FUNCTION_REJECTED = 11
VIRTIO_SCSI_S_INCORRECT_LUN = 12
VIRTIO_SCSI_T_TMF = 0
VIRTIO_SCSI_T_AN_QUERY = 1
VIRTIO_SCSI_T_AN_SUBSCRIBE = 2
VIRTIO_SCSI_T_TMF_ABORT_TASK = 0
VIRTIO_SCSI_T_TMF_ABORT_TASK_SET = 1
VIRTIO_SCSI_T_TMF_CLEAR_ACA = 2
VIRTIO_SCSI_T_TMF_CLEAR_TASK_SET = 3
VIRTIO_SCSI_T_TMF_I_T_NEXUS_RESET = 4
VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET = 5
VIRTIO_SCSI_T_TMF_QUERY_TASK = 6
VIRTIO_SCSI_T_TMF_QUERY_TASK_SET = 7
VIRTIO_SCSI_T_EVENTS_MISSED = 0x80000000
VIRTIO_SCSI_T_NO_EVENT = 0
VIRTIO_SCSI_T_TRANSPORT_RESET = 1
VIRTIO_SCSI_T_ASYNC_NOTIFY = 2
VIRTIO_SCSI_T_PARAM_CHANGE = 3
VIRTIO_SCSI_EVT_RESET_HARD = 0
VIRTIO_SCSI_EVT_RESET_RESCAN = 1
VIRTIO_SCSI_EVT_RESET_REMOVED = 2
VIRTIO_SCSI_S_SIMPLE = 0
VIRTIO_SCSI_S_ORDERED = 1
VIRTIO_SCSI_S_HEAD = 2
VIRTIO_SCSI_S_ACA = 3

_LAYOUTS = {
    "virtio_scsi_cmd_req": (
        "packed struct 51: u8 lun[8]; u64 tag; u8 task_attr; u8 prio; u8 crn; u8 cdb[32]"
    ),
    "virtio_scsi_cmd_req_pi": (
        "packed struct 59: u8 lun[8]; u64 tag; u8 task_attr; u8 prio; u8 crn; u32 pi_bytesout; "
        "u32 pi_bytesin; u8 cdb[32]"
    ),
    "virtio_scsi_cmd_resp": (
        "struct 108: u32 sense_len; u32 resid; u16 status_qualifier; u8 status; u8 response; "
        "u8 sense[96]"
    ),
    "virtio_scsi_ctrl_tmf_req": "struct 24: u32 type; u32 subtype; u8 lun[8]; u64 tag",
    "virtio_scsi_ctrl_tmf_resp": "struct 1: u8 response",
    "virtio_scsi_ctrl_an_req": "struct 16: u32 type; u8 lun[8]; u32 event_requested",
    "virtio_scsi_ctrl_an_resp": "packed struct 5: u32 event_actual; u8 response",
    "virtio_scsi_event": "struct 16: u32 event; u8 lun[8]; u32 reason",
    "virtio_scsi_config": (
        "struct 36: u32 num_queues; u32 seg_max; u32 max_sectors; u32 cmd_per_lun; "
        "u32 event_info_size; u32 sense_size; u32 cdb_size; u16 max_channel; u16 max_target; "
        "u32 max_lun"
    ),
}


def __getattr__(name):
    return _attribute(name, _LAYOUTS, globals())
