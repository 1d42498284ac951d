"""Programs over HTTP, real ones: what they hold, who waits for whom, what is wrong, and how a lock is broken."""

from __future__ import annotations

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
# Long enough that nobody takes its end for what was waited for.
LONG_S = 600
WITHIN_S = 30
SLEEPER = [sys.executable, "-c", f"import time; time.sleep({LONG_S})"]


class Programs:
    """Runs programs over HTTP; all of them are killed and waited for at the end of the `with` block."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._launch = Launch(client)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._launch.__exit__(*exc)

    def __call__(self, workload: str | None = None, **body: Any) -> str:
        """Run one; its id."""
        answer = self.client.post(PROGRAMS, json={"workload": workload} | body if workload else body)
        assert answer.status_code == 201, answer.text
        record = answer.json()
        self._launch.ends(record["id"])
        assert record["program"] == record["id"]
        return str(record["id"])

    def finding(self, program: str, kind: str) -> Any:
        """The finding of this kind about it, once it is told."""

        def told() -> list[Any]:
            findings = self.client.get(WAITS).json()["findings"]
            return [one for one in findings if (one["program"], one["kind"]) == (program, kind)]

        [found] = wait_until(told, WITHIN_S, f"{kind} of {program} is told; {self.client.get(WAITS).text}")
        msgspec.convert(found, Finding)
        return found

    def resources(self, program: str, reached: Callable[[list[Any]], Any] = bool, **query: str) -> list[Any]:
        """What it holds, once it is so."""

        def found() -> list[Any] | None:
            records = self.client.get(RESOURCES, params={"program": program} | query).json()["resources"]
            return records if reached(records) else None

        records = wait_until(found, WITHIN_S, f"{program} holds what was expected")
        assert records
        return records

    def pids(self, program: str) -> dict[str, Any]:
        """Its living processes by name."""
        records = self.client.get("/api/v1/processes").json()["processes"]
        return {one["name"]: one for one in records if one["program"] == program and one["alive"]}


@pytest.fixture
def programs(operator: Client) -> Iterator[Programs]:
    with Programs(operator) as running:
        yield running


def test_the_catalogue_has_programs(operator: Client) -> None:
    found = operator.get(f"{PROGRAMS}/workloads").json()
    catalogue = {one.name: one for one in msgspec.convert(found, present_programs.CataloguePrograms).programs}
    assert catalogue["synchronisation-deadlock"].finds == ("deadlock",)
    assert {one["name"] for one in catalogue["synchronisation-deadlock"].parameters} == {"in_order", "seconds"}


def test_a_deadlock_is_told_with_its_cycle(operator: Client, programs: Programs) -> None:
    """By a program of the catalogue, run with parameters: processes, locks, edges, cycle, sentence."""
    program = programs("synchronisation-deadlock", params={"seconds": LONG_S}, name="philosophers")
    found = programs.finding(program, "deadlock")
    people = programs.pids(program)
    plato, kant = people["plato"]["pid"], people["kant"]["pid"]
    assert {plato, kant} <= set(found["pids"])
    assert f"plato (pid {plato}) holds lock " in found["text"]
    assert f"kant (pid {kant}) holds lock " in found["text"]
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


def test_a_kill_has_its_price_and_ends_the_deadlock(operator: Client, programs: Programs) -> None:
    """What it would cost is told before: the lock that it holds, and who waits for it."""
    program = programs("synchronisation-deadlock", params={"seconds": LONG_S})
    programs.finding(program, "deadlock")
    plato = programs.pids(program)["plato"]
    price = operator.get(f"/api/v1/processes/{plato['id']}/consequences", params={"verb": "kill"}).json()["text"]
    assert "It holds lock " in price
    assert ", which would stay locked; 1 process waits for it." in price
    assert operator.post(f"/api/v1/processes/{plato['id']}/kill").status_code == 202
    abandoned = programs.finding(program, "abandoned-lock")
    assert "plato" in abandoned["text"]
    wait_until(lambda: not any(plato["pid"] in one for one in operator.get(WAITS).json()["cycles"]), WITHIN_S)


def test_a_lock_is_broken_in_the_place_of_the_dead(operator: Client, programs: Programs) -> None:
    """Then those that waited go on, and the finding is gone."""
    program = programs("synchronisation-abandoned-lock", params={"waiters": 2, "seconds": LONG_S})
    found = programs.finding(program, "abandoned-lock")
    assert "held by holder (pid " in found["text"]
    assert "2 processes wait for it" in found["text"]
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


def test_a_lock_whose_holder_lives_cannot_be_broken(operator: Client, programs: Programs) -> None:
    """409 that says who holds it; 404 for what is not there; 403 for a viewer."""
    program = programs("synchronisation-deadlock", params={"seconds": LONG_S})
    lock = programs.finding(program, "deadlock")["resources"][0]
    refused = operator.post(f"{RESOURCES}/{lock}/break")
    assert refused.status_code == 409
    assert "alive" in refused.json()["detail"]
    assert operator.post(f"{RESOURCES}/no-such/break").status_code == 404


def test_join_before_drain_is_told_over_http(programs: Programs) -> None:
    """With the pid whose queue must be drained first."""
    program = programs("queue-join-before-drain")
    found = programs.finding(program, "join-before-drain")
    child = next(one for one in programs.pids(program).values() if one["id"] != program)
    assert found["pids"][0] == child["pid"]
    [queue] = programs.resources(program, kind="queue")
    assert found["resources"] == [queue["id"]]
    assert queue.keys() >= {"size", "maxsize", "buffered", "pipe_bytes", "put_per_s", "get_per_s", "waiting"}
    assert queue["buffered"][str(child["pid"])] > 0


def test_a_queue_is_charted(operator: Client, programs: Programs) -> None:
    """One column a second; a lock has no line."""
    program = programs("queue-join-before-drain")
    [queue] = programs.resources(program, kind="queue")
    url = f"{RESOURCES}/{queue['id']}/history"

    def sizes() -> list[Any]:
        return [size for size in operator.get(url).json()["series"][queue["id"]]["size"] if size]

    assert wait_until(sizes, WITHIN_S)[-1] == 20
    assert operator.get(url, params={"points": 0}).status_code == 422
    assert operator.get(f"{RESOURCES}/r999999/history").status_code == 404


def test_a_command_is_run_where_targets_are_allowed(operator: Client, programs: Programs, tmp_path: Path) -> None:
    """In its folder and with its environment; what it prints is its log."""
    code = "import os; print(os.getcwd(), os.environ['WORD'])"
    program = programs(command=[sys.executable, "-c", code], cwd=str(tmp_path), env={"WORD": "said"}, name="mine")
    log = wait_until(lambda: operator.get(f"/api/v1/processes/{program}/log").json()["text"], WITHIN_S)
    assert log.split() == [str(tmp_path), "said"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "workload"),
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
def test_a_wrong_field_is_named(operator: Client, body: dict[str, Any], field: str) -> None:
    refused = operator.post(PROGRAMS, json=body)
    assert refused.status_code == 422, refused.text
    assert field in refused.json()["field"]


def test_a_viewer_may_look_and_change_nothing(web: Web) -> None:
    viewer = web.client(VIEWER)
    for path in (PROGRAMS, RESOURCES, WAITS, f"{PROGRAMS}/workloads"):
        assert viewer.get(path).status_code == 200
    assert viewer.post(PROGRAMS, json={"workload": "synchronisation-deadlock"}).status_code == 403
    assert viewer.post(f"{RESOURCES}/r1/break").status_code == 403


def test_what_is_not_there(operator: Client) -> None:
    assert operator.get(f"{PROGRAMS}/p999999").status_code == 404
    assert operator.get(f"{RESOURCES}/r999999").status_code == 404
    assert operator.get(RESOURCES, params={"program": "p999999"}).json() == {"resources": []}
    refused = operator.get(RESOURCES, params={"kind": "spoon"})
    assert (refused.status_code, refused.json()["field"]) == (422, "kind")


def test_without_leave_only_programs_of_the_catalogue_are_run(tmp_path: Path) -> None:
    """A command is worth as much as a shell."""
    home = tmp_path / "home"
    home.mkdir()
    with Running("app.supervisor", home), Web(home) as strict, Programs(strict.client()) as programs:
        ready = strict.client("")
        wait_until(lambda: ready.get("/readyz").ok, 20, "the supervisor's stream arrives")
        refused = programs.client.post(PROGRAMS, json={"command": SLEEPER})
        assert refused.status_code == 403
        assert "PROCESSION_ALLOW_TARGETS" in refused.json()["detail"]
        program = programs("synchronisation-deadlock", params={"seconds": LONG_S})
        wait_until(lambda: len(programs.pids(program)) >= 3, WITHIN_S)
