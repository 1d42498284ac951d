"""The stream of state: a reader that applies every delta has what the supervisor has."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.protocol.control import DeltaMessage, SnapshotMessage, decode_answer, encode
from app.protocol.delta import EVENTS_SHOWN, Mirror, patch, patches
from app.records.errors import SequenceGap
from app.records.event import Event
from app.records.machine import Host, Supervisor
from app.records.pool import Job, JobMethod, Pool, PoolState, PoolTask, PoolWorker, WorkerState
from app.records.process import Descendant, Process, Progress, Sentinel, State
from app.records.program import Program
from app.records.resource import Resource, ResourceKind
from app.records.stream import Changes, Delta, Snapshot
from app.records.waits import Edge, Waits

HOST = Host(name="box", cores=2, cpu_percent=1.0, memory_used_bytes=1, memory_total_bytes=2)
SUPERVISOR = Supervisor(
    pid=1, started_at=1.0, python="3.11", forkserver_pid=None, preload_verified=None, protected=(1,)
)
KINDS = ("processes", "descendants", "pools", "programs", "resources")
ONE = Process(id="1", name="one", workload=None, target="m:f", params={"a": 1})

numbers = st.floats(allow_nan=False, allow_infinity=False)
ids = st.sampled_from("1234")
processes = st.dictionaries(
    ids,
    st.builds(
        Process,
        id=st.just(""),
        name=st.text(max_size=3),
        workload=st.none() | st.just("sleep"),
        target=st.just("m:f"),
        params=st.dictionaries(st.text(max_size=2), st.integers(-9, 9) | st.text(max_size=2), max_size=2),
        args=st.tuples() | st.tuples(st.booleans()) | st.tuples(st.just("x"), st.none()),
        pid=st.none() | st.integers(1, 9),
        state=st.sampled_from(State),
        cpu_percent=st.none() | numbers,
        rss_bytes=st.none() | st.integers(0, 2**50),
        sentinel=st.none() | st.builds(Sentinel, fd=st.integers(0, 3), ready=st.booleans()),
        progress=st.none() | st.builds(Progress, done=numbers),
    ),
    max_size=4,
)
descendants = st.dictionaries(
    ids,
    st.builds(
        Descendant,
        id=st.just(""),
        pid=st.integers(1, 9),
        ppid=st.integers(1, 9),
        root=st.none() | st.just("1"),
        name=st.text(max_size=2),
        command=st.text(max_size=2),
        state=st.sampled_from("RSZT"),
    ),
    max_size=4,
)
TASK = PoolTask(job=1, index=3, first=3, size=1, function="square", arguments="(3,)")
workers = st.builds(
    PoolWorker,
    pid=st.integers(1, 9),
    state=st.sampled_from(WorkerState),
    task=st.none() | st.just(TASK),
    busy_s=st.none() | numbers,
)
pools = st.dictionaries(
    ids,
    st.builds(
        Pool,
        id=st.just(""),
        name=st.text(max_size=2),
        pid=st.none() | st.integers(1, 9),
        state=st.sampled_from(PoolState),
        workers=st.lists(workers, max_size=2).map(tuple),
        jobs=st.just(())
        | st.builds(Job, id=st.integers(1, 9), method=st.sampled_from(JobMethod)).map(lambda job: (job,)),
        queued=st.integers(0, 9),
    ),
    max_size=4,
)
programs = st.dictionaries(
    ids,
    st.builds(
        Program,
        id=st.just(""),
        name=st.text(max_size=2),
        command=st.just(("python", "x.py")),
        cwd=st.just("/"),
        pid=st.none() | st.integers(1, 9),
        not_seen=st.integers(0, 9),
    ),
    max_size=4,
)
resources = st.dictionaries(
    ids,
    st.builds(
        Resource,
        id=st.just(""),
        program=st.none() | st.just("1"),
        kind=st.sampled_from(ResourceKind),
        name=st.text(max_size=2),
        created_by=st.integers(1, 9),
        created_at=st.just(1.0),
        value=st.none() | st.integers(0, 9),
        buffered=st.none() | st.dictionaries(ids, st.integers(0, 9), max_size=2),
    ),
    max_size=4,
)
edges = st.builds(Edge, pid=st.integers(1, 9), resource=st.just("r1"), since=st.just(1.0), to=st.just("acquire"))
graphs = st.builds(Waits, edges=st.lists(edges, max_size=2).map(tuple))
hosts = st.builds(replace, st.just(HOST), cpu_percent=numbers)
supervisors = st.builds(replace, st.just(SUPERVISOR), stopping=st.booleans())


@st.composite
def histories(draw: st.DrawFn) -> list[Snapshot]:
    """Some snapshots in a row, with the journal growing."""
    steps = []
    events: tuple[Event, ...] = ()
    for seq in range(1, draw(st.integers(2, 5)) + 1):
        events += tuple(event(len(events) + n + 1) for n in range(draw(st.integers(0, 3))))
        steps.append(
            Snapshot(
                seq=seq,
                at=float(seq),
                host=draw(hosts),
                supervisor=draw(supervisors),
                processes=tuple(replace(p, id=key) for key, p in draw(processes).items()),
                descendants=tuple(replace(d, id=f"{key}-9") for key, d in draw(descendants).items()),
                pools=tuple(replace(p, id=f"p{key}") for key, p in draw(pools).items()),
                programs=tuple(replace(p, id=f"g{key}") for key, p in draw(programs).items()),
                resources=tuple(replace(r, id=f"r{key}") for key, r in draw(resources).items()),
                waits=draw(graphs),
                events=events,
            )
        )
    return steps


def event(seq: int) -> Event:
    """Line ``seq`` of a journal."""
    return Event(seq=seq, at=1.0, kind="started", process="1", pid=1, name="one", text="x", by="operator")


def whole(seq: int, *shown: Process, events: tuple[Event, ...] = ()) -> Snapshot:
    """A snapshot with these processes."""
    return Snapshot(
        seq=seq,
        at=float(seq),
        host=HOST,
        supervisor=SUPERVISOR,
        processes=shown,
        descendants=(),
        events=events,
    )


def diff(old: Snapshot, new: Snapshot) -> Delta:
    """The step from one whole snapshot to another."""
    changed, removed = {}, ()
    for kind in KINDS:
        changed[kind], gone = differences(getattr(old, kind), getattr(new, kind))
        removed += gone
    seen = old.events[-1].seq if old.events else 0
    return Delta(
        seq=new.seq,
        base=old.seq,
        at=new.at,
        changed=Changes(
            **changed,
            waits=new.waits if new.waits != old.waits else None,
            host=new.host if new.host != old.host else None,
            supervisor=new.supervisor if new.supervisor != old.supervisor else None,
        ),
        removed=removed,
        events=tuple(event for event in new.events if event.seq > seen),
    )


def differences(old: Any, new: Any) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """Return the delta with everything touched."""
    before, after = {thing.id: thing for thing in old}, {thing.id: thing for thing in new}
    return patches(before, after, before | after)


def plain(value: Any) -> Any:
    """Return the value as it comes out of JSON."""
    return msgspec.json.decode(msgspec.json.encode(value))


def by_id(state: Any) -> dict[str, Any]:
    """As JSON, without the order of rows, which the reader chooses."""
    snapshot: dict[str, Any] = plain(state)
    return snapshot | {kind: {row["id"]: row for row in snapshot[kind]} for kind in KINDS}


@given(histories())
def test_reader_that_applies_every_delta_has_the_same_state(steps: list[Snapshot]) -> None:
    """Through the wire's encoding, step by step."""
    mirror = Mirror()
    first = decode_answer(encode(SnapshotMessage(snapshot=steps[0])))
    assert isinstance(first, SnapshotMessage)
    mirror.load(first.snapshot)
    for old, new in itertools.pairwise(steps):
        step = decode_answer(encode(DeltaMessage(delta=diff(old, new))))
        assert isinstance(step, DeltaMessage)
        mirror.apply(step.delta)
        assert by_id(mirror.snapshot()) == by_id(new)


