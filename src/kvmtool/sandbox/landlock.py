"""Landlock: no files but the declared ones (Documentation/userspace-api/landlock.rst).

It holds also what a filter of system calls does not see, such as files that are opened through
an io_uring. Each version of the interface knows more; what the kernel knows is used.
"""

from __future__ import annotations

import ctypes
import errno
import os

from kvmtool import log
from kvmtool.sandbox.kernel import offset, syscall
from kvmtool.uapi import unistd
from kvmtool.uapi.linux import landlock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.sandbox.policy import Policy

_READ = landlock.LANDLOCK_ACCESS_FS_READ_FILE
_READ_BELOW = _READ | landlock.LANDLOCK_ACCESS_FS_READ_DIR
_WRITE = _READ | landlock.LANDLOCK_ACCESS_FS_WRITE_FILE | landlock.LANDLOCK_ACCESS_FS_TRUNCATE
_WRITE_BELOW = (
    _WRITE
    | _READ_BELOW
    | landlock.LANDLOCK_ACCESS_FS_MAKE_REG
    | landlock.LANDLOCK_ACCESS_FS_MAKE_DIR
    | landlock.LANDLOCK_ACCESS_FS_REMOVE_FILE
    | landlock.LANDLOCK_ACCESS_FS_REMOVE_DIR
)

# Up to and with MAKE_SYM, version 1.
_ACCESS_OF_VERSION_1 = 2 * landlock.LANDLOCK_ACCESS_FS_MAKE_SYM - 1
_ACCESS_SINCE = (
    (2, landlock.LANDLOCK_ACCESS_FS_REFER),
    (3, landlock.LANDLOCK_ACCESS_FS_TRUNCATE),
    (5, landlock.LANDLOCK_ACCESS_FS_IOCTL_DEV),
)
_NET_SINCE = 4
_SCOPES_SINCE = 6


def version() -> int:
    """Return the version of Landlock's interface in the running kernel; 0 if it has none."""
    try:
        return syscall(
            unistd.__NR_landlock_create_ruleset, 0, 0, landlock.LANDLOCK_CREATE_RULESET_VERSION
        )
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM):
            return 0
        raise


def restrict(policy: Policy) -> None:
    """Hold this process to the files of `policy`, no TCP, and signals to none but itself.

    The process has no_new_privs set. OSError if a declared file cannot be opened.
    """
    known = version()
    if known < 1:
        log.debug("this kernel has no Landlock: system calls alone are filtered")
        return
    handled = _ACCESS_OF_VERSION_1
    for since, access in _ACCESS_SINCE:
        if known >= since:
            handled |= access
    rules = landlock.landlock_ruleset_attr(handled_access_fs=handled)
    size = offset(landlock.landlock_ruleset_attr, "handled_access_net")
    if known >= _NET_SINCE:
        rules.handled_access_net = (
            landlock.LANDLOCK_ACCESS_NET_BIND_TCP | landlock.LANDLOCK_ACCESS_NET_CONNECT_TCP
        )
        size = offset(landlock.landlock_ruleset_attr, "scoped")
    if known >= _SCOPES_SINCE:
        rules.scoped = landlock.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | landlock.LANDLOCK_SCOPE_SIGNAL
        size = ctypes.sizeof(rules)
    ruleset = syscall(unistd.__NR_landlock_create_ruleset, ctypes.addressof(rules), size, 0)
    try:
        for path in policy.readable:
            _allow(ruleset, path, _READ & handled, _READ_BELOW & handled)
        for path in policy.writable:
            _allow(ruleset, path, _WRITE & handled, _WRITE_BELOW & handled)
        syscall(unistd.__NR_landlock_restrict_self, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, file: int, directory: int) -> None:
    """Allow `file` to a file, or `directory` to a directory and all below it."""
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        access = directory if os.path.isdir(path) else file
        beneath = landlock.landlock_path_beneath_attr(allowed_access=access, parent_fd=fd)
        syscall(
            unistd.__NR_landlock_add_rule,
            ruleset,
            landlock.LANDLOCK_RULE_PATH_BENEATH,
            ctypes.addressof(beneath),
        )
    finally:
        os.close(fd)
