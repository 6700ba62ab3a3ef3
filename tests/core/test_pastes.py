"""Long pastes: a few lines stay as they are, of a dozen a repeat goes, and of many those stay that tell; whatever is pasted."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcasearch.loglines import ERROR, ROUTINE, UNKNOWN, WARNING, Line, read_lines
from rcasearch.pastes import condense, loudest

# Words that no hexadecimal id looks like, and none of which tells of trouble.
_word = st.text(st.sampled_from("ghijmqruvwxyzäß"), min_size=2, max_size=6)
_words = st.lists(_word, min_size=2, max_size=5)
KINDS = {
    "counter": st.integers(0, 10**9).map(str),
    "address": st.integers(0, 2**64).map(lambda n: f"0x{n:x}"),
    "hash": st.integers(2**28, 2**64).map(lambda n: f"{n:x}"),
    "uuid": st.uuids().map(str),
    "time": st.datetimes().map(lambda when: when.isoformat(timespec="milliseconds")),
    "host": st.integers(0, 300).map(lambda n: f"web-{n}.zone{n % 3}"),
    "span": st.integers(0, 9_999).map(lambda n: f"{n}ms"),
    "ip": st.ip_addresses(v=4).map(str),
}
_line = st.lists(st.one_of(_word, _word, *KINDS.values()), min_size=1, max_size=6).map(" ".join)
_log = st.lists(st.one_of(_line, st.sampled_from(["ERROR pool exhausted", "\tat a.b.C(D.java:1)", "INFO ok", "{}"])), max_size=40)


def _is_subsequence(some: Iterable[str], all_: Iterable[str]) -> bool:
    rest = iter(all_)
    return all(item in rest for item in some)


def _letters(text: str) -> str:
    return "".join(text.split())


def _derives(kept: list[str], lines: list[str]) -> bool:
    """Whether each kept line is made of characters of one line, in their order, and the lines are in theirs."""
    rest = iter(lines)
    return all(any(_is_subsequence(_letters(line), _letters(source)) for source in rest) for line in kept)


@given(_log)
def test_every_line_comes_from_a_line_and_their_order_stays(lines: list[str]) -> None:
    assert _derives(condense("\n".join(lines)).splitlines(), lines)


@given(st.text(max_size=300))
@settings(max_examples=300)
def test_nothing_is_added_and_something_is_left(text: str) -> None:
    once = condense(text)
    assert len(once) <= len(text)
    assert bool(once.strip()) == bool(text.strip())
    assert _derives(condense(once).splitlines(), once.splitlines())


@given(st.lists(_words, min_size=1, max_size=12, unique_by=tuple))
def test_of_a_dozen_lines_none_that_differs_in_a_word_is_lost(lines: list[list[str]]) -> None:
    assert condense("\n".join(map(" ".join, lines))).splitlines() == [" ".join(line) for line in lines]


@given(st.lists(_words, min_size=13, max_size=30, unique_by=tuple))
def test_prose_without_trouble_is_kept_whole(lines: list[list[str]]) -> None:
    assert [line.split() for line in condense("\n".join(map(" ".join, lines))).splitlines()] == lines


@pytest.mark.parametrize("kind", KINDS)
@given(messages=st.lists(st.sampled_from(["disk full on", "retry of", "lost the lock"]), min_size=5, max_size=12), data=st.data())
def test_of_lines_that_differ_in_a_number_or_an_id_the_first_stays(kind: str, messages: list[str], data: st.DataObject) -> None:
    lines = [f"{message} node {data.draw(KINDS[kind])} again" for message in messages]
    assert condense("\n".join(lines)).splitlines() == [lines[messages.index(message)] for message in dict.fromkeys(messages)]


def test_a_text_of_a_few_lines_stays_as_it_is() -> None:
    for text in ("", "  ", "down\ndown\ndown\ndown", "node 1 is down\n\nnode 2 is down\n", "\x1b[31m2024-03-01 ERROR x\x1b[0m"):
        assert condense(text) == text


def test_a_line_of_one_character_that_is_repeated_stays_once() -> None:
    assert condense("{\nfirst\n}\n{\nsecond\n}\n").splitlines() == ["{", "first", "}", "second"]


SAID = [
    ("2026-03-01T10:00:00.123Z ERROR [pool-3] disk is full", "disk is full", ERROR),
    ("2026-03-01 10:00:00,123 INFO  1 --- [main] o.s.Boot : started", "[main] o.s.Boot : started", ROUTINE),
    ("[2026-03-01 10:00:00,1: ERROR/ForkPoolWorker-1] raised unexpected", "raised unexpected", ERROR),
    ("Mar  1 10:00:00 node-7 kernel[1]: oom", "oom", UNKNOWN),
    ("[884210.123456] table full", "table full", UNKNOWN),
    (
        'Mar  1 10:00:00 n1 kubelet[14]: E0301 10:00:00.123456    14 kubelet.go:23] "PLEG is not healthy"',
        '"PLEG is not healthy"',
        ERROR,
    ),
    ("10:00:00 WARN [x] slow", "[x] slow", WARNING),
    ("FATAL:  too many clients", "FATAL: too many clients", ERROR),
    ("ORA-00060: deadlock, SQLSTATE 40P01, exit 0x80070005", "ORA-00060: deadlock, SQLSTATE 40P01, exit 0x80070005", UNKNOWN),
    ("request 0f8fad5b-d9cb-469f-a165-70867728950e of [7f2c00aa11bb33dd] refused", "request of refused", UNKNOWN),
    ('{"ts":"x","level":"error","msg":"put failed","error":{"code":"SlowDown","trace":"t"}}', "put failed code SlowDown", ERROR),
    ('{"@timestamp":"x","log.level":"WARN","message":"no session","trace.id":"7"}', "no session", WARNING),
    ('{"a":1,"b":"c"}', '{"a":1,"b":"c"}', UNKNOWN),
    ('{"msg":"half \\ud800 a character"}', "half ? a character", UNKNOWN),
    ('ts=1 level=warn msg="a \\"b\\" c" err=EOF trace=9', 'a "b" c EOF', WARNING),
    ("a=1 of b=2 and c=3", "a=1 of b=2 and c=3", UNKNOWN),
    ("\x1b[1;31mred\x1b[0m and \x07loud", "red and loud", UNKNOWN),
]


@pytest.mark.parametrize(("raw", "text", "level"), SAID, ids=[text for _, text, _ in SAID])
def test_what_a_line_says(raw: str, text: str, level: int) -> None:
    assert list(read_lines(raw)) == [Line(text, level)]


FRAMES = """\
\tat com.shop.Checkout.pay(Checkout.java:7)
\t... 31 common frames omitted
    at async Object.request (/srv/node_modules/undici/lib/api.js:94:13)
    at /srv/dist/server.js:10:2
   at System.Net.Http.HttpConnectionPool.ConnectAsync(HttpRequestMessage request) in /src/A.cs:line 9
  File "/app/tasks.py", line 71, in run