@given(histories())
def test_equal_states_give_an_empty_delta(steps: list[Snapshot]) -> None:
    """Nothing is sent where nothing changed."""
    delta = diff(steps[0], steps[0])
    assert (delta.changed, delta.removed, delta.events) == (Changes(), (), ())


def test_patch_has_the_id_and_what_differs() -> None:
    """Equal values that are not the same object count as equal."""
    assert patch(ONE, replace(ONE, params={"a": 1}, state=State.RUNNING)) == {"id": "1", "state": "running"}
    assert plain(patch(ONE, replace(ONE, sentinel=Sentinel(fd=3, ready=True)))) == {
        "id": "1",
        "sentinel": {"fd": 3, "ready": True, "held_by": []},
    }


def test_patch_of_an_unchanged_thing_is_empty() -> None:
    """A touched record may be unchanged."""
    assert patch(ONE, replace(ONE, params={"a": 1})) == {}


def test_patch_of_a_new_thing_has_all_fields() -> None:
    """A reader needs no defaults."""
    assert patch(None, ONE) == msgspec.to_builtins(ONE)


def test_patches_look_only_at_what_was_touched() -> None:
    """Known and changed, new, gone, never seen, and changed but not touched."""
    two, three = replace(ONE, id="2"), replace(ONE, id="3")
    old = {"1": ONE, "2": two, "3": three}
    new = {"1": replace(ONE, pid=7), "3": replace(three, pid=8), "4": replace(ONE, id="4")}
    changed, removed = patches(old, new, ["1", "2", "4", "5"])
    assert changed == ({"id": "1", "pid": 7}, msgspec.to_builtins(new["4"]))
    assert removed == ("2",)


