"""Webhooks: what alerting tools send, answered at once with the precedents of each symptom, and sent on to where people look."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, TypedDict

from flask import Blueprint, Response, current_app, jsonify, request

from rcasearch import shapes
from rcasearch.errors import InvalidQueryError, NotFoundError
from rcasearch.model import AlertStatus, Query, Source, Symptom
from rcasearch.push.targets import HOOKS
from rcasearch.query import parse_query, per_symptom
from rcasearch.render import as_dict
from rcasearch.render_query import symptom_as_dict
from rcasearch.settings import Settings
from rcasearch.tokens import INGEST
from rcasearch.web.caching import NEVER
from rcasearch.web.contract import Operation, Parameter, Schema, promises
from rcasearch.web.identity import caller
from rcasearch.web.live import live
from rcasearch.web.params import JSON_TYPES, MediaTypeError
from rcasearch.web.pushing import pushing
from rcasearch.web.signing import HookOffError, SenderError, bearer_holds, pagerduty_holds
from rcasearch.web.stages import noted, stage

BODY_MAX = 1_048_576
# Each is a search, and senders wait a few seconds at most.
MOST_SEARCHED = 10
# Nothing new failed where somebody has acknowledged, noted or changed something; our own notes come back as incident.annotated.
_PAGERDUTY_EVENTS = frozenset({"incident.triggered", "incident.reopened", "incident.resolved"})
_OPSGENIE_ACTIONS = frozenset({"create", "close"})
_INCIDENT_ID = re.compile(r"[A-Za-z0-9]{1,40}")
_HOOK = Parameter("hook", {"type": "string", "enum": list(HOOKS)}, "Who sends.", True, "path")
Outcome = Literal["searched", "resolved", "duplicate", "ignored", "skipped"]

blueprint = Blueprint("hooks", __name__)


class HookSymptom(TypedDict):
    """A symptom and its precedents. Without a search there is no result: it is over, was answered lately, or is one too many."""

    symptom: shapes.Symptom
    outcome: Outcome
    result: shapes.Results | None


class HookAnswer(TypedDict):
    """The answer to a notification."""

    hook: str
    source: Source
    status: AlertStatus
    symptoms: list[HookSymptom]
    queued: int
    took_ms: float


def hook_body(_: Settings) -> Schema:
    """Any JSON object or list: what it is is told by its shape."""
    return {
        "title": "Notification",
        "description": "What the sender sends: its own JSON, or any other that tells what is wrong.",
        "type": ["object", "array"],
        "additionalProperties": True,
        "examples": [{"version": "4", "groupKey": "{}", "status": "firing", "receiver": "rcasearch", "alerts": []}],
    }


@blueprint.post("/api/v1/hooks/<hook>")
@promises(
    Operation("hooks", HookAnswer, lambda _: (_HOOK,), body=hook_body, errors=(404, 413, 415, 503), scope=INGEST, proof=True)
)
def receive(hook: str) -> Response:
    """Precedents of what an alerting tool sends. Each symptom that fires is searched; what was answered lately or is over is not.

    The sender proves itself by Authorization: Bearer, PagerDuty by its signature.
    """
    began = time.perf_counter()
    _check_sender(hook)
    document, text = _document(request.get_data())
    with stage("read"):
        # The body is limited; a sender that was refused for a long text would stop sending.
        query = parse_query({"text": text}, replace(current_app.config["SETTINGS"], max_query_chars=BODY_MAX))
    answer = _answer(hook, query, document)
    answer["took_ms"] = round((time.perf_counter() - began) * 1000, 1)
    response = jsonify(answer)
    response.headers["Cache-Control"] = NEVER
    return response


def _check_sender(hook: str) -> None:
    """Raise NotFoundError, HookOffError or SenderError unless this is a hook and the request one of its sender's."""
    if hook not in HOOKS:
        raise NotFoundError(f"There is no hook {hook[:40]!r}.", f"The hooks are: {', '.join(HOOKS)}.")
    settings: Settings = current_app.config["SETTINGS"]
    request.max_content_length = min(BODY_MAX, settings.max_body_bytes)
    tokens, secrets = settings.hook_token.split(), settings.pagerduty_secret.split() if hook == "pagerduty" else []
    if hook in pushing().open_hooks or caller().may(INGEST):
        return
    if not tokens and not secrets:
        raise HookOffError(
            f"The hook {hook} is not set up.", "Send a token: `rcasearch token add NAME --scope ingest`; docs/hooks.md tells how."
        )
    if secrets and pagerduty_holds(request.headers.get("X-PagerDuty-Signature", ""), request.get_data(), secrets):
        return
    if not bearer_holds(request.headers.get("Authorization", ""), tokens):
        raise SenderError(
            "The request does not prove who sent it.",
            "Send a token or the secret of the setting hook_token as Authorization: Bearer, or sign as PagerDuty does.",
        )


