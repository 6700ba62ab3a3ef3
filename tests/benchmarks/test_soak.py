"""Everything at once for a few seconds, on a real server that is given new indexes meanwhile: nothing may be wrong."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from benchmarks import soak
from benchmarks.contestant import ROOT
from benchmarks.marked import MARK, Marked
from benchmarks.soak import Plan, Watch, as_markdown, measure
from benchmarks.soak_clients import Ask, Client, Tally

FIRST, SECOND = "20260101T000000.000000Z-aaaa", "20260101T000020.000000Z-bbbb"


def test_a_few_seconds_of_everything(tmp_path: Path) -> None:
    settings = {"workers": 1, "hook_open": "generic", "hook_memory": 0, "rate_limit": 0, "threads": 2, "max_waiting": 4}
    found = measure(Plan(4.0, 24, 10, 2.5, 0.5, settings), tmp_path)
    assert found["wrong"] == {}, found["examples"]
    assert found["exit"] == 0
    assert found["statuses"]["200"] > 20
    assert found["shed"], "more came than can be answered"
    assert found["looked_into"] > 20
    assert found["made"] >= 2
    assert len(found["slopes"]) == found["processes"] == 1
    assert json.loads(json.dumps(found)) == found
    assert "| wrong | 0 |" in as_markdown({"processor": "any", "cores": 2, "date": "today"}, found)


def looked_into(text: str, partly: bool = False) -> Tally:
    tally = Tally()
    ask = Ask("search", 1, "GET", "/", partly=partly)
    Client("http://localhost:1", [], [], tally)._look(ask, 200, text.encode(), 1.0)
    return tally


@pytest.mark.parametrize(
    "text",
    [
        f'{{"index_id": "{FIRST}", "hits": ["gx01x a", "gx02x b"]}}',
        f"<p>{FIRST}</p><p>{SECOND}</p>",
        '"searched": 5, "searched": 6',
    ],
)
def test_an_answer_of_two_generations_is_found(text: str) -> None:
    assert looked_into(text).wrong == {"mixed": 1}


def test_an_answer_of_another_generation_than_it_names_is_found() -> None:
    told = looked_into(f'{{"index_id": "{FIRST}", "searched": 9, "hits": ["gx01x a"]}}').told
    assert told == {(FIRST, "gx01x", "9"): 1}
    for generations, wrong in (
        ({FIRST: ("gx01x", 9)}, {}),
        ({FIRST: ("gx02x", 9)}, {f"{FIRST} holds ('gx02x', 9), not gx01x 9": 1}),
        ({FIRST: ("gx01x", 8)}, {f"{FIRST} holds ('gx01x', 8), not gx01x 9": 1}),
        ({SECOND: ("gx01x", 9)}, {f"a generation that never was: {FIRST}": 1}),
    ):
        rows = [[*key, count] for key, count in told.items()]
        empty: dict[str, object] = {"wrong": {}, "codes": {}, "statuses": {}, "examples": []}
        given = {**empty, "told": rows, "milliseconds": [], "shed_milliseconds": []}
        plan = Plan(1, 1, 1, 1, 1, {})
        assert soak._summed(plan, given, Watch(generations=generations), "")["wrong"] == wrong


def test_what_is_neither_right_nor_shed_is_wrong() -> None:
    tally = Tally()
    client = Client("http://localhost:1", [], [], tally)
    for status in (200, 500, 503):
        client._look(Ask("search", 1, "GET", "/"), status, b'{"code": "any"}', 1.0)
    assert tally.wrong == Counter({"500 where 200 is right": 1})
    assert tally.codes == Counter({"500 any": 1, "503 any": 1})


def test_slopes_are_of_what_comes_after_the_beginning() -> None:
    warming = [(float(n), 100.0 + 50 * n, 10) for n in range(3)]
    steady = [(float(3 + n), 300.0 + n / 3600, 20) for n in range(6)]
    slopes = soak._slopes([*warming, *steady])
    assert slopes["mib_an_hour"] == pytest.approx(1.0, abs=0.1)
    assert (slopes["files"], slopes["files_an_hour"]) == (20, 0.0)
    assert soak._slopes([(0.0, 1.0, 1)]) == {}


def test_each_generation_has_a_mark_of_its_own_in_every_title(tmp_path: Path) -> None:
    corpus = Marked(ROOT / "seeds", tmp_path, 12)
    marks = set()
    for number in range(3):
        mark, count = corpus.write(number)
        texts = [path.read_text(encoding="utf-8") for path in tmp_path.glob("*.md")]
        assert len(texts) == count == 12 - number
        assert {tuple(MARK.findall(text)) for text in texts} == {(mark,)}
        assert {path.stem for path in tmp_path.glob("*.md")} >= set(corpus.ids)
        marks.add(mark)
    assert len(marks) == 3
