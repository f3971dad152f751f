"""The run loop on this machine's /dev/kvm: exits, claims, kicks, signals, threads."""

import os
import signal
import sys
import threading
from collections.abc import Iterator

import pytest

from kvm.payloads import (
    CODE,
    DATA,
    HLT,
    MMIO,
    OUT_DONE,
    PORT,
    SPIN,
    Guest,
    mov_eax,
    mov_ecx,
    mov_edi,
    mov_edx,
    mov_esi,
)
from kvmtool.core.runloop import KICKED, ClaimTable, RunLoop
from kvmtool.uapi import kvm as uapi

LIMIT_S = 20.0

OUT_AL, OUT_AX, OUT_EAX = b"\xe6\xe0", b"\x66\xe7\xe0", b"\xe7\xe0"  # out 0xe0, …
IN_AL, IN_AX, IN_EAX = b"\xe4\xe0", b"\x66\xe5\xe0", b"\xe5\xe0"  # in …, 0xe0


class Recorder:
    """A region that notes each access and answers reads with `answer`."""

    def __init__(self, answer: int = 0) -> None:
        self.answer = answer
        self.reads: list[tuple[int, int]] = []
        self.writes: list[tuple[int, int, int]] = []

    def read(self, offset: int, size: int) -> int:
        self.reads.append((offset, size))
        return self.answer

    def write(self, offset: int, value: int, size: int) -> None:
        self.writes.append((offset, value, size))


def claim_port(guest: Guest, recorder: Recorder, size: int = 4) -> None:
    guest.ports.claim_region(
        PORT, size, name="test", read=recorder.read, write=recorder.write, lock=threading.RLock()
    )


def claim_mmio(guest: Guest, recorder: Recorder, size: int = 8) -> None:
    guest.mmio.claim_region(MMIO, size, name="test", read=recorder.read, write=recorder.write)


# Port I/O


def test_port_writes_of_each_width_reach_the_handler() -> None:
    with Guest(mov_eax(0x12345678) + OUT_AL + OUT_AX + OUT_EAX + HLT) as guest:
        recorder = Recorder()
        claim_port(guest, recorder)
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert recorder.writes == [(0, 0x78, 1), (0, 0x5678, 2), (0, 0x12345678, 4)]


@pytest.mark.parametrize(
    ("instruction", "eax"),
    [(IN_AL, 0xDDDDDD78), (IN_AX, 0xDDDD5678), (IN_EAX, 0x12345678)],
)
def test_port_read_gives_the_guest_its_width_of_the_answer(instruction: bytes, eax: int) -> None:
    with Guest(mov_eax(0xDDDDDDDD) + instruction + HLT) as guest:
        claim_port(guest, Recorder(0xAABBCCDD_12345678))
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert guest.vcpu.get_regs().rax == eax


@pytest.mark.parametrize(("instruction", "size"), [(b"\x6e", 1), (b"\x66\x6f", 2), (b"\x6f", 4)])
def test_rep_outs_writes_each_element_in_order(instruction: bytes, size: int) -> None:
    count = 5
    # rep outs dx, [esi]
    code = mov_esi(DATA) + mov_ecx(count) + mov_edx(PORT) + b"\xfc\xf3" + instruction + HLT
    with Guest(code) as guest:
        recorder = Recorder()
        claim_port(guest, recorder)
        source = bytes(range(1, count * size + 1))
        guest.memory.write(DATA, source)
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        values = [
            int.from_bytes(source[i : i + size], "little") for i in range(0, len(source), size)
        ]
        assert recorder.writes == [(0, value, size) for value in values]
        assert guest.vcpu.get_regs().rcx == 0


