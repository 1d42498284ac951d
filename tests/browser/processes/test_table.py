"""The list of processes: what it shows, and that it stays true while they change."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.opening import press
from tests.browser.processes.listing import ROWS, cell, chip, names, row
from tests.waiting import wait_until

FAILED = re.compile("✕")


def test_a_launched_process_appears_with_its_attributes(server: Server, page: Page) -> None:
    [made] = server.begin("sleep", "napper", params={"seconds": 60}, start_method="spawn", daemon=True)
    expect(cell(page, "napper", "state")).to_contain_text("running")
    record = server.api("GET", f"/processes/{made['id']}")
    for column, text in {
        "pid": str(record["pid"]),
        "ppid": str(record["ppid"]),
        "daemon": "yes",
        "method": "spawn",
        "sentinel": f"{record['sentinel']['fd']} waiting",
    }.items():
        expect(cell(page, "napper", column)).to_have_text(text)
    expect(cell(page, "napper", "name").locator("small")).to_have_text("sleep")
    expect(cell(page, "napper", "up")).to_have_text(re.compile(r"^\d+(\.\d)? s$"))


def test_cpu_and_memory_are_shown_once_they_are_sampled(server: Server, page: Page) -> None:
    server.begin("burn-cpu", "burner", params={"seconds": 60})
    expect(cell(page, "burner", "cpu")).to_have_text(re.compile(r"^\d"))
    expect(cell(page, "burner", "rss")).to_have_text(re.compile(r"^\d"))


def test_state_exit_code_and_cause_change_while_one_looks(server: Server, page: Page) -> None:
    server.begin("exit-with", "leaver", params={"code": 3}, auto_start=False)
    expect(cell(page, "leaver", "state")).to_contain_text("created")
    press(row(page, "leaver"), "Start leaver")
    expect(cell(page, "leaver", "state")).to_contain_text("joined")
    expect(cell(page, "leaver", "state")).to_contain_text(FAILED)
    expect(cell(page, "leaver", "what").locator("code")).to_have_text("3")
    expect(chip(page, "failed")).to_contain_text("1")
    expect(page).to_have_title(FAILED)


def test_a_signal_is_a_negative_exit_code_with_a_minus_sign(server: Server, page: Page) -> None:
    [made] = server.begin("sleep", "victim", params={"seconds": 60})
    expect(cell(page, "victim", "state")).to_contain_text("running")
    server.api("POST", f"/processes/{made['id']}/kill", {})
    expect(cell(page, "victim", "what").locator("code")).to_have_text("−9")
    expect(cell(page, "victim", "what")).to_contain_text("SIGKILL by operator")


def test_a_zombie_is_shown_as_dead_and_not_joined_until_it_is_joined(server: Server, page: Page) -> None:
    server.begin("zombie", "undead")
    expect(cell(page, "undead", "state")).to_contain_text("exited")
    expect(cell(page, "undead", "what")).to_contain_text("zombie, not joined")
    press(row(page, "undead"), "Join undead")
    expect(cell(page, "undead", "state")).to_contain_text("joined")


def test_progress_is_a_bar_with_its_percent(server: Server, page: Page) -> None:
    server.begin("count-primes", "counter", params={"limit": 5_000_000})
    expect(cell(page, "counter", "what")).to_contain_text(re.compile(r"\d+ %"))
    expect(cell(page, "counter", "what").locator(".share")).to_be_visible()


def test_only_rows_in_sight_are_in_the_document(empty_server: Server, visit: Callable[..., Page]) -> None:
    empty_server.begin("sleep", "one-of-many", count=400, auto_start=False)
    empty_server.begin("sleep", "last-of-many", auto_start=False)
    page = visit(empty_server.url)
    grid = page.get_by_role("grid", name="Processes")
    expect(grid).to_have_attribute("aria-rowcount", "402")
    assert page.locator(ROWS).count() < 60
    expect(row(page, "last-of-many")).to_be_in_viewport()
    page.keyboard.press("End")
    expect(row(page, "last-of-many")).to_have_count(0)
    expect(page.locator(f"{ROWS}[aria-rowindex='402']")).to_be_in_viewport()


def test_names_are_shown_as_text_whatever_they_are(server: Server, page: Page) -> None:
    name = "<img src=x onerror=\"document.title='owned'\"> {{7*7}} \U0001f40d"
    server.begin("sleep", name, auto_start=False)
    expect(cell(page, name, "name")).to_be_visible()
    assert page.locator(".rows img").count() == 0


def test_descendants_and_orphans_hang_below_their_process_in_the_tree(server: Server, page: Page) -> None:
    server.begin("descendants", "family", params={"seconds": 60})
    page.get_by_role("link", name="Tree").click()
    expect(page).to_have_url(re.compile("view=tree"))
    expect(page.locator(f"{ROWS}[data-kind=descendant]")).to_have_count(3)
    assert names(page)[0] == "family"
    page.get_by_role("button", name="Collapse family").click()
    expect(page.locator(f"{ROWS}[data-kind=descendant]")).to_have_count(0)
    page.get_by_role("link", name="Tree").click()
    expect(page).not_to_have_url(re.compile("view=tree"))


def test_the_empty_list_starts_a_workload_with_one_click(empty_server: Server, visit: Callable[..., Page]) -> None:
    page = visit(empty_server.url)
    expect(page.get_by_role("heading", name="No processes")).to_be_visible()
    page.get_by_role("button", name="hang").click()
    expect(cell(page, "hang", "state")).to_contain_text("running")
    expect(page.get_by_role("heading", name="No processes")).to_be_hidden()


def test_the_token_is_taken_out_of_the_address(page: Page) -> None:
    assert "token" not in page.url


def test_columns_can_be_chosen_and_are_kept(server: Server, page: Page) -> None:
    server.begin("sleep", "napper", auto_start=False)
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("checkbox", name="ppid").uncheck()
    page.keyboard.press("Escape")
    expect(page.get_by_role("columnheader", name="ppid")).to_be_hidden()
    page.reload()
    expect(row(page, "napper")).to_be_visible()
    expect(page.get_by_role("columnheader", name="ppid")).to_be_hidden()
    expect(page.get_by_role("columnheader", name="Daemon")).to_be_visible()


def test_the_theme_is_kept_over_a_reload(page: Page) -> None:
    page.get_by_role("button", name="Theme: system").click()
    page.get_by_role("button", name="Theme: light").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    background = wait_until(lambda: page.evaluate("() => getComputedStyle(document.body).backgroundColor"))
    assert background.startswith("oklch(0.17")
