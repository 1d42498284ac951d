"""The journal on real files: durable, bounded, and of good cheer when the disk is full or the file is damaged."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from app.protocol.control import Events
from app.records.errors import JournalError
from app.records.event import EventDraft
from app.records.limits import MAX_EVENTS
from app.supervisor.journal.facts import Batch, DescendantFact, ProcessFact
from app.supervisor.journal.journal import TEXT_LENGTH, Journal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    journal = Journal(path)
    yield journal
    journal.close()


def draft(text: str, process: str | None = "1", kind: str = "started", name: str | None = "one") -> EventDraft:
    """An event."""
    return EventDraft(at=12.5, kind=kind, text=text, by="operator", process=process, pid=7, name=name)


def written(journal: Journal, *drafts: EventDraft) -> list[int]:
    """The numbers of these events, committed."""
    return [event.seq for event in journal.commit(Batch(drafts=list(drafts)))]


def texts(journal: Journal, query: Events) -> list[str]:
    """What the query finds."""
    return [event.text for event in journal.events(query)[0]]


def test_events_come_back_as_they_were_written(journal: Journal) -> None:
    """Numbered from 1, without gaps, oldest first."""
    assert written(journal, draft("a"), draft("b")) == [1, 2]
    assert written(journal, draft("c", process=None, name=None)) == [3]
    events, after = journal.events(Events(request=1))
    assert [(e.seq, e.text, e.process, e.name, e.at, e.by) for e in events] == [
        (1, "a", "1", "one", 12.5, "operator"),
        (2, "b", "1", "one", 12.5, "operator"),
        (3, "c", None, None, 12.5, "operator"),
    ]
    assert after == 3
    assert journal.events(Events(request=1, after=3)) == ([], 3)


def test_nothing_new_is_no_transaction(journal: Journal) -> None:
    """An idle loop does not touch the disk."""
    before = (size := journal.path.with_name("journal.sqlite3-wal")).stat()
    assert journal.commit(Batch()) == []
    assert size.stat() == before


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (Events(request=1, process="1"), ["50% done", "a_b"]),
        (Events(request=1, kind="exited"), ["a_b", "axb"]),
        (Events(request=1, kind="exited", process="2"), ["axb"]),
        (Events(request=1, q="%"), ["50% done"]),
        (Events(request=1, q="a_"), ["a_b"]),
        (Events(request=1, q="\\"), ["back\\slash"]),
        (Events(request=1, q="A_B"), ["a_b"]),
        (Events(request=1, q="'; DROP TABLE events; --"), []),
        (Events(request=1, q="two"), ["axb", "back\\slash"]),
        (Events(request=1, after=2, limit=1), ["axb"]),
        (Events(request=1, latest=True, limit=2), ["axb", "back\\slash"]),
        (Events(request=1, latest=True, limit=1, kind="exited"), ["axb"]),
        (Events(request=1, latest=True, limit=1, before=4), ["axb"]),
        (Events(request=1, latest=True, before=2), ["50% done"]),
        (Events(request=1, q="exi"), ["a_b", "axb"]),
        (Events(request=1, limit=0), []),
        (Events(request=1, limit=-5), []),
    ],
)
def test_events_are_found_by_what_was_asked(journal: Journal, query: Events, found: list[str]) -> None:
    """Filters are taken literally, signs of LIKE included."""
    written(
        journal,
        draft("50% done"),
        draft("a_b", kind="exited"),
        draft("axb", process="2", kind="exited", name="two"),
        draft("back\\slash", process="2", name="two"),
    )
    assert texts(journal, query) == found


def test_reading_on_finds_every_line_once(journal: Journal) -> None:
    """With `next` as the following `after`; a limit is never over 1,000."""
    written(journal, *(draft(str(n)) for n in range(2500)))
    seen: list[str] = []
    after = 0
    while batch := journal.events(Events(request=1, after=after, limit=5000))[0]:
        assert len(batch) <= MAX_EVENTS
        seen += [event.text for event in batch]
        after = batch[-1].seq
    assert seen == [str(n) for n in range(2500)]


def test_overlong_and_broken_text_is_cut_and_mended(journal: Journal) -> None:
    """A traceback of a megabyte, a lone surrogate, a NUL."""
    written(journal, draft("x" * (TEXT_LENGTH + 5)), draft("a\udc80b\x00c"))
    long, broken = texts(journal, Events(request=1))
    assert long == "x" * TEXT_LENGTH + " … (5 more characters)"
    assert broken == "a?b\x00c"


def test_number_of_events_is_bounded_and_the_loss_is_counted(path: Path) -> None:
    """The oldest go; numbers go on, also over a restart."""
    journal = Journal(path, events_kept=1000)
    for start in range(0, 5000, 100):
        written(journal, *(draft(str(n)) for n in range(start, start + 100)))
        kept = journal.events(Events(request=1, limit=1))[0][0].seq
        assert start + 100 - kept + 1 <= 1000 + 256 + 100
        assert journal.dropped == kept - 1
    assert written(journal, *(draft("many") for _ in range(3000))) == list(range(5001, 8001))
    assert journal.dropped == 7000
    journal.close()
    again = Journal(path, events_kept=1000)
    assert (again.dropped, written(again, draft("next"))) == (7000, [8001])
    again.close()


def test_facts_are_there_after_a_crash(path: Path) -> None:
    """What was alive, with its spec, identity and descendants; what had ended or was forgotten is not."""
    journal = Journal(path)
    batch = Batch(
        processes={
            key: ProcessFact(id=key, name="n" + key, state=state, spec="{}", pid=10, start_ticks=99, created_at=1.0)
            for key, state in {"1": "running", "2": "joined", "3": "running", "4": "backoff"}.items()
        },
        descendants={key: DescendantFact(id=key, root="1", name="sh") for key in ("8-1", "9-1")},
    )
    journal.commit(batch)
    journal.commit(
        Batch(
            processes={"1": ProcessFact(id="1", name="n1", state="stopping", pid=10, start_ticks=99)},
            forgotten={"3"},
            gone={"8-1"},
        )
    )
    # No close: as after a kill -9.
    found = Journal(path)
    unfinished = found.unfinished()
    assert [(p.id, p.state, p.spec, p.pid, p.start_ticks) for p in unfinished.processes] == [
        ("1", "stopping", "{}", 10, 99),
        ("4", "backoff", "{}", 10, 99),
    ]
    assert [(d.id, d.root, d.name) for d in unfinished.descendants] == [("9-1", "1", "sh")]
    assert {process.boot_id for process in unfinished.processes} == {found.boot_id}
    assert {descendant.boot_id for descendant in unfinished.descendants} == {found.boot_id}
    found.close()
    journal.close()


def test_runs_tell_how_the_last_supervisor_ended(path: Path) -> None:
    """The first run has none before it; one without an end crashed."""
    journal = Journal(path)
    assert journal.begin_run(pid=11, at=1.0) is None
    journal.close()
    journal = Journal(path)
    crashed = journal.begin_run(pid=12, at=2.0)
    journal.end_run(3.0)
    ended = journal.begin_run(pid=13, at=4.0)
    journal.close()
    assert crashed is not None
    assert ended is not None
    assert (crashed.pid, crashed.ended_at, ended.pid, ended.ended_at) == (11, None, 12, 3.0)


def test_new_run_forgets_what_had_ended(path: Path) -> None:
    """The file does not grow with every process that ever was."""
    journal = Journal(path)
    facts = [
        ProcessFact(id=str(n), name="n", state=state, spec="{}")
        for n, state in enumerate(("running", "joined", "closed", "fatal", "lost"))
    ]
    journal.commit(
        Batch(
            processes={fact.id: fact for fact in facts},
            descendants={key: DescendantFact(id=key, root="1", name="sh") for key in ("8-1", "9-1")},
        )
    )
    journal._db.execute("UPDATE descendants SET boot_id = 'another' WHERE id = '8-1'")
    journal.begin_run(pid=1, at=1.0)
    unfinished = journal.unfinished()
    assert [process.id for process in unfinished.processes] == ["0"]
    assert [descendant.id for descendant in unfinished.descendants] == ["9-1"]
    for table in ("processes", "specs"):
        assert journal._db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 1
    journal.close()


def test_process_numbers_are_never_used_twice(path: Path) -> None:
    """Also after all processes were forgotten and the supervisor restarted."""
    journal = Journal(path)
    assert [journal.next_process_number() for _ in range(3)] == [1, 2, 3]
    journal.commit(Batch())
    journal.close()
    journal = Journal(path)
    assert journal.next_process_number() == 4
    journal.close()


def test_files_are_private(path: Path) -> None:
    """The file, -wal and -shm, whatever the umask; also where an earlier file was open to others."""
    before = os.umask(0)
    try:
        path.touch(0o644)
        journal = Journal(path)
        written(journal, draft("a"))
        assert {file.name for file in path.parent.iterdir()} == {path.name + s for s in ("", "-wal", "-shm")}
        assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
        journal.close()
    finally:
        os.umask(before)


WRITER = """
import sys
from pathlib import Path
from app.supervisor.journal.facts import Batch
from app.supervisor.journal.journal import Journal
from app.records.event import EventDraft
journal = Journal(Path(sys.argv[1]))
while True:
    drafts = [EventDraft(at=0.0, kind="started", text="x" * 300, by="test") for _ in range(3)]
    print(journal.commit(Batch(drafts=drafts))[-1].seq, flush=True)
