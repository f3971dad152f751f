"""Random use of images against a bytearray, and against what QEMU's tools then say."""

from __future__ import annotations

import errno
import os
import random
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from disk_images import (
    FAST,
    KIB,
    MIB,
    check_clean,
    check_leaks_only,
    contents,
    create,
    open_qcow2,
    qemu,
    read,
    read_fast,
    write,
)
from kvmtool.backends import host_file
from kvmtool.backends.disk import ImageCorrupt
from kvmtool.errors import BadInput

SIZE = 3 * MIB + 512
FORMATS = (
    "compat=1.1",
    "compat=0.10",
    "cluster_size=512",
    "cluster_size=512,refcount_bits=64",
    "cluster_size=4096,refcount_bits=1",
    "cluster_size=4096,refcount_bits=2",
    "refcount_bits=8",
    "refcount_bits=32",
    "cluster_size=2M",
    "lazy_refcounts=on",
    "compat=0.10,cluster_size=1024",
)
SETTINGS = settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

operations = st.lists(
    st.tuples(
        st.sampled_from(["write", "write", "write", "zero", "unmap", "discard", "release"]),
        st.integers(0, SIZE // 512 - 1),
        st.sampled_from([1, 8, 9, 128, 130, 500, 2000]),
    ),
    max_size=25,
)
use = st.lists(operations, min_size=1, max_size=3)


def run(path: Path, model: bytearray, sessions: list[list[tuple[str, int, int]]]) -> None:
    """Use the image, open it again for each session, and compare. Discarded ranges are not
    compared, but with the image's own word about them."""
    noise = random.Random(1)
    for session in sessions:
        image = open_qcow2(path)
        for name, sector, sectors in session:
            offset = sector * 512
            length = min(sectors * 512, len(model) - offset)
            if name == "write":
                data = noise.randbytes(length)
                write(image, offset, data)
                model[offset : offset + length] = data
            elif name in ("zero", "unmap"):
                image.write_zeroes(offset, length, name == "unmap")
                model[offset : offset + length] = bytes(length)
            elif name == "discard":
                image.discard(offset, length)
                now = image.read_slow(offset, length)
                for at in range(0, length, 512):
                    old = model[offset + at : offset + at + 512]
                    assert now[at : at + 512] in (old, bytes(512))
                model[offset : offset + length] = now
            else:
                image.release_quarantine()
                image.flush()
                assert image.quarantined == 0
        assert read(image, 0, len(model)) == model
        for offset in range(0, len(model) - 511, 512 * 17):
            assert read_fast(image, offset) in (None, model[offset : offset + 512])
        image.close()
        check_clean(path)


@pytest.mark.parametrize("options", FORMATS)
@SETTINGS
@given(sessions=use)
def test_a_used_image_has_what_was_written_and_is_clean(
    options: str, sessions: list[list[tuple[str, int, int]]]
) -> None:
    with tempfile.TemporaryDirectory(dir=FAST) as directory:
        path = create(Path(directory) / "disk.qcow2", SIZE, options)
        model = bytearray(SIZE)
        run(path, model, sessions)
        assert contents(path, Path(directory)) == model


@pytest.mark.parametrize("options", ["compat=1.1", "compat=0.10", "cluster_size=4096"])
@pytest.mark.parametrize("base_format", ["raw", "qcow2"])
@SETTINGS
@given(sessions=use)
def test_a_used_overlay_leaves_its_base_alone(
    options: str, base_format: str, sessions: list[list[tuple[str, int, int]]]
) -> None:
    with tempfile.TemporaryDirectory(dir=FAST) as directory:
        base = Path(directory) / "base.raw"
        data = random.Random(2).randbytes(2 * MIB + 700)
        base.write_bytes(data)
        if base_format == "qcow2":
            compressed = Path(directory) / "base.qcow2"
            qemu("qemu-img", "convert", "-f", "raw", "-c", "-O", "qcow2", base, compressed)
            base = compressed
        before = base.read_bytes()
        path = create(Path(directory) / "disk.qcow2", SIZE, options, "-F", base_format, "-b", base)
        model = bytearray(data + bytes(SIZE - len(data)))
        run(path, model, sessions)
        assert contents(path, Path(directory)) == model
        assert base.read_bytes() == before


@pytest.mark.parametrize("options", ["compat=1.1", "compat=0.10", "cluster_size=1024"])
@SETTINGS
@given(sessions=use)
def test_snapshots_keep_what_they_had(
    options: str, sessions: list[list[tuple[str, int, int]]]
) -> None:
    with tempfile.TemporaryDirectory(dir=FAST) as directory:
        raw = Path(directory) / "source.raw"
        raw.write_bytes(random.Random(4).randbytes(MIB) + b"text" * (SIZE - MIB >> 2))
        path = Path(directory) / "disk.qcow2"
        qemu("qemu-img", "convert", "-c", "-O", "qcow2", "-o", options, raw, path)
        model = bytearray(raw.read_bytes())
        kept = []
        for i, session in enumerate(sessions):
            qemu("qemu-img", "snapshot", "-c", f"s{i}", path)
            kept.append(bytes(model))
            run(path, model, [session])
        for i, data in enumerate(kept):
            assert contents(path, Path(directory), "-l", f"s{i}") == data
        assert contents(path, Path(directory)) == model


@pytest.mark.parametrize("mode", ["metadata", "falloc", "full"])
@SETTINGS
@given(sessions=use)
def test_preallocated_images_are_used_in_place(
    mode: str, sessions: list[list[tuple[str, int, int]]]
) -> None:
    with tempfile.TemporaryDirectory(dir=FAST) as directory:
        path = create(Path(directory) / "disk.qcow2", SIZE, f"preallocation={mode}")
        model = bytearray(SIZE)
        run(path, model, sessions)
        assert contents(path, Path(directory)) == model


def test_a_zero_cluster_with_space_is_written_in_that_space(tmp_path: Path) -> None:
    base = tmp_path / "base.raw"
    base.write_bytes(b"b" * MIB)
    path = create(tmp_path / "disk.qcow2", MIB, "", "-F", "raw", "-b", base)
    qemu("qemu-io", "-c", "write -P 3 0 64k", "-c", "write -z 0 64k", path)
    size = path.stat().st_size
    image = open_qcow2(path)
    write(image, 4096, b"x" * 4096)
    image.close()
    assert path.stat().st_size == size
    assert contents(path, tmp_path)[: 64 * KIB] == bytes(4096) + b"x" * 4096 + bytes(56 * KIB)
    check_clean(path)


def test_a_large_image_grows_its_refcount_table(tmp_path: Path) -> None:
    path = create(tmp_path / "disk.qcow2", 256 * MIB, "cluster_size=512,refcount_bits=64")
    table = path.read_bytes()[48:60]
    image = open_qcow2(path)
    data = os.urandom(3 * MIB)
    write(image, 0, data)
    write(image, 100 * MIB, data)
    image.close()
    assert path.read_bytes()[48:60] != table
    check_clean(path)
    assert contents(path, tmp_path)[100 * MIB : 103 * MIB] == data


def test_no_use_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = create(tmp_path / "disk.qcow2", MIB, "preallocation=full")
    before = path.read_bytes()
    image = open_qcow2(path)
    image.start()
    image.flush()
    image.close()
    assert path.read_bytes() == before


# --- allocations -------------------------------------------------------------------------------


@pytest.mark.parametrize("first_fails", [False, True])
def test_writes_that_overlap_in_time_share_a_cluster_and_its_fate(
    tmp_path: Path, first_fails: bool
) -> None:
    base = tmp_path / "base.raw"
    base.write_bytes(b"b" * MIB)
    path = create(tmp_path / "disk.qcow2", MIB, "", "-F", "raw", "-b", base)
    image = open_qcow2(path)
    first, second = image.map_write(0, 4096), image.map_write(8192, 4096)
    assert second.extents[0][1] - first.extents[0][1] == 8192
    assert first.allocation is not None
    assert second.allocation is not None
    assert second.allocation.needs_sync, "the first one copied"
    os.pwrite(image.data_fd, b"2" * 4096, second.extents[0][1])
    second.allocation.written()
    with ThreadPoolExecutor(1) as other:
        committed = other.submit(second.allocation.commit)
        assert read(image, 0, 16 * KIB) == b"b" * 16 * KIB, "not before the first one is there"
        if first_fails:
            first.allocation.abort()
            with pytest.raises(OSError, match="another write"):
                committed.result(30)
            expected = b"b" * MIB
        else:
            os.pwrite(image.data_fd, b"1" * 4096, first.extents[0][1])
            first.allocation.written()
            committed.result(30)
            first.allocation.commit()
            expected = b"1" * 4096 + b"b" * 4096 + b"2" * 4096 + b"b" * (MIB - 12 * KIB)
    assert read(image, 0, MIB) == expected
    write(image, 4096, b"x" * 512)
    image.close()
    check_clean(path)


def test_old_data_are_where_a_part_of_a_new_cluster_is_written(tmp_path: Path) -> None:
    # If the power fails after another write to the cluster had it synced, and entered.
    base = tmp_path / "base.raw"
    base.write_bytes(b"B" * MIB)
    path = create(tmp_path / "image.qcow2", MIB, "", "-F", "raw", "-b", base)
    image = open_qcow2(path)
    plan = image.map_write(4 * KIB, 4 * KIB)
    assert plan.allocation is not None
    ((_, place),) = plan.extents
    assert os.pread(image.data_fd, 64 * KIB, place - 4 * KIB) == b"B" * (64 * KIB)
    plan.allocation.abort()
    image.close()


def test_an_aborted_write_leaves_what_was_there(tmp_path: Path) -> None:
    base = tmp_path / "base.raw"
    base.write_bytes(b"b" * MIB)
    path = create(tmp_path / "disk.qcow2", MIB, "", "-F", "raw", "-b", base)
    image = open_qcow2(path)
    plan = image.map_write(0, 512)
    os.pwrite(image.data_fd, b"x" * 512, plan.extents[0][1])
    assert plan.allocation is not None
    assert plan.allocation.needs_sync
    plan.allocation.abort()
    assert read(image, 0, 1024) == b"b" * 1024
    image.close()
    check_clean(path)
    assert contents(path, tmp_path) == b"b" * MIB


@pytest.mark.parametrize(("cache", "syncs"), [("writeback", 0), ("writethrough", 1)])
def test_copies_are_on_stable_storage_before_they_are_referred_to_if_asked(
    tmp_path: Path, cache: str, syncs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = tmp_path / "base.raw"
    base.write_bytes(b"b" * MIB)
    path = create(tmp_path / "disk.qcow2", MIB, "", "-F", "raw", "-b", base)
    image = open_qcow2(path, f"cache={cache}")
    write(image, 0, b"x" * 512)
    plan = image.map_write(64 * KIB, 512)
    order: list[str] = []
    synced, written = os.fdatasync, host_file.write_all

    def sync(fd: int) -> None:
        order.append("sync")
        synced(fd)

    def enter(fd: int, data: bytes, offset: int) -> None:
        order.append("entry")
        written(fd, data, offset)

    monkeypatch.setattr("os.fdatasync", sync)
    monkeypatch.setattr("kvmtool.backends.qcow2.tables.write_all", enter)
    assert plan.allocation is not None
    plan.allocation.written()
    plan.allocation.commit()
    assert order == ["sync"] * syncs + ["entry"]
    monkeypatch.undo()
    image.close()


def test_a_discard_during_a_write_to_the_cluster_frees_nothing_of_it(tmp_path: Path) -> None:
    path = create(tmp_path / "disk.qcow2", MIB)
    image = open_qcow2(path)
    plan = image.map_write(0, 4096)
    image.discard(0, 64 * KIB)
    os.pwrite(image.data_fd, b"x" * 4096, plan.extents[0][1])
    assert plan.allocation is not None
    plan.allocation.written()
    image.write_zeroes(32 * KIB, 32 * KIB, True)
    plan.allocation.commit()
    assert read(image, 0, 8192) == b"x" * 4096 + bytes(4096)
    image.close()
    check_clean(path)


def test_freed_clusters_wait_for_their_ticket_and_a_flush(tmp_path: Path) -> None:
    path = create(tmp_path / "disk.qcow2", 64 * MIB)
    image = open_qcow2(path)
    write(image, 0, b"old " * (16 * KIB))
    table = image.l2_table(0)
    assert table is not None
    place = table[0]
    image.discard(0, 64 * KIB)
    assert table[0] == 0
    assert image.quarantined == 1
    ticket = image.seal_quarantine()
    os.pwrite(image.data_fd, b"late", place)  # a request that was under way
    write(image, 0, b"new " * (16 * KIB))
    image.discard(0, 64 * KIB)
    assert image.quarantined == 2
    image.release_quarantine(ticket)
    assert image.quarantined == 2  # until what freed them is on stable storage
    used: set[int] = set()
    for offset in range(MIB, 40 * MIB, 64 * KIB):
        used.add(image.map_write(offset, 64 * KIB).extents[0][1])
    assert place not in used
    image.flush()
    assert image.quarantined == 1
    for offset in range(40 * MIB, 64 * MIB, 64 * KIB):
        plan = image.map_write(offset, 64 * KIB)
        if plan.extents[0][1] == place:
            assert plan.allocation is not None
            plan.allocation.written()
            plan.allocation.commit()
            assert read(image, offset, 64 * KIB) == bytes(64 * KIB)
            break
    else:
        pytest.fail("the cluster was not used again")
    image.close()


def test_a_quarantine_that_nobody_releases_stops_discards_and_nothing_else(tmp_path: Path) -> None:
    path = create(tmp_path / "disk.qcow2", 4 * MIB, "cluster_size=512")
    image = open_qcow2(path)
    write(image, 0, b"x" * (4 * MIB))
    for _ in range(3):
        image.discard(0, 4 * MIB)
        write(image, 0, b"x" * (4 * MIB))
    assert image.quarantined < 10_000
    image.release_quarantine()
    image.close()
    check_clean(path)


def test_a_table_stays_where_it_is_while_its_entries_change(tmp_path: Path) -> None:
    path = create(tmp_path / "disk.qcow2", 32 * MIB)
    image = open_qcow2(path)
    assert image.l2_table(0) is None
    write(image, 0, b"x" * 512)
    table = image.l2_table(0)
    assert table is not None
    address = table.buffer_info()
    write(image, MIB, b"y" * 512)
    assert os.pread(image.data_fd, 512, table[16]) == b"y" * 512
    image.write_zeroes(0, 64 * KIB, True)
    assert table[0] == 0
    assert image.l2_table(0) is table
    assert table.buffer_info() == address
    image.close()


def test_threads_may_write_at_once(tmp_path: Path) -> None:
    path = create(tmp_path / "disk.qcow2", 16 * MIB, "cluster_size=4096")
    image = open_qcow2(path)
    model = bytearray(16 * MIB)

    def use(part: int) -> None:
        noise = random.Random(part)
        for _ in range(400):
            offset = (noise.randrange(4 * MIB - 9000) & ~511) + part * 4 * MIB
            data = noise.randbytes(noise.choice([512, 4096, 8704]))
            write(image, offset, data)
            model[offset : offset + len(data)] = data
            if noise.random() < 0.1:
                image.write_zeroes(offset, 4096, True)
                model[offset : offset + 4096] = bytes(4096)
            if noise.random() < 0.02:
                image.flush()

    threads = [threading.Thread(target=use, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read(image, 0, len(model)) == model
    image.close()
    check_clean(path)


def test_direct_io_has_a_descriptor_of_its_own(tmp_path: Path) -> None:
    path = create(tmp_path / "disk.qcow2", MIB)
    image = open_qcow2(path, "direct")
    image.write_zeroes(0, 64 * KIB, False)
    plan = image.map_write(64 * KIB, 64 * KIB)
    assert plan.extents[0][1] % image.alignment == 0
    assert plan.allocation is not None
    plan.allocation.abort()
    image.close()
    check_clean(path)
    small = create(tmp_path / "small.qcow2", MIB, "cluster_size=2048")
    with pytest.raises(BadInput, match="clusters of at least 4096"):
        open_qcow2(small, "direct")


# --- errors ------------------------------------------------------------------------------------


def test_writes_to_a_read_only_image_are_refused(tmp_path: Path) -> None:
    image = open_qcow2(create(tmp_path / "disk.qcow2", MIB), "ro")
    for call in (image.map_write, image.discard):
        with pytest.raises(PermissionError):
            call(0, 512)
    with pytest.raises(PermissionError):
        image.write_zeroes(0, 512, False)
    image.flush()
    image.close()


@pytest.mark.parametrize("options", ["compat=1.1", "compat=0.10,cluster_size=1024"])
def test_a_full_host_disk_fails_writes_and_spoils_nothing(
    tmp_path: Path, options: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = create(tmp_path / "disk.qcow2", 8 * MIB, options)
    image = open_qcow2(path)
    model = bytearray(8 * MIB)
    noise = random.Random(5)
    genuine = host_file.write_all
    failed = 0

    def unreliable(fd: int, data: bytes, offset: int) -> None:
        if noise.random() < 0.3:
            raise OSError(errno.ENOSPC, "No space left on device")
        genuine(fd, data, offset)

    for module in ("host_file", "qcow2.tables", "qcow2.refcounts"):
        monkeypatch.setattr(f"kvmtool.backends.{module}.write_all", unreliable)
    for _ in range(300):
        offset = noise.randrange(8 * MIB - 5000) & ~511
        data = noise.randbytes(4096)
        try:
            write(image, offset, data)
            model[offset : offset + 4096] = data
        except OSError:
            failed += 1
            # What was in place already has been written.
            now = read(image, offset, 4096)
            for at in range(0, 4096, 512):
                old = model[offset + at : offset + at + 512]
                assert now[at : at + 512] in (old, data[at : at + 512])
            model[offset : offset + 4096] = now
    monkeypatch.undo()
    assert failed > 20
    assert read(image, 0, 8 * MIB) == model
    image.close()
    assert contents(path, tmp_path) == model
    # An entry that got a refcount and no place in a table is found again at the next start.
    image = open_qcow2(path)
    write(image, 0, bytes(512))
    image.close()
    qemu("qemu-img", "check", path)


def test_an_entry_that_points_to_metadata_is_never_written_to(tmp_path: Path) -> None:
    path = create(tmp_path / "disk.qcow2", MIB, "preallocation=full")
    data = bytearray(path.read_bytes())
    l1 = int.from_bytes(data[40:48], "big")
    l2 = int.from_bytes(data[l1 : l1 + 8], "big") & (1 << 56) - 512
    for i, target in enumerate((0, l1, l2, int.from_bytes(data[48:56], "big"), 1 << 40, 0x12200)):
        entry = target | 1 << 63 if target else 1 << 63
        data[l2 + 8 * i : l2 + 8 * i + 8] = entry.to_bytes(8, "big")
    path.write_bytes(data)
    image = open_qcow2(path)
    table = image.l2_table(0)
    assert table is not None
    assert not any(table[:6])
    assert table[6]
    for i in range(1, 6):
        with pytest.raises(ImageCorrupt):
            image.map_write(i * 64 * KIB, 512)
    with pytest.raises(ImageCorrupt):
        image.map_write(10 * 64 * KIB, 512)
    assert read(image, 10 * 64 * KIB, 512) == bytes(512)
    image.close()
    assert path.read_bytes()[79] & 2  # marked corrupt
    with pytest.raises(BadInput, match="corrupt"):
        open_qcow2(path)


@pytest.mark.parametrize("options", ["refcount_bits=64", "compat=0.10"])
def test_a_refcount_table_that_has_moved_stays_there_if_the_sync_fails(
    tmp_path: Path, options: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = create(tmp_path / "disk.qcow2", 16 * MIB, f"cluster_size=512,{options}")
    image = open_qcow2(path)
    table = path.read_bytes()[48:60]
    genuine = os.fdatasync

    def fail_once(fd: int) -> None:
        genuine(fd)
        if os.pread(fd, 12, 48) != table:
            monkeypatch.undo()
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("os.fdatasync", fail_once)
    written = failure = 0
    try:
        while written < 16 * MIB:
            write(image, written, b"x" * 64 * KIB)
            written += 64 * KIB
    except OSError as error:
        failure = error.errno or 0
    assert failure == errno.EIO
    image.close()
    check_leaks_only(path)
    image = open_qcow2(path)
    assert read(image, 0, written) == b"x" * written
    image.close()


def test_a_flush_does_without_holes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = create(tmp_path / "disk.qcow2", MIB)
    image = open_qcow2(path)
    write(image, 0, b"x" * MIB)
    image.discard(0, MIB)
    image.release_quarantine()

    def fail(fd: int, offset: int, length: int) -> bool:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(host_file, "punch_hole", fail)
    image.flush()
    assert image.quarantined == 0
    monkeypatch.undo()
    image.close()
    check_clean(path)


def test_an_image_with_too_many_refcount_blocks_is_refused(tmp_path: Path) -> None:
    path = create(tmp_path / "disk.qcow2", MIB, "cluster_size=2M")
    cluster, count = 2 * MIB, 2049
    with path.open("r+b") as file:
        file.seek(int.from_bytes(path.read_bytes()[48:56], "big"))
        file.write(b"".join((cluster * (100 + i)).to_bytes(8, "big") for i in range(count)))
        file.truncate(cluster * (100 + count))
    with pytest.raises(BadInput, match="too many refcount blocks"):
        open_qcow2(path).start()
