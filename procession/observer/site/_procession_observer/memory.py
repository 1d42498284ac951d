"""Where shared memory of `multiprocessing.heap` is in this process."""

import os


def block(wrapper):
    """Of a BufferWrapper: its arena, and where in that it begins and ends."""
    return wrapper._state[0]


def key(wrapper):
    """The same in all processes that share it: the file of its arena, and where in that it begins."""
    arena, start, _ = block(wrapper)
    return "arena:%d+%d" % (os.fstat(arena.fd).st_ino, start)


def address(arena, start):
    """Of byte ``start`` of an arena; None where it cannot be found."""
    inode = str(os.fstat(arena.fd).st_ino)
    with open("/proc/self/maps") as maps:
        for line in maps:
            fields = line.split(None, 5)
            if fields[4] == inode:
                return int(fields[0].partition("-")[0], 16) + start - int(fields[2], 16)
    return None
