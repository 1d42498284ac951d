"""The layers of the code hold, and folders are the layers: every import of every module obeys the rules below.

Imports inside functions and under TYPE_CHECKING count as well.  A folder that does not exist yet breaks no rule.
"""

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.contract.cycles import circles

ROOT = Path(__file__).parents[2]
OURS = ("app", "procession", "workers")
MAX_FILES = 22

# What each folder may import of ours beside itself; the lowest come first.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "app.records": (),
    "app.protocol": ("app.records",),
    "app.core.fleet": ("app.records", "app.protocol"),
    "app.core.processes": ("app.records", "app.protocol", "app.core.fleet"),
    "app.core.pools": ("app.records", "app.protocol", "app.core.fleet"),
    "app.core.charts": ("app.records", "app.core.resources"),
    "app.core.resources": ("app.records", "app.protocol"),
    "app.core.programs": ("app.records", "app.protocol", "app.core.fleet", "app.core.processes", "app.core.resources"),
    "app.core.scene": ("app.records",),
    "app.core.findings": ("app.records", "app.core.scene"),
    "app.core": ("app.records", "app.protocol"),
    "app.linux": ("app.records",),
    "app.home": ("app.linux.own_files",),
    "app.clock": ("app.records.primitives", "app.linux.proc"),
    "app.standard_error": ("app.records.visible",),
    "app.settings": ("app.records.limits", "app.home"),
    "app.client": ("app.records", "app.protocol", "app.linux"),
    "app.launcher": ("app.linux", "app.home", "app.settings", "app.standard_error"),
    "app.supervisor": (
        "app.records",
        "app.protocol",
        "app.core",
        "app.linux",
        "app.clock",
        "app.home",
        "app.settings",
        "app.standard_error",
        "procession",
        "workers",
    ),
    "app.web": (
        "app.records",
        "app.protocol",
        "app.client",
        "app.clock",
        "app.home",
        "app.settings",
        "app.standard_error",
        "app.linux.lifeline",
        "app.linux.heartbeat",
        "app.linux.own_files",
    ),
    "app.cli": (
        "app.records",
        "app.protocol",
        "app.client",
        "app.settings",
        "app.launcher",
        "app.linux.own_files",
    ),
    "procession": ("_procession_observer",),
    "workers": ("procession",),
}

# These decide, and neither look, wait nor act.
PURE = ("app.records", "app.protocol", "app.core")
IMPURE = (
    "os",
    "time",
    "threading",
    "multiprocessing",
    "psutil",
    "sqlite3",
    "socket",
    "select",
    "subprocess",
    "pathlib",
)

# Foreign thing -> the only folders, or modules, of app/ that import it.
ONLY_IMPORTERS = {
    "multiprocessing": ("app.supervisor.children",),
    "sqlite3": ("app.supervisor.journal.file",),
    "flask": ("app.web",),
    "flask_openapi3": ("app.web",),
    "flask_socketio": ("app.web",),
    "gevent": ("app.web",),
}


