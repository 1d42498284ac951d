"""Servers for the tests of the web process.  Those of a module are shared by its tests, which end what they launch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.waiting import wait_until
from tests.web.serving import Client, Launch, Pools, Running, Web

VIEWER = "viewers-token-for-tests"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def bare(home: Path) -> Iterator[Web]:
    """The web process alone, with no configuration but where it lives and a free port."""
    with Web(home) as web:
        yield web


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """Supervisor and web process, with a viewer's token and launches of targets allowed."""
    home = tmp_path_factory.mktemp("home")
    settings = {"VIEWER_TOKEN": VIEWER, "ALLOW_TARGETS": "1"}
    with Running("app.supervisor", home, **settings), Web(home, **settings) as served:
        ready = served.client("")
        wait_until(lambda: ready.get("/readyz").ok, 20, "the supervisor's stream arrives")
        yield served


@pytest.fixture
def operator(web: Web) -> Client:
    return web.client()


@pytest.fixture
def launch(operator: Client) -> Iterator[Launch]:
    """Launches processes and has them gone by the end of the test."""
    with Launch(operator) as launching:
        yield launching


@pytest.fixture
def pools(operator: Client) -> Iterator[Pools]:
    """Opens pools and has their hosts gone by the end of the test."""
    with Pools(operator) as opening:
        yield opening
