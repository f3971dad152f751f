"""linux/virtio_net.h. Made by `lkvm uapi generate`; edits are lost."""

from ctypes import Array, Structure, Union, c_uint8, c_uint16, c_uint64
from typing import Final

VIRTIO_NET_F_CSUM: Final = 0
VIRTIO_NET_F_GUEST_CSUM: Final = 1
VIRTIO_NET_F_CTRL_GUEST_OFFLOADS: Final = 2
VIRTIO_NET_F_MTU: Final = 3
VIRTIO_NET_F_MAC: Final = 5
VIRTIO_NET_F_GUEST_TSO4: Final = 7
VIRTIO_NET_F_GUEST_TSO6: Final = 8
VIRTIO_NET_F_GUEST_ECN: Final = 9
VIRTIO_NET_F_GUEST_UFO: Final = 10
VIRTIO_NET_F_HOST_TSO4: Final = 11
VIRTIO_NET_F_HOST_TSO6: Final = 12
VIRTIO_NET_F_HOST_ECN: Final = 13
VIRTIO_NET_F_HOST_UFO: Final = 14
VIRTIO_NET_F_MRG_RXBUF: Final = 15
VIRTIO_NET_F_STATUS: Final = 16
VIRTIO_NET_F_CTRL_VQ: Final = 17
VIRTIO_NET_F_CTRL_RX: Final = 18
VIRTIO_NET_F_CTRL_VLAN: Final = 19
VIRTIO_NET_F_CTRL_RX_EXTRA: Final = 20
VIRTIO_NET_F_GUEST_ANNOUNCE: Final = 21
VIRTIO_NET_F_MQ: Final = 22
VIRTIO_NET_F_CTRL_MAC_ADDR: Final = 23
VIRTIO_NET_F_DEVICE_STATS: Final = 50
VIRTIO_NET_F_VQ_NOTF_COAL: Final = 52
VIRTIO_NET_F_NOTF_COAL: Final = 53
VIRTIO_NET_F_GUEST_USO4: Final = 54
VIRTIO_NET_F_GUEST_USO6: Final = 55
VIRTIO_NET_F_HOST_USO: Final = 56
VIRTIO_NET_F_HASH_REPORT: Final = 57
VIRTIO_NET_F_GUEST_HDRLEN: Final = 59
VIRTIO_NET_F_RSS: Final = 60
VIRTIO_NET_F_RSC_EXT: Final = 61
VIRTIO_NET_F_STANDBY: Final = 62
VIRTIO_NET_F_SPEED_DUPLEX: Final = 63
VIRTIO_NET_F_GSO: Final = 6
VIRTIO_NET_S_LINK_UP: Final = 1
VIRTIO_NET_S_ANNOUNCE: Final = 2
VIRTIO_NET_RSS_HASH_TYPE_IPv4: Final = 1
VIRTIO_NET_RSS_HASH_TYPE_TCPv4: Final = 2
VIRTIO_NET_RSS_HASH_TYPE_UDPv4: Final = 4
VIRTIO_NET_RSS_HASH_TYPE_IPv6: Final = 8
VIRTIO_NET_RSS_HASH_TYPE_TCPv6: Final = 16
VIRTIO_NET_RSS_HASH_TYPE_UDPv6: Final = 32
VIRTIO_NET_RSS_HASH_TYPE_IP_EX: Final = 64
VIRTIO_NET_RSS_HASH_TYPE_TCP_EX: Final = 128
VIRTIO_NET_RSS_HASH_TYPE_UDP_EX: Final = 256
VIRTIO_NET_HDR_F_NEEDS_CSUM: Final = 1
VIRTIO_NET_HDR_F_DATA_VALID: Final = 2
VIRTIO_NET_HDR_F_RSC_INFO: Final = 4
VIRTIO_NET_HDR_GSO_NONE: Final = 0
VIRTIO_NET_HDR_GSO_TCPV4: Final = 1
VIRTIO_NET_HDR_GSO_UDP: Final = 3
VIRTIO_NET_HDR_GSO_TCPV6: Final = 4
VIRTIO_NET_HDR_GSO_UDP_L4: Final = 5
VIRTIO_NET_HDR_GSO_ECN: Final = 128
VIRTIO_NET_HASH_REPORT_NONE: Final = 0
VIRTIO_NET_HASH_REPORT_IPv4: Final = 1
VIRTIO_NET_HASH_REPORT_TCPv4: Final = 2
VIRTIO_NET_HASH_REPORT_UDPv4: Final = 3
VIRTIO_NET_HASH_REPORT_IPv6: Final = 4
VIRTIO_NET_HASH_REPORT_TCPv6: Final = 5
VIRTIO_NET_HASH_REPORT_UDPv6: Final = 6
VIRTIO_NET_HASH_REPORT_IPv6_EX: Final = 7
VIRTIO_NET_HASH_REPORT_TCPv6_EX: Final = 8
VIRTIO_NET_HASH_REPORT_UDPv6_EX: Final = 9
VIRTIO_NET_OK: Final = 0
VIRTIO_NET_ERR: Final = 1
VIRTIO_NET_CTRL_RX: Final = 0
VIRTIO_NET_CTRL_RX_PROMISC: Final = 0
VIRTIO_NET_CTRL_RX_ALLMULTI: Final = 1
VIRTIO_NET_CTRL_RX_ALLUNI: Final = 2
VIRTIO_NET_CTRL_RX_NOMULTI: Final = 3
VIRTIO_NET_CTRL_RX_NOUNI: Final = 4
VIRTIO_NET_CTRL_RX_NOBCAST: Final = 5
VIRTIO_NET_CTRL_MAC: Final = 1
VIRTIO_NET_CTRL_MAC_TABLE_SET: Final = 0
VIRTIO_NET_CTRL_MAC_ADDR_SET: Final = 1
VIRTIO_NET_CTRL_VLAN: Final = 2
VIRTIO_NET_CTRL_VLAN_ADD: Final = 0
VIRTIO_NET_CTRL_VLAN_DEL: Final = 1
VIRTIO_NET_CTRL_ANNOUNCE: Final = 3
VIRTIO_NET_CTRL_ANNOUNCE_ACK: Final = 0
VIRTIO_NET_CTRL_MQ: Final = 4
VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET: Final = 0
VIRTIO_NET_CTRL_MQ_VQ_PAIRS_MIN: Final = 1
VIRTIO_NET_CTRL_MQ_VQ_PAIRS_MAX: Final = 0x8000
VIRTIO_NET_CTRL_MQ_RSS_CONFIG: Final = 1
VIRTIO_NET_CTRL_MQ_HASH_CONFIG: Final = 2
VIRTIO_NET_CTRL_GUEST_OFFLOADS: Final = 5
VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET: Final = 0
VIRTIO_NET_CTRL_NOTF_COAL: Final = 6
VIRTIO_NET_CTRL_NOTF_COAL_TX_SET: Final = 0
VIRTIO_NET_CTRL_NOTF_COAL_RX_SET: Final = 1
VIRTIO_NET_CTRL_NOTF_COAL_VQ_SET: Final = 2
VIRTIO_NET_CTRL_NOTF_COAL_VQ_GET: Final = 3
VIRTIO_NET_CTRL_STATS: Final = 8
VIRTIO_NET_CTRL_STATS_QUERY: Final = 0
VIRTIO_NET_CTRL_STATS_GET: Final = 1
VIRTIO_NET_STATS_TYPE_CVQ: Final = 0x100000000
VIRTIO_NET_STATS_TYPE_RX_BASIC: Final = 1
VIRTIO_NET_STATS_TYPE_RX_CSUM: Final = 2
VIRTIO_NET_STATS_TYPE_RX_GSO: Final = 4
VIRTIO_NET_STATS_TYPE_RX_SPEED: Final = 8
VIRTIO_NET_STATS_TYPE_TX_BASIC: Final = 0x10000
VIRTIO_NET_STATS_TYPE_TX_CSUM: Final = 0x20000
VIRTIO_NET_STATS_TYPE_TX_GSO: Final = 0x40000
VIRTIO_NET_STATS_TYPE_TX_SPEED: Final = 0x80000
VIRTIO_NET_STATS_TYPE_REPLY_CVQ: Final = 32
VIRTIO_NET_STATS_TYPE_REPLY_RX_BASIC: Final = 0
VIRTIO_NET_STATS_TYPE_REPLY_RX_CSUM: Final = 1
VIRTIO_NET_STATS_TYPE_REPLY_RX_GSO: Final = 2
VIRTIO_NET_STATS_TYPE_REPLY_RX_SPEED: Final = 3
VIRTIO_NET_STATS_TYPE_REPLY_TX_BASIC: Final = 16
VIRTIO_NET_STATS_TYPE_REPLY_TX_CSUM: Final = 17
VIRTIO_NET_STATS_TYPE_REPLY_TX_GSO: Final = 18
VIRTIO_NET_STATS_TYPE_REPLY_TX_SPEED: Final = 19

