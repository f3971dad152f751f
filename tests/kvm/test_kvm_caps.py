"""`lkvm caps` says what /dev/kvm says."""

import argparse
import json

import pytest

from kvmtool.cli import caps
from kvmtool.errors import NoUsableKvm
from kvmtool.kvm import Kvm, capabilities


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    caps.add_arguments(parser)
    return caps.run(parser.parse_args(arguments))


def test_json_holds_each_capability_with_its_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--json", "--all") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["api_version"] == 12
    assert answer["capabilities"].keys() == capabilities().keys()
    with Kvm() as kvm:
        for name in ("KVM_CAP_NR_VCPUS", "KVM_CAP_MAX_VCPUS", "KVM_CAP_PPC_OSI"):
            assert answer["capabilities"][name] == kvm.check_extension(name)


def test_table_lists_what_is_there_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    names = [name for name, _ in rows]
    assert names == sorted(names)
    assert "KVM_CAP_USER_MEMORY" in names
    assert all(int(value) > 0 for _, value in rows)


def test_table_of_all_marks_the_absent(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--all") == 0
    rows = dict(line.split() for line in capsys.readouterr().out.splitlines())
    assert len(rows) == len(capabilities())
    assert rows["KVM_CAP_PPC_OSI"] == "-"


def test_host_without_the_device_is_told_what_to_do() -> None:
    with pytest.raises(NoUsableKvm, match="/nowhere is missing"):
        run("--dev", "/nowhere")
