"""linux/landlock.h. Made by `lkvm uapi generate`; edits are lost."""

from ctypes import Structure
from typing import Final

LANDLOCK_CREATE_RULESET_VERSION: Final = 1
LANDLOCK_CREATE_RULESET_ERRATA: Final = 2
LANDLOCK_ACCESS_FS_EXECUTE: Final = 1
LANDLOCK_ACCESS_FS_WRITE_FILE: Final = 2
LANDLOCK_ACCESS_FS_READ_FILE: Final = 4
LANDLOCK_ACCESS_FS_READ_DIR: Final = 8
LANDLOCK_ACCESS_FS_REMOVE_DIR: Final = 16
LANDLOCK_ACCESS_FS_REMOVE_FILE: Final = 32
LANDLOCK_ACCESS_FS_MAKE_CHAR: Final = 64
LANDLOCK_ACCESS_FS_MAKE_DIR: Final = 128
LANDLOCK_ACCESS_FS_MAKE_REG: Final = 256
LANDLOCK_ACCESS_FS_MAKE_SOCK: Final = 512
LANDLOCK_ACCESS_FS_MAKE_FIFO: Final = 1024
LANDLOCK_ACCESS_FS_MAKE_BLOCK: Final = 2048
LANDLOCK_ACCESS_FS_MAKE_SYM: Final = 0x1000
LANDLOCK_ACCESS_FS_REFER: Final = 0x2000
LANDLOCK_ACCESS_FS_TRUNCATE: Final = 0x4000
LANDLOCK_ACCESS_FS_IOCTL_DEV: Final = 0x8000
LANDLOCK_ACCESS_NET_BIND_TCP: Final = 1
LANDLOCK_ACCESS_NET_CONNECT_TCP: Final = 2
LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET: Final = 1
LANDLOCK_SCOPE_SIGNAL: Final = 2
LANDLOCK_RULE_PATH_BENEATH: Final = 1
LANDLOCK_RULE_NET_PORT: Final = 2

class landlock_ruleset_attr(Structure):
    handled_access_fs: int
    handled_access_net: int
    scoped: int

class landlock_path_beneath_attr(Structure):
    allowed_access: int
    parent_fd: int

class landlock_net_port_attr(Structure):
    allowed_access: int
    port: int
