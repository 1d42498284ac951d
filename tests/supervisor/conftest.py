"""A supervisor of a test file, and the programs that each test runs under it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.supervisor.program_runs import Programs, end_program
from tests.supervisor.supervised import Supervised
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def supervisor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervised]:
    with Supervised(tmp_path_factory.mktemp("home")) as one:
        yield one


@pytest.fixture
def programs(supervisor: Supervised, tmp_path: Path) -> Iterator[Programs]:
    runs = Programs(supervisor, tmp_path)
    yield runs
    for program in runs.ids:
        wait_until(lambda one=program: end_program(runs, one), 20, f"all of {program} has ended")
