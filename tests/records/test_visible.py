"""Text of others cannot control a terminal, reorder a line or break a format."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.records.visible import visible, visible_json, visible_lines

#: ESC, C1, a line end, bidirectional controls, a zero width space, a lone surrogate, a tag.
HOSTILE = "\x1b]0;x\x07\x9b2J\r\n\x7f\u202e\u2066\u200b\ud800\U000e0041"


def test_every_control_becomes_an_escape() -> None:
    assert visible(HOSTILE) == r"\x1b]0;x\x07\x9b2J\r\n\x7f\u202e\u2066\u200b\ud800\U000e0041"


def test_lines_keep_their_ends_tabs_and_blanks() -> None:
    assert visible_lines("a\n\tb\u3000\xa0c\r\x1b") == "a\n\tb\u3000\xa0c\\r\\x1b"


@given(st.text())
def test_nothing_that_is_not_printable_is_left(text: str) -> None:
    assert visible(text).isprintable()


@given(st.dictionaries(st.text(), st.text()))
def test_json_stays_the_same_json(value: dict[str, str]) -> None:
    """Only line ends of its layout are left beside printable characters."""
    shown = visible_json(json.dumps(value, ensure_ascii=False, indent=2))
    assert json.loads(shown) == value
    assert shown.replace("\n", "").isprintable()


@pytest.mark.parametrize("text", ["", "plain", "Grüße, 世界"])
def test_printable_text_is_unchanged(text: str) -> None:
    assert visible(text) == visible_lines(text) == visible_json(text) == text
