"""Pools over HTTP, with real hosts and workers: every call of the contract, and every way it is refused."""

from __future__ import annotations

import signal
import threading
import time
from typing import Any

import msgspec
import pytest

from app.records.pool import Pool
from app.web.present import pools as present_pools
from procession.pool_host.showing import MAX_RESULT
from tests.waiting import wait_until
from tests.web.conftest import VIEWER
from tests.web.serving import Client, Pools, Web

POOLS = "/api/v1/pools"
# Longer than any test waits.
LONG_S = 600
POOL_FIELDS = "id name pid state processes workers queued running done failed lost retried tasks_per_s"
WORKER_FIELDS = "pid ppid daemon exitcode sentinel state task busy_s tasks_done cpu_percent rss_bytes stuck"
JOB_FIELDS = "id method function state total done failed lost result error started_at elapsed_s"


def field_names(record: type[msgspec.Struct]) -> set[str]:
    return {field.name for field in msgspec.structs.fields(record)}


def test_a_pool_is_opened_with_its_workers(operator: Client, pools: Pools) -> None:
    """The answer is 201 with the record; each worker then has every field that the contract names."""
    answer = operator.post(POOLS, json={"name": "mine", "processes": 2, "retries": 1, "maxtasksperchild": 50})
    made = answer.json()
    pools.ends(made["id"])
    assert answer.status_code == 201
    assert (made["name"], made["processes"], made["retries"], made["maxtasksperchild"]) == ("mine", 2, 1, 50)
    assert set(POOL_FIELDS.split()) <= made.keys()
    pool = pools.wait(
        made["id"],
        lambda pool: [(w["state"], w["ppid"] is None) for w in pool["workers"]] == [("idle", False)] * 2,
        "both workers are idle and sampled",
    )
    assert pool["state"] == "open"
    assert pool.keys() == field_names(Pool)
    msgspec.convert(pool, Pool)
    for worker in pool["workers"]:
        assert set(WORKER_FIELDS.split()) <= worker.keys()
        assert (worker["daemon"], worker["exitcode"]) == (True, None)
        assert worker["sentinel"]["ready"] is False
    assert made["id"] in [each["id"] for each in operator.get(POOLS).json()["pools"]]
    host = operator.get(f"/api/v1/processes/{made['id']}").json()
    assert (host["pool"], host["pid"]) == (True, pool["pid"])


@pytest.mark.parametrize("start_method", ["forkserver", "spawn", "fork"])
def test_pool_runs_jobs_with_each_start_method(pools: Pools, start_method: str) -> None:
    pool = pools(1, start_method=start_method)
    assert pool["start_method"] == start_method
    job = pools.submit(pool["id"], "apply", "square", args=[7])
    assert pools.ended(pool["id"], job["id"])["result"] == 49


def test_all_eight_methods_return_their_result(pools: Pools) -> None:
    """Each is accepted at once; the result is that of the same method of multiprocessing."""
    pool_id = pools()["id"]
    squares = [0, 1, 4, 9]
    expected: dict[str, tuple[dict[str, Any], Any]] = {
        "apply": ({"args": [3]}, 9),
        "apply_async": ({"kwargs": {"number": 4}}, 16),
        "map": ({"iterable": {"range": [0, 4]}}, squares),
        "map_async": ({"iterable": [0, 1, 2, 3], "chunksize": 2}, squares),
        "imap": ({"iterable": [0, 1, 2, 3]}, squares),
        "imap_unordered": ({"iterable": [0, 1, 2, 3]}, squares),
        "starmap": ({"iterable": [[0], [1], [2], [3]]}, squares),
        "starmap_async": ({"iterable": [[0], [1], [2], [3]]}, squares),
    }
    jobs = {method: pools.submit(pool_id, method, "square", **body)["id"] for method, (body, _) in expected.items()}
    for method, (_, result) in expected.items():
        job = pools.ended(pool_id, jobs[method])
        returned = sorted(job["result"]) if method == "imap_unordered" else job["result"]
        assert (job["method"], job["state"], returned) == (method, "done", result)


