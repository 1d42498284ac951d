"""The `procession` command: what may be typed, and which exit code comes back.

Exit codes: 0 done, 1 refused or failed (message on standard error), 2 usage, 3 no instance running.
`serve` becomes the launcher, `run` ends as what it ran; every other command talks to a running supervisor
through its socket.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from collections.abc import Sequence
from importlib import metadata

from . import commands, follow, pool_options, program_options, settings
from .argument_types import count, folder, pair, seconds
from .session import NoInstance, Session
from .settings import SettingsError
from .supervisor.errors import ProcessionError

DONE, FAILED, USAGE, NO_INSTANCE, INTERRUPTED = 0, 1, 2, 3, 130
VERBS = {
    "terminate": "SIGTERM, then after the grace SIGKILL to its whole tree",
    "kill": "SIGKILL to its whole tree at once",
    "close": "release an ended process, like Process.close()",
    "restart": "stop it, where it runs, and start it again",
    "suspend": "SIGSTOP",
    "resume": "SIGCONT",
    "start": "start a created process",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code, or exits with 2 where the usage is wrong."""
    args = _parser().parse_args(argv)
    try:
        return _run(args)
    except BrokenPipeError:
        # Whoever read us has seen enough; nothing may be flushed into the pipe at exit.
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
        from .launcher import serve

        return serve(as_json=args.json)
    if args.command == "run":
        from .foreground import run

        args.argv = program_options.command_of(args)
        return run(settings.load(), args)
    args.run(Session(settings.load()), args)
    return DONE


def _failed(error: Exception, code: int) -> int:
    print(f"procession: {error}", file=sys.stderr)
    return code


def _parser() -> ArgumentParser:
    text = "Supervise Python multiprocessing work, from a browser and from here."
    parser = ArgumentParser(prog="procession", description=text, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"procession {metadata.version('procession')}")
    adder = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str, run: commands.Run | None = None, *, of_one: bool = True) -> ArgumentParser:
        command = adder.add_parser(name, help=text, description=text, allow_abbrev=False)
        command.add_argument("--json", action="store_true", help="write JSON")
        command.set_defaults(run=run)
        if of_one:
            command.add_argument("id", metavar="ID", help="the id of a process, or its name where only one has it")
        return command

    add("serve", "start the supervisor and the web page, and keep them running", of_one=False)
    add("ps", "list the processes", commands.ps, of_one=False)
    add("workloads", "list the catalogue", commands.workloads, of_one=False)
    _launch_options(add("launch", "launch a workload, or a function of your own", commands.launch, of_one=False))
    join = add("join", "wait until it has ended", commands.join)
    join.add_argument("--timeout", type=seconds, metavar="S", help="fail where it runs longer than this")
    for name, text in VERBS.items():
        add(name, text, commands.act)
    add("signal", "send any signal", commands.send_signal).add_argument(
        "signal", metavar="NAME", help="e.g. SIGUSR1, USR1 or 10"
    )
    logs = add("logs", "what it wrote to its standard output and error", follow.logs)
    logs.add_argument("-f", "--follow", action="store_true", help="go on until it has ended")
    add("stack", "where its code is right now", commands.stack)
    _events_options(add("events", "the journal: what happened, and by whom", follow.events, of_one=False))
    pool_options.add_commands(add)
    program_options.add_commands(add)
    return parser


def _launch_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    what = parser.add_mutually_exclusive_group(required=True).add_argument
    what("workload", nargs="?", metavar="NAME", help="a name of the catalogue, see `procession workloads`")
    what("--target", metavar="MODULE:FUNCTION", help="a function of your own instead; --param are its kwargs")
    add(
        "--param",
        type=pair,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter; repeatable",
    )
    add(
        "--arg",
        action="append",
        default=[],
        metavar="VALUE",
        help="a positional argument of --target; repeatable",
    )
    add(
        "--path",
        type=folder,
        default=".",
        metavar="DIR",
        help="where the module of --target lies (default: here)",
    )
    add("--name", help="what to call it")
    add("--count", type=count, default=1, metavar="N", help="how many (default: 1)")
    add("--start-method", choices=("forkserver", "spawn", "fork"))
    add("--daemon", action=BooleanOptionalAction, help="it may have no children of its own")
    add("--auto-start", action=BooleanOptionalAction, default=True, help="start it at once (default)")
    add("--auto-join", action=BooleanOptionalAction, help="join it as soon as it ends")
    add("--grace", type=seconds, metavar="S", help="how long after SIGTERM comes SIGKILL")
    add("--stuck-after", type=seconds, metavar="S", help="without progress for so long it counts as stuck")
    add("--restart", choices=("never", "on-failure", "always"), help="when to start it again by itself")
    add("--restart-limit", type=count, metavar="N", help="how many restarts in a row until it is given up")


def _events_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("-f", "--follow", action="store_true", help="go on with what happens from now on")
    add("--process", metavar="ID", help="of one process only")
    add("--limit", type=count, default=200, metavar="N", help="how many of the newest to begin with")
