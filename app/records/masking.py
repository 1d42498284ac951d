"""Mask the secrets in commands, environments and error messages, before these become records.  Pure.

A record reaches everybody who may look: the page, HTTP, the journal, findings, metrics, a terminal.  What is run
keeps its arguments.  A secret is recognized by the name before it (``--password=…``, ``PGPASSWORD=…``, ``Cookie: …``),
by its form (``://user:password@``, ``Bearer …``, ``-u user:password``), or as part of a script (``-c``, ``-e``), which
is masked whole.  One that is an argument without a name is not recognized; `docs/security.md` says so.

Every pattern is bounded and starts at a word, because observed processes choose the text.
"""

import re
import shlex
from collections.abc import Callable, Mapping, Sequence

MASK = "***"
#: ``pass`` and ``pw`` as words of their own: not ``bypass``, ``passes``, ``pwm``.
_SHORT = "(?<![a-z])(?:pass|passin|passout|pw)(?![a-z])"
_NAMES = f"token|secret|passw|passphrase|pwd|{_SHORT}|key|credential|auth|cookie|dsn|signature"
#: In prose ``key`` and ``auth`` are mostly other words: ``KeyError``, ``author``.
_NAMES_IN_TEXT = (
    f"token|secret|passw|passphrase|pwd|{_SHORT}|credential|(?:api|access|private)[_-]?key|authorization|cookie|dsn"
)
_NAME = re.compile(_NAMES, re.IGNORECASE)
_OPTION = re.compile(r"(?P<option>-{1,2}[\w.-]+)(?P<rest>=.*)?", re.DOTALL)
_WORD = re.compile(r"[\w.-]{1,200}")
#: Without a blank after the colon, a name of one word may be anything else: ``auth:app``.
_HEADERS = frozenset({"cookie", "authorization"})
_HEADER = re.compile(r"(?P<name>[\w-]{1,100}):(?!//)(?P<blank>\s*)\S", re.DOTALL)
#: Also if the end was cut off: then what follows the colon is not a port.
_USERINFO = re.compile(r"(?<=://)(?:[^/\s]+(?=@)|[^/\s@:]+:(?!\d+$)[^/\s@]+$)")
_BEARER = re.compile(r"(?<=\bBearer )\s*[^\s'\"]+", re.IGNORECASE)


def _assigned(names: str) -> re.Pattern[str]:
    """Return the pattern of ``NAME=value`` and ``"name": "value"``."""
    return re.compile(
        rf"(?<![\w.-])(?P<name>(?=[\w.-]{{0,100}}?(?:{names}))[\w.-]{{1,200}})(?P<is>=|[\"']\s?:\s?)"
        r"(?P<value>\"(?:[^\"\\]|\\.)*(?:\"|$)|'(?:[^'\\]|\\.)*(?:'|$)|[^\s\"'&;]+)",
        re.IGNORECASE,
    )


_ASSIGNED, _ASSIGNED_IN_TEXT = _assigned(_NAMES), _assigned(_NAMES_IN_TEXT)
#: ``--password x``, as a line and as a list of Python.
_OPTION_IN_TEXT = re.compile(
    rf"(?<![\w-])(?P<option>--(?=[\w.-]{{0,100}}?(?:{_NAMES_IN_TEXT}))[\w.-]{{1,200}}['\"]?,?\s['\"]?)(?!-)[^\s'\",]+",
    re.IGNORECASE,
)

