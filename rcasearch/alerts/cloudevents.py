"""CloudEvents 1.0 in the structured JSON format: an envelope around whatever its data tell."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from rcasearch.alerts.alert import has, mapping


def is_event(document: object) -> bool:
    """Whether a document is such an event: its four required attributes are there."""
    event = mapping(document)
    return has(event, "specversion", "id", "source", "type") == 4 and all(
        isinstance(event[name], str) for name in ("specversion", "id", "source", "type")
    )


def data_of(document: object) -> Any:
    """The data of an event; where it has none, its type and subject, which then are all that it tells."""
    event = mapping(document)
    if "data" in event:
        return event["data"]
    try:
        return base64.b64decode(event["data_base64"], validate=True).decode("utf-8")
    except (KeyError, TypeError, ValueError, binascii.Error):
        words = str(event["type"]).replace(".", " ")
        return {"title": words, "message": event.get("subject", "")}
