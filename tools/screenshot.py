"""Take the screenshots of README.md (`make screenshot`): a real instance, real processes, a real browser.

    instance ──launches──▶ the cast, each of it in a state of its own
    Chromium ──visits────▶ the detail of the stuck one ──▶ docs/screenshot-{light,dark}.png
                           a pool with a stuck worker  ──▶ docs/screenshot-pool.png
                           a program in a deadlock     ──▶ docs/screenshot-program.png

Nothing is drawn or retouched.  The instance lives in a folder of its own, and nothing of it is left afterwards.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, expect, sync_playwright

from app.protocol.control import Act, Launch
from app.records.process import LaunchSpec, Process, RestartPolicy, State
from app.records.verbs import Verb
from tests.instance import Instance
from tests.waiting import wait_until

from . import screenshot_pool, screenshot_program
from .chromium import find_on_path

DOCS = Path(__file__).parents[1] / "docs"
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
MAX_BYTES = 300_000
WITHIN_S = 120.0
WITHIN_MS = 15_000
# So much for the charts to show something, and for the stuck one to have a story.
PLAYED_S = 45.0
# So much of a back-off must be left for both pictures to show it.
LEFT_S = 12.0

STUCK, SUSPENDED, STOPPING, FAILING = "nightly-import", "cache-warmer", "mail-queue", "price-feed"
# In the order of launching; the page shows the newest first.
CAST: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("backup", "raise", {}),
    ("old-report", "zombie", {}),
    (SUSPENDED, "sleep", {"params": {"seconds": 900}}),
    ("access-log", "print-lines", {"params": {"rate": 20, "seconds": 900}, "daemon": True}),
    (FAILING, "crash-loop", {"restart": RestartPolicy(policy="on-failure", delay_s=8)}),
    ("crawler", "descendants", {"params": {"seconds": 900}}),
    (STOPPING, "ignore-sigterm", {"params": {"seconds": 900}, "grace_s": 60}),
    ("thumbnails", "burn-cpu", {"params": {"seconds": 120}, "start_method": "spawn"}),
    (STUCK, "hang", {"params": {"seconds": 900}}),
)


def main() -> None:
    """Take the screenshots; fail if a process does not reach its state, or an image is too large."""
    DOCS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="procession-picture-") as folder:
        instance = Instance(Path(folder) / "home")
        with instance, _chromium() as browser:
            ids = {name: _launch(instance, name, workload, **options) for name, workload, options in CAST}
            pages = {theme: _visit(browser, instance, f"/processes/{ids[STUCK]}", theme) for theme in THEMES}
            _play(instance, ids)
            for theme, page in pages.items():
                _take(page, DOCS / f"screenshot-{theme}.png", _expect_all)
            ids[screenshot_pool.NAME] = pool = screenshot_pool.open_pool(instance)
            page = _visit(browser, instance, f"/pools/{pool}?job=2", "light")
            _take(page, DOCS / "screenshot-pool.png", screenshot_pool.expect_all)
            ids[screenshot_program.NAME] = program = screenshot_program.run_program(instance)
            page = _visit(browser, instance, f"/programs/{program}", "light")
            _take(page, DOCS / "screenshot-program.png", screenshot_program.expect_all)
            for process_id in ids.values():
                instance.end(process_id)  # An orderly stop would wait for the longest grace
        instance.wait_nothing_alive()


def _launch(instance: Instance, name: str, workload: str, **options: Any) -> str:
    spec = LaunchSpec(workload=workload, name=name, **options)
    made = instance.call(Launch(request=1, by="operator", spec=spec))
    return str(made["processes"][0]["id"])


def _play(instance: Instance, ids: dict[str, str]) -> None:
    """Let processes run until there is something to see, then suspend one and terminate one."""
    wait_until(lambda: _is_stuck(instance, ids[STUCK]), WITHIN_S, f"{STUCK} is never found stuck")
    wait_until(lambda: _waits_long(instance, ids[FAILING]), WITHIN_S, f"{FAILING} is never in back-off")
    for name, verb, state in ((SUSPENDED, Verb.SUSPEND, State.SUSPENDED), (STOPPING, Verb.TERMINATE, State.STOPPING)):
        instance.call(Act(request=1, by="operator", process=ids[name], verb=verb))
        instance.wait_state(ids[name], state)


def _is_stuck(instance: Instance, process_id: str) -> bool:
    stuck = _process(instance, process_id).stuck
    return stuck is not None and time.time() - stuck.since > PLAYED_S


def _waits_long(instance: Instance, process_id: str) -> bool:
    backoff = _process(instance, process_id).backoff
    return backoff is not None and backoff.until - time.time() > LEFT_S


def _process(instance: Instance, process_id: str) -> Process:
    process = instance.process(process_id)
    assert process, process_id
    return process


@contextmanager
def _chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_on_path(), args=["--no-sandbox"])
        yield browser
        browser.close()


def _visit(browser: Browser, instance: Instance, path: str, theme: Literal["light", "dark"]) -> Page:
    context = browser.new_context(viewport={"width": 1600, "height": 800}, color_scheme=theme, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(WITHIN_MS)
    page.goto(instance.url)
    page.goto(f"{instance.base}{path}")
    return page


def _take(page: Page, path: Path, expect_all: Callable[[Page], None]) -> None:
    expect_all(page)
    page.screenshot(path=path)
    size = path.stat().st_size
    assert size < MAX_BYTES, f"{path} has {size} bytes; at most {MAX_BYTES} belong into the repository"
    print(f"{path.relative_to(DOCS.parent)}: {size} bytes")


def _expect_all(page: Page) -> None:
    expect(page.locator("#connection")).to_have_text("live")
    expect(page.locator("#detail .badge")).to_contain_text("stuck")
    expect(page.get_by_role("region", name="Finding")).to_contain_text("hang()")
    for name, _, _ in CAST:
        expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
    for group in ("running", "stuck", "stopping", "failed", "suspended", "waiting"):
        expect(page.locator(f"#chips [data-group={group}]")).not_to_contain_text("0")
    expect(page.locator("#detail .chart canvas").first).to_be_visible()


if __name__ == "__main__":
    main()
