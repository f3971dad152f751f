"""What a machine needs beyond this package: a kernel for guests, busybox, the emulated host.

Each part is a directory in the cache that is there whole or not at all.
"""

from __future__ import annotations

import glob
import os
import shutil
from dataclasses import dataclass

from kvmtool.boot.kernel_modules import ModuleTree
from kvmtool.cache import cache_dir, publish
from kvmtool.emulated.packages import Packages, SetupFailure, locked, made_whole
from kvmtool.emulated.progress import Step
from kvmtool.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kvmtool.emulated.architecture import Architecture

_QEMU_DATA = ("usr/share/qemu", "usr/share/seabios", "usr/lib/ipxe/qemu")


@dataclass(frozen=True)
class Part:
    """A thing in the cache, and whether this run made it."""

    name: str
    path: str
    made: bool


@dataclass(frozen=True)
class Qemu:
    """How to start QEMU: the words before its options, and its environment's additions."""

    program: str
    command: tuple[str, ...]
    environment: dict[str, str]


class Provision:
    """The parts for one architecture. Raises SetupFailure if a part cannot be made."""

    def __init__(self, arch: Architecture) -> None:
        self._arch = arch
        self._packages: Packages | None = None

    @property
    def host_directory(self) -> str:
        """Where the emulated host's kernel is: vmlinux or vmlinuz, and lib/modules."""
        return os.path.join(cache_dir("emulated", self._arch.name), "kernel")

    @property
    def qemu_directory(self) -> str:
        """Where QEMU is unpacked on a machine that has none."""
        return os.path.join(cache_dir("emulated", self._arch.name), "qemu")

    @property
    def busybox(self) -> str:
        """The static busybox, for L1 and for guests."""
        return os.path.join(cache_dir("guest", self._arch.name), "busybox")

    @property
    def guest_kernel(self) -> str:
        """The kernel for guests."""
        return os.path.join(cache_dir("kernels"), self._arch.name, "vmlinuz")

    def ensure(self, *, guest: bool = True, host: bool = True) -> list[Part]:
        """Make what is missing of the guests' parts and of the emulated host's."""
        wanted: list[tuple[str, str, Callable[[str], None]]] = []
        if guest:
            wanted.append(("kernel for guests", self.guest_kernel, self._make_guest_kernel))
        wanted.append(("busybox", self.busybox, self._make_busybox))
        if host:
            kernel = self.host_directory
            wanted.append(("kernel of the emulated host", kernel, self._make_host_kernel))
            if not shutil.which(self._arch.qemu):
                wanted.append(("QEMU", self.qemu_directory, self._make_qemu))
        if all(os.path.exists(path) for _, path, _ in wanted):
            return [Part(name, path, made=False) for name, path, _ in wanted]
        with locked():
            parts = []
            for name, path, make in wanted:
                missing = not os.path.exists(path)
                if missing:
                    make(path)
                parts.append(Part(name, path, made=missing))
            return parts

    def qemu(self) -> Qemu:
        """Return how QEMU is started: the one on PATH, else the unpacked one by its own loader."""
        found = shutil.which(self._arch.qemu)
        if found:
            return Qemu(found, (found,), {})
        root = self.qemu_directory
        loaders = glob.glob(os.path.join(root, "lib*", "ld-linux*.so.*"))
        loaders += glob.glob(os.path.join(root, "lib", "*", "ld-linux*.so.*"))
        libraries = glob.glob(os.path.join(root, "usr", "lib", "*-linux-gnu*"))
        libraries += glob.glob(os.path.join(root, "lib", "*-linux-gnu*"))
        modules = glob.glob(os.path.join(root, "usr", "lib", "*-linux-gnu*", "qemu"))
        if not loaders or not libraries:
            raise SetupFailure(f"{root} is not complete: remove it and run `lkvm setup`")
        program = os.path.join(root, "usr", "bin", self._arch.qemu)
        data = [word for path in _QEMU_DATA for word in ("-L", os.path.join(root, path))]
        command = (loaders[0], "--library-path", ":".join(libraries), program, *data)
        return Qemu(program, command, {"QEMU_MODULE_DIR": modules[0]} if modules else {})

    @property
    def _apt(self) -> Packages:
        if self._packages is None:
            arch = self._arch
            names = [arch.guest_kernel_package, arch.host_kernel_package, "busybox-static"]
            self._packages = Packages(
                arch.debian_name, by_hand=", ".join([*names, arch.qemu_package])
            )
        return self._packages

    def _make_guest_kernel(self, path: str) -> None:
        with made_whole(os.path.dirname(path)) as draft:
            self._unpack_kernel(self._arch.guest_kernel_package, draft)

    def _make_host_kernel(self, path: str) -> None:
        with made_whole(path) as draft:
            self._unpack_kernel(self._arch.host_kernel_package, draft)
            _unpack_image(os.path.join(draft, "vmlinuz"), os.path.join(draft, "vmlinux"))

    def _unpack_kernel(self, package: str, directory: str) -> None:
        """Leave vmlinuz, config, release and lib/modules/RELEASE of `package` in `directory`."""
        content = os.path.join(directory, "package")
        self._apt.unpack(self._apt.resolve(package, "linux-image-"), content)
        kernels = glob.glob(os.path.join(content, "boot", "vmlinu[xz]-*"))
        modules = glob.glob(os.path.join(content, "lib", "modules", "*"))
        modules += glob.glob(os.path.join(content, "usr", "lib", "modules", "*"))
        if len(kernels) != 1 or len(modules) != 1:
            raise SetupFailure(f"the package {package} has no kernel where Debian's have it")
        release = os.path.basename(modules[0])
        os.rename(kernels[0], os.path.join(directory, "vmlinuz"))
        configuration = os.path.join(content, "boot", f"config-{release}")
        if os.path.exists(configuration):
            os.rename(configuration, os.path.join(directory, "config"))
        tree = os.path.join(directory, "lib", "modules", release)
        os.makedirs(os.path.dirname(tree))
        os.rename(modules[0], tree)
        shutil.rmtree(content)
        with Step("indexing the kernel's modules"):
            ModuleTree(tree).write_index()
        publish(os.path.join(directory, "release"), f"{release}\n".encode())

    def _make_busybox(self, path: str) -> None:
        with made_whole(os.path.join(cache_dir("guest"), "busybox-static")) as draft:
            self._apt.unpack("busybox-static", draft)
            for place in ("bin/busybox", "usr/bin/busybox"):
                program = os.path.join(draft, place)
                if os.path.exists(program):
                    os.rename(program, path)
        shutil.rmtree(os.path.join(cache_dir("guest"), "busybox-static"))
        if not os.path.exists(path):
            raise SetupFailure("the package busybox-static has no busybox where Debian's has it")

    def _make_qemu(self, path: str) -> None:
        with made_whole(path) as draft:
            self._apt.unpack_with_dependencies(self._arch.qemu_package, draft)


def _unpack_image(compressed: str, path: str) -> None:
    """Write the ELF kernel in the bzImage `compressed` to `path`.

    QEMU enters an ELF kernel at its PVH entry; through the kernel's own decompressor, it takes
    4 s longer under emulation. A kernel that cannot be unpacked here is used as it is.
    """
    from kvmtool.boot.bzimage import BzImage
    from kvmtool.boot.decompress import LARGEST_KERNEL, decompress
    from kvmtool.boot.image import ImageFile

    try:
        with Step("unpacking the emulated host's kernel"), ImageFile(compressed) as file:
            kernel = BzImage(file)
            content = decompress(kernel.payload(), LARGEST_KERNEL, compressed)
    except BadInput:
        os.symlink("vmlinuz", path)
    else:
        publish(path, content)
