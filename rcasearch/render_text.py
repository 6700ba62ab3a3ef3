"""Records to text for a terminal: 80 columns are plenty, 40 are enough, colour is optional.

Pure functions: width, colour and today's date are arguments. Control characters in documents are made visible.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from rich.text import Text

from rcasearch.credentials import WARNING
from rcasearch.model import (
    ActionItem,
    Answer,
    Block,
    Hit,
    Incident,
    IndexInfo,
    Match,
    Problem,
    Results,
    Section,
    VectorSearch,
    Verdict,
)
from rcasearch.render_understood import ignored_in_words, source_in_words, suggested_in_words
from rcasearch.sheet import Sheet
from rcasearch.wording import age, clean, cut, cut_lines, grouped, minutes, one_line, paragraphs, passage, plural, size

FULL_HITS = 3
VERDICTS = {"strong": "Strong precedent", "possible": "Possible precedent", "none": "Nothing like this on record"}
STYLES = {"strong": "bold green", "possible": "bold yellow", "none": "bold"}
MET = {"symptom": "the symptoms more than the cause", "cause": "the cause more than the symptoms"}
WORDS = {"strong": "strong match", "possible": "possible match", "none": "below the line"}


def as_text(results: Results, width: int = 80, color: bool = False, today: date | None = None) -> str:
    """The answer to a query: the verdict first, then the precedents, best first."""
    sheet, now = Sheet(width, color), today or date.today()
    sheet.line(_verdict(results))
    read_as = _read_as(results)
    if read_as and results.searched:
        sheet.line(Text(f"Read as: {read_as}", "dim"))
    _payload(sheet, results)
    if results.query.ignore:
        sheet.line(Text(f"Left out: {', '.join(map(one_line, map(ignored_in_words, results.query.ignore)))}", "dim"))
    if results.hits and results.verdict == "none":
        sheet.line("The closest, below the line:")
    for hit in results.hits:
        sheet.line()
        _hit(sheet, hit, now)
    return sheet.text()


def _payload(sheet: Sheet, results: Results) -> None:
    """Where a payload was searched: what it was understood as, and what could narrow the answer down."""
    understood = results.query.understood
    if understood and understood.source not in ("text", "log"):
        sheet.line(Text(f"Understood as {source_in_words(understood)}", "dim"))
    if results.suggested:
        sheet.line(Text(f"To narrow it down: {suggested_in_words(results.suggested)}", "dim"))


def _read_as(results: Results) -> str:
    services = ", ".join(grouped(map(one_line, results.services), 4))
    return " · ".join(filter(None, (", ".join(results.concepts), services and f"service {services}")))


def headline(verdict: Verdict, searched: int, *, filtered: bool) -> str:
    """The words over an answer. Where nothing was searched, nothing is said about what is on record."""
    if not searched:
        return "No incident passes the filters" if filtered else "The index is empty"
    return VERDICTS[verdict]


def _verdict(results: Results) -> Text:
    words = headline(results.verdict, results.searched, filtered=bool(results.query.filters))
    verdict = Text(words, STYLES[results.verdict])
    among = f"{plural(results.searched, 'incident')} searched"
    if not results.searched:
        return verdict.append(": nothing was searched.", "not bold default")
    if not results.hits:
        return verdict.append(f" ({among}).", "not bold default")
    return verdict.append(f" ({among}){'.' if results.verdict == 'none' else ''}", "not bold default")


def _hit(sheet: Sheet, hit: Hit, today: date) -> None:
    incident = hit.incident
    full = hit.rank <= FULL_HITS and hit.verdict != "none"
    number = f"{hit.rank}."
    sheet.line(Text.assemble((number.ljust(3), "dim"), (one_line(incident.title), "bold")), hang=3)
    known = facts(incident, today)
    sheet.line(Text(WORDS[hit.verdict], STYLES[hit.verdict]).append(f" · {known}" if known else "", "not bold default"), indent=3)
    sheet.field("Why", _why(hit, 320 if full else 160))
    sheet.field("Shares", _joined(shares(hit.match)))
    sheet.field("Differs", _joined([difference.text for difference in hit.match.differs]))
    answers(sheet, incident, 420 if full else 200, 700 if full else 240)
    if full:
        sheet.field("Still open", _open_items(incident.open_action_items))
    sheet.field("More", [Text(f"rcasearch show {clean(incident.id)}", "cyan", overflow="fold")])


def shares(match: Match) -> list[str]:
    """What a precedent and the query share, in words."""
    services = [f"service {service}" for service in match.services]
    concepts = [f"both read as {concept}" for concept in match.concepts]
    sides = [MET[match.on]] if match.on else []
    return [*sides, *(["its cause with 1"] if match.cause == "same" else []), *services, *match.signatures, *concepts]


def _joined(texts: Sequence[str]) -> list[Text | str]:
    return ["; ".join(grouped((cut(one_line(text), 110) for text in texts), 6))] if texts else []


def facts(incident: Incident, today: date) -> str:
    """When, how bad, where and how long, as far as the document says."""
    ago = age(incident.date, today)
    milestones = incident.milestones
    parts = [
        f"{incident.date} ({ago})" if incident.date and ago else incident.date,
        incident.severity,
        ", ".join(grouped(incident.services, 4)).replace(", and ", " and "),
        None if incident.status in (None, "resolved", "closed", "done", "final") else f"status: {incident.status}",
        f"mitigated in {minutes(milestones.mitigated)}" if milestones.mitigated is not None else _lasted(incident),
    ]
    return " · ".join(one_line(part) for part in parts if part)


def _lasted(incident: Incident) -> str | None:
    return None if incident.duration_minutes is None else f"lasted {minutes(incident.duration_minutes)}"


def _why(hit: Hit, budget: int) -> list[Text | str]:
    if not hit.evidence:
        return []
    best = hit.evidence[0]
    quote, spans = passage(best.chunk.text, best.highlights, budget)
    heading = one_line(best.chunk.heading)
    body = Text(quote)
    for start, end in spans:
        body.stylize("bold underline", start, end)
    first, *rest = [_squeezed(line) for line in body.split("\n")]
    if rest:
        return [*([Text(f"{heading}:", "dim")] if heading else []), first, *rest]
    return [Text.assemble((f"{heading}: " if heading else "", "dim"), first)]


def _squeezed(text: Text) -> Text:
    """Runs of spaces as one, with the styles kept where they were."""
    words = [word for word in text.split(" ", allow_blank=False) if word.plain.strip()]
    return Text(" ", style=text.style).join(words)


def answers(sheet: Sheet, incident: Incident, cause_chars: int, fix_chars: int) -> None:
    """Write the cause of an incident and what fixed it, each in about so many characters."""
    sheet.field(_cause_label(incident.root_cause), _cause(incident.root_cause, cause_chars))
    sheet.field("Resolution", _resolution(incident.resolution, fix_chars))


def _cause_label(cause: Answer | None) -> str:
    return "Root cause" if cause is None or cause.source == "root_cause" else "Likely cause"


def _cause(cause: Answer | None, budget: int) -> list[Text | str]:
    if cause is None:
        return [Text("The document names none.", "dim")]
    lines: list[Text | str] = [*cut_lines(paragraphs(cause.text), budget)]
    if cause.source != "root_cause":
        lines.append(Text(f"(from the section “{one_line(cause.heading)}”)", "dim"))
    return lines


def _resolution(resolution: Answer | None, budget: int) -> list[Text | str]:
    if resolution is None:
        return [Text("The document names none.", "dim")]
    if not resolution.steps:
        return [*cut_lines(paragraphs(resolution.text), budget)]
    steps = cut_lines((one_line(step) for step in resolution.steps), budget)
    left = len(resolution.steps) - len(steps)
    numbered: list[Text | str] = [f"{number}. {step}" for number, step in enumerate(steps, start=1)]
    return numbered + ([Text(f"and {plural(left, 'more step')}", "dim")] if left else [])


def _open_items(items: Sequence[ActionItem]) -> list[Text | str]:
    if not items:
        return []
    head = f"{plural(len(items), 'action item')} not recorded as done"
    return [Text(head, "yellow"), *(f"- {text}" for text in grouped((cut(_item(item), 110) for item in items), 2))]


def _item(item: ActionItem) -> str:
    who = ", due ".join(part for part in (item.owner, item.due) if part)
    return one_line(f"{item.priority + ' ' if item.priority else ''}{item.text}{f' ({who})' if who else ''}")


def incident_as_text(
    incident: Incident, backlinks: Iterable[Incident] = (), width: int = 80, color: bool = False, today: date | None = None
) -> str:
    """A whole incident: the facts, every section, and what links to it."""
    sheet, now = Sheet(width, color), today or date.today()
    sheet.line(Text(one_line(incident.title), "bold"))
    sheet.line(facts(incident, now))
    sheet.line(Text(f"{clean(incident.id)} · {clean(incident.path)}", "dim"))
    for section in incident.sections:
        if section.blocks:
            _section(sheet, section)
    related = [f"{one_line(link.text)} -> {clean(link.incident_id)}" for link in incident.links if link.incident_id]
    _listing(sheet, "Links to", related)
    _listing(sheet, "Linked from", [f"{one_line(other.title)} -> {clean(other.id)}" for other in backlinks])
    return sheet.text()


def _listing(sheet: Sheet, heading: str, lines: Sequence[str]) -> None:
    if lines:
        sheet.line()
        sheet.line(Text(heading, "bold"))
        for line in lines:
            sheet.line(line, indent=2, hang=2)


def _section(sheet: Sheet, section: Section) -> None:
    sheet.line()
    if section.heading:
        sheet.line(Text(one_line(section.heading), "bold"))
    for position, block in enumerate(section.blocks):
        if position and block.kind in ("paragraph", "quote", "code"):
            sheet.line()
        _block(sheet, block)


def _block(sheet: Sheet, block: Block) -> None:
    if block.kind == "code":
        for line in clean(block.text).splitlines():
            sheet.verbatim(line, indent=4)
    elif block.kind == "list_item":
        sheet.line(f"- {one_line(block.text)}", indent=2, hang=2)
    else:
        for line in paragraphs(block.text):
            sheet.line(line, indent=2, hang=2 if block.kind == "table_row" else 0)


def info_as_text(info: IndexInfo, width: int = 80, color: bool = False) -> str:
    """What an index holds and how it was made."""
    sheet = Sheet(width, color)
    rows = {
        "Index": info.path,
        "Made": info.created.replace("T", " "),
        "From": ", ".join(info.sources),
        "Incidents": f"{info.incidents:,}",
        "Passages": f"{info.chunks:,} ({info.passages:,} distinct)",
        "Problems": f"{info.problems:,}" + (" (rcasearch info --problems lists them)" if info.problems else ""),
        "Model": f"{info.model} ({info.dimension} dimensions, {info.max_tokens} tokens)",
        "Search": _search_as_text(info),
        "Size": size(info.bytes) if info.bytes else "",
        "Generation": info.id,
    }
    for label, value in rows.items():
        if value:  # of a part of an index, it is not told what all of it is made of
            sheet.field(label, [clean(value)], indent=0)
    return sheet.text()


def _search_as_text(info: IndexInfo) -> str:
    parts = {"passages": info.passage_search, "incidents": info.incident_search}
    return ", ".join(f"{name} {search.method}" + _recalls(search) for name, search in parts.items())


def _recalls(search: VectorSearch) -> str:
    if search.method == "exact":
        return ""
    return f" (recall@10 {search.recall_at_10:.3f}, recall@200 {search.recall_at_200:.3f})"


def problems_as_text(problems: Sequence[Problem], width: int = 80, color: bool = False, limit: int | None = 12) -> str:
    """What is wrong with documents: the skipped ones first, then secrets, equal findings together, at most ``limit`` of them."""
    sheet = Sheet(width, color)
    groups: dict[tuple[bool, str, str], list[Problem]] = {}
    for problem in sorted(problems, key=lambda problem: (not problem.skipped, not problem.message.startswith(WARNING))):
        groups.setdefault((problem.skipped, problem.message, problem.hint), []).append(problem)
    for (skipped, message, hint), members in list(groups.items())[:limit]:
        mark = Text("skipped: " if skipped else "", "red").append(one_line(message), "default")
        sheet.line(mark)
        sheet.line(", ".join(grouped((one_line(member.location) for member in members), 4 if limit else len(members))), indent=2)
        if hint:
            sheet.line(Text(one_line(hint), "dim"), indent=2)
    hidden = sum(len(members) for members in list(groups.values())[limit:]) if limit else 0
    if hidden:
        sheet.line(Text(f"… and {plural(hidden, 'more problem')}; rcasearch info --problems lists them all", "dim"))
    return sheet.text()
