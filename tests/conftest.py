"""What every test gets: nothing that it started may outlive it."""

import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests import examples, leftovers

settings.load_profile(examples.ALL)

GONE_WITHIN_S = 5


@pytest.fixture(scope="session", autouse=True)
def _signals_as_in_a_terminal() -> None:
    """Started in the background, or by nohup, we ignore these; so would all that the tests start and end by them."""
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


@pytest.fixture(scope="session", autouse=True)
def _session_leaves_no_process() -> Iterator[None]:
    leftovers.set_mark()
    yield from _no_process_left()


@pytest.fixture(autouse=True)
def _test_leaves_no_process(_session_leaves_no_process: None) -> Iterator[None]:
    yield from _no_process_left()


def _no_process_left() -> Iterator[None]:
    before = leftovers.pids()
    yield
    left = leftovers.alive_after(GONE_WITHIN_S, before)
    told = [leftovers.describe(process) for process in left]
    leftovers.end(left)
    if told:
        pytest.fail("left alive:\n" + "\n".join(told), pytrace=False)
