"""README.md says what the code does: no setting, command, call, event, workload or target is missing, none too many."""

import argparse
import ast
import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import pytest

from app import settings
from app.cli import main as cli
from app.cli.arguments import typed
from app.records.process import State
from app.settings import Settings
from app.web import Web, create_app
from tests.contract import documents as doc
from tools.screenshot import THEMES
from workers import catalogue, programs

# What the launcher tells its two processes; nobody sets them by hand.
INTERNAL = {"listen_fd", "launcher_pid", "park_fd", "unpark_fd"}
# How each default that is a value, and no sentence, is found: what a person would write in the table.
WRITTEN = {"host", "port", "allow_targets", "grace_s", "stuck_after_s", "log_bytes", "max_processes"}
PAGES = {"pages.index", "pages.sign_in", "pages.sign_in_with_token", "pages.sign_out", "static"}
FOR_ALL = {"-h", "--help", "--json"}


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Web:
    return create_app(Settings(home=tmp_path_factory.mktemp("home"), token="a-token-of-the-contract-tests"))


# --- Settings


def told_defaults() -> dict[str, str]:
    rows = doc.table("Settings")
    return {doc.only_code_of(name).removeprefix(settings.PREFIX).lower(): default for name, default, _ in rows}


def test_every_setting_is_told_and_no_other() -> None:
    assert list(told_defaults()) == [each.name for each in fields(Settings) if each.name not in INTERNAL]


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_a_default_is_told_as_it_is(name: str) -> None:
    told = doc.only_code_of(told_defaults()[name])
    assert settings._PARSE[name](told) == getattr(Settings, name)


def test_the_defaults_that_are_worked_out_are_told_as_they_are(tmp_path: Path) -> None:
    told = told_defaults()
    assert told.keys() == WRITTEN | {"home", "token", "viewer_token", "allowed_hosts"}
    chosen = settings.load({"HOME": str(tmp_path)})
    assert doc.only_code_of(told["home"]).replace("~", str(tmp_path)) == str(chosen.home)
    assert doc.only_code_of(told["token"]) == "HOME/token"
    assert (chosen.home / "token").read_text().strip() == chosen.token
    assert (told["viewer_token"], chosen.viewer_token) == ("none", "")
    assert (told["allowed_hosts"], chosen.allowed_hosts) == (
        "the bound address, `localhost`",
        (chosen.host, "localhost"),
    )


def test_the_other_place_of_the_home_and_the_file_are_told_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "procession.toml").write_text("port = 8800\nPROCESSION_GRACE_S = 7\n")
    chosen = settings.load({"HOME": "/nowhere", "XDG_STATE_HOME": str(tmp_path / "state")})
    assert (chosen.port, chosen.grace_s, chosen.home) == (8800, 7, tmp_path / "state" / "procession")
    (tmp_path / "procession.toml").rename(tmp_path / "other.toml")
    named = {"HOME": str(tmp_path), "PROCESSION_CONFIG": "other.toml", "PROCESSION_PORT": "8900"}
    assert (settings.load(named).port, settings.load(named).grace_s) == (8900, 7)


# --- Command line


def parsers() -> Mapping[str, argparse.ArgumentParser]:
    [adder] = [each for each in cli._parser()._actions if isinstance(each, argparse._SubParsersAction)]
    choices: Mapping[str, argparse.ArgumentParser] = adder.choices
    return choices


def told_commands() -> dict[str, list[str]]:
    return {doc.only_code_of(row[0]).split()[1]: row for row in doc.table("Command line")}


def test_every_command_is_told_and_no_other() -> None:
    assert told_commands().keys() == parsers().keys()


@pytest.mark.parametrize("command", sorted(parsers()))
def test_the_arguments_and_options_of_a_command_are_told(command: str) -> None:
    call, _, options = told_commands()[command]
    actions = parsers()[command]._actions
    assert doc.only_code_of(call).split()[2:] == [str(each.metavar) for each in actions if not each.option_strings]
    told = [code.split()[0] for code in doc.code_of(options) if code.startswith("-")]
    assert sorted(told) == sorted({name for each in actions for name in each.option_strings} - FOR_ALL)


def test_the_exit_codes_are_told() -> None:
    told = re.search(r"Exit codes: (\d) done, (\d) refused.*, (\d) wrong usage, (\d) no instance", doc.readme())
    assert told
    assert [int(code) for code in told.groups()] == [cli.DONE, cli.FAILED, cli.USAGE, cli.NO_INSTANCE]


