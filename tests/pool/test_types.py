"""The types that a type checker sees: generic as those of the stdlib, and of what there really is."""

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import procession.pool
from procession import Pool

ROOT = Path(__file__).parents[2]
STUB = Path(procession.pool.__file__).with_suffix(".pyi")
SNIPPET = """
from procession import Pool, WorkerLost
from procession.pool import get_context

def length(text: str) -> int:
    return len(text)

with Pool(2, retries=1) as pool:
    reveal_type(pool)
    reveal_type(pool.apply(length, ("a",)))
    reveal_type(pool.apply_async(length, ("a",)).get(1))
    reveal_type(pool.map(length, ["a"]))
    reveal_type(pool.map_async(length, ["a"]).partial())
    reveal_type(list(pool.imap_unordered(length, ["a"], buffersize=2)))
    reveal_type(pool.statistics().workers[0].pid)
    reveal_type(pool.join(1.0))
    pool.map(length, [1])
reveal_type(get_context("spawn").Pool(2))
"""
REVEALED = [
    "procession.pool.Pool",
    "int",
    "int",
    "list[int]",
    "list[int | None]",
    "list[int]",
    "int",
    "bool",
    "procession.pool.Pool",
]


def methods_of_stub() -> Iterator[ast.FunctionDef]:
    classes = (one for one in ast.parse(STUB.read_text()).body if isinstance(one, ast.ClassDef) and one.name == "Pool")
    return (one for found in classes for one in found.body if isinstance(one, ast.FunctionDef))


@pytest.mark.parametrize("stub", list(methods_of_stub()), ids=lambda stub: stub.name)
def test_stub_has_the_parameters_of_the_pool(stub: ast.FunctionDef) -> None:
    real = inspect.signature(getattr(Pool, stub.name)).parameters.values()
    by_position = [one.name for one in real if one.kind is one.POSITIONAL_OR_KEYWORD]
    by_keyword = [one.name for one in real if one.kind is one.KEYWORD_ONLY]
    defaults = [repr(one.default) for one in real if one.default is not one.empty]
    given = [*stub.args.defaults, *filter(None, stub.args.kw_defaults)]
    assert [one.arg for one in stub.args.args] == by_position
    assert [one.arg for one in stub.args.kwonlyargs] == by_keyword
    assert [ast.unparse(one) for one in given] == defaults


def test_stub_has_all_methods_of_the_pool() -> None:
    """Those of its own, and those that it changes; the others are inherited from the stdlib's."""
    own = {name for one in Pool.__mro__ if one.__module__.startswith("procession") for name in vars(one)}
    as_in_the_stdlib = {"Process", "apply", "close", "terminate"}
    public = {name for name in own if not name.startswith("_")} - as_in_the_stdlib
    assert {one.name for one in methods_of_stub()} - {"__init__"} == public


def test_results_have_the_types_of_the_functions(tmp_path: Path) -> None:
    snippet = tmp_path / "snippet.py"
    snippet.write_text(SNIPPET)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--config-file=", str(snippet)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    assert [line.split('"')[1].replace("builtins.", "") for line in told.splitlines() if "Revealed" in line] == REVEALED
    assert told.count("error:") == 1
    assert "[arg-type]" in told
