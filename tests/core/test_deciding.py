"""The fleet's decisions, without a process, a clock or a socket."""

from __future__ import annotations

import signal

import msgspec
import pytest

from app.core.fleet import actions as a
from app.core.fleet import events as e
from app.core.fleet.lifecycle import TRANSITIONS, Trigger, advance
from app.protocol import control as m
from app.protocol import reports as r
from app.records.errors import IllegalTransition
from app.records.process import LIVE, NOT_SAMPLED, Descendant, State
from app.records.verbs import Verb, why_not
from tests.core.fleet_driver import Driver, make_plan, policy


@pytest.fixture
def driver() -> Driver:
    return Driver()


def result(message: m.Message) -> object:
    assert isinstance(message, m.Reply), message
    return msgspec.json.decode(message.result)


def refusal(message: m.Message) -> m.Refused:
    assert isinstance(message, m.Refused), message
    return message


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("trigger", Trigger)
def test_a_transition_that_is_not_in_the_table_is_refused(state: State, trigger: Trigger) -> None:
    """The refusal names the trigger and the state."""
    if (state, trigger) in TRANSITIONS:
        assert advance(state, trigger) is TRANSITIONS[state, trigger]
    else:
        with pytest.raises(IllegalTransition, match=f"{trigger} is not possible while the process is {state}"):
            advance(state, trigger)


@pytest.mark.parametrize("verb", [Verb.START, Verb.CLOSE, Verb.SUSPEND, Verb.RESUME])
def test_a_verb_is_possible_where_its_transition_is(verb: Verb) -> None:
    assert {state for state in State if not why_not(verb, state)} == {
        state for state in State if (state, Trigger(verb)) in TRANSITIONS
    }


def test_what_ends_a_process_is_possible_while_there_is_one() -> None:
    """Terminate also cancels a restart; the process that is stopping has been terminated already."""
    assert {state for state in State if not why_not(Verb.KILL, state)} == LIVE
    assert {state for state in State if not why_not(Verb.TERMINATE, state)} == LIVE - {State.STOPPING} | {State.BACKOFF}
    assert why_not(Verb.TERMINATE, State.STOPPING).endswith("; kill does not wait for the grace period")


def test_what_was_sampled_of_a_process_ends_with_it(driver: Driver) -> None:
    """All of it: a new figure of the sweep cannot be forgotten."""
    process = driver.running()
    driver.samples(process, cpu=50.0)
    assert None not in {getattr(driver.record(process), name) for name in NOT_SAMPLED}
    driver.ends(process)
    assert {getattr(driver.record(process), name) for name in NOT_SAMPLED} == {None}


def test_every_state_can_be_reached_and_only_closed_cannot_be_left() -> None:
    """The table has no dead ends but the last one."""
    assert set(TRANSITIONS.values()) | {State.CREATED} == set(State)
    assert {state for state, _ in TRANSITIONS} == set(State) - {State.CLOSED}


def test_a_launch_goes_through_starting_to_running(driver: Driver) -> None:
    """It runs once the child has reported that its target function started."""
    process = driver.launch(name="worker")[0]
    assert (process.state, process.pid, process.started_by, process.alive) == (State.STARTING, 1001, 1, True)
    driver.boots(process.id)
    assert driver.state(process.id) is State.RUNNING
    assert [kind for kind, _ in driver.notes] == ["created", "started", "booted"]


def test_a_burst_of_launches_is_started_in_slices(driver: Driver) -> None:
    """At most ten starts per turn of the loop."""
    driver.deciding.handle(e.Launched(1, 1, "operator", make_plan(), 25), driver.now())
    spawned = [sum(isinstance(one, a.Spawn) for one in driver.deciding.tick(driver.now())) for _ in range(4)]
    assert spawned == [10, 10, 5, 0]


def test_processes_launched_together_have_numbered_names(driver: Driver) -> None:
    """One alone keeps the name as it is."""
    assert [one.name for one in driver.launch(count=3, name="worker")] == ["worker-1", "worker-2", "worker-3"]
    assert [one.name for one in driver.launch(name="worker")] == ["worker"]


