"""The form for a job: filled by the function's example, checked as it is typed, told what the server objects to."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.pools.pooling import job_row, open_pool_page, panel, submit_button, workers
from tests.browser.test_attacks import CORPUS, unhurt

CODE = """
def shout(*texts):
    raise ValueError(" ".join(map(str, texts)))

def add(a, b):
    return a + b
"""


@pytest.fixture
def form(server: Server, page: Page) -> Page:
    """The page with the form for a job of a pool of one worker."""
    open_pool_page(page, server.open_pool("formed", 1), "?submit=1")
    expect(page.locator("#submit-function")).to_be_focused()
    return page


def choose(page: Page, function: str, method: str) -> None:
    page.locator("#submit-function").select_option(function)
    page.locator("#submit-method").select_option(method)


@pytest.mark.parametrize("method", ["apply", "apply_async"])
def test_a_single_call_has_the_typed_parameters_of_its_function(form: Page, method: str) -> None:
    choose(form, "slow-square", method)
    panel(form).get_by_label("number", exact=True).fill("many")
    expect(panel(form).locator(".field.invalid .wrong")).to_contain_text("number must be an integer")
    panel(form).get_by_label("number", exact=True).fill("12")
    submit_button(form).click()
    expect(job_row(form, 1)).to_contain_text("done")
    expect(panel(form).get_by_label("Result", exact=True)).to_have_text("144")


@pytest.mark.parametrize("method", ["map", "map_async", "imap", "imap_unordered"])
def test_a_map_takes_a_range_or_a_list(form: Page, method: str) -> None:
    choose(form, "square", method)
    panel(form).get_by_label("list", exact=True).check()
    panel(form).get_by_label("Items", exact=True).last.fill("[2, 3, 4]")
    submit_button(form).click()
    expect(job_row(form, 1)).to_contain_text("done")
    expect(panel(form).get_by_label("Result", exact=True)).to_have_text("[4, 9, 16]")


@pytest.mark.parametrize("method", ["starmap", "starmap_async"])
def test_a_starmap_takes_lists_of_arguments(form: Page, method: str) -> None:
    choose(form, "slow-square", method)
    panel(form).get_by_label("Items", exact=True).last.fill("[[2, 0.1], [3]]")
    submit_button(form).click()
    expect(job_row(form, 1)).to_contain_text("done")
    expect(panel(form).get_by_label("Result", exact=True)).to_have_text("[4, 9]")


def test_what_the_server_objects_to_stands_at_its_field(form: Page) -> None:
    choose(form, "slow-square", "starmap")
    panel(form).get_by_label("Items", exact=True).last.fill("[[2, 0.1], 3]")
    submit_button(form).click()
    wrong = panel(form).locator('[data-field="iterable"] .wrong')
    expect(wrong).to_contain_text("item 1 is 3")
    expect(panel(form).locator('[data-field="iterable"] input')).to_be_focused()
    choose(form, "square", "map")
    panel(form).get_by_label("Step").fill("0")
    submit_button(form).click()
    expect(panel(form).locator(".field.invalid .wrong")).to_contain_text("step of a range must not be 0")


def test_own_code_is_switched_off_unless_it_was_allowed(form: Page) -> None:
    own = form.locator("#submit-function option").filter(has_text="module:function")
    expect(own).to_be_disabled()
    expect(own).to_contain_text("disabled")


@pytest.fixture
def own_form(open_server: Server, visit: Callable[..., Page], tmp_path: Path) -> Iterator[Page]:
    """The form where own code may be run, with a module in a folder."""
    (tmp_path / "mine_of_pools.py").write_text(CODE)
    page = visit(open_server.url)
    open_pool_page(page, open_server.open_pool("".join(CORPUS[:3]), 1), "?submit=1")
    expect(page.locator("#submit-function")).to_be_focused()
    page.locator("#submit-function").select_option("")
    panel(page).get_by_label("Folder").fill(str(tmp_path))
    yield page
    open_server.clear()


def test_own_code_runs_from_its_folder(own_form: Page) -> None:
    own_form.locator("#submit-method").select_option("apply")
    panel(own_form).get_by_label("module:function").fill("mine_of_pools:nothing")
    submit_button(own_form).click()
    wrong = panel(own_form).locator('[data-field="function"] .wrong')
    expect(wrong).to_contain_text("cannot load")
    panel(own_form).get_by_label("module:function").fill("mine_of_pools:add")
    panel(own_form).get_by_label("Arguments", exact=True).fill("[1, 41]")
    submit_button(own_form).click()
    expect(job_row(own_form, 1)).to_contain_text("done")
    expect(panel(own_form).get_by_label("Result", exact=True)).to_have_text("42")


def test_nothing_of_the_corpus_becomes_markup(open_server: Server, own_form: Page, tmp_path: Path) -> None:
    pool = open_server.api("GET", "/pools")["pools"][-1]["id"]
    target = {"function": "mine_of_pools:shout", "path": str(tmp_path)}
    job = open_server.submit(pool, method="apply", args=CORPUS, **target)
    open_pool_page(own_form, pool, f"?job={job}")
    expect(own_form.locator("#pool h1")).to_contain_text(CORPUS[0])
    expect(panel(own_form)).to_contain_text("onerror=alert(1)")
    panel(own_form).locator("details").first.locator("pre").wait_for()
    expect(panel(own_form).get_by_label("Traceback")).to_contain_text(CORPUS[1])
    unhurt(own_form)
    open_server.submit(pool, "sleep", iterable=[60])
    expect(workers(own_form).filter(has_text="task 0 of job 2")).to_be_visible()
    pid = open_server.pool(pool)["workers"][0]["pid"]
    open_pool_page(own_form, pool, f"?worker={pid}")
    own_form.get_by_role("toolbar", name="Actions on the worker").get_by_role("button", name="Kill").click()
    expect(own_form.get_by_role("dialog")).to_contain_text(re.compile("Task 0 of job 2 will be lost"))
    unhurt(own_form)
    own_form.keyboard.press("Escape")
    own_form.get_by_role("link", name="Pools", exact=True).click()
    expect(own_form.locator("#pools tbody")).to_contain_text(CORPUS[0])
    unhurt(own_form)
