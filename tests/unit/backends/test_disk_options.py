from __future__ import annotations

import pytest

from kvmtool.backends.disk import DiskOptions
from kvmtool.errors import BadInput


def test_all_options_are_read() -> None:
    disk = DiskOptions.parse(
        "/a/b.img,ro,direct,discard,format=qcow2,backing-format=raw,serial=x 1,queues=4,"
        "iops=100,bw=20M,cache=writethrough"
    )
    assert (disk.path, disk.read_only, disk.direct, disk.discard) == ("/a/b.img", True, True, True)
    assert (disk.format, disk.backing_format, disk.serial) == ("qcow2", "raw", "x 1")
    assert (disk.queues, disk.iops, disk.bandwidth) == (4, 100, 20 << 20)
    assert disk.cache == "writethrough"


def test_a_path_alone_is_a_writable_image_with_a_cache() -> None:
    disk = DiskOptions.parse("disk.img")
    assert (disk.path, disk.read_only, disk.format, disk.cache) == (
        "disk.img",
        False,
        "",
        "writeback",
    )
    assert (disk.queues, disk.iops, disk.bandwidth, disk.serial) == (0, 0, 0, "")


@pytest.mark.parametrize(
    ("text", "path"),
    [("a,,b", "a,b"), ("a,,,,b,ro", "a,,b"), ("a,,ro", "a,ro"), ("a,,b,,c.img", "a,b,c.img")],
)
def test_a_comma_in_a_path_is_written_twice(text: str, path: str) -> None:
    assert DiskOptions.parse(text).path == path


@pytest.mark.parametrize(
    ("option", "named"),
    [
        ("format=vmdk", "format"),
        ("format=", "format"),
        ("rw", "rw"),
        ("ro=1", "ro"),
        ("ro,ro", "ro"),
        ("queues=0", "queues"),
        ("queues=65", "queues"),
        ("queues=x", "queues"),
        ("queues=٣", "queues"),
        ("iops=-1", "iops"),
        ("iops=1K", "iops"),
        ("bw=1Q", "bw"),
        ("bw=" + "9" * 5000, "bw"),
        ("serial=" + "x" * 21, "serial"),
        ("serial=\n", "serial"),
        ("cache=none", "cache"),
        ("", "(empty)"),
    ],
)
def test_a_bad_option_is_an_error_of_one_line_that_names_it(option: str, named: str) -> None:
    with pytest.raises(BadInput, match=r"^disk disk\.img: ") as error:
        DiskOptions.parse(f"disk.img,{option}")
    assert named in str(error.value)
    assert "\n" not in str(error.value)


def test_an_empty_path_is_an_error() -> None:
    with pytest.raises(BadInput, match="path"):
        DiskOptions.parse(",ro")
