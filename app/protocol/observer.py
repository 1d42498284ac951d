"""Every message from observed processes, and the memory that they share with the supervisor.  Pure.

An observer (`procession.observer.site`) reports what exists, and where.  It never reports what changes; that is *read*
from outside, so that observed code pays next to nothing and a deadlocked or dead process can be read too::

    observed process ──Word (JSON ≤ 4 KiB), file descriptors──▶ HOME/observer.sock   unix seqpacket, one connection each
    its page (a memfd) ─── counters, the task of a pool worker ──▶ mapped by the supervisor, read every 250 ms
    its semaphores (files) ── value and waiters ──▶ mapped by the supervisor
    its memory ── how often it holds a lock, length of a feeder's buffer, Value, Array ──▶ /proc/PID/mem, pidfd_getfd

The kernel names the sender of a word (SO_PEERCRED).  A ``key`` identifies a resource across processes: ``sem:INODE``
of a semaphore's file, ``pipe:INODE``, ``sock:INODE``, ``shm:NAME``, ``addr:ADDRESS``, for an object in a
manager ``managed:addr:ADDRESS/IDENT``; for a queue, condition, event or barrier its kind and the key of a part; for a
Value or Array ``arena:INODE+OFFSET``; and for anything else ``PID-ADDRESS`` in the process that created it.
A child created by os.fork() inherits what its parent had, at the same addresses.
"""

from typing import Annotated

from msgspec import Meta, Struct

from app.records.primitives import Facts, Int64, Pid

MAX_WORD = 4096


class Word(Struct, frozen=True, kw_only=True, tag=True, tag_field="kind"):
    """Base of the words of an observed process.  ``at`` is CLOCK_MONOTONIC in nanoseconds.  Untrusted."""

    at: Int64 = 0


class Hello(Word, frozen=True, kw_only=True, tag="hello"):
    """The first word of a process, with the fd of its page if it has one.  ``forked``: from an observed process.

    A process says it again after it reconnects (it closed the observer's descriptors, as daemons do, or executed
    another program, or the supervisor was restarted); without an fd it still has the same page.
    """

    program: str
    ppid: Pid
    python: str = ""
    executable: str = ""
    argv: list[str] = []
    cwd: str = ""
    forked: bool = False
    start_method: str | None = None


class Started(Word, frozen=True, kw_only=True, tag="started"):
    """`Process.start()` returned in the sender.  ``role``: ``pool:KEY`` for a worker of that pool,
    ``manager``, ``tracker``, ``forkserver``.  ``sentinel`` is an fd of the sender.  ``reaches``: the keys of the
    resources that the child's code can use, None if it may use any that it has.
    """

    child: Pid
    name: str
    daemon: bool
    start_method: str
    target: str | None = None
    sentinel: Int64 | None = None
    cls: str = "Process"
    role: str | None = None
    reaches: list[str] | None = None


class Threaded(Word, frozen=True, kw_only=True, tag="thread"):
    """The sender has started a thread, whose code can use the resources with these keys and no others; None for any."""

    tid: Pid
    name: str = ""
    reaches: list[str] | None = None


class ThreadDied(Word, frozen=True, kw_only=True, tag="thread-died"):
    """A thread of the sender has died of an exception, raised at ``place``.

    ``target``: what it ran, as ``multiprocessing.pool.Pool._handle_results``; before Python 3.11 without the class.
    ``uses``: the keys of the resources in its variables.
    """

    tid: Pid
    name: str = ""
    target: str = ""
    error: str = ""
    place: str = ""
    uses: list[str] = []


class NotSent(Word, frozen=True, kw_only=True, tag="not-sent"):
    """The feeder thread of the sender has dropped an item of the queue with this key: it cannot be pickled, for one."""

    key: str
    error: str = ""


class Handling(Word, frozen=True, kw_only=True, tag="handling"):
    """The sender handles a signal from now on, by code that can use the resources with these keys; None for any.

    ``over``: it no longer does.
    """

    signal: Int64
    reaches: list[str] | None = None
    over: bool = False


class Alarm(Word, frozen=True, kw_only=True, tag="alarm"):
    """A timer of the sender will end what its main thread waits for, in so many ``seconds``; with 0, none will."""

    seconds: Annotated[float, Meta(ge=0)]


class Refused(Word, frozen=True, kw_only=True, tag="refused"):
    """`Process.start()` raised, e.g. because a daemonic process may not have children."""

    name: str
    error: str


class Booted(Word, frozen=True, kw_only=True, tag="booted"):
    """The sender is about to run its target, or, ``by_os_fork``, was forked by the program itself.

    ``threads``: how many its parent had when it forked; ``threads_of_parent``: what the first others were called.
    """

    name: str
    parent: Pid
    daemon: bool
    threads: Int64 | None = None
    threads_of_parent: list[str] = []
    by_os_fork: bool = False


class Born(Word, frozen=True, kw_only=True, tag="born"):
    """Hello and Booted in one: the first word of a process that multiprocessing forked.

    What it inherited, such as its command, is known from its parent's words.
    """

    program: str
    name: str
    parent: Pid
    daemon: bool
    threads: Int64 | None = None
    threads_of_parent: list[str] = []

    def apart(self) -> tuple[Hello, Booted]:
        """Return the two words that it stands for."""
        return (
            Hello(at=self.at, program=self.program, ppid=self.parent, forked=True),
            Booted(
                at=self.at,
                name=self.name,
                parent=self.parent,
                daemon=self.daemon,
                threads=self.threads,
                threads_of_parent=self.threads_of_parent,
            ),
        )


