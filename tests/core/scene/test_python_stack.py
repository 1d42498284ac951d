"""Finding the line of the program's own code in the text of a stack."""

from app.core.scene.python_stack import Frame, call_of, frames_of_threads, main_thread, own_frame, top_frame
from app.core.scene.scene import Scene

LIB = "/usr/lib/python3.11"
FAULTHANDLER = f"""\
Thread 0x00007fbc9c7c56c0 (most recent call first):
  File "{LIB}/threading.py", line 320 in wait
  File "{LIB}/multiprocessing/queues.py", line 231 in _feed
  File "{LIB}/threading.py", line 1002 in _bootstrap

Current thread 0x00007fbc9d405b80 (most recent call first):
  File "{LIB}/multiprocessing/synchronize.py", line 95 in __enter__
  File "/srv/shop/jobs (old).py", line 31 in hang
  File "/srv/procession/target.py", line 9 in call
  File "{LIB}/multiprocessing/process.py", line 108 in run
"""
PY_SPY = f"""\
Thread 23992 (idle): "waiter"
    f (/srv/other.py:6)
Thread 23991 (idle): "MainThread"
    Thread.join ({LIB}/threading.py:1112)
    Shop.close (/srv/shop/jobs.py:44)
    <module> (/srv/shop/jobs.py:50)
"""


def test_main_thread_is_the_last_of_a_faulthandler_dump() -> None:
    """The newest thread comes first, whichever thread took the signal."""
    frames = main_thread(FAULTHANDLER)
    assert frames[0] == Frame("__enter__", f"{LIB}/multiprocessing/synchronize.py", 95)
    assert frames[1] == Frame("hang", "/srv/shop/jobs (old).py", 31)


def test_main_thread_is_found_by_name_in_a_py_spy_dump() -> None:
    assert [frame.function for frame in main_thread(PY_SPY)] == ["Thread.join", "Shop.close", "<module>"]


def test_top_frame_has_the_library_call_and_the_programs_own_line() -> None:
    """The standard library's frame says what the program does, its own frame where."""
    expected = "in __enter__ (multiprocessing.synchronize) at shop/jobs (old).py:31 in hang()"
    assert top_frame(FAULTHANDLER) == expected
    assert top_frame(PY_SPY) == "in Thread.join (threading) at shop/jobs.py:44 in Shop.close()"


def test_top_frame_begins_with_the_main_threads_wait() -> None:
    """It is taken from the heading, without the other threads."""
    heading = "pid 7 (python): main thread blocked on a threading.Lock (futex, no timeout); 1 other thread: running\n\n"
    told = top_frame(heading + PY_SPY) or ""
    assert told.startswith("blocked on a threading.Lock in Thread.join (threading) at shop")


def test_top_frame_is_the_programs_own_line_if_it_is_innermost() -> None:
    """A call into C has no frame of its own."""
    text = 'Current thread 0x1 (most recent call first):\n  File "/srv/jobs.py", line 3 in <module>\n'
    assert top_frame(text) == "at srv/jobs.py:3"


def test_top_frame_is_a_packages_line_where_the_program_has_none() -> None:
    text = (
        "Current thread 0x1 (most recent call first):\n"
        f'  File "{LIB}/site-packages/numpy/core.py", line 3 in dot\n'
        f'  File "{LIB}/runpy.py", line 9 in run\n'
    )
    assert top_frame(text) == "at numpy/core.py:3 in dot()"


def test_top_frame_says_that_no_line_is_the_programs_own() -> None:
    text = (
        "Current thread 0x1 (most recent call first):\n"
        f'  File "{LIB}/multiprocessing/queues.py", line 199 in _finalize_join\n'
    )
    assert top_frame(text) == "in _finalize_join (multiprocessing.queues) outside the program's own code"


def test_text_without_a_stack_has_no_top_frame() -> None:
    assert top_frame("") is None
    assert top_frame("pid 7 (sleep): sleeping (clock_nanosleep); state S\n\nNo Python stack available.\n") is None


def test_frames_of_each_thread_by_its_number() -> None:
    """Of a forked process those since its start, and none of the observer."""
    text = (
        PY_SPY
        + f"""\
Thread 23993 (idle): "MainThread"
    Lock.__enter__ ({LIB}/multiprocessing/synchronize.py:95)
    start (/opt/lib/_procession_observer/patches/processes.py:60)
    work (/srv/shop/jobs.py:12)
    BaseProcess._bootstrap ({LIB}/multiprocessing/process.py:314)
    main (/srv/shop/jobs.py:50)
"""
    )
    found = frames_of_threads(text)
    assert [frame.function for frame in found[23992]] == ["f"]
    assert [frame.function for frame in found[23993]] == ["Lock.__enter__", "work", "BaseProcess._bootstrap"]
    own = own_frame(found[23993])
    assert own
    assert (own.place, call_of(found[23993], own)) == ("jobs.py:12 in work()", found[23993][0])
    assert frames_of_threads(FAULTHANDLER) == {}


def test_before_python_3_11_only_the_main_thread_is_known() -> None:
    text = """Thread 0x7F17E9450B80 (idle): "MainThread"\n    main (/srv/train.py:9)
Thread 0x7F17E87E96C0 (active): "beat"\n    beat (/srv/train.py:3)\n"""
    found = frames_of_threads(text)
    assert {number: frames[0].function for number, frames in found.items()} == {0: "main", -2: "beat"}
    seen = Scene(stacks={10: found})
    assert (seen.place(10), seen.place(10, 11)) == ("train.py:9 in main()", "")


def test_generated_method_of_a_proxy_is_not_code_of_the_program() -> None:
    call = Frame("BaseProxy._callmethod", f"{LIB}/multiprocessing/managers.py", 818)
    frames = [call, Frame("get", "<string>", 2), Frame("work", "/srv/jobs.py", 9)]
    assert own_frame(frames) == frames[2]
    assert own_frame(frames[1:]) == frames[1]


def test_a_call_has_a_public_name_if_any_has() -> None:
    """list() of what Executor.map() returns runs a generator of the library."""
    lib, own = "/usr/lib/python3.11", Frame("main", "/srv/train.py", 9)
    inner = Frame("Executor.map.<locals>.result_iterator", f"{lib}/concurrent/futures/_base.py", 619)
    outer = Frame("_chain_from_iterable_of_lists", f"{lib}/concurrent/futures/process.py", 570)
    called = call_of((inner, outer, own), own)
    assert called
    assert called.in_words == "Executor.map() of concurrent.futures"
    assert call_of((outer, own), own) == outer
