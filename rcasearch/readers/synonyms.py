"""The words that announce each kind of section: what teams write above (or in bold before) the parts of an RCA.

Phrases are set off by semicolons, lower case and singular; headings.py compares headings with them in the same form.
"""

from __future__ import annotations

from rcasearch.model import Kind

SYNONYMS: dict[Kind, str] = {
    "summary": """
        summary; executive summary; issue summary; event summary; problem summary; short summary; overview; tldr; tl dr;
        abstract; synopsis; background; context; what happened; what has happened; description; outage description; problem
        statement; problem description; key takeaway; at a glance; introduction; short version; in one paragraph; in one
        sentence; in a nutshell; the story; story; general overview; high level summary; in short; in brief""",
    "symptoms": """
        symptom; what user saw; what customer saw; what we saw; error message; observed behaviour; observed behavior; alert;
        signal; problem; issue; observation; what was observed; what was seen; what was noticed; what people saw; what we saw
        first; what the pager said; how it looked; user visible symptom""",
    "impact": """
        impact; customer impact; user impact; end user impact; business impact; infrastructure impact; productivity impact;
        client impact; service impact; financial impact; revenue impact; technical impact; internal impact; external impact;
        summary of impact; impact assessment; impact summary; impact analysis; impact statement; affected user; affected
        service; affected customer; affected system; affected component; service affected; system affected; who was affected;
        what was affected; what was impacted; who was impacted; impacted service; impacted system; impacted customer; impacted
        user; blast radius; scope; scope of impact; slo impact; sla impact; severity; consequence; damage; effect; data loss;
        who felt it; who was hurt; who saw what; how bad; how bad was it; what it cost; cost; harm""",
    "timeline": """
        timeline; timeline of event; chain of event; chronology; sequence of event; timing; event log; lead up; leadup;
        narrative; event; event timeline; log of event; what happened when; response timeline; detailed timeline;
        chronological account; timetable; time; course of event; minute by minute""",
    "trigger": """
        trigger; triggering event; trigger event; fault; what caused; what caused it; what triggered; what triggered it; what
        caused the; precipitating event; initiating event; change that caused it; prologue; triggering condition; triggering
        change; fault description; immediate trigger""",
    "detection": """
        detection; how was it detected; how it was detected; how did we detect it; how we found out; how we detected it;
        alerting; time to detect; monitoring; discovery; how did we find out; detection method; how was the detected; how we
        noticed; how did we know; how we knew; how it was found; how it was noticed; how we found it; how we learned of it;
        alert and detection""",
    "root_cause": """
        root cause; root causes; root cause analysis; root cause analysi; rca; primary cause; cause; causes; causal analysis;
        technical analysis; diagnosis; why it happened; why did it happen; why did this happen; why this happened; why;
        underlying cause; claimed root cause; confirmed root cause; explanation of the failure mode; failure mode; cause
        analysis; cause of failure; cause of outage; cause of the failure; technical cause; direct cause; proximate cause;
        immediate cause; probable cause; likely cause; suspected cause; technical root cause; true cause; real cause; what
        went wrong technically; technical explanation; root cause and trigger; cause and trigger; underlying issue; underlying
        problem; the bug; what broke; what failed; mechanism; failure mechanism; technical root cause analysis; root cause
        summary; root cause statement; how it broke; why it broke; what was going on; how it came about; how it happened; how
        this happened; how did it happen; how did this happen; how it came to this; why it failed; why did it fail; what
        really happened; what was wrong; what it was; how it could happen; how this could happen; how could it happen; how could
        this happen; how it could come to this""",
    "contributing_factors": """
        contributing factor; contributing condition; contributing conditions analysi; contributing cause; contributor;
        contributor enabler; enabler; process breakdown; aggravating factor; latent condition; vulnerability; finding;
        secondary cause; contributory factor; contributing factor and condition; systemic factor; systemic cause; factor; key
        finding; cofactor; what contributed; broader contributing factor""",
    "five_whys": """
        5 why; five why; 5 whys; five whys; the 5 why; five why analysi; 5 why analysi; five why root cause; five why
        analysis; 5 why root cause; infinite how; cause chain; causal chain; why why analysi; why 1; why 2; why 3; why 4; why
        5; why 6; why 7; 1st why; 2nd why; 3rd why; 4th why; 5th why; first why; second why; third why; fourth why; fifth why""",
    "resolution": """
        resolution; resolution and recovery; recovery; mitigation and resolution; mitigation; mitigator; remediation; fix; the
        fix; workaround; action taken; actions taken; response; how we fixed it; how it was fixed; how was it fixed; how was
        it resolved; how did we fix it; how we resolved it; how it was resolved; how we responded; restoration; immediate
        action; immediate fix; epilogue; resolution step; mitigation step; recovery step; remediation step; remediation action
        taken; step taken; steps to resolve; resolution and mitigation; mitigation and recovery; solution; repair; corrective
        action taken; response and recovery; service restoration; fix applied; fix implemented; what fixed it; what we did;
        what did we do; what was done; immediate mitigation; short term fix; temporary fix; permanent fix; final fix; hotfix;
        rollback; immediate response; immediate remediation; containment; recovery action; recovery procedure; how we
        recovered; resolution detail; resolution summary; detail of the resolution; mitigation action; stop the bleeding; what
        we did to fix it; how we mitigated it; what cured it; what helped; what solved it; what we tried and what helped; what
        we tried; fix for good; how it ended; cure; getting back; way back; way out; recovering; actions taken to resolve;
        remedy""",
    "verification": """
        verification; validation; how we confirmed recovery; how we verified; confirmation; recovery verification; fix
        verification; how we know it is fixed; how we knew it was fixed""",
    "lessons": """
        lesson learned; lesson learnt; lesson; learning; key learning; takeaway; what went well; what worked; what worked
        well; went well; what went wrong; what went badly; what went poorly; what did not work; what didnt work; what did not
        go well; what didnt go well; what could have gone better; what could be improved; what can be improved; what could be
        better; what to improve; what we could do better; what we can do better; where we got lucky; got lucky; how d we do;
        howd we do; how did we do; how we did; difficulty; challenge; challenge in handling; wrong turn; open question;
        reflection; retrospective; what we learned; what did we learn; what we learnt; conclusion; area for improvement;
        improvement area; the good; the bad; the lucky; the ugly; good; bad; lucky; what slowed us down; surprise; discussion;
        analysis of the response; unanswered question; what we take along; what we take away; what we take from it; what we
        take with us; what we would do next time; what we would do differently; what we would say to the next team; did we
        know this could happen; luck; where luck helped; what did not; what was good; what was bad; what was lucky; what
        surprised us; moral; hindsight""",
    "action_items": """
        action item; action; action items and followup; action item and follow up; follow up; followup; follow up action;
        follow up item; follow up task; corrective action; preventative action; corrective and preventative action; corrective
        and preventive action; preventative measure; preventive measure; corrective measure; capa; next step; recommendation;
        prevention; preventing recurrence; prevention of recurrence; recurrence prevention; preventive action; prevention
        measure; remediation item; remediation plan; backlog check; todo; to do; fixes; what are we doing about this; what we
        are doing about this; what are we doing; improvement; planned improvement; future work; planned action; task; ticket;
        jira; jira ticket; future prevention; plan; action plan; long term fix; long term action; short term action; what we
        will do; what will we do; what we are changing; what we will change; how we will prevent this; how will we prevent
        this; how do we prevent this; how we prevent this from happening again; mitigation plan; remediation and follow up;
        remediation and prevention; outstanding work; outstanding item; remaining work; commitment; to dos; what we have done
        since; what changes; changes we are making; to be done; what we changed; what is left; what is left to do; left to do;
        open point; homework; still to do; promise; what we changed since; what is next; whats next; going forward; moving
        forward""",
    "related": """
        related; related incident; recurrence; similar; similar incident; previous occurrence; see also; linked; linked
        incident; prior; prior incident; past incident; previous incident; previous; related document; related postmortem;
        related issue; related page; past; history; related event; related rca; has it happened before; has this happened
        before; previous outage; related outage; precedent; seen before; earlier occurrence; prior occurrence""",
    "people": """
        responder; attendee; atendee; participant; people; name of people involved; people involved; role; owner; author; who;
        team; incident commander; commander; on call; contact; who responded; who was involved; involved; responding team;
        review attendee; stakeholder; participating team; contributors list; response team; reviewer; approver""",
    "stats": """
        stat; statistic; metric; key fact; key figure; start date; end date; start time; end time; start; end; duration;
        category; fact; time to recovery; time to recover; time to resolve; time to mitigate; metadata; detail table; key
        metric; mttr; mttd; date; status; id; property; information; vital; fact sheet; info; summary table; basic
        information; general information; date time; incident information; incident data; at a glance table; report
        information; document information; classification""",
    "support": """
        appendix; appendice; supporting document; supporting information; reference; link; evidence; graph; data link;
        messaging; external message; internal message; communication; external communication; internal communication;
        screenshot; log; dashboard; resource; footnote; glossary; further reading; source; attachment; supporting data; chart;
        status page; customer communication; public statement; revision history; change log; document history; disclaimer;
        note; credit; acknowledgement; acknowledgment""",
}  # fmt: skip

# Words that, alone before a colon in running text, are too common to be taken for a heading.
WEAK_LABELS = frozenset(
    """
    response monitoring fault alert signal metric problem issue scope evidence graph link category role event action task
    ticket note log good bad lucky who why team people history past previous similar prior related involved source resource
    plan factor date status id start end duration information info property discussion surprise challenge difficulty
    conclusion context reference author owner was impacted credit commitment observation contact effect damage background
    discovery confirmation communication improvement recommendation change classification severity time story cost cure moral
    luck harm data dashboard chart screenshot linked vital fact stat statistic solution what description introduction overview
    """.split()
)
