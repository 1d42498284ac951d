"""Whatever comes over a boundary is handled or refused: no message of anybody leads to an error of ours.

The decoders, the core and the readers of the supervisor, without its loop and guard, take messages that are nearly
right: odd numbers, contradictory parts, words of the dead, damaged bytes.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.core.findings.diagnosis import Diagnosis
from app.core.fleet import actions as a
from app.core.fleet import events as e
from app.core.programs import handover
from app.core.programs.handover_facts import AnyFact, OfProcess, OfThing, OfWindow, decode, encode
from app.linux import proc
from app.protocol import control as m
from app.protocol.observer import SaidWord, heard
from app.protocol.pool_host import AnyHostWord, decode_word
from app.protocol.programs import ProgramEnded, ProgramStarted
from app.protocol.reports import AnyReport, decode_report
from app.records.errors import ProcessionError
from app.records.event import EventDraft
from app.records.guard import Guard
from app.records.primitives import UNDECODABLE, Now
from app.records.process import LaunchSpec
from app.records.resource import ResourceKind
from app.settings import Settings
from app.supervisor.analysis import Analysis
from app.supervisor.journal.facts import Batch
from app.supervisor.journal.journal import Journal
from app.supervisor.plans import pool as pool_plan
from app.supervisor.plans import process as process_plan
from app.supervisor.plans import program as program_plan
from app.supervisor.resources.resources import Resources
from app.supervisor.suspects import Suspects
from tests.core.fleet_driver import Driver
from tests.core.pools.pool_driver import PoolDriver
from tests.core.programs.program_driver import Programs
from tests.protocol.garbage import Garbage

SHORT, LONG = 4_000, 200_000
#: Keys and pids that refer to each other more often than chance would.
KEYS = (
    "sem:1",
    "sem:2",
    "pipe:3",
    "sock:4",
    "sock:5",
    "queue:6",
    "7-8",
    "",
    "sem:x",
    "shm:../x",
    "addr:a",
    "managed:addr:a/1",
)
PARTS = ("sem", "rlock", "wlock", "lock", "cond", "pipe", "a", "b", "flag", "inqueue", "changes")
FACTS = (
    "object",
    "maxvalue",
    "maxsize",
    "size",
    "reader",
    "writer",
    "typecode",
    "length",
    "data",
    "cache",
    "buffer",
    "counters",
    "address",
    "parties",
    "server",
    "value",
    "manager",
    "ident",
    "serving",
)


@pytest.fixture(scope="module")
def pids() -> Iterator[list[int]]:
    """Real processes, so that the readers have something to read."""
    code = "import time; time.sleep(3600)"
    processes = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    yield [one.pid for one in processes]
    for one in processes:
        one.kill()
        one.wait()


class Noting(Driver):
    """A driver whose notes are written to a real journal."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal
        self._drafts: list[EventDraft] = []

    def _one(self, action: a.Action) -> list[a.Action]:
        if isinstance(action, a.Note):
            self._drafts.append(action.draft)
        return super()._one(action)

    def publish(self) -> None:
        """Do what a turn ends with: write the journal, and make the records into JSON."""
        self._journal.commit(Batch(drafts=self._drafts))
        self._drafts = []
        for key in self.fleet.dirty & self.fleet.members.keys():
            msgspec.json.encode(self.fleet.members[key].process)
        self.fleet.dirty.clear()
        for held in self.fleet.pools.entries.values():
            msgspec.json.encode(held.pool)


class NotingPrograms(Noting, Programs):
    """With programs."""


class NotingPools(Noting, PoolDriver):
    """With pools."""


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal(tmp_path / "journal.sqlite3")) as one:
        yield one


def now() -> Now:
    return Now(mono=time.monotonic(), wall=time.time())


LONG_MARKS = (pytest.mark.long, pytest.mark.timeout(3600))


