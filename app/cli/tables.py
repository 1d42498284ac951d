"""The output of the command line: JSON for scripts, aligned tables for people.

Names, arguments, causes and errors are text of others.  Every function that writes here replaces what would control the
terminal with an escape; only ``logs --raw`` writes past this module.
"""

import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from app.records.event import Event
from app.records.primitives import JsonDict
from app.records.process import Process
from app.records.visible import visible, visible_json, visible_lines

PROCESS_HEAD = (
    "ID", "NAME", "WORKLOAD", "PID", "PPID", "METHOD", "STATE", "EXIT",
    "CPU%", "RSS", "UPTIME", "BELOW", "RESTARTS", "NOTE",
)  # fmt: skip
RIGHT = {
    "PID", "PPID", "EXIT", "CPU%", "RSS", "UPTIME", "BELOW", "RESTARTS",
    "WORKERS", "QUEUED", "RUNNING", "DONE", "FAILED", "LOST", "RETRIED", "TASKS/S",
    "PROCESSES", "OBSERVED", "NOT SEEN", "USERS",
    "BUSY", "WAITING", "WORKING", "JOB", "TASKS", "TIME", "LEFT",
}  # fmt: skip


def write_json(value: object) -> None:
    """Write a value as indented JSON."""
    _write(visible_json(msgspec.json.format(msgspec.json.encode(value), indent=2).decode()))


def write_json_line(value: object) -> None:
    """Write a value as one line of JSON, for streams."""
    _write(json_line(value))


def json_line(value: object) -> str:
    """Return a value as one line of JSON that is safe for a terminal."""
    return visible_json(msgspec.json.encode(value).decode())


def write(text: str) -> None:
    """Write one line and flush."""
    _write(visible(text))


def say(text: str) -> None:
    """Write one line to standard error."""
    sys.stderr.write(visible(f"procession: {text}") + "\n")
    sys.stderr.flush()


def write_log(text: str) -> None:
    """Write a part of a log."""
    sys.stdout.buffer.write(visible_lines(text.replace("\r\n", "\n")).encode())
    sys.stdout.flush()


def _write(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def write_processes(processes: Iterable[Process], now: float) -> None:
    """Write the table of `procession ps`."""
    write_table(PROCESS_HEAD, [_process_row(process, now) for process in processes])


def write_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write a table, with columns as wide as their widest cell and numbers aligned to the right."""
    cells = [head, *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    for row in cells:
        aligned = (
            cell.rjust(width) if name in RIGHT else cell.ljust(width)
            for name, cell, width in zip(head, row, widths, strict=True)
        )
        write("  ".join(aligned).rstrip())


def write_stack(whose: str, answer: JsonDict, *, as_json: bool) -> None:
    """Write the stack of a process, with its source and notes."""
    if as_json:
        write_json(answer)
        return
    write(f"{whose}, captured with {answer['source']}:")
    for line in (*answer["text"].splitlines(), *answer.get("notes", ())):
        write(line)


def write_events(events: Iterable[Event], *, as_json: bool) -> None:
    if as_json:
        write_json(list(events))
    else:
        for event in events:
            write_event(event)


def write_event(event: Event) -> None:
    """Write an event in one line."""
    at = time.strftime("%H:%M:%S", time.localtime(event.at))
    whose = f"{event.name or event.process} ({event.pid})" if event.pid else event.name or event.process or "–"
    write(f"{at}.{int(event.at % 1 * 1000):03}  {event.kind:<12}  {whose}: {event.text} [{event.by}]")


def record(process: Process, now: float) -> JsonDict:
    """Return a process as JSON values, with ``uptime_s`` as in the HTTP API."""
    return {**msgspec.to_builtins(process), "uptime_s": _uptime_s(process, now)}


def duration(seconds: float | None) -> str:
    """Return a duration in at most two units: ``0.4 s``, ``12 s``, ``3 m 20 s``, ``2 h 4 m``, ``1 d 3 h``."""
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, left = divmod(hours, 24)
    if days:
        return f"{days} d {left} h"
    if hours:
        return f"{hours} h {minutes} m"
    return f"{minutes} m {rest} s" if minutes else f"{rest} s"


def size(count: int | None) -> str:
    """Return a size in binary units: ``12.3 MiB``."""
    if count is None:
        return ""
    value = float(count)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.1f} {unit}" if unit != "B" else f"{count} B"
        value /= 1024
    return f"{value:.1f} GiB"


def _process_row(process: Process, now: float) -> tuple[object, ...]:
    return (
        process.id,
        process.name,
        process.workload or process.target,
        process.pid,
        process.ppid,
        process.start_method,
        process.state,
        process.exitcode,
        None if process.cpu_percent is None else f"{process.cpu_percent:.1f}",
        size(process.rss_bytes),
        duration(_uptime_s(process, now)),
        process.descendants or None,
        process.restarts or None,
        _note(process, now),
    )


def _note(process: Process, now: float) -> str:
    if process.stuck:
        return f"stuck: {process.stuck.reason}"
    if process.stopping and process.stopping.kill_at:
        return f"{process.stopping.signal} sent, SIGKILL in {duration(max(0.0, process.stopping.kill_at - now))}"
    if process.backoff:
        wait = duration(max(0.0, process.backoff.until - now))
        return f"restart {process.backoff.attempt} of {process.backoff.limit} in {wait}; {process.cause or ''}"
    return process.cause or process.error or ""


def _uptime_s(process: Process, now: float) -> float | None:
    if process.start_time is None:
        return None
    return max(0.0, round((process.exited_at or now) - process.start_time, 3))


def _cell(value: object) -> str:
    return "" if value is None else visible(str(value))


def plain(value: Any) -> str:
    """Return the default or limit of a parameter as one would type it."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
