"""The frames between the emulated host's relay and its agent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmtool.emulated import protocol

_FRAMES = st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=300)))


@given(_FRAMES, st.lists(st.integers(1, 40), min_size=1))
def test_frames_cut_anywhere_arrive_whole_and_in_order(
    frames: list[tuple[int, int, bytes]], sizes: list[int]
) -> None:
    data = b"".join(protocol.frame(*each) for each in frames)
    decoder = protocol.Decoder()
    arrived: list[tuple[int, int, bytes]] = []
    turn = 0
    while data:
        size = sizes[turn % len(sizes)]
        arrived += decoder.feed(data[:size])
        data = data[size:]
        turn += 1
    assert arrived == frames


@given(st.binary(min_size=1, max_size=7))
def test_part_of_a_header_yields_nothing(data: bytes) -> None:
    assert list(protocol.Decoder().feed(data)) == []


@given(st.integers(0, (1 << 32) - 1))
def test_number_survives_its_frame(count: int) -> None:
    (frame,) = protocol.Decoder().feed(protocol.count_frame(protocol.ACK, 1, count))
    assert frame[:2] == (protocol.ACK, 1)
    assert protocol.count_of(frame[2]) == count


def test_number_of_wrong_size_is_refused() -> None:
    with pytest.raises(protocol.ProtocolError, match="4 bytes, not 3"):
        protocol.count_of(b"abc")


def test_frame_larger_than_any_is_refused_by_both_ends() -> None:
    with pytest.raises(protocol.ProtocolError, match="not 1048577"):
        protocol.frame(protocol.DATA, 0, bytes(protocol.LARGEST_PAYLOAD + 1))
    header = protocol.frame(protocol.DATA)[:4] + (protocol.LARGEST_PAYLOAD + 1).to_bytes(
        4, "little"
    )
    with pytest.raises(protocol.ProtocolError, match="not 1048577"):
        list(protocol.Decoder().feed(header))
