"""Guest RAM as a guest sees it: where it is, where it ends, and what the host wrote there."""

import pytest

from kvm.payloads import (
    CODE,
    DATA,
    HLT,
    OUT_DONE,
    RAM_SIZE,
    Guest,
    mov_eax,
    mov_ecx,
    mov_edi,
    mov_esi,
)
from kvmtool.arch.x86_64 import low_ram
from kvmtool.arch.x86_64.memory_map import ram_layout
from kvmtool.uapi import kvm as uapi

GIB = 1 << 30
STORE_EAX, LOAD_EAX = b"\x89\x07", b"\x8b\x07"  # mov [edi], eax; mov eax, [edi]


def test_guest_reads_what_the_host_wrote_and_the_host_what_the_guest_wrote() -> None:
    code = mov_edi(DATA) + LOAD_EAX + b"\x40" + b"\x89\x47\x04" + HLT  # inc eax; mov [edi+4], eax
    with Guest(code) as guest:
        guest.memory.write(DATA, (41).to_bytes(4, "little"))
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert guest.memory.read(DATA, 8) == b"\x29\0\0\0\x2a\0\0\0"


def test_view_follows_what_the_guest_writes() -> None:
    code = mov_edi(DATA) + mov_eax(1) + STORE_EAX + HLT + mov_eax(2) + STORE_EAX + HLT
    with Guest(code) as guest:
        view = guest.memory.view(DATA, 4)
        for value in (1, 2):
            assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
            assert view[0] == value


def test_last_bytes_of_ram_are_ram_and_the_next_are_not() -> None:
    code = (
        mov_edi(RAM_SIZE - 4) + mov_eax(0x11223344) + STORE_EAX
        + mov_edi(RAM_SIZE) + STORE_EAX + LOAD_EAX + HLT
    )  # fmt: skip
    with Guest(code) as guest:
        written: list[tuple[int, int]] = []
        guest.mmio.claim_region(
            RAM_SIZE, 4096, name="after RAM", read=lambda offset, size: 0x55,
            write=lambda offset, value, size: written.append((offset, value)),
        )  # fmt: skip
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert guest.memory.read(RAM_SIZE - 4, 4) == b"\x44\x33\x22\x11"
        assert written == [(0, 0x11223344)]
        assert guest.vcpu.get_regs().rax == 0x55


def test_write_across_the_end_of_ram_is_parted_between_ram_and_mmio() -> None:
    code = mov_edi(RAM_SIZE - 2) + mov_eax(0x44332211) + STORE_EAX + HLT
    with Guest(code) as guest:
        written: list[tuple[int, int, int]] = []
        guest.mmio.claim_region(
            RAM_SIZE, 4096, name="after RAM",
            write=lambda offset, value, size: written.append((offset, value, size)),
        )  # fmt: skip
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert guest.memory.read(RAM_SIZE - 2, 2) == b"\x11\x22"
        assert written == [(0, 0x4433, 2)]


def test_hole_between_two_regions_is_no_ram() -> None:
    hole = RAM_SIZE
    second = RAM_SIZE + 0x10000
    code = (
        mov_eax(0x01020304) + mov_edi(hole) + STORE_EAX
        + mov_edi(second) + STORE_EAX + mov_edi(hole) + LOAD_EAX + HLT
    )  # fmt: skip
    with Guest(code, layout=((0, RAM_SIZE), (second, 0x10000))) as guest:
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert guest.vcpu.get_regs().rax == 0xFFFFFFFF
        assert guest.memory.read(second, 4) == b"\x04\x03\x02\x01"
        # The regions follow each other in the memfd: what fell into the hole spoilt neither.
        assert guest.memory.read(RAM_SIZE - 4, 4) == bytes(4)
        assert guest.run_loop.statistics()[uapi.KVM_EXIT_MMIO] == 2


def test_first_page_above_four_gib_is_reached_from_64_bit_code() -> None:
    # `enter_long_mode` maps the first 4 GiB; one more page directory, at DATA, maps the next 2 MiB.
    pdpt_entry_4, table, page = low_ram.PAGE_TABLES + 0x1000 + 4 * 8, 0x03, 0x83
    code = (
        b"\x48\xbf" + (4 * GIB).to_bytes(8, "little")  # mov rdi, 4 GiB
        + mov_eax(0x5AA5) + STORE_EAX + b"\x8b\x1f" + HLT
    )  # fmt: skip
    layout = ram_layout(3 * GIB + 0x10000)
    assert layout == [(0, 3 * GIB), (4 * GIB, 0x10000)]
    with Guest(code, mode="long", layout=layout) as guest:
        guest.memory.write(pdpt_entry_4, (DATA | table).to_bytes(8, "little"))
        guest.memory.write(DATA, (4 * GIB | page).to_bytes(8, "little"))
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert guest.memory.read(4 * GIB, 4) == b"\xa5\x5a\0\0"
        assert guest.vcpu.get_regs().rbx == 0x5AA5


def test_code_that_the_host_changes_between_runs_is_what_runs() -> None:
    with Guest(mov_eax(1) + HLT) as guest:
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        guest.memory.write(CODE, mov_eax(2) + HLT)
        regs = guest.vcpu.get_regs()
        regs.rip = CODE
        guest.vcpu.set_regs(regs)
        assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
        assert guest.vcpu.get_regs().rax == 2


def test_dropped_page_keeps_its_contents() -> None:
    code = mov_edi(DATA) + LOAD_EAX + HLT + LOAD_EAX + HLT
    with Guest(code) as guest:
        guest.memory.write(DATA, b"kept")
        for _ in range(2):
            assert guest.run_loop.run() == uapi.KVM_EXIT_HLT
            assert guest.vcpu.get_regs().rax == int.from_bytes(b"kept", "little")
            guest.memory.drop(DATA, 4096)
        assert guest.memory.read(DATA, 4) == b"kept"


@pytest.mark.parametrize("size", [1, 4095, 4096, 8193])
def test_guest_copies_blocks_of_any_size(size: int) -> None:
    # cld; rep movsb; out DONE, al
    code = mov_esi(DATA) + mov_edi(DATA + 0x10000) + mov_ecx(size) + b"\xfc\xf3\xa4" + OUT_DONE
    with Guest(code) as guest:
        source = bytes(i * 7 & 0xFF for i in range(size))
        guest.memory.write(DATA, source)
        guest.run_until_done()
        assert guest.memory.read(DATA + 0x10000, size + 1) == source + b"\0"
