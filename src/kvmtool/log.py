"""Messages to the person who runs `lkvm`, on stderr, by level.

The standard logging package costs a third of the start-up budget, and a run prints a line or none.
"""

import sys

LEVELS = ("error", "warning", "info", "debug")

_level = LEVELS.index("info")


def set_level(name: str) -> None:
    """Show messages of the level `name` (one of LEVELS) and the graver ones."""
    global _level
    _level = LEVELS.index(name)


def _say(level: int, text: str) -> None:
    if level <= _level and sys.stderr is not None:  # as it is for a process without one
        try:
            sys.stderr.write(f"lkvm: {text}\n")
            sys.stderr.flush()
        except OSError:
            return  # its disk is full or its reader has left: no reason to end a machine


def error(text: str) -> None:
    """Say what ended or spoiled the run."""
    _say(0, text)


def warning(text: str) -> None:
    """Say what the user may not have meant."""
    _say(1, text)


def info(text: str) -> None:
    """Say what the user may like to know."""
    _say(2, text)


def debug(text: str) -> None:
    """Say what somebody who looks for a fault may need."""
    _say(3, text)