"""


def test_what_was_committed_survives_a_kill(path: Path) -> None:
    """kill -9 in the middle of writing, five times: no line that was told is missing, the file is sound."""
    for _ in range(5):
        with subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE) as writer:
            assert writer.stdout
            for _ in range(20):
                told = int(writer.stdout.readline())
            writer.send_signal(signal.SIGKILL)
            told = max(map(int, writer.stdout.read().splitlines()), default=told)
        journal = Journal(path)
        assert journal.replaced is None
        (newest,), _ = journal.events(Events(request=1, latest=True, limit=1))
        assert newest.seq >= told
        assert newest.seq % 3 == 0
        journal.close()


def fill_by_page_limit(journal: Journal) -> Callable[[], object]:
    """The file may not grow by a page."""
    (pages,) = journal._db.execute("PRAGMA page_count").fetchone()
    journal._db.execute(f"PRAGMA max_page_count = {pages}")
    return lambda: journal._db.execute("PRAGMA max_page_count = 1000000")


def fill_by_size_limit(journal: Journal) -> Callable[[], object]:
    """No file of this process may grow; SIGXFSZ is ignored by Python, as it is in the supervisor."""
    size = journal.path.with_name(journal.path.name + "-wal").stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("fill", [fill_by_page_limit, fill_by_size_limit])
def test_full_disk_loses_nothing_and_can_be_tried_again(
    journal: Journal, fill: Callable[[Journal], Callable[[], object]]
) -> None:
    """The commit raises and has changed nothing; reading goes on; later the same batch is written once."""
    written(journal, draft("before"))
    make_room = fill(journal)
    batch = Batch(drafts=[draft("x" * 3000) for _ in range(500)])
    try:
        for _ in range(3):
            with pytest.raises(JournalError, match="cannot be written"):
                journal.commit(batch)
        assert texts(journal, Events(request=1)) == ["before"]
    finally:
        make_room()
    assert [event.seq for event in journal.commit(batch)] == list(range(2, 502))
    assert len(texts(journal, Events(request=1, limit=1000))) == 501


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"tmpfs", bytes(folder), b"tmpfs", 0, b"size=1m") != 0:
        pytest.skip("may not mount")
    yield folder
    assert libc.umount2(bytes(folder), 2) == 0


def fill_up(ballast: Path) -> None:
    """Write until there is no space left."""
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_really_full_file_system(small_disk: Path) -> None:
    """Until another file is deleted."""
    journal = Journal(small_disk / "journal.sqlite3")
    written(journal, draft("before"))
    ballast = small_disk / "ballast"
    fill_up(ballast)
    batch = Batch(drafts=[draft("y" * 1000) for _ in range(100)])
    with pytest.raises(JournalError, match="cannot be written"):
        journal.commit(batch)
    ballast.unlink()
    assert [event.seq for event in journal.commit(batch)] == list(range(2, 102))
    journal.close()


def test_journal_locked_by_somebody_else_does_not_hold_up_the_loop(journal: Journal) -> None:
    """A curious person's tool has it open for writing: the commit fails at once and is tried again."""
    other = sqlite3.connect(journal.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalError, match="locked"):
        written(journal, draft("a"))
    other.execute("ROLLBACK")
    other.close()
    assert written(journal, draft("a")) == [1]


