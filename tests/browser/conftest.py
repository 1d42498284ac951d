"""The page in a real Chromium, before a whole instance: nothing of ours is faked, the CSP is in force."""

import json
import subprocess
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, expect, sync_playwright

from tests.instance import Instance
from tests.waiting import wait_until
from tools.chromium import find_on_path

ROOT = Path(__file__).parents[2]
VIEWER_TOKEN = "a-viewer-may-only-look"
SIZE = {"width": 1600, "height": 900}
WITHIN_MS = 15_000

# A window of the new headless mode has a toolbar whose pop-ups are web pages with processes of their own, and a
# process is kept ready for the next page: all that costs more than our page does.
UNUSED = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup", "SpareRendererForSitePerProcess")
# Without a GPU a window is painted as one tile of 256 pixels after the other, unless they are larger.
TILES = ["--default-tile-width=2048", "--default-tile-height=1024"]
FLAGS = ["--no-sandbox", "--disable-gpu", "--in-process-gpu", *TILES, f"--disable-features={','.join(UNUSED)}"]

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

    def empty(self) -> None:
        """Clear, and wait until nothing of it is shown any more."""
        self.clear()
        nouns = ("processes", "pools", "programs")
        wait_until(lambda: not any(self.api("GET", f"/{noun}")[noun] for noun in nouns), 20, "it does not get empty")

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


class Windows:
    """Windows that one test after another uses: what was loaded stays in their caches, already compiled.

    A free window shows a plain document of the server that it showed before: a visit that comes from another server,
    or from a blank page, starts a process and costs three times as much.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: dict[str, list[Page]] = defaultdict(list)

    def take(self, url: str, color_scheme: Literal["light", "dark"], viewport: Any) -> Page:
        """Return a window, for a visit of ``url``, as a new one would be."""
        free = self._free[origin_of(url)]
        page = free.pop() if free else self._browser.new_context(viewport=viewport).new_page()
        page.set_default_timeout(WITHIN_MS)
        page.emulate_media(color_scheme=color_scheme)
        page.set_viewport_size(viewport)
        return page

    def give_back(self, page: Page) -> None:
        """Take away what a test has left in a window: cookies, storage, further windows, the pointer's place."""
        context = page.context
        context.set_offline(False)
        context.clear_cookies()
        devtools = context.new_cdp_session(page)
        origins = {origin_of(frame.url) for frame in page.frames if frame.url.startswith("http")}
        for origin in origins:
            devtools.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "local_storage"})
        page.mouse.move(-1, -1)
        try:
            page.goto(f"{origin_of(page.url)}/healthz")
        except Error:  # its server has ended
            context.close()
            return
        for other in context.pages:
            if other is not page:
                other.close()
        self._free[origin_of(page.url)].append(page)


def origin_of(url: str) -> str:
    """Return ``http://127.0.0.1:8000`` of an address."""
    return "/".join(url.split("/", 3)[:3])


@pytest.fixture(scope="session")
def page_files() -> None:
    """The page as its scripts and styles are now, whoever started the tests."""
    subprocess.run(["make", "--silent", "libs"], cwd=ROOT, check=True)


@pytest.fixture(scope="session")
def chromium(page_files: None) -> Iterator[Browser]:
    """A browser on PATH, else Playwright's own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_on_path(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def windows(chromium: Browser) -> Windows:
    return Windows(chromium)


@pytest.fixture(scope="session")
def session_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("home"), viewer_token=VIEWER_TOKEN, grace_s="2") as server:
        yield server


@pytest.fixture(scope="session")
def session_open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("home"), allow_targets="1", grace_s="2") as server:
        yield server


@pytest.fixture(scope="module")
def shared_server(session_server: Server) -> Iterator[Server]:
    """A running instance, in which a module finds nothing of others."""
    session_server.empty()
    yield session_server
    session_server.clear()


@pytest.fixture(scope="module")
def open_server(session_open_server: Server) -> Iterator[Server]:
    """The same, where own code may be launched."""
    session_open_server.empty()
    yield session_open_server
    session_open_server.clear()


@pytest.fixture
def server(shared_server: Server) -> Iterator[Server]:
    """A running instance, shared by the tests of a module, with what they launched ended after each."""
    yield shared_server
    shared_server.clear()


@pytest.fixture
def empty_server(server: Server) -> Server:
    """The same without what other tests left: what is closed is shown for some seconds."""
    server.empty()
    return server


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """An instance of this test alone: it may be killed in parts, or stopped."""
    with Server(tmp_path / "home", viewer_token=VIEWER_TOKEN, grace_s="2") as server:
        yield server


@pytest.fixture
def visit(windows: Windows) -> Iterator[Callable[..., Page]]:
    """Opens pages, each in a window of its own; an error in one of our scripts fails the test."""
    taken: list[Page] = []
    wrong: list[str] = []

    def on_error(error: Error) -> None:
        wrong.append(str(error))

    def on_console(message: ConsoleMessage) -> None:
        if "Content Security" in message.text:
            wrong.append(message.text)

    def visit(url: str, color_scheme: Literal["light", "dark"] = "light", viewport: Any = SIZE) -> Page:
        page = windows.take(url, color_scheme, viewport)
        taken.append(page)
        page.on("pageerror", on_error)
        page.on("console", on_console)
        page.goto(url)
        return page

    yield visit
    for page in taken:
        page.remove_listener("pageerror", on_error)
        page.remove_listener("console", on_console)
        windows.give_back(page)
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