@pytest.mark.parametrize(("instruction", "size"), [(b"\x6c", 1), (b"\x66\x6d", 2), (b"\x6d", 4)])
def test_rep_ins_reads_each_element_into_memory(instruction: bytes, size: int) -> None:
    count = 300
    # rep ins [edi], dx: KVM asks for several elements in one exit
    code = mov_edi(DATA) + mov_ecx(count) + mov_edx(PORT) + b"\xfc\xf3" + instruction + HLT
    with Guest(code) as guest:
        numbers = iter(range(1, count + 1))
        guest.ports.claim_region(PORT, 4, name="test", read=lambda offset, size: next(numbers))
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        expected = b"".join(
            (number & ((1 << 8 * size) - 1)).to_bytes(size, "little")
            for number in range(1, count + 1)
        )
        assert guest.memory.read(DATA, count * size) == expected
        assert guest.run_loop.statistics()[uapi.KVM_EXIT_IO] < count


def test_rep_ins_from_a_port_that_nobody_claims_reads_all_ones() -> None:
    code = mov_edi(DATA) + mov_ecx(64) + mov_edx(PORT) + b"\xfc\xf3\x6d" + HLT
    with Guest(code) as guest:
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert guest.memory.read(DATA, 257) == b"\xff" * 256 + b"\0"


def test_port_read_that_nobody_claims_gives_all_ones() -> None:
    with Guest(mov_eax(0) + IN_EAX + HLT) as guest:
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert guest.vcpu.get_regs().rax == 0xFFFFFFFF


def test_access_across_a_claims_end_is_split_into_bytes() -> None:
    with Guest(mov_eax(0x44332211) + OUT_EAX + IN_EAX + HLT) as guest:
        recorder = Recorder(0x5A)
        claim_port(guest, recorder, size=2)
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert recorder.writes == [(0, 0x11, 1), (1, 0x22, 1)]
        assert guest.vcpu.get_regs().rax == 0xFFFF5A5A


def test_write_past_the_last_port_reaches_nobody() -> None:
    # out dx, eax with dx = 0xffff
    with Guest(mov_edx(0xFFFF) + mov_eax(0x11223344) + b"\xef" + HLT) as guest:
        recorder = Recorder()
        guest.ports.claim_region(0, 0x10, name="low", write=recorder.write)
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert recorder.writes == []


# MMIO


def test_mmio_writes_of_each_width_reach_the_handler() -> None:
    code = (
        mov_edi(MMIO)
        + b"\x48\xb8\x88\x77\x66\x55\x44\x33\x22\x11"  # mov rax, 0x1122334455667788
        + b"\x88\x07"  # mov [rdi], al
        + b"\x66\x89\x07"  # mov [rdi], ax
        + b"\x89\x07"  # mov [rdi], eax
        + b"\x48\x89\x07"  # mov [rdi], rax
        + HLT
    )
    with Guest(code, mode="long") as guest:
        recorder = Recorder()
        claim_mmio(guest, recorder)
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert recorder.writes == [
            (0, 0x88, 1),
            (0, 0x7788, 2),
            (0, 0x55667788, 4),
            (0, 0x1122334455667788, 8),
        ]


@pytest.mark.parametrize(
    ("instruction", "rax"),
    [
        (b"\x8a\x07", 0xDDDDDDDD_DDDDDD88),  # mov al, [rdi]
        (b"\x66\x8b\x07", 0xDDDDDDDD_DDDD7788),  # mov ax, [rdi]
        (b"\x8b\x07", 0x55667788),  # mov eax, [rdi] clears the upper half
        (b"\x48\x8b\x07", 0x11223344_55667788),  # mov rax, [rdi]
    ],
)
def test_mmio_read_gives_the_guest_its_width_of_the_answer(instruction: bytes, rax: int) -> None:
    code = mov_edi(MMIO) + b"\x48\xb8" + b"\xdd" * 8 + instruction + HLT
    with Guest(code, mode="long") as guest:
        claim_mmio(guest, Recorder(0x11223344_55667788))
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert guest.vcpu.get_regs().rax == rax


def test_mmio_read_that_nobody_claims_gives_all_ones() -> None:
    code = mov_edi(MMIO) + b"\x48\x31\xc0\x48\x8b\x07" + HLT  # xor rax, rax; mov rax, [rdi]
    with Guest(code, mode="long") as guest:
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert guest.vcpu.get_regs().rax == (1 << 64) - 1


