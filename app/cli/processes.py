"""The commands for processes: list, launch, the verbs, signals, joins, stacks."""

from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from typing import Any

import msgspec

from app.protocol.control import Act, Join, Launch, SendSignal, Stack, Workloads
from app.records.errors import ProcessionError
from app.records.primitives import JsonDict
from app.records.process import LaunchSpec, Process, RestartPolicy
from app.records.verbs import EFFECTS, Verb

from . import tables
from .arguments import Add, count, folder, pair, seconds, typed, untyped
from .session import Session

# How much longer than the join itself the command line waits for the answer.
JOIN_MARGIN_S = 10.0


def add_commands(add: Add) -> None:
    """Add the commands for processes and the catalogue."""
    add("ps", "list the processes", ps, of_one=False)
    add("workloads", "list the workloads of the catalogue, with their parameters", workloads, of_one=False)
    _launch_options(add("launch", "launch a workload, or your own function", launch, of_one=False))
    waiting = add("join", EFFECTS["join"], join)
    waiting.add_argument("--timeout", type=seconds, metavar="S", help="fail if it has not ended after S seconds")
    for verb in Verb:
        add(verb.value, verb.effect, act)
    add("signal", EFFECTS["signal"], send_signal).add_argument(
        "signal", metavar="NAME", help="SIGUSR1, USR1 or 10, for example"
    )
    add("stack", EFFECTS["stack"], stack)


def _launch_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    what = parser.add_mutually_exclusive_group(required=True).add_argument
    what("workload", nargs="?", metavar="NAME", help="workload of the catalogue, see `procession workloads`")
    what("--target", metavar="MODULE:FUNCTION", help="your own function; --param gives its keyword arguments")
    add("--param", type=pair, action="append", default=[], metavar="NAME=VALUE", help="set a parameter; repeatable")
    add("--arg", action="append", default=[], metavar="VALUE", help="positional argument for --target; repeatable")
    add("--path", type=folder, default=".", metavar="DIR", help="folder of MODULE (default: current folder)")
    add("--name", help="name of the process (default: multiprocessing's)")
    add("--count", type=count, default=1, metavar="N", help="launch N processes (default: 1)")
    add("--start-method", choices=("forkserver", "spawn", "fork"), help="how to start it (default: forkserver)")
    add("--daemon", action=BooleanOptionalAction, help="make it daemonic: it cannot have child processes")
    add("--auto-start", action=BooleanOptionalAction, default=True, help="start it at once (default: yes)")
    add("--auto-join", action=BooleanOptionalAction, help="join it as soon as it has ended (default: yes)")
    add("--grace", type=seconds, metavar="S", help="seconds between SIGTERM and SIGKILL")
    add("--stuck-after", type=seconds, metavar="S", help="seconds without progress until it counts as stuck")
    add("--restart", choices=("never", "on-failure", "always"), help="when to restart it automatically")
    add("--restart-limit", type=count, metavar="N", help="give up after N restarts in a row")


def ps(session: Session, args: Namespace) -> None:
    processes = sorted(session.snapshot().processes, key=lambda process: (len(process.id), process.id))
    _write_processes(session, processes, args)


def workloads(session: Session, args: Namespace) -> None:
    """Print the catalogue with its parameters."""
    catalogue = _catalogue(session)
    if args.json:
        tables.write_json(catalogue)
        return
    for workload in catalogue:
        tables.write(f"{workload['name']:<18}{workload['description']}")
        for parameter in workload["parameters"]:
            tables.write(f"{'':<18}--param {_described(parameter)}")


def launch(session: Session, args: Namespace) -> None:
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
    made = session.ask(Launch(spec=spec, count=args.count))
    _write_processes(session, msgspec.convert(made["processes"], list[Process]), args)


def act(session: Session, args: Namespace) -> None:
    """Apply a verb to the process with the pid that was found."""
    process = session.find(args.id)
    verb = Verb(args.command)
    answer = session.ask(Act(process=process.id, verb=verb, pid=process.pid))
    _write_process(session, answer, args, {Verb.SUSPEND: "SIGSTOP", Verb.RESUME: "SIGCONT"}.get(verb))


def send_signal(session: Session, args: Namespace) -> None:
    process = session.find(args.id)
    answer = session.ask(SendSignal(process=process.id, signal=args.signal, pid=process.pid))
    _write_process(session, answer, args, args.signal)


def join(session: Session, args: Namespace) -> None:
    process = session.find(args.id)
    limit = None if args.timeout is None else args.timeout + JOIN_MARGIN_S
    answer = session.ask(Join(process=process.id, timeout_s=args.timeout), limit)
    if args.json:
        tables.write_json(answer)
    elif answer["joined"]:
        tables.write(f"{process.id} exited with code {answer['exitcode']}")
    if not answer["joined"]:
        raise ProcessionError(f"{process.id} has not ended after {args.timeout:g} s")


def stack(session: Session, args: Namespace) -> None:
    process = session.find(args.id)
    answer = session.ask(Stack(process=process.id))
    tables.write_stack(process.id, answer, as_json=args.json)


def _write_processes(session: Session, processes: Any, args: Namespace) -> None:
    now = session.now()
    if args.json:
        tables.write_json([tables.record(process, now) for process in processes])
    else:
        tables.write_processes(processes, now)


def _write_process(session: Session, answer: JsonDict, args: Namespace, sent: str | None = None) -> None:
    """Print the state of a process, or the signal sent: its effect is not in the record yet."""
    process = msgspec.convert(answer, Process)
    if args.json:
        tables.write_json(tables.record(process, session.now()))
    elif sent:
        tables.write(f"sent {sent} to {process.id}")
    else:
        tables.write(f"{process.id} is {process.state}")


def _catalogue(session: Session) -> list[JsonDict]:
    answer = session.ask(Workloads())
    return list(answer["workloads"])


def _parameters(session: Session, name: str) -> dict[str, JsonDict]:
    for workload in _catalogue(session):
        if workload["name"] == name:
            return {parameter["name"]: parameter for parameter in workload["parameters"]}
    return {}  # The supervisor refuses the name, and lists those of the catalogue


def _described(parameter: JsonDict) -> str:
    low, high, choices = (parameter.get(key) for key in ("minimum", "maximum", "choices"))
    allowed = " | ".join(tables.plain(choice) for choice in choices) if choices else parameter["type"]
    if low is not None or high is not None:
        allowed += f" {'' if low is None else tables.plain(low)}…{'' if high is None else tables.plain(high)}"
    text = f"{parameter['name']}={tables.plain(parameter.get('default'))} ({allowed})"
    return f"{text}: {parameter['help']}" if parameter.get("help") else text


def _policy(args: Namespace) -> RestartPolicy | None:
    if args.restart is None:
        return None
    limit = RestartPolicy().limit if args.restart_limit is None else args.restart_limit
    return RestartPolicy(policy=args.restart, limit=limit)
