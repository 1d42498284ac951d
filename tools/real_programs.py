"""Run real programs with and without `procession run`, and print what was observed of each.

    python -m tools.real_programs [NAME …]

A throw-away environment is made with what they need (scikit-learn, joblib, pytest-xdist, gunicorn, mpire, black) in a
temporary folder, and an instance of Procession with a home of its own; nothing of either is left afterwards.  A trial
is right where the program ends as it does alone, and what it has made was seen: that is for a person to judge, but an
end that differs makes the exit code 1.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.instance import Instance
from tests.waiting import wait_until

PROGRAMS = Path(__file__).with_name("real")
DEADLINE_S = 120
POLL_S = 0.1
# So long a program that would never end is looked at.
LOOKED_AT_S = 6


@dataclass(frozen=True, kw_only=True)
class Trial:
    """``arguments`` follow the environment's Python; an ``endless`` one is ended by SIGTERM after a while, and one
    that leaves a daemon behind is looked at for so many seconds more.
    """

    name: str
    arguments: tuple[str, ...]
    packages: tuple[str, ...] = ()
    endless: bool = False
    outlived_s: float = 0.0


@dataclass
class Seen:
    """What was observed of one program, from its start to its end."""

    processes: dict[str, str] = field(default_factory=dict)
    descendants: dict[str, str] = field(default_factory=dict)
    resources: dict[str, str] = field(default_factory=dict)
    findings: dict[str, str] = field(default_factory=dict)
    not_seen: int = 0

    def add(self, instance: Instance, name: str) -> None:
        """Add what is observed now."""
        snapshot = instance.snapshot()
        for program in (one for one in snapshot.programs if one.name == name):
            self.not_seen = program.not_seen
            own = [one for one in snapshot.processes if program.id in (one.id, one.program)]
            self.processes |= {one.id: f"{one.name} ({one.state}, exit code {one.exitcode})" for one in own}
            ids = {one.id for one in own}
            self.descendants |= {one.id: one.command for one in snapshot.descendants if one.root in ids}
            self.resources |= {one.id: str(one.kind) for one in snapshot.resources if one.program == program.id}
            self.findings |= {one.id: one.text for one in snapshot.waits.findings if one.program == program.id}

    def tell(self) -> None:
        """Print the observations."""
        for text in self.processes.values():
            print(f"    process   {text}")
        for text in self.descendants.values():
            print(f"    descendant {text[:90]}")
        for kind in sorted(set(self.resources.values())):
            print(f"    resource  {kind}: {list(self.resources.values()).count(kind)}")
        for text in self.findings.values():
            print(f"    finding   {text}")
        if self.not_seen:
            print(f"    not seen  {self.not_seen} reports")


TRIALS = (
    Trial(name="scikit-learn", arguments=("fit.py",), packages=("scikit-learn", "joblib")),
    Trial(name="loader", arguments=("loader.py",)),
    Trial(name="loader-stop-early", arguments=("loader.py", "--stop-early"), endless=True),
    Trial(name="futures", arguments=("futures.py",)),
    Trial(name="mpire", arguments=("mpire_map.py",), packages=("mpire",)),
    Trial(
        name="pytest-xdist",
        arguments=("-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", "xdist_checks.py"),
        packages=("pytest", "pytest-xdist"),
    ),
    Trial(
        name="gunicorn",
        arguments=("-m", "gunicorn", "--workers=3", "--bind=127.0.0.1:0", "wsgi_app:app"),
        packages=("gunicorn",),
        endless=True,
    ),
    Trial(name="black", arguments=("-m", "black", "--quiet", "--workers=2", "tree"), packages=("black",)),
    Trial(name="crash-loop", arguments=("crash_loop.py",)),
    Trial(name="daemonise", arguments=("daemonise.py",), outlived_s=4),
)


def main() -> int:
    """Run the chosen trials; return 1 if observation changes how one ends."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [trial.name for trial in TRIALS]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which (default: all): {', '.join(names)}")
    chosen = parser.parse_args().names or names
    if unknown := [name for name in chosen if name not in names]:
        parser.error(f"no such trial: {', '.join(unknown)}; there are {', '.join(names)}")
    trials = [trial for trial in TRIALS if trial.name in chosen]
    with tempfile.TemporaryDirectory(prefix="procession-real-") as name:
        folder = Path(name)
        python = make_environment(folder / "venv", {package for trial in trials for package in trial.packages})
        with Instance(folder / "home") as instance:
            return max([try_one(trial, python, folder, instance) for trial in trials])