class Paged(Word, frozen=True, kw_only=True, tag="paged"):
    """The sender now has a page; comes with its fd."""


class Leaving(Word, frozen=True, kw_only=True, tag="leaving"):
    """The sender's target has returned or raised, or its main program has; it may still wait for what it leaves behind.

    ``error``: the exception that ends it; ``place``: the line that raised it, ``thumbs.py:12 in work()``.  A process
    with neither an exception nor anything to wait for does not say this.
    """

    error: str | None = None
    place: str = ""


class Exiting(Word, frozen=True, kw_only=True, tag="exiting"):
    """The sender's target has returned, with this exit code."""

    exitcode: Int64
    error: str | None = None


class Joined(Word, frozen=True, kw_only=True, tag="joined"):
    """The sender has reaped ``child``, and knows its exit code."""

    child: Pid
    exitcode: Int64 | None


class Joining(Word, frozen=True, kw_only=True, tag="joining"):
    """The sender begins to wait for ``child`` in a join() without timeout; ``over``: the join has returned."""

    child: Pid
    over: bool = False


class Ending(Word, frozen=True, kw_only=True, tag="ending"):
    """A pool of the sender is about to end these workers by a signal, as Pool.terminate() does."""

    children: list[Pid] = []


class Signalled(Word, frozen=True, kw_only=True, tag="signalled"):
    """The sender is about to signal its child: by terminate() or kill(), or a daemonic one because it exits."""

    child: Pid
    signal: Int64


class Made(Word, frozen=True, kw_only=True, tag="made"):
    """The sender has a resource: it created it (``here``), or unpickled it.

    Comes with the fds of its semaphores, in the order of ``parts``; an fd is identified by its inode, whatever the
    order.

    ``facts`` by kind, all of them optional: ``maxvalue``, ``value`` (of a semaphore, at this moment), ``object``
    (address of the C semaphore object: at +16 its handle, then ``last_tid`` as unsigned long, ``count`` as int),
    ``maxsize``, ``buffer`` (address of a feeder's deque), ``reader`` and ``writer`` (fds), ``counters`` (slot in the
    page: puts, gets), ``data`` (address), ``typecode``, ``length``, ``size``, ``address``, ``parties``, ``cache``
    (address of the dict of a Pool's or an Executor's pending work, of a manager's server its ``id_to_obj``), ``server``
    (pid), ``serving`` (address of the server's notes, see below).  An object in a manager has only ``manager`` (its
    key) and ``ident`` (the address of the object in the server).

    ``parts`` by kind, name to key; each part was reported before, as a resource of its own: queue ``sem rlock wlock
    pipe``, simple_queue ``rlock wlock pipe``, joinable_queue also ``unfinished cond``, condition ``lock sleeping woken
    wait``, event ``cond flag``, barrier ``cond`` (``data``: address of its two ints), value and array ``lock``, pool
    ``inqueue outqueue changes``, duplex pipe ``a b`` (the keys of its sockets; the first is the pipe's own).
    """

    key: str
    resource: str
    name: str = ""
    here: bool = True
    parts: dict[str, str] = {}
    facts: Facts = {}


class Dropped(Word, frozen=True, kw_only=True, tag="dropped"):
    """The sender no longer has the resource."""

    key: str


AnyWord = (
    Hello
    | Paged
    | Started
    | Threaded
    | ThreadDied
    | NotSent
    | Handling
    | Alarm
    | Refused
    | Booted
    | Leaving
    | Exiting
    | Joined
    | Joining
    | Ending
    | Signalled
    | Made
    | Dropped
)
#: Any word as it is sent.
SaidWord = AnyWord | Born


def heard(said: SaidWord) -> tuple[AnyWord, ...]:
    """Return the words in one that was sent."""
    return said.apart() if isinstance(said, Born) else (said,)


# The page: 64 KiB of a memfd, little-endian, written only by its process and without any lock.  A process creates it
# before it counts anything, and before it says any word but hello, born, booted, thread, thread-died, handling,
# leaving and exiting.
PAGE_BYTES = 64 * 1024
#: Magic, version, words that could not be sent, pool tasks done, current task: started (monotonic ns, 0: none), length
#: of its name; then 200 bytes of the name in UTF-8.
PAGE_HEADER = "<QQQQQQ"
PAGE_MAGIC = 0x3130306E6F697370
PAGE_TASK_NAME_AT = 48
PAGE_TASK_NAME_BYTES = 200
#: From here on counters, 8 words each: puts, gets, monotonic ns at which the last put began, the last get, began to
#: wait to put (0: does not), began to wait to get, (nothing), acquired at.  A SimpleQueue has only the first two.  Of a
#: Listener, puts are the accepted connections, and it waits to get while it is in accept().
PAGE_COUNTERS_AT = 256
PAGE_COUNTER_WORDS = 8

# The notes of a manager's server, in its own memory: rows of 8 words.  Of a connection: inode of its socket, pid of the
# client (0: unknown), address of the object that it called, method (0: no call that waits), whether that call may
# return by itself, monotonic ns of the call.  Of a lock: its address, how often it was acquired (0: free), pid of the
# client, inode of the connection, monotonic ns.
SERVING_CONNECTIONS = 128
SERVING_LOCKS = 128
SERVING_WORDS = 8
SERVING_METHODS = {1: "acquire", 2: "get", 3: "put", 4: "wait", 5: "join"}
