"""A process in which one pool is measured, or killed: `python -m benchmarks.pools.run KIND NAME PEER METHOD WORKERS`.

It answers with one line of JSON on standard output; what the pools print goes to standard error.  Started anew by
`spawn` and `forkserver` this module is imported by every worker, so it imports nothing that it does not need there.
"""

from __future__ import annotations

import json
import os
import sys


def main(kind: str, name: str, peer: str, method: str, workers: int) -> None:
    """Run it."""
    out = os.dup(1)
    os.dup2(2, 1)

    def tell(figures: object) -> None:
        os.write(out, json.dumps(figures).encode() + b"\n")

    try:
        if kind == "measure":
            from .measures import measure

            measure(name, peer, method, workers, tell)
        else:
            from .killing import suffer

            suffer(name, peer, method, workers, tell)
    except Exception as error:
        tell({"error": f"{type(error).__name__}: {error}"})
        raise


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
