"""A text -> what in it looks like keys, tokens and passwords, and the same text without them.

The forms are those of detect-secrets, as far as each of them identifies a credential by itself, and some that it lacks. Those of
its detectors that go by entropy are left out (every commit, digest and id is a find), so is the one of public addresses,
and so are those whose patterns take long on a hostile line. Nothing is looked up anywhere: the patterns are used, not the checks.

Every pattern takes a time that grows with the length of the text and no faster.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib import import_module
from typing import NamedTuple

from rcasearch.model import Problem

# Whoever knows better writes this into the line, as detect-secrets has it.
ALLOWED = "pragma: allowlist secret"
WARNING = "This looks like a secret"
# A document with more of them is told of so many.
_TOLD = 20
_HINT = "Revoke it, and take it out of the document and of its history; where it is none, write `" + ALLOWED + "` into the line."


class Credential(NamedTuple):
    """Where something that looks like a credential stands (offsets; a line from 1), and what it looks like."""

    start: int
    end: int
    line: int
    kind: str


class _Form(NamedTuple):
    """A pattern, asked only of texts with one of the ``hints`` in them: with a capital as it stands, else in either case.

    What its last group captures is the secret, else all of it. What is ``assigned`` to a name, in small letters, must have a
    letter and a digit, and be no placeholder.
    """

    kind: str
    hints: tuple[str, ...]
    pattern: re.Pattern[str]
    grouped: bool = True
    assigned: bool = False


# (module and class of detect-secrets, what we call it, hints, whether a group of its patterns is the secret)
_LIBRARY = (
    ("aws.AWSKeyDetector", "AWS key", ("AKIA", "ASIA", "ABIA", "ACCA", "A3T", "aws"), True),
    ("azure_storage_key.AzureStorageKeyDetector", "Azure storage key", ("AccountKey",), False),
    ("cloudant.CloudantDetector", "Cloudant credential", ("cloudant",), True),
    ("discord.DiscordBotTokenDetector", "Discord token", ("discord",), False),
    ("github_token.GitHubTokenDetector", "GitHub token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), False),
    (
        "gitlab_token.GitLabTokenDetector",
        "GitLab token",
        ("glpat", "gldt-", "glft-", "gloas-", "glsoat-", "glrt-", "glcbt-", "glimt-", "glptt-", "glagent-", "GR1348941"),
        False,
    ),
    ("ibm_cloud_iam.IbmCloudIamDetector", "IBM Cloud key", ("ibm", "iam"), True),
    ("ibm_cos_hmac.IbmCosHmacDetector", "IBM Cloud key", ("secret",), True),
    ("pypi_token.PypiTokenDetector", "PyPI token", ("pypi-",), False),
    ("sendgrid.SendGridDetector", "SendGrid key", ("SG.",), False),
    ("slack.SlackDetector", "Slack token", ("xox", "hooks.slack"), False),
    ("softlayer.SoftlayerDetector", "SoftLayer credential", ("softlayer",), True),
    ("square_oauth.SquareOAuthDetector", "Square secret", ("sq0csp-",), False),
    ("stripe.StripeDetector", "Stripe key", ("_live_",), False),
    ("telegram_token.TelegramBotTokenDetector", "Telegram token", (":AA",), False),
    ("twilio.TwilioKeyDetector", "Twilio key", ("AC", "SK"), False),
)


def _form(kind: str, hints: str, pattern: str, *, assigned: bool = False) -> _Form:
    return _Form(kind, tuple(hints.split()), re.compile(pattern), assigned=assigned)


# A key, token or secret is one where its name says of what; asked afterwards, which is ten times as fast.
_OF = ("api", "access", "account", "auth", "bearer", "client", "encryption", "refresh", "secret", "signing")
_NAME = r"(?:pass(?:w(?:or)?d|phrase)|pwd|key|token|secret)"
# In quotes; of one word right behind an equals sign; of one word at the end of a line.
_VALUE = (
    r"(?:[\"'`]?\s{0,3}(?:=>|:=|=|:)\s{0,3}([\"'`])([^\s\"'`]{6,200})\1|=([^\s\"'`&<>;,)\]]{6,200})"
    r"|:[ \t]{1,3}([^\s\"'`]{6,200})[ \t]{0,3}(?:\n|$))"
)
_OURS = (
    _form("JSON web token", "eyJ", r"(?<![\w=.-])eyJ[\w=-]{10,}\.[\w=-]{10,}(?:\.[\w=-]*)?"),
    _form("GitHub token", "github_pat_", r"(?<!\w)github_pat_\w{22,}"),
    _form("npm token", "npm_", r"(?<!\w)npm_[A-Za-z0-9]{36}"),
    _form("npm token", ":_authToken", r":_authToken\s{0,3}=\s{0,3}(\S{8,})"),
    _form("Google key", "AIza ya29. GOCSPX-", r"(?<![\w-])(?:AIza[\w-]{35}|ya29\.[\w-]{20,}|GOCSPX-[\w-]{28})"),
    _form("Slack token", "xapp- xoxe", r"(?<![\w-])(?:xapp-|xoxe[.-])[\w.-]{16,}"),
    _form("OpenAI or Anthropic key", "sk-", r"(?<![\w-])sk-(?:(?:proj|svcacct|admin|ant)-[\w-]{20,}|[A-Za-z0-9]{48})"),
    _form("Vault token", "hvs. hvb.", r"(?<![\w.])hv[sb]\.[\w-]{20,}"),
    _form("DigitalOcean token", "_v1_", r"(?<!\w)do[opr]_v1_[a-f0-9]{64}"),
    _form("Atlassian token", "ATATT3", r"(?<!\w)ATATT3[\w=-]{50,}"),
    _form("Databricks token", "dapi", r"(?<!\w)dapi[a-f0-9]{32}"),
    _form("Hugging Face token", "hf_", r"(?<!\w)hf_[A-Za-z]{34}"),
    _form("New Relic key", "NRAK-", r"(?<!\w)NRAK-[A-Z0-9]{27}"),
    _form("Artifactory token", "AKC", r"(?<![A-Za-z0-9])AKC[a-zA-Z0-9]{10,}"),
    _form("Mailchimp key", "-us", r"(?<![0-9a-z])[0-9a-f]{32}-us\d{1,2}(?!\d)"),
    _form("age key", "AGE-SECRET", r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    _form("token of rcasearch", "rcas_", r"(?<!\w)rcas_[\w-]{40,}"),
    _form("password in an address", "://", r"://[^\s:/@]{0,200}:([^\s/@]{3,200})@"),
    _form("password in a command", "curl", r"\bcurl\b[^\n]{0,200}?\s(?:-u|--user)[ =]?[\"']?[\w.@+-]{1,60}:([^\s\"']{4,})"),
    _form(
        "credential in a header",
        "authorization",
        r"authorization[\"'`]?\s{0,3}[:=]\s{0,3}[\"'`]?(?:bearer|basic|token|apikey|genie\s?key)\s{1,3}([\w.~+/=-]{8,})",
        assigned=True,
    ),
    _form("credential in a header", "-key -token", r"(?<!\w)x-[\w-]{0,30}(?:key|token):\s{0,3}([\w.~+/=-]{12,})", assigned=True),
    _form("password", "passw passphrase pwd key token secret", _NAME + _VALUE, assigned=True),
)
# What may follow where a pattern ends: the rest of the same token.
_REST = re.compile(r"[\w+/=~-]*(?:\.[\w+/=~-]+)*")
_PLACEHOLDER = re.compile(
    r"^[$%]|[<{*…]|^(?i:passw(?:or)?d|pass|pwd|secret|token)$|\.\.\.|(?i:x{4,}|redacted|masked|example|placeholder|changeme|your[_-])|^(?i:env|secrets?|vault|var|file|ref)[.:]"
)
_LETTER, _DIGIT = re.compile(r"[A-Za-z]"), re.compile(r"\d")
_ESCAPED = re.compile(r"\\(?=[_.=+~:/#*-])")
_KEY_BEGINS = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-\d")
_KEY_ENDS = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|Private-MAC: \w+")
# The lines of a key whose end is missing, or is not where it would be.
_KEY_LINES = re.compile(r"(?:\s*[A-Za-z0-9+/=>|]{16,}\s*(?:\n|\\n|$))*")
_LONGEST_KEY = 20_000


def find(text: str) -> list[Credential]:
    """What looks like a credential in a text, in order, none overlapping another."""
    spans = _spans(text)
    if _ESCAPED.search(text):
        # In prose, `ghp\_…` reads as `ghp_…`.
        spans += _unescaped(text)
    if not spans:
        return []
    breaks = [found.start() for found in re.finditer("\n", text)]
    found = [Credential(start, end, bisect_right(breaks, start - 1) + 1, kind) for start, end, kind in _merged(spans, text)]
    if ALLOWED not in text:
        return found
    lines = text.split("\n")
    return [one for one in found if ALLOWED not in lines[one.line - 1]]


def masked(text: str, found: Iterable[Credential]) -> str:
    """The text with a word of the same lines in the place of each credential."""
    parts, end = [], 0
    for one in found:
        parts += [text[end : one.start], f"(masked {one.kind})", "\n" * text.count("\n", one.start, one.end)]
        end = one.end
    return "".join([*parts, text[end:]])


def problems(path: str, found: Sequence[Credential], *, hidden: bool) -> Iterator[Problem]:
    """What is told of the credentials in a document: where, and what they look like, never what they are."""
    state = "it is masked in the index" if hidden else "everybody who can search can read it"
    for one in found[:_TOLD]:
        yield Problem(path, one.line, f"{WARNING} ({one.kind}); {state}.", _HINT)
    if rest := found[_TOLD:]:
        yield Problem(path, rest[0].line, f"{len(rest)} more that look like secrets begin here; {state}.", _HINT)


_Span = tuple[int, int, str]


def _spans(text: str) -> list[_Span]:
    lower = _lower(text)
    forms = [form for form in _OURS if _hinted(form.hints, text, lower)]
    forms += [form for number, entry in enumerate(_LIBRARY) if _hinted(entry[2], text, lower) for form in _entry(number)]
    keys = _keys(text) if "PRIVATE KEY" in text or "PuTTY-User" in text else ()
    return [*keys, *(span for form in forms for span in _of_form(form, lower if form.assigned else text))]


def _lower(text: str) -> str:
    """The text in small letters, each where it was: a few letters become two."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(map(_small, text))


