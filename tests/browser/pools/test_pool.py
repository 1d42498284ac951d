"""A pool from its opening to its end: its jobs are watched, a stuck worker is seen, looked into and killed."""

import os
import re
import signal

from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.opening import press
from tests.browser.pools.pooling import (
    figure,
    findings,
    job_row,
    open_pool_page,
    panel,
    pool_row,
    results,
    state,
    submit_button,
    verb,
    worker_row,
    workers,
)

STUCK_AFTER_S = 2


def open_by_form(page: Page, name: str, **fields: str) -> None:
    page.keyboard.press("g")
    page.keyboard.press("o")
    expect(page.get_by_role("heading", name="Pools", exact=True)).to_be_visible()
    page.keyboard.press("n")
    dialog = page.get_by_role("dialog", name="Open pool")
    dialog.get_by_label("Name").fill(name)
    for label, value in fields.items():
        dialog.get_by_label(label.replace("_", " ")).fill(value)
    dialog.get_by_role("button", name="Open").click()
    expect(page).to_have_url(re.compile(r"/pools/\w+$"))
    expect(state(page)).to_contain_text("open")


def submit_by_form(page: Page, function: str, items: int) -> None:
    page.keyboard.press("n")
    page.locator("#submit-function").select_option(function)
    panel(page).get_by_label("To", exact=True).fill(str(items))
    submit_button(page).click()
    expect(page).to_have_url(re.compile(r"\?job=\d+"))


def test_a_stuck_task_is_found_looked_into_and_killed_and_only_it_is_lost(server: Server, page: Page) -> None:
    open_by_form(page, "squares", Workers="3", Stuck_after=str(STUCK_AFTER_S))
    expect(workers(page)).to_have_count(3)
    submit_by_form(page, "stall-at", 30)
    expect(panel(page).locator("h2")).to_have_text("Job 1")
    expect(panel(page)).to_contain_text(re.compile(r"[1-9]\d* of 30"))
    expect(job_row(page, 1)).to_contain_text("running")

    expect(findings(page)).to_contain_text(
        re.compile(r"Worker \d+ has been stuck on task 7 of job 1, stall_at\(7\), for \d+ s")
    )
    expect(findings(page)).to_contain_text("Killing it loses the task")
    expect(panel(page)).to_contain_text("29 of 30")
    expect(panel(page)).to_contain_text("only stuck tasks left")
    stuck = workers(page).filter(has_text="stuck")
    expect(stuck).to_contain_text("task 7 of job 1")
    pid = stuck.get_attribute("data-pid")
    assert pid
    expect(workers(page).first).to_have_attribute("data-pid", pid)

    findings(page).get_by_role("button", name="Stack").click()
    expect(panel(page).locator("h2")).to_have_text(f"Worker {pid}")
    expect(panel(page).get_by_label("Stack", exact=True)).to_contain_text("stall_at")

    findings(page).get_by_role("button", name="Kill").click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text(f"Kill worker {pid}?")
    expect(question).to_contain_text(re.compile(r"Task 7 of job 1 will be lost; it has been running for \d+ s"))
    page.keyboard.press("Enter")
    expect(results(page)).to_contain_text(re.compile(rf"Killed worker {pid}: task 7 of job 1 was lost after"))

    expect(findings(page)).to_be_hidden()
    expect(workers(page).filter(has_text="idle")).to_have_count(3)
    job_row(page, 1).get_by_role("link").click()
    expect(job_row(page, 1)).to_contain_text("lost")
    failures = panel(page).get_by_role("region", name="Failed and lost tasks")
    expect(failures.get_by_role("listitem")).to_have_count(1)
    expect(failures).to_contain_text("task 7")
    expect(failures).to_contain_text(f"worker {pid}")
    expect(failures).to_contain_text("it may have run partly or wholly")
    expect(panel(page).get_by_label("Result", exact=True)).to_contain_text("6, null, 8")
    expect(figure(page, "lost")).to_have_text("1")

    submit_by_form(page, "square", 50)
    expect(job_row(page, 2)).to_contain_text("done")
    expect(panel(page)).to_contain_text("50 of 50")
    expect(panel(page).get_by_label("Result", exact=True)).to_contain_text("0, 1, 4, 9, 16")


