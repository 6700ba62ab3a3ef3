"""Labels, tags and fields of any sender -> whom they name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from rcasearch.alerts.names import host, is_exporter, name_of_arn, workload_of_pod, workload_of_replica_set
from rcasearch.model import Entities
from rcasearch.texts import unique

# Never "job": in Prometheus it names what is scraped, often an exporter.
_SERVICES = (
    "service service_name app app_name app_kubernetes_io_name k8s_app application microservice svc servicename functionname"
)
_WORKLOADS = (
    "deployment kube_deployment deployment_name statefulset kube_stateful_set daemonset kube_daemon_set cronjob kube_cronjob "
    "job_name kube_job horizontalpodautoscaler workload workload_name rollout dbinstanceidentifier dbclusteridentifier "
    "cacheclusterid tablename queuename"
)
_PODS = "exported_pod pod pod_name kube_pod_name server_name"
_REPLICA_SETS = "replicaset kube_replica_set"
_NAMESPACES = "exported_namespace namespace kube_namespace kubernetes_namespace k8s_namespace_name"
_HOSTS = "node nodename node_name host hostname host_name instanceid"
_REGIONS = "region aws_region cloud_region topology_kubernetes_io_region datacenter"
_SEVERITIES = "severity priority sev criticality alert_priority"
_LONGEST = 100
_SEPARATORS = re.compile(r"[^a-z0-9]+")
_HTTP = re.compile(r"https?://[^\s\"'<>)\]]+")
_BLANK = frozenset({"", "none", "null", "unknown", "n/a", "-", "default", "<none>"})

Labels = Mapping[str, str]


def entities(labels: Iterable[tuple[str, str]]) -> Entities:
    """Whom labels name. The last of several values of one label counts; names of exporters and values in a sentence do not."""
    known = {key_of(name): value.strip() for name, value in labels if value.strip().lower() not in _BLANK}
    workloads = _names(known, _WORKLOADS) + _names(known, _REPLICA_SETS, workload_of_replica_set)
    hosts = _names(known, _HOSTS, host) + (() if _is_scraped(known) else _names(known, "instance", host))
    return Entities(
        services=_names(known, _SERVICES),
        workloads=unique(workloads or _names(known, _PODS, workload_of_pod)),
        namespaces=_names(known, _NAMESPACES)[:1],
        hosts=unique(hosts),
        regions=_names(known, _REGIONS),
        runbook_urls=runbooks(known.items()),
        severity=next((known[name] for name in _SEVERITIES.split() if name in known and len(known[name]) <= _LONGEST), None),
    )


def key_of(name: str) -> str:
    """A label's name in lower case, joined by underscores."""
    return _SEPARATORS.sub("_", name.lower()).strip("_")


def runbooks(labels: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The addresses of runbooks among labels and annotations."""
    named = (value for name, value in labels if re.search("runbook|playbook", name.lower()))
    return unique(match[0] for value in named for match in _HTTP.finditer(value))


def joined(found: Iterable[Entities]) -> Entities:
    """What several name between them; the severity of the first that has one."""
    every = tuple(found)
    return Entities(
        services=unique(name for one in every for name in one.services),
        workloads=unique(name for one in every for name in one.workloads),
        namespaces=unique(name for one in every for name in one.namespaces),
        hosts=unique(name for one in every for name in one.hosts),
        regions=unique(name for one in every for name in one.regions),
        signatures=unique(name for one in every for name in one.signatures),
        runbook_urls=unique(url for one in every for url in one.runbook_urls),
        severity=next((one.severity for one in every if one.severity), None),
    )


def names_in(found: Entities) -> tuple[str, ...]:
    """The services and workloads, each once."""
    return unique((*found.services, *found.workloads))


def _names(labels: Labels, keys: str, read: Callable[[str], str] = str) -> tuple[str, ...]:
    values = (name_of_arn(labels[key]) for key in keys.split() if key in labels)
    names = (read(value) for value in values if len(value) <= _LONGEST and not is_exporter(value))
    return unique(name for name in names if name)


def _is_scraped(labels: Labels) -> bool:
    """Whether ``instance`` is the address of an exporter that tells of others, not of the machine it runs on."""
    return any("state-metrics" in labels.get(name, "") for name in ("job", "service"))
