"""Compare the outcomes of CPython's own multiprocessing tests with and without observation.

``python -m tests.conformance.compare [--python PYTHON] [--method METHOD]… [CLASS…]`` (`make conformance`: all of them,
some minutes per start method) runs them with and without the observer, and names each test that ends otherwise.
A test that fails without us is run once more on either side, alone in its class: some measure time, and machines are
busy.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from procession.observer import joined, variables
from tests.observer.collector import Collector

METHODS = ("fork", "forkserver", "spawn")
SCRIPT = Path(__file__).with_name("outcomes.py")
NO_TESTS = 77
WITHIN_S = 1800.0
_POLL_S = 0.05


class NoTests(Exception):
    """This interpreter comes without its own tests."""


@dataclass(frozen=True)
class Run:
    """What came of one: a word per test, tracebacks, CPU seconds with children."""

    words: dict[str, str]
    traces: dict[str, str]
    cpu_s: float

    def told(self) -> str:
        counts = Counter(self.words.values())
        return ", ".join(f"{count} {word}" for word, count in sorted(counts.items())) + f"; CPU {self.cpu_s:.1f} s"


@contextmanager
def listening(folder: str) -> Iterator[Path]:
    """A supervisor that takes every word and keeps none, on a thread."""
    path, over = Path(folder, "o.sock"), threading.Event()
    collector = Collector(path)

    def take() -> None:
        while not over.wait(_POLL_S):
            collector.forget()

    thread = threading.Thread(target=take)
    thread.start()
    try:
        yield path
    finally:
        over.set()
        thread.join()
        collector.close()


def run(python: str, method: str, only: Iterable[str] = (), *, observed: bool, within_s: float = WITHIN_S) -> Run:
    """One run, in a folder and a session of its own."""
    with tempfile.TemporaryDirectory(prefix="conformance-") as folder, listening(folder) as socket:
        base = {**os.environ, "TMPDIR": folder}
        environ = joined(base, variables(str(socket), "p1")) if observed else base
        done = subprocess.run(
            [python, SCRIPT, method, *only],
            cwd=folder,
            env=environ,
            capture_output=True,
            text=True,
            timeout=within_s,
            start_new_session=True,
            check=False,
        )
    if done.returncode == NO_TESTS:
        raise NoTests(done.stderr.strip())
    if done.returncode:
        raise RuntimeError(f"the tests themselves ended with {done.returncode}: {done.stderr[-2000:]}")
    return Run(**json.loads(done.stdout))


def differences(without: Run, observed: Run) -> dict[str, tuple[str, str]]:
    """Per test that ended otherwise: how it ended without and with us."""
    names = sorted(without.words.keys() | observed.words.keys())
    pairs = {name: (without.words.get(name, "missing"), observed.words.get(name, "missing")) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def confirmed(python: str, method: str, found: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Those that differ again."""
    only = sorted({name.split(".")[1] for name in found})
    if not only:
        return {}
    again = differences(run(python, method, only, observed=False), run(python, method, only, observed=True))
    return {name: pair for name, pair in again.items() if name in found}


def main(arguments: list[str]) -> int:
    """The exit code: 1 where something differs."""
    parser = argparse.ArgumentParser(description="CPython's own multiprocessing tests, with and without the observer")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--method", action="append", choices=METHODS, help="all, if none is named")
    parser.add_argument("classes", nargs="*", metavar="CLASS")
    asked = parser.parse_args(arguments)
    wrong = 0
    for method in asked.method or METHODS:
        try:
            without, observed = (run(asked.python, method, asked.classes, observed=how) for how in (False, True))
        except NoTests as error:
            print(f"skipped: {asked.python} comes without its own tests ({error})")
            return 0
        found = differences(without, observed)
        print(f"{method}: without {without.told()}; observed {observed.told()} ({observed.cpu_s / without.cpu_s:.2f}×)")
        for name, pair in found.items():
            print(f"  {name}: {pair[0]}, observed {pair[1]}")
            print("    " + (observed.traces.get(name) or without.traces.get(name, "")).strip().replace("\n", "\n    "))
        wrong += len(again := confirmed(asked.python, method, found))
        print(f"  {len(again)} differ" + (" again" if found else ""), flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
