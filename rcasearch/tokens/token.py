"""What a token is: 256 random bits behind a prefix that scanners for secrets can look for, and what is kept of it.

A secret of so many random bits cannot be guessed from its SHA-256, and a slow hash, which passwords need, would only slow down
every request.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from rcasearch.model.access import EVERYTHING, Clearance
from rcasearch.settings import NAME as TENANT_NAME

PREFIX = "rcas_"
READ, INGEST, METRICS, ADMIN = "read", "ingest", "metrics", "admin"
# What each allows, as the help and the documentation tell it.
SCOPES = {
    READ: "search and read: the API, the pages and the tools of agents",
    INGEST: "send alerts to the hooks",
    METRICS: "read /metrics",
    ADMIN: "all of it, and documents of every label",
}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
# In place of the name of a tenant: whichever a request names.
ANY_TENANT = "*"
_SECRET_BYTES = 32
_SECRET = re.compile(r"rcas_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of a token. Times are ISO 8601 in UTC; ``labels`` as `Clearance.of` takes them.

    ``tenant`` is whose index it is for: None is that of the server that is asked, `ANY_TENANT` any, which takes the scope admin.
    """

    name: str
    sha256: str
    scopes: frozenset[str]
    labels: frozenset[str]
    created: str
    expires: str | None
    tenant: str | None = None

    @property
    def clearance(self) -> Clearance:
        """The documents that its holder may see."""
        return EVERYTHING if ADMIN in self.scopes else Clearance.of(self.labels)

    @property
    def allowed(self) -> frozenset[str]:
        """The scopes that its holder has."""
        return frozenset(SCOPES) if ADMIN in self.scopes else self.scopes

    def expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.expires is not None and datetime.fromisoformat(self.expires) <= now


def may_be_for(tenant: str | None, scopes: Collection[str]) -> bool:
    """Whether a token of these scopes may be for that tenant: one that has a name, or any for who may do everything."""
    return tenant is None or bool(TENANT_NAME.fullmatch(tenant)) or (tenant == ANY_TENANT and ADMIN in scopes)


def secret() -> str:
    """A new token, which nobody can guess."""
    return PREFIX + secrets.token_urlsafe(_SECRET_BYTES)


def digest(given: str) -> str:
    """What is kept of a token: its SHA-256, in hexadecimal."""
    return hashlib.sha256(given.encode("utf-8", "surrogateescape")).hexdigest()


def holder(given: str, tokens: Iterable[Token]) -> Token | None:
    """The token that was given, expired or not; None where it is none of these.

    It is compared with each of them in constant time, so that the time tells nothing of how near a guess came.
    """
    if not _SECRET.fullmatch(given):
        return None
    wanted, found = digest(given), None
    for token in tokens:
        if hmac.compare_digest(wanted, token.sha256):
            found = token
    return found


def stamp(moment: datetime) -> str:
    """A moment as it is kept."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")
