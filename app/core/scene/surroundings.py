"""What the source of a program says about the line at which it waits: what it calls later, what it holds there.  Pure.

Read for findings only: "stop.set() at train.py:27 must come before train.py:26".  Names are compared, nothing is
executed: ``self.stop`` and ``stop`` are both called stop.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from app.records.primitives import Record

_MOST = 100
_LOOPS = (ast.While, ast.For, ast.AsyncFor)
#: In the name of a call; not ``startswith()``, ``start_time()`` or ``is_started()``.
_STARTS = re.compile(r"(?:start|spawn)(?!swith|ed|_time)")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
#: Nodes that have a first and a last line.
_Block: TypeAlias = (
    ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.With | ast.AsyncWith | ast.While | ast.For | ast.AsyncFor
)


class Line(Record, frozen=True):
    """A line of a file at which a thread of a process stands."""

    pid: int
    file: str
    line: int


class Call(Record, frozen=True):
    """A call of the method of something that has a name: ``stop.set()`` in ``line``."""

    name: str
    method: str
    line: int


class Surroundings(Record, frozen=True):
    """What a function does around one line: its later calls, and what it has acquired and not released there.

    ``restarts``: the loops around it may start a process.
    """

    later: tuple[Call, ...] = ()
    acquired: tuple[Call, ...] = ()
    restarts: bool = False


def surroundings(tree: ast.Module, line: int) -> Surroundings:
    """Return what the function that has a line does around it."""
    blocks = [node for node in ast.walk(tree) if isinstance(node, _FUNCTIONS) and _has(node, line)]
    function = max(blocks, key=lambda node: node.lineno, default=None)
    nodes = list(_within(function or tree))
    calls = sorted((call for node in nodes if (call := _call(node))), key=lambda call: call.line)
    earlier = [call for call in calls if call.line < line]
    acquired = {call.name: call for call in earlier if call.method == "acquire"}
    for call in earlier:
        if call.method == "release" and call.name in acquired and acquired[call.name].line <= call.line:
            del acquired[call.name]
    for node in nodes:
        if isinstance(node, ast.With | ast.AsyncWith) and _has(node, line):
            acquired |= {one.name: one for one in _entered(node) if one.line < line}
    later = tuple(call for call in calls if call.line > line)[:_MOST]
    return Surroundings(later, tuple(acquired.values())[:_MOST], restarts=_restarts(nodes, line))


def _restarts(nodes: Iterable[ast.AST], line: int) -> bool:
    """Return whether a loop around a line calls something whose name says that it starts a process."""
    loops = (node for node in nodes if isinstance(node, _LOOPS) and _has(node, line))
    calls = (node.func for loop in loops for node in ast.walk(loop) if isinstance(node, ast.Call))
    names = (func.attr if isinstance(func, ast.Attribute) else _name(func) for func in calls)
    return any(_STARTS.search(name.lower()) for name in names)


def _has(node: _Block, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or 0)


def _within(root: ast.AST) -> Iterator[ast.AST]:
    """Yield what a function or module executes itself, without the functions that it defines."""
    for node in ast.iter_child_nodes(root):
        if not isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            yield node
            yield from _within(node)


def _call(node: ast.AST) -> Call | None:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and (name := _name(node.func.value)):
        return Call(name, node.func.attr, node.func.end_lineno or node.lineno)
    return None


def _entered(node: ast.With | ast.AsyncWith) -> Iterator[Call]:
    for item in node.items:
        if name := _name(item.context_expr):
            yield Call(name, "acquire", item.context_expr.lineno)


def _name(node: ast.expr) -> str:
    """Return the last name of ``stop``, ``self.stop`` or ``self.stops[0]``; empty for anything else."""
    if isinstance(node, ast.Subscript):
        return _name(node.value)
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
