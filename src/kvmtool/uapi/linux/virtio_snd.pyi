"""linux/virtio_snd.h. Made by `lkvm uapi generate`; edits are lost."""

from ctypes import Array, Structure, Union, c_uint8, c_uint32, c_uint64
from typing import Final

VIRTIO_SND_CHMAP_MAX_SIZE: Final = 18
VIRTIO_SND_F_CTLS: Final = 0
VIRTIO_SND_VQ_CONTROL: Final = 0
VIRTIO_SND_VQ_EVENT: Final = 1
VIRTIO_SND_VQ_TX: Final = 2
VIRTIO_SND_VQ_RX: Final = 3
VIRTIO_SND_VQ_MAX: Final = 4
VIRTIO_SND_D_OUTPUT: Final = 0
VIRTIO_SND_D_INPUT: Final = 1
VIRTIO_SND_R_JACK_INFO: Final = 1
VIRTIO_SND_R_JACK_REMAP: Final = 2
VIRTIO_SND_R_PCM_INFO: Final = 256
VIRTIO_SND_R_PCM_SET_PARAMS: Final = 257
VIRTIO_SND_R_PCM_PREPARE: Final = 258
VIRTIO_SND_R_PCM_RELEASE: Final = 259
VIRTIO_SND_R_PCM_START: Final = 260
VIRTIO_SND_R_PCM_STOP: Final = 261
VIRTIO_SND_R_CHMAP_INFO: Final = 512
VIRTIO_SND_R_CTL_INFO: Final = 768
VIRTIO_SND_R_CTL_ENUM_ITEMS: Final = 769
VIRTIO_SND_R_CTL_READ: Final = 770
VIRTIO_SND_R_CTL_WRITE: Final = 771
VIRTIO_SND_R_CTL_TLV_READ: Final = 772
VIRTIO_SND_R_CTL_TLV_WRITE: Final = 773
VIRTIO_SND_R_CTL_TLV_COMMAND: Final = 774
VIRTIO_SND_EVT_JACK_CONNECTED: Final = 0x1000
VIRTIO_SND_EVT_JACK_DISCONNECTED: Final = 0x1001
VIRTIO_SND_EVT_PCM_PERIOD_ELAPSED: Final = 0x1100
VIRTIO_SND_EVT_PCM_XRUN: Final = 0x1101
VIRTIO_SND_EVT_CTL_NOTIFY: Final = 0x1200
VIRTIO_SND_S_OK: Final = 0x8000
VIRTIO_SND_S_BAD_MSG: Final = 0x8001
VIRTIO_SND_S_NOT_SUPP: Final = 0x8002
VIRTIO_SND_S_IO_ERR: Final = 0x8003
VIRTIO_SND_JACK_F_REMAP: Final = 0
VIRTIO_SND_PCM_F_SHMEM_HOST: Final = 0
VIRTIO_SND_PCM_F_SHMEM_GUEST: Final = 1
VIRTIO_SND_PCM_F_MSG_POLLING: Final = 2
VIRTIO_SND_PCM_F_EVT_SHMEM_PERIODS: Final = 3
VIRTIO_SND_PCM_F_EVT_XRUNS: Final = 4
VIRTIO_SND_PCM_FMT_IMA_ADPCM: Final = 0
VIRTIO_SND_PCM_FMT_MU_LAW: Final = 1
VIRTIO_SND_PCM_FMT_A_LAW: Final = 2
VIRTIO_SND_PCM_FMT_S8: Final = 3
VIRTIO_SND_PCM_FMT_U8: Final = 4
VIRTIO_SND_PCM_FMT_S16: Final = 5
VIRTIO_SND_PCM_FMT_U16: Final = 6
VIRTIO_SND_PCM_FMT_S18_3: Final = 7
VIRTIO_SND_PCM_FMT_U18_3: Final = 8
VIRTIO_SND_PCM_FMT_S20_3: Final = 9
VIRTIO_SND_PCM_FMT_U20_3: Final = 10
VIRTIO_SND_PCM_FMT_S24_3: Final = 11
VIRTIO_SND_PCM_FMT_U24_3: Final = 12
VIRTIO_SND_PCM_FMT_S20: Final = 13
VIRTIO_SND_PCM_FMT_U20: Final = 14
VIRTIO_SND_PCM_FMT_S24: Final = 15
VIRTIO_SND_PCM_FMT_U24: Final = 16
VIRTIO_SND_PCM_FMT_S32: Final = 17
VIRTIO_SND_PCM_FMT_U32: Final = 18
VIRTIO_SND_PCM_FMT_FLOAT: Final = 19
VIRTIO_SND_PCM_FMT_FLOAT64: Final = 20
VIRTIO_SND_PCM_FMT_DSD_U8: Final = 21
VIRTIO_SND_PCM_FMT_DSD_U16: Final = 22
VIRTIO_SND_PCM_FMT_DSD_U32: Final = 23
VIRTIO_SND_PCM_FMT_IEC958_SUBFRAME: Final = 24
VIRTIO_SND_PCM_RATE_5512: Final = 0
VIRTIO_SND_PCM_RATE_8000: Final = 1
VIRTIO_SND_PCM_RATE_11025: Final = 2
VIRTIO_SND_PCM_RATE_16000: Final = 3
VIRTIO_SND_PCM_RATE_22050: Final = 4
VIRTIO_SND_PCM_RATE_32000: Final = 5
VIRTIO_SND_PCM_RATE_44100: Final = 6
VIRTIO_SND_PCM_RATE_48000: Final = 7
VIRTIO_SND_PCM_RATE_64000: Final = 8
VIRTIO_SND_PCM_RATE_88200: Final = 9
VIRTIO_SND_PCM_RATE_96000: Final = 10
VIRTIO_SND_PCM_RATE_176400: Final = 11
VIRTIO_SND_PCM_RATE_192000: Final = 12
VIRTIO_SND_PCM_RATE_384000: Final = 13
VIRTIO_SND_CHMAP_NONE: Final = 0
VIRTIO_SND_CHMAP_NA: Final = 1
VIRTIO_SND_CHMAP_MONO: Final = 2
VIRTIO_SND_CHMAP_FL: Final = 3
VIRTIO_SND_CHMAP_FR: Final = 4
VIRTIO_SND_CHMAP_RL: Final = 5
VIRTIO_SND_CHMAP_RR: Final = 6
VIRTIO_SND_CHMAP_FC: Final = 7
VIRTIO_SND_CHMAP_LFE: Final = 8
VIRTIO_SND_CHMAP_SL: Final = 9
VIRTIO_SND_CHMAP_SR: Final = 10
VIRTIO_SND_CHMAP_RC: Final = 11
VIRTIO_SND_CHMAP_FLC: Final = 12
VIRTIO_SND_CHMAP_FRC: Final = 13
VIRTIO_SND_CHMAP_RLC: Final = 14
VIRTIO_SND_CHMAP_RRC: Final = 15
VIRTIO_SND_CHMAP_FLW: Final = 16
VIRTIO_SND_CHMAP_FRW: Final = 17
VIRTIO_SND_CHMAP_FLH: Final = 18
VIRTIO_SND_CHMAP_FCH: Final = 19
VIRTIO_SND_CHMAP_FRH: Final = 20
VIRTIO_SND_CHMAP_TC: Final = 21
VIRTIO_SND_CHMAP_TFL: Final = 22
VIRTIO_SND_CHMAP_TFR: Final = 23
VIRTIO_SND_CHMAP_TFC: Final = 24
VIRTIO_SND_CHMAP_TRL: Final = 25
VIRTIO_SND_CHMAP_TRR: Final = 26
VIRTIO_SND_CHMAP_TRC: Final = 27
VIRTIO_SND_CHMAP_TFLC: Final = 28
VIRTIO_SND_CHMAP_TFRC: Final = 29
VIRTIO_SND_CHMAP_TSL: Final = 30
VIRTIO_SND_CHMAP_TSR: Final = 31
VIRTIO_SND_CHMAP_LLFE: Final = 32
VIRTIO_SND_CHMAP_RLFE: Final = 33
VIRTIO_SND_CHMAP_BC: Final = 34
VIRTIO_SND_CHMAP_BLC: Final = 35
VIRTIO_SND_CHMAP_BRC: Final = 36
VIRTIO_SND_CTL_ROLE_UNDEFINED: Final = 0
VIRTIO_SND_CTL_ROLE_VOLUME: Final = 1
VIRTIO_SND_CTL_ROLE_MUTE: Final = 2
VIRTIO_SND_CTL_ROLE_GAIN: Final = 3
VIRTIO_SND_CTL_TYPE_BOOLEAN: Final = 0
VIRTIO_SND_CTL_TYPE_INTEGER: Final = 1
VIRTIO_SND_CTL_TYPE_INTEGER64: Final = 2
VIRTIO_SND_CTL_TYPE_ENUMERATED: Final = 3
VIRTIO_SND_CTL_TYPE_BYTES: Final = 4
VIRTIO_SND_CTL_TYPE_IEC958: Final = 5
VIRTIO_SND_CTL_ACCESS_READ: Final = 0
VIRTIO_SND_CTL_ACCESS_WRITE: Final = 1
VIRTIO_SND_CTL_ACCESS_VOLATILE: Final = 2
VIRTIO_SND_CTL_ACCESS_INACTIVE: Final = 3
VIRTIO_SND_CTL_ACCESS_TLV_READ: Final = 4
VIRTIO_SND_CTL_ACCESS_TLV_WRITE: Final = 5
VIRTIO_SND_CTL_ACCESS_TLV_COMMAND: Final = 6
VIRTIO_SND_CTL_EVT_MASK_VALUE: Final = 0
VIRTIO_SND_CTL_EVT_MASK_INFO: Final = 1
VIRTIO_SND_CTL_EVT_MASK_TLV: Final = 2

