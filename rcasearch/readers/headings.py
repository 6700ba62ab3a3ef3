"""Headings as teams write them -> the kinds of section they announce, by the heading's own words and by what it stands under."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from rcasearch.model import Kind

Kinds = tuple[Kind, ...]

_SYNONYMS: dict[Kind, str] = {
    "summary": """
        summary; executive summary; issue summary; event summary; problem summary; short summary; overview; tldr; tl dr; abstract; synopsis;
        background; context; what happened; what has happened; description; outage description; problem statement; problem description;
        key takeaway; at a glance; introduction; general overview; high level summary; in short; in brief""",
    "symptoms": """
        symptom; what user saw; what customer saw; what we saw; error message; observed behaviour; observed behavior; alert; signal;
        problem; issue; observation; what was observed; user visible symptom""",
    "impact": """
        impact; customer impact; user impact; end user impact; business impact; infrastructure impact; productivity impact; client impact;
        service impact; financial impact; revenue impact; technical impact; internal impact; external impact; summary of impact;
        impact assessment; impact summary; impact analysis; impact statement; affected user; affected service; affected customer;
        affected system; affected component; service affected; system affected; who was affected; what was affected; what was impacted;
        who was impacted; impacted service; impacted system; impacted customer; impacted user; blast radius; scope; scope of impact;
        slo impact; sla impact; severity; consequence; damage; effect; data loss""",
    "timeline": """
        timeline; timeline of event; chain of event; chronology; sequence of event; timing; event log; lead up; leadup; narrative; event;
        event timeline; log of event; what happened when; response timeline; detailed timeline; chronological account; timetable""",
    "trigger": """
        trigger; triggering event; trigger event; fault; what caused; what caused it; what triggered; what triggered it; what caused the;
        precipitating event; initiating event; change that caused it; prologue; triggering condition; triggering change; fault description;
        immediate trigger""",
    "detection": """
        detection; how was it detected; how it was detected; how did we detect it; how we found out; how we detected it; alerting;
        time to detect; monitoring; discovery; how did we find out; detection method; how was the detected; how we noticed;
        how did we know; how we knew; alert and detection""",
    "root_cause": """
        root cause; root causes; root cause analysis; root cause analysi; rca; primary cause; cause; causes; causal analysis;
        technical analysis; diagnosis; why it happened; why did it happen; why did this happen; why this happened; why; underlying cause;
        claimed root cause; confirmed root cause; explanation of the failure mode; failure mode; cause analysis; cause of failure;
        cause of outage; cause of the failure; technical cause; direct cause; proximate cause; immediate cause; probable cause;
        likely cause; suspected cause; technical root cause; true cause; real cause; what went wrong technically; technical explanation;
        root cause and trigger; cause and trigger; underlying issue; underlying problem; the bug; what broke; what failed; mechanism;
        failure mechanism; technical root cause analysis; root cause summary; root cause statement; how it broke; why it broke""",
    "contributing_factors": """
        contributing factor; contributing condition; contributing conditions analysi; contributing cause; contributor;
        contributor enabler; enabler; process breakdown; aggravating factor; latent condition; vulnerability; finding; secondary cause;
        contributory factor; contributing factor and condition; systemic factor; systemic cause; factor; key finding; cofactor;
        what contributed; broader contributing factor""",
    "five_whys": """
        5 why; five why; 5 whys; five whys; the 5 why; five why analysi; 5 why analysi; five why root cause; five why analysis;
        5 why root cause; infinite how; cause chain; causal chain; why why analysi; why 1; why 2; why 3; why 4; why 5; why 6; why 7;
        1st why; 2nd why; 3rd why; 4th why; 5th why; first why; second why; third why; fourth why; fifth why""",
    "resolution": """
        resolution; resolution and recovery; recovery; mitigation and resolution; mitigation; mitigator; remediation; fix; the fix;
        workaround; action taken; actions taken; response; how we fixed it; how it was fixed; how was it fixed; how was it resolved;
        how did we fix it; how we resolved it; how it was resolved; how we responded; restoration; immediate action; immediate fix;
        epilogue; resolution step; mitigation step; recovery step; remediation step; remediation action taken; step taken;
        steps to resolve; resolution and mitigation; mitigation and recovery; solution; repair; corrective action taken; response and
        recovery; service restoration; fix applied; fix implemented; what fixed it; what we did; what did we do; what was done;
        immediate mitigation; short term fix; temporary fix; permanent fix; final fix; hotfix; rollback; immediate response;
        immediate remediation; containment; recovery action; recovery procedure; how we recovered; resolution detail;
        resolution summary; detail of the resolution; mitigation action; stop the bleeding; what we did to fix it;
        how we mitigated it; actions taken to resolve; remedy""",
    "verification": """
        verification; validation; how we confirmed recovery; how we verified; confirmation; recovery verification; fix verification;
        how we know it is fixed; how we knew it was fixed""",
    "lessons": """
        lesson learned; lesson learnt; lesson; learning; key learning; takeaway; what went well; what worked; what worked well; went well;
        what went wrong; what went badly; what went poorly; what did not work; what didnt work; what did not go well; what didnt go well;
        what could have gone better; what could be improved; what can be improved; what could be better; what to improve;
        what we could do better; what we can do better; where we got lucky; got lucky; how d we do; howd we do; how did we do;
        how we did; difficulty; challenge; challenge in handling; wrong turn; open question; reflection; retrospective; what we learned;
        what did we learn; what we learnt; conclusion; area for improvement; improvement area; the good; the bad; the lucky;
        the ugly; good; bad; lucky; what slowed us down; surprise; discussion; analysis of the response; unanswered question""",
    "action_items": """
        action item; action; action items and followup; action item and follow up; follow up; followup; follow up action; follow up item;
        follow up task; corrective action; preventative action; corrective and preventative action; corrective and preventive action;
        preventative measure; preventive measure; corrective measure; capa; next step; recommendation; prevention; preventing recurrence;
        prevention of recurrence; recurrence prevention; preventive action; prevention measure; remediation item; remediation plan;
        backlog check; todo; to do; fixes; what are we doing about this; what we are doing about this; what are we doing; improvement;
        planned improvement; future work; planned action; task; ticket; jira; jira ticket; future prevention; plan; action plan;
        long term fix; long term action; short term action; what we will do; what will we do; what we are changing; what we will change;
        how we will prevent this; how will we prevent this; how do we prevent this; how we prevent this from happening again; mitigation plan;
        remediation and follow up; remediation and prevention; outstanding work; outstanding item; remaining work; commitment; to dos;
        what we have done since; what changes; changes we are making; what is next; whats next; going forward; moving forward""",
    "related": """
        related; related incident; recurrence; similar; similar incident; previous occurrence; see also; linked; linked incident; prior;
        prior incident; past incident; previous incident; previous; related document; related postmortem; related issue; related page;
        past; history; related event; related rca; has it happened before; has this happened before; previous outage; related outage;
        precedent; seen before; earlier occurrence; prior occurrence""",
    "people": """
        responder; attendee; atendee; participant; people; name of people involved; people involved; role; owner; author; who; team;
        incident commander; commander; on call; contact; who responded; who was involved; involved; responding team; review attendee;
        stakeholder; participating team; contributors list; response team; reviewer; approver""",
    "stats": """
        stat; statistic; metric; key fact; key figure; start date; end date; start time; end time; start; end; duration; category; fact;
        time to recovery; time to recover; time to resolve; time to mitigate; metadata; detail table; key metric; mttr; mttd; date;
        status; id; property; information; vital; fact sheet; info; summary table; basic information; general information; date time;
        incident information; incident data; at a glance table; report information; document information; classification""",
    "support": """
        appendix; appendice; supporting document; supporting information; reference; link; evidence; graph; data link; messaging;
        external message; internal message; communication; external communication; internal communication; screenshot; log; dashboard;
        resource; footnote; glossary; further reading; source; attachment; supporting data; chart; status page; customer communication;
        public statement; revision history; change log; document history; disclaimer; note; credit; acknowledgement; acknowledgment""",
}  # fmt: skip

# Words that, alone before a colon in running text, are too common to be taken for a heading.
_WEAK_LABELS = frozenset(
    "response monitoring fault alert signal metric problem issue scope evidence graph link category role event action task ticket note "
    "log good bad lucky who why team people history past previous similar prior related involved source resource plan factor date status "
    "id start end duration information info property discussion surprise challenge difficulty conclusion context reference author owner "
    "who was impacted credit commitment observation contact effect damage background discovery confirmation communication improvement "
    "recommendation change classification severity data dashboard chart screenshot linked vital fact stat statistic solution plan what "
    "description introduction overview".split()
)

# A phrase anywhere in a short heading, tried in this order when the heading as a whole is not known.
_PHRASES: tuple[tuple[str, Kind], ...] = (
    ("5 why", "five_whys"),
    ("five why", "five_whys"),
    ("contributing factor", "contributing_factors"),
    ("contributing condition", "contributing_factors"),
    ("root cause", "root_cause"),
    ("action item", "action_items"),
    ("follow up", "action_items"),
    ("corrective action", "action_items"),
    ("preventive action", "action_items"),
    ("preventative action", "action_items"),
    ("next step", "action_items"),
    ("prevent", "action_items"),
    ("lesson", "lessons"),
    ("what went", "lessons"),
    ("go well", "lessons"),
    ("gone better", "lessons"),
    ("got lucky", "lessons"),
    ("timeline", "timeline"),
    ("chronology", "timeline"),
    ("what triggered", "trigger"),
    ("what caused", "root_cause"),
    ("caused by", "root_cause"),
    ("what happened", "summary"),
    ("executive summary", "summary"),
    ("resolved", "resolution"),
    ("how we fixed", "resolution"),
    ("fixed it", "resolution"),
    ("related incident", "related"),
)
# A word that begins or ends a heading of few words ("Initial mitigation", "Impact on customers").
_EDGE_WORDS: tuple[tuple[str, Kind], ...] = (
    ("impact", "impact"),
    ("mitigation", "resolution"),
    ("resolution", "resolution"),
    ("remediation", "resolution"),
    ("workaround", "resolution"),
    ("recovery", "resolution"),
    ("fix", "resolution"),
    ("cause", "root_cause"),
    ("detection", "detection"),
    ("trigger", "trigger"),
    ("symptom", "symptoms"),
    ("summary", "summary"),
    ("overview", "summary"),
    ("verification", "verification"),
    ("participant", "people"),
    ("responder", "people"),
    ("appendix", "support"),
)

# Under these, every heading below speaks of the parent's matter, unless it is one of the kinds named.
_ABSORBING: dict[Kind, frozenset[Kind]] = {
    "action_items": frozenset({"related", "timeline"}),
    "lessons": frozenset({"action_items", "related", "timeline", "root_cause", "five_whys"}),
    "related": frozenset(),
    "people": frozenset({"timeline"}),
    "support": frozenset({"timeline", "action_items", "related", "root_cause", "resolution", "five_whys"}),
    "impact": frozenset({"timeline", "root_cause", "resolution", "action_items", "lessons", "related", "detection", "trigger", "symptoms"}),
    "symptoms": frozenset({"timeline", "root_cause", "resolution", "action_items", "lessons", "related", "detection", "trigger", "impact"}),
    "resolution": frozenset({"verification", "action_items", "lessons", "timeline", "root_cause", "impact", "related", "detection"}),
}  # fmt: skip
_SHARED_UNDER_TIMELINE: frozenset[Kind] = frozenset({"detection", "resolution", "trigger", "verification", "root_cause"})

_NUMBERING = re.compile(r"^(?:(?:section|part|step)\s+)?(?:\d+(?:\.\d+)*[.):]*|[ivxIVX]{1,5}[.)]|[a-zA-Z][.)])\s+")
_PARENTHESES = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_FILLER = re.compile(r"\b(?:incident|post ?mortem|outage report)s?\b")
_ENDS = re.compile(r"^(?:the|our|a|an|of|and|for|about|report|on)\s+|\s+(?:of|the|for|about|on|in|and|of the|of this)$")
_JOINTS = re.compile(r"\s*(?:\band\b|/|,|\+|\bor\b|;|\bwith\b)\s*")
_TAIL = re.compile(r"\s*(?::|\s[-\u2013\u2014]+\s|\||\u2014|->|\u2192)\s*")


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def normal(heading: str) -> str:
    """A heading's words for comparison: lower case, no numbering, emoji, parentheses, punctuation, plural s or "incident"."""
    text = _PARENTHESES.sub(" ", unicodedata.normalize("NFKC", heading))
    return _words(_NUMBERING.sub("", text.strip(" \t*_#:.-")))


