"""linux/virtio_net.h. Made by `lkvm uapi generate`; edits are lost."""

from kvmtool.uapi.layout import attribute as _attribute

VIRTIO_NET_F_CSUM = 0
VIRTIO_NET_F_GUEST_CSUM = 1
VIRTIO_NET_F_CTRL_GUEST_OFFLOADS = 2
VIRTIO_NET_F_MTU = 3
VIRTIO_NET_F_MAC = 5
VIRTIO_NET_F_GUEST_TSO4 = 7
VIRTIO_NET_F_GUEST_TSO6 = 8
VIRTIO_NET_F_GUEST_ECN = 9
VIRTIO_NET_F_GUEST_UFO = 10
VIRTIO_NET_F_HOST_TSO4 = 11
VIRTIO_NET_F_HOST_TSO6 = 12
VIRTIO_NET_F_HOST_ECN = 13
VIRTIO_NET_F_HOST_UFO = 14
VIRTIO_NET_F_MRG_RXBUF = 15
VIRTIO_NET_F_STATUS = 16
VIRTIO_NET_F_CTRL_VQ = 17
VIRTIO_NET_F_CTRL_RX = 18
VIRTIO_NET_F_CTRL_VLAN = 19
VIRTIO_NET_F_CTRL_RX_EXTRA = 20
VIRTIO_NET_F_GUEST_ANNOUNCE = 21
VIRTIO_NET_F_MQ = 22
VIRTIO_NET_F_CTRL_MAC_ADDR = 23
VIRTIO_NET_F_DEVICE_STATS = 50
VIRTIO_NET_F_VQ_NOTF_COAL = 52
VIRTIO_NET_F_NOTF_COAL = 53
VIRTIO_NET_F_GUEST_USO4 = 54
VIRTIO_NET_F_GUEST_USO6 = 55
VIRTIO_NET_F_HOST_USO = 56
VIRTIO_NET_F_HASH_REPORT = 57
VIRTIO_NET_F_GUEST_HDRLEN = 59
VIRTIO_NET_F_RSS = 60
VIRTIO_NET_F_RSC_EXT = 61
VIRTIO_NET_F_STANDBY = 62
VIRTIO_NET_F_SPEED_DUPLEX = 63
VIRTIO_NET_F_GSO = 6
VIRTIO_NET_S_LINK_UP = 1
VIRTIO_NET_S_ANNOUNCE = 2
VIRTIO_NET_RSS_HASH_TYPE_IPv4 = 1
VIRTIO_NET_RSS_HASH_TYPE_TCPv4 = 2
VIRTIO_NET_RSS_HASH_TYPE_UDPv4 = 4
VIRTIO_NET_RSS_HASH_TYPE_IPv6 = 8
VIRTIO_NET_RSS_HASH_TYPE_TCPv6 = 16
VIRTIO_NET_RSS_HASH_TYPE_UDPv6 = 32
VIRTIO_NET_RSS_HASH_TYPE_IP_EX = 64
VIRTIO_NET_RSS_HASH_TYPE_TCP_EX = 128
VIRTIO_NET_RSS_HASH_TYPE_UDP_EX = 256
VIRTIO_NET_HDR_F_NEEDS_CSUM = 1
VIRTIO_NET_HDR_F_DATA_VALID = 2
VIRTIO_NET_HDR_F_RSC_INFO = 4
VIRTIO_NET_HDR_GSO_NONE = 0
VIRTIO_NET_HDR_GSO_TCPV4 = 1
VIRTIO_NET_HDR_GSO_UDP = 3
VIRTIO_NET_HDR_GSO_TCPV6 = 4
VIRTIO_NET_HDR_GSO_UDP_L4 = 5
VIRTIO_NET_HDR_GSO_ECN = 128
VIRTIO_NET_HASH_REPORT_NONE = 0
VIRTIO_NET_HASH_REPORT_IPv4 = 1
VIRTIO_NET_HASH_REPORT_TCPv4 = 2
VIRTIO_NET_HASH_REPORT_UDPv4 = 3
VIRTIO_NET_HASH_REPORT_IPv6 = 4
VIRTIO_NET_HASH_REPORT_TCPv6 = 5
VIRTIO_NET_HASH_REPORT_UDPv6 = 6
VIRTIO_NET_HASH_REPORT_IPv6_EX = 7
VIRTIO_NET_HASH_REPORT_TCPv6_EX = 8
VIRTIO_NET_HASH_REPORT_UDPv6_EX = 9
VIRTIO_NET_OK = 0
VIRTIO_NET_ERR = 1
VIRTIO_NET_CTRL_RX = 0
VIRTIO_NET_CTRL_RX_PROMISC = 0
VIRTIO_NET_CTRL_RX_ALLMULTI = 1
VIRTIO_NET_CTRL_RX_ALLUNI = 2
VIRTIO_NET_CTRL_RX_NOMULTI = 3
VIRTIO_NET_CTRL_RX_NOUNI = 4
VIRTIO_NET_CTRL_RX_NOBCAST = 5
VIRTIO_NET_CTRL_MAC = 1
VIRTIO_NET_CTRL_MAC_TABLE_SET = 0
VIRTIO_NET_CTRL_MAC_ADDR_SET = 1
VIRTIO_NET_CTRL_VLAN = 2
VIRTIO_NET_CTRL_VLAN_ADD = 0
VIRTIO_NET_CTRL_VLAN_DEL = 1
VIRTIO_NET_CTRL_ANNOUNCE = 3
VIRTIO_NET_CTRL_ANNOUNCE_ACK = 0
VIRTIO_NET_CTRL_MQ = 4
VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET = 0
VIRTIO_NET_CTRL_MQ_VQ_PAIRS_MIN = 1
VIRTIO_NET_CTRL_MQ_VQ_PAIRS_MAX = 0x8000
VIRTIO_NET_CTRL_MQ_RSS_CONFIG = 1
VIRTIO_NET_CTRL_MQ_HASH_CONFIG = 2
VIRTIO_NET_CTRL_GUEST_OFFLOADS = 5
VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET = 0
VIRTIO_NET_CTRL_NOTF_COAL = 6
VIRTIO_NET_CTRL_NOTF_COAL_TX_SET = 0
VIRTIO_NET_CTRL_NOTF_COAL_RX_SET = 1
VIRTIO_NET_CTRL_NOTF_COAL_VQ_SET = 2
VIRTIO_NET_CTRL_NOTF_COAL_VQ_GET = 3
VIRTIO_NET_CTRL_STATS = 8
VIRTIO_NET_CTRL_STATS_QUERY = 0
VIRTIO_NET_CTRL_STATS_GET = 1
VIRTIO_NET_STATS_TYPE_CVQ = 0x100000000
VIRTIO_NET_STATS_TYPE_RX_BASIC = 1
VIRTIO_NET_STATS_TYPE_RX_CSUM = 2
VIRTIO_NET_STATS_TYPE_RX_GSO = 4
VIRTIO_NET_STATS_TYPE_RX_SPEED = 8
VIRTIO_NET_STATS_TYPE_TX_BASIC = 0x10000
VIRTIO_NET_STATS_TYPE_TX_CSUM = 0x20000
VIRTIO_NET_STATS_TYPE_TX_GSO = 0x40000
VIRTIO_NET_STATS_TYPE_TX_SPEED = 0x80000
VIRTIO_NET_STATS_TYPE_REPLY_CVQ = 32
VIRTIO_NET_STATS_TYPE_REPLY_RX_BASIC = 0
VIRTIO_NET_STATS_TYPE_REPLY_RX_CSUM = 1
VIRTIO_NET_STATS_TYPE_REPLY_RX_GSO = 2
VIRTIO_NET_STATS_TYPE_REPLY_RX_SPEED = 3
VIRTIO_NET_STATS_TYPE_REPLY_TX_BASIC = 16
VIRTIO_NET_STATS_TYPE_REPLY_TX_CSUM = 17
VIRTIO_NET_STATS_TYPE_REPLY_TX_GSO = 18
VIRTIO_NET_STATS_TYPE_REPLY_TX_SPEED = 19

