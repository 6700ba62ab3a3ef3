"""Queries from links: what is asked, what counts as an answer, who may answer, and that no text of a link helps either side."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcasearch.encoders import Encoding, load_encoder
from rcasearch.errors import NotFoundError, RcaSearchError
from rcasearch.evaluate import Report, evaluate_links, searcher_over
from rcasearch.index import build
from rcasearch.link_queries import link_queries
from rcasearch.model import Incident, Link, Query
from rcasearch.render_eval import table
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from tests.core.linked import incidents_in, written

# --- the queries -----------------------------------------------------------------------------------------------------


def test_the_query_is_what_was_seen(tmp_path: Path) -> None:
    told = {
        "a": "## Summary\n\nSlow.\n\n## Symptoms\n\nRed.\n\n## Impact\n\nMoney.\n\n## Detection\n\nPaged.\n\n"
        "## Cause\n\nDisk. [[b]] [[c]]",
        "b": "## Impact\n\nMoney.\n\n## Root cause\n\nDisk.",
        "c": "## Root cause\n\nDisk.",
    }
    found = link_queries(incidents_in(written(tmp_path, told)))
    assert {query.id: query.text for query in found.queries} == {"a": "Slow.\nRed.\nPaged.", "b": "Money.", "c": "c happened"}
    assert found.labels.by_title == 1
    assert {query.kind for query in found.queries} == {"linked"}


def test_links_count_in_both_directions_once_and_never_to_oneself(tmp_path: Path) -> None:
    told = {
        "a": "## Summary\n\nOne [[b]] and [[b]] and [[a]] and [[nowhere]].",
        "b": "## Summary\n\nTwo [[a]] and [c](c.md) and ![[gone]].",
        "c": "## Summary\n\nThree.",
        "d": "## Summary\n\nFour [[d]].",
    }
    found = link_queries(incidents_in(written(tmp_path, told)))
    assert {query.id: dict(query.relevant) for query in found.queries} == {"a": {"b": 1}, "b": {"a": 1, "c": 1}, "c": {"b": 1}}
    assert all(query.without == query.id for query in found.queries)
    labels = found.labels
    assert (labels.incidents, labels.linked, labels.pairs, labels.dangling, labels.out_of_time) == (4, 3, 2, 1, 0)
    assert len(found.hidden) == 4


def test_no_links_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"No document of the 1 in this index links to another") as caught:
        link_queries(incidents_in(written(tmp_path, {"a": "## Summary\n\nOne [[nowhere]]."})))
    assert "--queries" in caught.value.hint
    assert "name no incident here: 1." in caught.value.hint
    undated = written(tmp_path, {"a": "## Summary\n\nOne [[b]].", "b": "## Summary\n\nTwo."})
    with pytest.raises(NotFoundError, match="2 linked incidents") as caught:
        link_queries(incidents_in(undated), past_only=True)
    assert "--past-only" in caught.value.hint


def incident(number: int, date: str | None, targets: Iterable[int]) -> Incident:
    links = tuple(Link(f"i{target}", "", "wiki", 1, f"i{target}") for target in targets)
    return Incident(f"i{number}", f"title {number}", f"i{number}.md", date=date, links=links)


_dates = st.none() | st.dates().map(str) | st.sampled_from(["2024-02-29", "2024-03-01", "2024-03-02"])
_corpora = st.lists(st.tuples(_dates, st.sets(st.integers(0, 9), max_size=3)), min_size=1, max_size=8)


@given(_corpora, st.booleans())
@settings(max_examples=200, deadline=None)
def test_relevant_are_the_linked_ones_that_were_there(corpus: list[tuple[str | None, set[int]]], past_only: bool) -> None:
    incidents = [incident(number, date, targets) for number, (date, targets) in enumerate(corpus)]
    dates = [date for date, _ in corpus]
    expected = {}
    for a, (date, targets) in enumerate(corpus):
        mates = {b for b, (_, back) in enumerate(corpus) if b != a and (b in targets or a in back)}
        if past_only:
            mates = {b for b in mates if date is not None and (other := dates[b]) is not None and other < date}
        if mates:
            expected[f"i{a}"] = {f"i{b}" for b in mates}
    try:
        found = link_queries(incidents, past_only=past_only)
    except NotFoundError:
        assert not expected
        return
    assert {query.id: set(query.relevant) for query in found.queries} == expected
    for query in found.queries:
        day = dates[int(query.id[1:])]
        until = query.filters.until
        assert (until is not None) == past_only
        # The last day that may answer is the day before: nothing of the day itself, nothing earlier lost.
        for other in dates:
            assert not past_only or other is None or (other <= str(until)) == (other < str(day))
    assert found.labels.linked - found.labels.out_of_time == len(found.queries)


# --- the index without links -----------------------------------------------------------------------------------------

FILLER = {
    f"2024-0{n}-01-{name}": f"## Summary\n\nThe {name} was slow for {n} hours.\n\n## Root cause\n\nToo little {name}."
    for n, name in enumerate(("cache", "broker", "resolver"), 1)
}
STORIES = {
    "2024-05-01-melt": "## Summary\n\nQuokka meltdown in the marmalade pipeline.\n\n## Root cause\n\nA loose marmalade valve.",
    "2024-06-01-copy": "## Summary\n\nJam was lost for an hour.\n\n"
    "## Root cause\n\nAs with [[2024-05-01-melt|the quokka of May]], a valve was loose.\n\n"
    "## Related incidents\n\n- [[2024-05-01-melt]]: quokka marmalade meltdown",
    "2024-07-01-late": "## Summary\n\nHoney was lost, as jam had been in [[2024-06-01-copy]], for an hour.",
    "2024-07-01-same": "## Summary\n\nJam was lost for an hour, and [[2024-07-01-late|honey]] too.",
}


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Iterable[Searcher]:
    folder = tmp_path_factory.mktemp("linked")
    index = Settings(index=str(folder / "index"))
    build([written(folder / "documents", {**FILLER, **STORIES})], index)
    opened = Searcher.open(index)
    yield opened
    opened.close()


def lexical(searcher: Searcher, text: str) -> dict[str, float]:
    hits = searcher.search(Query(text), {"lexical": 1.0}, explain=False).hits
    return {hit.incident.stem: hit.score for hit in hits}


def test_an_incident_is_not_found_by_the_text_of_its_links(searcher: Searcher) -> None:
    shown = lexical(searcher, "quokka")
    assert sorted(shown, key=lambda stem: -shown[stem])[:2] == ["2024-06-01-copy", "2024-05-01-melt"]
    with searcher_over(link_queries(searcher.incidents().incidents).hidden, searcher.settings) as hidden:
        found = lexical(hidden, "quokka")
        assert max(found, key=lambda stem: found[stem]) == "2024-05-01-melt"
        # It has as little of the word as those that never heard of it.
        assert found["2024-06-01-copy"] == found["2024-02-01-broker"]
        assert lexical(hidden, "valve")["2024-06-01-copy"] > lexical(hidden, "valve")["2024-02-01-broker"]
        folder = Path(hidden.settings.index)
        assert folder.is_dir()
    assert not folder.exists()
    assert not any("quokka" in query.text for query in link_queries(searcher.incidents().incidents).queries[1:])


def test_only_what_changed_is_encoded_again(searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    before = searcher.incidents().incidents
    encoder = load_encoder(searcher.settings.model)
    asked: list[str] = []
    encode = encoder.encode_documents

    def noted(texts: Sequence[str]) -> Encoding:
        asked.extend(texts)
        return encode(texts)

    monkeypatch.setattr(encoder, "encode_documents", noted)
    with searcher_over(before, searcher.settings):
        assert asked == []
    with searcher_over(link_queries(before).hidden, searcher.settings):
        assert 0 < len(asked) <= 4


def run_of(
    searcher: Searcher, tmp_path: Path, *, past_only: bool = False, ablate: bool = False
) -> tuple[Report, dict[str, list[str]]]:
    path = tmp_path / "run.jsonl"
    report = evaluate_links(searcher, run_path=path, past_only=past_only, ablate=ablate)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return report, {row["qid"]: row["ranked"] for row in rows}


def test_an_incident_never_answers_its_own_query(searcher: Searcher, tmp_path: Path) -> None:
    report, ranked = run_of(searcher, tmp_path)
    ids = {incident.id for incident in searcher.incidents().incidents}
    assert set(ranked) == set(STORIES)
    assert all(set(found) == ids - {own} for own, found in ranked.items())
    [row] = [row for row in report.rows if (row.ranker, row.kind) == ("hybrid", "linked")]
    assert row.queries == 4
    relevant = {query.id: query.relevant for query in link_queries(searcher.incidents().incidents).queries}
    assert row.figures["Success@1"].mean == sum(found[0] in relevant[own] for own, found in ranked.items()) / 4
    assert report.auroc == {"plain": None, "hybrid": None}
    assert report.labels == link_queries(searcher.incidents().incidents).labels


def test_with_the_time_split_only_older_incidents_answer(searcher: Searcher, tmp_path: Path) -> None:
    report, ranked = run_of(searcher, tmp_path, past_only=True)
    # The two of one day do not answer one another, and the first has nothing to find.
    assert set(ranked) == {"2024-06-01-copy", "2024-07-01-late"}
    dates = {incident.id: str(incident.date) for incident in searcher.incidents().incidents}
    for own, found in ranked.items():
        assert set(found) == {other for other, day in dates.items() if day < dates[own]}
    assert report.labels is not None
    assert (report.labels.out_of_time, report.labels.past_only) == (2, True)


def test_a_run_of_links_that_cannot_be_written_is_told_before_anything_is_built(searcher: Searcher, tmp_path: Path) -> None:
    told: list[str] = []
    with pytest.raises(RcaSearchError, match="absent"):
        evaluate_links(searcher, run_path=tmp_path / "absent" / "run", tell=lambda done, total, stage: told.append(stage))
    assert told == []


def test_documents_of_one_file_name_are_told_apart(tmp_path: Path) -> None:
    for number, link in enumerate(("../2/postmortem.md", "../3/postmortem.md", "../1/postmortem.md"), 1):
        folder = tmp_path / "documents" / str(number)
        body = f"# Case {number}\n\n## Summary\n\nThe disk of host {number} was full: [again]({link}), a third time.\n"
        folder.mkdir(parents=True)
        (folder / "postmortem.md").write_text(body, encoding="utf-8")
    index = Settings(index=str(tmp_path / "index"))
    build([tmp_path / "documents"], index)
    opened = Searcher.open(index)
    report, ranked = run_of(opened, tmp_path)
    opened.close()
    assert len(ranked) == 3
    assert all(len(set(found)) == 2 for found in ranked.values())
    # Each is linked with both others, so whatever comes first is right.
    assert [row.figures["Success@1"].mean for row in report.rows if row.kind == "linked"] == [1.0, 1.0]


# --- what the user is told -------------------------------------------------------------------------------------------


def test_what_to_trust_is_told(searcher: Searcher, tmp_path: Path) -> None:
    report, _ = run_of(searcher, tmp_path, past_only=True, ablate=True)
    text = table(report)
    flat = " ".join(text.split())
    assert "4 of 7 incidents are linked with another one: 3 pairs" in flat
    assert "0 wiki links name no incident of this index" in flat
    assert "2 linked incidents have no older one to find or no date" in flat
    assert "lower bound" in flat
    assert "Warning: fewer than 20 queries" in flat
    assert "mean over kinds" not in text
    figure = next(row.figures["nDCG@10"] for row in report.rows if row.ranker == "hybrid")
    assert f"is {figure.high - figure.low:.2f} wide" in flat
    assert max(map(len, text.split("verdicts")[1].splitlines())) <= 80
    assert [own.ranker for own in report.ablation][:2] == ["plain", "hybrid"]
    assert report.as_dict()["links"]["pairs"] == 3
    many = replace(report, rows=tuple(replace(row, queries=20) for row in report.rows))
    assert "Warning" not in table(many)
