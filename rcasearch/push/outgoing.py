"""A queued message and its target -> the request that delivers it."""

from __future__ import annotations

import json
import secrets
from typing import Any, TypedDict
from urllib.parse import quote

from rcasearch import shapes
from rcasearch.push import slack
from rcasearch.push.notes import note
from rcasearch.push.queue import Draft, Message
from rcasearch.push.sending import Request
from rcasearch.push.targets import Target
from rcasearch.push.telling import headline
from rcasearch.push.template import fill_in

PAGERDUTY_TYPE = "application/vnd.pagerduty+json;version=2"


class Answer(TypedDict):
    """What is queued: the answer to a hook, of which each kind of target tells in its own way."""

    hook: str
    headline: str
    symptom: shapes.Symptom | None
    result: shapes.Results


def answer_of(hook: str, symptom: shapes.Symptom | None, result: shapes.Results) -> Answer:
    """An answer as messages are made of it."""
    return {"hook": hook, "headline": headline(result), "symptom": symptom, "result": result}


def draft(target: Target, hook: str, symptom: shapes.Symptom | None, result: shapes.Results, address: str = "") -> Draft:
    """A message for a target, with as many precedents as the target wants, and without the payload that was sent."""
    asked: shapes.Query = {**result["query"], "text": symptom["text"] if symptom else result["query"]["text"]}
    answer = answer_of(hook, symptom, {**result, "query": asked, "hits": result["hits"][: target.limit]})
    # The same failure may be told again another day, so only chance makes a key that is used once.
    return Draft(secrets.token_hex(16), target.name, json.dumps(answer), answer["headline"], address)


def request_for(target: Target, message: Message, public_url: str) -> Request:
    """What to send. Made when it is sent, so that a changed setting counts. Raises TemplateProblem."""
    answer: Answer = json.loads(message.answer)
    headers = {"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": message.key}
    if target.kind == "slack":
        # The answer to a slash command goes to the address that came with it, which only Slack's host can have.
        url = target.url or message.address
        body: Any = slack.response(answer, public_url) if message.address else slack.message(answer, public_url)
        return Request(url, _json(body), headers, target.private)
    if target.kind == "pagerduty":
        headers |= {"Accept": PAGERDUTY_TYPE, "Authorization": f"Token token={target.token}", "From": target.sender}
        url = f"{target.url.rstrip('/')}/incidents/{quote(message.address, safe='')}/notes"
        return Request(url, _json({"note": {"content": note(answer, public_url)}}), headers, target.private)
    headers |= {"Content-Type": target.content_type, **dict(target.headers)}
    return Request(target.url, fill_in(target.template, answer).encode("utf-8", "replace"), headers, target.private)


def _json(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
