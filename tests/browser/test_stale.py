"""A page that admits that it is stale, and comes back by itself."""

import os
import re
import signal
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.processes.listing import cell

NOTE_STALE = """() => {
    window.noted = [];
    const note = () => window.noted.push([document.documentElement.dataset.stale ?? null,
        document.getElementById('connection').textContent.trim()]);
    new MutationObserver(note).observe(document.documentElement, {attributes: true, attributeFilter: ['data-stale']});
}"""


def live(page: Page) -> None:
    expect(page.locator("html")).not_to_have_attribute("data-stale", "")
    expect(page.locator("#connection")).to_have_text("live")


def was_stale(page: Page) -> None:
    page.wait_for_function("() => window.noted.length >= 2")
    first, last = page.evaluate("() => [window.noted[0], window.noted.at(-1)]")
    assert first[0] == ""
    assert last[0] is None


def test_the_page_goes_grey_when_the_web_process_is_killed_and_comes_back(
    server: Server, visit: Callable[..., Page]
) -> None:
    server.begin("sleep", "survivor", params={"seconds": 60})
    page = visit(server.url)
    expect(cell(page, "survivor", "state")).to_contain_text("running")
    pid = cell(page, "survivor", "pid").inner_text()
    page.evaluate(NOTE_STALE)
    os.kill(server.web_pid, signal.SIGKILL)
    was_stale(page)
    live(page)
    expect(cell(page, "survivor", "pid")).to_have_text(pid)
    server.begin("sleep", "newcomer", params={"seconds": 60})
    expect(cell(page, "newcomer", "state")).to_contain_text("running")


def test_the_page_goes_grey_while_the_supervisor_is_away(own_server: Server, visit: Callable[..., Page]) -> None:
    page = visit(own_server.url)
    live(page)
    page.evaluate(NOTE_STALE)
    os.kill(own_server.supervisor_pid, signal.SIGKILL)
    was_stale(page)
    live(page)
    own_server.begin("sleep", "afterwards", params={"seconds": 60})
    expect(cell(page, "afterwards", "state")).to_contain_text("running")


def test_it_says_since_when_it_is_stale(server: Server, visit: Callable[..., Page]) -> None:
    page = visit(server.url)
    live(page)
    page.context.set_offline(True)
    os.kill(server.web_pid, signal.SIGKILL)
    expect(page.locator("#connection")).to_have_text(re.compile(r"^stale since \d\d:\d\d:\d\d$"))
    expect(page.locator("#banner")).to_contain_text("Disconnected since")
    expect(page.locator("html")).to_have_attribute("data-stale", "")
    page.context.set_offline(False)
    live(page)
    expect(page.locator("#banner")).to_be_hidden()


def test_a_page_whose_session_is_gone_leads_to_the_sign_in(server: Server, visit: Callable[..., Page]) -> None:
    page = visit(server.url)
    live(page)
    page.context.clear_cookies()
    os.kill(server.web_pid, signal.SIGKILL)
    expect(page.locator("#banner")).to_contain_text("A valid token is required")
    page.get_by_role("link", name="Sign in").click()
    expect(page).to_have_url(re.compile("/signin"))
