"""Signing in with a token, and out."""

from __future__ import annotations

from flask import redirect, render_template, request

from rcasearch.query import reject_unknown
from rcasearch.settings import Settings
from rcasearch.tokens import READ
from rcasearch.web.addresses import local_path
from rcasearch.web.contract import FORM, HTML, PAGES, PUBLIC, Operation, Parameter, Schema, promises
from rcasearch.web.gate import LOCAL, TokenUnknownError
from rcasearch.web.identity import caller, check_same_origin, forget, keep, who_holds
from rcasearch.web.pages.routes import Answer, blueprint
from rcasearch.web.params import accepts, form_params

BODY_MAX = 65_536
_NEXT = Parameter("next", {"type": "string"}, "The page to go to, an address on this server.")


def sign_in_body(_: Settings) -> Schema:
    """The form of the page."""
    return {
        "type": "object",
        "properties": {"token": {"type": "string"}, "next": {"type": "string"}},
        "additionalProperties": False,
    }


@blueprint.get("/sign-in")
@promises(Operation(PAGES, media=HTML, parameters=lambda _: (_NEXT,), scope=PUBLIC))
@accepts("next")
def sign_in() -> Answer:
    """The form that takes a token."""
    return render_template("sign_in.html", next=local_path(request.args.get("next", "")), local=caller() == LOCAL)


@blueprint.post("/sign-in")
@promises(
    Operation(PAGES, media=HTML, body=sign_in_body, body_type=FORM, status=303, errors=(401, 413, 415, 429, 503), scope=PUBLIC)
)
def take_token() -> Answer:
    """Take a token that may read, keep it in a cookie, and go on to where the person was going."""
    request.max_content_length = BODY_MAX
    check_same_origin()
    params = form_params()
    reject_unknown(params, ("token", "next"))
    given = str(params.get("token", "")).strip()
    if not given:
        raise TokenUnknownError("The token is missing.", "Paste it into the field.")
    who_holds(given).check(READ)
    response = redirect(local_path(str(params.get("next", ""))), 303)
    keep(response, given)
    return response


@blueprint.post("/sign-out")
@promises(Operation(PAGES, media=HTML, status=303, scope=PUBLIC))
def sign_out() -> Answer:
    """Let the browser forget the token, and what it has kept of this server's pages."""
    check_same_origin()
    response = redirect("/sign-in", 303)
    forget(response)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response
