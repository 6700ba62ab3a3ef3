"""What the rows of a timeline say about the course of the incident: first action, cause found, mitigated, resolved."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rcasearch.model import Milestones, TimelineEvent

# What makes a sentence say the contrary, or speak of an intention.
_NOT = r"(?:not|no|never|n't|un(?:able|successful\w*)|without|fail(?:s|ed|ing)?|yet|before|until|if|whether|attempt\w*|try(?:ing)?|tried|plan\w*|decid\w+|"\
    r"prepar\w+|propos\w+|consider\w*|discuss\w*|suggest\w*|start(?:s|ed|ing)?|begin(?:s|ning)?|began|begun|initiat\w+|await\w*|wait\w*|"\
    r"suspect\w*|hypothes\w+|possib\w+|potential\w*|likely|partial\w*|incomplete\w*|to be|being|would|will|should|could|might|may|hop\w+|"\
    r"search\w*|look\w* for|still)"  # fmt: skip
_FIX = r"(?:fix|hot-?fix|patch|mitigation|workaround|work-around|rollback|roll-back|revert|failover|fail-over|change|config(?:uration)? change|remediation)"
_DONE = r"(?:applied|deployed|complete[sd]?|completed|finished|in place|effective|rolled out|released|live|shipped|pushed|done|successful|succeeded|"\
    r"implemented|promoted|merged and deployed|enabled|took effect|lands?|landed)"  # fmt: skip
_BACK = r"(?:back to (?:normal|baseline|healthy|usual)|returned? to (?:normal|baseline|usual)|recover(?:ed|ing|s|y)|normali[sz]ed|stabili[sz]ed|subsid\w+|"\
    r"healthy again|(?:fell|falls|dropp?(?:ed|s|ing)?|declin\w+|decreas\w+))"  # fmt: skip


def _pattern(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{text})" for text in alternatives), re.IGNORECASE)


_FIRST_ACTION = _pattern(
    r"\b(?:ack|acked|acks|acknowledge[sd]?|acknowledg(?:ing|ement))\b",
    r"\binvestigat(?:ion|ions|ing|ed|es?)\b",
    r"\b(?:engineers?|on-?call(?: engineer)?|responders?|team|sre|dba|primary|secondary)\b[^.;|]{0,40}\b(?:joins?|joined|responds?|responded|engage[sd]?|"
    r"looks?|looked|looking|checks?|checked|opens?|opened|starts?|started|begins?|began|logs? in|logged (?:in|on))\b",
    r"\btriag(?:e|ed|es|ing)\b",
    r"\bincident (?:was )?(?:declared|opened|raised|created)\b|\bdeclared (?:an? |the )?(?:incident|sev\S*|p\d)\b",
    r"\b(?:incident|war)[- ](?:channel|room|bridge|call) (?:was )?(?:opened|created|started)\b|\bwar[- ]room\b",
    r"\b(?:rolled back|rolling back|restarted|restarting|reverted|reverting|failed over|scaled (?:up|out)|disabled|paused|drained)\b",
)
_CAUSE = _pattern(
    r"\b(?:root[- ])?cause (?:is |was |has been |had been )?(?:identified|found|confirmed|determined|isolated|located|established|understood|known|clear|"
    r"discovered|pinpointed|spotted|traced|diagnosed)",
    r"\b(?:identif(?:y|ies|ied)|found|finds?|confirm(?:s|ed)|determine[sd]|isolate[sd]|locate[sd]|establishe[sd]|discover(?:s|ed)|pinpoint(?:s|ed)|spot(?:s|ted)|"
    r"diagnose[sd]|understood) (?:\w+ ){0,4}?(?:cause|culprit|issue|problem|bug|source|defect|fault|offending|regression|misconfiguration|trigger)\b",
    r"\b(?:cause|problem|issue|errors?|failures?|incident|outage|regression|leak|spike|latency|source)\b[^.;|]{0,40}\b(?:traced|narrowed(?: down)?|pinned|"
    r"attributed|tracked(?: down)?) (?:back )?to\b",
    r"\b(?:traced|narrowed|pinned|attributed|tracked) (?:it |this |the [^.;|]{1,40} )?(?:back |down )?(?:to|on)\b",
    r"\b(?:issue|problem|bug|culprit|fault|defect|misconfiguration|offending \w+) (?:is |was |has been |had been )?(?:identified|pinpointed|isolated|located|diagnosed)",
    r"\b(?:points?|pointed|pointing) (?:clearly |directly )?(?:to|at) (?:the )?(?:deploy|release|change|commit|config|migration|flag|certificate)",
    r"\bcorrelat(?:ed|es|ion) (?:\w+ ){0,4}?(?:with|to|between)\b",
)
_MITIGATED = _pattern(
    r"\bmitigated\b",
    rf"\b{_FIX} (?:\w+ ){{0,4}}?(?:was |is |has been |been |were )?(?:fully |successfully |now )?{_DONE}\b",
    rf"\b(?:applied|deployed|rolled out|released|shipped|pushed|completed|finished|implemented|promoted) (?:\w+[\w-]* ){{0,4}}?{_FIX}\b",
    r"\b(?:rolled[- ]back|reverted)\b",
    r"\bfailed over\b",
    r"\btraffic (?:\w+ ){0,3}?(?:shifted|rerouted|re-routed|drained|moved|redirected|switched|restored)\b",
    r"\b(?:shifted|rerouted|re-routed|drained|moved|redirected|switched) (?:\w+ ){0,3}?traffic\b",
    rf"\b(?:error|failure|5xx|latency|queue|lag|errors|rates?|backlog|success)\b[^.;|]{{0,60}}\b{_BACK}",
    r"\b(?:impact|customer impact|user impact|errors?) (?:has |had )?(?:ends?|ended|stop(?:s|ped)?|ceased?|over|clear(?:s|ed))\b",
    r"\b(?:service|services|system|site|traffic|checkout|api|users?|customers?|access|connectivity|functionality|login|logins|orders|payments)\b[^.;|]{0,30}"
    r"\b(?:restored|recovered|recovering|recovers|recovery)\b",
    r"\brecovery (?:was )?(?:observed|seen|confirmed|visible)\b",
)
_RESOLVED = _pattern(
    r"\bresolved\b(?! to\b)",
    r"\b(?:incident|issue|outage|bridge|sev\S*|p[0-5]|ticket) (?:was |is |has been |declared |marked |formally |officially )*(?:closed|over|ended|complete)\b",
    r"\b(?:closed|ended|closing) (?:the |this )?incident\b",
    r"\ball[- ]clear\b",
    r"\b(?:full(?:y)?|complete(?:ly)?|total(?:ly)?) (?:service )?(?:recover(?:y|ed)|restor(?:ed|ation)|operational|healthy)\b",
    r"\b(?:service|services|operations?|systems?|everything|functionality|traffic|performance)\b[^.;|]{0,30}\b(?:back to normal|returned to normal|fully restored|"
    r"fully operational|fully recovered|confirmed healthy|normal again|operating normally)\b",
    r"\bnormal (?:operations?|service) (?:was |were )?(?:resumed|restored)\b|\bresum\w+ normal (?:operations?|service)\b",
    r"\b(?:incident|outage|impact) (?:end|ends|ended|stands down|stood down)\b|\bstood down\b|\bstand(?:ing)? down\b",
)
_NEGATED = re.compile(rf"\b{_NOT}\b[^.;,|]{{0,40}}$", re.IGNORECASE)
_CONTRARY_AFTER = re.compile(
    r"^[^.;|,]{0,25}\b(?:fail(?:s|ed)?|did not|didn't|does not|without effect|no effect|not help|not enough|reopened|ineffective|too early|aborted)\b"
    r"|^[^.;|,]{0,30}\b(?:start(?:s|ed)|beg[ai]ns?|initiated|in progress|under ?way|ongoing|scheduled|planned|requested|pending)\b",
    re.IGNORECASE,
)


def milestones(events: Sequence[TimelineEvent]) -> Milestones:
    """The minute of the first row of each kind; None where no row's wording tells."""
    mitigated = _first(events, _MITIGATED)
    return Milestones(
        first_action=_first(events, _FIRST_ACTION, strict=False),
        cause_found=_first(events, _CAUSE),
        mitigated=mitigated,
        resolved=_first(events, _RESOLVED, after=mitigated),
    )


def _first(events: Sequence[TimelineEvent], pattern: re.Pattern[str], strict: bool = True, after: int | None = None) -> int | None:
    for event in events:
        if event.minute is None or (after is not None and event.minute < after):
            continue
        text = event.text[:600]
        if any(not strict or _holds(text, match) for match in pattern.finditer(text)):
            return event.minute
    return None


def _holds(text: str, match: re.Match[str]) -> bool:
    """Whether a match is neither denied, nor planned, nor undone by the words around it."""
    return not _NEGATED.search(text[: match.start()]) and not _CONTRARY_AFTER.match(text[match.end() :])
