"""The catalogue of pool functions: its entries, and that workers run them."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import procession.pool
import workers
from procession.pool import Pool, WorkerLost
from procession.pool_host import checking
from procession.pool_host.functions import ImportGuard
from tests.child.bare_supervisor import METHODS
from tests.waiting import wait_until
from workers import pooled

FUNCTIONS = workers.pool_functions()
GUARD = ImportGuard()

# Names are part of the contract, and so are the parameters.
PROMISED = {
    "square": ["number"],
    "slow-square": ["number", "seconds"],
    "prime-count": ["limit"],
    "sleep": ["seconds"],
    "raise-at": ["number", "bad"],
    "return-big": ["mib"],
    "kill-own-worker": ["number", "victim"],
    "stall-at": ["number", "bad", "seconds"],
    "ignore-sigterm": ["seconds"],
}


@pytest.fixture(params=METHODS)
def pool(request: pytest.FixtureRequest) -> Iterator[Pool]:
    with procession.pool.get_context(request.param).Pool(1) as pool:
        yield pool
    pool.join()


def test_it_has_the_functions_of_the_contract() -> None:
    """Every promised name with its parameters."""
    assert {name: [one.name for one in found.parameters] for name, found in FUNCTIONS.items()} == PROMISED


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_has_everything_that_the_form_shows(name: str) -> None:
    """A title, a one-line description, what to look at, typed parameters with bounds and help; all as JSON."""
    told = json.loads(json.dumps(FUNCTIONS[name].to_json()))
    assert told.keys() == {"name", "title", "description", "look_at", "target", "parameters", "example"}
    assert told["name"] == name
    for text in ("title", "description", "look_at"):
        assert told[text]
        assert "\n" not in told[text]
    assert told["description"].endswith(".")
    for parameter in told["parameters"]:
        assert parameter.keys() == {"name", "type", "default", "minimum", "maximum", "choices", "help"}
        assert parameter["help"]
        assert parameter["minimum"] < parameter["maximum"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_example_is_a_job_that_a_host_accepts(name: str) -> None:
    """One click shows something."""
    example = FUNCTIONS[name].to_json()["example"]
    assert example.keys() == {"method", "args", "iterable", "chunksize"}
    order = checking.check({"function": name, **example}, GUARD)
    module, _, qualname = FUNCTIONS[name].target.partition(":")
    assert order.function is getattr(sys.modules[module], qualname)


def test_callers_get_copies() -> None:
    """Each caller has its own record."""
    FUNCTIONS["square"].to_json()["example"]["iterable"]["range"].clear()
    workers.pool_functions().clear()
    assert workers.pool_functions()["square"].example["iterable"] == {"range": [0, 100_000, 1]}


@pytest.mark.parametrize(
    ("function", "args", "value"),
    [
        (pooled.square, (12,), 144),
        (pooled.slow_square, (12, 0), 144),
        (pooled.prime_count, (100,), 25),
        (pooled.sleep, (0,), 0),
        (pooled.raise_at, (6,), 6),
        (pooled.return_big, (0.5,), bytes(512 * 1024)),
        (pooled.kill_own_worker, (6,), 6),
        (pooled.stall_at, (7, 7, 0), 7),
        (pooled.ignore_sigterm, (0,), 0),
    ],
)
def test_a_worker_runs_it(pool: Pool, function: Any, args: tuple[object, ...], value: object) -> None:
    """Every start method finds it, and it returns the right value."""
    assert pool.apply(function, args) == value


def test_raise_at_raises(pool: Pool) -> None:
    """Only for the one number."""
    with pytest.raises(ValueError, match="7 is the number that raises"):
        pool.apply(pooled.raise_at, (7,))


def test_kill_own_worker_kills(pool: Pool) -> None:
    """The task is lost, by SIGKILL."""
    with pytest.raises(WorkerLost) as lost:
        pool.apply(pooled.kill_own_worker)
    assert lost.value.exitcode == -signal.SIGKILL


def test_ignore_sigterm_restores_the_handler(pool: Pool) -> None:
    """SIGTERM is ignored only while it runs."""
    result = pool.apply_async(pooled.ignore_sigterm, (0.5,))
    (worker,) = wait_until(lambda: [one for one in pool.statistics().workers if one.state == "busy"])
    wait_until(lambda: _ignores_sigterm(worker.pid))
    os.kill(worker.pid, signal.SIGTERM)
    assert result.get(10) == 0.5
    wait_until(lambda: not _ignores_sigterm(worker.pid))


def _ignores_sigterm(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    ignored = next(line for line in status if line.startswith("SigIgn:"))
    return bool(int(ignored.split()[1], 16) >> (signal.SIGTERM - 1) & 1)
