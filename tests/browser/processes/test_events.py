"""The journal: newest first, live, filtered by what stands in the address, bounded."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.opening import follow
from tests.waiting import wait_until


def go_to_events(page: Page, query: str = "") -> None:
    follow(page, f"/events{query}")
    expect(page.get_by_role("heading", name="Events")).to_be_visible()
    expect(page.locator("#events [role=status]")).to_contain_text("event")


def test_it_is_live_and_newest_first(server: Server, page: Page) -> None:
    go_to_events(page)
    server.begin("exit-with", "passes by", params={"code": 3})
    ended = page.locator(".event").filter(has_text="passes by").filter(has_text="exited")
    expect(ended).to_contain_text("3")
    seen = page.locator(".event").evaluate_all("(all) => all.map((one) => Number(one.dataset.seq))")
    assert seen == sorted(seen, reverse=True)


def test_the_filter_stands_in_the_address_and_holds_for_what_comes(server: Server, page: Page) -> None:
    go_to_events(page)
    page.get_by_role("combobox", name="Kind of event").select_option("suspended")
    expect(page).to_have_url(re.compile("kind=suspended"))
    [quiet, loud] = [server.begin("sleep", name, params={"seconds": 60})[0] for name in ("quiet one", "loud one")]
    for process in (quiet, loud):
        wait_until(lambda path=f"/processes/{process['id']}": server.api("GET", path)["state"] == "running")
        server.api("POST", f"/processes/{process['id']}/suspend", {})
    rows = page.locator(".event")
    expect(rows.filter(has_text="loud one")).to_have_count(1)
    expect(rows.filter(has_text="started")).to_have_count(0)
    page.get_by_role("searchbox", name="Search events").fill("quiet")
    expect(page).to_have_url(re.compile("q=quiet"))
    page.reload()
    expect(rows.filter(has_text="loud one")).to_have_count(0)


def test_one_process_is_followed_and_let_go(server: Server, page: Page) -> None:
    [process] = server.begin("exit-with", "followed", params={"code": 0})
    server.begin("exit-with", "another", params={"code": 0})
    go_to_events(page, f"?process={process['id']}")
    expect(page.locator(".event").filter(has_text="exited")).to_have_count(1)
    expect(page.locator(".event").filter(has_text="another")).to_have_count(0)
    page.get_by_role("link", name="of followed").click()
    expect(page.locator(".event").filter(has_text="another").first).to_be_visible()


def test_a_process_that_is_started_later_gets_its_name(server: Server, page: Page) -> None:
    """The page was opened with its id before it was known."""
    [process] = server.begin("exit-with", "first", params={"code": 0})
    later = f"p{int(process['id'][1:]) + 1}"
    go_to_events(page, f"?process={later}")
    expect(page.get_by_role("link", name=f"of {later}")).to_be_visible()
    [process] = server.begin("exit-with", "later", params={"code": 0})
    assert process["id"] == later
    expect(page.get_by_role("link", name="of later")).to_be_visible()


def all_over(server: Server) -> bool:
    return all(each["state"] in ("joined", "closed") for each in server.api("GET", "/processes")["processes"])


def test_older_lines_are_loaded_up_to_the_beginning(own_server: Server, visit: Callable[..., Page]) -> None:
    for _ in range(2):
        own_server.begin("exit-with", "crowd", count=30, params={"code": 0})
    wait_until(lambda: all_over(own_server), 20, "the crowd does not end")
    page = visit(own_server.url)
    go_to_events(page)
    expect(page.locator(".event")).to_have_count(200)
    page.get_by_role("button", name="Load older").click()
    expect(page.get_by_text("Start of the journal.")).to_be_visible()
    seen = page.locator(".event").evaluate_all("(all) => all.map((one) => Number(one.dataset.seq))")
    assert seen == list(range(seen[0], 0, -1))
    page.locator(".event a").filter(has_text="crowd").last.click()
    expect(page).to_have_url(re.compile("/processes/"))
