"""Goes into the sandbox: everything that a process gives up, in the order that works."""

from __future__ import annotations

import os

from kvmtool.sandbox import landlock, privileges, seccomp
from kvmtool.sandbox.calls import allowed
from kvmtool.sandbox.kernel import close_all_but

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from kvmtool.sandbox.policy import Policy


def enter(policy: Policy, keep_fds: Iterable[int], parent_pid: int | None = None) -> None:
    """Hold this process to `policy` for good, with no descriptors but `keep_fds`.

    It has one thread, has imported all that it will need, and dies with its parent: at once if
    that is not `parent_pid` any more, which is best found out before the fork. Raises KvmtoolError
    where the kernel takes no filter of system calls, BadInput for a policy that cannot be, and
    OSError for a declared file that is not there. What the host lacks of the other walls is done
    without.
    """
    if parent_pid is None:
        parent_pid = os.getppid()
    close_all_but(keep_fds)
    filter_code = seccomp.program(allowed(policy, os.getpid()))
    if policy.io_uring:
        privileges.leave_networks_behind()
    if not policy.opens_files:
        privileges.leave_files_behind()
    privileges.drop_capabilities()
    privileges.limit(policy)
    landlock.restrict(policy)
    privileges.hide()
    # A change of credentials forgets the parent-death signal, so it comes after all of those.
    privileges.die_with(parent_pid)
    seccomp.install(filter_code)
