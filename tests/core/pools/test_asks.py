"""Requests of clients to pools, without a socket: relayed, and answered exactly once."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from app.core.fleet import events as e
from app.core.fleet.pool_book import MAX_BYTES
from app.core.pools.asks import ENDS_WITHIN_S, MAX_ASKS
from app.protocol.pool_host import ActOnWorker, AnyAsk, Close, HostDetail, JoinPool, ReadJob, Resize, Submit, Terminate
from app.records.pool import Job, JobDetail, JobMethod, JobSpec, JobState, PoolState, TaskFailure, WorkerVerb
from tests.core.pools.pool_driver import PoolDriver

SUBMIT = Submit(spec=JobSpec(method=JobMethod.MAP, function="square"))


@pytest.fixture
def driver() -> PoolDriver:
    return PoolDriver()


def test_the_answer_of_the_host_goes_to_the_client(driver: PoolDriver) -> None:
    """Under its request number; the journal names the user."""
    pool_id = driver.opened()
    number = driver.asks(pool_id, Resize(processes=4))
    driver.replies(pool_id, number, {"processes": 4})
    assert driver.answer() == {"processes": 4}
    assert driver.lines("asked") == ["resize to 4 workers requested"]


def test_the_refusal_of_the_host_goes_to_the_client(driver: PoolDriver) -> None:
    """With its kind and its text."""
    pool_id = driver.opened()
    number = driver.asks(pool_id, ReadJob(job=9))
    driver.refuses(pool_id, number, "not_found", "there is no job 9")
    assert (driver.refusal().kind, driver.refusal().detail) == ("not_found", "there is no job 9")


def test_answers_may_come_in_any_order(driver: PoolDriver) -> None:
    """Each goes to the client that asked."""
    pool_id = driver.opened()
    first, second = driver.asks(pool_id, ReadJob(job=1), client=1), driver.asks(pool_id, ReadJob(job=2), client=2)
    driver.replies(pool_id, second, "two")
    driver.replies(pool_id, first, "one")
    assert [client for client, _ in driver.answers[-2:]] == [2, 1]


def test_ask_that_is_not_answered_is_refused_in_time(driver: PoolDriver) -> None:
    """After 10 s; a later answer is dropped."""
    pool_id = driver.opened()
    number = driver.asks(pool_id, Close())
    answered = len(driver.answers)
    driver.passes(9.9)
    assert len(driver.answers) == answered
    driver.passes(0.2)
    detail = f"pool {pool_id} does not answer; the request may still be carried out"
    assert (driver.refusal().kind, driver.refusal().detail) == ("away", detail)
    assert driver.lines("asked")[-1] == "no answer in time: close requested: no more jobs"
    driver.replies(pool_id, number, {})
    assert len(driver.answers) == answered + 1
    assert driver.deciding.next_deadline() is None


def test_a_join_has_its_own_timeout(driver: PoolDriver) -> None:
    """And 2 s for the transport; without a timeout it waits forever."""
    pool_id = driver.opened()
    driver.asks(pool_id, JoinPool(timeout_s=30.0))
    answered = len(driver.answers)
    driver.passes(31.9)
    assert len(driver.answers) == answered
    driver.passes(0.2)
    assert driver.refusal().kind == "away"
    driver.asks(pool_id, JoinPool(timeout_s=None))
    driver.passes(86400)
    assert len(driver.answers) == answered + 1


def test_an_answer_to_a_client_that_has_gone_is_dropped(driver: PoolDriver) -> None:
    """The request is forgotten with the client."""
    pool_id = driver.opened()
    number = driver.asks(pool_id, Close(), client=7)
    driver.happens(e.ClientGone(7))
    answered = len(driver.answers)
    driver.replies(pool_id, number, {})
    driver.passes(20)
    assert len(driver.answers) == answered


def test_an_answer_without_a_request_is_dropped(driver: PoolDriver) -> None:
    """A host may send anything."""
    pool_id = driver.opened()
    answered = len(driver.answers)
    driver.replies(pool_id, 12345, {})
    assert len(driver.answers) == answered


def test_pool_that_does_not_exist_is_not_found(driver: PoolDriver) -> None:
    """Nor is a process that hosts no pool."""
    process_id = driver.running()
    for wrong in ("p99", process_id):
        driver.asks(wrong, Close())
        assert (driver.refusal().kind, driver.refusal().detail) == ("not_found", f"pool not found: {wrong}")


@pytest.mark.parametrize(
    ("ask", "field"),
    [
        (Resize(processes=0), "processes"),
        (Resize(processes=257), "processes"),
        (JoinPool(timeout_s=-1.0), "timeout_s"),
        (JoinPool(timeout_s=float("nan")), "timeout_s"),
    ],
)
def test_a_number_out_of_range_is_refused(driver: PoolDriver, ask: AnyAsk, field: str) -> None:
    """Before its host is asked."""
    pool_id = driver.opened()
    assert not driver.asks(pool_id, ask)
    assert (driver.refusal().kind, driver.refusal().field) == ("invalid", field)


def test_pending_requests_to_a_host_are_bounded(driver: PoolDriver) -> None:
    """A host that answers nothing is not asked forever."""
    pool_id = driver.opened()
    for _ in range(MAX_ASKS):
        assert driver.asks(pool_id, ReadJob(job=1))
    assert not driver.asks(pool_id, ReadJob(job=1))
    assert driver.refusal().kind == "away"


def test_host_without_a_channel_is_away_at_once(driver: PoolDriver) -> None:
    """Pending and later requests are refused."""
    pool_id = driver.opened()
    driver.asks(pool_id, Close())
    driver.happens(e.ChannelClosed(pool_id, "a frame of -1 bytes"))
    assert driver.refusal().detail == f"pool {pool_id} does not answer: a frame of -1 bytes"
    assert not driver.asks(pool_id, Close())
    assert driver.refusal().kind == "away"


def test_host_that_closed_its_channel_is_about_to_end(driver: PoolDriver) -> None:
    """What is asked meanwhile is answered by its end, and is not asked of it."""
    pool_id = driver.opened()
    driver.happens(e.ChannelClosed(pool_id, None))
    answers = len(driver.answers)
    assert not driver.asks(pool_id, JoinPool())
    assert len(driver.answers) == answers
    driver.ends(pool_id)
    assert driver.answer() == {"joined": True}


def test_host_that_closed_its_channel_and_lives_is_away(driver: PoolDriver) -> None:
    """Its end is awaited for some seconds."""
    pool_id = driver.opened()
    driver.happens(e.ChannelClosed(pool_id, None))
    driver.asks(pool_id, JoinPool())
    driver.passes(ENDS_WITHIN_S)
    assert driver.refusal().detail == f"pool {pool_id} does not answer: its host has closed its channel"
    answers = len(driver.answers)
    driver.asks(pool_id, Close())
    assert len(driver.answers) == answers + 1
    assert driver.refusal().kind == "away"


@pytest.mark.parametrize(
    ("ask", "kind"),
    [
        (SUBMIT, "not_possible"),
        (Resize(processes=3), "not_possible"),
        (Close(), "not_possible"),
        (ActOnWorker(pid=5, verb=WorkerVerb.KILL), "not_found"),
        (ReadJob(job=9), "not_found"),
    ],
)
def test_a_request_to_a_dead_pool_is_refused_with_the_cause(driver: PoolDriver, ask: AnyAsk, kind: str) -> None:
    """Whether it is already dead or dies before it answers."""
    pool_id = driver.opened()
    driver.asks(pool_id, ask)
    driver.ends(pool_id, 1)
    assert driver.refusal().kind == kind
    assert not driver.asks(pool_id, ask)
    assert driver.refusal().kind == kind


@pytest.mark.parametrize(("ask", "told"), [(JoinPool(), {"joined": True}), (Terminate(), {"state": "terminated"})])
def test_dead_pool_is_joined_and_terminated(driver: PoolDriver, ask: AnyAsk, told: dict[str, Any]) -> None:
    """A dead pool has what both ask for."""
    pool_id = driver.opened()
    driver.asks(pool_id, ask)
    driver.ends(pool_id, 1)
    assert told.items() <= driver.answer().items()
    assert driver.pool(pool_id).state is PoolState.TERMINATED


def test_a_job_of_a_pool_that_closed_normally_can_be_read_completely(driver: PoolDriver) -> None:
    """Its host sends its jobs as it ends; if they are too large, the newest are kept."""
    pool_id = driver.opened()
    jobs = tuple(
        Job(id=number, method=JobMethod.APPLY, function="square", state=JobState.DONE, total=1, done=1)
        for number in (1, 2)
    )
    driver.tells(pool_id, state=PoolState.CLOSED, jobs=jobs)
    for job in reversed(jobs):
        detail = JobDetail(job=job, result="x" * (MAX_BYTES // 2), arguments=str(job.id))
        driver.happens(e.HostSaid(pool_id, HostDetail(detail=detail)))
    driver.ends(pool_id, 0)
    told = []
    for number in (2, 1):
        driver.asks(pool_id, ReadJob(job=number))
        answer = driver.answer()
        told.append((answer["job"]["id"], answer["arguments"], answer["result_cut"], bool(answer["result"])))
    assert told == [(2, "2", False, True), (1, "", True, False)]


def test_job_of_a_dead_pool_can_still_be_read(driver: PoolDriver) -> None:
    """As far as it was told: what its tasks returned went with the host."""
    pool_id = driver.opened()
    job = Job(id=3, method=JobMethod.MAP, function="square", state=JobState.DONE, total=4, done=3, failed=1)
    driver.tells(pool_id, jobs=(job,))
    driver.ends(pool_id, 0)
    driver.asks(pool_id, ReadJob(job=3))
    answer = driver.answer()
    assert (answer["job"]["done"], answer["result"], answer["result_cut"], answer["failures_not_shown"]) == (
        3, None, True, 1,
    )  # fmt: skip


def test_what_a_task_raised_is_shown_without_the_secrets_of_a_command(driver: PoolDriver) -> None:
    """In the record, in the journal, in the answer of a host, and after its end; results are the user's own."""
    error = "Command '['psql', '--password', 'hunter2']' died"
    pool_id = driver.opened()
    job = Job(id=1, method=JobMethod.MAP, function="f", state=JobState.FAILED, error=error)
    failure = TaskFailure(index=0, first=0, size=1, lost=False, error=error, traceback=f"Traceback\n{error}")
    detail = JobDetail(job=job, result="hunter2", failures=(failure,))
    driver.tells(pool_id, jobs=(job,))
    driver.notes_line(pool_id, f"job 1 failed: {error}")
    driver.replies(pool_id, driver.asks(pool_id, ReadJob(job=1)), msgspec.json.decode(msgspec.json.encode(detail)))
    told = driver.answer()
    driver.happens(e.HostSaid(pool_id, HostDetail(detail=detail)))
    driver.ends(pool_id, 0)
    driver.asks(pool_id, ReadJob(job=1))
    shown = error.replace("hunter2", "***")
    assert driver.pool(pool_id).jobs[0].error == shown
    assert driver.lines("job") == [f"job 1 failed: {shown}"]
    for answer in (told, driver.answer()):
        assert answer["job"]["error"] == answer["failures"][0]["error"] == shown
        assert answer["failures"][0]["traceback"] == f"Traceback\n{shown}"
        assert answer["result"] == "hunter2"