def test_a_job_has_the_fields_of_the_contract(operator: Client, pools: Pools) -> None:
    """The list leaves out the result; counts are of tasks."""
    pool_id = pools()["id"]
    url = f"{POOLS}/{pool_id}/jobs"
    made = pools.submit(pool_id, "map", "raise-at", iterable={"range": [0, 20]}, chunksize=1)
    assert made["id"] in [job["id"] for job in operator.get(url).json()["jobs"]]
    job = pools.ended(pool_id, made["id"])
    assert set(JOB_FIELDS.split()) <= job.keys()
    assert job.keys() == field_names(present_pools.JobAnswer)
    assert (job["state"], job["total"], job["done"], job["failed"], job["lost"]) == ("failed", 20, 19, 1, 0)
    assert "ValueError" in job["error"]
    [failure] = job["failures"]
    assert (failure["index"], failure["lost"]) == (7, False)
    assert "ValueError" in failure["traceback"]
    [listed] = wait_until(
        lambda: [each for each in operator.get(url).json()["jobs"] if each["state"] == "failed"],
        10,
        "the list shows the failed job",
    )
    assert listed["failed"] == 1
    assert "result" not in listed


def test_apply_is_accepted_without_waiting(operator: Client, pools: Pools) -> None:
    """The request answers 202 at once, and the pool runs other jobs meanwhile."""
    pool_id = pools()["id"]
    began = time.monotonic()
    job = pools.submit(pool_id, "apply", "sleep", args=[LONG_S])
    assert time.monotonic() - began < 10
    assert job["state"] in ("queued", "running")
    other = pools.submit(pool_id, "apply", "square", args=[2])
    assert pools.ended(pool_id, other["id"])["result"] == 4


@pytest.mark.parametrize(("verb", "number"), [("kill", signal.SIGKILL), ("terminate", signal.SIGTERM)])
def test_ending_a_worker_reports_the_lost_task(
    operator: Client, pools: Pools, verb: str, number: signal.Signals
) -> None:
    """The answer is 202; only that task is lost, and the pool runs the next job."""
    pool_id = pools()["id"]
    job = pools.submit(pool_id, "map", "stall-at", iterable={"range": [5, 10]}, chunksize=1)
    stalled = pools.wait(
        pool_id,
        lambda pool: [worker for worker in pool["workers"] if worker["task"] and worker["task"]["index"] == 2],
        "a worker has the task that stalls",
    )
    [worker] = [each for each in stalled["workers"] if each["task"] and each["task"]["index"] == 2]
    assert worker["task"]["job"] == job["id"]
    answer = operator.post(f"{POOLS}/{pool_id}/workers/{worker['pid']}/{verb}", json={})
    cost = answer.json()
    assert answer.status_code == 202
    assert (cost["pid"], cost["ended"], cost["exitcode"], cost["outcome"]) == (worker["pid"], True, -number, "lost")
    assert (cost["task"]["job"], cost["task"]["index"]) == (job["id"], 2)
    assert cost["text"]
    msgspec.convert(cost, present_pools.WorkerAnswer)
    ended = pools.ended(pool_id, job["id"])
    assert (ended["state"], ended["done"], ended["lost"]) == ("lost", 4, 1)
    assert [(each["index"], each["lost"], each["pid"]) for each in ended["failures"]] == [(2, True, worker["pid"])]
    following = pools.submit(pool_id, "map", "square", iterable={"range": [0, 100]})
    assert pools.ended(pool_id, following["id"])["state"] == "done"
    assert pools.get(pool_id)["lost"] == 1


def test_a_worker_is_not_killed_if_its_task_has_changed(operator: Client, pools: Pools) -> None:
    """The answer is 409 and nothing is done; with its current task it is 202."""
    pool_id = pools(1)["id"]
    job = pools.submit(pool_id, "apply", "sleep", args=[LONG_S])
    worker = pools.busy(pool_id)
    url = f"{POOLS}/{pool_id}/workers/{worker['pid']}/kill"
    for task in ({"job": job["id"], "index": 3}, None):
        refused = operator.post(url, json={"task": task})
        assert refused.status_code == 409
        assert "nothing was done" in refused.json()["detail"]
    assert pools.busy(pool_id)["pid"] == worker["pid"]
    assert operator.post(url, json={"task": {"job": job["id"], "index": 0}}).json()["outcome"] == "lost"


