"""`lkvm run` with bare images, on this host's KVM: what images for QEMU's test device expect."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kvm import payload_images as image

RAM_MIB = 64
LIMIT_S = 60

Run = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run an image with more options, and return its status and output."""

    def run(
        content: bytes, *options: str, name: str = "image.flat"
    ) -> subprocess.CompletedProcess[bytes]:
        path = tmp_path / name
        path.write_bytes(content)
        return subprocess.run(
            [sys.executable, "-m", "kvmtool", "run", "-k", path, "-m", str(RAM_MIB), *options],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LIMIT_S,
            env=os.environ,
        )

    return run


@pytest.mark.parametrize("width", [1, 2, 4])
@pytest.mark.parametrize(("value", "status"), [(0, 1), (1, 3), (38, 77), (63, 127)])
def test_debug_exit_gives_the_exit_status(run: Run, width: int, value: int, status: int) -> None:
    assert run(image.multiboot(image.end_with(value, width))).returncode == status


def test_multiboot_image_prints_on_standard_output_and_nothing_else_does(run: Run) -> None:
    done = run(image.multiboot(image.print_text(b"hello\n") + image.end_with(0)))
    assert (done.returncode, done.stdout, done.stderr) == (1, b"hello\n", b"")


def test_flat_image_starts_in_real_mode_at_64_kib(run: Run) -> None:
    done = run(image.REAL_MODE_HELLO)
    assert (done.returncode, done.stdout) == (7, b"hello\n")


def test_flat_image_of_any_name_is_run_when_told_so(run: Run) -> None:
    assert run(image.REAL_MODE_HELLO, "--boot", "flat", name="image").returncode == 7


def test_module_is_found_whole_through_the_boot_information(run: Run, tmp_path: Path) -> None:
    module = tmp_path / "environment"
    module.write_bytes(b"NR_CPUS=2\nMEMSIZE=128\n")
    code = image.print_module() + image.end_with(0)
    assert run(image.multiboot(code), "-i", str(module)).stdout == module.read_bytes()


def test_command_line_follows_the_name_of_the_program(run: Run) -> None:
    expected = b"image.flat one two\0"
    code = image.print_command_line(len(expected)) + image.end_with(0)
    assert run(image.multiboot(code), "-p", "one two").stdout == expected


def test_memory_map_has_all_ram_but_the_hole_below_1_mib(run: Run) -> None:
    data = run(image.multiboot(image.print_memory_map() + image.end_with(0))).stdout
    entries = list(struct.iter_unpack("<IQQI", data))
    assert {size for size, *_ in entries} == {20}
    ram = [(gpa, gpa + size) for _, gpa, size, kind in entries if kind == 1]
    assert ram == [(0, 0x9FC00), (0x100000, RAM_MIB << 20)]


@pytest.mark.parametrize("cpus", [1, 2, 3, 4])
def test_all_cpus_come_up_by_init_and_sipi(run: Run, cpus: int) -> None:
    done = run(image.multiboot(image.end_with_cpu_count()), "-c", str(cpus))
    assert done.returncode == 2 * cpus + 1


def test_triple_fault_ends_with_102_and_the_state_of_the_vcpu(run: Run) -> None:
    done = run(image.multiboot(image.triple_fault()))
    assert done.returncode == 102
    message, *state = done.stderr.decode().splitlines()
    assert message == "lkvm: triple fault"
    assert state[0] == "vCPU 0:"
    assert any("<0f> 0b" in line for line in state if line.lstrip().startswith("code"))


def test_instruction_that_kvm_cannot_fetch_ends_with_104_and_names_the_exit(run: Run) -> None:
    done = run(image.multiboot(image.run_device_memory(0xD0000000)))
    assert done.returncode == 104
    text = done.stderr.decode()
    assert text.startswith("lkvm: KVM error\nKVM_EXIT_INTERNAL_ERROR: KVM cannot emulate")
    assert f"rip {0xD0000000:016x}" in text


