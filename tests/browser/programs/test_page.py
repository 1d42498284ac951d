"""The pages of programs for who has none yet, who may only look, who cannot see, and for hostile text."""

import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.opening import follow
from tests.browser.programs.programming import (
    LONG_S,
    findings,
    node,
    open_program,
    panel,
    process_row,
    program_row,
    resource_row,
    run,
    state,
    wait_finding,
)
from tests.browser.test_access import DIALOG, violations
from tests.browser.test_attacks import CORPUS, unhurt
from tests.waiting import wait_until

HOSTILE = """
import multiprocessing, time, sys

def wait(lock):
    with lock:
        pass

if __name__ == "__main__":
    lock = multiprocessing.Lock()
    text = multiprocessing.Array("u", {values!r})
    lock.acquire()
    for name in {names!r}:
        multiprocessing.Process(target=wait, args=(lock,), name=name, daemon=True).start()
    print(*{names!r}, sep="\\n", flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def deadlock(shared_server: Server) -> str:
    """A program that stands still; these tests only look."""
    program = run(shared_server, "synchronisation-deadlock", seconds=LONG_S)
    wait_finding(shared_server, program, "deadlock")
    return program


@pytest.fixture
def looking(shared_server: Server, visit: Callable[..., Page]) -> Page:
    """A page; what is there stays when a test is over."""
    return visit(shared_server.url)


def test_the_list_has_no_violations(deadlock: str, shared_server: Server, looking: Page) -> None:
    follow(looking, "/programs")
    expect(program_row(looking, "synchronisation-deadlock")).to_contain_text("deadlock")
    assert violations(looking) == []


def test_a_program_has_no_violations(deadlock: str, shared_server: Server, looking: Page) -> None:
    lock = shared_server.api("GET", f"/resources?program={deadlock}&kind=lock")["resources"][0]["id"]
    open_program(looking, deadlock)
    expect(findings(looking)).to_contain_text("plato")
    assert violations(looking) == []
    for query, words in ((f"resource={lock}", "Holder"), ("log=1", "waits for the other")):
        follow(looking, f"/programs/{deadlock}?{query}")
        expect(panel(looking)).to_contain_text(words)
        assert violations(looking, "#program-panel") == []


def test_the_dialog_has_no_violations(shared_server: Server, looking: Page) -> None:
    follow(looking, "/programs")
    looking.get_by_role("button", name="Run a program").click()
    dialog = looking.get_by_role("dialog", name="Run a program")
    dialog.get_by_role("radio", name="A deadlock of two processes").check(force=True)
    expect(dialog.get_by_label("seconds")).to_be_visible()
    assert violations(looking, DIALOG) == []
    dialog.get_by_role("tab", name="Your command").click()
    expect(dialog).to_contain_text("Disabled.")
    expect(dialog.get_by_role("button", name="Run")).to_be_disabled()
    assert violations(looking, DIALOG) == []


def test_a_viewer_looks_and_is_offered_nothing_that_acts(deadlock: str, shared_server: Server, viewer: Page) -> None:
    open_program(viewer, deadlock)
    expect(findings(viewer)).to_contain_text("plato")
    expect(findings(viewer).get_by_role("button")).to_have_count(0)
    expect(findings(viewer).get_by_role("link", name="Lock fork")).to_be_visible()
    process_row(viewer, "plato").hover()
    expect(viewer.locator("#program").get_by_role("button")).to_have_count(0)
    follow(viewer, "/programs")
    expect(program_row(viewer, "synchronisation-deadlock")).to_be_visible()
    viewer.keyboard.press("n")
    expect(viewer.get_by_role("dialog")).to_have_count(0)


def test_who_has_no_program_is_shown_how_and_runs_one_with_a_click(
    empty_server: Server, visit: Callable[..., Page]
) -> None:
    page = visit(empty_server.url)
    follow(page, "/programs")
    expect(page.get_by_role("heading", name="No programs")).to_be_visible()
    expect(page.locator("#programs")).to_contain_text("procession run -- python train.py")
    for theme in ("Process", "Queue", "Synchronisation", "Hazards"):
        expect(page.locator("#programs").get_by_role("heading", name=theme, exact=True)).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Producers and consumers").click()
    expect(page).to_have_url(re.compile(r"/programs/p\d+$"))
    expect(resource_row(page, "jobs")).to_be_visible()
    expect(process_row(page, "consumer-3")).to_be_visible()
    expect(state(page)).to_contain_text("exited")
    page.get_by_role("button", name="Run again").click()
    expect(state(page)).to_contain_text("running")


def test_a_program_whose_command_has_a_secret_runs_again_with_it(
    open_server: Server, visit: Callable[..., Page], tmp_path: Path
) -> None:
    """The page does not know the secret: it shows, and would send, `***`."""
    script = tmp_path / "job.py"
    script.write_text("import sys\nopen('told', 'a').write(sys.argv[1] + '\\n')\n")
    command = [sys.executable, str(script), "--password=hunter2"]
    page = visit(open_server.url)
    program = open_server.api("POST", "/programs", {"command": command, "cwd": str(tmp_path)})["id"]
    open_program(page, program)
    expect(state(page)).to_contain_text("exited")
    assert "hunter2" not in page.content()
    page.get_by_role("button", name="Run again").click()
    wait_until(lambda: (tmp_path / "told").read_text() == "--password=hunter2\n" * 2)
    open_server.clear()


def test_it_is_grey_and_stands_while_the_server_is_away(server: Server, page: Page) -> None:
    program = run(server, "synchronisation-deadlock", seconds=LONG_S)
    wait_finding(server, program, "deadlock")
    open_program(page, program)
    expect(node(page, "plato")).to_be_visible()
    page.context.set_offline(True)
    os.kill(server.web_pid, signal.SIGKILL)
    expect(page.locator("html")).to_have_attribute("data-stale", "")
    expect(node(page, "plato")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("#connection")).to_have_text("live")
    expect(findings(page)).to_contain_text("plato")


def test_a_command_of_ones_own_is_run_and_hostile_names_stay_text(
    open_server: Server, visit: Callable[..., Page], tmp_path: Path
) -> None:
    names = [text for text in CORPUS if "\x1b" not in text]
    (tmp_path / "hostile one.py").write_text(HOSTILE.format(values=names[0], names=names))
    page = visit(open_server.url)
    follow(page, "/programs")
    page.keyboard.press("n")
    dialog = page.get_by_role("dialog", name="Run a program")
    dialog.get_by_role("tab", name="Your command").click()
    dialog.get_by_role("button", name="Run").click()
    expect(dialog.locator(".field.invalid .wrong")).to_contain_text("must not be empty")
    dialog.get_by_role("textbox", name="Command").fill(f"python 'hostile one.py' \"two words\" {'x' * 3000}")
    dialog.get_by_label("Folder").fill(str(tmp_path))
    dialog.get_by_label("Environment").fill("ONE=1 TWO='two words'")
    dialog.get_by_role("textbox", name="Name").fill(CORPUS[0])
    dialog.get_by_role("button", name="Run").click()
    expect(page.locator("#program h1")).to_have_text(CORPUS[0])
    expect(page.locator("#program .who")).to_contain_text('python "hostile one.py" "two words"')
    command = page.locator("#program .who code")
    expect(command).to_have_text(re.compile("^.{159}…$"))  # a command without end does not fill the page
    expect(command).to_have_attribute("title", re.compile("x{3000}$"))
    expect(process_row(page, names[1])).to_be_visible()
    expect(node(page, "lock")).to_be_visible()
    # Of many that wait alike, the drawing shows those that were seen first.
    hostile = re.compile("|".join(map(re.escape, names[1:])))
    expect(page.locator("svg .node title").filter(has_text=hostile)).not_to_have_count(0)
    resource_row(page, "text").get_by_role("link").click()
    expect(panel(page)).to_contain_text("Read without the lock")
    unhurt(page)
    page.get_by_role("toolbar", name="Actions on the program").get_by_role("link", name="Log").click()
    expect(panel(page).get_by_role("log")).to_contain_text(names[4])
    unhurt(page)
    follow(page, "/programs")
    expect(program_row(page, CORPUS[0])).to_be_visible()
    unhurt(page)
    open_server.clear()


def test_why_a_program_is_not_observed_is_said(open_server: Server, visit: Callable[..., Page], tmp_path: Path) -> None:
    """With what to do; of one that is observed nothing is said."""
    script = tmp_path / "quiet.py"
    script.write_text("import multiprocessing, time\nlock = multiprocessing.Lock()\ntime.sleep(600)\n")
    page = visit(open_server.url)
    for flags in (["-I"], []):
        command = [sys.executable, *flags, str(script)]
        program = open_server.api("POST", "/programs", {"command": command})["id"]
        shown = open_program(page, program)
        note = shown.get_by_text("Not observed. -I makes Python ignore its environment")
        if flags:
            expect(note).to_be_visible()
        else:
            expect(resource_row(page, "lock")).to_be_visible()
            expect(note).to_be_hidden()
    open_server.clear()


def test_the_first_elements_of_an_array_are_drawn(
    open_server: Server, visit: Callable[..., Page], tmp_path: Path
) -> None:
    """Each with its index; how many there are, and how many are told, stands beside their values."""
    script = tmp_path / "table_of_numbers.py"
    script.write_text("import multiprocessing, time\ntable = multiprocessing.Array('d', 20)\ntime.sleep(600)\n")
    page = visit(open_server.url)
    program = open_server.api("POST", "/programs", {"command": [sys.executable, str(script)]})["id"]
    open_program(page, program)
    resource_row(page, "table").get_by_role("link").click()
    titles = panel(page).locator("figure figcaption b")
    expect(titles).to_have_text([f"[{at}]" for at in range(4)])
    expect(panel(page)).to_contain_text("First 16 of 20 elements. The first 4 have charts.")
    open_server.clear()
