"""The records made from the words of observed processes, without a process or a socket."""

from __future__ import annotations

import signal

import pytest

from app.core.fleet import actions as a
from app.core.fleet import events as e
from app.core.programs.program import ENDED_SHOWN
from app.protocol import control as m
from app.records.process import Sentinel, State
from app.records.verbs import Verb
from tests.core.programs.program_driver import RUNNER, Programs, pm, w


@pytest.fixture
def driver() -> Programs:
    return Programs()


def refusal(message: m.Message) -> str:
    assert isinstance(message, m.Refused), message
    assert message.kind == "not_possible"
    return message.detail


def test_a_program_has_the_id_of_its_first_process(driver: Programs) -> None:
    """It is our own child: nothing is observed of it but what its words say."""
    program = driver.run()
    first = driver.record(program)
    assert (first.program, first.observed, first.state) == (program, False, State.RUNNING)
    shown = driver.program(program)
    assert (shown.state, shown.pid, shown.python, shown.processes, shown.observed) == (
        "running", first.pid, "3.12.1", 1, 1
    )  # fmt: skip


@pytest.mark.parametrize("first", ["parent", "child"])
def test_a_child_is_one_record_whether_it_or_its_parent_reports_it_first(driver: Programs, first: str) -> None:
    """Its parent reports how it was started, and it reports that it runs."""
    program = driver.run()
    parent = driver.pid(program)
    words = [
        lambda: driver.starts(parent, 3000, "worker-1", target="jobs.work", role="pool:9"),
        lambda: driver.hello(3000, program, ppid=parent, method="fork", forked=True),
    ]
    for say in words if first == "parent" else reversed(words):
        say()
    child = driver.of(3000)
    assert len(driver.fleet.members) == 2
    assert (child.state, child.observed, child.alive, child.booted) == (State.RUNNING, True, True, False)
    assert (child.name, child.target, child.started_by) == ("worker-1", "jobs.work", parent)
    assert (child.start_method, child.auto_join, child.program) == ("fork", False, program)
    assert driver.fleet.programs.reported[child.id].role == "pool:9"


def test_a_child_is_starting_until_it_says_hello_and_booted_once_it_runs_its_target(driver: Programs) -> None:
    """The cause of one that ends before says so."""
    program = driver.run()
    driver.starts(driver.pid(program), 3000, method="spawn")
    assert driver.of(3000).state is State.STARTING
    driver.hello(3000, program, ppid=driver.pid(program), method="spawn")
    assert (driver.of(3000).state, driver.of(3000).booted) == (State.RUNNING, False)
    driver.dies(3000, -9)
    assert driver.of(3000).cause == (
        "killed by SIGKILL from outside Procession (kill -9 or the OOM killer?) before the target function started"
    )


def test_a_fork_without_multiprocessing_reports_itself(driver: Programs) -> None:
    """os.fork() or an exec'd interpreter: it runs at once, and has no start method."""
    program = driver.run()
    driver.hello(3000, program, ppid=driver.pid(program), forked=True)
    driver.hello(3001, program, ppid=3000, argv=["tools/other.py", "-v"])
    fork, other = driver.of(3000), driver.of(3001)
    assert (fork.name, fork.start_method, fork.booted) == ("fork of x.py", None, True)
    assert (other.name, other.target, other.started_by) == ("other.py", "tools/other.py -v", 3000)


def test_a_fork_has_the_command_of_its_parent(driver: Programs) -> None:
    """The command is not sent again."""
    program = driver.run()
    driver.hello(3000, program, ppid=driver.pid(program), forked=True, argv=[], executable="")
    assert driver.of(3000).target == driver.record(program).target


def test_a_zombie_is_exited_until_its_parent_joins_it(driver: Programs) -> None:
    """The exit code is the kernel's."""
    program = driver.run()
    parent = driver.pid(program)
    child = driver.child(program, parent)
    driver.says(child, w.Exiting(exitcode=0))
    driver.dies(child, 3)
    assert (driver.of(child).state, driver.of(child).exitcode, driver.of(child).failed) == (State.EXITED, 3, True)
    driver.says(parent, w.Joined(child=child, exitcode=3))
    assert driver.of(child).state is State.JOINED


