"""A filter of system calls (Documentation/userspace-api/seccomp_filter.rst).

The rules of `kvmtool.sandbox.calls` become a program for the kernel's classic BPF machine: a
binary search by number, and at each leaf the checks of one call.
"""

from __future__ import annotations

import ctypes
import struct

from kvmtool.errors import KvmtoolError
from kvmtool.sandbox.kernel import NUMBERS, offset, syscall
from kvmtool.uapi import host_architecture, unistd
from kvmtool.uapi.linux import audit, bpf_common, seccomp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from kvmtool.sandbox.calls import Call, Check

    # sock_filter (linux/filter.h): code, jump if true, jump if false, operand.
    Instruction = tuple[int, int, int, int]

_AUDIT_ARCH = {
    "x86_64": audit.AUDIT_ARCH_X86_64,
    "arm64": audit.AUDIT_ARCH_AARCH64,
    "riscv64": audit.AUDIT_ARCH_RISCV64,
}

# struct seccomp_data; all three architectures are little-endian.
_NR = offset(seccomp.seccomp_data, "nr")
_ARCH = offset(seccomp.seccomp_data, "arch")
_ARGS = offset(seccomp.seccomp_data, "args")

_LOAD = bpf_common.BPF_LD | bpf_common.BPF_W | bpf_common.BPF_ABS
_RETURN = bpf_common.BPF_RET | bpf_common.BPF_K
_JUMP = bpf_common.BPF_JMP | bpf_common.BPF_JA
_EQUAL = bpf_common.BPF_JMP | bpf_common.BPF_JEQ | bpf_common.BPF_K
_NOT_BELOW = bpf_common.BPF_JMP | bpf_common.BPF_JGE | bpf_common.BPF_K
_ANY_BIT = bpf_common.BPF_JMP | bpf_common.BPF_JSET | bpf_common.BPF_K

_ALLOW = (_RETURN, 0, 0, seccomp.SECCOMP_RET_ALLOW)
_KILL = (_RETURN, 0, 0, seccomp.SECCOMP_RET_KILL_PROCESS)

# A leaf of the search holds so many numbers, compared one after the other.
_LEAF = 4


def program(calls: Mapping[str, Call]) -> bytes:
    """Return the filter that allows `calls`, by name, and kills the process for any other.

    Calls of another architecture's convention are killed as well: 32-bit ones by their arch, and
    those of x86-64's x32, which have numbers of their own, as unknown ones.
    """
    by_number = sorted((NUMBERS[name], call) for name, call in calls.items())
    code = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, _AUDIT_ARCH[host_architecture()]),
        _KILL,
        (_LOAD, 0, 0, _NR),
        *_search(by_number),
    ]
    if len(code) > bpf_common.BPF_MAXINSNS:
        raise KvmtoolError(
            f"a filter may have {bpf_common.BPF_MAXINSNS} instructions, not {len(code)}"
        )
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in code)


def install(code: bytes) -> None:
    """Put this process under `code`, all its threads to come too, for good.

    The process has no other threads, and no_new_privs set. Raises KvmtoolError where the kernel
    has no filters.
    """
    instructions = ctypes.create_string_buffer(code, len(code))
    # struct sock_fprog (linux/filter.h): u16 len, and a pointer to the instructions.
    length = len(code) // struct.calcsize("<HBBI")
    description = struct.pack("<H6xQ", length, ctypes.addressof(instructions))
    held = ctypes.create_string_buffer(description, len(description))
    try:
        syscall(unistd.__NR_seccomp, seccomp.SECCOMP_SET_MODE_FILTER, 0, ctypes.addressof(held))
    except OSError as error:
        raise KvmtoolError(
            f"the kernel takes no filter of system calls: {error.strerror}"
        ) from None


def _search(calls: list[tuple[int, Call]]) -> list[Instruction]:
    """Return code that has the number in the accumulator, and ends for every number."""
    if len(calls) <= _LEAF:
        code: list[Instruction] = []
        for number, call in calls:
            body = _body(call)
            # Jumps that depend on something reach 255 instructions, and others any distance.
            code += [(_EQUAL, 1, 0, number), (_JUMP, 0, 0, len(body)), *body]
        return [*code, _KILL]
    middle = len(calls) // 2
    below, above = _search(calls[:middle]), _search(calls[middle:])
    return [
        (_NOT_BELOW, 0, 1, calls[middle][0]),
        (_JUMP, 0, 0, len(below)),
        *below,
        *above,
    ]


def _body(call: Call) -> list[Instruction]:
    """Return what is done for a call: its checks, and then that it is allowed."""
    refused = _KILL
    if call.refusal:
        refused = (_RETURN, 0, 0, seccomp.SECCOMP_RET_ERRNO | call.refusal)
    if not call.allowed:
        return [refused]
    code: list[Instruction] = []
    for check in call.checks:
        code += _check(check, refused)
    return [*code, _ALLOW]


def _check(check: Check, refused: Instruction) -> list[Instruction]:
    """Return code that goes past its end if the check is passed."""
    low = _ARGS + 8 * check.index
    code: list[Instruction] = []
    if check.zero:
        for half in (low, low + 4):
            code += [(_LOAD, 0, 0, half), (_EQUAL, 1, 0, 0), refused]
    code.append((_LOAD, 0, 0, low))
    for count, value in enumerate(check.values):
        code.append((_EQUAL, len(check.values) - count, 0, value & 0xFFFFFFFF))
    if check.values:
        code.append(refused)
    for bit in range(32):
        if check.has & 1 << bit:
            code += [(_ANY_BIT, 1, 0, 1 << bit), refused]
    if check.lacks:
        code += [(_ANY_BIT, 0, 1, check.lacks), refused]
    if check.when:
        code = [(_LOAD, 0, 0, low), (_ANY_BIT, 0, len(code), check.when), *code]
    if check.only is not None:
        index, value = check.only
        code = [(_LOAD, 0, 0, _ARGS + 8 * index), (_EQUAL, 0, len(code), value), *code]
    return code
