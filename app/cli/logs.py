"""`procession logs`: what a process wrote, also as it goes on."""

from __future__ import annotations

import codecs
import errno
import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from app.protocol.control import DeltaMessage, SnapshotMessage
from app.records.process import State

from . import tables as output
from .arguments import Add
from .session import Session

TURN_S = 0.2
CHUNK = 256 * 1024
BLOCK = 4096
# In these a process writes nothing more, unless somebody starts it again.
OVER = frozenset({State.EXITED, State.JOINED, State.CLOSED, State.FATAL, State.LOST})


def add_commands(add: Add) -> None:
    """Add `procession logs`."""
    command = add("logs", "what it wrote to its standard output and error", logs)
    command.add_argument("-f", "--follow", action="store_true", help="go on until it has ended")


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
