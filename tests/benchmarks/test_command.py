"""The command itself, with a peer made up here in the place of everybody."""

import json
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import comparison, options
from benchmarks.contestant import ROOT, Contestant
from benchmarks.measuring import Plan
from benchmarks.options import PARTS, parse
from benchmarks.setup import OURS, contestants

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

    for module in (command, options):
        monkeypatch.setattr(module, "contestants", everybody)
    monkeypatch.setattr(comparison, "Plan", lambda rounds: Plan(rounds, 1, threads=2, load_seconds=0.05, patience=60))


def test_figures_and_tables_are_kept_and_printed_and_who_is_not_there_is_named(
    made_up: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "results" / "today.json"
    nowhere = str(tmp_path / "no" / "python")
    arguments = ["--parts", "templated", "--documents", "3", "5", "--rounds", "1", "--peers-python", nowhere, "--out", str(out)]
    command.main(arguments)
    kept = json.loads(out.read_text(encoding="utf-8"))
    assert list(kept["parts"]) == ["all-templated-3", "all-templated-5"]
    for part in kept["parts"].values():
        assert list(part["contestants"]) == ["plain"]
        assert "make bench-peers" in part["left_out"]["away"]
        assert list(part["contestants"]["plain"]["versions"]) == ["numpy"]
    assert kept["date"]
    assert kept["cores"] >= 1
    printed = capsys.readouterr().out
    assert out.with_suffix(".md").read_text(encoding="utf-8") in printed
    assert "## Templated, 5 incidents, within a process" in printed


def test_a_later_run_replaces_what_it_measures_and_keeps_the_rest(made_up: None, tmp_path: Path) -> None:
    out = tmp_path / "today.json"
    common = ["--parts", "templated", "--rounds", "1", "--only", "plain", "--out", str(out)]
    command.main([*common, "--documents", "3", "4"])
    first = json.loads(out.read_text(encoding="utf-8"))["parts"]
    command.main([*common, "--documents", "4"])
    second = json.loads(out.read_text(encoding="utf-8"))["parts"]
    assert list(second) == list(first)
    assert second["all-templated-3"] == first["all-templated-3"]
    assert second["all-templated-4"] != first["all-templated-4"]


def test_quick_makes_everything_small_and_leaves_nothing_out() -> None:
    quick, whole = parse(["--quick"]), parse([])
    assert list(quick.parts) == list(whole.parts)
    assert set(whole.parts) == set(PARTS) - {"templated"}
    assert quick.serving_documents < whole.serving_documents
    assert max(quick.sizes) < min(whole.sizes)


@pytest.mark.parametrize(
    "wrong",
    [["--rounds", "0"], ["--documents", "-1"], ["--only", "nobody"], ["--quality", "/no/such/folder"], ["--load-seconds", "0"]],
)
def test_what_cannot_be_measured_is_an_error_of_usage(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        command.main(wrong)
    assert stopped.value.code == 2
    assert wrong[0] in capsys.readouterr().err


def test_the_baseline_takes_part_and_everybody_has_a_script() -> None:
    everybody = contestants(Path("python"))
    assert everybody[0].name == "plain"
    assert everybody[-1].name == OURS
    assert all((ROOT / f"{one.module.replace('.', '/')}.py").is_file() for one in everybody)
