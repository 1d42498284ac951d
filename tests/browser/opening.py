"""Where things are in the detail of a process, for the tests of the page."""

import re

from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as NotInTime

from tests.waiting import wait_until

PRESSED_WITHIN_MS = 2000
LIVE = re.compile(r"pid \d+ · started \d\d:\d\d:\d\d")


def follow(page: Page, path: str) -> None:
    """Go where a link of the page to this path leads: to load the page once more costs ten times as much."""
    page.evaluate(
        """path => {
            const link = document.body.appendChild(document.createElement("a"));
            link.href = path;
            link.click();
            link.remove();
        }""",
        path,
    )


def press(row: Locator, name: str | re.Pattern[str]) -> None:
    """Press a button that a row shows under the pointer; a row that moves away meanwhile is pointed at again."""

    def pressed() -> bool:
        row.hover()
        try:
            row.get_by_role("button", name=name).first.click(timeout=PRESSED_WITHIN_MS)
        except NotInTime:
            return False
        return True

    wait_until(pressed, 15, f"{name} can be pressed")


def open_detail(page: Page, process: str, tab: str | None = None) -> Locator:
    """Go to a process's detail, and wait until it is filled."""
    follow(page, f"/processes/{process}" + (f"?tab={tab}" if tab else ""))
    detail = page.locator("#detail")
    expect(detail.locator(".who")).not_to_be_empty()
    return detail


def badge(page: Page) -> Locator:
    """The state of the open process."""
    return page.locator("#detail .badge")


def fact(page: Page, label: str) -> Locator:
    """One line of the overview: the value and what it means."""
    return page.locator("#detail .fact").filter(has=page.locator("dt").get_by_text(label, exact=True)).locator("dd")


def button(page: Page, label: str) -> Locator:
    """One of the actions of the detail."""
    return page.get_by_role("toolbar", name="Actions", exact=True).get_by_role("button", name=label)


def finding(page: Page) -> Locator:
    """The box that says what is wrong."""
    return page.get_by_role("region", name="Finding")


def toasts(page: Page) -> Locator:
    """What was done, or refused."""
    return page.get_by_role("region", name="Results").get_by_role("listitem")