def test_rep_movs_into_mmio_writes_each_byte() -> None:
    code = mov_esi(DATA) + mov_edi(MMIO) + mov_ecx(6) + b"\xfc\xf3\xa4" + HLT  # rep movsb
    with Guest(code) as guest:
        recorder = Recorder()
        claim_mmio(guest, recorder)
        guest.memory.write(DATA, b"abcdef")
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert recorder.writes == [(i, byte, 1) for i, byte in enumerate(b"abcdef")]


# What runs Python and what does not


def test_handler_is_called_only_for_the_ports_it_claimed() -> None:
    # The same write to the port below, the port itself and the port above.
    code = mov_eax(1) + b"".join(b"\xe6" + bytes([PORT + delta]) for delta in (-1, 0, 1)) + HLT
    with Guest(code) as guest:
        recorder = Recorder()
        claim_port(guest, recorder, size=1)
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert recorder.writes == [(0, 1, 1)]
        assert guest.run_loop.statistics()[uapi.KVM_EXIT_IO] == 3


def test_claimed_bytes_behave_as_memory() -> None:
    code = (
        mov_edi(MMIO)
        + mov_eax(0x44332211)
        + b"\x89\x07"  # mov [edi], eax
        + b"\x8b\x5f\x02"  # mov ebx, [edi + 2]
        + OUT_AL
        + b"\xe5\xe0"  # in eax, 0xe0
        + HLT
    )
    with Guest(code) as guest:
        memory, ports = bytearray(16), bytearray(b"\0\xaa\xbb\xcc")
        guest.mmio.claim_bytes(MMIO, memory, name="memory")
        guest.ports.claim_bytes(PORT, ports, name="ports")
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        regs = guest.vcpu.get_regs()
        assert memory == b"\x11\x22\x33\x44" + b"\0" * 12
        assert (regs.rbx, regs.rax) == (0x4433, 0xCCBBAA11)


