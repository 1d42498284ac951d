"""The limit of open files, and what descriptors are, by the text of /proc and for this process."""

import os
import resource
import socket

import pytest

from app.linux.files import open_files
from app.linux.files.open_files import Descriptor

LIMITS = b"""Limit                     Soft Limit           Hard Limit           Units
Max cpu time              unlimited            unlimited            seconds
Max open files            128                  524288               files
Max locked memory         8388608              8388608              bytes
"""


def test_the_soft_limit_is_read() -> None:
    assert open_files.parse_limit(LIMITS) == 128
    assert open_files.parse_limit(LIMITS.replace(b"128   ", b"unlimited")) is None
    assert open_files.parse_limit(b"") is None


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("pipe:[4711]", Descriptor(3, "pipe", 4711)),
        ("socket:[4712]", Descriptor(3, "socket", 4712)),
        ("/tmp/a file", Descriptor(3, "file", name="/tmp/a file")),
        ("anon_inode:[eventpoll]", Descriptor(3, "other", name="eventpoll")),
        ("anon_inode:inotify", Descriptor(3, "other", name="inotify")),
    ],
)
def test_a_link_says_what_a_descriptor_is(link: str, found: Descriptor) -> None:
    assert open_files.parse_link(3, link) == found


def test_those_of_this_process() -> None:
    reader, writer = os.pipe()
    with socket.socket() as one, open("/dev/null") as null:  # noqa: PTH123 - a plain descriptor
        mine = {found.fd: found for found in open_files.newest("self")}
        assert mine[reader] == mine[writer]._replace(fd=reader)
        assert (mine[writer].what, mine[one.fileno()].what) == ("pipe", "socket")
        assert mine[null.fileno()].name == "/dev/null"
    os.close(reader)
    os.close(writer)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert open_files.limit("self") == (None if soft == resource.RLIM_INFINITY else soft)


def test_a_process_that_is_gone_has_none() -> None:
    assert open_files.newest("none") == []
    assert open_files.limit("none") is None
