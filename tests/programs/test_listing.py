"""The catalogue of programs: the entry of each script agrees with the script."""

import ast
import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest

import workers
from app.records.waits import FindingKind
from workers import BadParameter, _programs
from workers._programs import FOLDER, THEMES, Program

PROGRAMS = workers.programs()
NUMBERS = [
    (program, parameter)
    for program in PROGRAMS.values()
    for parameter in program.parameters
    if parameter.minimum is not None
]
each_program = pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)


def source(program: Program) -> ast.Module:
    return ast.parse(Path(program.path).read_text(encoding="utf-8"))


def imported(program: Program) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(source(program)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


def parse(program: Program, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> dict[str, Any]:
    """What the script's own parser makes of these arguments; nothing else of it runs."""
    monkeypatch.setattr(sys, "argv", [program.path, *arguments])
    only = next(
        node for node in source(program).body if isinstance(node, ast.FunctionDef) and node.name == "parameters"
    )
    names: dict[str, Any] = {"__doc__": program.description, "argparse": __import__("argparse")}
    exec(compile(ast.Module([only], []), program.path, "exec"), names)
    return dict(vars(names["parameters"]()))


def test_every_script_is_listed_by_its_theme_and_name() -> None:
    """No script is in a folder that the catalogue does not read."""
    assert {Path(program.path) for program in PROGRAMS.values()} == set(FOLDER.rglob("*.py"))
    assert "process-join-timeout" in PROGRAMS
    order = list(THEMES.values())
    assert [program.theme for program in PROGRAMS.values()] == sorted(
        (program.theme for program in PROGRAMS.values()), key=order.index
    )


@each_program
def test_it_has_everything_that_the_page_shows(program: Program) -> None:
    """A title, a description, what to look at, and only known findings; all as JSON."""
    told = json.loads(json.dumps(program.to_json()))
    assert told.keys() == {"name", "title", "description", "look_at", "theme", "finds", "parameters"}
    assert len(program.title) <= 60
    assert program.title[-1] != "."
    assert program.description.endswith((".", "!"))
    assert program.look_at.endswith(".")
    assert set(program.finds) <= set(FindingKind)


@each_program
def test_every_parameter_has_bounds_or_choices_and_help(program: Program) -> None:
    """The form shows what is allowed, and the default is allowed."""
    assert program.check({}) == {one.name: one.default for one in program.parameters}
    for one in program.parameters:
        assert one.help
        assert one.type == "bool" or one.choices or (one.minimum is not None and one.maximum is not None)


@each_program
def test_it_is_a_plain_script(program: Program) -> None:
    """It imports only the standard library, and hides no module of it."""
    assert imported(program) <= sys.stdlib_module_names
    assert Path(program.path).stem not in sys.stdlib_module_names
    assert Path(program.path).stem.isidentifier()
    assert 'if __name__ == "__main__":' in Path(program.path).read_text(encoding="utf-8")


@each_program
def test_its_parser_agrees_with_the_listing(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without arguments it returns the defaults; the arguments that the listing writes are parsed back."""
    assert parse(program, monkeypatch) == program.check({})
    given: dict[str, Any] = {one.name: _another(one) for one in program.parameters}
    assert parse(program, monkeypatch, *program.arguments(given)) == given


def _another(parameter: Any) -> Any:
    if parameter.type == "bool":
        return True
    return parameter.choices[-1] if parameter.choices else parameter.maximum


@pytest.mark.parametrize(("program", "parameter"), NUMBERS, ids=[f"{one.name}-{two.name}" for one, two in NUMBERS])
def test_its_parser_refuses_values_out_of_bounds(
    program: Program, parameter: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error names the parameter and the bounds of the listing."""
    option = f"--{parameter.name.replace('_', '-')}"
    for wrong in (parameter.minimum - 1, parameter.maximum + 1, *([math.nan] if parameter.type == "float" else [])):
        with pytest.raises(SystemExit, match="2"):
            parse(program, monkeypatch, f"{option}={wrong}")
        assert f"{option} must be from {parameter.minimum:g} to {parameter.maximum:g}" in capsys.readouterr().err
        with pytest.raises(BadParameter):
            program.arguments({parameter.name: wrong})


def test_an_invalid_script_is_refused_with_the_reason(tmp_path: Path) -> None:
    """The error names the file."""
    for text in (
        "",
        '"""Title\n\nNo more.\n"""',
        '"""T\n\nD.\n\nWhat to look at: it.\n"""\nparser.add_argument("--x")',
    ):
        script = tmp_path / "one.py"
        script.write_text(text)
        with pytest.raises(ValueError, match=r"one\.py: "):
            _programs.read(script)


def test_callers_get_copies() -> None:
    """Each caller has its own dict."""
    workers.programs().clear()
    assert workers.programs() == PROGRAMS