_SHELL = re.compile(r"(?:ba|da|k|z|c|tc|fi|a)?sh")
_PYTHON = re.compile(r"(?:python|pypy)[\d.]*")
_OTHER_INTERPRETER = re.compile(r"(?:perl|ruby|node|nodejs|php|lua|Rscript|osascript|julia)[\d.]*")
_PYTHON_SCRIPT = re.compile(r"(?P<option>-(?![WXm-])[A-Za-z]*?c)(?P<glued>.*)", re.DOTALL)
_SHELL_SCRIPT = re.compile(r"-[A-Za-z]*c[A-Za-z]*")
#: The script is glued to the letter, or the next argument: then the letter is the last one, as in ``perl -pe``.
_OTHER_SCRIPT = re.compile(
    r"(?P<option>-[A-Za-z]{0,3}[eEpr](?=\Z)|-[A-Za-z]{0,3}?[eEpr]|--eval=?|--print=?)(?P<glued>.*)", re.DOTALL
)
#: What only a script has, after the ``-c`` of any other program.
_LOOKS_LIKE_A_SCRIPT = re.compile(r"[\s;=('\"$|]")
#: How multiprocessing starts its own processes.
_OF_MULTIPROCESSING = re.compile(r"from multiprocessing\.\w+ import \w+")
_OPTIONS_WITH_A_VALUE = frozenset({"-W", "-X", "-o", "--rcfile", "--init-file"})
#: The letter of the option whose value is a password, by the name of the program.
_SECRET_FLAGS = {
    **dict.fromkeys(("mysql", "mysqldump", "mysqladmin", "mariadb", "mariadb-dump", "mariadb-admin"), "p"),
    **dict.fromkeys(("sshpass", "mongo", "mongosh", "mongodump", "7z"), "p"),
    **dict.fromkeys(("ldapsearch", "ldapmodify", "ldapadd", "ldapdelete"), "w"),
    **dict.fromkeys(("zip", "unzip", "sqlcmd", "mosquitto_pub", "mosquitto_sub"), "P"),
    **dict.fromkeys(("redis-cli", "http", "https", "xh"), "a"),
}
_CREDENTIAL_OPTIONS = frozenset({"-u", "-U", "--user", "--proxy-user"})
_CURL_CREDENTIALS = re.compile(r"(?P<option>-[A-Za-z#]*?[uU])(?P<glued>.*)", re.DOTALL)
#: The user and group of ``docker run -u 1000:1000``, which are no credentials.
_IDS = re.compile(r"\d+:\d+")


def masked_command(arguments: Sequence[str]) -> list[str]:
    """Return the arguments of a command with the secrets masked."""
    reader = _Reader()
    return [reader.read(argument) for argument in arguments]


def masked_line(arguments: Sequence[str]) -> str:
    """Return a command as one would type it, with the secrets masked."""
    return shlex.join(masked_command(arguments)).replace(f"'{MASK}'", MASK)


