"""Names, arguments, log lines and tracebacks are a stranger's text: whatever they hold stays text, on every view."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.opening import badge, finding, follow, open_detail

CORPUS = [
    "<img src=x onerror=alert(1)>",
    "<script>window.hurt = 1</script>",
    '"><svg onload=window.hurt=1>',
    "javascript:window.hurt=1",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "</template><iframe srcdoc='<script>parent.hurt=1</script>'>",
    "' autofocus onfocus=window.hurt=1 x='",
    "\u202egnp.exe\u2066",
    "\x1b]0;title\x07\x1b[31mred",
]
CODE = """
def shout(*texts, **named):
    for text in texts:
        print(text)
    raise ValueError(" ".join(texts))
"""


@pytest.fixture
def attack(open_server: Server, tmp_path: Path) -> Iterator[Any]:
    """A process that has the corpus in its name, arguments, output and traceback."""
    (tmp_path / "loud.py").write_text(CODE)
    spec = {"target": "loud:shout", "path": str(tmp_path), "args": CORPUS, "kwargs": {CORPUS[0]: CORPUS[1]}}
    yield open_server.api("POST", "/processes", spec | {"name": "".join(CORPUS[:3])})
    open_server.clear()


@pytest.fixture
def shown(open_server: Server, visit: Callable[..., Page]) -> Page:
    page = visit(open_server.url)
    expect(page.locator("#connection")).to_have_text("live")
    return page


def unhurt(page: Page) -> None:
    assert page.evaluate("() => window.hurt") is None
    assert page.locator("#main :is(img, iframe, script, [onload], [onerror], [onfocus])").count() == 0


def test_nothing_of_the_corpus_becomes_markup(attack: Any, shown: Page) -> None:
    open_detail(shown, attack["id"])
    expect(badge(shown)).to_contain_text("joined")
    expect(shown.locator("#detail h1")).to_contain_text(CORPUS[0])
    expect(finding(shown)).to_contain_text(CORPUS[1])
    expect(shown.get_by_role("tabpanel")).to_contain_text("onerror=alert(1)")
    unhurt(shown)
    for tab in ("log", "timeline", "descendants"):
        open_detail(shown, attack["id"], tab)
        expect(shown.get_by_role("tabpanel").locator("div").first).to_be_visible()
        if tab == "log":
            expect(shown.get_by_role("log")).to_contain_text(CORPUS[2])
        unhurt(shown)
    follow(shown, "/events")
    expect(shown.locator(".event").filter(has_text=CORPUS[0]).first).to_be_visible()
    unhurt(shown)


def test_a_question_and_a_toast_show_the_name_as_text(attack: Any, shown: Page) -> None:
    open_detail(shown, attack["id"])
    expect(badge(shown)).to_contain_text("joined")
    shown.get_by_role("button", name="Close", exact=True).click()
    expect(shown.get_by_role("region", name="Results")).to_contain_text(CORPUS[0])
    unhurt(shown)


def test_own_code_is_launched_with_its_arguments(open_server: Server, shown: Page, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def add(a, b, *, c):\n    print('sum', a + b + c)\n")
    shown.keyboard.press("l")
    shown.get_by_role("tab", name="Your code").click()
    shown.get_by_label("Function").fill("mine")
    expect(shown.locator(".field.invalid .wrong")).to_contain_text("must be module:function")
    shown.get_by_label("Function").fill("mine:add")
    shown.locator("#launch").get_by_label("Folder").fill(str(tmp_path))
    shown.get_by_label("Arguments", exact=True).fill("[1, 2")
    expect(shown.locator(".field.invalid .wrong")).to_contain_text("invalid JSON")
    shown.get_by_label("Arguments", exact=True).fill("[1, 2]")
    shown.get_by_label("Keyword arguments").fill('{"c": 39}')
    shown.locator("#launch").get_by_role("button", name="Launch").click()
    expect(badge(shown)).to_contain_text("joined")
    shown.get_by_role("tab", name="Log").click()
    expect(shown.get_by_role("log")).to_contain_text("sum 42")
    open_server.clear()


def test_a_module_that_is_not_there_is_told_with_its_traceback(
    open_server: Server, shown: Page, tmp_path: Path
) -> None:
    (tmp_path / "broken.py").write_text("import nothing_of_that_name\n")
    spec = {"target": "broken:main", "path": str(tmp_path), "name": "broken"}
    made = open_server.api("POST", "/processes", spec)
    open_detail(shown, made["id"])
    expect(finding(shown)).to_contain_text("The target function did not run. Failed to start: ")
    expect(finding(shown).locator("pre")).to_contain_text("No module named 'nothing_of_that_name'")
    open_server.clear()
