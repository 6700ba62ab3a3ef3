"""Addresses of the pages. A search is a link as long as it fits into one; a long paste travels compressed."""

from __future__ import annotations

import base64
import binascii
import zlib
from urllib.parse import urlencode, urlsplit

from rcasearch.errors import InvalidQueryError
from rcasearch.model import Filters, Query
from rcasearch.settings import Settings

PLAIN_MAX = 1_800
# Proxies commonly refuse a request line of more than 8 KiB.
LINK_MAX = 7_000


def search_url(query: Query, settings: Settings) -> str | None:
    """The address of a search's answer; None where the text is too long for any."""
    rest = filter_pairs(query.filters) + [("ignore", one) for one in query.ignore]
    if query.limit != settings.limit:
        rest.append(("limit", str(query.limit)))
    plain = "/?" + urlencode([("q", query.text), *rest])
    if len(plain) <= PLAIN_MAX:
        return plain
    packed = "/?" + urlencode([("z", pack(query.text)), *rest])
    return packed if len(packed) <= LINK_MAX else None


def listing_url(filters: Filters, offset: int = 0) -> str:
    """The address of one page of the list of incidents."""
    pairs = filter_pairs(filters) + ([("offset", str(offset))] if offset else [])
    return "/incidents" + ("?" + urlencode(pairs) if pairs else "")


def filter_pairs(filters: Filters) -> list[tuple[str, str]]:
    """Filters as (parameter, value) pairs."""
    lists = {"service": filters.services, "severity": filters.severities, "tag": filters.tags, "status": filters.statuses}
    pairs = [(name, value) for name, values in lists.items() for value in values]
    return pairs + [(name, value) for name, value in (("since", filters.since), ("until", filters.until)) if value]


def pack(text: str) -> str:
    """A text compressed into the letters an address may have."""
    return base64.urlsafe_b64encode(zlib.compress(text.encode("utf-8"), 9)).decode("ascii").rstrip("=")


def unpack(packed: str, max_chars: int) -> str:
    """The text that ``pack`` packed. Raises InvalidQueryError where it is damaged or longer than a query may be."""
    try:
        data = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        inflater = zlib.decompressobj()
        # A few bytes can inflate to gigabytes: never make more than a query may hold.
        raw = inflater.decompress(data, max_chars * 4 + 1)
        if not inflater.eof:
            raise ValueError("cut off or too long")
        return raw.decode("utf-8")
    except (binascii.Error, zlib.error, ValueError):
        raise InvalidQueryError("The pasted text in this link is damaged.", "Paste the text again.", field="z") from None


def local_path(given: str) -> str:
    """An address on this server; the search where what was given is none, as browsers read it."""
    try:
        parts = urlsplit(given)
    except ValueError:
        return "/"
    plain = given.startswith("/") and given.isprintable() and "\\" not in given and not given.startswith("//")
    return given if plain and not parts.scheme and not parts.netloc else "/"
