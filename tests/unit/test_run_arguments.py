"""`lkvm run` with bad input: one line that says what is wrong, its exit status, nothing left."""

import os
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kvmtool.cli.main import main
from kvmtool.errors import ExitStatus

SPIN = b"\xeb\xfe"
TOO_MANY = "100000"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working directory, with cache and temporary files elsewhere."""
    for name in ("work", "cache", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("KVMTOOL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    before = descriptors()
    yield tmp_path
    assert os.listdir(tmp_path / "work") == []
    assert os.listdir(tmp_path / "temporary") == []
    assert descriptors() == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.fixture
def payload(tmp_path: Path) -> str:
    """A flat image that would run for ever."""
    return put(tmp_path / "payload.flat", SPIN)


def put(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return str(path)


def bzimage_header(size: int) -> bytes:
    """The first sectors of a bzImage whose protected-mode part has `size` bytes."""
    image = bytearray(0x400)
    image[0x1F1] = 1  # setup sectors
    struct.pack_into("<I", image, 0x1F4, size // 16)
    struct.pack_into("<H", image, 0x1FE, 0xAA55)
    image[0x200:0x206] = b"\xeb\x66HdrS"
    struct.pack_into("<H", image, 0x206, 0x020F)
    image[0x211] = 1  # loaded high
    struct.pack_into("<H", image, 0x236, 1)  # 64-bit entry
    struct.pack_into("<II", image, 0x248, 0x100, size - 0x100)
    struct.pack_into("<I", image, 0x260, 1 << 24)
    return bytes(image)


def refused(
    capfd: pytest.CaptureFixture[str],
    *arguments: str,
    status: int = ExitStatus.BAD_ARGUMENTS,
) -> str:
    """Run in this process; return the one line that it says, without `lkvm: `."""
    assert main(["run", "--accel", "kvm", *arguments]) == status
    output, errors = capfd.readouterr()
    assert output == ""
    lines = errors.splitlines()
    assert len(lines) == 1, errors
    assert lines[0].startswith("lkvm: ")
    assert len(lines[0]) > len("lkvm: ")
    return lines[0].removeprefix("lkvm: ")


def refused_by_a_process(*arguments: str, status: int = ExitStatus.BAD_ARGUMENTS) -> str:
    """Run as a command of its own; return the one line that it says, without `lkvm: `."""
    result = subprocess.run(
        [sys.executable, "-m", "kvmtool", "run", "--accel", "kvm", *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=30,
    )
    assert (result.returncode, result.stdout) == (status, "")
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("lkvm: ")
    return lines[0].removeprefix("lkvm: ")


# The kernel


def test_missing_kernel_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    assert "no-such-kernel" in refused(capfd, "no-such-kernel")
    assert "no-such-kernel" in refused(capfd, "-k", "no-such-kernel")
    assert "no-such-kernel" in refused_by_a_process("no-such-kernel")


def test_directory_is_no_kernel(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert str(tmp_path) in refused(capfd, str(tmp_path))
    assert str(tmp_path) in refused_by_a_process(str(tmp_path))


def test_name_with_a_null_byte_or_a_newline_is_refused(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    refused(capfd, "ker\0nel")
    refused(capfd, "ker\nnel")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\n", "not a kernel"),
        (b"#!/bin/sh\necho hello\n" * 200, "not a kernel"),
        (bytes(8192), "not a kernel"),
        (b"\x1f\x8b\x08" + bytes(100), "compressed with gzip"),
        (b"\x7fELF", ""),
        (b"\x7fELF\x02\x01\x01" + bytes(57), ""),
        (b"\x7fELF\x02\x01\x01" + b"\xff" * 57, ""),
        (bzimage_header(1 << 20), ""),
        (bzimage_header(1 << 20)[:0x210], ""),
        (bzimage_header(1 << 20) + bytes(4096), ""),
    ],
    ids=[
        "empty",
        "newline",
        "script",
        "zeros",
        "gzip",
        "ELF magic",
        "ELF of zeros",
        "ELF of ones",
        "bzImage header",
        "half a bzImage header",
        "truncated bzImage",
    ],
)
def test_file_that_is_no_whole_kernel_is_refused_by_name(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, content: bytes, words: str
) -> None:
    kernel = put(tmp_path / "kernel", content)
    line = refused(capfd, kernel)
    assert "kernel" in line
    assert words in line


def test_truncated_kernel_is_refused_by_a_process_too(tmp_path: Path) -> None:
    kernel = put(tmp_path / "vmlinuz", bzimage_header(1 << 20) + bytes(4096))
    assert "vmlinuz" in refused_by_a_process(kernel)


def test_unreadable_kernel_is_named(payload: str) -> None:
    os.chmod(payload, 0)
    # Root may read everything, unless it gives up the capability.
    override = "-dac_override,-dac_read_search"
    words = ["setpriv", f"--bounding-set={override}", f"--inh-caps={override}"]
    prefix = words if os.geteuid() == 0 else []
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "kvmtool", "run", payload],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == ExitStatus.BAD_ARGUMENTS
    assert done.stderr == f"lkvm: cannot open {payload}: Permission denied\n"


def test_kernel_without_a_name_is_not_the_default_one(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert "cannot open" in refused(capfd, "")


def test_number_has_plain_digits(capfd: pytest.CaptureFixture[str], payload: str) -> None:
    assert "-m takes a size" in refused(capfd, payload, "-m", "\u0663")


def test_two_kernels_are_one_too_many(capfd: pytest.CaptureFixture[str], payload: str) -> None:
    line = refused(capfd, "-k", payload, "other")
    assert "one kernel" in line
    assert payload in line
    assert "other" in line


def test_kernel_that_waits_for_a_writer_is_refused_at_once(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert "fifo" in refused(capfd, str(fifo))


@pytest.mark.parametrize("device", ["/dev/null", "/dev/zero"])
def test_device_is_no_kernel(capfd: pytest.CaptureFixture[str], device: str) -> None:
    assert device.removeprefix("/dev/") in refused(capfd, device)


# Sizes and counts


@pytest.mark.parametrize(
    "size",
    ["0", "0G", "-5", "much", "", " ", "12Q", "G", "1.5G", "0x100", "1K", "1e3", "5GB", "9" * 5000],
)
def test_ram_of_no_possible_size_is_refused(
    capfd: pytest.CaptureFixture[str], payload: str, size: str
) -> None:
    refused(capfd, f"--mem={size}", payload)


@pytest.mark.parametrize("size", ["900T", "4096P", "99999999999999999999"])
def test_more_ram_than_the_host_has_is_refused(
    capfd: pytest.CaptureFixture[str], payload: str, size: str
) -> None:
    assert "more than the host's" in refused(capfd, "-m", size, payload)
    assert "more than the host's" in refused_by_a_process("-m", size, payload)


def test_ram_of_parts_of_pages_is_refused(capfd: pytest.CaptureFixture[str], payload: str) -> None:
    assert "4 KiB" in refused(capfd, "-m", "2097153B", payload)


@pytest.mark.parametrize("size", ["3M", "1", "1B", "900T", "huge", "9" * 5000])
def test_huge_pages_of_no_possible_size_are_refused(
    capfd: pytest.CaptureFixture[str], payload: str, size: str
) -> None:
    refused(capfd, "--hugepages", size, "-m", "6", payload)


@pytest.mark.parametrize("count", ["0", "-1", "", "two", "1.5", "0x2", " 1", "9" * 5000])
def test_number_of_cpus_that_is_none_is_refused(
    capfd: pytest.CaptureFixture[str], payload: str, count: str
) -> None:
    refused(capfd, "-c", count, payload)


def test_no_and_negative_cpus_are_refused_by_a_process(payload: str) -> None:
    assert "at least 1 CPU, not 0" in refused_by_a_process("-c", "0", payload)
    assert "-1" in refused_by_a_process("-c", "-1", payload)


# Other options


def test_unknown_way_to_boot_is_refused_with_those_there_are(
    capfd: pytest.CaptureFixture[str], payload: str
) -> None:
    line = refused(capfd, "--boot", "floppy", payload)
    assert "floppy" in line
    assert "decompressor" in line
    refused_by_a_process("--boot", "floppy", payload)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--no-such-option"],
        ["--console", "telex"],
        ["--accel", "abacus"],
        ["--loglevel", "deafening"],
        ["-m"],
        ["-c"],
        ["one", "two"],
    ],
    ids=" ".join,
)
def test_options_that_there_are_not_are_refused_in_one_line(arguments: list[str]) -> None:
    assert arguments[-1].lstrip("-") in refused_by_a_process(*arguments)


def test_command_for_a_payload_that_runs_none_is_refused(
    capfd: pytest.CaptureFixture[str], payload: str
) -> None:
    assert "command" in refused(capfd, payload, "--", "true")


# The KVM device


def test_missing_device_is_named_with_what_to_do(
    capfd: pytest.CaptureFixture[str], payload: str
) -> None:
    for line in (
        refused(capfd, "--dev", "/nonexistent", payload, status=ExitStatus.NO_USABLE_KVM),
        refused_by_a_process("--dev", "/nonexistent", payload, status=ExitStatus.NO_USABLE_KVM),
    ):
        assert "/nonexistent is missing" in line


@pytest.mark.parametrize("device", ["/dev/null", "/dev/zero", "/", "/dev/tty-not-there"])
def test_device_that_is_not_kvms_is_refused(
    capfd: pytest.CaptureFixture[str], payload: str, device: str
) -> None:
    assert device in refused(capfd, "--dev", device, payload, status=ExitStatus.NO_USABLE_KVM)


def test_device_without_permission_is_refused_with_its_group(
    capfd: pytest.CaptureFixture[str],
) -> None:
    # Not below tmp_path: that is closed to the user whose rights root takes on here.
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        os.chmod(directory, 0o755)
        payload = put(Path(directory) / "payload.flat", SPIN)
        device = put(Path(directory) / "kvm", b"")
        os.chmod(device, 0)
        # The modules are loaded while they can be read.
        refused(capfd, "--dev", "/nonexistent", payload, status=ExitStatus.NO_USABLE_KVM)
        import grp

        group = grp.getgrgid(os.stat(device).st_gid).gr_name
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        try:
            line = refused(capfd, "--dev", device, payload, status=ExitStatus.NO_USABLE_KVM)
        finally:
            os.seteuid(user)
    assert "no permission" in line
    assert f"({group})" in line


# With a KVM

needs_kvm = pytest.mark.skipif(
    not os.access("/dev/kvm", os.R_OK | os.W_OK), reason="needs /dev/kvm"
)


@needs_kvm
def test_more_cpus_than_kvm_gives_are_refused_with_both_numbers(
    capfd: pytest.CaptureFixture[str], payload: str
) -> None:
    assert f"{TOO_MANY} CPUs are more than" in refused_by_a_process("-c", TOO_MANY, payload)


@needs_kvm
@pytest.mark.parametrize(
    "changes", ["+no-such-feature", "sse2", "+", "-", "+sse2,,-avx", "+sse2 -avx"]
)
def test_changes_of_no_cpu_feature_are_refused(payload: str, changes: str) -> None:
    refused_by_a_process(f"--cpuid={changes}", payload)


@needs_kvm
def test_module_larger_than_ram_is_refused(payload: str, tmp_path: Path) -> None:
    # A multiboot image with an address header (0.6.96, 3.1.3), and a module beside it.
    flags, magic = 1 << 16, 0x1BADB002
    start = 0x100000
    header = struct.pack(
        "<8I", magic, flags, -(magic + flags) & 0xFFFFFFFF, start, start, 0, 0, start + 32
    )
    kernel = put(tmp_path / "image", header + b"\xf4" * 64)
    module = tmp_path / "module"
    with open(module, "wb") as file:
        file.truncate(64 << 20)
    assert "module" in refused_by_a_process("-m", "16", "-i", str(module), kernel)


@needs_kvm
@pytest.mark.parametrize("closed", [0, 1, 2])
def test_run_with_a_closed_stream_does_not_take_another_file_for_it(
    tmp_path: Path, closed: int
) -> None:
    # mov dx, 0x3f8; mov al, 'A'; out dx, al; then the debug exit, with 0
    code = b"\xba\xf8\x03\xb0A\xee" + b"\xb0\x00\xe6\xf4" + SPIN
    kernel = put(tmp_path / "hello.flat", code)
    result = subprocess.run(
        [
            "/bin/sh",
            "-c",
            f'exec "$@" {closed}{"<" if closed == 0 else ">"}&-',
            "sh",
            sys.executable,
            "-m",
            "kvmtool",
            "run",
            "--accel",
            "kvm",
            kernel,
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert result.stderr == ""
    assert result.returncode in ((1, ExitStatus.INTERRUPTED) if closed == 1 else (1,))
    assert result.stdout == ("" if closed == 1 else "A")


def test_bad_input_without_a_standard_error_has_its_status_all_the_same(tmp_path: Path) -> None:
    command = f"{sys.executable} -m kvmtool run --accel kvm no-such-kernel 2>&-"
    result = subprocess.run(["/bin/sh", "-c", command], capture_output=True, timeout=30)
    assert (result.returncode, result.stdout) == (ExitStatus.BAD_ARGUMENTS, b"")