def test_a_lost_task_is_retried_if_the_pool_has_retries(operator: Client, pools: Pools) -> None:
    """The answer says so, and the job is done."""
    pool_id = pools(1, retries=1)["id"]
    job = pools.submit(pool_id, "apply_async", "sleep", args=[2])
    worker = pools.busy(pool_id)
    cost = operator.post(f"{POOLS}/{pool_id}/workers/{worker['pid']}/kill").json()
    assert cost["outcome"] == "retried"
    ended = pools.ended(pool_id, job["id"])
    assert (ended["state"], ended["retried"], ended["result"]) == ("done", 1, 2)


def test_a_worker_is_suspended_and_resumed(operator: Client, pools: Pools) -> None:
    """Each request answers 202, and the pool shows the new state."""
    pool = pools()
    pid = pool["workers"][0]["pid"]

    def state(of: Any) -> str:
        return str(next(worker["state"] for worker in of["workers"] if worker["pid"] == pid))

    for verb, reached in (("suspend", "suspended"), ("resume", "idle")):
        answer = operator.post(f"{POOLS}/{pool['id']}/workers/{pid}/{verb}")
        assert (answer.status_code, answer.json()["pid"]) == (202, pid)
        pools.wait(pool["id"], lambda now, wanted=reached: state(now) == wanted, f"{pid} is {reached}")


def test_the_stack_of_a_worker_shows_its_task(operator: Client, pools: Pools) -> None:
    """A pid that is not a worker of the pool is 404."""
    pool_id = pools()["id"]
    pools.submit(pool_id, "apply", "sleep", args=[LONG_S])
    url = f"{POOLS}/{pool_id}/workers"
    stack = operator.post(f"{url}/{pools.busy(pool_id)['pid']}/stack").json()
    assert "sleep" in stack["text"]
    assert stack["source"] in ("faulthandler", "py-spy", "proc")
    refused = operator.post(f"{url}/1/stack")
    assert (refused.status_code, refused.json()["detail"]) == (404, f"Pool {pool_id} has no worker 1.")


def test_a_pool_is_resized(operator: Client, pools: Pools) -> None:
    """It can grow and shrink; the answer is 202 with the record."""
    pool_id = pools(1)["id"]
    for count in (3, 1):
        answer = operator.post(f"{POOLS}/{pool_id}/resize", json={"processes": count})
        assert (answer.status_code, answer.json()["id"], answer.json()["processes"]) == (202, pool_id, count)
        pools.wait(
            pool_id,
            lambda pool, wanted=count: sum(each["state"] != "ended" for each in pool["workers"]) == wanted,
            f"the pool has {count} workers",
        )


def test_a_closed_pool_ends_after_its_jobs(operator: Client, pools: Pools) -> None:
    """A join before close and a job after it are 409."""
    pool_id = pools()["id"]
    url = f"{POOLS}/{pool_id}"
    early = operator.post(f"{url}/join", json={"timeout_s": 0})
    assert (early.status_code, "join" in early.json()["detail"]) == (409, True)
    job = pools.submit(pool_id, "map", "slow-square", iterable={"range": [0, 6]}, chunksize=1)
    answer = operator.post(f"{url}/close")
    assert (answer.status_code, answer.json()["state"]) in ((202, "closing"), (202, "closed"))
    late = operator.post(f"{url}/jobs", json={"method": "apply", "function": "square", "args": [1]})
    assert late.status_code == 409
    joined = operator.post(f"{url}/join", json={"timeout_s": 20})
    assert (joined.status_code, joined.json()) == (200, {"joined": True})
    pools.wait(pool_id, lambda pool: pool["state"] == "closed", "the pool is closed")
    host = f"/api/v1/processes/{pool_id}"
    wait_until(lambda: not operator.get(host).json()["alive"], 20, "the host has ended")
    read = pools.ended(pool_id, job["id"])
    assert (read["state"], read["result"]) == ("done", [0, 1, 4, 9, 16, 25])


