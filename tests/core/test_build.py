"""Building an index: what is encoded, what is kept, what is reported, and what an interruption costs."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rcasearch.encoders import Encoder
from rcasearch.errors import IndexMissingError, NotFoundError, SourceError
from rcasearch.index import build
from rcasearch.model import NO_FILTERS, Query
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.stores.generations import current
from rcasearch.stores.local import LocalStore
from tests.core.fakes import FakeEncoder, build_with, searcher_with, write_corpus
from tests.core.told import told


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "documents", 20)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "index"


def distinct(index: Path) -> set[str]:
    """The distinct passages of an index."""
    store = LocalStore(current(index))
    found = {one.matched for row in range(store.info.incidents) for one in told(store, row)[0]}
    store.close()
    return found


def test_every_distinct_passage_is_encoded_once(source: Path, index: Path) -> None:
    encoder = FakeEncoder()
    report = build_with(encoder, source, index)
    assert sorted(encoder.documents) == sorted(distinct(index))
    assert (report.encoded, report.reused, report.info.passages) == (len(encoder.documents), 0, len(encoder.documents))
    assert report.info.chunks > report.info.passages


def test_nothing_changed_encodes_nothing(source: Path, index: Path) -> None:
    build_with(FakeEncoder(), source, index)
    first = LocalStore(current(index))
    encoder = FakeEncoder()
    report = build_with(encoder, source, index)
    assert (encoder.documents, report.encoded, report.reused) == ([], 0, report.info.passages)
    second = LocalStore(current(index))
    assert first.info.id != second.info.id
    for row in range(20):
        assert np.array_equal(told(first, row)[1], told(second, row)[1])
        one, other = (store.tokens_at(row, [0, 1]) for store in (first, second))
        assert np.array_equal(one.ids, other.ids)
        assert np.array_equal(one.vectors, other.vectors)


def test_one_edit_encodes_only_what_changed(source: Path, index: Path) -> None:
    build_with(FakeEncoder(), source, index)
    path = source / "rca-003.md"
    path.write_text(path.read_text(encoding="utf-8").replace("## Root cause\n\n", "## Root cause\n\nBrandnew "), encoding="utf-8")
    encoder = FakeEncoder()
    report = build_with(encoder, source, index)
    assert len(encoder.documents) == 1
    assert encoder.documents[0].startswith("Brandnew ")
    assert (report.encoded, report.reused) == (1, report.info.passages - 1)
    hits = searcher_with(FakeEncoder(), index).search(Query("Brandnew", 1)).hits
    assert hits[0].incident.id == "rca-003"


def test_a_moved_document_encodes_nothing_and_is_found_in_its_new_place(source: Path, index: Path) -> None:
    build_with(FakeEncoder(), source, index)
    (source / "2025").mkdir()
    (source / "rca-003.md").rename(source / "2025" / "renamed.md")
    encoder = FakeEncoder()
    build_with(encoder, source, index)
    assert encoder.documents == []
    searcher = searcher_with(FakeEncoder(), index)
    assert searcher.incident("renamed").path == "2025/renamed.md"
    with pytest.raises(NotFoundError):
        searcher.incident("rca-003")


def test_documents_removed_disappear_and_come_back(source: Path, index: Path) -> None:
    build_with(FakeEncoder(), source, index)
    text = (source / "rca-004.md").read_text(encoding="utf-8")
    (source / "rca-004.md").unlink()
    report = build_with(FakeEncoder(), source, index)
    assert (report.info.incidents, report.encoded) == (19, 0)
    searcher = searcher_with(FakeEncoder(), index)
    assert "rca-004" not in {hit.incident.id for hit in searcher.search(Query(text, 100)).hits}
    (source / "rca-004.md").write_text(text, encoding="utf-8")
    encoder = FakeEncoder()
    assert build_with(encoder, source, index).info.incidents == 20
    assert sorted(distinct(index)) == sorted({*distinct(index), *encoder.documents})


def test_a_corpus_that_grew_manyfold_is_as_if_it_were_new(source: Path, index: Path, tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    shutil.copy(source / "rca-000.md", tmp_path / "first")
    build_with(FakeEncoder(), tmp_path / "first", index)
    build_with(FakeEncoder(), source, index)
    build_with(FakeEncoder(), source, tmp_path / "fresh")
    grown, fresh = LocalStore(current(index)), LocalStore(current(tmp_path / "fresh"))
    encoder = FakeEncoder()
    tokens = encoder.encode_queries(["poolError cache_full disk42"]).tokens[0]
    rows = np.arange(20)
    weights = fresh.token_weights(tokens)
    np.testing.assert_allclose(
        grown.late_scores(rows, tokens.vectors, grown.project(tokens), weights, 99),
        fresh.late_scores(rows, tokens.vectors, fresh.project(tokens), weights, 99),
        atol=1e-5,
    )


def test_another_model_encodes_everything_anew(source: Path, index: Path) -> None:
    build_with(FakeEncoder(), source, index)
    encoder = FakeEncoder("fake-2")
    build_with(encoder, source, index)
    assert sorted(encoder.documents) == sorted(distinct(index))
    searcher_with(encoder, index).close()


def test_the_order_of_encoding_does_not_matter(source: Path, index: Path, tmp_path: Path) -> None:
    """All at once, or one document after the other: the same passages and the same vectors."""
    part = tmp_path / "part"
    part.mkdir()
    for path in sorted(source.iterdir(), reverse=True)[:6]:
        shutil.copy(path, part)
        build_with(FakeEncoder(), part, index)
    build_with(FakeEncoder(), part, tmp_path / "fresh")
    one, other = LocalStore(current(index)), LocalStore(current(tmp_path / "fresh"))
    for row in range(6):
        assert one.incidents_at([row]) == other.incidents_at([row])
        assert told(one, row)[0] == told(other, row)[0]
        np.testing.assert_allclose(told(one, row)[1], told(other, row)[1], atol=1e-6)


def test_a_damaged_cache_costs_time_and_nothing_else(source: Path, index: Path) -> None:
    build_with(FakeEncoder(), source, index)
    (index / "embeddings.sqlite").write_bytes(b"no database" * 999)
    encoder = FakeEncoder()
    build_with(encoder, source, index)
    assert sorted(encoder.documents) == sorted(distinct(index))


def test_progress_tells_each_stage_and_ends_at_its_total(source: Path, index: Path) -> None:
    told: list[tuple[int, int, str]] = []
    build_with(FakeEncoder(), source, index, lambda done, total, stage: told.append((done, total, stage)))
    assert list(dict.fromkeys(stage for *_, stage in told))[:5] == [
        "reading",
        "comparing",
        "cataloguing",
        "encoding",
        "writing",
    ]
    encoding = [(done, total) for done, total, stage in told if stage == "encoding"]
    assert encoding[-1][0] == encoding[-1][1] == len(distinct(index))
    assert encoding == sorted(encoding)
    assert [done for done, _, stage in told if stage == "reading"][-1] == 20


# --- documents that are not as they should be ------------------------------------------------------------------------


def test_bad_documents_are_reported_and_the_others_indexed(source: Path, index: Path) -> None:
    bad = {
        "binary.md": bytes(range(256)) * 20,
        "empty.md": b"",
        "yaml.md": b"---\n- a\n- b\n---\n\n# A list for front matter\n\n## Summary\n\nIt broke.\n",
        "broken.md": b"---\ntitle: [unclosed\n---\n\n# Broken front matter\n\n## Summary\n\nIt broke again.\n",
        "surrogate.md": b'---\ntitle: "bad \\ud800 escape"\ntags: ["\\udfff"]\n---\n\n## Summary\n\nDisk full.\n',
        "nul.md": b"# Nul \0 title\n\n## Summary\n\nA nul \0 here.\n",
        "latin.md": "# Störung\n\n## Summary\n\nDie Platte war voll.\n".encode("latin-1"),
    }
    for name, data in bad.items():
        (source / name).write_bytes(data)
    (source / "out.md").symlink_to(index.parent / "elsewhere.md")
    report = build_with(FakeEncoder(), source, index)
    skipped = {problem.path for problem in report.problems if problem.skipped}
    assert {"binary.md", "empty.md", "out.md"} <= skipped
    assert all(problem.message and problem.hint for problem in report.problems)
    assert [p.path for p in report.problems] == sorted(p.path for p in report.problems)
    searcher = searcher_with(FakeEncoder(), index)
    assert searcher.info.incidents == 20 + len(bad) + 1 - len(skipped)
    assert searcher.problems() == report.problems
    assert searcher.info.problems == len(report.problems)
    stems = {incident.stem for incident in searcher.incidents(limit=100).incidents}
    assert {"yaml", "broken", "latin", "surrogate", "nul"} <= stems
    for stem in ("yaml", "broken", "latin", "surrogate", "nul"):
        searcher.source(stem).encode()
        searcher.incident(stem).title.encode()


def test_a_document_over_the_limit_is_reported(source: Path, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (source / "long.md").write_text("# Long\n\n## Summary\n\n" + "words and words. " * 200, encoding="utf-8")
    monkeypatch.setattr("rcasearch.indexing.making.load_encoder", lambda name: FakeEncoder())
    report = build([source], Settings(index=str(index), max_document_bytes=2_048))
    assert [problem.path for problem in report.problems if problem.skipped] == ["long.md"]
    assert report.info.incidents == 20


def test_documents_of_the_same_name_are_both_there(source: Path, index: Path) -> None:
    for folder in ("a", "b"):
        (source / folder).mkdir()
        (source / folder / "same.md").write_text(f"# Same {folder}\n\n## Summary\n\nunlike {folder}{folder}.\n", encoding="utf-8")
    report = build_with(FakeEncoder(), source, index)
    assert report.info.incidents == 22
    searcher = searcher_with(FakeEncoder(), index)
    found = [incident for incident in searcher.incidents(limit=100).incidents if incident.stem == "same"]
    assert sorted(incident.path for incident in found) == ["a/same.md", "b/same.md"]
    assert len({incident.id for incident in found}) == 2
    for incident in found:
        assert searcher.incident(incident.id) == incident


def test_a_source_that_is_not_there_leaves_the_index_as_it_was(source: Path, index: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="absent"):
        build_with(FakeEncoder(), tmp_path / "absent", index)
    with pytest.raises(IndexMissingError):
        current(index)
    build_with(FakeEncoder(), source, index)
    before = current(index)
    with pytest.raises(SourceError):
        build_with(FakeEncoder(), tmp_path / "absent", index)
    assert current(index) == before


@pytest.mark.filterwarnings("error")
def test_an_empty_folder_builds_an_index_that_answers(index: Path, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    report = build_with(FakeEncoder(), tmp_path / "nothing", index)
    assert (report.info.incidents, report.info.chunks, report.encoded, report.problems) == (0, 0, 0, ())
    searcher = searcher_with(FakeEncoder(), index)
    results = searcher.search(Query("disk full"))
    assert (results.hits, results.verdict, results.searched, results.confidence) == ((), "none", 0, 0.0)
    assert searcher.incidents(NO_FILTERS).total == 0
    with pytest.raises(NotFoundError, match="rca-000"):
        searcher.similar("rca-000")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_handful_of_documents_is_enough(index: Path, tmp_path: Path, count: int) -> None:
    build_with(FakeEncoder(), write_corpus(tmp_path / "few", count), index)
    searcher = searcher_with(FakeEncoder(), index)
    results = searcher.search(Query("poolError cache_full outage", 10))
    assert len(results.hits) == results.searched == count
    assert len(searcher.similar("rca-000").hits) == count - 1


# --- interruptions ---------------------------------------------------------------------------------------------------


class Interrupt:
    """Ctrl-C when a stage has come so far."""

    def __init__(self, stage: str, done: int) -> None:
        self._stage, self._done = stage, done

    def __call__(self, done: int, _total: int, stage: str) -> None:
        if stage == self._stage and done >= self._done:
            raise KeyboardInterrupt


def test_a_run_interrupted_again_and_again_encodes_nothing_twice(tmp_path: Path, index: Path) -> None:
    source = write_corpus(tmp_path / "many", 200)
    runs = [FakeEncoder()]
    with pytest.raises(KeyboardInterrupt):
        build_with(runs[0], source, index, Interrupt("encoding", 700))
    with pytest.raises(IndexMissingError):
        current(index)
    for _ in range(2):
        runs.append(FakeEncoder())
        with pytest.raises(KeyboardInterrupt):
            build_with(runs[-1], source, index, Interrupt("encoding", 1))
        assert runs[-1].documents
    last = FakeEncoder()
    report = build_with(last, source, index)
    assert sorted(text for run in [*runs, last] for text in run.documents) == sorted(distinct(index))
    assert (report.encoded, report.reused) == (len(last.documents), sum(len(run.documents) for run in runs))


def test_a_failing_encoder_loses_only_the_batch_under_way(tmp_path: Path, index: Path) -> None:
    source = write_corpus(tmp_path / "many", 200)
    calls: list[int] = []

    def before(texts: Sequence[str]) -> None:
        calls.append(len(texts))
        if len(calls) == 4:
            raise MemoryError("no room")

    first = FakeEncoder(before=before)
    with pytest.raises(MemoryError):
        build_with(first, source, index)
    second = FakeEncoder()
    build_with(second, source, index)
    assert len(first.documents) == sum(calls[:3])
    assert sorted(first.documents + second.documents) == sorted(distinct(index))


# --- the real model --------------------------------------------------------------------------------------------------


def test_the_tiny_corpus_with_the_real_model(
    tiny_corpus: Path, encoder: Encoder, tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "documents"
    shutil.copytree(tiny_corpus, source)
    report = build([source], Settings(index=str(index)))
    assert report.problems == () or all(not problem.skipped for problem in report.problems)
    assert (report.info.incidents, report.info.dimension, report.info.max_tokens) == (8, 384, encoder.max_tokens)
    asked: list[str] = []
    real = type(encoder).encode_documents

    def recorded(self: Encoder, texts: Sequence[str]) -> Any:
        asked.extend(texts)
        return real(self, texts)

    monkeypatch.setattr(type(encoder), "encode_documents", recorded)
    assert build([source], Settings(index=str(index))).encoded == len(asked) == 0
    path = source / "2026-02-11-thumbnailer-oom-killed.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("Deleted the job from the queue.", "Cancelled it."), encoding="utf-8")
    assert build([source], Settings(index=str(index))).encoded == len(asked) == 1
    assert "Cancelled it." in asked[0]
    (source / "2025-05-09-invoice-queue-backlog.md").unlink()
    report = build([source], Settings(index=str(index)))
    assert (report.info.incidents, report.encoded) == (7, 0)
    searcher = Searcher.open(Settings(index=str(index)))
    hits = searcher.search(Query("a poison message starved the queue", 10)).hits
    assert len(hits) == 7
    assert all("invoice" not in hit.incident.id for hit in hits)
    stored = LocalStore(current(index))
    for row in range(7):
        chunks, vectors = told(stored, row)
        np.testing.assert_allclose(vectors, real(encoder, [one.matched for one in chunks]).vectors, atol=1e-5)
