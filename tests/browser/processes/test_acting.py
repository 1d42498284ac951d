"""Selecting and acting from the list, by pointer and by keyboard; and what a viewer may not do."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.opening import press
from tests.browser.processes.listing import ROWS, cell, row


@pytest.fixture
def server(empty_server: Server) -> Server:
    return empty_server


@pytest.fixture
def three(server: Server, page: Page) -> Page:
    """Three that run."""
    for name in ("alpha", "beta", "gamma"):
        server.begin("sleep", name, params={"seconds": 60})
    for name in ("alpha", "beta", "gamma"):
        expect(cell(page, name, "state")).to_contain_text("running")
    return page


def test_several_are_selected_and_terminated_at_once(three: Page) -> None:
    row(three, "alpha").click(modifiers=["ControlOrMeta"])
    row(three, "gamma").hover()
    three.get_by_role("checkbox", name="Select gamma").check()
    bar = three.get_by_role("toolbar", name="Actions on the selected processes")
    expect(bar).to_contain_text("2 selected")
    bar.get_by_role("button", name="Terminate").click()
    expect(three.get_by_role("dialog")).to_contain_text("2 processes")
    three.keyboard.press("Enter")
    for name in ("alpha", "gamma"):
        expect(cell(three, name, "what").locator("code")).to_have_text("−15")
    expect(cell(three, "beta", "state")).to_contain_text("running")
    three.keyboard.press("Escape")
    expect(bar).to_be_hidden()


def test_shift_click_selects_a_range_and_the_header_selects_all(three: Page) -> None:
    row(three, "gamma").click(modifiers=["ControlOrMeta"])
    row(three, "alpha").click(modifiers=["Shift"])
    expect(three.locator(f"{ROWS}[aria-selected=true]")).to_have_count(3)
    three.get_by_role("button", name="Clear").click()
    everything = three.get_by_role("checkbox", name="Select all shown")
    # Still checked, it would be left as it is.
    expect(everything).not_to_be_checked()
    everything.check()
    expect(three.locator("#bulk")).to_contain_text("3 selected")


def test_the_order_is_held_while_something_is_selected(server: Server, three: Page) -> None:
    three.get_by_role("columnheader", name="Name").get_by_role("button").click()
    row(three, "beta").click(modifiers=["ControlOrMeta"])
    three.mouse.move(0, 0)
    server.begin("sleep", "zeta", auto_start=False)
    expect(row(three, "zeta")).to_have_attribute("aria-rowindex", "5")
    three.keyboard.press("Escape")
    expect(row(three, "zeta")).to_have_attribute("aria-rowindex", "2")


def test_a_confirmation_names_pid_and_start_time(server: Server, three: Page) -> None:
    pid = cell(three, "beta", "pid").inner_text()
    press(row(three, "beta"), "Kill beta")
    expect(three.get_by_role("dialog")).to_contain_text(re.compile(rf"pid {pid} · started \d\d:\d\d:\d\d"))
    three.keyboard.press("Escape")
    expect(three.get_by_role("dialog")).to_have_count(0)
    expect(cell(three, "beta", "state")).to_contain_text("running")


def test_the_menu_of_a_row_suspends_and_resumes(three: Page) -> None:
    for action, state in (("Suspend", "suspended"), ("Resume", "running")):
        press(row(three, "beta"), re.compile(f"^(More actions on|{action}) beta"))
        if (item := three.get_by_role("menuitem", name=action)).is_visible():
            item.click()
        expect(cell(three, "beta", "state")).to_contain_text(state)


def test_the_keyboard_moves_opens_selects_and_kills(three: Page) -> None:
    three.keyboard.press("ArrowDown")
    three.keyboard.press("ArrowDown")
    expect(row(three, "beta")).to_have_attribute("data-cursor", "true")
    three.keyboard.press("Enter")
    expect(three).to_have_url(re.compile("/processes/"))
    expect(three.locator("#detail").get_by_role("heading", name="beta")).to_be_visible()
    three.keyboard.press("Escape")
    expect(three).to_have_url(re.compile(r"/$"))
    three.keyboard.press("k")
    expect(three.get_by_role("dialog")).to_contain_text("Kill beta")
    three.keyboard.press("Enter")
    expect(cell(three, "beta", "what").locator("code")).to_have_text("−9")
    three.keyboard.press("x")
    expect(three.locator("#bulk")).to_contain_text("1 selected")


def test_the_pages_are_reached_by_keys_and_by_history(three: Page) -> None:
    three.keyboard.press("g")
    three.keyboard.press("e")
    expect(three.locator("#events")).to_be_visible()
    expect(three.locator("#list")).to_be_hidden()
    three.go_back()
    expect(row(three, "beta")).to_be_visible()
    three.keyboard.press("l")
    expect(three).to_have_url(re.compile("/launch"))


def test_a_viewer_sees_everything_and_can_do_nothing(server: Server, viewer: Page) -> None:
    server.begin("sleep", "alpha", params={"seconds": 60})
    expect(cell(viewer, "alpha", "state")).to_contain_text("running")
    expect(viewer.get_by_text("view only")).to_be_visible()
    expect(viewer.get_by_role("button", name="Launch")).to_have_count(0)
    row(viewer, "alpha").hover()
    expect(row(viewer, "alpha").get_by_role("button", name="Kill alpha")).to_have_count(0)
    expect(viewer.get_by_role("checkbox")).to_have_count(0)
    viewer.keyboard.press("ArrowDown")
    viewer.keyboard.press("k")
    expect(viewer.locator("dialog[open]")).to_have_count(0)
    answer = viewer.evaluate(
        """async () => (await fetch('/api/v1/actions', {method: 'POST', headers: {'Content-Type': 'application/json'},
            body: JSON.stringify({verb: 'kill', ids: []})})).status"""
    )
    assert answer == 403
    expect(cell(viewer, "alpha", "state")).to_contain_text("running")
