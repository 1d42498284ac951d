"""Everybody can use the pages of pools: axe-core finds no violation of WCAG level A or AA."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.opening import follow
from tests.browser.pools.pooling import findings, open_pool_page, panel, pool_row, worker_row, workers
from tests.browser.test_access import DIALOG, violations

# Each state of the page is looked at four times, which takes long on a busy machine.
pytestmark = pytest.mark.timeout(300)

STUCK_AFTER_S = 1


@pytest.fixture(scope="module")
def pool(shared_server: Server) -> str:
    """A pool with a stuck worker, a job with a failed task, and one that was lost; these tests only look."""
    pool = shared_server.open_pool("looked at", 3, stuck_after_s=STUCK_AFTER_S)
    shared_server.submit(pool, "raise-at", iterable=[6, 7, 8])
    shared_server.submit(pool, "kill-own-worker", iterable=[6, 7, 8])
    shared_server.submit(pool, "sleep", iterable=[600])
    return pool


@pytest.fixture
def looking(shared_server: Server, visit: Callable[..., Page]) -> Page:
    """A page; what is there stays when a test is over."""
    return visit(shared_server.url)


def test_the_list_has_no_violations(pool: str, shared_server: Server, looking: Page) -> None:
    follow(looking, "/pools")
    expect(pool_row(looking, "looked at")).to_contain_text("stuck")
    assert violations(looking) == []


def test_a_pool_has_no_violations(pool: str, looking: Page) -> None:
    open_pool_page(looking, pool)
    expect(findings(looking)).to_contain_text("Killing it loses the task")
    assert violations(looking, point_at=workers(looking).first) == []


def test_the_panels_beside_it_have_no_violations(pool: str, shared_server: Server, looking: Page) -> None:
    pid = shared_server.pool(pool)["workers"][0]["pid"]
    for query, words in (("job=1", "7 is the number"), (f"worker={pid}&stack=1", "Thread"), ("submit=1", "Chunksize")):
        follow(looking, f"/pools/{pool}?{query}")
        expect(panel(looking)).to_contain_text(words)
        assert violations(looking, "#pool-panel") == []


def test_the_dialogs_have_no_violations(pool: str, shared_server: Server, looking: Page) -> None:
    open_pool_page(looking, pool)
    findings(looking).get_by_role("button", name="Kill").first.click()
    expect(looking.get_by_role("dialog")).to_contain_text("will be lost")
    assert violations(looking, DIALOG) == []
    looking.keyboard.press("Escape")
    follow(looking, "/pools")
    looking.get_by_role("button", name="Open pool").click()
    expect(looking.get_by_role("dialog", name="Open pool")).to_be_visible()
    assert violations(looking, DIALOG) == []


def test_the_empty_list_has_no_violations(empty_server: Server, visit: Callable[..., Page]) -> None:
    page = visit(f"{empty_server.base}/pools?token={empty_server.token}")
    expect(page.get_by_role("heading", name="No pools")).to_be_visible()
    assert violations(page) == []


def test_a_worker_is_reached_and_ended_by_the_keyboard(server: Server, page: Page) -> None:
    pool = server.open_pool("keyed", 1)
    open_pool_page(page, pool)
    pid = workers(page).get_attribute("data-pid")
    assert pid
    worker_row(page, pid).get_by_role("link").focus()
    page.keyboard.press("Enter")
    expect(panel(page).locator("h2")).to_have_text(f"Worker {pid}")
    for _ in range(4):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.dataset.verb") == "kill":
            break
    page.keyboard.press("Escape")
    expect(panel(page)).to_be_hidden()
