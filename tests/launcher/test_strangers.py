"""Whose processes are ended: what is not proven to be ours is neither waited for nor ended, what is ours cannot hide.

Each scene is played in a pid namespace (`scenes`), so that a failure ends nothing of the machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.launcher import cgroup
from tests.launcher.scenes import SCENES

ROOT = Path(__file__).parents[2]
NAMESPACE = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
#: Runs a command where there is no cgroup 2.
WITHOUT_CGROUP = ("sh", "-c", 'umount -l $(findmnt -n -t cgroup2 -o TARGET) 2>/dev/null; exec "$@"', "sh")
LONG = {"a_supervisor_outlives_its_launcher", "lock_names_process_1", "lock_names_a_program_of_the_same_python"}


@pytest.fixture(scope="module")
def namespace() -> tuple[str, ...]:
    """Return the command that runs another in a pid namespace."""
    command = NAMESPACE if os.geteuid() == 0 else (*NAMESPACE, "--user", "--map-root-user")
    try:
        possible = subprocess.run((*command, "true"), capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        possible = False
    if not possible:
        pytest.skip("may not make a pid namespace")
    return command


@pytest.mark.parametrize(
    "scene", [pytest.param(name, marks=pytest.mark.long if name in LONG else ()) for name in SCENES]
)
def test_no_stranger_is_harmed(tmp_path: Path, namespace: tuple[str, ...], scene: str) -> None:
    if scene == "a_chain_hides_from_the_next" and not _may_make_a_cgroup():
        pytest.skip("may not make a cgroup")
    _play(namespace, scene, tmp_path / "home")


@pytest.mark.long
@pytest.mark.parametrize("scene", ["a_chain_hides_from_the_launcher", "a_chain_hides_from_the_guardian"])
def test_a_chain_of_forks_is_ended_without_a_cgroup_too(tmp_path: Path, namespace: tuple[str, ...], scene: str) -> None:
    _play((*namespace, *WITHOUT_CGROUP), scene, tmp_path / "home")


def _play(command: tuple[str, ...], scene: str, home: Path) -> None:
    done = subprocess.run(
        (*command, sys.executable, "-m", "tests.launcher.scenes", scene, str(home)),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _may_make_a_cgroup() -> bool:
    group = cgroup.make()
    group.end()
    return group.path is not None
