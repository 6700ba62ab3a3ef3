"""Names, labels, prose and kubectl's pages, each for itself."""

from __future__ import annotations

import json

import pytest

from rcasearch.alerts import understand
from rcasearch.alerts.labels import entities
from rcasearch.alerts.names import host, name_of_arn, without_arns, without_pod_hashes, workload_of_pod
from rcasearch.alerts.prose import in_words, said, title, together
from rcasearch.model import Entities


@pytest.mark.parametrize(
    ("pod", "workload"),
    [
        ("checkout-api-6f7c9d8b54-x2k9d", "checkout-api"),
        ("checkout-api-6f7c9d8b54", "checkout-api-6f7c9d8b54"),
        ("session-store-0", "session-store"),
        ("node-exporter-k2v9q", "node-exporter"),
        ("points-expiry-29381760-q4l2x", "points-expiry"),
        ("checkout", "checkout"),
        ("redis-cache", "redis-cache"),
        ("-0", "-0"),
    ],
)
def test_a_pod_is_named_by_its_workload(pod: str, workload: str) -> None:
    assert workload_of_pod(pod) == workload


def test_pods_in_a_sentence_are_named_by_their_workloads() -> None:
    assert without_pod_hashes("pod a/b-c-6f7c9d8b54-x2k9d restarts, b-c-d does not") == "pod a/b-c restarts, b-c-d does not"


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        ("arn:aws:rds:eu-west-1:123456789012:db:orderdb-primary", "orderdb-primary"),
        ("arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/edge-gateway/50dc6c495c0c9188", "edge-gateway"),
        ("arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/basket/943f017f100becff", "basket"),
        ("arn:aws:lambda:eu-west-1:123456789012:function:ticket-issuer", "ticket-issuer"),
        ("arn:aws:ecs:eu-west-1:123456789012:service/prod/checkout-api", "checkout-api"),
        ("arn:aws:s3:::mb-tickets/2026/10/a.pdf", "mb-tickets"),
        ("arn:aws:sts::123456789012:assumed-role/ticket-issuer/session-1", "ticket-issuer"),
        ("arn:aws:sts::123456789012:assumed-role", "assumed-role"),
        ("arn:aws:sns:eu-west-1:123456789012:oncall", "oncall"),
        ("arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/refunds:*", "refunds"),
        ("arn:aws-cn:sqs:cn-north-1:123456789012:issue-pdf", "issue-pdf"),
        ("no arn at all", "no arn at all"),
    ],
)
def test_an_arn_is_named_by_what_it_names(arn: str, name: str) -> None:
    assert name_of_arn(arn) == name
    if arn.startswith("arn:"):
        assert without_arns(f"writes to {arn}, fail") == f"writes to {name}, fail"


@pytest.mark.parametrize(
    ("instance", "name"),
    [
        ("eu1-w-41:9100", "eu1-w-41"),
        ("10.88.4.17:8443", "10.88.4.17"),
        ("[2001:db8::1]:9100", "[2001:db8::1]"),
        ("2001:db8::1", "2001:db8::1"),
        ("https://www.marrowby.example/a?b", "www.marrowby.example"),
        ("http://[bad", "http://[bad"),
    ],
)
def test_a_host_has_no_port(instance: str, name: str) -> None:
    assert host(instance) == name


def test_job_is_no_service_and_an_exporter_is_nobody() -> None:
    scraped = {"job": "checkout-api", "service": "kube-state-metrics", "instance": "10.0.0.1:8443", "namespace": "shop"}
    assert entities(scraped.items()) == Entities(namespaces=("shop",))
    batch = entities({"job": "kube-state-metrics", "job_name": "points-expiry"}.items())
    assert (batch.services, batch.workloads) == ((), ("points-expiry",))
    assert entities({"pod": "node-exporter-k2v9q", "job": "node-exporter", "node": "w-1"}.items()) == Entities(hosts=("w-1",))


def test_labels_are_known_by_any_spelling() -> None:
    named = entities(
        {
            "app.kubernetes.io/name": "checkout-api",
            "Kube_Deployment": "checkout",
            "exported_pod": "other-6f7c9d8b54-x2k9d",
            "topology.kubernetes.io/region": "eu1",
            "runbookURL": "see https://wiki.example/runbooks/a.",
            "Severity": " page ",
            "host": "none",
        }.items()
    )
    assert named == Entities(
        services=("checkout-api",),
        workloads=("checkout",),
        regions=("eu1",),
        runbook_urls=("https://wiki.example/runbooks/a.",),
        severity="page",
    )