def test_without_auto_start_it_waits_for_start_and_starts_only_once(driver: Driver) -> None:
    """start() twice is refused, as in the standard library."""
    process = driver.launch(auto_start=False)[0]
    assert process.state is State.CREATED
    driver.act(process.id, Verb.START)
    assert driver.state(process.id) is State.STARTING
    assert "start is not possible while the process is starting" in refusal(driver.act(process.id, Verb.START)).detail


@pytest.mark.parametrize("verb", [Verb.TERMINATE, Verb.KILL, Verb.SUSPEND, Verb.RESUME, Verb.RESTART])
def test_verbs_for_running_processes_are_refused_before_the_start(driver: Driver, verb: Verb) -> None:
    """The refusal is a 409 in the making: kind, state and verb."""
    process = driver.launch(auto_start=False)[0]
    refused = refusal(driver.act(process.id, verb))
    assert refused.kind == "not_possible"
    assert refused.detail.startswith(f"{verb} is not possible while the process is created")
    assert driver.state(process.id) is State.CREATED


def test_join_before_start_and_close_while_running_are_refused(driver: Driver) -> None:
    """As in the standard library."""
    created = driver.launch(auto_start=False)[0].id
    driver.join(created)
    assert "join is not possible while the process is created" in refusal(driver.answers[-1][1]).detail
    running = driver.running()
    assert "close is not possible while the process is running" in refusal(driver.act(running, Verb.CLOSE)).detail


def test_an_unknown_process_and_another_pid_are_refused(driver: Driver) -> None:
    """Identity is checked on the server: a row number is nothing."""
    assert refusal(driver.act("p99", Verb.KILL)).kind == "not_found"
    running = driver.running()
    assert "no longer pid 5" in refusal(driver.act(running, Verb.KILL, pid=5)).detail
    assert driver.state(running) is State.RUNNING


def test_an_exited_process_is_joined_automatically(driver: Driver) -> None:
    """With auto_join the zombie is reaped at once."""
    running = driver.running()
    driver.ends(running, 0)
    record = driver.record(running)
    assert (record.state, record.exitcode, record.cause, record.failed) == (State.JOINED, 0, "finished", False)


def test_without_auto_join_a_zombie_stays_until_join(driver: Driver) -> None:
    """join clears it and answers with the exit code."""
    running = driver.running(auto_join=False)
    driver.ends(running, 3)
    assert driver.state(running) is State.EXITED
    driver.join(running)
    assert result(driver.answers[-1][1]) == {"joined": True, "exitcode": 3}
    assert driver.state(running) is State.JOINED


def test_several_joins_wait_and_time_out_independently(driver: Driver) -> None:
    """A join with a timeout answers False; one without waits for the end."""
    running = driver.running()
    patient, hasty = driver.join(running, None, client=2), driver.join(running, 0.5, client=3)
    driver.passes(0.6)
    ((client, message),) = driver.answers[1:]
    assert (client, result(message)) == (3, {"joined": False, "exitcode": None})
    assert isinstance(message, m.Reply)
    assert message.request == hasty
    driver.ends(running, 4)
    client, message = driver.answers[-1]
    assert isinstance(message, m.Reply)
    assert (client, message.request) == (2, patient)
    assert result(message) == {"joined": True, "exitcode": 4}


def test_a_client_that_disconnects_is_not_answered(driver: Driver) -> None:
    """Its joins are forgotten."""
    running = driver.running()
    driver.join(running, None, client=2)
    driver.happens(e.ClientGone(2))
    before = len(driver.answers)
    driver.ends(running)
    assert len(driver.answers) == before


