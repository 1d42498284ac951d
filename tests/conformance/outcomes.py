"""Runs CPython's own multiprocessing tests for one start method, and writes the outcome of each as JSON.

``python outcomes.py METHOD [CLASS…]``: of the classes that the interpreter's ``test._test_multiprocessing`` makes,
all or those named.  Needs nothing but an interpreter that comes with its own tests, of any version from 3.8 on.
"""

import gc
import json
import os
import sys
import unittest

NO_TESTS = 77

# Here and not in a function: spawned children find what they are to run by importing this file.
try:
    from test import _test_multiprocessing

    _test_multiprocessing.install_tests_in_module_dict(globals(), sys.argv[1])
except (ImportError, unittest.SkipTest) as error:
    print(error, file=sys.stderr)
    sys.exit(NO_TESTS)


class Outcomes(unittest.TestResult):
    """One word per test, and the traceback of what failed."""

    def __init__(self):
        super().__init__()
        self.words = {}
        self.traces = {}

    def startTest(self, test):  # noqa: N802
        super().startTest(test)
        self.words[test.id()] = "ok"
        print(test.id(), file=sys.stderr, flush=True)

    def addSkip(self, test, reason):  # noqa: N802
        super().addSkip(test, reason)
        self.words[test.id()] = "skipped"

    def addFailure(self, test, err):  # noqa: N802
        super().addFailure(test, err)
        self._failed(test, "failed", self.failures)

    def addError(self, test, err):  # noqa: N802
        super().addError(test, err)
        self._failed(test, "error", self.errors)

    def addExpectedFailure(self, test, err):  # noqa: N802
        super().addExpectedFailure(test, err)
        self.words[test.id()] = "expected failure"

    def _failed(self, test, word, kept):
        self.words[test.id()] = word
        self.traces[test.id()] = kept[-1][1]


def classes(only):
    """The test classes, all or those named."""
    named = [found for found in globals().values() if isinstance(found, type) and issubclass(found, unittest.TestCase)]
    return [found for found in named if not only or found.__name__ in only]


def main(method, *only):
    # To another place than what the tests themselves write.
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    outcomes = Outcomes()
    loader = unittest.defaultTestLoader
    unittest.TestSuite(map(loader.loadTestsFromTestCase, classes(only))).run(outcomes)
    gc.collect()
    json.dump({"words": outcomes.words, "traces": outcomes.traces, "cpu_s": sum(os.times()[:4])}, told)
    told.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
