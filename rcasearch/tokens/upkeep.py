"""What the operator does with tokens: make one, list them, take one back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypedDict

from rcasearch.errors import InvalidQueryError, NotFoundError
from rcasearch.tokens.file import TokenFile
from rcasearch.tokens.token import ANY_TENANT, NAME, Token, digest, may_be_for, secret, stamp
from rcasearch.wording import plural

DAYS = 365
_LABEL_MAX = 64


class Listed(TypedDict):
    """A token as it is listed: nothing that could be used in its place."""

    name: str
    scopes: list[str]
    labels: list[str]
    tenant: str | None
    created: str
    expires: str | None
    expired: bool


def add(
    file: TokenFile,
    name: str,
    scopes: Collection[str],
    labels: Collection[str],
    days: int,
    now: datetime,
    tenant: str | None = None,
) -> tuple[str, Token]:
    """Make a token that expires after ``days``, or never where they are 0: the secret, which is kept nowhere, and what is kept.

    Raises InvalidQueryError for a name that is none or is taken, and for labels and a ``tenant`` that are none; OSError and
    TokenFileError.
    """
    _check_tenant(tenant, scopes)
    given = secret()
    expires = stamp(now + timedelta(days=days)) if days else None
    made = Token(_name(name), digest(given), frozenset(scopes), frozenset(map(_label, labels)), stamp(now), expires, tenant)
    file.change(lambda tokens: _with(tokens, made))
    return given, made


def revoke(file: TokenFile, names: Sequence[str]) -> str:
    """Take tokens back; what was done, in words. Raises NotFoundError, OSError and TokenFileError."""
    file.change(lambda tokens: _without(tokens, names))
    return f"{plural(len(set(names)), 'token')} revoked; a running server knows it at once."


def tokens_as_dicts(file: TokenFile, now: datetime) -> list[Listed]:
    """All tokens, as they were made. Raises TokenFileError."""
    return [
        {
            "name": token.name,
            "scopes": sorted(token.scopes),
            "labels": sorted(token.labels),
            "tenant": token.tenant,
            "created": token.created,
            "expires": token.expires,
            "expired": token.expired(now),
        }
        for token in file.tokens() or ()
    ]


def listing(file: TokenFile, now: datetime) -> str:
    """The same as text for a terminal."""
    tokens = file.tokens()
    if not tokens:
        return f"There is no token: {file.path}\n"
    wide = max(len(token.name) for token in tokens)
    return "".join(f"{token.name:<{wide}}  {told(token, now)}\n" for token in tokens)


def told(token: Token, now: datetime) -> str:
    """What a token allows and until when, in a line."""
    labels = f" · labels {', '.join(sorted(token.labels))}" if token.labels else ""
    tenant = "" if token.tenant is None else " · any tenant" if token.tenant == ANY_TENANT else f" · tenant {token.tenant}"
    return f"{', '.join(sorted(token.scopes))}{labels}{tenant} · {_until(token, now)}"


def _until(token: Token, now: datetime) -> str:
    if token.expires is None:
        return "does not expire"
    day = token.expires[:10]
    if token.expired(now):
        return f"expired on {day}"
    left = (datetime.fromisoformat(token.expires) - now.astimezone(UTC)).days
    return f"until {day}, for {plural(left, 'more day')}"


def _check_tenant(tenant: str | None, scopes: Collection[str]) -> None:
    if may_be_for(tenant, scopes):
        return
    told = f"{(tenant or '')[:80]!r} cannot be the tenant of this token."
    hint = "Name one as it is indexed, as in --tenant payments; any (*) is for a token with --scope admin."
    raise InvalidQueryError(told, hint, field="tenant")


def _name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise InvalidQueryError(
            f"{name[:80]!r} cannot be the name of a token.",
            "Take up to 64 letters, digits and ._@+-, as in alertmanager or ana@example.com.",
            field="name",
        )
    return name


def _label(label: str) -> str:
    kept = label.strip().casefold()
    if not kept or len(kept) > _LABEL_MAX or not kept.isprintable() or "," in kept:
        raise InvalidQueryError(
            f"{label[:80]!r} cannot be a label.", "Name each by --label, as in --label security.", field="label"
        )
    return kept


def _with(tokens: tuple[Token, ...], made: Token) -> list[Token]:
    if any(token.name == made.name for token in tokens):
        raise InvalidQueryError(
            f"There is a token {made.name} already.",
            f"To replace it: make another, as {made.name}-2, give it to who uses it, then `rcasearch token revoke {made.name}`.",
            field="name",
        )
    return [*tokens, made]


def _without(tokens: tuple[Token, ...], names: Sequence[str]) -> list[Token]:
    if missing := sorted(set(names) - {token.name for token in tokens}):
        raise NotFoundError(f"There is no token {missing[0][:80]}.", "`rcasearch token list` lists them.")
    return [token for token in tokens if token.name not in names]