def test_terminate_sends_sigterm_then_kills_the_remembered_tree_and_waits_for_it(driver: Driver) -> None:
    """Gone is gone: only when the whole set is empty."""
    running = driver.running(grace_s=5.0)
    driver.trees[running] = frozenset({(2001, 1), (2002, 1)})
    driver.act(running, Verb.TERMINATE)
    stopping = driver.record(running).stopping
    assert stopping
    assert (stopping.signal, stopping.left) == ("SIGTERM", (1001, 2001, 2002))
    assert stopping.kill_at == driver.now().wall + 5.0
    assert driver.sent == [(running, signal.SIGTERM)]
    driver.passes(4.9)
    assert driver.kills == []
    driver.passes(0.2)
    assert driver.kills == [(running, frozenset({(1001, 7), (2001, 1), (2002, 1)}))]
    driver.left[running] = frozenset({(2001, 1)})
    driver.ends(running, -signal.SIGKILL)
    stopping = driver.record(running).stopping
    assert driver.state(running) is State.STOPPING
    assert stopping
    assert (stopping.signal, stopping.left) == ("SIGKILL", (2001,))
    driver.happens(e.Remaining(running, frozenset()))
    record = driver.record(running)
    assert (record.state, record.exitcode, record.failed) == (State.JOINED, -9, False)
    assert record.cause == "SIGKILL 5.1 s after SIGTERM by operator"


def test_the_tree_has_a_moment_to_exit_after_its_leader(driver: Driver) -> None:
    """Nothing of the tree survives a terminate."""
    running = driver.running(grace_s=60.0)
    driver.trees[running] = frozenset({(2001, 1)})
    driver.act(running, Verb.TERMINATE)
    driver.left[running] = frozenset({(2001, 1)})
    driver.ends(running, -signal.SIGTERM)
    assert driver.state(running) is State.STOPPING
    driver.passes(1.1)
    assert driver.kills == [(running, frozenset({(2001, 1)}))]
    driver.happens(e.Remaining(running, frozenset()))
    assert driver.record(running).cause == "SIGTERM by operator"


def test_a_kill_is_immediate_and_is_repeated_until_nothing_is_left(driver: Driver) -> None:
    """A fork that raced with the kill is found by the next round."""
    running = driver.running()
    driver.act(running, Verb.KILL)
    assert len(driver.kills) == 1
    driver.left[running] = frozenset({(3001, 1)})
    driver.ends(running, -signal.SIGKILL)
    driver.passes(0.05)
    assert driver.kills[-1] == (running, frozenset({(3001, 1)}))
    driver.happens(e.Remaining(running, frozenset()))
    assert driver.record(running).cause == "SIGKILL by operator"


def test_kill_hurries_a_terminate(driver: Driver) -> None:
    """The grace period is cut short."""
    running = driver.running(grace_s=60.0)
    driver.act(running, Verb.TERMINATE)
    assert "kill does not wait" in refusal(driver.act(running, Verb.TERMINATE)).detail
    driver.act(running, Verb.KILL)
    assert len(driver.kills) == 1
    driver.ends(running, -9)
    driver.happens(e.Remaining(running, frozenset()))
    assert driver.state(running) is State.JOINED


def test_a_suspended_process_gets_a_sigcont_with_its_sigterm(driver: Driver) -> None:
    """Otherwise the SIGTERM would stay pending."""
    running = driver.running()
    driver.act(running, Verb.SUSPEND)
    driver.happens(e.Looked(running, "T"))
    assert driver.state(running) is State.SUSPENDED
    driver.act(running, Verb.TERMINATE)
    assert [signum for _, signum in driver.sent] == [signal.SIGSTOP, signal.SIGTERM, signal.SIGCONT]


def test_a_process_that_waits_to_be_spawned_can_be_stopped(driver: Driver) -> None:
    """It is never spawned then."""
    driver.deciding.handle(e.Launched(1, 1, "operator", make_plan(), 1), driver.now())
    driver.act("p1", Verb.TERMINATE)
    assert driver.record("p1").pid is None
    assert driver.record("p1").state is State.JOINED
    assert driver.record("p1").cause == "stopped before it started"


def test_a_stop_before_boot_has_its_own_cause(driver: Driver) -> None:
    """Started, never booted."""
    process = driver.launch()[0]
    driver.act(process.id, Verb.KILL)
    driver.ends(process.id, -9)
    driver.happens(e.Remaining(process.id, frozenset()))
    assert driver.record(process.id).cause == "SIGKILL by operator before the target function started"
    assert driver.record(process.id).booted is False


