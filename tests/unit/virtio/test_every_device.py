"""What holds for each of our devices: negotiation, configuration, reset, malformed chains, state.

A new device is one line in `driver.cases`.
"""

from __future__ import annotations

import os
import random
import select
import struct
from collections.abc import Iterator
from contextlib import suppress

import pytest

from driver import RingFull
from driver.cases import CASES, Case, Host
from driver.queue import INDIRECT, NEXT, WRITE, Descriptor
from driver.rig import Rig
from kvmtool.sandbox import calls
from kvmtool.sandbox.enter import enter
from kvmtool.uapi.linux import virtio_config, virtio_ids, virtio_ring
from kvmtool.virtio.catalog import ENTRIES
from kvmtool.virtio.device import FRAMEWORK_FEATURES

VERSION_1 = 1 << virtio_config.VIRTIO_F_VERSION_1
IN_ORDER = 1 << virtio_config.VIRTIO_F_IN_ORDER
EVENT_IDX = 1 << virtio_ring.VIRTIO_RING_F_EVENT_IDX


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


@pytest.fixture
def rig(case: Case) -> Iterator[Rig]:
    with Host() as host:
        device = case.make(host)
        rig = Rig(device)
        yield rig
        rig.close()
        device.close()


def assert_works(rig: Rig, case: Case) -> None:
    assert case.answer(rig.ask(case.queue, case.readable, case.writable))


def test_all_devices_that_can_be_asked_for_are_tested_here() -> None:
    assert {case.name for case in CASES} == {entry.kind for entry in ENTRIES}


def test_device_is_of_the_kind_that_its_name_says(rig: Rig, case: Case) -> None:
    kind = type(rig.device)
    assert kind.kind == case.name
    assert kind.device_id in {
        number for name, number in vars(virtio_ids).items() if name.startswith("VIRTIO_ID_")
    }
    expected = f"VIRTIO_ID_{case.name.upper().replace('BLK', 'BLOCK')}"
    assert kind.device_id == getattr(virtio_ids, expected, kind.device_id)


def test_offers_what_the_framework_has_and_its_own(rig: Rig) -> None:
    assert rig.device.features & FRAMEWORK_FEATURES == FRAMEWORK_FEATURES
    declared = sum(feature.mask for feature in rig.device.declared_features)
    assert not rig.device.features & ~(FRAMEWORK_FEATURES | declared)


def test_accepts_of_what_a_driver_wants_only_what_is_offered(rig: Rig) -> None:
    rig.device.negotiate((1 << 64) - 1)
    assert rig.device.accepted == rig.device.features
    rig.device.negotiate(VERSION_1)
    assert rig.device.accepted == VERSION_1
    rig.device.reset()
    assert rig.device.accepted == 0


def test_feature_that_is_withdrawn_cannot_be_had(rig: Rig) -> None:
    for feature in rig.device.declared_features:
        rig.device.withdraw(feature)
        rig.device.negotiate((1 << 64) - 1)
        assert not rig.device.has(feature)


@pytest.mark.parametrize("packed", [False, True], ids=["split", "packed"])
@pytest.mark.parametrize("withhold", [0, IN_ORDER, EVENT_IDX, EVENT_IDX | IN_ORDER])
def test_serves_a_driver_with_any_rings(rig: Rig, case: Case, packed: bool, withhold: int) -> None:
    rig.negotiate(packed=packed, withhold=withhold)
    rig.start_all()
    for _ in range(40):  # more than twice around the ring
        started = rig.started[case.queue]
        token = started.driver.add(case.readable, case.writable)
        started.kick()
        rig.loop.settle()
        ((used, written),) = started.driver.collect()
        assert used == token
        assert case.answer(started.driver.contents(token)[:written])
        started.driver.release(token)


def test_serves_from_a_real_event_loop_and_interrupts(rig: Rig, case: Case) -> None:
    rig.negotiate()
    rig.start_all()
    started = rig.started[case.queue]
    token = started.driver.add(case.readable, case.writable)
    assert started.driver.kick_needed()
    started.kick()
    rig.loop.run_until(started.queue.call_fd, select.POLLIN)
    assert [used for used, _ in started.driver.collect()] == [token]


def test_serves_what_was_there_before_the_queue_was_started(rig: Rig, case: Case) -> None:
    rig.negotiate()
    rig.start_all()
    driver = rig.started[case.queue].driver
    virtqueue = rig.started[case.queue].queue
    rig.device.stop_queue(case.queue)
    driver.add(case.readable, case.writable)
    rig.device.start_queue(case.queue, virtqueue)
    rig.loop.settle()
    assert len(driver.collect()) == 1