def _words(text: str) -> str:
    lowered = text.lower().replace("&", " and ").replace("'", "").replace("\u2019", "")
    letters = re.sub(r"[^\w\s]|_", " ", lowered)
    bare = _FILLER.sub(" ", " ".join(letters.split()))
    words = " ".join(_singular(word) for word in bare.split())
    while (shorter := _ENDS.sub("", words)) != words:
        words = shorter
    return words


def _table() -> dict[str, Kind]:
    known: dict[str, Kind] = {}
    for kind, phrases in _SYNONYMS.items():
        for phrase in phrases.split(";"):
            known.setdefault(_words(phrase) or phrase.strip(), kind)
    return known


_KNOWN = _table()


@lru_cache(maxsize=4096)
def kinds_of(heading: str) -> Kinds:
    """The kinds a heading announces by its own words, more than one for a combined heading; empty when it tells none."""
    if len(heading) > 200:
        return ()
    text = normal(heading)
    # "5 whys" begins with a number that is no numbering.
    for candidate in (text, _words(_PARENTHESES.sub(" ", unicodedata.normalize("NFKC", heading)))):
        if candidate in _KNOWN:
            return (_KNOWN[candidate],)
    return _combined(heading) or _by_phrase(text)


def _combined(heading: str) -> Kinds:
    """The kinds of "Root cause and mitigation", "Impact / Timeline", "Root cause: a leaked connection"."""
    plain = _NUMBERING.sub("", _PARENTHESES.sub(" ", unicodedata.normalize("NFKC", heading)).strip(" \t*_#.-"))
    head, *tail = _TAIL.split(plain, maxsplit=1)
    if tail:
        return kinds_of(head) or (kinds_of(tail[0]) if len(head.split()) <= 3 else ())
    parts = [normal(part) for part in _JOINTS.split(plain.lower().replace("&", " and ").replace(" + ", " and "))]
    if len(parts) < 2 or len(plain.split()) > 8:
        return ()
    found = [_KNOWN[part] for part in parts if part in _KNOWN]
    return _as_kinds(found) if found and len(parts) - len(found) <= 1 else ()


