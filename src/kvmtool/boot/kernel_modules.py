"""Kernel modules: what each needs, in the order to load them (Linux scripts/mod/modpost.c).

A module says in its ELF section .modinfo which modules it needs (`depends=`), under which
aliases the kernel asks for it (`alias=`) and its own name (`name=`). That is all that depmod
knows too, so a package's tree can be indexed without kmod.
"""

from __future__ import annotations

import os
import struct

from kvmtool.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SUFFIXES = (".ko", ".ko.xz", ".ko.gz", ".ko.zst")


def module_name(path: str) -> str:
    """Return the kernel's name of the module in the file `path`."""
    return os.path.basename(path).split(".ko")[0].replace("-", "_")


def module_info(image: bytes, path: str) -> list[tuple[str, str]]:
    """Return the name and value of each entry of the section .modinfo of a 64-bit ELF module.

    Raises BadInput for a file that is not one, with `path` in the message.
    """
    try:
        if image[:6] != b"\x7fELF\x02\x01":
            raise ValueError
        (table,) = struct.unpack_from("<Q", image, 0x28)
        size, count, names = struct.unpack_from("<HHH", image, 0x3A)
        headers = [struct.unpack_from("<IIQQQQ", image, table + i * size) for i in range(count)]
        names_offset = headers[names][4]
        for name, _, _, _, offset, length in headers:
            start = names_offset + name
            if image[start : start + 9] == b".modinfo\0":
                entries = image[offset : offset + length].decode(errors="replace").split("\0")
                pairs = (entry.partition("=") for entry in entries if "=" in entry)
                return [(key, value) for key, _, value in pairs]
    except (struct.error, IndexError, ValueError):
        pass
    raise BadInput(f"{path} is not a kernel module of a 64-bit little-endian architecture")


class ModuleTree:
    """The modules below one `lib/modules/RELEASE` directory."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.paths: dict[str, str] = {}
        """The file of each module, relative to `directory`."""
        for folder, _, files in os.walk(directory):
            for file in files:
                if file.endswith(_SUFFIXES):
                    path = os.path.relpath(os.path.join(folder, file), directory)
                    self.paths[module_name(file)] = path

    def load(self, name: str) -> bytes:
        """Return the ELF image of the module `name`, unpacked."""
        path = os.path.join(self.directory, self.paths[name])
        with open(path, "rb") as file:
            content = file.read()
        return content if path.endswith(".ko") else _unpacked(content, path)

    def info(self, name: str) -> list[tuple[str, str]]:
        """Return the .modinfo entries of the module `name`."""
        return module_info(self.load(name), self.paths[name])

    def order(self, names: Iterable[str]) -> list[str]:
        """Return `names` and all that they need, each after what it needs itself.

        A name that no file has is taken to be built into the kernel. Soft dependencies that
        ask to be loaded first (`softdep=pre:`) come first.
        """
        return order(names, _Needs(self))

    def write_index(self) -> None:
        """Write modules.dep and modules.alias, as depmod does."""
        needs: dict[str, list[str]] = {}
        aliases = []
        for name in self.paths:
            info = self.info(name)
            needs[name] = _depends(info)
            aliases += [f"alias {value} {name}\n" for key, value in info if key == "alias"]
        lines = []
        for name, path in self.paths.items():
            others = [other for other in reversed(order([name], needs)) if other != name]
            rest = "".join(f" {self.paths[other]}" for other in others if other in self.paths)
            lines.append(f"{path}:{rest}\n")
        for file_name, content in (("modules.dep", lines), ("modules.alias", aliases)):
            with open(os.path.join(self.directory, file_name), "w") as file:
                file.writelines(content)


def order(names: Iterable[str], needs: Mapping[str, list[str]]) -> list[str]:
    """Return `names` and what they need, dependencies first; a cycle is cut where it closes."""
    done: dict[str, None] = {}
    open_names: set[str] = set()

    def visit(name: str) -> None:
        if name in done or name in open_names or name not in needs:
            return
        open_names.add(name)
        for other in needs[name]:
            visit(other)
        done[name] = None

    for name in names:
        visit(name.replace("-", "_"))
    return list(done)


def _depends(info: list[tuple[str, str]]) -> list[str]:
    found = [value for key, value in info if key == "depends"]
    return [name.replace("-", "_") for value in found for name in value.split(",") if name]


def _soft_before(info: list[tuple[str, str]]) -> list[str]:
    found = []
    for key, value in info:
        if key == "softdep":
            before = value.partition("post:")[0].partition("pre:")[2]
            found += [name.replace("-", "_") for name in before.split()]
    return found


class _Needs(dict[str, list[str]]):
    """Reads only the modules that are asked for: a tree has thousands."""

    def __init__(self, tree: ModuleTree) -> None:
        self._tree = tree

    def __contains__(self, name: object) -> bool:
        return name in self._tree.paths

    def __missing__(self, name: str) -> list[str]:
        info = self._tree.info(name)
        self[name] = [*_soft_before(info), *_depends(info)]
        return self[name]


def _unpacked(content: bytes, path: str) -> bytes:
    from kvmtool.boot.decompress import decompress

    return decompress(content, 1 << 28, path)
