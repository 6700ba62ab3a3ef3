"""What each command does: call the core, print what it answers. Imports what is heavy only where it is used."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from rcasearch import sending, upkeep
from rcasearch.settings import Settings
from rcasearch.terminal import color, page, print_json, width
from rcasearch.wording import visible

if TYPE_CHECKING:
    from rcasearch.model import Results
    from rcasearch.search import Searcher

FILTERS = ("service", "severity", "tag", "status", "since", "until")
QUERIES = Path("seeds/queries.jsonl")


def index(args: argparse.Namespace, settings: Settings) -> int:
    """Build the index; print what it holds on stdout, what is wrong with the documents on stderr."""
    from rcasearch.index import build
    from rcasearch.progress import progress
    from rcasearch.stores.tenants import folder_of
    from rcasearch.wording import plural

    with progress(sys.stderr) as report:
        built = build(args.sources, settings, report, fresh=args.fresh)
    if built.problems:
        from rcasearch.render_text import problems_as_text

        print(problems_as_text(built.problems, width(sys.stderr), color(sys.stderr)), file=sys.stderr)
    info, folder = built.info, folder_of(settings)
    if built.unchanged:
        print(f"Nothing changed: {plural(info.incidents, 'incident')} (a look of {built.seconds:.1f} s): {folder}")
    else:
        encoded = f"{built.encoded:,} of {plural(info.passages, 'passage')} encoded, {built.reused:,} reused"
        print(f"Indexed {plural(info.incidents, 'incident')} in {built.seconds:.1f} s ({encoded}): {folder}")
    if settings.store:
        sending.send(settings)
    return 1 if args.strict and built.problems else 0


def search(args: argparse.Namespace, settings: Settings) -> int:
    """Answer a query from the arguments or from stdin."""
    from rcasearch.progress import notice
    from rcasearch.query import parse_query

    text = " ".join(args.text)
    if text in ("", "-"):
        text = _read_stdin()
    query = parse_query({"text": text, **_given(args, ("limit", "ignore", *FILTERS))}, settings)
    _load_ahead(settings)
    with _opened(settings) as searcher:
        shown = _form(args.json)
        with notice(sys.stderr, "Loading the model …"):
            results = searcher.search(query)
        shown(results)
    return 0


def read(args: argparse.Namespace, settings: Settings) -> int:
    """Print what a text or payload is understood as. Needs no index and no model."""
    from rcasearch.query import parse_query
    from rcasearch.render_query import understood_as_dict
    from rcasearch.render_understood import understood_as_text

    text = " ".join(args.text)
    query = parse_query({"text": _read_stdin() if text in ("", "-") else text}, settings)
    if query.understood and args.json:
        print_json(understood_as_dict(query.understood))
    elif query.understood:
        page(understood_as_text(query.understood, width(sys.stdout), color(sys.stdout)))
    return 0


def similar(args: argparse.Namespace, settings: Settings) -> int:
    """Answer with the incidents most like one on record. The model is not needed: their vectors are stored."""
    from rcasearch.query import parse_query

    # The text is never searched: the one validator checks limit and filters.
    query = parse_query({"text": args.id, **_given(args, ("limit", *FILTERS))}, settings)
    with _opened(settings) as searcher:
        _form(args.json)(searcher.similar(args.id, query.limit, query.filters))
    return 0


def show(args: argparse.Namespace, settings: Settings) -> int:
    """Print an incident for reading, as JSON or as it was written."""
    from rcasearch.render import incident_as_dict
    from rcasearch.render_text import incident_as_text

    with _opened(settings) as searcher:
        incident = searcher.incident(args.id)
        if args.markdown:
            source = searcher.source(incident.id)
            sys.stdout.write(visible(source) if sys.stdout.isatty() else source)
        elif args.json:
            print_json(incident_as_dict(incident))
        else:
            backlinks = searcher.backlinks(incident.id)
            page(incident_as_text(incident, backlinks, width(sys.stdout), color(sys.stdout)))
    return 0


def recurrences(args: argparse.Namespace, settings: Settings) -> int:
    """List the failures that happened again, or print one of them."""
    from datetime import date

    from rcasearch.query import parse_filters, parse_limit, parse_order
    from rcasearch.recurrences_text import recurrence_as_text, recurrences_as_text
    from rcasearch.render_recurrences import one_of, page_of, recurrences_as_dicts

    limit, order = parse_limit(args.limit, settings.limit), parse_order(args.order)
    filters, today = parse_filters(_given(args, FILTERS)), date.today()
    with _opened(settings) as searcher:
        told = searcher.recurrences(filters)
        found = recurrences_as_dicts(told, today)
        if args.id is None:
            listed = page_of(found, searcher.info.id, limit, 0, order)
            text = recurrences_as_text(listed, width(sys.stdout), color(sys.stdout), filtered=bool(filters))
            print_json(listed) if args.json else page(text)
            return 0
        one = one_of(found, args.id)
        incidents = [incident for recurrence in told if recurrence.id == one["id"] for incident in recurrence.incidents]
        text = recurrence_as_text(one, incidents, width(sys.stdout), color(sys.stdout), today)
        print_json(one) if args.json else page(text)
    return 0


def insights(args: argparse.Namespace, settings: Settings) -> int:
    """Print what the incidents come to. The model is not needed."""
    from rcasearch.insights import insights
    from rcasearch.query import parse_filters
    from rcasearch.render_insights import insights_as_dict, insights_as_text

    filters = parse_filters(_given(args, FILTERS))
    with _opened(settings) as searcher:
        found = insights(searcher.outlines(filters))
        print_json(insights_as_dict(found, searcher.info.id)) if args.json else page(insights_as_text(found))
    return 0


def info(args: argparse.Namespace, settings: Settings) -> int:
    """Print what the index holds, or every problem its documents have, or whether its files are as they were written."""
    if args.verify:
        return _verify(args, settings)
    from rcasearch.render import info_as_dict, problem_as_dict
    from rcasearch.render_text import info_as_text, problems_as_text

    with _opened(settings) as searcher:
        if args.problems and args.json:
            print_json([problem_as_dict(problem) for problem in searcher.problems()])
        elif args.problems:
            found = problems_as_text(searcher.problems(), width(sys.stdout), color(sys.stdout), limit=None)
            page(found or "No problems found.\n")
        elif args.json:
            print_json(info_as_dict(searcher.info))
        else:
            sys.stdout.write(info_as_text(searcher.info, width(sys.stdout), color(sys.stdout)))
    return 0


def _verify(args: argparse.Namespace, settings: Settings) -> int:
    """Read every byte of the index. Raises IndexMismatchError naming the files that are not as they were written."""
    from rcasearch.stores.generations import current
    from rcasearch.stores.manifests import read_manifest
    from rcasearch.stores.tenants import folder_of
    from rcasearch.stores.verifying import damages, foreign, refuse

    manifest = read_manifest(folder := current(folder_of(settings)))
    found = [*damages(folder, manifest), *foreign(folder, manifest)]
    if args.json:
        told = [{"file": one.name, "what": one.what} for one in found]
        print_json({"files": len(manifest.files), "damaged": [one.name for one in found], "damages": told})
    refuse(folder, manifest, found)
    if not args.json:
        print(f"All {len(manifest.files)} files of the index {folder} are as they were written.")
    return 0


def serve(_args: argparse.Namespace, settings: Settings) -> int:
    """Serve until interrupted."""
    from rcasearch.web import serve

    serve(settings)
    return 0


def mcp(args: argparse.Namespace, settings: Settings) -> int:
    """Answer agents over the Model Context Protocol until stdin ends, or over HTTP until interrupted."""
    from rcasearch.errors import PackageMissingError

    try:
        from rcasearch.agents import server
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("rcasearch"):
            raise
        raise PackageMissingError(
            f"`rcasearch mcp` needs the package mcp, and {error.name} is not installed.",
            "Install it with the extra of that name: pip install -c constraints.txt '.[mcp]'",
        ) from None
    if args.http:
        server.serve_http(settings)
    else:
        server.serve_stdio(settings)
    return 0


def evaluate(args: argparse.Namespace, settings: Settings) -> int:
    """Print the measures of a ranking on judged queries, or on the links between the documents."""
    from rcasearch.asking import open_searcher
    from rcasearch.errors import InvalidQueryError
    from rcasearch.evaluation import measure
    from rcasearch.progress import progress
    from rcasearch.render_eval import table

    if args.past_only and not args.from_links:
        raise InvalidQueryError("--past-only is for --from-links.", "Add --from-links, or leave --past-only out.")
    queries = None if args.from_links else args.queries or QUERIES
    asked = {"ranker": args.ranker, "run_path": args.run_file, "ablate": args.ablate}
    with closing(open_searcher(settings)) as searcher, progress(sys.stderr) as tell:
        report = measure(searcher, queries, past_only=args.past_only, tell=tell, **asked)
    if args.json:
        print_json(report.as_dict())
    else:
        print(visible(table(report, width(sys.stdout))))
    return 0


def _load_ahead(settings: Settings) -> None:
    """Load the model while the index is opened, where there is one."""
    from rcasearch.stores.generations import CURRENT
    from rcasearch.stores.tenants import folder_of

    if (folder_of(settings) / CURRENT).is_file():
        from rcasearch.encoders import load_ahead

        load_ahead(settings.model)


def _opened(settings: Settings) -> closing[Searcher]:
    from rcasearch.search import Searcher

    return closing(Searcher.open(settings))


def _read_stdin() -> str:
    if sys.stdin.isatty():
        print("Paste the alert, then press Enter and Ctrl-D.", file=sys.stderr)
    return sys.stdin.buffer.read().decode("utf-8", errors="replace")


def _given(args: argparse.Namespace, names: tuple[str, ...]) -> Mapping[str, object]:
    return {name: value for name in names if (value := getattr(args, name)) is not None}


def _form(as_json: bool) -> Callable[[Results], None]:
    """What prints results. A command asks for it while the model loads, since it takes some importing."""
    if as_json:
        from rcasearch.render import as_dict

        return lambda results: print_json(as_dict(results))
    from rcasearch.render_text import as_text

    return lambda results: page(as_text(results, width(sys.stdout), color(sys.stdout)))


COMMANDS: dict[str, Callable[[argparse.Namespace, Settings], int]] = {
    "index": index,
    "migrate": sending.migrate,
    "search": search,
    "read": read,
    "similar": similar,
    "show": show,
    "recurrences": recurrences,
    "insights": insights,
    "info": info,
    "doctor": upkeep.doctor,
    "serve": serve,
    "push": upkeep.push,
    "token": upkeep.token,
    "mcp": mcp,
    "eval": evaluate,
}
