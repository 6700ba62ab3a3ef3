"""``rcasearch read`` tells what is understood, and a search by it tells the same and offers filters."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.alerts.payloads import payload
from tests.cli.conftest import Run

TOLD = """\
Understood as Alertmanager: 3 symptoms in 3 alerts

Symptom      RabbitmqConnectionsBlocked (Rabbitmq Connections Blocked). RabbitMQ
             blocks publishers. 412 connections are in state blocked: node
             rabbit@rmq-1 uses more memory than its watermark allows.
Service      rabbitmq
Namespace    messaging
Severity     critical
Runbook      https://runbooks.marrowby.example/rabbitmq-blocked

Symptom      CheckoutOrdersNotCompleting (Checkout Orders Not Completing).
             Orders are paid but not confirmed. Completed orders per minute fell
             from 1900 to 40. Requests of checkout-api hang after the payment
             step.
Service      checkout-api
Namespace    checkout
Severity     critical

Resolved     CheckoutLatencyHigh (Checkout Latency High). p99 of checkout-api
             above 10s.
Service      checkout-api
Namespace    checkout
Severity     warning

Suggested    --service rabbitmq --service checkout-api --severity SEV1
"""


@pytest.fixture
def paste(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put a text on standard input."""

    def put(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    return put


def test_a_payload_is_told_symptom_by_symptom(run: Run, paste: Any) -> None:
    paste(payload("alertmanager-rabbit-blocked.json").text)
    shown = run("read", "-")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == TOLD


def test_a_sentence_is_a_text(run: Run) -> None:
    shown = run("read", "checkout", "returns", "503")
    assert shown.out == "Understood as a text\n\nSymptom      checkout returns 503\nSignature    HTTP 503\n"


def test_json_is_for_programs(run: Run, paste: Any) -> None:
    paste(payload("alertmanager-pool-waits.json").text)
    shape = json.loads(run("read", "--json").out)
    assert list(shape) == ["source", "status", "symptoms", "suggested"]
    (symptom,) = shape["symptoms"]
    assert (shape["source"], shape["status"], symptom["count"]) == ("alertmanager", "firing", 3)
    assert symptom["entities"]["workloads"] == ["checkout-api"]
    assert shape["suggested"]["services"] == ["checkout-api"]


def test_nothing_is_an_error(run: Run, paste: Any) -> None:
    paste("  \n")
    shown = run("read", "-")
    assert (shown.code, shown.out) == (2, "")
    assert "no text" in shown.err


def test_a_terminal_is_not_moved_by_what_a_payload_says(run: Run, paste: Any) -> None:
    paste(json.dumps({"message": "evil \x1b[31mred\x07", "service": "a\x1bb", "severity": "\x1b[2J"}))
    assert "\x1b" not in run("read", "-").out
    paste("plain \x1b[31mred")
    assert "\x1b" not in run("read", "-").out


def test_a_search_tells_what_was_understood_and_what_could_narrow_it_down(run: Run, paste: Any, tiny_index: Path) -> None:
    alert = {"labels": {"alertname": "PoolWaiters", "service": "Checkout", "severity": "P2"}, "status": "firing"}
    paste(
        json.dumps(
            {"version": "4", "receiver": "r", "alerts": [{**alert, "annotations": {"summary": "workers wait for a connection"}}]}
        )
    )
    found = run("search", "--index", tiny_index, "-k", "2", "-")
    assert found.code == 0
    lines = found.out.splitlines()
    assert "Understood as Alertmanager" in lines
    assert "To narrow it down: --service checkout --severity SEV2" in lines
    assert "(8 incidents searched)" in lines[0]