def test_a_terminated_pool_loses_its_tasks(operator: Client, pools: Pools) -> None:
    """The answer is 202."""
    pool_id = pools()["id"]
    job = pools.submit(pool_id, "map", "sleep", iterable=[LONG_S] * 4, chunksize=1)
    pools.busy(pool_id)
    assert operator.post(f"{POOLS}/{pool_id}/terminate").status_code == 202
    assert operator.post(f"{POOLS}/{pool_id}/join", json={"timeout_s": 20}).json() == {"joined": True}
    ended = pools.ended(pool_id, job["id"])
    assert (ended["state"], ended["done"]) == ("lost", 0)
    pools.wait(pool_id, lambda pool: pool["state"] == "terminated", "the pool is terminated")


def test_a_waiting_join_does_not_block_other_requests(web: Web, operator: Client, pools: Pools) -> None:
    """Requests about the same pool are answered too."""
    pool_id = pools()["id"]
    url = f"{POOLS}/{pool_id}"
    pools.submit(pool_id, "apply", "sleep", args=[LONG_S])
    worker = pools.busy(pool_id)
    operator.post(f"{url}/close")
    waiting = web.client()
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(waiting.post(f"{url}/join", json={}).json()))
    thread.start()
    assert operator.post(f"{url}/join", json={"timeout_s": 0}).json() == {"joined": False}
    assert operator.get(url).json()["state"] == "closing"
    assert operator.post(f"{url}/workers/{worker['pid']}/stack").status_code == 200
    assert thread.is_alive()
    operator.post(f"{url}/terminate")
    thread.join(20)
    assert answers == [{"joined": True}]


def test_a_large_result_is_cut(operator: Client, pools: Pools) -> None:
    """The limit is the one that the OpenAPI document states."""
    pool_id = pools(1)["id"]
    job = pools.ended(pool_id, pools.submit(pool_id, "map", "return-big", iterable=[1, 2])["id"])
    assert (job["state"], job["result_cut"]) == ("done", True)
    assert len(msgspec.json.encode(job["result"])) < 2 * MAX_RESULT
    described = operator.get("/api/v1/openapi.json").json()["components"]["schemas"]["JobAnswer"]["description"]
    assert f"{MAX_RESULT // 1024} KiB" in described


def test_a_function_by_import_path_can_be_submitted(pools: Pools) -> None:
    """The setting ALLOW_TARGETS permits it."""
    pool_id = pools(1)["id"]
    job = pools.submit(pool_id, "map", "math:factorial", iterable=[3, 4])
    assert pools.ended(pool_id, job["id"])["result"] == [6, 24]


def test_the_catalogue_lists_every_function_with_its_parameters(operator: Client) -> None:
    found = operator.get(f"{POOLS}/functions").json()
    catalogue = msgspec.convert(found, present_pools.PoolFunctions)
    named = "square slow-square prime-count sleep raise-at return-big kill-own-worker stall-at ignore-sigterm"
    assert {each.name for each in catalogue.functions} == set(named.split())
    assert {"name", "type", "default", "minimum", "maximum", "choices", "help"} <= catalogue.functions[0].parameters[
        0
    ].keys()


def test_a_pool_whose_host_is_killed_is_terminated(operator: Client, pools: Pools) -> None:
    """It stays in the list; further jobs and resizing are 409."""
    pool_id = pools()["id"]
    operator.post(f"/api/v1/processes/{pool_id}/kill")
    pools.wait(pool_id, lambda pool: pool["state"] == "terminated", "the pool is terminated")
    refused = operator.post(f"{POOLS}/{pool_id}/jobs", json={"method": "apply", "function": "square", "args": [1]})
    assert refused.status_code == 409
    assert operator.post(f"{POOLS}/{pool_id}/resize", json={"processes": 3}).status_code == 409


