"""qcow2 images (QEMU docs/interop/qcow2.rst), with their chains of backing files."""

from __future__ import annotations

import os
import stat

from kvmtool.backends.disk_options import DiskOptions
from kvmtool.backends.host_file import open_direct, open_image
from kvmtool.backends.image_lock import lock_image
from kvmtool.backends.qcow2.header import Header, printable, read_header
from kvmtool.backends.qcow2.image import Qcow2Image
from kvmtool.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.backends.disk import DiskImage

_LONGEST_CHAIN = 64
_PAGE = 4096


def open_qcow2(path: str, fd: int, options: DiskOptions) -> Qcow2Image:
    """The image in `fd`, which it owns from then on, and its backing files. Raises BadInput."""
    lock_image(fd, path, options.read_only)
    header = read_header(fd, path)
    data_fd, alignment = -1, 1
    if options.direct:
        if header.cluster_size < _PAGE:
            raise BadInput(
                f"disk {path}: direct needs clusters of at least {_PAGE} bytes, "
                f"not {header.cluster_size}"
            )
        data_fd, alignment = open_direct(fd, path, options.read_only)
    backing = None
    try:
        if alignment > _PAGE:
            raise BadInput(f"disk {path}: direct needs blocks of {alignment} bytes here")
        backing = _open_backing(path, header, options.backing_format, [_identity(fd)])
        return Qcow2Image(
            path,
            fd,
            header,
            backing,
            read_only=options.read_only,
            discard=options.discard,
            data_fd=data_fd,
            alignment=alignment,
            sync_copies=options.cache == "writethrough",
        )
    except BaseException:
        if backing is not None:
            backing.close()
        if data_fd >= 0:
            os.close(data_fd)
        raise


def _identity(fd: int) -> tuple[int, int, int]:
    status = os.fstat(fd)
    return status.st_dev, status.st_ino, status.st_rdev if stat.S_ISBLK(status.st_mode) else 0


def _open_backing(
    overlay: str, header: Header, default_format: str, chain: list[tuple[int, int, int]]
) -> DiskImage | None:
    name = header.backing_file
    if name is None:
        return None
    path = _backing_path(overlay, name)
    shown = printable(path)
    kind = _backing_format(overlay, header, default_format)
    fd = open_image(path, read_only=True, what=f"the backing file of {printable(overlay)},")
    try:
        if _identity(fd) in chain:
            raise BadInput(f"qcow2 image {shown} is a backing file of itself")
        if len(chain) >= _LONGEST_CHAIN:
            raise BadInput(f"a chain has up to {_LONGEST_CHAIN} images; {shown} is one too many")
        if kind == "raw":
            from kvmtool.backends.raw import RawImage

            return RawImage(path, fd, DiskOptions(path, read_only=True), is_backing=True)
        lock_image(fd, path, read_only=True)
        below = read_header(fd, path)
        backing = _open_backing(path, below, "", [*chain, _identity(fd)])
        try:
            return Qcow2Image(path, fd, below, backing, read_only=True)
        except BaseException:
            if backing is not None:
                backing.close()
            raise
    except BaseException:
        os.close(fd)
        raise


def _backing_path(overlay: str, name: str) -> str:
    """A relative name is relative to the image that has it."""
    if name.startswith("file:"):
        name = name[5:]
    elif ":" in name.split("/", 1)[0]:
        raise BadInput(
            f"qcow2 image {printable(overlay)} has the backing file {printable(name)}, "
            f"which is not a path"
        )
    return os.path.join(os.path.dirname(overlay), name)


def _backing_format(overlay: str, header: Header, default: str) -> str:
    kind = header.backing_format
    if kind is None:
        # Looking at the contents would let the guest that wrote a raw backing file choose.
        if default:
            return default
        raise BadInput(
            f"qcow2 image {printable(overlay)} does not say its backing file's format: "
            f"run qemu-img rebase -u -F raw|qcow2 -b FILE IMAGE, or add ,backing-format=raw|qcow2"
        )
    if kind not in ("raw", "qcow2"):
        raise BadInput(
            f"qcow2 image {printable(overlay)} has a backing file of format {printable(kind)}; "
            f"raw and qcow2 work"
        )
    return kind


__all__ = ["Qcow2Image", "open_qcow2"]
