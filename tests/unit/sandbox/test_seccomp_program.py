"""The filter's program, run by a machine that follows the kernel's document on classic BPF."""

from __future__ import annotations

import struct
from errno import EACCES, ENOSYS

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvmtool.errors import BadInput
from kvmtool.sandbox import Policy, seccomp
from kvmtool.sandbox.calls import Call, Check, allowed
from kvmtool.sandbox.kernel import NUMBERS
from kvmtool.uapi import host_architecture
from kvmtool.uapi.linux import audit

PID = 4711
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
ARCHES = {"x86_64": 0xC000003E, "arm64": 0xC00000B7, "riscv64": 0xC00000F3}
HERE = ARCHES[host_architecture()]


def verdict(code: bytes, number: int, *arguments: int, arch: int = HERE) -> int:
    """Return what `code` says of a system call (Documentation/networking/filter.rst)."""
    padded = [argument % 2**64 for argument in arguments] + [0] * (6 - len(arguments))
    data = struct.pack("<IIQ6Q", number, arch, 0, *padded)
    instructions = list(struct.iter_unpack("<HBBI", code))
    accumulator = at = 0
    while True:
        operation, if_true, if_false, operand = instructions[at]
        at += 1
        if operation == 0x20:  # ld [operand]
            assert operand % 4 == 0
            accumulator = struct.unpack_from("<I", data, operand)[0]
        elif operation == 0x06:  # ret
            return int(operand)
        elif operation == 0x05:  # ja
            at += operand
        else:
            true = {
                0x15: accumulator == operand,
                0x35: accumulator >= operand,
                0x45: accumulator & operand != 0,
            }[operation]
            at += if_true if true else if_false


def test_every_number_is_allowed_refused_or_killed_as_the_rules_say() -> None:
    rules = allowed(Policy(threads=True, io_uring=True), PID)
    code = seccomp.program(rules)
    plain = {NUMBERS[name] for name, call in rules.items() if call.allowed and not call.checks}
    checked = {NUMBERS[name] for name, call in rules.items() if call.checks}
    refused = {NUMBERS[name]: call.refusal for name, call in rules.items() if not call.allowed}
    for number in range(1024):
        said = verdict(code, number, -1, -1, -1, -1, -1, -1)
        if number in plain:
            assert said == ALLOW
        elif number in refused:
            assert said == ERRNO | refused[number]
        elif number in checked:
            assert said != ALLOW or number == NUMBERS["newfstatat"]
        else:
            assert said == KILL


@pytest.mark.parametrize("number", [0x40000000, 0x40000000 + 39, 0x7FFFFFFF, 0xFFFFFFFF])
def test_numbers_beyond_the_table_are_killed(number: int) -> None:
    assert verdict(seccomp.program(allowed(Policy(), PID)), number) == KILL


@pytest.mark.parametrize("arch", [0x40000003, 0x40000028, 0, *(set(ARCHES.values()) - {HERE})])
def test_calls_by_another_architectures_convention_are_killed(arch: int) -> None:
    code = seccomp.program(allowed(Policy(), PID))
    assert verdict(code, NUMBERS["getpid"]) == ALLOW
    assert verdict(code, NUMBERS["getpid"], arch=arch) == KILL


