"""The words of an answer that messages of every kind share."""

from __future__ import annotations

from rcasearch import shapes
from rcasearch.wording import cut, one_line, plural

VERDICTS = {"strong": "Strong precedent", "possible": "Possible precedent", "none": "Nothing like this on record"}
MATCHES = {"strong": "strong match", "possible": "possible match", "none": "below the line"}
MOST_STEPS = 5


def headline(result: shapes.Results) -> str:
    """The verdict and, where there is a precedent, its title."""
    word = VERDICTS[result["verdict"]]
    hits = result["hits"]
    return word if result["verdict"] == "none" or not hits else f"{word}: {one_line(hits[0]['title'])}"


def told_hits(result: shapes.Results) -> list[shapes.Hit]:
    """The precedents worth telling: without a verdict for them none."""
    return [hit for hit in result["hits"] if hit["verdict"] != "none"]


def facts(hit: shapes.Hit) -> str:
    """How sure the match is, when it was, how bad, and whom it hit."""
    parts = [MATCHES[hit["verdict"]], hit["date"] or "", hit["severity"] or "", ", ".join(hit["services"][:4])]
    return " · ".join(one_line(part) for part in parts if part)


def cause(hit: shapes.Hit, budget: int) -> str:
    """The root cause in at most so many characters; empty where the document has none."""
    found = hit["root_cause"]
    return cut(one_line(found["text"]), budget) if found else ""


def resolution(hit: shapes.Hit, budget: int) -> str:
    """What ended it: its first steps, else its text; empty where the document has none."""
    found = hit["resolution"]
    if not found:
        return ""
    steps = [f"{number}. {one_line(step)}" for number, step in enumerate(found["steps"][:MOST_STEPS], 1)]
    return cut("\n".join(steps) or one_line(found["text"]), budget)


def address(hit: shapes.Hit, public_url: str) -> str:
    """Where the incident can be read; empty where the settings do not say how people reach the server."""
    return public_url.rstrip("/") + hit["url"] if public_url else ""


def footer(result: shapes.Results) -> str:
    """How much was searched, and what the alert was read as."""
    read_as = ", ".join(result["read_as"]["concepts"][:3])
    searched = f"rcasearch · {plural(result['searched'], 'incident')} searched"
    return f"{searched} · read as: {one_line(read_as)}" if read_as else searched
