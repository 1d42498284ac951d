"""The `procession` commands for pools against a real instance: their output and exit codes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.instance import Instance
from tests.waiting import wait_until

DONE, FAILED, USAGE = 0, 1, 2


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with Instance(tmp_path_factory.mktemp("cli") / "home", grace_s="1") as running:
        yield running


@pytest.fixture(autouse=True)
def _end_all_processes(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "instance" in request.fixturenames:
        running: Instance = request.getfixturevalue("instance")
        for process in running.snapshot().processes:
            running.end(process.id)


def open_pool(instance: Instance, *options: str) -> str:
    """Open a pool of one worker and return its id."""
    pool_id: str = instance.ask("open-pool", "--processes", "1", *options)["id"]
    return pool_id


def busy_worker(instance: Instance, pool_id: str) -> Any:
    """Return a worker of the pool that is running a task, once there is one."""

    def busy() -> list[Any]:
        return [worker for worker in instance.ask("pool", pool_id)["workers"] if worker["state"] == "busy"]

    return wait_until(busy, 20, f"a worker of {pool_id} is busy")[0]


def test_an_opened_pool_is_listed_with_its_options(instance: Instance) -> None:
    """It is found by its id and by its name."""
    options = ("--start-method", "spawn", "--maxtasksperchild", "9", "--retries", "2", "--stuck-after", "30")
    pool_id = open_pool(instance, "--name", "crunch", *options)

    [listed] = [pool for pool in instance.ask("pools") if pool["id"] == pool_id]
    assert (listed["name"], listed["processes"], listed["start_method"]) == ("crunch", 1, "spawn")
    assert (listed["maxtasksperchild"], listed["retries"], listed["stuck_after_s"]) == (9, 2, 30)
    assert instance.ask("pool", "crunch")["id"] == pool_id


def test_submit_with_wait_returns_the_result(instance: Instance) -> None:
    """The result is in both the JSON and the text output."""
    pool_id = open_pool(instance)

    job = instance.ask("submit", pool_id, "map", "square", "--range", "0", "5", "--chunksize", "2", "--wait")
    assert (job["state"], job["total"], job["done"], job["result"]) == ("done", 3, 3, [0, 1, 4, 9, 16])

    told = instance.cli("submit", pool_id, "apply", "square", "--args", "[7]", "--wait")
    assert told.returncode == DONE
    assert f"of {pool_id}, apply square: done, 1 of 1 tasks done" in told.stdout
    assert told.stdout.splitlines()[-1] == "49"


def test_submit_without_wait_returns_at_once(instance: Instance) -> None:
    """This holds for apply as well, which blocks in multiprocessing."""
    pool_id = open_pool(instance)

    job = instance.ask("submit", pool_id, "apply", "sleep", "--args", "[600]")

    assert job["state"] in ("queued", "running")
    assert busy_worker(instance, pool_id)["task"]["job"] == job["id"]


def test_submit_fails_if_a_task_of_the_job_fails(instance: Instance) -> None:
    """The exit code is 1; the job is printed all the same."""
    pool_id = open_pool(instance)
    command = ("submit", pool_id, "map", "raise-at", "--range", "5", "9", "--chunksize", "1", "--wait")

    refused = instance.cli(*command, "--json")

    assert refused.returncode == FAILED
    job = json.loads(refused.stdout)
    assert (job["state"], job["done"], job["failed"]) == ("failed", 3, 1)
    assert "1 failed of 4 tasks: ValueError: 7 is the number that raises" in refused.stderr
    told = instance.cli(*command)
    assert told.returncode == FAILED
    assert "task 2 (7): ValueError" in told.stdout


def test_a_large_result_is_cut_in_the_text_output(instance: Instance) -> None:
    """The beginning is shown, and an ellipsis for the rest."""
    told = instance.cli("submit", open_pool(instance), "apply", "return-big", "--args", "[1]", "--wait")

    assert told.returncode == DONE
    assert len(told.stdout.splitlines()[-1]) < 4100
    assert told.stdout.endswith(" …\n")


def test_submit_runs_a_function_from_a_given_directory(instance: Instance, tmp_path: Path) -> None:
    """The command line needs no permission to run it."""
    (tmp_path / "mine.py").write_text("def double(number):\n    return 2 * number\n")
    pool_id = open_pool(instance)

    job = instance.ask(
        "submit", pool_id, "map", "mine:double", "--iterable", "[1, 2]", "--path", str(tmp_path), "--wait"
    )

    assert job["result"] == [2, 4]


def test_worker_commands_report_their_result(instance: Instance) -> None:
    """stack, suspend, resume and kill are tried; kill also reports the task that was lost."""
    pool_id = open_pool(instance)
    job = instance.ask("submit", pool_id, "apply_async", "sleep", "--args", "[600]")
    pid = busy_worker(instance, pool_id)["pid"]

    assert "sleep" in instance.ask("worker", pool_id, str(pid), "stack")["text"]
    for verb in ("suspend", "resume"):
        told = instance.cli("worker", pool_id, str(pid), verb)
        assert (told.returncode, str(pid) in told.stdout) == (DONE, True)
    cost = instance.ask("worker", pool_id, str(pid), "kill")

    assert (cost["pid"], cost["exitcode"], cost["outcome"], cost["task"]["job"]) == (pid, -9, "lost", job["id"])
    wait_until(lambda: instance.ask("pool", pool_id)["lost"] == 1, 10, "the pool counts the lost task")
    again = instance.cli("submit", pool_id, "apply", "square", "--args", "[2]", "--wait")
    assert again.returncode == DONE


def test_submit_to_a_terminated_pool_fails(instance: Instance) -> None:
    """The error message says that the pool is terminated."""
    pool_id = open_pool(instance)
    job = instance.ask("submit", pool_id, "apply", "sleep", "--args", "[600]")
    busy_worker(instance, pool_id)
    assert instance.cli("kill", pool_id).returncode == DONE
    wait_until(lambda: instance.ask("pool", pool_id)["state"] == "terminated", 20, "the pool is terminated")

    refused = instance.cli("submit", pool_id, "apply", "square", "--args", "[2]", "--wait")

    assert refused.returncode == FAILED
    assert "terminated" in refused.stderr
    assert job["id"] == 1


def test_pool_tables_have_one_line_each_for_pool_workers_and_jobs(instance: Instance) -> None:
    pool_id = open_pool(instance, "--name", "plain")
    instance.ask("submit", pool_id, "map", "square", "--range", "0", "5", "--wait")

    listed = instance.cli("pools").stdout.splitlines()
    shown = instance.cli("pool", "plain").stdout

    assert listed[0].split()[:3] == ["ID", "NAME", "PID"]
    assert any(line.split()[:2] == [pool_id, "plain"] for line in listed)
    assert [line.split()[0] for line in shown.splitlines() if line.isupper()] == ["ID", "PID", "JOB"]
    assert "square" in shown


@pytest.mark.parametrize(
    "command",
    [
        ("pool", "no-such-pool"),
        ("submit", "no-such-pool", "map", "square", "--range", "0", "5"),
        ("worker", "no-such-pool", "1", "kill"),
    ],
)
def test_an_unknown_pool_is_refused(instance: Instance, command: tuple[str, ...]) -> None:
    """The error message names it."""
    refused = instance.cli(*command)

    assert (refused.returncode, refused.stdout) == (FAILED, "")
    assert "no-such-pool" in refused.stderr


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("map", "no-such-function", "--range", "0", "5"), "function"),
        (("map", "square"), "iterable"),
        (("apply", "square", "--range", "0", "5"), "iterable"),
    ],
)
def test_an_invalid_job_is_refused_naming_the_field(instance: Instance, command: tuple[str, ...], said: str) -> None:
    """The message comes from the pool's host and is the same for all clients."""
    refused = instance.cli("submit", open_pool(instance), *command)

    assert (refused.returncode, refused.stderr.count("\n")) == (FAILED, 1)
    assert said in refused.stderr