def make_environment(folder: Path, packages: set[str]) -> Path:
    """Return the Python of a new virtual environment with the packages."""
    venv.create(folder, with_pip=bool(packages))
    python = folder / "bin" / "python"
    if packages:
        print(f"installing {', '.join(sorted(packages))}", flush=True)
        quietly = ("-qq", "--disable-pip-version-check")
        subprocess.run([python, "-m", "pip", "install", *quietly, *sorted(packages)], check=True)
    return python


def try_one(trial: Trial, python: Path, folder: Path, instance: Instance) -> int:
    """Run a program alone and observed; return 1 if it does not end the same way."""
    seen = Seen()
    command = [str(python), *trial.arguments]
    print(f"{trial.name}: {' '.join(trial.arguments)}", flush=True)
    alone = run(trial, command, new_folder(folder), os.environ.copy())
    observed = run(
        trial,
        [sys.executable, "-m", "app", "run", "--name", trial.name, "--", *command],
        new_folder(folder),
        instance.environ,
        meanwhile=lambda: seen.add(instance, trial.name),
    )
    print(f"    alone     exit code {alone[0]}, {alone[1]:.1f} s")
    print(f"    observed  exit code {observed[0]}, {observed[1]:.1f} s")
    seen.tell()
    return int(alone[0] != observed[0])


def new_folder(parent: Path) -> Path:
    """Create a folder with a copy of the programs, and a tree for black."""
    folder = Path(tempfile.mkdtemp(dir=parent))
    for path in PROGRAMS.glob("*.py"):
        shutil.copy(path, folder)
    tree = folder / "tree"
    tree.mkdir()
    for number in range(24):
        functions = [f"def  f{one}( a,b ):\n  return  a+b\n" for one in range(60)]
        (tree / f"module_{number}.py").write_text("".join(functions))
    return folder


def run(
    trial: Trial,
    command: list[str],
    folder: Path,
    environ: dict[str, str],
    meanwhile: Callable[[], None] = lambda: None,
) -> tuple[int, float]:
    """Return its exit code and duration; its output goes to a file."""
    started = time.monotonic()
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        exitcode = watch(trial, process, meanwhile)
        took = time.monotonic() - started
        watch_until(time.monotonic() + trial.outlived_s, meanwhile)
    finally:
        end_session(process)
    if exitcode not in (0, -signal.SIGTERM):
        print("".join(f"    output    {line}\n" for line in (folder / "output").read_text().splitlines()[-5:]), end="")
    return exitcode, took


def watch(trial: Trial, process: subprocess.Popen[bytes], meanwhile: Callable[[], None]) -> int:
    """Observe it until it has ended; end an endless one after a while."""
    deadline = time.monotonic() + (LOOKED_AT_S if trial.endless else DEADLINE_S)
    while process.poll() is None and time.monotonic() < deadline:
        meanwhile()
        time.sleep(POLL_S)
    if process.poll() is None:
        process.terminate()
        wait_until(lambda: process.poll() is not None, DEADLINE_S, f"{trial.name} does not end")
    meanwhile()
    return int(process.returncode)


def watch_until(deadline: float, meanwhile: Callable[[], None]) -> None:
    while time.monotonic() < deadline:
        meanwhile()
        time.sleep(POLL_S)


def end_session(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of it, including orphans; a daemon has its own session and ends by itself."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
