"""What a function calls after a line, and what it has acquired there."""

from __future__ import annotations

import ast

import pytest

from app.core.scene.surroundings import Call, Surroundings, surroundings

SOURCE = """\
top.put(1)

def main(self):
    first.acquire()
    with lock, open(name):
        second.acquire(); second.release()
        worker.join()
    stop.set()
    self.queues[0].put(1)

    def later():
        never.put(1)

    class Local:
        never.put(1)

after = lambda: never.put(1)
last.put(1)
"""


def around(line: int) -> Surroundings:
    return surroundings(ast.parse(SOURCE), line)


def test_calls_after_a_line_of_a_function() -> None:
    """Not those of the functions that it defines, nor of the module around it."""
    assert around(7).later == (Call("stop", "set", 8), Call("queues", "put", 9))


def test_calls_after_a_line_of_the_module() -> None:
    assert [call.name for call in around(1).later] == ["last"]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        (4, []),
        (5, ["first"]),
        (6, ["first", "lock"]),
        (7, ["first", "lock"]),
        (8, ["first"]),
        (18, []),
    ],
)
def test_what_is_acquired_at_a_line(line: int, names: list[str]) -> None:
    """By acquire(), until release(), and inside a with statement."""
    assert [call.name for call in around(line).acquired] == names


def test_a_method_that_is_called_over_several_lines_is_named_by_its_own_line() -> None:
    tree = ast.parse("def f():\n    wait()\n    (queue\n        .put(\n            1))\n")
    assert surroundings(tree, 2).later == (Call("queue", "put", 4),)


LOOPS = """\
crew.start()
while True:
    poll()
    if late():
        self.restart_worker()
for one in crew:
    one.join()
while True:
    if line.startswith("#") or clock.start_time() or one.is_started():
        poll()
"""


@pytest.mark.parametrize(("line", "restarts"), [(1, False), (3, True), (7, False), (10, False)])
def test_whether_the_loop_around_a_line_starts_processes(line: int, *, restarts: bool) -> None:
    assert surroundings(ast.parse(LOOPS), line).restarts is restarts
