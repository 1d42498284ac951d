"""`procession events`: show the journal, and follow it."""

from argparse import Namespace
from collections.abc import Iterator

import msgspec

from app.protocol.control import AnyAnswer, DeltaMessage, Events, SnapshotMessage
from app.records.errors import NoSuchProcess
from app.records.event import Event

from . import tables
from .arguments import Add, count
from .session import Session


def add_commands(add: Add) -> None:
    command = add("events", "show the journal: what happened, and who caused it", events, of_one=False)
    command.add_argument("-f", "--follow", action="store_true", help="keep printing new events")
    command.add_argument("--process", metavar="ID", help="only events of this process")
    command.add_argument("--limit", type=count, default=200, metavar="N", help="start with the newest N events (200)")


def events(session: Session, args: Namespace) -> None:
    """Print the newest events, oldest first; with ``-f`` also every new one."""
    process = _id_of(session, args.process) if args.process else None
    if not args.follow:
        tables.write_events(_journal(session, process, args.limit), as_json=args.json)
        return
    # Subscribe before the journal is read, so that no event is missed in between.
    stream = session.stream()
    next(stream)
    seen = 0
    for fresh in _fresh_events(session, stream, process, args.limit):
        new = [event for event in fresh if event.seq > seen]
        for event in new:
            tables.write_json_line(event) if args.json else tables.write_event(event)
        seen = max([seen, *(event.seq for event in new)])


def _id_of(session: Session, wanted: str) -> str:
    try:
        return session.find(wanted).id
    except NoSuchProcess:
        return wanted  # The journal may have events of a process that was removed


def _fresh_events(
    session: Session, stream: Iterator[AnyAnswer | None], process: str | None, limit: int
) -> Iterator[list[Event]]:
    yield _journal(session, process, limit)
    for answer in stream:
        match answer:
            case DeltaMessage(delta=delta):
                yield [event for event in delta.events if process in (None, event.process)]
            case SnapshotMessage():  # We were too slow, and deltas were dropped
                yield _journal(session, process, limit)


def _journal(session: Session, process: str | None, limit: int) -> list[Event]:
    answer = session.ask(Events(latest=True, limit=limit, process=process))
    return msgspec.convert(answer["events"], list[Event])
