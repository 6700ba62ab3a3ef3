"""CloudWatch: an alarm as SNS brings it, bare or in its envelope, and as EventBridge does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rcasearch.alerts.alert import Alert, has, mapping, mappings, text_of
from rcasearch.alerts.labels import entities, joined
from rcasearch.alerts.names import name_of_arn
from rcasearch.alerts.prose import in_words
from rcasearch.model import Entities

# What every reason of a simple alarm begins with: the numbers that follow say no more than its name.
_NUMBERS = "Threshold Crossed"
_BELOW, _ABOVE = "LessThan", "GreaterThan"
_ALARM_KEYS = ("AlarmName", "NewStateValue", "NewStateReason", "OldStateValue", "AlarmArn", "Trigger")
_OK = "OK"


def read_alarm(document: object) -> list[Alert] | None:
    """The alarm of a message to SNS; None for any other document."""
    alarm = mapping(document)
    if "AlarmName" not in alarm or has(alarm, *_ALARM_KEYS) < 3:
        return None
    trigger = mapping(alarm.get("Trigger"))
    reason, arn = text_of(alarm.get("NewStateReason")), text_of(alarm.get("AlarmArn"))
    metric = _metric(text_of(trigger.get("MetricName")), text_of(trigger.get("ComparisonOperator")))
    details = (text_of(alarm.get("AlarmDescription")), metric, "" if reason.startswith(_NUMBERS) else reason)
    dimensions = ((text_of(one.get("name")), text_of(one.get("value"))) for one in mappings(trigger.get("Dimensions")))
    named = joined([_where(dimensions), entities([("region", _region(arn))])])
    return [Alert(text_of(alarm.get("AlarmName")), details, named, alarm.get("NewStateValue") == _OK, arn)]


def read_event(document: object) -> list[Alert] | None:
    """The alarm of an event of EventBridge; None for any other document."""
    event = mapping(document)
    detail = mapping(event.get("detail"))
    if "detail-type" not in event or "alarmName" not in detail or not isinstance(detail.get("state"), dict):
        return None
    configuration, reason = mapping(detail.get("configuration")), text_of(mapping(detail["state"]).get("reason"))
    metrics = [mapping(mapping(one.get("metricStat")).get("metric")) for one in mappings(configuration.get("metrics"))]
    names = tuple(_metric(text_of(metric.get("name")), reason) for metric in metrics)
    details = (text_of(configuration.get("description")), *names, "" if reason.startswith(_NUMBERS) else reason)
    dimensions = ((name, text_of(value)) for metric in metrics for name, value in mapping(metric.get("dimensions")).items())
    named = joined([_where(dimensions), entities([("region", text_of(event.get("region")))])])
    over = mapping(detail["state"]).get("value") == _OK
    arn = next(iter(event["resources"]), "") if isinstance(event.get("resources"), list) else ""
    return [Alert(text_of(detail.get("alarmName")), details, named, over, text_of(arn))]


def message_of(document: object) -> tuple[str, str] | None:
    """Subject and message of an envelope of SNS; None for any other document."""
    envelope = mapping(document)
    message = envelope.get("Message")
    if not isinstance(message, str) or has(envelope, "Type", "TopicArn", "MessageId", "SignatureVersion", "Subject") < 3:
        return None
    return text_of(envelope.get("Subject")), message


def _metric(name: str, comparison: str) -> str:
    """What is measured and to which side it went, in words."""
    if not name:
        return ""
    below = _BELOW in comparison or "less than" in comparison
    above = _ABOVE in comparison or "greater than" in comparison
    return f"{in_words(name)}{' too low' if below else ' too high' if above else ''}"


def _where(dimensions: Iterable[tuple[str, str]]) -> Entities:
    return entities(_as_labels(dimensions))


def _as_labels(dimensions: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Dimensions as labels. A target group and a load balancer are named as in the end of an ARN."""
    for name, value in dimensions:
        if name == "TargetGroup":
            yield "service", name_of_arn(f"arn:aws:elasticloadbalancing:::{value}")
        elif name == "LoadBalancer":
            yield "workload", name_of_arn(f"arn:aws:elasticloadbalancing:::loadbalancer/{value}")
        else:
            yield name, value


def _region(arn: str) -> str:
    return arn.split(":")[3] if arn.count(":") >= 5 else ""