def test_stopped_queue_is_left_alone(rig: Rig, case: Case) -> None:
    rig.negotiate()
    rig.start_all()
    started = rig.started[case.queue]
    rig.device.stop_queue(case.queue)
    started.driver.add(case.readable, case.writable)
    started.kick()
    rig.loop.settle()
    assert started.driver.collect() == []
    rig.device.stop_queue(case.queue)  # also one that is not started


@pytest.mark.parametrize("packed", [False, True], ids=["split", "packed"])
def test_reset_in_flight_leaves_nothing_in_flight_and_works_anew(
    rig: Rig, case: Case, packed: bool
) -> None:
    for _ in range(3):
        rig.negotiate(packed=packed)
        rig.start_all()
        for started in rig.started.values():
            for readable, writable in (((bytes(4),), ()), ((), (64,)), ((bytes(4),), (64,))):
                started.driver.add(readable, writable)
            started.kick()
        rig.loop.settle()
        queues = [started.queue for started in rig.started.values()]
        for index in list(rig.started):
            rig.device.stop_queue(index)
        assert [one.name for one in queues if one.virtqueue.in_flight and not one.broken] == []
        rig.reset()
        rig.negotiate(packed=packed)
        rig.start_all()
        assert_works(rig, case)
        rig.reset()


def test_one_queue_is_reset_while_the_others_go_on(rig: Rig, case: Case) -> None:
    rig.negotiate()
    rig.start_all()
    for index in range(len(rig.device.queue_sizes)):
        rig.stop(index)
        rig.start(index)
        assert_works(rig, case)


def test_config_space_reads_of_any_place_and_size_are_answered_in_full(rig: Rig) -> None:
    size = rig.device.config_size
    whole = rig.device.read_config(0, size)
    for offset in (*range(size + 9), 255, 4095, 1 << 31):
        for count in (*range(10), 256, 4096):
            got = rig.device.read_config(offset, count)
            assert got == whole[offset : offset + count].ljust(count, b"\0")


def test_config_space_writes_change_writable_fields_only(rig: Rig) -> None:
    size = rig.device.config_size
    writable = {
        place
        for field in rig.device.fields
        if field.writable
        for place in range(field.offset, field.offset + field.width)
    }
    before = rig.device.read_config(0, size)
    for offset in (*range(size + 9), 255, 4095, 1 << 31):
        for count in (*range(10), 256, 4096):
            rig.device.write_config(offset, b"\xff" * count)
            after = rig.device.read_config(0, size + 1)
            assert len(after) == size + 1
            assert after[size:] == b"\0"
            for place in range(size):
                assert place in writable or after[place] == before[place]
    rig.loop.settle()


MALFORMED: dict[str, list[Descriptor]] = {
    "empty_readable": [Descriptor(0x10000, 0)],
    "empty_writable": [Descriptor(0x10000, 0, WRITE)],
    "one_readable_byte": [Descriptor(0x10000, 1)],
    "one_writable_byte": [Descriptor(0x10000, 1, WRITE)],
    "readable_only": [Descriptor(0x10000, 4096)],
    "writable_only": [Descriptor(0x10000, 4096, WRITE)],
    "wrong_order": [Descriptor(0x10000, 64, WRITE), Descriptor(0x10000, 64)],
    "long_readable": [Descriptor(0x10000, 4 << 20)],
    "long_writable": [Descriptor(0x10000, 4 << 20, WRITE)],
    "four_gigabytes": [Descriptor(0x10000, 0xFFFFFFFF)],
    "outside_ram": [Descriptor(0, 64)],
    "past_the_end": [Descriptor(0x10000 + (4 << 20) - 4, 8, WRITE)],
    "address_wraps": [Descriptor((1 << 64) - 4, 8)],
    "table_of_no_entries": [Descriptor(0x10000, 0, INDIRECT)],
    "table_of_part_of_an_entry": [Descriptor(0x10000, 17, INDIRECT)],
    "table_in_a_longer_chain": [Descriptor(0x10000, 16, INDIRECT), Descriptor(0x10000, 16)],
    "next_to_itself": [Descriptor(0x10000, 16, NEXT, 0)],
    "next_past_the_table": [Descriptor(0x10000, 16, NEXT, 0x7FFF)],
    "unknown_flags": [Descriptor(0x10000, 16, 0x70)],
    "many": [Descriptor(0x10000, 1)] * 8 + [Descriptor(0x10000, 1, WRITE)] * 8,
}