_LAYOUTS = {
    "virtio_net_config": (
        "struct 24: u8 mac[6]; u16 status; u16 max_virtqueue_pairs; u16 mtu; u32 speed; u8 duplex; "
        "u8 rss_max_key_size; u16 rss_max_indirection_table_length; u32 supported_hash_types"
    ),
    "virtio_net_hdr_v1_anon0_anon0": "struct 4: u16 csum_start; u16 csum_offset",
    "virtio_net_hdr_v1_csum": "struct 4: u16 start; u16 offset",
    "virtio_net_hdr_v1_rsc": "struct 4: u16 segments; u16 dup_acks",
    "virtio_net_hdr_v1_anon0": (
        "union 4: virtio_net_hdr_v1_anon0_anon0 anon0; virtio_net_hdr_v1_csum csum; "
        "virtio_net_hdr_v1_rsc rsc"
    ),
    "virtio_net_hdr_v1": (
        "struct 12: u8 flags; u8 gso_type; u16 hdr_len; u16 gso_size; "
        "virtio_net_hdr_v1_anon0 anon0; u16 num_buffers"
    ),
    "virtio_net_hdr_v1_hash": (
        "struct 20: virtio_net_hdr_v1 hdr; u32 hash_value; u16 hash_report; u16 padding"
    ),
    "virtio_net_hdr": (
        "struct 10: u8 flags; u8 gso_type; u16 hdr_len; u16 gso_size; u16 csum_start; "
        "u16 csum_offset"
    ),
    "virtio_net_hdr_mrg_rxbuf": "struct 12: virtio_net_hdr hdr; u16 num_buffers",
    "virtio_net_ctrl_hdr": "struct 2: u8 class_; u8 cmd",
    "virtio_net_ctrl_mac": "struct 4: u32 entries; u8 macs[0][6]",
    "virtio_net_ctrl_mq": "struct 2: u16 virtqueue_pairs",
    "virtio_net_rss_config": (
        "struct 16: u32 hash_types; u16 indirection_table_mask; u16 unclassified_queue; "
        "u16 indirection_table[1]; u16 max_tx_vq; u8 hash_key_length; u8 hash_key_data[0]"
    ),
    "virtio_net_rss_config_hdr": (
        "struct 8: u32 hash_types; u16 indirection_table_mask; u16 unclassified_queue; "
        "u16 indirection_table[0]"
    ),
    "virtio_net_rss_config_trailer": (
        "struct 4: u16 max_tx_vq; u8 hash_key_length; u8 hash_key_data[0]"
    ),
    "virtio_net_hash_config": (
        "struct 16: u32 hash_types; u16 reserved[4]; u8 hash_key_length; u8 hash_key_data[0]"
    ),
    "virtio_net_ctrl_coal_tx": "struct 8: u32 tx_max_packets; u32 tx_usecs",
    "virtio_net_ctrl_coal_rx": "struct 8: u32 rx_max_packets; u32 rx_usecs",
    "virtio_net_ctrl_coal": "struct 8: u32 max_packets; u32 max_usecs",
    "virtio_net_ctrl_coal_vq": "struct 12: u16 vqn; u16 reserved; virtio_net_ctrl_coal coal",
    "virtio_net_stats_capabilities": "struct 8: u64 supported_stats_types[1]",
    "virtio_net_ctrl_queue_stats_stats": (
        "struct 16: u16 vq_index; u16 reserved[3]; u64 types_bitmap[1]"
    ),
    "virtio_net_ctrl_queue_stats": "struct 16: virtio_net_ctrl_queue_stats_stats stats[1]",
    "virtio_net_stats_reply_hdr": (
        "struct 8: u8 type; u8 reserved; u16 vq_index; u16 reserved1; u16 size"
    ),
    "virtio_net_stats_cvq": (
        "struct 24: virtio_net_stats_reply_hdr hdr; u64 command_num; u64 ok_num"
    ),
    "virtio_net_stats_rx_basic": (
        "struct 56: virtio_net_stats_reply_hdr hdr; u64 rx_notifications; u64 rx_packets; "
        "u64 rx_bytes; u64 rx_interrupts; u64 rx_drops; u64 rx_drop_overruns"
    ),
    "virtio_net_stats_tx_basic": (
        "struct 56: virtio_net_stats_reply_hdr hdr; u64 tx_notifications; u64 tx_packets; "
        "u64 tx_bytes; u64 tx_interrupts; u64 tx_drops; u64 tx_drop_malformed"
    ),
    "virtio_net_stats_rx_csum": (
        "struct 40: virtio_net_stats_reply_hdr hdr; u64 rx_csum_valid; u64 rx_needs_csum; "
        "u64 rx_csum_none; u64 rx_csum_bad"
    ),
    "virtio_net_stats_tx_csum": (
        "struct 24: virtio_net_stats_reply_hdr hdr; u64 tx_csum_none; u64 tx_needs_csum"
    ),
    "virtio_net_stats_rx_gso": (
        "struct 40: virtio_net_stats_reply_hdr hdr; u64 rx_gso_packets; u64 rx_gso_bytes; "
        "u64 rx_gso_packets_coalesced; u64 rx_gso_bytes_coalesced"
    ),
    "virtio_net_stats_tx_gso": (
        "struct 56: virtio_net_stats_reply_hdr hdr; u64 tx_gso_packets; u64 tx_gso_bytes; "
        "u64 tx_gso_segments; u64 tx_gso_segments_bytes; u64 tx_gso_packets_noseg; "
        "u64 tx_gso_bytes_noseg"
    ),
    "virtio_net_stats_rx_speed": (
        "struct 24: virtio_net_stats_reply_hdr hdr; u64 rx_ratelimit_packets; "
        "u64 rx_ratelimit_bytes"
    ),
    "virtio_net_stats_tx_speed": (
        "struct 24: virtio_net_stats_reply_hdr hdr; u64 tx_ratelimit_packets; "
        "u64 tx_ratelimit_bytes"
    ),
}


def __getattr__(name):
    return _attribute(name, _LAYOUTS, globals())