class virtio_snd_config(Structure):
    jacks: int
    streams: int
    chmaps: int
    controls: int

class virtio_snd_hdr(Structure):
    code: int

class virtio_snd_event(Structure):
    hdr: virtio_snd_hdr
    data: int

class virtio_snd_query_info(Structure):
    hdr: virtio_snd_hdr
    start_id: int
    count: int
    size: int

class virtio_snd_info(Structure):
    hda_fn_nid: int

class virtio_snd_jack_hdr(Structure):
    hdr: virtio_snd_hdr
    jack_id: int

class virtio_snd_jack_info(Structure):
    hdr: virtio_snd_info
    features: int
    hda_reg_defconf: int
    hda_reg_caps: int
    connected: int
    padding: Array[c_uint8]

class virtio_snd_jack_remap(Structure):
    hdr: virtio_snd_jack_hdr
    association: int
    sequence: int

class virtio_snd_pcm_hdr(Structure):
    hdr: virtio_snd_hdr
    stream_id: int

class virtio_snd_pcm_info(Structure):
    hdr: virtio_snd_info
    features: int
    formats: int
    rates: int
    direction: int
    channels_min: int
    channels_max: int
    padding: Array[c_uint8]

class virtio_snd_pcm_set_params(Structure):
    hdr: virtio_snd_pcm_hdr
    buffer_bytes: int
    period_bytes: int
    features: int
    channels: int
    format: int
    rate: int
    padding: int

