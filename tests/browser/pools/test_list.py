"""The list of pools: empty it teaches, stale it is grey, a viewer sees no verbs, and of many workers few rows exist."""

import os
import re
import signal
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import VIEWER_TOKEN, Server
from tests.browser.opening import follow
from tests.browser.pools.pooling import figure, job_row, open_pool_page, panel, pool_row, state, worker_row, workers
from tests.browser.test_stale import NOTE_STALE, live, was_stale

MANY = 64


def test_the_empty_page_opens_a_pool_and_runs_an_example(empty_server: Server, visit: Callable[..., Page]) -> None:
    page = visit(empty_server.url)
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Pools").click()
    expect(page.locator("#pools")).to_contain_text("from procession import Pool")
    page.get_by_role("button", name="Open a pool of 4").click()
    expect(page).to_have_url(re.compile(r"/pools/\w+\?job=1"))
    expect(workers(page)).to_have_count(4)
    expect(panel(page)).to_contain_text("running")
    expect(job_row(page, 1)).to_contain_text(re.compile(r"[1-9]\d* of 200"))
    page.keyboard.press("Escape")
    expect(panel(page)).to_be_hidden()


def test_a_row_tells_a_pool_and_opens_it(server: Server, page: Page) -> None:
    pool = server.open_pool("listed", 3)
    server.submit(pool, "sleep", iterable=[60] * 5)
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Pools").click()
    expect(pool_row(page, "listed")).to_contain_text("open")
    expect(pool_row(page, "listed")).to_contain_text("3 / 3")
    expect(page.locator("[data-pools]")).to_have_text("1")
    pool_row(page, "listed").click()
    expect(page).to_have_url(re.compile(f"/pools/{pool}$"))
    expect(figure(page, "queued")).to_have_text("2")


def test_what_an_address_asks_for_is_open(server: Server, page: Page) -> None:
    pool = server.open_pool("deep", 1)
    job = server.submit(pool, "square", iterable=[2, 3])
    open_pool_page(page, pool, f"?job={job}")
    expect(panel(page).get_by_label("Result", exact=True)).to_have_text("[4, 9]")
    pid = server.pool(pool)["workers"][0]["pid"]
    open_pool_page(page, pool, f"?worker={pid}&stack=1")
    expect(panel(page).get_by_label("Stack", exact=True)).to_contain_text("procession/pool/worker_process/main.py")
    open_pool_page(page, pool, "?job=77")
    expect(panel(page)).to_contain_text("77")


def test_an_address_of_no_pool_says_so(server: Server, page: Page) -> None:
    page.goto(f"{server.base}/pools/p987")
    expect(page.get_by_role("heading", name="Pool not found")).to_be_visible()


def test_a_viewer_looks_and_has_no_verbs(server: Server, viewer: Page) -> None:
    pool = server.open_pool("seen", 1)
    job = server.submit(pool, "raise-at", iterable=[7])
    open_pool_page(viewer, pool, f"?job={job}")
    expect(panel(viewer)).to_contain_text("7 is the number that raises")
    pid = server.pool(pool)["workers"][0]["pid"]
    worker_row(viewer, pid).click()
    expect(panel(viewer)).to_contain_text("ForkServerPoolWorker")
    shown = viewer.locator("#pool button:visible")
    expect(shown).to_have_count(0)
    follow(viewer, "/pools")
    expect(pool_row(viewer, "seen")).to_be_visible()
    expect(viewer.locator("#pools button:visible")).to_have_count(0)
    viewer.keyboard.press("n")
    expect(viewer.get_by_role("dialog")).to_have_count(0)
    assert VIEWER_TOKEN not in viewer.url


def test_of_many_workers_only_those_in_sight_have_rows(server: Server, page: Page) -> None:
    pool = server.open_pool("crowd", MANY)
    open_pool_page(page, pool)
    expect(figure(page, "workers")).to_have_text(f"0 / {MANY}")
    box = page.get_by_role("group", name="Workers")
    expect(box).to_have_attribute("data-windowed", "")
    assert workers(page).count() < MANY
    box.evaluate("(box) => box.scrollTo(0, box.scrollHeight)")
    last = max(worker["pid"] for worker in server.pool(pool)["workers"])
    expect(worker_row(page, last)).to_be_visible()


def test_a_pool_goes_grey_with_the_connection_and_comes_back(server: Server, visit: Callable[..., Page]) -> None:
    pool = server.open_pool("survivor", 1)
    page = visit(server.url)
    open_pool_page(page, pool)
    pid = workers(page).get_attribute("data-pid")
    page.evaluate(NOTE_STALE)
    os.kill(server.web_pid, signal.SIGKILL)
    was_stale(page)
    live(page)
    expect(state(page)).to_contain_text("open")
    expect(workers(page)).to_have_attribute("data-pid", pid or "")
