"""Processes over HTTP, with real ones: every call of the contract, and every way it is refused."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
from typing import Any

import pytest

from app.records import limits
from app.records.verbs import Verb
from tests.waiting import wait_until
from tests.web.conftest import VIEWER
from tests.web.serving import Client, Launch, Web

PROCESSES = "/api/v1/processes"


def test_a_launch_answers_with_the_record(operator: Client, launch: Launch) -> None:
    """The answer is 201 with every field that the contract names."""
    answer = operator.post(PROCESSES, json={"workload": "sleep", "params": {"seconds": 60}, "name": "nap"})
    record = answer.json()
    launch.ends(record["id"])
    assert answer.status_code == 201
    assert (record["name"], record["workload"], record["params"]) == ("nap", "sleep", {"seconds": 60})
    named = "id name workload pid ppid started_by daemon start_method state alive exitcode cause sentinel start_time"
    named += " uptime_s cpu_percent rss_bytes threads descendants restarts stuck"
    assert set(named.split()) <= record.keys()
    running = launch.wait(record["id"], "running")
    assert running["uptime_s"] >= 0
    assert running["sentinel"]["ready"] is False


@pytest.mark.parametrize("start_method", ["forkserver", "spawn", "fork"])
def test_terminate_and_join_with_each_start_method(operator: Client, launch: Launch, start_method: str) -> None:
    """terminate answers 202 at once, join 200 with the exit code, and the next read shows it."""
    process_id = launch(start_method=start_method, grace_s=3)["id"]
    assert operator.post(f"{PROCESSES}/{process_id}/terminate").status_code == 202
    joined = operator.post(f"{PROCESSES}/{process_id}/join", json={"timeout_s": 10})
    assert (joined.status_code, joined.json()) == (200, {"joined": True, "exitcode": -signal.SIGTERM})
    record = launch.get(process_id)
    assert (record["state"], record["exitcode"], record["alive"]) == ("joined", -signal.SIGTERM, False)
    uptime = record["uptime_s"]
    assert launch.get(process_id)["uptime_s"] == uptime


def test_a_waiting_join_does_not_block_other_requests(web: Web, operator: Client, launch: Launch) -> None:
    """Requests about the same process are answered too."""
    process_id = launch()["id"]
    waiting = web.client()
    answers: list[Any] = []
    thread = threading.Thread(
        target=lambda: answers.append(waiting.post(f"{PROCESSES}/{process_id}/join", json={}).json())
    )
    thread.start()
    assert operator.get(f"{PROCESSES}/{process_id}").json()["alive"]
    assert operator.post(f"{PROCESSES}/{process_id}/join", json={"timeout_s": 0}).json()["joined"] is False
    assert thread.is_alive()
    operator.post(f"{PROCESSES}/{process_id}/kill")
    thread.join(10)
    assert answers == [{"joined": True, "exitcode": -signal.SIGKILL}]


def test_verbs_take_a_process_through_its_whole_life(operator: Client, launch: Launch) -> None:
    """start, suspend, resume, kill and close each answer 202 with the record."""
    process_id = launch(state="created", auto_start=False)["id"]
    verbs = [
        ("start", "running"),
        ("suspend", "suspended"),
        ("resume", "running"),
        ("kill", "joined"),
        ("close", "closed"),
    ]
    for verb, state in verbs:
        answer = operator.post(f"{PROCESSES}/{process_id}/{verb}")
        assert (answer.status_code, answer.json()["id"]) == (202, process_id)
        launch.wait(process_id, state)


def test_a_signal_is_sent_by_name_or_number(operator: Client, launch: Launch) -> None:
    """The process ends by that signal."""
    for given in ("SIGUSR1", int(signal.SIGUSR1)):
        process_id = launch()["id"]
        assert operator.post(f"{PROCESSES}/{process_id}/signal", json={"signal": given}).status_code == 202
        assert launch.wait(process_id, "joined")["exitcode"] == -signal.SIGUSR1


def test_a_restart_changes_the_pid_and_keeps_the_record(operator: Client, launch: Launch) -> None:
    """A verb meant for the old pid is refused."""
    before = launch()
    url = f"{PROCESSES}/{before['id']}"
    operator.post(f"{url}/restart", json={"pid": before["pid"]})
    wait_until(lambda: launch.get(before["id"])["restarts"] == 1)
    after = launch.wait(before["id"], "running")
    assert after["pid"] != before["pid"]
    refused = operator.post(f"{url}/kill", json={"pid": before["pid"]})
    assert refused.status_code == 409
    assert str(after["pid"]) in refused.json()["detail"]


def test_a_batch_returns_all_records_and_actions_one_result_each(operator: Client, launch: Launch) -> None:
    """Refused actions are among the results."""
    answer = operator.post(f"{PROCESSES}/batch", json={"workload": "sleep", "count": 3})
    ids = [record["id"] for record in answer.json()["processes"]]
    for process_id in ids:
        launch.ends(process_id)
    assert (answer.status_code, len(set(ids))) == (201, 3)
    results = operator.post("/api/v1/actions", json={"verb": "kill", "ids": [*ids[:2], "p0"]}).json()["results"]
    assert [(each["id"], each["status"]) for each in results] == [(ids[0], 202), (ids[1], 202), ("p0", 404)]
    assert "p0" in results[2]["detail"]
    for process_id in ids[:2]:
        launch.wait(process_id, "joined")
    assert launch.get(ids[2])["alive"]


def test_an_action_joins_a_zombie(operator: Client, launch: Launch) -> None:
    """A process with auto_join off stays exited until then."""
    process_id = launch("exit-with", "exited", params={"code": 3}, auto_join=False)["id"]
    operator.post("/api/v1/actions", json={"verb": "join", "ids": [process_id]})
    assert launch.wait(process_id, "joined")["exitcode"] == 3


def test_lists_are_filtered_by_state_workload_and_text(operator: Client, launch: Launch) -> None:
    """All filters must match."""
    mine = launch(name="needle-in-hay")["id"]
    launch("hang")

    def ids(query: str) -> list[str]:
        return [record["id"] for record in operator.get(f"{PROCESSES}?{query}").json()["processes"]]

    assert ids("q=NEEDLE") == [mine]
    assert mine in ids("state=running&workload=sleep")
    assert mine not in ids("workload=hang")
    assert ids("q=needle&state=closed") == []


def test_stack_inspection_history_and_consequences_can_be_read(operator: Client, launch: Launch) -> None:
    record = launch()
    url = f"{PROCESSES}/{record['id']}"
    stack = operator.post(f"{url}/stack").json()
    assert "sleep" in stack["text"]
    assert stack["source"] in ("faulthandler", "py-spy", "proc")
    assert operator.get(f"{url}/inspect").json()["environment"]
    assert {"at", "series"} <= operator.get(f"{url}/history?points=5").json().keys()
    assert {"at", "series"} <= operator.get("/api/v1/history").json().keys()
    assert str(record["pid"]) in operator.get(f"{url}/consequences?verb=terminate").json()["text"]


def test_a_log_that_was_replaced_is_refused(web: Web, operator: Client, launch: Launch) -> None:
    """By a link or a FIFO; the other requests are answered."""
    record = launch(params={"seconds": 60})
    path = web.home / "logs" / f"{record['id']}.log"
    for put_there in (lambda: path.symlink_to("/etc/passwd"), lambda: os.mkfifo(path)):
        path.unlink()
        put_there()
        answer = operator.get(f"{PROCESSES}/{record['id']}/log")
        assert (answer.status_code, answer.json()["title"]) == (409, "Conflict")
        assert "log is not possible" in answer.json()["detail"]
    assert operator.get(PROCESSES).status_code == 200


def test_a_log_is_read_in_parts(operator: Client, launch: Launch) -> None:
    """A part begins at the start, at the `next` of the previous one, or counts from the end."""
    record = launch("print-lines", params={"rate": 50, "seconds": 60})
    url = f"{PROCESSES}/{record['id']}/log"
    wait_until(lambda: operator.get(url).json()["size"] > 100)
    head = operator.get(f"{url}?offset=0&limit=40").json()
    assert (head["offset"], head["next"], len(head["text"])) == (0, 40, 40)
    more = operator.get(f"{url}?offset=40&limit=10").json()
    assert operator.get(f"{url}?offset=0&limit=50").json()["text"] == head["text"] + more["text"]
    tail = operator.get(f"{url}?offset=-10&limit=10").json()
    assert tail["next"] - tail["offset"] == 10


def test_a_descendant_is_signalled_by_its_own_id(operator: Client, launch: Launch) -> None:
    """The id contains pid and start time; an unknown one is 404."""
    record = launch("descendants", params={"seconds": 60})

    def below() -> list[Any]:
        everything = operator.get("/api/v1/snapshot").json()["descendants"]
        return [each for each in everything if each["root"] == record["id"]]

    target = wait_until(below)[0]
    answer = operator.post(f"/api/v1/descendants/{target['id']}/signal", json={"signal": "SIGKILL"})
    assert (answer.status_code, answer.json()["pid"]) == (202, target["pid"])
    wait_until(lambda: target["id"] not in [each["id"] for each in below() if each["state"] != "Z"])
    assert operator.post("/api/v1/descendants/1-1/signal", json={"signal": 9}).status_code == 404


def test_events_are_filtered_and_name_who_gave_the_command(operator: Client, launch: Launch) -> None:
    """They are listed oldest first, or only the latest."""
    process_id = launch(name="journalled")["id"]
    operator.post(f"{PROCESSES}/{process_id}/kill")
    launch.wait(process_id, "joined")

    def events(query: str) -> list[Any]:
        return list(operator.get(f"/api/v1/events?process={process_id}&{query}").json()["events"])

    kinds = [event["kind"] for event in events("")]
    assert kinds.index("created") < kinds.index("started") < kinds.index("exited")
    assert [event["kind"] for event in events("limit=1")] == ["created"]
    assert [event["kind"] for event in events("latest=1&limit=1")] == [kinds[-1]]
    assert {event["by"] for event in events("kind=created")} == {"operator"}
    first = events("limit=1")[0]["seq"]
    assert first not in [event["seq"] for event in events(f"after={first}")]


def test_the_catalogue_lists_every_workload_with_its_parameters(operator: Client) -> None:
    workloads = {each["name"]: each for each in operator.get("/api/v1/workloads").json()["workloads"]}
    (seconds,) = workloads["sleep"]["parameters"]
    assert {"name", "type", "default", "minimum", "maximum", "choices", "help"} <= seconds.keys()


def test_metrics_are_in_prometheus_text_format(operator: Client, launch: Launch) -> None:
    """Special characters in a name are escaped."""
    process_id = launch(name='a"b\\c')["id"]
    wait_until(lambda: f'procession_rss_bytes{{id="{process_id}"' in operator.get("/metrics").text)
    text = operator.get("/metrics").text
    assert 'name="a\\"b\\\\c"' in text
    assert "# TYPE procession_restarts_total counter" in text
    assert operator.get("/metrics").headers["Content-Type"].startswith("text/plain; version=0.0.4")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("GET", "/p0", None, 404, "p0"),
        ("GET", "/p0/log", None, 404, "p0"),
        ("GET", "/p0/inspect", None, 404, "p0"),
        ("POST", "/p0/kill", {}, 404, "p0"),
        ("POST", "/p0/stack", {}, 404, "p0"),
        ("POST", "/p0/join", {"timeout_s": 0}, 404, "p0"),
        ("POST", "", {"workload": "no-such"}, 422, "known are"),
        ("POST", "", {"workload": "sleep", "params": {"seconds": -1}}, 422, "params.seconds"),
        ("POST", "", {"workload": "sleep", "params": {"minutes": 1}}, 422, "params.minutes"),
        ("POST", "", {"workload": "sleep", "start_method": "vfork"}, 422, "start_method"),
        ("POST", "", {"target": "nowhere"}, 422, "target"),
        ("POST", "", {}, 422, "workload"),
        ("POST", "", [], 422, "dictionary"),
        ("POST", "/batch", {"workload": "sleep", "count": 1001}, 422, "1000"),
        ("POST", "/batch", {"workload": "sleep", "count": 0}, 422, "count"),
        ("POST", "/p0/signal", {}, 422, "signal"),
        ("POST", "/p0/join", {"timeout_s": -1}, 422, "timeout_s"),
        ("GET", "?state=asleep", None, 422, "state"),
        ("GET", "?colour=red", None, 422, "colour"),
        ("GET", "/p0/log?limit=0", None, 422, "limit"),
        ("GET", "/p0/log?limit=1048577", None, 422, "1048576"),
        ("GET", "/p0/consequences?verb=start", None, 422, "'terminate' or 'kill'"),
        ("GET", "/p%2f..%2f0", None, 404, ""),
        ("GET", "/p 0/log", None, 422, "id"),
        ("PUT", "/p0", {}, 405, ""),
        ("GET", "/p0/kill", None, 405, ""),
    ],
)  # fmt: skip
def test_invalid_request_is_refused_saying_what_is_wrong(
    operator: Client, method: str, path: str, body: Any, status: int, said: str
) -> None:
    """The problem document names the field or the id, and what is allowed."""
    answer = operator.request(method, PROCESSES + path, json=body)
    problem = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.status_code, problem["status"]) == (status, status)
    assert {"type", "title", "detail"} <= problem.keys()
    assert said in problem["detail"]


def test_an_unknown_signal_is_422_naming_the_field(operator: Client, launch: Launch) -> None:
    answer = operator.post(f"{PROCESSES}/{launch()['id']}/signal", json={"signal": "SIGNOPE"})
    assert (answer.status_code, answer.json()["field"]) == (422, "signal")


def test_an_impossible_verb_is_409_naming_state_and_verb(operator: Client, launch: Launch) -> None:
    url = f"{PROCESSES}/{launch()['id']}"
    for verb in ("start", "close"):
        answer = operator.post(f"{url}/{verb}")
        assert answer.status_code == 409
        assert verb in answer.json()["detail"]
        assert "running" in answer.json()["detail"]


def test_a_response_is_not_delayed(operator: Client) -> None:
    """Head and body are two writes; the second must not wait for an acknowledgement (Nagle's algorithm)."""
    operator.get("/api/v1/session")
    assert min(operator.get("/api/v1/session").elapsed.total_seconds() for _ in range(10)) < 0.03


@pytest.mark.parametrize("body", [b"{", b"nope", b"\xff\xfe", b'{"a": NaN}'])
def test_a_body_that_is_not_json_is_400(operator: Client, body: bytes) -> None:
    """It is neither 422 nor 500."""
    answer = operator.post(PROCESSES, data=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["title"]) == (400, "Bad Request")


def test_a_target_by_import_path_can_be_launched(operator: Client, launch: Launch) -> None:
    """The setting ALLOW_TARGETS permits it; a failed import fails to start, with the reason."""
    answer = operator.post(PROCESSES, json={"target": "time:sleep", "args": [60]})
    launch.ends(answer.json()["id"])
    assert launch.wait(answer.json()["id"], "running")["target"].startswith("time:sleep")
    broken = operator.post(PROCESSES, json={"target": "no_such_module_here:f"})
    if broken.status_code == 201:
        record = launch.wait(broken.json()["id"], "exited", "joined", "fatal")
        assert "no_such_module_here" in record["error"]
    else:
        assert broken.status_code == 422


def test_a_viewer_can_read_everything_but_the_environment(web: Web, launch: Launch) -> None:
    record = launch()
    viewer = web.client(VIEWER)
    assert viewer.get("/api/v1/session").json() == {"role": "viewer"}
    for path in ("/snapshot", "/processes", f"/processes/{record['id']}", "/workloads", "/events", "/history"):
        assert viewer.get(f"/api/v1{path}").status_code == 200
    assert viewer.get("/metrics").status_code == 200
    assert 'data-role="viewer"' in viewer.get("/").text
    details = viewer.get(f"{PROCESSES}/{record['id']}/inspect").json()
    assert details["environment"] is None
    assert details["uss_bytes"]


def test_the_page_comes_with_limits_verbs_and_defaults(operator: Client) -> None:
    """The defaults of the fields that a launch leaves out are those of the settings."""
    [text] = re.findall(r"data-facts='([^']*)'", operator.get("/").text)
    given = json.loads(text)
    assert given["limits"]["MAX_LAUNCHED"] == limits.MAX_LAUNCHED
    assert given["defaults"] == {"grace_s": 5, "stuck_after_s": 30, "restart_limit": 5, "pool_stuck_after_s": 10}
    assert given["verbs"]["kill"]["effect"] == Verb.KILL.effect
    assert given["verbs"]["kill"]["refusals"]["exited"] == "kill is not possible while the process is exited"


def test_a_viewer_cannot_change_anything(web: Web, launch: Launch) -> None:
    """Every request that is not a read is 403, and nothing happens."""
    record = launch()
    viewer = web.client(VIEWER)
    url = f"{PROCESSES}/{record['id']}"
    paths = [f"{url}/{verb}" for verb in ("terminate", "kill", "suspend", "join", "stack", "signal")]
    for path in [*paths, PROCESSES, f"{PROCESSES}/batch", "/api/v1/actions", "/api/v1/descendants/1-1/signal"]:
        assert viewer.post(path, json={}).status_code == 403
    assert viewer.delete(url).status_code == 403
    assert launch.get(record["id"])["state"] == "running"


def test_a_read_after_a_write_shows_its_effect(operator: Client, launch: Launch) -> None:
    """A record can be read once its launch is answered, and its exit once its join is."""
    for _ in range(5):
        process_id = operator.post(PROCESSES, json={"workload": "exit-with"}).json()["id"]
        launch.ends(process_id)
        assert operator.get(f"{PROCESSES}/{process_id}").status_code == 200
        operator.post(f"{PROCESSES}/{process_id}/join", json={"timeout_s": 10})
        assert operator.get(f"{PROCESSES}/{process_id}").json()["state"] == "joined"
