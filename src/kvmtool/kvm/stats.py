"""KVM's binary statistics: named counters of a machine or a vCPU.

The format is that of api.rst, "KVM_GET_STATS_FD".
"""

from __future__ import annotations

import ctypes
import os
from array import array
from dataclasses import dataclass

from kvmtool.kvm.descriptor import Descriptor
from kvmtool.uapi import kvm

_TYPES = {
    kvm.KVM_STATS_TYPE_CUMULATIVE: "cumulative",
    kvm.KVM_STATS_TYPE_INSTANT: "instant",
    kvm.KVM_STATS_TYPE_PEAK: "peak",
    kvm.KVM_STATS_TYPE_LINEAR_HIST: "linear histogram",
    kvm.KVM_STATS_TYPE_LOG_HIST: "logarithmic histogram",
}
_UNITS = {
    kvm.KVM_STATS_UNIT_NONE: "",
    kvm.KVM_STATS_UNIT_BYTES: "bytes",
    kvm.KVM_STATS_UNIT_SECONDS: "seconds",
    kvm.KVM_STATS_UNIT_CYCLES: "cycles",
    kvm.KVM_STATS_UNIT_BOOLEAN: "boolean",
}


@dataclass(frozen=True)
class Statistic:
    """One statistic: `values` in `unit` times `base` to the power of `exponent`.

    `kind` is cumulative, instant, peak or a histogram; only a histogram has several values, and
    `bucket_size` is the width of the buckets of a linear one.
    """

    name: str
    kind: str
    unit: str
    base: int
    exponent: int
    bucket_size: int
    values: tuple[int, ...]

    @property
    def value(self) -> int:
        """The only value, or a histogram's total count."""
        return sum(self.values)


class Statistics(Descriptor):
    """The statistics of one machine or vCPU; it may be read as often as wished."""

    def __init__(self, fd: int) -> None:
        # KVM gives this descriptor without O_CLOEXEC.
        os.set_inheritable(fd, False)
        super().__init__(fd)
        raw = os.pread(fd, ctypes.sizeof(kvm.kvm_stats_header), 0)
        self._header = kvm.kvm_stats_header.from_buffer_copy(raw)
        self.id = (
            os.pread(fd, self._header.name_size, self._header.id_offset).rstrip(b"\0").decode()
        )

    def read(self) -> dict[str, Statistic]:
        """Return the statistics by name."""
        header = self._header
        step = ctypes.sizeof(kvm.kvm_stats_desc) + header.name_size
        table = os.pread(self.fd, step * header.num_desc, header.desc_offset)
        data = os.pread(self.fd, self._data_size(table, step), header.data_offset)
        found = {}
        for position in range(0, len(table), step):
            described = kvm.kvm_stats_desc.from_buffer_copy(table, position)
            name_at = position + ctypes.sizeof(kvm.kvm_stats_desc)
            name = table[name_at : name_at + header.name_size].rstrip(b"\0").decode()
            values = array("Q", data[described.offset : described.offset + described.size * 8])
            found[name] = _statistic(name, described, tuple(values))
        return found

    def _data_size(self, table: bytes, step: int) -> int:
        ends = [0]
        for position in range(0, len(table), step):
            described = kvm.kvm_stats_desc.from_buffer_copy(table, position)
            ends.append(described.offset + described.size * 8)
        return max(ends)


def _statistic(name: str, described: kvm.kvm_stats_desc, values: tuple[int, ...]) -> Statistic:
    flags = described.flags
    base = 10 if flags & kvm.KVM_STATS_BASE_MASK == kvm.KVM_STATS_BASE_POW10 else 2
    return Statistic(
        name=name,
        kind=_TYPES.get(flags & kvm.KVM_STATS_TYPE_MASK, "unknown"),
        unit=_UNITS.get(flags & kvm.KVM_STATS_UNIT_MASK, "unknown"),
        base=base,
        exponent=described.exponent,
        bucket_size=described.bucket_size,
        values=values,
    )
