"""The web process: pages, HTTP API and Socket.IO for browsers.  It keeps no state of its own and may die at any time.

    browser ◀──HTTP, Socket.IO──▶ gate ▶ access ▶ api, pages, live ◀── feed, control ──▶ supervisor

`create_app` assembles the parts; `server` serves them; `__main__` is the process.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from msgspec import Struct

from app.clock import Clock
from app.linux.heartbeat import Heartbeat
from app.settings import Settings
from app.web.api import openapi, pool_work, pools, processes, programs, system, verbs
from app.web.api.services import EXTENSION, Services
from app.web.http import problems
from app.web.http.access import Access
from app.web.http.auth import Authenticator
from app.web.http.gate import Gate
from app.web.http.json_codec import Json, Request, answer
from app.web.http.segments import Segment
from app.web.live.live import Live
from app.web.live.tails import LogTails
from app.web.upstream.control import Control
from app.web.upstream.feed import Feed

from . import pages

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

ROOT = Path(__file__).parents[2]


class Web(Struct, frozen=True):
    """The application behind its gate, and the parts that are started and stopped with it."""

    application: WSGIApplication
    app: OpenAPI
    feed: Feed
    live: Live


def create_app(settings: Settings) -> Web:
    """Return the assembled parts; nothing is started."""
    beat = Heartbeat(settings.supervisor_beat_fd) if settings.supervisor_beat_fd >= 0 else None
    feed, control = Feed(settings.control_path, beat), Control(settings.control_path)
    access = Access(Authenticator(settings), settings.trusted_proxies)
    app = _flask()
    app.extensions[EXTENSION] = Services(settings, feed, control, Clock(settings.epoch))
    problems.install(app)
    access.install(app)
    for part in (system, processes, verbs, pools, pool_work, programs):
        app.register_api(part.api)
    app.add_url_rule("/api/v1/openapi.json", "openapi", lambda: answer(openapi.document(app, system.catalogue())))
    app.add_url_rule("/metrics", "metrics", system.prometheus)
    pages.install(app, access, feed, pages.facts(settings))
    tails = LogTails(settings.log_path)
    live = Live(app, access, feed, tails)
    tails.offer = live.clients.offer
    access.on_sign_out = live.clients.close_session
    return Web(Gate(app.wsgi_app, settings.allowed_hosts), app, feed, live)


def _flask() -> OpenAPI:
    app = OpenAPI(
        "procession",
        info=Info(title="Procession", version=version("procession")),
        doc_ui=False,
        security_schemes=openapi.SECURITY_SCHEMES,
        validation_error_callback=problems.refuse_invalid,
        root_path=str(ROOT),
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "static"),
        static_url_path="/static",
    )
    app.request_class = Request
    app.url_map.converters["default"] = Segment
    app.json = Json(app)
    return app
