"""Log lines that a guest can cause again and again, bounded in number."""

from __future__ import annotations

from kvmtool import log

MOST_LINES = 20


class BoundedLog:
    """Warns `MOST_LINES` times at most."""

    def __init__(self) -> None:
        self._left = MOST_LINES

    def warning(self, text: str) -> None:
        """Say what happened, if it was not said too often."""
        if not self._left:
            return
        self._left -= 1
        log.warning(text if self._left else f"{text}; no more of these are shown")
