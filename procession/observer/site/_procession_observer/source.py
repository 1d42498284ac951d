"""What the value of a call is given to, by the program's source: ``self.jobs``, ``locks[1]``, ``lock of worker``.

::

    p = Process(target=run, args=(Queue(), Lock()))        the last call is "args[1] of p":
    p =                                                    the statement gives to p
        Process(target=run, args=                          it is in the argument "args" of a call
                                 (Queue(),                 it is the second of several

A statement is read letter by letter from its beginning up to the call: ast, tokenize and re cost milliseconds to load,
more than all else that is done here.  What is not understood has no name.
"""

MAX_NAME = 80
_OPEN, _CLOSE, _QUOTES = "([{", ")]}", "'\""
# Calls that give back, or keep in order, what they get; and methods of what keeps it.
_THROUGH = ("enter_context", "enter_async_context", "closing", "cast", "list", "tuple", "set", "iter")
_KEEP = ("append", "appendleft", "add", "insert", "setdefault", "put")
# What may stand before a statement in the same line.
_COMPOUND = ("if", "elif", "else", "for", "while", "try", "except", "finally", "with", "def", "class", "case")


class Level:
    """The statement, or an open bracket in it, as far as it was read.

    ``word``: what stands before the bracket; ``items``: what its commas end; ``keyword``: of an argument, or the key
    in a dict; ``targets``: what a statement gives its value to, ``adds`` where by an operator, as ``+=``.
    """

    def __init__(self, bracket="", word="", start=0):
        self.bracket, self.word, self.start = bracket, word, start
        self.items = []
        self.targets = []
        self.text = self.keyword = ""
        self.adds = False

    def read(self, letter):
        """A letter, or a whole string, that is nothing special."""
        self.text += letter

    def comma(self):
        self.items.append(self.text)
        self.text = self.keyword = ""

    def equals(self):
        """Of ``a = b = Lock()`` the first counts."""
        if self.bracket:
            self.keyword = self.text.strip()
        elif not self.targets:
            self.adds = self.text.rstrip().endswith(("+", "|"))
            self.targets = [_target(text) for text in _listed((*self.items, self.keyword or self.text))]
            self.items = []
        self.text = ""

    def colon(self):
        """After a key, an ``if x``, or the name in an annotation."""
        if self.bracket == "{":
            self.keyword = self.text.strip()
        elif self.bracket or self.targets or _word(self.text + "(") == "lambda":
            self.text += ":"
            return
        elif _first_word(self.items[0] if self.items else self.text) in _COMPOUND:
            self.items = []
        else:
            self.keyword = self.text
        self.text = ""


def variable(before, after):
    """Of the call between ``before``, which begins with its statement, and ``after``; "" without one.

    None where it is the value of a return or a lambda: then it is called as the caller calls that.
    """
    left, equals, right = before.partition("=")
    if equals and not right.strip() and not after.strip() and (name := _target(left)):
        return name  # as most are
    levels = _levels(before)
    inner = levels[-1].text.strip()
    if inner.endswith(":="):
        return _target(inner[:-2].strip().rpartition(" ")[2])
    if after.lstrip().startswith("as "):
        return _target(_after_as(after))
    if (inner == "return" and len(levels) == 1) or (inner.startswith("lambda") and inner.endswith(":")):
        return None
    following = _following(after, len(levels))
    name = _of_statement(levels[0], following[0])
    for at in range(1, len(levels)):
        if not (levels[0].adds and levels[at].bracket == "["):
            name = _within(name, levels[at], following[at])
    return name if len(name) <= MAX_NAME else ""


def variables(text):
    """As above where it is not known which of the calls in ``text`` it is: all that they can be given to."""
    first = _first_word(text)
    if first == "return" and text.count("(") == 1:
        return None
    if first in ("with", "async"):
        return _target(_after_as(text.partition(" as")[2])) if text.count(" as ") == 1 else ""
    told = []
    while text:
        levels = []
        end = _read(text, levels, until=";")
        told.extend(target for target in levels[0].targets if target and target not in told)
        text = text[end + 1 :]
    name = ", ".join(told)
    return name if len(name) <= MAX_NAME else ""


def goes_on(line):
    """Whether a statement that is in ``line`` goes on below it."""
    code = line.partition("#")[0].rstrip()
    return not code or code[-1] in "([{,\\=" or code.endswith((" or", " and", " else"))


def _levels(text):
    """The statement that ``text`` leaves open, and the brackets that it leaves open."""
    levels = []
    _read(text, levels)
    return levels


