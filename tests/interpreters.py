"""The other Pythons of this machine: on PATH, and where pyenv and uv keep those that they install."""

import functools
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

VERSIONS = [f"3.{minor}" for minor in range(8, 16)]
KEPT = (".pyenv/versions/*/bin", ".local/share/uv/python/*/bin")
ASK = "import sys; print('%s %d.%d' % (sys.implementation.name, *sys.version_info[:2]))"


def matrix(*methods: str, without: str = "") -> list[Any]:
    """Return parameters (version, start method); all but one of them are long."""
    pairs = [(version, method) for version in VERSIONS if version != without for method in methods]
    return [pytest.param(*pair, marks=() if pair == ("3.8", "spawn") else pytest.mark.long) for pair in pairs]


def need(version: str) -> str:
    """Return the CPython of that version; skips where there is none."""
    found = find(version)
    if found is None:
        pytest.skip(f"there is no CPython {version} here")
    return found


@functools.cache
def find(version: str) -> str | None:
    """Return a CPython of that version that runs, or None: a shim on PATH may lead nowhere."""
    return next(filter(lambda path: _is(path, version), _candidates(version)), None)


def _candidates(version: str) -> Iterator[str]:
    if found := shutil.which(f"python{version}"):
        yield found
    for pattern in KEPT:
        yield from map(str, sorted(Path.home().glob(f"{pattern}/python{version}"), key=_newest_last, reverse=True))


def _newest_last(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", path.parent.parent.name)]


def _is(path: str, version: str) -> bool:
    said = subprocess.run([path, "-c", ASK], capture_output=True, text=True, check=False).stdout.split()
    return said == ["cpython", version]
