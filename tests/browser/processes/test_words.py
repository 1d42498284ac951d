"""What the last column says, as pure functions of a record: asked of the page's own modules."""

from typing import Any

from playwright.sync_api import Page

QUIET = {"state": "running", "alive": True, "exitcode": None, "cause": None, "error": None, "failed": False}
QUIET |= {"stuck": None, "stopping": None, "backoff": None, "progress": None, "start_time": 0, "auto_join": True}
TERM = {"signal": "SIGTERM", "by": "operator", "at": 97, "kill_at": 102.5, "left": [7, 8]}
BACKOFF = {"attempt": 3, "limit": 5, "until": 104}
DEAD = {"state": "joined", "alive": False}
OUTCOMES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing to say": ({}, {"words": ""}),
    "not started": ({"state": "created", "alive": False}, {"words": "not started"}),
    "stuck": ({"stuck": {"since": 9, "reason": "no progress"}}, {"words": "no progress", "tone": "warn"}),
    "progress": (
        {"progress": {"done": 1, "total": 4, "note": "page 1"}},
        {"words": "25 % · page 1 · 5 m 0 s left", "share": 0.25},
    ),
    "progress without a total": ({"progress": {"done": 1234, "total": None, "note": None}}, {"words": "1,234"}),
    "stopping": (
        {"state": "stopping", "stopping": TERM},
        {"words": "SIGKILL in 3 s · SIGTERM sent by operator 3 s ago"},
    ),
    "killed": (
        {"state": "stopping", "stopping": TERM | {"kill_at": 99}},
        {"words": "SIGKILL sent · waiting for pid 7, 8"},
    ),
    "backoff": (
        DEAD | {"state": "backoff", "exitcode": 1, "cause": "exit 1: ValueError: x", "backoff": BACKOFF},
        {"words": "attempt 3 of 5 in 4 s · ValueError: x", "code": "1"},
    ),
    "ended": (DEAD | {"exitcode": 0, "cause": "finished"}, {"words": "finished", "code": "0"}),
    "signalled": (DEAD | {"exitcode": -9, "cause": "SIGKILL by cli"}, {"words": "SIGKILL by cli", "code": "−9"}),
    "zombie": (
        DEAD | {"state": "exited", "exitcode": 0, "cause": "finished", "auto_join": False},
        {"words": "finished · zombie, not joined", "code": "0"},
    ),
    "lost": (DEAD | {"state": "lost"}, {"words": "exit not observed"}),
}
FIGURES = [
    ("bytes", None, "–"), ("bytes", 512, "512 B"), ("bytes", 1536, "1.5 KiB"), ("bytes", 23.5 * 2**30, "23.5 GiB"),
    ("mebibytes", 14.4 * 2**20, "14"), ("percent", 0, "0"), ("percent", 3.14, "3.1"), ("percent", 99.6, "100"),
    ("duration", None, "–"), ("duration", 0.46, "0.4 s"), ("duration", 31, "31 s"), ("duration", 200, "3 m 20 s"),
    ("duration", 11227, "3 h 7 m"), ("duration", 187_200, "2 d 4 h"),
    ("exitcode", -15, "−15"), ("exitcode", 0, "0"), ("exitcode", None, "–"),
]  # fmt: skip


def test_outcomes(page: Page) -> None:
    for situation, (record, told) in OUTCOMES.items():
        outcome = page.evaluate(
            "async (record) => (await import('/static/js/words/outcome.js')).outcome(record, 100)", QUIET | record
        )
        assert (situation, {key: outcome.get(key) for key in told}) == (situation, told)


def test_figures(page: Page) -> None:
    for name, value, text in FIGURES:
        shown = page.evaluate(
            "async ([name, value]) => (await import('/static/js/words/format.js'))[name](value)", [name, value]
        )
        assert (name, value, shown) == (name, value, text)
