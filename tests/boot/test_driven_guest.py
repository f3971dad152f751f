"""A script whose guest fails it ends, and says so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from boot.conftest import TIME_LIMIT_S, lkvm_command

pytestmark = pytest.mark.timeout(TIME_LIMIT_S)

LIMIT_S = 60  # of which a guest's start takes some


def end_of(script: str) -> str:
    """The last line of what a failing script says, in which `DrivenGuest` is there."""
    place = f"PYTHONPATH={Path(__file__).parents[1]}"
    words = lkvm_command("emulate", "--", "env", place, sys.executable, "-c")
    done = subprocess.run(
        [*words, f"from boot.driven_guest import DrivenGuest\n{script}"],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.returncode == 1, done.stderr
    return done.stderr.splitlines()[-1]


def test_guest_that_does_not_start_in_time_ends_the_script() -> None:
    end = end_of("DrivenGuest(start_s=0.1)")
    assert end.startswith("TimeoutError: the guest said only ''"), end


def test_machine_that_ends_is_waited_for_no_longer() -> None:
    script = (
        "guest = DrivenGuest()",
        "guest.send('sleep 1; poweroff -f')",
        "try:",
        "    guest.answer()",
        "finally:",
        "    guest.close()",
    )
    end = end_of("\n".join(script))
    assert end.startswith("TimeoutError: the guest said only"), end
