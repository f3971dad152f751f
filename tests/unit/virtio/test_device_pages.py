"""The pages of docs/devices say what the classes declare."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from kvmtool.virtio import catalog

ROOT = Path(__file__).parents[3]


def test_pages_are_what_the_declarations_give(tmp_path: Path) -> None:
    subprocess.run([sys.executable, ROOT / "tools" / "device_pages.py", tmp_path], check=True)
    made = {page.name: page.read_text() for page in tmp_path.iterdir()}
    kept = {page.name: page.read_text() for page in (ROOT / "docs" / "devices").iterdir()}
    assert kept == made, "run tools/device_pages.py"
    assert set(made) == {f"{entry.kind}.md" for entry in catalog.ENTRIES}


def test_table_of_devices_agrees_with_the_classes() -> None:
    for entry in catalog.ENTRIES:
        device = entry.device_class()
        assert device.kind == entry.kind
        assert device.__doc__
