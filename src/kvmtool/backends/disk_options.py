"""The text that describes a disk on the command line."""

from __future__ import annotations

from kvmtool.errors import BadInput

_FORMATS = ("raw", "qcow2")
_CACHES = ("writeback", "writethrough")
_FLAGS = ("ro", "direct", "discard")
_LARGEST_SERIAL = 20  # VIRTIO_BLK_ID_BYTES
_MOST_QUEUES = 64
_SUFFIXES = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_USAGE = (
    "ro, direct, discard, format=raw|qcow2, backing-format=raw|qcow2, serial=TEXT, queues=N, "
    "iops=N, bw=N[K|M|G], cache=writeback|writethrough"
)


class DiskOptions:
    """A disk image and how to use it.

    `format` is raw, qcow2, or "" for what the name says. `backing_format` says what the first
    backing file is that the image names without a format. `serial` has up to 20 printable ASCII
    characters. `queues` is 0 if the user named no number. `iops` (requests in a second) and
    `bandwidth` (bytes in a second) are 0 if unlimited.
    """

    def __init__(
        self,
        path: str,
        *,
        read_only: bool = False,
        direct: bool = False,
        format: str = "",
        backing_format: str = "",
        discard: bool = False,
        serial: str = "",
        queues: int = 0,
        iops: int = 0,
        bandwidth: int = 0,
        cache: str = "writeback",
    ) -> None:
        if not path:
            raise BadInput("a disk needs the path of an image")
        self.path = path
        self.read_only = read_only
        self.direct = direct
        self.format = _one_of(path, "format", format, _FORMATS) if format else ""
        self.backing_format = (
            _one_of(path, "backing-format", backing_format, _FORMATS) if backing_format else ""
        )
        self.discard = discard
        self.serial = _serial(path, serial)
        if not 0 <= queues <= _MOST_QUEUES:
            raise BadInput(f"disk {path}: queues is from 1 to {_MOST_QUEUES}, not {queues}")
        self.queues = queues
        self.iops = iops
        self.bandwidth = bandwidth
        self.cache = _one_of(path, "cache", cache, _CACHES)

    @classmethod
    def parse(cls, text: str) -> DiskOptions:
        """From `path[,option]...`; a comma in the path is written twice."""
        path, *options = _split(text)
        disk = cls(path)
        seen = set()
        for option in options:
            name, equals, value = option.partition("=")
            if name in seen:
                raise BadInput(f"disk {path}: {name} is given twice")
            seen.add(name)
            if name in _FLAGS:
                if equals:
                    raise BadInput(f"disk {path}: {name} takes no value, not {value}")
                setattr(disk, "read_only" if name == "ro" else name, True)
            elif name == "format":
                disk.format = _one_of(path, name, value, _FORMATS)
            elif name == "backing-format":
                disk.backing_format = _one_of(path, name, value, _FORMATS)
            elif name == "serial":
                disk.serial = _serial(path, value)
            elif name == "queues":
                disk.queues = _number(path, name, value, {}, _MOST_QUEUES)
            elif name == "iops":
                disk.iops = _number(path, name, value, {}, 1 << 40)
            elif name == "bw":
                disk.bandwidth = _number(path, name, value, _SUFFIXES, 1 << 50)
            elif name == "cache":
                disk.cache = _one_of(path, name, value, _CACHES)
            else:
                raise BadInput(
                    f"disk {path}: no option {name or '(empty)'}; there are: {_USAGE}"
                    " (a comma in a path is written twice)"
                )
        return disk


def _split(text: str) -> list[str]:
    parts = [""]
    pieces = text.split(",")
    parts[0] = pieces[0]
    index = 1
    while index < len(pieces):
        # An empty piece between two commas is a comma that is a part of the value.
        if pieces[index] == "" and index + 1 < len(pieces):
            parts[-1] += "," + pieces[index + 1]
            index += 2
        else:
            parts.append(pieces[index])
            index += 1
    return parts


def _one_of(path: str, name: str, value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise BadInput(f"disk {path}: {name} is {' or '.join(choices)}, not {value or '(empty)'}")
    return value


def _serial(path: str, value: str) -> str:
    if len(value) > _LARGEST_SERIAL or not (value.isascii() and (value.isprintable())):
        raise BadInput(
            f"disk {path}: serial has up to {_LARGEST_SERIAL} printable ASCII characters, "
            f"not {value!r}"
        )
    return value


def _number(path: str, name: str, value: str, suffixes: dict[str, int], most: int) -> int:
    factor = suffixes.get(value[-1:].upper(), 1)
    digits = value[:-1] if factor > 1 else value
    plain = digits.isascii() and digits.isdigit() and len(digits) <= 20
    number = int(digits) * factor if plain else 0
    if not 1 <= number <= most:
        form = f"{'/'.join(suffixes)} may follow" if suffixes else "decimal"
        raise BadInput(
            f"disk {path}: {name} is a number from 1 to {most} ({form}), not {value or '(empty)'}"
        )
    return number
