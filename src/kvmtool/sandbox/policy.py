"""What one device's process needs beyond what every Python process that serves descriptors does."""

from __future__ import annotations

from kvmtool.errors import BadInput


class Policy:
    """What a process may still do once it is in its sandbox. Data only.

    `syscalls` names system calls beyond those of `kvmtool.sandbox.calls`, such as `fdatasync`, and
    `ioctls` gives request numbers that any descriptor may be asked. `threads` lets the process
    make threads; it can never make a process. `io_uring` permits rings: what is done through one
    no filter of system calls sees, so the other walls alone hold it.

    `readable` and `writable` are absolute paths that may be opened later, directories with all
    below them; a writable one may be read too, and files be made in a writable directory. Most
    devices need none: their descriptors are opened before.

    `memory_mib` bounds memory of the process's own, in MiB (guest RAM does not count),
    `open_files` its descriptors, and `file_size` the size in bytes that it may make a file grow
    to (None: any size). Memory as a file (memfd_create) no limit of a process counts.
    """

    __slots__ = (
        "file_size",
        "io_uring",
        "ioctls",
        "memory_mib",
        "open_files",
        "readable",
        "syscalls",
        "threads",
        "writable",
    )

    def __init__(
        self,
        *,
        syscalls: tuple[str, ...] = (),
        ioctls: tuple[int, ...] = (),
        threads: bool = False,
        io_uring: bool = False,
        readable: tuple[str, ...] = (),
        writable: tuple[str, ...] = (),
        memory_mib: int = 256,
        open_files: int = 1024,
        file_size: int | None = 16 << 20,
    ) -> None:
        for path in (*readable, *writable):
            if not path.startswith("/"):
                raise BadInput(f"a sandbox's paths must be absolute, not {path!r}")
        for name, value, least in (
            ("memory_mib", memory_mib, 32),
            ("open_files", open_files, 16),
            ("file_size", file_size or 0, 0),
        ):
            if value < least:
                raise BadInput(f"a sandbox's {name} must be at least {least}, not {value}")
        self.syscalls = syscalls
        self.ioctls = ioctls
        self.threads = threads
        self.io_uring = io_uring
        self.readable = readable
        self.writable = writable
        self.memory_mib = memory_mib
        self.open_files = open_files
        self.file_size = file_size

    def allowing(self, *syscalls: str) -> Policy:
        """Return this policy with more system calls, for who serves the device otherwise."""
        return Policy(
            syscalls=self.syscalls + syscalls,
            ioctls=self.ioctls,
            threads=self.threads,
            io_uring=self.io_uring,
            readable=self.readable,
            writable=self.writable,
            memory_mib=self.memory_mib,
            open_files=self.open_files,
            file_size=self.file_size,
        )

    @property
    def opens_files(self) -> bool:
        """Whether there are files that may be opened later."""
        return bool(self.readable or self.writable)
