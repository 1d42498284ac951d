"""The page in a real Chromium, before a whole instance: nothing of ours is faked, the CSP is in force."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.instance import Instance
from tests.waiting import wait_until
from tools.chromium import find_on_path

VIEWER_TOKEN = "a-viewer-may-only-look"
SIZE = {"width": 1600, "height": 900}
WITHIN_MS = 15_000

expect.set_options(timeout=WITHIN_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


class Server(Instance):
    """An instance that is asked over HTTP, which takes milliseconds where the command line takes half a second."""

    def api(self, method: str, path: str, body: object = None) -> Any:
        """The JSON of one request as the operator; a refusal fails the test with its detail."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.base}/api/v1{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=WITHIN_MS / 1000) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                pytest.fail(f"{method} {path}: {refused.read().decode()}")

    def begin(self, workload: str, name: str, *, count: int = 1, params: object = None, **options: object) -> list[Any]:
        """Launch over HTTP; the records as they were when they were created."""
        body = {"workload": workload, "name": name, "params": params or {}, "count": count, **options}
        made: list[Any] = self.api("POST", "/processes/batch", body)["processes"]
        return made

    def open_pool(self, name: str, processes: int = 2, **options: object) -> str:
        """Open a pool over HTTP and wait until it takes jobs; its id."""
        pool_id = str(self.api("POST", "/pools", {"name": name, "processes": processes, **options})["id"])
        wait_until(lambda: self.pool(pool_id)["state"] == "open", message=f"the pool {name} does not open")
        return pool_id

    def pool(self, pool_id: str) -> Any:
        """The record of a pool."""
        return self.api("GET", f"/pools/{pool_id}")

    def submit(self, pool_id: str, function: str, method: str = "map", **spec: object) -> int:
        """Submit a job over HTTP; its number."""
        body = {"method": method, "function": function, **spec}
        return int(self.api("POST", f"/pools/{pool_id}/jobs", body)["id"])

    def clear(self) -> None:
        """End and close all there is; what was closed is shown for some seconds more."""
        wait_until(self._is_clear, message="the list does not get empty")

    def _is_clear(self) -> bool:
        shown = self.api("GET", "/processes")["processes"]
        # An observed process goes with its program: nobody but its parent can close it.
        left = [each for each in shown if each["state"] != "closed" and (each["alive"] or not each["observed"])]
        for verb, ids in (
            ("kill", [each["id"] for each in left if each["alive"]]),
            ("close", [each["id"] for each in left if not each["observed"]]),
        ):
            if ids:
                self.api("POST", "/actions", {"verb": verb, "ids": ids})
        return not left


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A browser on PATH, else Playwright's own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_on_path(), args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("home"), viewer_token=VIEWER_TOKEN, grace_s="2") as server:
        yield server


@pytest.fixture
def server(shared_server: Server) -> Iterator[Server]:
    """A running instance, shared by the tests of a module, with what they launched ended after each."""
    yield shared_server
    shared_server.clear()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """An instance of this test alone: it may be empty, or killed in parts."""
    with Server(tmp_path / "home", viewer_token=VIEWER_TOKEN, grace_s="2") as server:
        yield server


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages, each in a browser context of its own; an error in one of our scripts fails the test."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def visit(url: str, **options: Any) -> Page:
        contexts.append(chromium.new_context(**{"viewport": SIZE, **options}))
        page = contexts[-1].new_page()
        page.set_default_timeout(WITHIN_MS)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if "Content Security" in message.text else None)
        page.goto(url)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert not wrong, wrong


@pytest.fixture
def page(server: Server, visit: Callable[..., Page]) -> Page:
    """The list of `server`, signed in as the operator, and live."""
    page = visit(server.url)
    expect(page.locator("#connection")).to_have_text("live")
    return page


@pytest.fixture
def viewer(server: Server, visit: Callable[..., Page]) -> Page:
    """The same for a viewer."""
    page = visit(f"{server.base}/?token={VIEWER_TOKEN}")
    expect(page.locator("#connection")).to_have_text("live")
    return page
