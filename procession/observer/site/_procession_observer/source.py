"""Find what the value of a call is assigned or passed to: ``self.jobs``, ``locks[1]``, ``lock of worker``.

::

    p = Process(target=run, args=(Queue(), Lock()))        the last call is "args[1] of p":
    p =                                                    the statement assigns to p
        Process(target=run, args=                          the call is in the argument "args" of another
                                 (Queue(),                 and is the second item of a tuple

Reads a statement character by character up to the call: loading ast, tokenize or re takes milliseconds, more than all
the rest.  What it does not understand has no name.  One module, because each import costs 0.1 ms.
"""

MAX_NAME = 80
_OPEN, _CLOSE, _QUOTES = "([{", ")]}", "'\""
# Calls that return or store what they get, and methods of what stores it.
_THROUGH = ("enter_context", "enter_async_context", "closing", "cast", "list", "tuple", "set", "iter")
_KEEP = ("append", "appendleft", "add", "insert", "setdefault", "put")
# Keywords that may precede a statement on the same line.
_COMPOUND = ("if", "elif", "else", "for", "while", "try", "except", "finally", "with", "def", "class", "case")


class Level:
    """The statement, or an open bracket in it, as far as it was read.

    ``word`` is what precedes the bracket, ``items`` the text before each comma, ``keyword`` the name of an argument or
    the key of a dict, ``targets`` what the statement assigns to, ``adds`` whether by an operator such as ``+=``.
    """

    def __init__(self, bracket="", word="", start=0):
        self.bracket, self.word, self.start = bracket, word, start
        self.items = []
        self.targets = []
        self.text = self.keyword = ""
        self.adds = False

    def read(self, letter):
        """Read a character without meaning, or a whole string."""
        self.text += letter

    def comma(self):
        self.items.append(self.text)
        self.text = self.keyword = ""

    def equals(self):
        """Read ``=``: of ``a = b = Lock()`` the first target counts."""
        if self.bracket:
            self.keyword = self.text.strip()
        elif not self.targets:
            self.adds = self.text.rstrip().endswith(("+", "|"))
            self.targets = [_target(text) for text in _listed((*self.items, self.keyword or self.text))]
            self.items = []
        self.text = ""

    def colon(self):
        """Read ``:``, after a key, an ``if x``, or the name in an annotation."""
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
    """Return the target of the call between ``before``, which begins with its statement, and ``after``; "" without one.

    None where the value is returned, or of a lambda: the caller's call names it.
    """
    left, equals, right = before.partition("=")
    if equals and not right.strip() and not after.strip() and (name := _target(left)):
        return name  # the most common form
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
    """Return the targets of all calls in ``text``, where it is unknown which call it is."""
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
    """Return whether a statement in ``line`` continues on the next line."""
    code = line.partition("#")[0].rstrip()
    return not code or code[-1] in "([{,\\=" or code.endswith((" or", " and", " else"))


def _levels(text):
    """Return the statement and the brackets that ``text`` leaves open."""
    levels = []
    _read(text, levels)
    return levels


def _read(text, levels, until=""):
    """Read into ``levels`` up to the end of ``text``, or of its statement; return that position."""
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
    """Return the end of the string, comment or single character at ``at``."""
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
    """Return what follows on each open level: a comma, a ``for``, or nothing."""
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
        return ""  # an index
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
    # Of nested calls, the innermost names it.
    return "%s of %s" % (told, level.word if not name or " of " in name else name)


def _indexed(name, index):
    """Return ``locks[1]`` or ``args[1] of p``; for a name ``a, b``, one of them."""
    what, of, whole = name.partition(" of ")
    names = what.split(", ")
    if len(names) > 1 and index.isdigit() and int(index) < len(names):
        return names[int(index)]
    return "%s[%s]%s%s" % (what, index, of, whole) if name else ""


def _listed(targets):
    """Split ``(a, b)`` into two targets."""
    only = targets[0].strip() if len(targets) == 1 else ""
    return only[1:-1].split(",") if only.startswith(("(", "[")) else targets


def _after_as(text):
    """Return the name in `` as name:`` or `` as name, …``."""
    name = text.strip().partition("as ")[2] if text.lstrip().startswith("as ") else text
    for end in ",:)":
        name = name.partition(end)[0]
    return name


def _word(text):
    """Return the dotted name before the bracket at the end of ``text``."""
    end = start = len(text) - 1
    while start > 0 and (text[start - 1].isalnum() or text[start - 1] in "_."):
        start -= 1
    return text[start:end]


def _first_word(text):
    text = text.strip()
    return text.partition(" ")[0].partition("(")[0]


def _target(text):
    """Return a name, an attribute or an item: ``self.jobs``, ``locks[i]``; "" for anything else."""
    name = text.strip().rstrip("+|").strip()
    stem = name.partition("[")[0]
    plain = stem and not stem[0].isdigit() and all(letter.isalnum() or letter in "_." for letter in stem)
    return name if plain and (name == stem or name.endswith("]")) and len(name) <= MAX_NAME else ""
