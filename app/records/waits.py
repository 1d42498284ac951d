"""The records of the wait graph and its findings.  Pure."""

from enum import StrEnum
from typing import TypeAlias

from .primitives import Record


class FindingKind(StrEnum):
    """The kinds of findings in a wait graph or in a program's history."""

    DEADLOCK = "deadlock"
    ABANDONED_LOCK = "abandoned-lock"
    JOIN_BEFORE_DRAIN = "join-before-drain"
    POOL_TASK_LOST = "pool-task-lost"
    DEAD_THREAD = "dead-thread"
    ZOMBIE = "zombie"
    ORPHAN = "orphan"
    DAEMON_WITH_CHILD = "daemon-with-child"
    START_REFUSED = "start-refused"
    LEAK = "leak"
    BROKEN_BARRIER = "broken-barrier"
    DEAD_SLEEPER = "dead-sleeper"
    SILENT_CLIENT = "silent-client"
    STUCK = "stuck"
    FILE_LIMIT = "file-limit"
    FILE_LOCK = "file-lock"
    CRASH_LOOP = "crash-loop"
    NO_WORKERS = "no-workers"
    DEAD_PRODUCERS = "dead-producers"
    INTERNAL_ERROR = "internal-error"


class Certainty(StrEnum):
    """How certain it is that something is wrong: a finding is certain or very likely, a note is possible.

    Very likely is what rests on reading code, on a guess of who held something, or on calls that were seen only now
    and then.
    """

    CERTAIN = "certain"
    VERY_LIKELY = "very likely"
    POSSIBLE = "possible"


class Edge(Record, frozen=True, kw_only=True):
    """``pid`` waits for ``resource``, or in a join for process ``of``; any of the ``holders`` can end the wait.

    With neither, it waits for a message from its ``holders`` over a pipe or a socket that is no resource, or for the
    lock on a ``file``.

    ``to``: acquire, get, put, flush (a feeder into a full pipe), recv, send, wait, notify, join, end (of a process, or
    whatever else comes first), answer (of a manager), accept (a client that connects), connect (to be accepted), greet
    (in accept, a client's handshake), flock (or fcntl), thread (of the same process), output (of processes that are not
    observed).  ``main``: its main thread waits, otherwise thread ``tid``, called ``thread``.  ``holder_tid``: the
    thread of its only holder that has the lock, 0 for the main one.  ``timed``: the wait has a timeout.  ``alone``: all
    its other threads wait too.  ``certain``: only its holders can end the wait; others make no deadlock.
    ``behind``: it waits for the lock inside a queue, until its holder, which gets or puts, has its turn.
    ``handled``: the process has handlers of signals, which might end a wait for a thread.
    ``file``: the path of the file whose lock it waits for (flock); ``taken_by``: the process that took that lock, 0 if
    unknown, where its holders have only inherited it.

    In words (`wait_words`): ``phrase`` before what is awaited, ``ended_by`` after it, before the names of those who can
    end the wait, ``label`` for an arrow of the drawing.  ``unblockers``: whom ``ended_by`` names if these are not the
    holders: of a barrier those that have not arrived, of an abandoned lock its dead holder.
    """

    pid: int
    resource: str | None
    since: float
    to: str
    of: int | None = None
    holders: tuple[int, ...] = ()
    main: bool = True
    tid: int = 0
    thread: str = ""
    holder_tid: int = 0
    timed: bool = False
    alone: bool = True
    certain: bool = True
    behind: bool = False
    handled: bool = False
    file: str = ""
    taken_by: int | None = None
    phrase: str = ""
    label: str = ""
    ended_by: str = ""
    unblockers: tuple[int, ...] | None = None


#: A thread: pid and tid, or one of these for the tid.
Node: TypeAlias = tuple[int, int]
MAIN = 0
#: The handlers of signals of a process, which are never blocked.
HANDLER = -1
#: What Python calls the thread that writes the items of a queue into its pipe.
FEEDER = "QueueFeederThread"


class ThreadWait(Record, frozen=True, kw_only=True):
    """A wait as the search for deadlocks takes it: its edge, and all threads of which any can end it.

    ``apart``: the threads of the same processes whose code calls nothing that could end it, ``idle_users``: other
    processes that use what is waited for, or have used it, but call nothing of the kind.  ``hopeless``: it is for a
    lock whose holder is dead.  ``for_first``: it is for the first item of a queue, into which
    nobody has put yet; ``never_arrived``: how many items were put into that queue, are not in it, and were not taken.
    """

    edge: Edge
    able: frozenset[Node] = frozenset()
    apart: frozenset[Node] = frozenset()
    idle_users: frozenset[int] = frozenset()
    hopeless: bool = False
    for_first: bool = False
    never_arrived: int = 0


class Finding(Record, frozen=True, kw_only=True):
    """A problem in words: what happened, why, and what to do (``cure``)."""

    id: str
    kind: FindingKind
    program: str | None
    text: str
    why: str
    cure: str
    pids: tuple[int, ...] = ()
    resources: tuple[str, ...] = ()
    since: float = 0.0
    certainty: Certainty = Certainty.CERTAIN


class Note(Record, frozen=True, kw_only=True):
    """What may be wrong, or may be meant so, ``since`` then: ``title`` in a few words, ``text`` in sentences."""

    program: str
    since: float
    title: str
    text: str
    certainty: Certainty = Certainty.POSSIBLE


class Waits(Record, frozen=True, kw_only=True):
    """The wait graph of all programs.  A cycle is a tuple of pids and resource ids in turn."""

    edges: tuple[Edge, ...] = ()
    cycles: tuple[tuple[int | str, ...], ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[Note, ...] = ()
