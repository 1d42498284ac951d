"""The user's code finds what a fresh Python would have, and no modules of ours."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import workers
from tests.child.bare_supervisor import METHODS, BareSupervisor, bare_supervisor

ROOT = str(Path(workers.__file__).parents[1])

MODULE = """
import json, os, signal, subprocess, sys

def tell(**found): print(json.dumps(found))

def modules(): tell(loaded=sorted({name.partition(".")[0] for name in sys.modules}))

def paths(): tell(path=sys.path, cwd=os.getcwd(), argv=sys.argv, main=sys.modules["__main__"].__name__)

def environment():
    inherited = subprocess.run(["env"], capture_output=True, text=True).stdout.splitlines()
    tell(own={k: v for k, v in os.environ.items() if k.startswith("PROCESSION_")},
         inherited=[line for line in inherited if line.startswith("PROCESSION_")])

def import_again():
    import psutil, msgspec
    tell(found=[psutil.Process().pid == os.getpid(), msgspec.json.encode([1]).decode()])

def signals():
    words = {signal.SIG_DFL: "default", signal.SIG_IGN: "ignored", signal.default_int_handler: "interrupt"}
    names = "SIGHUP", "SIGINT", "SIGPIPE", "SIGTERM", "SIGXFSZ"
    handlers = {name: words.get(signal.getsignal(signal.Signals[name])) for name in names}
    tell(handlers=handlers, blocked=len(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
         wakeup=signal.set_wakeup_fd(-1))

def own_packages():
    import app, app.part, workers, workers.part
    tell(app=app.__file__, workers=list(workers.__path__), parts=[app.part.NAME, workers.part.NAME])

def spawn_a_child():
    import multiprocessing
    child = multiprocessing.get_context("spawn").Process(target=own_packages)
    child.start()
    child.join()

def report_from_a_pool():
    import multiprocessing
    import procession
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        tell(reported=pool.apply(procession.report, (1, 2)))
"""


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[BareSupervisor]:
    with bare_supervisor(tmp_path) as supervisor:
        supervisor.write("mine.py", MODULE)
        yield supervisor


def told(supervisor: BareSupervisor, method: str, function: str, **options: object) -> dict[str, object]:
    """What the function printed."""
    started = supervisor.start(method, f"mine:{function}", **options)
    assert started.end() == 0, started.log_text()
    answer: dict[str, object] = json.loads(started.log_text())
    return answer


@pytest.mark.parametrize("method", METHODS)
def test_only_procession_is_loaded(supervisor: BareSupervisor, method: str) -> None:
    """Neither the parent side, nor the catalogue, nor what only these import."""
    loaded = told(supervisor, method, "modules")["loaded"]
    assert isinstance(loaded, list)
    assert "procession" in loaded
    assert not {"app", "workers", "psutil", "msgspec"} & set(loaded)


@pytest.mark.parametrize("method", METHODS)
def test_workloads_find_the_catalogue(supervisor: BareSupervisor, method: str) -> None:
    """With a root the catalogue is found there; still nothing of the parent side is loaded."""
    supervisor.write("folder/mine.py", MODULE.replace("def modules():", "import workers\ndef modules():"))
    folder = str(supervisor.folder / "folder")
    loaded = told(supervisor, method, "modules", path=folder, root=ROOT)["loaded"]
    assert isinstance(loaded, list)
    assert "workers" in loaded
    assert "app" not in loaded


@pytest.mark.parametrize("method", METHODS)
def test_the_users_folder_comes_first(supervisor: BareSupervisor, method: str) -> None:
    """It is the working folder and first on the import path, which does not have ours."""
    found = told(supervisor, method, "paths")
    folder = str(supervisor.folder)
    path = found["path"]
    assert isinstance(path, list)
    assert (path[0], found["cwd"], found["argv"], found["main"]) == (folder, folder, ["mine:paths"], "__main__")
    assert ROOT not in path


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("function", ["own_packages", "spawn_a_child"])
def test_the_users_packages_app_and_workers_are_found(supervisor: BareSupervisor, method: str, function: str) -> None:
    """A regular package `app` and a namespace package `workers`, also in processes that the user's code starts."""
    supervisor.write("app/__init__.py", "")
    supervisor.write("app/part.py", "NAME = 'mine'\n")
    supervisor.write("workers/part.py", "NAME = 'mine too'\n")
    folder = supervisor.folder
    assert told(supervisor, method, function) == {
        "app": f"{folder}/app/__init__.py",
        "workers": [f"{folder}/workers"],
        "parts": ["mine", "mine too"],
    }


@pytest.mark.parametrize("method", METHODS)
def test_only_the_process_id_stays_in_the_environment(
    supervisor: BareSupervisor, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No token reaches user code or its children; the id identifies descendants."""
    for name in ("TOKEN", "VIEWER_TOKEN", "LISTEN_FD", "PROCESS"):
        monkeypatch.setenv(f"PROCESSION_{name}", "secret")
    found = told(supervisor, method, "environment")
    assert found == {"own": {"PROCESSION_PROCESS": "p0"}, "inherited": ["PROCESSION_PROCESS=p0"]}


@pytest.mark.parametrize("method", METHODS)
def test_signals_are_as_in_a_fresh_python(supervisor: BareSupervisor, method: str) -> None:
    """All have defaults but SIGINT and the two that Python ignores; none is blocked, no wake-up descriptor."""
    assert told(supervisor, method, "signals") == {
        "blocked": 0,
        "wakeup": -1,
        "handlers": {
            "SIGHUP": "default",
            "SIGINT": "interrupt",
            "SIGPIPE": "ignored",
            "SIGTERM": "default",
            "SIGXFSZ": "ignored",
        },
    }


@pytest.mark.parametrize("method", METHODS)
def test_users_can_import_modules_that_we_use(supervisor: BareSupervisor, method: str) -> None:
    """A fork child unloads the supervisor's psutil and msgspec, and imports its own."""
    assert told(supervisor, method, "import_again") == {"found": [True, "[1]"]}


def test_report_can_be_imported_in_grandchildren(supervisor: BareSupervisor) -> None:
    """A spawned grandchild finds `procession`, which does not report."""
    assert told(supervisor, "forkserver", "report_from_a_pool") == {"reported": False}


def test_the_tests_own_environment_is_unchanged() -> None:
    """Nothing of a child leaks into the process that starts it."""
    assert "PROCESSION_PROCESS" not in os.environ
