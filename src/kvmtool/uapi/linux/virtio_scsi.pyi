"""linux/virtio_scsi.h. Made by `lkvm uapi generate`; edits are lost."""

from ctypes import Array, Structure, c_uint8
from typing import Final

VIRTIO_SCSI_CDB_DEFAULT_SIZE: Final = 32
VIRTIO_SCSI_SENSE_DEFAULT_SIZE: Final = 96
VIRTIO_SCSI_CDB_SIZE: Final = 32
VIRTIO_SCSI_SENSE_SIZE: Final = 96
VIRTIO_SCSI_F_INOUT: Final = 0
VIRTIO_SCSI_F_HOTPLUG: Final = 1
VIRTIO_SCSI_F_CHANGE: Final = 2
VIRTIO_SCSI_F_T10_PI: Final = 3
VIRTIO_SCSI_S_OK: Final = 0
VIRTIO_SCSI_S_OVERRUN: Final = 1
VIRTIO_SCSI_S_ABORTED: Final = 2
VIRTIO_SCSI_S_BAD_TARGET: Final = 3
VIRTIO_SCSI_S_RESET: Final = 4
VIRTIO_SCSI_S_BUSY: Final = 5
VIRTIO_SCSI_S_TRANSPORT_FAILURE: Final = 6
VIRTIO_SCSI_S_TARGET_FAILURE: Final = 7
VIRTIO_SCSI_S_NEXUS_FAILURE: Final = 8
VIRTIO_SCSI_S_FAILURE: Final = 9
VIRTIO_SCSI_S_FUNCTION_SUCCEEDED: Final = 10
VIRTIO_SCSI_S_FUNCTION_REJECTED: Final = 11
VIRTIO_SCSI_S_INCORRECT_LUN: Final = 12
VIRTIO_SCSI_T_TMF: Final = 0
VIRTIO_SCSI_T_AN_QUERY: Final = 1
VIRTIO_SCSI_T_AN_SUBSCRIBE: Final = 2
VIRTIO_SCSI_T_TMF_ABORT_TASK: Final = 0
VIRTIO_SCSI_T_TMF_ABORT_TASK_SET: Final = 1
VIRTIO_SCSI_T_TMF_CLEAR_ACA: Final = 2
VIRTIO_SCSI_T_TMF_CLEAR_TASK_SET: Final = 3
VIRTIO_SCSI_T_TMF_I_T_NEXUS_RESET: Final = 4
VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET: Final = 5
VIRTIO_SCSI_T_TMF_QUERY_TASK: Final = 6
VIRTIO_SCSI_T_TMF_QUERY_TASK_SET: Final = 7
VIRTIO_SCSI_T_EVENTS_MISSED: Final = 0x80000000
VIRTIO_SCSI_T_NO_EVENT: Final = 0
VIRTIO_SCSI_T_TRANSPORT_RESET: Final = 1
VIRTIO_SCSI_T_ASYNC_NOTIFY: Final = 2
VIRTIO_SCSI_T_PARAM_CHANGE: Final = 3
VIRTIO_SCSI_EVT_RESET_HARD: Final = 0
VIRTIO_SCSI_EVT_RESET_RESCAN: Final = 1
VIRTIO_SCSI_EVT_RESET_REMOVED: Final = 2
VIRTIO_SCSI_S_SIMPLE: Final = 0
VIRTIO_SCSI_S_ORDERED: Final = 1
VIRTIO_SCSI_S_HEAD: Final = 2
VIRTIO_SCSI_S_ACA: Final = 3

class virtio_scsi_cmd_req(Structure):
    lun: Array[c_uint8]
    tag: int
    task_attr: int
    prio: int
    crn: int
    cdb: Array[c_uint8]

class virtio_scsi_cmd_req_pi(Structure):
    lun: Array[c_uint8]
    tag: int
    task_attr: int
    prio: int
    crn: int
    pi_bytesout: int
    pi_bytesin: int
    cdb: Array[c_uint8]

class virtio_scsi_cmd_resp(Structure):
    sense_len: int
    resid: int
    status_qualifier: int
    status: int
    response: int
    sense: Array[c_uint8]

class virtio_scsi_ctrl_tmf_req(Structure):
    type: int
    subtype: int
    lun: Array[c_uint8]
    tag: int

class virtio_scsi_ctrl_tmf_resp(Structure):
    response: int

class virtio_scsi_ctrl_an_req(Structure):
    type: int
    lun: Array[c_uint8]
    event_requested: int

class virtio_scsi_ctrl_an_resp(Structure):
    event_actual: int
    response: int

class virtio_scsi_event(Structure):
    event: int
    lun: Array[c_uint8]
    reason: int

class virtio_scsi_config(Structure):
    num_queues: int
    seg_max: int
    max_sectors: int
    cmd_per_lun: int
    event_info_size: int
    sense_size: int
    cdb_size: int
    max_channel: int
    max_target: int
    max_lun: int