def _small(letter: str) -> str:
    return letter if len(letter.lower()) > 1 else letter.lower()


def _hinted(hints: Sequence[str], text: str, lower: str) -> bool:
    return any(hint in (lower if hint.islower() else text) for hint in hints)


@cache
def _entry(number: int) -> tuple[_Form, ...]:
    """The patterns of an entry. Imported where one may be met: the library brings an HTTP client along."""
    name, kind, hints, grouped = _LIBRARY[number]
    module, _, detector = name.partition(".")
    patterns = getattr(import_module(f"detect_secrets.plugins.{module}"), detector).denylist
    return tuple(_Form(kind, hints, pattern, grouped) for pattern in patterns)


def _of_form(form: _Form, text: str) -> Iterator[_Span]:
    for match in form.pattern.finditer(text):
        start, end = match.span(match.lastindex or 0 if form.grouped else 0)
        if form.assigned and not (_is_named(text, match) and _is_secret(text[start:end])):
            continue
        if form.grouped and _PLACEHOLDER.search(text[start:end]):
            continue
        yield start, end, form.kind


def _is_named(text: str, match: re.Match[str]) -> bool:
    """Whether what a value is assigned to is, by its name, a credential."""
    before = text[max(0, match.start() - 12) : match.start()]
    return not match[0].startswith(("key", "token", "secret")) or before.rstrip("_-").endswith(_OF)


