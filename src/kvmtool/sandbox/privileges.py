"""What a process gives up besides files and system calls: capabilities, its root, resources."""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal

from kvmtool import log
from kvmtool.sandbox.kernel import prctl, syscall
from kvmtool.uapi import unistd
from kvmtool.uapi.linux import capability, sched
from kvmtool.uapi.linux import prctl as option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.sandbox.policy import Policy

# Holds numbered files about this process's own descriptors, and neither a link nor a directory.
_BARE_ROOT = "/proc/self/fdinfo"


def leave_networks_behind() -> None:
    """Have networks of one's own, where nobody else is: rings can make sockets.

    Without privileges that takes a user namespace; where the host allows neither, a line at debug
    level says so, and Landlock stands alone.
    """
    try:
        try:
            syscall(unistd.__NR_unshare, sched.CLONE_NEWNET)
        except PermissionError:
            syscall(unistd.__NR_unshare, sched.CLONE_NEWUSER | sched.CLONE_NEWNET)
    except OSError as error:
        log.debug(f"a device process keeps the host's networks: {error.strerror}")


def leave_files_behind() -> None:
    """Make a directory of nothing the root, so that no name leads to a file any more.

    Without privileges that takes a user namespace; where the host allows neither, a line at debug
    level says so, and Landlock and the filter stand alone.
    """
    try:
        try:
            os.chroot(_BARE_ROOT)
        except PermissionError:
            syscall(unistd.__NR_unshare, sched.CLONE_NEWUSER)
            os.chroot(_BARE_ROOT)
        os.chdir("/")
    except OSError as error:
        log.debug(f"a device process keeps its root directory: {error.strerror}")


def drop_capabilities() -> None:
    """Have no capability, and none to gain by any means."""
    prctl(option.PR_SET_NO_NEW_PRIVS, 1)
    for number in range(64):
        try:
            prctl(option.PR_CAPBSET_DROP, number)
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.EPERM):  # past the last; not privileged anyway
                break
            raise
    prctl(option.PR_CAP_AMBIENT, option.PR_CAP_AMBIENT_CLEAR_ALL)
    header = capability.__user_cap_header_struct(version=capability._LINUX_CAPABILITY_VERSION_3)
    nothing = (capability.__user_cap_data_struct * capability._LINUX_CAPABILITY_U32S_3)()
    syscall(unistd.__NR_capset, ctypes.addressof(header), ctypes.addressof(nothing))


def limit(policy: Policy) -> None:
    """Set the limits of `policy`, hard and soft, each at most what the process had."""
    # Guest RAM is shared memory, which RLIMIT_DATA leaves out and RLIMIT_AS would count.
    limits = [
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_DATA, policy.memory_mib << 20),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_NOFILE, policy.open_files),
    ]
    if policy.file_size is not None:
        limits.append((resource.RLIMIT_FSIZE, policy.file_size))
    if not policy.io_uring:  # whose registered buffers count as locked
        limits.append((resource.RLIMIT_MEMLOCK, 0))
    if not policy.threads:
        limits.append((resource.RLIMIT_NPROC, 0))
    for which, value in limits:
        _, hard = resource.getrlimit(which)
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(which, (value, value))


def hide() -> None:
    """Have no other process of this user look into this one, and leave no core."""
    prctl(option.PR_SET_DUMPABLE, 0)


def die_with(parent_pid: int) -> None:
    """Be killed when the parent, which is `parent_pid`, ends; at once if it has ended."""
    prctl(option.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(1)
