"""Start a supervised process: from the child of `multiprocessing` to the user's code.

`main` is the target of a plain `multiprocessing.Process` of any start method, started by
`app.supervisor.children.children`.  It sets up the process, finds the target, reports "booted" and calls the target::

    supervisor ──Job, report socket, lifeline──▶ main ──▶ user's code ──▶ exit code (as in the stdlib)
               ◀──booted, progress, forked, raised, failed-to-start──┘

A pool host gets one more socket, which `procession.pool_host` takes over.
"""

from __future__ import annotations

import os
import socket
import sys
from multiprocessing.process import current_process

from procession import failures, lifeline, reporting, target
from procession.channel import Channel

from . import surroundings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from .job import Job

_IMPORTED_BY = os.getpid()


def main(
    job: Job,
    report_socket: socket.socket,
    read_end: Connection[None, None] | int,
    pool_socket: socket.socket | None = None,
) -> None:
    """Run ``job`` in this process; return, or raise SystemExit, as its target does.

    Takes over all descriptors: ``report_socket`` (seqpacket), ``read_end`` of the lifeline's pipe and, for a pool
    host, ``pool_socket`` (stream).
    """
    lifeline.hold(read_end if isinstance(read_end, int) else _take_over(read_end))
    channel = Channel(report_socket.detach())
    try:
        surroundings.enter(job)
        wanted = target.find(job["module"], job["qualname"])
        target.check_arguments(wanted, job["args"], job["kwargs"])
    except BaseException as error:  # noqa: BLE001 - also of sys.exit() in a module: no target ran
        _exit_with_error(channel, "failed-to-start", error)
    reporting.connect(channel)
    if pool_socket is not None:
        from procession import pool_host

        pool_host.connect(pool_socket.detach())
    _report_booted(channel)
    try:
        target.call(wanted, job["args"], job["kwargs"])
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - any of them ends the process, as in the stdlib
        channel.flush()
        _exit_with_error(channel, "failed-to-start" if isinstance(error, failures.CannotRun) else "raised", error)
    finally:
        channel.flush()


def _take_over(connection: Connection[None, None]) -> int:
    fd = os.dup(connection.fileno())
    connection.close()
    return fd


def _report_booted(channel: Channel) -> None:
    channel.tell(
        "booted",
        python="{}.{}.{}".format(*sys.version_info),
        preloaded=os.getpid() != _IMPORTED_BY,
        stack_signal=surroundings.STACK_SIGNAL,
    )


def _exit_with_error(channel: Channel, kind: str, error: BaseException) -> None:
    """Report and print the error without our own frames, then exit with code 1 as `multiprocessing` does."""
    line, text = failures.describe(error)
    channel.tell(kind, error=line, traceback=text)
    sys.stderr.write(f"Process {current_process().name}:\n{text}")
    sys.exit(1)