def test_a_join_that_is_reported_before_the_exit_is_seen_counts(driver: Programs) -> None:
    """The pidfd may fire after the parent's word."""
    program = driver.run()
    child = driver.child(program, driver.pid(program))
    driver.says(driver.pid(program), w.Joined(child=child, exitcode=4))
    assert driver.of(child).state is State.RUNNING
    driver.dies(child, None)
    assert (driver.of(child).state, driver.of(child).exitcode) == (State.JOINED, 4)


@pytest.mark.parametrize(
    ("word", "cause"),
    [
        (w.Leaving(error="KeyError: 3", place="a.py:3 in f()"), "exit 1: KeyError: 3, at a.py:3 in f()"),
        (w.Leaving(error="sys.exit(1)", place="a.py:3"), "exit 1: sys.exit(1) at a.py:3"),
        (w.Leaving(error="ValueError: password=abc"), "exit 1: ValueError: password=***"),
        (w.Leaving(), "exit 1: sys.exit()"),
    ],
)
def test_the_cause_is_the_exception_and_its_line(driver: Programs, word: w.Leaving, cause: str) -> None:
    """As the process itself says while it leaves; it is exiting from then on.  Only SystemExit has no other error."""
    program = driver.run()
    child = driver.child(program, driver.pid(program))
    driver.says(child, word)
    assert driver.fleet.programs.reported_of(driver.of(child).id).exiting
    driver.says(child, w.Exiting(exitcode=1))
    driver.dies(child, 1)
    assert driver.of(child).cause == cause


def test_a_process_that_notes_an_exception_and_ends_well_has_finished(driver: Programs) -> None:
    program = driver.run()
    child = driver.child(program, driver.pid(program))
    driver.says(child, w.Leaving(error="KeyError: 3"))
    driver.dies(child, 0)
    assert driver.of(child).cause == "finished"


def test_an_exit_code_that_the_kernel_does_not_give_comes_from_words(driver: Programs) -> None:
    """Of its parent before its own; an unknown one is no failure."""
    program = driver.run()
    parent = driver.pid(program)
    own, silent = driver.child(program, parent), driver.child(program, parent)
    driver.says(own, w.Exiting(exitcode=1, error="ValueError: no file"))
    driver.dies(own, None)
    driver.dies(silent, None)
    assert (driver.of(own).exitcode, driver.of(own).cause) == (1, "exit 1: ValueError: no file")
    shown = driver.of(silent)
    assert (shown.state, shown.exitcode, shown.cause) == (State.EXITED, None, "exit code unknown")
    assert not shown.failed
    driver.says(parent, w.Joined(child=silent, exitcode=-15))
    assert (driver.of(silent).exitcode, driver.of(silent).cause) == (-15, "killed by SIGTERM from outside Procession")


def test_a_child_that_the_forkserver_reaps_is_joined_by_its_parent(driver: Programs) -> None:
    """It is no zombie to the kernel, but not joined; after its parent's end it cannot be."""
    program = driver.run()
    parent = driver.child(program, driver.pid(program))
    forked, served = driver.child(program, parent), driver.child(program, parent, method="forkserver")
    for pid in (forked, served):
        driver.dies(pid)
        driver.happens(e.Reaped(driver.of(pid).id))
    assert (driver.of(forked).state, driver.of(served).state) == (State.JOINED, State.EXITED)
    driver.dies(parent)
    assert driver.of(served).state is State.JOINED


def test_a_process_that_is_gone_before_it_can_be_watched_has_exited(driver: Programs) -> None:
    """Its parent can still report how."""
    program = driver.run()
    driver.vanished.add(3000)
    driver.starts(driver.pid(program), 3000)
    assert (driver.of(3000).state, driver.of(3000).alive) == (State.EXITED, False)
    driver.says(driver.pid(program), w.Joined(child=3000, exitcode=0))
    assert (driver.of(3000).state, driver.of(3000).exitcode) == (State.JOINED, 0)


