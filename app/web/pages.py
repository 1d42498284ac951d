"""The HTML pages, the sign-in, and the health checks.

All pages use one template: the scripts fill it by the path of the address.
"""

import signal
from importlib.metadata import version

from flask import Blueprint, Flask, g, render_template, request
from werkzeug.wrappers import Response

from app.records import limits, verbs
from app.records.pool import PoolSpec
from app.records.primitives import JsonDict
from app.records.process import RestartPolicy
from app.settings import Settings
from app.web.http.access import Access, local
from app.web.http.problems import Problem
from app.web.upstream.feed import Feed


def facts(settings: Settings) -> JsonDict:
    """Return what the page shares with the server: limits, verbs, names of signals and the defaults of fields."""
    return {
        "limits": {name: value for name, value in vars(limits).items() if name.isupper()},
        "verbs": verbs.for_the_page(),
        "signals": {int(one): one.name for one in signal.Signals},
        "defaults": {
            "grace_s": settings.grace_s,
            "stuck_after_s": settings.stuck_after_s,
            "restart_limit": RestartPolicy().limit,
            "pool_stuck_after_s": PoolSpec().stuck_after_s,
        },
    }


def install(flask: Flask, access: Access, feed: Feed, known: JsonDict) -> None:
    pages = Blueprint("pages", __name__)

    def index(**_shown: str) -> str:
        return render_template("index.html", role=g.role.value, version=version("procession"), known=known)

    things = ("processes", "pools", "programs")
    for path in ("/", "/pools", "/programs", "/events", "/launch", *(f"/{each}/<id>" for each in things)):
        pages.add_url_rule(path, "index", index)

    @pages.get("/signin")
    def sign_in() -> Response:
        return access.form(local(request.args.get("next", "/")), None, 200)

    @pages.post("/signin")
    def sign_in_with_token() -> Response:
        return access.sign_in(request.form.get("token", "").strip(), local(request.form.get("next", "/")))

    @pages.post("/signout")
    def sign_out() -> Response:
        return access.sign_out()

    @pages.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @pages.get("/readyz")
    def readyz() -> dict[str, str]:
        if not feed.live:
            raise Problem(503, feed.away_because, headers={"Retry-After": "1"})
        return {"status": "ok"}

    flask.register_blueprint(pages)
