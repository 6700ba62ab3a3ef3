"""Any text that is pasted or sent -> what it was understood as."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import islice

from rcasearch.alerts.flatten import fields, speaks
from rcasearch.alerts.grouping import key, symptoms
from rcasearch.alerts.kubernetes import read_describe
from rcasearch.alerts.labels import names_in
from rcasearch.alerts.senders import Sent, parsed, read_document, read_known
from rcasearch.loglines import UNKNOWN, read_lines
from rcasearch.model import Entities, Filters, Source, Symptom, Understood
from rcasearch.severities import level
from rcasearch.signatures import signatures_in
from rcasearch.texts import unique

# Around a payload that was copied out of a chat or a document.
_FENCE = re.compile(r"```[a-z]{0,10}\s*")
_URL = re.compile(r"https?://[^\s\"'<>)\]]+", re.IGNORECASE)
_RUNBOOK = re.compile("runbook|playbook", re.IGNORECASE)
_LOOKED_AT = 20_000
_LINES_LOOKED_AT = 50
_MOST_SUGGESTED = 5


def understand(text: str, ignored: Collection[str] = ()) -> Understood:
    """What a sentence, log, stack trace, ``kubectl describe`` or the JSON of an alert tells.

    JSON is recognised by its shape; of unknown JSON the fields that speak are read. What is no JSON, or tells nothing as such, or
    would be of a sender who is ``ignored``, is a text: one symptom, which is the text as it is. Never raises.
    """
    sent = _sent(_unfenced(text))
    if sent and sent[0] not in ignored and (found := symptoms(sent[1], sent[0])):
        return Understood(sent[0], found, _suggested(found))
    return Understood(_kind_of_text(text), (_as_it_is(text),))


def understand_document(document: object) -> Understood | None:
    """The same for JSON that is read already; None unless its sender is known or one of its fields speaks by its name."""
    sent = read_known(document) or (read_document(document) if speaks(fields(document)) else None)
    found = symptoms(sent[1], sent[0]) if sent else ()
    return Understood(sent[0], found, _suggested(found)) if sent and found else None


def _unfenced(text: str) -> str:
    """What stands between a line of three backticks and another one; any other text as it is."""
    opening, _, rest = text.strip().partition("\n")
    inside, _, closing = rest.rpartition("\n")
    return inside if _FENCE.fullmatch(opening) and closing.strip() == "```" else text


def _sent(text: str) -> Sent | None:
    document = parsed(text)
    if document is not None:
        return read_document(document)
    described = read_describe(text) if "Name:" in text else None
    return ("kubernetes", described) if described else None


def _kind_of_text(text: str) -> Source:
    """A log where some line has a level or is a frame of a stack trace."""
    lines = list(islice(read_lines(text[:_LOOKED_AT]), _LINES_LOOKED_AT))
    return "log" if len(lines) > 1 and any(line.level != UNKNOWN or line.frame for line in lines) else "text"


def _as_it_is(text: str) -> Symptom:
    start = text[:_LOOKED_AT]
    signatures = unique(signature.text for signature in signatures_in(start))
    runbooks = unique(url for url in _URL.findall(start) if _RUNBOOK.search(url))
    named = Entities(signatures=signatures, runbook_urls=runbooks)
    return Symptom(text, key("text", " ".join(text.split())), entities=named)


def _suggested(found: tuple[Symptom, ...]) -> Filters:
    """The services and severities that the symptoms name; a severity only where it is one of the usual scale."""
    services = unique(name for symptom in found for name in names_in(symptom.entities))
    severities = unique(known for symptom in found if (known := level(symptom.entities.severity)))
    return Filters(services=services[:_MOST_SUGGESTED], severities=severities)
