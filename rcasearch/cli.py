"""The command line: what may be typed, and what each failure exits with.

Nothing heavy is imported here, so that ``--help`` answers at once; the commands import what they use.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from rcasearch import __version__, commands, epilogs
from rcasearch.errors import (
    EngineError,
    EngineRefusedError,
    IndexLockedError,
    IndexMismatchError,
    IndexMissingError,
    NotFoundError,
    RcaSearchError,
)
from rcasearch.settings import Settings, describe
from rcasearch.wording import clean

_ANSWERS_ONCE = {"search", "similar", "show", "recurrences", "insights", "info"}
_MOST_DAYS = 36_500
NOT_FOUND, USAGE, NO_INDEX, INTERRUPTED, BROKEN_PIPE = 1, 2, 3, 130, 141
_EXIT_CODES: dict[type[RcaSearchError], int] = {
    NotFoundError: NOT_FOUND,
    IndexMissingError: NO_INDEX,
    IndexMismatchError: NO_INDEX,
    IndexLockedError: NO_INDEX,
    EngineError: NO_INDEX,
    EngineRefusedError: NO_INDEX,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the return value is the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    parser = build_parser()
    args = _parse(parser, argv)
    if args.command is None:
        parser.print_help(sys.stderr)
        return USAGE
    if args.command != "index":
        # A query's products are small, and starting threads for large ones is a third of what importing numpy takes.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        with _uncollected() if args.command in {*_ANSWERS_ONCE, "index"} else nullcontext():
            code = int(args.run(args, _settings(args)))
        sys.stdout.flush()
    except RcaSearchError as error:
        return _fail(error.message, error.hint, exit_code(error))
    except BrokenPipeError:
        # Python would complain at exit when it flushes what nobody reads.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        return _fail(f"{error.strerror or error}{where}.", "Check the path, its permissions and the free space.", USAGE)
    return code


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without looking for garbage in cycles: there is hardly any, and looking takes a tenth of a command that answers once."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _parse(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> argparse.Namespace:
    """The arguments; words of a query may stand after an option as well, which argparse alone does not take."""
    args, extra = parser.parse_known_args(argv)
    if extra and (args.command not in ("search", "read") or any(word.startswith("-") for word in extra)):
        parser.error(f"unrecognized arguments: {' '.join(extra)}")
    if extra:
        args.text += extra
    return args


def _settings(args: argparse.Namespace) -> Settings:
    names = {name for name, *_ in describe()}
    flags = {name: value for name, value in vars(args).items() if name in names and name != "limit"}
    return Settings.load(flags, config=args.config)


def exit_code(error: RcaSearchError) -> int:
    """What the command exits with for an error."""
    return next((code for kind, code in _EXIT_CODES.items() if isinstance(error, kind)), USAGE)


def _fail(message: str, hint: str, code: int) -> int:
    print(f"rcasearch: {clean(message)}", file=sys.stderr)
    if hint:
        print(f"  {clean(hint)}", file=sys.stderr)
    return code


def build_parser() -> argparse.ArgumentParser:
    """The whole command line; a test compares its help with golden files."""
    parser = argparse.ArgumentParser(
        prog="rcasearch",
        description="Find the past incidents most like the one you are in, with root cause and resolution.",
        epilog=epilogs.MAIN,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"rcasearch {__version__}")
    parser.set_defaults(command=None)
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    _add_index(subparsers)
    _add_search(subparsers)
    _add_read(subparsers)
    _add_similar(subparsers)
    _add_show(subparsers)
    _add_recurrences(subparsers)
    _add_insights(subparsers)
    _add_info(subparsers)
    _add_serve(subparsers)
    _add_mcp(subparsers)
    _add_doctor(subparsers)
    _add_push(subparsers)
    _add_token(subparsers)
    _add_eval(subparsers)
    return parser


Subparsers = argparse._SubParsersAction  # argparse offers no public name for it


def _add(subparsers: Subparsers[argparse.ArgumentParser], name: str, help: str, epilog: str = "") -> argparse.ArgumentParser:
    parser = subparsers.add_parser(
        name,
        help=help,
        description=help[0].upper() + help[1:] + ".",
        epilog=epilog or None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=commands.COMMANDS[name])
    shared = parser.add_argument_group("settings", "each also as RCASEARCH_<NAME> or in rcasearch.toml")
    shared.add_argument("--index", metavar="DIR", help=f"the index folder (default: {Settings().index})")
    if name != "token":  # which has one of its own: whose index a token is for
        shared.add_argument("--tenant", metavar="NAME", help="whose index (default: the one of nobody in particular)")
    shared.add_argument("--model", metavar="NAME", help=f"a sentence-transformers model (default: {Settings().model})")
    shared.add_argument("--config", metavar="FILE", type=Path, help="a settings file instead of rcasearch.toml")
    return parser


def _add_index(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    parser = _add(subparsers, "index", "read folders of markdown RCAs into an index", epilogs.INDEX)
    parser.add_argument("sources", nargs="+", metavar="SOURCE", type=Path, help="a folder, or a markdown file")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a document has a problem")
    parser.add_argument("--fresh", action="store_true", help="make the index anew even where nothing changed")
    _add(subparsers, "migrate", "send the index of this machine to the engine of the setting store")


def _add_search(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    parser = _add(subparsers, "search", "find precedents for a description or a pasted alert", epilogs.SEARCH)
    parser.add_argument("text", nargs="*", metavar="TEXT", help="what you see; - or nothing reads standard input")
    told = "what the text is read as and is not to count: service:NAME, signature:NAME, concept:NAME or source:NAME"
    parser.add_argument("--ignore", action="append", metavar="KIND:NAME", help=told)
    _add_filters(parser)
    parser.add_argument("--json", action="store_true", help="print JSON, as the HTTP API answers")


def _add_read(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    parser = _add(subparsers, "read", "tell what is understood of a text or a pasted alert", epilogs.READ)
    parser.add_argument("text", nargs="*", metavar="TEXT", help="what to read; - or nothing reads standard input")
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def _add_filters(parser: argparse.ArgumentParser, limited: str = "incidents in the answer") -> None:
    parser.add_argument("-k", "--limit", metavar="N", help=f"{limited} (default: {Settings().limit})")
    _add_mere_filters(parser)


def _add_mere_filters(parser: argparse.ArgumentParser) -> None:
    filters = parser.add_argument_group("filters")
    filters.add_argument("--service", action="append", metavar="NAME", help="only incidents of this service; may be repeated")
    filters.add_argument("--severity", action="append", metavar="LEVEL", help="SEV1, P1, critical, … in any spelling")
    filters.add_argument("--tag", action="append", metavar="TAG", help="only incidents with this tag")
    filters.add_argument("--status", action="append", metavar="STATUS", help="resolved, open, …")
    filters.add_argument("--since", metavar="DATE", help="on or after 2025-11-16, 2025-11, 2025, or an age: 90d, 6m, 2y")
    filters.add_argument("--until", metavar="DATE", help="on or before that, in the same spellings")


def _add_similar(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    parser = _add(subparsers, "similar", "find the incidents most like one on record", epilogs.SIMILAR)
    parser.add_argument("id", metavar="ID", help="an incident's id or file name")
    _add_filters(parser)
    parser.add_argument("--json", action="store_true", help="print JSON, as the HTTP API answers")


def _add_show(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    parser = _add(subparsers, "show", "print one incident", epilogs.SHOW)
    parser.add_argument("id", metavar="ID", help="an incident's id or file name")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print it as JSON")
    form.add_argument("--markdown", action="store_true", help="print the document as it was written")


def _add_recurrences(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    parser = _add(subparsers, "recurrences", "list the failures that happened again, or print one", epilogs.RECURRENCES)
    parser.add_argument("id", nargs="?", metavar="ID", help="one failure in full, by its id or that of one of its incidents")
    parser.add_argument("--order", metavar="BY", help="last (the default), count or minutes: the last time, how often, how long")
    _add_filters(parser, "failures in the list")
    parser.add_argument("--json", action="store_true", help="print JSON, as the HTTP API answers")


def _add_insights(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    parser = _add(subparsers, "insights", "count incidents and minutes by month, severity and service", epilogs.INSIGHTS)
    _add_mere_filters(parser)
    parser.add_argument("--json", action="store_true", help="print JSON, as the HTTP API answers, with all months")


def _add_info(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    parser = _add(subparsers, "info", "tell what the index holds and how it was made")
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--problems", action="store_true", help="list every problem found in the documents instead")
    instead.add_argument("--verify", action="store_true", help="read every byte of the index and name the files that are damaged")


def _add_serve(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    parser = _add(subparsers, "serve", "answer searches in a browser and over HTTP")
    parser.add_argument("--host", help=f"the address to listen on (default: {Settings().host})")
    parser.add_argument("--port", help=f"the port to listen on, 0 for a free one (default: {Settings().port})")
    parser.add_argument("--threads", metavar="N", help=f"threads to answer with (default: {Settings().threads})")


def _add_mcp(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    parser = _add(subparsers, "mcp", "answer agents over the Model Context Protocol", epilogs.MCP)
    parser.add_argument("--http", action="store_true", help="answer HTTP at /mcp instead of stdin and stdout")
    parser.add_argument("--host", help=f"with --http: the address to listen on (default: {Settings().host})")
    parser.add_argument(
        "--port",
        "--mcp-port",
        dest="mcp_port",
        help=f"with --http: the port to listen on, 0 for a free one (default: {Settings().mcp_port})",
    )


def _add_doctor(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    parser = _add(subparsers, "doctor", "tell what is wrong with documents, secrets in them too", epilogs.DOCTOR)
    parser.add_argument("sources", nargs="*", metavar="SOURCE", type=Path, help="folders or files (default: those of the index)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def _add_push(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    parser = _add(subparsers, "push", "list, retry or drop the messages that answers are sent on in", epilogs.PUSH)
    parser.add_argument("action", choices=("list", "retry", "drop"), help="what to do with them")
    parser.add_argument("ids", nargs="*", metavar="ID", type=int, help="with retry and drop: which, by the numbers of the list")
    parser.add_argument("--dead", action="store_true", help="with retry and drop: all that are dead")
    parser.add_argument("--json", action="store_true", help="with list: print JSON")


def _add_token(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    parser = _add(subparsers, "token", "make, list or revoke the tokens by which a server knows who asks", epilogs.TOKENS)
    parser.add_argument("action", choices=("add", "list", "revoke"), help="what to do with them")
    parser.add_argument("names", nargs="*", metavar="NAME", help="with add and revoke: whose it is, a person or a program")
    told = "with add: what it allows (default: read); may be repeated"
    parser.add_argument("--scope", action="append", choices=("read", "ingest", "metrics", "admin"), help=told)
    parser.add_argument("--label", action="append", metavar="LABEL", help="with add: see documents with this label, * is any")
    told = "with add: whose index it is for (default: the server's own; * with --scope admin: any that a request names)"
    parser.add_argument("--tenant", metavar="NAME", dest="of", help=told)
    told = "with add: days until it expires, 0 is never (default: %(default)s)"
    parser.add_argument("--days", metavar="N", type=_days, default=365, help=told)
    parser.add_argument("--tokens-file", metavar="FILE", help="where they are kept (default: beside the index)")
    parser.add_argument("--json", action="store_true", help="with list: print JSON")


def _days(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > _MOST_DAYS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days from 0 to {_MOST_DAYS:,}")
    return int(text)


def _add_eval(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    parser = _add(subparsers, "eval", "measure the ranking on judged queries, or on the links of your documents", epilogs.EVAL)
    labels = parser.add_mutually_exclusive_group()
    labels.add_argument("--queries", metavar="FILE", type=Path, help=f"judged queries (default: {commands.QUERIES})")
    labels.add_argument("--from-links", action="store_true", help="take the links between the documents of the index for labels")
    parser.add_argument("--past-only", action="store_true", help="with --from-links: only older incidents may answer")
    parser.add_argument(
        "--run", metavar="FILE", type=Path, dest="run_file", help="write the rankings to this file, one line a query"
    )
    parser.add_argument("--ranker", choices=("hybrid", "plain"), default="hybrid", help="default: %(default)s")
    parser.add_argument("--ablate", action="store_true", help="also switch each leg of the ranking off in turn")
    parser.add_argument("--json", action="store_true", help="print the measures as JSON")