@pytest.mark.parametrize(
    ("item", "answer"),
    [
        (0x03, struct.pack("<Q", RAM_MIB << 20)),
        (0x05, struct.pack("<Q", 2)),
        (0x11, bytes(8)),
        (0x4242, bytes(8)),
    ],
    ids=["RAM size", "CPUs", "kernel data", "absent"],
)
def test_fw_cfg_answers_what_images_ask(run: Run, item: int, answer: bytes) -> None:
    code = image.out(0x510, item, 2) + image.read_ports(0x511, 8, image.SCRATCH_RAM)
    code += image.print_memory(image.SCRATCH_RAM, 8) + image.end_with(0)
    assert run(image.multiboot(code), "-c", "2").stdout == answer


def test_fw_cfg_selection_starts_at_the_first_byte_again(run: Run) -> None:
    select = image.out(0x510, 0x05, 2)
    first = image.print_port(0x511)
    code = select + first + first + select + first + image.end_with(0)
    assert run(image.multiboot(code), "-c", "3").stdout == bytes([3, 0, 3])


def test_irq_line_is_high_until_a_zero_is_written(run: Run) -> None:
    request_register = image.out(0x20, 0x0A) + image.print_port(0x20)  # OCW3: read the IRR
    code = image.out(0x4D0, 1 << 5)  # ELCR: line 5 is level-triggered
    for value in (1, 0):
        code += image.out(0x2005, value) + request_register
    assert run(image.multiboot(code + image.end_with(0))).stdout == bytes([1 << 5, 0])


def test_irq_lines_take_the_upper_bytes_of_a_wide_write(run: Run) -> None:
    code = image.out(0x4D0, 1 << 5) + image.out(0x2005, 0x01, 4)
    code += image.out(0x20, 0x0A) + image.print_port(0x20)
    assert run(image.multiboot(code + image.end_with(0))).stdout == bytes([1 << 5])


def test_interrupt_comes_at_the_vector_that_a_bios_gives_it(run: Run) -> None:
    assert run(image.REAL_MODE_INTERRUPT_5).returncode == 11


def test_unmapped_page_keeps_its_contents(run: Run) -> None:
    code = image.store(image.SCRATCH_RAM, 0x44434241)
    code += image.out(0xE4, image.SCRATCH_RAM, 4)
    code += image.print_memory(image.SCRATCH_RAM, 4)
    assert run(image.multiboot(code + image.end_with(0))).stdout == b"ABCD"


@pytest.mark.parametrize("gpa", [RAM_MIB << 20, 0xFEE00000, 0xFFFFFFFF])
def test_unmap_of_what_is_no_ram_changes_nothing(run: Run, gpa: int) -> None:
    done = run(image.multiboot(image.out(0xE4, gpa, 4) + image.end_with(0)))
    assert (done.returncode, done.stderr) == (1, b"")


def test_scratch_register_is_seen_at_both_places(run: Run) -> None:
    code = image.out(0xE0, 0x44434241, 4) + image.out(0xE9, ord("x"))
    code += image.print_port(0xE0, 4)
    code += b"".join(image.print_port(port) for port in range(0xE8, 0xEC))
    assert run(image.multiboot(code + image.end_with(0))).stdout == b"AxCDAxCD"


def test_scratch_memory_reads_back_over_its_whole_length(run: Run) -> None:
    code = image.store(0xFF000000, 0x44434241) + image.store(0xFF00FFFC, 0x48474645)
    code += image.print_memory(0xFF000000, 4) + image.print_memory(0xFF00FFFC, 4)
    assert run(image.multiboot(code + image.end_with(0))).stdout == b"ABCDEFGH"


def test_more_than_one_module_is_refused(run: Run, tmp_path: Path) -> None:
    module = tmp_path / "module"
    module.write_bytes(b"x")
    done = run(image.multiboot(image.end_with(0)), "-i", str(module), "-i", str(module))
    assert done.returncode == 2
    assert done.stderr == b"lkvm: a multiboot image takes one module (-i), not 2\n"