def _document(body: bytes) -> tuple[Any, str]:
    """The JSON in a body, and its text. Raises MediaTypeError and InvalidQueryError."""
    if request.mimetype not in JSON_TYPES:
        raise MediaTypeError("The body is not declared as JSON.", "Send it with the header Content-Type: application/json.")
    try:
        text = body.decode("utf-8-sig")
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidQueryError("The body is not JSON in UTF-8.", "Send the JSON of the alert.") from None
    if not isinstance(document, dict | list):
        raise InvalidQueryError("The body is JSON, but neither an object nor a list.", "Send the JSON of the alert.")
    return document, text


def _answer(hook: str, query: Query, document: Any) -> HookAnswer:
    understood = query.understood
    assert understood is not None
    # JSON that tells nothing is read as the text it is, which is no symptom.
    tells = understood.source not in ("text", "log")
    answer = HookAnswer(hook=hook, source="json", status="firing", symptoms=[], queued=0, took_ms=0.0)
    if not tells:
        return answer
    answer["source"], answer["status"] = understood.source, understood.status
    outcomes = _outcomes(hook, understood.symptoms, document)
    asked = iter(per_symptom(query))
    for symptom, outcome in zip(understood.symptoms, outcomes, strict=True):
        one = next(asked, query) if symptom.status == understood.status else query
        result = as_dict(noted(live().searcher().search(one))) if outcome == "searched" else None
        answer["symptoms"].append({"symptom": symptom_as_dict(symptom), "outcome": outcome, "result": result})
    _hand_on(answer, _incident_of(document) if hook == "pagerduty" else "")
    return answer


def _outcomes(hook: str, symptoms: tuple[Symptom, ...], document: Any) -> list[Outcome]:
    """What to do about each symptom; those of one key are answered together or not at all."""
    nothing_new = _nothing_new(hook, document)
    known = {key: pushing().known(_key(hook, key)) for key in {one.key for one in symptoms if one.status == "firing"}}
    found: list[Outcome] = []
    for number, symptom in enumerate(symptoms):
        if symptom.status != "firing":
            found.append("resolved")
        elif nothing_new:
            found.append("ignored")
        elif known[symptom.key]:
            found.append("duplicate")
        else:
            found.append("searched" if number < MOST_SEARCHED else "skipped")
    return found


def _nothing_new(hook: str, document: Any) -> bool:
    """Whether a notification tells of what people did, not of a failure."""
    if not isinstance(document, Mapping):
        return False
    event, action = document.get("event"), document.get("action")
    if hook == "pagerduty" and isinstance(event, Mapping):
        kind = event.get("event_type")
        return not isinstance(kind, str) or kind not in _PAGERDUTY_EVENTS
    return hook == "opsgenie" and isinstance(action, str) and action.lower() not in _OPSGENIE_ACTIONS


def _incident_of(document: Any) -> str:
    """The id of the PagerDuty incident that a webhook tells of; empty where there is none."""
    event = document.get("event") if isinstance(document, Mapping) else None
    data = event.get("data") if isinstance(event, Mapping) else None
    found = data.get("id") if isinstance(data, Mapping) and data.get("type") == "incident" else None
    return found if isinstance(found, str) and _INCIDENT_ID.fullmatch(found) else ""


def _hand_on(answer: HookAnswer, incident: str) -> None:
    """Send the answers on. What another process answered meanwhile becomes a duplicate."""
    searched = [one for one in answer["symptoms"] if one["result"]]
    for key in dict.fromkeys(one["symptom"]["key"] for one in searched):
        same = [one for one in searched if one["symptom"]["key"] == key]
        told = [(one["symptom"], one["result"]) for one in same if one["result"]]
        queued = pushing().hand_on(_key(answer["hook"], key), answer["hook"], told, incident, caller().tenant)
        answer["queued"] += queued or 0
        if queued is None:
            for one in same:
                one["outcome"], one["result"] = "duplicate", None


def _key(hook: str, key: str) -> str:
    tenant = caller().tenant
    return f"{f'{tenant}:' if tenant else ''}{hook}/{key}/firing"