def test_words_that_come_after_the_end_belong_to_the_same_process(driver: Programs) -> None:
    """A short life is over before its own words are read: what was gone has no start time."""
    program = driver.run()
    parent = driver.pid(program)
    driver.vanished.add(3000)
    driver.starts(parent, 3000)
    driver.happens(e.Heard((3000, 0), w.Hello(program=program, ppid=parent, python="3.12", executable="", forked=True)))
    driver.happens(e.Heard((3000, 0), w.Booted(name="Process-1", parent=parent, daemon=False)))
    assert len(driver.fleet.members) == 2
    assert (driver.of(3000).booted, driver.of(3000).state) == (True, State.EXITED)


def test_a_hello_that_is_read_after_the_exit_is_of_the_same_process(driver: Programs) -> None:
    """It was a zombie already when its connection came: the start time says who it is."""
    program = driver.run()
    parent = driver.pid(program)
    driver.starts(parent, 3000)
    driver.dies(3000, 2)
    driver.says(parent, w.Joined(child=3000, exitcode=2))
    driver.hello(3000, program, ppid=parent, method="fork", forked=True)
    driver.says(3000, w.Booted(name="Process-1", parent=parent, daemon=False))
    assert len(driver.fleet.members) == 2
    assert (driver.of(3000).state, driver.of(3000).exitcode, driver.of(3000).booted) == (State.JOINED, 2, True)


def test_a_reused_pid_is_another_process(driver: Programs) -> None:
    """A hello with another start time is of an unknown process."""
    program = driver.run()
    parent = driver.pid(program)
    child = driver.child(program, parent)
    first = driver.of(child).id
    driver.dies(child)
    driver.happens(e.Heard((child, 8), w.Hello(program=program, ppid=parent, python="3.12", executable="/python")))
    assert driver.of(child).id != first
    assert driver.record(first).state is State.EXITED


def test_an_exec_is_the_same_process(driver: Programs) -> None:
    """It says hello a second time."""
    program = driver.run()
    child = driver.child(program, driver.pid(program))
    driver.hello(child, program, ppid=driver.pid(program))
    driver.hello(driver.pid(program), program, ppid=1, python="3.9.2")
    assert len(driver.fleet.members) == 2
    assert driver.program(program).python == "3.9.2"


@pytest.mark.parametrize("verb", [Verb.START, Verb.RESTART])
def test_what_only_a_parent_can_do_is_refused(driver: Programs, verb: Verb) -> None:
    """Dead or alive; the refusal names its parent."""
    program = driver.run()
    parent = driver.pid(program)
    child = driver.child(program, parent)
    for _ in range(2):
        sentence = refusal(driver.act(driver.of(child).id, verb))
        assert sentence.startswith(f"{verb} is not possible")
        assert f"its parent (pid {parent})" in sentence
        driver.ends(driver.of(child).id)


def test_an_observed_process_that_has_ended_can_be_closed(driver: Programs) -> None:
    """Its record is removed, even if it is a zombie; a later join of its parent changes nothing."""
    program = driver.run()
    parent = driver.pid(program)
    child = driver.child(program, parent)
    process_id = driver.of(child).id
    assert "end it first" in refusal(driver.act(process_id, Verb.CLOSE))
    driver.dies(child)
    driver.act(process_id, Verb.CLOSE)
    assert driver.state(process_id) is State.CLOSED
    driver.passes(6.0)
    assert driver.fleet.members.keys() == {program}
    driver.says(parent, w.Joined(child=child, exitcode=0))


