"""Parts of a pool's host that need no process: what is told when, and how values and ends are put into words."""

import json
from typing import Any

import pytest

from procession.pool.errors import WorkerLost
from procession.pool.facts import Failure, TaskFacts, WorkerEnd
from procession.pool_host import wording
from procession.pool_host.changes import BUSY_S, IDLE_S, Changes
from procession.pool_host.showing import MAX_RESULT, Budget, show, text

TASK = TaskFacts(call=3, index=17, first=17, size=1, function="square", arguments="17", attempt=1)


def state(*, busy_s: float | None = None, done: int = 0, **fields: Any) -> dict[str, Any]:
    worker = {"pid": 1, "tasks_done": done, "busy_s": busy_s, "uptime_s": 0.0, "working_share": 0.5}
    return {"running": int(busy_s is not None), "queued": 0, "workers": [worker], "jobs": [], **fields}


# What is told when


def test_all_is_told_first_and_then_what_changed() -> None:
    """Equal fields are left out."""
    changes = Changes()
    assert changes.since(state(done=1), 0.0) == state(done=1)
    assert changes.since(state(done=1), 0.1) == {}
    assert changes.since(state(done=2), 0.2).keys() == {"workers"}
    assert changes.since(state(done=2, queued=5), 0.3) == {"queued": 5}


@pytest.mark.parametrize(("busy", "after_s"), [(True, BUSY_S), (False, IDLE_S)])
def test_clocks_are_told_now_and_then(*, busy: bool, after_s: float) -> None:
    """Sooner in a busy pool than in an idle one; whatever else changes takes them along."""
    changes = Changes()

    def at(seconds: float, done: int = 0) -> dict[str, Any]:
        told = state(busy_s=seconds if busy else None, done=done)
        told["workers"][0]["uptime_s"] = seconds
        return changes.since(told, seconds)

    at(0.0)
    assert at(after_s - 0.1) == {}
    assert at(after_s)["workers"][0]["uptime_s"] == after_s
    assert at(after_s + 0.1) == {}
    assert at(after_s + 0.2, done=1)["workers"][0]["uptime_s"] == after_s + 0.2


# Values


@pytest.mark.parametrize(
    "value",
    [None, True, 7, -(2**63), 1.5, "text", "", [], [1, [2, {"a": None}]], {"a": {"b": [1]}}, {}],
)
def test_json_is_shown_as_it_is(value: object) -> None:
    """Nothing is cut."""
    assert show(value) == (value, False)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ((1, 2), [1, 2]),
        (float("inf"), "inf"),
        (2**63, "9223372036854775808"),
        (b"ab", "b'ab'"),
        ({1: 2}, "{1: 2}"),
        ({"a": {1}}, {"a": "{1}"}),
        (range(3), "range(0, 3)"),
        pytest.param(10**5000, "<int without a repr: ValueError>", id="digits"),
    ],
)  # fmt: skip
def test_everything_else_is_shown_by_its_repr(value: object, shown: object) -> None:
    """A tuple as a list, as JSON has it."""
    assert show(value) == (shown, False)


def endless() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    "value",
    [
        "x" * 10**7,
        b"\0" * 10**7,
        list(range(10**6)),
        [["x" * 1000] * 1000] * 1000,
        {str(number): number for number in range(10**5)},
        {"k" * 10**6: 1},
        [b"x" * 10**6] * 3,
        endless(),
    ],
    ids=["text", "bytes", "numbers", "nested", "entries", "key", "parts", "endless"],
)
def test_what_is_large_is_cut(value: object) -> None:
    """And says so; it is JSON all the same, and not much larger than it may be."""
    shown = show(value)
    assert shown.cut
    assert len(json.dumps(shown.value)) < 3 * MAX_RESULT


def test_a_budget_lasts_for_what_comes_one_by_one() -> None:
    """It is spent at some time."""
    budget, taken = Budget(1000), 0
    while not budget.is_spent:
        budget.take(taken)
        taken += 1
    assert 100 < taken < 1000
    assert not budget.cut


def test_a_repr_is_shortened() -> None:
    """An ellipsis says so."""
    assert text("abc", 5) == "'abc'"
    assert text("abcdef", 5) == "'abc…"
    assert text(["abc"], 5) == "['ab…"


# Words


def ended(**fields: Any) -> WorkerEnd:
    told: dict[str, Any] = {
        "pid": 4711, "ended": True, "exitcode": -9, "cause": "", "task": TASK, "outcome": "lost", "returned": 0,
    }  # fmt: skip
    return WorkerEnd(**(told | fields))


@pytest.mark.parametrize(
    ("verb", "end", "ran_s", "told"),
    [
        (
            "kill",
            ended(returned=12),
            40.2,
            "Killed worker 4711: task 17 of job 3 was lost after 40 s; 12 waiting tasks moved to others.",
        ),
        (
            "kill",
            ended(returned=1),
            None,
            "Killed worker 4711: task 17 of job 3 was lost; 1 waiting task moved to others.",
        ),
        (
            "terminate",
            ended(outcome="retried"),
            1.25,
            "Terminated worker 4711: task 17 of job 3 had run 1.2 s and will be run again.",
        ),
        (
            "terminate",
            ended(outcome="retried"),
            None,
            "Terminated worker 4711: task 17 of job 3 will be run again.",
        ),
        ("kill", ended(task=None, outcome=None), None, "Killed worker 4711: nothing was lost."),
        (
            "terminate",
            ended(ended=False, outcome=None),
            None,
            "Worker 4711 did not end within 5 s and goes on with task 17 of job 3: it may ignore SIGTERM. Kill it.",
        ),
        (
            "kill",
            ended(ended=False, outcome=None, task=None),
            None,
            "Worker 4711 did not end within 5 s of SIGKILL: it must be inside the kernel, and ends when it comes back.",
        ),
    ],
)
def test_what_an_end_cost_is_a_sentence(verb: str, end: WorkerEnd, ran_s: float | None, told: str) -> None:
    """With the task, how long it had run, and what moved."""
    assert wording.ended(verb, end, "task 17 of job 3", ran_s) == told


def test_errors_are_one_line() -> None:
    """Our own are told without where they are from, a user's with it."""
    assert wording.error(ValueError("one\ntwo")) == "ValueError: one"
    lost = WorkerLost(7, -9, "SIGKILL", "task 1 of call 2")
    assert wording.error(lost).startswith("WorkerLost: task 1 of call 2 was lost with worker 7 (SIGKILL)")


def test_failures_fit_into_a_frame() -> None:
    """A hundred with long tracebacks in strange characters: those that are left out are counted."""
    failures = []
    for _ in range(100):
        error = ValueError("\0" * 1000)
        error.__cause__ = RuntimeError("\0" * 100_000)
        failures.append(Failure(TASK, error))
    told, left_out = wording.failures(tuple(failures))
    assert len(told) + left_out == 100
    assert len(told) > 10
    assert len(json.dumps(told)) < 900_000


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.0123, "0.012 s"), (1.26, "1.3 s"), (40.4, "40 s"), (599, "599 s"), (3600, "60 min")]
)
def test_durations_have_few_digits(seconds: float, told: str) -> None:
    """As people say them."""
    assert wording.lasted(seconds) == told


@pytest.mark.parametrize(
    ("exitcode", "told"),
    [(0, "with exit code 0"), (3, "with exit code 3"), (-9, "by SIGKILL"), (-50, "by signal 50"), (None, "in a way")],
)
def test_exit_codes_have_their_words(exitcode: int | None, told: str) -> None:
    """Signals by name."""
    assert wording.exit_of(exitcode).startswith(told)
