"""What a device process may do, and the walls that hold it to that.

A device declares a `Policy` beside itself; its process passes it to `enter.enter` before it looks
at anything that the guest wrote. Only the declaration is imported with a device: the walls are
built, and what builds them is loaded, in the process that they are for.
"""

from kvmtool.sandbox.policy import Policy

__all__ = ["Policy"]