def test_the_price_of_a_kill_stays_true_while_it_is_asked(server: Server, page: Page) -> None:
    """The task goes on, ends, another one begins: each is told, and what was not agreed to is not done."""
    pool = server.open_pool("busy", 1)
    open_pool_page(page, pool)
    server.submit(pool, "sleep", "apply_async", args=[12])
    server.submit(pool, "sleep", "apply_async", args=[600])
    pid = workers(page).filter(has_text="task 0 of job 1").get_attribute("data-pid")
    assert pid
    press(worker_row(page, pid), f"Kill worker {pid}")
    question = page.get_by_role("dialog")
    running = re.compile(r"Task 0 of job 1 will be lost; it has been running for \d+ s\.")
    expect(question).to_contain_text(running)
    told = running.search(question.inner_text())
    assert told
    # It counts on.
    expect(question).not_to_contain_text(told[0])
    expect(question).to_contain_text(running)
    expect(question).to_contain_text("Its current task, now task 0 of job 2, will be lost.")
    expect(question).to_contain_text("The worker has finished task 0 of job 1 and started another task.")
    # Whoever presses Enter just now has read the other price.
    page.keyboard.press("Enter")
    expect(results(page)).to_contain_text(
        f"worker {pid} now has task 0 of job 2, not task 0 of job 1; nothing was done", ignore_case=True
    )
    expect(worker_row(page, pid)).to_contain_text("task 0 of job 2")

    press(worker_row(page, pid), f"Kill worker {pid}")
    expect(question).to_contain_text("Task 0 of job 2 will be lost; it has been running for")
    os.kill(int(pid), signal.SIGKILL)
    expect(question).to_contain_text("The worker has already exited (SIGKILL).")
    expect(question.get_by_role("button", name="Kill")).to_be_disabled()
    expect(question.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Enter")
    expect(question).to_be_hidden()

    idle = workers(page).filter(has_text="idle").get_attribute("data-pid")
    assert idle
    press(worker_row(page, idle), f"Kill worker {idle}")
    expect(question).to_contain_text("It has no task: nothing is lost.")
    server.submit(pool, "sleep", "apply_async", args=[600])
    expect(question).to_contain_text("The worker has started a task since you opened this dialog.")
    expect(question).to_contain_text(re.compile(r"Task 0 of job 3 will be lost; it has been running for \d+ s\."))
    page.keyboard.press("Enter")
    expect(results(page)).to_contain_text(re.compile(rf"Killed worker {idle}: task 0 of job 3 was lost after"))


def test_a_task_that_may_be_retried_is_said_to_run_again_and_does(server: Server, page: Page) -> None:
    pool = server.open_pool("again", 2, retries=1, stuck_after_s=60)
    open_pool_page(page, pool)
    server.submit(pool, "sleep", "apply_async", args=[3])
    busy = workers(page).filter(has_text="task 0 of job 1")
    pid = busy.get_attribute("data-pid")
    assert pid
    press(worker_row(page, pid), f"Kill worker {pid}")
    expect(page.get_by_role("dialog")).to_contain_text("will be retried by another worker (1 retry left)")
    page.keyboard.press("Enter")
    expect(results(page)).to_contain_text("will be retried")
    expect(job_row(page, 1)).to_contain_text("done")
    expect(figure(page, "retried")).to_have_text("1")
    expect(figure(page, "lost")).to_have_text("0")


def test_a_suspended_worker_says_so_and_goes_on(server: Server, page: Page) -> None:
    pool = server.open_pool("pausing", 1)
    open_pool_page(page, pool)
    pid = workers(page).get_attribute("data-pid")
    assert pid
    worker_row(page, pid).click()
    expect(panel(page).locator("h2")).to_have_text(f"Worker {pid}")
    panel(page).get_by_role("button", name="Suspend").click()
    expect(worker_row(page, pid)).to_contain_text("suspended")
    panel(page).get_by_role("button", name="Resume").click()
    expect(worker_row(page, pid)).to_contain_text("idle")
    server.submit(pool, "square", iterable=[3])
    expect(job_row(page, 1)).to_contain_text("done")


def test_a_pool_is_resized_closed_and_joined(server: Server, page: Page) -> None:
    pool = server.open_pool("sized", 2)
    open_pool_page(page, pool)
    verb(page, "Resize").click()
    page.get_by_role("dialog").get_by_label("Workers").fill("4")
    page.keyboard.press("Enter")
    expect(results(page)).to_contain_text("resized to 4 workers")
    alive = workers(page).filter(has_text=re.compile("idle|busy"))
    expect(alive).to_have_count(4)
    server.submit(pool, "sleep", "apply_async", args=[2])
    verb(page, "Close").click()
    expect(state(page)).to_contain_text("closing")
    expect(verb(page, "Submit a job")).to_be_hidden()
    verb(page, "Join").click()
    expect(results(page)).to_contain_text("joined: all its workers have exited")
    expect(state(page)).to_contain_text("closed")
    expect(job_row(page, 1)).to_contain_text("done")


def test_a_terminated_pool_tells_its_price_and_ends(server: Server, page: Page) -> None:
    pool = server.open_pool("short", 1)
    open_pool_page(page, pool)
    verb(page, "Terminate").click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("No task is running or queued, so nothing is lost.")
    server.submit(pool, "sleep", iterable=[60, 60, 60])
    expect(question).to_contain_text("1 running task is lost. 2 queued tasks never start.")
    page.keyboard.press("Enter")
    expect(state(page)).to_contain_text("terminated")
    page.get_by_role("link", name="Pools", exact=True).click()
    expect(pool_row(page, "short")).to_contain_text("terminated")


def test_a_killed_host_takes_its_workers_along_and_says_why(server: Server, page: Page) -> None:
    pool = server.open_pool("headless", 2)
    open_pool_page(page, pool)
    expect(workers(page)).to_have_count(2)
    verb(page, "Kill host").click()
    expect(page.get_by_role("dialog")).to_contain_text("Kill headless?")
    page.keyboard.press("Enter")
    expect(state(page)).to_contain_text("terminated")
    expect(findings(page)).to_contain_text("The pool host exited, and its workers with it.")
    expect(findings(page)).to_contain_text("SIGKILL by operator")


def test_the_host_and_its_pool_lead_to_each_other(server: Server, page: Page) -> None:
    pool = server.open_pool("linked", 1)
    open_pool_page(page, pool)
    page.locator(".pool-head").get_by_role("link", name="Host").click()
    expect(page.locator("#detail h1")).to_have_text("linked")
    page.get_by_role("link", name="Pool", exact=True).click()
    expect(page).to_have_url(re.compile(f"/pools/{pool}$"))
    expect(page.locator("#pool h1")).to_have_text("linked")
