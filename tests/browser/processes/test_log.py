"""The log of a process: live, followed, held, searched, and never more on the page than it can bear."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Server
from tests.browser.opening import badge, open_detail
from tests.waiting import wait_until

AT_END = """() => {
    const log = document.querySelector(".log-lines");
    return log.scrollHeight - log.scrollTop - log.clientHeight < 40;
}"""


@pytest.fixture
def lines(server: Server, page: Page) -> Locator:
    """The open log of a process that prints twenty lines a second."""
    [process] = server.begin("print-lines", "talks", params={"rate": 20, "seconds": 60})
    open_detail(page, process["id"], "log")
    found = page.get_by_role("log").locator("div")
    expect(found.first).to_have_text("line 1 of 1200")
    return found


def test_it_is_live_and_follows_the_end(page: Page, lines: Locator) -> None:
    expect(lines.nth(59)).to_be_attached()
    wait_until(lambda: page.evaluate(AT_END))
    expect(page.get_by_role("button", name="Follow")).to_have_attribute("aria-pressed", "true")
    texts = lines.all_inner_texts()
    assert texts == [f"line {number} of 1200" for number in range(1, len(texts) + 1)]


def test_reading_upwards_ends_the_following_until_it_is_wanted_again(page: Page, lines: Locator) -> None:
    expect(lines).not_to_have_count(0)
    expect(lines.nth(79)).to_be_attached()
    page.get_by_role("log").hover()
    page.mouse.wheel(0, -5000)
    expect(page.get_by_role("button", name="Follow")).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_text("line 1 of 1200", exact=True)).to_be_in_viewport()
    page.get_by_role("button", name="Follow").click()
    expect(page.get_by_text("line 1 of 1200", exact=True)).not_to_be_in_viewport()


def test_a_pause_holds_new_lines_back_and_counts_them(page: Page, lines: Locator) -> None:
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".log-note")).to_have_text(re.compile(r"Paused: [1-9]\d* new lines?\."))
    shown = lines.count()
    expect(page.locator(".log-note")).to_have_text(re.compile(r"Paused: [1-9]\d+ new lines\."))
    assert lines.count() == shown
    page.get_by_role("button", name="Resume").click()
    expect(lines.nth(shown + 9)).to_be_attached()
    texts = lines.all_inner_texts()
    assert texts == [f"line {number} of 1200" for number in range(1, len(texts) + 1)]


def test_a_search_counts_and_visits_the_matches(page: Page, lines: Locator) -> None:
    expect(lines.nth(29)).to_have_text("line 30 of 1200")
    search = page.get_by_role("searchbox", name="Search the log")
    search.fill("line 1 of")
    expect(page.locator(".found")).to_have_text("1 of 1")
    search.fill("LINE 2")
    expect(page.locator(".found")).to_have_text(re.compile(r"1?\d of 1?\d"))
    page.get_by_role("button", name="Pause").click()
    total = int(page.locator(".found").inner_text().split(" of ")[1])
    search.press("Enter")
    expect(page.locator(".found")).to_have_text(f"1 of {total}")
    search.press("Shift+Enter")
    expect(page.locator(".found")).to_have_text(f"{total} of {total}")
    search.fill("nowhere to be found")
    expect(page.locator(".found")).to_have_text("no matches")


def test_a_flood_leaves_a_bounded_number_of_lines_and_says_what_is_missing(server: Server, page: Page) -> None:
    [process] = server.begin("flood", "floods", params={"mb_per_s": 20, "seconds": 2})
    open_detail(page, process["id"], "log")
    expect(badge(page)).to_contain_text("joined")
    expect(page.locator(".log-note")).to_contain_text("not shown")
    assert page.get_by_role("log").locator("div").count() <= 5000


def test_the_whole_log_is_saved_as_a_file(page: Page, lines: Locator) -> None:
    expect(lines.nth(4)).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the log").click()
    assert download.value.suggested_filename.startswith("talks-")
    assert download.value.path().read_text().startswith("line 1 of 1200\nline 2 of 1200\n")
