"""Makes things in as many ways as there are to give them a name; a comment behind each says which names they get."""

# How people write is the matter here, not how we do.
# fmt: off
# ruff: noqa: E701, E702, F841, RET504, RUF059, T201, UP037

from collections import OrderedDict
from contextlib import ExitStack
from multiprocessing import Lock, Manager, Pipe, Pool, Process, Value, get_context
from multiprocessing.queues import Queue


class Own(Queue):
    def __init__(self):
        super().__init__(ctx=get_context())


class Holder:
    shared = Lock()  # shared

    def __init__(self, lock, more=None):
        self.x = Lock(); self.y = Lock()  # self.x | self.y
        self.lock = lock


def make():
    return Lock()


def made():
    lock = Lock()  # lock | lock
    return lock


def main():
    a, b = Lock(), Lock()  # a | b
    (c, d) = (Lock(), Lock())  # c | d
    here, there = Pipe()  # here, there
    locks = [Lock() for _ in range(3)]  # locks | locks | locks
    locks += [Lock(), Lock()]  # locks | locks
    locks.append(Lock())  # locks
    named = {"a": Lock(), "b=,": Lock()}  # named["a"] | named["b=,"]
    by_number = {number: Lock() for number in range(2)}  # by_number | by_number
    named["c"] = locks[0] = Lock()  # named["c"]
    named.setdefault("d", Lock())  # named
    ordered = OrderedDict(e=Lock())  # e of ordered
    pairs = [(number, Lock()) for number in range(2)]  # pairs[1] | pairs[1]
    many = [
        Lock(),  # many[0]
        "]", # not a bracket, nor an end
        Lock(),  # many[2]
    ]
    several = tuple(
        Lock()  # several | several
        for _ in range(2)
    )
    counter: "Value" = Value(  # counter
        "i",
        3,
    )
    one = make(); two = make()  # one | two
    twice = [made() for _ in range(2)]
    own = Own()  # own
    process = Process(target=print, args=(Lock(), a, Lock()))  # args[0] of process | args[2] of process
    print(Process(target=print, kwargs={"lock": Lock()}).name)  # kwargs["lock"] of Process
    holder = Holder(Lock(), 3); other = Holder(1, more=Lock())  # argument 1 of holder | more of other
    if not a: pass
    else: e = "#"; f = Lock()  # f
    Lock()  # None
    with ExitStack() as stack:
        entered = stack.enter_context(Pool(1))  # entered
    with Manager() as manager, \
            Pool(1) as pool:  # pool
        pass


if __name__ == "__main__":
    main()
