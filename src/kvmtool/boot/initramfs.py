"""Writes an initramfs: cpio archives in the newc format (Linux buffer-format.rst).

The archive is not compressed: the host's page cache is faster than the guest's gunzip.
Equal entries give equal bytes: owner is root, times are zero, inode numbers count up.
"""

from __future__ import annotations

import os
import stat

from kvmtool.boot.image import ImageFile
from kvmtool.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_TRAILER = "TRAILER!!!"
_LARGEST_FILE = (1 << 32) - 1  # the format has eight hexadecimal digits for it
_LONGEST_NAME = 4095  # the kernel's PATH_MAX without the NUL


class Initramfs:
    """An archive in the making; names are relative to the root, such as "bin/sh".

    Missing parent directories are added with mode 0755. Raises BadInput for a name that is
    empty, leaves the root, is too long or was added before as something else.
    """

    def __init__(self) -> None:
        self._entries: dict[str, tuple[int, int, bytes | str]] = {}  # mode, device, content

    def add_directory(self, name: str, mode: int = 0o755) -> None:
        """Add a directory; its `mode` replaces that of one added before."""
        path = self._claim(name, directory=True)
        self._entries[path] = (stat.S_IFDIR | mode, 0, b"")

    def add_file(self, name: str, content: bytes, mode: int = 0o644) -> None:
        """Add a file with this content."""
        path = self._claim(name)
        if len(content) > _LARGEST_FILE:
            raise BadInput(f"{name} has {len(content)} bytes; a cpio archive takes {_LARGEST_FILE}")
        self._entries[path] = (stat.S_IFREG | mode, 0, content)

    def copy_file(self, name: str, source: str, mode: int | None = None) -> None:
        """Add the host's file `source`, read when the archive is written, with its own mode."""
        path = self._claim(name)
        with ImageFile(source) as file:
            if file.size > _LARGEST_FILE:
                raise BadInput(
                    f"{source} has {file.size} bytes; a cpio archive takes {_LARGEST_FILE}"
                )
            permissions = stat.S_IMODE(file.status.st_mode) if mode is None else mode
        self._entries[path] = (stat.S_IFREG | permissions, 0, source)

    def add_symlink(self, name: str, target: str) -> None:
        """Add a symbolic link."""
        path = self._claim(name)
        self._entries[path] = (stat.S_IFLNK | 0o777, 0, os.fsencode(target))

    def add_device(
        self, name: str, major: int, minor: int, mode: int = 0o600, *, block: bool = False
    ) -> None:
        """Add a character device node, or a block device's."""
        path = self._claim(name)
        kind = stat.S_IFBLK if block else stat.S_IFCHR
        self._entries[path] = (kind | mode, os.makedev(major, minor), b"")

    def chunks(self) -> Iterator[bytes]:
        """Yield the archive in parts. Raises BadInput if a copied file cannot be read."""
        inode = 0
        for inode, (path, (mode, device, content)) in enumerate(self._entries.items(), 1):
            links = 2 if stat.S_ISDIR(mode) else 1
            if isinstance(content, str):
                with ImageFile(content) as file:
                    content = file.read(0, file.size)
            yield _header(inode, mode, links, len(content), device, path)
            yield content
            yield bytes(-len(content) % 4)
        yield _header(0, 0, 1, 0, 0, _TRAILER)

    def archive(self) -> bytes:
        """Return the whole archive."""
        return b"".join(self.chunks())

    def _claim(self, name: str, *, directory: bool = False) -> str:
        path = name.strip("/")
        parts = path.split("/")
        if "\0" in path or any(part in ("", ".", "..") for part in parts) or path == _TRAILER:
            raise BadInput(f"an initramfs cannot have a file named {name!r}")
        if len(os.fsencode(path)) > _LONGEST_NAME:
            raise BadInput(f"an initramfs name has at most {_LONGEST_NAME} bytes: {name[:60]}…")
        for count in range(1, len(parts)):
            parent = "/".join(parts[:count])
            mode = self._entries.setdefault(parent, (stat.S_IFDIR | 0o755, 0, b""))[0]
            if not stat.S_ISDIR(mode):
                raise BadInput(f"{name} cannot be in {parent}, which is not a directory")
        known = self._entries.get(path)
        if known is not None and not (directory and stat.S_ISDIR(known[0])):
            raise BadInput(f"{name} is in the initramfs already")
        return path


def _header(inode: int, mode: int, links: int, size: int, device: int, path: str) -> bytes:
    name = os.fsencode(path) + b"\0"
    fields = (
        inode,
        mode,
        0,  # uid
        0,  # gid
        links,
        0,  # mtime
        size,
        0,  # major and minor of the file system's device
        0,
        os.major(device),
        os.minor(device),
        len(name),
        0,  # checksum, of the crc format only
    )
    header = b"070701" + b"".join(b"%08X" % field for field in fields) + name
    return header + bytes(-len(header) % 4)
