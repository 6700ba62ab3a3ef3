"""A precedent as markdown, for a chat, a ticket or the document of the new incident.

Texts of documents are data: what would be markup in them is escaped, so that nothing that is quoted can pass for ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rcasearch import shapes
from rcasearch.wording import minutes, one_line, paragraphs

# An underscore within a word is no markup, and stays as it is in names of settings.
_MARKUP = re.compile(r"[\\`*\[\]<>|~&]|(?<![^\W_])_|_(?![^\W_])")
_NUMBERED = re.compile(r"(\d{1,9})([.)])")


def hit_as_markdown(hit: shapes.Hit, public_url: str = "") -> str:
    """The title as a link, the facts, the root cause, what fixed it as steps, and what is still open.

    ``public_url`` is the address at which people reach the pages.
    """
    parts = [f"### [{escaped(hit['title'])}]({public_url.rstrip('/')}{hit['url']})", _facts(hit)]
    parts += ["**Root cause**", *_paragraphs(hit["root_cause"])]
    parts += ["**What fixed it**", *_resolution(hit["resolution"])]
    if hit["open_action_items"]:
        parts += ["**Still open**", "\n".join(map(_action, hit["open_action_items"]))]
    return "\n\n".join(filter(None, parts)) + "\n"


def escaped(text: str) -> str:
    """A text as one line of markdown that reads as it is written."""
    line = _MARKUP.sub(r"\\\g<0>", one_line(text))
    if found := _NUMBERED.match(line):
        return f"{found[1]}\\{line[found.end(1) :]}"
    return f"\\{line}" if line.startswith(("#", "+", "=", "-")) else line


def _facts(hit: shapes.Hit) -> str:
    mitigated = hit["minutes_to_mitigate"]
    facts = [hit["date"], hit["severity"], ", ".join(hit["services"])]
    facts.append(None if mitigated is None else f"mitigated after {minutes(mitigated)}")
    return " · ".join(escaped(fact) for fact in facts if fact)


def _paragraphs(answer: shapes.RootCause | None) -> Iterator[str]:
    if answer is None:
        return iter(["The document records none."])
    return map(escaped, paragraphs(answer["text"]))


def _resolution(answer: shapes.Resolution | None) -> Iterator[str]:
    if answer is None or not answer["steps"]:
        return _paragraphs(answer)
    return iter([_steps(answer["steps"])])


def _steps(steps: Sequence[str]) -> str:
    return "\n".join(f"{number}. {escaped(step)}" for number, step in enumerate(steps, start=1))


def _action(item: shapes.ActionItem) -> str:
    known = (item["priority"], item["owner"], f"due {item['due']}" if item["due"] else None)
    told = ", ".join(part for part in known if part)
    return f"- [ ] {escaped(item['text'])}" + (f" ({escaped(told)})" if told else "")
