"""Names as tools write them -> names as people do: pods as their workloads, ARNs by their last part, hosts without ports."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# Kubernetes draws the ends of pod names from letters and digits that make no words.
_DRAWN = "bcdfghjklmnpqrstvwxz2456789"
_HASH = rf"-(?=[a-z]*\d)[a-f0-9{_DRAWN}]{{6,10}}"
# Of a deployment or a cron job, of a daemon set, of a stateful set.
_POD_ENDS = tuple(re.compile(end) for end in (rf"(?:{_HASH}|-\d{{8}})-[a-z0-9]{{5}}$", rf"-[{_DRAWN}]{{5}}$", r"-\d{1,3}$"))
_REPLICA_SET_END = re.compile(rf"{_HASH}$")
_POD = re.compile(rf"(?<![\w-])([a-z][a-z0-9]*(?:-[a-z0-9]+)*?){_HASH}-[{_DRAWN}]{{5}}(?![\w-])")
_ARN = re.compile(r"\barn:[\w-]{1,20}:[\w-]{0,40}:[\w-]{0,30}:\d{0,12}:[^\s\"'<>,;)\]]{1,300}")
_ARN_ID = re.compile(r"[0-9a-f]{16,40}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+|\*")
_ARN_KINDS = frozenset({"app", "net", "gwy"})
_PORT = re.compile(r"^(\[[0-9a-fA-F:]+\]|[^:]+):\d{1,5}$")
# These tell of others; their own names say nothing of a failure.
_EXPORTER = re.compile(r"(?:^|[-_])exporter(?:$|[-_\d])|kube-?state-?metrics|cadvisor|push-?gateway|kube-rbac-proxy|^blackbox$")


def workload_of_pod(pod: str) -> str:
    """A pod's name without what Kubernetes adds to that of its workload."""
    for end in _POD_ENDS:
        if match := end.search(pod):
            return pod[: match.start()] or pod
    return pod


def workload_of_replica_set(name: str) -> str:
    """A replica set's name without its hash."""
    return _REPLICA_SET_END.sub("", name) or name


def without_pod_hashes(text: str) -> str:
    """The text with the pods of deployments in it named by their workloads."""
    return _POD.sub(r"\1", text) if text.count("-") > 1 else text


def without_arns(text: str) -> str:
    """The text with each ARN in it as the name it ends with."""
    return _ARN.sub(lambda match: name_of_arn(match[0]), text) if "arn:" in text else text


def name_of_arn(arn: str) -> str:
    """What an ARN (AWS, "Amazon Resource Names") names, without account, region, kind and ids; other text as it is."""
    if not _ARN.fullmatch(arn):
        return arn
    service, resource = arn.split(":", 5)[2::3]
    parts = re.split(r"[:/]", resource)
    # What follows in these is an object or a session in what is named.
    if service == "s3" or parts[0] == "assumed-role":
        return "".join(parts[service != "s3" :][:1]) or resource
    named = [part for part in parts[len(parts) > 1 :] if part not in _ARN_KINDS and part and not _ARN_ID.fullmatch(part)]
    return named[-1] if named else parts[-1]


def host(value: str) -> str:
    """A host from an ``instance`` label: without port; of a URL its host."""
    if "://" in value:
        try:
            return urlsplit(value).hostname or value
        except ValueError:
            return value
    port = _PORT.match(value)
    return port[1] if port else value


def is_exporter(name: str) -> bool:
    """Whether a name is that of a program that only reports what it sees of others."""
    return bool(_EXPORTER.search(name.lower()))
