"""What packages say is public is there, is all that is there, and says what it is."""

import inspect
import types
from importlib import import_module

import pytest

PACKAGES = {
    "kvmtool.kvm": {
        "IoctlError",
        "Kvm",
        "KvmDevice",
        "Vcpu",
        "Vm",
        "capabilities",
        "capability_number",
    },
    "kvmtool.memory": {"GuestMemory", "MemoryRangeError", "RamRegion", "check_host_has"},
}


@pytest.mark.parametrize("name", PACKAGES)
def test_public_names_are_the_promised_ones(name: str) -> None:
    assert set(import_module(name).__all__) == PACKAGES[name]
    assert list(import_module(name).__all__) == sorted(import_module(name).__all__)


@pytest.mark.parametrize("name", PACKAGES)
def test_nothing_else_is_in_sight(name: str) -> None:
    package = import_module(name)
    others = {
        member
        for member, value in vars(package).items()
        if not member.startswith("_") and not isinstance(value, types.ModuleType)
    }
    assert others - {"annotations"} == PACKAGES[name]


@pytest.mark.parametrize(
    ("name", "member"), [(name, member) for name in PACKAGES for member in sorted(PACKAGES[name])]
)
def test_public_member_and_its_methods_are_documented(name: str, member: str) -> None:
    value = getattr(import_module(name), member)
    assert inspect.getdoc(value)
    if inspect.isclass(value):
        bare = [
            method
            for method, function in vars(value).items()
            if inspect.isfunction(function) and not method.startswith("_") and not function.__doc__
        ]
        assert bare == []


@pytest.mark.parametrize("name", PACKAGES)
def test_public_classes_live_in_the_package_that_offers_them(name: str) -> None:
    package = import_module(name)
    for member in PACKAGES[name]:
        assert getattr(package, member).__module__.startswith(name)
