"""What grows steadily: not what starts, not what goes up and down, not what has stopped growing."""

from __future__ import annotations

import pytest

from app.core.scene.growth import Growing, Growth


def grown(*counts: int, pause_s: float = 1.0, quiet_s: float = 0.0) -> Growth | None:
    """Return what is told of a number that was counted so, once every ``pause_s``, and then stays for ``quiet_s``."""
    growing: Growing[str] = Growing()
    at, found = 100.0, {}
    for count in counts:
        found = growing.look({"it": count}, at)
        at += pause_s
    return growing.look({"it": counts[-1]}, at - pause_s + quiet_s).get("it") if quiet_s else found.get("it")


def test_a_number_that_rises_again_and_again_grows() -> None:
    found = grown(1, 2, 3, 4, 5, 6, 7, pause_s=2.0)
    assert found == Growth(grown=6, per_s=0.5, since=100.0)
    assert found.words == "one more every 2 s"


@pytest.mark.parametrize(
    ("counts", "words"),
    [((0, 10, 20, 30, 40, 50), "10 more every second"), ((0, 2, 4, 6, 8, 10), "one more every 0.5 s")],
)
def test_it_says_how_fast(counts: tuple[int, ...], words: str) -> None:
    found = grown(*counts)
    assert found
    assert found.words == words


def test_a_dip_is_forgiven() -> None:
    """Only what was never taken back counts."""
    found = grown(10, 20, 15, 25, 22, 30, 28, 35, 33, 40)
    assert found
    assert found.grown == 30


@pytest.mark.parametrize(
    "counts", [(5,) * 20, (1, 2, 3, 4), (1, 9, 1, 9, 1, 9, 1, 9, 1, 9), (9, 8, 7, 6, 5, 4, 3)], ids=str
)
def test_what_stays_goes_up_and_down_or_only_starts_does_not_grow(counts: tuple[int, ...]) -> None:
    assert grown(*counts) is None


def test_a_growth_is_over_when_no_rise_comes_for_long() -> None:
    assert grown(1, 2, 3, 4, 5, 6, 7, quiet_s=3.5)
    assert grown(1, 2, 3, 4, 5, 6, 7, quiet_s=4.5) is None


def test_what_is_not_counted_any_more_is_forgotten() -> None:
    growing: Growing[str] = Growing()
    for count in range(8):
        growing.look({"it": count}, 100.0 + count)
    growing.look({}, 108.0)
    assert growing.look({"it": 9}, 109.0) == {}


def test_a_long_growth_is_judged_by_how_it_is_now() -> None:
    """It was slow, and is fast."""
    growing: Growing[str] = Growing()
    found: dict[str, Growth] = {}
    at = 0.0
    for count in range(400):
        at += 60.0 if count < 200 else 1.0
        found = growing.look({"it": count}, at)
    assert found["it"].per_s == 1.0