def test_closing_an_ended_program_of_a_terminal_forgets_it(driver: Programs) -> None:
    """With its children, as any other program."""
    program = driver.register()
    driver.runner_says(pm.ProgramStarted, program=program, pid=600)
    driver.hello(600, program, ppid=RUNNER)
    child = driver.child(program, 600)
    assert "end it first" in refusal(driver.act(program, Verb.CLOSE))
    driver.dies(600)
    driver.runner_says(pm.ProgramEnded, program=program, exitcode=0)
    assert "run; end them first" in refusal(driver.act(program, Verb.CLOSE))
    driver.dies(child)
    driver.act(program, Verb.CLOSE)
    driver.passes(6.0)
    assert not driver.fleet.members
    assert not driver.fleet.programs.entries


def test_a_join_of_an_observed_process_is_refused(driver: Programs) -> None:
    """Only its parent can."""
    program = driver.run()
    child = driver.child(program, driver.pid(program))
    driver.join(driver.of(child).id)
    assert "joins it" in refusal(driver.answers[-1][1])


def test_an_observed_process_is_terminated_like_any_other(driver: Programs) -> None:
    """SIGTERM, the grace period, then SIGKILL to its tree; the cause names the user."""
    program = driver.run()
    child = driver.child(program, driver.pid(program))
    process_id = driver.of(child).id
    driver.act(process_id, Verb.TERMINATE)
    assert driver.sent == [(process_id, signal.SIGTERM)]
    assert driver.state(process_id) is State.STOPPING
    driver.passes(6.0)
    assert driver.kills[0] == (process_id, frozenset({(child, 7)}))
    driver.dies(child, -9)
    assert (driver.state(process_id), driver.of(child).cause) == (
        State.EXITED,
        "SIGKILL 6 s after SIGTERM by operator",
    )


def test_a_suspended_one_is_seen_by_its_state_letter(driver: Programs) -> None:
    """As with children of the supervisor."""
    program = driver.run()
    child = driver.child(program, driver.pid(program))
    driver.happens(e.Looked(driver.of(child).id, "T"))
    assert driver.of(child).state is State.SUSPENDED
    driver.act(driver.of(child).id, Verb.RESUME)
    driver.happens(e.Looked(driver.of(child).id, "S"))
    assert driver.of(child).state is State.RUNNING


def test_the_cause_of_a_kill_of_the_whole_program_names_the_user(driver: Programs) -> None:
    """For each of its processes."""
    program = driver.run()
    child = driver.child(program, driver.pid(program))
    driver.trees[program] = driver.left[program] = frozenset({(child, 7)})
    driver.act(program, Verb.KILL)
    driver.dies(child, -9)
    assert driver.of(child).cause == "SIGKILL by operator"


def test_a_worker_that_its_pool_ends_has_not_failed(driver: Programs) -> None:
    """Pool.terminate(), and so the end of a with block, reports it before; any other end is a failure."""
    program = driver.run()
    parent = driver.pid(program)
    ended, killed, ours, late, alone = pids = (4000, 4001, 4002, 4003, 4004)
    for pid in pids:
        driver.starts(parent, pid, "ForkPoolWorker-1", role="pool:9")
        driver.hello(pid, program, ppid=parent, method="fork")
        driver.says(pid, w.Booted(name="ForkPoolWorker-1", parent=parent, daemon=True))
    driver.dies(alone, -15)
    driver.says(driver.child(program, parent), w.Ending(children=[killed]))
    driver.says(parent, w.Ending(children=[ended, ours, late]))
    driver.happens(e.Commanded(1, m.SendSignal(request=900, process=driver.of(ours).id, signal="SIGTERM")))
    driver.dies(ended, -15)
    driver.dies(killed, -9)
    driver.dies(ours, -15)
    driver.dies(late, None)
    driver.says(parent, w.Joined(child=late, exitcode=-15))
    assert [(driver.of(pid).failed, driver.of(pid).cause) for pid in pids] == [
        (False, "SIGTERM by its own pool"),
        (True, "killed by SIGKILL from outside Procession (kill -9 or the OOM killer?)"),
        (True, "SIGTERM by operator"),
        (False, "SIGTERM by its own pool"),
        (True, "killed by SIGTERM from outside Procession"),
    ]


