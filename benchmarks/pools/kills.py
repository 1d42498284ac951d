"""Show how pools handle killed workers, as a table of verdicts: each kill is repeated, several run at a time."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from benchmarks.rows import aligned

from .catalogue import PEERS
from .trial import TrialError, run

KINDS = {
    "busy": "busy worker killed",
    "idle": "idle worker killed",
    "many": "50 random kills in 5,000 tasks",
    "writing": "killed while writing 50 MiB",
}
# They mostly wait.
AT_ONCE = 4
LIMIT_S = 60.0

# What happened, and the number in it that differs.
Told = tuple[str, int]


def table(peers: Sequence[str], methods: Sequence[str], workers: int, repeats: int) -> str:
    """Return a table with each pool and the first of its start methods."""
    rows = [("workers killed", *KINDS.values())]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for peer in peers:
            print(f"{peer} …", file=sys.stderr, flush=True)
            own = PEERS[peer].methods
            method = next((each for each in methods if each in own), own[0])
            cells = []
            for kind in KINDS:
                told = threads.map(_once, *zip(*[(kind, peer, method, workers)] * repeats, strict=True))
                cells.append(told)
            name = PEERS[peer].title if len(own) == 1 else f"{PEERS[peer].title}, {method}"
            rows.append((name, *(_summary(list(told)) for told in cells)))
    return aligned(rows)


def _once(kind: str, peer: str, method: str, workers: int) -> Told:
    try:
        told = run("kill", kind, peer, method, workers, LIMIT_S)
    except TrialError as error:
        return "hangs" if str(error).startswith("hung") else str(error), 0
    return told["verdict"], told["count"]


def _summary(told: Sequence[Told]) -> str:
    """Return the verdicts, the most frequent first, with their counts if they differ."""
    counts: dict[str, list[int]] = {}
    for verdict, count in told:
        counts.setdefault(verdict, []).append(count)
    ordered = sorted(counts.items(), key=lambda each: -len(each[1]))
    words = []
    for verdict, numbers in ordered:
        low, high = min(numbers), max(numbers)
        text = verdict.format(n=low if low == high else f"{low}–{high}") if "{n}" in verdict else verdict
        words.append(text if len(ordered) == 1 else f"{text} {len(numbers)}/{len(told)}")
    return " · ".join(words)
