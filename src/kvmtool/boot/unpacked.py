"""The kernel inside a bzImage, unpacked once and kept in a form that is fast to load.

An entry of the cache is named after the BLAKE2b hash of the compressed payload. It holds what
the ELF's PT_LOAD segments hold, page aligned and without the long runs of zeros (half of a
Debian kernel, whose .bss is in the file), so that loading is one preadv(2) for each extent. An
index maps (path, size, mtime, ctime) to entries, so that an unchanged kernel is not hashed again.
A cache that cannot be written, or is damaged, costs time and nothing else.
"""

from __future__ import annotations

import errno
import os
import struct
import time

from kvmtool import cache, log
from kvmtool.boot import elf
from kvmtool.boot.decompress import LARGEST_KERNEL, decompress
from kvmtool.boot.image import ImageFile, Segment
from kvmtool.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from kvmtool.boot.bzimage import BzImage
    from kvmtool.boot.image import Source

KEPT = 16  # entries, most recently used first
_INDEXED = 64
_MAGIC = b"lkvmELF1"
# magic, CRC of what follows it in the header, extents, file size, entry, PVH entry, 64-bit,
# CRC of samples of the contents
_HEADER = struct.Struct("<8sIIQQQII")
_EXTENT = struct.Struct("<QQQQ")
_NO_PVH = (1 << 64) - 1
_MOST_EXTENTS = LARGEST_KERNEL >> 15
_PAGE = 4096
_CHUNK = 64 << 10  # a run of zeros shorter than this is stored
_ZEROS = bytes(_CHUNK)
_SAMPLE_EVERY = 1 << 20
_SUFFIX = ".kernel"
_RACY_NS = 2 * 10**9  # a file changed so short before may change again within one clock tick
_STALE_DRAFT_S = 3600


def unpack(kernel: BzImage) -> elf.Elf:
    """Return the ELF kernel inside `kernel`, from the cache or unpacked now, ready to load.

    The result holds a file of its own. Raises BadInput for a payload that cannot be unpacked or
    is not a kernel.
    """
    directory = _directory()
    identity = _identity(kernel.file)
    if directory:
        key = _look_up(directory, identity)
        found = _open(directory, key, kernel.file.name) if key else None
        if found:
            return found
    payload = kernel.payload()
    key = _hash(payload)
    if directory:
        found = _open(directory, key, kernel.file.name)
        if found:
            _remember(directory, identity, key)
            return found
    content = _unpacked(kernel, payload)
    del payload
    if directory and _publish(directory, key, content):
        _remember(directory, identity, key)
        _prune(directory)
        found = _open(directory, key, kernel.file.name)
        if found:
            return found
    return _from_memory(content, kernel.file.name)


def _directory() -> str | None:
    try:
        return cache.cache_dir("unpacked")
    except OSError as error:
        log.debug(f"no cache for unpacked kernels: {error}")
        return None


def _hash(payload: bytes) -> str:
    from hashlib import blake2b

    return blake2b(payload, digest_size=20).hexdigest()


class _Bytes:
    """Bytes in memory as a Source."""

    def __init__(self, content: bytes, name: str) -> None:
        self.content = content
        self.name = name
        self.size = len(content)

    def read(self, offset: int, size: int) -> bytes:
        data = self.content[offset : offset + size]
        if len(data) != size:
            raise BadInput(f"{self.name} has a truncated kernel in its payload")
        return data


def _unpacked(kernel: BzImage, payload: bytes) -> bytes:
    """Return what is stored for `payload`."""
    name = kernel.file.name
    started = time.monotonic()
    # The kernel unpacks itself within init_size, so more than that is not a kernel.
    limit = min(kernel.init_size or LARGEST_KERNEL, LARGEST_KERNEL)
    content = decompress(payload, limit, name)
    log.debug(f"unpacked {name} in {(time.monotonic() - started) * 1000:.0f} ms")
    source = _Bytes(content, f"the kernel in {name}")
    if not content.startswith(elf.MAGIC):
        raise BadInput(f"{name} has a payload that is not an ELF kernel")
    return _stored(source, elf.parse_source(source, kernel.file))


def _stored(source: _Bytes, image: elf.Elf) -> bytes:
    from zlib import crc32

    extents = [part for segment in image.segments for part in _non_zero(source.content, segment)]
    header_size = _aligned(_HEADER.size + _EXTENT.size * len(extents))
    parts: list[bytes | memoryview] = []
    table = bytearray()
    view = memoryview(source.content)
    offset = header_size
    for extent in extents:
        table += _EXTENT.pack(offset, extent.gpa, extent.file_size, extent.mem_size)
        parts.append(view[extent.file_offset : extent.file_offset + extent.file_size])
        padding = _aligned(extent.file_size) - extent.file_size
        parts.append(_ZEROS[:padding])
        offset += extent.file_size + padding
    body = b"".join(parts)
    pvh_entry = _NO_PVH if image.pvh_entry is None else image.pvh_entry
    fields = (len(extents), offset, image.entry, pvh_entry, image.is_64bit)
    # Samples are taken of the whole file, before whose body nothing is known yet but its size.
    samples = _samples(_Bytes(bytes(header_size) + body, source.name), header_size)
    header = _HEADER.pack(_MAGIC, 0, *fields, samples) + table
    checksum = crc32(header[12:])
    header = _HEADER.pack(_MAGIC, checksum, *fields, samples) + table
    return header.ljust(header_size, b"\0") + body


