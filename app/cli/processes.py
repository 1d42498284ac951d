"""The commands about processes: list, launch, the verbs, signals, joins, stacks."""

from __future__ import annotations

import time
from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from typing import Any

import msgspec

from app.protocol.control import Act, Join, Launch, SendSignal, Stack, Workloads
from app.records.errors import ProcessionError
from app.records.primitives import JsonDict
from app.records.process import LaunchSpec, Process, RestartPolicy, Verb

from . import tables as output
from .arguments import Add, count, folder, pair, seconds, typed, untyped
from .session import BY, Session

# A join without a limit waits for its process, however long that takes.
JOIN_MARGIN_S = 10.0


_VERBS = {
    "terminate": "SIGTERM, then after the grace SIGKILL to its whole tree",
    "kill": "SIGKILL to its whole tree at once",
    "close": "release an ended process, like Process.close()",
    "restart": "stop it, where it runs, and start it again",
    "suspend": "SIGSTOP",
    "resume": "SIGCONT",
    "start": "start a created process",
}


def add_commands(add: Add) -> None:
    """Add the commands about processes and the catalogue."""
    add("ps", "list the processes", ps, of_one=False)
    add("workloads", "list the catalogue", workloads, of_one=False)
    _launch_options(add("launch", "launch a workload, or a function of your own", launch, of_one=False))
    waiting = add("join", "wait until it has ended", join)
    waiting.add_argument("--timeout", type=seconds, metavar="S", help="fail where it runs longer than this")
    for name, text in _VERBS.items():
        add(name, text, act)
    add("signal", "send any signal", send_signal).add_argument(
        "signal", metavar="NAME", help="e.g. SIGUSR1, USR1 or 10"
    )
    add("stack", "where its code is right now", stack)


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


def ps(session: Session, args: Namespace) -> None:
    """Every process, as a table."""
    processes = sorted(session.snapshot().processes, key=lambda process: (len(process.id), process.id))
    _write_processes(processes, args)


def workloads(session: Session, args: Namespace) -> None:
    """The catalogue, with the parameters and what to look at."""
    catalogue = _catalogue(session)
    if args.json:
        output.write_json(catalogue)
        return
    for workload in catalogue:
        output.write(f"{workload['name']:<18}{workload['description']}")
        for parameter in workload["parameters"]:
            output.write(f"{'':<18}--param {_told(parameter)}")


def launch(session: Session, args: Namespace) -> None:
    """Create processes, and start them."""
    spec = LaunchSpec(
        workload=args.workload,
        params=typed(args.param, _parameters(session, args.workload)) if args.workload else {},
        target=args.target,
        args=tuple(untyped(text) for text in args.arg),
        kwargs={} if args.workload else {name: untyped(text) for name, text in args.param},
        path=args.path if args.target else None,
        name=args.name,
        start_method=args.start_method,
        daemon=args.daemon,
        auto_start=args.auto_start,
        auto_join=args.auto_join,
        grace_s=args.grace,
        restart=_policy(args),
        stuck_after_s=args.stuck_after,
    )
    made = session.ask(lambda request: Launch(request=request, by=BY, spec=spec, count=args.count))
    _write_processes(msgspec.convert(made["processes"], list[Process]), args)


def act(session: Session, args: Namespace) -> None:
    """Do the verb, to exactly the run that was found."""
    process = session.find(args.id)
    verb = Verb(args.command)
    answer = session.ask(lambda request: Act(request=request, by=BY, process=process.id, verb=verb, pid=process.pid))
    _write_process(answer, args, {Verb.SUSPEND: "SIGSTOP", Verb.RESUME: "SIGCONT"}.get(verb))


def send_signal(session: Session, args: Namespace) -> None:
    """Send any signal."""
    process = session.find(args.id)
    answer = session.ask(
        lambda request: SendSignal(request=request, by=BY, process=process.id, signal=args.signal, pid=process.pid)
    )
    _write_process(answer, args, args.signal)


def join(session: Session, args: Namespace) -> None:
    """Wait for the end."""
    process = session.find(args.id)
    limit = None if args.timeout is None else args.timeout + JOIN_MARGIN_S
    answer = session.ask(
        lambda request: Join(request=request, by=BY, process=process.id, timeout_s=args.timeout), limit
    )
    if args.json:
        output.write_json(answer)
    elif answer["joined"]:
        output.write(f"{process.id} ended with exit code {answer['exitcode']}")
    if not answer["joined"]:
        raise ProcessionError(f"{process.id} did not end within {args.timeout:g} s")


def stack(session: Session, args: Namespace) -> None:
    """Where it is right now."""
    process = session.find(args.id)
    answer = session.ask(lambda request: Stack(request=request, by=BY, process=process.id))
    output.write_stack(process.id, answer, as_json=args.json)


def _write_processes(processes: Any, args: Namespace) -> None:
    now = time.time()
    if args.json:
        output.write_json([output.record(process, now) for process in processes])
    else:
        output.write_processes(processes, now)


def _write_process(answer: JsonDict, args: Namespace, sent: str | None = None) -> None:
    """Its state; but what follows from a signal is not there yet when the answer is."""
    process = msgspec.convert(answer, Process)
    if args.json:
        output.write_json(output.record(process, time.time()))
    elif sent:
        output.write(output.clean(f"{process.id} was sent {sent}"))
    else:
        output.write(f"{process.id} is {process.state}")


def _catalogue(session: Session) -> list[JsonDict]:
    answer = session.ask(lambda request: Workloads(request=request, by=BY))
    return list(answer["workloads"])


def _parameters(session: Session, name: str) -> dict[str, JsonDict]:
    for workload in _catalogue(session):
        if workload["name"] == name:
            return {parameter["name"]: parameter for parameter in workload["parameters"]}
    return {}  # The supervisor refuses it, and knows what there is


def _told(parameter: JsonDict) -> str:
    low, high, choices = (parameter.get(key) for key in ("minimum", "maximum", "choices"))
    allowed = " | ".join(output.plain(choice) for choice in choices) if choices else parameter["type"]
    if low is not None or high is not None:
        allowed += f" {'' if low is None else output.plain(low)}…{'' if high is None else output.plain(high)}"
    told = f"{parameter['name']}={output.plain(parameter.get('default'))} ({allowed})"
    return f"{told}: {parameter['help']}" if parameter.get("help") else told


def _policy(args: Namespace) -> RestartPolicy | None:
    if args.restart is None:
        return None
    limit = RestartPolicy().limit if args.restart_limit is None else args.restart_limit
    return RestartPolicy(policy=args.restart, limit=limit)
