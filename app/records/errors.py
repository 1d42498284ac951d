"""The exceptions of Procession: one base, and leaves that carry data and survive pickling and the socket."""


class ProcessionError(Exception):
    """Base of all refusals; ``str(error)`` is a sentence for people: what is wrong, and what is allowed."""

    kind = "error"


class NoSuchProcess(ProcessionError):
    """No process, descendant, pool, program or resource has that id."""

    kind = "not_found"


class NotPossible(ProcessionError):
    """The verb is not possible in the current state; the text names both."""

    kind = "not_possible"


class InvalidField(ProcessionError, ValueError):
    """A field of the request is wrong; ``args`` are (field, what is wrong and what is allowed).

    A ValueError, so that msgspec takes it for a fault of what it decodes.
    """

    kind = "invalid"

    @property
    def field(self) -> str:
        """Return the name of the field, e.g. ``params.seconds``."""
        return str(self.args[0])

    def __str__(self) -> str:
        return f"{self.args[0]}: {self.args[1]}"


class SupervisorAway(ProcessionError):
    """The supervisor does not answer: not running, restarting, or its socket broke."""

    kind = "away"


class SupervisorSilent(SupervisorAway):
    """The supervisor sent nothing within the time that was given."""


class IllegalTransition(NotPossible):
    """An event does not apply in a state of the lifecycle; ``args`` are (state, event)."""

    def __str__(self) -> str:
        return f"{self.args[1]} is not possible while the process is {self.args[0]}"


class JournalError(ProcessionError):
    """The journal cannot be written or read (disk full, file damaged or locked): keep the lines and retry."""

    kind = "journal"


class SequenceGap(ProcessionError):
    """A delta does not follow the state that the reader has.  ``args`` are (the reader's seq, the delta's base)."""

    kind = "gap"

    def __str__(self) -> str:
        return f"the delta is based on {self.args[1]}, but the last state seen is {self.args[0]}"