class virtio_net_config(Structure):
    mac: Array[c_uint8]
    status: int
    max_virtqueue_pairs: int
    mtu: int
    speed: int
    duplex: int
    rss_max_key_size: int
    rss_max_indirection_table_length: int
    supported_hash_types: int

class virtio_net_hdr_v1_anon0_anon0(Structure):
    csum_start: int
    csum_offset: int

class virtio_net_hdr_v1_csum(Structure):
    start: int
    offset: int

class virtio_net_hdr_v1_rsc(Structure):
    segments: int
    dup_acks: int

class virtio_net_hdr_v1_anon0(Union):
    csum_start: int
    csum_offset: int
    csum: virtio_net_hdr_v1_csum
    rsc: virtio_net_hdr_v1_rsc

class virtio_net_hdr_v1(Structure):
    flags: int
    gso_type: int
    hdr_len: int
    gso_size: int
    csum_start: int
    csum_offset: int
    csum: virtio_net_hdr_v1_csum
    rsc: virtio_net_hdr_v1_rsc
    num_buffers: int

class virtio_net_hdr_v1_hash(Structure):
    hdr: virtio_net_hdr_v1
    hash_value: int
    hash_report: int
    padding: int

class virtio_net_hdr(Structure):
    flags: int
    gso_type: int
    hdr_len: int
    gso_size: int
    csum_start: int
    csum_offset: int