def _is_secret(value: str) -> bool:
    return bool(_LETTER.search(value) and _DIGIT.search(value))


def _keys(text: str) -> Iterator[_Span]:
    """The private keys, each up to its last line; without one, as far as the lines look like those of a key."""
    ends = [found.end() for found in _KEY_ENDS.finditer(text)]
    for begin in _KEY_BEGINS.finditer(text):
        later = bisect_right(ends, begin.end())
        if later < len(ends) and ends[later] <= begin.end() + _LONGEST_KEY:
            yield begin.start(), ends[later], "private key"
        elif lines := _KEY_LINES.match(text, begin.end(), begin.end() + _LONGEST_KEY):
            yield begin.start(), lines.end(), "private key"


def _unescaped(text: str) -> Iterator[_Span]:
    """What is found where markdown's escapes are read as what they stand for."""
    marks = [found.start() for found in _ESCAPED.finditer(text)]
    # The offset in the shorter text from which so many escapes lie before.
    places = [mark - number for number, mark in enumerate(marks)]
    for start, end, kind in _spans(_ESCAPED.sub("", text)):
        yield start + bisect_right(places, start), end + bisect_right(places, end - 1), kind


def _merged(spans: Iterable[_Span], text: str) -> Iterator[_Span]:
    """The spans in order, each to the end of its token; those that overlap as one of the kind that begins first."""
    last: _Span | None = None
    for start, end, kind in sorted(spans):
        if last and start < last[1]:
            last = (last[0], max(last[1], _end_of_token(text, end) if end > last[1] else 0), last[2])
            continue
        if last:
            yield last
        last = (start, _end_of_token(text, end), kind)
    if last:
        yield last


def _end_of_token(text: str, end: int) -> int:
    rest = _REST.match(text, end)
    return rest.end() if rest else end