def overwrite(path: Path) -> None:
    path.write_bytes(b"not a database, by far" * 1000)


def tear(path: Path) -> None:
    """Zeroes in the middle, as after a crash of the machine."""
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(bytes(8 * 4096))


def of_another_version(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version = 99")
    other.close()


@pytest.mark.parametrize("damage", [overwrite, tear, of_another_version])
def test_damaged_file_is_moved_aside_and_told(path: Path, damage: Callable[[Path], None]) -> None:
    """A new journal starts, the old one can still be looked at."""
    journal = Journal(path)
    written(journal, *(draft("x" * 500) for _ in range(200)))
    journal.close()
    damage(path)
    journal = Journal(path)
    assert journal.replaced is not None
    assert "was damaged" in journal.replaced
    (aside,) = path.parent.glob("*.damaged-*")
    assert aside.name in journal.replaced
    assert written(journal, draft("new")) == [1]
    journal.close()


def test_only_the_last_damaged_files_are_kept(path: Path) -> None:
    """They must not fill the disk."""
    for second in range(5):
        path.with_name(f"{path.name}.damaged-2020010{second}T000000").touch()
    overwrite(path)
    Journal(path).close()
    assert len(list(path.parent.glob("*.damaged-*"))) == 3


def test_unusable_folder_is_told(tmp_path: Path) -> None:
    """Not moved aside, not a traceback of SQLite."""
    with pytest.raises(JournalError, match="cannot be opened"):
        Journal(tmp_path / "missing" / "journal.sqlite3")


def test_what_is_left_to_the_next_supervisor(journal: Journal, path: Path) -> None:
    """The newest of each; what is gone is gone, and so is what was before a reboot."""
    journal.hand_over({"r1": b"one", "r2": b"two", "r3": b"three"})
    journal.hand_over({"r1": b"other", "r2": None, "r4": None})
    again = Journal(path)
    assert again.handed_over() == {"r1": b"other", "r3": b"three"}
    again.boot_id = "another"
    again.begin_run(1, 1.0)
    assert again.handed_over() == {}
    again.close()


def test_a_journal_from_before_there_was_a_legacy(path: Path) -> None:
    """It is read as it is; the table is added."""
    Journal(path).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TABLE legacy")
    journal = Journal(path)
    assert (journal.replaced, journal.handed_over()) == (None, {})
    journal.close()
