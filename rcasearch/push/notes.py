"""An answer as the text of a note on a PagerDuty incident."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rcasearch.push import telling
from rcasearch.wording import clean, cut

if TYPE_CHECKING:
    from rcasearch.push.outgoing import Answer

# A note is read on a telephone at night; the incident's page has the rest.
_MOST, _CAUSE, _RESOLUTION = 2_000, 300, 400


def note(answer: Answer, public_url: str = "") -> str:
    """The precedents in plain text."""
    lines = [answer["headline"]]
    for number, hit in enumerate(telling.told_hits(answer["result"]), 1):
        lines += ["", f"{number}. {clean(hit['title'])}", telling.facts(hit)]
        lines += [f"Root cause: {cause}"] if (cause := telling.cause(hit, _CAUSE)) else []
        lines += [f"What ended it:\n{resolution}"] if (resolution := telling.resolution(hit, _RESOLUTION)) else []
        lines += [where] if (where := telling.address(hit, public_url)) else []
    return cut("\n".join([*lines, "", telling.footer(answer["result"])]), _MOST)