def masked_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables, with the value masked if the name looks like that of a secret."""
    return {name: MASK if _NAME.search(name) else _masked_value(value) for name, value in environment.items()}


def masked_text(text: str) -> str:
    """Return prose, such as an error message, with the secrets of the commands that it repeats masked."""
    return _OPTION_IN_TEXT.sub(rf"\g<option>{MASK}", _masked_forms(text, _ASSIGNED_IN_TEXT))


def _masked_value(text: str) -> str:
    header = _HEADER.match(text)
    if (
        header
        and _NAME.search(header["name"])
        and (header["blank"] or "-" in header["name"] or header["name"].lower() in _HEADERS)
    ):
        return f"{header['name']}:{header['blank']}{MASK}"
    name, _, value = text.partition("=")
    if value and _WORD.fullmatch(name) and _NAME.search(name):
        return f"{name}={MASK}"
    masked = _masked_forms(text, _ASSIGNED)
    return _OPTION_IN_TEXT.sub(rf"\g<option>{MASK}", masked) if " " in masked else masked


def _masked_forms(text: str, assigned: re.Pattern[str]) -> str:
    text = _USERINFO.sub(MASK, text)
    return assigned.sub(rf"\g<name>\g<is>{MASK}", _BEARER.sub(MASK, text))


class _Reader:
    """Reads one argument after the other; ``_next`` masks the value of the option before."""

    def __init__(self) -> None:
        self._tool = ""
        self._next: Callable[[str], str] | None = None
        self._after_option = False

    def read(self, argument: str) -> str:
        """Return the argument as it may be shown."""
        mask, self._next = self._next, None
        option = _OPTION.fullmatch(argument)
        if mask and not option:
            return mask(argument)
        if mask is _masked_script:
            self._next = mask  # the script of a shell comes after all of its options
        if option or argument.startswith("-"):
            self._after_option = True
            return self._option(argument, option)
        self._enter(argument)
        self._after_option = False
        return _masked_value(argument)

    def _enter(self, argument: str) -> None:
        """Note which program the next options belong to; those after a script are not the interpreter's."""
        name = argument.rpartition("/")[2]
        known = name in _SECRET_FLAGS or name == "curl"
        if known or any(each.fullmatch(name) for each in (_SHELL, _PYTHON, _OTHER_INTERPRETER)):
            self._tool = name
        elif self._after_option and _OTHER_INTERPRETER.fullmatch(self._tool):
            return  # it may be the value of the option
        elif self._tool not in _SECRET_FLAGS and self._tool != "curl":
            self._tool = ""

    def _option(self, argument: str, option: re.Match[str] | None) -> str:
        if (shown := self._script_option(argument)) or (shown := self._flag(argument)):
            return shown
        if option is None:
            return _masked_value(argument)
        name, rest = option["option"], option["rest"]
        if name in _CREDENTIAL_OPTIONS and not _PYTHON.fullmatch(self._tool):
            self._next = _masked_credentials
            return f"{name}={_masked_credentials(rest[1:])}" if rest else argument
        if _NAME.search(name):
            self._next = None if rest else _masked_whole
            return f"{name}={MASK}" if rest else argument
        if argument in _OPTIONS_WITH_A_VALUE:
            self._next = _masked_value
        masked = _masked_value(argument)
        return f"{name}={_masked_value(rest[1:])}" if rest and masked == argument else masked

    def _script_option(self, argument: str) -> str | None:
        """Return an option that is followed by a script, or has it glued to it."""
        if _SHELL.fullmatch(self._tool):
            if _SHELL_SCRIPT.fullmatch(argument):
                self._next = _masked_script
                return argument
            return None
        pattern = _PYTHON_SCRIPT if _PYTHON.fullmatch(self._tool) else _OTHER_SCRIPT
        if _PYTHON.fullmatch(self._tool) or _OTHER_INTERPRETER.fullmatch(self._tool):
            if argument.startswith("-m"):
                self._tool = ""  # the options after it are those of the module
            elif match := pattern.fullmatch(argument):
                self._next = None if match["glued"] else _masked_script
                return match["option"] + (MASK if match["glued"] else "")
            return None
        if argument == "-c":
            self._next = _masked_if_script
            return argument
        return None

    def _flag(self, argument: str) -> str | None:
        """Return a short option of a known program whose value is a secret."""
        if self._tool == "curl" and not argument.startswith("--") and (match := _CURL_CREDENTIALS.fullmatch(argument)):
            self._next = None if match["glued"] else _masked_credentials
            return match["option"] + (_masked_credentials(match["glued"]) if match["glued"] else "")
        letter = _SECRET_FLAGS.get(self._tool)
        if letter is None or argument[1:2] != letter:
            return None
        self._next = None if argument[2:] else _masked_whole
        return argument[:2] + (MASK if argument[2:] else "")


def _masked_whole(_value: str) -> str:
    return MASK


def _masked_script(script: str) -> str:
    start = _OF_MULTIPROCESSING.match(script)
    return f"{start[0]}; {MASK}" if start else MASK


def _masked_if_script(value: str) -> str:
    return _masked_script(value) if _LOOKS_LIKE_A_SCRIPT.search(value) else value


def _masked_credentials(value: str) -> str:
    user, colon, _ = value.partition(":")
    return f"{user}:{MASK}" if colon and not _IDS.fullmatch(value) else value
