"""The layers of the code hold: every import of every module, also inside functions, obeys the rules below.

A module that does not exist yet breaks no rule.
"""

import ast
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("app", "procession", "workers")

# What these import of ours is pure with them.
PURE = frozenset(
    f"app.supervisor.{name}"
    for name in (
        *("model", "pool_model", "stream", "lifecycle", "messages", "pool_messages", "reports", "errors"),
        *("fleet", "delta", "history", "command", "program_model", "program_messages", "observer_words"),
        *("diagnosis", "prices", "inheritance", "legacy_facts"),
        *("resource_book", "families", "readings", "ownership", "tallies", "layouts", "mappings", "edges", "crews"),
    )
)
IMPURE = ("os", "time", "threading", "multiprocessing", "psutil", "sqlite3")

WEB_MAY_IMPORT = (
    "app.lifeline",
    "app.settings",
    "app.supervisor.client",
    "app.supervisor.delta",
    "app.supervisor.errors",
    "app.supervisor.messages",
    "app.supervisor.model",
    "app.supervisor.pool_messages",
    "app.supervisor.pool_model",
    "app.supervisor.program_messages",
    "app.supervisor.program_model",
    "app.supervisor.stream",
    "app.web",
)

# Foreign thing -> the only modules of app/ (or folders) that import it.
ONLY_IMPORTERS = {
    "multiprocessing": ("app.supervisor.children",),
    "sqlite3": ("app.supervisor.journal_file",),
    "flask": ("app.web",),
    "flask_openapi3": ("app.web",),
    "flask_socketio": ("app.web",),
    "gevent": ("app.web",),
}


def modules(package: str) -> list[str]:
    """The dotted names of a package and everything below it, as far as it exists."""
    paths = sorted((ROOT / package).rglob("*.py"))
    return [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths]


def source(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def syntax_tree(module: str) -> ast.Module:
    return ast.parse(source(module).read_text(encoding="utf-8"))


def imports(module: str) -> set[str]:
    """The dotted names of the modules that `module` imports, at its top or anywhere inside."""
    found: set[str] = set()
    for node in ast.walk(syntax_tree(module)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.update(_imported_from(node, module))
    return found


def _imported_from(node: ast.ImportFrom, module: str) -> Iterator[str]:
    parent = _package_above(module, node.level) if node.level else []
    origin = ".".join([*parent, *([node.module] if node.module else [])])
    # From a package of ours come its modules, from anything else come names.
    is_package = source(origin).name == "__init__.py"
    yield from (f"{origin}.{alias.name}" if is_package else origin for alias in node.names)


def _package_above(module: str, level: int) -> list[str]:
    parts = module.split(".")
    is_package = source(module).name == "__init__.py"
    return parts[: len(parts) - level + is_package]


def within(module: str, *folders: str) -> bool:
    return any(module == folder or module.startswith(f"{folder}.") for folder in folders)


def ours(module: str) -> bool:
    return within(module, *OURS)


def with_imports(roots: Iterable[str]) -> set[str]:
    """These modules of ours and all those that they import, directly or not, as far as they exist."""
    reached: set[str] = set()
    waiting = list(roots)
    while waiting:
        module = waiting.pop()
        if module not in reached and source(module).is_file():
            reached.add(module)
            waiting.extend(filter(ours, imports(module)))
    return reached


def web_may_import(module: str) -> bool:
    # The package `app` itself is but a docstring and a place on disk.
    return not ours(module) or module == "app" or within(module, *WEB_MAY_IMPORT)


def is_stdlib(module: str) -> bool:
    return module.split(".", maxsplit=1)[0] in sys.stdlib_module_names


@pytest.mark.parametrize(
    ("importers", "may_import"),
    [
        # What runs inside observed programs is found there by the import path, and sees nothing else of ours.
        pytest.param(
            "procession",
            lambda name: is_stdlib(name) or within(name, "procession", "_procession_observer"),
            id="procession",
        ),
        pytest.param(
            "procession.observer.site",
            lambda name: is_stdlib(name) or within(name, "_procession_observer", "procession"),
            id="observer",
        ),
        pytest.param("workers", lambda name: not within(name, "app"), id="workers"),
        pytest.param("app.supervisor", lambda name: not within(name, "app.web"), id="supervisor"),
        pytest.param("app.web", web_may_import, id="web"),
    ],
)
def test_package_imports_only_what_its_layer_may(importers: str, may_import: Callable[[str], bool]) -> None:
    """No module of the package imports what the plan forbids to its layer."""
    folder = importers.replace(".", "/")
    wrong = {(module, name) for module in modules(folder) for name in imports(module) if not may_import(name)}
    assert not wrong


def test_what_decides_neither_waits_nor_acts() -> None:
    """A pure module cannot read the clock, the OS or a database, neither itself nor through others."""
    reached = with_imports(PURE)
    assert not {(module, name) for module in reached for name in imports(module) if within(name, *IMPURE)}


@pytest.mark.parametrize(("foreign", "importers"), ONLY_IMPORTERS.items(), ids=ONLY_IMPORTERS)
def test_foreign_thing_has_its_only_importers(foreign: str, importers: tuple[str, ...]) -> None:
    """Each foreign thing is behind one door."""
    outside = [module for module in modules("app") if not within(module, *importers)]
    assert not {module for module in outside for name in imports(module) if within(name, foreign)}


def test_only_the_settings_read_the_environment() -> None:
    """No other module of app/ looks into os.environ; handing all of it on to a program is no look."""
    others = [module for module in modules("app") if module != "app.settings"]
    assert not {module for module in others if _reads_the_environment(module)}


def _reads_the_environment(module: str) -> bool:
    return any(map(_is_a_look_into_the_environment, ast.walk(syntax_tree(module))))


def _is_a_look_into_the_environment(node: ast.AST) -> bool:
    match node:
        case ast.Subscript(value=looked_into) | ast.Attribute(value=looked_into):
            return ast.unparse(looked_into) == "os.environ" and getattr(node, "attr", "") != "copy"
        case ast.Compare(comparators=compared):
            return "os.environ" in map(ast.unparse, compared)
        case ast.Call(func=called):
            return ast.unparse(called) == "os.getenv"
        case ast.ImportFrom(module="os", names=aliases):
            return any(alias.name in {"environ", "environb", "getenv"} for alias in aliases)
        case _:
            return False
