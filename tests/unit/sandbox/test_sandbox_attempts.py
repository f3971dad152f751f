"""What a sandboxed process tries and must not get, each attempt by itself."""

from __future__ import annotations

import os

import pytest

from kvmtool.sandbox import Policy, landlock, privileges, seccomp
from kvmtool.sandbox.calls import allowed
from kvmtool.sandbox.enter import enter
from sandboxed.attempts import (
    ATTEMPTS,
    BY_NAME,
    CHANGES,
    DONE,
    KILLED,
    ON_OTHERS,
    attempts,
    expected,
    in_sandbox,
)

NOBODY = 65534
POLICIES = {
    "nothing": Policy(),
    "threads": Policy(threads=True),
    "rings": Policy(io_uring=True),
}


def no_sandbox(policy: Policy, keep_fds: object, parent_pid: int) -> None:
    return


def as_nobody(policy: Policy, keep_fds: object, parent_pid: int) -> None:
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    enter(policy, keep_fds, parent_pid)  # type: ignore[arg-type]


def filter_alone(policy: Policy, keep_fds: object, parent_pid: int) -> None:
    code = seccomp.program(allowed(policy, os.getpid()))
    privileges.drop_capabilities()
    seccomp.install(code)


def landlock_alone(policy: Policy, keep_fds: object, parent_pid: int) -> None:
    privileges.drop_capabilities()
    landlock.restrict(policy)


@pytest.mark.parametrize("name", ATTEMPTS)
@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES.keys())
def test_attempt_in_a_sandbox_is_refused(policy: Policy, name: str) -> None:
    assert attempts(policy, [name]) == {name: expected(policy)[name]}


@pytest.mark.skipif(os.getuid() != 0, reason="the other tests run as an ordinary user")
def test_attempts_of_an_ordinary_user_in_a_sandbox_are_refused() -> None:
    policy = Policy()
    assert attempts(policy, hold=as_nobody) == expected(policy)


def test_attempts_without_a_sandbox_work() -> None:
    names = {
        *BY_NAME,
        *CHANGES,
        *ON_OTHERS,
        "stat a file",
        "stat as if by descriptor",
        "list a directory",
        "go to a directory",
        "change a file's mode",
        "make a UDP socket",
        "make a Unix socket",
        "run a program",
        "make a process",
        "have a signal sent",
        "make an eventfd block",
        "make an eventfd block by an ioctl",
        "take a handle of the victim",
        "map memory that no limit counts",
        "map executable memory",
        "make memory executable",
        "be dumpable",
    }
    # The victim is no child of its child, which may not open its memory unless privileged.
    names -= {"open the victim's memory"} if os.getuid() else set()
    outcomes = attempts(Policy(), names, hold=no_sandbox)
    # A program that was run says nothing.
    assert outcomes.pop("run a program") == "status 0x0"
    assert set(outcomes.values()) == {DONE}, outcomes


def test_filter_alone_refuses_each_attempt() -> None:
    outcomes = attempts(Policy(), hold=filter_alone)
    # The name that goes with AT_EMPTY_PATH is in memory, where a filter cannot look.
    assert outcomes.pop("stat as if by descriptor") == DONE
    wanted = expected(Policy())
    del wanted["stat as if by descriptor"]
    assert outcomes == wanted


def test_landlock_alone_refuses_files() -> None:
    version = landlock.version()
    if version < 3:
        pytest.skip(f"this kernel has version {version} of Landlock, and truncation needs 3")
    names = {*BY_NAME, *CHANGES}
    outcomes = attempts(Policy(), names, hold=landlock_alone)
    assert outcomes == dict.fromkeys(names, "EACCES")


def test_landlock_alone_refuses_to_reach_other_processes() -> None:
    version = landlock.version()
    if version < 6:
        pytest.skip(f"this kernel has version {version} of Landlock, and scopes need 6")
    outcomes = attempts(Policy(), ON_OTHERS, hold=landlock_alone)
    assert outcomes == dict.fromkeys(ON_OTHERS, "EPERM")


def test_landlock_alone_allows_declared_files_only(tmp_path: object) -> None:
    readable, writable, directory, other = (f"{tmp_path}/{name}" for name in "abcd")
    for path in (readable, writable, other):
        with open(path, "w") as file:
            file.write("x")
    os.mkdir(directory)
    policy = Policy(readable=(readable,), writable=(writable, directory))

    def outcome(path: str, flags: int) -> str:
        return in_sandbox(lambda: os.open(path, flags), policy, hold=landlock_alone)

    assert outcome(readable, os.O_RDONLY) == DONE
    assert outcome(readable, os.O_RDWR) == "EACCES"
    assert outcome(writable, os.O_RDWR) == DONE
    assert outcome(f"{directory}/new", os.O_RDWR | os.O_CREAT) == DONE
    assert outcome(f"{directory}/new", os.O_RDONLY) == DONE
    assert outcome(other, os.O_RDONLY) == "EACCES"
    assert outcome(f"{tmp_path}/new", os.O_RDWR | os.O_CREAT) == "EACCES"


def test_declared_file_can_be_opened_in_the_whole_sandbox(tmp_path: object) -> None:
    path = f"{tmp_path}/declared"
    with open(path, "w") as file:
        file.write("x")

    def read() -> None:
        with open(path) as file:
            assert file.read() == "x"

    assert in_sandbox(read, Policy(readable=(path,))) == DONE
    assert in_sandbox(read, Policy()) == "EACCES"


def test_declared_system_call_is_allowed(tmp_path: object) -> None:
    with open(f"{tmp_path}/image", "w") as file:
        fd = file.fileno()
        assert in_sandbox(lambda: os.fdatasync(fd), Policy(), [fd]) == KILLED
        assert in_sandbox(lambda: os.fdatasync(fd), Policy(syscalls=("fdatasync",)), [fd]) == DONE


def test_second_filter_is_refused_to_a_sandboxed_process() -> None:
    def enter_again() -> None:
        seccomp.install(seccomp.program({}))

    assert in_sandbox(enter_again, Policy()) == KILLED
