"""The kernel modules that the built-in guest loads: drivers that a distribution's kernel has apart.

Modules are looked for in lib/modules/RELEASE beside the kernel's file, then in the host's. A kernel
without any is taken to have its drivers built in.
"""

from __future__ import annotations

import os

from kvmtool.boot.bzimage import BzImage
from kvmtool.boot.kernel import identify
from kvmtool.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_LARGEST_MODULE = 1 << 28


def find(kernel: str, names: Iterable[str]) -> list[tuple[str, bytes]]:
    """The modules `names` of the kernel at this path and what they need: (file name, image).

    They come in the order to load them; a name that the kernel has no module for is left out.
    Raises BadInput for a file that is no kernel, and a module that cannot be read.
    """
    directory = _directory(kernel)
    if directory is None:
        return []
    needs = _needs(directory)
    file_of = {_module_name(path): path for path in needs}
    wanted: dict[str, None] = {}
    for name in names:
        if name in file_of:
            path = file_of[name]
            wanted.update(dict.fromkeys((*reversed(needs[path]), path)))
    return [_read(directory, path) for path in wanted]


def _directory(kernel: str) -> str | None:
    image = identify(kernel)
    release = image.kernel_version.partition(" ")[0] if isinstance(image, BzImage) else ""
    image.close()
    if not release or "/" in release:
        return None
    for root in (os.path.join(os.path.dirname(kernel), "lib"), "/lib"):
        directory = os.path.join(root, "modules", release)
        if os.path.exists(os.path.join(directory, "modules.dep")):
            return directory
    return None


def _needs(directory: str) -> dict[str, list[str]]:
    """What each module's file needs, the nearest first, as depmod(8) wrote it to modules.dep."""
    with open(os.path.join(directory, "modules.dep"), errors="surrogateescape") as file:
        lines = (line.partition(":") for line in file)
        return {path: rest.split() for path, _, rest in lines}


def _module_name(path: str) -> str:
    return os.path.basename(path).partition(".ko")[0].replace("-", "_")


def _read(directory: str, path: str) -> tuple[str, bytes]:
    where = os.path.join(directory, path)
    try:
        with open(where, "rb") as file:
            image = file.read()
    except OSError as error:
        raise BadInput(f"cannot read the kernel module {where}: {error.strerror}") from None
    if not path.endswith(".ko"):
        from kvmtool.boot.decompress import decompress

        image = decompress(image, _LARGEST_MODULE, where)
    return _module_name(path) + ".ko", image
