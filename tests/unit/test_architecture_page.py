"""ARCHITECTURE.md names only files and things that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "kvmtool"
TEXT = (ROOT / "ARCHITECTURE.md").read_text()
QUOTED = sorted(set(re.findall(r"`([^`\s]+)`", TEXT)))
PATHS = [name for name in QUOTED if re.search(r"\.(py|pyx|sh|md)$|/$", name)]
NAMES = sorted(set(re.findall(r"`([A-Z][A-Za-z]+|identify|kick|view|put)`", TEXT)))


def test_page_names_enough_to_be_worth_checking() -> None:
    assert len(PATHS) > 40
    assert len(NAMES) >= 10


@pytest.mark.parametrize("path", PATHS)
def test_path_exists(path: str) -> None:
    assert (PACKAGE / path).exists() or (ROOT / path).exists()


@pytest.mark.parametrize("name", NAMES)
def test_name_is_defined_in_the_package(name: str) -> None:
    pattern = re.compile(rf"^\s*(?:cdef )?(?:class|def) {name}\b", re.MULTILINE)
    sources = [path for suffix in ("py", "pyx", "pxi") for path in PACKAGE.rglob(f"*.{suffix}")]
    assert any(pattern.search(path.read_text()) for path in sources)
