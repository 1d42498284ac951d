"""CONTRIBUTING.md is one page, and its instructions fit the code."""

import re

import pytest

from tests.contract import documents as doc

PAGE = doc.CONTRIBUTING
STEPS = re.findall(r"^\d+\. (.*)$", PAGE.text, re.MULTILINE)
TOPICS = re.findall(r"^### (.*)$", PAGE.text, re.MULTILINE)
WANTED = (
    "workload", "program", "column", "verb", "finding", "kind of resource",
    "page", "command", "message on the control socket", "reader of the kernel",
)  # fmt: skip


def test_each_kind_of_addition_is_described() -> None:
    for wanted in WANTED:
        assert any(wanted in topic for topic in TOPICS), wanted


def test_every_target_of_make_has_the_text_of_make_help_and_no_other() -> None:
    rows = PAGE.table("Make targets")
    documented = {doc.only_code_of(command).removeprefix("make "): words for command, words in rows}
    makefile = (doc.ROOT / "Makefile").read_text()
    assert documented == dict(re.findall(r"^([a-z-]+):.*?## (.*)$", makefile, re.MULTILINE))


def text_of(path: str) -> str:
    place = doc.ROOT / path
    files = [place] if place.is_file() else [each for each in place.rglob("*") if each.suffix in {".py", ".js"}]
    return "".join(each.read_text(encoding="utf-8") for each in files)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step[:40])
def test_what_a_step_names_is_in_a_file_that_it_names(step: str) -> None:
    """Tables, classes and functions, such as `_VERBS`; a step without a file names none."""
    codes = doc.code_of(step)
    paths = [code for code in codes if "/" in code and not code.startswith("/") and (doc.ROOT / code).exists()]
    names = {re.sub(r"\(.*", "", code).lstrip("@") for code in codes if code not in paths}
    known = "".join(map(text_of, paths))
    names = {name for name in names if re.fullmatch(r"_?[A-Za-z]\w+(\.\w+)?", name)}
    assert [name for name in names if not re.search(rf"(?<!\w){re.escape(name)}\b", known)] == []