def test_restart_of_a_running_one_stops_it_first_and_keeps_the_id(driver: Driver) -> None:
    """A new Process object under the same id."""
    running = driver.running()
    driver.act(running, Verb.RESTART)
    driver.ends(running, -15)
    record = driver.record(running)
    assert (record.state, record.restarts, record.pid, record.exitcode) == (State.STARTING, 1, 1002, None)


def test_failures_back_off_until_the_limit(driver: Driver) -> None:
    """One counter for all causes; fatal says why."""
    running = driver.running(restart=policy())
    driver.ends(running, 1)
    assert driver.state(running) is State.BACKOFF
    driver.passes(1.0)
    assert driver.state(running) is State.STARTING
    driver.ends(running, -11)
    backoff = driver.record(running).backoff
    assert backoff
    assert (backoff.attempt, backoff.limit) == (2, 2)
    driver.passes(2.0)
    driver.ends(running, 1)
    record = driver.record(running)
    assert record.state is State.FATAL
    assert record.cause
    assert record.cause.startswith("gave up: exited within 10 s after each of 2 restarts. Last error: ")


def test_stable_uptime_resets_the_counter_and_a_requested_stop_is_no_failure(driver: Driver) -> None:
    """A crash a day is not a crash loop."""
    running = driver.running(restart=policy("always"))
    for _ in range(5):
        driver.passes(11.0)
        driver.ends(running, 1)
        assert driver.state(running) is State.BACKOFF
        driver.passes(2.0)
    driver.act(running, Verb.TERMINATE)
    driver.ends(running, -15)
    assert driver.state(running) is State.JOINED
    assert driver.record(running).failed is False


def test_terminate_in_backoff_cancels_the_restarts(driver: Driver) -> None:
    """No process is signalled; it is not restarted any more."""
    running = driver.running(restart=policy())
    driver.ends(running, 1)
    driver.act(running, Verb.TERMINATE)
    driver.passes(100)
    assert driver.state(running) is State.JOINED


def test_an_unknown_exit_code_is_lost(driver: Driver) -> None:
    """Unknown is not 0 and not 255."""
    running = driver.running()
    driver.join(running)
    driver.ends(running, None)
    record = driver.record(running)
    assert (record.state, record.exitcode, record.failed) == (State.LOST, None, True)
    assert result(driver.answers[-1][1]) == {"joined": True, "exitcode": None}


def test_the_last_line_of_an_exception_is_the_cause(driver: Driver) -> None:
    """With the traceback in the record."""
    running = driver.running()
    driver.happens(e.Reported(running, r.Raised(pid=1001, error="ValueError: no", traceback="Traceback …")))
    driver.ends(running, 1)
    record = driver.record(running)
    assert (record.cause, record.error, record.failed) == ("exit 1: ValueError: no", "Traceback …", True)


def test_a_target_that_cannot_be_imported_failed_to_start(driver: Driver) -> None:
    """The supervisor does not crash."""
    process = driver.launch()[0].id
    driver.happens(
        e.Reported(process, r.FailedToStart(pid=1001, error="ModuleNotFoundError: No module named 'x'", traceback="T"))
    )
    driver.ends(process, 1)
    assert driver.record(process).cause == "failed to start: ModuleNotFoundError: No module named 'x'"
    assert driver.record(process).failed_to_start


def test_quiet_and_waiting_is_stuck_with_its_reason_and_recovers(driver: Driver) -> None:
    """It is judged on CPU and on what it is blocked on, then its line of Python is asked for."""
    running = driver.running()
    key = driver.fleet.members[running].key
    assert key
    driver.passes(11.0)
    driver.samples(running)
    assert driver.asked[-1] == a.Probe(running, key)
    driver.happens(e.BlockedOn(running, suspicious=True, words="waits on a lock"))
    assert driver.asked[-1] == a.FindFrame(running, key)
    stuck = driver.record(running).stuck
    assert stuck
    assert (stuck.reason, stuck.detail) == ("no progress for 11 s; waits on a lock", "waits on a lock")
    driver.happens(e.FrameFound(running, "blocked in Lock.acquire at jobs.py:31"))
    stuck = driver.record(running).stuck
    assert stuck
    assert stuck.reason == "no progress for 11 s; blocked in Lock.acquire at jobs.py:31"
    driver.samples(running, cpu=50.0)
    assert driver.record(running).stuck is None
    assert [kind for kind, _ in driver.notes][-2:] == ["stuck", "unstuck"]