class virtio_snd_pcm_xfer(Structure):
    stream_id: int

class virtio_snd_pcm_status(Structure):
    status: int
    latency_bytes: int

class virtio_snd_chmap_hdr(Structure):
    hdr: virtio_snd_hdr
    chmap_id: int

class virtio_snd_chmap_info(Structure):
    hdr: virtio_snd_info
    direction: int
    channels: int
    positions: Array[c_uint8]

class virtio_snd_ctl_hdr(Structure):
    hdr: virtio_snd_hdr
    control_id: int

class virtio_snd_ctl_info_value_integer(Structure):
    min: int
    max: int
    step: int

class virtio_snd_ctl_info_value_integer64(Structure):
    min: int
    max: int
    step: int

class virtio_snd_ctl_info_value_enumerated(Structure):
    items: int

class virtio_snd_ctl_info_value(Union):
    integer: virtio_snd_ctl_info_value_integer
    integer64: virtio_snd_ctl_info_value_integer64
    enumerated: virtio_snd_ctl_info_value_enumerated

class virtio_snd_ctl_info(Structure):
    hdr: virtio_snd_info
    role: int
    type: int
    access: int
    count: int
    index: int
    name: Array[c_uint8]
    value: virtio_snd_ctl_info_value

class virtio_snd_ctl_enum_item(Structure):
    item: Array[c_uint8]

class virtio_snd_ctl_iec958(Structure):
    status: Array[c_uint8]
    subcode: Array[c_uint8]
    pad: int
    dig_subframe: Array[c_uint8]

class virtio_snd_ctl_value_value(Union):
    integer: Array[c_uint32]
    integer64: Array[c_uint64]
    enumerated: Array[c_uint32]
    bytes: Array[c_uint8]
    iec958: virtio_snd_ctl_iec958

class virtio_snd_ctl_value(Structure):
    value: virtio_snd_ctl_value_value

class virtio_snd_ctl_event(Structure):
    hdr: virtio_snd_hdr
    control_id: int
    mask: int
