"""Everybody can use the list: axe-core finds no violation of WCAG level A or AA, light and dark, wide and narrow."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.processes.listing import ROWS, cell, row

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WIDTHS = {"wide": {"width": 1600, "height": 900}, "narrow": {"width": 380, "height": 760}}


def violations(page: Page) -> list[Any]:
    """What axe-core objects to, short enough to read."""
    # A script tag would be refused by the CSP, which stays in force; the debugger's evaluation is not a script tag.
    page.context.new_cdp_session(page).send("Runtime.evaluate", {"expression": AXE.read_text()})
    found = page.evaluate("(tags) => axe.run(document, {runOnly: {type: 'tag', values: tags}})", LEVELS)["violations"]
    return [(one["id"], [(node["html"][:200], node["failureSummary"]) for node in one["nodes"][:3]]) for one in found]


@pytest.fixture(scope="module")
def scene(shared_server: Server) -> Server:
    """A list with a bit of everything in it; these tests only look."""
    shared_server.begin("sleep", "napper", params={"seconds": 600})
    shared_server.begin("zombie", "undead")
    shared_server.begin("exit-with", "failed", params={"code": 3})
    shared_server.begin("descendants", "family", params={"seconds": 600})
    shared_server.begin("count-primes", "counter", params={"limit": 5_000_000})
    return shared_server


@pytest.mark.parametrize(
    ("theme", "size", "view"),
    [("light", "wide", "tree"), ("dark", "wide", "flat"), ("light", "narrow", "flat"), ("dark", "narrow", "tree")],
)
def test_the_list_has_no_violations(
    scene: Server, visit: Callable[..., Page], theme: str, size: str, view: str
) -> None:
    page = visit(f"{scene.url}&view={view}", color_scheme=theme, viewport=WIDTHS[size])
    expect(cell(page, "failed", "state")).to_contain_text("joined")
    expect(cell(page, "napper", "state")).to_contain_text("running")
    expect(page.locator(f"{ROWS}[data-kind=descendant]")).to_have_count(3 if view == "tree" else 0)
    row(page, "napper").hover()
    assert violations(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_selection_has_no_violations(scene: Server, visit: Callable[..., Page], theme: str) -> None:
    page = visit(scene.url, color_scheme=theme)
    row(page, "napper").click(modifiers=["ControlOrMeta"])
    expect(page.locator("#bulk")).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_menus_have_no_violations(scene: Server, visit: Callable[..., Page], theme: str) -> None:
    page = visit(scene.url, color_scheme=theme)
    row(page, "napper").hover()
    row(page, "napper").get_by_role("button", name="More actions on napper").click()
    expect(page.get_by_role("menu")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Columns").click()
    expect(page.locator("#columns")).to_be_visible()
    assert violations(page) == []


def test_the_empty_list_has_no_violations(own_server: Server, visit: Callable[..., Page]) -> None:
    for theme in ("light", "dark"):
        page = visit(own_server.url, color_scheme=theme)
        expect(page.get_by_role("heading", name="No processes")).to_be_visible()
        assert violations(page) == []
