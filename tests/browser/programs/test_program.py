"""Programs that stand still: what is wrong is named and drawn, one way out is taken on the page, and they go on."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.opening import press
from tests.browser.programs.programming import (
    LONG_S,
    drawing,
    fact,
    findings,
    node,
    open_program,
    panel,
    process_row,
    program_row,
    resource_row,
    results,
    run,
    state,
    wait_finding,
    waits,
)

FOUND_MS = 30_000


def run_by_form(page: Page, title: str, **fields: str) -> None:
    page.keyboard.press("g")
    page.keyboard.press("r")
    expect(page.get_by_role("heading", name="Programs", exact=True)).to_be_visible()
    page.keyboard.press("n")
    dialog = page.get_by_role("dialog", name="Run a program")
    dialog.get_by_label("Search the catalogue").fill(title)
    expect(dialog.get_by_role("radio", name=title)).to_be_attached()
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("heading", name=title)).to_be_visible()
    for label, value in fields.items():
        dialog.get_by_label(label).fill(value)
    dialog.get_by_role("button", name="Run").click()
    expect(page).to_have_url(re.compile(r"/programs/p\d+$"))


def confirm(page: Page, *words: str) -> None:
    question = page.get_by_role("dialog")
    for each in words:
        expect(question).to_contain_text(each)
    page.keyboard.press("Enter")


def test_a_deadlock_is_named_and_drawn_and_goes_on_when_one_is_killed_and_its_lock_broken(
    server: Server, page: Page
) -> None:
    run_by_form(page, "A deadlock of two processes", seconds=str(LONG_S))
    expect(findings(page)).to_contain_text("deadlock", timeout=FOUND_MS)
    expect(findings(page)).to_contain_text(re.compile(r"plato \(pid \d+\).* holds .*knife \(deadlock.py:\d+\)"))
    for name in ("plato", "kant", "fork", "knife"):
        expect(node(page, name)).to_have_attribute("data-tone", "warn")
    expect(drawing(page).locator(".line[data-blocked]")).to_have_count(4)
    expect(waits(page).filter(has_text=re.compile(r"^plato \(\d+\) waits for knife, held by kant"))).to_be_visible()
    expect(process_row(page, "kant")).to_contain_text("deadlocked")
    expect(process_row(page, "kant")).to_contain_text(re.compile(r"waits for lock fork, \d+(\.\d)? s.*holds knife"))
    expect(page).to_have_title(re.compile("1 blocked"))

    findings(page).get_by_role("button", name="Kill plato").click()
    confirm(page, "Kill plato?", "fork")
    expect(results(page)).to_contain_text("killed.")
    expect(findings(page)).to_contain_text("abandoned lock", timeout=FOUND_MS)
    expect(findings(page)).not_to_contain_text("deadlock for")
    expect(node(page, "fork")).to_have_attribute("data-tone", "bad")
    expect(process_row(page, "plato")).to_contain_text("−9")

    findings(page).get_by_role("button", name="Release fork").click()
    confirm(page, "Release lock fork?", "may be inconsistent", "The waiting process continues at once")
    expect(state(page)).to_contain_text("exited")
    expect(findings(page).filter(has_text="abandoned")).to_be_hidden()
    expect(page.locator("#program .who")).to_contain_text("exit code 0")
    page.get_by_role("toolbar", name="Actions on the program").get_by_role("link", name="Log").click()
    expect(panel(page).get_by_role("log")).to_contain_text("kant: holds both")


def test_an_abandoned_lock_is_broken_from_its_panel_and_the_program_goes_on(server: Server, page: Page) -> None:
    program = run(server, "synchronisation-abandoned-lock", waiters=2, seconds=LONG_S)
    lock = wait_finding(server, program, "abandoned-lock")["resources"][0]
    open_program(page, program, f"?resource={lock}")
    expect(panel(page)).to_contain_text("exited without releasing it. 2 processes wait forever.")
    expect(fact(page, "State")).to_have_text(re.compile("abandoned"))
    expect(panel(page).get_by_role("link", name=re.compile(r"waiter-1 \d+"))).to_have_count(2)  # waits, and has it
    expect(resource_row(page, "lock")).to_contain_text("abandoned")
    panel(page).get_by_role("button", name="Release lock").click()
    confirm(page, "Release lock lock?", "waiter-1 · waiting", "One of 2 waiting processes continues at once")
    expect(state(page)).to_contain_text("exited")
    expect(page.locator("#program .who")).to_contain_text("exit code 0")
    expect(panel(page)).to_contain_text("No process uses this resource any more")


def test_a_join_before_drain_is_explained_and_the_graph_shows_why(server: Server, page: Page) -> None:
    program = run(server, "queue-join-before-drain")
    queue = wait_finding(server, program, "join-before-drain")["resources"][0]
    open_program(page, program)
    expect(findings(page)).to_contain_text(
        re.compile(r"waits in join\(\) for Process-1 \(pid \d+\), which cannot exit")
    )
    expect(findings(page)).to_contain_text("must not be joined before its items have been read")
    expect(findings(page)).to_contain_text("cancel_join_thread()")
    expect(node(page, "items")).to_be_visible()
    expect(waits(page).filter(has_text="waits in join() for Process-1")).to_be_visible()
    findings(page).get_by_role("link", name="Queue items").click()
    expect(page).to_have_url(re.compile(rf"\?resource={queue}$"))
    expect(fact(page, "Backlog")).to_contain_text(re.compile(r"^20 Items in the feeder threads of their producers"))
    expect(fact(page, "Unread")).to_contain_text("KiB")
    findings(page).get_by_role("link", name="Stack of Process-1").click()
    expect(page).to_have_url(re.compile(r"/processes/p\d+\?tab=stack$"))
    expect(page.locator("#detail")).to_contain_text("Join before drain.")
    page.get_by_role("link", name="Program", exact=True).click()
    expect(state(page)).to_contain_text("running")


def test_a_full_queue_is_watched(server: Server, page: Page) -> None:
    program = run(server, "queue-bounded", maxsize=3, jobs=1000, work=2.0)
    open_program(page, program)
    expect(resource_row(page, "jobs")).to_contain_text("3 of 3", timeout=FOUND_MS)
    resource_row(page, "jobs").get_by_role("link").click()
    expect(fact(page, "Depth")).to_contain_text("3 of 3")
    expect(panel(page).get_by_role("link", name=re.compile("producer"))).not_to_have_count(0)
    for title in ("Depth", "Put", "Get"):
        figure = panel(page).locator("figure").filter(has=page.locator("b").get_by_text(title, exact=True))
        expect(figure.locator("canvas")).to_be_visible()
    expect(waits(page).filter(has_text=re.compile(r"producer \(\d+\) waits to put into jobs"))).to_be_visible()
    expect(findings(page)).to_be_hidden()
    page.keyboard.press("Escape")
    expect(panel(page)).to_be_hidden()


def test_any_process_of_the_tree_is_killed_with_the_warning_that_fits(server: Server, page: Page) -> None:
    program = run(server, "synchronisation-deadlock", seconds=LONG_S)
    wait_finding(server, program, "deadlock")
    open_program(page, program)
    press(process_row(page, "kant"), re.compile(r"^Terminate kant, pid \d+$"))
    expect(page.get_by_role("dialog")).to_contain_text(re.compile("knife"))
    page.keyboard.press("Escape")
    page.get_by_role("toolbar", name="Actions on the program").get_by_role("button", name="Kill").click()
    confirm(page, "Kill synchronisation-deadlock?", "Also kills 2 child processes", "plato", "kant")
    expect(state(page)).to_contain_text("failed")
    expect(process_row(page, "plato")).to_contain_text("−9")
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("link", name="Programs", exact=False).first.click()
    expect(program_row(page, "synchronisation-deadlock")).to_be_hidden()
