"""`rcasearch eval` by ablation and from links, as processes of their own."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from rcasearch.evaluation import EVALUATION
from rcasearch.retrieval import HYBRID
from tests.cli.conftest import Run, run_process


@pytest.fixture(scope="module")
def linked_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four incidents, three of them in a chain of links; one link leads nowhere."""
    folder = tmp_path_factory.mktemp("linked")
    told = (("disk", "full"), ("cache", "cold"), ("queue", "long"), ("pool", "dry"))
    for number, (thing, state) in enumerate(told):
        link = f"[[2024-0{number}-01-{told[number - 1][0]}]]" if 0 < number < 3 else "[[runbook]]"
        body = f"# The {thing}\n\n## Summary\n\nThe {thing} was {state}.\n\n## Related incidents\n\n- {link}\n"
        (folder / f"2024-0{number + 1}-01-{thing}.md").write_text(body, encoding="utf-8")
    return folder


def test_from_links_end_to_end(linked_index: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    assert run_process(["index", linked_index, "--index", index]).code == 0
    before = sorted(path.name for path in index.rglob("*"))
    run_file = tmp_path / "run.jsonl"
    done = run_process(["eval", "--from-links", "--ablate", "--run", run_file, "--index", index])
    assert done.code == 0, done.err
    assert "What to trust in this" in done.out
    assert "Warning: fewer than 20 queries" in " ".join(done.out.split())
    for leg in HYBRID:
        assert f"without {leg}" in done.out
    rows = [json.loads(line) for line in run_file.read_text(encoding="utf-8").splitlines()]
    assert all(row["qid"] not in row["ranked"] and len(row["ranked"]) == 3 for row in rows)
    left = [path for path in sorted(path.name for path in index.rglob("*")) if not path.endswith(("-shm", "-wal"))]
    assert left == sorted([*before, EVALUATION])

    split = run_process(["eval", "--from-links", "--past-only", "--json", "--index", index])
    assert split.code == 0, split.err
    report = json.loads(split.out)
    assert report["links"]["past_only"] is True
    assert report["links"]["incidents"] == 4
    assert report["auroc"] == {"plain": None, "hybrid": None}
    assert "ablation" not in report


def test_no_links_exit_with_1(run: Run, tiny_corpus: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    assert run("index", tiny_corpus / "2024-11-02-search-data-disk-full.md", "--index", index).code == 0
    failed = run("eval", "--from-links", "--index", index)
    assert (failed.code, failed.out) == (1, "")
    assert "links to another one" in failed.err
    assert "--queries" in failed.err


def test_queries_and_links_exclude_each_other(run: Run, tiny_index: Path, tiny_queries: Path) -> None:
    failed = run("eval", "--from-links", "--queries", tiny_queries, "--index", tiny_index)
    assert (failed.code, failed.out) == (2, "")
    assert "not allowed with" in failed.err
    failed = run("eval", "--past-only", "--index", tiny_index)
    assert (failed.code, failed.out) == (2, "")
    assert "--from-links" in failed.err


def test_ablation_as_json_and_as_text_of_80_columns(run: Run, tiny_index: Path, tiny_queries: Path, tmp_path: Path) -> None:
    measured = run("eval", "--queries", tiny_queries, "--ablate", "--json", "--index", tiny_index)
    assert measured.code == 0
    report = json.loads(measured.out)
    rows = {row["ranker"]: row for row in report["ablation"]}
    assert list(rows) == ["plain", "hybrid", *(f"without {leg}" for leg in HYBRID)]
    means = {row["ranker"]: row["nDCG@10"]["mean"] for row in report["rows"] if row["kind"] == "mean over kinds"}
    for ranker, mean in means.items():
        assert rows[ranker]["nDCG@10"]["mean over kinds"] == pytest.approx(mean)
        assert rows[ranker]["difference"]["mean"] == pytest.approx(mean - means["hybrid"])
    assert rows["hybrid"]["difference"] == {"mean": 0, "low": 0, "high": 0}
    assert {own["kind"] for own in report["separations"]} > {"all kinds"}

    text = run("eval", "--queries", tiny_queries, "--ablate", "--index", tiny_index).out
    shown = text[text.index("nDCG@10 with each leg") :]
    assert max(map(len, shown.splitlines())) <= 80
    for kind in rows["hybrid"]["nDCG@10"]:
        assert kind in shown or kind == "mean over kinds"
    assert "none answered at 95% kept" in text


def test_many_kinds_go_on_below(run: Run, tiny_index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = [f"kind-number-{n}" for n in range(7)]
    relevant = {"2024-11-02-search-data-disk-full": 2}
    rows = [{"id": kind, "text": "disk full", "kind": kind, "relevant": relevant} for kind in kinds]
    queries = tmp_path / "q.jsonl"
    queries.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    monkeypatch.setitem(os.environ, "COLUMNS", "60")
    text = run("eval", "--queries", queries, "--ablate", "--index", tiny_index).out
    shown = text[text.index("nDCG@10 with each leg") :]
    assert max(map(len, shown.splitlines()[1:])) <= 60
    assert [kind for kind in kinds if shown.count(kind) == 1] == kinds
    assert shown.count("without late") >= 3
