"""The book of things, the holders of locks, rates and ages, layouts and mappings."""

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.core.charts.history import OF_RESOURCES, History
from app.core.resources.book import LINGERS_S, Book
from app.core.resources.lock_owners import Holding, judge
from app.core.resources.rates import RATE_S, Traffic
from app.core.resources.readings import Records, round_down
from app.linux import cpython as layouts
from app.linux.mappings import Mappings
from app.protocol.observer import Made
from app.records.resource import ResourceKind

QUEUE = {"sem": "sem:1", "rlock": "sem:2", "wlock": "sem:3", "pipe": "pipe:4"}


def tell_queue(book: Book, pid: int, now: float = 0.0) -> None:
    kinds = {"sem": "bounded_semaphore", "rlock": "lock", "wlock": "lock", "pipe": "pipe"}
    for name, key in QUEUE.items():
        book.made(pid, Made(key=key, resource=kinds[name], facts={"maxvalue": 10}), now, now)
    book.made(pid, Made(key="queue:4", resource="queue", name="jobs", parts=QUEUE, facts={"maxsize": 10}), now, now)


# The book


def test_parts_belong_to_their_whole() -> None:
    """Each is a thing of its own, and leads to the composite that users see."""
    book = Book()
    tell_queue(book, 7)
    queue, sem = book.by_key["queue:4"], book.by_key["sem:1"]
    assert book.whole(sem) == (queue, "sem")
    assert book.outermost(sem) is book.outermost(queue) is queue
    assert book.part(queue, "rlock") is book.by_key["sem:2"]
    assert book.part(queue, "unfinished") is None


def test_what_is_shown_of_a_part_names_its_whole() -> None:
    """The place is that of the whole; without a name it is the kind and the id."""
    book = Book()
    tell_queue(book, 7)
    book.made(7, Made(key="queue:4", resource="queue", name="jobs (train.py:41)", parts=QUEUE), 0.0, 0.0)
    book.made(7, Made(key="sem:9", resource="lock"), 0.0, 0.0)
    shown = {key: Records(book).record(thing, 0.0) for key, thing in book.by_key.items()}
    assert (shown["queue:4"].title, shown["queue:4"].place) == ("jobs", "train.py:41")
    assert (shown["sem:2"].title, shown["sem:2"].place) == ("read lock of jobs", "train.py:41")
    assert shown["sem:9"].title == f"lock {shown['sem:9'].id}"


def test_a_fork_inherits_even_from_a_dead_parent() -> None:
    """Also a child whose word comes after the exit of its parent, the only user."""
    book = Book()
    tell_queue(book, 7)
    book.forked(7, 8)
    assert book.by_key["queue:4"].users.keys() == {7, 8}
    book.gone(8, 1.0)
    book.gone(7, 1.0)
    assert list(book) == []
    book.forked(7, 9)
    assert book.expire(2.0 + LINGERS_S) == []
    assert len(list(book)) == 5
    book.gone(9, 3.0)
    assert {thing.key for thing in book.expire(3.0 + LINGERS_S)} == {*QUEUE.values(), "queue:4"}
    assert not book.by_key
    assert not book.by_id


def test_a_reused_key_is_another_thing() -> None:
    """Inodes and addresses are reused."""
    book = Book()
    first = book.made(7, Made(key="sem:1", resource="lock", name="a"), 0.0, 0.0)
    book.dropped(7, "sem:1", 0.0)
    second = book.made(7, Made(key="sem:1", resource="rlock", name="b"), 0.5, 0.5)
    assert first
    assert second
    assert (second.id, second.kind, second.name) == ("r2", ResourceKind.RLOCK, "b")
    assert book.expire(1.0) == [first]


def test_other_end_of_a_duplex_pipe_is_the_same_pipe() -> None:
    """Also if its receiver reports it before its creator."""
    book = Book()
    book.made(8, Made(key="sock:2", resource="pipe", here=False), 0.0, 0.0)
    book.made(7, Made(key="sock:1", resource="pipe", parts={"a": "sock:1", "b": "sock:2"}), 0.0, 0.0)
    assert [(thing.key, set(thing.users)) for thing in book] == [("sock:1", {7, 8})]
    book.dropped(8, "sock:2", 0.0)
    assert [set(thing.users) for thing in book] == [{7}]


