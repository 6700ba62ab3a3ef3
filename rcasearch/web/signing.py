"""Who sent a request: shared secrets and signatures over the raw body, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from rcasearch.errors import RcaSearchError

# A request of Slack that is older may be a replay (docs.slack.dev, verifying requests from Slack).
SLACK_WINDOW_S = 300
# So many signatures of one request are compared; PagerDuty sends one for each secret in use.
_MOST_SIGNATURES = 10


class SenderError(RcaSearchError):
    """A request does not prove who sent it."""

    code = "unauthorized"


class HookOffError(RcaSearchError):
    """A hook has no secret to tell its sender by, and is not open to everybody."""

    code = "hook_off"


def bearer_holds(header: str, secrets: Sequence[str]) -> bool:
    """Whether an Authorization header carries one of the secrets, as in ``Bearer <secret>``."""
    scheme, _, given = header.partition(" ")
    return scheme.lower() == "bearer" and any(_same(given.strip(), secret) for secret in secrets)


def pagerduty_holds(header: str, body: bytes, secrets: Sequence[str]) -> bool:
    """Whether one of the signatures in X-PagerDuty-Signature ("v1=<hex>,v1=<hex>") is of the body under one of the secrets.

    HMAC-SHA256 over the raw body (PagerDuty's developer documentation, "Webhook signatures").
    """
    given = [part.strip() for part in header.split(",")[:_MOST_SIGNATURES]]
    wanted = ["v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest() for secret in secrets]
    return any(_same(one, other) for one in given for other in wanted)


def slack_holds(signature: str, timestamp: str, body: bytes, secrets: Sequence[str], now: float) -> bool:
    """Whether X-Slack-Signature ("v0=<hex>") is of "v0:<timestamp>:<body>" under one of the secrets, and of this moment.

    ``now`` is in seconds since 1970.
    """
    if not (timestamp.isascii() and timestamp.isdigit()) or abs(now - int(timestamp[:12])) > SLACK_WINDOW_S:
        return False
    signed = f"v0:{timestamp}:".encode() + body
    wanted = ["v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    return any(_same(signature, one) for one in wanted)


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())
