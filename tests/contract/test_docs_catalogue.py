"""docs/catalogue.md has every workload and every program, docs/observing.md every finding, and no other."""

from app.records.waits import FindingKind
from tests.contract import documents as doc
from workers import catalogue, programs

PAGE = doc.Page("docs/catalogue.md")


def test_every_workload_is_documented_with_its_parameters_and_no_other() -> None:
    documented = {doc.only_code_of(name): description for name, description in PAGE.table("Workloads")}
    assert documented == {signature(name): each.description for name, each in catalogue().items()}


def signature(name: str) -> str:
    parameters = ", ".join(each.name for each in catalogue()[name].parameters)
    return f"{name}({parameters})" if parameters else name


def test_every_program_is_documented_under_its_theme_and_no_other() -> None:
    documented = {theme: doc.code_of(names) for theme, names in PAGE.table("Programs to learn from")}
    themes = dict.fromkeys(each.theme for each in programs().values())
    assert documented == {theme: [name for name, each in programs().items() if each.theme == theme] for theme in themes}


def test_every_kind_of_finding_is_documented_and_no_other() -> None:
    rows = doc.Page("docs/observing.md").table("Findings")
    assert [doc.only_code_of(kind) for kind, _ in rows] == list(FindingKind)
