"""docs/command-line.md has every command with its arguments and options, and no other."""

import argparse
import re
from collections.abc import Mapping

import pytest

from app.cli import main as cli
from tests.contract import documents as doc

PAGE = doc.Page("docs/command-line.md")
FOR_ALL = {"-h", "--help", "--json"}


def parsers() -> Mapping[str, argparse.ArgumentParser]:
    [adder] = [each for each in cli._parser()._actions if isinstance(each, argparse._SubParsersAction)]
    choices: Mapping[str, argparse.ArgumentParser] = adder.choices
    return choices


def documented_commands() -> dict[str, list[str]]:
    return {doc.only_code_of(row[0]).split()[1]: row for row in PAGE.table("Command line")}


def test_every_command_is_documented_and_no_other() -> None:
    assert documented_commands().keys() == parsers().keys()


@pytest.mark.parametrize("command", sorted(parsers()))
def test_the_arguments_and_options_of_a_command_are_documented(command: str) -> None:
    call, _, options = documented_commands()[command]
    actions = parsers()[command]._actions
    assert doc.only_code_of(call).split()[2:] == [str(each.metavar) for each in actions if not each.option_strings]
    documented = [code.split()[0] for code in doc.code_of(options) if code.startswith("-")]
    assert sorted(documented) == sorted({name for each in actions for name in each.option_strings} - FOR_ALL)


def test_the_exit_codes_are_documented() -> None:
    documented = re.search(r"Exit codes: (\d) done, (\d) refused.*, (\d) wrong usage, (\d) no instance", PAGE.text)
    assert documented
    assert [int(code) for code in documented.groups()] == [cli.DONE, cli.FAILED, cli.USAGE, cli.NO_INSTANCE]
