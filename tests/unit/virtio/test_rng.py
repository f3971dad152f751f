"""The entropy device (virtio 1.3, 5.4)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from driver.rig import Rig
from kvmtool.errors import BadInput
from kvmtool.virtio.rng import Rng


@pytest.fixture
def rig() -> Iterator[Rig]:
    device = Rng()
    rig = Rig(device)
    rig.negotiate()
    rig.start(0)
    yield rig
    rig.close()
    device.close()


def test_rng_fills_all_of_a_buffer_with_bytes_that_differ(rig: Rig) -> None:
    first, second = rig.ask(0, (), (64, 192)), rig.ask(0, (), (256,))
    assert len(first) == len(second) == 256
    assert first != second
    assert len(set(first)) > 100


def test_rng_request_beyond_the_limit_gets_64_kib(rig: Rig) -> None:
    assert len(rig.ask(0, (), (1 << 20,))) == 64 << 10


def test_rng_takes_its_bytes_from_the_file_it_was_given(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(bytes(range(100)))
    fd = os.open(tmp_path / "source", os.O_RDONLY)
    device = Rng(fd)
    assert device.descriptors() == (fd,)
    rig = Rig(device)
    rig.negotiate()
    rig.start(0)
    assert rig.ask(0, (), (60,)) == bytes(range(60))
    assert rig.ask(0, (), (60,)) == bytes(range(60, 100))
    rig.close()
    device.close()
    os.close(fd)


def test_rng_source_at_its_end_breaks_the_queue(capsys: pytest.CaptureFixture[str]) -> None:
    fd = os.open("/dev/null", os.O_RDONLY)
    rig = Rig(Rng(fd))
    rig.negotiate()
    started = rig.start(0)
    started.driver.add((), (16,))
    started.kick()
    rig.loop.settle()
    assert started.queue.broken
    assert os.eventfd_read(started.queue.err_fd) == 1
    assert capsys.readouterr().err == (
        "lkvm: rng0.requests: the source of random bytes is at its end; the device needs a reset\n"
    )
    rig.close()
    os.close(fd)


def test_rng_request_without_room_breaks_the_queue(rig: Rig) -> None:
    started = rig.started[0]
    started.driver.add((b"give",), ())
    started.kick()
    rig.loop.settle()
    assert started.queue.broken


def test_rng_takes_no_option_text() -> None:
    with pytest.raises(BadInput, match="rng takes no options, not 'fast'"):
        Rng.from_option("fast")
    Rng.from_option("").close()
