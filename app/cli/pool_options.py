"""What may be typed after the commands about pools; see `cli`."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable
from typing import TypeAlias

from app.records.pool import JobMethod, WorkerVerb

from . import pools as pool_commands
from .arguments import count, folder, json_list, json_object, natural, seconds, whole

Add: TypeAlias = Callable[..., ArgumentParser]
POOL = "the id of a pool, or its name where only one has it"


def add_commands(add: Add) -> None:
    """Add the commands; ``add`` makes the parser of one."""
    add("pools", "list the pools", pool_commands.pools, of_one=False)
    one = add("pool", "one pool with its workers and jobs", pool_commands.pool, of_one=False)
    one.add_argument("id", metavar="ID", help=POOL)
    _open_options(add("open-pool", "open a pool whose workers can be killed", pool_commands.open_pool, of_one=False))
    _submit_options(add("submit", "run a job in a pool", pool_commands.submit, of_one=False))
    _worker_options(add("worker", "act on one worker of a pool", pool_commands.worker, of_one=False))


def _open_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--name", help="what to call it")
    add("--processes", type=count, metavar="N", help="how many workers (default: one per CPU)")
    add("--start-method", choices=("forkserver", "spawn", "fork"))
    add("--maxtasksperchild", type=count, metavar="N", help="replace a worker after so many tasks")
    add("--retries", type=natural, metavar="N", help="how often to try a task again that was lost (default: 0)")
    add("--stuck-after", type=seconds, metavar="S", help="busy for so long without ending a task counts as stuck")


def _submit_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("pool", metavar="POOL", help=POOL)
    methods = tuple(map(str, JobMethod))
    add("method", metavar="METHOD", choices=methods, help=", ".join(methods))
    add("function", metavar="FUNCTION", help="a function of the catalogue, or MODULE:FUNCTION of your own")
    add("--args", type=json_list, default=[], metavar="JSON", help="the arguments of apply, e.g. '[1, 2]'")
    add("--kwargs", type=json_object, default={}, metavar="JSON", help="its keyword arguments")
    items = parser.add_mutually_exclusive_group().add_argument
    items("--iterable", type=json_list, metavar="JSON", help="the items of a map, e.g. '[1, 2, 3]'")
    items("--range", type=whole, nargs=2, metavar=("START", "STOP"), help="the items of a map, as Python's range")
    add("--chunksize", type=count, metavar="N", help="how many items make one task")
    add("--path", type=folder, default=".", metavar="DIR", help="where the module lies (default: here)")
    add("--wait", action="store_true", help="wait until it has ended; fail where a task was lost or raised")


def _worker_options(parser: ArgumentParser) -> None:
    verbs = (*map(str, WorkerVerb), pool_commands.STACK)
    parser.add_argument("pool", metavar="POOL", help=POOL)
    parser.add_argument("pid", metavar="PID", type=count, help="the pid of the worker")
    parser.add_argument("verb", metavar="VERB", choices=verbs, help=", ".join(verbs))
