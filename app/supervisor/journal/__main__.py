"""``python -m app.supervisor.journal PATH QUERY``: search the journal, for `app.supervisor.aside`.

A process of its own, and no fork: SQLite's locks belong to the process that opened the file.
"""

import sys
from pathlib import Path

import msgspec

from app.protocol.control import Events, encode, refuse
from app.records.errors import JournalError

from .journal import search


def main(path: str, query: str) -> bytes:
    """Return the answer as `aside` reads it: ``+`` and JSON, or ``-`` and the refusal."""
    try:
        events, after = search(Path(path), msgspec.json.decode(query, type=Events))
    except JournalError as error:
        return b"-" + encode(refuse(0, error))
    return b"+" + msgspec.json.encode({"events": events, "next": after})


if __name__ == "__main__":
    sys.stdout.buffer.write(main(*sys.argv[1:]))