def test_every_command_line_of_the_text_is_one(web: Web) -> None:
    examples = [line[1:] for line in doc.commands() if line[0] == "procession"]
    assert len(examples) > 10
    for example in examples:
        given = cli._parser().parse_args(example)
        if name := getattr(given, "workload", None):
            workload = catalogue()[name]
            workload.check(typed(given.param, {each["name"]: each for each in workload.to_json()["parameters"]}))


# --- HTTP and Socket.IO


def test_every_call_is_told_and_no_other(web: Web) -> None:
    told = [doc.only_code_of(row[0]) for row in doc.table("HTTP")]
    served = {
        f"{method} {re.sub('<[^>]+>', 'ID', rule.rule)}"
        for rule in web.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint not in PAGES
    }
    assert len(told) == len(set(told))
    assert set(told) == served


def test_every_filter_of_a_list_is_told(web: Web) -> None:
    told = {doc.only_code_of(row[0]): row[1] for row in doc.table("HTTP")}
    for path, operations in web.app.api_doc["paths"].items():
        for method, operation in operations.items():
            names = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
            call = f"{method.upper()} {re.sub('{[^}]+}', 'ID', path)}"
            assert names <= set(doc.code_of(told[call])), call


def test_every_event_of_socketio_is_told_and_no_other(web: Web) -> None:
    told = {(doc.only_code_of(event), direction) for event, direction, _ in doc.table("Socket.IO")}
    taken = set(web.live._sessions.handlers["/"]) - {"connect", "disconnect"}
    sent = {name for path in (doc.ROOT / "app" / "web").rglob("*.py") for name in events_sent_by(path)}
    assert told == {(name, "from the client") for name in taken} | {(name, "to the client") for name in sent}


def events_sent_by(path: Path) -> list[str]:
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    named = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "packet"]
    return [call.args[0].value for call in named if isinstance(call.args[0], ast.Constant)]  # type: ignore[misc]


# --- The rest


def test_every_workload_is_told_with_its_parameters_and_no_other() -> None:
    told = {doc.only_code_of(name): description for name, description in doc.table("Workloads")}
    assert told == {signature(name): each.description for name, each in catalogue().items()}


def signature(name: str) -> str:
    parameters = ", ".join(each.name for each in catalogue()[name].parameters)
    return f"{name}({parameters})" if parameters else name


def test_every_program_is_told_under_its_theme_and_no_other() -> None:
    told = {theme: doc.code_of(names) for theme, names in doc.table("Programs to learn from")}
    themes = dict.fromkeys(each.theme for each in programs().values())
    assert told == {theme: [name for name, each in programs().items() if each.theme == theme] for theme in themes}


def test_every_target_of_make_is_told_in_its_own_words_and_no_other() -> None:
    told = {doc.only_code_of(command).removeprefix("make "): words for command, words in doc.table("Development")}
    makefile = (doc.ROOT / "Makefile").read_text()
    assert told == dict(re.findall(r"^([a-z-]+):.*?## (.*)$", makefile, re.MULTILINE))


def test_every_target_of_make_in_the_text_is_there() -> None:
    makefile = (doc.ROOT / "Makefile").read_text()
    for target in re.findall(r"\bmake ([a-z-]+)`", doc.readme()) + [
        line[1] for line in doc.commands() if line[0] == "make"
    ]:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_state_is_told() -> None:
    told = re.search(r"\*\*The life of a process\.\*\* (.*)", doc.section("How it works"))
    assert told
    assert set(re.findall("[a-z]+", " ".join(doc.code_of(told[1])))) == set(State)


def test_every_file_that_is_named_is_there() -> None:
    linked = re.findall(r"\]\(([^)#]+)\)|(?:src|srcset)=\"([^\"]+)\"", doc.readme())
    named = [path for pair in linked for path in pair if path]
    assert {f"docs/screenshot-{theme}.png" for theme in THEMES} < set(named)
    named += [code for code in doc.code_of(doc.readme()) if re.fullmatch(r"(app|workers|tests)/[\w/.]*", code)]
    assert [path for path in named if not (doc.ROOT / path).exists()] == []
    # A module is named by its whole path, so that the line above looks for it.
    assert re.findall(r"`(\w+\.py)`", doc.section("How it works")) == []


def test_every_link_within_leads_somewhere() -> None:
    anchors = {title.lower().replace(" ", "-") for title in re.findall(r"^#+ (.*)$", doc.readme(), re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]+)\)", doc.readme())) <= anchors


def test_the_version_of_python_is_told() -> None:
    project = (doc.ROOT / "pyproject.toml").read_text()
    wanted = re.search(r'requires-python = ">=([\d.]+)"', project)
    assert wanted
    assert f"Python {wanted[1]} or newer" in doc.section("Two commands")
    assert f"Python {wanted[1]} or newer" in doc.section("Limits")
