"""`lkvm run` starts a machine without the modules that would cost most of its start-up time."""

import os
import subprocess
import sys

import pytest

from kvmtool import errors

DEAR = {
    "click",
    "dataclasses",
    "inspect",
    "json",
    "logging",
    "pathlib",
    "rich",
    "subprocess",
    "tempfile",
    "typing",
}
SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(errors.__file__)))

# -S: what the site directory of this environment imports is none of ours.
LOADED = """
import sys
sys.path.insert(0, sys.argv[1])
from importlib import import_module
for name in sys.argv[2:]:
    import_module(name)
print(*sys.modules)
"""


def modules_after_importing(*names: str) -> set[str]:
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", LOADED, SOURCE, *names],
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stderr == ""
    return set(result.stdout.split())


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(["kvmtool.cli.main"], id="the command itself"),
        pytest.param(["kvmtool.cli.main", "argparse", "kvmtool.cli.run"], id="its options"),
        pytest.param(["kvmtool.machine.machine", "kvmtool.backends.terminal"], id="a machine"),
        pytest.param(["kvmtool.arch.x86_64.pc", "kvmtool.arch.x86_64.probe"], id="a board"),
        pytest.param(["kvmtool.guest.initramfs"], id="the built-in guest"),
        pytest.param(["kvmtool.kvm", "kvmtool.uapi"], id="ioctls"),
    ],
)
def test_modules_of_a_run_load_nothing_dear(names: list[str]) -> None:
    loaded = modules_after_importing(*names)
    assert set(names) <= loaded
    assert loaded & DEAR == set()


def test_no_machine_is_loaded_for_the_command_itself() -> None:
    loaded = modules_after_importing("kvmtool.cli.main")
    ours = {name for name in loaded if name.startswith("kvmtool")}
    assert ours == {
        "kvmtool",
        "kvmtool.cli",
        "kvmtool.cli.interruption",
        "kvmtool.cli.main",
        "kvmtool.errors",
        "kvmtool.log",
    }


def test_a_dear_module_would_be_noticed() -> None:
    assert "json" in modules_after_importing("json") & DEAR