def test_the_cause_names_the_process_of_the_program_that_sent_the_signal(driver: Programs) -> None:
    """terminate() and kill() of its parent; not where it is another signal, another's word, or ours."""
    program = driver.run()
    parent = driver.pid(program)
    ended, otherwise, claimed, ours = pids = [driver.child(program, parent) for _ in range(4)]
    for pid in (ended, otherwise, ours):
        driver.says(parent, w.Signalled(child=pid, signal=15))
    driver.says(ended, w.Signalled(child=claimed, signal=15))
    driver.happens(e.Commanded(1, m.SendSignal(request=900, process=driver.of(ours).id, signal="SIGTERM")))
    for pid, code in zip(pids, (-15, -9, -15, -15), strict=True):
        driver.dies(pid, code)
    name = driver.record(program).name
    assert [driver.of(pid).cause for pid in pids] == [
        f"SIGTERM by its parent, {name} (pid {parent})",
        "killed by SIGKILL from outside Procession (kill -9 or the OOM killer?)",
        "killed by SIGTERM from outside Procession",
        "SIGTERM by operator",
    ]
    assert driver.of(ended).failed


def test_a_program_runs_while_any_of_its_processes_lives(driver: Programs) -> None:
    """A script that daemonises exits at once, its daemon does not."""
    program = driver.run()
    daemon = driver.child(program, driver.pid(program))
    driver.ends(program)
    shown = driver.program(program)
    assert (shown.state, shown.exitcode, shown.processes, shown.ended_at) == ("running", 0, 1, None)
    assert "run; end them first" in refusal(driver.act(program, Verb.CLOSE))
    driver.dies(daemon)
    shown = driver.program(program)
    assert (shown.state, shown.processes, shown.observed) == ("ended", 0, 0)
    assert shown.ended_at
    assert ("program", "program ended: finished; 2 processes") in driver.notes


def test_a_restarted_program_starts_over(driver: Programs) -> None:
    """Under the same id; what its former first process reported is forgotten."""
    program = driver.run()
    driver.ends(program, 1)
    assert driver.program(program).state == "ended"
    driver.act(program, Verb.RESTART)
    shown = driver.program(program)
    assert (shown.state, shown.exitcode, shown.python, shown.ended_at) == ("starting", None, None, None)


def test_closing_a_program_forgets_all_of_it(driver: Programs) -> None:
    """Its ended processes are forgotten with it."""
    program = driver.run()
    child = driver.child(program, driver.pid(program))
    process_id = driver.of(child).id
    driver.dies(child)
    driver.ends(program)
    driver.act(program, Verb.CLOSE)
    driver.passes(6.0)
    assert not driver.fleet.members
    assert not driver.fleet.programs.entries
    assert driver.fleet.removed == {program, process_id}


def test_records_of_ended_processes_are_bounded(driver: Programs) -> None:
    """The oldest are forgotten first, zombies last, and counted."""
    program = driver.run()
    parent = driver.pid(program)
    zombie = driver.child(program, parent)
    driver.dies(zombie)
    for _ in range(ENDED_SHOWN + 10):
        child = driver.child(program, parent)
        driver.says(parent, w.Joined(child=child, exitcode=0))
        driver.dies(child)
    assert len(driver.fleet.members) == ENDED_SHOWN + 1
    assert driver.fleet.not_shown == 11
    assert driver.of(zombie).state is State.EXITED


def test_more_processes_than_allowed_are_counted_but_get_no_record(driver: Programs) -> None:
    """A fork bomb under observation does not fill the memory of the supervisor."""
    program = driver.run()
    driver.fleet.max_processes = 3
    for number in range(10):
        driver.hello(3000 + number, program, ppid=driver.pid(program))
    shown = driver.program(program)
    assert (shown.processes, shown.not_seen) == (3, 8)


