"""Failures that happened again as text for a terminal: a table of them, and one in full."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from rich.text import Text

from rcasearch.model import Incident
from rcasearch.render_text import answers, facts
from rcasearch.shapes import Fix, OpenAction, Recurrence, Recurrences
from rcasearch.sheet import NARROW, Sheet
from rcasearch.wording import age, clean, cut, grouped, minutes, one_line, outcome, plural

# The columns of the table; the last one takes what is left.
TIMES, LAST, LOST = 7, 12, 13
OUTCOMES = {True: "green", False: "yellow", None: "dim"}


def recurrences_as_text(page: Recurrences, width: int = 80, color: bool = False, *, filtered: bool = False) -> str:
    """A table of failures: how often, the last time, the minutes lost, and which fixes held."""
    sheet = Sheet(width, color)
    sheet.line(_headline(page, filtered))
    wide = sheet.width >= NARROW
    if wide and page["recurrences"]:
        sheet.line()
        sheet.row([("Times", TIMES), ("Last", LAST), ("Lost", LOST)], "Failure")
    for recurrence in page["recurrences"]:
        sheet.line()
        _listed(sheet, recurrence, wide)
    left = page["total"] - page["offset"] - len(page["recurrences"])
    if left > 0:
        sheet.line()
        sheet.line(Text(f"and {left:,} more: -k {page['total']} lists them all", "dim"))
    return sheet.text()


def _headline(page: Recurrences, filtered: bool) -> Text:
    if page["total"]:
        told = f"{plural(page['total'], 'failure')} happened again"
        return Text(told, "bold").append(" with these filters" if filtered else "", "not bold")
    if filtered:
        return Text("No failure that happened again has an incident that passes the filters.")
    return Text("No failure happened twice, as far as the documents tell.")


def _listed(sheet: Sheet, one: Recurrence, wide: bool) -> None:
    lost = "–" if one["total_minutes"] is None else minutes(one["total_minutes"])
    cells = [(str(one["count"]), TIMES), (one["last"] or "–", LAST), (lost, LOST)]
    name = Text(one_line(one["name"]), "bold")
    indent = TIMES if wide else 2
    if wide:
        sheet.row(cells, name)
    else:
        sheet.line(name)
        sheet.line(f"{plural(one['count'], 'time')}, last {one['last'] or 'at no date on record'}, {lost} lost", indent=indent)
    if services := ", ".join(grouped(map(one_line, one["services"]), 4)).replace(", and ", " and "):
        sheet.line(services, indent=indent)
    sheet.line(" · ".join(filter(None, (_fixes(one["fixes"]), _open(one["open_action_items"])))), indent=indent)
    sheet.line(Text(f"rcasearch recurrences {clean(one['id'])}", "cyan", overflow="fold"), indent=indent)


def _fixes(fixes: Sequence[Fix]) -> str:
    held = sum(fix["held"] is True for fix in fixes)
    return f"{held} of {len(fixes)} {'fix' if len(fixes) == 1 else 'fixes'} held" if fixes else "no fix on record"


def _open(items: Sequence[OpenAction]) -> str:
    overdue = sum(item["overdue"] for item in items)
    return f"{plural(len(items), 'action')} open{f', {overdue} overdue' if overdue else ''}" if items else ""


def recurrence_as_text(
    one: Recurrence, incidents: Iterable[Incident], width: int = 80, color: bool = False, today: date | None = None
) -> str:
    """A failure in full: the facts, each of its ``incidents`` with cause and fix, and what is still to be done."""
    sheet, now = Sheet(width, color), today or date.today()
    sheet.line(Text(one_line(one["name"]), "bold"))
    sheet.line(" · ".join(_facts(one, now)))
    sheet.field("Services", _joined(one["services"]), indent=0)
    sheet.field("In common", _joined(one["terms"]), indent=0)
    fixes = {fix["incident_id"]: fix for fix in one["fixes"]}
    for number, incident in enumerate(incidents, start=1):
        sheet.line()
        _time(sheet, number, incident, fixes.get(incident.id), now)
    if one["open_action_items"]:
        sheet.line()
        sheet.line(Text(_open(one["open_action_items"]), "bold"))
        for item in one["open_action_items"]:
            sheet.line(_action(item), indent=2, hang=2)
    return sheet.text()


def _facts(one: Recurrence, today: date) -> list[str]:
    parts = [plural(one["count"], "time")]
    if one["first"] and one["last"]:
        parts.append(f"{one['first']} to {one['last']} ({age(one['last'], today)})")
    if one["total_minutes"] is not None and one["median_minutes"] is not None:
        some = f" ({one['timed']} of {one['count']} have a duration)" if one["timed"] < one["count"] else ""
        parts.append(f"{minutes(one['total_minutes'])} in all, {minutes(round(one['median_minutes']))} in the median{some}")
    return parts


def _joined(names: Sequence[str]) -> list[Text | str]:
    return [", ".join(map(one_line, names))] if names else []


def _time(sheet: Sheet, number: int, incident: Incident, fix: Fix | None, today: date) -> None:
    sheet.line(Text.assemble((f"{number}.".ljust(3), "dim"), (one_line(incident.title), "bold")), hang=3)
    if known := facts(incident, today):
        sheet.line(known, indent=3)
    answers(sheet, incident, 420, 700)
    if fix:
        sheet.field("The fix", [Text(outcome(fix["held"], fix["days"]), OUTCOMES[fix["held"]])])
    sheet.field("More", [Text(f"rcasearch show {clean(incident.id)}", "cyan", overflow="fold")])


def _action(item: OpenAction) -> Text:
    due = f"{'overdue since' if item['overdue'] else 'due'} {item['due']}" if item["due"] else None
    told = ", ".join(one_line(part) for part in (item["priority"], item["owner"], due) if part)
    body = Text(f"- {cut(one_line(item['text']), 160)}")
    return body.append(f" ({told})", "red" if item["overdue"] else "dim") if told else body
