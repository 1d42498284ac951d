"""docs/http.md has every call of HTTP and every event of Socket.IO, and no other."""

import ast
import re
from pathlib import Path

import pytest

from app.settings import Settings
from app.web import Web, create_app
from tests.contract import documents as doc

PAGE = doc.Page("docs/http.md")
PAGES = {"pages.index", "pages.sign_in", "pages.sign_in_with_token", "pages.sign_out", "static"}


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Web:
    return create_app(Settings(home=tmp_path_factory.mktemp("home"), token="a-token-of-the-contract-tests"))


def test_every_call_is_documented_and_no_other(web: Web) -> None:
    documented = [doc.only_code_of(row[0]) for row in PAGE.table("HTTP")]
    served = {
        f"{method} {re.sub('<[^>]+>', 'ID', rule.rule)}"
        for rule in web.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint not in PAGES
    }
    assert len(documented) == len(set(documented))
    assert set(documented) == served


def test_every_filter_of_a_list_is_documented(web: Web) -> None:
    documented = {doc.only_code_of(row[0]): row[1] for row in PAGE.table("HTTP")}
    for path, operations in web.app.api_doc["paths"].items():
        for method, operation in operations.items():
            names = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
            call = f"{method.upper()} {re.sub('{[^}]+}', 'ID', path)}"
            assert names <= set(doc.code_of(documented[call])), call


def test_every_event_of_socketio_is_documented_and_no_other(web: Web) -> None:
    documented = {(doc.only_code_of(event), direction) for event, direction, _ in PAGE.table("Socket.IO")}
    taken = set(web.live._sessions.handlers["/"]) - {"connect", "disconnect"}
    sent = {name for path in (doc.ROOT / "app" / "web").rglob("*.py") for name in events_sent_by(path)}
    assert documented == {(name, "from the client") for name in taken} | {(name, "to the client") for name in sent}


def events_sent_by(path: Path) -> list[str]:
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    named = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "packet"]
    return [call.args[0].value for call in named if isinstance(call.args[0], ast.Constant)]  # type: ignore[misc]
