"""An answer as a Slack message in Block Kit, within its limits.

Limits: 50 blocks, 150 characters in a header, 3,000 in a section (docs.slack.dev, reference of Block Kit), and about 12,000 in
all blocks together, as users of Slack's library found out (slackapi/bolt-js, issue 2509). Only &, < and > are escaped, as Slack
asks; with these gone, nothing in a document can hide an address. ``verbatim`` keeps Slack from making mentions and links of plain
words (docs.slack.dev, text object), so that nothing in a document can call anybody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rcasearch import shapes
from rcasearch.push import telling
from rcasearch.wording import cut, one_line

if TYPE_CHECKING:
    from rcasearch.push.outgoing import Answer

HEADER_MAX, SECTION_MAX, TOTAL_MAX = 150, 3_000, 10_000
_SYMPTOM, _CAUSE, _RESOLUTION = 400, 600, 900
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
Block = dict[str, Any]


def message(answer: Answer, public_url: str = "") -> dict[str, Any]:
    """What an incoming webhook takes. ``text`` is what a notification shows."""
    result = answer["result"]
    header: Block = {
        "type": "header",
        "text": {"type": "plain_text", "text": shortened(answer["headline"], HEADER_MAX), "emoji": False},
    }
    symptom = answer["symptom"]["text"] if answer["symptom"] else ""
    blocks = [header, *([_section(f"*Alert*  {escaped(one_line(symptom), _SYMPTOM)}")] if symptom else [])]
    room = TOTAL_MAX - _length(blocks)
    for number, hit in enumerate(telling.told_hits(result), 1):
        block = _hit(number, hit, public_url)
        if (room := room - _length([block])) < 0:
            break
        blocks.append(block)
    context = {"type": "mrkdwn", "text": escaped(telling.footer(result), 500), "verbatim": True}
    return {"text": escaped(answer["headline"], 300), "blocks": [*blocks, {"type": "context", "elements": [context]}]}


def response(answer: Answer, public_url: str = "") -> dict[str, Any]:
    """The same as the answer to a slash command, which only the person who asked sees."""
    return {"response_type": "ephemeral", "replace_original": True, **message(answer, public_url)}


def notice(text: str) -> dict[str, Any]:
    """A few words to the person who gave a command."""
    return {"response_type": "ephemeral", "text": escaped(text, SECTION_MAX)}


def escaped(text: str, budget: int) -> str:
    """The text, cut and escaped, in at most ``budget`` characters."""
    room = budget
    while len(found := shortened(text, room).translate(_ENTITIES)) > budget:
        room -= max(1, (len(found) - budget) // 5)
    return found


def shortened(text: str, budget: int) -> str:
    """The text in at most ``budget`` characters, the mark of what is missing among them."""
    return text if len(text) <= budget else cut(text, max(1, budget - 2))[:budget]


def _hit(number: int, hit: shapes.Hit, public_url: str) -> Block:
    title = escaped(one_line(hit["title"]).replace("|", "/"), 200)
    where = telling.address(hit, public_url)
    lines = [f"*{number}. {f'<{where}|{title}>' if where else title}*", escaped(telling.facts(hit), 300)]
    if cause := telling.cause(hit, _CAUSE):
        lines.append(f"*Root cause*  {escaped(cause, _CAUSE)}")
    if resolution := telling.resolution(hit, _RESOLUTION):
        lines.append(f"*What ended it*\n{escaped(resolution, _RESOLUTION)}")
    return _section("\n".join(lines))


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _length(blocks: list[Block]) -> int:
    return sum(len(block["text"]["text"]) for block in blocks)
