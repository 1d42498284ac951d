"""What can be asked of one process: the verbs, what each does, and in which states it is possible.

Pure.  The supervisor refuses by this table, and the page comes with it, so that it offers only what is possible.
"""

from enum import StrEnum

from .errors import NotPossible
from .primitives import JsonDict
from .process import LIVE, State


class Verb(StrEnum):
    """What a user can ask of one process, besides launching and joining it."""

    START = "start"
    TERMINATE = "terminate"
    KILL = "kill"
    CLOSE = "close"
    RESTART = "restart"
    SUSPEND = "suspend"
    RESUME = "resume"

    @property
    def effect(self) -> str:
        """Return what it does."""
        return EFFECTS[self]


#: What each does, as every surface says it.  ``join``, ``stack`` and ``signal`` have commands of their own.
EFFECTS: dict[str, str] = {
    Verb.START: "start a created process",
    Verb.TERMINATE: "send SIGTERM to a process, and SIGKILL to it and its descendants after its grace period",
    Verb.KILL: "send SIGKILL to a process and its descendants; no cleanup code runs",
    Verb.CLOSE: "release an ended process, like Process.close(); its events are kept",
    Verb.RESTART: "stop a process if it runs, and start it again with the same arguments",
    Verb.SUSPEND: "suspend a process (SIGSTOP)",
    Verb.RESUME: "resume a suspended process (SIGCONT)",
    "join": "wait for a process to end",
    "stack": "show the current stack of a process",
    "signal": "send a signal to a process",
}
_POSSIBLE_IN: dict[str, frozenset[State]] = {
    Verb.START: frozenset({State.CREATED}),
    Verb.TERMINATE: LIVE - {State.STOPPING} | {State.BACKOFF},
    Verb.KILL: LIVE,
    Verb.CLOSE: frozenset(State) - LIVE - {State.BACKOFF, State.CLOSED},
    Verb.RESTART: frozenset(State) - {State.CREATED, State.CLOSED},
    Verb.SUSPEND: frozenset({State.RUNNING}),
    Verb.RESUME: frozenset({State.SUSPENDED}),
    "join": frozenset(State) - {State.CREATED, State.CLOSED},
    "stack": LIVE,
    "signal": LIVE,
}
_INSTEAD: dict[tuple[str, State], str] = {
    **{(Verb.START, state): "restart starts it again" for state in State if state not in {*LIVE, State.CLOSED}},
    (Verb.TERMINATE, State.STOPPING): "kill does not wait for the grace period",
    (Verb.CLOSE, State.BACKOFF): "terminate cancels its restart",
    **{(Verb.CLOSE, state): "end it first" for state in LIVE},
    (Verb.RESTART, State.CREATED): "start it",
    **{(Verb.SUSPEND, state): "only a running process can be suspended" for state in State},
    **{(Verb.RESUME, state): "only a suspended process can be resumed" for state in State},
}
#: The verbs that only the process that called start() can use.
OF_PARENTS = (Verb.START, Verb.RESTART, "join")
_OBSERVED = "the process is observed only; its parent started it and joins it"


def why_not(verb: str, state: State) -> str:
    """Return why a verb is not possible in a state, and what is possible instead; "" if it is possible."""
    if state in _POSSIBLE_IN[verb]:
        return ""
    instead = _INSTEAD.get((verb, state), "")
    return f"{verb} is not possible while the process is {state}" + (f"; {instead}" if instead else "")


def check(verb: str, state: State) -> None:
    """Raise `NotPossible` if a verb is not possible in a state."""
    if refusal := why_not(verb, state):
        raise NotPossible(refusal)


def for_the_page() -> JsonDict:
    """Return the whole table as JSON: ``{"kill": {"effect": "…", "refusals": {"exited": "…"}, "observed": "…"}}``.

    ``observed`` says why an observed process refuses the verb; "" if it does not.
    """
    return {
        str(verb): {
            "effect": EFFECTS[verb],
            "refusals": {str(state): why for state in State if (why := why_not(verb, state))},
            "observed": f"{verb} is not possible: {_OBSERVED}" if verb in OF_PARENTS else "",
        }
        for verb in _POSSIBLE_IN
    }