def test_a_pid_that_is_not_a_worker_is_refused(instance: Instance) -> None:
    """No signal is sent to it."""
    refused = instance.cli("worker", open_pool(instance), str(instance.web_pid), "kill")

    assert refused.returncode == FAILED
    assert str(instance.web_pid) in refused.stderr
    assert instance.get("/readyz") == 200


@pytest.mark.parametrize(
    "command",
    [
        ("submit", "p1", "submit", "square"),
        ("submit", "p1", "map"),
        ("submit", "p1", "map", "square", "--iterable", "3"),
        ("submit", "p1", "map", "square", "--iterable", "["),
        ("submit", "p1", "apply", "square", "--kwargs", "[]"),
        ("submit", "p1", "map", "square", "--range", "0"),
        ("submit", "p1", "map", "square", "--range", "0", "5", "--iterable", "[]"),
        ("worker", "p1", "soon", "kill"),
        ("worker", "p1", "1", "close"),
        ("open-pool", "--processes", "0"),
        ("open-pool", "--retries", "-1"),
        ("open-pool", "--start-method", "vfork"),
    ],
)
def test_invalid_arguments_exit_with_2(instance: Instance, command: tuple[str, ...]) -> None:
    """They are rejected before the instance is contacted."""
    assert instance.cli(*command).returncode == USAGE
