"""README.md as data: its sections, tables and code, for the tests that hold it against the code."""

import re
import shlex
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"`([^`]+)`")


@cache
def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text from a heading to the next of the same level or higher."""
    found = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^#{{1,2}} |\Z)", readme(), re.MULTILINE | re.DOTALL)
    assert found, f"README.md has no section {title!r}"
    return found[2]


def table(title: str) -> list[list[str]]:
    """The cells of the first table of a section, row by row, without its head."""
    found = re.search(r"^\|.*\n\|[-|]+\n((?:\|.*\n)+)", section(title), re.MULTILINE)
    assert found, f"section {title!r} has no table"
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found[1].splitlines()]


def code_of(cell: str) -> list[str]:
    """What stands between backticks."""
    return CODE.findall(cell)


def only_code_of(cell: str) -> str:
    [code] = code_of(cell)
    return code


def commands() -> list[list[str]]:
    """Every command line after a ``$`` prompt, as the shell would split it."""
    joined = readme().replace("\\\n", " ")
    return [shlex.split(line.removeprefix("$ ")) for line in joined.splitlines() if line.startswith("$ ")]
