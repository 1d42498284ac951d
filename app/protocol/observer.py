"""Every word from observed processes, and the memory that they share with the supervisor.  Pure.

An observer (`procession.observer.site`) says little: what exists, and where.  It never reports what changes; that is
*read*, from outside, so that observed code pays next to nothing and a deadlocked or dead process can be read too::

    observed process ──Word (JSON ≤ 4 KiB), file descriptors──▶ HOME/observer.sock   unix seqpacket, one connection each
    its page (a memfd) ─── counters, the task of a pool worker ──▶ mapped by the supervisor, read every 250 ms
    its semaphores (files) ── value and waiters ──▶ mapped by the supervisor
    its memory ── how often it holds a lock, length of a feeder's buffer, Value, Array ──▶ /proc/PID/mem, pidfd_getfd

The sender of a word is told by the kernel (SO_PEERCRED).  A ``key`` names a resource across processes: ``sem:INODE``
of a semaphore's file, ``pipe:INODE``, ``sock:INODE``, ``shm:NAME``, ``addr:ADDRESS``, of what a manager keeps
``managed:addr:ADDRESS/IDENT``; of a queue, condition, event or barrier it is made of its kind and the key of a part; of
a Value or Array ``arena:INODE+OFFSET``; and for anything else ``PID-ADDRESS`` of the process that made it.
A child made by os.fork() inherits what its parent had, at the same addresses.
"""

from __future__ import annotations

from msgspec import Struct

from app.records.primitives import JsonDict

MAX_WORD = 4096


class Word(Struct, frozen=True, kw_only=True, tag=True, tag_field="kind"):
    """Base.  ``at`` is CLOCK_MONOTONIC in nanoseconds.  Untrusted: what cannot be read is counted and left out."""

    at: int = 0


class Hello(Word, frozen=True, kw_only=True, tag="hello"):
    """The first word of a process; with the fd of its page if it has one.  ``forked`` from a process that was observed.

    A process says it again when it had to call again (it had closed our descriptors, as daemons do, or executed another
    program, or the supervisor was started again); without an fd its page is the one as before.
    """

    program: str
    ppid: int
    python: str = ""
    executable: str = ""
    argv: list[str] = []
    cwd: str = ""
    forked: bool = False
    start_method: str | None = None


class Started(Word, frozen=True, kw_only=True, tag="started"):
    """`Process.start()` returned in the sender.  ``role``: ``pool:KEY`` a worker of that pool, ``manager``,
    ``tracker``, ``forkserver``.  ``sentinel`` is an fd of the sender.
    """

    child: int
    name: str
    daemon: bool
    start_method: str
    target: str | None = None
    sentinel: int | None = None
    cls: str = "Process"
    role: str | None = None


class Refused(Word, frozen=True, kw_only=True, tag="refused"):
    """`Process.start()` raised, e.g. because a daemonic process tried to have children."""

    name: str
    error: str


class Booted(Word, frozen=True, kw_only=True, tag="booted"):
    """The sender is about to run its target.  ``threads`` its parent had when it forked, if it did."""

    name: str
    parent: int
    daemon: bool
    threads: int | None = None


class Born(Word, frozen=True, kw_only=True, tag="born"):
    """Hello and Booted in one: the first word of a process that multiprocessing forked.

    What it has from its parent, as its command, is not said again: the parent's words tell it.
    """

    program: str
    name: str
    parent: int
    daemon: bool
    threads: int | None = None

    def apart(self) -> tuple[Hello, Booted]:
        """The two words that it stands for."""
        return (
            Hello(at=self.at, program=self.program, ppid=self.parent, forked=True),
            Booted(at=self.at, name=self.name, parent=self.parent, daemon=self.daemon, threads=self.threads),
        )


class Paged(Word, frozen=True, kw_only=True, tag="paged"):
    """The sender has a page from now on; comes with its fd."""


class Exiting(Word, frozen=True, kw_only=True, tag="exiting"):
    """The sender's target is over, with this exit code."""

    exitcode: int
    error: str | None = None


class Joined(Word, frozen=True, kw_only=True, tag="joined"):
    """The sender has reaped ``child``, and knows how it ended; nor does it wait for it any more."""

    child: int
    exitcode: int | None


