"""The messages of vhost-user: numbers, payloads, descriptors, replies, and feature bits.

QEMU's docs/interop/vhost-user.rst, "Message Specification" and "Front-end message types".
All numbers are in the byte order of the machine.
"""

from __future__ import annotations

from struct import Struct

HEADER = Struct("=III")
"""Request, flags, size of the payload in bytes."""

VERSION = 1
VERSION_MASK = 3
REPLY = 1 << 2
NEED_REPLY = 1 << 3

LARGEST_PAYLOAD = 4096
"""More than any message that is defined needs (a table of 32 regions: 1032 bytes)."""
MOST_DESCRIPTORS = 32
LARGEST_CONFIG = 256
"""What QEMU and libvhost-user take for one configuration space."""

# Virtio feature bits that are the protocol's own business.
F_LOG_ALL = 26
F_PROTOCOL_FEATURES = 30

# Bits of the payload of SET_VRING_KICK, _CALL and _ERR, and of SET_DEVICE_STATE_FD's reply.
VRING_INDEX_MASK = 0xFF
NO_DESCRIPTOR = 1 << 8

STATE_SAVE = 0
STATE_LOAD = 1
STATE_STOPPED = 0

CONFIG_WRITABLE = 0
CONFIG_MIGRATION = 1


class ProtocolFeature:
    """Protocol feature bits, as masks."""

    MQ = 1 << 0
    LOG_SHMFD = 1 << 1
    REPLY_ACK = 1 << 3
    BACKEND_REQ = 1 << 5
    CONFIG = 1 << 9
    INFLIGHT_SHMFD = 1 << 12
    RESET_DEVICE = 1 << 13
    INBAND_NOTIFICATIONS = 1 << 14
    CONFIGURE_MEM_SLOTS = 1 << 15
    STATUS = 1 << 16
    DEVICE_STATE = 1 << 19


EMPTY = Struct("=")
U64 = Struct("=Q")
VRING_STATE = Struct("=II")
"""Index of the vring, number."""
VRING_ADDRESS = Struct("=IIQQQQ")
"""Index, flags, then user addresses of the descriptor table, used and available ring, and log."""
MEMORY_TABLE = Struct("=II")
"""Number of regions, padding; the regions follow."""
MEMORY_REGION = Struct("=QQQQ")
"""Guest address, size, user address, offset in the file."""
ONE_REGION = Struct("=QQQQQ")
"""Padding, then a region."""
CONFIG_SPACE = Struct("=III")
"""Offset, size, flags; `size` bytes follow."""
INFLIGHT = Struct("=QQHH")
"""Size and offset of the area in the file, number of queues, their size."""
INFLIGHT_PADDING = 4
"""QEMU and others send the structure as C pads it, and take no other; the specification's has no
padding, so it is sent and need not come."""
STATE_TRANSFER = Struct("=II")
"""Direction, phase."""


class Request:
    """One kind of message.

    `payload` and `reply` are its structures (`reply` None: it has none of its own), `tail` how many
    bytes may follow the payload's structure, `descriptors` how many it may carry, and `needs` the
    protocol feature without which it may not be sent.
    """

    __slots__ = ("descriptors", "name", "needs", "number", "payload", "reply", "tail")

    def __init__(
        self,
        number: int,
        name: str,
        payload: Struct = EMPTY,
        *,
        reply: Struct | None = None,
        tail: int = 0,
        descriptors: int = 0,
        needs: int = 0,
    ) -> None:
        self.number = number
        self.name = name
        self.payload = payload
        self.reply = reply
        self.tail = tail
        self.descriptors = descriptors
        self.needs = needs

    def __repr__(self) -> str:
        return self.name


_P = ProtocolFeature
_REGIONS_SIZE = MOST_DESCRIPTORS * MEMORY_REGION.size

