"""What the rows of a timeline say about the course of the incident: first action, cause found, mitigated, resolved.

The words are chosen to be silent rather than wrong: a row that denies, plans, tries or doubts is not taken at its word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from rcasearch.model import Milestones, TimelineEvent


def _any(words: str) -> str:
    """A pattern for one of the phrases, which are set off by bars and may run over lines."""
    return "(?:" + "|".join(" ".join(phrase.split()) for phrase in words.split("|")) + ")"


def _pattern(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{' '.join(text.split())})" for text in alternatives), re.IGNORECASE)


_FIX = _any(
    """fix|hot-?fix|patch|mitigation|work-?around|roll-?back|revert|fail-?over|remediation|stop-?gap|fixed version|
    previous version|old version|last good version"""
)
_DONE = _any(
    """applied|deployed|completed?|completes|finished|in place|effective|rolled out|released|live|shipped|pushed|done|successful|
    succeeded|implemented|promoted|enabled|everywhere|restored"""
)
_BACK = _any(
    """back (?:to|at|on) (?:normal|baseline|healthy|usual|its usual)|returns? to (?:normal|baseline|usual)|
    returned to (?:normal|baseline|usual)|recover(?:ed|ing|s|y)|normali[sz]ed|stabili[sz]ed|healthy again|
    f[ae]lls?|dropp?(?:ed|s|ing)|declin(?:ed|es|ing)|decreas(?:ed|es|ing)|drain(?:ed|s)"""
)
_TROUBLE = _any(
    """errors?(?: rates?)?|failures?(?: rates?)?|5\\d\\ds?|4\\d\\ds?|5xx|timeouts?|evictions?|drops?|restarts|crashes|latency|
    lag|backlog|queues?|impact|alerts?|refusals|rejections|complaints"""
)
_OVER = _any(
    "stop|stops|stopped|over|vanish(?:es|ed)?|gone|cease[sd]?|end|ends|ended|clears?|cleared|disappear(?:s|ed)?|(?:at |"
    "to |is )?zero"
)
_PARTS = _any(
    """services?|systems?|sites?|traffic|checkout|api|users?|customers?|access|connectivity|functionality|log-?ins?|orders|payments?|
    sales|reads|writes|inserts|pods|clusters?|consumers?|gates?|searches|search|mails?|scanners?|sessions"""
)
_AGAIN = _any("flow|work|answer|succeed|run|serve|respond|scan|sell|return|arrive")

_FIRST_ACTION = _pattern(
    r"\back(?:s|ed|nowledge[sd]?|nowledg(?:ing|ement))?\b",
    r"\binvestigat(?:ions?|ing|ed|es?)\b",
    r"\b(?:engineers?|on-?call|responders?|team|sre|dba|colleague)\b[^.;|]{0,40}\b(?:joins?|joined|responds?|responded|"
    r"engage[sd]?|looks?|"
    r"looked|checks?|checked|opens?|opened|starts?|started|begins?|began|takes over|logs? (?:in|on)|logged (?:in|on))\b",
    r"\btriag(?:e|ed|es|ing)\b",
    r"\b(?:incident|sev\S{0,20}|p[0-5]) (?:was )?(?:declared|opened|raised|created)\b|\bdeclared (?:an? |the )?(?:incident|"
    r"sev\S{0,20}|p\d)\b",
    r"\b(?:incident|war)[- ](?:channel|room|bridge|call)\b",
    r"\b(?:rolled back|rolling back|restarted|restarting|reverted|reverting|failed over|scaled (?:up|out)|inspected|"
    r"examined|checked|looked at)\b",
)
_CAUSE = _pattern(
    r"\b(?:root[- ])?cause (?:(?:is|was|has been|had been) )?(?:identified|found|confirmed|determined|isolated|located|"
    r"established|understood|"
    r"known|clear|discovered|pinpointed|spotted|diagnosed)\b",
    r"\b(?:identif(?:y|ies|ied)|found|finds|confirm(?:s|ed)|determine[sd]|isolate[sd]|locate[sd]|establishe[sd]|"
    r"discover(?:s|ed)|"
    r"pinpoint(?:s|ed)|spot(?:s|ted)|diagnose[sd]|understood) (?:[\w-]+ ){0,6}?(?:cause|culprit|bug|defect|offending|"
    r"regression|misconfiguration|"
    r"leak|root of|source of|reason)\b",
    r"\b(?:cause|problem|issue|errors?|failures?|incident|outage|regression|leak|spike|latency|source|change)\b[^.;|]{0,40}"
    r"\b(?:traced|narrowed(?: down)?|pinned|attributed|tracked(?: down)?) (?:back )?to\b",
    r"\b(?:traced|tracked|attributed) (?:it |this |back |down )*to\b|^\W*(?:understood|found:)",
    r"\b(?:culprit|bug|defect|fault|leak|mismatch|timeout|quota|race|overflow|conflict|misconfiguration|regression|"
    r"deadlock|typo|offending [\w-]+) (?:(?:is|was|"
    r"has been|had been) )?"
    r"(?:identified|found|pinpointed|isolated|located|diagnosed|spotted|confirmed)\b",
    r"\b(?:issue|problem) (?:(?:is|was|has been|had been) )?(?:identified|pinpointed|isolated|diagnosed)\b",
)
_MITIGATED = _pattern(
    r"\bmitigated\b",
    rf"\b{_FIX}\b (?:[^\s.;|]+ ){{0,6}}?(?:(?:was|is|has been|been|were) )?(?:(?:fully|successfully|now) )?{_DONE}\b",
    rf"\b(?:applied|deployed|rolled out|released|shipped|pushed|completed|finished|implemented|"
    rf"promoted) (?:[\w-]+ ){{0,4}}?{_FIX}\b",
    r"\b(?:rolled[- ]back|reverted|failed over)\b",
    r"\btraffic (?:\w+ ){0,3}?(?:shifted|re-?routed|drained|moved|redirected|switched|restored)\b",
    r"\b(?:shifted|re-?routed|drained|redirected|switched) (?:\w+ ){0,3}?traffic\b",
    rf"\b{_TROUBLE}\b[^.;|]{{0,40}}\b(?:{_BACK}|{_OVER})\b",
    rf"\b{_PARTS}\b[^.;|]{{0,30}}\b(?:restored|recovered|recovering|recovers|recovery|healthy again|back to normal)\b",
    rf"\b{_AGAIN}(?:s|es|ing)? again\b|\b(?:readable|reachable|available|healthy|usable|writable|open) again\b|\b(?:is|"
    rf"are|was|were|come|comes|came) up again\b",
    r"\brecovery (?:was )?(?:observed|seen|confirmed|visible)\b",
    r"\bconfirmed (?:healthy|recovered|restored|clean)\b",
    r"^\W*(?:fully )?recovered\b",
)
_CLOSED = _pattern(
    r"\bresolved\b(?! to\b)",
    r"\b(?:incident|issue|outage|bridge|sev\S{0,20}|p[0-5]|ticket) (?:(?:was|is|has been|declared|marked|formally|"
    r"officially) )*(?:closed|over|ended)\b",
    r"\b(?:closed|ended|closing) (?:the |this )?incident\b",
    r"\ball[- ]clear\b",
    r"\bend of (?:the )?(?:incident|outage)\b|\bchannel (?:is |was )?closed\b",
    r"^\W*(?:closed|end|ended|over|incident over)\W*$",
    r"\b(?:incident|outage) (?:end|ends|stands down|stood down)\b|\bst(?:oo|an)d(?:ing)? down\b",
)
_HEALTHY = _pattern(
    r"\b(?:full|fully|complete|completely|total|totally) (?:service )?(?:recover(?:y|ed)|restor(?:ed|ation)|operational|"
    r"healthy)\b",
    r"\b(?:services?|operations?|systems?|everything|functionality|traffic|performance)\b[^.;|"
    r"]{0,30}\b(?:back to normal|returned to normal|"
    r"fully restored|confirmed healthy|normal again|operating normally)\b",
    r"\bnormal (?:operations?|service) (?:(?:was|were) )?(?:resumed|restored)\b|\bresum\w+ normal (?:operations?|service)\b",
)
_DENIED_BEFORE = re.compile(
    r"\b(?:not|no|never|\w+n't|un(?:able|successful\w*)|without|fail(?:s|ed|ing)?|yet|before|until|if|whether|"
    r"attempt\w*|try(?:ing)?|tried|plan\w*|"
    r"decid\w+|decision|prepar\w+|propos\w+|consider\w*|discuss\w*|suggest\w*|start(?:s|ed|ing)?|begin(?:s|ning)?|began|"
    r"initiat\w+|await\w*|wait\w*|"
    r"suspect\w*|suspicion|hypothes\w+|possib\w+|potential\w*|likely|partial\w*|incomplete\w*|to be|being|would|will|"
    r"should|could|might|may|hop\w+|"
    r"search\w*|look\w* for|still|only)\b[^.;,|]{0,40}$",
    re.IGNORECASE,
)
_DENIED_AFTER = re.compile(
    r"^[^.;|,]{0,30}\b(?:fail(?:s|ed)?|did not|didn't|does not|reopened|aborted|start(?:s|ed)|beg[ai]ns?|initiated|"
    r"in progress|under ?way|ongoing|"
    r"scheduled|planned|requested|pending|attempted|considered|suspected)\b",
    re.IGNORECASE,
)
# Said anywhere in a row, these mean that what was done did not help.
_IN_VAIN = re.compile(
    r"\b(?:worse|no effect|without effect|no change|no improvement|no difference|(?:did|does)(?: not|n't) help|"
    r"not enough|ineffective|too early|"
    r"waits|stuck|still (?:failing|broken|down|high|rising)|keeps? (?:failing|rising|growing)|continues? to (?:fail|"
    r"rise|grow)|wrong turn|"
    r"errors return|(?:does|did|do)(?: not|n't) recover|(?:stays?|remains?) (?:bad|high|down|broken)|problem moves|"
    r"comes back|came back)\b",
    re.IGNORECASE,
)


# A milestone further from the start than this many times the stated duration is of something else.
_LONGEST = 1.5


def milestones(events: Sequence[TimelineEvent], duration: int | None = None) -> Milestones:
    """The minute of the first row of each kind after the start; None where no row's wording tells.

    The row that starts the incident is where minutes count from, so it is none of them. ``duration`` is the stated one
    in minutes: what comes after one and a half times of it is left out.
    """
    timed = list(_course(events, duration))
    mitigated = _first(timed, _MITIGATED)
    later = [(minute, text) for minute, text in timed if mitigated is None or minute >= mitigated]
    closed = _first(later, _CLOSED)
    return Milestones(
        first_action=next((minute for minute, text in timed if tells_action(text)), None),
        cause_found=_first(timed, _CAUSE),
        mitigated=mitigated,
        resolved=_first(later, _HEALTHY) if closed is None else closed,
    )


@lru_cache(maxsize=8192)
def tells_action(text: str) -> bool:
    """Whether a row says that somebody had begun to act."""
    return _FIRST_ACTION.search(text) is not None


def tells_end(text: str) -> bool:
    """Whether a row says that the incident was mitigated or over."""
    return any(_tells(text, pattern) for pattern in (_MITIGATED, _CLOSED, _HEALTHY))


def _course(events: Sequence[TimelineEvent], duration: int | None) -> Iterator[tuple[int, str]]:
    started = next((number for number, event in enumerate(events) if event.minute == 0), len(events))
    for event in events[started + 1 :]:
        if event.minute is not None and not (duration and event.minute > duration * _LONGEST):
            yield event.minute, event.text[:600]


def _first(timed: Iterable[tuple[int, str]], pattern: re.Pattern[str]) -> int | None:
    return next((minute for minute, text in timed if _tells(text, pattern)), None)


# A row is asked for the end of the incident when its start is looked for, and again for its milestones.
@lru_cache(maxsize=8192)
def _tells(text: str, pattern: re.Pattern[str]) -> bool:
    """Whether a row says what the pattern looks for, and that it helped."""
    return any(_holds(text, match) for match in pattern.finditer(text)) and not _IN_VAIN.search(text)


def _holds(text: str, match: re.Match[str]) -> bool:
    """Whether a match is neither denied, nor planned, nor undone by the words around it."""
    return not _DENIED_BEFORE.search(text[: match.start()]) and not _DENIED_AFTER.match(text[match.end() :])