class Joining(Word, frozen=True, kw_only=True, tag="joining"):
    """The sender begins to wait for ``child`` in join() without timeout; ``over`` when it has come back."""

    child: int
    over: bool = False


class Ending(Word, frozen=True, kw_only=True, tag="ending"):
    """A pool of the sender is about to end these workers by a signal, as Pool.terminate() does."""

    children: list[int] = []


class Signalled(Word, frozen=True, kw_only=True, tag="signalled"):
    """The sender is about to send its child this signal: Process.terminate(), kill(), or its own end, for daemons."""

    child: int
    signal: int


class Made(Word, frozen=True, kw_only=True, tag="made"):
    """The sender has a resource: it made it (``here``), or got it by unpickling.  With the fds of its semaphores, in
    the
    order of ``parts`` where those are semaphores.

    ``facts`` by kind, all of them optional: ``maxvalue``, ``value`` (of a semaphore, at
    this moment), ``object`` (address of the C semaphore object: at +16 its
    handle, then ``last_tid`` as unsigned long, ``count`` as int), ``maxsize``, ``buffer`` (address of a feeder's
    deque),
    ``reader`` and ``writer`` (fds), ``counters`` (slot in the page: puts, gets), ``data`` (address), ``typecode``,
    ``length``, ``size``, ``address``, ``parties``, ``cache`` (address of the dict of a Pool's or an Executor's pending
    work, of a manager's server its ``id_to_obj``), ``server`` (pid), ``serving`` (address of what the server notes, see
    below).  An fd is known by its inode, whatever the order.  What a manager keeps has only ``manager`` (its key) and
    ``ident`` (the address of the object in its server).

    ``parts`` by kind, name to key; each part was told before, as a resource of its own: queue ``sem rlock wlock pipe``,
    simple_queue ``rlock wlock pipe``, joinable_queue also ``unfinished cond``, condition ``lock sleeping woken wait``,
    event ``cond flag``, barrier ``cond`` (``data``: address of its two ints), value and array ``lock``, pool
    ``inqueue outqueue changes``, a duplex pipe ``a b`` (its sockets' keys, the first is the pipe's own).
    """

    key: str
    resource: str
    name: str = ""
    here: bool = True
    parts: dict[str, str] = {}
    facts: JsonDict = {}


class Dropped(Word, frozen=True, kw_only=True, tag="dropped"):
    """The sender does not have it any more."""

    key: str


AnyWord = Hello | Paged | Started | Refused | Booted | Exiting | Joined | Joining | Ending | Signalled | Made | Dropped
#: As it is said.
SaidWord = AnyWord | Born


def heard(said: SaidWord) -> tuple[AnyWord, ...]:
    """The words in one that was said."""
    return said.apart() if isinstance(said, Born) else (said,)


# The page: 64 KiB of a memfd, little-endian, written by its process alone and without any lock.  A process makes one
# before it counts anything, and before it says any word but hello, born, booted and exiting.
PAGE_BYTES = 64 * 1024
#: magic, version, words that could not be sent, pool tasks done, current task: started (monotonic ns, 0: none),
#: length of
#: its name; then 200 bytes of the name in UTF-8.
PAGE_HEADER = "<QQQQQQ"
PAGE_MAGIC = 0x3130306E6F697370
PAGE_TASK_NAME_AT = 48
PAGE_TASK_NAME_BYTES = 200
#: From here on counters, 8 words each: puts, gets, monotonic ns at which the last put began, the last get, began to
#: wait to put (0: does not), began to wait to get, (nothing), acquired at.  A SimpleQueue has only the first two.  Of a
#: Listener puts are what it accepted, and it waits to get as long as it is in accept().
PAGE_COUNTERS_AT = 256
PAGE_COUNTER_WORDS = 8

# What a manager's server notes, in its own memory: rows of 8 words.  Of a connection: inode of its socket, pid of the
# client (0: not known), address of the object that it called, method (0: none just now that waits), whether that may
# come back by itself, monotonic ns at which it was called.  Of a lock: its address, how often it was acquired (0: it is
# free), pid of the client, inode of the connection, monotonic ns.
SERVING_CONNECTIONS = 128
SERVING_LOCKS = 128
SERVING_WORDS = 8
SERVING_METHODS = {1: "acquire", 2: "get", 3: "put", 4: "wait", 5: "join"}