def test_lines_about_processes_are_bounded(driver: Programs) -> None:
    """A busy pool does not fill the journal."""
    program = driver.run()
    for _ in range(300):
        driver.dies(driver.child(program, driver.pid(program)))
    assert sum(kind in ("started", "exited") for kind, _ in driver.notes) <= 205


def test_what_was_not_seen_is_shown_with_the_program(driver: Programs) -> None:
    """Words that could not be read or sent; those of unknown processes are counted apart."""
    program = driver.run()
    driver.happens(e.NotSeen((driver.pid(program), 7), 3))
    driver.happens(e.NotSeen((9999, 7), 2))
    driver.says(9998, w.Exiting(exitcode=0))
    driver.hello(9997, "p77", ppid=1)
    assert driver.program(program).not_seen == 3
    assert driver.fleet.programs.unknown_words == 4


def test_what_the_findings_need_is_kept(driver: Programs) -> None:
    """Threads at a fork besides the main one, refused starts, joins under way, the last word."""
    program = driver.run()
    parent = driver.pid(program)
    child = driver.child(program, parent)
    driver.says(child, w.Booted(name="one", parent=parent, daemon=True, threads=3))
    driver.says(child, w.Refused(name="two", error="daemonic processes are not allowed to have children"))
    driver.says(parent, w.Joining(child=child))
    driver.says(child, w.Exiting(exitcode=0))
    mine, above = (driver.fleet.programs.reported[driver.of(pid).id] for pid in (child, parent))
    assert (mine.threads_at_fork, len(mine.refused), mine.exiting) == (2, 1, True)
    assert list(above.joining) == [child]
    driver.says(parent, w.Joining(child=child, over=True))
    assert not above.joining


def test_a_word_with_an_impossible_pid_adds_no_process(driver: Programs) -> None:
    """Words are not trusted."""
    program = driver.run()
    for pid in (-1, 0, 2**40, driver.pid(program)):
        driver.starts(driver.pid(program), pid)
    assert len(driver.fleet.members) == 1


# Programs of a terminal


def test_an_attached_program_gets_an_environment_to_observe_it(driver: Programs) -> None:
    """And is starting until its command has a pid."""
    program = driver.register()
    assert driver.result()["environment"] == {"PROCESSION_OBSERVE": "/s", "PROCESSION_PROGRAM": program}
    shown = driver.program(program)
    assert (shown.attached, shown.state, shown.pid) == (True, "starting", None)
    assert a.WatchRunner(program, RUNNER) in driver.asked


@pytest.mark.parametrize("first", ["hello", "runner"])
def test_the_command_of_an_attached_program_is_its_first_process(driver: Programs, first: str) -> None:
    """Reported by `procession run`, or by its own hello, in either order."""
    program = driver.register()
    words = [
        lambda: driver.hello(3000, program, ppid=RUNNER),
        lambda: driver.runner_says(pm.ProgramStarted, program=program, pid=3000),
    ]
    for say in words if first == "hello" else reversed(words):
        say()
    process = driver.record(program)
    assert len(driver.fleet.members) == 1
    assert (process.pid, process.state, process.observed, process.alive) == (3000, State.RUNNING, True, True)
    driver.ends(program, 5)
    driver.runner_says(pm.ProgramEnded, program=program, exitcode=5)
    assert (driver.state(program), driver.program(program).exitcode) == (State.JOINED, 5)
    assert driver.program(program).state == "ended"


def test_an_attached_program_without_a_python_is_watched_too(driver: Programs) -> None:
    """A shell says no hello."""
    program = driver.register()
    driver.runner_says(pm.ProgramStarted, program=program, pid=3000)
    driver.time += 6
    driver.sweep(3000)
    shown = driver.program(program)
    assert (driver.record(program).state, shown.observed) == (State.RUNNING, 0)
    assert (shown.unobserved or "").startswith("None of its processes has reported.")
    driver.hello(3000, program, ppid=RUNNER)
    assert driver.program(program).unobserved is None
    assert "start is not possible" in refusal(driver.runner_says(pm.ProgramStarted, program=program, pid=3001))


