"""Measure the time from SIGKILL until the row in headless Chromium has changed."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from app.records.process import LaunchSpec
from tests.instance import Instance
from tools.chromium import find_on_path

from .ours import Ours
from .rows import Row, ms, percentile

KILLS = 100
# Runs in the page: notes when the row of a process no longer says "running", on the clock that Python has too.
OBSERVE = """(id) => {
  const row = document.querySelector(`#rows a[href="/processes/${id}"]`).closest(".row");
  const state = row.querySelector("[data-column=state]");
  const before = state.textContent;
  window.seen = null;
  const observer = new MutationObserver(() => {
    if (state.textContent === before) return;
    window.seen = performance.timeOrigin + performance.now();
    observer.disconnect();
  });
  observer.observe(state, { subtree: true, childList: true, characterData: true });
}"""


def main(folder: Path) -> list[Row]:
    """p50 and p99."""
    with Instance(folder / "seeing") as instance, sync_playwright() as playwright:
        ours = Ours(instance)
        browser = playwright.chromium.launch(executable_path=find_on_path(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.goto(instance.url)
        took = [_kill_one(ours, page) for _ in range(KILLS)]
        browser.close()
    p50, p99 = percentile(took, 50), percentile(took, 99)
    return [
        Row(what=f"SIGKILL until the page shows it, p50 of {KILLS}", ours=ms(p50), aim="≤ 25 ms"),
        Row(what="… p99", ours=ms(p99), aim="≤ 60 ms"),
    ]


def _kill_one(ours: Ours, page: Page) -> float:
    made = ours.launch(LaunchSpec(workload="sleep", params={"seconds": 3600}))[0]
    row = page.locator("#rows .row", has=page.locator(f"a[href='/processes/{made.id}']"))
    row.locator("[data-column=state]", has_text="running").wait_for()
    process = next(each for each in ours.snapshot().processes if each.id == made.id)
    assert process.pid
    page.evaluate(OBSERVE, made.id)
    time.sleep(random.uniform(0.05, 0.35))  # not in step with the samples
    killed = time.time()
    os.kill(process.pid, signal.SIGKILL)
    page.wait_for_function("() => window.seen !== null", polling=10)
    seen: float = page.evaluate("() => window.seen")
    ours.join(made.id)
    return seen - killed * 1000
