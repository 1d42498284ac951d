"""Parts of a pool host that need no process: what is sent when, and the texts for values and ends."""

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


def test_the_first_state_is_complete_and_later_ones_are_changes() -> None:
    """Equal fields are left out."""
    changes = Changes()
    assert changes.since(state(done=1), 0.0) == state(done=1)
    assert changes.since(state(done=1), 0.1) == {}
    assert changes.since(state(done=2), 0.2).keys() == {"workers"}
    assert changes.since(state(done=2, queued=5), 0.3) == {"queued": 5}


@pytest.mark.parametrize(("busy", "after_s"), [(True, BUSY_S), (False, IDLE_S)])
def test_durations_are_sent_now_and_then(*, busy: bool, after_s: float) -> None:
    """More often in a busy pool than in an idle one, and together with any other change."""
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
def test_json_is_shown_unchanged(value: object) -> None:
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
def test_other_values_are_shown_by_their_repr(value: object, shown: object) -> None:
    """A tuple is shown as a list, as in JSON."""
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
def test_large_values_are_cut(value: object) -> None:
    """The cut is marked; the value is still JSON, of about the maximum size."""
    shown = show(value)
    assert shown.cut
    assert len(json.dumps(shown.value)) < 3 * MAX_RESULT


def test_a_budget_is_shared_by_several_values() -> None:
    """At some point it is spent."""
    budget, taken = Budget(1000), 0
    while not budget.is_spent:
        budget.take(taken)
        taken += 1
    assert 100 < taken < 1000
    assert not budget.cut


def test_a_repr_is_shortened() -> None:
    """With an ellipsis."""
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
            "Killed worker 4711: task 17 of job 3 was lost after 40 s; 12 waiting tasks moved to other workers.",
        ),
        (
            "kill",
            ended(returned=1),
            None,
            "Killed worker 4711: task 17 of job 3 was lost; 1 waiting task moved to other workers.",
        ),
        (
            "terminate",
            ended(outcome="retried"),
            1.25,
            "Terminated worker 4711: task 17 of job 3 had run for 1.2 s and will be retried.",
        ),
        (
            "terminate",
            ended(outcome="retried"),
            None,
            "Terminated worker 4711: task 17 of job 3 will be retried.",
        ),
        ("kill", ended(task=None, outcome=None), None, "Killed worker 4711: no task was lost."),
        (
            "terminate",
            ended(ended=False, outcome=None),
            None,
            "Worker 4711 did not end within 5 s and still runs task 17 of job 3: it may ignore SIGTERM. Kill it.",
        ),
        (
            "kill",
            ended(ended=False, outcome=None, task=None),
            None,
            (
                "Worker 4711 did not end within 5 s of SIGKILL: it is blocked in the kernel, and ends when that call"
                " returns."
            ),
        ),
    ],
)
def test_the_cost_of_an_end_is_a_sentence(verb: str, end: WorkerEnd, ran_s: float | None, told: str) -> None:
    """With the task, how long it had run, and how many tasks moved."""
    assert wording.ended(verb, end, "task 17 of job 3", ran_s) == told


def test_errors_are_one_line() -> None:
    """Our own errors without their module, the user's with it."""
    assert wording.error(ValueError("one\ntwo")) == "ValueError: one"
    lost = WorkerLost(7, -9, "SIGKILL", "task 1 of call 2")
    assert wording.error(lost).startswith("WorkerLost: task 1 of call 2 was lost with worker 7 (SIGKILL)")


def test_failures_fit_into_a_frame() -> None:
    """A hundred with long tracebacks in multi-byte characters: those left out are counted."""
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
    ("exitcode", "told"),
    [
        (0, "with exit code 0"),
        (3, "with exit code 3"),
        (-9, "by SIGKILL"),
        (-50, "by signal 50"),
        (None, "with an unknown exit code"),
    ],
)
def test_exit_codes_are_described(exitcode: int | None, told: str) -> None:
    """Signals by name."""
    assert wording.exit_of(exitcode).startswith(told)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0123, "0.012 s"),
        (1.26, "1.3 s"),
        (40.4, "40 s"),
        (59.7, "1 m 0 s"),
        (200.4, "3 m 20 s"),
        (599, "9 m 59 s"),
        (7440.0, "2 h 4 m"),
    ],
)
def test_durations_have_two_units_at_most(seconds: float, text: str) -> None:
    assert wording.duration(seconds) == text
