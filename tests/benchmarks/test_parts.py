"""The parts that only this project takes part in, run for real on a handful of documents; and how goals and pictures are made."""

import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from benchmarks import encoder, filling, growth, loss, plot, serving
from benchmarks.contestant import Contestant
from benchmarks.figures import Figures, Part
from benchmarks.peers.given import answer_from
from benchmarks.reach import reached
from benchmarks.setup import OURS, Setup, contestants
from rcasearch.encoders import load_encoder
from rcasearch.models import DEFAULT_MODEL, locate

_NOWHERE = Path("no") / "python"


def _setup(work: Path, *names: str, rounds: int = 1) -> Setup:
    peers = tuple(one for one in contestants(_NOWHERE) if one.name in names)
    return Setup(work, locate(DEFAULT_MODEL), peers, lambda _: None, rounds, patience=120)


@pytest.mark.slow
def test_a_large_corpus_is_built_asked_and_changed(tmp_path: Path) -> None:
    part = serving.measure(_setup(tmp_path, OURS, "LangChain"), 12, serving.Load(queries=6, clients=2, seconds=0.3))
    assert set(part.figures.notes) == {"LangChain"}, part.figures.notes
    own = part.figures.values[OURS]
    assert set(own) == {measure.key for measure in serving.MEASURES}
    assert own["errors"] == {0: 0}
    assert part.figures.values[serving.ALONE].keys() < own.keys()
    assert own["p50"][0] <= own["p95"][0] <= own["p99"][0]
    assert len(own["cold"]) == 2
    assert 0 < own["memory"][0] <= own["resident"][0]


@pytest.mark.slow
def test_the_encoder_is_measured_in_both_precisions(tmp_path: Path) -> None:
    part = encoder.measure(_setup(tmp_path, OURS, "txtai", rounds=2), 40)
    assert set(part.figures.notes) == {"txtai"}
    assert set(part.figures.values) == {OURS, encoder.FULL}
    for own in part.figures.values.values():
        assert {key: len(rounds) for key, rounds in own.items()} == dict.fromkeys(("rate", "rate_cpu", "p50", "query_cpu"), 2)
    half, full = (np.load(tmp_path / "encoder" / f"{name}.npy") for name in (OURS, encoder.FULL))
    assert half.shape == full.shape == (40, 384)
    assert np.linalg.norm(full, axis=1) == pytest.approx(1, abs=1e-5)
    assert np.einsum("nd,nd->n", half, full).min() > 0.98


def test_cosines_are_to_the_baseline_of_the_round(tmp_path: Path) -> None:
    part = Part("encoder", "", encoder.MEASURES)
    vectors = {"plain": [[1, 0], [0, 2]], "half": [[1, 1], [0, 1]]}
    for name, rows in vectors.items():
        np.save(tmp_path / f"{name}.npy", np.array(rows, np.float32))
        part.figures.add(name, 1, rate=1)
    encoder._compare(part, tmp_path, 1)
    assert part.figures.values["half"]["cosine_min"][1] == pytest.approx(0.5**0.5)
    assert part.figures.values["half"]["cosine_mean"][1] == pytest.approx((1 + 0.5**0.5) / 2)
    assert part.figures.values["plain"]["cosine_min"][1] == pytest.approx(1)


@pytest.mark.slow
def test_growth_is_measured_at_each_size_and_drawn(tmp_path: Path) -> None:
    part = growth.measure(_setup(tmp_path, OURS), "recombined", [2, 4])
    assert part.figures.notes == {}
    assert list(part.figures.values) == ["2", "4"]
    for own in part.figures.values.values():
        assert set(own) == {measure.key for measure in growth.MEASURES}
    # Hardly two passages are the same, so that a document more is passages more.
    assert part.figures.values["4"]["passages"][0] > part.figures.values["2"]["passages"][0]
    plot.draw([part], tmp_path / "growth.svg")
    first = (tmp_path / "growth.svg").read_bytes()
    plot.draw([part], tmp_path / "growth.svg")
    assert (tmp_path / "growth.svg").read_bytes() == first
    assert b"recombined" in first
    assert b"incidents" in first


