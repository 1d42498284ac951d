"""The metrics are one record a line, whatever names programs choose."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tests.waiting import wait_until
from tests.web.serving import Launch, Web


def test_a_name_cannot_break_a_line_of_the_metrics(web: Web, launch: Launch, tmp_path: Path) -> None:
    """A program chooses the names of its processes and of what they share."""
    code = (
        "import multiprocessing as m, time\n"
        "if __name__ == '__main__':\n"
        "    m.Process(target=time.sleep, args=(600,), name='a\\n b\\x1b[2J\\u202e\\x9b\"\\\\').start()\n"
        "    time.sleep(600)\n"
    )
    (tmp_path / "job.py").write_text(code)
    body: Any = {"command": [sys.executable, "job.py"], "cwd": str(tmp_path)}
    operator = web.client()
    launch.ends(operator.post("/api/v1/programs", json=body).json()["id"])
    text = wait_until(lambda: (found := operator.get("/metrics").text) and "x1b" in found and found)
    assert text.replace("\n", "").isprintable()
    for line in text.splitlines():
        assert line.startswith(("#", "procession_")), line