class virtio_net_hdr_mrg_rxbuf(Structure):
    hdr: virtio_net_hdr
    num_buffers: int

class virtio_net_ctrl_hdr(Structure):
    class_: int
    cmd: int

class virtio_net_ctrl_mac(Structure):
    entries: int
    macs: Array[Array[c_uint8]]

class virtio_net_ctrl_mq(Structure):
    virtqueue_pairs: int

class virtio_net_rss_config(Structure):
    hash_types: int
    indirection_table_mask: int
    unclassified_queue: int
    indirection_table: Array[c_uint16]
    max_tx_vq: int
    hash_key_length: int
    hash_key_data: Array[c_uint8]

class virtio_net_rss_config_hdr(Structure):
    hash_types: int
    indirection_table_mask: int
    unclassified_queue: int
    indirection_table: Array[c_uint16]

class virtio_net_rss_config_trailer(Structure):
    max_tx_vq: int
    hash_key_length: int
    hash_key_data: Array[c_uint8]

class virtio_net_hash_config(Structure):
    hash_types: int
    reserved: Array[c_uint16]
    hash_key_length: int
    hash_key_data: Array[c_uint8]

class virtio_net_ctrl_coal_tx(Structure):
    tx_max_packets: int
    tx_usecs: int

class virtio_net_ctrl_coal_rx(Structure):
    rx_max_packets: int
    rx_usecs: int

class virtio_net_ctrl_coal(Structure):
    max_packets: int
    max_usecs: int

class virtio_net_ctrl_coal_vq(Structure):
    vqn: int
    reserved: int
    coal: virtio_net_ctrl_coal

class virtio_net_stats_capabilities(Structure):
    supported_stats_types: Array[c_uint64]

class virtio_net_ctrl_queue_stats_stats(Structure):
    vq_index: int
    reserved: Array[c_uint16]
    types_bitmap: Array[c_uint64]

class virtio_net_ctrl_queue_stats(Structure):
    stats: Array[virtio_net_ctrl_queue_stats_stats]

class virtio_net_stats_reply_hdr(Structure):
    type: int
    reserved: int
    vq_index: int
    reserved1: int
    size: int

class virtio_net_stats_cvq(Structure):
    hdr: virtio_net_stats_reply_hdr
    command_num: int
    ok_num: int

class virtio_net_stats_rx_basic(Structure):
    hdr: virtio_net_stats_reply_hdr
    rx_notifications: int
    rx_packets: int
    rx_bytes: int
    rx_interrupts: int
    rx_drops: int
    rx_drop_overruns: int

class virtio_net_stats_tx_basic(Structure):
    hdr: virtio_net_stats_reply_hdr
    tx_notifications: int
    tx_packets: int
    tx_bytes: int
    tx_interrupts: int
    tx_drops: int
    tx_drop_malformed: int

class virtio_net_stats_rx_csum(Structure):
    hdr: virtio_net_stats_reply_hdr
    rx_csum_valid: int
    rx_needs_csum: int
    rx_csum_none: int
    rx_csum_bad: int

class virtio_net_stats_tx_csum(Structure):
    hdr: virtio_net_stats_reply_hdr
    tx_csum_none: int
    tx_needs_csum: int

class virtio_net_stats_rx_gso(Structure):
    hdr: virtio_net_stats_reply_hdr
    rx_gso_packets: int
    rx_gso_bytes: int
    rx_gso_packets_coalesced: int
    rx_gso_bytes_coalesced: int

class virtio_net_stats_tx_gso(Structure):
    hdr: virtio_net_stats_reply_hdr
    tx_gso_packets: int
    tx_gso_bytes: int
    tx_gso_segments: int
    tx_gso_segments_bytes: int
    tx_gso_packets_noseg: int
    tx_gso_bytes_noseg: int

class virtio_net_stats_rx_speed(Structure):
    hdr: virtio_net_stats_reply_hdr
    rx_ratelimit_packets: int
    rx_ratelimit_bytes: int

class virtio_net_stats_tx_speed(Structure):
    hdr: virtio_net_stats_reply_hdr
    tx_ratelimit_packets: int
    tx_ratelimit_bytes: int
