"""Real programs over HTTP: their resources, waits and findings, and breaking a lock."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import msgspec
import pytest

from app.records.program import Program
from app.records.waits import Finding, Waits
from app.web.present import programs as present_programs
from tests.waiting import wait_until
from tests.web.conftest import VIEWER
from tests.web.serving import Client, Launch, Running, Web

PROGRAMS = "/api/v1/programs"
RESOURCES = "/api/v1/resources"
WAITS = "/api/v1/waits"
# Longer than any test waits.
LONG_S = 600
WITHIN_S = 30
SLEEPER = [sys.executable, "-c", f"import time; time.sleep({LONG_S})"]


class Programs:
    """Runs programs over HTTP; kills and joins them at the end of the `with` block."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._launch = Launch(client)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._launch.__exit__(*exc)

    def __call__(self, workload: str | None = None, **body: Any) -> str:
        """Run a program and return its id."""
        answer = self.client.post(PROGRAMS, json={"workload": workload} | body if workload else body)
        assert answer.status_code == 201, answer.text
        record = answer.json()
        self._launch.ends(record["id"])
        assert record["program"] == record["id"]
        return str(record["id"])

    def finding(self, program: str, kind: str) -> Any:
        """Return the finding of this kind about the program, once there is one."""

        def matching() -> list[Any]:
            findings = self.client.get(WAITS).json()["findings"]
            return [one for one in findings if (one["program"], one["kind"]) == (program, kind)]

        [found] = wait_until(matching, WITHIN_S, f"{kind} of {program} is found; {self.client.get(WAITS).text}")
        msgspec.convert(found, Finding)
        return found

    def resources(self, program: str, reached: Callable[[list[Any]], Any] = bool, **query: str) -> list[Any]:
        """Return the program's resources once ``reached`` is true of them."""

        def found() -> list[Any] | None:
            records = self.client.get(RESOURCES, params={"program": program} | query).json()["resources"]
            return records if reached(records) else None

        records = wait_until(found, WITHIN_S, f"{program} has the expected resources")
        assert records
        return records

    def living_processes(self, program: str) -> dict[str, Any]:
        """Return the records of the program's living processes by name."""
        records = self.client.get("/api/v1/processes").json()["processes"]
        return {one["name"]: one for one in records if one["program"] == program and one["alive"]}


@pytest.fixture
def programs(operator: Client) -> Iterator[Programs]:
    with Programs(operator) as running:
        yield running


def test_the_catalogue_lists_programs_with_findings_and_parameters(operator: Client) -> None:
    found = operator.get(f"{PROGRAMS}/workloads").json()
    catalogue = {one.name: one for one in msgspec.convert(found, present_programs.CataloguePrograms).programs}
    assert catalogue["synchronisation-deadlock"].finds == ("deadlock",)
    assert {one["name"] for one in catalogue["synchronisation-deadlock"].parameters} == {"in_order", "seconds"}


def test_a_deadlock_has_its_processes_locks_and_cycle(operator: Client, programs: Programs) -> None:
    """The program is from the catalogue and run with parameters."""
    program = programs("synchronisation-deadlock", params={"seconds": LONG_S}, name="philosophers")
    found = programs.finding(program, "deadlock")
    people = programs.living_processes(program)
    plato, kant = people["plato"]["pid"], people["kant"]["pid"]
    assert {plato, kant} <= set(found["pids"])
    assert re.search(rf"plato \(pid {plato}\)(, at deadlock\.py:\d+ in move\(\),)? holds lock ", found["text"])
    assert re.search(rf"kant \(pid {kant}\)(, at deadlock\.py:\d+ in move\(\),)? holds lock ", found["text"])
    waits = msgspec.convert(operator.get(WAITS).json(), Waits)
    [cycle] = [one for one in waits.cycles if plato in one]
    assert (set(cycle[::2]), set(cycle[1::2])) == ({plato, kant}, set(found["resources"]))
    edges = {edge.pid: edge for edge in waits.edges}
    assert edges[plato].holders == (kant,)
    locks = {one["id"]: one for one in programs.resources(program, kind="lock")}
    held = [locks[key] for key in found["resources"]]
    assert {one["holder"] for one in held} == {plato, kant}
    assert all(one.keys() >= {"value", "held_s", "abandoned", "waiting", "users"} for one in held)
    assert all("flag" not in one and "sleepers" not in one for one in held)
    record = msgspec.convert(operator.get(f"{PROGRAMS}/{program}").json(), Program)
    assert (record.name, record.state, record.workload) == ("philosophers", "running", "synchronisation-deadlock")
    assert record.observed >= 3
    assert program in [one["id"] for one in operator.get(PROGRAMS).json()["programs"]]
    assert 'procession_findings{kind="deadlock"} 1' in operator.get("/metrics").text


