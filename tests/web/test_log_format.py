"""The log of the web process."""

import logging

from app.web.__main__ import LogFormatter


def test_the_log_of_our_processes_is_made_visible() -> None:
    record = logging.LogRecord("x", logging.ERROR, "x", 1, "bad %s", ("\x1b[2J",), None)
    assert LogFormatter("web: %(message)s").format(record) == r"web: bad \x1b[2J"
