"""CHANGELOG.md has the form of Keep a Changelog, and knows of the version that the project has."""

import re
import tomllib

from tests.contract import documents as doc

KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def changelog() -> str:
    return (doc.ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_each_version_has_its_date_or_is_unreleased() -> None:
    versions = re.findall(r"^## (.*)$", changelog(), re.MULTILINE)
    assert versions
    for version in versions:
        assert re.fullmatch(r"\[\d+\.\d+\.\d+\] - (unreleased|\d{4}-\d\d-\d\d)", version), version


def test_the_newest_version_is_that_of_the_project() -> None:
    project = tomllib.loads((doc.ROOT / "pyproject.toml").read_text())["project"]
    newest = re.search(r"^## \[([\d.]+)\]", changelog(), re.MULTILINE)
    assert newest
    assert newest[1] == project["version"]


def test_changes_are_of_the_known_kinds() -> None:
    kinds = re.findall(r"^### (.*)$", changelog(), re.MULTILINE)
    assert kinds
    assert set(kinds) <= KINDS