@pytest.mark.slow
def test_the_loss_is_that_to_sentence_transformers(tmp_path: Path, tiny_corpus: Path, tiny_queries: Path) -> None:
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "corpus").symlink_to(tiny_corpus)
    (folder / "queries.jsonl").write_bytes(tiny_queries.read_bytes())
    part = loss.measure(_setup(tmp_path, OURS), folder, 3)
    assert part.figures.notes == {}
    assert set(part.figures.values) == {loss.EXACT, OURS}
    assert all(0.5 < own["ndcg"][0] <= 1 for own in part.figures.values.values())
    (row,) = reached([part])
    assert row.met
    assert "tiny" in row.what


def test_given_vectors_answer_for_known_texts_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class SentenceTransformer:
        def encode(self, sentences: list[str], **options: object) -> str:
            return f"encoded {sentences}"

    module = ModuleType("sentence_transformers")
    vars(module)["SentenceTransformer"] = SentenceTransformer
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)
    np.save(tmp_path / "vectors.npy", np.eye(3, dtype=np.float32))
    answer_from(["a", "b", "a"], tmp_path / "vectors.npy")
    model = SentenceTransformer()
    assert np.array_equal(np.asarray(model.encode(["b", "a"])), [[0, 1, 0], [0, 0, 1]])
    assert np.array_equal(np.asarray(model.encode(sentences=["b"], batch_size=8)), [[0, 1, 0]])
    assert model.encode(["b", "new"]) == "encoded ['b', 'new']"


def test_vectors_for_the_peers_are_near_those_of_their_texts(tmp_path: Path) -> None:
    told = ["pool exhausted at 12:30\nfor 7 minutes", "pool exhausted at 09:11\nfor 8 minutes", "certificate expired"]
    rows = (json.dumps({"id": f"{i}", "text": text}) for i, text in enumerate(told))
    (tmp_path / "sections.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    filling.write_vectors(tmp_path / "sections.jsonl", tmp_path / "vectors.npy", locate(DEFAULT_MODEL))
    found = np.load(tmp_path / "vectors.npy")
    assert found.shape == (3, 384)
    assert np.linalg.norm(found, axis=1) == pytest.approx(1, abs=1e-5)
    alike = found @ found.T
    assert 0.99 < alike[0, 1] < 0.9999
    assert alike[0, 2] < 0.5
    real = load_encoder(str(locate(DEFAULT_MODEL))).encode_documents(told).vectors
    assert np.einsum("nd,nd->n", real, found).min() > 0.6


def _serving(**values: float) -> Part:
    figures = Figures()
    figures.add("plain", 0, cold=8.0, p50=20.0)
    figures.add("Chroma", 0, p50=18.0)
    figures.add(OURS, 0, **values)
    return Part("serving", "10 incidents", serving.MEASURES, figures)


def test_goals_are_met_or_not_by_the_medians_and_ratios() -> None:
    rows = reached([_serving(index=50, again=0.4, cold=1.2, p50=15.0, throughput=130, errors=0)])
    told = {(row.what.partition(" (")[0], row.wanted): (row.measured, row.met) for row in rows}
    assert told == {
        ("first build, to indexing with nothing changed", "≥ 100 times"): ("125 times", True),
        ("a search from the shell", "≤ 0.8 s"): ("1.2 s", False),
        ("a search from the shell", "≤ 0.125 × plain"): ("0.15 × plain", False),
        ("HTTP search, p50", "≤ 15 ms"): ("15 ms", True),
        ("HTTP search, p50", "≤ 1 × Chroma"): ("0.833 × Chroma", True),
        ("HTTP searches a second, 16 clients", "≥ 120"): ("130", True),
        ("errors among them", "≤ 0"): ("0", True),
    }


def test_what_was_not_measured_is_no_goal() -> None:
    assert reached([]) == []
    assert reached([Part("encoder", "", encoder.MEASURES)]) == []


def test_everybody_knows_its_interpreter() -> None:
    own = Contestant("x", "module")
    assert own.python == Path(sys.executable)
    assert all(one.python == _NOWHERE for one in contestants(_NOWHERE) if one.name in ("txtai", "Chroma", "LangChain"))
