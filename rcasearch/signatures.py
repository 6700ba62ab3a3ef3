"""Text -> the error signatures in it: what a system prints, the same on every machine, for one kind of failure.

Codes, names of exceptions and statuses are found by their form. Anything that people also write by chance, as numbers and
ordinary words are, counts only beside what makes it a code: 503 is a status in "HTTP 503" and a count in "503 orders".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Signature:
    """``text`` is written one way, however the source writes it. Codes of one ``family`` exclude each other as a cause."""

    family: str
    text: str

    def may_stand_in(self, lowered: str) -> bool:
        """Whether it is worth looking for its family in a text in lower case: a quick test that misses no code that counts."""
        hints = TELLING.get(self.family) or (self.text.rpartition(" ")[2].lower(),)
        return any(hint in lowered for hint in hints)


_ERRNO = frozenset(
    """E2BIG EACCES EADDRINUSE EADDRNOTAVAIL EAGAIN EALREADY EBADF EBUSY ECANCELED ECHILD ECONNABORTED ECONNREFUSED ECONNRESET
    EDEADLK EDQUOT EEXIST EFAULT EFBIG EHOSTDOWN EHOSTUNREACH EINPROGRESS EINTR EINVAL EIO EISDIR ELOOP EMFILE EMLINK EMSGSIZE
    ENAMETOOLONG ENETDOWN ENETRESET ENETUNREACH ENFILE ENOBUFS ENODATA ENODEV ENOENT ENOEXEC ENOLCK ENOLINK ENOMEM ENOSPC ENOSYS
    ENOTCONN ENOTDIR ENOTEMPTY ENOTFOUND ENOTSUP ENXIO EOVERFLOW EPERM EPIPE EPROTO ERANGE EROFS ESHUTDOWN ESOCKETTIMEDOUT
    ESPIPE ESRCH ESTALE ETIMEDOUT ETXTBSY EWOULDBLOCK EXDEV EAI_AGAIN EAI_FAIL EAI_NODATA EAI_NONAME""".split()
)
# States that drivers give where they know no better.
_ANY_STATE = ("HY000", "XX000", "00000")
_GRPC = (
    "CANCELLED INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED "
    "FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED"
).split()
_GRPC_NAMES = {name.replace("_", "").lower(): name for name in _GRPC}
_GRPC_ANY = "|".join((*_GRPC, *(name.title().replace("_", "") for name in _GRPC)))
_SIGNALS = "ABRT|BUS|FPE|ILL|INT|KILL|PIPE|QUIT|SEGV|SYS|TERM|TRAP|XCPU"
_X509 = "certificate has expired|certificate is not yet valid|certificate signed by unknown authority|certificate is valid for"
# The words that make an error of a constant, which else is the name of a setting.
_WRONG = (
    "ABORTED ALERT BAD BROKEN DEADLOCK DENIED DISCONNECTED DUPLICATE ENOUGH ERR ERROR EXCEEDED EXCEPTION EXHAUSTED EXPIRED FAIL "
    "FAILED FAILURE FAULT FORBIDDEN FULL INVALID ISE LOST MISMATCH MISSING NOT OVERFLOW REFUSED REJECTED RESET STALE TIMEDOUT "
    "UNAVAILABLE UNKNOWN UNREACHABLE VIOLATION"
).split()
_STATUS = r"40[0-9]|41[0-8]|42[1-9]|431|451|499|50[0-8]|511|52[0-9]|530"
_REASONS = (
    r"Internal Server Error|Bad Gateway|Service (?:Temporarily )?Unavailable|Gateway Time-?out|Too Many Requests|Forbidden|"
    r"Unauthorized|Not Found|Bad Request|(?:Request Entity|Payload|Content) Too Large|Conflict"
)
# After a verb, a number is a count where the thing counted follows ("returned 500 rows").
_NO_COUNT = r"(?! (?!for|to|on|from|and|or|in|with|when|after|while|since|because|at|until|instead|again|but|as|by)[A-Za-z])"
_VERBS = r"answer(?:s|ed|ing)?|return(?:s|ed|ing)?|respond(?:s|ed|ing)?|receiv(?:es?|ed|ing)|g[eo]ts?|fail(?:s|ed|ing)?"

_HTTP = (
    rf"(?i)\bhttps?(?:/\d(?:\.\d)?)?\"?(?:[ _-]?(?:status|response|error|code)){{0,2}}\W{{0,3}}({_STATUS})(?![\w.])",
    rf"(?i)\b(?:[a-z]+_)?(?:status|code)(?:[ _]?code)?\W{{1,3}}({_STATUS})\b(?![.:-]?\d)",
    rf"(?i)(?<![\w.,-])({_STATUS})s?:? (?:{_REASONS})\b",
    rf"(?i)\b(?:{_VERBS})(?: with)?(?: an?| only)? ({_STATUS})s?\b(?![\w.,:%-]\w){_NO_COUNT}",
    # Seconds are written so as well, but not these numbers of them.
    r"(?<![\w.,=-])(401|403|404|429|502|503|504)s\b",
)

_RULES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("SQLSTATE", "SQLSTATE {}", (
        r"(?i:\bsqlstate|\bpgcode|\bsql state)\W{1,4}((?=[A-Z]{0,4}\d)[0-9A-Z]{5})\b",
        r"\bERROR [1-4]\d{3} \(((?=[A-Z]{0,4}\d)[0-9A-Z]{5})\)",
    )),
    ("Oracle", "{}", (r"(?i)(?<![\w-])((?:ORA|TNS|PLS|RMAN)-\d{4,5})\b",)),
    ("MySQL", "MySQL {}", (r"\bERROR ([1-4]\d{3}) \([0-9A-Z]{5}\)",)),
    ("HTTP", "HTTP {}", _HTTP),
    ("gRPC", "gRPC {}", (
        rf"(?:\bcode = |\bStatusCode\.|\bStatusRuntimeException: |\b\d{{1,2}} )({_GRPC_ANY})\b",
        rf"(?i:\bgrpc)[-_. ]?(?i:status|code)?\W{{1,3}}({_GRPC_ANY})\b",
        r"(?<!\w)(DEADLINE_EXCEEDED|RESOURCE_EXHAUSTED|FAILED_PRECONDITION)(?!\w)",
    )),
    # 0 is no failure, and 1 and 2 are any.
    ("exit", "exit code {}", (
        r"(?i)\bexit(?:ed|s)?(?: with)?[ _-]?(?:code|status)\W{1,12}([3-9]|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])\b(?!\.\d)",
    )),
    ("signal", "SIG{}", (rf"\bSIG({_SIGNALS})\b",)),
    ("x509", "x509: {}", (rf"(?i)\bx509: ({_X509})",)),
    ("errno", "{}", (r"(?<!\w)(E(?:AI_)?[A-Z0-9]{2,14})(?!\w)",)),
    ("exception", "{}", (r"(?<![A-Za-z0-9_])([A-Z][A-Za-z0-9]{1,60}(?:Exception|Error|Timeout|Fault))(?![A-Za-z0-9_])",)),
    ("pool", "{}", (r"(?<!\w)([A-Z][a-z]{2,20}Pool)(?=-\d|\W|$)",)),
    ("constant", "{}", (r"(?<!\w)([A-Z][A-Z0-9]{1,30}(?:_[A-Z0-9]{1,30}){1,8})(?!\w)",)),
)  # fmt: skip
_COMPILED = tuple((family, form, tuple(re.compile(rule) for rule in rules)) for family, form, rules in _RULES)
# Families in which another code is another failure, and the lower-case words of which one stands in every text that has a code of
# them. The others exclude nothing: a proxy turns one status into another, and exceptions wrap each other.
TELLING: dict[str, tuple[str, ...]] = {
    "SQLSTATE": ("sqlstate", "sql state", "pgcode", "error "),
    "Oracle": ("ora-", "tns-", "pls-", "rman-"),
    "MySQL": ("error ",),
    "gRPC": ("code = ", "statuscode.", "statusruntimeexception", "grpc", *(name.lower() for name in _GRPC)),
    "exit": ("exit",),
    "x509": ("x509",),
}


def signatures_in(text: str, families: Collection[str] | None = None) -> tuple[Signature, ...]:
    """The distinct signatures of a text, family by family in the order they stand in; only those ``families``, where given."""
    return tuple(dict.fromkeys(_found(text, families)))


def places(text: str) -> list[tuple[int, int, str]]:
    """Where which signature stands in a text, by the words of it that make the signature: (start, end, signature), in order."""
    return sorted((start, end, signature.text) for start, end, signature in _placed(text, None))


def _found(text: str, families: Collection[str] | None) -> Iterator[Signature]:
    return (signature for _, _, signature in _placed(text, families))


def _placed(text: str, families: Collection[str] | None) -> Iterator[tuple[int, int, Signature]]:
    for family, form, rules in _COMPILED:
        if families is None or family in families:
            found = sorted((match.start(1), match.end(1), match[1]) for rule in rules for match in rule.finditer(text))
            codes = ((start, end, _code(family, written)) for start, end, written in found)
            yield from ((start, end, Signature(family, form.format(code))) for start, end, code in codes if code)


def _code(family: str, written: str) -> str | None:
    """The code as it is written in a signature; None for what only looks like one."""
    if family == "SQLSTATE":
        return written if written not in _ANY_STATE else None
    if family == "errno":
        return written if written in _ERRNO else None
    if family == "constant":
        return written if _tells_of_an_error(written) else None
    if family == "gRPC":
        return _GRPC_NAMES[written.replace("_", "").lower()]
    return _spelled(family, written)


def _spelled(family: str, code: str) -> str:
    return code.upper() if family == "Oracle" else code.lower() if family == "x509" else code


def _tells_of_an_error(constant: str) -> bool:
    return constant not in _GRPC and constant not in _ERRNO and not set(constant.split("_")).isdisjoint(_WRONG)


def printed(known: str, text: str) -> str | None:
    """The known message as the text prints it, in whole words and in whatever case; None where the text does not."""
    before = r"(?<![^\W_])" if known[:1].isalnum() else ""
    after = r"(?![^\W_])" if known[-1:].isalnum() else ""
    found = re.search(before + re.escape(known) + after, text, re.IGNORECASE) if known else None
    return found[0] if found else None
