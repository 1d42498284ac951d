"""Pools of every start method, ended with their tests; files through which tasks report and wait."""

import multiprocessing
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from procession import Pool
from tests.pool.tasks import METHODS

JOINED_WITHIN_S = 30
#: Where the start method makes no difference: as with spawn all is pickled, at the price of a fork.
ONE_METHOD = "forkserver"
OpenPool = Callable[..., Pool]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    # From 3.12 on, fork warns in a process with threads, and a pool has one; the stdlib's as well.
    here = Path(__file__).parent
    ignored = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(ignored)
            params = item.callspec.params if hasattr(item, "callspec") else {}
            of_another = params.get("method", ONE_METHOD) != ONE_METHOD
            if of_another and item.get_closest_marker("any_method") and not item.get_closest_marker("every_method"):
                item.add_marker(pytest.mark.long)


@pytest.fixture(autouse=True)
def _workers_without_pytest(monkeypatch: pytest.MonkeyPatch) -> None:
    # A worker that is not forked imports the main module: pytest, which takes longer than the rest of its start.
    main = sys.modules["__main__"]
    monkeypatch.setattr(main, "__spec__", None)
    monkeypatch.delattr(main, "__file__", raising=False)


@pytest.fixture(params=METHODS)
def method(request: pytest.FixtureRequest) -> str:
    """Each test that uses it runs once per start method."""
    name: str = request.param
    return name


@pytest.fixture
def open_pool(method: str) -> Iterator[OpenPool]:
    """Takes the arguments of a Pool; each is terminated at the end, which may not take for ever."""
    pools: list[Pool] = []

    def open_one(*args: Any, **kwargs: Any) -> Pool:
        pools.append(Pool(*args, context=multiprocessing.get_context(method), **kwargs))
        return pools[-1]

    yield open_one
    for pool in pools:
        pool.terminate()
    assert all(pool.join(timeout=JOINED_WITHIN_S) for pool in pools)


@pytest.fixture
def log(tmp_path: Path) -> str:
    """Where tasks tell their starts and ends."""
    return str(tmp_path / "log")


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Path]:
    """What held tasks wait for; opened at the latest when the test is over."""
    path = tmp_path / "gate"
    yield path
    path.touch()
