"""The figures of all processes in Prometheus' text exposition format, version 0.0.4."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from app.supervisor.delta import Mirror
from app.supervisor.model import JsonDict, State

MIMETYPE = "text/plain; version=0.0.4"


def text(state: Mirror) -> str:
    """All metrics of one moment."""
    return "\n".join(_lines(state)) + "\n"


def _lines(state: Mirror) -> Iterator[str]:
    records = list(state.processes.values())
    counts = Counter(record["state"] for record in records)
    yield from _head("procession_processes", "gauge", "Processes by state.")
    yield from (f'procession_processes{{state="{each}"}} {counts[each]}' for each in State)
    yield from _head("procession_stuck", "gauge", "Processes that are judged to be stuck.")
    yield f"procession_stuck {sum(record['stuck'] is not None for record in records)}"
    yield from _head("procession_descendants", "gauge", "Processes below the supervised ones.")
    yield f"procession_descendants {len(state.descendants)}"
    alive = [record for record in records if record["alive"]]
    yield from _per_process("procession_cpu_percent", "gauge", "CPU of one core.", alive)
    yield from _per_process("procession_rss_bytes", "gauge", "Resident memory.", alive)
    yield from _per_process("procession_restarts", "counter", "Restarts, asked or by policy.", records)
    yield from _own(state.supervisor)


def _per_process(name: str, kind: str, help_text: str, records: Iterable[JsonDict]) -> Iterator[str]:
    field = name.removeprefix("procession_")
    shown = name + ("_total" if kind == "counter" else "")
    yield from _head(shown, kind, help_text)
    for record in records:
        if record[field] is not None:
            yield f"{shown}{{{_labels(record)}}} {record[field]}"


def _own(supervisor: JsonDict) -> Iterator[str]:
    for field in ("cpu_percent", "rss_bytes", "fds"):
        if supervisor[field] is not None:
            name = f"procession_supervisor_{field}"
            yield from _head(name, "gauge", f"{field} of the supervisor itself.")
            yield f"{name} {supervisor[field]}"


def _head(name: str, kind: str, help_text: str) -> Iterator[str]:
    yield f"# HELP {name} {help_text}"
    yield f"# TYPE {name} {kind}"


def _labels(record: JsonDict) -> str:
    labels = {"id": record["id"], "name": record["name"], "workload": record["workload"] or record["target"]}
    return ",".join(f'{label}="{_escaped(content)}"' for label, content in labels.items())


def _escaped(content: str) -> str:
    return content.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
