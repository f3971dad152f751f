"""What the fuzzers have tried, told at the end of the run whether they pass or not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

_lines = pytest.StashKey[list[str]]()


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Adds a line to the report of the run."""
    return request.config.stash.setdefault(_lines, []).append


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the lines."""
    lines = config.stash.get(_lines, [])
    if lines:
        terminalreporter.section("fuzzing")
    for line in lines:
        terminalreporter.line(line)
