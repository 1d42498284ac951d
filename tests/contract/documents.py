"""The documents as data: their sections, tables, links and code, for the tests that compare them with the code."""

import re
import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"`([^`]+)`")
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Page:
    """One Markdown file, by its path within the repository."""

    name: str

    @property
    def path(self) -> Path:
        return ROOT / self.name

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def prose(self) -> str:
        """The text without its code blocks."""
        return FENCED.sub("", self.text)

    def section(self, title: str) -> str:
        """Return the text from a heading to the next one of level 1 or 2."""
        heading = rf"^#+ {re.escape(title)}\n(.*?)(?=^#{{1,2}} |\Z)"
        found = re.search(heading, self.text, re.MULTILINE | re.DOTALL)
        assert found, f"{self.name} has no section {title!r}"
        return found[1]

    def table(self, title: str) -> list[list[str]]:
        """Return the cells of the first table of a section, row by row, without its head."""
        found = re.search(r"^\|.*\n\|[-|]+\n((?:\|.*\n)+)", self.section(title), re.MULTILINE)
        assert found, f"section {title!r} of {self.name} has no table"
        return [[cell.strip() for cell in line.strip("|").split("|")] for line in found[1].splitlines()]

    def blocks(self, language: str) -> list[str]:
        """Return the contents of the code blocks in a language."""
        return [block for name, block in FENCED.findall(self.text) if name == language]

    def codes(self) -> list[str]:
        """Return what stands between backticks, outside of code blocks."""
        return code_of(self.prose)

    def links(self) -> list[str]:
        """Return the targets of links and pictures, as they are written."""
        found = re.findall(r"\]\(([^)]+)\)|(?:src|srcset)=\"([^\"]+)\"", self.prose)
        return [target for pair in found for target in pair if target]

    def anchors(self) -> set[str]:
        """Return the anchors that the headings have on the usual sites."""
        titles = re.findall(r"^#+ (.*)$", self.prose, re.MULTILINE)
        return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}

    def commands(self) -> list[list[str]]:
        """Return every command line after a ``$`` prompt, as the shell would split it."""
        joined = self.text.replace("\\\n", " ")
        return [shlex.split(line.removeprefix("$ ")) for line in joined.splitlines() if line.startswith("$ ")]


README = Page("README.md")
CONTRIBUTING = Page("CONTRIBUTING.md")
DOCS = tuple(Page(f"docs/{path.name}") for path in sorted((ROOT / "docs").glob("*.md")))
ALL = (README, CONTRIBUTING, *DOCS)


def code_of(text: str) -> list[str]:
    """Return what stands between backticks."""
    return CODE.findall(text)


def only_code_of(cell: str) -> str:
    [code] = code_of(cell)
    return code
