"""Everybody can use the detail, the dialogs and the journal: no violation of WCAG level A or AA by axe-core."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.opening import badge, button, follow, open_detail
from tests.browser.test_access import DIALOG, WHOLE, violations

# Each state of the page is looked at four times, which takes long on a busy machine.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def looked(page: Page) -> Page:
    """A page that is looked at in every theme and width."""
    return page


def test_the_detail_has_no_violations(server: Server, looked: Page) -> None:
    [process] = server.begin("descendants", "family", params={"seconds": 600})
    open_detail(looked, process["id"])
    expect(badge(looked)).to_contain_text("running")
    for tab in ("Overview", "Log", "Stack", "Timeline", "Descendants", "Inspect"):
        looked.get_by_role("tab", name=tab).click()
        expect(looked.get_by_role("tabpanel", name=tab)).to_be_visible()
        assert violations(looked, WHOLE if tab == "Overview" else "#detail") == [], tab
    for label in ("Kill", "Signal"):
        button(looked, label).click()
        expect(looked.get_by_role("dialog")).to_be_visible()
        assert violations(looked, DIALOG) == [], label
        looked.keyboard.press("Escape")


def test_the_finding_has_no_violations(server: Server, looked: Page) -> None:
    [process] = server.begin("raise", "breaks")
    open_detail(looked, process["id"])
    expect(badge(looked)).to_contain_text("joined")
    looked.get_by_text("Traceback", exact=True).click()
    assert violations(looked, "#detail") == []


def test_the_launch_dialog_has_no_violations(looked: Page) -> None:
    follow(looked, "/launch?workload=print-lines")
    looked.get_by_label("seconds", exact=True).fill("-1")
    expect(looked.locator(".field.invalid")).to_have_count(1)
    looked.get_by_text("More options", exact=True).click()
    assert violations(looked) == []
    looked.get_by_role("tab", name="Your code").click()
    assert violations(looked, DIALOG) == []


def test_the_journal_and_the_keys_have_no_violations(server: Server, looked: Page) -> None:
    server.begin("exit-with", "ends", params={"code": 1})
    follow(looked, "/events?q=ends")
    expect(looked.locator(".event").filter(has_text="exited").first).to_be_visible()
    assert violations(looked) == []
    looked.keyboard.press("?")
    expect(looked.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    assert violations(looked, DIALOG) == []


def test_the_sign_in_has_no_violations(server: Server, visit: Callable[..., Page]) -> None:
    page = visit(f"{server.base}/signin")
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert violations(page) == []
    page.get_by_label("Token").fill(server.token)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#connection")).to_have_text("live")
