"""Where things are on the pages of pools, for the tests of the page."""

from playwright.sync_api import Locator, Page, expect

from tests.browser.opening import follow


def open_pool_page(page: Page, pool_id: str, query: str = "") -> Locator:
    """Go to the page of a pool, and wait until it is filled."""
    follow(page, f"/pools/{pool_id}{query}")
    pool = page.locator("#pool")
    expect(pool.locator(".figures")).to_be_visible()
    return pool


def pool_row(page: Page, name: str) -> Locator:
    """The row of a pool in the list."""
    return page.locator("#pools tbody tr").filter(has=page.get_by_role("link", name=name, exact=True))


def state(page: Page) -> Locator:
    """The state of the open pool."""
    return page.locator("#pool .pool-head .badge")


def figure(page: Page, name: str) -> Locator:
    """One of the figures of the open pool."""
    return page.locator(f"[data-figure={name}]")


def workers(page: Page) -> Locator:
    """The rows of the workers that are in sight."""
    return page.locator(".workers-table [data-part=rows] tr")


def worker_row(page: Page, pid: int | str) -> Locator:
    """The row of one worker."""
    return page.locator(f".workers-table tr[data-pid='{pid}']")


def job_row(page: Page, number: int) -> Locator:
    """The row of one job."""
    return page.locator(".jobs-table [data-part=rows] tr").filter(
        has=page.get_by_role("link", name=str(number), exact=True)
    )


def findings(page: Page) -> Locator:
    """What the page says is wrong in the pool."""
    return page.get_by_role("region", name="Findings")


def panel(page: Page) -> Locator:
    """The panel of a job, of a worker, or of the form for a job."""
    return page.locator("#pool-panel")


def verb(page: Page, label: str) -> Locator:
    """One of the actions on the whole pool."""
    return page.get_by_role("toolbar", name="Actions on the pool").get_by_role("button", name=label)


def submit_button(page: Page) -> Locator:
    """What sends the form for a job."""
    return panel(page).locator("button[type=submit]")


def results(page: Page) -> Locator:
    """All that was done or refused a moment ago."""
    return page.get_by_role("region", name="Results")
