"""linux/virtio_snd.h. Made by `lkvm uapi generate`; edits are lost."""

from kvmtool.uapi.layout import attribute as _attribute

VIRTIO_SND_CHMAP_MAX_SIZE = 18
VIRTIO_SND_F_CTLS = 0
VIRTIO_SND_VQ_CONTROL = 0
VIRTIO_SND_VQ_EVENT = 1
VIRTIO_SND_VQ_TX = 2
VIRTIO_SND_VQ_RX = 3
VIRTIO_SND_VQ_MAX = 4
VIRTIO_SND_D_OUTPUT = 0
VIRTIO_SND_D_INPUT = 1
VIRTIO_SND_R_JACK_INFO = 1
VIRTIO_SND_R_JACK_REMAP = 2
VIRTIO_SND_R_PCM_INFO = 256
VIRTIO_SND_R_PCM_SET_PARAMS = 257
VIRTIO_SND_R_PCM_PREPARE = 258
VIRTIO_SND_R_PCM_RELEASE = 259
VIRTIO_SND_R_PCM_START = 260
VIRTIO_SND_R_PCM_STOP = 261
VIRTIO_SND_R_CHMAP_INFO = 512
VIRTIO_SND_R_CTL_INFO = 768
VIRTIO_SND_R_CTL_ENUM_ITEMS = 769
VIRTIO_SND_R_CTL_READ = 770
VIRTIO_SND_R_CTL_WRITE = 771
VIRTIO_SND_R_CTL_TLV_READ = 772
VIRTIO_SND_R_CTL_TLV_WRITE = 773
VIRTIO_SND_R_CTL_TLV_COMMAND = 774
VIRTIO_SND_EVT_JACK_CONNECTED = 0x1000
VIRTIO_SND_EVT_JACK_DISCONNECTED = 0x1001
VIRTIO_SND_EVT_PCM_PERIOD_ELAPSED = 0x1100
VIRTIO_SND_EVT_PCM_XRUN = 0x1101
VIRTIO_SND_EVT_CTL_NOTIFY = 0x1200
VIRTIO_SND_S_OK = 0x8000
VIRTIO_SND_S_BAD_MSG = 0x8001
VIRTIO_SND_S_NOT_SUPP = 0x8002
VIRTIO_SND_S_IO_ERR = 0x8003
VIRTIO_SND_JACK_F_REMAP = 0
VIRTIO_SND_PCM_F_SHMEM_HOST = 0
VIRTIO_SND_PCM_F_SHMEM_GUEST = 1
VIRTIO_SND_PCM_F_MSG_POLLING = 2
VIRTIO_SND_PCM_F_EVT_SHMEM_PERIODS = 3
VIRTIO_SND_PCM_F_EVT_XRUNS = 4
VIRTIO_SND_PCM_FMT_IMA_ADPCM = 0
VIRTIO_SND_PCM_FMT_MU_LAW = 1
VIRTIO_SND_PCM_FMT_A_LAW = 2
VIRTIO_SND_PCM_FMT_S8 = 3
VIRTIO_SND_PCM_FMT_U8 = 4
VIRTIO_SND_PCM_FMT_S16 = 5
VIRTIO_SND_PCM_FMT_U16 = 6
VIRTIO_SND_PCM_FMT_S18_3 = 7
VIRTIO_SND_PCM_FMT_U18_3 = 8
VIRTIO_SND_PCM_FMT_S20_3 = 9
VIRTIO_SND_PCM_FMT_U20_3 = 10
VIRTIO_SND_PCM_FMT_S24_3 = 11
VIRTIO_SND_PCM_FMT_U24_3 = 12
VIRTIO_SND_PCM_FMT_S20 = 13
VIRTIO_SND_PCM_FMT_U20 = 14
VIRTIO_SND_PCM_FMT_S24 = 15
VIRTIO_SND_PCM_FMT_U24 = 16
VIRTIO_SND_PCM_FMT_S32 = 17
VIRTIO_SND_PCM_FMT_U32 = 18
VIRTIO_SND_PCM_FMT_FLOAT = 19
VIRTIO_SND_PCM_FMT_FLOAT64 = 20
VIRTIO_SND_PCM_FMT_DSD_U8 = 21
VIRTIO_SND_PCM_FMT_DSD_U16 = 22
VIRTIO_SND_PCM_FMT_DSD_U32 = 23
VIRTIO_SND_PCM_FMT_IEC958_SUBFRAME = 24
VIRTIO_SND_PCM_RATE_5512 = 0
VIRTIO_SND_PCM_RATE_8000 = 1
VIRTIO_SND_PCM_RATE_11025 = 2
VIRTIO_SND_PCM_RATE_16000 = 3
VIRTIO_SND_PCM_RATE_22050 = 4
VIRTIO_SND_PCM_RATE_32000 = 5
VIRTIO_SND_PCM_RATE_44100 = 6
VIRTIO_SND_PCM_RATE_48000 = 7
VIRTIO_SND_PCM_RATE_64000 = 8
VIRTIO_SND_PCM_RATE_88200 = 9
VIRTIO_SND_PCM_RATE_96000 = 10
VIRTIO_SND_PCM_RATE_176400 = 11
VIRTIO_SND_PCM_RATE_192000 = 12
VIRTIO_SND_PCM_RATE_384000 = 13
VIRTIO_SND_CHMAP_NONE = 0
VIRTIO_SND_CHMAP_NA = 1
VIRTIO_SND_CHMAP_MONO = 2
VIRTIO_SND_CHMAP_FL = 3
VIRTIO_SND_CHMAP_FR = 4
VIRTIO_SND_CHMAP_RL = 5
VIRTIO_SND_CHMAP_RR = 6
VIRTIO_SND_CHMAP_FC = 7
VIRTIO_SND_CHMAP_LFE = 8
VIRTIO_SND_CHMAP_SL = 9
VIRTIO_SND_CHMAP_SR = 10
VIRTIO_SND_CHMAP_RC = 11
VIRTIO_SND_CHMAP_FLC = 12
VIRTIO_SND_CHMAP_FRC = 13
VIRTIO_SND_CHMAP_RLC = 14
VIRTIO_SND_CHMAP_RRC = 15
VIRTIO_SND_CHMAP_FLW = 16
VIRTIO_SND_CHMAP_FRW = 17
VIRTIO_SND_CHMAP_FLH = 18
VIRTIO_SND_CHMAP_FCH = 19
VIRTIO_SND_CHMAP_FRH = 20
VIRTIO_SND_CHMAP_TC = 21
VIRTIO_SND_CHMAP_TFL = 22
VIRTIO_SND_CHMAP_TFR = 23
VIRTIO_SND_CHMAP_TFC = 24
VIRTIO_SND_CHMAP_TRL = 25
VIRTIO_SND_CHMAP_TRR = 26
VIRTIO_SND_CHMAP_TRC = 27
VIRTIO_SND_CHMAP_TFLC = 28
VIRTIO_SND_CHMAP_TFRC = 29
VIRTIO_SND_CHMAP_TSL = 30
VIRTIO_SND_CHMAP_TSR = 31
VIRTIO_SND_CHMAP_LLFE = 32
VIRTIO_SND_CHMAP_RLFE = 33
VIRTIO_SND_CHMAP_BC = 34
VIRTIO_SND_CHMAP_BLC = 35
VIRTIO_SND_CHMAP_BRC = 36
VIRTIO_SND_CTL_ROLE_UNDEFINED = 0
VIRTIO_SND_CTL_ROLE_VOLUME = 1
VIRTIO_SND_CTL_ROLE_MUTE = 2
VIRTIO_SND_CTL_ROLE_GAIN = 3
VIRTIO_SND_CTL_TYPE_BOOLEAN = 0
VIRTIO_SND_CTL_TYPE_INTEGER = 1
VIRTIO_SND_CTL_TYPE_INTEGER64 = 2
VIRTIO_SND_CTL_TYPE_ENUMERATED = 3
VIRTIO_SND_CTL_TYPE_BYTES = 4
VIRTIO_SND_CTL_TYPE_IEC958 = 5
VIRTIO_SND_CTL_ACCESS_READ = 0
VIRTIO_SND_CTL_ACCESS_WRITE = 1
VIRTIO_SND_CTL_ACCESS_VOLATILE = 2
VIRTIO_SND_CTL_ACCESS_INACTIVE = 3
VIRTIO_SND_CTL_ACCESS_TLV_READ = 4
VIRTIO_SND_CTL_ACCESS_TLV_WRITE = 5
VIRTIO_SND_CTL_ACCESS_TLV_COMMAND = 6
VIRTIO_SND_CTL_EVT_MASK_VALUE = 0
VIRTIO_SND_CTL_EVT_MASK_INFO = 1
VIRTIO_SND_CTL_EVT_MASK_TLV = 2

