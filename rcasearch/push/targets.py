"""Who is told of answers: the ``[[push]]`` tables of the settings file. Nothing is ever sent to anybody else."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from rcasearch.errors import SettingsError
from rcasearch.model import Verdict
from rcasearch.push.sending import is_nobodys, is_private
from rcasearch.push.template import check_template
from rcasearch.settings import NAME as TENANT_NAME
from rcasearch.settings import Settings

TargetKind = Literal["slack", "pagerduty", "webhook"]
Hook = Literal["alertmanager", "grafana", "pagerduty", "opsgenie", "generic"]
HOOKS: tuple[Hook, ...] = get_args(Hook)
PAGERDUTY_API = "https://api.pagerduty.com"
# The answers of the slash command go here and nowhere else.
SLASH_COMMAND = "slack-command"
SLACK_HOST = "hooks.slack.com"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,60}")
# Keys whose values are secret may instead name a file that holds them.
_SECRETS = ("url", "token")
_KEYS = {"name", "kind", "hooks", "verdicts", "limit", "private", "from", "template", "content_type", "headers", "tenant"}


@dataclass(frozen=True, slots=True)
class Target:
    """A receiver. ``url``, ``token`` and ``headers`` are secret: they are never logged, listed or written to the queue.

    ``private`` allows a name that leads to an address of a private network. ``limit`` is the number of precedents told.
    ``tenant`` is whose answers it is told of: None is the server's own.
    """

    name: str
    kind: TargetKind
    url: str = field(repr=False)
    hooks: frozenset[str] = frozenset(HOOKS)
    verdicts: frozenset[str] = frozenset({"strong", "possible"})
    limit: int = 3
    private: bool = False
    token: str = field(default="", repr=False)
    sender: str = ""
    template: str = ""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    tenant: str | None = None

    def wants(self, hook: str, verdict: str, tenant: str | None = None) -> bool:
        """Whether an answer of that verdict to that hook is to be told, where it is out of the index of that tenant."""
        return hook in self.hooks and verdict in self.verdicts and tenant == self.tenant


def targets_of(settings: Settings) -> tuple[Target, ...]:
    """The targets that the settings name. Raises SettingsError naming the target and the key at fault."""
    try:
        tables = json.loads(settings.push or "[]")
        # An escape may stand for half of a character, which can be sent nowhere.
        json.dumps(tables, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise _wrong("push", f"is not JSON: {error}") from None
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise _wrong("push", "must be a list of tables")
    targets = tuple(_target(table, f"push[{number}]", settings.tenant) for number, table in enumerate(tables, 1))
    names = [target.name for target in targets]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise _wrong("push", f"names a target twice: {', '.join(twice)}")
    return targets


def _target(table: Mapping[str, Any], where: str, own: str) -> Target:
    known = _KEYS | set(_SECRETS) | {f"{key}_file" for key in _SECRETS}
    if unknown := sorted(set(table) - known):
        raise _wrong(where, f"has unknown keys: {', '.join(unknown)}")
    kind = _choice(table.get("kind"), get_args(TargetKind), f"{where}.kind")
    name = table.get("name", kind)
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name == SLASH_COMMAND:
        raise _wrong(f"{where}.name", "must be a short word of small letters, digits and hyphens")
    where = f"{where} ({name})"
    private = _flag(table.get("private", False), f"{where}.private")
    return Target(
        name=name,
        kind=kind,  # type: ignore[arg-type]
        url=_url(_secret(table, "url", where) or (PAGERDUTY_API if kind == "pagerduty" else ""), private=private, where=where),
        hooks=_hooks(table, kind, where),
        verdicts=_words(table.get("verdicts", ["strong", "possible"]), get_args(Verdict), f"{where}.verdicts"),
        limit=_limit(table.get("limit", 3), where),
        private=private,
        token=_token(table, kind, where),
        sender=_sender(table, kind, where),
        template=_template(table, kind, where),
        content_type=_text(table.get("content_type", "application/json"), f"{where}.content_type"),
        headers=_headers(table.get("headers", {}), kind, where),
        tenant=_tenant(table.get("tenant", own), own, f"{where}.tenant"),
    )


def _url(url: str, *, private: bool, where: str) -> str:
    """The address; without encryption only to this machine or to a private network, since it and its message are secret."""
    try:
        parts = urlsplit(url)
        # Names that no resolver takes are a UnicodeError here, and would be one whenever a message is sent.
        (parts.hostname or "").encode("idna")
        sane = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and parts.username is None
    except ValueError:
        sane = False
    if not sane or parts.fragment or any(ord(char) <= 0x20 or ord(char) > 0x7E for char in url):
        raise _wrong(f"{where}.url", "must be an address such as https://hooks.slack.com/services/…, without a name or password")
    if is_nobodys(parts.hostname or ""):
        raise _wrong(f"{where}.url", "must not be an address at which no receiver can be, as that of a machine's metadata")
    if parts.scheme == "http" and not (private or is_private(parts.hostname or "")):
        raise _wrong(f"{where}.url", "must begin with https://, unless it leads to a private network (private = true)")
    return url


def _hooks(table: Mapping[str, Any], kind: str, where: str) -> frozenset[str]:
    # Only a webhook of PagerDuty names the incident that a note belongs to.
    possible = ("pagerduty",) if kind == "pagerduty" else HOOKS
    return _words(table.get("hooks", list(possible)), possible, f"{where}.hooks")


def _token(table: Mapping[str, Any], kind: str, where: str) -> str:
    token = _secret(table, "token", where)
    if (kind == "pagerduty") != bool(token):
        raise _wrong(
            f"{where}.token", "must be an API key of PagerDuty" if not token else "is for PagerDuty; use headers instead"
        )
    return _one_line(token, f"{where}.token")


def _sender(table: Mapping[str, Any], kind: str, where: str) -> str:
    sender = _text(table.get("from", ""), f"{where}.from", empty=True)
    if (kind == "pagerduty") != ("@" in sender):
        raise _wrong(f"{where}.from", "must be the email address of a PagerDuty user, and is for PagerDuty only")
    return _one_line(sender, f"{where}.from")


def _template(table: Mapping[str, Any], kind: str, where: str) -> str:
    template = _text(table.get("template", ""), f"{where}.template", empty=True)
    if template and kind != "webhook":
        raise _wrong(f"{where}.template", "is for the kind webhook")
    if template and (problem := check_template(template)):
        raise _wrong(f"{where}.template", f"cannot be used: {problem}")
    return template


def _headers(headers: object, kind: str, where: str) -> tuple[tuple[str, str], ...]:
    if not isinstance(headers, dict) or (headers and kind != "webhook"):
        raise _wrong(f"{where}.headers", "must be a table of names and texts, and is for the kind webhook")
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not isinstance(value, str):
            raise _wrong(f"{where}.headers", "must be a table of names and texts")
        _one_line(value, f"{where}.headers.{name}")
    return tuple(headers.items())


def _tenant(tenant: object, own: str, where: str) -> str | None:
    if tenant == own:
        return None
    if not isinstance(tenant, str) or not TENANT_NAME.fullmatch(tenant):
        raise _wrong(where, "must be the name of a tenant, of small letters, digits and hyphens")
    return tenant


def _secret(table: Mapping[str, Any], key: str, where: str) -> str:
    """The value of a key, or what the file says that ``<key>_file`` names."""
    if key in table and f"{key}_file" in table:
        raise _wrong(f"{where}.{key}", f"is given twice: leave out {key} or {key}_file")
    if f"{key}_file" not in table:
        return _text(table.get(key, ""), f"{where}.{key}", empty=True)
    path = _text(table[f"{key}_file"], f"{where}.{key}_file")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        # Whoever wrote the secret itself there is not to find it in a log.
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise _wrong(f"{where}.{key}_file", f"names a file that cannot be read: {reason}") from None


def _choice(value: object, choices: tuple[str, ...], where: str) -> str:
    if not isinstance(value, str) or value not in choices:
        raise _wrong(where, f"must be one of: {', '.join(choices)}")
    return value


def _words(value: object, choices: tuple[str, ...], where: str) -> frozenset[str]:
    if not isinstance(value, list) or not value or not all(isinstance(word, str) and word in choices for word in value):
        raise _wrong(where, f"must be a list of some of: {', '.join(choices)}")
    return frozenset(value)


def _limit(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 10:
        raise _wrong(f"{where}.limit", "must be a whole number from 1 to 10")
    return value


def _flag(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(where, "must be true or false")
    return value


def _text(value: object, where: str, *, empty: bool = False) -> str:
    if not isinstance(value, str) or not (empty or value.strip()):
        raise _wrong(where, "must be text that is not empty")
    return value


def _one_line(value: str, where: str) -> str:
    if not value.isascii() or not value.isprintable():
        raise _wrong(where, "must be one line of ASCII")
    return value


def _wrong(where: str, what: str) -> SettingsError:
    return SettingsError(f"The setting {where} {what}.", "docs/hooks.md shows how targets are written.", field="push")
