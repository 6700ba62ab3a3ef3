"""What once ended in something else than an answer or a sentence, each found by fuzzing or by reading with its eyes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from rcasearch import judged
from rcasearch.alerts import understand
from rcasearch.client import ApiError, Client
from rcasearch.errors import RcaSearchError, SettingsError
from rcasearch.evaluation import EVALUATION, last_evaluation
from rcasearch.inputs import digest_of
from rcasearch.lexicon import load_lexicon
from rcasearch.push.targets import targets_of
from rcasearch.render_query import symptom_as_dict
from rcasearch.settings import Settings
from rcasearch.web.hooks import _nothing_new
from rcasearch.web.server import listen

DEEP = "[" * 100_000
HUGE = "0x" + "f" * 10_000
TARGET = '[[push]]\nname = "a"\nkind = "slack"\nurl = "https://hooks.slack.com/x"\n'


@pytest.mark.parametrize(
    "toml",
    [f"a = {DEEP}", f"push = {DEEP[:3_000]}{']' * 3_000}", f"port = {HUGE}", f"port = {'1' * 5_000}", f"{TARGET}limit = {HUGE}"],
    ids=["deep", "deep push", "huge", "long", "huge limit"],
)
def test_settings_beyond_what_python_reads_are_refused(tmp_path: Path, toml: str) -> None:
    file = tmp_path / "rcasearch.toml"
    file.write_text(toml, encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        targets_of(Settings.load(env={}, config=file))
    assert len(refused.value.message) < 500


def test_a_settings_file_named_with_a_nul_is_refused() -> None:
    with pytest.raises(SettingsError, match="cannot be used"):
        Settings.load(env={"RCASEARCH_CONFIG": "a\0b"})


def test_push_targets_nested_without_end_are_refused() -> None:
    with pytest.raises(SettingsError, match="not JSON"):
        targets_of(Settings(push=DEEP))


def test_half_of_a_surrogate_pair_in_a_push_target_is_refused_by_what_can_be_printed() -> None:
    with pytest.raises(SettingsError) as refused:
        targets_of(Settings(push='[{"name": "a", "kind": "slack", "url": "https://hooks.slack.com/x", "\\ud800": 1}]'))
    assert refused.value.message.encode()


@pytest.mark.parametrize("host", ["a..b", "a" * 100, "\udcff", "\udcff.example"])
def test_a_name_that_no_resolver_takes_is_refused(host: str) -> None:
    with pytest.raises(SettingsError, match="is no address"):
        listen(host, 0)
    with pytest.raises(SettingsError, match=r"push\[1\] \(a\)\.url|not JSON"):
        targets_of(Settings(push=json.dumps([{"name": "a", "kind": "webhook", "url": f"https://{host}/x"}])))


@pytest.mark.parametrize("unit", ["- ", "[", "{", "? ", "{a: "])
def test_a_lexicon_nested_without_end_is_refused_and_takes_nothing_down(tmp_path: Path, unit: str) -> None:
    """In a process of its own: it was killed by SIGSEGV."""
    file = tmp_path / "own.yaml"
    file.write_text(unit * 100_000, encoding="utf-8")
    program = f"from rcasearch.lexicon import load_lexicon\nload_lexicon({str(file)!r})"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "nested too deep" in ended.stderr


def test_a_lexicon_named_with_a_nul_is_refused() -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_lexicon("a\0b")
    assert digest_of([], Settings(lexicon="a\0b"), "model", [])


def test_judged_queries_nested_without_end_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "queries.jsonl"
    file.write_text(DEEP, encoding="utf-8")
    with pytest.raises(RcaSearchError, match=r"queries\.jsonl:1: not a judged query"):
        judged.read_queries(file)


def test_judged_queries_with_half_of_a_surrogate_pair_can_be_encoded(tmp_path: Path) -> None:
    file = tmp_path / "queries.jsonl"
    half = {"id": "\ud800", "text": "x\udfff", "kind": "\ud800", "relevant": {"\ud800": 1}}
    file.write_text(json.dumps(half), encoding="utf-8")
    (query,) = judged.read_queries(file)
    assert "".join([query.id, query.text, query.kind, *query.relevant]).encode()


@pytest.mark.parametrize("kind", [{}, [], None, 7])
def test_a_webhook_whose_event_has_a_type_that_is_no_text_is_nothing_new(kind: object) -> None:
    assert _nothing_new("pagerduty", {"event": {"event_type": kind}})


def test_half_of_a_surrogate_pair_in_a_payload_is_in_nothing_that_is_answered() -> None:
    inner = json.dumps({"message": "queue \ud83d is full \udfff"})
    alert = {
        "labels": {"alertname": "Full \ud800", "service": "\udc00", "instance": "a\ud800"},
        "annotations": {"summary": inner},
    }
    payload = {"version": "4", "groupKey": "{}", "status": "firing", "receiver": "x", "alerts": [alert]}
    for document in (payload, {"message": inner, "service": "\ud800"}):
        for symptom in understand(json.dumps(document)).symptoms:
            assert json.dumps(symptom_as_dict(symptom), ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize("status", [200, 400])
def test_an_answer_nested_without_end_is_not_ours(status: int) -> None:
    content = '{"more": ' + DEEP + "]" * len(DEEP) + "}"
    transport = httpx2.MockTransport(lambda _: httpx2.Response(status, content=content))
    with Client(transport=transport) as client, pytest.raises(ApiError) as error:
        client.health()
    assert error.value.code == "not_rcasearch"


@pytest.mark.parametrize("content", ['{"detail": ""}', '{"detail": "", "title": "Bad Gateway"}'])
def test_a_problem_without_a_word_is_an_error_with_a_sentence(content: str) -> None:
    transport = httpx2.MockTransport(lambda _: httpx2.Response(502, content=content))
    with Client(transport=transport) as client, pytest.raises(ApiError) as error:
        client.health()
    assert error.value.message


def test_a_kept_evaluation_nested_without_end_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / EVALUATION).write_text('{"more": ' + DEEP + "]" * len(DEEP) + "}", encoding="utf-8")
    assert last_evaluation(tmp_path) is None
