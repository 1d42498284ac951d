"""Where things are on the pages of programs, for the tests of the page."""

from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Server
from tests.browser.opening import follow
from tests.waiting import wait_until

#: So much longer than any test, so that what stands still is not ended by its own script.
LONG_S = 600.0
FOUND_WITHIN_S = 30.0


def run(server: Server, workload: str, **params: object) -> str:
    """Run a program of the catalogue over HTTP; its id."""
    return str(server.api("POST", "/programs", {"workload": workload, "params": params})["id"])


def wait_finding(server: Server, program: str, kind: str) -> Any:
    """Wait until something of that kind is found in the program."""

    def found() -> Any:
        findings = server.api("GET", "/waits")["findings"]
        return next((one for one in findings if one["kind"] == kind and one["program"] == program), None)

    return wait_until(found, FOUND_WITHIN_S, f"no {kind} is found in {program}")


def open_program(page: Page, program: str, query: str = "") -> Locator:
    """Go to the page of a program, and wait until it is filled."""
    follow(page, f"/programs/{program}{query}")
    shown = page.locator("#program")
    expect(shown.locator(".tree-table")).to_be_visible()
    return shown


def program_row(page: Page, name: str) -> Locator:
    """The row of a program in the list."""
    return page.locator("#programs tbody tr").filter(has=page.get_by_role("link", name=name, exact=True))


def state(page: Page) -> Locator:
    """The state of the open program."""
    return page.locator("#program .pool-head .badge")


def findings(page: Page) -> Locator:
    """What the page says is wrong in the program."""
    return page.locator("#program").get_by_role("region", name="Findings")


def process_row(page: Page, name: str) -> Locator:
    """The row of one process."""
    return page.locator(".tree-table [data-part=rows] tr").filter(has=page.get_by_role("link", name=name, exact=True))


def resource_row(page: Page, name: str) -> Locator:
    """The row of one resource."""
    return page.locator(".resource-table tbody tr").filter(has=page.get_by_role("link", name=name, exact=True))


def drawing(page: Page) -> Locator:
    """The graph of waits."""
    return page.locator("#program svg[data-part=drawing]")


def node(page: Page, name: str) -> Locator:
    """A process or a resource in the graph."""
    return drawing(page).locator(".node").filter(has=page.locator(".label", has_text=name))


def waits(page: Page) -> Locator:
    """The same waits in sentences."""
    return page.get_by_role("list", name="Waits").get_by_role("listitem")


def panel(page: Page) -> Locator:
    """The panel of a resource, or of the log."""
    return page.locator("#program-panel")


def fact(page: Page, label: str) -> Locator:
    """One figure of the open resource."""
    return panel(page).locator(".fact").filter(has=page.locator("dt").get_by_text(label, exact=True)).locator("dd")


def results(page: Page) -> Locator:
    """All that was done or refused a moment ago."""
    return page.get_by_role("region", name="Results")
