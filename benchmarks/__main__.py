"""`python -m benchmarks [NAME…]`: run all measurements, or the named ones, and print one table in Markdown.

`python -m benchmarks pools [OPTION…]` compares the pools, in a table of their own; without names that comes last.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path

from .pools import report
from .rows import Row, table

# Each is a module with a `main` that measures in a folder, imported when it is its turn: the pools need no supervisor.
ALL = ("starting", "ending", "bursts", "seeing", "idling", "watching", "observing")


def main(names: list[str]) -> int:
    """Run the benchmarks; return the exit code, 2 for an unknown name."""
    if names[:1] == ["pools"]:
        return report.command(names[1:])
    if unknown := [name for name in names if name not in ALL]:
        print(
            f"no such benchmark: {', '.join(unknown)}; there are {', '.join(ALL)}, and pools by itself", file=sys.stderr
        )
        return 2
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="procession-bench-") as folder:
        for name in names or ALL:
            print(f"{name} …", file=sys.stderr, flush=True)
            rows += importlib.import_module(f"benchmarks.{name}").main(Path(folder))
    print(table(rows))
    return 0 if names else report.command([])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
