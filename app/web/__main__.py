"""`python -m app.web`: run the web process until SIGTERM."""

import gc
import logging
import os
import resource
import signal
import sys

import gevent
from gevent.event import Event

from app import settings
from app.linux import lifeline
from app.records.visible import LogFormatter
from app.settings import Settings, SettingsError
from app.web.http import server

from . import create_app


def main() -> int:
    """Serve until SIGTERM or SIGINT; return the exit code."""
    shown = logging.StreamHandler()
    shown.setFormatter(LogFormatter("procession web: %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[shown])
    try:
        chosen = settings.load()
    except SettingsError as error:
        sys.stderr.write(f"procession web: {error}\n")
        return 1
    if chosen.launcher_pid:
        # If we outlived the launcher, we would keep its port.
        lifeline.end_with_parent(signal.SIGTERM, chosen.launcher_pid)
    _raise_fd_limit()
    _serve(chosen)
    return 0


def _serve(chosen: Settings) -> None:
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, stopping.set)
    web = create_app(chosen)
    listener = server.listen(chosen)
    chosen.address_path.write_text(server.address(listener) + "\n")
    serving = server.serving(listener, web.application)
    # What is here now stays: a collection that goes over it holds every request up for 50 ms.
    gc.freeze()
    web.feed.start(web.live)
    gevent.spawn(web.live.run)
    serving.start()
    stopping.wait()
    # New connections stay in the backlog, for the next web process.
    serving.stop_accepting()
    web.live.clients.close()
    serving.stop(timeout=server.STOP_S)


def _raise_fd_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    code = main()
    logging.shutdown()
    # To take 800 modules apart takes Python 0.16 s, for which the launcher and its user would wait.
    os._exit(code)
