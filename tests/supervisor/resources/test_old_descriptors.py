"""Who has which end of a pipe, when the descriptors of some of its users were not read since they got it."""

import os
import subprocess

from app.core.resources.book import Book
from app.linux import proc
from app.protocol.observer import Made
from app.supervisor.resources.figures import FigureReader
from app.supervisor.resources.process_view import ProcessView, ProcessViews


def test_a_user_whose_descriptors_are_old_may_have_both_ends() -> None:
    """Otherwise a child that was read alone would seem to be the only writer, and to wait for itself."""
    reader, writer = os.pipe()
    with subprocess.Popen(["sleep", "60"], pass_fds=(reader,)) as child:
        book, views, us = Book(), ProcessViews(), os.getpid()
        for pid in (us, child.pid):
            stat = proc.stat(pid)
            assert stat
            views[pid] = ProcessView(pid, stat.start_ticks)
        key = f"pipe:{os.fstat(reader).st_ino}"
        for pid in views:
            thing = book.made(pid, Made(key=key, resource="pipe"), 0.0, 0.0)
        assert thing
        figures = FigureReader(views)
        views[child.pid].look_at_fds()
        figures.ends(thing, figures.index_fds())
        assert thing.reading.ends == {"read": [child.pid, us], "write": [us]}
        views[us].look_at_fds()
        figures.ends(thing, figures.index_fds())
        assert thing.reading.ends == {"read": sorted([child.pid, us]), "write": [us]}
        for view in views.values():
            view.close()
        child.kill()
    os.close(reader)
    os.close(writer)