def _as_kinds(found: Sequence[Kind]) -> Kinds:
    return tuple(dict.fromkeys(found))


def _by_phrase(text: str) -> Kinds:
    words = text.split()
    if not words or len(words) > 9:
        return ()
    padded = f" {text} "
    for phrase, kind in _PHRASES:
        if f" {phrase} " in padded or (phrase == "prevent" and " prevent" in padded and "prevented" not in padded):
            return (kind,)
    if len(words) <= 5:
        for word, kind in _EDGE_WORDS:
            if word in (words[0], words[-1]):
                return (kind,)
    return ()


def is_label(text: str, bold: bool = False) -> bool:
    """Whether ``text``, before a colon or alone in bold, opens a part of the document. Plain text must be a less common word."""
    words = normal(text)
    if len(text) > 60 or not words:
        return False
    if words in _KNOWN:
        return bold or words not in _WEAK_LABELS
    kinds = _combined(text) if ":" not in text else ()
    return len(kinds) > 1 or (bold and bool(kinds_of(text)) and len(words.split()) <= 4)


def resolve(heading: str, parents: Sequence[Kinds]) -> Kinds:
    """The kinds of a heading that stands under headings of the kinds ``parents``, outermost first. Never empty."""
    own = kinds_of(heading)
    parent = next((kinds for kinds in reversed(parents) if kinds and kinds != ("other",)), ())
    if not own:
        return parent or ("other",)
    if not parent:
        return own
    if parent[0] == "timeline":
        return _as_kinds(("timeline", *own)) if set(own) & _SHARED_UNDER_TIMELINE else own
    allowed = _ABSORBING.get(parent[0])
    if allowed is None or set(own) & allowed:
        return own
    return parent
