"""Compressed clusters (QEMU docs/interop/qcow2.rst, "Compressed Clusters Descriptor")."""

from __future__ import annotations

import zlib

from kvmtool.backends.disk import ImageCorrupt
from kvmtool.backends.qcow2.header import ZSTD
from kvmtool.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_SECTOR = 512
_LARGEST_WINDOW = 8 << 20


class CompressedClusters:
    """Reads descriptors of, and unpacks, the clusters of one image."""

    def __init__(self, cluster_bits: int, compression: int, path: str) -> None:
        self._cluster_size = 1 << cluster_bits
        self._offset_bits = 62 - (cluster_bits - 8)
        self._unpack = self._zstd(path) if compression == ZSTD else self._inflate

    def place(self, entry: int) -> tuple[int, int]:
        """Offset in the file and the bytes that the data may take, from an L2 entry."""
        offset = entry & ((1 << self._offset_bits) - 1)
        sectors = (entry & ((1 << 62) - 1)) >> self._offset_bits
        return offset, (sectors + 1) * _SECTOR - offset % _SECTOR

    def unpack(self, data: bytes) -> bytes:
        """One cluster. Raises ImageCorrupt; never makes more than a cluster."""
        cluster = self._unpack(data)
        if len(cluster) != self._cluster_size:
            raise ImageCorrupt(f"a compressed cluster has {len(cluster)} bytes")
        return cluster

    def _inflate(self, data: bytes) -> bytes:
        try:
            return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, self._cluster_size)
        except zlib.error as error:
            raise ImageCorrupt(f"a compressed cluster cannot be unpacked: {error}") from None

    def _zstd(self, path: str) -> Callable[[bytes], bytes]:
        try:
            import zstandard
        except ImportError:
            raise BadInput(
                f"qcow2 image {path} is compressed with zstd: pip install zstandard"
            ) from None
        decompressor = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW)

        def unpack(data: bytes) -> bytes:
            try:
                with decompressor.stream_reader(data, read_across_frames=False) as reader:
                    return reader.read(self._cluster_size)
            except zstandard.ZstdError as error:
                raise ImageCorrupt(f"a compressed cluster cannot be unpacked: {error}") from None

        return unpack
