"""The comparison as tables: one for each start method in a terminal, or one for all of them in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.rows import aligned, median

from .catalogue import PEERS, PROCESSION, STDLIB
from .figures import Figure, Of, Results, shown, spread, times

Row = tuple[str, ...]


def terminal(results: Results, figures: Sequence[Figure], peers: Sequence[str], methods: Sequence[str]) -> str:
    """Return a table for each start method, with our aims, and whether they are met on this machine."""
    return "\n\n".join(_of_method(results, figures, peers, method) for method in methods)


def _of_method(results: Results, figures: Sequence[Figure], peers: Sequence[str], method: str) -> str:
    here = [peer for peer in peers if method in PEERS[peer].methods]
    others = [peer for peer in here if peer not in {STDLIB, PROCESSION}]
    ours = ("procession.Pool", "from–to", "aim", "") if PROCESSION in here else ()
    rows: list[Row] = [(method, "multiprocessing.Pool", *ours, *(PEERS[peer].title for peer in others))]
    for figure in figures:
        row = [figure.title, _absolute(results, figure, Of(STDLIB, method))]
        if ours:
            row += _ours(results, figure, Of(PROCESSION, method))
        rows.append((*row, *(_cell(results, figure, Of(peer, method)) for peer in others)))
    return aligned(rows)


def _ours(results: Results, figure: Figure, of: Of) -> Row:
    ratios = results.ratios(figure, of)
    if not ratios:
        return _cell(results, figure, of), "", figure.aimed(), ""
    told = f"{times(median(ratios))} ({_absolute(results, figure, of)})"
    verdict = "" if not figure.aim else "met" if figure.met(median(ratios)) else "missed"
    return told, spread(ratios), figure.aimed(), verdict


def markdown(results: Results, figures: Sequence[Figure], peers: Sequence[str], methods: Sequence[str]) -> str:
    """Return one table; a cell has the figures of all start methods."""
    here = [peer for peer in peers if any(method in PEERS[peer].methods for method in methods)]
    rows: list[Row] = [(" / ".join(methods), *(PEERS[peer].title for peer in here), "aim")]
    rows += [
        (figure.title, *(_joined(results, figure, peer, methods) for peer in here), figure.aimed())
        for figure in figures
    ]
    return aligned(rows)


def _joined(results: Results, figure: Figure, peer: str, methods: Sequence[str]) -> str:
    own = [Of(peer, method) for method in methods if method in PEERS[peer].methods]
    show = _absolute if peer == STDLIB else _cell
    cells = [show(results, figure, of) for of in own]
    # One unit is enough for all of them where it is the same.
    tails = {cell.lstrip("0123456789.") for cell in cells}
    if len(tails) == 1:
        tail = tails.pop()
        cells = [cell.removesuffix(tail) for cell in cells[:-1]] + cells[-1:]
    return " / ".join(cells)


def _cell(results: Results, figure: Figure, of: Of) -> str:
    """Return the ratio, or the figure itself if there is nothing to compare with, or the error."""
    if ratios := results.ratios(figure, of):
        return times(median(ratios))
    return _absolute(results, figure, of)


def _absolute(results: Results, figure: Figure, of: Of) -> str:
    value = results.value(figure, of)
    if value is not None:
        return shown(value, figure.unit)
    failures = results.failures.get((figure.measure, of))
    return failures[0].split()[0].rstrip(":") if failures else "–"


def failures(results: Results, rounds: int) -> list[str]:
    """Return what gave no figures, one line for each reason."""
    where: dict[tuple[str, str], dict[str, int]] = {}
    for (measure, of), told in results.failures.items():
        for why in told:
            counts = where.setdefault((of.peer, why), {})
            counts[f"{measure} {of.method}"] = counts.get(f"{measure} {of.method}", 0) + 1
    return [
        f"{PEERS[peer].title} {why} in {', '.join(f'{name} ({count})' for name, count in counts.items())}"
        f" of {rounds} rounds; nothing is tried again after it failed twice"
        for (peer, why), counts in where.items()
    ]
