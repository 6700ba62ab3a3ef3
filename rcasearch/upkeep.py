"""What the commands for the operator do: what ails documents, messages that wait, and tokens."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rcasearch.errors import InvalidQueryError
from rcasearch.settings import Settings
from rcasearch.terminal import color, page, print_json, width

if TYPE_CHECKING:
    from rcasearch.tokens import TokenFile


def doctor(args: argparse.Namespace, settings: Settings) -> int:
    """Tell what is wrong with documents, secrets in them too, and make no index. The exit code is 1 where anything is."""
    from rcasearch.model import Problem
    from rcasearch.readers.corpus import read
    from rcasearch.render import problem_as_dict
    from rcasearch.render_text import problems_as_text
    from rcasearch.wording import plural

    problems: list[Problem] = []
    hidden, documents = settings.secrets == "mask", 0
    for one in read(args.sources or _sources(settings), max_bytes=settings.max_document_bytes, mask=hidden):
        documents += not isinstance(one, Problem)
        problems += [one] if isinstance(one, Problem) else one.problems
    if args.json:
        print_json([problem_as_dict(problem) for problem in problems])
    else:
        page(problems_as_text(problems, width(sys.stdout), color(sys.stdout), limit=None))
        print(f"{plural(len(problems), 'problem')} in {plural(documents, 'document')}.", file=sys.stderr)
    return 1 if problems else 0


def _sources(settings: Settings) -> list[Path]:
    """What the index in force was made of."""
    from rcasearch.stores.generations import current
    from rcasearch.stores.manifests import read_manifest
    from rcasearch.stores.tenants import folder_of

    return [Path(source) for source in read_manifest(current(folder_of(settings))).info.sources]


def push(args: argparse.Namespace, settings: Settings) -> int:
    """List the messages that wait to be delivered or are dead, try them again, or forget them."""
    from rcasearch.push import PushQueue, queue_path
    from rcasearch.push.upkeep import change, listing, messages_as_dicts

    with closing(PushQueue(queue_path(settings))) as queue:
        if args.action != "list":
            print(change(queue, args.action, args.ids, dead=args.dead))
        elif args.json:
            print_json(messages_as_dicts(queue))
        else:
            page(listing(queue))
    return 0


def token(args: argparse.Namespace, settings: Settings) -> int:
    """Make a token and print it this once, list all, or take some back."""
    from rcasearch.tokens import TokenFile, tokens_path
    from rcasearch.tokens.upkeep import listing, revoke, tokens_as_dicts

    file, now = TokenFile(tokens_path(settings)), datetime.now(UTC)
    if args.action == "list":
        _none(args.names, "list")
        if args.json:
            print_json(tokens_as_dicts(file, now))
        else:
            page(listing(file, now))
    elif not args.names:
        told = f"Which token is not clear: `rcasearch token {args.action}` needs its name."
        raise InvalidQueryError(told, f"As in `rcasearch token {args.action} ana`.")
    elif args.action == "revoke":
        print(revoke(file, args.names))
    else:
        _none(args.names[1:], "add NAME")
        _make(file, args, now)
    return 0


def _make(file: TokenFile, args: argparse.Namespace, now: datetime) -> None:
    """The token alone goes to stdout, so that it can be sent on to where it belongs."""
    from rcasearch.tokens import READ
    from rcasearch.tokens.upkeep import add, told

    given, made = add(file, args.names[0], args.scope or [READ], args.label or [], args.days, now, args.of)
    print(f"{made.name}: {told(made, now)}. Its hash is in {file.path}; the token itself is told only now:", file=sys.stderr)
    print(given)


def _none(names: list[str], action: str) -> None:
    if names:
        raise InvalidQueryError(f"`rcasearch token {action}` takes no {names[0][:80]!r}.", "`rcasearch token --help` shows how.")