def counts(boundary: str) -> Any:
    """Return the parameters ``seed`` and ``count``: few messages in each run, many in `make test-all`."""
    long = [pytest.param(seed, LONG, marks=LONG_MARKS, id=f"{boundary}-long-{seed}") for seed in range(1, 2)]
    return pytest.mark.parametrize(("seed", "count"), [pytest.param(0, SHORT, id=boundary), *long])


def drive(garbage: Garbage, count: int, take: Callable[[bytes], bool]) -> None:
    """Hand over ``count`` messages; a good part must get past the decoder, or nothing is tested."""
    accepted = sum(take(garbage.message()) for _ in range(count))
    assert accepted > count / 10, f"only {accepted} of {count} messages could be decoded"
    assert accepted < count, "no message was refused"


@counts("words")
def test_words_of_observed_processes(pids: list[int], journal: Journal, seed: int, count: int) -> None:
    """Every order of true and false words: records, resources, waits and findings can be made after each."""
    driver = NotingPrograms(journal)
    program = driver.run()
    resources = Resources()
    guard = Guard(now, lambda _text: None, reraises=True)
    analysis = Analysis(driver.fleet, resources, Suspects(), guard)
    diagnosis = Diagnosis()
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(SaidWord)
    known = {
        "program": (program,),
        "key": KEYS,
        "parts.key": PARTS,
        "parts.value": KEYS,
        "facts.key": FACTS,
        "child": (*pids, 3001, 3002, 1),
        "parent": (*pids, 3000),
        "ppid": (*pids, 3000),
        "resource": tuple(ResourceKind),
        "role": ("pool:7-8", "pool:", "manager", None),
    }
    garbage = Garbage(SaidWord, seed, known)
    stats = {pid: proc.stat(pid) for pid in pids}

    def take(data: bytes) -> bool:
        try:
            said = decoder.decode(data)
        except UNDECODABLE:
            driver.happens(e.NotSeen((garbage.rng.choice(pids), 0), 1))
            return False
        pid = garbage.rng.choice((*pids, 3000))
        stat = stats.get(pid)
        key = (pid, stat.start_ticks if stat and garbage.rng.random() < 0.9 else 0)
        for word in heard(said):
            resources.intake.report(key, word, (), now())
            driver.happens(e.Heard(key, word))
        driver.publish()
        if garbage.rng.random() < 0.05:
            resources._read_at = float("-inf")
            resources.read(now())
            diagnosis.look(analysis.scene(), now())
            msgspec.json.encode(list(resources.records.values()))
        if garbage.rng.random() < 0.01:
            dead = garbage.rng.choice((*pids, 3000))
            resources.intake.ended(dead, now())
        return True

    with closing(resources):
        drive(garbage, count, take)


@counts("reports")
def test_reports_of_children(journal: Journal, seed: int, count: int) -> None:
    """A child may write anything into its report socket."""
    driver = NotingPools(journal)
    process = driver.running()

    def take(data: bytes) -> bool:
        report = decode_report(data)
        if report is None:
            return False
        driver.happens(e.Reported(process, report))
        driver.publish()
        return True

    drive(Garbage(AnyReport, seed, {}), count, take)


@counts("hosts")
def test_words_of_pool_hosts(journal: Journal, seed: int, count: int) -> None:
    """A host runs its user's code, so its words are claims too."""
    driver = NotingPools(journal)
    pool = driver.opened()

    def take(data: bytes) -> bool:
        try:
            word = decode_word(data)
        except UNDECODABLE as error:
            driver.happens(e.HostMessageInvalid(pool, str(error)))
            return False
        driver.happens(e.HostSaid(pool, word))
        driver.passes(0.1)
        driver.publish()
        return True

    drive(Garbage(AnyHostWord, seed, {"number": (1, 2, 3), "pid": (5001, 5002)}), count, take)