def test_a_thing_may_have_no_name_and_one_part_twice() -> None:
    """Such words are wrong, but nothing else fails."""
    book = Book()
    same = {"sem": "sem:1", "rlock": "sem:1"}
    book.made(7, Made(key="", resource="queue", here=False, parts=same), 0.0, 0.0)
    book.made(7, Made(key="sem:1", resource="queue", here=False, parts={"a": ""}), 0.0, 0.0)
    assert [thing.key for thing in book] == ["sem:1"]


def test_a_client_cannot_change_the_kind_of_a_manager() -> None:
    """Only the creator of a thing decides its kind."""
    book = Book()
    book.made(7, Made(key="addr:/x", resource="manager"), 0.0, 0.0)
    book.made(8, Made(key="addr:/x", resource="listener", here=False), 0.0, 0.0)
    assert [thing.kind for thing in book] == [ResourceKind.MANAGER]


keys = st.sampled_from(["sem:1", "sem:2", "pipe:3", "sock:4", "sock:5", "queue:6", "7-8", "", "sem:x", "shm:/y"])
junk: Any = st.one_of(st.none(), st.booleans(), st.integers(-5, 2**70), st.text(max_size=3), st.lists(st.integers()))
made = st.builds(
    Made,
    key=keys,
    resource=st.sampled_from([*ResourceKind, "nonsense"]),
    here=st.booleans(),
    parts=st.dictionaries(st.sampled_from(["sem", "rlock", "lock", "cond", "pipe", "a", "b"]), keys, max_size=4),
    facts=st.dictionaries(st.sampled_from(["object", "maxvalue", "maxsize", "size", "reader", "typecode"]), junk),
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("made"), st.integers(1, 4), made),
        st.tuples(st.just("dropped"), st.integers(1, 4), keys),
        st.tuples(st.just("forked"), st.integers(1, 4), st.integers(1, 4)),
        st.tuples(st.just("gone"), st.integers(1, 4), st.none()),
        st.tuples(st.just("expire"), st.integers(1, 4), st.none()),
    ),
    max_size=30,
)


@given(steps)
def test_the_book_is_consistent_whatever_is_reported(told: list[tuple[str, int, Any]]) -> None:
    """Words are claims: whatever they say, in any order, users and records stay consistent."""
    book = Book()
    now = 0.0
    for what, pid, about in told:
        now += 1.0
        match what:
            case "made":
                book.made(pid, about, now, now)
            case "dropped":
                book.dropped(pid, about, now)
            case "forked":
                book.forked(pid, about)
            case "gone":
                book.gone(pid, now)
            case _:
                book.expire(now)
        check(book, now)
    heir = handed_over(book, now)
    check(heir, now)
    assert heir.by_id.keys() <= book.by_id.keys()


def check(book: Book, now: float) -> None:
    """Assert that users are consistent, and that every record can be made."""
    assert {thing.id for thing in book.by_key.values()} == set(book.by_id)
    for pid, held in book._held.items():
        assert all(pid in book.by_key[key].users for key in held)
    for thing in book.by_key.values():
        assert all(thing.key in book._held[pid] for pid in thing.users)
        assert bool(thing.users) != (thing.key in book._unused)
    records = Records(book)
    assert [records.record(thing, now).id for thing in book] == [thing.id for thing in book]


def handed_over(book: Book, now: float) -> Book:
    """Return what the next supervisor knows if no process has died in the meantime."""
    heir = Book()
    for thing in sorted(book.by_id.values(), key=lambda one: one.number):
        heir.take_over(replace(thing, users={}, workers=set(thing.workers), unused_since=None), thing.users, now)
    return heir


def test_a_book_is_handed_over() -> None:
    """The same things under the same ids, parts of the same wholes; a new one gets a new id."""
    book = Book()
    tell_queue(book, 7)
    book.made(7, Made(key="7-1", resource="pool", parts={"inqueue": "queue:4"}), 0.0, 0.0)
    book.worker("7-1", 8)
    book.forked(7, 8)
    heir = handed_over(book, 1.0)
    assert {key: (one.id, one.users) for key, one in heir.by_key.items()} == {
        key: (one.id, one.users) for key, one in book.by_key.items()
    }
    assert heir.outermost(heir.by_key["sem:1"]) is heir.by_key["7-1"]
    assert heir.pool_of(8) is heir.by_key["7-1"]
    heir.gone(8, 2.0)
    assert heir.by_key["7-1"].workers == set()
    newer = heir.made(7, Made(key="sem:9", resource="lock"), 2.0, 2.0)
    assert newer
    assert newer.number == len(book.by_id) + 1
    heir.gone(7, 3.0)
    assert {one.id for one in heir.expire(3.0 + LINGERS_S)} == {*book.by_id, newer.id}


