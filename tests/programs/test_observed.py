"""Catalogue programs under observation: each leads to exactly the findings that it declares."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

import workers
from app.protocol.programs import BreakLock, RunProgram
from app.records.program import ProgramSpec
from tests.instance import Instance
from tests.waiting import wait_until

PROGRAMS = workers.programs()
PROMISING = {name: program.finds for name, program in PROGRAMS.items() if program.finds}
FOUND_WITHIN_S = 30
ALL_RUN_WITHIN_S = 110
SIDE_BY_SIDE = 8
# A finding stays for longer, and the records of all programs are large.
POLL_S = 0.3
# All run side by side, and stay as they are until they have been looked at.
STAYS_S = 60
PARAMS: dict[str, dict[str, Any]] = {
    "hazards-killed-pool-worker": {"seconds": 10},
    "start-methods-two-contexts": {"seconds": 0.1},
    # Those that compute: long enough to be looked at more than once.
    "shared-lost-updates": {"times": 60_000},
    "pools-chunks": {"count": 400},
    "pools-threads-beside-processes": {"steps": 20},
}


class Observed:
    """An instance, and what is found in the programs that it runs."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.seen: dict[str, dict[str, Any]] = {}

    def run(self, name: str, **params: Any) -> str:
        """Start a program of the catalogue; returns its id."""
        spec = ProgramSpec(workload=name, params=params)
        made = self.instance.call(RunProgram(request=1, by="test", spec=spec))
        return str(made["program"]["id"])

    def get(self, path: str) -> Any:
        """The answer of one GET."""
        headers = {"Authorization": f"Bearer {self.instance.token}"}
        with urllib.request.urlopen(urllib.request.Request(self.instance.base + path, headers=headers)) as answer:
            return json.load(answer)

    def findings(self, program: str) -> dict[str, Any]:
        """All that was ever found in one program, by kind."""
        for finding in self.get("/api/v1/waits")["findings"]:
            self.seen.setdefault(finding["program"], {})[finding["kind"]] = finding
        return self.seen.get(program, {})

    def wait_found(self, program: str, kind: str) -> dict[str, Any]:
        """The last finding of a kind."""
        return wait_until(lambda: self.findings(program).get(kind, {}), FOUND_WITHIN_S, kind)


def _staying(name: str) -> dict[str, Any]:
    return {one.name: STAYS_S for one in PROGRAMS[name].parameters if one.name == "seconds"}


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    with Instance(tmp_path_factory.mktemp("instance") / "home") as instance:
        yield Observed(instance)


@pytest.fixture(scope="module")
def found(observed: Observed) -> dict[str, dict[str, Any]]:
    """What is found in each program that promises something; all of them run side by side."""
    ids = {name: observed.run(name, **PARAMS.get(name, _staying(name))) for name in PROMISING}
    with suppress(AssertionError):
        wait_until(
            lambda: all(set(PROMISING[name]) <= set(observed.findings(ids[name])) for name in ids), FOUND_WITHIN_S
        )
    return {name: observed.findings(ids[name]) for name in ids}


@pytest.mark.parametrize("name", PROMISING)
def test_it_leads_to_the_findings_that_it_declares(found: dict[str, dict[str, Any]], name: str) -> None:
    """Exactly the declared findings appear, with texts that say what happened, why, and what to do."""
    assert set(found[name]) == set(PROMISING[name])
    for finding in found[name].values():
        assert finding["text"]
        assert finding["why"]
        assert finding["cure"]


def test_the_others_lead_to_no_finding(observed: Observed) -> None:
    """No false alarm, nothing missed, and all end as they do alone."""
    waiting = [name for name in PROGRAMS if name not in PROMISING]
    names: dict[str, str] = {}
    ended: dict[str, dict[str, Any]] = {}
    wait_until(
        lambda: _all_ran(observed, waiting, names, ended),
        ALL_RUN_WITHIN_S,
        "all programs have run",
        slowest_poll_s=POLL_S,
    )
    found = {names[program]: told for program, told in observed.seen.items() if program in names}
    assert found == {}
    assert {names[program]: one["exitcode"] for program, one in ended.items() if one["exitcode"]} == {}
    assert {names[program]: one["not_seen"] for program, one in ended.items() if one["not_seen"]} == {}


def _all_ran(observed: Observed, waiting: list[str], names: dict[str, str], ended: dict[str, dict[str, Any]]) -> bool:
    """Start the next ones; ``names`` are of all that were started, by id, ``ended`` the records of those that ended."""
    programs = {one["id"]: one for one in observed.get("/api/v1/programs")["programs"]}
    ended.update({key: one for key, one in programs.items() if key in names and one["state"] == "ended"})
    while waiting and len(names) - len(ended) < SIDE_BY_SIDE:
        name = waiting.pop()
        names[observed.run(name, **PARAMS.get(name, {}))] = name
    observed.findings("")
    return len(names) == len(ended)


def test_the_deadlock_is_a_cycle_of_two_processes_and_two_locks(observed: Observed) -> None:
    """The sentence names both processes, and each lock with variable and line."""
    program = observed.run("synchronisation-deadlock")
    found = observed.wait_found(program, "deadlock")
    names = {one["id"]: one["name"] for one in observed.get(f"/api/v1/resources?program={program}")["resources"]}
    assert {names[one].partition(" ")[0] for one in found["resources"]} == {"fork", "knife"}
    cycle = next(cycle for cycle in observed.get("/api/v1/waits")["cycles"] if found["resources"][0] in cycle)
    assert set(cycle) == {*found["pids"], *found["resources"]}
    for word in ("plato", "kant", "fork (deadlock.py:", "knife (deadlock.py:", "holds", "waits for"):
        assert word in found["text"]


def test_breaking_an_abandoned_lock_lets_the_program_continue(observed: Observed) -> None:
    """One waiting process after the other gets the lock, and the program exits with code 0."""
    program = observed.run("synchronisation-abandoned-lock", seconds=STAYS_S)
    found = observed.wait_found(program, "abandoned-lock")
    assert len([pid for pid in found["pids"] if pid]) >= 3
    observed.instance.call(BreakLock(request=1, by="test", resource=found["resources"][0]))
    ended = observed.instance.wait_state(program, "exited", "joined")
    assert ended.exitcode == 0
