"""A viewer reads every route while secrets are in the commands of programs: none of them may show one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.waiting import wait_until
from tests.web.conftest import VIEWER
from tests.web.serving import Client, Launch, Web

SECRET = "hunter2"
#: Its own command, one of a shell, one that says hello, and a process that fails with a command.
SCRIPT = f"""
import multiprocessing, subprocess, sys, time

def fail():
    raise subprocess.CalledProcessError(3, ["psql", "--password", "{SECRET}", "postgres://bob:{SECRET}@box/x"])

if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    says_hello = "import multiprocessing as m, time; m.Lock(); time.sleep(600) # {SECRET}"
    subprocess.Popen([sys.executable, "-c", says_hello, "--token={SECRET}"])
    subprocess.Popen(["sh", "-c", "sleep 600; : {SECRET}"])
    failing = multiprocessing.Process(target=fail, name="failing")
    failing.start()
    failing.join()
    time.sleep(600)
"""
COMMAND = (f"--password={SECRET}", f"PGPASSWORD={SECRET}", "-u", f"bob:{SECRET}", f"https://bob:{SECRET}@box/job.py")
PATHS = (
    "/metrics", "/api/v1/snapshot", "/api/v1/events?limit=1000", "/api/v1/processes", "/api/v1/programs",
    "/api/v1/resources", "/api/v1/waits", "/api/v1/history",
    f"/api/v1/processes?q={SECRET}", f"/api/v1/events?q={SECRET}",
)  # fmt: skip
PATHS_OF_A_PROCESS = ("", "/history", "/inspect", "/consequences?verb=kill", "/consequences?verb=terminate")


@pytest.fixture
def program(launch: Launch, web: Web, tmp_path: Path) -> Iterator[str]:
    """A program all of whose processes are known; yields its id."""
    (tmp_path / "job.py").write_text(SCRIPT)
    operator = web.client()
    body = {"command": [sys.executable, "job.py", *COMMAND], "cwd": str(tmp_path)}
    answer = operator.post("/api/v1/programs", json=body)
    assert answer.status_code == 201, answer.text
    assert SECRET not in answer.text
    launch.ends(answer.json()["id"])

    def known() -> bool:
        state = operator.get("/api/v1/snapshot").json()
        names = [one["name"] for one in state["processes"] if one["program"] == answer.json()["id"]]
        return {"failing", "python"} <= set(names) and len(state["descendants"]) >= 2

    wait_until(known, message="all processes are known")
    yield str(answer.json()["id"])
    for one in operator.get("/api/v1/snapshot").json()["processes"]:
        launch.ends(one["id"])
    for one in operator.get("/api/v1/snapshot").json()["descendants"]:
        operator.post(f"/api/v1/descendants/{one['id']}/signal", json={"signal": "SIGKILL"})


def events(client: Client) -> str:
    return client.get("/api/v1/events?limit=1000").text


def test_no_route_shows_a_viewer_the_secrets_of_a_command(web: Web, program: str) -> None:
    """Snapshot, records, details, events, search, metrics, stacks, refusals and the stream; its log is its own."""
    operator, viewer = web.client(), web.client(VIEWER)
    with web.browser(VIEWER) as browser:
        state = browser.first("snapshot")
        below = [one["id"] for one in state["descendants"] if one["name"] == "sh"]
        operator.post(f"/api/v1/descendants/{below[0]}/signal", json={"signal": "SIGCONT"})
        wait_until(lambda: "SIGCONT sent to descendant" in events(viewer))
        stacks = [operator.post(f"/api/v1/processes/{one['id']}/stack") for one in state["processes"]]
        # Only this process ends: what is below it becomes an orphan.
        operator.post(f"/api/v1/processes/{program}/signal", json={"signal": "SIGKILL"})
        wait_until(lambda: f"orphan of {program}: sh" in events(viewer))
        answers = [viewer.get(path) for path in PATHS]
        for one in state["processes"]:
            answers += [viewer.get(f"/api/v1/processes/{one['id']}{path}") for path in PATHS_OF_A_PROCESS]
        answers.append(viewer.get(f"/api/v1/programs/{program}"))
        answers.append(operator.post("/api/v1/programs", json={"command": [f"PGPASSWORD={SECRET}"]}))
        said = [answer.text for answer in answers + stacks] + [str(message) for message in browser.received]
    assert [text for text in said if SECRET in text] == []
    assert "***" in answers[1].text


def test_what_is_masked_is_run_as_it_was_given(web: Web, launch: Launch, tmp_path: Path) -> None:
    """A restart too has the real arguments."""
    operator = web.client()
    code = "import sys, os; open('told', 'a').write(f'{sys.argv[1:]}\\n')"
    body = {"command": [sys.executable, "-c", code, *COMMAND], "cwd": str(tmp_path)}
    record = operator.post("/api/v1/programs", json=body).json()
    launch.ends(record["id"])
    told = tmp_path / "told"
    wait_until(told.exists)
    launch.wait(record["id"], "joined", "exited")
    operator.post(f"/api/v1/processes/{record['id']}/restart")
    wait_until(lambda: told.read_text().count("\n") == 2)
    assert told.read_text() == f"{list(COMMAND)}\n" * 2


def test_no_command_is_in_a_label_of_a_metric(web: Web, program: str) -> None:
    """A command makes a new series of each of its processes; its name and id are enough."""
    labels = [line for line in web.client(VIEWER).get("/metrics").text.splitlines() if f'id="{program}"' in line]
    assert labels
    assert not [line for line in labels if "--password" in line]
    assert any('workload=""' in line for line in labels)
