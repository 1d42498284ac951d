"""`python -m app.web`: run the web process until SIGTERM."""

import gc
import logging
import os
import resource
import signal

import gevent
from gevent.event import Event

from app import home, settings
from app.linux import lifeline, own_files
from app.linux.heartbeat import Heartbeat
from app.records.visible import visible_lines
from app.settings import Settings, SettingsError
from app.standard_error import say
from app.web.http import server

from . import create_app

_BEAT_S = 1.0

log = logging.getLogger(__name__)


class LogFormatter(logging.Formatter):
    """Formats the log of this process, whose messages and tracebacks repeat text of others."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the message with its traceback."""
        return visible_lines(super().format(record))


def main() -> int:
    """Serve until SIGTERM or SIGINT; return the exit code."""
    shown = logging.StreamHandler()
    shown.setFormatter(LogFormatter("procession web: %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[shown])
    try:
        chosen = settings.load()
    except SettingsError as error:
        say(str(error), "procession web")
        return 1
    if not chosen.token:
        say(f"{chosen.home}/token holds no token: delete it to have a new one made", "procession web")
        return 1
    home.hold(chosen.home)
    if chosen.launcher_pid:
        # If we outlived the launcher, we would keep its port.  SIGKILL ends us even while we are stopped.
        lifeline.end_with_parent(signal.SIGKILL, chosen.launcher_pid)
    _raise_fd_limit()
    _serve(chosen)
    return 0


def _serve(chosen: Settings) -> None:
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, stopping.set)
    web = create_app(chosen)
    listener = server.listen(chosen)
    _write_address(chosen, server.address(listener))
    serving = server.serving(listener, web.application)
    # What is here now stays: a collection that goes over it holds every request up for 50 ms.
    gc.freeze()
    web.feed.start(web.live)
    gevent.spawn(web.live.run)
    if chosen.beat_fd >= 0:
        gevent.spawn(_beat, Heartbeat(chosen.beat_fd))
    serving.start()
    stopping.wait()
    # New connections stay in the backlog, for the next web process.
    serving.stop_accepting()
    web.live.clients.close()
    serving.stop(timeout=server.STOP_S)


def _beat(heartbeat: Heartbeat) -> None:
    """Show the launcher that this process still switches between its greenlets; never returns."""
    while True:
        heartbeat.beat()
        gevent.sleep(_BEAT_S)


def _write_address(chosen: Settings, address: str) -> None:
    path = chosen.address_path
    try:
        if notice := own_files.make_way(path):
            log.warning("%s", notice)
        own_files.write(path, f"{address}\n".encode())
    except OSError as error:
        log.warning("cannot write %s: %s", path, error)


def _raise_fd_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    code = main()
    logging.shutdown()
    # To take 800 modules apart takes Python 0.16 s, for which the launcher and its user would wait.
    os._exit(code)