def test_numbering_continues_after_a_handover() -> None:
    """Also if the first of them is gone by then."""
    book = Book()
    for inode in (1, 2, 3):
        book.made(7, Made(key=f"sem:{inode}", resource="lock", name="locks (x.py:1)"), 0.0, 0.0)
    book.dropped(7, "sem:1", 0.0)
    book.expire(1.0 + LINGERS_S)
    heir = handed_over(book, 5.0)
    heir.made(7, Made(key="sem:4", resource="lock", name="locks (x.py:1)"), 5.0, 5.0)
    assert [one.name for one in heir] == ["locks #2 (x.py:1)", "locks #3 (x.py:1)", "locks #4 (x.py:1)"]


def test_the_pipe_of_a_queue_is_dropped_with_it() -> None:
    """Processes do not report the end of a pipe."""
    book = Book()
    tell_queue(book, 7)
    for key in ("queue:4", "sem:1", "sem:2", "sem:3"):
        book.dropped(7, key, 1.0)
    assert list(book) == []


# Who holds a lock


def judged(holding: Holding, counts: dict[int, int | None], now: float, **known: Any) -> tuple[Any, ...]:
    judge(
        holding,
        counts,
        known.get("owners", {}),
        known.get("dead", {}),
        now,
        somebody_died=known.get("somebody_died", False),
    )
    return holding.holder, holding.unknown, holding.abandoned


def test_the_process_that_acquired_a_lock_holds_it() -> None:
    """``held_s`` counts from the first look."""
    holding = Holding()
    assert judged(holding, {1: 0, 2: 1}, 5.0) == (2, False, False)
    assert judged(holding, {1: 0, 2: 1}, 9.0) == (2, False, False)
    assert holding.since == 5.0


def test_a_lock_without_a_living_holder_is_abandoned() -> None:
    """At the second look if the dead process was seen holding it, later if not, never if no process died."""
    seen = Holding()
    judged(seen, {1: 0, 2: 1}, 0.0)
    assert judged(seen, {1: 0}, 1.0) == (None, True, False)
    assert judged(seen, {1: 0}, 1.25) == (2, False, True)
    unseen = Holding()
    assert [judged(unseen, {1: 0}, at, somebody_died=True)[2] for at in (0.0, 0.5, 1.0, 1.5)] == [
        *[False] * 2,
        *[True] * 2,
    ]
    assert unseen.holder is None
    nobody_died = Holding()
    assert not any(judged(nobody_died, {1: 0, 2: 0}, at)[2] for at in range(9))


def test_a_lock_that_was_just_acquired_is_not_abandoned() -> None:
    """The holder counts it when it runs again."""
    holding = Holding()
    judged(holding, {1: 0, 2: 1}, 0.0)
    judged(holding, {1: 0}, 1.0)
    assert judged(holding, {1: 1}, 1.25) == (1, False, False)


@pytest.mark.parametrize(
    ("counts", "known"),
    [
        pytest.param({1: 1, 2: 1}, {}, id="two have it"),
        pytest.param({1: 1, 2: -1}, {}, id="a baton"),
        pytest.param({1: 0, 2: -1}, {"somebody_died": True}, id="a baton without its giver"),
        pytest.param({1: 0, 2: None}, {"somebody_died": True}, id="one cannot be read"),
    ],
)
def test_an_unclear_holder_stays_unknown(counts: dict[int, int | None], known: dict[str, Any]) -> None:
    """At every look."""
    holding = Holding()
    assert {judged(holding, counts, float(at), **known) for at in range(20)} == {(None, True, False)}


def test_notes_decide_if_counts_do_not() -> None:
    """The last noted acquisition counts."""
    assert judged(Holding(), {1: None, 2: None}, 9.0, owners={1: 3.0, 2: 4.0}) == (2, False, False)
    assert judged(Holding(), {1: 1, 2: 1}, 9.0, owners={1: 3.0, 2: 4.0}) == (2, False, False)
    holding = Holding()
    judged(holding, {1: None}, 9.0, owners={1: 3.0}, dead={5: 4.0})
    assert judged(holding, {1: None}, 9.5, owners={1: 3.0}, dead={5: 4.0}) == (5, False, True)
    assert judged(Holding(), {1: None}, 9.0, owners={1: 5.0}, dead={5: 4.0}) == (1, False, False)


