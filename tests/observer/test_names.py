"""Every resource of a program has a name of its own."""

import sys
from pathlib import Path
from typing import Any

import pytest

from app.core.resources.book import Book
from app.protocol.observer import Made
from tests import interpreters
from tests.observer.collector import Collector, collecting, run

PROGRAM = Path(__file__).with_name("programs") / "named.py"
#: Only these say where in its line a call is.
EXACT = [f"3.{minor}" for minor in range(11, 15)]
OURS = f"3.{sys.version_info.minor}"


def interpreter(version: str) -> str:
    return sys.executable if version == OURS else interpreters.need(version)


def ours_first(versions: list[str]) -> list[Any]:
    """Ours, and the others as long ones."""
    return [OURS, *(pytest.param(one, marks=pytest.mark.long) for one in versions if one != OURS)]


def names(tmp_path: Path, program: Path, python: str) -> tuple[list[str], list[str]]:
    """What the program's own process told as names, and the names of the book."""
    with collecting(tmp_path) as collector:
        run(collector, program, python=python)
        told = [said.word.name for said in own_words(collector) if isinstance(said.word, Made) and said.word.name]
        book = Book()
        for said in collector.said:
            if isinstance(said.word, Made):
                book.made(said.pid, said.word, 0.0, 0.0)
        return told, [thing.name for thing in book.by_id.values() if thing.name]


def own_words(collector: Collector) -> list:  # type: ignore[type-arg]
    said = collector.said
    return [one for one in said if one.pid == said[0].pid]


def promised() -> set[tuple[str, int]]:
    """By the comments behind the lines of the program."""
    found = []
    for number, line in enumerate(PROGRAM.read_text().splitlines(), 1):
        _, mark, comment = line.partition("  # ")
        found += [(name.strip(), number) for name in comment.split(" | ")] if mark else []
    return set(found)


@pytest.mark.parametrize("version", ours_first(EXACT))
def test_resources_are_named_after_their_variables(tmp_path: Path, version: str) -> None:
    """Also several on one line, in a list, a dict, the arguments of a call, or returned by a function."""
    told, _ = names(tmp_path, PROGRAM, interpreter(version))
    expected = {
        f"{variable} (named.py:{line})" if variable != "None" else f"named.py:{line}" for variable, line in promised()
    }
    missing, beside = expected - set(told), set(told) - expected
    assert (missing, {one.partition(" (")[0] for one in beside}) == (set(), {"manager"})


@pytest.mark.parametrize("version", ours_first(interpreters.VERSIONS))
def test_no_two_resources_have_the_same_name(tmp_path: Path, version: str) -> None:
    """Those made at one place are numbered: since Python 3.11 per call, before that per line."""
    _, called = names(tmp_path, PROGRAM, interpreter(version))
    assert len(set(called)) == len(called) > 40
