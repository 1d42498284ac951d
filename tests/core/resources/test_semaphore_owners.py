"""Which processes acquired a semaphore, and how many slots dead ones held, without a process."""

from __future__ import annotations

from app.core.resources.semaphore_owners import SemaphoreSlots

MAIN, ONE, TWO = 10, 11, 12


def look(
    slots: SemaphoreSlots,
    value: int,
    counts: dict[int, int | None],
    *at: float,
    whole: int | None = 2,
    died: bool = True,
) -> SemaphoreSlots:
    for now in at:
        slots.look(value, counts, whole, now, somebody_died=died)
    return slots


def test_the_processes_that_acquired_a_semaphore() -> None:
    assert SemaphoreSlots().acquired_by is None
    slots = look(SemaphoreSlots(), 0, {TWO: 1, ONE: 1, MAIN: 0}, 0.0)
    assert (slots.acquired_by, slots.lost) == ((ONE, TWO), 0)


def test_a_slot_is_lost_when_it_was_missing_for_a_while() -> None:
    """The dead process that was seen with it is named."""
    slots = look(SemaphoreSlots(), 0, {MAIN: 0, ONE: 1, TWO: 1}, 0.0, 0.5)
    look(slots, 0, {MAIN: 0, TWO: 1}, 1.0, 1.9)
    assert slots.lost == 0
    look(slots, 0, {MAIN: 0, TWO: 1}, 2.1)
    assert (slots.lost, slots.dead, slots.acquired_by) == (1, ONE, (TWO,))
    look(slots, 0, {MAIN: 0}, 2.2, 2.3, 3.3)
    assert (slots.lost, slots.lost_to) == (2, (ONE, TWO))


def test_a_dying_process_that_cannot_be_read_is_named() -> None:
    slots = look(SemaphoreSlots(), 1, {MAIN: 0, ONE: 1}, 0.0)
    look(slots, 1, {MAIN: 0, ONE: None}, 0.2)
    assert (look(slots, 1, {MAIN: 0}, 0.4, 0.8, 1.5).lost, slots.dead) == (1, ONE)


def test_a_lost_slot_that_was_released_is_no_longer_lost() -> None:
    slots = look(SemaphoreSlots(), 0, {MAIN: 0}, 0.0, 1.0, 2.0)
    assert slots.lost == 2
    assert slots.restored() is None
    assert slots.lost == 1
    assert look(slots, 1, {MAIN: 0}, 2.1, 3.0, 4.0).lost == 1
    assert look(slots, 2, {MAIN: 0}, 5.0).lost == 0


def test_a_slot_that_is_missing_for_a_moment_is_not_lost() -> None:
    """Value and counts are not of one moment."""
    slots = SemaphoreSlots()
    for now in range(10):
        look(slots, now % 2, {MAIN: 0}, float(now))
    assert slots.lost == 0


def test_no_slot_is_lost_if_no_process_died_or_too_little_is_known() -> None:
    assert look(SemaphoreSlots(), 0, {MAIN: 0}, 0.0, 1.0, 2.0, died=False).lost == 0
    assert look(SemaphoreSlots(), 0, {MAIN: 0}, 0.0, 1.0, 2.0, whole=None).lost == 0
    assert look(SemaphoreSlots(), 0, {MAIN: 0, ONE: None}, 0.0, 1.0, 2.0).lost == 0


def test_a_semaphore_used_as_a_signal_never_loses_slots() -> None:
    """One process releases and another acquires, even after the first is gone."""
    slots = look(SemaphoreSlots(), 0, {MAIN: -1, ONE: 1}, 0.0, whole=0)
    assert (look(slots, 0, {ONE: 1}, 1.0, 2.0, 3.0, whole=0).acquired_by, slots.lost) == ((), 0)
    more = look(SemaphoreSlots(), 1, {ONE: 0}, 0.0, 1.0, 2.0, whole=0)
    assert (look(more, 0, {ONE: 1}, 3.0, 4.0, 5.0, whole=0).acquired_by, more.lost) == ((), 0)


def test_each_lost_slot_is_released_in_the_place_of_one_who_took_it() -> None:
    slots = look(SemaphoreSlots(), 0, {MAIN: 0, ONE: 2, TWO: 1}, 0.0, whole=3)
    look(slots, 0, {MAIN: 0}, 1.0, 2.0, 3.0, whole=3)
    assert slots.lost_to == (ONE, ONE, TWO)
    assert [slots.restored(), slots.lost_to] == [ONE, (ONE, TWO)]
    assert [slots.restored(), slots.lost_to] == [ONE, (TWO,)]
    assert [slots.restored(), slots.lost, slots.lost_to] == [TWO, 0, ()]


def test_who_died_with_slots_that_were_given_back_is_forgotten() -> None:
    slots = look(SemaphoreSlots(), 1, {MAIN: 0, ONE: 1}, 0.0)
    look(slots, 2, {MAIN: 0}, 1.0)
    look(slots, 1, {MAIN: 0}, 2.0, 3.0, 4.0)
    assert (slots.lost, slots.lost_to) == (1, ())


def test_a_process_that_released_its_slot_before_it_ended_is_not_named() -> None:
    """It was last seen with a slot, while the slot of another one was lost."""
    slots = look(SemaphoreSlots(), 1, {MAIN: 0, ONE: 1}, 0.0)
    look(slots, 1, {MAIN: 0}, 1.0, 2.0, 3.0)
    look(slots, 0, {MAIN: 0, TWO: 1}, 4.0)
    look(slots, 1, {MAIN: 0}, 5.0, 6.0, 7.0)
    assert (slots.lost, slots.lost_to) == (1, (ONE,))


def test_of_several_that_ended_at_once_none_is_named_if_one_released_its_slot() -> None:
    slots = look(SemaphoreSlots(), 0, {MAIN: 0, ONE: 1, TWO: 1}, 0.0)
    look(slots, 1, {MAIN: 0}, 1.0, 2.0, 3.0)
    assert (slots.lost, slots.lost_to) == (1, ())