def _non_zero(content: bytes, segment: Segment) -> list[Segment]:
    """Split `segment` so that long runs of zeros are in memory only."""
    runs: list[list[int]] = []
    for start in range(0, segment.file_size, _CHUNK):
        size = min(_CHUNK, segment.file_size - start)
        if content.startswith(_ZEROS[:size], segment.file_offset + start):
            continue
        if runs and runs[-1][1] == start:
            runs[-1][1] = start + size
        else:
            runs.append([start, start + size])
    if not runs or runs[0][0]:
        runs.insert(0, [0, 0])
    ends = [start for start, _ in runs[1:]] + [segment.mem_size]
    return [
        Segment(segment.file_offset + start, segment.gpa + start, end - start, until - start)
        for (start, end), until in zip(runs, ends, strict=True)
    ]


def _samples(source: Source, start: int) -> int:
    """Return a checksum over a page of every MiB and the last page of an entry."""
    from zlib import crc32

    checksum = 0
    for offset in (*range(start, source.size - _PAGE, _SAMPLE_EVERY), source.size - _PAGE):
        if offset >= start:
            checksum = crc32(source.read(offset, _PAGE), checksum)
    return checksum


def _aligned(size: int) -> int:
    return -(-size // _PAGE) * _PAGE


def _open(directory: str, key: str, name: str) -> elf.Elf | None:
    """Return the entry `key`, or None if there is none or it is damaged."""
    path = os.path.join(directory, key + _SUFFIX)
    if not os.path.exists(path):
        return None
    file: ImageFile | None = None
    try:
        file = ImageFile(path)
        image = _parse(file)
    except BadInput as error:
        log.debug(f"the cached kernel {path} is damaged and made again: {error}")
        if file:
            file.close()
        return None
    file.name = name
    try:
        os.utime(path)  # least recently used go first
    except OSError:
        log.debug(f"the cache {directory} is read-only")
    return image


def _parse(file: ImageFile) -> elf.Elf:
    from zlib import crc32

    head = file.read(0, _PAGE)
    magic, checksum, count, size, entry, pvh_entry, is_64bit, samples = _HEADER.unpack_from(head)
    header_end = _HEADER.size + count * _EXTENT.size
    if magic != _MAGIC or not 0 < count <= _MOST_EXTENTS or size != file.size:
        raise BadInput("its header or size is wrong")
    if header_end > _PAGE:
        head = file.read(0, header_end)
    if crc32(head[12:header_end]) != checksum:
        raise BadInput("its header has changed")
    if _samples(file, _aligned(header_end)) != samples:
        raise BadInput("its contents have changed")
    segments = [Segment(*fields) for fields in _EXTENT.iter_unpack(head[_HEADER.size : header_end])]
    pvh = None if pvh_entry == _NO_PVH else pvh_entry
    return elf.Elf(file, segments, entry, pvh, bool(is_64bit))


def _from_memory(content: bytes, name: str) -> elf.Elf:
    """Return an entry that is kept nowhere."""
    file = ImageFile.adopt(os.memfd_create("unpacked-kernel", os.MFD_CLOEXEC), name)
    view = memoryview(content)
    while view:
        view = view[os.write(file.fd, view) :]
    file.size = len(content)
    return _parse(file)


def _publish(directory: str, key: str, content: bytes) -> bool:
    try:
        cache.publish(os.path.join(directory, key + _SUFFIX), content)
    except OSError as error:
        read_only = error.errno in (errno.EROFS, errno.EACCES, errno.EPERM)
        say = log.debug if read_only else log.warning
        say(f"cannot keep the unpacked kernel in {directory}: {error.strerror}")
        return False
    return True


def _prune(directory: str) -> None:
    """Remove all but the KEPT most recently used entries, and what crashes left behind."""
    entries: list[tuple[int, str]] = []
    try:
        with os.scandir(directory) as listing:
            for item in listing:
                used = item.stat().st_mtime_ns
                if item.name.endswith(_SUFFIX):
                    entries.append((used, item.path))
                elif "." in item.name and used < time.time_ns() - _STALE_DRAFT_S * 10**9:
                    os.unlink(item.path)
        for _, path in sorted(entries, reverse=True)[KEPT:]:
            os.unlink(path)
    except OSError as error:
        log.debug(f"cannot tidy the cache {directory}: {error.strerror}")


def _identity(file: ImageFile) -> bytes | None:
    """Return what says that a file is unchanged, or None where a name cannot be indexed."""
    status = file.status
    path = os.fsencode(os.path.realpath(file.path))
    if b"\n" in path:
        return None
    return b"%d %d %d %s" % (file.size, status.st_mtime_ns, status.st_ctime_ns, path)


def _index(directory: str) -> Sequence[bytes]:
    try:
        with open(os.path.join(directory, "index"), "rb") as file:
            return file.read().split(b"\n")
    except OSError:
        return []


def _look_up(directory: str, identity: bytes | None) -> str | None:
    if identity is None:
        return None
    for line in _index(directory):
        key, _, known = line.partition(b" ")
        if known == identity and key.isalnum():
            return key.decode("ascii", "replace")
    return None


def _remember(directory: str, identity: bytes | None, key: str) -> None:
    if identity is None:
        return
    _, mtime, ctime, path = identity.split(b" ", 3)
    if time.time_ns() - max(int(mtime), int(ctime)) < _RACY_NS:
        return
    others = [line for line in _index(directory) if line and line.split(b" ", 4)[4:] != [path]]
    lines = [key.encode() + b" " + identity, *others[: _INDEXED - 1]]
    try:
        cache.publish(os.path.join(directory, "index"), b"\n".join(lines) + b"\n")
    except OSError as error:
        log.debug(f"cannot write the index of {directory}: {error.strerror}")
