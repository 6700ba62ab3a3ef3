"""The slash command ``/precedent`` of Slack: an answer at once, or a little later where the search takes its time."""

from __future__ import annotations

import time
from concurrent.futures import Future
from contextvars import copy_context
from functools import partial
from typing import Any, TypedDict
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, jsonify, request

from rcasearch.errors import RcaSearchError
from rcasearch.model import Query, Results
from rcasearch.push import QueueError, slack
from rcasearch.push.delivery import SLASH_COMMAND_TARGET
from rcasearch.push.outgoing import answer_of, draft
from rcasearch.push.targets import SLACK_HOST
from rcasearch.query import parse_query
from rcasearch.render import as_dict
from rcasearch.settings import Settings
from rcasearch.tokens import INGEST
from rcasearch.web.caching import NEVER
from rcasearch.web.contract import FORM, Operation, Schema, promises
from rcasearch.web.identity import caller
from rcasearch.web.live import live
from rcasearch.web.params import MediaTypeError
from rcasearch.web.pushing import Pushing, log, pushing
from rcasearch.web.signing import SLACK_WINDOW_S, HookOffError, SenderError, slack_holds
from rcasearch.web.stages import noted, stage

BODY_MAX = 65_536
# Slack shows an error after three seconds, of which some are spent on the way.
AT_ONCE_S = 2.0
_HELP = "Describe what you see, as in: /precedent checkout answers 503 since the deploy"

blueprint = Blueprint("slack", __name__)


class SlackMessage(TypedDict, total=False):
    """A message in Slack's format, which only the person who asked sees."""

    response_type: str
    replace_original: bool
    text: str
    blocks: list[dict[str, Any]]


def command_body(_: Settings) -> Schema:
    """What Slack sends, of which two fields are read."""
    return {
        "type": "object",
        "properties": {"text": {"type": "string"}, "response_url": {"type": "string"}},
        "additionalProperties": True,
    }


@blueprint.post("/api/v1/slack/command")
@promises(Operation("hooks", SlackMessage, body=command_body, body_type=FORM, errors=(413, 415), scope=INGEST, proof=True))
def command() -> Response:
    """Precedents for /precedent in Slack. Signed by Slack; what takes longer than Slack waits comes by the response_url."""
    _check_sender()
    if request.mimetype != FORM:
        raise MediaTypeError("The body is not a form.", "Send application/x-www-form-urlencoded, as Slack does.")
    response = jsonify(_answer(request.form.get("text", ""), request.form.get("response_url", "")))
    response.headers["Cache-Control"] = NEVER
    return response


def _check_sender() -> None:
    settings: Settings = current_app.config["SETTINGS"]
    request.max_content_length = min(BODY_MAX, settings.max_body_bytes)
    if caller().may(INGEST):
        return
    secrets = settings.slack_signing_secret.split()
    if not secrets:
        raise HookOffError("The slash command is not set up.", "Set RCASEARCH_SLACK_SIGNING_SECRET; docs/hooks.md tells how.")
    signature, timestamp = (request.headers.get(f"X-Slack-{name}", "") for name in ("Signature", "Request-Timestamp"))
    # The form is read from the same bytes, so they must be kept.
    body = request.get_data(cache=True)
    if not slack_holds(signature, timestamp, body, secrets, time.time()):
        raise SenderError("The request is not signed by Slack, or is older than five minutes.", "Check the secret and the clock.")
    if _replayed(signature):
        raise SenderError("This request came before.", "Give the command again.")


def _replayed(signature: str) -> bool:
    try:
        return pushing().queue.add(f"slack/{signature}", (), 2.0 * SLACK_WINDOW_S) is None
    except QueueError as error:
        log.error("Replays cannot be told: %s", error.message)
        return False


def _answer(text: str, response_url: str) -> dict[str, Any]:
    if not text.strip() or text.strip().lower() == "help":
        return slack.notice(_HELP)
    try:
        with stage("read"):
            query = parse_query({"text": text}, current_app.config["SETTINGS"])
        return _searched(query, response_url)
    except RcaSearchError as error:
        # Slack shows the words of no error; a message it does show.
        return slack.notice(f"{error.message} {error.hint}")


def _searched(query: Query, response_url: str) -> dict[str, Any]:
    state = pushing()
    # In a copy of the context, which has the limits of this request: searches that nobody waits for do not pile up.
    search = state.searches.submit(copy_context().run, live().searcher().search, query)
    try:
        result = as_dict(noted(search.result(AT_ONCE_S)))
    except TimeoutError:
        if not _may_answer(response_url):
            search.cancel()
            return slack.notice("This takes longer than Slack waits. Try again, or search in a browser.")
        search.add_done_callback(partial(_later, state, response_url))
        return slack.notice("Searching …")
    return slack.response(answer_of("slack", None, result), state.settings.public_url)


def _later(state: Pushing, response_url: str, search: Future[Results]) -> None:
    """Queue the answer of a search that took its time."""
    try:
        message = draft(SLASH_COMMAND_TARGET, "slack", None, as_dict(search.result()), response_url)
        state.queue.add(f"slack/{message.key}", [message], SLACK_WINDOW_S)
    except Exception as error:  # noqa: BLE001 - nobody is there to catch it, and its words may quote what was asked
        log.error("A slash command was not answered: %s.", type(error).__name__)


def _may_answer(response_url: str) -> bool:
    """Whether an address is one of Slack's own: anything else could be anybody's."""
    try:
        parts = urlsplit(response_url)
        usual = parts.port in (None, 443) and parts.username is None
    except ValueError:
        return False
    plain = response_url.isascii() and response_url.isprintable() and " " not in response_url
    return plain and usual and parts.scheme == "https" and parts.hostname == SLACK_HOST
