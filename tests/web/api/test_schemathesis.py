"""Schemathesis finds no difference between the OpenAPI document and what a running Procession answers.

It sends what the document allows and what it forbids, as each role, and compares statuses, headers and answers.
`tests/web/openapi_hooks.py` keeps small what that starts; `schemathesis.toml` says which statuses it may also expect.
"""

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.instance import Instance

CONFIG = Path(__file__).with_name("schemathesis.toml")
ROOT = Path(__file__).parents[3]
VIEWER = "viewers-token-for-tests"


@pytest.fixture
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Start a Procession for few processes, which believes the addresses that the hooks make up."""
    home = tmp_path_factory.mktemp("openapi") / "home"
    settings = {"max_processes": "20", "grace_s": "1", "viewer_token": VIEWER, "trusted_proxies": "127.0.0.1"}
    with Instance(home, **settings) as running:
        yield running


@pytest.fixture
def document(instance: Instance) -> Path:
    """Return a file with the document."""
    path = instance.home.parent / "openapi.json"
    request = urllib.request.Request(
        f"{instance.base}/api/v1/openapi.json", headers={"Authorization": f"Bearer {instance.token}"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        path.write_bytes(answer.read())
    return path


def differences(instance: Instance, document: Path, token: str, *options: str) -> str:
    """Return what schemathesis reports; empty if it finds no difference."""
    command = [Path(sys.executable).with_name("schemathesis"), "--config-file", CONFIG, "run", document]
    # The seed: what is found must not depend on chance.
    done = subprocess.run(
        [*command, "--url", instance.base, "--seed", "1", "--no-color", "--no-shrink", *options],
        cwd=ROOT,
        env=os.environ | {"OPENAPI_TOKEN": token},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return f"{done.stdout}\n{done.stderr}" if done.returncode else ""


def test_questions_are_answered_as_documented(instance: Instance, document: Path) -> None:
    """A short part: each GET once with what the document allows."""
    short = ("--phases", "coverage", "--include-method", "GET", "--mode", "positive")
    assert differences(instance, document, instance.token, *short) == ""


@pytest.mark.long
@pytest.mark.timeout(400)
def test_every_value_of_every_field_is_answered_as_documented(instance: Instance, document: Path) -> None:
    """Each bound of each field is tried from both sides, and each method that an address does not have."""
    assert differences(instance, document, instance.token, "--phases", "coverage") == ""


@pytest.mark.long
@pytest.mark.timeout(400)
def test_random_requests_are_answered_as_documented(instance: Instance, document: Path) -> None:
    """Also in sequences: what an answer names is asked for, changed and ended."""
    phases = ("--phases", "fuzzing,stateful", "--max-examples", "20")
    assert differences(instance, document, instance.token, *phases) == ""


@pytest.mark.long
@pytest.mark.timeout(400)
def test_a_viewer_is_answered_as_documented(instance: Instance, document: Path) -> None:
    assert differences(instance, document, VIEWER, "--phases", "coverage") == ""
