"""The `procession` command: its parser, and its exit codes.

Exit codes: 0 done, 1 refused or failed (message on standard error), 2 wrong usage, 3 no instance running.
`serve` becomes the launcher; `run` has the exit code of its program; every other command talks to a running supervisor
over its socket.
"""

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from contextlib import closing
from importlib import metadata
from typing import NoReturn, TypeAlias

from app import settings
from app.records.errors import ProcessionError
from app.records.visible import visible_lines
from app.settings import SettingsError

from . import events, logs, pools, processes, programs, tables
from .session import NoInstance, Session

Run: TypeAlias = Callable[[Session, Namespace], None]

DONE, FAILED, USAGE, NO_INSTANCE, INTERRUPTED = 0, 1, 2, 3, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; exit with 2 if the usage is wrong."""
    args = _parser().parse_args(argv)
    try:
        return _run(args)
    except BrokenPipeError:
        # The reader has closed the pipe: nothing may be flushed into it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        return DONE if getattr(args, "follow", False) else INTERRUPTED
    except NoInstance as error:
        return _failed(error, NO_INSTANCE)
    except (ProcessionError, SettingsError, OSError) as error:
        return _failed(error, FAILED)


def _run(args: Namespace) -> int:
    if args.command == "serve":
        from app.launcher.launcher import serve

        return serve(as_json=args.json)
    if args.command == "run":
        from .run import run

        args.argv = programs.command_of(args)
        return run(settings.load(), args)
    with closing(Session(settings.load())) as session:
        args.run(session, args)
    return DONE


def _failed(error: Exception, code: int) -> int:
    tables.say(str(error))
    return code


class _Parser(ArgumentParser):
    """Repeats no control characters of the arguments."""

    def error(self, message: str) -> NoReturn:
        """Exit with 2."""
        super().error(visible_lines(message))


def _parser() -> ArgumentParser:
    text = "Supervise Python multiprocessing processes, pools and programs from the browser and the command line."
    parser = _Parser(prog="procession", description=text, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"procession {metadata.version('procession')}")
    adder = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str, run: Run | None = None, *, of_one: bool = True) -> ArgumentParser:
        command = adder.add_parser(name, help=text, description=text, allow_abbrev=False)
        command.add_argument("--json", action="store_true", help="print JSON")
        command.set_defaults(run=run)
        if of_one:
            command.add_argument("id", metavar="ID", help="id of a process, or its name if that is unique")
        return command

    add("serve", "start the supervisor and the web interface, and keep them running", of_one=False)
    for noun in (processes, logs, events, pools, programs):
        noun.add_commands(add)
    return parser
