"""The harness with peers made up here: the protocol, and that one peer's failure is told and stops nobody else."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.contestant import Contestant, ContestantError, NotInstalled, Session
from benchmarks.figures import Figures
from benchmarks.measuring import MEASURES, Corpus, Plan, measure, ndcg
from benchmarks.peers.serving import incidents
from benchmarks.sections import sections

_HEAD = """
import json, os, sys, time
from benchmarks.peers.serving import serve

class Peer:
    def __init__(self, task):
        self.task = task
        print("a library that talks")

    def index(self):
        self.task.index.mkdir(exist_ok=True)
        (self.task.index / "chunks.json").write_text(json.dumps(self.task.chunks()))
        return len(self.task.chunks())

    def search(self, text):
        words = set(text.split())
        chunks = json.loads((self.task.index / "chunks.json").read_text())
        chunks.sort(key=lambda chunk: -len(words & set(chunk[1].split())))
        return list(dict.fromkeys(chunk[0].partition("#")[0] for chunk in chunks))
"""
_PEERS = {
    "good": "",
    "broken_index": "    def index(self): raise OSError('no space left')",
    "broken_search": "    def search(self, text): raise KeyError(text)",
    "dies": "    def index(self):\n        print('killed by a segfault'); os._exit(3)",
    "hangs": "    def index(self): time.sleep(60)",
    "not_installed": "    def __init__(self, task): import no_such_package_anywhere",
}
_DOCUMENTS = {
    "2024-pool": "---\ntitle: Pool\n---\n# Pool\n\n## Summary\n\npool exhausted\n\n## Resolution\n\nraised the pool\n",
    "2024-disk": "## Summary\n\ndisk full\n\n### Cause\n\nlogs filled the disk\n",
    "README": "## How to write\n\npool disk\n",
}
_QUERIES = [
    {"id": "q1", "text": "pool exhausted", "relevant": {"2024-pool": 2}},
    {"id": "q2", "text": "disk full", "relevant": {"2024-disk": 2, "2024-pool": 1}},
    {"id": "q3", "text": "whales", "relevant": {}},
]


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Corpus:
    for name, code in _PEERS.items():
        (tmp_path / f"peer_{name}.py").write_text(f"{_HEAD}{code}\nserve(Peer, [])\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    documents = tmp_path / "documents"
    documents.mkdir()
    for stem, text in _DOCUMENTS.items():
        (documents / f"{stem}.md").write_text(text, encoding="utf-8")
    queries = tmp_path / "queries.jsonl"
    queries.write_text("".join(json.dumps(row) + "\n" for row in _QUERIES), encoding="utf-8")
    work = tmp_path / "work"
    work.mkdir()
    return Corpus(documents, queries, work, tmp_path)


def _peer(name: str) -> Contestant:
    return Contestant(name, f"peer_{name}")


def _session(name: str, corpus: Corpus, patience: float = 60) -> Session:
    return Session(_peer(name), corpus.task(_peer(name), 0), patience=patience)


def _measured(corpus: Corpus, *names: str, patience: float = 60) -> Figures:
    plan = Plan(rounds=2, index_rounds=1, threads=4, load_seconds=0.1, patience=patience)
    return measure([_peer(name) for name in names], corpus, plan, lambda _: None)


def test_sections_are_the_texts_between_headings_without_the_readme(corpus: Corpus) -> None:
    found = [(section.id.split("#")[:2], section.text) for section in sections(corpus.documents)]
    assert found == [
        (["2024-disk", "0"], "disk full"),
        (["2024-disk", "1"], "logs filled the disk"),
        (["2024-pool", "0"], "# Pool"),
        (["2024-pool", "1"], "pool exhausted"),
        (["2024-pool", "2"], "raised the pool"),
    ]


def test_the_id_of_a_section_changes_with_its_text_alone(corpus: Corpus) -> None:
    before = [section.id for section in sections(corpus.documents)]
    path = corpus.documents / "2024-disk.md"
    path.write_text(path.read_text(encoding="utf-8").replace("disk full", "disk quite full"), encoding="utf-8")
    after = [section.id for section in sections(corpus.documents)]
    assert after[0] != before[0]
    assert after[1:] == before[1:]


def test_incidents_stand_at_the_place_of_their_best_chunk() -> None:
    assert incidents(["b#1#x", "a#0#x", "b#0#x", *(f"{i}#0#x" for i in range(20))]) == ["b", "a", *map(str, range(8))]


def test_a_session_answers_every_request_whatever_its_libraries_print(corpus: Corpus) -> None:
    list_of_sections = list(sections(corpus.documents))
    (corpus.work / "sections.jsonl").write_text(
        "".join(json.dumps({"id": section.id, "text": section.text}) + "\n" for section in list_of_sections), encoding="utf-8"
    )
    with _session("good", corpus) as session:
        assert session.versions == {}
        assert session.ask("index")["passages"] == len(list_of_sections)
        found = session.ask("search", texts=["pool exhausted", "disk full"])
        assert [answer[0] for answer in found["answers"]] == ["2024-pool", "2024-disk"]
        assert len(found["ms"]) == 2
        load = session.ask("load", texts=["pool"], threads=3, seconds=0.05)
        assert load["searches"] >= 3
        assert load["errors"] == 0
        memory = session.ask("memory")
        assert 0 < memory["now"] <= memory["most"]
        with pytest.raises(ContestantError, match="failed to dance: KeyError"):
            session.ask("dance")
        assert session.ask("memory")["now"] > 0


def test_errors_under_load_are_counted_and_do_not_end_it(corpus: Corpus) -> None:
    with _session("broken_search", corpus) as session:
        load = session.ask("load", texts=["whales"], threads=2, seconds=0.05)
    assert load["searches"] == 0
    assert load["errors"] >= 2
    assert load["first_error"] == ["KeyError: 'whales'"]


def test_everything_is_measured_in_every_round(corpus: Corpus) -> None:
    found = _measured(corpus, "good")
    assert found.notes == {}
    own = found.values["good"]
    assert set(own) == {measure.key for measure in MEASURES}
    indexing = {"index", "index_cpu", "rate", "disk"}
    assert all(list(values) == ([0] if key in indexing else [0, 1]) for key, values in own.items())
    assert own["rate"][0] == pytest.approx(5 / own["index"][0])
    assert own["p50"][0] <= own["p95"][0] <= own["p99"][0]
    assert own["ndcg"] == {0: 1.0, 1: 1.0}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("broken_index", "broken_index failed to index: OSError: no space left"),
        ("broken_search", "broken_search failed to search: KeyError: 'pool exhausted'"),
        ("dies", "dies ended with 3 (patience: 60 s). Its last words: killed by a segfault"),
        ("not_installed", "No module named 'no_such_package_anywhere': make bench-peers installs it."),
    ],
)
def test_who_fails_is_left_out_with_the_reason_and_the_others_go_on(corpus: Corpus, name: str, reason: str) -> None:
    found = _measured(corpus, name, "good")
    assert found.notes == {name: reason}
    assert set(found.values["good"]) == {measure.key for measure in MEASURES}
    assert len(found.values["good"]["p50"]) == 2


def test_who_does_not_answer_in_time_is_ended_and_left_out(corpus: Corpus) -> None:
    with _session("hangs", corpus, patience=2) as session, pytest.raises(ContestantError, match=r"hangs ended with -9 .*2 s"):
        session.ask("index")


def test_a_missing_environment_is_told_with_what_makes_it(corpus: Corpus, tmp_path: Path) -> None:
    contestant = Contestant("away", "peer_good", tmp_path / "bin" / "python")
    with pytest.raises(NotInstalled, match="make bench-peers"):
        Session(contestant, corpus.task(contestant, 0), patience=5)


def test_who_keeps_no_record_indexes_again_as_long_as_it_indexes(corpus: Corpus) -> None:
    contestant = Contestant("plain", "peer_good", Path(sys.executable), rebuilds=True)
    found = measure([contestant], corpus, Plan(rounds=1, load_seconds=0.05), lambda _: None)
    assert found.values["plain"]["again"] == found.values["plain"]["index"]


def test_ndcg_is_that_of_the_definition() -> None:
    answers = [["2024-pool"], ["2024-pool", "x", "2024-disk"], ["2024-pool"]]
    discount = 1 / np.log2(np.arange(2, 5))
    second = (1 * discount[0] + 2 * discount[2]) / (2 * discount[0] + 1 * discount[1])
    assert ndcg(_QUERIES, answers) == pytest.approx(np.mean([1, second]))