def test_consequences_of_a_kill_name_the_held_lock_and_the_kill_ends_the_deadlock(
    operator: Client, programs: Programs
) -> None:
    """The consequences also count the processes that wait for the lock."""
    program = programs("synchronisation-deadlock", params={"seconds": LONG_S})
    programs.finding(program, "deadlock")
    plato = programs.living_processes(program)["plato"]
    consequences = operator.get(f"/api/v1/processes/{plato['id']}/consequences", params={"verb": "kill"}).json()["text"]
    assert "It holds lock " in consequences
    assert ", which would stay locked; 1 process waits for it." in consequences
    assert operator.post(f"/api/v1/processes/{plato['id']}/kill").status_code == 202
    abandoned = programs.finding(program, "abandoned-lock")
    assert "plato" in abandoned["text"]
    wait_until(lambda: not any(plato["pid"] in one for one in operator.get(WAITS).json()["cycles"]), WITHIN_S)


def test_breaking_an_abandoned_lock_lets_the_program_finish(operator: Client, programs: Programs) -> None:
    """The finding disappears."""
    program = programs("synchronisation-abandoned-lock", params={"waiters": 2, "seconds": LONG_S})
    found = programs.finding(program, "abandoned-lock")
    assert "held by holder (pid " in found["text"]
    assert found["text"].endswith("wait for it.")
    [lock] = found["resources"]
    assert operator.get(f"{RESOURCES}/{lock}").json()["abandoned"] is True
    answer = operator.post(f"{RESOURCES}/{lock}/break")
    assert answer.status_code == 200, answer.text
    broken = msgspec.convert(answer.json(), present_programs.LockBroken)
    assert "half written" in broken.text

    def exitcode() -> Any:
        return operator.get(f"/api/v1/processes/{program}").json()["exitcode"]

    wait_until(lambda: exitcode() is not None, WITHIN_S)
    assert exitcode() == 0
    wait_until(
        lambda: not [one for one in operator.get(WAITS).json()["findings"] if one["program"] == program], WITHIN_S
    )


def test_a_lock_whose_holder_is_alive_cannot_be_broken(operator: Client, programs: Programs) -> None:
    """The answer is 409 and says so; an unknown resource is 404."""
    program = programs("synchronisation-deadlock", params={"seconds": LONG_S})
    lock = programs.finding(program, "deadlock")["resources"][0]
    refused = operator.post(f"{RESOURCES}/{lock}/break")
    assert refused.status_code == 409
    assert "alive" in refused.json()["detail"]
    assert operator.post(f"{RESOURCES}/no-such/break").status_code == 404


def test_join_before_drain_names_the_process_and_its_queue(programs: Programs) -> None:
    """The queue must be drained before the process can be joined."""
    program = programs("queue-join-before-drain")
    found = programs.finding(program, "join-before-drain")
    child = next(one for one in programs.living_processes(program).values() if one["id"] != program)
    assert found["pids"][0] == child["pid"]
    [queue] = programs.resources(program, kind="queue")
    assert found["resources"] == [queue["id"]]
    assert queue.keys() >= {"size", "maxsize", "buffered", "pipe_bytes", "put_per_s", "get_per_s", "waiting"}
    assert queue["buffered"][str(child["pid"])] > 0


