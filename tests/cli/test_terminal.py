"""Text of others, wherever a command prints it, cannot control the terminal."""

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli import tables
from app.protocol.control import Launch
from app.records.process import LaunchSpec
from tests.instance import Instance
from tests.waiting import wait_until

#: ESC, C1, a bell, bidirectional controls.
HOSTILE = "\x1b]0;x\x07\x9b2J\r\u202e\u2066"
SCRIPT = f"""
import sys, time
hostile = {HOSTILE!r}
print("log", hostile)
print("crlf\\r")
sys.stdout.flush()
raise RuntimeError(hostile + "\\nprocession: a line of its own")
"""


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with Instance(tmp_path_factory.mktemp("cli") / "home") as running:
        yield running


@pytest.fixture(scope="module")
def failed(instance: Instance, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A process with a hostile log and a hostile error; returns its id."""
    folder = tmp_path_factory.mktemp("target")
    lines = "".join(f"    {line}\n" for line in SCRIPT.strip().splitlines())
    (folder / "hostile.py").write_text(f"def work():\n{lines}")
    spec = LaunchSpec(target="hostile:work", path=str(folder))
    made = instance.call(Launch(request=1, by="test", spec=spec))["processes"][0]["id"]
    instance.wait_state(made, "joined")
    wait_until(lambda: any(one["kind"] == "exited" for one in instance.ask("events", "--process", made)))
    return str(made)


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["table", "json"])
@pytest.mark.parametrize("command", ["ps", "events", "logs"])
def test_output_is_printable(instance: Instance, failed: str, command: str, options: tuple[str, ...]) -> None:
    """As a table and as JSON, with line ends and tabs only."""
    done = instance.cli(command, *([failed] if command == "logs" else []), *options)
    assert done.stdout.translate({ord("\n"): "", ord("\t"): ""}).isprintable()
    assert "x1b" in done.stdout or "u001b" in done.stdout


def test_a_refusal_on_standard_error_is_one_printable_line(instance: Instance) -> None:
    refused = instance.cli("kill", f"{HOSTILE}\nprocession: done")
    assert refused.returncode == 1
    assert refused.stderr.endswith("\n")
    assert refused.stderr[:-1].isprintable()


def test_wrong_usage_is_printable(instance: Instance) -> None:
    refused = instance.cli("ps", f"--{HOSTILE}")
    assert refused.returncode == 2
    assert refused.stderr.replace("\n", "").isprintable()


def test_a_refusal_of_serve_is_one_printable_line(tmp_path: Path) -> None:
    """Settings may come from a file in the current folder."""
    serve = Instance(tmp_path / "home", port=HOSTILE)
    serve.start()
    assert serve.wait_ended() == 1
    assert serve.stderr()[:-1].isprintable()
    assert r"\x1b" in serve.stderr()


def test_json_has_the_text_itself(instance: Instance, failed: str) -> None:
    """Its escapes are those of JSON."""
    process = next(one for one in instance.ask("ps") if one["id"] == failed)
    assert HOSTILE in process["error"]
    part = json.loads(instance.cli("logs", failed, "--json").stdout.splitlines()[0])
    assert f"log {HOSTILE}\n" in part["text"]


def test_raw_logs_are_the_bytes_that_were_written(instance: Instance, failed: str) -> None:
    raw = instance.cli("logs", failed, "--raw").stdout
    path: Path = instance.home / "logs" / f"{failed}.log"
    assert raw == path.read_bytes().decode()
    assert HOSTILE in raw
    shown = instance.cli("logs", failed).stdout
    assert "crlf\n" in shown
    assert "log \\x1b]0;x\\x07\\x9b2J\\r\\u202e\\u2066\n" in shown


def test_every_way_to_write_makes_text_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table, a line, JSON, a line on standard error; only these functions write."""
    out, error = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", error)
    tables.write_table(("NAME",), [(HOSTILE,)])
    tables.write(HOSTILE)
    tables.write_json({"name": HOSTILE})
    tables.write_json_line([HOSTILE])
    tables.write_log(HOSTILE)
    tables.say(HOSTILE)
    for stream in (out, error):
        written = stream.buffer.getvalue().decode()  # type: ignore[attr-defined]  # of BytesIO
        assert written.replace("\n", "").isprintable()
        assert "x1b" in written
