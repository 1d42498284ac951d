"""docs/measured.md names every benchmark, and no other."""

import re

from tests.contract import documents as doc


def test_every_measurement_is_named_and_no_other() -> None:
    source = (doc.ROOT / "benchmarks" / "__main__.py").read_text(encoding="utf-8")
    names = re.search(r"^ALL = \((.*)\)$", source, re.MULTILINE)
    assert names
    documented = re.search(r"runs one of the measurements: (.*?)\. ", doc.Page("docs/measured.md").text)
    assert documented
    assert doc.code_of(documented[1]) == re.findall(r'"(\w+)"', names[1])
