"""The journal: every event, and which processes exist, durable before it is published.

One SQLite file, written by the supervisor's loop: one transaction per turn, none if nothing happened.  WAL with
synchronous=NORMAL: a commit is a write into the page cache (25 µs), which survives the kill -9 of the supervisor.
FULL would put an fsync (milliseconds; on a busy disk seconds) into every turn, to survive a loss of power as well;
with NORMAL the newest lines may be missing after one, but the file is consistent.  One fsync remains per checkpoint,
about every 300 commits: next to writes of 500 MB/s the longest of 2,300 commits took 58 ms.

Bounded: 100,000 events of at most 4,000 characters; commits delete the oldest in slices.  ``seq`` starts at 1 and has
no gaps, so the oldest seq − 1 is the number of lines that were dropped.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from msgspec.structs import asdict, astuple

from app.protocol.control import Events
from app.records.event import Event, EventDraft
from app.records.limits import MAX_EVENTS
from app.records.process import State

from . import rows as rows_of
from .facts import Batch, DescendantFact, ProcessFact, Run, Unfinished
from .file import MAX_NUMBER, Connection, journal_errors, open_file, open_to_read, transaction

EVENTS_KEPT = 100_000
RUNS_KEPT = 1000
SET_ASIDE_KEPT = 1000

TEXT_LENGTH = 4000
# Old lines are deleted so many at a time: most commits need not touch the oldest pages.
_SLICE = 256
_PROCESSES = "SELECT processes.*, spec FROM processes LEFT JOIN specs ON process = id"
#: In these states a process has left nothing to find after a crash.
_FINISHED = (State.JOINED, State.CLOSED, State.FATAL, State.LOST)


class Journal:
    """Reads and writes the file.  A method that fails raises `JournalError` and has changed nothing.

    A damaged file is moved aside when it is opened; ``replaced`` then says so, for an event.  A damaged row of a
    process is removed when a run begins; ``removed`` then has a sentence for each.
    """

    def __init__(self, path: Path, events_kept: int = EVENTS_KEPT) -> None:
        self.path = path
        self.boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        self._events_kept = events_kept
        self.removed: list[str] = []
        with journal_errors("opened"):
            self._db, self.replaced = open_file(path)
            self._first, self._last = self._bounds()
            self._number = self._written_number = self._highest_number()

    @property
    def dropped(self) -> int:
        """The number of old lines that were deleted."""
        return self._first - 1

    def next_process_number(self) -> int:
        """Return a number that no process has had; the next commit writes it."""
        self._number += 1
        return self._number

    def has_numbered(self, process: str) -> bool:
        """Return whether it is the id of a process that is, or was, in this journal."""
        return 0 < _number_of(process) <= self._number

    def commit(self, batch: Batch) -> list[Event]:
        """Write all of ``batch`` or nothing; return its events with their numbers, durable by then."""
        if not batch and self._number == self._written_number:
            return []
        events = [_numbered(draft, self._last + n) for n, draft in enumerate(batch.drafts, 1)]
        last = self._last + len(events)
        first = self._first_to_keep(last)
        with journal_errors("written"), transaction(self._db):
            self._write_events(events)
            self._write_facts(batch)
            if first > self._first:
                self._db.execute("DELETE FROM events WHERE seq < ?", (first,))
        self._first, self._last, self._written_number = first, last, self._number
        return events

    def events(self, query: Events) -> tuple[list[Event], int]:
        """Return at most `MAX_EVENTS` lines, oldest first, and the ``after`` of the next query."""
        return _found(self._db, query)

    def unfinished(self) -> Unfinished:
        """Return the processes that had not ended when the journal was last written, to compare with the OS."""
        with journal_errors("read"):
            processes = self._db.execute(f"{_PROCESSES} ORDER BY created_at, id").fetchall()
            descendants = self._db.execute("SELECT * FROM descendants ORDER BY id").fetchall()
        known = (rows_of.fact(ProcessFact, row) for row in processes)
        return Unfinished(
            tuple(fact for fact in known if fact and fact.state not in _FINISHED),
            tuple(fact for row in descendants if (fact := rows_of.fact(DescendantFact, row))),
        )

    def begin_run(self, pid: int, at: float) -> Run | None:
        """Write that a supervisor starts; return the previous run, None if this is the first.

        Deletes what cannot be `unfinished` any more: processes that had ended, and descendants from before a reboot;
        and rows that are damaged.
        """
        with journal_errors("written"), transaction(self._db):
            row = self._db.execute("SELECT * FROM runs ORDER BY number DESC LIMIT 1").fetchone()
            self._remove_damaged("processes", _PROCESSES, ProcessFact)
            self._remove_damaged("descendants", "SELECT * FROM descendants", DescendantFact)
            run = (pid, self.boot_id, at)
            self._db.execute("INSERT INTO runs (pid, boot_id, started_at) VALUES (?, ?, ?)", run)
            self._db.execute("DELETE FROM runs WHERE number <= (SELECT max(number) FROM runs) - ?", (RUNS_KEPT,))
            self._db.execute("DELETE FROM processes WHERE state IN (?, ?, ?, ?)", _FINISHED)
            self._db.execute("DELETE FROM specs WHERE process NOT IN (SELECT id FROM processes)")
            self._db.execute("DELETE FROM descendants WHERE boot_id != ?", (self.boot_id,))
            self._db.execute("DELETE FROM legacy WHERE boot_id != ?", (self.boot_id,))
        return rows_of.fact(Run, row) if row else None

    def end_run(self, at: float) -> None:
        """Write that this supervisor ends as asked."""
        with journal_errors("written"), transaction(self._db):
            self._db.execute("UPDATE runs SET ended_at = ? WHERE number = (SELECT max(number) FROM runs)", (at,))

    def handed_over(self) -> dict[str, bytes]:
        """Return what the previous supervisor left about programs that outlive it, by id; empty after a reboot."""
        with journal_errors("read"):
            rows = self._db.execute("SELECT id, fact FROM legacy WHERE boot_id = ?", (self.boot_id,)).fetchall()
        return {row["id"]: row["fact"] for row in rows}

    def set_aside(self, keys: Iterable[str]) -> None:
        """Move rows that were handed over to where no supervisor reads them; the newest of these are kept."""
        ids = [(key,) for key in keys]
        with journal_errors("written"), transaction(self._db):
            self._db.executemany("INSERT INTO set_aside (id, fact) SELECT id, fact FROM legacy WHERE id = ?", ids)
            self._db.executemany("DELETE FROM legacy WHERE id = ?", ids)
            self._db.execute(
                "DELETE FROM set_aside WHERE number <= (SELECT max(number) FROM set_aside) - ?", (SET_ASIDE_KEPT,)
            )

    def count_start(self) -> int:
        """Count a start; return how many in a row ended before `settled` was called, this one included."""
        with journal_errors("written"), transaction(self._db):
            row = self._db.execute("SELECT value FROM numbers WHERE name = 'unsettled'").fetchone()
            count = (row["value"] if row else 0) + 1
            self._db.execute("INSERT OR REPLACE INTO numbers VALUES ('unsettled', ?)", (count,))
        return int(count)

    def settled(self) -> None:
        """Write that this supervisor runs well, or ends as asked."""
        with journal_errors("written"), transaction(self._db):
            self._db.execute("DELETE FROM numbers WHERE name = 'unsettled'")

    def hand_over(self, facts: Mapping[str, bytes | None]) -> None:
        """Write what the next supervisor has to know, by id; None deletes a row."""
        gone = [(key,) for key, fact in facts.items() if fact is None]
        known = [(key, self.boot_id, fact) for key, fact in facts.items() if fact is not None]
        with journal_errors("written"), transaction(self._db):
            self._db.executemany("DELETE FROM legacy WHERE id = ?", gone)
            self._db.executemany("INSERT OR REPLACE INTO legacy VALUES (?, ?, ?)", known)

    def close(self) -> None:
        with journal_errors("closed"):
            self._db.close()

    def _bounds(self) -> tuple[int, int]:
        first, last = self._db.execute("SELECT min(seq), max(seq) FROM events").fetchone()
        return first or 1, last or 0

    def _highest_number(self) -> int:
        row = self._db.execute("SELECT value FROM numbers WHERE name = 'process'").fetchone()
        # Where that row is missing: no two processes may have one number.
        ids = (_number_of(row["id"]) for row in self._db.execute("SELECT id FROM processes"))
        return max(int(row["value"]) if row else 0, *ids, 0)

    def _remove_damaged(self, table: str, rows: str, kind: type[ProcessFact | DescendantFact]) -> None:
        for row in self._db.execute(rows).fetchall():
            if why := rows_of.fault(kind, row):
                self._db.execute(f"DELETE FROM {table} WHERE id = ?", (row["id"],))  # noqa: S608  all ours
                self.removed.append(f"removed the damaged row of {str(row['id'])[:40]} from the journal: {why}")

    def _first_to_keep(self, last: int) -> int:
        over = last - self._first + 1 - self._events_kept
        return self._first + over if over >= _SLICE else self._first

    def _write_events(self, events: Sequence[Event]) -> None:
        # The fields of an event are the columns of its table, in the same order.
        self._db.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)", map(astuple, events))

    def _write_facts(self, batch: Batch) -> None:
        for key in batch.forgotten:
            self._db.execute("DELETE FROM processes WHERE id = ?", (key,))
            self._db.execute("DELETE FROM specs WHERE process = ?", (key,))
        for key in batch.gone:
            self._db.execute("DELETE FROM descendants WHERE id = ?", (key,))
        for p in batch.processes.values():
            row = (p.id, p.name, p.state, p.pid, p.start_ticks, p.created_at, self.boot_id)
            self._db.execute("INSERT OR REPLACE INTO processes VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            # In a table of its own: a spec may be large and does not change with the state.
            if p.spec is not None:
                self._db.execute("INSERT OR REPLACE INTO specs VALUES (?, ?)", (p.id, p.spec))
        for d in batch.descendants.values():
            found = (d.id, d.root, d.name, self.boot_id)
            self._db.execute("INSERT OR REPLACE INTO descendants VALUES (?, ?, ?, ?)", found)
        if self._number != self._written_number:
            self._db.execute("INSERT OR REPLACE INTO numbers VALUES ('process', ?)", (self._number,))


def search(path: Path, query: Events) -> tuple[list[Event], int]:
    """Return the same as `Journal.events`, by a connection of its own: for another process."""
    with journal_errors("read"), closing(open_to_read(path)) as db:
        return _found(db, query)


def _found(db: Connection, query: Events) -> tuple[list[Event], int]:
    conditions, values = _conditions(query)
    direction = "DESC" if query.latest else "ASC"
    sql = f"SELECT * FROM events WHERE {conditions} ORDER BY seq {direction} LIMIT ?"  # noqa: S608  all ours
    with journal_errors("read"):
        rows = db.execute(sql, (*values, max(min(query.limit, MAX_EVENTS), 0))).fetchall()
    events = [rows_of.event(row) for row in (reversed(rows) if query.latest else rows)]
    return events, events[-1].seq if events else query.after


def _number_of(process: object) -> int:
    """Return N of the process id ``pN``; 0 of any other."""
    matched = re.fullmatch(r"p([1-9][0-9]{0,15})", str(process))
    return min(int(matched[1]), MAX_NUMBER) if matched else 0


def _numbered(draft: EventDraft, seq: int) -> Event:
    over = len(draft.text) - TEXT_LENGTH
    text = f"{draft.text[:TEXT_LENGTH]} … ({over:,} more characters)" if over > 0 else draft.text
    return Event(seq=seq, **{**asdict(draft), "text": text.encode(errors="replace").decode()})


def _conditions(query: Events) -> tuple[str, list[object]]:
    conditions, values = ["seq > ?"], list[object]([query.after])
    if query.before is not None:
        conditions.append("seq < ?")
        values.append(query.before)
    if query.process is not None:
        conditions.append("process = ?")
        values.append(query.process)
    if query.kind is not None:
        conditions.append("kind = ?")
        values.append(query.kind)
    if query.q:
        places = ("text", "name", "kind", "pid", "by")
        conditions.append("(" + " OR ".join(rf"{place} LIKE ? ESCAPE '\'" for place in places) + ")")
        values += [_containing(query.q)] * len(places)
    return " AND ".join(conditions), values


def _containing(text: str) -> str:
    for special in ("\\", "%", "_"):
        text = text.replace(special, "\\" + special)
    return f"%{text}%"
