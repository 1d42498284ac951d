"""Socket.IO with real processes: snapshot, deltas, resync and followed logs."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
import requests
import websocket

from tests.waiting import wait_until
from tests.web.conftest import VIEWER
from tests.web.serving import Browser, Client, Launch, Web, hang_up


def replay(browser: Browser) -> dict[str, Any]:
    """Return the processes as a page would have them; fail if a delta does not continue from the last one."""
    processes: dict[str, Any] = {}
    seq = None
    for name, message in list(browser.received):
        if name == "snapshot":
            processes = {record["id"]: dict(record) for record in message["processes"]}
            seq = message["seq"]
        elif name == "delta":
            assert message["base"] == seq
            seq = message["seq"]
            for patch in message["changed"]["processes"]:
                processes.setdefault(patch["id"], {}).update(patch)
            for gone in message["removed"]:
                processes.pop(gone, None)
    return processes


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_a_snapshot_is_followed_by_deltas_without_a_gap(web: Web, launch: Launch, transport: str) -> None:
    """Together they give what the REST API says, over both transports."""
    old = launch()["id"]
    with web.browser(transports=[transport]) as browser:
        assert old in [record["id"] for record in browser.first("snapshot")["processes"]]
        new = launch()["id"]
        wait_until(lambda: replay(browser).get(new, {}).get("state") == "running")
        asked = launch.get(new)
        known = replay(browser)[new]
        for name in ("pid", "start_time", "sentinel", "workload", "target", "params"):
            assert known[name] == asked[name]
        web.client().post(f"/api/v1/processes/{new}/kill")
        wait_until(lambda: replay(browser)[new]["state"] == "joined")
        assert replay(browser)[new]["cause"]


def test_a_viewers_session_cookie_is_accepted_instead_of_a_token(web: Web) -> None:
    answer = requests.get(f"{web.url}/?token={VIEWER}", allow_redirects=False, timeout=9)
    (cookie,) = [f"{name}={value}" for name, value in answer.cookies.items()]
    url = f"ws://{web.address}/socket.io/?EIO=4&transport=websocket"
    raw = websocket.create_connection(url, cookie=cookie, origin=web.url)
    raw.recv()
    raw.send("40")
    assert raw.recv().startswith("40")
    assert raw.recv().startswith('42["snapshot",')
    hang_up(raw)


def test_resync_sends_a_new_snapshot(web: Web) -> None:
    """The deltas continue from it."""
    with web.browser() as browser:
        browser.first("snapshot")
        browser.emit("resync")
        wait_until(lambda: len(browser.all("snapshot")) == 2)
        seen = len(browser.all("delta"))
        wait_until(lambda: len(browser.all("delta")) > seen)
        replay(browser)


def test_a_flood_of_resyncs_does_not_break_the_stream(web: Web) -> None:
    """A client gets no more snapshots than its queue has room for."""
    with web.browser() as browser:
        browser.first("snapshot")
        for _ in range(300):
            browser.emit("resync")
        wait_until(lambda: browser.all("delta") and len(browser.all("snapshot")) > 1)
        replay(browser)
    assert web.client().get("/healthz").ok


def test_a_log_is_followed_while_it_is_watched(web: Web, operator: Client, launch: Launch) -> None:
    """It arrives complete and in order from the current end; nothing is sent after unwatch."""
    record = launch("print-lines", params={"rate": 50, "seconds": 60})
    topic = {"topic": f"log:{record['id']}"}
    with web.browser() as browser:
        browser.first("snapshot")
        browser.emit("watch", topic)
        start = browser.first("log")["offset"]
        wait_until(lambda: len(browser.all("log")) > 3)
        browser.emit("unwatch", topic)
        operator.post(f"/api/v1/processes/{record['id']}/kill")
        launch.wait(record["id"], "joined")
        messages = browser.all("log")
        assert {message["id"] for message in messages} == {record["id"]}
        text = "".join(message["text"] for message in messages)
        end = messages[-1]["next"]
        url = f"/api/v1/processes/{record['id']}/log?offset={start}&limit={end - start}"
        assert operator.get(url).json()["text"] == text
        for before, after in itertools.pairwise(messages):
            assert after["offset"] == before["next"]
        browser.emit("resync")
        wait_until(lambda: len(browser.all("snapshot")) == 2)
        assert len(browser.all("log")) == len(messages)


def test_a_log_watched_several_times_is_sent_once(web: Web, launch: Launch) -> None:
    """A single unwatch ends it."""
    record = launch("print-lines", params={"rate": 50, "seconds": 60})
    topic = {"topic": f"log:{record['id']}"}
    with web.browser() as browser:
        browser.first("snapshot")
        for _ in range(3):
            browser.emit("watch", topic)
        wait_until(lambda: len(browser.all("log")) > 6)
        browser.emit("unwatch", topic)
        browser.emit("resync")
        wait_until(lambda: len(browser.all("snapshot")) == 2)
        messages = browser.all("log")
        for before, after in itertools.pairwise(messages):
            assert after["offset"] == before["next"]
        length = len(browser.all("delta"))
        wait_until(lambda: len(browser.all("delta")) > length + 1)
        assert len(browser.all("log")) == len(messages)


def test_parts_of_a_fast_growing_log_are_skipped(web: Web, launch: Launch) -> None:
    """The offsets show the gap."""
    record = launch("flood", params={"mb_per_s": 20, "seconds": 60})
    with web.browser() as browser:
        browser.first("snapshot")
        browser.emit("watch", {"topic": f"log:{record['id']}"})
        wait_until(lambda: len(browser.all("log")) > 4)
        messages = browser.all("log")
        assert all(len(message["text"].encode()) <= 64 * 1024 for message in messages)
        assert any(after["offset"] > before["next"] for before, after in itertools.pairwise(messages))


@pytest.mark.parametrize(
    "wanted", [None, 7, "log:p1", {}, {"topic": 7}, {"topic": "log:"}, {"topic": "log:../token"}, {"topic": "x:p1"}]
)
def test_invalid_topics_are_ignored(web: Web, wanted: Any) -> None:
    """No error is sent, and the connection stays open."""
    with web.browser() as browser:
        browser.first("snapshot")
        browser.emit("watch", wanted)
        browser.emit("unwatch", wanted)
        browser.emit("resync")
        wait_until(lambda: len(browser.all("snapshot")) == 2)
        assert not browser.all("log")


@pytest.mark.parametrize(
    "packet",
    [
     "", "9", "x", "4", "4x", "42", "42[", '42["watch"', "42[]", "42[1]", '42{"a":1}', "45-", "451-x", "4" * 500, "b!",
     "2probe", "6", "1", "5",
     '42["connect"]', '42["disconnect"]', '42["resync",{},{},{}]',
     "41", "40", "40/x,", "\x00"],
)  # fmt: skip
def test_malformed_packets_do_not_affect_other_clients(web: Web, packet: str) -> None:
    """No traceback is written."""
    before = web.errors
    url = f"ws://{web.address}/socket.io/?EIO=4&transport=websocket"
    with web.browser() as other:
        other.first("snapshot")
        raw = websocket.create_connection(url)
        raw.recv()
        raw.send("40" + json.dumps({"token": web.token}))
        raw.recv()
        raw.send(packet)
        raw.send_binary(b"\xff\x00")
        hang_up(raw)
        other.emit("resync")
        wait_until(lambda: len(other.all("snapshot")) == 2)
    assert web.errors == before


def test_an_unauthenticated_connection_is_closed(web: Web) -> None:
    """The second sweep after it was opened closes it."""
    raw = websocket.create_connection(f"ws://{web.address}/socket.io/?EIO=4&transport=websocket", timeout=20)
    while raw.connected and raw.recv() not in ("", "1"):
        pass
    hang_up(raw)
