"""A request that can be read in two ways is refused, and its connection closed."""

from __future__ import annotations

import contextlib
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.http import framing
from tests.web.serving import Web

HOST = b"Host: localhost\r\n"
#: What would be the second request, if the first one ended where a careless reader thinks.
SMUGGLED = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
AMBIGUOUS = {
    "length and chunked": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "two lengths": b"Content-Length: 5\r\nContent-Length: 0\r\n",
    "two equal lengths": b"Content-Length: 0\r\nContent-Length: 0\r\n",
    "a list of lengths": b"Content-Length: 0, 0\r\n",
    "a signed length": b"Content-Length: +0\r\n",
    "a negative length": b"Content-Length: -1\r\n",
    "a length with an underscore": b"Content-Length: 1_0\r\n",
    "a hexadecimal length": b"Content-Length: 0x0\r\n",
    "a length of another script": "Content-Length: \u0663\r\n".encode(),
    "an empty length": b"Content-Length:\r\n",
    "a blank before the colon": b"Content-Length : 5\r\n",
    "a folded line": b"X: y\r\n Content-Length: 5\r\n",
    "a bare carriage return": b"X: y\rContent-Length: 5\r\n",
    "a zero byte": b"X: y\0\r\n",
    "a line without a colon": b"Content-Length\r\n",
    "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "chunked among others": b"Transfer-Encoding: gzip, chunked\r\n",
    "an unknown coding": b"Transfer-Encoding: xchunked\r\n",
    "a second host": b"Host: evil.example\r\n",
}


def answers(web: Web, sent: bytes) -> bytes:
    """Return all that the server sends until it closes the connection."""
    host, port = web.address.split(":")
    with socket.create_connection((host, int(port)), timeout=8) as raw:
        raw.sendall(sent)
        received = b""
        while part := raw.recv(65536):
            received += part
        return received


@pytest.mark.parametrize("lines", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_an_ambiguous_head_is_400_and_closes_the_connection(bare: Web, lines: bytes) -> None:
    """What follows is not read as another request."""
    told = answers(bare, b"POST /signout HTTP/1.1\r\n" + HOST + lines + b"\r\n" + SMUGGLED)
    assert told.startswith(b"HTTP/1.1 400 ")
    assert told.count(b"HTTP/1.1 ") == 1
    assert bare.errors == ""


@pytest.mark.parametrize(
    "line",
    [
        b"GET http:" + b"//evil.example/ HTTP/1.1",
        b"GET / HTTP/1.1 HTTP/1.1",
        b"GET  / HTTP/1.1",
        b"GET\t/ HTTP/1.1",
        b"GET / HTTP/2.0",
        b"GET / http/1.1",
        b"GET /",
        b"GE(T / HTTP/1.1",
        b"",
    ],
)
def test_an_ambiguous_request_line_is_400_and_closes_the_connection(bare: Web, line: bytes) -> None:
    told = answers(bare, line + b"\r\n" + HOST + b"\r\n" + SMUGGLED)
    assert told.startswith(b"HTTP/1.1 400 ")
    assert told.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("body", [b"5;x\r\nab", b"-1\r\n", b"0x5\r\nabcde\r\n0\r\n\r\n", b"5\nabcde\r\n0\r\n\r\n"])
def test_an_invalid_chunk_closes_the_connection(bare: Web, body: bytes) -> None:
    """Where the next request begins is unknown."""
    head = b"POST /signout HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    told = answers(bare, head + body + b"\r\n" + SMUGGLED)
    assert told.startswith(b"HTTP/1.1 400 ")
    assert told.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    "lines",
    [b"", b"Content-Length: 0\r\n", b"X: \xc3\xa9 \t y\r\n", b"Transfer-Encoding: Chunked\r\n", b"X:\r\nY: \r\n"],
)
def test_a_plain_head_is_accepted(lines: bytes) -> None:
    framing.check("POST /x?y=\xe9 HTTP/1.1\r\n", HOST + lines + b"\r\n")


def test_chunked_is_not_part_of_http_1_0() -> None:
    with pytest.raises(ValueError, match="Transfer-Encoding"):
        framing.check("POST / HTTP/1.0\r\n", b"Transfer-Encoding: chunked\r\n\r\n")


@given(line=st.text(max_size=60), head=st.binary(max_size=200))
def test_any_head_is_accepted_or_refused(line: str, head: bytes) -> None:
    with contextlib.suppress(ValueError):
        framing.check(line, head)
