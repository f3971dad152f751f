"""Machines that fail, on this machine's /dev/kvm: what ended them, and what is said about it."""

import gc
import os
import select
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kvm.payloads import CODE, HLT, MMIO, SPIN, Guest, mov_eax, mov_edi
from kvmtool.arch.x86_64 import entry, state
from kvmtool.backends.terminal import Terminal
from kvmtool.errors import ExitStatus, KvmFailure
from kvmtool.machine.config import MachineConfig
from kvmtool.machine.machine import Machine
from kvmtool.outcome import Cause, Outcome
from kvmtool.uapi import kvm as uapi

MIB = 1 << 20
FLAT_START = 0x10000


NO_INTERRUPT_TABLE = b"\x0f\x01\x1d\x00\x00\x02\x00"  # lidt [0x20000], where zeros are
UD2 = b"\x0f\x0b"

# Real-mode code, as flat images begin with
JUMP_TO_NO_MEMORY = b"\xea\x00\x00\x00\xd0" + HLT  # jmp 0xd000:0, where the test puts no RAM
DEBUG_EXIT_3 = b"\xb0\x03\xe6\xf4" + SPIN  # mov al, 3; out 0xf4, al

Build = Callable[..., Machine]


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    """Makes machines that run flat images, on a console that nobody types at."""
    machines: list[Machine] = []
    read_fd, write_fd = os.pipe()
    null_fd = os.open(os.devnull, os.O_RDONLY)

    def build_machine(code: bytes, cpus: int = 1) -> Machine:
        kernel = tmp_path / "payload.flat"
        kernel.write_bytes(code)
        config = MachineConfig(kernel=str(kernel), memory_size=2 * MIB, cpus=cpus, boot="flat")
        machine = Machine(config, Terminal(null_fd, write_fd))
        machines.append(machine)
        return machine

    yield build_machine
    for machine in machines:
        machine.close()
    for fd in (read_fd, write_fd, null_fd):
        os.close(fd)


def test_triple_fault_ends_the_machine_with_the_state_of_its_vcpu(build: Build) -> None:
    machine = build(NO_INTERRUPT_TABLE + UD2)
    entry.enter_protected_mode(machine.board.vcpus[0], machine.memory, FLAT_START)
    outcome = machine.run()
    assert outcome.cause is Cause.TRIPLE_FAULT
    assert outcome.status == ExitStatus.TRIPLE_FAULT
    assert "vCPU 0:" in outcome.detail
    assert "idt base 0000000000000000 limit 0000" in outcome.detail
    assert "<0f> 0b" in outcome.detail


def test_code_where_no_memory_is_ends_in_an_internal_error_that_is_explained(
    build: Build,
) -> None:
    machine = build(JUMP_TO_NO_MEMORY)
    # The image is loaded: now give the page table of slot 0 a hole above it.
    machine.vm.set_user_memory_region(0, 0, 0, machine.memory.regions[0].hva)
    machine.vm.set_user_memory_region(0, 0, 0xC0000, machine.memory.regions[0].hva)
    outcome = machine.run()
    assert outcome.cause is Cause.KVM_ERROR
    assert outcome.status == ExitStatus.KVM_ERROR
    first, *rest = outcome.detail.splitlines()
    assert first.startswith("KVM_EXIT_INTERNAL_ERROR: ")
    assert rest[0] == "vCPU 0:"
    assert any("cs d000 base 00000000000d0000" in line for line in rest)


def test_debug_exit_ends_the_machine_with_its_odd_status(build: Build) -> None:
    outcome = build(DEBUG_EXIT_3).run()
    assert (outcome.cause, outcome.status) == (Cause.DEBUG_EXIT, 7)


@pytest.mark.parametrize("cpus", [1, 3])
def test_interrupted_machine_ends_with_all_its_threads(build: Build, cpus: int) -> None:
    machine = build(SPIN, cpus=cpus)
    before = threading.active_count()
    interrupter = threading.Thread(target=machine.interrupt)
    interrupter.start()
    outcome = machine.run()
    interrupter.join()
    assert outcome.cause is Cause.INTERRUPTED
    assert outcome.status == ExitStatus.INTERRUPTED
    assert threading.active_count() == before


