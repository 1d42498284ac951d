"""docs/architecture.md has every folder, every layer and every state."""

import re
from pathlib import Path

import pytest

from app.records.process import State
from tests.contract import documents as doc
from tests.contract.test_layers import MAY_IMPORT

PAGE = doc.Page("docs/architecture.md")
# Each of their folders is described.
PARENTS = ("app", "app/core", "app/supervisor", "procession")


@pytest.mark.parametrize("parent", PARENTS)
def test_every_folder_is_described(parent: str) -> None:
    documented = {code for first, _ in PAGE.table("Folders") for code in doc.code_of(first)}
    folders = {path.parent for path in Path(doc.ROOT, parent).glob("*/*.py")}
    assert folders
    assert {f"{path.relative_to(doc.ROOT)}/" for path in folders} - documented == set()


def test_the_layers_are_those_that_are_checked() -> None:
    documented = {doc.only_code_of(folder): doc.code_of(allowed) for folder, allowed in PAGE.table("Layers")}
    # What stands within the folder itself is no layer of its own.
    assert documented == {place(layer): list(map(place, without_own(layer))) for layer in MAY_IMPORT}


def without_own(layer: str) -> list[str]:
    return [name for name in MAY_IMPORT[layer] if name != "_procession_observer"]


def place(module: str) -> str:
    path = module.replace(".", "/")
    return f"{path}/" if (doc.ROOT / path).is_dir() else f"{path}.py"


def test_every_state_is_documented() -> None:
    documented = re.search(r"\*\*States\.\*\* (.*) All transitions", PAGE.section("The life of a process"))
    assert documented
    assert set(re.findall("[a-z]+", " ".join(doc.code_of(documented[1])))) == set(State)


def test_every_place_to_find_is_a_file() -> None:
    rows = PAGE.table("Where to find")
    assert len(rows) > 10
    for what, where in rows:
        assert doc.code_of(where), what
        assert all((doc.ROOT / path).is_file() for path in doc.code_of(where)), what
