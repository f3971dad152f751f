"""Progress of what takes long, on stderr: a bar on a terminal, else one line for each step."""

from __future__ import annotations

import sys

from kvmtool import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from rich.progress import Progress


class Step:
    """One step of a long task, as a context manager; `reached` moves its bar."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._bar: Progress | None = None

    def __enter__(self) -> Self:
        self._bar = _bar() if sys.stderr is not None and sys.stderr.isatty() else None
        if self._bar is None:
            log.info(self._label)
        else:
            self._bar.start()
            self._bar.add_task(self._label, total=100)
        return self

    def reached(self, percent: float) -> None:
        """Say how much is done."""
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=percent)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            if kind is None:
                self.reached(100)
            self._bar.stop()


def _bar() -> Progress | None:
    try:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    except ImportError:
        return None
    columns = (TextColumn("lkvm: {task.description}"), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True))
