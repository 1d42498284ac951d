"""`python -m benchmarks pools`: procession.Pool beside the stdlib's and its other replacements.

    report.py        the rounds: which run follows which
    trial.py         one run: a fresh interpreter, with a limit
    run.py             in there: a measure (measures.py) or a kill (killing.py)
    catalogue.py         of one of the pools, behind one interface (peers.py)
    figures.py       figures of all rounds as ratios; table.py prints them, kills.py those of the kills

The pools take turns, so that what else the machine does hits them alike, and each is compared with the stdlib's Pool
of the same start method in the same round.  Dask and Ray are large, so they take part only where somebody has
installed them: `pip install distributed ray`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Collection, Sequence

from . import kills, table
from .catalogue import METHODS, PEERS
from .figures import FIGURES, Of, Results, measured
from .measures import MEASURES
from .trial import TrialError, run

# A run that has failed so often is not tried again: each may take the whole limit.
TRIES = 2

HEAD = """\
{workers} workers, medians of {rounds} rounds. Ratios against multiprocessing.Pool of the same start method in the same
round: those with “≥” say how many times as fast, all others how much of its time or memory.
"""


def command(words: Sequence[str]) -> int:
    """Run the chosen measurements and print the results."""
    asked = _parser().parse_args(words)
    peers = [name for name in asked.only if PEERS[name].installed()]
    for name in asked.only:
        if name not in peers:
            print(f"{PEERS[name].title}: not installed")
    if asked.kills:
        print(kills.table(peers, asked.methods, asked.workers, asked.repeats))
        return 0
    results = _measure(peers, asked)
    figures = measured(FIGURES, asked.measures)
    show = table.markdown if asked.markdown else table.terminal
    print(HEAD.format(workers=asked.workers, rounds=asked.rounds))
    print(show(results, figures, peers, asked.methods))
    for line in table.failures(results, asked.rounds):
        print(f"\n{line}", end="")
    print()
    return 0


def _measure(peers: Sequence[str], asked: argparse.Namespace) -> Results:
    results = Results()
    for number in range(asked.rounds):
        print(f"round {number + 1} of {asked.rounds} …", file=sys.stderr, flush=True)
        for measure in asked.measures:
            for method in asked.methods:
                here = [peer for peer in peers if method in PEERS[peer].methods]
                # Not always the same one first.
                for peer in here[number % len(here) :] + here[: number % len(here)]:
                    _once(results, number, measure, Of(peer, method), asked)
    return results


def _once(results: Results, number: int, measure: str, of: Of, asked: argparse.Namespace) -> None:
    if len(results.failures.get((measure, of), ())) >= TRIES:
        return
    try:
        results.add(of, number, run("measure", measure, of.peer, of.method, asked.workers, asked.limit))
    except TrialError as error:
        results.fail(measure, of, str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks pools", description="procession.Pool beside its peers")
    add = parser.add_argument
    add("--only", type=_some_of(PEERS), default=list(PEERS), help=f"of {','.join(PEERS)}")
    add("--methods", type=_some_of(METHODS), default=list(METHODS), help=f"of {','.join(METHODS)}")
    add("--measures", type=_some_of(MEASURES), default=list(MEASURES), help=f"of {','.join(MEASURES)}")
    add("--rounds", type=int, default=5)
    add("--workers", type=int, default=2)
    add("--limit", type=float, default=20.0, help="seconds for one run of one pool")
    add("--markdown", action="store_true", help="one table in Markdown")
    add("--kills", action="store_true", help="kill workers, and tell what each pool makes of it")
    add("--repeats", type=int, default=5, help="of each kill")
    return parser


def _some_of(names: Collection[str]) -> Callable[[str], list[str]]:
    def chosen(text: str) -> list[str]:
        wanted = text.split(",")
        if unknown := [name for name in wanted if name not in names]:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: there are {', '.join(names)}")
        return wanted

    return chosen
