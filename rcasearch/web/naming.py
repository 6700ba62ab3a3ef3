"""What people call an incident in an address -> the incident."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rcasearch.errors import NotFoundError
from rcasearch.model import Incident
from rcasearch.readers.ids import slug

if TYPE_CHECKING:
    from rcasearch.search import Searcher


def incident_called(searcher: Searcher, name: str) -> Incident:
    """The incident of that id or file name, or of an id as its document writes it, such as ``INC/2024/17``.

    Raises NotFoundError.
    """
    try:
        return searcher.incident(name)
    except NotFoundError as error:
        if (made := slug(name)) == name:
            raise
        try:
            return searcher.incident(made)
        except NotFoundError:
            raise error from None
