"""Some of CPython's own multiprocessing tests, with and without the observer; `make conformance` runs all of them."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conformance.compare import METHODS, NoTests, confirmed, differences, run

WITHIN_S = 50.0
# One of each facility, of those that take seconds and not minutes.
QUICK = tuple(
    f"WithProcessesTest{name}"
    for name in (
        "Lock",
        "Semaphore",
        "Queue",
        "Value",
        "Array",
        "Connection",
        "Poll",
        "Heap",
        "SharedCTypes",
        "Listener",
    )
)
MORE = (
    "WithProcessesTestCondition",
    "WithProcessesTestEvent",
    "WithProcessesTestBarrier",
    "WithProcessesTestSharedMemory",
)
CLASSES = {"fork": (*QUICK, *MORE, "TestPoolNotLeakOnFailure"), "forkserver": QUICK, "spawn": QUICK[:5]}
RUNS = [
    pytest.param("fork", QUICK[:4], id="fork-some"),
    *(pytest.param(method, CLASSES[method], id=method, marks=pytest.mark.long) for method in METHODS),
]


@pytest.mark.parametrize(("method", "classes"), RUNS)
def test_each_test_has_the_outcome_without_observation(method: str, classes: tuple[str, ...]) -> None:
    """Two runs at the same time; a difference is checked once more before it counts."""

    def outcomes(observed: bool):  # type: ignore[no-untyped-def]  # noqa: FBT001
        return run(sys.executable, method, classes, observed=observed, within_s=WITHIN_S)

    try:
        with ThreadPoolExecutor(2) as both:
            without, observed = both.map(outcomes, (False, True))
    except NoTests as error:
        pytest.skip(f"this interpreter comes without its own tests: {error}")
    assert len(observed.words) > 10
    assert confirmed(sys.executable, method, differences(without, observed)) == {}
