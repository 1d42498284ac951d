"""How the command line shows programs, resources and waits: tables with one line each, findings as paragraphs."""

from __future__ import annotations

import pytest

from app.cli import program_tables
from app.cli.main import _parser
from app.cli.programs import command_of
from app.records.program import Program
from app.records.resource import ResourceKind
from app.records.waits import Note, Waits
from tests.core.scene.scenes import (
    MAIN,
    NAMES,
    ONE,
    THREE,
    TWO,
    actor,
    edge,
    join,
    resource,
    scene,
    settled,
    waiting,
)

DEADLOCK = scene(resource("a"), resource("b"), edge(ONE, "b", TWO), edge(TWO, "a", ONE), join(MAIN, ONE))


def printed_lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_program_table_has_one_line_per_program(capsys: pytest.CaptureFixture[str]) -> None:
    program = Program(
        id="p1", name="train", command=("python", "train.py", "x" * 99), cwd="/", pid=7, processes=5, observed=4
    )
    program_tables.write_programs([program])
    [_, line] = printed_lines(capsys)
    assert line.startswith("p1 train 7 running 5 4 python train.py xxx")
    assert line.endswith("…")


@pytest.mark.parametrize(
    ("kind", "facts", "told"),
    [
        (ResourceKind.QUEUE, {"size": 3, "maxsize": 10, "buffered": {"11": 2}, "pipe_bytes": 5},
         "3 of 10 items, 2 buffered, 5 B in the pipe"),
        (ResourceKind.JOINABLE_QUEUE, {"size": 3, "maxsize": 0, "unfinished": 4}, "3 items, 4 unfinished"),
        (ResourceKind.LOCK, {"value": 0, "maximum": 1, "holder": ONE, "held_s": 3.2}, "held by 11 for 3.2 s"),
        (ResourceKind.LOCK, {"value": 0, "maximum": 1, "holder": ONE, "abandoned": True}, "abandoned by dead pid 11"),
        (ResourceKind.LOCK, {"value": 1, "maximum": 1}, "free"),
        (ResourceKind.SEMAPHORE, {"value": 0, "maximum": 2}, "0 of 2 free"),
        (
            ResourceKind.SEMAPHORE,
            {"value": 2, "maximum": 3, "lost": 1},
            "2 of 3 free, 1 lost, never released by a dead process",
        ),
        (ResourceKind.EVENT, {"flag": False, "sleepers": 2}, "not set, 2 waiting"),
        (ResourceKind.EVENT, {"flag": True, "sleepers": 0}, "set"),
        (ResourceKind.BARRIER, {"arrived": 1, "parties": 3, "broken": True}, "broken"),
        (ResourceKind.VALUE, {"values": (7, 8)}, "7, 8"),
        (ResourceKind.SHARED_MEMORY, {"size_bytes": 2048}, "2.0 KiB"),
    ],
)  # fmt: skip
def test_resource_table_shows_the_state_of_each_kind(
    capsys: pytest.CaptureFixture[str], kind: ResourceKind, facts: dict[str, object], told: str
) -> None:
    program_tables.write_resources([resource("r1", kind, users=(ONE, TWO), waiting=waiting(TWO), **facts)])
    [_, line] = printed_lines(capsys)
    assert line == f"r1 p1 {kind} r1 2 1 {told}".strip()


def test_waits_are_a_table_followed_by_the_findings(capsys: pytest.CaptureFixture[str]) -> None:
    """Each finding comes with its explanation and what to do."""
    program_tables.write_waits(settled(DEADLOCK), NAMES, dict(DEADLOCK.resources))
    lines = printed_lines(capsys)
    assert "11 worker-1 waits for lock b, held by worker-2 (12)" in lines
    assert "10 main waits in join() for worker-1 (11)" in lines
    assert "deadlock in p1" in lines
    assert any(line.startswith("worker-1 (pid 11) holds lock a and waits for lock b") for line in lines)
    assert any(line.startswith("What to do: ") for line in lines)


def test_abandoned_lock_finding_ends_with_the_command_to_break_it(capsys: pytest.CaptureFixture[str]) -> None:
    """The command contains the id of the lock."""
    abandoned = scene(resource("r7", holder=ONE, abandoned=True, waiting=waiting(TWO)), actor(ONE, dead=-9))
    program_tables.write_waits(settled(abandoned), NAMES, dict(abandoned.resources))
    assert printed_lines(capsys)[-1] == "procession break r7"


def test_inner_lock_is_named_after_the_object_it_belongs_to(capsys: pytest.CaptureFixture[str]) -> None:
    """The name of the attribute in multiprocessing is not used."""
    table = resource("table", ResourceKind.ARRAY)
    inner = scene(table, resource("lock", ResourceKind.RLOCK, part_of="table"), edge(ONE, "lock", TWO))
    program_tables.write_waits(settled(inner), NAMES, dict(inner.resources))
    assert "11 worker-1 waits for lock of array table, held by worker-2 (12)" in printed_lines(capsys)


def test_wait_for_a_message_names_the_possible_senders(capsys: pytest.CaptureFixture[str]) -> None:
    """Of many, the first three are named and the rest counted."""
    message = scene(edge(ONE, None, MAIN, TWO, THREE, 99, to="recv"))
    program_tables.write_waits(settled(message), NAMES, {})
    told = "11 worker-1 waits for a message from main (10), worker-2 (12), worker-3 (13) and 1 more"
    assert told in printed_lines(capsys)


def test_waits_without_edges_says_that_nothing_waits(capsys: pytest.CaptureFixture[str]) -> None:
    program_tables.write_waits(settled(scene()), NAMES, {})
    assert printed_lines(capsys) == ["No process is waiting, and there are no findings."]


@pytest.mark.parametrize(
    ("typed", "argv"),
    [
        (["--", "python", "-m", "x", "--json"], ["python", "-m", "x", "--json"]),
        (["--name", "n", "python", "x.py", "--name", "m"], ["python", "x.py", "--name", "m"]),
        (["--safe-pool", "--", "sh", "--", "x"], ["sh", "--", "x"]),
    ],
)
def test_arguments_after_the_command_belong_to_the_command(typed: list[str], argv: list[str]) -> None:
    assert command_of(_parser().parse_args(["run", *typed])) == argv


@pytest.mark.parametrize("typed", [[], ["--"], [""], ["--name", "x"]])
def test_run_without_a_command_exits_with_2(typed: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command_of(_parser().parse_args(["run", *typed]))
    assert ended.value.code == 2


def test_a_program_that_does_not_move_is_never_called_well(capsys: pytest.CaptureFixture[str]) -> None:
    """Even if nobody is known to wait."""
    note = Note(
        program="p1", since=100.0, title="nothing moves", text="1 of 2 processes is not observed: sleep (pid 12)."
    )
    program_tables.write_waits(Waits(notes=(note,)), NAMES, {}, 175.0)
    assert printed_lines(capsys) == [
        "",
        "nothing moves, in p1, since 1 m 15 s ago",
        "1 of 2 processes is not observed: sleep (pid 12).",
    ]
    program_tables.write_waits(Waits(), NAMES, {}, 175.0)
    assert printed_lines(capsys) == ["No process is waiting, and there are no findings."]
