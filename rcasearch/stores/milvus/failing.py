"""What an error of the engine means, and how it is told.

The codes are those of gRPC, and of Milvus (pkg/util/merr/errors.go), which older servers do not use throughout: what is not known
for something lasting is taken for something passing.
"""

from __future__ import annotations

import base64
from enum import Enum
from typing import Any

from rcasearch.errors import EngineError, EngineRefusedError, IndexMissingError, RcaSearchError

_LONGEST = 300
_AWAY = {"UNAVAILABLE", "DEADLINE_EXCEEDED"}
_STRANGER = {"UNAUTHENTICATED", "PERMISSION_DENIED"}
# The last is also what an answer is that is larger than the engine gives.
_WRONG = {"INVALID_ARGUMENT", "UNIMPLEMENTED", "NOT_FOUND", "ALREADY_EXISTS", "OUT_OF_RANGE", "RESOURCE_EXHAUSTED"}
_CONNECTING, _NO_COLLECTION = 2, {100}
_STRANGER_CODES = {1400, 1401, 1800}
_WRONG_CODES = {6, 10, 105, 107, 200, 250, 700, 701, 702, 800, 801, 802, *range(1100, 1103), *range(1600, 1604), 1700, 1701, 3000}
# Which the library raises for something else than a mistake in what it was given.
_PASSING_CLASSES = {"MilvusException", "ConnectError", "MilvusUnavailableException"}
_BACK = (
    "It is asked again by itself. See that Milvus runs there and that this machine reaches it; `docs/operations.md` tells more."
)


class Kind(Enum):
    """Whether the engine was reached, might do it when asked again, does not know who asks, lacks it, or will never do it."""

    AWAY = "away"
    PASSING = "passing"
    STRANGER = "stranger"
    MISSING = "missing"
    WRONG = "wrong"

    @property
    def passes(self) -> bool:
        """Whether it is worth asking again."""
        return self in (Kind.AWAY, Kind.PASSING)


def kind_of(error: BaseException) -> Kind | None:
    """What an error of pymilvus or gRPC means; None for any other."""
    if isinstance(error, TimeoutError):
        return Kind.AWAY
    if (status := _status(error)) is not None:
        return _of_status(status)
    code = getattr(error, "code", None)
    if not hasattr(error, "compatible_code") or not isinstance(code, int):
        return None
    if code == _CONNECTING:
        cause = error.__cause__
        return (kind_of(cause) if cause else None) or Kind.AWAY
    return _of_code(error, int(code))


def told(error: BaseException, kind: Kind, call: str, place: str, token: str) -> RcaSearchError:
    """An error as a sentence: what was asked of which engine. It never holds the ``token``."""
    reason = _reason(error, token)
    if kind is Kind.AWAY:
        return EngineError(f"The engine at {place} does not answer: {reason}", _BACK)
    if kind is Kind.PASSING:
        return EngineError(f"The engine at {place} cannot answer at the moment: {reason}", _BACK)
    if kind is Kind.STRANGER:
        return EngineRefusedError(
            f"The engine at {place} does not accept the user and the password of the setting store_token: {reason}",
            "Set RCASEARCH_STORE_TOKEN_FILE to a file that holds `user:password` of a user who may do this.",
        )
    if kind is Kind.MISSING:
        return IndexMissingError(
            f"The engine at {place} has no such index: {reason}",
            "Index the documents with `rcasearch index`, or see what name the setting store ends in.",
        )
    return EngineRefusedError(
        f"The engine at {place} refuses the call {call}: {reason}",
        "`docs/scale-out.md` tells which versions of Milvus were tried. With one of these, report it as a defect.",
    )


def _of_status(status: str) -> Kind:
    if status in _AWAY:
        return Kind.AWAY
    if status in _STRANGER:
        return Kind.STRANGER
    return Kind.WRONG if status in _WRONG else Kind.PASSING


def _of_code(error: BaseException, code: int) -> Kind:
    if code in _NO_COLLECTION:
        return Kind.MISSING
    if code in _STRANGER_CODES:
        return Kind.STRANGER
    wrong = code in _WRONG_CODES or getattr(error, "is_input_error", False) or type(error).__name__ not in _PASSING_CLASSES
    return Kind.WRONG if wrong else Kind.PASSING


def _status(error: BaseException) -> str | None:
    """The name of the gRPC status that an error has; pymilvus puts it where its own codes stand, or leaves the error alone."""
    code: Any = getattr(error, "code", None)
    name = getattr(code() if callable(code) else code, "name", None)
    return name if isinstance(name, str) and not isinstance(code, int) else None


def _reason(error: BaseException, token: str) -> str:
    """The engine's own words, in one line and without secrets."""
    details: Any = getattr(error, "details", None)
    text = (details() if callable(details) else None) or getattr(error, "message", None) or type(error).__name__
    cause = error.__cause__
    if cause is not None and _status(cause) and getattr(error, "code", None) == _CONNECTING:
        return _reason(cause, token)
    text = " ".join(str(text).split())
    for secret in sorted(_secrets(token), key=len, reverse=True):
        text = text.replace(secret, "…")
    return text[:_LONGEST].rstrip(".") + "."


def _secrets(token: str) -> set[str]:
    password = token.partition(":")[2]
    return {secret for secret in (token, password, base64.b64encode(token.encode()).decode()) if secret}
