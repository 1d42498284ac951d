"""The rows of the result, and their Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """What was measured; ``peer`` and ``ratio`` (ours over the peer's) where there is one; ``aim`` in words."""

    what: str
    ours: str
    peer: str = "–"
    ratio: float | None = None
    aim: str = "–"


def table(rows: Iterable[Row]) -> str:
    """Return the rows as Markdown."""
    cells = [("measured", "Procession", "peer", "ratio", "aim")]
    cells += [(row.what, row.ours, row.peer, f"{row.ratio:.2f}×" if row.ratio else "–", row.aim) for row in rows]
    return aligned(cells)


def aligned(cells: Sequence[Sequence[str]]) -> str:
    """Return an aligned Markdown table; the first row is its head."""
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in cells
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def percentile(values: Sequence[float], percent: int) -> float:
    """Return a percentile by nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def ms(value: float) -> str:
    """Return milliseconds with their significant digits."""
    return f"{value:.0f} ms" if value >= 100 else f"{value:.1f} ms"
