"""The web process: pages, HTTP interface and Socket.IO for browsers.  It holds no truth and may die at any
time.

    browser ◀──HTTP, Socket.IO──▶ gate ▶ access ▶ api*, pages, live ◀── feed, control ──▶ supervisor

`create_app` puts the parts together; `server` serves them; `__main__` is the process.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI

from app.settings import Settings
from app.web.api import openapi
from app.web.api import pool_work as api_pool_work
from app.web.api import pools as api_pools
from app.web.api import processes as api_processes
from app.web.api import programs as api_programs
from app.web.api import verbs as api_verbs
from app.web.api import whole as api
from app.web.api.services import EXTENSION, Services
from app.web.http import problems
from app.web.http.access import Access
from app.web.http.auth import Doorkeeper
from app.web.http.gate import Gate
from app.web.http.json_codec import Json, Request, answer
from app.web.live.live import Live
from app.web.live.tails import LogTails
from app.web.upstream.control import Control
from app.web.upstream.feed import Feed

from . import pages, static_files

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Web:
    """The application behind its gate, and what must be started and stopped with it."""

    application: WSGIApplication
    app: OpenAPI
    feed: Feed
    live: Live


def create_app(settings: Settings) -> Web:
    """Everything wired, nothing started."""
    feed, control = Feed(settings.control_path), Control(settings.control_path)
    access = Access(Doorkeeper(settings))
    app = _flask()
    app.extensions[EXTENSION] = Services(settings, feed, control)
    problems.install(app)
    access.install(app)
    for part in (api, api_processes, api_verbs, api_pools, api_pool_work, api_programs):
        app.register_api(part.api)
    app.add_url_rule("/api/v1/openapi.json", "openapi", lambda: answer(openapi.document(app)))
    app.add_url_rule("/metrics", "metrics", api.prometheus)
    pages.install(app, access, feed)
    tails = LogTails(settings.log_path)
    live = Live(app, access, feed, tails)
    tails.offer = live.clients.offer
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
    app.json = Json(app)
    static_files.install(app)
    return app
