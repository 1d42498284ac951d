"""README.md is short, works as it is written, and quotes what Procession prints."""

import argparse
import re
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from app.cli import processes, program_tables
from app.core.scene.scene import Actor
from app.launcher import launcher
from app.records.process import Process
from app.records.resource import ResourceKind
from app.settings import Settings
from tests.contract import documents as doc
from tests.core.scene.scenes import actor, edge, join, resource, scene, settled
from tools.screenshot import THEMES

README = doc.README
HANGS = "Find out why a program hangs"
# The processes of the example, as its quoted output calls them.
MAIN, CHILD = 489, 548
NAMES = {MAIN: "thumbs.py", CHILD: "Process-1"}


def console(title: str) -> list[str]:
    """Return the lines of the last code block of a section that shows output."""
    return re.findall(r"^```console\n(.*?)^```$", README.section(title), re.MULTILINE | re.DOTALL)[-1].splitlines()


def test_it_has_at_most_200_lines() -> None:
    assert len(README.text.splitlines()) <= 200


def test_the_version_of_python_is_the_projects() -> None:
    project = (doc.ROOT / "pyproject.toml").read_text()
    wanted = re.search(r'requires-python = ">=([\d.]+)"', project)
    assert wanted
    for text in (README.section("Two commands"), doc.Page("docs/install.md").section("Requirements")):
        assert f"Python {wanted[1]} or newer" in text
    assert f"**Python {wanted[1]} or newer**" in doc.Page("docs/limits.md").text


def test_the_first_commands_clone_and_run() -> None:
    clone, enter, run = README.commands()[:3]
    assert clone[:2] == ["git", "clone"]
    assert enter == ["cd", clone[-1]]
    assert run == ["make", "run"]


def test_the_pictures_are_those_that_make_screenshot_makes() -> None:
    assert {f"docs/screenshot-{theme}.png" for theme in THEMES} < set(README.links())


def test_the_line_of_a_start_is_quoted(tmp_path: Any) -> None:
    """All of it but the token."""
    printed = launcher._line(Settings(home=tmp_path, token="secret"), as_json=False)
    assert printed.replace("secret", "…").strip() in README.section("Two commands").splitlines()


def test_the_end_of_a_join_is_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    ended = Process(id="p2", name="stubborn", workload=None, target="", params={})
    session = SimpleNamespace(find=lambda _: ended, ask=lambda *_: {"joined": True, "exitcode": -9})
    processes.join(session, argparse.Namespace(id="stubborn", timeout=None, json=False))  # type: ignore[arg-type]
    assert capsys.readouterr().out.strip() in README.section("A three-minute tour").splitlines()


def program() -> list[str]:
    """Return the lines of the program that hangs."""
    return re.findall(r"^```python\n(.*?)^```$", README.section(HANGS), re.MULTILINE | re.DOTALL)[0].splitlines()


def named(pid: int) -> Actor:
    return replace(one := actor(pid), process=replace(one.process, name=NAMES[pid]))


def test_the_quoted_findings_are_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Each line of the quotation up to the next ``…``, in this order; the stack below it comes from the OS."""
    made_at = program().index("    results = Queue()") + 1
    buffered = {"buffered": {str(CHILD): 25}, "pipe_bytes": 60_000}
    queue = resource("results", ResourceKind.QUEUE, name=f"results (thumbs.py:{made_at})", **buffered)
    seen = scene(queue, join(MAIN, CHILD), edge(CHILD, "results", MAIN, to="flush", main=False), *map(named, NAMES))
    program_tables.write_waits(settled(seen), NAMES, {"results": queue})
    printed = capsys.readouterr().out.splitlines()
    quoted = console(HANGS)
    assert quoted[0] == "$ procession waits"
    quoted = quoted[1 : quoted.index("$ procession stack thumbs.py")]
    assert len(quoted) > 8
    at = 0
    for line in quoted:
        if line != "…":
            at = printed.index(line, at) + 1


def test_the_quoted_stack_ends_in_the_line_that_joins() -> None:
    joins_at = program().index("        worker.join()") + 1
    assert console(HANGS)[-1].strip() == f"<module> (thumbs.py:{joins_at})"
    assert f"on line {joins_at}" in README.section(HANGS)


def test_each_line_about_security_is_one_line() -> None:
    assert len(re.findall(r"^- ", README.section("Security"), re.MULTILINE)) == 5
