"""Every command against a real index of a small corpus."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from rcasearch.render_text import VERDICTS
from rcasearch.stores.generations import current
from tests.cli.conftest import ROOT, Run, run_process

CHECKOUT = "2024-03-14-checkout-connection-pool-exhausted"
BASKET = "2025-09-18-basket-connection-leak"


def _json(text: str) -> Any:
    return json.loads(text)


def test_index_then_search(run: Run, tiny_corpus: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    made = run("index", tiny_corpus, "--index", index)
    assert made.code == 0
    assert made.out.startswith("Indexed 8 incidents in ")
    assert "0 reused" in made.out
    again = run("index", tiny_corpus, "--index", index)
    assert (again.code, again.err) == (0, "")
    assert again.out.startswith("Nothing changed: 8 incidents ")
    fresh = run("index", tiny_corpus, "--index", index, "--fresh")
    assert fresh.out.startswith("Indexed 8 incidents in ")
    assert "(0 of " in fresh.out
    found = run("search", "--index", index, "pods", "restart", "OOMKilled", "--json", "-k", "1")
    assert [hit["id"] for hit in _json(found.out)["hits"]] == ["2026-02-11-thumbnailer-oom-killed"]


def test_problems_go_to_stderr_and_strict_makes_them_count(run: Run, tiny_corpus: Path, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    shutil.copytree(tiny_corpus, docs)
    (docs / "empty.md").write_bytes(b"")
    (docs / "binary.md").write_bytes(bytes(range(256)) * 8)
    lenient = run("index", docs, "--index", tmp_path / "index")
    assert lenient.code == 0
    assert "empty.md" in lenient.err
    assert "binary.md" in lenient.err
    assert "Indexed 8 incidents" in lenient.out
    strict = run("index", docs, "--index", tmp_path / "index", "--strict")
    assert strict.code == 1
    assert strict.err
    assert lenient.err.endswith(strict.err)
    assert strict.out.startswith("Nothing changed: 8 incidents")
    listed = run("info", "--problems", "--index", tmp_path / "index")
    assert "binary.md" in listed.out
    told = _json(run("info", "--problems", "--json", "--index", tmp_path / "index").out)
    assert {"binary.md", "empty.md"} <= {Path(problem["path"]).name for problem in told if problem["skipped"]}


def test_a_source_that_is_not_there_is_named(run: Run, tmp_path: Path) -> None:
    failed = run("index", tmp_path / "absent", "--index", tmp_path / "index")
    assert (failed.code, failed.out) == (2, "")
    assert "absent" in failed.err


def test_search_prints_what_a_tired_person_needs(run: Run, tiny_index: Path) -> None:
    found = run("search", "--index", tiny_index, "QueuePool limit of size 40 overflow 0 reached")
    assert found.code == 0
    top = found.out.split("\n2. ")[0]
    assert "Checkout answered 503 after its database connection pool ran dry" in top
    assert "2024-03-14 (" in top
    assert "SEV1" in top
    assert "checkout, orders-db" in top
    assert "mitigated in 36 min" in top
    assert "gave its connection back" in " ".join(top.split())
    assert "1. Rolled checkout back to release 2024.10." in top
    assert "1 action item not recorded as done" in top
    assert f"rcasearch show {CHECKOUT}" in top
    assert max(map(len, found.out.splitlines())) <= 80
    assert "\x1b" not in found.out


def test_what_has_no_precedent_is_said_to_have_none(run: Run, tiny_index: Path) -> None:
    found = run("search", "--index", tiny_index, "the espresso machine on the third floor leaks")
    assert found.code == 0
    lines = found.out.splitlines()
    assert lines[0] == f"{VERDICTS['none']} (8 incidents searched)."
    assert "The closest, below the line:" in lines[1:3]


def test_search_json_is_the_result_shape(run: Run, tiny_index: Path) -> None:
    answer = _json(run("search", "--index", tiny_index, "--json", "-k", "3", "certificate expired").out)
    assert list(answer) == ["query", "verdict", "concepts", "read_as", "searched", "took_ms", "index_id", "hits"]
    assert any("certificate" in label for label in answer["concepts"])
    assert answer["query"]["limit"] == 3
    assert [hit["rank"] for hit in answer["hits"]] == [1, 2, 3]
    assert answer["hits"][0]["id"] == "2025-01-20-gateway-certificate-expired"
    assert answer["hits"][0]["root_cause"]["source_section"] in ("five_whys", "trigger")


def test_filters_narrow_the_search(run: Run, tiny_index: Path) -> None:
    words = ["--service", "orders-db", "--since", "2025"]
    answer = _json(run("search", "--index", tiny_index, "--json", "everything is down", *words).out)
    assert answer["searched"] == 1
    assert [hit["id"] for hit in answer["hits"]] == [BASKET]


def test_filters_that_let_nothing_pass_are_no_error(run: Run, tiny_index: Path) -> None:
    found = run("search", "--index", tiny_index, "x", "--service", "absent")
    assert found.code == 0
    assert "no incident passes the filters" in found.out.lower()
    assert "rcasearch show" not in found.out


def test_similar_finds_the_other_leak_and_not_itself(run: Run, tiny_index: Path) -> None:
    answer = _json(run("similar", CHECKOUT, "--index", tiny_index, "--json").out)
    ids = [hit["id"] for hit in answer["hits"]]
    assert ids[0] == BASKET
    assert CHECKOUT not in ids


@pytest.mark.parametrize("command", ["similar", "show"])
def test_an_unknown_id_exits_with_1(command: str, run: Run, tiny_index: Path) -> None:
    failed = run(command, "absent-id", "--index", tiny_index)
    assert (failed.code, failed.out) == (1, "")
    assert "absent-id" in failed.err


def test_show_prints_the_whole_incident(run: Run, tiny_index: Path) -> None:
    shown = run("show", BASKET, "--index", tiny_index)
    assert shown.code == 0
    for text in ("Basket service starved of database sessions", "Root Cause", "Resolution", "Links to", CHECKOUT):
        assert text in shown.out
    assert max(map(len, shown.out.splitlines())) <= 80
    linked = run("show", CHECKOUT, "--index", tiny_index)
    assert f"-> {BASKET}" in " ".join(linked.out.split("Linked from")[1].split())


def test_show_markdown_is_the_document_as_written(run: Run, tiny_index: Path, tiny_corpus: Path) -> None:
    shown = run("show", CHECKOUT, "--markdown", "--index", tiny_index)
    assert shown.out == (tiny_corpus / f"{CHECKOUT}.md").read_text(encoding="utf-8")


def test_show_json(run: Run, tiny_index: Path) -> None:
    incident = _json(run("show", CHECKOUT, "--json", "--index", tiny_index).out)
    assert incident["milestones"]["mitigated"] == 36
    assert [item["done"] for item in incident["action_items"]] == [True, False]


def test_info(run: Run, tiny_index: Path, tiny_corpus: Path) -> None:
    told = run("info", "--index", tiny_index)
    assert "Incidents    8\n" in told.out
    assert "all-MiniLM-L6-v2" in told.out
    facts = _json(run("info", "--json", "--index", tiny_index).out)
    assert (facts["incidents"], facts["dimension"]) == (8, 384)
    assert 0 < facts["max_tokens"] <= 256
    assert facts["sources"] == [str(tiny_corpus)]


def test_eval_prints_measures_and_writes_the_run(run: Run, tiny_index: Path, tiny_queries: Path, tmp_path: Path) -> None:
    run_file = tmp_path / "run.jsonl"
    measured = run("eval", "--index", tiny_index, "--queries", tiny_queries, "--run", run_file)
    assert measured.code == 0
    for word in ("nDCG@10", "RR@10", "R@5", "Success@1", "symptom", "alert", "cause", "plain"):
        assert word in measured.out
    lines = [_json(line) for line in run_file.read_text(encoding="utf-8").splitlines()]
    assert [line["qid"] for line in lines] == ["t-1", "t-2", "t-3", "t-4", "t-5"]
    assert all(len(line["ranked"]) == len(line["scores"]) == 8 for line in lines)
    assert lines[1]["ranked"][0] == "2026-02-11-thumbnailer-oom-killed"
    assert all(0 <= line["top_confidence"] <= 1 for line in lines)


def test_eval_json_and_the_plain_recipe(run: Run, tiny_index: Path, tiny_queries: Path) -> None:
    measured = run("eval", "--index", tiny_index, "--queries", tiny_queries, "--ranker", "plain", "--json")
    assert measured.code == 0
    assert _json(measured.out)


def test_eval_names_a_broken_line(run: Run, tiny_index: Path, tmp_path: Path) -> None:
    queries = tmp_path / "q.jsonl"
    queries.write_text('{"id": "a", "text": "x", "kind": "alert", "relevant": {}}\n{"id": }\n', encoding="utf-8")
    failed = run("eval", "--index", tiny_index, "--queries", queries)
    assert failed.code == 2
    assert "q.jsonl:2" in failed.err


def test_a_damaged_index_exits_with_3(run: Run, tiny_index: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    shutil.copytree(tiny_index, index, symlinks=True)
    manifest = next(index.rglob("manifest.json"))
    manifest.write_text("{", encoding="utf-8")
    failed = run("search", "--index", index, "x")
    assert (failed.code, failed.out) == (3, "")
    assert "rcasearch index" in failed.err


def test_verify_reads_every_byte(run: Run, tiny_index: Path, tiny_corpus: Path, tmp_path: Path) -> None:
    index = tmp_path / "my index"
    shutil.copytree(tiny_index, index, symlinks=True)
    whole = run("info", "--verify", "--index", index)
    assert (whole.code, whole.err) == (0, "")
    assert whole.out.startswith("All ")
    assert whole.out.endswith(" are as they were written.\n")
    path = next(index.rglob("passages.faiss"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    failed = run("info", "--verify", "--index", index)
    assert (failed.code, failed.out) == (3, "")
    assert "passages.faiss has other content than was written" in failed.err
    assert f"rcasearch index {tiny_corpus} --index '{index}' --fresh" in failed.err
    told = run("info", "--verify", "--json", "--index", index)
    assert (told.code, _json(told.out)["damaged"]) == (3, ["passages.faiss"])
    assert run("search", "--index", index, "x").code == 3
    assert run("index", tiny_corpus, "--index", index, "--fresh").code == 0
    assert run("info", "--verify", "--index", index).code == 0
    assert run("search", "--index", index, "x").code == 0
    (current(index) / "notes.txt").write_text("mine", encoding="utf-8")
    stranger = run("info", "--verify", "--index", index)
    assert (stranger.code, "notes.txt does not belong there" in stranger.err) == (3, True)
    assert run("search", "--index", index, "x").code == 0


def test_a_terminal_is_told_that_the_model_loads(tiny_index: Path) -> None:
    import pty

    # Slow on purpose: how long loading takes is the machine's affair.
    slow = "import time\nfrom rcasearch import cli, search\nload = search.load_encoder\n"
    slow += "def wait(name): time.sleep(1.5); return load(name)\nsearch.load_encoder = wait\n"
    slow += f"raise SystemExit(cli.main({['search', 'disk full', '--index', str(tiny_index)]!r}))"
    controller, terminal = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", slow], stdout=subprocess.DEVNULL, stderr=terminal, cwd=ROOT) as process:
        os.close(terminal)
        shown = b""
        while chunk := _read(controller):
            shown += chunk
    os.close(controller)
    assert process.returncode == 0
    assert shown.decode().strip() == "Loading the model …"


def test_a_pipe_that_closes_early_is_no_noise(tiny_index: Path) -> None:
    command = f'"{sys.executable}" -m rcasearch show {CHECKOUT} --json --index "{tiny_index}" | head -n 1'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=ROOT, check=True)
    assert (done.stdout, done.stderr) == ("{\n", "")


def test_a_paste_through_a_real_pipe(tiny_index: Path) -> None:
    alert = b"[FIRING] KubePodCrashLooping thumbnailer OOMKilled exitCode=137\n" * 100
    found = run_process(["search", "-", "--index", tiny_index, "-k", "1"], stdin=alert)
    assert found.code == 0
    assert found.err == ""
    assert "rcasearch show 2026-02-11-thumbnailer-oom-killed" in found.out


def test_a_terminal_gets_colour_unless_no_color_says_otherwise(tiny_index: Path) -> None:
    import pty

    def on_terminal(**extra: str) -> str:
        controller, terminal = pty.openpty()
        words = [sys.executable, "-m", "rcasearch", "info", "--index", str(tiny_index)]
        env = {**os.environ, "TERM": "xterm", "PAGER": "cat", **extra}
        with subprocess.Popen(words, stdout=terminal, stderr=subprocess.DEVNULL, cwd=ROOT, env=env) as process:
            os.close(terminal)
            shown = b""
            while chunk := _read(controller):
                shown += chunk
        os.close(controller)
        assert process.returncode == 0
        return shown.decode()

    assert "\x1b[" in on_terminal()
    assert "\x1b[" not in on_terminal(NO_COLOR="1")


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:
        # Linux answers so when the other end of a terminal is closed.
        return b""


def _wait_until_idle(pid: int) -> None:
    """Until the process has started and done nothing for a second: it waits for what is pasted."""
    process, busy = psutil.Process(pid), -1.0
    while (now := sum(process.cpu_times()[:2])) != busy or now < 0.05:
        busy = now
        time.sleep(1)


def test_ctrl_c_while_waiting_for_a_paste_exits_with_130() -> None:
    words = [sys.executable, "-m", "rcasearch", "search", "-"]
    # Where the tests themselves run in the background, what they start would ignore it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        signal.signal(signal.SIGINT, before)
        _wait_until_idle(process.pid)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, b"")
    assert b"Traceback" not in err