def test_a_queue_has_a_history(operator: Client, programs: Programs) -> None:
    """A value of `points` below 1 is 422, an unknown resource 404."""
    program = programs("queue-join-before-drain")
    [queue] = programs.resources(program, kind="queue")
    url = f"{RESOURCES}/{queue['id']}/history"

    def sizes() -> list[Any]:
        return [size for size in operator.get(url).json()["series"][queue["id"]]["size"] if size]

    assert wait_until(sizes, WITHIN_S)[-1] == 20
    assert operator.get(url, params={"points": 0}).status_code == 422
    assert operator.get(f"{RESOURCES}/r999999/history").status_code == 404


def test_a_command_is_run_if_targets_are_allowed(operator: Client, programs: Programs, tmp_path: Path) -> None:
    """It has its own directory and environment; what it prints is its log."""
    code = "import os; print(os.getcwd(), os.environ['WORD'])"
    program = programs(command=[sys.executable, "-c", code], cwd=str(tmp_path), env={"WORD": "said"}, name="mine")
    log = wait_until(lambda: operator.get(f"/api/v1/processes/{program}/log").json()["text"], WITHIN_S)
    assert log.split() == [str(tmp_path), "said"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "workload"),
        ({"workload": ""}, "workload"),
        ({"workload": "no-such-program"}, "workload"),
        ({"workload": "synchronisation-deadlock", "params": {"seconds": -1}}, "seconds"),
        ({"workload": "synchronisation-deadlock", "env": {"LD_PRELOAD": "x"}}, "env"),
        ({"command": []}, "command"),
        ({"command": ["x\0y"]}, "command"),
        ({"command": ["x"], "env": {"A=B": "c"}}, "env"),
        ({"command": ["x"], "params": {"a": 1}}, "params"),
        ({"command": ["x"], "cwd": ""}, "cwd"),
        ({"command": "ls"}, "command"),
        ({"command": ["x"], "nonsense": 1}, "nonsense"),
    ],
)
def test_an_invalid_field_is_named(operator: Client, body: dict[str, Any], field: str) -> None:
    refused = operator.post(PROGRAMS, json=body)
    assert refused.status_code == 422, refused.text
    assert field in refused.json()["field"]


def test_a_viewer_can_read_programs_but_not_change_them(web: Web) -> None:
    viewer = web.client(VIEWER)
    for path in (PROGRAMS, RESOURCES, WAITS, f"{PROGRAMS}/workloads"):
        assert viewer.get(path).status_code == 200
    assert viewer.post(PROGRAMS, json={"workload": "synchronisation-deadlock"}).status_code == 403
    assert viewer.post(f"{RESOURCES}/r1/break").status_code == 403


def test_unknown_program_resource_and_kind_are_refused(operator: Client) -> None:
    assert operator.get(f"{PROGRAMS}/p999999").status_code == 404
    assert operator.get(f"{RESOURCES}/r999999").status_code == 404
    assert operator.get(RESOURCES, params={"program": "p999999"}).json() == {"resources": []}
    refused = operator.get(RESOURCES, params={"kind": "spoon"})
    assert (refused.status_code, refused.json()["field"]) == (422, "kind")


def test_a_command_is_refused_unless_targets_are_allowed(tmp_path: Path) -> None:
    """A command can do as much as a shell; catalogue programs are still run."""
    home = tmp_path / "home"
    home.mkdir()
    with Running("app.supervisor", home), Web(home) as strict, Programs(strict.client()) as programs:
        ready = strict.client("")
        wait_until(lambda: ready.get("/readyz").ok, 20, "the supervisor's stream arrives")
        refused = programs.client.post(PROGRAMS, json={"command": SLEEPER})
        assert refused.status_code == 403
        assert "PROCESSION_ALLOW_TARGETS" in refused.json()["detail"]
        program = programs("synchronisation-deadlock", params={"seconds": LONG_S})
        wait_until(lambda: len(programs.living_processes(program)) >= 3, WITHIN_S)
