"""HOME: which folder may be it, and that nothing is changed in any other."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app import home
from app.home import MARK, MAX_PATH_BYTES, Unusable, claim
from app.supervisor.journal.journal import Journal


def state_of(folder: Path) -> dict[str, tuple[int, int, float]]:
    """Return mode, size and change time of everything in a folder, itself included."""
    found = {path: path.lstat() for path in (folder, *folder.rglob("*"))}
    return {str(path): (status.st_mode, status.st_size, status.st_ctime) for path, status in found.items()}


def test_a_new_and_an_empty_folder_become_ours(tmp_path: Path) -> None:
    """A new volume has a lost+found; a marked folder stays ours whatever is added to it."""
    (tmp_path / "empty").mkdir(0o755)
    (tmp_path / "volume" / "lost+found").mkdir(parents=True)
    for name in ("new", "below/new", "empty", "volume"):
        assert claim(tmp_path / name) == tmp_path / name
        assert (tmp_path / name / MARK).is_file()
        assert (tmp_path / name).stat().st_mode & 0o7777 == 0o700
        (tmp_path / name / "notes.txt").touch()
        assert claim(tmp_path / name) == tmp_path / name


def test_a_home_may_be_reached_through_a_link(tmp_path: Path) -> None:
    """As where the state of a user is on another disk; the folder itself is used."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "home").symlink_to("disk")
    assert claim(tmp_path / "home") == tmp_path / "disk"


def a_project(path: Path) -> None:
    (path / "logs").mkdir(parents=True)
    (path / "logs" / "access.log").write_text("precious")
    for name in ("token", "lock", "address"):
        (path / name).write_text("1 1\n")
    (path / "token").chmod(0o644)


def a_project_with_a_database(path: Path) -> None:
    a_project(path)
    with closing(sqlite3.connect(path / "journal.sqlite3")) as db:
        db.execute("CREATE TABLE events (id INTEGER)")


def a_project_with_a_link_as_mark(path: Path) -> None:
    a_project(path)
    (path / "mark").touch()
    (path / MARK).symlink_to("mark")


def writable_for_everybody(path: Path) -> None:
    path.mkdir()
    path.chmod(0o777)


def of_a_stranger(path: Path) -> None:
    path.mkdir()
    (path / MARK).touch()
    (path / "token").write_text("known-to-a-stranger")
    for each in (path, path / MARK, path / "token"):
        os.chown(each, 65534, 65534)


REFUSED = [
    (a_project, "is not empty, and Procession did not make it"),
    (a_project_with_a_database, "is not empty, and Procession did not make it"),
    (a_project_with_a_link_as_mark, "is not empty, and Procession did not make it"),
    (writable_for_everybody, "is writable by every user: run `chmod 700"),
    pytest.param(
        of_a_stranger,
        "belongs to (user nobody|uid 65534), but Procession runs as user root",
        marks=pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make a folder of another user"),
    ),
]


@pytest.mark.parametrize(("make", "told"), REFUSED)
def test_a_folder_that_is_not_ours_is_refused_and_left_as_it_is(
    tmp_path: Path, make: Callable[[Path], None], told: str
) -> None:
    make(tmp_path / "other")
    before = state_of(tmp_path / "other")
    with pytest.raises(Unusable, match=told):
        claim(tmp_path / "other")
    assert state_of(tmp_path / "other") == before


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (Path.touch, "it is a file"),
        (os.mkfifo, "it is a FIFO"),
        (lambda path: path.symlink_to("nowhere"), "it is a symbolic link"),
        (lambda path: path.symlink_to(path.name), "it is a symbolic link"),
    ],
)
def test_what_is_no_folder_is_refused(tmp_path: Path, make: Callable[[Path], Any], told: str) -> None:
    make(tmp_path / "home")
    with pytest.raises(Unusable, match=told):
        claim(tmp_path / "home")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("x" * 1000, f"is longer than {MAX_PATH_BYTES} bytes"),
        ("/".join(["x" * 100] * 10), f"is longer than {MAX_PATH_BYTES} bytes"),
        ("x" * 300, "cannot be used: File name too long"),
        ("file/home", "cannot be used: Not a directory"),
        ("two\nlines", "has characters that cannot be printed"),
        (os.fsdecode(b"\xff"), "has characters that cannot be printed"),
    ],
)
def test_a_path_that_cannot_be_used_is_refused(tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unusable, match=told):
        claim(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_home_of_an_earlier_version_goes_on(tmp_path: Path) -> None:
    """It has no mark: it is known by its journal, also before the first checkpoint of it."""
    for name in ("closed", "killed"):
        (tmp_path / name).mkdir()
        journal = Journal(tmp_path / name / "journal.sqlite3")
        (tmp_path / name / "token").write_text("kept")
        if name == "closed":
            journal.close()
        shutil.copytree(tmp_path / name, tmp_path / f"{name}-copy")
        assert home.token(claim(tmp_path / f"{name}-copy")) == "kept"
        assert (tmp_path / f"{name}-copy" / MARK).is_file()
    journal.close()


def test_a_home_in_which_an_earlier_version_served_nothing_goes_on(tmp_path: Path) -> None:
    for name in ("logs", "stacks"):
        (tmp_path / name).mkdir(0o700)
    (tmp_path / "token").write_text("kept")
    assert home.token(claim(tmp_path)) == "kept"


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe\x00", b"two words", b"a\x1bb", b"x" * 100_000])
def test_a_damaged_token_is_no_token(tmp_path: Path, content: bytes) -> None:
    """`serve` makes a new one; nothing else does."""
    (tmp_path / "token").write_bytes(content)
    assert home.token(tmp_path) == ""
    assert (tmp_path / "token").read_bytes() == content


def test_all_who_make_a_token_at_once_have_the_same(tmp_path: Path) -> None:
    code = f"from app import home; from pathlib import Path; print(home.token(Path({str(tmp_path)!r})))"
    made = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert {each.communicate()[0] for each in made} == {(tmp_path / "token").read_text()}
    assert [path.name for path in tmp_path.iterdir()] == ["token"]


def test_a_home_that_is_removed_or_replaced_is_noticed_once(tmp_path: Path) -> None:
    """And that it is there again."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "journal.sqlite3").touch()
    presence = home.Presence(tmp_path / "home")
    assert (presence.look(), presence.trouble) == (None, None)
    (tmp_path / "home").rename(tmp_path / "away")
    (tmp_path / "home").mkdir()
    assert (
        presence.look()
        == presence.trouble
        == (f"{tmp_path}/home was removed or replaced: what happens from now on is lost at the next start")
    )
    assert presence.look() is None
    (tmp_path / "home").rmdir()
    (tmp_path / "away").rename(tmp_path / "home")
    assert presence.look() == f"{tmp_path}/home is complete again"
    assert presence.trouble is None
