"""What HOME says is no order to kill: a process that is not proven to be ours is neither waited for nor ended.

Each scene is played in a pid namespace (`scenes`), so that a failure ends nothing of the machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.launcher.scenes import SCENES

ROOT = Path(__file__).parents[2]
NAMESPACE = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
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
    done = subprocess.run(
        (*namespace, sys.executable, "-m", "tests.launcher.scenes", scene, str(tmp_path / "home")),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
