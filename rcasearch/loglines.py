"""Lines of a log as they are pasted -> what each of them says, how loud it is, and whether it is a frame of a stack trace.

What stands before the message (time, host, process, thread, level) and the ids in it say nothing of a failure. Of a structured
line only the fields count that hold a message. Every pattern reads a line in time linear in its length.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

ROUTINE, UNKNOWN, WARNING, ERROR = -1, 0, 1, 2
_LONG = 2_000
_PIECE = 160

# A terminal's colours and cursor moves (ECMA-48), and what nothing prints.
_ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]{0,30}[@-~]|\][^\x07\x1b]{0,200}\x07?|[@-Z\\^_])")
_UNPRINTED = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufffd]+")
_BLOB = re.compile(r"[A-Za-z0-9+/_=-]{100,}")
_SEAM = re.compile(r"[},;]|\s")

_LEVEL_NAMES = {
    ROUTINE: "trace verbose debug dbug info information notice log normal i",
    WARNING: "warn warning w",
    ERROR: "e f error err fail severe fatal panic crit critical emerg alert",
}
_LEVELS = {name: level for level, names in _LEVEL_NAMES.items() for name in names.split()}
_LEVEL = re.compile(
    r"\b(?:TRACE|VERBOSE|DEBUG|INFO|NOTICE|LOG(?=:)|Normal|WARN(?:ING)?|Warning|ERROR|SEVERE|FATAL|PANIC|CRIT(?:ICAL)?|EMERG|ALERT)\b"
    r"|(?<=[\[<=])(?:trace|debug|info|notice|warn(?:ing)?|err(?:or)?|crit(?:ical)?|alert|emerg|panic)(?=[\s\]>,])"
    r"|^(?:trace|debug|dbug|info|warn(?:ing)?|error|fail|fatal|crit)(?=:)|\b[IWEF](?=\d{4}\s\d\d:)"
)
_LEVEL_REACH = 160

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_CLOCK = r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
_ZONE = r"(?:\s?(?:Z|UTC|GMT|CES?T|[+-]\d\d:?\d\d)\b)?"
# FATAL and PANIC stay where they are: they say something.
_LOUD = r"(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|LOG)"
_QUIET = r"(?:trace|debug|info|notice|warn(?:ing)?|error)"
_HEAD = re.compile(
    rf"""\s*(?:
      \[?\d{{4}}[-/]\d\d[-/]\d\d[T\ ]\d\d:\d\d(?::\d\d(?:[.,]\d{{1,9}})?)?{_ZONE}
        (?:\s\#\d{{1,9}})?(?:(?::\s\w{{1,20}}/[\w-]{{1,40}})?\])?                           # ISO 8601; Ruby, Celery
    | \[?{_CLOCK}\]?(?!\w) | \[\d\d:\d\d\]                                             # a clock
    | (?:[A-Z][a-z]{{2}},?\s)?{_MONTH}\s{{1,2}}\d{{1,2}}\s{_CLOCK}(?:\s[\w.-]{{1,60}}\s[\w./-]{{1,60}}\[\d{{1,9}}\]:)?    # syslog
    | \d{{1,2}}[\s/]{_MONTH}[\s/]\d{{4}}[\s:]{_CLOCK}
    | \[\s{{0,9}}\d{{1,9}}\.\d{{1,9}}s?\]                                              # seconds since the start: kernel, JVM
    | [IWEF]\d{{4}}\s{_CLOCK}\s{{1,9}}\d{{1,9}}\s[\w.]{{1,60}}:\d{{1,9}}\]             # klog
    | \[(?:{_LOUD}|{_QUIET})\s{{0,3}}\]:? | {_LOUD}(?:\s?:|\b(?=[\s\[(])) | {_QUIET}:
    | \[[\w.:/\#-]{{0,40}}\d[\w.:/\#-]{{0,40}}\]:? | <[\d.]{{1,30}}>                    # thread, process
    | [DIWEF],(?=\s\[) | ---?(?=\s) | \d{{1,9}}(?=\s---) | \d{{1,9}}\#\d{{1,9}}:(?:\s\*\d{{1,12}})?    # Ruby, Spring, nginx
    )""",
    re.VERBOSE,
)
_HEAD_PIECES = 8

# Ids of requests, spans, containers and addresses in memory. Eight digits after 0x are a code of Windows: it stays.
_ID = re.compile(
    r"\[?\b(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|0x[0-9a-f]{9,32}|(?=[a-f]{0,40}\d)[0-9a-f]{12,200})\b\]?", re.IGNORECASE
)

_FRAME = re.compile(
    r"""\s*(?:
      at\s(?:async\s|new\s)?[^\s(]{1,300}(?:\s\[as\s\w{1,60}\])?\s?[(\[]                   # Java, .NET, JavaScript
    | at\s\S{1,300}:\d{1,9}$                                                               # JavaScript, Rust
    | \.\.\.\s?\d{1,9}\s(?:more|common) | ---\sEnd\sof\s                                   # Java, .NET
    | File\s"[^"]{0,300}",\sline\s\d | Traceback\s\(most\srecent | \^{1,200}$               # Python
    | (?:The\sabove\sexception\swas|During\shandling\sof)\s
    | goroutine\s\d | created\sby\s | \S{1,300}\.go:\d{1,9}\s\+0x                           # Go
    | \S{1,200}\((?:0x|\{0x|\.\.\.) | \.\.\.additional\sframes
    | (?:from\s)?\S{1,300}\.rb:\d{1,9}:in\b | \S{1,60}\s\([\d.]{1,20}\)\slib/               # Ruby
    | \d{1,3}:\s(?=\S{0,300}(?:::|_))[\w<>:{}$,&]{1,300}$                                   # Rust
    | \#\d{1,3}\s{1,2}(?:0x|/|\S{1,300}\() | [\w.<>$]{1,100}\s\([^\s()]{1,200}:\d{1,9}\)$   # C, PHP, py-spy
    | (?:stack\sbacktrace|runtime\sstack):
    )""",
    re.VERBOSE,
)

# Fields that hold what a structured line says, by the last part of their names.
_SAYING = frozenset(
    """message msg error err exception reason cause detail details description code status state event failure summary title
    error_message errors last_error http_status response_code response_flags response_code_details warning stderr
    allocate_explanation""".split()
)
_LEVEL_FIELDS = frozenset("level severity lvl loglevel levelname".split())
# A number or a short code means nothing without the field's name.
_NAMED = frozenset("code status http_status response_code".split())
_LOGFMT = re.compile(r'(?<!\S)([A-Za-z_][\w.@-]{0,40})=("(?:[^"\\]|\\.){0,2000}"|[^\s"]{0,2000})')
_FEWEST_PAIRS = 3


@dataclass(frozen=True, slots=True)
class Line:
    """What a line says without its head and ids; its ``level``, ROUTINE to ERROR; whether it is a frame of a stack trace."""

    text: str
    level: int = UNKNOWN
    frame: bool = False


def plain_lines(text: str) -> list[str]:
    """The lines of ``text`` that are not blank, without a terminal's codes and blobs such as Base64."""
    return [line for line in _printed(text).splitlines() if line.strip()]


def read_lines(text: str) -> Iterator[Line]:
    """What each line of ``text`` says, in order; nothing for a line that says nothing. A very long line counts as several."""
    after_file = False
    for raw in plain_lines(text):
        for piece in [raw] if len(raw) <= _LONG else _pieces(raw):
            line = _read(piece)
            # Python prints a line of source below each frame.
            source = after_file and piece[:1].isspace() and not line.frame
            after_file = piece.lstrip().startswith('File "')
            if line.text:
                yield Line(line.text, line.level, True) if source else line


def _printed(text: str) -> str:
    return _BLOB.sub(" ", _UNPRINTED.sub(" ", _ESCAPE.sub("", text)))


def _pieces(line: str) -> Iterator[str]:
    """What the objects of a JSON document say, one by one; else the line cut where a value or a word ends."""
    document = _json(line.strip())
    if document is not None:
        yield from filter(None, (_said(_scalars(own)) for own in _objects(document)))
        return
    start = 0
    for seam in _SEAM.finditer(line):
        if seam.end() - start >= _PIECE:
            yield line[start : seam.end()]
            start = seam.end()
    yield from (line[at : at + _LONG] for at in range(start, len(line), _LONG))


@lru_cache(maxsize=4_096)
def _read(raw: str) -> Line:
    line = " ".join(raw.split())
    if _FRAME.match(line):
        return Line(line, frame=True)
    rest = _without_head(line)
    pairs = _pairs(rest)
    said = _said(pairs) or rest
    text = " ".join(_ID.sub("", _printed(said)).split())
    return Line(text, _level(pairs, line), bool(_FRAME.match(said)))


def _without_head(line: str) -> str:
    start = 0
    for _ in range(_HEAD_PIECES):
        head = _HEAD.match(line, start)
        if head is None:
            break
        start = head.end()
    return line[start:].strip()


def _level(pairs: list[tuple[str, str]], line: str) -> int:
    told = _LEVEL.search(line[:_LEVEL_REACH])
    names = [value for name, value in pairs if name in _LEVEL_FIELDS] or ([told.group()] if told else [])
    return _LEVELS.get(names[0].lower(), UNKNOWN) if names else UNKNOWN


def _said(pairs: list[tuple[str, str]]) -> str:
    said = (f"{name} {value}" if name in _NAMED else value for name, value in pairs if name in _SAYING)
    return " ".join(dict.fromkeys(said))


def _pairs(line: str) -> list[tuple[str, str]]:
    """The fields of a line of JSON or logfmt, in order; none of any other line."""
    document = _json(line)
    if document is not None:
        return [pair for own in _objects(document) for pair in _scalars(own)]
    if not _LOGFMT.match(line):
        return []
    pairs = [(name.lower(), value.strip('"').replace('\\"', '"')) for name, value in _LOGFMT.findall(line)]
    return pairs if len(pairs) >= _FEWEST_PAIRS else []


def _json(line: str) -> Any:
    if line[:1] not in ("{", "[") or line[-1:] not in ("}", "]"):
        return None
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _objects(document: Any) -> Iterator[dict[str, Any]]:
    """Every object of a document, the outer before the inner."""
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            value = list(value.values())
        if isinstance(value, list):
            waiting += [inner for inner in reversed(value) if isinstance(inner, dict | list)]


def _scalars(own: dict[str, Any]) -> list[tuple[str, str]]:
    texts = ((name, str(value)) for name, value in own.items() if isinstance(value, str | int) and not isinstance(value, bool))
    # An escape may stand for half a character, which no encoder takes.
    return [(name.lower().rsplit(".", 1)[-1], text.encode("utf-8", "replace").decode()) for name, text in texts if text.strip()]