goroutine 54 [running]:
\t/usr/local/go/src/runtime/proc.go:402 +0xce
net/http.(*conn).serve(0xc000123, {0xb6f1d0})
app/models/card.rb:31:in `block in add!'
   4: tokio::runtime::task::core::Core<T,S>::poll
#3 0x00007f in main ()
    recv_into (socket.py:706)"""


@pytest.mark.parametrize("frame", FRAMES.splitlines())
def test_a_frame_of_a_stack_trace_is_known(frame: str) -> None:
    assert [line.frame for line in read_lines(frame)] == [True]


@pytest.mark.parametrize("line", ["at 10:00 the queue was full", "the goroutine pool is empty", "#3 in the list", "1: one"])
def test_what_only_looks_like_a_frame_is_none(line: str) -> None:
    assert [line.frame for line in read_lines(line)] == [False]


def test_the_source_below_a_frame_of_python_goes_with_it() -> None:
    lines = list(read_lines('  File "a.py", line 1, in f\n    raise Lost(why)\nLost: no route\n'))
    assert [line.frame for line in lines] == [True, True, False]


ROUTINES = "user session order payment cache handler flush batch worker queue started loaded config token".split()


@pytest.mark.parametrize("count", [20, 60, 199])
@pytest.mark.parametrize("place", [0, 0.5, 1])
def test_the_one_line_of_trouble_stays_among_routine_ones_that_all_differ(count: int, place: float) -> None:
    lines = [
        f"03:{n % 60:02}:00 INFO {' '.join(ROUTINES[(n * k) % len(ROUTINES)] for k in (1, 3, 7))} {'x' * n}" for n in range(count)
    ]
    lines.insert(int(place * count), "03:11:09 ERROR FATAL: remaining connection slots are reserved")
    assert condense("\n".join(lines)) == "FATAL: remaining connection slots are reserved"


def test_frames_go_and_what_they_belong_to_stays() -> None:
    frames = [f"    at com.shop.Checkout{chr(97 + n)}.pay(Checkout.java:{n})" for n in range(26)]
    said = ["java.lang.IllegalStateException: pool is exhausted", "Caused by: java.net.SocketTimeoutException: read"]
    assert condense("\n".join([said[0], *frames, said[1], *frames])).splitlines() == said


def test_what_is_said_again_and_again_outweighs_what_is_said_once() -> None:
    routine = [f"INFO {word} {other}" for word in ROUTINES[:6] for other in ROUTINES[6:]]
    once = "ERROR invalid postcode in the address form"
    often = [f"ERROR upload refused by the store, attempt {n}" for n in range(20)]
    assert condense("\n".join([*routine, once, *often])).splitlines() == ["upload refused by the store, attempt 0"]


def test_only_frames_are_better_than_nothing() -> None:
    frames = [f"\tat com.shop.{chr(97 + n)}.pay(Checkout.java:{n})" for n in range(20)]
    assert condense("\n".join(frames)).splitlines() == [frame.strip() for frame in frames]


# Each is made to be slow for a pattern that looks back, or to break what reads a line. A megabyte each.
HOSTILE = {
    "one line": "error " * 170_000,
    "identical lines": "connection refused by 10.0.0.1\n" * 33_000,
    "short lines": "e\n" * 500_000,
    "no end of a word": "a" * 1_000_000,
    "words of hex": "deadbeef0" * 110_000,
    "open brackets": "[" * 1_000_000,
    "nested": "[" * 500_000 + "]" * 500_000,
    "objects": '{"a":' * 200_000,
    "quotes": 'a="\\" ' * 160_000,
    "open quotes": ('a="b c=d e=f ' * 150 + "\n") * 500,
    "frames": "at " * 330_000,
    "go frames": ("x" * 199 + "(\n") * 5_000,
    "methods": "GET " * 250_000,
    "escapes": "\x1b[" * 500_000,
    "escapes in lines": ("\x1b]" + "x" * 199 + "\n") * 5_000,
    "digits": "1" * 1_000_000,
    "clocks": "10:00:00 " * 110_000,
    "dashes": "--- " * 250_000,
    "spaces": " " * 999_999 + "x",
    "a long number in JSON": '{"msg":"failed","n":' + "9" * 900_000 + "}",
    "base64": "QUJD" * 250_000,
    "returns": "error\r\n" * 140_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_megabyte_of_anything_is_read_and_comes_out_small(kind: str) -> None:
    told = condense(HOSTILE[kind])
    assert len(told) <= 20_000
    assert told or not HOSTILE[kind].strip()


def test_five_thousand_identical_lines_are_one() -> None:
    assert condense("ERROR lease lost\n" * 5_000) == "lease lost"


def test_five_thousand_different_lines_of_routine_stay_within_the_bound() -> None:
    lines = [f"INFO {'ghj'[n % 3] * (n % 60 + 1)} {'xyz'[n % 3] * (n // 60 + 1)}" for n in range(5_000)]
    assert 0 < len(condense("\n".join(lines))) <= 20_000


def test_a_document_of_json_on_one_line_gives_what_its_objects_say() -> None:
    pods = [{"metadata": {"uid": f"u{n}"}, "state": {"running": {"startedAt": "2026-05-05"}}} for n in range(300)]
    dead = {"lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "message": "over the limit"}}}
    assert condense(json.dumps({"items": [*pods, dead]})) == "OOMKilled over the limit"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "INFO ready\n" * 20 + "2026-03-14T18:05:01Z ERROR checkout: QueuePool limit reached\n",
            "checkout: QueuePool limit reached",
        ),
        ("Traceback (most recent call last):\n  File 'a.py', line 1\nTimeoutError: timed out", "TimeoutError: timed out"),
        ("checkout is slow\nsince noon", "checkout is slow"),
        ("\n \n", ""),
    ],
)
def test_the_loudest_line_is_what_a_paste_is_about(text: str, line: str) -> None:
    assert loudest(text) == line
