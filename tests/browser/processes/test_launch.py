"""Launching from the catalogue: cards, a form checked as it is typed, what the server objects to, many at once."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.opening import badge, fact, toasts
from tests.browser.processes.listing import ROWS


@pytest.fixture
def launch(page: Page) -> Page:
    """The page with the launch dialog open."""
    page.keyboard.press("l")
    expect(page.get_by_role("dialog", name="Launch")).to_be_visible()
    return page


def choose(page: Page, workload: str) -> None:
    dialog = page.get_by_role("dialog", name="Launch")
    dialog.get_by_role("searchbox", name="Search the catalogue").fill(workload)
    dialog.locator(".card").filter(has_text=workload).first.click()
    expect(dialog.locator(".about h3")).to_have_text(workload)


def submit(page: Page) -> None:
    page.locator("#launch").get_by_role("button", name="Launch").click()


def test_what_is_launched_from_a_card_is_open_and_its_end_is_seen(launch: Page) -> None:
    choose(launch, "exit-with")
    launch.locator("#launch").get_by_label("code", exact=True).fill("7")
    launch.locator("#launch").get_by_label("Name", exact=True).fill("ends with seven")
    submit(launch)
    expect(launch).to_have_url(re.compile(r"/processes/\w+"))
    expect(launch.locator("#detail h1")).to_have_text("ends with seven")
    expect(badge(launch)).to_contain_text("joined")
    expect(fact(launch, "Exit code")).to_contain_text("7")
    expect(toasts(launch)).to_contain_text("launched")


def test_a_value_out_of_bounds_is_told_as_it_is_typed_and_not_sent(server: Server, launch: Page) -> None:
    choose(launch, "print-lines")
    field = launch.locator("#launch").get_by_label("seconds", exact=True)
    field.fill("-3")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(launch.locator(".field.invalid .wrong")).to_have_text(
        re.compile(r"seconds must be a number from \d+ to [\d,]+")
    )
    submit(launch)
    expect(launch.get_by_role("dialog", name="Launch")).to_be_visible()
    expect(field).to_be_focused()
    assert server.api("GET", "/processes?workload=print-lines")["processes"] == []
    field.fill("2")
    expect(launch.locator(".field.invalid")).to_have_count(0)


def test_what_the_server_objects_to_stands_at_its_field(launch: Page) -> None:
    choose(launch, "sleep")
    launch.locator("#launch").get_by_label("Name", exact=True).fill("x" * 101)
    submit(launch)
    wrong = launch.locator('#launch [data-field="name"] .wrong')
    expect(wrong).to_contain_text("Name")
    expect(wrong).to_contain_text("100")
    expect(launch.locator("#launch").get_by_label("Name", exact=True)).to_be_focused()


def test_many_are_launched_at_once(launch: Page) -> None:
    choose(launch, "sleep")
    launch.locator("#launch").get_by_label("Count", exact=True).fill("5")
    submit(launch)
    expect(launch.get_by_role("dialog", name="Launch")).to_have_count(0)
    expect(launch.locator(ROWS)).to_have_count(5)
    expect(toasts(launch)).to_contain_text("5 processes")


def test_the_last_values_are_kept_for_the_next_time(launch: Page) -> None:
    choose(launch, "sleep")
    launch.locator("#launch").get_by_label("seconds", exact=True).fill("41")
    launch.locator("#launch").get_by_label("spawn").check()
    submit(launch)
    expect(badge(launch)).to_contain_text("running")
    launch.reload()
    launch.keyboard.press("l")
    choose(launch, "sleep")
    expect(launch.locator("#launch").get_by_label("seconds", exact=True)).to_have_value("41")
    expect(launch.locator("#launch").get_by_label("spawn")).to_be_checked()


def test_own_code_is_switched_off_unless_it_was_allowed(launch: Page) -> None:
    launch.get_by_role("tab", name="Your code").click()
    expect(launch.locator("#launch").get_by_text("PROCESSION_ALLOW_TARGETS=1")).to_be_visible()
    expect(launch.locator("#launch").get_by_label("Function")).to_be_disabled()
    expect(launch.locator("#launch").get_by_role("button", name="Launch")).to_be_disabled()


def test_escape_goes_back_to_where_one_came_from(server: Server, page: Page) -> None:
    [process] = server.begin("sleep", "napper", params={"seconds": 60})
    page.get_by_role("link", name="napper").click()
    page.keyboard.press("l")
    expect(page).to_have_url(re.compile("/launch"))
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(f"/processes/{process['id']}"))
    expect(page.locator("#detail h1")).to_have_text("napper")
