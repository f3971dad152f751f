"""The checked-in bindings are what the generator makes from Debian's headers, and the compiler's.

The headers come from tools/fetch-headers: from its cache, else from the host's mirror.
"""

import ctypes
import re
import subprocess
from pathlib import Path

import pytest

from kvmtool import uapi
from kvmtool.uapi.generate import generate
from kvmtool.uapi.headers import ARCHITECTURES
from kvmtool.uapi.x86_64 import bootparam, kvm

FETCH = Path(__file__).parents[2] / "tools/fetch-headers"
BINDINGS = Path(uapi.__file__).parent


@pytest.fixture(scope="module")
def headers() -> str:
    done = subprocess.run([FETCH], capture_output=True, text=True, timeout=110)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1]
        pytest.fail(f"the kernel headers can be neither found nor fetched: {reason}")
    return done.stdout.strip()


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_checked_in_bindings_are_those_of_debians_headers(headers: str, arch: str) -> None:
    made = generate(headers, arch)
    different = [
        name
        for name, text in made.items()
        if not (BINDINGS / name).exists() or (BINDINGS / name).read_text() != text
    ]
    assert not different, "make them again: lkvm uapi generate (see CONTRIBUTING.md)"
    present = {
        path.relative_to(BINDINGS).as_posix()
        for folder in (arch, "linux")
        for path in (BINDINGS / folder).glob("*.py*")
        if path.suffix in (".py", ".pyi")
    }
    assert present == set(made)


def members(record: type[ctypes.Structure]) -> list[str]:
    """Return what offsetof takes: named members that are no bit-fields."""
    names = []
    for name, kind, *width in record._fields_:
        if name.startswith("anon"):
            names += members(kind)  # type: ignore[arg-type]
        elif not width and not name.startswith("_"):
            names.append(name)
    return names


def compiled(
    tmp_path: Path, headers: str, includes: str, asked: list[tuple[str, str]]
) -> dict[str, int]:
    """Return what C makes of the (name, expression) pairs that are asked for, by name."""
    source = tmp_path / "truth.c"
    lines = "\n".join(
        f'    printf("{name} %llu\\n", (unsigned long long)({expression}));'
        for name, expression in asked
    )
    source.write_text(
        f"#include <stdio.h>\n#include <stddef.h>\n#include <linux/ioctl.h>\n{includes}\n"
        f"int main(void) {{\n{lines}\n    return 0;\n}}\n"
    )
    include = Path(headers) / "usr/include"
    program = tmp_path / "truth"
    command = ["gcc", "-w", f"-I{include}", f"-I{include}/x86_64-linux-gnu"]
    subprocess.run([*command, str(source), "-o", str(program)], check=True)
    output = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    return {name: int(value) for name, value in (line.split() for line in output.splitlines())}


@pytest.mark.parametrize(
    ("module", "names"),
    [(kvm, ["linux/kvm.h", "asm/kvm.h"]), (bootparam, ["asm/bootparam.h", "asm/setup_data.h"])],
)
def test_gcc_sees_the_same_constants_sizes_and_offsets(
    tmp_path: Path, headers: str, module: object, names: list[str]
) -> None:
    include = Path(headers) / "usr/include"
    text = ""
    for name in names:
        beside = include / "x86_64-linux-gnu" / name
        text += (beside if beside.exists() else include / name).read_text()
    values = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, int) and not isinstance(value, bool)
    }
    asked = [(name, name) for name in values]
    for tag in re.findall(r"^struct (\w+) \{", text, re.MULTILINE):
        record = getattr(module, tag)
        values[f"sizeof-{tag}"] = ctypes.sizeof(record)
        asked.append((f"sizeof-{tag}", f"sizeof(struct {tag})"))
        for member in members(record):
            values[f"{tag}.{member}"] = getattr(record, member).offset
            asked.append((f"{tag}.{member}", f"offsetof(struct {tag}, {member.rstrip('_')})"))
    includes = "".join(f"#include <{name}>\n" for name in names)
    truth = compiled(tmp_path, headers, includes, asked)
    assert len(truth) > 100
    assert truth == {name: value % (1 << 64) for name, value in values.items()}
