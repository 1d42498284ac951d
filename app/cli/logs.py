"""`procession logs`: show the output of a process, and follow it."""

import codecs
import errno
import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from app.linux import own_files
from app.protocol.control import DeltaMessage, SnapshotMessage
from app.records.process import State

from . import tables
from .arguments import Add
from .session import Session

POLL_S = 0.2
CHUNK_BYTES = 256 * 1024
BLOCK_BYTES = 4096
# In these states a process writes nothing, unless it is started again.
ENDED = frozenset({State.EXITED, State.JOINED, State.CLOSED, State.FATAL, State.LOST})


def add_commands(add: Add) -> None:
    command = add("logs", "show the output of a process (standard output and error)", logs)
    command.add_argument("-f", "--follow", action="store_true", help="keep printing until the process has ended")
    command.add_argument("--raw", action="store_true", help="print control characters too, such as colors")


def logs(session: Session, args: Namespace) -> None:
    """Print the log, as far as it was kept; with ``-f`` until the process has ended."""
    process = session.find(args.id)
    log = Log(session.settings.log_path(process.id), as_json=args.json, raw=args.raw)
    log.write_new()
    if args.follow:
        for ended in _poll_ended(session, process.id):
            # Read after the end was reported: the last output is in the file by now.
            log.write_new()
            if ended:
                return


def _poll_ended(session: Session, process_id: str) -> Iterator[bool]:
    """Yield several times a second whether the process has ended."""
    ended = False
    for answer in session.stream(POLL_S):
        match answer:
            case SnapshotMessage(snapshot=snapshot):
                states = [process.state for process in snapshot.processes if process.id == process_id]
                ended = not states or states[0] in ENDED
            case DeltaMessage(delta=delta):
                for patch in delta.changed.processes:
                    if patch["id"] == process_id and "state" in patch:
                        ended = patch["state"] in ENDED
                ended = ended or process_id in delta.removed
        yield ended


class Log:
    """Prints what is appended to a log file: text, the bytes themselves, or JSON lines ``{offset, next, text}``."""

    def __init__(self, path: Path, *, as_json: bool, raw: bool) -> None:
        self._path = path
        self._as_json, self._raw = as_json, raw
        self._offset = 0

    def write_new(self) -> None:
        """Print everything after what the last call has printed."""
        try:
            fd = own_files.opened(self._path)
        except FileNotFoundError:
            return  # Nothing has been written yet
        try:
            self._skip_hole(fd)
            while part := _whole_characters(os.pread(fd, CHUNK_BYTES, self._offset)):
                self._write(part)
                self._offset += len(part)
        finally:
            os.close(fd)

    def _write(self, part: bytes) -> None:
        text = part.decode(errors="replace")
        if self._as_json:
            tables.write_json_line({"offset": self._offset, "next": self._offset + len(part), "text": text})
        elif self._raw:
            sys.stdout.buffer.write(part)
            sys.stdout.flush()
        else:
            tables.write_log(text)

    def _skip_hole(self, fd: int) -> None:
        try:
            data = os.lseek(fd, self._offset, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            data = max(self._offset, os.fstat(fd).st_size)  # No data after the offset
        if data > self._offset:
            # The hole may end inside a block, whose first bytes are zeros.
            head = os.pread(fd, BLOCK_BYTES, data)
            self._offset = data + len(head) - len(head.lstrip(b"\0"))


def _whole_characters(part: bytes) -> bytes:
    """Return the part without an incomplete character at its end, unless there is nothing else."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    decoder.decode(part)
    unfinished, _ = decoder.getstate()
    return part[: len(part) - len(unfinished)] or part