def modules(package: str) -> list[str]:
    """The dotted names of a package, or of a module, and everything below it, as far as it exists."""
    place = ROOT.joinpath(*package.split("."))
    paths = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    names = (".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths if path.is_file())
    return [name.removesuffix(".__init__") for name in names]


def source(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def syntax_tree(module: str) -> ast.Module:
    return ast.parse(source(module).read_text(encoding="utf-8"))


@cache
def imports(module: str) -> frozenset[str]:
    """The dotted names of the modules that `module` imports, at its top or anywhere inside."""
    found: set[str] = set()
    for node in ast.walk(syntax_tree(module)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.update(_imported_from(node, module))
    return frozenset(found)


def _imported_from(node: ast.ImportFrom, module: str) -> Iterator[str]:
    parent = _package_above(module, node.level) if node.level else []
    origin = ".".join([*parent, *([node.module] if node.module else [])])
    # From a package of ours come its modules, from anything else come names.
    is_package = source(origin).name == "__init__.py"
    for alias in node.names:
        is_module = is_package and source(f"{origin}.{alias.name}").is_file()
        yield f"{origin}.{alias.name}" if is_module else origin


def _package_above(module: str, level: int) -> list[str]:
    parts = module.split(".")
    is_package = source(module).name == "__init__.py"
    return parts[: len(parts) - level + is_package]


def within(module: str, *folders: str) -> bool:
    return any(module == folder or module.startswith(f"{folder}.") for folder in folders)


def layer_of(module: str) -> str | None:
    """The folder whose rule a module obeys: the nearest one above it."""
    parts = module.split(".")
    return next((name for k in range(len(parts), 0, -1) if (name := ".".join(parts[:k])) in MAY_IMPORT), None)


def is_stdlib(module: str) -> bool:
    return module.split(".", maxsplit=1)[0] in sys.stdlib_module_names


@pytest.mark.parametrize("layer", MAY_IMPORT)
def test_folder_imports_only_what_stands_below_it(layer: str) -> None:
    """No module of a folder imports what is not named beside it."""
    ours = [module for module in modules(layer) if layer_of(module) == layer]
    allowed = (layer, *MAY_IMPORT[layer])
    wrong = {
        (module, name)
        for module in ours
        for name in imports(module)
        # The package `app` itself is but a docstring and a place on disk.
        if within(name, *OURS) and name != "app" and not within(name, *allowed)
    }
    assert not wrong


def test_every_module_of_ours_stands_on_a_floor() -> None:
    """What is in no folder of the table has no rule: but for the entry of the command there is nothing of that kind."""
    homeless = {module for package in OURS for module in modules(package) if layer_of(module) is None}
    assert homeless <= {"app", "app.__main__"}


def test_what_decides_neither_waits_nor_acts() -> None:
    """A pure module cannot read the clock, the OS or a database."""
    pure = [module for folder in PURE for module in modules(folder)]
    assert not {(module, name) for module in pure for name in imports(module) if within(name, *IMPURE)}


def is_on_top(module: str) -> bool:
    """Whether it composes its folder: a package itself, or what ``python -m`` runs."""
    return source(module).name in {"__init__.py", "__main__.py"}


def folder_of(module: str) -> str:
    return module.rpartition(".")[0]


def graph(package: str) -> dict[str, set[str]]:
    """Module -> the modules of the same package that it imports; those that compose a folder are left out."""
    ours = {module for module in modules(package) if not is_on_top(module)}
    return {module: imports(module) & ours for module in ours}


@pytest.mark.parametrize("package", OURS)
def test_no_files_import_each_other_in_a_circle(package: str) -> None:
    """Imports for annotations count."""
    assert not circles(graph(package))


@pytest.mark.parametrize("package", OURS)
def test_no_folders_import_each_other_in_a_circle(package: str) -> None:
    folders: dict[str, set[str]] = {}
    for module, names in graph(package).items():
        folders.setdefault(folder_of(module), set()).update(map(folder_of, names))
    assert not circles(folders)


@pytest.mark.parametrize("package", OURS)
def test_no_folder_has_more_files_than_one_can_keep_in_mind(package: str) -> None:
    counts = Counter(map(folder_of, graph(package)))
    assert {folder: count for folder, count in counts.items() if count > MAX_FILES} == {}


@pytest.mark.parametrize("package", ["procession", "procession.observer.site"])
def test_what_runs_in_children_is_the_standard_library_and_ours(package: str) -> None:
    """Nothing foreign is loaded into a user's process."""
    found = {(module, name) for module in modules(package) for name in imports(module)}
    assert not {one for one in found if not (is_stdlib(one[1]) or within(one[1], "procession", "_procession_observer"))}


def test_an_observed_program_imports_nothing_by_the_name_of_the_package() -> None:
    """A program may have a package called `procession`; only the module that replaces pools looks for ours."""
    site = "procession.observer.site"
    found = {
        module
        for module in modules(site)
        for node in ast.walk(syntax_tree(module))
        if (isinstance(node, ast.Import) and any(within(alias.name, "procession") for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and not node.level and within(node.module or "", "procession"))
    }
    assert found == {f"{site}._procession_observer.safe_pool"}


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
