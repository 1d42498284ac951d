"""Ending, signalling and being refused: what is asked before, what is seen meanwhile, what is told after."""

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.opening import LIVE, badge, button, fact, finding, open_detail, toasts

COUNTDOWN = re.compile(r"SIGKILL in \d s.*SIGTERM sent by operator .*Still running: \d+ \(this process\)")


def test_one_that_ignores_sigterm_is_counted_down_and_killed(server: Server, page: Page) -> None:
    [process] = server.begin("ignore-sigterm", "stubborn", params={"seconds": 60}, grace_s=3)
    open_detail(page, process["id"])
    expect(badge(page)).to_contain_text("running")
    expect(page.locator("#detail .moment, #detail .fact").first).to_be_visible()
    page.keyboard.press("t")
    expect(page.get_by_role("dialog")).to_contain_text("Terminate stubborn?")
    expect(page.get_by_role("dialog")).to_contain_text(LIVE)
    page.keyboard.press("Enter")
    expect(badge(page)).to_contain_text("stopping")
    expect(finding(page)).to_contain_text(COUNTDOWN)
    expect(badge(page)).to_contain_text("joined")
    expect(fact(page, "Exit code")).to_contain_text("−9")
    expect(fact(page, "Cause")).to_contain_text(re.compile(r"SIGKILL .* after SIGTERM by operator"))


def test_a_kill_says_who_goes_along_and_takes_them(server: Server, page: Page) -> None:
    [process] = server.begin("descendants", "family", params={"seconds": 60})
    open_detail(page, process["id"], "descendants")
    pids = page.locator("#detail tbody td:first-child")
    expect(pids).to_have_count(3)
    expected = pids.all_inner_texts()
    button(page, "Kill").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Also kills 3 child processes")
    assert {line.split()[0] for line in dialog.get_by_role("listitem").all_inner_texts()} == set(expected)
    page.keyboard.press("Enter")
    expect(badge(page)).to_contain_text("joined")
    expect(pids).to_have_count(0)
    assert not [pid for pid in expected if Path("/proc", pid).exists()]


def test_escape_does_nothing_and_gives_the_focus_back(server: Server, page: Page) -> None:
    [process] = server.begin("sleep", "napper", params={"seconds": 60})
    open_detail(page, process["id"])
    expect(badge(page)).to_contain_text("running")
    button(page, "Kill").click()
    expect(page.get_by_role("dialog").get_by_role("button", name="Kill")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(button(page, "Kill")).to_be_focused()
    expect(badge(page)).to_contain_text("running")


def test_one_that_changed_meanwhile_is_left_alone(server: Server, page: Page) -> None:
    [process] = server.begin("sleep", "napper", params={"seconds": 60})
    open_detail(page, process["id"])
    expect(badge(page)).to_contain_text("running")
    before = page.locator("#detail .who").inner_text()
    button(page, "Kill").click()
    expect(page.get_by_role("dialog")).to_contain_text("No other process is affected.")
    server.api("POST", f"/processes/{process['id']}/restart", {})
    expect(page.locator("#detail .who")).not_to_have_text(before)
    expect(badge(page)).to_contain_text("running")
    page.keyboard.press("Enter")
    expect(toasts(page)).to_contain_text("Could not kill napper.")
    expect(toasts(page)).to_contain_text("is no longer pid")
    expect(badge(page)).to_contain_text("running")


def test_any_signal_can_be_sent(server: Server, page: Page) -> None:
    [process] = server.begin("sleep", "napper", params={"seconds": 60})
    open_detail(page, process["id"])
    expect(badge(page)).to_contain_text("running")
    button(page, "Signal").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(LIVE)
    dialog.get_by_label("Other signal").fill("sigalrm")
    dialog.get_by_role("button", name="Send SIGALRM").click()
    expect(badge(page)).to_contain_text("joined")
    expect(fact(page, "Exit code")).to_contain_text("−14")
    expect(fact(page, "Cause")).to_contain_text("SIGALRM by operator")


def test_what_is_not_possible_says_why(server: Server, page: Page) -> None:
    [process] = server.begin("ignore-sigterm", "stubborn", params={"seconds": 60}, grace_s=30)
    open_detail(page, process["id"])
    expect(badge(page)).to_contain_text("running")
    server.api("POST", f"/processes/{process['id']}/terminate", {})
    expect(badge(page)).to_contain_text("stopping")
    expect(button(page, "Terminate")).to_have_attribute("aria-disabled", "true")
    button(page, "Terminate").click(force=True)
    expect(toasts(page)).to_contain_text(
        "Terminate is not possible while the process is stopping; kill does not wait for the grace period."
    )


def test_a_viewer_is_told_why_nothing_happens(server: Server, viewer: Page) -> None:
    [process] = server.begin("sleep", "napper", params={"seconds": 60})
    open_detail(viewer, process["id"])
    expect(badge(viewer)).to_contain_text("running")
    button(viewer, "Kill").click(force=True)
    expect(toasts(viewer)).to_contain_text("You have view-only access.")
    expect(viewer.get_by_role("dialog")).to_have_count(0)
    expect(badge(viewer)).to_contain_text("running")


def test_the_stop_of_procession_says_what_it_waits_for(own_server: Server, visit: Callable[..., Page]) -> None:
    own_server.begin("ignore-sigterm", "stubborn", params={"seconds": 60}, grace_s=4)
    page = visit(own_server.url)
    expect(page.get_by_role("link", name="stubborn")).to_be_visible()
    expect(page.locator("[data-column=state]").get_by_text("running")).to_be_visible()
    os.kill(own_server.serve.pid, signal.SIGTERM)
    expect(page.get_by_text("Procession is stopping.")).to_be_visible()
    expect(page.locator("#stopping")).to_contain_text("stubborn")
