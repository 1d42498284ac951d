"""The lock files say exactly what is installed, work behind any mirror, and keep out what must stay out."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_python_lock_pins_every_version_and_names_no_address(lock: Path) -> None:
    """Each line is `name==version`, perhaps for some platforms only."""
    lines = [line.partition("#")[0].strip() for line in lock.read_text(encoding="utf-8").splitlines()]
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==[\w.]+( ; .*)?", line)] == []
    assert "://" not in "".join(lines)


def test_gevent_websocket_stays_out() -> None:
    """Installed, it would silently take the place of simple-websocket."""
    assert not [lock.name for lock in LOCKS if "gevent-websocket" in lock.read_text(encoding="utf-8")]


def test_front_end_lock_has_hashes_and_names_no_address() -> None:
    """npm checks the hash of each package, from wherever the machine gets it."""
    packages = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    third_party = {name: package for name, package in packages.items() if name}
    assert third_party
    assert [name for name, package in third_party.items() if not package.get("integrity")] == []
    assert [name for name, package in third_party.items() if "resolved" in package] == []
