"""The figures by which pools are compared, with our aims, and how several rounds become a ratio."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from benchmarks.rows import median

from .catalogue import STDLIB

Unit = Literal["s", "bytes"]


@dataclass(frozen=True)
class Figure:
    """``speed`` turns the ratio round, so that it says how many times as fast as the stdlib's."""

    key: str
    title: str
    measure: str
    speed: bool = False
    aim: float | None = None
    unit: Unit = "s"

    def ratio(self, value: float, stdlib: float) -> float:
        """Against the stdlib."""
        return stdlib / value if self.speed else value / stdlib

    def aimed(self) -> str:
        """Return the aim in words."""
        return f"{'≥' if self.speed else '≤'} {self.aim:g}×" if self.aim else "–"

    def met(self, ratio: float) -> bool:
        """Return whether a ratio meets the aim; a figure without an aim is always met."""
        return self.aim is None or (ratio >= self.aim if self.speed else ratio <= self.aim)


FIGURES = (
    Figure("noop", "no-op apply_async, per task", "noop", speed=True, aim=8),
    Figure("map-1", "map at chunksize 1, per item", "map-1", speed=True, aim=5),
    Figure("map-default", "map at its default chunksize, per item", "map-default", speed=True, aim=1),
    Figure("results", "results of 1 MiB, each", "results", speed=True, aim=1.5),
    Figure("arguments", "arguments of 1 MiB, each", "arguments", speed=True, aim=1.5),
    Figure("p50", "apply, there and back, p50", "roundtrip", aim=0.6),
    Figure("p99", "apply, there and back, p99", "roundtrip", aim=0.3),
    Figure("startup", "from Pool() to the first result", "startup", aim=1.1),
    Figure("startup-import", "… with its import", "startup"),
    Figure("cpu", "CPU per no-op task, all processes", "noop"),
    Figure("memory-noop", "PSS of a worker after no-ops", "noop", aim=1.1, unit="bytes"),
    Figure("memory-results", "… after results of 1 MiB", "results", aim=1.1, unit="bytes"),
    Figure("memory-arguments", "… after arguments of 1 MiB", "arguments", aim=1.1, unit="bytes"),
)


@dataclass(frozen=True)
class Of:
    """A pool and a start method."""

    peer: str
    method: str


@dataclass
class Results:
    """The figures of each round, or why there are none."""

    figures: dict[tuple[str, Of], dict[int, float]] = field(default_factory=dict)
    failures: dict[tuple[str, Of], list[str]] = field(default_factory=dict)

    def add(self, of: Of, number: int, told: dict[str, float]) -> None:
        """Add the figures of one measure in one round."""
        for key, value in told.items():
            self.figures.setdefault((key, of), {})[number] = value

    def fail(self, measure: str, of: Of, why: str) -> None:
        """Note that one measure gave no figures in one round."""
        self.failures.setdefault((measure, of), []).append(why)

    def value(self, figure: Figure, of: Of) -> float | None:
        """Return the median of the rounds."""
        values = self.figures.get((figure.key, of))
        return median(list(values.values())) if values else None

    def ratios(self, figure: Figure, of: Of) -> list[float]:
        """Return the ratios to the stdlib with the same start method, round by round."""
        stdlib = self.figures.get((figure.key, Of(STDLIB, of.method)), {})
        mine = self.figures.get((figure.key, of), {})
        return [figure.ratio(mine[number], stdlib[number]) for number in sorted(mine.keys() & stdlib.keys())]


def shown(value: float, unit: Unit) -> str:
    """Return a figure with at most three digits and its unit."""
    if unit == "bytes":
        return f"{value / 2**20:.1f} MiB"
    for factor, name in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if value * factor >= 1:
            return f"{_digits(value * factor)} {name}"
    return f"{_digits(value * 1e9)} ns"


def times(ratio: float) -> str:
    """Return a ratio with its significant digits."""
    if ratio >= 3:
        return f"{ratio:.0f}×" if ratio >= 20 else f"{ratio:.1f}×"
    if ratio >= 0.1:
        return f"{ratio:.2f}×"
    return f"{ratio:.3f}×" if ratio >= 0.001 else "< 0.001×"


def spread(ratios: Sequence[float]) -> str:
    """Return the range of ratios."""
    return f"{times(min(ratios))[:-1]}–{times(max(ratios))}"


def measured(figures: Iterable[Figure], measures: Sequence[str]) -> list[Figure]:
    """Return the figures of some measures."""
    return [figure for figure in figures if figure.measure in measures]


def _digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
