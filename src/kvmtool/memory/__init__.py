"""Guest RAM, and the one checked way to guest-supplied addresses."""

from kvmtool.memory.ram import GuestMemory, MemoryRangeError, RamRegion, check_host_has

__all__ = ["GuestMemory", "MemoryRangeError", "RamRegion", "check_host_has"]
