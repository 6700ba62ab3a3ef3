"""HTML that anybody may have written -> what may reach a browser: nh3 decides, by lists of what is harmless."""

from __future__ import annotations

import re
from functools import lru_cache

import nh3
from markupsafe import Markup

from rcasearch.render import SAFE_SCHEMES

TAGS = frozenset(
    "a abbr b blockquote br caption code dd del details div dl dt em h2 h3 h4 h5 h6 hr i ins kbd li mark ol p pre q s samp small "
    "span strong sub summary sup table tbody td tfoot th thead tr u ul var".split()
)
CLASSES = frozenset("at check cut dangling external found image line scroll wiki".split())
EMBEDDED = frozenset("script style iframe object embed noscript template textarea title svg math".split())
ATTRIBUTES = {
    "*": frozenset({"id", "class"}),
    "a": frozenset({"href", "title"}),
    "div": frozenset({"role", "tabindex", "aria-label"}),
    "ol": frozenset({"start"}),
    "pre": frozenset({"tabindex"}),
    "td": frozenset({"colspan", "rowspan"}),
    "th": frozenset({"colspan", "rowspan", "scope"}),
    "span": frozenset({"title"}),
}
FIXED = {"role": "region", "tabindex": "0", "aria-label": "Table"}


def sanitised(html: str) -> Markup:
    """The HTML without anything that could run, load, or pass for a part of the page."""
    return Markup(_cleaner().clean(html))  # noqa: S704 - cleaned


@lru_cache(maxsize=1)
def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=TAGS,
        clean_content_tags=set(EMBEDDED),
        attributes={name: frozenset(values) for name, values in ATTRIBUTES.items()},
        attribute_filter=_attribute,
        url_schemes=set(SAFE_SCHEMES),
        url_relative=_relative,
        # Lines of code that are too long scroll, by keyboard too.
        set_tag_attribute_values={"pre": {"tabindex": "0"}},
        link_rel="noopener noreferrer nofollow",
    )


def _attribute(_tag: str, name: str, value: str) -> str | None:
    if name == "id":
        return value if re.fullmatch(r"L\d{1,7}", value) else None
    if name == "class":
        return " ".join(word for word in value.split() if word in CLASSES) or None
    return value if FIXED.get(name, value) == value else None


def _relative(url: str) -> str | None:
    """Of the addresses on this server a document may lead to an incident and to nothing else."""
    return url if re.fullmatch(r"/incidents/[^/?#\\]+", url) else None
