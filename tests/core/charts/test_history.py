"""The rings of samples: aligned on one axis, bounded, and counting what they dropped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.charts.history import HOST, OF_POOLS, History, Sample
from app.records.errors import NoSuchProcess

sweeps = st.lists(
    st.dictionaries(
        st.sampled_from(["1", "2", HOST]),
        st.tuples(
            st.none() | st.integers(0, 800).map(lambda tenths: tenths / 4),
            st.none() | st.integers(0, 2**32 - 2).map(lambda pages: pages * 4096),
        ),
    ),
    max_size=25,
)


def recorded(made: list[dict[str, Sample]], size: int = 10) -> History:
    """A history of these sweeps, one a second."""
    history = History(size)
    for second, sweep in enumerate(made):
        history.record(float(second), sweep)
    return history


@given(sweeps, st.integers(1, 12))
def test_every_series_is_aligned_with_the_axis(made: list[dict[str, Sample]], points: int) -> None:
    """At each moment shown a series has the sample of that moment, or None: never one of another moment."""
    reply = recorded(made).as_reply(None, points)
    kept = made[-10:]
    for key, series in reply["series"].items():
        for place, at in enumerate(reply["at"]):
            sample = made[int(at)].get(key, (None, None))
            assert (series["cpu_percent"][place], series["rss_bytes"][place]) == sample
        assert len(series["cpu_percent"]) == len(series["rss_bytes"]) == len(reply["at"])
    assert set(reply["series"]) == {key for sweep in made for key in sweep}
    assert len(reply["at"]) <= min(points, len(kept))
    assert reply["at"][-1:] == [float(len(made) - 1)][: len(made)]


@given(sweeps)
def test_with_enough_points_nothing_is_thinned(made: list[dict[str, Sample]]) -> None:
    """All stored columns, oldest first."""
    assert recorded(made).as_reply(None, 10)["at"] == [float(n) for n in range(len(made))][-10:]


def test_what_is_dropped_is_counted() -> None:
    """Samples beyond the ring, and moments that were never sampled."""
    history = recorded([{"1": (1.0, 4096)}] * 13)
    assert history.dropped == 3
    gap = recorded([{"1": (1.0, 4096)}, *[{}] * 30, {"1": (2.0, 8192)}])
    assert gap.dropped == 22
    assert gap.as_reply("1")["series"]["1"]["cpu_percent"] == [None] * 9 + [2.0]


def test_thinned_points_count_back_from_the_newest() -> None:
    """The newest sample is always shown."""
    history = recorded([{"1": (float(n), None)} for n in range(10)])
    assert history.as_reply("1", 3)["at"] == [1.0, 5.0, 9.0]
    assert history.as_reply("1", 1)["at"] == [9.0]


def test_the_series_of_one_process() -> None:
    """Also the machine."""
    history = recorded([{"1": (1.0, 4096), HOST: (50.0, 8192)}])
    assert history.as_reply(HOST) == {
        "at": [0.0],
        "series": {HOST: {"cpu_percent": [50.0], "rss_bytes": [8192]}},
    }


def test_a_forgotten_process_is_gone() -> None:
    """Asking for it is refused."""
    history = recorded([{"1": (1.0, 4096)}])
    history.forget("1")
    history.forget("1")
    assert "1" not in history
    with pytest.raises(NoSuchProcess):
        history.as_reply("1")
    assert history.as_reply() == {"at": [0.0], "series": {}}


def test_series_of_pools_are_kept_as_those_of_processes() -> None:
    """With their own names and units; an unknown pool has no values."""
    history = History(10, OF_POOLS)
    history.record(0.0, {})
    history.record(1.0, {"p1": (120, 8.75)})
    history.record(2.0, {"p1": (0, None)})
    assert history.of("p1") == {"queued": [None, 120, 0], "tasks_per_s": [None, 8.75, None]}
    assert history.of("p2") == {"queued": [None] * 3, "tasks_per_s": [None] * 3}
    history.forget("p1")
    assert history.of("p1") == history.of("p2")
