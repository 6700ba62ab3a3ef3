"""What the answer to the current request may tell of. Nothing that answers requests asks for an index but through this."""

from __future__ import annotations

from flask import has_request_context

from rcasearch.model import EVERYTHING, UNLABELLED, Clearance
from rcasearch.tokens import INGEST
from rcasearch.web.identity import asked_for, caller


def clearance() -> Clearance:
    """What the caller may see; of what senders of alerts are answered, what everybody may, since that ends in a channel.

    Outside of a request nobody is answered, and nothing is kept from the server itself.
    """
    if not has_request_context():
        return EVERYTHING
    return UNLABELLED if _into_a_channel() else caller().clearance


def _into_a_channel() -> bool:
    operation = asked_for()
    return operation is not None and operation.scope == INGEST
