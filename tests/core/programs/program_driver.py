"""A fleet with programs whose processes send words; see `fleet_driver`."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec

from app.core.fleet import events as e
from app.protocol import control as m
from app.protocol import observer as w
from app.protocol import programs as pm
from app.records.process import Process, Sample, State
from app.records.program import Program, ProgramSpec
from tests.core.fleet_driver import Driver, make_plan

RUNNER = 500
DEAD = frozenset({State.EXITED, State.JOINED, State.CLOSED, State.FATAL, State.LOST})


class Programs(Driver):
    """A driver that pretends how programs behave."""

    def __init__(self) -> None:
        super().__init__()
        self._pids = itertools.count(3000)
        self._requests = itertools.count(7000)

    def run(self) -> str:
        """Launch a program and have its first process say hello; its id."""
        plan = make_plan(workload=None, name="x.py", target="python x.py")
        spec = ProgramSpec(command=("python", "x.py"), cwd="/")
        self.happens(
            e.Launched(1, next(self._requests), "operator", e.Plan(process=plan.process, job={}, program=spec))
        )
        program = str(self.result()["program"]["id"])
        self.boots(program)
        self.hello(self.pid(program), program, ppid=1)
        return program

    def register(self) -> str:
        """`procession run` registers a program; its id."""
        plan = make_plan(workload=None, name="x.py", target="python x.py", observed=True, auto_join=False)
        attached = e.Plan(process=plan.process, job={}, program=ProgramSpec(command=("python", "x.py"), cwd="/"))
        self.happens(e.Registered(1, next(self._requests), "cli", attached, RUNNER, {"PROCESSION_OBSERVE": "/s"}))
        return str(self.result()["program"]["id"])

    def runner_says(self, word: type[Any], **fields: Any) -> m.Message:
        """`procession run` tells how it stands; its answer."""
        self.happens(e.Commanded(1, word(request=next(self._requests), **fields)))
        return self.answers[-1][1]

    def result(self) -> Any:
        """The newest answer."""
        answer = self.answers[-1][1]
        assert isinstance(answer, m.Reply), answer
        return msgspec.json.decode(answer.result)

    def says(self, pid: int, word: w.AnyWord) -> None:
        """The process says a word."""
        self.happens(e.Heard((pid, 7), word))

    def hello(self, pid: int, program: str, *, ppid: int, method: str | None = None, **more: Any) -> None:
        """It says that it is there."""
        fields: dict[str, Any] = {"python": "3.12.1", "executable": "/python", "argv": ["x.py"], **more}
        self.says(pid, w.Hello(program=program, ppid=ppid, start_method=method, **fields))

    def starts(self, parent: int, child: int, name: str = "Process-1", method: str = "fork", **more: Any) -> None:
        """Its parent says that it started it."""
        self.says(parent, w.Started(child=child, name=name, daemon=False, start_method=method, **more))

    def child(self, program: str, parent: int, name: str = "Process-1", method: str = "fork") -> int:
        """A child that was started, said hello and runs its target; its pid."""
        pid = next(self._pids)
        self.starts(parent, pid, name, method)
        self.hello(pid, program, ppid=parent, method=method)
        self.says(pid, w.Booted(name=name, parent=parent, daemon=False))
        return pid

    def dies(self, pid: int, exitcode: int | None = 0) -> None:
        """The pidfd fires."""
        self.ends(self.of(pid).id, exitcode)

    def of(self, pid: int) -> Process:
        """The record of who has this pid, or had it last."""
        return self.fleet.members[self.fleet.programs.by_pid[pid]].process

    def pid(self, process_id: str) -> int:
        """The pid of a process."""
        pid = self.record(process_id).pid
        assert pid
        return pid

    def program(self, program: str) -> Program:
        """The record of a program, after a turn."""
        self.passes(0.0)
        return self.fleet.programs.entries[program].program

    def sweep(self, *pids: int) -> None:
        """One sweep that saw these."""
        one = Sample(ppid=1, os_state="S", cpu_percent=1.0, rss_bytes=1, threads=1, fds=3)
        self.happens(e.Sampled({self.of(pid).id: one for pid in pids}, ()))

    def check(self) -> None:
        """The invariants of the fleet, and that the book knows who lives."""
        super().check()
        for held in self.fleet.programs.entries.values():
            mine = [one.process for one in self.fleet.members.values() if one.process.program == held.program.id]
            assert {one.id for one in mine if one.state not in DEAD} == held.living
            assert held.program.id in self.fleet.members
        assert self.fleet.programs.reported.keys() <= self.fleet.members.keys()
        assert set(self.fleet.programs.by_pid.values()) <= self.fleet.members.keys()


__all__ = ["RUNNER", "Programs", "pm", "w"]
