"""The catalogue of programs: plain scripts in ``workers/programs/THEME/``, read without importing or running them.

A script is textbook code: it imports only the standard library, does nothing outside ``if __name__ == "__main__":``,
and runs with ``python file.py``.  To be listed, it also has to follow three rules:

* The docstring has a title on its first line, one paragraph of description, one that begins with ``What to look at:``
  and, where Procession finds something wrong, a line ``Finds: deadlock, zombie`` (`app.records.program`).
* All parameters are made by ``parser.add_argument("--name", type=…, default=…, choices=(…), help=…)`` with literal
  arguments; ``type`` is int, float or str, and ``action="store_true"`` stands for a bool.
* Bounds of numbers are checked in this form, ``given`` being the parsed arguments::

    def parameters():
        parser = argparse.ArgumentParser(description=__doc__)
        parser.add_argument("--children", type=int, default=3, help="how many processes to start")
        given = parser.parse_args()
        if not 1 <= given.children <= 32:
            parser.error("--children must be from 1 to 32")
        return given

The folders are not packages, so that nothing imports a script by accident.  No script has the name of a standard
library module: it would hide that module from everything that runs in its folder.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ._catalogue import Parameter, checked

FOLDER = Path(__file__).parent / "programs"
# Folders in the order of learning.
THEMES = {
    "process": "Process",
    "start_methods": "Start methods",
    "pipe": "Pipe",
    "queue": "Queue",
    "synchronisation": "Synchronisation",
    "shared": "Shared state",
    "managers": "Managers",
    "pools": "Pools",
    "connection": "Connection",
    "logging": "Logging",
    "hazards": "Hazards",
}
LOOK_AT = "What to look at: "
FINDS = "Finds: "


@dataclass(frozen=True, kw_only=True)
class Program:
    """One script; ``finds`` are the kinds of findings that it leads to, ``path`` is its file."""

    name: str
    title: str
    description: str
    look_at: str
    theme: str
    finds: tuple[str, ...]
    path: str
    parameters: tuple[Parameter, ...]

    def to_json(self) -> dict[str, Any]:
        """Return everything that the launch form needs, as JSON."""
        entry = asdict(self)
        del entry["path"]
        return entry

    def check(self, params: Mapping[str, object]) -> dict[str, Any]:
        """Return all parameters, with defaults; raises `BadParameter`."""
        return checked(self.name, self.parameters, params)

    def arguments(self, params: Mapping[str, object]) -> list[str]:
        """Return the arguments after ``python PATH``; raises `BadParameter`."""
        return [argument for name, value in self.check(params).items() for argument in _written(name, value)]


@cache
def discover() -> dict[str, Program]:
    """Return all scripts by name, theme by theme; raises ValueError where one cannot be read."""
    paths = [path for folder in THEMES for path in sorted((FOLDER / folder).glob("*.py"))]
    found = [read(path) for path in paths]
    return {program.name: program for program in found}


def read(path: Path) -> Program:
    """Return the catalogue entry of one script; raises ValueError saying what is missing."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        told = _docstring(ast.get_docstring(tree) or "")
        parameters = tuple(_parameters(tree))
    except (ValueError, TypeError, KeyError) as why:
        raise ValueError(f"{path}: {why}") from why
    name = f"{path.parent.name}-{path.stem}".replace("_", "-")
    theme = THEMES.get(path.parent.name, path.parent.name)
    return Program(name=name, theme=theme, path=str(path), parameters=parameters, **told)


def _docstring(text: str) -> dict[str, Any]:
    title, description, look_at, *rest = [*map(_one_line, text.split("\n\n")), "", "", ""]
    if not title or not description or not look_at.startswith(LOOK_AT):
        raise ValueError(f"the docstring must have a title, a description and a paragraph '{LOOK_AT}'")
    finds = [kind.strip() for line in rest if line.startswith(FINDS) for kind in line[len(FINDS) :].split(",")]
    what = look_at[len(LOOK_AT) :]
    return {"title": title, "description": description, "look_at": what[:1].upper() + what[1:], "finds": tuple(finds)}


def _one_line(paragraph: str) -> str:
    return " ".join(paragraph.split())


def _parameters(tree: ast.Module) -> Iterator[Parameter]:
    bounds = dict(_bounds(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add_argument":
            name = str(ast.literal_eval(node.args[0])).removeprefix("--").replace("-", "_")
            yield _parameter(name, {str(one.arg): one.value for one in node.keywords}, bounds.get(name, {}))


def _parameter(name: str, told: dict[str, ast.expr], bounds: dict[str, float]) -> Parameter:
    kind = told.pop("type", None)
    literal: dict[str, Any] = {key: ast.literal_eval(value) for key, value in told.items()}
    if literal.pop("action", None) == "store_true":
        return Parameter(name=name, type="bool", default=False, help=literal["help"])
    return Parameter(
        name=name,
        type=kind.id if isinstance(kind, ast.Name) else "str",
        default=literal["default"],
        choices=literal.get("choices"),
        help=literal["help"],
        **bounds,
    )


def _bounds(tree: ast.Module) -> Iterator[tuple[str, dict[str, float]]]:
    # Finds comparisons like: LOW <= given.NAME <= HIGH
    for node in ast.walk(tree):
        match node:
            case ast.Compare(
                left=low, ops=[ast.LtE(), ast.LtE()], comparators=[ast.Attribute(ast.Name("given"), name), high]
            ):
                yield name, {"minimum": ast.literal_eval(low), "maximum": ast.literal_eval(high)}


def _written(name: str, value: object) -> Iterator[str]:
    option = "--" + name.replace("_", "-")
    if isinstance(value, bool):
        yield from [option] if value else []
    else:
        yield f"{option}={value}"
