"""The two commands that may go on for ever: `procession logs` and `procession events`, with ``-f``."""

from __future__ import annotations

import codecs
import errno
import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import msgspec

from . import output
from .session import BY, Session
from .supervisor.errors import NoSuchProcess
from .supervisor.messages import AnyAnswer, DeltaMessage, Events, SnapshotMessage
from .supervisor.model import Event, State

TURN_S = 0.2
CHUNK = 256 * 1024
BLOCK = 4096
# In these a process writes nothing more, unless somebody starts it again.
OVER = frozenset({State.EXITED, State.JOINED, State.CLOSED, State.FATAL, State.LOST})


def logs(session: Session, args: Namespace) -> None:
    """The log as it lies on the disk, its dropped head left out; with ``-f`` until the process is over."""
    process = session.find(args.id)
    log = Log(session.settings.log_path(process.id), as_json=args.json)
    log.write_new()
    if args.follow:
        for over in _over(session, process.id):
            # Looked at after the news of its end: what it wrote last is there by now.
            log.write_new()
            if over:
                return


def events(session: Session, args: Namespace) -> None:
    """The newest lines of the journal, oldest first; with ``-f`` every new one as it comes."""
    process = _id_of(session, args.process) if args.process else None
    if not args.follow:
        output.write_events(_journal(session, process, args.limit), as_json=args.json)
        return
    # Subscribed before the journal is read, so that nothing falls in between.
    stream = session.stream()
    next(stream)
    seen = 0
    for fresh in _fresh_events(session, stream, process, args.limit):
        new = [event for event in fresh if event.seq > seen]
        for event in new:
            output.write_json_line(event) if args.json else output.write_event(event)
        seen = max([seen, *(event.seq for event in new)])


def _id_of(session: Session, wanted: str) -> str:
    try:
        return session.find(wanted).id
    except NoSuchProcess:
        return wanted  # The journal remembers more than there is


def _fresh_events(
    session: Session, stream: Iterator[AnyAnswer | None], process: str | None, limit: int
) -> Iterator[list[Event]]:
    yield _journal(session, process, limit)
    for answer in stream:
        match answer:
            case DeltaMessage(delta=delta):
                yield [event for event in delta.events if process in (None, event.process)]
            case SnapshotMessage():  # We were too slow, and deltas were left out
                yield _journal(session, process, limit)


def _journal(session: Session, process: str | None, limit: int) -> list[Event]:
    answer = session.ask(lambda request: Events(request=request, by=BY, latest=True, limit=limit, process=process))
    return msgspec.convert(answer["events"], list[Event])


def _over(session: Session, process_id: str) -> Iterator[bool]:
    """Whether the process is over, again and again, some times a second."""
    over = False
    for answer in session.stream(TURN_S):
        match answer:
            case SnapshotMessage(snapshot=snapshot):
                states = [process.state for process in snapshot.processes if process.id == process_id]
                over = not states or states[0] in OVER
            case DeltaMessage(delta=delta):
                for patch in delta.changed.processes:
                    if patch["id"] == process_id and "state" in patch:
                        over = patch["state"] in OVER
                over = over or process_id in delta.removed
        yield over


class Log:
    """Writes what is new in one log file: bytes as they are, or JSON lines ``{offset, next, text}``."""

    def __init__(self, path: Path, *, as_json: bool) -> None:
        self._path = path
        self._as_json = as_json
        self._offset = 0

    def write_new(self) -> None:
        """Everything from where the last call ended."""
        try:
            fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return  # Nothing was written yet
        try:
            self._skip_hole(fd)
            while part := _whole_characters(os.pread(fd, CHUNK, self._offset)):
                self._write(part)
                self._offset += len(part)
        finally:
            os.close(fd)

    def _write(self, part: bytes) -> None:
        if self._as_json:
            text = part.decode(errors="replace")
            output.write_json_line({"offset": self._offset, "next": self._offset + len(part), "text": text})
        else:
            sys.stdout.buffer.write(part)
            sys.stdout.flush()

    def _skip_hole(self, fd: int) -> None:
        try:
            data = os.lseek(fd, self._offset, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            data = max(self._offset, os.fstat(fd).st_size)  # No data from here on
        if data > self._offset:
            # The cap ends its hole within a block, whose first bytes stay as zeros.
            head = os.pread(fd, BLOCK, data)
            self._offset = data + len(head) - len(head.lstrip(b"\0"))


def _whole_characters(part: bytes) -> bytes:
    """Without the beginning of a character at its end, unless there is nothing else."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    decoder.decode(part)
    unfinished, _ = decoder.getstate()
    return part[: len(part) - len(unfinished)] or part
