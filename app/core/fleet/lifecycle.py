"""The lifecycle of one process: its triggers, and the one table of transitions between its states.

Pure.  `advance` is the only function that changes a state.  The table follows `multiprocessing.Process`: it is started
once, joined after it was started, closed when it does not run.  A restart is a new Process object under the same id.
::

    created ─start─▶ starting ─boot─▶ running ⇄ suspended
                        │                │          │      stop
                        └────────────────┴──────────┴─────────▶ stopping
                        └──────── end ───┴──────────┴───────────────┘──▶ exited ─join─▶ joined ─close─▶ closed
    joined ─retry─▶ backoff ─restart─▶ starting          joined ─give up─▶ fatal
"""

from enum import StrEnum

from app.records.errors import IllegalTransition
from app.records.process import LIVE, State


class Trigger(StrEnum):
    """What can happen to a process; refusals quote the values."""

    START = "start"
    BOOT = "boot"
    SUSPEND = "suspend"
    RESUME = "resume"
    STOP = "stop"
    END = "end"
    JOIN = "join"
    CLOSE = "close"
    RETRY = "retry"
    RESTART = "restart"
    CANCEL = "cancel"
    GIVE_UP = "give up"
    FAIL = "fail to start"
    LOSE = "lose"


TRANSITIONS: dict[tuple[State, Trigger], State] = {
    (State.CREATED, Trigger.START): State.STARTING,
    (State.STARTING, Trigger.BOOT): State.RUNNING,
    (State.STARTING, Trigger.FAIL): State.FATAL,
    (State.RUNNING, Trigger.SUSPEND): State.SUSPENDED,
    (State.SUSPENDED, Trigger.RESUME): State.RUNNING,
    (State.STOPPING, Trigger.BOOT): State.STOPPING,
    **{(state, Trigger.STOP): State.STOPPING for state in LIVE},
    **{(state, Trigger.END): State.EXITED for state in LIVE},
    **{(state, Trigger.LOSE): State.LOST for state in LIVE},
    (State.EXITED, Trigger.JOIN): State.JOINED,
    (State.JOINED, Trigger.RETRY): State.BACKOFF,
    (State.JOINED, Trigger.GIVE_UP): State.FATAL,
    (State.BACKOFF, Trigger.CANCEL): State.JOINED,
    **{(state, Trigger.RESTART): State.STARTING for state in (State.JOINED, State.BACKOFF, State.FATAL, State.LOST)},
    **{
        (state, Trigger.CLOSE): State.CLOSED
        for state in (State.CREATED, State.EXITED, State.JOINED, State.FATAL, State.LOST)
    },
}

#: The states that end a join().
JOINABLE = frozenset({State.JOINED, State.BACKOFF, State.FATAL, State.LOST})


def advance(state: State, trigger: Trigger) -> State:
    """Return the state after ``trigger``; raises `IllegalTransition`, which names both."""
    try:
        return TRANSITIONS[state, trigger]
    except KeyError:
        raise IllegalTransition(str(state), str(trigger)) from None


def possible(state: State, trigger: Trigger) -> bool:
    """Return whether ``trigger`` applies in ``state``."""
    return (state, trigger) in TRANSITIONS
