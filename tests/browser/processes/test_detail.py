"""The detail of one process: address, attributes in words, findings, stack, timeline, descendants, inspection."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.opening import LIVE, badge, button, fact, finding, open_detail, toasts


def test_the_attributes_are_told_with_what_they_mean(server: Server, page: Page) -> None:
    [process] = server.begin("sleep", "napper", params={"seconds": 60}, daemon=True)
    open_detail(page, process["id"])
    expect(badge(page)).to_contain_text("running")
    expect(page.locator("#detail .who")).to_contain_text(LIVE)
    expect(fact(page, "Daemon")).to_contain_text("yes Terminated when its parent exits")
    expect(fact(page, "Start method")).to_contain_text("forkserver Forked from a small server process")
    expect(fact(page, "Exit code")).to_contain_text("Still running.")
    expect(fact(page, "Sentinel")).to_contain_text(re.compile(r"fd \d+ waiting Becomes ready when the process exits"))
    expect(fact(page, "Parent")).to_contain_text("the forkserver forked the process")
    expect(page.locator("#detail .chart canvas")).to_have_count(2)


def test_escape_closes_it_and_an_unknown_address_says_so(server: Server, page: Page) -> None:
    [process] = server.begin("sleep", "napper", params={"seconds": 60})
    open_detail(page, process["id"])
    page.keyboard.press("Escape")
    expect(page.locator("#detail")).to_be_hidden()
    base = page.url.rsplit("/", 1)[0]
    page.goto(f"{base}/processes/p999999")
    expect(page.get_by_role("heading", name="Process not found")).to_be_visible()


def test_an_exception_is_told_with_its_traceback(server: Server, page: Page) -> None:
    [process] = server.begin("raise", "breaks")
    open_detail(page, process["id"])
    expect(finding(page)).to_contain_text("Failed.")
    finding(page).get_by_text("Traceback", exact=True).click()
    expect(finding(page).locator("pre")).to_contain_text("Traceback (most recent call last)")


def test_a_stuck_one_says_why_and_its_stack_shows_where(server: Server, page: Page) -> None:
    [process] = server.begin("hang", "hangs", params={"seconds": 120}, stuck_after_s=2)
    open_detail(page, process["id"])
    expect(badge(page)).to_contain_text("stuck")
    expect(finding(page)).to_contain_text(re.compile(r"No progress for \d+ s\. .*lock"))
    page.keyboard.press("s")
    stack = page.get_by_role("tabpanel", name="Stack")
    expect(stack.locator("pre")).to_contain_text("hanging.py")
    expect(stack.locator(".source")).to_contain_text(re.compile(r"Taken at \d\d:\d\d:\d\d"))
    stack.get_by_role("button", name="Refresh").click()
    expect(stack.locator(".source")).to_contain_text(re.compile(r"Unchanged for \d"))


def test_a_zombie_is_explained_and_joined(server: Server, page: Page) -> None:
    [process] = server.begin("zombie", "undead")
    open_detail(page, process["id"])
    expect(badge(page)).to_contain_text("exited")
    expect(finding(page)).to_contain_text("Zombie: exited with code 0, not yet joined.")
    button(page, "Join").click()
    expect(badge(page)).to_contain_text("joined")
    expect(toasts(page)).to_contain_text("joined with exit code 0")
    expect(finding(page)).to_be_hidden()


def test_the_timeline_is_live(server: Server, page: Page) -> None:
    [process] = server.begin("sleep", "napper", params={"seconds": 60})
    open_detail(page, process["id"], "timeline")
    kinds = page.locator("#detail .moment b")
    expect(kinds.get_by_text("started", exact=True)).to_be_visible()
    server.api("POST", f"/processes/{process['id']}/suspend", {})
    expect(kinds.first).to_have_text("suspended")


def test_descendants_are_listed_and_one_is_killed(server: Server, page: Page) -> None:
    [process] = server.begin("descendants", "family", params={"seconds": 60})
    open_detail(page, process["id"], "descendants")
    rows = page.locator("#detail tbody tr")
    expect(rows).to_have_count(3)
    asleep = rows.filter(has_text="sleep").filter(has=page.locator("b").get_by_text("sleep", exact=True))
    asleep.get_by_role("button", name="Kill").click()
    expect(page.get_by_role("dialog")).to_contain_text("Sends SIGKILL to this process only")
    page.keyboard.press("Enter")
    # Its parent does not wait for it, so that it stays as a zombie, which cannot be killed again.
    expect(asleep).to_contain_text("zombie")
    expect(asleep.get_by_role("button", name="Kill")).to_be_hidden()
    expect(badge(page)).to_contain_text("running")


def test_it_is_inspected_on_demand(server: Server, page: Page) -> None:
    [process] = server.begin("sleep", "inspected", params={"seconds": 60})
    expect(page.get_by_role("link", name="inspected")).to_be_visible()
    open_detail(page, process["id"], "inspect")
    panel = page.get_by_role("tabpanel", name="Inspect")
    expect(panel.get_by_text("PSS", exact=True)).to_be_visible()
    expect(panel.get_by_text("Environment")).to_be_visible()


def test_the_tabs_are_reached_by_arrows_and_kept_in_the_address(server: Server, page: Page) -> None:
    [process] = server.begin("sleep", "napper", params={"seconds": 60})
    open_detail(page, process["id"])
    page.get_by_role("tab", name="Overview").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Log")).to_be_focused()
    expect(page).to_have_url(re.compile("tab=log"))
    page.keyboard.press("End")
    expect(page).to_have_url(re.compile("tab=inspect"))


def test_on_a_narrow_screen_it_takes_the_whole_width(server: Server, page: Page) -> None:
    [process] = server.begin("sleep", "napper", params={"seconds": 60})
    page.set_viewport_size({"width": 380, "height": 760})
    detail = open_detail(page, process["id"])
    expect(page.locator("#list")).to_be_hidden()
    box = detail.bounding_box()
    assert box
    assert box["width"] == 380
    assert page.evaluate("() => document.documentElement.scrollWidth") == 380