def test_a_sleeper_is_not_stuck_and_a_busy_one_that_stopped_reporting_is(driver: Driver) -> None:
    """Progress counts, not occupancy."""
    sleeper = driver.running()
    driver.passes(11.0)
    driver.samples(sleeper)
    driver.happens(e.BlockedOn(sleeper, suspicious=False, words="sleeps"))
    assert driver.record(sleeper).stuck is None
    reporter = driver.running()
    driver.happens(e.Reported(reporter, r.Progressed(pid=1002, done=3, total=10)))
    driver.passes(12.0)
    driver.samples(reporter, cpu=99.0)
    driver.happens(e.BlockedOn(reporter, suspicious=False, words="runs"))
    stuck = driver.record(reporter).stuck
    assert stuck
    assert stuck.reason == "no progress for 12 s; last report 3 of 10, 99 % of a core; runs"


def test_orphans_stay_listed_below_their_origin(driver: Driver) -> None:
    """Orphans stay listed after their process has ended."""
    running = driver.running()
    one = Descendant(id="5-6", pid=5, ppid=1, root=running, name="sleep", command="sleep 9", state="S", orphan=True)
    driver.happens(e.Sampled({}, (one,)))
    driver.happens(e.Sampled({}, (one,)))
    driver.ends(running)
    assert [text for kind, text in driver.notes if kind == "orphan"] == [f"orphan of {running}: sleep 9"]
    assert driver.record(running).descendants == 1
    assert [seen for seen in driver.fleet.descendants.values() if seen.root == running] == [one]
    driver.happens(e.Sampled({}, ()))
    assert "5-6" in driver.fleet.removed


def test_stop_all_ends_everything_and_refuses_new_work(driver: Driver) -> None:
    """Nothing new starts while everything ends."""
    running, waiting = driver.running(grace_s=60.0), driver.running(restart=policy())
    zombie = driver.running(auto_join=False)
    driver.ends(zombie)
    driver.ends(waiting, 1)
    driver.happens(e.StopAll(by="supervisor", within_s=1.0))
    assert driver.state(waiting) is State.JOINED
    assert driver.state(zombie) is State.JOINED
    driver.launch()
    assert "stopping" in refusal(driver.answers[-1][1]).detail
    driver.passes(1.1)
    assert driver.kills
    driver.ends(running, -9)
    driver.happens(e.Remaining(running, frozenset()))
    assert not list(driver.fleet.live())


def test_a_closed_record_is_shown_for_a_moment_and_then_forgotten(driver: Driver) -> None:
    """close() ends the story of an id."""
    running = driver.running()
    driver.ends(running)
    driver.act(running, Verb.CLOSE)
    assert driver.state(running) is State.CLOSED
    assert refusal(driver.act(running, Verb.RESTART)).kind == "not_possible"
    driver.passes(11.0)
    assert running not in driver.fleet.members
    assert driver.asked[-1] == a.Forget(running)
    assert running in driver.fleet.removed


def test_a_start_that_fails_in_the_supervisor_is_fatal_with_its_reason(driver: Driver) -> None:
    """E.g. no more processes: EAGAIN."""
    driver.deciding.handle(e.Launched(1, 1, "operator", make_plan(), 1), driver.now())
    driver.deciding.tick(driver.now())
    driver.happens(e.NotSpawned("p1", "OSError: [Errno 11] Resource temporarily unavailable"))
    record = driver.record("p1")
    assert record.state is State.FATAL
    assert record.cause == "failed to start: OSError: [Errno 11] Resource temporarily unavailable"
    assert record.failed_to_start