# Rates and ages


def test_rates_are_of_the_last_seconds() -> None:
    """Also after a pause, and with the counts of dead users."""
    traffic = Traffic()
    assert traffic.rates() == (None, None)
    for at in range(41):
        traffic.look(at * 10, at * 5, at / 4)
    assert traffic.rates() == (40.0, 20.0)
    for at in range(40, 400):
        traffic.look(400, 200, at / 4)
    assert traffic.rates() == (0.0, 0.0)
    traffic.add_dead(400, 200)
    traffic.look(30, 0, 100.0)
    assert traffic.rates() == (10.0, 0.0)
    assert RATE_S == 3.0


def test_age_of_the_oldest() -> None:
    """Since its put was counted; None for an empty queue."""
    traffic = Traffic()
    traffic.look(0, 0, 0.0)
    traffic.look(5, 0, 1.0)
    traffic.look(9, 0, 2.0)
    traffic.look(9, 5, 10.0)
    assert traffic.oldest_s() == 8.0
    traffic.look(9, 4, 11.0)
    traffic.look(9, 9, 12.0)
    assert traffic.oldest_s() is None


@given(st.floats(0, 1e6))
def test_durations_are_rounded_down_to_steps(seconds: float) -> None:
    """Never up, and by a limited part of the duration."""
    assert 0 <= round_down(seconds) <= seconds + 1e-6
    assert seconds - round_down(seconds) <= max(seconds / 2, 0.11)


# Layouts


@given(st.binary(max_size=120), st.sampled_from(layouts.HEADS))
def test_any_bytes_are_read_without_an_error(raw: bytes, head: int) -> None:
    """Mostly as unknown."""
    layouts.semlock(raw, head)
    layouts.deque_length(raw, head)
    layouts.dict_length(raw, head)
    layouts.type_of(raw, head)
    layouts.name(raw)


def test_a_deque_in_the_middle_of_a_change_is_unreadable() -> None:
    """Length and indices must fit together."""
    fits = struct.pack("<qQQqqQq", 3, 4096, 4096, 32, 34, 1, -1)
    torn = struct.pack("<qQQqqQq", 4, 4096, 4096, 32, 34, 1, -1)
    assert layouts.deque_length(bytes(16) + fits, 16) == 3
    assert layouts.deque_length(bytes(16) + torn, 16) is None


def test_values_by_typecode() -> None:
    """Numbers, letters, and nothing for structures."""
    assert layouts.numbers(struct.pack("<2i", 1, -2), "i") == (1, -2)
    assert layouts.numbers(b"abc\0d", "c") == ("abc",)
    assert layouts.numbers("hé\0".encode("utf-32-le"), "u") == ("hé",)
    assert layouts.numbers(b"1234", "T{i:x}") is None
    assert layouts.width("d") == 8
    assert layouts.width("") == 0


MAPS = b"""\
7f0000000000-7f0000001000 rw-s 00000000 00:1a 77                         /dev/shm/sem.mp-x (deleted)
7f0000002000-7f0000003000 rw-p 00000000 00:1a 78                         /dev/shm/private
7f0000004000-7f0000006000 rw-s 00000000 00:1a 79                         /dev/shm/psm_1
7f0000008000-7f0000009000 r-xp 00000000 08:01 80                         /usr/lib/libc.so
"""


def test_mappings_know_the_file_behind_an_address() -> None:
    """Only of shared mappings."""
    maps = Mappings(MAPS)
    assert [maps.inode(0x7F0000000000 + at) for at in (0, 0xFFF, 0x1000, 0x2000, 0x5FFF, -1)] == [
        *(77, 77, None),
        *(None, 79, None),
    ]
    assert maps.names() == {"sem.mp-x", "psm_1"}
    assert Mappings().inode(1) is None


def test_chart_of_values_keeps_signs_and_fractions() -> None:
    """An exact series returns what was stored."""
    history = History(series=OF_RESOURCES)
    history.record(1.0, {"r1": (3, 45, 0.5, None, -2.75, 2)})
    history.record(2.0, {"r1": (None, None, None, None, None, None)})
    assert history.as_reply("r1")["series"]["r1"] == {
        "size": [3, None],
        "pipe_bytes": [45, None],
        "put_per_s": [0.5, None],
        "get_per_s": [None, None],
        "value": [-2.75, None],
        "waiting": [2, None],
    }
