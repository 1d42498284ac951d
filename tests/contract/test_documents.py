"""Every document: its links and anchors work, and the files, commands and targets that it names exist."""

import re
from functools import cache
from pathlib import Path

import pytest

from app.cli import main as cli
from app.cli.arguments import typed
from tests.contract import documents as doc
from tests.contract.documents import Page
from workers import catalogue

# Files of the reader's, in examples.
OF_THE_READER = {"mine.py", "procession.toml", "thumbs.py"}
FILE = re.compile(r"[\w.-]+\.(py|js|html|css|md|toml|txt|json|png)")
PATH = re.compile(r"[\w.-]+(/[\w.-]*)+")

each_page = pytest.mark.parametrize("page", doc.ALL, ids=lambda page: page.name)


@cache
def makefile() -> str:
    return (doc.ROOT / "Makefile").read_text(encoding="utf-8")


@cache
def top_level() -> set[str]:
    """Return the names in the repository's own folder."""
    return {path.name for path in doc.ROOT.iterdir() if not path.name.startswith(".")}


def is_path(code: str) -> bool:
    """Whether a piece of code names a file or a folder of the repository."""
    if PATH.fullmatch(code):
        return code.partition("/")[0] in top_level() or FILE.fullmatch(code.rpartition("/")[2]) is not None
    return FILE.fullmatch(code) is not None and code not in OF_THE_READER


@each_page
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Page) -> None:
    for link in page.links():
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        file = (page.path.parent / target).resolve() if target else page.path
        assert file.exists(), link
        assert file.is_relative_to(doc.ROOT), link
        if anchor:
            assert anchor in Page(str(file.relative_to(doc.ROOT))).anchors(), link


@each_page
def test_every_path_in_backticks_exists(page: Page) -> None:
    """Paths start at the repository's own folder, whichever page names them."""
    assert [code for code in page.codes() if is_path(code) and not (doc.ROOT / code).exists()] == []


@pytest.mark.parametrize("page", [doc.CONTRIBUTING, Page("docs/architecture.md")], ids=lambda page: page.name)
def test_a_module_is_named_by_its_whole_path(page: Page) -> None:
    """Otherwise the test above would not look for it."""
    assert [code for code in page.codes() if re.fullmatch(r"\w+\.(py|js|css|html)", code)] == []


@each_page
def test_every_target_of_make_in_the_text_exists(page: Page) -> None:
    named = re.findall(r"\bmake ([a-z-]+)`", page.prose)
    typed_in = [line[1] for line in page.commands() if line[0] == "make"]
    for target in named + typed_in:
        assert re.search(rf"^{target}:", makefile(), re.MULTILINE), target


def test_there_are_examples_of_commands() -> None:
    assert sum(line[0] == "procession" for page in doc.ALL for line in page.commands()) > 10


@each_page
def test_every_example_of_a_command_can_be_parsed(page: Page) -> None:
    for example in (line[1:] for line in page.commands() if line[0] == "procession"):
        given = cli._parser().parse_args(example)
        if name := getattr(given, "workload", None):
            workload = catalogue()[name]
            workload.check(typed(given.param, {each["name"]: each for each in workload.to_json()["parameters"]}))


@each_page
def test_every_module_and_test_in_an_example_exists(page: Page) -> None:
    """As in ``python -m benchmarks pools`` and ``python -m pytest tests/core``."""
    for line in page.commands():
        if line[0].endswith("python") and line[1] == "-m":
            module = line[2]
            assert module == "pytest" or (doc.ROOT / module.replace(".", "/")).exists(), line
            assert [word for word in line[3:] if "/" in word and not (doc.ROOT / word).exists()] == []
    for module in re.findall(r"`python -m ([\w.]+)", page.prose):
        place = doc.ROOT / module.replace(".", "/")
        assert place.is_dir() or place.with_suffix(".py").is_file(), module


@each_page
def test_every_example_in_python_compiles(page: Page) -> None:
    for block in page.blocks("python"):
        compile(block, page.name, "exec")


def test_every_page_is_linked_from_readme() -> None:
    linked = {(doc.ROOT / link.partition("#")[0]).resolve() for link in doc.README.links()}
    assert {page.path for page in (*doc.DOCS, doc.CONTRIBUTING)} <= linked
    assert doc.DOCS


def test_every_picture_is_shown() -> None:
    shown = {(page.path.parent / link).resolve() for page in doc.ALL for link in page.links()}
    assert set(Path(doc.ROOT, "docs").glob("*.png")) <= shown
