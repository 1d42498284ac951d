"""Where things are in the list, for the tests of the page."""

from playwright.sync_api import Locator, Page

ROWS = ".rows > .row:not([hidden])"


def row(page: Page, name: str) -> Locator:
    """The row of the process of that name."""
    return page.locator(ROWS).filter(has=page.get_by_role("link", name=name, exact=True))


def cell(page: Page, name: str, column: str) -> Locator:
    """One cell of that row."""
    return row(page, name).locator(f"[data-column={column}]")


def names(page: Page) -> list[str]:
    """The names of all rows in sight, from top to bottom, once what is due was painted."""
    found: list[str] = page.evaluate(
        """async () => {
            for (const _ of [1, 2]) await new Promise(requestAnimationFrame);
            return [...document.querySelectorAll('.rows > .row:not([hidden])')]
            .sort((a, b) => a.offsetTop - b.offsetTop)
            .map((row) => row.querySelector('[data-column=name] a').textContent);
        }"""
    )
    return found


def chip(page: Page, group: str) -> Locator:
    """The chip that filters by a group of states."""
    return page.locator(f"#chips [data-group={group}]")