def test_pool_has_metrics_and_charts(operator: Client, pools: Pools) -> None:
    pool_id = pools(name='of "mine"')["id"]
    job = pools.submit(pool_id, "map", "square", iterable={"range": [0, 10]}, chunksize=1)
    pools.ended(pool_id, job["id"])
    labels = f'{{id="{pool_id}",name="of \\"mine\\""}}'
    wait_until(
        lambda: f"procession_pool_tasks_done_total{labels} 10" in operator.get("/metrics").text, 10, "10 tasks are done"
    )
    text = operator.get("/metrics").text
    assert f"procession_pool_workers{labels} 2" in text
    assert f"procession_pool_tasks_queued{labels} 0" in text
    assert 'procession_pools{state="open"}' in text
    series = wait_until(
        lambda: operator.get(f"{POOLS}/{pool_id}/history?points=5").json()["series"][pool_id], 10, "a series"
    )
    assert {"queued", "tasks_per_s", "cpu_percent", "rss_bytes"} <= series.keys()


def test_browsers_receive_pools_in_snapshots_and_deltas(web: Web, pools: Pools) -> None:
    pool_id = pools(1)["id"]
    with web.browser() as browser:
        assert pool_id in [pool["id"] for pool in browser.first("snapshot")["pools"]]
        pools.submit(pool_id, "apply", "square", args=[2])

        def is_received() -> bool:
            changes = [patch for delta in browser.all("delta") for patch in delta["changed"]["pools"]]
            return any(patch["id"] == pool_id and patch.get("done") == 1 for patch in changes)

        wait_until(is_received, 10, "a delta says that a task is done")


MAP_WITHOUT_ITERABLE = {"method": "map", "function": "square"}


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("/p0/jobs", {"method": "apply", "function": "square", "args": [1]}, 404, None),
        ("/p0/resize", {"processes": 2}, 404, None),
        ("/p0/close", {}, 404, None),
        ("/p0/join", {"timeout_s": 0}, 404, None),
        ("/p0/workers/1/kill", {}, 404, None),
        ("/p0/workers/1/stack", {}, 404, None),
        ("/POOL/workers/1/kill", {}, 404, None),
        ("/POOL/workers/1/suspend", {}, 404, None),
        ("", {"processes": 0}, 422, "processes"),
        ("", {"start_method": "vfork"}, 422, "start_method"),
        ("", {"name": "a\nb"}, 422, "name"),
        ("", [], 422, "body"),
        ("/POOL/resize", {"processes": 257}, 422, "processes"),
        ("/POOL/close", {"now": True}, 422, "now"),
        ("/POOL/join", {"timeout_s": -1}, 422, "timeout_s"),
        ("/POOL/jobs", MAP_WITHOUT_ITERABLE, 422, "iterable"),
        ("/POOL/jobs", MAP_WITHOUT_ITERABLE | {"iterable": {"range": [0, 2_000_000]}}, 422, "iterable"),
        ("/POOL/jobs", MAP_WITHOUT_ITERABLE | {"iterable": {"range": ["a"]}}, 422, "iterable"),
        ("/POOL/jobs", MAP_WITHOUT_ITERABLE | {"iterable": "abc"}, 422, "iterable"),
        ("/POOL/jobs", MAP_WITHOUT_ITERABLE | {"iterable": [1], "args": [1]}, 422, "args"),
        ("/POOL/jobs", {"method": "starmap", "function": "square", "iterable": [1]}, 422, "iterable"),
        ("/POOL/jobs", {"method": "apply", "function": "square", "iterable": [1]}, 422, "iterable"),
        ("/POOL/jobs", {"method": "apply", "function": "square", "args": [1], "chunksize": 2}, 422, "chunksize"),
        ("/POOL/jobs", {"method": "apply", "function": "square"}, 422, "args"),
        ("/POOL/jobs", {"method": "apply", "function": "no-such"}, 422, "function"),
        ("/POOL/jobs", {"method": "apply", "function": "no_such_module:f"}, 422, "function"),
        ("/POOL/jobs", {"method": "submit", "function": "square"}, 422, "method"),
        ("/POOL/jobs", {"method": "apply", "function": "math:pi", "path": "/no/such/folder"}, 422, "path"),
        ("/POOL/workers/x/kill", {}, 422, "pid"),
        ("/POOL/workers/1/kill", {"task": 3}, 422, "task"),
        ("/POOL/workers/1/kill", {"task": {"job": 1}}, 422, "task.index"),
    ],
)  # fmt: skip
def test_invalid_request_is_refused_naming_the_field(
    operator: Client, idle_pool: str, path: str, body: Any, status: int, field: str | None
) -> None:
    """The problem document says what is wrong and what is allowed."""
    answer = operator.post(POOLS + path.replace("POOL", idle_pool), json=body)
    problem = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.status_code, problem["status"], problem.get("field")) == (status, status, field), problem
    if status == 404:
        assert problem["detail"].startswith(("pool not found: p0", "worker not found: 1"))


