"""Servers for the tests of the web process. The tests of a module share them and end what they launch."""

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
    """Start the web process without a supervisor, with no settings except its home and a free port."""
    with Web(home) as web:
        yield web


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """Start a supervisor and a web process, with a viewer token and with targets allowed."""
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
    """Launch processes; end them at the end of the test."""
    with Launch(operator) as launching:
        yield launching


@pytest.fixture
def pools(operator: Client) -> Iterator[Pools]:
    """Open pools; end their hosts at the end of the test."""
    with Pools(operator) as opening:
        yield opening
