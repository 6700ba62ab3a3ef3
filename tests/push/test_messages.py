"""What the receivers are sent: Slack within its limits, PagerDuty as a note, anybody else as the template says."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcasearch.push import PushQueue, slack
from rcasearch.push.notes import note
from rcasearch.push.outgoing import answer_of, request_for
from rcasearch.push.template import TemplateProblem, check_template, fill_in
from tests.push.conftest import SYMPTOM, put, target

PUBLIC = "https://rca.example.com/"


def telling(text: str) -> Any:
    return {**SYMPTOM, "text": text}


def _texts(message: Any) -> list[str]:
    found = [message["text"]]
    for block in message["blocks"]:
        found += [block["text"]["text"]] if "text" in block else [element["text"] for element in block["elements"]]
    return found


def _within_limits(message: Any) -> None:
    assert len(message["blocks"]) <= 50
    for block in message["blocks"]:
        if block["type"] == "header":
            assert 0 < len(block["text"]["text"]) <= 150
            assert block["text"]["type"] == "plain_text"
        elif block["type"] == "section":
            assert 0 < len(block["text"]["text"]) <= 3000
    assert sum(map(len, _texts(message))) <= 12_000


def test_slack_is_told_the_verdict_the_alert_and_what_ended_it(result: Any) -> None:
    message = slack.message(answer_of("alertmanager", SYMPTOM, result), PUBLIC)
    _within_limits(message)
    header, alert, first, *_ = _texts(message)[1:]
    assert header == "Strong precedent: Checkout answered 503 after its database connection pool ran dry"
    assert alert == "*Alert*  Checkout &lt;answers&gt; 503 &amp; waits"
    assert first.startswith("*1. <https://rca.example.com/incidents/2024-03-14-checkout|Checkout answered 503")
    assert "*Root cause*" in first
    assert "*What ended it*" in first
    assert "204 incidents searched" in _texts(message)[-1]


def test_nothing_in_a_document_can_mention_anybody_in_slack(result: Any) -> None:
    result["hits"][0]["title"] = "<!channel> <https://evil.example|docs> | &lt;"
    result["hits"][0]["root_cause"]["text"] = "<!everyone> <@U1>"
    message = slack.message(answer_of("alertmanager", telling("<!here>"), result), PUBLIC)
    for text in _texts(message)[2:]:
        assert not re.search(r"<(?!https://rca\.example\.com/)", text), text


def test_without_an_address_of_the_server_there_are_no_links(result: Any) -> None:
    assert "<" not in "".join(_texts(slack.message(answer_of("grafana", None, result)))[2:])


def test_very_long_documents_stay_within_the_limits_of_slack(result: Any) -> None:
    hit = result["hits"][0]
    hit["title"], hit["root_cause"]["text"] = "&<>" * 5000, "<" * 9000
    hit["resolution"]["steps"] = ["&" * 4000] * 30
    result["hits"] = [copy.deepcopy(hit) for _ in range(10)]
    result["read_as"]["concepts"] = ["&" * 4000]
    message = slack.message(answer_of("grafana", telling("x" * 100_000), result), PUBLIC)
    _within_limits(message)
    assert len(message["blocks"]) > 4
    assert len(note(answer_of("pagerduty", SYMPTOM, result), PUBLIC)) <= 2_002


@given(st.text(alphabet="ab &<>.\n", max_size=400), st.integers(10, 120))
def test_escaped_text_fits_and_no_entity_is_cut(text: str, budget: int) -> None:
    found = slack.escaped(text, budget)
    assert len(found) <= budget
    assert not re.search(r"[<>]|&(?!(?:amp|lt|gt);)", found)


def test_nothing_on_record_is_said_so(result: Any) -> None:
    result["verdict"] = "none"
    for hit in result["hits"]:
        hit["verdict"] = "none"
    message = slack.message(answer_of("grafana", SYMPTOM, result))
    assert [block["type"] for block in message["blocks"]] == ["header", "section", "context"]
    assert message["text"] == "Nothing like this on record"


def test_pagerduty_gets_a_note_on_the_incident(queue: PushQueue, result: Any) -> None:
    to = target(kind="pagerduty", url="https://api.pagerduty.com", token="tok-123", sender="oncall@example.com")
    put(queue, result, to, address="Q1ABC")
    message = queue.due("oncall")
    assert message
    request = request_for(to, message, PUBLIC)
    assert request.url == "https://api.pagerduty.com/incidents/Q1ABC/notes"
    assert request.headers["Authorization"] == "Token token=tok-123"
    assert request.headers["From"] == "oncall@example.com"
    assert request.headers["Accept"] == "application/vnd.pagerduty+json;version=2"
    content = json.loads(request.body)["note"]["content"]
    assert content.startswith("Strong precedent: Checkout answered 503")
    assert "https://rca.example.com/incidents/2024-03-14-checkout" in content
    assert "\x1b" not in content


def test_anybody_else_gets_the_answer_or_what_the_template_makes_of_it(queue: PushQueue, result: Any) -> None:
    template = '{"say": {{ headline | tojson }}, "what": {{ symptom.text | tojson }}, "n": {{ result.hits | length }}}'
    headers = (("X-Key", "k"),)
    plain, shaped = (target(kind="webhook", url="https://e.com/in", template=t, headers=headers, limit=1) for t in ("", template))
    put(queue, result, plain)
    message = queue.due("oncall")
    assert message
    told = json.loads(request_for(plain, message, "").body)
    assert list(told) == ["hook", "headline", "symptom", "result"]
    assert (told["symptom"]["key"], len(told["result"]["hits"])) == ("k1", 1)
    assert told["result"]["query"]["text"] == SYMPTOM["text"]
    request = request_for(shaped, message, "")
    assert json.loads(request.body) == {"say": told["headline"], "what": SYMPTOM["text"], "n": 1}
    assert (request.headers["X-Key"], request.headers["Idempotency-Key"]) == ("k", message.key)


@pytest.mark.parametrize("template", ["{{ nobody }}", "{{ result.hits[99].title }}", "{{ 1 / 0 }}", "{{ ''.__class__ }}"])
def test_a_template_that_asks_for_what_is_not_there_is_a_problem(template: str, result: Any) -> None:
    assert check_template(template) == ""
    with pytest.raises(TemplateProblem):
        fill_in(template, answer_of("grafana", None, result))