_LAYOUTS = {
    "virtio_snd_config": "struct 16: u32 jacks; u32 streams; u32 chmaps; u32 controls",
    "virtio_snd_hdr": "struct 4: u32 code",
    "virtio_snd_event": "struct 8: virtio_snd_hdr hdr; u32 data",
    "virtio_snd_query_info": "struct 16: virtio_snd_hdr hdr; u32 start_id; u32 count; u32 size",
    "virtio_snd_info": "struct 4: u32 hda_fn_nid",
    "virtio_snd_jack_hdr": "struct 8: virtio_snd_hdr hdr; u32 jack_id",
    "virtio_snd_jack_info": (
        "struct 24: virtio_snd_info hdr; u32 features; u32 hda_reg_defconf; u32 hda_reg_caps; "
        "u8 connected; u8 padding[7]"
    ),
    "virtio_snd_jack_remap": "struct 16: virtio_snd_jack_hdr hdr; u32 association; u32 sequence",
    "virtio_snd_pcm_hdr": "struct 8: virtio_snd_hdr hdr; u32 stream_id",
    "virtio_snd_pcm_info": (
        "struct 32: virtio_snd_info hdr; u32 features; u64 formats; u64 rates; u8 direction; "
        "u8 channels_min; u8 channels_max; u8 padding[5]"
    ),
    "virtio_snd_pcm_set_params": (
        "struct 24: virtio_snd_pcm_hdr hdr; u32 buffer_bytes; u32 period_bytes; u32 features; "
        "u8 channels; u8 format; u8 rate; u8 padding"
    ),
    "virtio_snd_pcm_xfer": "struct 4: u32 stream_id",
    "virtio_snd_pcm_status": "struct 8: u32 status; u32 latency_bytes",
    "virtio_snd_chmap_hdr": "struct 8: virtio_snd_hdr hdr; u32 chmap_id",
    "virtio_snd_chmap_info": (
        "struct 24: virtio_snd_info hdr; u8 direction; u8 channels; u8 positions[18]"
    ),
    "virtio_snd_ctl_hdr": "struct 8: virtio_snd_hdr hdr; u32 control_id",
    "virtio_snd_ctl_info_value_integer": "struct 12: u32 min; u32 max; u32 step",
    "virtio_snd_ctl_info_value_integer64": "struct 24: u64 min; u64 max; u64 step",
    "virtio_snd_ctl_info_value_enumerated": "struct 4: u32 items",
    "virtio_snd_ctl_info_value": (
        "union 24: virtio_snd_ctl_info_value_integer integer; "
        "virtio_snd_ctl_info_value_integer64 integer64; "
        "virtio_snd_ctl_info_value_enumerated enumerated"
    ),
    "virtio_snd_ctl_info": (
        "struct 96: virtio_snd_info hdr; u32 role; u32 type; u32 access; u32 count; u32 index; "
        "u8 name[44]; virtio_snd_ctl_info_value value"
    ),
    "virtio_snd_ctl_enum_item": "struct 64: u8 item[64]",
    "virtio_snd_ctl_iec958": (
        "struct 176: u8 status[24]; u8 subcode[147]; u8 pad; u8 dig_subframe[4]"
    ),
    "virtio_snd_ctl_value_value": (
        "union 512: u32 integer[128]; u64 integer64[64]; u32 enumerated[128]; u8 bytes[512]; "
        "virtio_snd_ctl_iec958 iec958"
    ),
    "virtio_snd_ctl_value": "struct 512: virtio_snd_ctl_value_value value",
    "virtio_snd_ctl_event": "struct 8: virtio_snd_hdr hdr; u16 control_id; u16 mask",
}


def __getattr__(name):
    return _attribute(name, _LAYOUTS, globals())
