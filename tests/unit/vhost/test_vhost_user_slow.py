"""A back-end that takes its time: whoever asks it waits, and the loop does not."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from kvmtool.errors import BadInput
from kvmtool.machine import devices
from kvmtool.vhost.user import messages
from kvmtool.vhost.user.channel import Channel, PeerGone
from kvmtool.vhost.user.connection import Connection
from kvmtool.vhost.user.messages import ProtocolFeature, Request
from unit.vhost.served import TIMEOUT_S, VERSION_1, Pair

FEATURES = ProtocolFeature.REPLY_ACK | ProtocolFeature.CONFIG | ProtocolFeature.BACKEND_REQ


class Slow:
    """Says yes to everything, and waits `delay_s` before it does."""

    def __init__(self) -> None:
        self.sock, theirs = socket.socketpair()
        self.delay_s = 0.0
        self.cut = 0
        self.asked_for_config = 0
        self.requests: Channel | None = None
        self._channel = Channel(theirs, TIMEOUT_S)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        try:
            while True:
                message = self._channel.receive()
                self.asked_for_config += message.number == messages.GET_CONFIG.number
                time.sleep(self.delay_s)
                if message.number == messages.SET_BACKEND_REQ_FD.number:
                    sock = socket.socket(fileno=message.take_descriptor())
                    self.requests = Channel(sock, TIMEOUT_S)
                reply = {
                    messages.GET_FEATURES.number: messages.U64.pack(
                        VERSION_1 | 1 << messages.F_PROTOCOL_FEATURES
                    ),
                    messages.GET_PROTOCOL_FEATURES.number: messages.U64.pack(FEATURES),
                    messages.GET_VRING_BASE.number: message.payload,
                    messages.GET_CONFIG.number: message.payload[: -self.cut or None],
                }.get(message.number)
                if reply is None and message.flags & messages.NEED_REPLY:
                    reply = messages.U64.pack(0)
                message.close()
                if reply is not None:
                    self._channel.send(Request(message.number, "it"), reply, messages.REPLY)
        except PeerGone:
            self._channel.close()

    def change_config(self) -> None:
        assert self.requests is not None
        self.requests.send(messages.CONFIG_CHANGE_MSG, b"")

    def join(self) -> None:
        self._thread.join(TIMEOUT_S)
        assert not self._thread.is_alive()
        assert self.requests is not None
        self.requests.close()


@pytest.fixture
def slow() -> Iterator[Slow]:
    slow = Slow()
    yield slow
    slow.join()


def test_configuration_that_comes_bit_by_bit_is_not_waited_for_for_long(slow: Slow) -> None:
    pair = Pair(slow, config_size=60)  # type: ignore[arg-type]
    slow.delay_s, slow.cut = 0.7, 1
    asked_before = slow.asked_for_config
    pair.device.write_config(0, b"\1")
    asked = slow.asked_for_config - asked_before
    slow.delay_s = 0.0
    pair.close()
    assert 1 <= asked <= 3  # within 2 s


def test_end_of_the_machine_waits_for_all_answers_together_no_longer_than_for_one(
    slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient = partial(Connection, timeout_s=1.0)
    monkeypatch.setattr("kvmtool.vhost.user.frontend.Connection", impatient)
    pair = Pair(slow, queue_sizes=(4,) * 16)  # type: ignore[arg-type]
    pair.device.start(VERSION_1, {index: pair.queue(index, 4) for index in range(16)})
    slow.delay_s = 0.3
    began = time.monotonic()
    pair.device.hurry()
    pair.device.stop()
    took_s = time.monotonic() - began
    slow.delay_s = 0.0
    pair.close()
    assert took_s < 3


def test_back_end_that_accepts_nobody_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "_CONNECT_TIMEOUT_S", 1)
    path = str(tmp_path / "socket")
    errors: list[BadInput] = []

    def connect() -> None:
        try:
            devices._connect("blk", path).close()
        except BadInput as error:
            errors.append(error)

    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as first:
        listener.bind(path)
        listener.listen(0)
        first.connect(path)
        connecting = threading.Thread(target=connect, daemon=True)
        connecting.start()
        connecting.join(TIMEOUT_S)
        waits = connecting.is_alive()
    connecting.join(TIMEOUT_S)
    assert not waits
    assert "no blk device answers" in str(errors[0])


def test_message_that_is_not_there_yet_is_not_waited_for_by_a_default_of_sockets(
    request: pytest.FixtureRequest,
) -> None:
    request.addfinalizer(partial(socket.setdefaulttimeout, socket.getdefaulttimeout()))
    socket.setdefaulttimeout(0.1)
    channel, theirs = (Channel(sock, timeout_s=TIMEOUT_S) for sock in socket.socketpair())
    assert channel.receive_nowait() is None
    theirs.send(messages.CONFIG_CHANGE_MSG, b"")
    assert channel.receive_nowait() is not None
    channel.close()
    theirs.close()
