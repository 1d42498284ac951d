"""Runs CPython's own tests of ``multiprocessing.Pool`` against another class, and writes the outcome of each as JSON.

``python -m tests.pool.cpython_pool_tests procession fork`` (or ``stdlib``, the control; forkserver, spawn).

``multiprocessing.Pool()`` does ``from .pool import Pool`` when it is called, so it suffices to bind another class to
that name; ``multiprocessing.managers`` binds it at its import, so it comes first.  The tests are the interpreter's:
``test._test_multiprocessing`` makes the classes for a start method in the namespace of a module.
"""

from __future__ import annotations

import importlib
import json
import multiprocessing.pool
import os
import sys
import unittest
from collections.abc import Iterator

#: As the interpreter's ``install_tests_in_module_dict`` names them; the manager's flavour is a Pool behind proxies.
CLASSES = {
    f"With{flavour}{name}"
    for flavour in ("Processes", "Manager")
    for name in ("TestPool", "TestPoolWorkerErrors", "TestPoolWorkerLifetime")
} | {"TestPoolNotLeakOnFailure"}
SINGLE = {"TestInitializers": "test_pool_initializer"}
MODULE = "tests.pool.cpython_pool_tests"
NO_TESTS = 77


class Outcomes(unittest.TestResult):
    """Keeps one word per test, and the traceback of what failed."""

    def __init__(self) -> None:
        super().__init__()
        self.words: dict[str, str] = {}

    def startTest(self, test: unittest.TestCase) -> None:  # noqa: N802
        super().startTest(test)
        self.words[test.id()] = "ok"

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:  # noqa: N802
        super().addSkip(test, reason)
        self.words[test.id()] = "skipped"

    def told(self) -> dict[str, dict[str, str]]:
        """Names without the module; failures outside a test (``setUpModule``) are told too."""
        failed = {test.id(): trace for test, trace in (*self.errors, *self.failures)}
        words = {name.removeprefix(f"{MODULE}."): word for name, word in self.words.items() if name not in failed}
        return {"outcomes": words, "failed": {name.removeprefix(f"{MODULE}."): text for name, text in failed.items()}}


def pool_tests(method: str) -> Iterator[unittest.TestCase]:
    """The tests of one start method; unittest finds ``setUpModule`` in the same module."""
    from test import _test_multiprocessing as cpython

    module = importlib.import_module(MODULE)  # not ``__main__``: workers look the classes up by this name
    cpython.install_tests_in_module_dict(vars(module), method)
    for name, found in sorted(vars(module).items()):
        if name in CLASSES:
            yield from map(found, unittest.defaultTestLoader.getTestCaseNames(found))
        elif name in SINGLE:
            yield found(SINGLE[name])


def __getattr__(name: str) -> object:
    """A worker asks for a class: make them, once; there the start method does not matter."""
    if name not in CLASSES:
        raise AttributeError(f"module {MODULE!r} has no attribute {name!r}")
    tuple(pool_tests("fork"))
    return globals()[name]


def main(pool: str, method: str) -> None:
    if pool == "procession":
        import procession

        multiprocessing.pool.Pool = procession.Pool  # type: ignore[misc]
    try:
        suite = unittest.TestSuite(pool_tests(method))
    except ImportError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(NO_TESTS)
    outcomes = Outcomes()
    with os.fdopen(os.dup(1), "w") as told:  # what the tests themselves write goes the way of errors
        os.dup2(2, 1)
        suite.run(outcomes)
        json.dump(outcomes.told(), told)


if __name__ == "__main__":
    main(*sys.argv[1:])