@pytest.fixture
def unshared_interpreter() -> Iterator[None]:
    """A thread keeps the interpreter lock until it waits for something."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(60.0)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("unshared_interpreter")
def test_claimed_bytes_are_served_while_another_thread_holds_the_interpreter_lock() -> None:
    # mov edi, MMIO; mov byte [edi], 1; again: cmp byte [edi + 1], 1; jne again; hlt
    code = mov_edi(MMIO) + b"\xc6\x07\x01" + b"\x80\x7f\x01\x01\x75\xfa" + HLT
    with Guest(code) as guest:
        mailbox = bytearray(2)
        guest.mmio.claim_bytes(MMIO, mailbox, name="mailbox")
        vcpu = guest.start()
        # This loop never gives the lock away, so the guest's store got here without it.
        for _ in range(50_000_000):
            if mailbox[0]:
                break
        assert mailbox[0] == 1
        mailbox[1] = 1
        assert vcpu.join() == uapi.KVM_EXIT_HLT


def test_interpreter_is_free_while_the_guest_runs() -> None:
    with Guest(OUT_AL + SPIN) as guest:
        entered = threading.Event()
        guest.ports.claim_register(PORT, 1, name="entered", write=lambda value: entered.set())
        vcpu = guest.start()
        assert entered.wait(LIMIT_S)
        # If the spinning vCPU held the lock, this thread would come no further.
        assert sum(range(200_000)) == 19_999_900_000
        assert vcpu.kick_and_join() == KICKED


def test_statistics_count_exits_by_reason() -> None:
    code = mov_edi(MMIO) + OUT_AL * 3 + b"\x88\x07" * 2 + HLT
    with Guest(code) as guest:
        assert guest.run_loop.statistics() == {}
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert guest.run_loop.statistics() == {
            uapi.KVM_EXIT_IO: 3,
            uapi.KVM_EXIT_MMIO: 2,
            uapi.KVM_EXIT_HLT: 1,
        }


def test_unclaimed_accesses_are_reported_with_size_and_value() -> None:
    with Guest(mov_eax(0x1234) + OUT_AX + IN_AL + HLT) as guest:
        seen: list[tuple[int, int, int | None]] = []
        guest.ports.table.on_unclaimed = lambda *access: seen.append(access)
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert seen == [(PORT, 2, 0x1234), (PORT, 1, None)]


# Exits, handlers and what they raise


def test_exit_that_nobody_handles_is_returned_and_the_guest_goes_on_after_it() -> None:
    with Guest(mov_eax(1) + HLT + mov_eax(2) + HLT) as guest:
        for eax in (1, 2):
            assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
            assert guest.vcpu.get_regs().rax == eax


def test_exit_handler_decides_whether_the_guest_goes_on() -> None:
    with Guest(HLT * 3) as guest:
        answers = iter((True, True, False))
        guest.run_loop.on_exit(uapi.KVM_EXIT_HLT, lambda: next(answers))
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert next(answers, None) is None
        assert guest.vcpu.get_regs().rip == CODE + 3


def test_exit_handler_that_raises_ends_the_run() -> None:
    def refuse() -> bool:
        raise LookupError("no")

    with Guest(HLT + OUT_DONE) as guest:
        guest.run_loop.on_exit(uapi.KVM_EXIT_HLT, refuse)
        with pytest.raises(LookupError):
            guest.run_loop.run()
        guest.run_until_done()


@pytest.mark.parametrize("reason", ["KVM_EXIT_IO", "KVM_EXIT_MMIO", "KVM_EXIT_INTR"])
def test_exits_of_the_run_loop_itself_take_no_handler(reason: str) -> None:
    with Guest(HLT) as guest, pytest.raises(ValueError, match="belongs to the run loop"):
        guest.run_loop.on_exit(getattr(uapi, reason), lambda: True)


@pytest.mark.parametrize("access", [OUT_AL, IN_AL], ids=["write", "read"])
def test_what_a_port_handler_raises_leaves_run_and_the_guest_can_go_on(access: bytes) -> None:
    class Trouble(Exception):
        pass

    def fail(*_: int) -> int:
        raise Trouble

    with Guest(access + HLT) as guest:
        lock = threading.Lock()
        guest.ports.claim_region(PORT, 1, name="trouble", read=fail, write=fail, lock=lock)  # type: ignore[arg-type]
        with pytest.raises(Trouble):
            guest.run_loop.run()
        assert not lock.locked()
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT


def test_read_handler_that_returns_no_integer_is_a_type_error() -> None:
    with Guest(IN_AL + HLT) as guest:
        guest.ports.claim_register(PORT, 1, name="none", read=lambda: None)  # type: ignore[arg-type, return-value]
        with pytest.raises(TypeError):
            guest.run_loop.run()


def test_device_lock_is_held_around_handlers() -> None:
    with Guest(OUT_AL + IN_AL + HLT) as guest:
        lock = threading.Lock()
        held: list[bool] = []
        guest.ports.claim_register(
            PORT,
            1,
            name="locked",
            read=lambda: held.append(lock.locked()) or 0,  # type: ignore[func-returns-value]
            write=lambda value: held.append(lock.locked()),
            lock=lock,
        )
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert held == [True, True]
        assert not lock.locked()


def test_claim_made_by_a_handler_serves_the_next_access() -> None:
    with Guest(OUT_AL + b"\xe4\xe1" + HLT) as guest:  # …; in al, 0xe1
        guest.ports.claim_register(
            PORT,
            1,
            name="maker",
            write=lambda value: guest.ports.claim_register(  # type: ignore[arg-type]
                PORT + 1, 1, name="made", read=lambda: 0x42
            ),
        )
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert guest.vcpu.get_regs().rax == 0x42


def test_claim_that_a_handler_releases_is_gone_at_the_next_access() -> None:
    with Guest(OUT_AL + OUT_AL + IN_AL + HLT) as guest:
        values: list[int] = []

        def write(value: int) -> None:
            values.append(value)
            guest.ports.release(claim)

        claim = guest.ports.claim_register(PORT, 1, name="once", write=write, read=lambda: 0)
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert values == [0]
        assert guest.vcpu.get_regs().rax == 0xFF


def test_failing_ioctl_is_an_oserror_that_names_it() -> None:
    with Guest(HLT) as guest, open(os.devnull, "rb") as other:
        run_loop = RunLoop(other.fileno(), guest.vcpu.run, ClaimTable(), ClaimTable())
        with pytest.raises(OSError, match="KVM_RUN"):
            run_loop.run()


def test_run_area_that_is_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match=r"kvm_run needs \d+ bytes, not 100"):
        RunLoop(0, bytearray(100), ClaimTable(), ClaimTable())


# Kicks


def test_kick_ends_a_busy_guest() -> None:
    with Guest(OUT_AL + SPIN) as guest:
        entered = threading.Event()
        guest.ports.claim_register(PORT, 1, name="entered", write=lambda value: entered.set())
        vcpu = guest.start()
        assert entered.wait(LIMIT_S)
        assert vcpu.kick_and_join() == KICKED
        assert guest.vcpu.get_regs().rip == CODE + len(OUT_AL)


def test_kick_ends_a_vcpu_that_halts_inside_kvm() -> None:
    with Guest(OUT_AL + HLT + SPIN, irqchip=True) as guest:
        entered = threading.Event()
        guest.ports.claim_register(PORT, 1, name="entered", write=lambda value: entered.set())
        vcpu = guest.start()
        assert entered.wait(LIMIT_S)
        assert vcpu.kick_and_join() == KICKED


def test_kick_ends_a_vcpu_that_waits_for_init() -> None:
    with Guest(SPIN, irqchip=True, cpus=2) as guest:
        first, second = guest.start(0), guest.start(1)
        assert second.kick_and_join() == KICKED
        assert guest.vcpus[1].get_mp_state() == uapi.KVM_MP_STATE_UNINITIALIZED
        assert guest.run_loops[1].statistics() == {}
        assert first.kick_and_join() == KICKED


def test_kick_before_the_run_ends_it_before_the_guest_moves() -> None:
    with Guest(HLT) as guest:
        guest.run_loop.kick()
        guest.run_loop.kick()
        assert guest.run_loop.run() == KICKED
        assert guest.vcpu.get_regs().rip == CODE
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT


def test_kick_from_a_handler_ends_the_run_after_its_access() -> None:
    with Guest(mov_eax(7) + OUT_DONE + mov_eax(8) + OUT_DONE) as guest:
        assert [guest.run_until_done(), guest.run_until_done()] == [7, 8]


def test_kick_during_another_exit_ends_the_next_run() -> None:
    with Guest(HLT + HLT) as guest:

        def kick() -> bool:
            guest.run_loop.kick()
            return False

        guest.run_loop.on_exit(uapi.KVM_EXIT_HLT, kick)
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert guest.run_loop.run() == KICKED
        assert guest.vcpu.get_regs().rip == CODE + 1


def test_kick_survives_what_a_handler_raises() -> None:
    def fail(value: int) -> None:
        guest.run_loop.kick()
        raise LookupError

    with Guest(OUT_AL + HLT) as guest:
        guest.ports.claim_register(PORT, 1, name="fail", write=fail)
        with pytest.raises(LookupError):
            guest.run_loop.run()
        assert guest.run_loop.run() == KICKED
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT


KICKS = 5000
AGAIN = b"\xeb\xfc"  # jmp to the two-byte instruction before


@pytest.mark.parametrize(
    ("code", "number"),
    [
        pytest.param(SPIN, 0, id="busy"),
        pytest.param(OUT_AL + AGAIN, 0, id="exits-to-the-core"),
        pytest.param(b"\xe6\xe1" + AGAIN, 0, id="exits-to-python"),
        pytest.param(HLT + b"\xeb\xfd", 0, id="halted"),
        pytest.param(SPIN, 1, id="waiting-for-init"),
    ],
)
def test_no_kick_is_lost_however_it_races_with_exits(code: bytes, number: int) -> None:
    with Guest(code, irqchip=True, cpus=2) as guest:
        guest.ports.claim_bytes(PORT, bytearray(1), name="core")
        guest.ports.claim_register(PORT + 1, 1, name="python", write=lambda value: None)
        run_loop = guest.run_loops[number]
        ended = threading.Semaphore(0)
        stopping = threading.Event()

        def run() -> None:
            while not stopping.is_set():
                if run_loop.run() == KICKED:
                    ended.release()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        for kick in range(KICKS):
            run_loop.kick()
            assert ended.acquire(timeout=LIMIT_S), f"kick {kick} was lost"
        stopping.set()
        run_loop.kick()
        thread.join(LIMIT_S)
        assert not thread.is_alive()


def test_kicks_from_several_threads_end_each_run() -> None:
    with Guest(OUT_AL + AGAIN) as guest:
        rounds, kickers = 200, 3
        barrier = threading.Barrier(kickers + 1, timeout=LIMIT_S)

        def kick() -> None:
            for _ in range(rounds):
                barrier.wait()
                guest.run_loop.kick()

        threads = [threading.Thread(target=kick, daemon=True) for _ in range(kickers)]
        for thread in threads:
            thread.start()
        for _ in range(rounds):
            barrier.wait()
            assert guest.run_loop.run() == KICKED
        for thread in threads:
            thread.join(LIMIT_S)
            assert not thread.is_alive()


def test_vcpu_that_runs_cannot_be_run_by_a_second_thread() -> None:
    with Guest(OUT_AL + SPIN) as guest:
        entered = threading.Event()
        guest.ports.claim_register(PORT, 1, name="entered", write=lambda value: entered.set())
        vcpu = guest.start()
        assert entered.wait(LIMIT_S)
        with pytest.raises(RuntimeError, match="already runs"):
            guest.run_loop.run()
        assert vcpu.kick_and_join() == KICKED


# Signals in the main thread


class Signalled(Exception):
    """Raised by the first signal."""


def test_python_signal_handler_runs_and_may_end_a_busy_guest() -> None:
    arrived: list[int] = []
    finished = threading.Event()
    main = threading.main_thread().ident
    assert main is not None

    def handle(number: int, frame: object) -> None:
        if not arrived:
            arrived.append(number)
            raise Signalled

    def send() -> None:
        while not finished.wait(0.01):
            signal.pthread_kill(main, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, handle)
    sender = threading.Thread(target=send)
    try:
        with Guest(SPIN) as guest:
            sender.start()
            with pytest.raises(Signalled):
                guest.run_loop.run()
            finished.set()
            sender.join(LIMIT_S)
            guest.run_loop.kick()
            assert guest.run_loop.run() == KICKED
    finally:
        finished.set()
        signal.signal(signal.SIGUSR1, before)
    assert arrived == [signal.SIGUSR1]


def test_keyboard_interrupt_leaves_a_handler_and_run() -> None:
    with Guest(OUT_AL + HLT) as guest:
        guest.ports.claim_register(
            PORT, 1, name="interrupt", write=lambda value: signal.raise_signal(signal.SIGINT)
        )
        with pytest.raises(KeyboardInterrupt):
            guest.run_loop.run()
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT


def test_signal_without_a_handler_that_raises_does_not_end_the_run() -> None:
    arrived = threading.Event()
    before = signal.signal(signal.SIGUSR1, lambda *_: arrived.set())
    try:
        # Exits until the handler has run: in al, 0xe0; test al, al; jz back; out DONE, al
        with Guest(IN_AL + b"\x84\xc0\x74\xfa" + OUT_DONE) as guest:
            guest.ports.claim_register(PORT, 1, name="flag", read=lambda: int(arrived.is_set()))
            main = threading.main_thread().ident
            assert main is not None
            sender = threading.Thread(target=signal.pthread_kill, args=(main, signal.SIGUSR1))
            sender.start()
            assert guest.run_until_done() == 1
            sender.join(LIMIT_S)
    finally:
        signal.signal(signal.SIGUSR1, before)
