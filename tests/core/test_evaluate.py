"""Evaluation: the figures are those of ir_measures and of a sum done by hand; what is not answered counts as nothing."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ir_measures
import numpy as np
import pytest
from ir_measures import RR, R, Success, nDCG

from rcasearch.calibration import verdict
from rcasearch.errors import InvalidQueryError, NotFoundError, RcaSearchError
from rcasearch.evaluate import Report, evaluate
from rcasearch.judged import read_queries
from rcasearch.model import Hit, Incident, Query, Results
from rcasearch.render_eval import table
from rcasearch.search import Searcher


class Scripted:
    """A searcher that answers from a script: text -> stems, best first, and the confidence in the best."""

    def __init__(self, stems: Sequence[str], answers: Mapping[str, tuple[Sequence[str], float]]) -> None:
        self._stems = stems
        self._answers = answers

    def incident(self, key: str) -> Incident:
        for stem in self._stems:
            if key in (stem, f"id-{stem}"):
                return Incident(f"id-{stem}", stem, f"folder/{stem}.md")
        raise NotFoundError(f"No incident {key}.")

    def search(self, query: Query, *_args: object, **_options: object) -> Results:
        ranked, confidence = self._answers.get(query.text, ((), 0.0))
        hits = tuple(
            Hit(self.incident(stem), rank, 1 / rank, confidence / rank, "none", ())
            for rank, stem in enumerate(ranked[: query.limit], 1)
        )
        return Results(query, verdict(confidence), hits, len(self._stems), "x")


def run(tmp_path: Path, searcher: Any, queries: Sequence[Mapping[str, Any]], **options: Any) -> Report:
    path = tmp_path / "queries.jsonl"
    path.write_text("".join(json.dumps(query) + "\n" for query in queries), encoding="utf-8")
    return evaluate(searcher, path, **options)


def judged(number: int, kind: str, **relevant: int) -> dict[str, Any]:
    return {"id": f"q{number}", "text": f"t{number}", "kind": kind, "relevant": relevant}


STEMS = [f"s{n}" for n in range(30)]


def figures(report: Report, kind: str, ranker: str = "hybrid") -> dict[str, float]:
    [row] = [row for row in report.rows if (row.kind, row.ranker) == (kind, ranker)]
    return {name: figure.mean for name, figure in row.figures.items()}


def test_figures_by_hand(tmp_path: Path) -> None:
    searcher = Scripted(STEMS, {"t1": (["s5", "s1", "s6", "s2"], 0.9), "t2": (["s3"], 0.8)})
    queries = [judged(1, "alert", s1=2, s2=1), judged(2, "symptom", s3=2), judged(3, "symptom", s4=2), judged(4, "none")]
    report = run(tmp_path, searcher, queries)
    ideal = 2 + 1 / math.log2(3)
    found = 2 / math.log2(3) + 1 / math.log2(5)
    assert figures(report, "alert") == pytest.approx({"nDCG@10": found / ideal, "RR@10": 0.5, "R@5": 1.0, "Success@1": 0.0})
    # Of two queries one is answered perfectly and one not at all.
    assert figures(report, "symptom") == pytest.approx({"nDCG@10": 0.5, "RR@10": 0.5, "R@5": 0.5, "Success@1": 0.5})
    # Each kind counts the same, however many queries it has.
    assert figures(report, "mean over kinds")["nDCG@10"] == pytest.approx((found / ideal + 0.5) / 2)
    assert figures(report, "mean over kinds")["R@5"] == pytest.approx(0.75)
    assert [row.queries for row in report.rows if row.ranker == "hybrid"] == [1, 2, 3]


def grades(chance: random.Random) -> dict[str, int]:
    return {stem: chance.choice([1, 2]) for stem in chance.sample(STEMS, chance.randint(1, 6))}


@pytest.mark.parametrize("seed", range(3))
def test_figures_are_those_of_ir_measures(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    queries = [judged(n, chance.choice("abc"), **grades(chance)) for n in range(40)]
    answers = {q["text"]: (chance.sample(STEMS, chance.randint(0, 25)), chance.random()) for q in queries}
    report = run(tmp_path, Scripted(STEMS, answers), queries)
    for kind in {query["kind"] for query in queries}:
        own = [query for query in queries if query["kind"] == kind]
        qrels = [ir_measures.Qrel(q["id"], stem, grade) for q in own for stem, grade in q["relevant"].items()]
        scored = [ir_measures.ScoredDoc(q["id"], s, -float(rank)) for q in own for rank, s in enumerate(answers[q["text"]][0])]
        expected = ir_measures.calc_aggregate([nDCG @ 10, RR @ 10, R @ 5, Success @ 1], qrels, scored)
        assert figures(report, kind) == pytest.approx({str(measure): value for measure, value in expected.items()})


def test_a_ranker_that_answers_nothing_gets_nothing(tmp_path: Path) -> None:
    report = run(tmp_path, Scripted(STEMS, {}), [judged(1, "a", s1=2), judged(2, "none")])
    assert set(figures(report, "a").values()) == {0.0}
    assert report.auroc == {"plain": 0.5, "hybrid": 0.5}
    assert "0.000" in table(report)


def test_the_intervals_hold_the_mean_and_shrink_with_more_queries(tmp_path: Path) -> None:
    chance = random.Random(3)

    def width(count: int) -> float:
        queries = [judged(n, "a", s1=2) for n in range(count)]
        answers = {q["text"]: (["s1"] if chance.random() < 0.5 else ["s2", "s1"], 0.5) for q in queries}
        report = run(tmp_path, Scripted(STEMS, answers), queries)
        for row in report.rows:
            for figure in row.figures.values():
                assert 0 <= figure.low <= figure.mean + 1e-9
                assert figure.mean <= figure.high + 1e-9 <= 1 + 1e-8
        [row] = [row for row in report.rows if (row.kind, row.ranker) == ("a", "hybrid")]
        return row.figures["Success@1"].high - row.figures["Success@1"].low

    assert width(200) < 0.6 * width(20)


def test_the_same_run_gives_the_same_intervals(tmp_path: Path) -> None:
    queries = [judged(n, "a", s1=2) for n in range(9)]
    answers = {f"t{n}": (["s1"] if n % 2 else ["s2"], 0.5) for n in range(9)}
    assert run(tmp_path, Scripted(STEMS, answers), queries) == run(tmp_path, Scripted(STEMS, answers), queries)


def test_a_judged_incident_may_be_named_by_its_id_or_not_be_there(tmp_path: Path) -> None:
    searcher = Scripted(STEMS, {"t1": (["s1"], 0.9), "t2": (["s2"], 0.9)})
    report = run(tmp_path, searcher, [judged(1, "a", **{"id-s1": 2}), judged(2, "a", s2=2, gone=2)])
    assert figures(report, "a")["Success@1"] == 1
    assert figures(report, "a")["R@5"] == pytest.approx(0.75)
    assert report.unknown == ("gone",)
    assert "gone" in table(report)


def test_of_two_documents_with_one_stem_the_better_place_counts(tmp_path: Path) -> None:
    searcher = Scripted(STEMS, {"t1": (["s1", "s2", "s1"], 0.9)})
    assert figures(run(tmp_path, searcher, [judged(1, "a", s1=2)]), "a")["RR@10"] == 1


# --- what the user is told ------------------------------------------------------------------------------------------


def test_the_share_of_each_verdict_by_kind(tmp_path: Path) -> None:
    sure = {"t1": (["s1"], 1.0), "t2": (["s2"], 1.0), "t3": (["s3"], 0.0), "t4": (["s4"], 0.5), "t5": (["s5"], 1.0)}
    queries = [judged(n, "alert", s1=2) for n in (1, 2, 3, 4)] + [judged(5, "none"), judged(6, "none")]
    report = run(tmp_path, Scripted(STEMS, sure), queries)
    assert report.verdicts == {
        "alert": {"strong": 0.5, "possible": 0.25, "none": 0.25},
        "none": {"strong": 0.5, "possible": 0.0, "none": 0.5},
    }
    assert report.as_dict()["verdicts"] == report.verdicts
    lines = [line.split() for line in table(report).splitlines()]
    assert lines[lines.index(["verdicts", "strong", "possible", "none"]) + 1 :][:2] == [
        ["alert", "50%", "25%", "25%"],
        ["none", "50%", "0%", "50%"],
    ]


# --- the run ---------------------------------------------------------------------------------------------------------


def test_a_run_has_one_line_a_query_whatever_the_verdict(tmp_path: Path) -> None:
    searcher = Scripted(STEMS, {"t1": (STEMS, 0.9), "t2": (STEMS[::-1], 0.1)})
    path = tmp_path / "run.jsonl"
    run(tmp_path, searcher, [judged(1, "a", s1=2), judged(2, "none"), judged(3, "a", s4=1)], run_path=path)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [row["qid"] for row in rows] == ["q1", "q2", "q3"]
    assert all(set(row) == {"qid", "ranked", "scores", "top_confidence"} for row in rows)
    assert rows[0]["ranked"] == STEMS
    assert rows[1]["ranked"] == STEMS[::-1]
    assert rows[2] == {"qid": "q3", "ranked": [], "scores": [], "top_confidence": 0.0}
    assert (rows[0]["top_confidence"], rows[1]["top_confidence"]) == (0.9, 0.1)
    for row in rows:
        assert len(row["scores"]) == len(row["ranked"])
        assert row["scores"] == sorted(row["scores"], reverse=True)


@pytest.mark.parametrize("ranker", ["hybrid", "plain"])
def test_the_tiny_corpus(tiny_searcher: Searcher, tiny_queries: Path, tmp_path: Path, ranker: str) -> None:
    path = tmp_path / "run.jsonl"
    report = evaluate(tiny_searcher, tiny_queries, ranker=ranker, run_path=path)
    rows = {row["qid"]: row for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())}
    assert list(rows) == ["t-1", "t-2", "t-3", "t-4", "t-5"]
    stems = {incident.stem for incident in tiny_searcher.incidents().incidents}
    assert all(set(row["ranked"]) == stems and len(row["ranked"]) == 8 for row in rows.values())
    assert list(dict.fromkeys(row.ranker for row in report.rows)) == list(dict.fromkeys(["plain", ranker]))
    relevant = {query.id: query.relevant for query in read_queries(tiny_queries)}
    expected = np.mean([rows[qid]["ranked"][0] in relevant[qid] for qid in ("t-2", "t-4")])
    assert figures(report, "alert", ranker)["Success@1"] == expected
    assert report.unknown == ()
    assert report.auroc[ranker] is not None
    assert report.as_dict()["unknown_incidents"] == []
    lines = table(report).splitlines()
    assert len({line.index("[") for line in lines[1:] if "[" in line}) == 1
    assert all(sum(shares.values()) == pytest.approx(1) for shares in report.verdicts.values())
    assert json.loads(json.dumps(report.as_dict()))["rows"][0]["ranker"] == "plain"


def test_a_run_that_cannot_be_written_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    class Untouched(Scripted):
        def search(self, query: Query, *_args: object, **_options: object) -> Results:
            raise AssertionError("asked for nothing")

    with pytest.raises(RcaSearchError, match="absent"):
        run(tmp_path, Untouched(STEMS, {}), [judged(1, "a", s1=2)], run_path=tmp_path / "absent" / "run.jsonl")


def test_an_unknown_ranker_is_told_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(InvalidQueryError, match="'best'") as caught:
        run(tmp_path, Scripted(STEMS, {}), [judged(1, "a", s1=2)], ranker="best")
    assert "hybrid" in caught.value.hint
    assert "plain" in caught.value.hint


# --- the file of queries ---------------------------------------------------------------------------------------------

GOOD = '{"id": "q1", "text": "disk full", "kind": "symptom", "relevant": {"a": 2}}'


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "7",
        "null",
        '{"id": "q2"}',
        '{"id": "q2", "text": "x", "kind": "symptom"}',
        '{"id": "q2", "text": "x", "kind": "symptom", "relevant": ["a"]}',
        '{"id": "q2", "text": "x", "kind": "symptom", "relevant": {"a": "two"}}',
        '{"id": "q2", "text": "x", "kind": "symptom", "relevant": {"a": null}}',
        '{"id": "q2", "text": "x", "kind": "symptom", "relevant": {"a": 0}}',
        '{"id": "q2", "text": "x", "kind": "symptom", "relevant": {"a": -1}}',
        '{"id": "q2", "text": "x", "kind": "symptom", "relevant": {"a": 1e999}}',
        '{"id": "q2", "text": "  ", "kind": "symptom", "relevant": {"a": 1}}',
    ],
)
def test_a_line_that_is_no_query_is_named_with_its_file(tmp_path: Path, line: str) -> None:
    path = tmp_path / "judged.jsonl"
    path.write_text(f"{GOOD}\n\n{line}\n", encoding="utf-8")
    with pytest.raises(InvalidQueryError, match=r"judged\.jsonl:3: ") as caught:
        read_queries(path)
    assert '"relevant"' in caught.value.hint


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xff\xfe{}"])
def test_a_file_without_queries_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "judged.jsonl"
    path.write_bytes(content)
    with pytest.raises(InvalidQueryError, match=r"judged\.jsonl"):
        read_queries(path)
    with pytest.raises(InvalidQueryError, match="absent"):
        read_queries(tmp_path / "absent")
    with pytest.raises(InvalidQueryError, match=str(tmp_path)):
        read_queries(tmp_path)


def test_two_queries_of_one_id_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "judged.jsonl"
    path.write_text(f"{GOOD}\n{GOOD}\n", encoding="utf-8")
    with pytest.raises(InvalidQueryError, match="two queries have the id 'q1'"):
        read_queries(path)


def test_line_breaks_of_unicode_inside_a_text_are_no_line_breaks_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "judged.jsonl"
    texts = [f"one{mark}two" for mark in ("\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c")]
    rows = [{"id": f"q{n}", "text": text, "kind": "a", "relevant": {"s": 1}} for n, text in enumerate(texts)]
    path.write_text("\r\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\r\n", encoding="utf-8", newline="")
    assert [query.text for query in read_queries(path)] == texts
