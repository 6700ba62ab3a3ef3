"""The templated corpus is what it says: the same each time, mostly boilerplate, and judged as its documents were made."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import frontmatter
import pytest

from benchmarks.templated import Generated, generate, main
from benchmarks.templated_documents import HELD_OUT, Incident, held_out, incidents, lines, wordings
from rcasearch.judged import read_queries

SEED = 7
KINDS = {"alert", "cross", "plain", "none"}
HEADINGS = [
    *("Summary", "Timeline", "Root Cause", "Impact", "Affected Services", "Customer Impact", "Resolution", "Lessons Learned"),
    *("What Went Well", "What Could Be Improved", "Action Items", "Related Incidents"),
]


@pytest.fixture(scope="module")
def corpus() -> Generated:
    return generate(600, SEED)


@pytest.fixture(scope="module")
def facts() -> dict[str, Incident]:
    return {incident.stem: incident for incident in incidents(600, SEED)}


def _matter(text: str) -> dict[str, Any]:
    return dict(frontmatter.loads(text).metadata)


def _names(name: str, text: str) -> bool:
    """Whether the text has all words of the name, in whatever form (expired certificates, certificate expiry)."""
    return all(re.search(rf"\b{re.escape(word[:5])}", text.casefold()) for word in name.casefold().split())


def test_the_same_arguments_give_the_same_bytes(corpus: Generated, tmp_path: Path) -> None:
    assert generate(600, SEED) == corpus
    assert generate(600, SEED + 1).documents != corpus.documents
    main(["--documents", "600", "--seed", str(SEED), "--out", str(tmp_path)])
    written = {path.stem: path.read_bytes().decode() for path in (tmp_path / "corpus").iterdir()}
    assert written == corpus.documents
    rows = [json.loads(line) for line in (tmp_path / "queries.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(row["id"], row["text"], row["relevant"]) for row in rows] == [(q.id, q.text, q.relevant) for q in corpus.queries]


def test_a_longer_corpus_begins_with_the_shorter(corpus: Generated) -> None:
    assert list(generate(50, SEED).documents.items()) == list(corpus.documents.items())[:50]


def test_the_evaluation_reads_the_queries(tmp_path: Path) -> None:
    main(["--documents", "80", "--out", str(tmp_path)])
    assert {query.kind for query in read_queries(tmp_path / "queries.jsonl")} == KINDS


def test_a_full_folder_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--documents", "5", "--out", str(tmp_path)])
    with pytest.raises(SystemExit):
        main(["--documents", "5", "--seed", "8", "--out", str(tmp_path)])
    assert "not empty" in capsys.readouterr().err
    assert len(list((tmp_path / "corpus").iterdir())) == 5


def test_no_documents_are_no_corpus() -> None:
    with pytest.raises(ValueError, match="at least one document"):
        generate(0, SEED)


def test_documents_have_the_layout(corpus: Generated, facts: dict[str, Incident]) -> None:
    for stem, text in corpus.documents.items():
        incident, matter = facts[stem], _matter(text)
        assert matter["date"] == incident.day
        assert matter["services"] == [incident.service, *incident.dependents]
        assert matter["title"].casefold() == f"{incident.day} - {incident.failure.name} in {incident.service}".casefold()
        assert list(matter) == ["title", "date", "severity", "services", "tags", "status", "duration_minutes", "author"]
        assert re.findall(r"^##+ (.*)$", text, re.MULTILINE) == HEADINGS
        assert not re.search(r"[{}]", text)


def test_the_timeline_lasts_as_long_as_the_front_matter_says(corpus: Generated) -> None:
    for text in corpus.documents.values():
        clock = [60 * int(hour) + int(minute) for hour, minute in re.findall(r"^\| (\d\d):(\d\d) \|", text, re.MULTILINE)]
        steps = [(after - before) % (24 * 60) for before, after in pairwise(clock)]
        assert len(clock) == len(lines().timeline)
        assert sum(steps) == _matter(text)["duration_minutes"]


def test_about_three_quarters_of_the_characters_are_boilerplate(corpus: Generated) -> None:
    services = re.compile("|".join(sorted(wordings().services, key=len, reverse=True)))
    shapes = {
        stem: [(re.sub(r"\d+", "0", services.sub("S", line)), len(line)) for line in text.splitlines()]
        for stem, text in corpus.documents.items()
    }
    counts = Counter(shape for rows in shapes.values() for shape in {shape for shape, _ in rows})
    rows = [row for document in shapes.values() for row in document]
    shared = sum(length for shape, length in rows if counts[shape] > 0.05 * len(shapes))
    widely = sum(length for shape, length in rows if counts[shape] > 0.25 * len(shapes))
    total = sum(length for _, length in rows)
    assert 0.70 <= shared / total <= 0.82
    assert widely / total >= 0.5


def test_dates_span_three_years(facts: dict[str, Incident]) -> None:
    assert {incident.day.year for incident in facts.values()} == {2023, 2024, 2025}


def test_there_is_enough_of_everything(corpus: Generated, facts: dict[str, Incident]) -> None:
    assert len(wordings().failures) == 40
    assert len(set(wordings().services)) == 30
    assert {len(set(failure.descriptions)) for failure in wordings().failures} == {6}
    assert min(Counter(incident.failure.name for incident in facts.values()).values()) >= 5
    assert {query.service for query in corpus.queries if query.service} == set(wordings().services)
    counts = Counter(query.kind for query in corpus.queries)
    assert counts == {"alert": 120, "cross": 120, "plain": 80, "none": len(wordings().none)}
    assert counts["none"] >= 30


def test_every_relevant_document_exists(corpus: Generated) -> None:
    for query in corpus.queries:
        assert set(query.relevant) <= set(corpus.documents)
        assert bool(query.relevant) == (query.kind != "none")
    assert len({query.id for query in corpus.queries}) == len(corpus.queries)
    assert len({query.text for query in corpus.queries}) == len(corpus.queries)


def test_grades_follow_from_how_documents_were_made(corpus: Generated, facts: dict[str, Incident]) -> None:
    for query in corpus.queries:
        same = {stem: incident for stem, incident in facts.items() if incident.failure.name == query.failure}
        grades = {stem: 1 if query.kind == "alert" and i.service != query.service else 2 for stem, i in same.items()}
        assert query.relevant == grades
        assert query.kind == "none" or 2 in query.relevant.values()


def test_a_cross_service_never_had_the_failure_but_had_others(corpus: Generated, facts: dict[str, Incident]) -> None:
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for incident in facts.values():
        for service in (incident.service, *incident.dependents):
            seen[service].add(incident.failure.name)
    own = {incident.service for incident in facts.values()}
    for query in corpus.queries:
        if query.kind == "cross":
            assert query.service in own
            assert query.failure not in seen[query.service or ""]
    assert set(Counter(s for services in held_out(SEED).values() for s in services).values()) == {HELD_OUT * 40 // 30}


def test_queries_do_not_name_the_failure(corpus: Generated) -> None:
    for query in corpus.queries:
        assert _names(query.failure or "", query.text) or query.kind != "plain"
        if query.kind in {"alert", "cross"}:
            assert query.service
            assert query.service in query.text
            assert not _names(query.failure or "", query.text), query.text
        if query.kind == "none":
            assert not [failure.name for failure in wordings().failures if _names(failure.name, query.text)], query.text


def test_descriptions_name_no_service() -> None:
    texts = [text for failure in wordings().failures for text in failure.descriptions] + list(wordings().none)
    assert not [text for text in texts for service in wordings().services if service in text]
    assert len(set(texts)) == len(texts)
