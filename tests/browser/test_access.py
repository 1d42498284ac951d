"""Everybody can use the list: axe-core finds no violation of WCAG level A or AA, light and dark, wide and narrow."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Server
from tests.browser.opening import press
from tests.browser.processes.listing import ROWS, cell, row
from tests.examples import repeats

# Each state of the page is looked at four times, which takes long on a busy machine.
pytestmark = pytest.mark.timeout(300)

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WIDTHS: dict[str, Any] = {"wide": {"width": 1600, "height": 900}, "narrow": {"width": 380, "height": 760}}
WHOLE, DIALOG = "html", "dialog[open]"
#: Of the rules of these levels, colors decide one alone.
COLORS = {"type": "rule", "values": ["color-contrast"]}
ALL = {"type": "tag", "values": LEVELS}
LOOKS = [("light", "wide", ALL), ("dark", "narrow", ALL), ("dark", "wide", COLORS), ("light", "narrow", COLORS)]

# What a change of the look has set in motion comes to rest first.
ASK = """async ([part, rules]) => {
    for (const _ of [1, 2]) await new Promise(requestAnimationFrame);
    const moving = document.getAnimations().filter((one) => one.effect.getComputedTiming().endTime !== Infinity);
    await Promise.allSettled(moving.map((one) => one.finished));
    const { violations } = await axe.run(part, { runOnly: rules, resultTypes: ['violations'] });
    return violations.map(({ id, nodes }) =>
        [id, nodes.slice(0, 3).map((node) => [node.html.slice(0, 200), node.failureSummary])]);
}"""


def violations(page: Page, part: str = WHOLE, point_at: Locator | None = None) -> list[Any]:
    """Return what axe-core objects to, light and dark, wide and narrow, with the pointer there.

    A panel or dialog has the same elements wide and narrow, so each theme is looked at in one width.  The page ends as
    it began.
    """
    if not page.evaluate("() => 'axe' in window"):
        # The CSP would refuse a script tag, and stays in force; the debugger's evaluation is not a script tag.
        page.context.new_cdp_session(page).send("Runtime.evaluate", {"expression": AXE.read_text()})
    found = []
    # `make test-all` also checks the colors of what is shown in one width only, in the other theme.
    for theme, width, rules in LOOKS[: repeats(4, few=2)] if part == WHOLE else LOOKS[:2]:
        _look(page, theme, width)
        if point_at:
            point_at.hover()
        found += [(theme, width, *one) for one in page.evaluate(ASK, [part, rules])]
    _look(page, *LOOKS[0][:2])
    return found


def _look(page: Page, theme: Any, width: str) -> None:
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size(WIDTHS[width])


@pytest.fixture(scope="module")
def scene(shared_server: Server) -> Server:
    """A list with a bit of everything in it; these tests only look."""
    shared_server.begin("sleep", "napper", params={"seconds": 600})
    shared_server.begin("zombie", "undead")
    shared_server.begin("exit-with", "failed", params={"code": 3})
    shared_server.begin("descendants", "family", params={"seconds": 600})
    shared_server.begin("subclass", "counter", params={"seconds": 3600})
    return shared_server


@pytest.mark.parametrize("view", ["tree", "flat"])
def test_the_list_has_no_violations(scene: Server, visit: Callable[..., Page], view: str) -> None:
    page = visit(f"{scene.url}&view={view}")
    expect(cell(page, "failed", "state")).to_contain_text("joined")
    expect(cell(page, "napper", "state")).to_contain_text("running")
    expect(page.locator(f"{ROWS}[data-kind=descendant]")).to_have_count(3 if view == "tree" else 0)
    assert violations(page, point_at=row(page, "napper")) == []


def test_a_selection_has_no_violations(scene: Server, visit: Callable[..., Page]) -> None:
    page = visit(scene.url)
    row(page, "napper").click(modifiers=["ControlOrMeta"])
    expect(page.locator("#bulk")).to_be_visible()
    assert violations(page) == []


def test_the_menus_have_no_violations(scene: Server, visit: Callable[..., Page]) -> None:
    page = visit(scene.url)
    press(row(page, "napper"), "More actions on napper")
    expect(page.get_by_role("menu")).to_be_visible()
    assert violations(page, "[role=menu]") == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Columns").click()
    expect(page.locator("#columns")).to_be_visible()
    assert violations(page, "#columns") == []


def test_the_empty_list_has_no_violations(empty_server: Server, visit: Callable[..., Page]) -> None:
    page = visit(empty_server.url)
    expect(page.get_by_role("heading", name="No processes")).to_be_visible()
    assert violations(page) == []
