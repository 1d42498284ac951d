"""Finding a process in the list: filter, states and sort are in the address; rows stay put under the pointer."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.processes.listing import ROWS, chip, names, row


@pytest.fixture
def server(empty_server: Server) -> Server:
    return empty_server


@pytest.fixture
def three(server: Server, page: Page) -> Page:
    """Three processes, of which one is running."""
    server.begin("sleep", "alpha", auto_start=False)
    server.begin("sleep", "beta", params={"seconds": 60})
    server.begin("hang", "gamma", auto_start=False)
    expect(row(page, "beta")).to_contain_text("running")
    expect(page.locator(ROWS)).to_have_count(3)
    return page


def test_the_text_filter_is_in_the_address_and_survives_a_reload(three: Page) -> None:
    three.keyboard.press("/")
    three.keyboard.type("hang")
    expect(three.locator(ROWS)).to_have_count(1)
    expect(row(three, "gamma")).to_be_visible()
    expect(three).to_have_url(re.compile(r"\?q=hang$"))
    three.reload()
    expect(three.get_by_role("searchbox")).to_have_value("hang")
    expect(three.locator(ROWS)).to_have_count(1)


def test_the_filter_finds_by_pid(server: Server, three: Page) -> None:
    pid = next(one["pid"] for one in server.api("GET", "/processes")["processes"] if one["name"] == "beta")
    three.get_by_role("searchbox").fill(str(pid))
    expect(three.locator(ROWS)).to_have_count(1)
    expect(row(three, "beta")).to_be_visible()


def test_a_filter_that_fits_nothing_says_so_and_leads_back(three: Page) -> None:
    three.get_by_role("searchbox").fill("no such thing")
    expect(three.get_by_role("heading", name="No matches")).to_be_visible()
    three.get_by_role("link", name="Show all").click()
    expect(three.locator(ROWS)).to_have_count(3)


def test_states_filter_with_one_click_and_count_live(server: Server, three: Page) -> None:
    expect(chip(three, "running")).to_have_text(re.compile(r"running\s*1"))
    chip(three, "running").click()
    expect(three).to_have_url(re.compile("state=running"))
    expect(three.locator(ROWS)).to_have_count(1)
    three.mouse.move(0, 0)
    server.begin("sleep", "delta", params={"seconds": 60})
    expect(chip(three, "running")).to_have_text(re.compile(r"running\s*2"))
    expect(three.locator(ROWS)).to_have_count(2)
    three.go_back()
    expect(three.locator(ROWS)).to_have_count(4)


def test_a_click_on_a_header_sorts_both_ways_and_then_not(three: Page) -> None:
    header = three.get_by_role("columnheader", name="Name")
    header.get_by_role("button").click()
    expect(header).to_have_attribute("aria-sort", "descending")
    assert names(three) == ["gamma", "beta", "alpha"]
    header.get_by_role("button").click()
    expect(header).to_have_attribute("aria-sort", "ascending")
    expect(three).to_have_url(re.compile("sort=name"))
    assert names(three) == ["alpha", "beta", "gamma"]
    header.get_by_role("button").click()
    expect(header).not_to_have_attribute("aria-sort", re.compile("."))


def test_no_row_moves_under_the_pointer_and_what_is_new_waits_at_the_end(server: Server, three: Page) -> None:
    three.get_by_role("columnheader", name="Name").get_by_role("button").click()
    row(three, "beta").hover()
    server.begin("sleep", "zeta", auto_start=False)
    expect(three.locator("#held")).to_have_text(re.compile("sorting paused while hovering"))
    assert names(three) == ["gamma", "beta", "alpha", "zeta"]
    three.mouse.move(0, 0)
    expect(three.locator("#held")).to_have_text("")
    assert names(three) == ["zeta", "gamma", "beta", "alpha"]


def test_what_ends_under_the_pointer_stays_in_its_place(server: Server, three: Page) -> None:
    three.get_by_role("columnheader", name="State").get_by_role("button").click()
    order = names(three)
    row(three, "beta").hover()
    beta = next(one["id"] for one in server.api("GET", "/processes")["processes"] if one["name"] == "beta")
    server.api("POST", f"/processes/{beta}/kill", {})
    expect(row(three, "beta")).to_contain_text("joined")
    assert names(three) == order