@pytest.mark.parametrize(
    ("identifier", "words"),
    [
        ("KubePodCrashLooping", "Kube Pod Crash Looping"),
        ("etcdHighFsyncDurations", "etcd High Fsync Durations"),
        ("CoreDNSErrorsHigh", "Core DNS Errors High"),
        ("seat_map_p95_high", "seat map p 95 high"),
        ("basket-service-HealthyHostCount-zero", "basket-service Healthy Host Count zero"),
        ("checkout-api", "checkout-api"),
    ],
)
def test_identifiers_are_told_in_words(identifier: str, words: str) -> None:
    assert in_words(identifier) == words


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("[P2] [Warn on {kube_deployment:web}] Containers OOM killed", "Containers OOM killed."),
        ("[FIRING:3] DiskFull", "DiskFull (Disk Full)."),
        ("Critical: refunds fail", "refunds fail."),
        ('ALARM: "disk" in EU (Ireland)', '"disk" in EU (Ireland).'),
        ("[checkout] answers 503", "[checkout] answers 503."),
        ("KubeNodeNotReady", "KubeNodeNotReady (Kube Node Not Ready)."),
        ("[P1]", ""),
    ],
)
def test_a_title_has_no_state_and_no_priority(written: str, told: str) -> None:
    assert title(written) == told


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("see <https://wiki.example/x|the page> now", "see the page now."),
        ("**bold** and [text](https://a.example/b) ![g](https://a.example/c.png)", "bold and text."),
        ("fails since 2026-11-20T09:04:31.812Z, again at Fri Nov 20 2026 08:07:01 UTC", "fails since , again at."),
        ("request 7c9e6679-7425-40de-944b-e07fc1f90ae7 on i-0a1b2c3d4e5f67890 died", "request on died."),
        ("lag is {{ $value }}s @slack-oncall", "lag is s."),
        ("<b>down</b><br/>for good", "down for good."),
        ('writes fail\n  at java.lang.Thread.run(Thread.java:840)\n  File "a.py", line 3', "writes fail."),
        ("", ""),
    ],
)
def test_what_a_text_says_is_told_without_what_stands_around_it(written: str, told: str) -> None:
    assert said(written) == told


def test_of_a_long_text_what_speaks_of_trouble_is_told() -> None:
    lines = [f"2026-11-20 10:00:{n % 60:02d} INFO request {n} served in 12 ms" for n in range(200)]
    lines[120] = "2026-11-20 10:02:00 ERROR disk quota exceeded while writing segment"
    told = said("\n".join(lines))
    assert "disk quota exceeded" in told
    assert len(told) < 600


def test_what_another_part_holds_is_told_once() -> None:
    assert (
        together(["Disk full", "The disk full alarm: DISK FULL on db-1", "12", "disk  full"])
        == "The disk full alarm: DISK FULL on db-1."
    )


def test_kubectl_tells_conditions_and_warnings_of_anything() -> None:
    text = """$ kubectl describe hpa mobile-bff
Name:                     mobile-bff
Namespace:                mobile
Labels:                   app.kubernetes.io/managed-by=Helm
Reference:                Deployment/mobile-bff
Metrics:                  ( current / target )
  "inflight" on pods:     <unknown> / 25
Min replicas:             6
Conditions:
  Type           Status  Reason               Message
  ----           ------  ------               -------
  AbleToScale    True    SucceededGetScale    the HPA controller was able to get the scale
  ScalingActive  False   FailedGetPodsMetric  the HPA was unable to compute the replica count
  ScalingLimited  True   TooManyReplicas      more than the maximum
Events:
  Type     Reason               Age   From                       Message
  ----     ------               ----  ----                       -------
  Warning  FailedGetPodsMetric  2m    horizontal-pod-autoscaler  no metrics returned
"""
    understood = understand(text)
    assert understood.source == "kubernetes"
    assert understood.text == (
        "FailedGetPodsMetric: the HPA was unable to compute the replica count. TooManyReplicas: more than the maximum. "
        "FailedGetPodsMetric: no metrics returned. mobile-bff."
    )
    assert understood.symptoms[0].entities.workloads == ("mobile-bff",)


def test_nodes_and_several_objects_are_told_apart() -> None:
    node = """Name:               us1-w-07
Roles:              <none>
Labels:             kubernetes.io/hostname=us1-w-07
Taints:             node.kubernetes.io/disk-pressure:NoSchedule
Conditions:
  Type          Status  LastHeartbeatTime           LastTransitionTime          Reason                  Message
  DiskPressure  True    Fri, 20 Nov 2026 10:00:00   Fri, 20 Nov 2026 09:50:00   KubeletHasDiskPressure  kubelet has disk pressure
  Ready         True    Fri, 20 Nov 2026 10:00:00   Fri, 20 Nov 2026 09:50:00   KubeletReady            kubelet posts ready status
"""
    fine = "Name: ok\nNamespace: a\nStatus: Running\nContainers:\n  app:\n    State: Running\n\n\n"
    (symptom,) = understand(fine + node).symptoms
    assert symptom.text == "KubeletHasDiskPressure: kubelet has disk pressure."
    assert symptom.entities.hosts == ("us1-w-07",)
    assert understand(fine).source == "text"


def test_a_log_below_a_description_is_kept_where_it_tells_of_trouble() -> None:
    described = (
        "Name: a-0\nNamespace: b\nStatus: Pending\nEvents:\n  Warning  BackOff  1m  kubelet  restarting failed container\n"
    )
    loud = understand(described + "\n$ kubectl logs a-0\nERROR cannot open database: password authentication failed\n")
    quiet = understand(described + "\n$ kubectl top pod\nNAME  CPU\na-0   12m\n")
    assert "password authentication failed" in loud.text
    assert "12m" not in quiet.text


def test_events_of_kubernetes_are_read_as_json() -> None:
    event = {"kind": "Event", "reason": "BackOff", "message": "Back-off restarting", "type": "Warning"}
    whom = {"involvedObject": {"kind": "Pod", "namespace": "b", "name": "a-6f7c9d8b54-x2k9d"}}
    normal = {**event, **whom, "type": "Normal", "reason": "Pulled", "message": "already present"}
    understood = understand(json.dumps({"kind": "List", "apiVersion": "v1", "items": [normal, {**event, **whom}]}))
    assert (understood.source, understood.text) == ("kubernetes", "BackOff (Back Off). Back-off restarting. a.")