@counts("commands")
def test_commands_of_clients(journal: Journal, tmp_path: Path, seed: int, count: int) -> None:
    """A client with the right to everything still cannot send what ends the supervisor."""
    driver = NotingPools(journal)
    pool, process = driver.opened(), driver.running()
    settings = Settings(home=tmp_path, allow_targets=True)
    known = {
        "process": (process, pool, "p999"),
        "pool": (pool, process),
        "path": ("/", "/nowhere/x", "/proc/1/cwd/x", "relative", "\0", "/" + "x" * 300, None),
        "cwd": ("/", "/" + "y" * 300, "\0", None),
        "workload": ("sleep", "busy", "process-function", None),
        "target": ("a:b", "a.b:c.d", "no", None),
        "command": ([sys.executable, "x.py"], ["/" + "z" * 5000], ["\0"], []),
        "signal": ("SIGUSR1", "15", "0", "-1", "SIGNONE", "99999999999999999999"),
    }

    journal.commit(Batch(drafts=[EventDraft(at=1.0, kind="stop", text="x", by="operator")]))

    def event_of(command: Any) -> e.Happening | None:
        number, by = command.request, command.by
        match command:
            case m.Launch(spec=spec):
                return e.Launched(1, number, by, process_plan.plan(spec, settings), 1)
            case m.OpenPool(spec=spec):
                return e.Launched(1, number, by, pool_plan.plan(spec, settings))
            case (
                m.AskPool()
                | m.Act()
                | m.SendSignal()
                | m.EndDescendant()
                | m.Join()
                | ProgramStarted()
                | ProgramEnded()
            ):
                return e.Commanded(1, command)
            case m.Events():
                journal.events(command)
        if command.__class__.__name__ == "RunProgram":
            program_plan.plan(command.spec, settings)
        return None

    def take(data: bytes) -> bool:
        try:
            command = m.decode_command(data)
        except UNDECODABLE:
            return False
        try:
            event = event_of(command)
        except ProcessionError as refusal:
            return bool(m.encode(m.refuse(command.request, refusal)))
        if event:
            driver.happens(event)
        for _, answer in driver.answers:
            m.encode(answer)
        driver.answers.clear()
        driver.publish()
        return True

    drive(Garbage(m.AnyCommand, seed, known), count, take)


@counts("rows")
def test_handover_rows(pids: list[int], seed: int, count: int) -> None:
    """What cannot be taken over whole is set aside, program by program, and the rest is taken over."""
    rng = random.Random(seed)
    known = {
        "program": ("p1", "p2"),
        "id": ("p1", "p2", "p3", "r1", "r2"),
        "key": KEYS,
        "pid": (*pids, 3000),
        "parts.value": KEYS,
        "kind": tuple(ResourceKind),
        "parts.key": PARTS,
        "facts.key": FACTS,
    }
    garbage = Garbage(AnyFact, seed, known)
    facts: list[Any] = []
    dropped = 0

    def take_over() -> None:
        nonlocal dropped
        guard = Guard(now, lambda _text: None)
        driver, resources = Programs(), Resources(guard)
        processes = [one for one in facts if isinstance(one, OfProcess)]
        handover.take_over(driver.fleet, processes, lambda _key: rng.random() < 0.8, now(), guard)
        views = [one for one in facts if isinstance(one, OfWindow)]
        things = [one for one in facts if isinstance(one, OfThing)]
        resources.handover.take_over(views, things, [], now())
        dropped += guard.count
        with closing(resources):
            resources._read_at = float("-inf")
            resources.read(now())
            driver.passes(1.0)
            for member in driver.fleet.members.values():
                encode(OfProcess(program="p1", process=member.process))
        facts.clear()

    def take(data: bytes) -> bool:
        fact = decode(data)
        if fact is None:
            return False
        facts.append(fact)
        if len(facts) >= 8:
            take_over()
        return True

    drive(garbage, count, take)


def test_a_refused_spec_is_refused_before_it_is_planned(tmp_path: Path) -> None:
    """Paths that cannot even be looked at are a wrong field, not an error of ours."""
    for path in ("/" + "x" * 300, "/" + "x/" * 3000, "\0", "/nowhere\ud800"):
        with pytest.raises(ProcessionError, match="path"):
            process_plan.plan(LaunchSpec(target="a:b", path=path), Settings(home=tmp_path))