@pytest.mark.parametrize("how", ["told", "runner died"])
def test_an_attached_program_that_never_ran_failed(driver: Programs, how: str) -> None:
    """The command was not found, or its `procession run` is gone."""
    program = driver.register()
    if how == "told":
        driver.runner_says(pm.ProgramEnded, program=program, exitcode=None, error="nosuch: not found")
    else:
        driver.ends(program, -9)
    assert driver.state(program) is State.FATAL
    assert (driver.record(program).cause or "").startswith("failed to start: ")
    assert driver.program(program).state == "ended"


def test_a_stop_of_everything_spares_programs_in_a_terminal(driver: Programs) -> None:
    """It does not wait for them either; other programs are ended by their first process."""
    ours, attached = driver.run(), driver.register()
    driver.hello(2000, attached, ppid=RUNNER)
    mine, theirs = driver.child(ours, driver.pid(ours)), driver.child(attached, 2000)
    driver.happens(e.StopAll(by="supervisor"))
    assert driver.sent == [(ours, signal.SIGTERM)]
    assert driver.of(theirs).state is State.RUNNING
    assert {member.id for member in driver.fleet.live()} == {ours, driver.of(mine).id}


def test_a_stop_of_everything_ends_what_a_dead_program_left(driver: Programs) -> None:
    """Its daemons are ended one by one."""
    program = driver.run()
    daemon = driver.child(program, driver.pid(program))
    driver.ends(program)
    driver.happens(e.StopAll(by="supervisor"))
    assert driver.sent == [(driver.of(daemon).id, signal.SIGTERM)]


def test_a_sentinel_is_ready_when_its_process_has_ended(driver: Programs) -> None:
    """Its parent reports the fd, maybe after the exit."""
    program = driver.run()
    parent = driver.pid(program)
    driver.starts(parent, 3100, sentinel=5)
    assert driver.of(3100).sentinel == Sentinel(fd=5, ready=False)
    driver.dies(3100)
    assert driver.of(3100).sentinel == Sentinel(fd=5, ready=True)
    driver.hello(3200, program, ppid=parent, method="fork", forked=True)
    driver.dies(3200)
    driver.starts(parent, 3200, sentinel=6)
    assert driver.of(3200).sentinel == Sentinel(fd=6, ready=True)


@pytest.mark.parametrize(("method", "held_by"), [("fork", (3101, 3102)), ("spawn", (3101, 3102)), ("forkserver", ())])
def test_a_sentinel_is_not_ready_while_a_fork_of_the_dead_holds_it(
    driver: Programs, method: str, held_by: tuple[int, ...]
) -> None:
    """As the grandchildren of a terminated process do; the forkserver reports the exit of its children itself."""
    program = driver.run()
    driver.starts(driver.pid(program), 3100, method=method, sentinel=5)
    driver.starts(3100, 3101, method="fork", sentinel=7)
    driver.starts(3101, 3102, method="fork", sentinel=8)
    driver.starts(3100, 3103, method="spawn", sentinel=9)
    driver.dies(3100)
    assert driver.of(3100).sentinel == Sentinel(fd=5, ready=not held_by, held_by=held_by)
    driver.dies(3101)
    assert driver.of(3101).sentinel == Sentinel(fd=7, ready=False, held_by=(3102,))
    driver.dies(3102)
    assert driver.of(3100).sentinel == Sentinel(fd=5, ready=True)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("a\x00b\x1b[31mred\n", "a\\x00b\\x1b[31mred\\n"),
        ("   ", "?"),
        ("", "?"),
        ("n" * 10_000, "n" * 100),
        ("Müller 名前 <b>", "Müller 名前 <b>"),
    ],
)
def test_unprintable_characters_in_a_name_are_escaped(driver: Programs, name: str, shown: str) -> None:
    """They could hide or reverse the words beside the name."""
    program = driver.run()
    driver.starts(driver.pid(program), 3100, name)
    assert driver.of(3100).name == shown