@pytest.mark.parametrize(
    "delta",
    [
        Delta(seq=9, base=8, at=9.0, changed=Changes(processes=({"id": "1", "pid": 3},)), removed=("1",)),
        Delta(
            seq=2,
            base=1,
            at=9.0,
            changed=Changes(processes=({"id": "2", "state": "running"},)),
            removed=("1",),
        ),
        Delta(seq=2, base=1, at=9.0, changed=Changes(descendants=({"id": "2-9", "state": "R"},)), removed=("1",)),
    ],
)
def test_delta_that_does_not_follow_changes_nothing(delta: Delta) -> None:
    """A gap in the numbers, or a patch of an unknown record, asks for a snapshot."""
    mirror = Mirror()
    mirror.load(whole(1, ONE))
    before = mirror.snapshot()
    with pytest.raises(SequenceGap):
        mirror.apply(delta)
    assert mirror.snapshot() == before


def test_what_was_handed_out_does_not_change_later() -> None:
    """A response being written is not torn by the next delta."""
    mirror = Mirror()
    mirror.load(whole(1, ONE))
    handed_out = mirror.processes["1"]
    mirror.apply(diff(whole(1, ONE), whole(2, replace(ONE, pid=9))))
    assert (handed_out["pid"], mirror.processes["1"]["pid"]) == (None, 9)


def test_mirror_keeps_a_bounded_number_of_events() -> None:
    """The newest, oldest first."""
    mirror = Mirror()
    mirror.load(whole(1))
    lines = tuple(event(n) for n in range(1, EVENTS_SHOWN + 11))
    mirror.apply(Delta(seq=2, base=1, at=2.0, changed=Changes(), events=lines))
    assert [line["seq"] for line in mirror.snapshot()["events"]] == list(range(11, EVENTS_SHOWN + 11))