def test_architectures_are_those_of_the_audit_header() -> None:
    assert ARCHES == {
        "x86_64": audit.AUDIT_ARCH_X86_64,
        "arm64": audit.AUDIT_ARCH_AARCH64,
        "riscv64": audit.AUDIT_ARCH_RISCV64,
    }


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("mmap", (0, 4096, 3), ALLOW),
        ("mmap", (0, 4096, 7), KILL),
        ("mmap", (0, 4096, 4 | 1 << 40), KILL),
        ("mmap", (0, 4096, 3, 0x22), ALLOW),  # MAP_PRIVATE | MAP_ANONYMOUS
        ("mmap", (0, 4096, 3, 0x01), ALLOW),  # MAP_SHARED, of a file
        ("mmap", (0, 4096, 3, 0x21), KILL),  # MAP_SHARED | MAP_ANONYMOUS
        ("mprotect", (0, 4096, 3), ALLOW),
        ("mprotect", (0, 4096, 5), KILL),
        ("clone", (0x3D0F00,), ALLOW),  # glibc's pthread_create
        ("clone", (0x7D0F00,), ALLOW),  # musl's
        ("clone", (0x01200011,), KILL),  # fork
        ("clone", (0x4111,), KILL),  # vfork
        ("clone", (0x3D0F00 | 0x10000000,), KILL),  # with CLONE_NEWUSER
        ("clone", (0x3D0F00 | 0x2000,), KILL),  # with CLONE_PTRACE
        ("clone3", (0, 0), ERRNO | ENOSYS),
        ("kill", (PID, 9), ALLOW),
        ("kill", (PID + 1, 9), KILL),
        ("kill", (-1, 9), KILL),
        ("tgkill", (PID, 5, 9), ALLOW),
        ("prlimit64", (0, 7, 0, 4096), ALLOW),
        ("prlimit64", (0, 7, 1 << 32, 0), KILL),
        ("prlimit64", (0, 7, 8, 0), KILL),
        ("prlimit64", (1, 7, 0, 4096), KILL),
        ("fcntl", (3, 1030), ALLOW),  # F_DUPFD_CLOEXEC
        ("fcntl", (3, 4, 0x802), ALLOW),  # F_SETFL, with O_NONBLOCK
        ("fcntl", (3, 4, 0x2), KILL),
        ("fcntl", (3, 8), KILL),  # F_SETOWN
        ("fcntl", (3, 15), KILL),  # F_SETOWN_EX
        ("ioctl", (3, 0x5401), ALLOW),  # TCGETS
        ("ioctl", (3, 0x5401 | 1 << 32), ALLOW),  # the kernel takes 32 bits of it
        ("ioctl", (3, 0x5412), KILL),  # TIOCSTI
        ("ioctl", (3, 0x5421), KILL),  # FIONBIO
        ("ioctl", (3, 0x1277), ALLOW),  # BLKDISCARD, which the policy declares
        ("prctl", (15, 0), ALLOW),  # PR_SET_NAME
        ("prctl", (4, 1), KILL),  # PR_SET_DUMPABLE
        ("openat", (0, 0, 0), ERRNO | EACCES),
        ("newfstatat", (3, 0, 0, 0x1000), ALLOW),
        ("newfstatat", (3, 0, 0, 0), ERRNO | EACCES),
        ("socket", (1, 1, 0), KILL),
    ],
)
def test_arguments_decide(name: str, arguments: tuple[int, ...], said: int) -> None:
    code = seccomp.program(allowed(Policy(threads=True, ioctls=(0x1277,)), PID))
    assert verdict(code, NUMBERS[name], *arguments) == said


def test_threads_are_killed_where_the_policy_has_none() -> None:
    assert verdict(seccomp.program(allowed(Policy(), PID)), NUMBERS["clone"], 0x3D0F00) == KILL


@settings(deadline=None, max_examples=30)
@given(
    st.sets(st.sampled_from(sorted(NUMBERS)), max_size=200),
    st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=100, unique=True),
    st.integers(0, 2**32 - 1),
)
def test_programs_of_any_rules_keep_them(names: set[str], values: list[int], mask: int) -> None:
    checked = Call(Check(1, tuple(values)), Check(2, has=mask & 0xF0F0, lacks=mask & 0x0F0F))
    rules = {name: Call() if index % 3 else checked for index, name in enumerate(sorted(names))}
    code = seccomp.program(rules)
    for name, number in NUMBERS.items():
        here = rules.get(name)
        good = verdict(code, number, 0, values[-1], mask & 0xF0F0)
        assert good == (KILL if here is None else ALLOW)
        if here is checked:
            other = next(value for value in range(len(values) + 1) if value not in values)
            assert verdict(code, number, 0, other, mask & 0xF0F0) == KILL
            if mask & 0xF0F0:
                assert verdict(code, number, 0, values[0], 0) == KILL
            if mask & 0x0F0F:
                assert verdict(code, number, 0, values[0], mask) == KILL


def test_policy_with_an_unknown_system_call_is_refused() -> None:
    with pytest.raises(BadInput, match="'fdatasink', which is no system call"):
        allowed(Policy(syscalls=("fdatasink",)), PID)


@pytest.mark.parametrize("name", ["mmap", "kill", "clone3", "openat"])
def test_policy_that_lifts_the_checks_of_a_call_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match=f"cannot lift what holds the arguments of {name}"):
        allowed(Policy(syscalls=(name,)), PID)
