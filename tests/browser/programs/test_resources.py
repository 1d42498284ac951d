"""What a resource is shown with, where several have it at once: semaphores, pools, and a lock of a dead process."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.opening import press
from tests.browser.programs.programming import (
    LONG_S,
    fact,
    findings,
    open_program,
    panel,
    process_row,
    resource_row,
    run,
    wait_finding,
)


def test_a_semaphore_names_who_has_acquired_it(server: Server, page: Page) -> None:
    """In its row, in its panel and with the processes; in the dialog too, which says that others wait."""
    program = run(server, "synchronisation-semaphore", seconds=LONG_S, children=5)
    open_program(page, program)
    expect(resource_row(page, "places").locator(".of-holder")).to_have_text(
        re.compile(r"^Process-\d \d+, Process-\d \d+$")
    )
    expect(page.locator(".tree-table .holds").filter(has_text=re.compile("^holds places$"))).to_have_count(2)
    resource_row(page, "places").get_by_role("link").click()
    acquired = panel(page).locator("[data-part=acquired]")
    expect(acquired).to_contain_text("Acquired by 2")
    name = acquired.get_by_role("link").first.inner_text().split()[0]
    press(process_row(page, name), f"Kill {name}")
    expect(page.get_by_role("dialog")).to_contain_text("It has acquired semaphore places")
    expect(page.get_by_role("dialog")).to_contain_text("3 processes wait for it")
    page.get_by_role("dialog").get_by_role("button", name="Kill").click()

    expect(findings(page)).to_contain_text(
        re.compile(rf"Semaphore places \(semaphore\.py:\d+\) has lost 1 slot: {name} \(pid \d+, SIGKILL")
    )
    expect(resource_row(page, "places").locator(".of-level")).to_have_text("0 free, 1 lost")
    expect(fact(page, "Lost to")).to_contain_text(re.compile(rf"^{name} \d+ \(exited\)"))
    expect(panel(page)).to_contain_text("exited without releasing a place.")
    expect(acquired).to_contain_text("Acquired by 1")
    panel(page).get_by_role("button", name="Release lock").click()
    page.get_by_role("dialog").get_by_role("button", name="Release lock").click()
    expect(acquired).to_contain_text("Acquired by 2")
    expect(findings(page)).to_be_hidden()


def test_a_pool_names_its_workers_and_what_each_does(server: Server, page: Page) -> None:
    program = run(server, "pools-timeouts", seconds=60, timeout=50)
    open_program(page, program)
    resource_row(page, "pool").get_by_role("link").click()
    workers = panel(page).locator("[data-part=workers]").get_by_role("listitem")
    expect(workers).to_have_count(2)
    expect(workers.first).to_have_text(re.compile(r"^(Fork|Spawn|ForkServer)PoolWorker-\d \d+ __main__\.work \d+ s$"))
    expect(workers.last).to_contain_text("no task")


def test_an_abandoned_lock_names_its_dead_holder(server: Server, page: Page) -> None:
    """Seen or guessed: it is the only one that was killed."""
    program = run(server, "synchronisation-abandoned-lock", waiters=1, seconds=LONG_S)
    wait_finding(server, program, "abandoned-lock")
    open_program(page, program)
    expect(resource_row(page, "lock").locator(".of-holder")).to_have_text(re.compile(r"^holder \d+ \(exited\)$"))
    resource_row(page, "lock").get_by_role("link").click()
    expect(fact(page, "Holder")).to_contain_text(re.compile(r"^holder \d+ \(exited\)"))


def test_letters_are_shown_whole(page: Page) -> None:
    """An Array of letters is one text: its length is no sign that there are more values."""
    words = page.evaluate("""async () => {
        const { valueText } = await import('/static/js/words/resources.js');
        const all = [[['hello'], 5], [['hello'], 90], [[1, 2], 3]];
        return all.map(([values, length]) => valueText({ values, length }));
    }""")
    assert words == ['"hello"', '"hello", …', "1, 2, …"]


def test_a_program_of_the_catalogue_says_what_to_look_at(server: Server, page: Page) -> None:
    """Also to who has not seen the dialog: after the launch it is gone."""
    program = run(server, "synchronisation-event", seconds=60)
    open_program(page, program)
    look = page.locator("#program [data-part=look]")
    expect(look).to_have_text("Look at: The flag, and how many processes sleep until it is set.")
