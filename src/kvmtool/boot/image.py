"""Files whose parts go to guest RAM, read and checked without trusting what they say."""

from __future__ import annotations

import os
import stat

from kvmtool.errors import BadInput, KvmtoolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Protocol, Self

    class Memory(Protocol):
        """Guest RAM; `view` is writable and raises a KvmtoolError outside RAM.

        `fill` copies from a file and returns how many bytes it had.
        """

        def write(self, gpa: int, data: bytes | memoryview) -> None: ...
        def view(self, gpa: int, size: int) -> memoryview: ...
        def fill(self, gpa: int, size: int, fd: int, offset: int) -> int: ...

    class Source(Protocol):
        """Bytes with a name and a size; `read` raises BadInput past the end."""

        name: str
        size: int

        def read(self, offset: int, size: int) -> bytes: ...


class CannotUnpack(BadInput):
    """A kernel that may be in order, but that only its own decompressor knows how to unpack."""


class Segment:
    """`file_size` bytes at `file_offset` that go to `gpa`, then zeros up to `mem_size`."""

    __slots__ = ("file_offset", "file_size", "gpa", "mem_size")

    def __init__(self, file_offset: int, gpa: int, file_size: int, mem_size: int) -> None:
        self.file_offset = file_offset
        self.gpa = gpa
        self.file_size = file_size
        self.mem_size = mem_size

    @property
    def end(self) -> int:
        """The first gpa after the segment."""
        return self.gpa + self.mem_size

    def __repr__(self) -> str:
        return (
            f"Segment(file_offset={self.file_offset:#x}, gpa={self.gpa:#x},"
            f" file_size={self.file_size:#x}, mem_size={self.mem_size:#x})"
        )


class ImageFile:
    """A regular file, open for reading; `name` is what errors call it.

    Raises BadInput if there is no such file, it cannot be read, or it is a directory or device.
    """

    def __init__(self, path: str, *, name: str | None = None) -> None:
        self.path = path
        self.name = path if name is None else name
        try:
            # O_NONBLOCK: a FIFO without a writer must not hang the open.
            self.fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise BadInput(f"cannot open {self.name}: {error.strerror}") from None
        except ValueError:
            raise BadInput(f"cannot open {self.name!r}: a path has no NUL bytes") from None
        self.status = os.fstat(self.fd)
        self.size = self.status.st_size
        if not stat.S_ISREG(self.status.st_mode):
            self.close()
            what = "a directory" if stat.S_ISDIR(self.status.st_mode) else "not a regular file"
            raise BadInput(f"{self.name} is {what}")

    @classmethod
    def adopt(cls, fd: int, name: str) -> Self:
        """Wrap the open file `fd`, which is closed with the result."""
        image = cls.__new__(cls)
        image.path = image.name = name
        image.fd = fd
        image.status = os.fstat(fd)
        image.size = image.status.st_size
        return image

    def read(self, offset: int, size: int) -> bytes:
        """Return exactly `size` bytes. Raises BadInput if the file has fewer."""
        buffer = bytearray(max(0, min(size, self.size - offset)))
        if len(buffer) != size:
            raise BadInput(
                f"{self.name} is truncated: {size} bytes are needed at byte {offset},"
                f" the file has {self.size} in all"
            )
        self.read_into(offset, memoryview(buffer))
        return bytes(buffer)

    def head(self, size: int) -> bytes:
        """Return the first `size` bytes, fewer where the file is shorter."""
        return self.read(0, min(size, self.size))

    def read_into(self, offset: int, target: memoryview) -> None:
        """Fill `target` from `offset` on, without a copy. Raises BadInput if the file ends."""
        while target:
            try:
                count = os.preadv(self.fd, [target], offset)
            except (OSError, OverflowError) as error:
                reason = getattr(error, "strerror", "offset out of range")
                raise BadInput(f"cannot read {self.name}: {reason}") from None
            if not count:
                raise BadInput(f"{self.name} became shorter while it was read")
            offset += count
            target = target[count:]

    def load(self, offset: int, memory: Memory, gpa: int, size: int) -> None:
        """Copy `size` bytes at `offset` to `gpa`, which is RAM. Raises BadInput if it has less."""
        try:
            count = memory.fill(gpa, size, self.fd, offset)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", "offset out of range")
            raise BadInput(f"cannot read {self.name}: {reason}") from None
        if count < size:
            raise BadInput(f"{self.name} became shorter while it was read")

    def close(self) -> None:
        """Close the file; more than once is harmless."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "fd", -1) >= 0:
            self.close()


def load(file: ImageFile, segments: Iterable[Segment], memory: Memory) -> None:
    """Read the segments from `file` straight into guest RAM, which is zero until now.

    The zeros after a segment's contents are not written: fresh RAM has them. Raises BadInput
    for a segment that is not wholly in RAM and for a file that became shorter.
    """
    for segment in segments:
        guest_range(memory, segment.gpa, segment.mem_size, file.name)
        file.load(segment.file_offset, memory, segment.gpa, segment.file_size)


def guest_range(memory: Memory, gpa: int, size: int, name: str) -> memoryview:
    """Return the RAM at `gpa`. Raises BadInput, saying that `name` needs it, if it is not RAM."""
    try:
        return memory.view(gpa, size)
    except KvmtoolError:
        raise BadInput(
            f"{name} needs RAM from {gpa:#x} to {gpa + size:#x}, which the machine"
            " does not have; give a larger -m"
        ) from None


def check_range(source: Source, what: str, offset: int, size: int) -> None:
    """Raise BadInput unless `size` bytes at `offset` are in the file; `what` names them."""
    if offset + size > source.size:
        raise BadInput(
            f"{source.name} is truncated: {what} ends at byte {offset + size},"
            f" the file has {source.size}"
        )