def test_machine_that_was_ended_before_it_ran_does_not_run(build: Build) -> None:
    machine = build(DEBUG_EXIT_3)
    machine.interrupt()
    assert machine.run().cause is Cause.INTERRUPTED
    assert [loop.statistics() for loop in machine.run_loops] == [{}]


def test_first_of_two_outcomes_counts(build: Build) -> None:
    machine = build(SPIN)
    machine.end(Outcome(Cause.PANIC))
    machine.end(Outcome(Cause.POWER_OFF))
    assert machine.run().cause is Cause.PANIC


def test_machine_may_be_ended_by_a_signal_handler_while_it_ends(build: Build) -> None:
    machine = build(SPIN)

    def end() -> None:
        # A handler runs in the very thread that it interrupts, which may hold the lock.
        with machine._lock:
            machine.interrupt()

    ender = threading.Thread(target=end, daemon=True)
    ender.start()
    assert machine.run().cause is Cause.INTERRUPTED


class FailingRunLoop:
    """A run loop whose KVM_RUN fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def run(self) -> int:
        raise self._error

    def kick(self) -> None:
        """Nothing runs."""


def test_failing_kvm_run_ends_the_machine_and_is_named(build: Build) -> None:
    machine = build(SPIN)
    machine.run_loops[0] = FailingRunLoop(  # type: ignore[call-overload]
        OSError(14, "KVM_RUN: Bad address")
    )
    outcome = machine.run()
    assert outcome.cause is Cause.KVM_ERROR
    assert outcome.detail.startswith("KVM_RUN: Bad address\nvCPU 0:")


def test_machine_ends_even_where_its_vcpu_cannot_be_described(build: Build) -> None:
    # After a bug in KVM itself each ioctl of the machine fails with EIO.
    machine = build(SPIN)
    machine.run_loops[0] = FailingRunLoop(  # type: ignore[call-overload]
        OSError(5, "KVM_RUN: Input/output error")
    )

    def describe(vcpu: object) -> str:
        raise KvmFailure("KVM_GET_REGS: Input/output error (EIO)")

    machine.board.describe = describe  # type: ignore[method-assign]
    outcome = machine.run()
    assert outcome.cause is Cause.KVM_ERROR
    assert "KVM_RUN: Input/output error" in outcome.detail


def test_device_that_raises_ends_the_machine_with_its_traceback(build: Build) -> None:
    def fail(value: int) -> None:
        raise LookupError("a device's mistake")

    machine = build(b"\xe6\x90" + SPIN)  # out 0x90, al
    machine.parts.ports.claim_register(0x90, 1, name="faulty", write=fail)
    outcome = machine.run()
    assert outcome.cause is Cause.KVM_ERROR
    assert "LookupError: a device's mistake" in outcome.detail


def test_closed_console_ends_the_machine_quietly(tmp_path: Path) -> None:
    kernel = tmp_path / "payload.flat"
    # mov dx, 0x3f8; mov al, 'A'; again: out dx, al; jmp again
    kernel.write_bytes(b"\xba\xf8\x03\xb0A\xee\xeb\xfd")
    read_fd, write_fd = os.pipe()
    null_fd = os.open(os.devnull, os.O_RDONLY)
    os.close(read_fd)
    config = MachineConfig(kernel=str(kernel), memory_size=2 * MIB, boot="flat")
    machine = Machine(config, Terminal(null_fd, write_fd))
    outcome = machine.run()
    machine.close()
    os.close(write_fd)
    os.close(null_fd)
    assert (outcome.cause, outcome.detail) == (Cause.INTERRUPTED, "")


def test_guest_that_writes_without_end_to_a_reader_that_stops_can_be_ended(
    tmp_path: Path,
) -> None:
    kernel = tmp_path / "payload.flat"
    kernel.write_bytes(b"\xba\xf8\x03\xb0A\xee\xeb\xfd")
    read_fd, write_fd = os.pipe()
    null_fd = os.open(os.devnull, os.O_RDONLY)
    config = MachineConfig(kernel=str(kernel), memory_size=2 * MIB, boot="flat")
    machine = Machine(config, Terminal(null_fd, write_fd))

    def end_when_full() -> None:
        poll = select.poll()
        poll.register(write_fd, select.POLLOUT)
        while poll.poll(0):
            never.wait(0.01)
        machine.interrupt()

    never = threading.Event()
    ender = threading.Thread(target=end_when_full)
    ender.start()
    outcome = machine.run()
    ender.join()
    machine.close()
    for fd in (read_fd, write_fd, null_fd):
        os.close(fd)
    assert outcome.cause is Cause.INTERRUPTED


# What a machine leaves behind


def open_files() -> set[str]:
    links = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            links.add(f"{name} {os.readlink(f'/proc/self/fd/{name}')}")
        except FileNotFoundError:
            continue  # the descriptor of the listing itself
    return links


def guest_ram_mappings() -> int:
    with open("/proc/self/maps") as maps:
        return sum("guest-ram" in line for line in maps)


def test_closed_machine_leaves_no_descriptor_and_no_ram_behind(tmp_path: Path) -> None:
    # The guest may reboot as often as it likes, and each time is a new machine.
    kernel = tmp_path / "payload.flat"
    kernel.write_bytes(DEBUG_EXIT_3)
    read_fd, write_fd = os.pipe()
    terminal = Terminal(read_fd, write_fd)
    config = MachineConfig(kernel=str(kernel), memory_size=2 * MIB, cpus=2, boot="flat")
    gc.collect()
    gc.disable()
    try:
        files, mappings = open_files(), guest_ram_mappings()
        machine = Machine(config, terminal)
        assert machine.run().cause is Cause.DEBUG_EXIT
        machine.close()
        assert open_files() - files == set()
        assert guest_ram_mappings() == mappings
    finally:
        gc.enable()
        os.close(read_fd)
        os.close(write_fd)


# What is said of exits that cannot be provoked on every host


def explained(build: Build, reason: int, **members: int) -> Outcome:
    """The outcome for an exit whose members in kvm_run are as given."""
    machine = build(SPIN)
    vcpu = machine.board.vcpus[0]
    for path, value in members.items():
        union, name = path.split("__")
        setattr(getattr(vcpu.kvm_run, union), name, value)
    return machine.board.outcome_of(vcpu, reason)


def test_failed_entry_names_the_hardwares_reason(build: Build) -> None:
    reason = {"fail_entry__hardware_entry_failure_reason": 0x80000021}
    outcome = explained(build, uapi.KVM_EXIT_FAIL_ENTRY, **reason)
    assert outcome.cause is Cause.KVM_ERROR
    assert outcome.detail.splitlines()[0] == (
        "KVM_EXIT_FAIL_ENTRY: hardware entry failure reason 0x80000021"
    )
    assert "vCPU 0:" in outcome.detail


@pytest.mark.parametrize(
    ("suberror", "words"),
    [
        (uapi.KVM_INTERNAL_ERROR_EMULATION, "KVM cannot emulate an instruction"),
        (uapi.KVM_INTERNAL_ERROR_DELIVERY_EV, "an event could not be delivered"),
        (0x7777, "suberror 30583"),
    ],
)
def test_internal_error_is_explained(build: Build, suberror: int, words: str) -> None:
    outcome = explained(build, uapi.KVM_EXIT_INTERNAL_ERROR, internal__suberror=suberror)
    assert outcome.cause is Cause.KVM_ERROR
    assert words in outcome.detail.splitlines()[0]


def test_internal_error_with_more_data_than_there_is_room_for_is_cut(build: Build) -> None:
    outcome = explained(build, uapi.KVM_EXIT_INTERNAL_ERROR, internal__ndata=0xFFFFFFFF)
    assert outcome.detail.splitlines()[0].count("0x") == 16


def test_unknown_hardware_exit_gives_its_number(build: Build) -> None:
    outcome = explained(build, uapi.KVM_EXIT_UNKNOWN, hw__hardware_exit_reason=0x99)
    assert outcome.detail.startswith("KVM_EXIT_UNKNOWN: hardware exit reason 0x99\n")


def test_exit_that_nobody_expects_is_named(build: Build) -> None:
    assert explained(build, uapi.KVM_EXIT_HYPERV).detail.startswith("KVM_EXIT_HYPERV\n")
    assert explained(build, 0xABCD).detail.startswith(f"exit reason {0xABCD}\n")


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        (uapi.KVM_SYSTEM_EVENT_SHUTDOWN, Cause.POWER_OFF),
        (uapi.KVM_SYSTEM_EVENT_RESET, Cause.RESET),
        (uapi.KVM_SYSTEM_EVENT_CRASH, Cause.PANIC),
        (0x1234, Cause.KVM_ERROR),
    ],
)
def test_system_event_is_the_end_that_it_says(build: Build, kind: int, cause: Cause) -> None:
    outcome = explained(build, uapi.KVM_EXIT_SYSTEM_EVENT, system_event__type=kind)
    assert outcome.cause is cause


# The state of a vCPU as text


def test_state_shows_registers_as_the_vcpu_has_them() -> None:
    with Guest(mov_eax(0x1234ABCD) + HLT) as guest:
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        text = state.describe(guest.vcpu, guest.memory)
        assert "rax 000000001234abcd" in text
        assert f"rip {CODE + 6:016x}" in text
        assert "cs 0010 base 0000000000000000 limit ffffffff" in text
        assert "cr0 0000000000000011" in text


def test_state_marks_the_byte_at_the_instruction_pointer() -> None:
    with Guest(HLT + bytes(range(0x50, 0x60))) as guest:
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        code = state.describe(guest.vcpu, guest.memory).splitlines()[-1].split()
        assert code[0] == "code"
        assert code[code.index("<50>") - 1] == "f4"
        assert code[code.index("<50>") + 1 :] == [f"{byte:02x}" for byte in range(0x51, 0x60)]


def test_state_adds_the_code_segments_base() -> None:
    with Guest(HLT + b"\xab", mode="real") as guest:
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert "f4 <ab>" in state.describe(guest.vcpu, guest.memory)


def test_state_shows_code_that_is_not_memory_as_unknown() -> None:
    with Guest(mov_edi(MMIO) + b"\xff\xe7") as guest:  # jmp edi
        assert guest.run_loop.run() == uapi.KVM_EXIT_INTERNAL_ERROR
        code = state.describe(guest.vcpu, guest.memory).splitlines()[-1].split()
        assert code[1:] == ["??"] * 16 + ["<??>"] + ["??"] * 15


@pytest.mark.parametrize("rip", [0, 5, (1 << 64) - 1, 0x8000_0000_0000_0000])
def test_state_is_shown_wherever_the_instruction_pointer_is(rip: int) -> None:
    with Guest(HLT, mode="long") as guest:
        regs = guest.vcpu.get_regs()
        regs.rip = rip
        guest.vcpu.set_regs(regs)
        lines = state.describe(guest.vcpu, guest.memory).splitlines()
        assert f"rip {rip:016x}" in lines[1]
        assert lines[-1].count("<") == 1


def test_state_of_a_vcpu_in_64_bit_mode_follows_its_page_tables() -> None:
    with Guest(HLT + b"\xcd", mode="long") as guest:
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert "f4 <cd>" in state.describe(guest.vcpu, guest.memory)
        sregs = guest.vcpu.get_sregs()
        sregs.cr3 = 0x1000  # no tables there
        guest.vcpu.set_sregs(sregs)
        assert "<??>" in state.describe(guest.vcpu, guest.memory)
