"""What may be typed after the commands about programs; see `cli`."""

from __future__ import annotations

import argparse

from app.records.resource import ResourceKind

from . import programs as program_commands
from .pool_options import Add

PROGRAM = "the id of a program, or its name where only one has it"


def add_commands(add: Add) -> None:
    """Add the commands; ``add`` makes the parser of one."""
    _run_options(add("run", "run a program in this terminal, and see inside it from the page", of_one=False))
    add("programs", "list the observed programs", program_commands.programs, of_one=False)
    resources = add("resources", "list what programs hold: queues, locks …", program_commands.resources, of_one=False)
    resources.add_argument("--program", metavar="ID", help=PROGRAM)
    resources.add_argument("--kind", choices=tuple(map(str, ResourceKind)), help="of one kind only")
    about = "who waits for what, and what is wrong: deadlocks, abandoned locks …"
    waits = add("waits", about, program_commands.waits, of_one=False)
    waits.add_argument("--program", metavar="ID", help=PROGRAM)
    of_lock = add("break", "release a lock whose holder is dead", program_commands.break_lock, of_one=False)
    of_lock.add_argument("resource", metavar="RESOURCE", help="the id of a lock or a semaphore, see resources")


def _run_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--name", help="what to call it (default: the name of its script)")
    add("--safe-pool", action="store_true", help="let procession.Pool take the place of multiprocessing.Pool in it")
    add("--track-owners", action="store_true", help="note who takes each lock; a lock then costs up to three times")
    add("--anyway", action="store_true", help="where no instance is running, run it without observation")
    add("argv", nargs=argparse.REMAINDER, metavar="COMMAND…", help="the program with its arguments")
    parser.set_defaults(parser=parser)


def command_of(args: argparse.Namespace) -> list[str]:
    """What is to be run; wrong usage where it is nothing."""
    argv: list[str] = args.argv[1:] if args.argv[:1] == ["--"] else args.argv
    if not argv or not argv[0]:
        args.parser.error("name the program to run, for example: procession run -- python train.py")
    return argv
