"""The command itself, with a peer made up here in the place of everybody."""

import json
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks.contestant import ROOT, Contestant

_PEER = """
from benchmarks.peers.serving import incidents, serve

class Peer:
    def __init__(self, task):
        self.task = task

    def index(self):
        return len(self.task.chunks())

    def search(self, text):
        return incidents(chunk_id for chunk_id, _ in self.task.chunks())

serve(Peer, ["numpy"])
"""


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "peer.py").write_text(_PEER, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def everybody(peers_python: Path) -> list[Contestant]:
        return [Contestant("plain", "peer"), Contestant("away", "peer", peers_python)]

    monkeypatch.setattr(command, "contestants", everybody)
    monkeypatch.setattr(command, "Plan", lambda rounds, index_rounds: _quick(rounds, index_rounds))


def _quick(rounds: int, index_rounds: int) -> object:
    from benchmarks.measuring import Plan

    return Plan(rounds, index_rounds, threads=2, load_seconds=0.05, patience=60)


def test_figures_and_tables_are_kept_and_printed_and_who_is_not_there_is_named(
    made_up: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "results" / "today.json"
    nowhere = str(tmp_path / "no" / "python")
    command.main(["--no-seeds", "--documents", "3", "5", "--rounds", "1", "--peers-python", nowhere, "--out", str(out)])
    kept = json.loads(out.read_text(encoding="utf-8"))
    assert list(kept["corpora"]) == ["templated, 3 incidents", "templated, 5 incidents"]
    for corpus in kept["corpora"].values():
        assert list(corpus["contestants"]) == ["plain"]
        assert "make bench-peers" in corpus["left_out"]["away"]
        assert list(corpus["contestants"]["plain"]["versions"]) == ["numpy"]
    assert kept["date"]
    assert kept["cores"] >= 1
    printed = capsys.readouterr().out
    assert out.with_suffix(".md").read_text(encoding="utf-8") in printed
    assert "## templated, 5 incidents" in printed


@pytest.mark.parametrize("wrong", [["--rounds", "0"], ["--documents", "-1"], ["--only", "nobody"]])
def test_what_cannot_be_measured_is_an_error_of_usage(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        command.main(wrong)
    assert stopped.value.code == 2
    assert wrong[0] in capsys.readouterr().err


def test_the_baseline_takes_part_and_everybody_has_a_script() -> None:
    everybody = command.contestants(Path("python"))
    assert everybody[0].name == "plain"
    assert everybody[-1].name == command.OURS
    assert all((ROOT / f"{one.module.replace('.', '/')}.py").is_file() for one in everybody)
