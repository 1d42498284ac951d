"""The exception tree of the supervisor: one base, leaves that carry data and survive pickling and the socket."""

from __future__ import annotations


class ProcessionError(Exception):
    """Base of all refusals; ``str(error)`` is a sentence for people: what is wrong, and what is allowed."""

    kind = "error"


class NoSuchProcess(ProcessionError):
    """There is no process, descendant or other thing of that id."""

    kind = "not_found"


class NotPossible(ProcessionError):
    """The verb is not possible in the present state; the text names both."""

    kind = "not_possible"


class InvalidField(ProcessionError):
    """A field of the request is wrong; ``args`` are (field, what is wrong and what is allowed)."""

    kind = "invalid"

    @property
    def field(self) -> str:
        """The name of the field, e.g. ``params.seconds``."""
        return str(self.args[0])

    def __str__(self) -> str:
        return f"{self.args[0]}: {self.args[1]}"


class SupervisorAway(ProcessionError):
    """The supervisor does not answer: not running, restarting, or its socket broke."""

    kind = "away"


class IllegalTransition(NotPossible):
    """An event does not apply in a state of the lifecycle; ``args`` are (state, event)."""

    def __str__(self) -> str:
        return f"{self.args[1]} is not possible while the process is {self.args[0]}"


class JournalError(ProcessionError):
    """The journal cannot be written or read (disk full, file damaged or locked): keep the lines, try again."""

    kind = "journal"


class SequenceGap(ProcessionError):
    """A delta does not follow on what the reader has: ask for a snapshot.  ``args`` are (its seq, the base)."""

    kind = "gap"

    def __str__(self) -> str:
        return f"the delta is based on {self.args[1]}, but the last state seen is {self.args[0]}"