def _read(text, levels, until=""):
    """Read into ``levels`` up to the end of ``text``, or of the statement; where that is."""
    levels.append(Level())
    at = 0
    while at < len(text):
        end = _after(text, at)
        letter, level = text[at:end], levels[-1]
        if letter in _OPEN:
            levels.append(Level(letter, _word(level.text + letter), at))
        elif letter in _CLOSE:
            if len(levels) > 1:
                levels.pop()
                levels[-1].read(text[level.start : end])
        elif letter == ";" and len(levels) == 1:
            if until:
                return at
            levels[:] = [Level()]
        elif letter == ",":
            level.comma()
        elif letter == "=" and text[end : end + 1] != "=" and text[at - 1 : at] not in ("=", "!", "<", ">", ":"):
            level.equals()
        elif letter == ":" and text[end : end + 1] != "=":
            level.colon()
        elif letter[0] != "#" and letter != "\\":
            level.read(letter)
        at = end
    return at


def _after(text, at):
    """Where the string or comment ends that begins ``at``; behind any other letter."""
    letter = text[at]
    if letter == "#":
        end = text.find("\n", at)
        return end if end > 0 else len(text)
    if letter not in _QUOTES:
        return at + 1
    mark = letter * 3 if text.startswith(letter * 3, at) else letter
    at += len(mark)
    while at < len(text) and not text.startswith(mark, at):
        at += 2 if text[at] == "\\" else 1
    return min(at + len(mark), len(text))


def _following(text, depth):
    """What comes next on each of the levels that are open: a comma, a ``for``, or nothing."""
    found = [""] * depth
    level, nested, word, at = depth - 1, 0, "", 0
    while at < len(text):
        end = _after(text, at)
        letter = text[at:end]
        if letter in _OPEN:
            nested += 1
        elif letter in _CLOSE and nested:
            nested -= 1
        elif letter in _CLOSE:
            level, word = level - 1, ""
        if level < 0 or (level == 0 and letter in "\n;"):
            break
        if not nested and not found[level]:
            word = word + letter if letter.isalpha() else ""
            found[level] = "," if letter == "," else "for" if word == "for" else ""
        at = end
    return found


def _of_statement(level, follows):
    item = len(level.items)
    several = item > 0 or follows == ","
    if len(level.targets) > 1:
        name = level.targets[item] if several and item < len(level.targets) else ", ".join(level.targets)
    else:
        name = "".join(level.targets)
        if name and several and not level.adds:
            name += "[%d]" % item
    return name


def _within(name, level, follows):
    item = len(level.items)
    several = item > 0 or follows == ","
    if level.bracket == "(" and level.word:
        return _argument(name, level, item, several)
    if level.word:
        return ""  # looked up by it
    if follows == "for" or (level.bracket == "(" and not several):
        return name
    if level.bracket == "{":
        return _indexed(name, level.keyword) if level.keyword else name
    return _indexed(name, str(item))


def _argument(name, level, item, several):
    owner, _, word = level.word.rpartition(".")
    if not level.keyword and word in _THROUGH:
        return name
    if not level.keyword and word in _KEEP and owner:
        return name or owner
    told = level.keyword or ("argument %d" % (item + 1) if several else "argument")
    # Of calls within each other the innermost is meant.
    return "%s of %s" % (told, level.word if not name or " of " in name else name)


def _indexed(name, index):
    """``locks[1]``, ``args[1] of p``; one of ``a, b``."""
    what, of, whole = name.partition(" of ")
    names = what.split(", ")
    if len(names) > 1 and index.isdigit() and int(index) < len(names):
        return names[int(index)]
    return "%s[%s]%s%s" % (what, index, of, whole) if name else ""


def _listed(targets):
    """``(a, b)`` is two."""
    only = targets[0].strip() if len(targets) == 1 else ""
    return only[1:-1].split(",") if only.startswith(("(", "[")) else targets


def _after_as(text):
    """The name in `` as name:``, and in `` as name, …``."""
    name = text.strip().partition("as ")[2] if text.lstrip().startswith("as ") else text
    for end in ",:)":
        name = name.partition(end)[0]
    return name


def _word(text):
    """The name before the bracket that ``text`` ends with, with dots."""
    end = start = len(text) - 1
    while start > 0 and (text[start - 1].isalnum() or text[start - 1] in "_."):
        start -= 1
    return text[start:end]


def _first_word(text):
    text = text.strip()
    return text.partition(" ")[0].partition("(")[0]


def _target(text):
    """A name, an attribute or an item: ``self.jobs``, ``locks[i]``; "" for anything else."""
    name = text.strip().rstrip("+|").strip()
    stem = name.partition("[")[0]
    plain = stem and not stem[0].isdigit() and all(letter.isalnum() or letter in "_." for letter in stem)
    return name if plain and (name == stem or name.endswith("]")) and len(name) <= MAX_NAME else ""
