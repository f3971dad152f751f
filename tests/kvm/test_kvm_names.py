"""Every ioctl method is named after its ioctl, which the bindings of its architecture have."""

import ast
from pathlib import Path

import pytest

import kvmtool.kvm
from kvmtool.uapi.arm64 import kvm as arm64
from kvmtool.uapi.riscv64 import kvm as riscv64
from kvmtool.uapi.x86_64 import kvm as x86_64

ROOT = Path(kvmtool.kvm.__file__).parent
# A name that is not the ioctl's, because one ioctl does two things or says no verb.
OTHER_NAMES = {
    "KVM_CREATE_DEVICE": {"create_device", "has_device_type"},
    "KVM_ARM_MTE_COPY_TAGS": {"_copy_tags"},
}


def calls(path: Path) -> list[tuple[str, str, str]]:
    """Return (method, ioctl, capability) for each call of `_ioctl` with a literal name."""
    found = []
    for function in ast.walk(ast.parse(path.read_text())):
        if not isinstance(function, ast.FunctionDef):
            continue
        local = {
            node.targets[0].id: node.value.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Constant)
        }
        for call in ast.walk(function):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
                continue
            if call.func.attr not in ("_ioctl", "_cpuid", "_index_list", "_msrs", "_coalesced"):
                continue
            name = call.args[0]
            if not isinstance(name, ast.Constant):
                continue
            needs = ""
            for keyword in call.keywords:
                if keyword.arg == "needs" and isinstance(keyword.value, ast.Constant):
                    needs = str(keyword.value.value)
                elif keyword.arg == "needs" and isinstance(keyword.value, ast.Name):
                    needs = str(local.get(keyword.value.id, ""))
            found.append((function.name, str(name.value), needs))
    return found


FILES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))


@pytest.mark.parametrize("file", FILES)
def test_method_is_named_after_its_ioctl(file: str) -> None:
    for method, name, _ in calls(ROOT / file):
        expected = OTHER_NAMES.get(name, {name.removeprefix("KVM_").lower()})
        assert method in expected


@pytest.mark.parametrize("file", FILES)
def test_ioctl_and_capability_are_in_the_bindings(file: str) -> None:
    modules = [x86_64, arm64, riscv64]
    if file.startswith("x86_64"):
        modules = [x86_64]
    elif file.startswith("arm64"):
        modules = [arm64]
    for _, name, needs in calls(ROOT / file):
        for module in modules:
            if module is riscv64 and needs == "KVM_CAP_VCPU_EVENTS":
                continue
            assert hasattr(module, name)
            assert not needs or hasattr(module, needs)


def test_there_are_ioctls_to_check() -> None:
    assert sum(len(calls(ROOT / file)) for file in FILES) > 100
