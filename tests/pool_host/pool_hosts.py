"""Starts pool hosts as the supervisor does, and exchanges messages with them."""

import json
import socket
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import msgspec

import workers
from app.protocol.pool_host import HostDetail, HostNote, HostRefused, HostReply, HostState, decode_word
from app.records.pool import Job as JobRecord
from app.records.pool import JobDetail, Pool, PoolWorker
from tests.child.bare_supervisor import BareSupervisor, Started
from tests.waiting import SLOWEST_POLL_S, wait_until

ROOT = str(Path(workers.__file__).parents[1])
LONG_S = 30


class PoolHost:
    """A host, and all that it has said so far."""

    def __init__(self, supervisor: BareSupervisor, **spec: Any) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self.started: Started = supervisor.start(
                "forkserver", "procession.pool_host:serve", root=ROOT, path=None, kwargs=spec, pool_socket=theirs
            )
        self.connection: Connection = Connection(ours.detach())
        self.fields: dict[str, Any] = {}
        self.states: list[dict[str, Any]] = []
        self.notes: list[HostNote] = []
        self.last_details: dict[int, JobDetail] = {}
        self.answers: dict[int, HostReply | HostRefused] = {}
        self.has_hung_up = False
        self._asked = 0

    # Asking

    def send(self, kind: str, **fields: Any) -> int:
        """Ask without waiting; the number of the ask."""
        self._asked += 1
        ask = {"kind": "ask", "number": self._asked, "ask": {"type": kind, **fields}}
        self.connection.send_bytes(json.dumps(ask).encode())
        return self._asked

    def answer(self, number: int) -> HostReply | HostRefused:
        """The answer to the ask of this number."""
        self.wait_until(lambda: number in self.answers, f"an answer to ask {number}")
        return self.answers[number]

    def ask(self, kind: str, **fields: Any) -> Any:
        """What it answers."""
        answer = self.answer(self.send(kind, **fields))
        assert isinstance(answer, HostReply), answer
        return answer.result

    def refusal(self, kind: str, **fields: Any) -> HostRefused:
        """How it refuses."""
        answer = self.answer(self.send(kind, **fields))
        assert isinstance(answer, HostRefused), answer
        return answer

    def submit(self, method: str, function: str, **spec: Any) -> int:
        """The number of the job."""
        job = msgspec.convert(
            self.ask("Submit", spec={"method": method, "function": function, **spec}, by="operator"), JobRecord
        )
        return job.id

    def detail(self, number: int) -> JobDetail:
        """Everything about a job."""
        return msgspec.convert(self.ask("ReadJob", job=number), JobDetail)

    # Looking

    def listen(self) -> None:
        """Take what it has said."""
        while not self.has_hung_up and self.connection.poll():
            try:
                frame = self.connection.recv_bytes()
            except (EOFError, OSError):
                self.has_hung_up = True
                return
            self._take(decode_word(frame))

    def _take(self, word: Any) -> None:
        match word:
            case HostReply(number=number) | HostRefused(number=number):
                assert number not in self.answers
                self.answers[number] = word
            case HostState(pool=fields):
                changed = msgspec.to_builtins(fields)
                self.states.append(changed)
                self.fields |= changed
            case HostDetail(detail=detail):
                self.last_details[detail.job.id] = detail
            case HostNote():
                self.notes.append(word)

    def wait_until(
        self,
        predicate: Callable[[], Any],
        message: str,
        deadline_s: float = LONG_S,
        slowest_poll_s: float = SLOWEST_POLL_S,
    ) -> Any:
        """Listen until it is so."""

        def is_so() -> Any:
            self.listen()
            return predicate()

        try:
            return wait_until(is_so, deadline_s, message, slowest_poll_s)
        except AssertionError as error:
            error.add_note(f"hung up: {self.has_hung_up}; log: {self.started.log_text()}; notes: {self.notes}")
            raise

    @property
    def pool(self) -> Pool:
        """The record that the supervisor would have."""
        return msgspec.convert({"id": "p1", "name": "pool", **self.fields}, Pool)

    def worker(self, is_it: Callable[[PoolWorker], bool]) -> PoolWorker:
        """The first worker for which `is_it` is true, once there is one."""
        found = self.wait_until(lambda: [one for one in self.pool.workers if is_it(one)], "such a worker")
        worker: PoolWorker = found[0]
        return worker

    def job(self, number: int) -> JobRecord | None:
        """A job as it was told last."""
        return next((job for job in self.pool.jobs if job.id == number), None)

    def ended(self, number: int) -> JobRecord:
        """The job, once it is over."""

        def is_over() -> JobRecord | None:
            job = self.job(number)
            return job if job and job.ended_at else None

        job: JobRecord = self.wait_until(is_over, f"job {number} over")
        return job

    def note(self, event: str, text: str) -> HostNote:
        """The first line of this kind with ``text`` in it."""
        found = self.wait_until(
            lambda: [note for note in self.notes if note.event == event and text in note.text],
            f"a line {event} with {text!r}",
        )
        note: HostNote = found[0]
        return note

    def close(self) -> None:
        """Hang up: that ends it."""
        self.connection.close()
        self.started.process.join(LONG_S)
