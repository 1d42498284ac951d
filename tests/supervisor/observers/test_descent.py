"""A message cannot make a process part of a program: real descent, by the kernel's word, can."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import msgspec
import pytest

from app.protocol import observer as w
from app.protocol.programs import ProgramStarted, RegisterProgram, RunProgram
from app.records.errors import InvalidField, NotPossible
from app.records.program import ProgramSpec
from tests.supervisor.supervised import Supervised, in_terminal
from tests.waiting import wait_until

SLEEPS = (sys.executable, "-c", "import multiprocessing, time; multiprocessing.Lock(); time.sleep(600)")


@pytest.fixture
def program(supervisor: Supervised) -> Iterator[str]:
    """A program that runs; its id."""
    told = supervisor.ask(RunProgram, spec=ProgramSpec(command=SLEEPS))
    program_id = str(told["program"]["id"])
    supervisor.wait_state(program_id, "running")
    wait_until(
        lambda: not_seen(supervisor, program_id) == 0 and observed(supervisor, program_id), message="it is observed"
    )
    yield program_id
    with suppress(NotPossible):
        supervisor.act(program_id, "kill")


def observed(supervisor: Supervised, program_id: str) -> int:
    return next(one.observed for one in supervisor.snapshot().snapshot.programs if one.id == program_id)


def not_seen(supervisor: Supervised, program_id: str) -> int:
    return next(one.not_seen for one in supervisor.snapshot().snapshot.programs if one.id == program_id)


def pids(supervisor: Supervised, program_id: str) -> set[int | None]:
    return {one.pid for one in supervisor.snapshot().snapshot.processes if one.program == program_id}


def say(supervisor: Supervised, *words: w.Word) -> None:
    """Say words to the supervisor as this process, which belongs to no program."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)) as peer:
        peer.connect(str(supervisor.home / "observer.sock"))
        for word in words:
            peer.send(msgspec.json.encode(word))


def test_a_stranger_that_says_hello_is_not_part_of_the_program(supervisor: Supervised, program: str) -> None:
    """Neither is one that it calls its child, and the kill of the program spares both."""
    with subprocess.Popen(SLEEPS) as bystander:
        hello = w.Hello(program=program, ppid=1)
        child = w.Started(child=bystander.pid, name="b", daemon=False, start_method="fork")
        parent = w.Started(child=os.getpid(), name="a", daemon=False, start_method="fork")
        say(supervisor, hello, parent, child, hello)
        say(supervisor, hello, child)
        mark = supervisor.launch("sleep", params={"seconds": 600})
        supervisor.wait_state(mark, "running")
        assert pids(supervisor, program).isdisjoint({os.getpid(), bystander.pid})
        supervisor.act(program, "kill")
        supervisor.wait_state(program, "joined")
        assert bystander.poll() is None
        supervisor.act(mark, "kill")
        bystander.kill()


def test_two_false_words_of_the_program_itself_enrol_nobody(supervisor: Supervised, tmp_path: Path) -> None:
    """The first would make its parent a member, the second what that parent has started."""
    with subprocess.Popen(SLEEPS) as bystander:
        code = f"""
from _procession_observer.line import LINE
import time
for child in ({os.getpid()}, {bystander.pid}):
    LINE.say("started", child=child, name="stranger", daemon=False, start_method="fork")
time.sleep(600)
"""
        (tmp_path / "liar.py").write_text(code)
        spec = ProgramSpec(command=(sys.executable, "liar.py"), cwd=str(tmp_path))
        program = supervisor.ask(RunProgram, spec=spec)["program"]["id"]
        wait_until(lambda: not_seen(supervisor, program) == 2, message="both words are counted")
        assert len(pids(supervisor, program)) == 1
        supervisor.act(program, "kill")
        supervisor.wait_state(program, "joined")
        assert bystander.poll() is None
        bystander.kill()


def test_a_real_child_that_lost_its_parents_belongs_to_the_program(supervisor: Supervised, tmp_path: Path) -> None:
    """A daemon that forked twice still says hello, and is proved by the environment that it was executed with."""
    code = """
import multiprocessing, os, sys, time
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(600,), name="grandchild")
child.start()
child.join()
"""
    (tmp_path / "daemon.py").write_text(code)
    with in_terminal(supervisor, tmp_path, sys.executable, "daemon.py") as (program, _):
        wait_until(lambda: "grandchild" in names(supervisor, program), message="the child of the daemon is observed")
        assert not_seen(supervisor, program) == 0
        for one in supervisor.snapshot().snapshot.processes:
            if one.program == program and one.alive:
                with suppress(NotPossible):  # the end of one may be that of the other
                    supervisor.act(one.id, "kill")
        wait_until(lambda: not alive(supervisor, program), message="all have ended")


def names(supervisor: Supervised, program: str) -> set[str]:
    return {one.name for one in supervisor.snapshot().snapshot.processes if one.program == program}


def alive(supervisor: Supervised, program: str) -> bool:
    return any(one.alive for one in supervisor.snapshot().snapshot.processes if one.program == program)


def test_procession_run_can_name_only_its_own_child(supervisor: Supervised, tmp_path: Path) -> None:
    """Any other pid is refused, and the program still waits for its command."""
    with subprocess.Popen(["sh", "-c", "sleep 600 & echo $!; wait"], stdout=subprocess.PIPE, text=True) as shell:
        assert shell.stdout
        told = supervisor.ask(RegisterProgram, command=("true",), cwd=str(tmp_path), pid=os.getpid())
        program = told["program"]["id"]
        with pytest.raises(NotPossible, match="was not started by the `procession run`"):
            supervisor.ask(ProgramStarted, program=program, pid=1)
        assert supervisor.record(program).pid is None
        supervisor.ask(ProgramStarted, program=program, pid=shell.pid)
        assert supervisor.record(program).pid == shell.pid
        os.kill(int(shell.stdout.readline()), 9)
    with pytest.raises(InvalidField, match="pid: must be that of the sender"):
        supervisor.ask(RegisterProgram, command=("true",), cwd="/", pid=1)
