"""What the benchmarks share: rounds that alternate between the sides, and the report on them.

Both sides run in one process tree on one CPU set, and take turns within each round, so that what
the machine does meanwhile falls on both. A ratio is the median, over the rounds, of ours divided
by the peer's in the same round.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field


@dataclass
class Comparison:
    """`ours` against `peer`, both names of sides.

    It is a ratio, or the difference in the report's unit; at most `target`, if there is one.
    """

    ours: str
    peer: str
    target: float | None = None
    is_difference: bool = False


@dataclass
class Report:
    """The samples of each side, in `unit`, and what is to be compared."""

    title: str
    unit: str
    samples: dict[str, list[float]]
    comparisons: list[Comparison]
    notes: list[str] = field(default_factory=list)

    def result(self, comparison: Comparison) -> float:
        """The median over the rounds of ours divided by, or less, the peer's."""
        pairs = zip(self.samples[comparison.ours], self.samples[comparison.peer], strict=True)
        if comparison.is_difference:
            return statistics.median(ours - peer for ours, peer in pairs)
        return statistics.median(ours / peer for ours, peer in pairs)

    def misses(self) -> list[str]:
        """A sentence for each target that was missed."""
        return [
            f"{self._sentence(comparison)}, more than {comparison.target:.2f}"
            for comparison in self.comparisons
            if comparison.target is not None and self.result(comparison) > comparison.target
        ]

    def _sentence(self, comparison: Comparison) -> str:
        value = self.result(comparison)
        if comparison.is_difference:
            return f"{comparison.ours} takes {value:.2f} {self.unit} beyond {comparison.peer}"
        return f"{comparison.ours} takes {value:.2f} times {comparison.peer}"

    def as_json(self) -> dict[str, object]:
        """The report for programs."""
        return {
            "title": self.title,
            "unit": self.unit,
            "sides": {
                name: {"min": min(values), "median": statistics.median(values), "all": values}
                for name, values in self.samples.items()
            },
            "comparisons": [
                {
                    "ours": comparison.ours,
                    "peer": comparison.peer,
                    "kind": "difference" if comparison.is_difference else "ratio",
                    "result": self.result(comparison),
                    "target": comparison.target,
                }
                for comparison in self.comparisons
            ],
            "misses": self.misses(),
            "notes": self.notes,
        }

    def as_text(self) -> str:
        """The report for people: a table of the sides, and a line for each comparison."""
        width = max(len(name) for name in self.samples)
        lines = [self.title, "", f"{'':{width}}  {'min':>9}  {'median':>9}  {self.unit}"]
        for name, values in self.samples.items():
            median = statistics.median(values)
            lines.append(f"{name:{width}}  {min(values):9.2f}  {median:9.2f}")
        lines.append("")
        for comparison in self.comparisons:
            verdict = ""
            if comparison.target is not None:
                kept = self.result(comparison) <= comparison.target
                verdict = f" (target {comparison.target:.2f}: {'kept' if kept else 'MISSED'})"
            lines.append(self._sentence(comparison) + verdict)
        lines += ["", *self.notes] if self.notes else []
        return "\n".join(lines)


def arguments(description: str | None, *, rounds: int) -> argparse.ArgumentParser:
    """The options that every benchmark has. SIGTERM ends it and what it started, as Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--rounds", type=int, default=rounds, help=f"default {rounds}")
    return parser


def alternate(
    sides: Mapping[str, Callable[[], float]], rounds: int, *, warm_up: int = 1
) -> dict[str, list[float]]:
    """Measure each side once a round; every other round goes through them backwards."""
    samples: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(-warm_up, rounds):
        names = list(sides)
        for name in names if number % 2 else reversed(names):
            value = sides[name]()
            if number >= 0:
                samples[name].append(value)
    return samples


def publish(reports: Iterable[Report], *, as_json: bool) -> None:
    """Print the reports; a target that is missed is said, and is no failure of the benchmark."""
    reports = list(reports)
    if as_json:
        print(json.dumps([report.as_json() for report in reports], indent=2))
        return
    for report in reports:
        print(report.as_text() + "\n")


def compile_c(source: str, target: str, *options: str) -> None:
    """Compile a C file of this folder with the compiler in $CC, or gcc."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), source)
    compiler = os.environ.get("CC", "gcc")
    command = [compiler, "-O2", "-Wall", "-Wextra", *options, "-o", target, path]
    try:
        subprocess.run(command, check=True)
    except FileNotFoundError:
        sys.exit(f"{source} needs a C compiler: {compiler} is not there")
