"""The workers and jobs of a pool as patches: only what changed."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.protocol import rows
from app.records.pool import Job, JobMethod, PoolWorker, WorkerState

ONE, TWO, THREE = (PoolWorker(pid=pid, name=f"w{pid}") for pid in (1, 2, 3))
WORKERS = st.lists(
    st.builds(PoolWorker, pid=st.integers(1, 5), state=st.sampled_from(WorkerState), tasks_done=st.integers(0, 2)),
    max_size=5,
).map(tuple)


def plain(value: Any) -> Any:
    """Return the value as it comes out of JSON."""
    return msgspec.json.decode(msgspec.json.encode(value))


def test_a_row_that_changed_comes_with_what_differs() -> None:
    """By its key; unchanged rows and an unchanged order are left out."""
    after = (ONE, replace(TWO, tasks_done=3, state=WorkerState.BUSY), replace(THREE))
    assert plain(rows.patch("workers", (ONE, TWO, THREE), after)) == {
        "changed": [{"pid": 2, "state": "busy", "tasks_done": 3}]
    }


def test_rows_that_come_and_go_change_the_order() -> None:
    """A new one comes with all fields."""
    assert plain(rows.patch("workers", (ONE, TWO), (TWO, THREE))) == {"changed": [plain(THREE)], "order": [2, 3]}
    assert plain(rows.patch("workers", (ONE,), ())) == {"changed": [], "order": []}


def test_rows_with_the_same_key_come_whole() -> None:
    """The kernel may reuse the pid of a worker that has ended."""
    ended = replace(ONE, state=WorkerState.ENDED)
    for before, after in (((ONE,), (ONE, ended)), ((ONE, ended), (ONE,))):
        assert plain(rows.patch("workers", before, after)) == plain(after)


def test_jobs_are_known_by_their_number() -> None:
    """And not by a pid."""
    job = Job(id=4, method=JobMethod.MAP, function="square")
    assert rows.patch("jobs", (job,), (replace(job, done=9),)) == {"changed": [{"id": 4, "done": 9}]}


@given(WORKERS, WORKERS)
def test_a_patch_merged_into_the_old_list_gives_the_new_one(
    before: tuple[PoolWorker, ...], after: tuple[PoolWorker, ...]
) -> None:
    """Through JSON; the old list stays as it was."""
    pool, changes = {"workers": plain(before)}, {"workers": plain(rows.patch("workers", before, after)), "queued": 3}
    assert rows.merge(pool, changes) == {"workers": plain(after), "queued": 3}
    assert pool == {"workers": plain(before)}