@pytest.mark.parametrize("packed", [False, True], ids=["split", "packed"])
@pytest.mark.parametrize("shape", MALFORMED)
def test_malformed_chain_is_served_or_breaks_its_queue_with_one_line(
    rig: Rig, case: Case, shape: str, packed: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    contents = random.Random(shape).randbytes(64 << 10)
    for index in range(len(rig.device.queue_sizes)):
        rig.negotiate(packed=packed)
        rig.start_all()
        capsys.readouterr()
        started = rig.started[index]
        # The areas of the queues are in these pages, too.
        rig.ram.write(rig.ram.allocate(len(contents)), contents)
        started.driver.add_raw(MALFORMED[shape])
        for _ in range(3):
            started.kick()
            rig.loop.settle()
        lines = capsys.readouterr().err.splitlines()
        if started.queue.broken:
            assert len(lines) == 1
            assert lines[0].startswith(f"lkvm: {rig.device.queue_name(index)}: ")
            assert os.eventfd_read(started.queue.err_fd) == 1
        else:
            assert lines == []
        rig.reset()
        rig.ram.write(rig.ram.regions[0].gpa, bytes(1 << 20))
        rig.ram._next = rig.ram.regions[0].gpa + (1 << 20)
    rig.negotiate(packed=packed)
    rig.start_all()
    assert_works(rig, case)


def test_garbage_in_well_formed_chains_does_no_harm(rig: Rig, case: Case) -> None:
    random_bytes = random.Random(case.name)
    for _ in range(30):
        rig.negotiate()
        rig.start_all()
        for started in rig.started.values():
            for _ in range(8):
                sizes = [random_bytes.choice((1, 4, 8, 10, 16, 64, 300)) for _ in range(2)]
                readable = [random_bytes.randbytes(size) for size in sizes[:1]]
                try:
                    started.driver.add(readable, sizes[1:] * random_bytes.randrange(2))
                except RingFull:
                    break
            started.kick()
        rig.loop.settle()
        rig.reset()
        rig.ram._next = rig.ram.regions[0].gpa
    rig.negotiate()
    rig.start_all()
    assert_works(rig, case)


def test_state_of_one_is_taken_by_another(rig: Rig, case: Case) -> None:
    rig.negotiate(withhold=EVENT_IDX)
    for offset in range(0, rig.device.config_size, 4):
        rig.device.write_config(offset, struct.pack("<I", 0x01020304))
    state = rig.device.save()
    with Host() as host:
        device = case.make(host)
        other = Rig(device)
        device.load(state)
        assert device.accepted == rig.device.accepted
        assert device.save() == state
        other.start_all()
        assert_works(other, case)
        other.close()
        device.close()


def test_hostile_state_is_refused_and_changes_nothing(rig: Rig) -> None:
    rig.negotiate()
    state = rig.device.save()
    hostile = [b"", state[:-1], state + b"\0", bytes(len(state) + 8), b"\xff" * len(state)]
    hostile += [(1 << 63).to_bytes(8, "little") + state[8:]]  # a feature that is not offered
    hostile += [state[:8] + b"\xff" * 4 + state[12:], state[:12] + b"\xff" * 4 + state[16:]]
    for bad in hostile:
        with pytest.raises(ValueError, match=rig.device.name):
            rig.device.load(bad)
        assert rig.device.save() == state


def test_any_state_of_the_right_form_is_refused_or_works(rig: Rig, case: Case) -> None:
    rig.negotiate()
    state = rig.device.save()
    generator = random.Random(case.name)
    for _ in range(50):
        body = bytearray(state)
        for _ in range(generator.randrange(1, 5)):
            if len(state) > 16:
                body[generator.randrange(16, len(state))] = generator.randrange(256)
        try:
            rig.device.load(bytes(body))
        except ValueError:
            continue
        rig.start_all()
        assert_works(rig, case)
        rig.reset()
        rig.ram._next = rig.ram.regions[0].gpa
        rig.negotiate()


def test_is_served_to_one_front_end_after_the_other(rig: Rig, case: Case) -> None:
    rig.negotiate()
    rig.start_all()
    for started in rig.started.values():
        started.driver.add((), (64,))
        started.kick()
    rig.loop.settle()
    rig.reset()
    other = Rig(rig.device)
    other.negotiate()
    other.start_all()
    assert_works(other, case)
    other.close()


def test_names_its_descriptors_and_a_policy_that_the_sandbox_can_make(rig: Rig) -> None:
    for fd in rig.device.descriptors():
        os.fstat(fd)
    calls.allowed(rig.device.policy, os.getpid())


def test_works_inside_its_sandbox(case: Case) -> None:
    with Host() as host:
        device = case.make(host)
        rig = Rig(device)
        for _ in range(2):  # the first time, what is needed is imported
            rig.negotiate()
            rig.start_all()
            assert_works(rig, case)
            child = os.fork()
            if not child:
                with suppress(BaseException):
                    enter(device.policy, [int(fd) for fd in os.listdir("/proc/self/fd")])
                    rig.device.write_config(0, bytes(64))
                    rig.reset()
                    rig.device.set_memory(rig.memory)
                    rig.negotiate()
                    rig.start_all()
                    assert_works(rig, case)
                    os._exit(0)
                os._exit(1)
            _, status = os.waitpid(child, 0)
            assert status == 0, status
            rig.reset()
        rig.close()
        device.close()