@pytest.mark.parametrize(
    ("path", "status"),
    [("/p0", 404), ("/p0/jobs", 404), ("/p0/jobs/1", 404), ("/p0/history", 404), ("/POOL/jobs/99", 404),
     ("/POOL/jobs/x", 422), ("/POOL/history?points=0", 422), ("/POOL/nothing", 404)],
)  # fmt: skip
def test_invalid_read_is_refused(operator: Client, idle_pool: str, path: str, status: int) -> None:
    assert operator.get(POOLS + path.replace("POOL", idle_pool)).status_code == status


def test_a_process_that_is_not_a_pool_is_not_found_as_one(operator: Client, launch: Any) -> None:
    """The answer is 404."""
    process_id = launch()["id"]
    assert operator.get(f"{POOLS}/{process_id}").status_code == 404
    job = {"method": "apply", "function": "square", "args": [1]}
    assert operator.post(f"{POOLS}/{process_id}/jobs", json=job).status_code == 404


def test_a_viewer_can_read_pools_but_not_change_them(web: Web, idle_pool: str, operator: Client) -> None:
    """Every other request is 403, and nothing happens."""
    viewer = web.client(VIEWER)
    for path in ("", f"/{idle_pool}", f"/{idle_pool}/jobs", f"/{idle_pool}/history", "/functions"):
        assert viewer.get(POOLS + path).status_code == 200
    acts = [f"/{idle_pool}/{verb}" for verb in ("jobs", "resize", "close", "terminate", "join")]
    acts += [f"/{idle_pool}/workers/1/{verb}" for verb in ("suspend", "resume", "terminate", "kill", "stack")]
    for path in ("", *acts):
        assert viewer.post(POOLS + path, json={}).status_code == 403
    assert operator.get(f"{POOLS}/{idle_pool}").json()["state"] == "open"


@pytest.fixture(scope="module")
def idle_pool(web: Web) -> Any:
    """Return the id of a pool that no test changes."""
    with Pools(web.client()) as opening:
        yield opening(1)["id"]


def test_a_job_can_be_read_after_its_pool_has_ended(operator: Client, pools: Pools) -> None:
    """The host has exited; the result and the failures are still available."""
    pool_id = pools(1)["id"]
    job = pools.submit(pool_id, "map", "raise-at", iterable=[6, 7], chunksize=1)
    operator.post(f"{POOLS}/{pool_id}/close")
    assert operator.post(f"{POOLS}/{pool_id}/join", json={"timeout_s": 20}).json() == {"joined": True}
    pools.wait(pool_id, lambda pool: pool["state"] == "closed", "the pool is closed")
    url = f"{POOLS}/{pool_id}/jobs/{job['id']}"
    wait_until(lambda: operator.get(f"/api/v1/processes/{pool_id}").json()["state"] == "joined")
    told = operator.get(url).json()
    assert (told["state"], told["result"], told["failures"][0]["arguments"]) == ("failed", [6, None], "7")