GET_FEATURES = Request(1, "GET_FEATURES", reply=U64)
SET_FEATURES = Request(2, "SET_FEATURES", U64)
SET_OWNER = Request(3, "SET_OWNER")
RESET_OWNER = Request(4, "RESET_OWNER")
SET_MEM_TABLE = Request(
    5, "SET_MEM_TABLE", MEMORY_TABLE, tail=_REGIONS_SIZE, descriptors=MOST_DESCRIPTORS
)
SET_VRING_NUM = Request(8, "SET_VRING_NUM", VRING_STATE)
SET_VRING_ADDR = Request(9, "SET_VRING_ADDR", VRING_ADDRESS)
SET_VRING_BASE = Request(10, "SET_VRING_BASE", VRING_STATE)
GET_VRING_BASE = Request(11, "GET_VRING_BASE", VRING_STATE, reply=VRING_STATE)
SET_VRING_KICK = Request(12, "SET_VRING_KICK", U64, descriptors=1)
SET_VRING_CALL = Request(13, "SET_VRING_CALL", U64, descriptors=1)
SET_VRING_ERR = Request(14, "SET_VRING_ERR", U64, descriptors=1)
GET_PROTOCOL_FEATURES = Request(15, "GET_PROTOCOL_FEATURES", reply=U64)
SET_PROTOCOL_FEATURES = Request(16, "SET_PROTOCOL_FEATURES", U64)
GET_QUEUE_NUM = Request(17, "GET_QUEUE_NUM", reply=U64, needs=_P.MQ)
SET_VRING_ENABLE = Request(18, "SET_VRING_ENABLE", VRING_STATE)
SET_BACKEND_REQ_FD = Request(21, "SET_BACKEND_REQ_FD", descriptors=1, needs=_P.BACKEND_REQ)
GET_CONFIG = Request(
    24, "GET_CONFIG", CONFIG_SPACE, reply=CONFIG_SPACE, tail=LARGEST_CONFIG, needs=_P.CONFIG
)
SET_CONFIG = Request(25, "SET_CONFIG", CONFIG_SPACE, tail=LARGEST_CONFIG, needs=_P.CONFIG)
GET_INFLIGHT_FD = Request(
    31, "GET_INFLIGHT_FD", INFLIGHT, reply=INFLIGHT, tail=INFLIGHT_PADDING, needs=_P.INFLIGHT_SHMFD
)
SET_INFLIGHT_FD = Request(
    32, "SET_INFLIGHT_FD", INFLIGHT, tail=INFLIGHT_PADDING, descriptors=1, needs=_P.INFLIGHT_SHMFD
)
RESET_DEVICE = Request(34, "RESET_DEVICE", needs=_P.RESET_DEVICE)
GET_MAX_MEM_SLOTS = Request(36, "GET_MAX_MEM_SLOTS", reply=U64, needs=_P.CONFIGURE_MEM_SLOTS)
ADD_MEM_REG = Request(37, "ADD_MEM_REG", ONE_REGION, descriptors=1, needs=_P.CONFIGURE_MEM_SLOTS)
# Some front-ends send a descriptor that the specification does not want; it is closed.
REM_MEM_REG = Request(38, "REM_MEM_REG", ONE_REGION, descriptors=1, needs=_P.CONFIGURE_MEM_SLOTS)
SET_STATUS = Request(39, "SET_STATUS", U64, needs=_P.STATUS)
GET_STATUS = Request(40, "GET_STATUS", reply=U64, needs=_P.STATUS)
SET_DEVICE_STATE_FD = Request(
    42, "SET_DEVICE_STATE_FD", STATE_TRANSFER, reply=U64, descriptors=1, needs=_P.DEVICE_STATE
)
CHECK_DEVICE_STATE = Request(43, "CHECK_DEVICE_STATE", reply=U64, needs=_P.DEVICE_STATE)

# What a back-end asks of a front-end, on a socket of its own, has numbers of its own.
CONFIG_CHANGE_MSG = Request(2, "BACKEND_CONFIG_CHANGE_MSG")
