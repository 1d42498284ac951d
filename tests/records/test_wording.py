"""What people call resources, and how they read a duration."""

import pytest

from app.records.resource import ResourceKind as K
from app.records.wording import duration, kind_label, resource_name, split_name
from tests.core.scene.scenes import resource


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0 s"),
        (0.44, "0.4 s"),
        (5.0, "5 s"),
        (9.96, "10 s"),
        (59.6, "1 m"),
        (200, "3 m 20 s"),
        (7440, "2 h 4 m"),
        (7441, "2 h 4 m"),
        (97_260, "1 d 3 h"),
    ],
)
def test_a_duration_has_its_two_largest_units(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_a_part_is_named_with_its_whole() -> None:
    queue, lock = resource("q", K.QUEUE, name="jobs (train.py:41)"), resource("l", name="_rlock", part_of="q")
    assert resource_name({"q": queue, "l": lock}, "l") == "read lock of queue jobs (train.py:41)"
    assert resource_name({}, "r9") == "a resource that is gone (r9)"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("jobs (train.py:41)", ("jobs", "train.py:41")),
        ("args[0] of p (train (1).py:5)", ("args[0] of p", "train (1).py:5")),
        ("a #2 (b (c:1).py:5)", ("a #2", "b (c:1).py:5")),
        ("train.py:41", ("train.py:41", "")),
        ("", ("", "")),
    ],
)
def test_a_name_is_a_variable_and_a_place(name: str, parts: tuple[str, str]) -> None:
    assert split_name(name) == parts


@pytest.mark.parametrize(
    ("kind", "managed", "label"),
    [
        (K.BOUNDED_SEMAPHORE, False, "bounded semaphore"),
        (K.RLOCK, False, "RLock"),
        (K.LOCK, True, "managed lock"),
    ],
)
def test_a_kind_has_a_label(kind: K, managed: bool, label: str) -> None:  # noqa: FBT001
    assert kind_label(kind, managed=managed) == label
