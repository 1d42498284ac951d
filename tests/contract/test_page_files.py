"""The page's files keep the house rules: text is only ever text, nothing inline, one small behaviour per file."""

import re
from collections import Counter
from pathlib import Path

import pytest

from app.records import limits
from tests.contract.cycles import circles

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "static/js").rglob("*.js"))
TEMPLATES = sorted((ROOT / "templates").glob("*.html"))
MAX_LINES = 120
MAX_SCRIPTS = 20
HTML_FROM_TEXT = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function\(|srcdoc")
INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=\"|javascript:|<script(?![^>]*\ssrc=)")
IMPORTED = re.compile(r'(?:from|^import) "(\.{1,2}/[^"]+)"', re.MULTILINE)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT / "static/js")))
def test_a_script_makes_no_html_from_text_and_is_small(script: Path) -> None:
    text = script.read_text()
    assert not HTML_FROM_TEXT.search(text)
    assert len(text.splitlines()) <= MAX_LINES


def test_the_page_uses_limits_that_the_server_has() -> None:
    used = set(re.findall(r"\b(?:LIMITS|limits)\.([A-Z_]+)", "".join(one.read_text() for one in SCRIPTS + TEMPLATES)))
    assert used
    assert used <= vars(limits).keys()


def imported_by(script: Path) -> set[Path]:
    return {(script.parent / module).resolve() for module in IMPORTED.findall(script.read_text())}


def test_scripts_import_each_other_in_no_circle() -> None:
    assert not circles({script: imported_by(script) for script in SCRIPTS})


def test_folders_of_scripts_import_each_other_in_no_circle() -> None:
    folders: dict[Path, set[Path]] = {script.parent: set() for script in SCRIPTS}
    for script in SCRIPTS:
        folders[script.parent] |= {other.parent for other in imported_by(script)}
    assert not circles(folders)


def test_no_folder_of_scripts_has_too_many() -> None:
    counts = Counter(script.parent for script in SCRIPTS)
    assert max(counts.values()) <= MAX_SCRIPTS


def test_every_style_is_part_of_the_page_or_of_the_sign_in() -> None:
    styles = {path.name for path in (ROOT / "static/css").iterdir()}
    used = re.findall(r'@import "\./([\w.]+)"', (ROOT / "static/css/main.css").read_text())
    used += re.findall(r"/static/css/([\w.]+)", (ROOT / "templates/signin.html").read_text())
    assert styles - {"main.css"} == set(used)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_has_no_inline_script_or_style(template: Path) -> None:
    assert not INLINE.search(template.read_text())


def test_ids_are_given_once_over_all_parts_of_the_page() -> None:
    parts = [path for path in TEMPLATES if path.name != "signin.html"]
    ids = re.findall(r'\sid="([\w-]+)"', "".join(path.read_text() for path in parts))
    assert sorted(ids) == sorted(set(ids))
